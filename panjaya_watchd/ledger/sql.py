"""
The ledger in a database, through SQLAlchemy Core, on SQLite.

``put`` returned means that the claim survives power loss. Opening looks first and touches nothing: a ledger that is
damaged, foreign, or written by a newer release is refused, and no byte of it changes. This room decides nothing about
claims.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from panjaya_watchd.core.baseline import Baseline
from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.restoring import restored
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger import notes, schema, sqlite_file
from panjaya_watchd.ledger.backup import keep_before_lift
from panjaya_watchd.ledger.base import same_asset
from panjaya_watchd.ledger.codec import Codec
from panjaya_watchd.ledger.examining import examine
from panjaya_watchd.ledger.lifting import UPGRADES
from panjaya_watchd.ledger.lock import Lock, held
from panjaya_watchd.ledger.reader import LedgerReader, troubles
from panjaya_watchd.ledger.schema import BASELINES, CLAIMS, LIVING_STATES, Formats, Upgrade

_UPDATE: Final = update(CLAIMS).where(CLAIMS.c.id == bindparam("claim"))
_INSERT: Final = insert(CLAIMS)


class SqlLedger(LedgerReader):
    """The contract of `panjaya_watchd.ledger.base.Ledger` in a SQLite file, held by one daemon at a time."""

    def __init__(
        self,
        url: str,
        *,
        owner: str | None = None,
        codec: Codec | None = None,
        current: int = schema.FORMAT,
        upgrades: Mapping[int, Upgrade] = UPGRADES,
    ) -> None:
        """
        Open a ledger, or make it where the file is missing in an existing directory.

        An older one is kept beside it as it was (`backup.keep_before_lift`) before it is lifted. ``restored`` is when
        it was copied, where it is a backup that a daemon opens for the first time.

        Args:
            url: ``sqlite:////absolute/path``.
            owner: a name for this daemon, kept with the claims it puts.
            codec: reads and writes documents.
            current: the schema to write.
            upgrades: the steps from older schemas.

        Raises:
            LedgerError: held by another daemon, damaged, foreign, newer, or not to be read or written.

        """
        path = sqlite_file.path_of(url)
        formats = Formats(codec=codec or Codec(), current=current, upgrades=upgrades)
        with ExitStack() as stack, troubles(str(path)):
            sqlite_file.exists(path)  # its refusals come before a lock file is made
            stack.callback(Lock(path).release)
            if sqlite_file.exists(path):
                with ExitStack() as looking:
                    examine(looking, path, formats)
            else:
                sqlite_file.make(path, lambda connection: schema.create(connection, formats))
            connection = stack.enter_context(sqlite_file.connected(path, "mode=rw"))
            sqlite_file.make_durable(connection)
            with connection.begin():
                found = schema.format_of(connection, formats, str(path))
            if found < formats.current:
                keep_before_lift(connection, path, found, formats)
            with connection.begin():
                schema.lift(connection, formats, found)
                notes.sign(connection, str(path))
                self.restored = _take_up(connection, formats, str(path))
            super().__init__(str(path), formats.codec, connection, stack.pop_all())
        self._owner = owner

    def put(self, claim: Claim) -> None:
        """
        Insert or replace a claim. Durable when it returns.

        Raises:
            LedgerError: it could not be written, or another claim has the same asset; nothing was changed.

        """
        row = schema.row_of(claim, self._codec, self._owner)
        with self._transaction() as connection:
            try:
                if connection.execute(_UPDATE, {"claim": claim.id, **row}).rowcount == 0:
                    connection.execute(_INSERT, row)
            except IntegrityError as error:
                raise same_asset(claim) from error

    def put_baseline(self, baseline: Baseline) -> None:
        """Insert or replace what is known of a watch folder. Durable when it returns; raises `LedgerError`."""
        row = schema.baseline_row(baseline, self._codec)
        with self._transaction() as connection:
            changed = update(BASELINES).where(BASELINES.c.folder == baseline.folder).values(row)
            if connection.execute(changed).rowcount == 0:
                connection.execute(insert(BASELINES).values(row))


def read_only(url: str) -> LedgerReader:
    """
    Open a ledger to read it, without a daemon; creates nothing and writes nothing.

    While a daemon runs, its database is shared in SQLite's own way; otherwise the file is examined as on a start.

    Raises:
        LedgerError: missing, damaged, foreign, newer, or not to be read.

    """
    path = sqlite_file.path_of(url)
    formats = Formats(codec=Codec(), upgrades=UPGRADES)
    with ExitStack() as stack, troubles(str(path)):
        if not sqlite_file.exists(path):
            raise LedgerError(f"There is no ledger {path} yet.", hint="It is made when the daemon starts.")
        if held(path):
            connection = stack.enter_context(sqlite_file.connected(path, "mode=ro"))
            with notes.naming_release(connection, str(path)), connection.begin():
                schema.format_of(connection, formats, str(path))
        else:
            connection = examine(stack, path, formats)
        return LedgerReader(str(path), formats.codec, connection, stack.pop_all())


def _take_up(connection: Connection, formats: Formats, where: str) -> datetime | None:
    """Have every claim of a backup stand as it must where reality has gone on; give when that was copied."""
    backed_up = notes.backed_up(connection, where)
    if backed_up is None:
        return None
    rows = connection.execute(select(CLAIMS.c.document, CLAIMS.c.owner).where(CLAIMS.c.state.in_(LIVING_STATES))).all()
    for document, owner in rows:
        claim = formats.codec.decode(document, where=f"A claim in the ledger {where}")
        row = schema.row_of(restored(claim, backed_up), formats.codec, owner)
        connection.execute(_UPDATE, {"claim": claim.id, **row})
    notes.forget_backup(connection)
    return backed_up
