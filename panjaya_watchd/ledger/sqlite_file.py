"""
The SQLite file under a ledger: finding it, looking at it without touching it, making it, opening it.

What is only looked at keeps every byte, and nothing appears beside it. A new ledger stands under its name only when
it is whole. Everything that SQLite needs and other databases do not is here, and no claim is.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.codec import DAMAGED

MAGIC: Final = b"SQLite format 3\x00"
"""The first 16 bytes (SQLite file format, section 1.3)."""

_BUSY: Final = 2.0
"""Seconds to wait for somebody else's transaction, such as an operator's ``sqlite3`` shell."""


def path_of(url: str) -> Path:
    """
    Give the absolute path of ``sqlite:///relative`` or ``sqlite:////absolute``.

    Raises:
        LedgerError: the URL names no SQLite file.

    """
    hint = "Write `url` under [state] as sqlite:////var/lib/panjaya-watchd/ledger.db."
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise LedgerError("The ledger's URL cannot be read.", hint=hint) from error
    if parsed.get_backend_name() != "sqlite" or parsed.host or "?" in url or parsed.database in {None, "", ":memory:"}:
        raise LedgerError(f"The ledger's URL {parsed.render_as_string()} names no SQLite file.", hint=hint)
    return Path(str(parsed.database)).absolute()


def exists(path: Path) -> bool:
    """
    Say whether there is a ledger's file; False where one can be made.

    Raises:
        LedgerError: something else stands there, or a whole part of a ledger is missing.

    """
    try:
        if path.is_file():
            _must_look_like_sqlite(path)
            return True
        if path.is_symlink() or path.exists():
            raise LedgerError(f"The ledger {path} is not a regular file.", hint="Check `url` under [state].")
        if not path.parent.is_dir():
            raise LedgerError(
                f"The directory {path.parent} of the ledger does not exist.",
                hint="Create it, or check `url` under [state].",
            )
        if (log := _beside(path, "-wal")).exists():
            raise LedgerError(
                f"The ledger {path} is missing, but {log.name}, which belongs to it, is there.",
                hint="Put both files back together: without them paid dubbings would be forgotten.",
            )
    except OSError as error:
        raise LedgerError(
            f"The ledger {path} cannot be read: {error.strerror}.", hint="Give the service's user the right to read it."
        ) from error
    return False


def _must_look_like_sqlite(path: Path) -> None:
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(MAGIC):
        found = "is empty" if not header else "is not a SQLite database"
        raise LedgerError(
            f"The ledger {path} {found}.", hint="Check `url` under [state], or restore the ledger from a backup."
        )
    # Write version and read version (offsets 18 and 19) are always equal in what SQLite writes. With only one of them
    # changed SQLite opens the file and finds out later.
    if len(header) < 100 or header[18] != header[19]:
        raise LedgerError(f"The ledger {path} is damaged in its first 100 bytes.", hint=DAMAGED)


@contextmanager
def looking(path: Path, *, copied: bool) -> Iterator[Connection]:
    """
    Look at a database file as it is, with what a dead daemon left in its write-ahead log.

    A log can only be read through files that SQLite writes to, so then, or with ``copied``, a copy in a private
    directory is looked at instead; to the copy anything may be done. Nobody else may be writing.
    """
    logs = [log for log in (_beside(path, "-wal"), _beside(path, "-journal")) if log.exists() and log.stat().st_size]
    if not copied and not logs:
        with connected(path, "mode=ro&immutable=1") as connection:
            yield connection
        return
    with tempfile.TemporaryDirectory(prefix="panjaya-watchd-ledger-") as directory:
        for file in (path, *logs):
            shutil.copyfile(file, Path(directory, file.name))
        with connected(Path(directory, path.name), "mode=rw") as connection:
            yield connection


@contextmanager
def connected(path: Path, parameters: str) -> Iterator[Connection]:
    """Open an existing database file; ``parameters`` are those of a SQLite URI, such as ``mode=rw``."""

    def connect() -> sqlite3.Connection:
        uri = f"file:{quote(os.fsencode(path))}?{parameters}"
        return sqlite3.connect(uri, uri=True, timeout=_BUSY, isolation_level=None, check_same_thread=False)

    # Without an isolation level the driver never begins by itself, so that table definitions, too, are part of a
    # transaction; it is begun here.
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    with engine.connect() as connection:
        yield connection


def check(connection: Connection, path: Path) -> None:
    """
    Have SQLite check every page, and that the indexes say what the table says (``quick_check`` skips that).

    Raises:
        LedgerError: with SQLite's first finding.

    """
    finding = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    if finding != "ok":
        raise LedgerError(f"The ledger {path} is damaged: {finding}.", hint=DAMAGED)


def make_durable(connection: Connection) -> None:
    """
    Have every commit survive power loss, and stand in the file itself.

    With the default of 1,000 pages the newest claims would live in the log alone for days, and a lost or damaged log
    is silently taken for a shorter one. Measured on a busy ext4 disk: a put takes 4.6 to 7.3 ms instead of 4.0 ms.
    """
    raw = connection.connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=1"):
        raw.execute(f"PRAGMA {pragma}")
    raw.close()


def make(path: Path, fill: Callable[[Connection], None]) -> None:
    """Make a database file, readable by its owner only. A crash on the way leaves nothing under ``path``."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        with connected(new, "mode=rw") as connection:
            make_durable(connection)
            with connection.begin():
                fill(connection)
        new.rename(path)
    finally:
        new.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
