"""The rate: never exceeded in any second, shared by all threads, and money goes first."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import saying, serving

from panjaya_watchd.api.panjaya import Panjaya
from panjaya_watchd.api.rate import LONGEST, Rate
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


def bounded(per_second: float) -> tuple[Rate, Time]:
    """Give a rate and its time."""
    time = Time()
    return Rate(per_second, now=lambda: time.now, pause=time.pause), time


@given(st.floats(0.1, 40), st.lists(st.floats(0, 3), min_size=1, max_size=80), st.integers(0, 3))
def test_no_second_ever_holds_more_than_the_bound(per_second: float, gaps: list[float], every: int) -> None:
    """Whenever they come: within any span there are as many as the bound has, rounded up; money is among them."""
    rate, time = bounded(per_second)
    many = max(1, -int(-per_second // 1))
    for number, gap in enumerate(gaps):
        time.now += gap * (number % (every + 1) == 0)
        rate.wait()
        time.begun.append(time.now)

    for first, last in zip(time.begun, time.begun[many:], strict=False):
        assert last - first >= many / per_second - 1e-6


def test_a_bound_is_used_to_the_full() -> None:
    """A hundred requests at five a second take nineteen seconds: the first five begin at once."""
    rate, time = bounded(5)
    for _ in range(100):
        rate.wait()
        time.begun.append(time.now)

    assert time.begun[4] == 0
    assert time.now == pytest.approx(19)


def test_less_than_one_a_second_is_a_bound_too() -> None:
    """0.5 is one in two seconds."""
    rate, time = bounded(0.5)
    for _ in range(4):
        rate.wait()
        time.begun.append(time.now)

    assert [later - sooner for sooner, later in pairwise(time.begun)] == [2, 2, 2]


def test_what_costs_money_is_counted_and_never_waits() -> None:
    """Ten uploads at once, and the next question waits for all of them."""
    rate, time = bounded(5)
    for _ in range(10):
        rate.count()
    assert time.now == 0

    rate.wait()
    assert time.now == 1


def test_without_a_bound_nothing_waits() -> None:
    """As a command that asks three questions."""
    time = Time()
    rate = Rate(now=lambda: time.now, pause=time.pause)
    for _ in range(100):
        rate.count()
        rate.wait()

    assert time.now == 0


def test_a_patient_thread_is_told_how_much_it_has_asked() -> None:
    """So that the cost of a list is known, whatever its pages are like."""
    rate, _ = bounded(1000)
    with rate.patiently() as patient:
        for _ in range(3):
            rate.wait()
    rate.wait()

    assert patient.requests == 3


def test_money_goes_before_what_is_only_followed() -> None:
    """The turn that comes free is that of the look-up which came meanwhile, however long the poll has been waiting."""
    order: list[str] = []
    asking, free = threading.Event(), threading.Event()

    def look_up() -> None:
        rate.wait()
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
    rate = Rate(1, now=lambda: time.now, pause=pause)
    rate.wait()
    with rate.patiently():
        rate.wait()
    order.append("poll")
    free.set()
    hurried.join()

    assert order == ["look-up", "poll"]


def test_whoever_is_patient_waits_for_ten_seconds_at_most() -> None:
    """A crowd of look-ups does not keep everything else from being followed."""
    rate, time = bounded(1)
    rate._hurried = 1  # somebody who never comes to an end
    with rate.patiently():
        rate.wait()

    assert time.now == pytest.approx(LONGEST)


def test_threads_share_one_bound() -> None:
    """Forty questions of eight threads, ten a second: not before the fourth second is the last of them asked."""
    rate, time = bounded(10)

    def ask() -> None:
        for _ in range(5):
            rate.wait()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert time.now >= 3 - 1e-6


@contextmanager
def talking(rate: Rate) -> Iterator[Panjaya]:
    """Give the real client with a rate, and a server that answers everything."""
    with serving(*[saying(200, b'{"asset_id": "a", "version_id": "v", "items": []}')] * 9) as server:
        panjaya = Panjaya(server.url, "key", rate=rate)
        try:
            yield panjaya
        finally:
            panjaya.close()


def test_the_client_waits_before_each_reading_and_never_before_an_order() -> None:
    """Asset, version and list have one bound; what costs money takes up room there and waits for none."""
    rate, time = bounded(1)
    with talking(rate) as panjaya:
        panjaya.get_asset(AssetId("a"))
        panjaya.get_version(VersionId("v"))
        panjaya.list_assets()
        assert time.now == 2
        panjaya.add_languages(AssetId("a"), [Locale("fr-FR")], {})
        assert time.now == 2
        panjaya.get_asset(AssetId("a"))
        assert time.now == 3
