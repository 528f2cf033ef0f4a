"""
Sudden death: ``kill -9`` of the daemon at random moments while drops come in, and then what was paid for.

The moments are drawn from a fixed seed, but the machine's own timing makes each run another one; the seed and the
figures are printed. Every death is followed by a start on what the dead daemon left behind.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from machine import ASSETS, UPLOAD, Machine, digest, files, talk
from spawning import Spawner

from panjaya_watchd.core.claim import State

FOREVER = 1_000_000
"""Requests; more than there will be."""


@dataclass(slots=True)
class Figures:
    """What happened in one ordeal."""

    kills: int
    drops: int
    bills: int = 0
    held: int = 0
    died_in: Counter[str] = field(default_factory=Counter)
    """How many claims were in each state when their daemon was killed."""

    past_gate: set[str] = field(default_factory=set, repr=False)
    """Claims whose daemon was killed between the gate and the answer."""

    def note(self, machine: Machine) -> None:
        """Note what a dead daemon has left in its ledger."""
        if machine.ledger.exists():
            living = [claim for claim in machine.claims() if claim.state is not State.CLOSED]
            self.died_in.update(claim.state.value for claim in living)
            self.past_gate |= {claim.id for claim in living if claim.state is State.RELEASING}


def ordeal(machine: Machine, *, kills: int, drops: int, seed: int) -> Figures:
    """Kill the daemon again and again while drops come in; then let it finish, and check what must always hold."""
    chance, figures = random.Random(seed), Figures(kills=kills, drops=drops)
    videos = {f"talk{number}": talk(number) for number in range(drops)}
    machine.slow(0.6, on=UPLOAD, times=FOREVER)  # from its first byte on: two thirds of it are past the gate
    machine.slow(0.2, on=ASSETS, times=FOREVER)
    machine.slow(0.1, on="GET /results/*", times=FOREVER)
    coming = list(videos.items())
    with Spawner(machine) as spawner:
        for number in range(kills):
            while coming and len(coming) > drops * (1 - (number + 1) / (kills * 0.8)):
                stem, video = coming.pop(0)
                machine.drop(f"{stem}.mp4", video)
            daemon = spawner.start()
            time.sleep(chance.uniform(0.05, 1.6))  # the moment of death; nothing is waited for
            assert spawner.end(daemon) == -signal.SIGKILL, machine.tail()
            figures.note(machine)
        before = len(machine.story("daemon.ready"))
        daemon = spawner.start()
        finished(machine, daemon, drops, readied=before + 1)
        assert spawner.end(daemon, signal.SIGTERM) == 0, machine.tail()
    figures.bills = len(machine.bills())
    figures.held = check(machine, videos, figures.past_gate)
    return figures


def finished(machine: Machine, daemon: int, drops: int, readied: int) -> None:
    """Wait until every drop is closed or held."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        os.kill(daemon, 0)
        states = Counter(claim.state.value for claim in machine.claims())
        over = states["held"] + answered(machine) == drops and set(states) <= {"held", "closed"}
        if over and len(machine.story("daemon.ready")) == readied:
            return
        time.sleep(0.1)
    raise AssertionError(f"Not finished: {states}, {answered(machine)} answered.\n{machine.tail()}")


def answered(machine: Machine) -> int:
    """Count the answers in done/."""
    done = machine.home / "drop" / "done"
    return len(list(done.iterdir())) if done.is_dir() else 0


def check(machine: Machine, videos: dict[str, bytes], past_gate: set[str]) -> int:
    """Hold everything against the promises; give how many drops are held."""
    drop, bills = machine.home / "drop", Counter(bill.sha256 for bill in machine.bills())
    claims = {claim.drop.stem: claim for claim in machine.claims() if claim.outcome is None or claim.filed_as}
    held = {stem for stem, claim in claims.items() if claim.state.value == "held"}
    assert max(bills.values()) == 1, "a video was billed twice"
    assert set(claims) == set(videos)
    for stem, video in videos.items():
        claim = claims[stem]
        if stem in held:
            place = drop / "processing" / claim.id
            assert claim.id in past_gate, f"{stem} is held, but its daemon was never killed past the gate"
            assert files(place) == {f"{stem}.mp4": video}
            continue
        assert bills[digest(video)] == 1
        assert claim.asset_id is not None
        asset = machine.studio.record(claim.asset_id)
        assert asset.video is not None
        assert asset.video.sha256 == claim.digest == digest(video), "another drop's asset was adopted"
        answer = files(drop / "done" / stem)
        assert set(answer) == {f"{stem}.mp4", f"{stem}.es-ES.mp4", f"{stem}.receipt.toml"}
        assert answer[f"{stem}.mp4"] == video
        (dubbing,) = claim.dubbings
        assert dubbing.result is not None
        assert dubbing.result.digest == digest(answer[f"{stem}.es-ES.mp4"])
    assert {path.name for path in (drop / "processing").glob("[!.]*")} == {claims[stem].id for stem in held}
    assert {path.name for path in drop.iterdir()} <= {"done", "processing", "STATUS.txt"}
    return len(held)


LIFE = {"asset_after": 0.2, "ready_after": 0.2, "editing_for": 0.2, "generate_after": 0.2}
RULES: dict[str, Any] = {"api": {"doubt_window": "2s"}, "folders": {"drop": {"quiet": "0.2s"}}}


def test_fifty_deaths_pay_nothing_twice(open_machine: Callable[..., Machine]) -> None:
    """Where the list proves nothing by name: never two bills for a video, and held is only what was past the gate."""
    alone = {"api": {**RULES["api"], "exclusive": True}, "folders": RULES["folders"]}
    machine = open_machine(switches={**LIFE, "names": False}, **alone)
    figures = ordeal(machine, kills=50, drops=20, seed=1)
    print(f"\nseed 1, no names in the list: {figures}")  # noqa: T201  (to be quoted)

    assert figures.bills >= figures.drops - figures.held
    assert {"releasing", "dubbing"} <= set(figures.died_in)


def test_deaths_are_forgotten_where_the_list_shows_names(open_machine: Callable[..., Machine]) -> None:
    """Where an asset shows the uploaded file's name, what was paid is adopted: held is only what was never made."""
    machine = open_machine(switches={**LIFE, "names": True}, **RULES)
    figures = ordeal(machine, kills=25, drops=10, seed=2)
    print(f"\nseed 2, names in the list: {figures}")  # noqa: T201  (to be quoted)

    assert figures.bills == figures.drops - figures.held
