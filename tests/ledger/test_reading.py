"""Tests for reading a ledger: from other threads, beside a running daemon, and without one."""

import threading
from pathlib import Path

import pytest
from ledgers import contents, fill, look, make, url_of

from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.sql import SqlLedger, read_only


def test_a_ledger_is_read_without_a_daemon_and_without_a_trace(tmp_path: Path) -> None:
    """A status command on a stopped service creates and writes nothing."""
    path = tmp_path / "ledger.db"
    claims = fill(path, 6)
    before = look(tmp_path)
    reader = read_only(url_of(path))

    assert {claim.id: claim for claim in (*reader.living(), *reader.closed())} == claims
    assert before == look(tmp_path)
    reader.close()
    reader.close()
    assert before == look(tmp_path)


def test_a_ledger_that_does_not_exist_is_not_made_by_reading(tmp_path: Path) -> None:
    """Only the daemon makes a ledger."""
    with pytest.raises(LedgerError, match="There is no ledger"):
        read_only(url_of(tmp_path / "ledger.db"))
    assert list(tmp_path.iterdir()) == []


def test_a_reader_beside_a_running_daemon_sees_every_put(tmp_path: Path) -> None:
    """Neither waits for the other, and the reader never holds the ledger."""
    path = tmp_path / "ledger.db"
    ledger = SqlLedger(url_of(path))
    ledger.put(make(0))
    reader = read_only(url_of(path))
    assert reader.get(ClaimId("c0")) == make(0)
    ledger.put(make(1))

    assert reader.get(ClaimId("c1")) == make(1)
    ledger.close()
    assert reader.get(ClaimId("c1")) == make(1)
    reader.close()
    assert contents(path) == {claim.id: claim for claim in (make(0), make(1))}


@pytest.mark.slow
def test_threads_may_read_while_the_driver_writes(tmp_path: Path) -> None:
    """Each read sees a whole claim, and what one thread saw once is never gone."""
    ledger = SqlLedger(url_of(tmp_path / "ledger.db"))
    faults: list[str] = []
    written = threading.Event()

    def read() -> None:
        most = 0
        while not written.is_set():
            seen = len(ledger.living()) + len(ledger.closed()) + len(ledger.find("interview 1"))
            if seen < most:
                faults.append(f"saw {seen} after {most}")
            most = seen

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(25):
        ledger.put(make(number))
    written.set()
    for reader in readers:
        reader.join()
    ledger.close()

    assert faults == []
