"""Examining a whole ledger without touching it: what a start, a reading command and a backup demand of it."""

from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import Connection

from panjaya_watchd.ledger import notes, schema, sqlite_file
from panjaya_watchd.ledger.schema import Formats


def examine(stack: ExitStack, path: Path, formats: Formats) -> Connection:
    """
    Check a whole ledger; an older one is lifted in a copy first.

    Returns:
        A connection to what was checked, open for as long as ``stack`` is.

    Raises:
        LedgerError: damaged, foreign or newer.

    """
    with ExitStack() as first:
        connection = first.enter_context(sqlite_file.looking(path, copied=False))
        sqlite_file.check(connection, path)
        with notes.naming_release(connection, str(path)):
            found = schema.format_of(connection, formats, str(path))
            if found == formats.current:
                check_rows(connection, path, formats)
                connection.rollback()
                stack.push(first.pop_all())
                return connection
    connection = stack.enter_context(sqlite_file.looking(path, copied=True))
    with notes.naming_release(connection, str(path)), connection.begin():
        schema.lift(connection, formats, found)
        check_rows(connection, path, formats)
    return connection


def check_rows(connection: Connection, path: Path, formats: Formats) -> None:
    """Check every seal, and that what is under way can be read. Raises `LedgerError` for the first that fails."""
    schema.verify(connection, formats, str(path))
    notes.backed_up(connection, str(path))
