"""
Budgets: what may be spent, and whether one more drop fits.

A drop is reserved before it is sent and settled when the API has it, so that what is on its way counts as spent. All
sums are whole milliseconds of dubbed video times target locales: the last drop that fits does fit, whatever the
fractions. What cannot be counted does not fit; no budget is no limit.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

MINUTE: Final = 60_000
"""Milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent; minutes are of dubbed video times target locales. None is no limit."""

    minutes_per_day: float | None = None
    minutes_per_month: float | None = None
    drops_per_day: int | None = None
    max_minutes_per_video: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What is reserved or settled in a span of time: milliseconds, and how many drops."""

    millis: int = 0
    drops: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        """Give both together."""
        return Spent(millis=self.millis + other.millis, drops=self.drops + other.drops)

    def __sub__(self, other: "Spent") -> "Spent":
        """Give what is left without the other."""
        return Spent(millis=self.millis - other.millis, drops=self.drops - other.drops)

    @property
    def minutes(self) -> float:
        """Give the milliseconds as minutes, for people."""
        return self.millis / MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The day and the month in which budgets are counted now, by the clock on the operator's wall."""

    day_began: datetime
    month_began: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """One budget and what was taken out of it so far. ``name`` says in words whose it is."""

    name: str
    budget: Budget
    today: Spent
    this_month: Spent


def over(millis: int | None, purses: Iterable[Purse]) -> str | None:
    """
    Say why one more drop does not fit, in words for people; None where it does.

    Args:
        millis: what the drop takes: milliseconds times locales to buy; None where its length is not known.
        purses: every budget that it has to fit into.

    """
    return next((why for purse in purses if (why := _over(millis, purse))), None)


def _over(millis: int | None, purse: Purse) -> str | None:
    budget = purse.budget
    timed = (budget.minutes_per_day, budget.minutes_per_month, budget.max_minutes_per_video)
    if millis is None:
        if all(limit is None for limit in timed):
            return _drops_over(purse)
        return f"its length cannot be told, so it cannot be counted against the budget of {purse.name}"
    single = budget.max_minutes_per_video
    if single is not None and millis > round(single * MINUTE):
        return f"it takes {_minutes(millis)}; {purse.name}: at most {single:g} for one video"
    for limit, spent, span in (
        (budget.minutes_per_day, purse.today, "day"),
        (budget.minutes_per_month, purse.this_month, "month"),
    ):
        if limit is None or spent.millis + millis <= round(limit * MINUTE):
            continue
        if millis > round(limit * MINUTE):
            return f"it takes {_minutes(millis)}; {purse.name}: only {limit:g} in a whole {span}"
        return f"it takes {_minutes(millis)}; {purse.name}: not so much is left of {limit:g} this {span}"
    return _drops_over(purse)


def _drops_over(purse: Purse) -> str | None:
    limit = purse.budget.drops_per_day
    if limit is None or purse.today.drops + 1 <= limit:
        return None
    return f"{purse.name}: all {limit} drops of the day are used"


def _minutes(millis: int) -> str:
    return f"{millis / MINUTE:.2f}".rstrip("0").rstrip(".") + " minutes"
