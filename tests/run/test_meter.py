"""Meters: what passes in any span of time, in whose turn, and who is never kept waiting. Time is played."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run.stage import FOLDER
from world import SimClock

from panjaya_watchd.api.base import Withdrawn
from panjaya_watchd.api.reader import CHUNK
from panjaya_watchd.core.names import FolderName
from panjaya_watchd.core.rate import Schedule, Span
from panjaya_watchd.run.clock import SystemClock
from panjaya_watchd.run.meter import ASK_AGAIN, BURST, FINEST, STILL, Meter, Meters

HOUR = 3600.0
RATE = 1000.0
"""Bytes a second."""

TRAINING = FolderName("training")


def always(limit: float = RATE) -> Schedule:
    """Give a schedule of one rate."""
    return Schedule(spans=(Span(limit=limit),))


class Waiting(SimClock):
    """A clock that moves by what somebody waits."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.seconds = seconds
        self.waits: list[float] = []

    def wait(self, seconds: float) -> bool:
        """Let the time pass at once."""
        self.waits.append(seconds)
        self.seconds += seconds
        return False


def took(clock: SimClock, act: Callable[[int], None], *counts: int) -> float:
    """Give the seconds that it takes to do something with each of these numbers."""
    began = clock.seconds
    for count in counts:
        act(count)
    return clock.seconds - began


def test_a_meter_lets_pass_as_much_as_its_rate_allows() -> None:
    """Over many chunks neither more nor less, but for what may go ahead."""
    clock = Waiting()
    meter = Meter(always(), clock, clock.wait)
    seconds = took(clock, meter.take, *[300] * 100)

    assert seconds == pytest.approx(30_000 / RATE - BURST)


def test_the_time_that_sending_takes_is_not_lost() -> None:
    """As long as it is short: the rate is that of the whole, and not that of the pauses."""
    clock = Waiting()
    meter = Meter(always(), clock, clock.wait)

    def send(count: int) -> None:
        meter.take(count)
        clock.seconds += BURST / 2

    assert took(clock, send, *[300] * 100) == pytest.approx(30_000 / RATE, abs=BURST)


def test_an_idle_meter_saves_nothing_up() -> None:
    """A night without uploads is no reason to fill the line in the morning."""
    clock = Waiting()
    meter = Meter(always(), clock, clock.wait)
    meter.take(300)
    clock.seconds += HOUR

    assert took(clock, meter.take, 5000) == pytest.approx(5.0 - BURST)


def test_where_nothing_is_limited_nobody_waits() -> None:
    """And nothing is owed when a limit comes."""
    clock = Waiting(17 * HOUR)
    meter = Meter(Schedule(spans=(Span(limit=RATE, begin=18 * 3600),)), clock, clock.wait)
    assert meter.limit() is None
    meter.take(10**9)
    assert clock.waits == []
    clock.seconds = 18 * HOUR

    assert meter.limit() == RATE
    assert took(clock, meter.take, 1000) == pytest.approx(1.0 - BURST)


@pytest.mark.parametrize(("later", "seconds"), [(None, 2.0), (100 * RATE, 2.1), (RATE / 2, 18.0)])
def test_a_new_hour_holds_for_those_who_wait_already(later: float | None, seconds: float) -> None:
    """They ask again each second, so a faster rate is used at once, and a slower one kept."""
    clock = Waiting(18 * HOUR - 2)
    office = Span(limit=RATE, begin=8 * 3600, end=18 * 3600)
    schedule = Schedule(spans=(office, *(() if later is None else (Span(limit=later),))))
    meter = Meter(schedule, clock, clock.wait)

    assert took(clock, meter.take, 10_000) == pytest.approx(seconds, abs=ASK_AGAIN)
    assert max(clock.waits) <= ASK_AGAIN


def test_the_time_of_day_is_that_of_the_people_here() -> None:
    """Not that of UTC."""

    class Elsewhere(Waiting):
        def here(self) -> datetime:
            return self.now() + timedelta(hours=9)

    clock = Elsewhere()
    meter = Meter(Schedule(spans=(Span(limit=RATE, days=frozenset({6}), begin=9 * 3600),)), clock, clock.wait)

    assert meter.limit() == RATE
    clock.seconds += 15 * HOUR
    assert meter.limit() is None


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the machine into another time zone, nine hours ahead of UTC."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("tokyo")
def test_the_machines_clock_knows_the_time_of_day() -> None:
    """The same moment, by the machine's time zone."""
    clock = SystemClock()
    before, here, after = clock.now(), clock.here(), clock.now()

    assert before <= here <= after
    assert here.utcoffset() == timedelta(hours=9)


def test_whoever_waits_ends_with_the_daemon() -> None:
    """However long the wait would have been; the next one as well."""
    meter = Meter(always(), SimClock(), lambda _: True)
    with pytest.raises(Withdrawn):
        meter.take(10**9)
    with pytest.raises(Withdrawn):
        meter.take(1)


def test_a_real_wait_ends_at_once_when_the_daemon_does() -> None:
    """By the event that stops everything else."""
    stop, asked, ended = threading.Event(), threading.Event(), threading.Event()

    def wait(seconds: float) -> bool:
        asked.set()
        return stop.wait(seconds)

    def take() -> None:
        with pytest.raises(Withdrawn):
            meter.take(10**9)
        ended.set()

    meter = Meter(always(), SystemClock(), wait)
    waiting = threading.Thread(target=take)
    waiting.start()
    assert asked.wait(20)
    assert not ended.is_set()
    stop.set()
    waiting.join(20)

    assert ended.is_set()


class Together(SimClock):
    """A clock for several threads: it moves on when all of them wait, to the first moment at which one is done."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self._turn = threading.Condition()
        self._busy = threads
        self._due: list[float] = []

    def wait(self, seconds: float) -> bool:
        """Wait until the others have let the time pass."""
        with self._turn:
            due = self.seconds + seconds
            self._due.append(due)
            self.leave()
            assert self._turn.wait_for(lambda: self.seconds >= due, 20), "the time stands still"
        return False

    def leave(self) -> None:
        """Do nothing more, or nothing until one's time has come."""
        with self._turn:
            self._busy -= 1
            if self._busy == 0 and self._due:
                self.seconds = min(self._due)
                self._busy = sum(due <= self.seconds for due in self._due)
                self._due = [due for due in self._due if due > self.seconds]
                self._turn.notify_all()


def play(transfers: list[list[tuple[float, int]]], rate: float) -> list[tuple[float, int, int]]:
    """Let each transfer pause and take in a thread of its own; give when how much has passed, and of which one."""
    clock = Together(len(transfers))
    meter = Meter(always(rate), clock, clock.wait)
    passed: list[tuple[float, int, int]] = []

    def run(number: int) -> None:
        for pause, count in transfers[number]:
            clock.wait(pause)
            meter.take(count)
            passed.append((clock.seconds, count, number))
        clock.leave()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(transfers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return passed


TAKES = st.lists(st.tuples(st.floats(0, 3), st.integers(1, 3000)), min_size=1, max_size=6)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(transfers=st.lists(TAKES, min_size=1, max_size=4), rate=st.floats(10, 10_000))
def test_no_span_of_time_lets_more_pass_than_its_share_and_one_burst(
    transfers: list[list[tuple[float, int]]], rate: float
) -> None:
    """Whoever takes how much and when, in however many threads; and everything passes in the end."""
    passed = play(transfers, rate)
    largest = max(count for _, count, _ in passed)
    sums = [0, *accumulate(count for _, count, _ in passed)]

    assert sorted(count for _, count, _ in passed) == sorted(count for takes in transfers for _, count in takes)
    for first, (began, _, _) in enumerate(passed):
        for last in range(first, len(passed)):
            allowed = (passed[last][0] - began) * rate + max(largest, rate * BURST)
            assert sums[last + 1] - sums[first] <= allowed * 1.000001 + 0.01


def test_transfers_that_share_a_meter_take_turns() -> None:
    """Three that always want more get the same, and none of them waits for longer than the others take."""
    passed = play([[(0.0, 500)] * 10] * 3, RATE)

    for begin in range(0, 30, 3):
        assert {number for _, _, number in passed[begin : begin + 3]} == {0, 1, 2}
    assert passed[-1][0] == pytest.approx(15.0 - BURST)


# the size of a chunk


@pytest.mark.parametrize(
    ("least", "sharers", "chunk"),
    [
        (10_000_000, 2, CHUNK),
        (CHUNK / STILL, 1, CHUNK),
        (100_000, 2, 98_304),
        (100_000, 64, FINEST),
        (8_000, 1, 12_288),
        (8_000, 64, FINEST),
    ],
)
def test_a_low_rate_has_small_chunks(least: float, sharers: int, chunk: int) -> None:
    """So that each of all transfers at once moves within a few seconds, also at the slowest hour."""
    clock = SimClock()
    schedule = Schedule(spans=(Span(limit=1e9, begin=3600), Span(limit=least)))
    meter = Meter(schedule, clock, Waiting().wait, sharers=sharers)

    assert meter.chunk == chunk
    assert sharers * chunk / least <= STILL or chunk == FINEST


# what a file pays


def meters(clock: Waiting, own: float | None, shared: float | None) -> Meters:
    """Give meters for one folder, and for all together."""
    named = {FOLDER: own, None: shared}
    made = {name: Meter(always(limit), clock, clock.wait) for name, limit in named.items() if limit is not None}
    return Meters(uploads=made, downloads=made)


def test_every_chunk_is_paid_before_it_leaves_and_none_after_the_last() -> None:
    """What is held back at the gate leaves at once when it opens."""
    clock = Waiting()
    toll = meters(clock, 1e6, None).upload(FOLDER, 5 * CHUNK + 1)
    paid = [took(clock, toll.sent, sent) for sent in (*range(0, 6 * CHUNK, CHUNK), 5 * CHUNK + 1)]

    assert paid[:-2] == pytest.approx([CHUNK / 1e6 - BURST, *([CHUNK / 1e6] * 4)])
    assert paid[-2:] == pytest.approx([1e-6, 0], abs=1e-6)


def test_an_upload_that_is_over_is_not_taken_back() -> None:
    """The daemon ends after the last chunk has left, while others wait: that is never told as withdrawn."""
    meter = Meter(always(), SimClock(), lambda _: True)
    toll = Meters(uploads={None: meter}).upload(FOLDER, 10)
    toll.sent(0)
    with pytest.raises(Withdrawn):
        meter.take(10**6)

    toll.sent(10)


def test_short_chunks_are_not_paid_twice() -> None:
    """A share may give less than was asked for."""
    clock = Waiting()
    toll = meters(clock, 1e6, None).upload(FOLDER, 3 * CHUNK)
    seconds = took(clock, toll.sent, *range(0, 3 * CHUNK + 1, 1024))

    assert seconds == pytest.approx(3 * CHUNK / 1e6 - BURST)


def test_a_download_pays_for_what_has_come_and_not_for_what_was_there() -> None:
    """It may go on behind what an earlier try has left, or begin anew."""
    clock = Waiting()
    toll = meters(clock, None, RATE).download(FOLDER)

    assert took(clock, toll.held, 10**9) == 0
    assert took(clock, toll.held, 10**9 + 500, 10**9 + 1000) == pytest.approx(1.0 - BURST)
    assert took(clock, toll.held, 0) == 0
    assert took(clock, toll.held, 2000) == pytest.approx(2.0)


@pytest.mark.parametrize(("own", "shared"), [(RATE, 3 * RATE), (3 * RATE, RATE), (RATE, RATE), (None, RATE)])
def test_the_lower_of_two_rates_decides(own: float | None, shared: float) -> None:
    """A folder's own and that of all folders both hold, and do not add up."""
    clock = Waiting()
    toll = meters(clock, own, shared).download(FOLDER)
    seconds = took(clock, toll.held, *range(0, 20_001, 100))

    assert seconds == pytest.approx(20.0, abs=2 * BURST)


def test_another_folders_rate_is_not_ours() -> None:
    """Only that of all folders is."""
    clock = Waiting()
    ours = meters(clock, 1e4, None)

    assert ours.upload(TRAINING, 10**6).chunk == CHUNK
    assert ours.upload(FOLDER, 10**6).chunk == 1e4 * STILL // FINEST * FINEST
    assert took(clock, ours.upload(TRAINING, 10**9).sent, 0) == 0
    assert took(clock, ours.upload(FOLDER, 10**9).sent, 0) > 1


# another configuration


def test_other_rates_hold_for_what_is_under_way() -> None:
    """From the next chunk on; what was unlimited becomes limited, and the other way round."""
    clock = Waiting()
    ours = meters(clock, RATE, None)
    toll = ours.upload(FOLDER, 40 * CHUNK)
    assert took(clock, toll.sent, CHUNK) > 0

    ours.change(meters(clock, None, None))
    assert took(clock, toll.sent, 2 * CHUNK) == 0
    ours.change(meters(clock, None, 1e6))
    assert took(clock, toll.sent, *range(3 * CHUNK, 8 * CHUNK, CHUNK)) == pytest.approx(5 * CHUNK / 1e6 - BURST)
    ours.change(meters(clock, None, 2e6))
    assert took(clock, toll.sent, *range(8 * CHUNK, 13 * CHUNK, CHUNK)) == pytest.approx(5 * CHUNK / 2e6, rel=0.05)


def test_whoever_waits_at_a_meter_that_is_taken_away_goes_on() -> None:
    """It would wait at the former rate, for ever if that is low."""
    clock = Waiting()
    ours, theirs = meters(clock, 100.0, None), meters(clock, None, None)
    waits = 0

    def wait(seconds: float) -> bool:
        nonlocal waits
        waits += 1
        if waits == 3:
            ours.change(theirs)
        return clock.wait(seconds)

    ours.uploads[FOLDER]._wait = wait
    ours.uploads[FOLDER].take(10**9)

    assert waits == 3
    assert ours.uploads == {}
