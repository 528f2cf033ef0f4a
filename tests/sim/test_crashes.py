"""
The whole daemon, cut off at every point and at every pair of points; and what happens without its safeguards.

A run is two videos into two languages. After each cut the disk has lost some of what was not synced, memory is empty,
and the daemon starts again. In the end each video is billed exactly once, or held for a person and billed at most once,
and every file that was dropped is there exactly once.
"""

import contextlib
from dataclasses import replace
from datetime import datetime

import pytest
from played import Weather
from stride import every
from world import TRACE, SimGate, World

from panjaya_watchd.core import events
from panjaya_watchd.core.claim import Claim, State
from panjaya_watchd.core.events import Event
from panjaya_watchd.core.states import ROWS
from panjaya_watchd.core.step import Step, begin_upload
from panjaya_watchd.ledger.codec import Codec
from panjaya_watchd.run.driver import Driver

SHARES = 24
"""The pairs are dealt out to this many tests, so that they run side by side."""

CODEC = Codec()


def crash(*cuts: int, **changes: object) -> World:
    """Run with the power cut at these boundaries; which unsynced changes survive follows from the cuts."""
    return World(seed=sum(cuts), cuts=frozenset(cuts), codec=CODEC, **changes).run()  # type: ignore[arg-type]


def boundaries() -> int:
    """Count the boundaries of a run without any cut."""
    return crash().boundaries


def test_a_run_without_a_cut_bills_each_video_once_and_files_everything() -> None:
    """The straight line."""
    world = crash()
    world.check()

    assert world.bills() == {"talk.mp4": 1, "tour.mp4": 1}
    assert sorted(world.disk.files().keys() - {TRACE}) == [
        f"/srv/dub/done/{name}"
        for name in (
            "talk/talk.es-ES.mp4",
            "talk/talk.es-ES.srt",
            "talk/talk.fr-FR.mp4",
            "talk/talk.mp4",
            "talk/talk.receipt.toml",
            "talk/talk.toml",
            "tour/tour.es-ES.mp4",
            "tour/tour.fr-FR.mp4",
            "tour/tour.mp4",
            "tour/tour.receipt.toml",
        )
    ]


def test_a_cut_at_any_single_boundary_costs_nothing_and_loses_nothing() -> None:
    """Every point, one at a time; a doubt remains only between the opening of the gate and the answer."""
    held = set()
    for cut in range(1, boundaries() + 1):
        world = crash(cut)
        world.check()
        assert world.reboots == 1
        if world.ledger.living():
            held.add(world.passed[cut - 1])

    assert held <= {"after put releasing", "body is out", "asset is made"}


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_a_cut_at_any_pair_of_boundaries_costs_nothing_and_loses_nothing(share: int) -> None:
    """Every point, and after the restart every fifth later point (or every one: `stride`); the start goes round."""
    step = every(5)
    for first in range(1 + share, boundaries() + 1, SHARES):
        second = first + first % step + 1 - step
        while True:
            second += step
            world = crash(first, second)
            world.check()
            if world.reboots < 2:
                break  # the second point lies behind the end of the run


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_random_order_lost_answers_and_a_lagging_list_never_bill_twice(share: int) -> None:
    """Thousands of seeds: effects in any order, requests and answers lost, a list that lags up to 90 s, three cuts."""
    for seed in range(share, 960, SHARES):
        lag = (0.0, 5.0, 90.0)[seed % 3]
        weather = Weather(lost_request=0.15, lost_reply=0.15, unanswered=0.1)
        cuts = frozenset((seed * 37 + number * 101) % 400 for number in range(seed % 4))
        switches = {"list_lag": lag, "order": "random", "names": seed % 2 == 0}
        world = World(seed=seed, cuts=cuts, orderly=False, weather=weather, switches=switches, codec=CODEC)
        world.run().check()


# What happens without the safeguards: each of them is there for a reason that these tests can see.


class AbsentGate(SimGate):
    """No gate: the last chunk leaves before the intent to spend is durable."""

    def wait(self) -> bool:
        """Let everything through."""
        return True


class HastyDriver(Driver):
    """Acts, then checkpoints: what was decided is written when the next message is taken."""

    def _checkpoint(self, before: Claim | None, after: Claim) -> None:
        ledger, late = self.ledger, Late()
        self.ledger = late  # type: ignore[assignment]
        super()._checkpoint(before, after)
        self.ledger = ledger
        self.__dict__.setdefault("late", []).extend(late.claims)

    def turn(self, patience: float) -> bool:
        """Write what is late, then take a message."""
        for claim in self.__dict__.pop("late", []):
            self.ledger.put(claim)
        return super().turn(patience)


class Late:
    """Takes claims that will be written later."""

    def __init__(self) -> None:
        self.claims: list[Claim] = []

    def put(self, claim: Claim) -> None:
        """Remember it."""
        self.claims.append(claim)


def upload_again(claim: Claim, event: Event, now: datetime) -> Step:
    """Retry instead of looking up, as other clients do."""
    return begin_upload(claim)


def double_bills(**changes: object) -> int:
    """
    Count the single cuts after which a video is billed more than once, wherever else such a run may go wrong.

    The list shows no names here: where it does, the look at the gate finds most of what these mutants forget.
    """
    count = 0
    for cut in range(1, boundaries() + 1):
        world = World(seed=cut, cuts=frozenset({cut}), codec=CODEC, switches={"names": False}, **changes)  # type: ignore[arg-type]
        with contextlib.suppress(AssertionError):
            world.run()
        count += max(world.bills().values()) > 1
    return count


def test_without_the_gate_a_single_cut_bills_twice() -> None:
    """The proof that the gate is what keeps uploads harmless, and that this simulation would notice its absence."""
    assert double_bills(gate_type=AbsentGate) > 0


def test_without_the_look_up_a_single_cut_bills_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sending again after a doubt is what everybody does, and what pays twice."""
    blind = dict(ROWS)
    for event in (events.Resumed, events.Faulted):
        row = ROWS[State.RELEASING, event]
        blind[State.RELEASING, event] = replace(row, to=(State.UPLOADING,), does=upload_again)
    monkeypatch.setattr("panjaya_watchd.core.states.ROWS", blind)

    assert double_bills() > 0


def test_acting_before_the_checkpoint_bills_twice() -> None:
    """Checkpoint, then act: the other order is noticed."""
    assert double_bills(driver_type=HastyDriver) > 0
