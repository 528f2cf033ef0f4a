"""Tests for the lock: one daemon at a time."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from ledgers import surroundings

from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.lock import Lock, held, lock_path

HOLDER = """
import sys
from pathlib import Path
from panjaya_watchd.ledger.lock import Lock
lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def start_holder(ledger: Path) -> subprocess.Popen[str]:
    """Start a program that holds the ledger until it is told to end, or dies."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(ledger)],
        env=surroundings(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_second_holder_is_refused_by_name(tmp_path: Path) -> None:
    """The operator learns which program to stop."""
    ledger = tmp_path / "ledger.db"
    with start_holder(ledger) as holder:
        with pytest.raises(LedgerError) as refused:
            Lock(ledger)
        assert f"is already running (pid {holder.pid} on host {socket.gethostname()})" in refused.value.message
        assert str(ledger) in refused.value.message
        assert f"{holder.pid} {socket.gethostname()}\n" == lock_path(ledger).read_text()
        holder.kill()


def test_the_lock_ends_with_its_holder_however_it_dies(tmp_path: Path) -> None:
    """A stale lock file keeps nobody out."""
    ledger = tmp_path / "ledger.db"
    with start_holder(ledger) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()

    assert lock_path(ledger).exists()
    assert not held(ledger)
    Lock(ledger).release()


def test_a_released_lock_leaves_nothing_behind(tmp_path: Path) -> None:
    """The file goes away with the lock; releasing twice is no error."""
    ledger = tmp_path / "ledger.db"
    lock = Lock(ledger)
    assert held(ledger)
    lock.release()
    lock.release()

    assert not held(ledger)
    assert list(tmp_path.iterdir()) == []


def test_two_locks_in_one_program_exclude_each_other(tmp_path: Path) -> None:
    """A lock belongs to its open file, not to the program."""
    ledger = tmp_path / "ledger.db"
    first = Lock(ledger)
    with pytest.raises(LedgerError, match=f"pid {os.getpid()}"):
        Lock(ledger)
    first.release()
    second = Lock(ledger)
    second.release()


def test_asking_creates_nothing(tmp_path: Path) -> None:
    """A status command leaves no trace."""
    assert not held(tmp_path / "ledger.db")
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """The lock file is written to, so it must not lead elsewhere."""
    target = tmp_path / "precious"
    target.write_text("keep me")
    lock_path(tmp_path / "ledger.db").symlink_to(target)

    with pytest.raises(LedgerError, match="cannot be taken"):
        Lock(tmp_path / "ledger.db")
    with pytest.raises(LedgerError, match="cannot be read"):
        held(tmp_path / "ledger.db")
    assert target.read_text() == "keep me"


def test_a_lock_whose_directory_is_missing_is_refused(tmp_path: Path) -> None:
    """What cannot be locked is not held."""
    with pytest.raises(LedgerError, match="cannot be taken: No such file"):
        Lock(tmp_path / "nowhere" / "ledger.db")
