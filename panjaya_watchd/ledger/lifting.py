"""
Lifting: the steps from an older schema of the ledger to the next one.

Each step states its own two schemas in full and uses nothing of today's tables, so that it stays true when they go on.
It runs inside the transaction of all steps, and must work on both databases.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from panjaya_watchd.core.baseline import Baseline
from panjaya_watchd.core.claim import Claim, HeldFor, Reservation, State
from panjaya_watchd.core.names import FolderName
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.codec import DAMAGED, Codec
from panjaya_watchd.ledger.schema import Upgrade, instant, seal
from panjaya_watchd.ledger.search import likeness_key

_SCHEMA_1: Final = "id state folder stem digest asset_id owner taken_at closed_at document".split()
_SCHEMA_2: Final = (
    *("id", "state", "folder", "stem", "digest", "asset_id", "likeness", "reserved_at", "reserved_millis"),
    *("owner", "taken_at", "closed_at", "document"),
)
_TO_SCHEMA_2: Final = (
    "ALTER TABLE claims ADD COLUMN likeness TEXT",
    "ALTER TABLE claims ADD COLUMN reserved_at TEXT",
    "ALTER TABLE claims ADD COLUMN reserved_millis BIGINT",
    "CREATE INDEX ix_claims_likeness ON claims (likeness)",
    "CREATE INDEX ix_claims_spent ON claims (reserved_at, folder, reserved_millis)",
    "CREATE TABLE baselines (folder TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL, seal TEXT NOT NULL)",
)


_LIFTED: Final = (
    "UPDATE claims SET likeness = :likeness, reserved_at = :reserved_at, reserved_millis = :reserved_millis,"
    " document = :document, seal = :seal WHERE id = :id"
)


def _add_money(connection: Connection) -> None:
    """
    Lift schema 1: columns for budgets and twins, and the baselines.

    A folder that has claims was looked at before, so nothing in it counts as lying there before the first start.
    """
    for statement in _TO_SCHEMA_2:
        connection.exec_driver_sql(statement)
    codec, first = Codec(), dict[str, str]()
    found = connection.execute(text(f"SELECT {', '.join(_SCHEMA_1)}, seal FROM claims ORDER BY taken_at")).all()  # noqa: S608  (literals)
    for values in found:
        row: dict[str, Any] = dict(zip((*_SCHEMA_1, "seal"), values, strict=True))
        where = f"Claim {row['id']} in a ledger of schema 1"
        if row.pop("seal") != seal(row):
            raise LedgerError(f"{where} is damaged: its seal does not fit.", hint=DAMAGED)
        claim = _completed(codec.decode(row["document"], where=where))
        reserved = claim.reserved
        row |= {
            "likeness": likeness_key(claim),
            "reserved_at": instant(reserved.at) if reserved else None,
            "reserved_millis": reserved.millis if reserved else None,
        }
        row = {name: row[name] for name in _SCHEMA_2} | {"document": codec.encode(claim)}
        connection.execute(text(_LIFTED), {**row, "seal": seal(row)})
        first.setdefault(row["folder"], row["taken_at"])
    for folder, taken_at in first.items():
        known = Baseline(folder=FolderName(folder), root="", first_seen=datetime.fromisoformat(taken_at), told=True)
        row = {"folder": folder, "document": codec.encode_baseline(known)}
        new = "INSERT INTO baselines (folder, document, seal) VALUES (:folder, :document, :seal)"
        connection.execute(text(new), {**row, "seal": seal(row)})


def _completed(claim: Claim) -> Claim:
    """Give a claim of schema 1 the facts that were not written down then."""
    sent = claim.attempt is not None and claim.attempt.gate_at is not None
    spending = claim.state not in {State.CLAIMED, State.CLOSED} and claim.order is not None
    gate_at = claim.attempt.gate_at if claim.attempt else None
    held_for = None if claim.state is not State.HELD else HeldFor.LOST if claim.asset_id else HeldFor.DOUBT
    return replace(
        claim,
        inside=claim.state not in {State.CLAIMED, State.CLOSED},
        maybe_billed=sent and claim.asset_id is None,
        held_for=held_for,
        reserved=Reservation(at=gate_at or claim.taken_at, millis=claim.estimated_millis) if spending else None,
    )


UPGRADES: Final[Mapping[int, Upgrade]] = {1: _add_money}
"""From a schema to the next one."""
