"""The clock: the only caller of ``time`` in what decides. Tests pass their own."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Two times: one for the ledger, that survives restarts, and one for waiting, that nobody can set."""

    def now(self) -> datetime:
        """Give the wall clock, aware, in UTC."""

    def monotonic(self) -> float:
        """Give seconds that never go back."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Give the wall clock, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Give seconds that never go back; they stand still while the machine is suspended."""
        return time.monotonic()
