"""
Rates: how many bytes a second may pass, at which time of which day of the week.

No limit is None; a limit of nothing does not exist.
"""

from dataclasses import dataclass
from typing import Final

DAY: Final = 86_400
"""Seconds."""

EVERY_DAY: Final = frozenset(range(7))
"""Days of the week; Monday is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """
    A rate and when it holds.

    ``limit`` is in bytes a second. ``begin`` and ``end`` are seconds of the day by the clock on the operator's wall; at
    ``end`` it is over. A span that ends before it begins goes over midnight and belongs to the day on which it begins.
    """

    limit: float
    days: frozenset[int] = EVERY_DAY
    begin: int = 0
    end: int = DAY

    @property
    def always(self) -> bool:
        """Say whether it holds at any time."""
        return self.days == EVERY_DAY and (self.begin, self.end) == (0, DAY)

    def holds(self, weekday: int, seconds: float) -> bool:
        """Say whether it holds so many seconds after midnight of a day of the week."""
        if self.begin < self.end:
            return weekday in self.days and self.begin <= seconds < self.end
        if seconds < self.end:
            return (weekday - 1) % 7 in self.days
        return weekday in self.days and self.begin <= seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Which rate holds when: the first span that does decides, and where none does, nothing is limited."""

    spans: tuple[Span, ...] = ()

    def limit_at(self, weekday: int, seconds: float) -> float | None:
        """Give the bytes a second that may pass so many seconds after midnight of a day of the week."""
        return next((span.limit for span in self.spans if span.holds(weekday, seconds)), None)

    @property
    def least(self) -> float | None:
        """Give the lowest limit of all, in bytes a second."""
        return min((span.limit for span in self.spans), default=None)
