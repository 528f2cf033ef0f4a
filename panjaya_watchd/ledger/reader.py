"""
Reading a ledger through SQLAlchemy Core, from any thread.

A reader holds one connection and gives it to one thread at a time: the driver works on the ledger while the control
socket answers questions. What the database or the disk raises becomes a `LedgerError` here. Nothing is written.
"""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, Select, func, literal_column, or_, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from panjaya_watchd.core.baseline import Baseline
from panjaya_watchd.core.budget import Spent
from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName
from panjaya_watchd.errors import LedgerError, LedgerUnavailable
from panjaya_watchd.ledger.codec import DAMAGED, Codec
from panjaya_watchd.ledger.schema import BASELINES, CLAIMS, LIVING_STATES, instant
from panjaya_watchd.ledger.search import by_size, is_named, keys

_HINTS: Final[Mapping[str, str]] = {
    "SQLITE_FULL": "Free some space on that disk, then start again: nothing is sent without the ledger.",
    "SQLITE_READONLY": "Give the service's user the right to write there, on a disk that is mounted for writing.",
    "SQLITE_CANTOPEN": "Give the service's user the right to read and write there.",
    "SQLITE_BUSY": "Close the other program that has this database open, then start again.",
    "SQLITE_IOERR": "Look for disk errors in the system's journal, then start again.",
}
"""What may be otherwise at the next start, by SQLite's primary result code; everything else means damage."""

_DOCUMENT: Final = select(CLAIMS.c.id, CLAIMS.c.document)
_LIVING: Final = _DOCUMENT.where(CLAIMS.c.state.in_(LIVING_STATES)).order_by(CLAIMS.c.taken_at, CLAIMS.c.id)
# By `closed_at`, which only closed claims have: by `state` every closed row is read and sorted, 660 ms for 100,000
# claims instead of 11 ms.
_CLOSED: Final = _DOCUMENT.where(CLAIMS.c.closed_at.is_not(None)).order_by(
    CLAIMS.c.closed_at.desc(), CLAIMS.c.id.desc()
)
_NEWEST: Final = _DOCUMENT.order_by(CLAIMS.c.taken_at.desc(), CLAIMS.c.id.desc())
# Grouped by an expression: for the bare column SQLite walks the index of folders and reads every row, 190 ms for
# 100,000 claims, instead of searching the index of what was spent, 2 ms for a day's 3,456.
_FOLDER: Final[ColumnElement[str]] = literal_column("folder || ''")
_SPENT: Final = select(_FOLDER, func.sum(CLAIMS.c.reserved_millis), func.count()).group_by(_FOLDER)
_ASSETS: Final = select(CLAIMS.c.asset_id).where(CLAIMS.c.asset_id.is_not(None))


class LedgerReader:
    """What can be read from a ledger, from any thread; the reads of `panjaya_watchd.ledger.base.Ledger`."""

    def __init__(self, where: str, codec: Codec, connection: Connection, stack: ExitStack) -> None:
        """
        Take over a connection that is in no transaction.

        Args:
            where: the ledger's name in errors.
            codec: reads the documents.
            connection: to a ledger of the current schema, already examined.
            stack: what has to be let go of in `close`.

        """
        self._where = where
        self._codec = codec
        self._connection: Connection | None = connection
        self._stack = stack
        self._turn = threading.Lock()

    def get(self, claim_id: ClaimId) -> Claim | None:
        """Give one claim, or None."""
        return next(iter(self._claims(_DOCUMENT.where(CLAIMS.c.id == _utf8(claim_id)))), None)

    def living(self) -> tuple[Claim, ...]:
        """Give every claim that is not closed, oldest first."""
        return self._claims(_LIVING)

    def closed(self, *, limit: int = 100) -> tuple[Claim, ...]:
        """Give closed claims, newest first."""
        return self._claims(_CLOSED.limit(limit))

    def find(self, name: str, folder: FolderName | None = None) -> Sequence[Claim]:
        """Give the claims that a person may mean by ``name``, newest first."""
        wanted = _NEWEST.where(or_(CLAIMS.c.id == _utf8(name), CLAIMS.c.stem.in_(keys(name))))
        if folder is not None:
            wanted = wanted.where(CLAIMS.c.folder == _utf8(folder))
        return tuple(claim for claim in self._claims(wanted) if is_named(claim, name))

    def alike(self, likeness: str, size: int) -> tuple[Claim, ...]:
        """Give the claims whose video has this likeness, or at least this size where it was never taken."""
        return self._claims(_NEWEST.where(CLAIMS.c.likeness.in_((likeness, by_size(size)))))

    def spent(self, since: datetime) -> Mapping[FolderName, Spent]:
        """Sum up, for each folder, what was reserved or settled at ``since`` or later."""
        with self._transaction() as connection:
            rows = connection.execute(_SPENT.where(CLAIMS.c.reserved_at >= instant(since))).all()
        return {FolderName(folder): Spent(millis=int(millis or 0), drops=drops) for folder, millis, drops in rows}

    def baseline(self, folder: FolderName) -> Baseline | None:
        """Give what is known of a watch folder."""
        with self._transaction() as connection:
            document = connection.execute(
                select(BASELINES.c.document).where(BASELINES.c.folder == folder)
            ).scalar_one_or_none()
        where = f"Watch folder {folder} in the ledger {self._where}"
        return None if document is None else self._codec.decode_baseline(document, where=where)

    def baselines(self) -> tuple[Baseline, ...]:
        """Give what is known of every watch folder."""
        with self._transaction() as connection:
            rows = connection.execute(
                select(BASELINES.c.folder, BASELINES.c.document).order_by(BASELINES.c.folder)
            ).all()
        where = f"in the ledger {self._where}"
        return tuple(
            self._codec.decode_baseline(document, where=f"Watch folder {name} {where}") for name, document in rows
        )

    def assets_taken(self) -> frozenset[AssetId]:
        """Give the ids of all assets that belong to a claim, living or closed."""
        with self._transaction() as connection:
            return frozenset(AssetId(asset) for asset in connection.execute(_ASSETS).scalars())

    def close(self) -> None:
        """Let go of the ledger; a second call does nothing."""
        with self._turn:
            self._connection = None
            self._stack.close()

    def _claims(self, wanted: Select[str, str]) -> tuple[Claim, ...]:
        with self._transaction() as connection:
            rows = connection.execute(wanted).all()
        where = f"in the ledger {self._where}"
        return tuple(self._codec.decode(row.document, where=f"Claim {row.id} {where}") for row in rows)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Give the connection to one thread at a time, inside a transaction."""
        with self._turn, troubles(self._where):
            if self._connection is None:
                raise LedgerError(
                    f"The ledger {self._where} is closed.", hint="This is a fault of panjaya-watchd: report it."
                )
            with self._connection.begin():
                yield self._connection


@contextmanager
def troubles(where: str) -> Iterator[None]:
    """Turn what the database or the disk raises into `LedgerError`."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause = getattr(error, "orig", error)
        name = str(getattr(cause, "sqlite_errorname", ""))
        hint = next((hint for code, hint in _HINTS.items() if name.startswith(code)), None)
        kind = LedgerError if hint is None else LedgerUnavailable
        raise kind(f"The ledger {where} cannot be used: {cause}.", hint=hint or DAMAGED) from error
    except SQLAlchemyError as error:
        raise LedgerError(f"The ledger {where} cannot be used: {error}.", hint=DAMAGED) from error
    except UnicodeError as error:
        raise LedgerError(
            f"The ledger {where} cannot hold an id or a name with undecodable bytes: {error}.",
            hint="This is a fault of panjaya-watchd: report it.",
        ) from error
    except OSError as error:
        raise LedgerUnavailable(
            f"The ledger {where} cannot be used: {error.strerror}.",
            hint="Give the service's user the right to read and write there, on a disk with free space.",
        ) from error


def _utf8(name: str) -> str:
    """Make a name of any bytes fit for a query; one that had to be changed is nobody's id."""
    return name.encode("utf-8", "replace").decode()
