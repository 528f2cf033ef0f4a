"""Ledgers on a disk that loses power: puts, the lift of an old one with the copy that is kept, backups, a new one."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ledgers import contents, make, url_of

from bench.powercut.history import History, NotedLedger
from panjaya_watchd.core.claim import State
from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.ledger.auditing import Audit, audit
from panjaya_watchd.ledger.backup import back_up
from panjaya_watchd.ledger.schema import FORMAT

SAMPLE: Final = Path(__file__).parents[2] / "tests" / "ledger" / "samples" / "first.sql"
"""A ledger as the first release wrote it."""

CLAIMS: Final = 12
"""Put in one go, each twice."""


class Books:
    """A ledger of the first release that is opened, written to and copied; and one that is made."""

    def __init__(self, disks: Sequence[Path], history: History) -> None:
        self.figures: Counter[str] = Counter()
        self._history = history
        self._old, self._new = disks[0] / "old.db", disks[0] / "new.db"
        self._kept = disks[0] / "old.db.format-1.bak"
        self._backups = {disks[0] / "one.backup": 0, disks[0] / "two.backup": 0}
        self._sample: frozenset[str] = frozenset()

    def prepare(self) -> None:
        """Lay down the old ledger."""
        connection = sqlite3.connect(self._old)
        connection.executescript(SAMPLE.read_text(encoding="utf-8"))
        self._sample = frozenset(row[0] for row in connection.execute("SELECT id FROM claims"))
        connection.close()

    def play(self) -> None:
        """Lift it, go on with it, copy it with a daemon and without one; then begin a new one."""
        one, two = self._backups
        ledger = NotedLedger(url_of(self._old), self._history)
        self._history.note("lifted")
        self._put(ledger, 0)
        self._back_up(one)
        self._put(ledger, CLAIMS)
        ledger.close()
        self._back_up(two)
        ledger = NotedLedger(url_of(self._old), self._history)
        self._put(ledger, CLAIMS * 2)
        ledger.close()
        ledger = NotedLedger(url_of(self._new), self._history)
        self._history.note("made")
        self._put(ledger, CLAIMS * 3)
        ledger.close()

    def _put(self, ledger: NotedLedger, first: int) -> None:
        """Put some claims while they are followed, and again when they are done."""
        claims = [make(number) for number in range(first, first + CLAIMS)]
        for claim in claims:
            ledger.put(replace(claim, state=State.DUBBING, closed_at=None, outcome=None))
        for claim in claims:
            ledger.put(claim)

    def _back_up(self, target: Path) -> None:
        self._backups[target] = len(self._sample) + len(self._history.puts)
        assert back_up(url_of(self._old), target).claims == self._backups[target]
        self._history.note(target.name)

    def recover(self, cut: int) -> None:
        """Read everything as it lies there, go on with it, and hold it against what was promised."""
        found = _sound(self._old)
        assert found.format == FORMAT or not self._history.holds("lifted", cut), "A ledger is of an old format again."
        assert found.format != FORMAT or self._kept.exists(), "A ledger was lifted without a copy of it."
        if self._kept.exists():
            kept = _sound(self._kept)
            assert (kept.format, kept.claims) == (1, len(self._sample)), f"Kept before the lift: {kept}"
        for backup, claims in self._backups.items():
            assert backup.exists() or not self._history.holds(backup.name, cut), f"{backup.name} is gone."
            assert not backup.exists() or _sound(backup).claims == claims, f"{backup.name} lacks claims."
            self.figures["backups"] += backup.exists()
        there = contents(self._old)
        assert self._sample <= there.keys(), "Claims of the first release are gone."
        if self._new.exists() or self._history.holds("made", cut):
            _sound(self._new)
            there |= contents(self._new)
        self.figures["claims kept"] += self._history.check_puts(cut, lambda claim_id: there.get(ClaimId(claim_id)))


def _sound(path: Path) -> Audit:
    """Demand what ``ledger verify`` demands."""
    found = audit(path)
    assert not found.findings, f"{path.name}: {found.findings[0].what}"
    return found
