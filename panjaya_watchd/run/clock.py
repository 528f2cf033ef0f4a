"""The clock: the only caller of ``time`` in what decides. Tests pass their own."""

import time
from datetime import UTC, datetime
from typing import Protocol

from panjaya_watchd.core.budget import Calendar


class Clock(Protocol):
    """Two times: one for the ledger, that survives restarts, and one for waiting, that nobody can set."""

    def now(self) -> datetime:
        """Give the wall clock, aware, in UTC."""

    def here(self) -> datetime:
        """Give the wall clock as the people here see it, aware."""

    def monotonic(self) -> float:
        """Give seconds that never go back."""

    def asleep(self) -> float:
        """Give the seconds that the machine was suspended since it was started."""

    def calendar(self) -> Calendar:
        """Give the beginnings of this day and this month as the people here count them, aware, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Give the wall clock, aware, in UTC."""
        return datetime.now(UTC)

    def here(self) -> datetime:
        """Give the wall clock in the machine's time zone."""
        return self.now().astimezone()

    def monotonic(self) -> float:
        """Give seconds that never go back; they stand still while the machine is suspended."""
        return time.monotonic()

    def asleep(self) -> float:
        """Give by how much the clock that counts suspension is ahead of the one that does not."""
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic())

    def calendar(self) -> Calendar:
        """Count by the machine's time zone; midnight may have another offset than now has."""
        today = self.here().replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        return Calendar(
            day_began=today.astimezone().astimezone(UTC), month_began=today.replace(day=1).astimezone().astimezone(UTC)
        )
