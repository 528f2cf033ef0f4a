"""
Notes: what a ledger says of itself beside its formats.

Which release has written it last (the newest that ever did), and whether it is a backup. A table of its own that older
releases pass over, so it needs no new format; later releases keep it as it is, so that this one can name them.
"""

import contextlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Column, Connection, Table, Text, delete, func, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from panjaya_watchd import __version__
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.codec import DAMAGED, NEWER
from panjaya_watchd.ledger.schema import METADATA, seal

NOTES: Final = Table(
    "notes",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("seal", Text, nullable=False),
)

_RELEASE: Final = "release"
_BACKUP: Final = "backup of"


def release(connection: Connection, where: str) -> str | None:
    """Give the newest release that has written this ledger; None where none has said so."""
    return _read(connection, where).get(_RELEASE)


def sign(connection: Connection, where: str) -> None:
    """Note that this release writes the ledger, unless a newer one has before."""
    NOTES.create(connection, checkfirst=True)
    before = release(connection, where)
    if before is None or _order(before) < _order(__version__):
        _write(connection, _RELEASE, __version__)


def mark_backup(connection: Connection) -> None:
    """Note that this is a copy of a ledger as it stands now."""
    NOTES.create(connection, checkfirst=True)
    now = datetime.fromisoformat(str(connection.execute(select(func.current_timestamp())).scalar_one()))
    _write(connection, _BACKUP, now.replace(tzinfo=UTC).isoformat())


def backed_up(connection: Connection, where: str) -> datetime | None:
    """Give the time of which this ledger is a backup; None where it is none."""
    noted = _read(connection, where).get(_BACKUP)
    return None if noted is None else datetime.fromisoformat(noted)


def forget_backup(connection: Connection) -> None:
    """Note that this is a ledger in use from now on."""
    connection.execute(delete(NOTES).where(NOTES.c.name == _BACKUP))


@contextmanager
def naming_release(connection: Connection, where: str) -> Iterator[None]:
    """Name the release that is needed, where a ledger is refused because a newer one has written it."""
    try:
        yield
    except LedgerError as error:
        needed = None
        with contextlib.suppress(LedgerError, SQLAlchemyError):
            needed = release(connection, where)
        if error.hint != NEWER or needed is None or needed == __version__:
            raise
        hint = f"Install panjaya-watchd {needed} or a newer release; nothing was changed."
        raise LedgerError(error.message, hint=hint) from error


def _read(connection: Connection, where: str) -> dict[str, str]:
    if not inspect(connection).has_table(NOTES.name):
        return {}
    notes = dict[str, str]()
    for row in connection.execute(select(NOTES.c.name, NOTES.c.value, NOTES.c.seal)):
        if row.seal != seal({"name": row.name, "value": row.value}):
            raise LedgerError(f"A note in the ledger {where} is damaged: its seal does not fit.", hint=DAMAGED)
        notes[row.name] = row.value
    return notes


def _write(connection: Connection, name: str, value: str) -> None:
    row = {"name": name, "value": value}
    connection.execute(delete(NOTES).where(NOTES.c.name == name))
    connection.execute(insert(NOTES).values({**row, "seal": seal(row)}))


def _order(version: str) -> tuple[int, ...]:
    """Give what releases are ordered by: the numbers that a version begins with."""
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3])
