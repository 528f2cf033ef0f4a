"""Turns: never more than the bound in any second, shared by all threads, and money goes first."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import saying, serving

from panjaya_watchd.api.panjaya import Panjaya
from panjaya_watchd.api.turns import PATIENCE, Turns
from panjaya_watchd.core.names import AssetId, Locale, VersionId


class Time:
    """A time that moves by what is waited; ``begun`` are the moments at which requests began."""

    def __init__(self) -> None:
        self.now = 0.0
        self.begun: list[float] = []

    def pause(self, seconds: float) -> None:
        """Wait."""
        assert seconds > 0, "a wait of nothing is a busy loop"
        self.now += seconds


def bounded(per_second: float) -> tuple[Turns, Time]:
    """Give turns and their time."""
    time = Time()
    return Turns(per_second, now=lambda: time.now, pause=time.pause), time


@given(st.floats(0.1, 40), st.lists(st.floats(0, 3), min_size=1, max_size=80), st.integers(0, 3))
def test_no_second_ever_holds_more_than_the_bound(per_second: float, gaps: list[float], every: int) -> None:
    """Whenever they come: within any span there are as many as the bound has, rounded up; money is among them."""
    turns, time = bounded(per_second)
    many = max(1, -int(-per_second // 1))
    for number, gap in enumerate(gaps):
        time.now += gap * (number % (every + 1) == 0)
        turns.wait()
        time.begun.append(time.now)

    for first, last in zip(time.begun, time.begun[many:], strict=False):
        assert last - first >= many / per_second - 1e-6


def test_a_bound_is_used_to_the_full() -> None:
    """A hundred requests at five a second take nineteen seconds: the first five begin at once."""
    turns, time = bounded(5)
    for _ in range(100):
        turns.wait()
        time.begun.append(time.now)

    assert time.begun[4] == 0
    assert time.now == pytest.approx(19)


@pytest.mark.parametrize(("first", "then"), [(2, 10), (10, 2), (float("inf"), 2), (2, float("inf"))])
def test_another_bound_holds_from_now_on(first: float, then: float) -> None:
    """What was sent before counts, so that a change lets no burst pass."""
    turns, time = bounded(first)
    for _ in range(20):
        turns.wait()
    turns.change(then)
    changed = time.now
    for _ in range(20):
        turns.wait()
        time.begun.append(time.now - changed)

    many = max(1, int(then)) if then != float("inf") else 20
    assert all(last - begin >= 1 - 1e-6 for begin, last in zip(time.begun, time.begun[many:], strict=False))
    assert time.begun[-1] == pytest.approx(20 / then, abs=1)


def test_less_than_one_a_second_is_a_bound_too() -> None:
    """0.5 is one in two seconds."""
    turns, time = bounded(0.5)
    for _ in range(4):
        turns.wait()
        time.begun.append(time.now)

    assert [later - sooner for sooner, later in pairwise(time.begun)] == [2, 2, 2]


def test_what_costs_money_is_counted_and_never_waits() -> None:
    """Ten uploads at once, and the next question waits for all of them."""
    turns, time = bounded(5)
    for _ in range(10):
        turns.count()
    assert time.now == 0

    turns.wait()
    assert time.now == 1


def test_without_a_bound_nothing_waits() -> None:
    """As a command that asks three questions."""
    time = Time()
    turns = Turns(now=lambda: time.now, pause=time.pause)
    for _ in range(100):
        turns.count()
        turns.wait()

    assert time.now == 0


def test_a_patient_thread_is_told_how_much_it_has_asked() -> None:
    """So that the cost of a list is known, whatever its pages are like."""
    turns, _ = bounded(1000)
    with turns.patiently() as patient:
        for _ in range(3):
            turns.wait()
    turns.wait()

    assert patient.requests == 3


def test_a_gate_that_is_held_shut_waits_for_no_turn() -> None:
    """What is asked then is counted, and the next one waits all the longer."""
    turns, time = bounded(1)
    turns.wait()
    with turns.urgently():
        turns.wait()
    assert time.now == 0

    turns.wait()
    assert time.now == 1


def test_money_goes_before_what_is_only_followed() -> None:
    """The turn that comes free is that of the look-up which came meanwhile, however long the poll has been waiting."""
    order: list[str] = []
    asking, free = threading.Event(), threading.Event()

    def look_up() -> None:
        turns.wait()
        order.append("look-up")

    hurried = threading.Thread(target=look_up)

    def pause(seconds: float) -> None:
        if threading.current_thread() is hurried:
            asking.set()
            assert free.wait(9)
        elif not asking.is_set():
            hurried.start()
            assert asking.wait(9)
            time.pause(seconds)
        else:
            free.set()
            hurried.join()
            time.pause(seconds)

    time = Time()
    turns = Turns(1, now=lambda: time.now, pause=pause)
    turns.wait()
    with turns.patiently():
        turns.wait()
    order.append("poll")
    free.set()
    hurried.join()

    assert order == ["look-up", "poll"]


def test_whoever_is_patient_waits_for_fifty_others_at_most() -> None:
    """A crowd of look-ups does not keep everything else from being followed."""
    turns, time = bounded(1)
    turns._hurried = 1  # somebody who never comes to an end
    with turns.patiently():
        turns.wait()

    assert time.now == pytest.approx(PATIENCE)


def test_threads_share_one_bound() -> None:
    """Forty questions of eight threads, ten a second: not before the fourth second is the last of them asked."""
    turns, time = bounded(10)

    def ask() -> None:
        for _ in range(5):
            turns.wait()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert time.now >= 3 - 1e-6


@contextmanager
def talking(turns: Turns) -> Iterator[Panjaya]:
    """Give the real client with its turns, and a server that answers everything."""
    with serving(*[saying(200, b'{"asset_id": "a", "version_id": "v", "items": []}')] * 9) as server:
        panjaya = Panjaya(server.url, "key", turns=turns)
        try:
            yield panjaya
        finally:
            panjaya.close()


def test_the_client_waits_before_each_reading_and_never_before_an_order() -> None:
    """Asset, version and list have one bound; what costs money takes up room there and waits for none."""
    turns, time = bounded(1)
    with talking(turns) as panjaya:
        panjaya.get_asset(AssetId("a"))
        panjaya.get_version(VersionId("v"))
        panjaya.list_assets()
        assert time.now == 2
        panjaya.add_languages(AssetId("a"), [Locale("fr-FR")], {})
        assert time.now == 2
        panjaya.get_asset(AssetId("a"))
        assert time.now == 3
