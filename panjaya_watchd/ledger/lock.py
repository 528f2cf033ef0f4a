"""
The lock: one daemon at a time holds a ledger.

A file beside the ledger is locked with ``flock`` and names its owner. The kernel lets go of the lock when the owner
dies, however it dies, so a stale lock file never keeps a daemon from starting. This room never looks into the ledger.
"""

import fcntl
import os
import socket
from pathlib import Path
from typing import Final

from panjaya_watchd.errors import LedgerError, LedgerUnavailable

_LOOKS: Final = 100
"""`held` locks for a few microseconds; that many tries, without a pause, outlast it and take less than 1 ms."""


def lock_path(ledger: Path) -> Path:
    """Give the path of a ledger's lock file."""
    return ledger.with_name(f"{ledger.name}.lock")


class Lock:
    """A ledger's lock, held from construction until `release` or the end of this program."""

    def __init__(self, ledger: Path) -> None:
        """
        Take the lock.

        Raises:
            LedgerError: another daemon holds it (the error names its pid and host), or the file cannot be made.

        """
        self._path = lock_path(ledger)
        try:
            self._fd = _take(self._path)
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()} {socket.gethostname()}\n".encode(), 0)
        except OSError as error:
            raise LedgerUnavailable(
                f"The lock {self._path} beside the ledger cannot be taken: {error.strerror}.",
                hint="Give the service's user the right to write in that directory, on a disk with free space.",
            ) from error

    def release(self) -> None:
        """Let go of the lock and take its file away; a second call does nothing."""
        if self._fd >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = -1


def held(ledger: Path) -> bool:
    """
    Say whether a daemon holds the ledger right now. Creates nothing.

    Raises:
        LedgerError: the lock file may not be read.

    """
    try:
        fd = os.open(lock_path(ledger), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise LedgerError(
            f"The lock {lock_path(ledger)} cannot be read: {error.strerror}.",
            hint="Run the command as the service's user or as root.",
        ) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _take(path: Path) -> int:
    """Lock the file that stands at ``path``; a lock on a file that its last owner has just removed is worth nothing."""
    owner = ""
    for _ in range(_LOOKS):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _stands_at(path, fd):
                return fd
        except BlockingIOError:
            owner = os.pread(fd, 300, 0).decode(errors="replace").strip()
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
    pid, _, host = owner.partition(" ")
    who = f"pid {pid} on host {host}" if host else "its lock names nobody"
    raise LedgerUnavailable(
        f"panjaya-watchd is already running ({who}) and holds the ledger {path.with_suffix('')}.",
        hint="Stop that one first; two daemons on one ledger would upload every video twice.",
    )


def _stands_at(path: Path, fd: int) -> bool:
    try:
        return os.path.samestat(path.stat(follow_symlinks=False), os.fstat(fd))
    except FileNotFoundError:
        return False
