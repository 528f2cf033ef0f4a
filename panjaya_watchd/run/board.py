"""The board: how far uploads and downloads are. For people only; no decision reads it."""

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Bytes so far, of how many (None: not known), since when (monotonic seconds)."""

    sent: int
    total: int | None
    since: float


class Board:
    """Progress by key (claim and what is moving); lanes write, the control socket reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moving: dict[tuple[str, str], Progress] = {}

    def show(self, claim: str, what: str, progress: Progress) -> None:
        """Put up how far something is."""
        with self._lock:
            self._moving[claim, what] = progress

    def wipe(self, claim: str, what: str) -> None:
        """Take it down again."""
        with self._lock:
            self._moving.pop((claim, what), None)

    def percent(self, what: str) -> int | None:
        """Give how much of all that moves so is through, in percent; None where nothing does, or nobody knows."""
        with self._lock:
            moving = [progress for (_, moves), progress in self._moving.items() if moves == what]
        total = sum(progress.total or 0 for progress in moving)
        return 100 * sum(progress.sent for progress in moving if progress.total) // total if total else None

    def read(self, claim: str) -> dict[str, Progress]:
        """Give what moves for one claim."""
        with self._lock:
            return {what: progress for (owner, what), progress in self._moving.items() if owner == claim}
