"""
Copies of a ledger: the backup that an operator asks for, and the one that is kept before an older ledger is lifted.

Taken through SQLite's online backup, so that a daemon may go on writing meanwhile: a copy holds everything that was
put when it began. A copy is one file, readable by its owner only, and marked: whoever opens it as a ledger knows that
reality has gone on since (`core.restoring`). It is made in a private place and examined there like a ledger at a start,
before it is written under its name. The ledger that is copied is only read.
"""

import contextlib
import errno
import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from panjaya_watchd.errors import LedgerError, LedgerUnavailable, WatchdError
from panjaya_watchd.ledger import notes, sqlite_file
from panjaya_watchd.ledger.codec import Codec
from panjaya_watchd.ledger.examining import examine
from panjaya_watchd.ledger.lifting import UPGRADES
from panjaya_watchd.ledger.lock import held
from panjaya_watchd.ledger.reader import troubles
from panjaya_watchd.ledger.schema import CLAIMS, LEDGER, Formats
from panjaya_watchd.places import durable

_TRIES: Final = 3
"""A daemon that starts or ends while its ledger is copied spoils the copy; more often than that nobody starts one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What was copied: its size in bytes, its claims, how many of them are under way, and the format of its tables."""

    size: int
    claims: int
    living: int
    format: int


def back_up(url: str, target: Path) -> Backup:
    """
    Copy a ledger, whether a daemon runs on it or not. Durable when it returns.

    Raises:
        LedgerError: the ledger is missing, damaged, foreign, newer, or not to be read.
        WatchdError: there is something under that name already, or it cannot be written. Nothing was changed.

    """
    path = sqlite_file.path_of(url)
    formats = Formats(codec=Codec(), upgrades=UPGRADES)
    if os.path.lexists(target):
        raise _taken(target)
    with troubles(str(path)):
        if not sqlite_file.exists(path):
            raise LedgerError(f"There is no ledger {path} yet.", hint="It is made when the daemon starts.")
        for _ in range(_TRIES):
            with ExitStack() as stack:
                before, running = _seen(path), held(path)
                ledger = stack.enter_context(
                    sqlite_file.connected(path, "mode=ro") if running else sqlite_file.looking(path, copied=False)
                )
                copy = stack.enter_context(_copied(ledger, target))
                # Without a daemon the ledger is read in a way that relies on nobody writing.
                if running or (before == _seen(path) and not held(path)):
                    backup = _examined(copy, formats)
                    _place(copy, target)
                    return backup
    raise LedgerUnavailable(
        f"The ledger {path} was opened or closed by a daemon each time it was copied.", hint="Ask again."
    )


def keep_before_lift(connection: Connection, path: Path, found: int, formats: Formats) -> Path:
    """
    Keep a ledger as it is, beside it, before a step to another format; give where.

    An earlier copy of the same format is replaced: what it held is in this one, and more. Durable when it returns.

    Raises:
        LedgerUnavailable: it cannot be written.

    """
    kept = path.with_name(f"{path.name}.format-{found}.bak")
    with _copied(connection, kept, LedgerUnavailable) as copy:
        _examined(copy, formats)
        _place(copy, kept, LedgerUnavailable, replaces=True)
    return kept


@contextmanager
def _copied(ledger: Connection, target: Path, kind: type[WatchdError] = WatchdError) -> Iterator[Path]:
    """
    Copy a database into a private folder for temporary files, which is removed in the end.

    SQLite opens a file by its name, and another one beside it. In the folder of ``target``, which may be another
    user's, either could be swapped for a link, and whatever that leads to would be overwritten.
    """
    with ExitStack() as stack:
        with _writing(target, kind):
            private = stack.enter_context(tempfile.TemporaryDirectory(prefix="panjaya-watchd-ledger-"))
            new = Path(private, "copy.db")
            with sqlite_file.connected(new, "mode=rwc") as copy:
                _raw(ledger).backup(_raw(copy))
                # One file, with nothing beside it that could be forgotten or belong to another one.
                _raw(copy).execute("PRAGMA journal_mode=DELETE")
                with copy.begin():
                    notes.mark_backup(copy)
        yield new


def _raw(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection), "a ledger is a SQLite file"
    return raw


def _examined(copy: Path, formats: Formats) -> Backup:
    with ExitStack() as stack:
        examine(stack, copy, formats)
    with sqlite_file.looking(copy, copied=False) as connection:
        claims, closed = connection.execute(select(func.count(), func.count(CLAIMS.c.closed_at))).one()
        found = connection.execute(select(LEDGER.c.format)).scalar_one()
    return Backup(size=copy.stat().st_size, claims=claims, living=claims - closed, format=found)


def _place(copy: Path, target: Path, kind: type[WatchdError] = WatchdError, *, replaces: bool = False) -> None:
    """
    Write an examined copy into its folder, and give it its name once it is synced and reads as it was written.

    Whoever else may write in that folder: all goes through one descriptor of a file that was not there before, and no
    link is followed. Durable when it returns.
    """
    new = f".{target.name}.new"
    with _writing(target, kind), ExitStack() as stack:
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        stack.callback(os.close, folder)
        _forget(new, folder)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = stack.enter_context(os.fdopen(os.open(new, flags, 0o600, dir_fd=folder), "w+b"))
        stack.callback(_forget, new, folder)
        with copy.open("rb") as source:
            shutil.copyfileobj(source, file)
            file.flush()
            durable.sync(file.fileno())
            source.seek(0)
            file.seek(0)
            if hashlib.file_digest(file, "sha256").digest() != hashlib.file_digest(source, "sha256").digest():
                raise OSError(errno.EIO, "it does not read as it was written")
        if replaces:
            durable.replace(new, target.name, folder=folder)
        else:
            try:
                durable.rename(new, target.name, source_folder=folder, target_folder=folder)
            except FileExistsError as error:
                raise _taken(target) from error
        named = os.stat(target.name, dir_fd=folder, follow_symlinks=False)
        if not os.path.samestat(named, os.fstat(file.fileno())):
            raise OSError(errno.ESTALE, "somebody else changes its folder, and what has its name now is not the copy")
        durable.sync(folder)


def _forget(name: str, folder: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        durable.remove(name, folder=folder)


def _seen(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def _writing(target: Path, kind: type[WatchdError] = WatchdError) -> Iterator[None]:
    """Say of what goes wrong that it is the copy, and not the ledger."""
    try:
        yield
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        cause = getattr(error, "strerror", None) or getattr(error, "orig", None) or error
        raise kind(
            f"The copy {target} of the ledger cannot be written: {cause}.",
            hint="It needs a folder that may be written to, on a disk with free space, and as much room for temporary "
            "files (TMPDIR); the ledger was not touched.",
        ) from error


def _taken(target: Path) -> WatchdError:
    return WatchdError(f"{target} is there already.", hint="Choose another name: a backup never replaces anything.")
