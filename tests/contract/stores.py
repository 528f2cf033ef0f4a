"""Ledgers of each kind that can be opened again, and claims to put into them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.drop import Drop, Fingerprint, Part, Role
from panjaya_watchd.core.names import ClaimId, FolderName
from panjaya_watchd.ledger.base import Ledger
from panjaya_watchd.ledger.memory import MemoryLedger
from panjaya_watchd.ledger.sql import SqlLedger

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
KINDS = ["memory", "sqlite"]


class Store:
    """Where a ledger's claims outlive it: opened again after every ``close``."""

    def __init__(self, kind: str, directory: Path) -> None:
        self._memory = MemoryLedger() if kind == "memory" else None
        self._url = f"sqlite:///{directory}/ledger.db"

    def open(self) -> Ledger:
        """Open what was put so far."""
        return SqlLedger(self._url) if self._memory is None else self._memory.reopen()


@contextmanager
def new_store(kind: str) -> Iterator[Store]:
    """Give a store of its own to every example of a generated test."""
    with tempfile.TemporaryDirectory() as directory:
        yield Store(kind, Path(directory))


def make(number: int, *, video: str = "interview.mp4", folder: str = "marketing", **facts: object) -> Claim:
    """Make the claim ``c<number>``, taken that many minutes after noon."""
    fingerprint = Fingerprint(size=1, mtime_ns=2, ctime_ns=3, ino=4)
    claim = Claim(
        id=ClaimId(f"c{number}"),
        folder=FolderName(folder),
        drop=Drop(key=video, parts=(Part(name=video, role=Role.VIDEO, fingerprint=fingerprint),)),
        order=None,
        taken_at=NOON + timedelta(minutes=number),
    )
    return replace(claim, **facts)  # type: ignore[arg-type]
