"""
The soak: many drops over a bad line, with a daemon that is killed every few seconds, and then what was paid.

The real daemon with many upload lanes; a studio that strikes one request of five (`script.CHAOS`: cuts, lost answers,
5xx, 429, pages of proxies, half answers; 401, 403 and redirects, which close the account, are not among them); every
tenth drop is a copy of an earlier one. While drops come in, for SECONDS, the daemon is killed with ``kill -9`` after
two to six seconds of life, again and again. Then it may finish: what is held is answered by ``retry``, and where
nothing moves for a while, because a back-off of minutes has begun, the daemon is killed once more, as a start begins
anew.

Demanded, and else exit status 1: each video is billed exactly once, the budget's figures are the studio's bills to the
second, and every original and every result is in ``done/``, byte for byte. In the checkout:

    PYTHONPATH=tests .venv/bin/python -m bench.soak --drops 200 --lanes 8 --seconds 180
"""

import argparse
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from machine import Machine, digest, files, talk
from spawning import Spawner

from panjaya_watchd.core.claim import State
from panjaya_watchd.errors import WatchdError
from panjaya_watchd.rehearsal.switches import Chaos
from panjaya_watchd.run.tell import ask

COPY_EVERY: Final = 10
SIZE: Final = 1 << 20
"""Bytes of a video; it takes a moment to send."""
STALLED: Final = 4.0
"""Seconds without any change after which a start is quicker than a back-off."""
DOUBTFUL: Final = 60.0
"""The same while something is in doubt: every start opens a whole new window, which must be let come to its end."""
LONGEST: Final = 1800.0
"""Seconds after which it counts as stuck."""


@dataclass(slots=True, kw_only=True)
class Soak:
    """One soak: what is asked for, and the figures that come of it."""

    drops: int
    lanes: int
    seconds: float
    faults: float = 0.2
    seed: int = 0
    distinct: int = 0
    kills: int = 0
    restarts: int = 0
    """Of these, how many because nothing moved."""
    uploads: int = 0
    bills: int = 0
    billed_seconds: float = 0.0
    budget_seconds: float = 0.0
    retried: Counter[str] = field(default_factory=Counter)
    """Held claims that were answered by ``retry``, by why they were held."""
    died_in: Counter[str] = field(default_factory=Counter)
    """How many claims were in each state when their daemon was killed."""
    took: float = 0.0

    def machine(self, home: Path) -> Machine:
        """Make the machine for it."""
        return Machine(
            home,
            switches={"chaos": Chaos(probability=self.faults, seed=self.seed)},
            api={"doubt_window": "2s"},
            limits={"uploads": self.lanes, "downloads": self.lanes},
            folders={"drop": {"quiet": "0.2s", "on_doubt": "retry", "budget": {"minutes_per_day": 100_000}}},
        )

    def run(self, machine: Machine) -> None:
        """Do it, and demand what must hold."""
        began = time.monotonic()
        numbers = [number - number % COPY_EVERY if number % COPY_EVERY == 1 else number for number in range(self.drops)]
        videos = {f"talk{position:03}": talk(number, size=SIZE) for position, number in enumerate(numbers)}
        self.distinct = len(set(numbers))
        with Spawner(machine) as spawner:
            self._die(machine, spawner, videos)
            daemon = self._finish(machine, spawner)
            (budget,) = machine.status()["budgets"]
            assert spawner.end(daemon, signal.SIGTERM) == 0, machine.tail()
        bills = machine.bills()
        self.uploads, self.bills = machine.uploads(), len(bills)
        self.billed_seconds = sum(bill.minutes for bill in bills) * 60
        self.budget_seconds = budget["minutes_this_month"] * 60
        self.took = time.monotonic() - began
        self._check(machine, videos)

    def _die(self, machine: Machine, spawner: Spawner, videos: dict[str, bytes]) -> None:
        """Let drops come in, and the daemon die, until the time is over."""
        chance, coming, began = random.Random(self.seed), list(videos.items()), time.monotonic()
        while coming or time.monotonic() - began < self.seconds:
            daemon = spawner.start()
            death = time.monotonic() + chance.uniform(2, 6)
            while (now := time.monotonic()) < death:
                while coming and len(coming) > self.drops * (1 - (now - began) / self.seconds * 1.5):
                    stem, video = coming.pop(0)
                    machine.drop(f"{stem}.mp4", video)
                time.sleep(0.05)
            self._kill(machine, spawner, daemon)

    def _kill(self, machine: Machine, spawner: Spawner, daemon: int) -> None:
        assert spawner.end(daemon) == -signal.SIGKILL, machine.tail()
        self.kills += 1
        self.died_in.update(claim.state.value for claim in machine.claims() if claim.state is not State.CLOSED)

    def _finish(self, machine: Machine, spawner: Spawner) -> int:
        """Let the daemon come to an end with everything; give its process id."""
        daemon, seen, moved, deadline = spawner.start(), None, time.monotonic(), time.monotonic() + LONGEST
        while (now := time.monotonic()) < deadline:
            said = _status(machine)
            self._retry(machine, said)
            if said and not said["claims"] and len(_answers(machine)) == self.drops:
                return daemon
            counts = said.get("counts", {})
            stands = (counts, len(_answers(machine)), len(machine.bills()))
            if stands != seen:
                seen, moved = stands, now
            elif now - moved > (DOUBTFUL if State.RELEASING in counts else STALLED):
                self._kill(machine, spawner, daemon)
                self.restarts += 1
                daemon, moved = spawner.start(), time.monotonic()
            time.sleep(0.2)
        raise AssertionError(f"Not finished: {seen}\n{machine.tail()}")

    def _retry(self, machine: Machine, said: dict[str, Any]) -> None:
        """Answer what is held, as ``panjaya-watchd retry`` does."""
        for claim in said.get("claims", []):
            if claim["state"] == "held":
                ask(machine.socket, {"ask": "tell", "claim": claim["claim"], "word": "retry"})
                self.retried[claim["held_for"]] += 1

    def _check(self, machine: Machine, videos: dict[str, bytes]) -> None:
        bills = Counter(bill.sha256 for bill in machine.bills())
        assert bills == Counter({digest(video) for video in videos.values()}), "not one bill for each video"
        assert abs(self.billed_seconds - self.budget_seconds) < 0.5, "the budget's figures are not the bills"
        drop, claims = machine.home / "drop", {claim.drop.stem: claim for claim in machine.claims() if claim.filed_as}
        assert set(claims) == set(videos)
        assert {path.name for path in drop.iterdir()} == {"done", "processing", "STATUS.txt"}
        assert list((drop / "processing").glob("[!.]*")) == []
        for stem, video in videos.items():
            claim, filed = claims[stem], files(drop / "done" / stem)
            papers = {f"{stem}.receipt.toml", *(["WHY.txt"] if claim.builds_on else [])}
            assert set(filed) == {f"{stem}.mp4", f"{stem}.es-ES.mp4", *papers}
            assert filed[f"{stem}.mp4"] == video
            (dubbing,) = claim.dubbings
            assert dubbing.result is not None
            assert dubbing.result.digest == digest(filed[f"{stem}.es-ES.mp4"])
            assert claim.asset_id is not None
            asset = machine.studio.record(claim.asset_id)
            assert asset.video is not None
            assert asset.video.sha256 == digest(video), "another video's asset"


def _status(machine: Machine) -> dict[str, Any]:
    """Ask the daemon how it stands; nothing while it only begins."""
    with suppress(WatchdError):
        return machine.status()
    return {}


def _answers(machine: Machine) -> list[Path]:
    done = machine.home / "drop" / "done"
    return list(done.iterdir()) if done.is_dir() else []


def main() -> None:
    """Soak once, with the figures on standard output."""
    parser = argparse.ArgumentParser(description="Many drops, a bad line, sudden deaths; and what was paid.")
    parser.add_argument("--drops", type=int, default=200)
    parser.add_argument("--lanes", type=int, default=8, help="uploads at once")
    parser.add_argument("--seconds", type=float, default=180, help="how long drops come in and the daemon is killed")
    parser.add_argument("--faults", type=float, default=0.2, help="the share of requests that are struck")
    parser.add_argument("--seed", type=int, default=0)
    soak = Soak(**vars(parser.parse_args()))
    with TemporaryDirectory(prefix="soak-") as made, soak.machine(Path(made) / "m") as machine:
        try:
            soak.run(machine)
        finally:
            print(soak)


if __name__ == "__main__":
    main()
