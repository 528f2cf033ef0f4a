"""Budgets: what fits, what does not, and why, in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panjaya_watchd.core.budget import MINUTE, Budget, Purse, Spent, over

MINUTES = st.floats(min_value=0.001, max_value=10_000, allow_nan=False)


def purse(today: Spent | None = None, this_month: Spent | None = None, **limits: float) -> Purse:
    """Give the purse of a folder with these limits."""
    spent = today or Spent()
    return Purse(
        name="the folder marketing",
        budget=Budget(**limits),  # type: ignore[arg-type]
        today=spent,
        this_month=this_month or spent,
    )


@pytest.mark.parametrize(
    ("millis", "bound", "says"),
    [
        (2 * MINUTE, purse(), None),
        (2 * MINUTE, purse(minutes_per_day=2), None),
        (2 * MINUTE + 1, purse(minutes_per_day=2), "only 2 in a whole day"),
        (2 * MINUTE, purse(Spent(millis=MINUTE, drops=1), minutes_per_day=2), "not so much is left of 2"),
        (MINUTE, purse(Spent(millis=3 * MINUTE), minutes_per_day=2), "not so much is left of 2"),
        (2 * MINUTE, purse(Spent(), Spent(millis=9 * MINUTE), minutes_per_month=10), "this month"),
        (MINUTE, purse(Spent(), Spent(millis=9 * MINUTE), minutes_per_month=10), None),
        (5 * MINUTE, purse(max_minutes_per_video=5), None),
        (5 * MINUTE + 1, purse(max_minutes_per_video=5), "at most 5 for one video"),
        (1, purse(Spent(drops=2), drops_per_day=3), None),
        (1, purse(Spent(drops=3), drops_per_day=3), "all 3 drops of the day are used"),
        (None, purse(Spent(drops=2), drops_per_day=3), None),
        (None, purse(Spent(drops=3), drops_per_day=3), "are used"),
        (None, purse(minutes_per_day=600), "its length cannot be told"),
        (None, purse(max_minutes_per_video=600), "its length cannot be told"),
        (None, purse(), None),
    ],
)
def test_what_goes_beyond_is_told_why(millis: int | None, bound: Purse, says: str | None) -> None:
    """Each limit by itself; what cannot be counted does not fit, and no budget is no limit."""
    why = over(millis, [bound])

    assert (why is None) is (says is None)
    assert (says or "") in (why or "")


def test_every_purse_has_to_have_room() -> None:
    """The folder's and that of all folders together."""
    wide, narrow = purse(minutes_per_day=100), purse(Spent(millis=MINUTE), minutes_per_day=1.5)

    assert over(MINUTE, [wide]) is None
    assert "not so much is left of 1.5" in str(over(MINUTE, [wide, narrow]))


@given(limit=MINUTES, seconds=st.integers(min_value=1, max_value=7200))
def test_as_many_fit_as_the_budget_has_room_for(limit: float, seconds: int) -> None:
    """Counted in whole milliseconds: no fraction makes the last one that fits fail, or one more go through."""
    each, spent, sent = seconds * 1000, Spent(), 0
    while sent < 50 and over(each, [purse(spent, minutes_per_day=limit)]) is None:
        spent, sent = spent + Spent(millis=each, drops=1), sent + 1

    assert sent == min(50, round(limit * MINUTE) // each)
    assert spent.minutes == sent * each / MINUTE
    assert spent - spent == Spent()
