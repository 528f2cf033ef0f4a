"""Rates: which one holds at which minute of the week."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panjaya_watchd.core.rate import DAY, EVERY_DAY, Schedule, Span

HOUR = 3600
MONDAY, FRIDAY, SATURDAY, SUNDAY = 0, 4, 5, 6
WEEKDAYS = frozenset(range(5))

OFFICE = Span(limit=1.0, begin=8 * HOUR, end=18 * HOUR)
NIGHT = Span(limit=2.0, begin=22 * HOUR, end=6 * HOUR)


@pytest.mark.parametrize(
    ("seconds", "holds"),
    [(8 * HOUR - 1, False), (8 * HOUR, True), (18 * HOUR - 0.001, True), (18 * HOUR, False), (0, False)],
)
def test_a_span_holds_from_its_beginning_to_its_end(seconds: float, holds: bool) -> None:  # noqa: FBT001
    """At its end it is over, so that two spans that follow each other never both hold."""
    assert OFFICE.holds(MONDAY, seconds) is holds


@pytest.mark.parametrize(
    ("seconds", "holds"),
    [(22 * HOUR - 1, False), (22 * HOUR, True), (DAY - 1, True), (0, True), (6 * HOUR - 1, True), (6 * HOUR, False)],
)
def test_a_span_may_go_over_midnight(seconds: float, holds: bool) -> None:  # noqa: FBT001
    """It ends before it begins."""
    assert NIGHT.holds(MONDAY, seconds) is holds


@pytest.mark.parametrize(
    ("weekday", "hour", "holds"),
    [
        (MONDAY, 5, False),
        (MONDAY, 23, True),
        (FRIDAY, 5, True),
        (FRIDAY, 23, True),
        (SATURDAY, 5, True),
        (SATURDAY, 23, False),
        (SUNDAY, 5, False),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(weekday: int, hour: int, holds: bool) -> None:  # noqa: FBT001
    """The night from Friday to Saturday is Friday's, that from Sunday to Monday is Sunday's."""
    span = Span(limit=1.0, days=WEEKDAYS, begin=22 * HOUR, end=6 * HOUR)

    assert span.holds(weekday, hour * HOUR) is holds


@pytest.mark.parametrize(("weekday", "holds"), [(FRIDAY, True), (SATURDAY, False)])
def test_a_span_may_be_for_some_days_only(weekday: int, holds: bool) -> None:  # noqa: FBT001
    """At all hours of them."""
    span = Span(limit=1.0, days=WEEKDAYS)

    assert [span.holds(weekday, seconds) for seconds in (0, 12 * HOUR, DAY - 1)] == [holds] * 3
    assert not span.always


def test_a_span_of_all_days_and_hours_always_holds() -> None:
    """Whatever comes after it in a schedule is never asked."""
    assert Span(limit=1.0).always
    assert not OFFICE.always


def test_the_first_span_that_holds_decides() -> None:
    """And where none does, nothing is limited."""
    schedule = Schedule(spans=(OFFICE, Span(limit=3.0, begin=7 * HOUR, end=20 * HOUR), NIGHT))

    assert [schedule.limit_at(MONDAY, hour * HOUR) for hour in (9, 7, 19, 23, 21)] == [1.0, 3.0, 3.0, 2.0, None]


def test_without_spans_nothing_is_limited() -> None:
    """At no time, and there is no lowest limit."""
    assert Schedule().limit_at(MONDAY, 0) is None
    assert Schedule().least is None


def test_the_lowest_limit_is_that_of_any_hour() -> None:
    """Not that of the first span, and not that of now."""
    assert Schedule(spans=(NIGHT, OFFICE, Span(limit=3.0))).least == 1.0


@given(
    begin=st.integers(0, DAY - 1),
    end=st.integers(0, DAY),
    days=st.frozensets(st.integers(0, 6)),
    at=st.integers(0, DAY),
)
def test_a_span_and_its_rest_cover_the_whole_week_once(begin: int, end: int, days: frozenset[int], at: int) -> None:
    """Every second of every day belongs to it, to the rest of its days, or to the other days; to one of them."""
    if begin == end or at == DAY:
        return
    parts = [
        Span(limit=1.0, days=days, begin=begin, end=end),
        Span(limit=1.0, days=EVERY_DAY - days, begin=begin, end=end),
    ]
    rest = [] if end == DAY and begin == 0 else [Span(limit=1.0, begin=end % DAY, end=begin or DAY)]

    for weekday in range(7):
        assert sum(part.holds(weekday, at) for part in (*parts, *rest)) == 1
