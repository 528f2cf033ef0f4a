"""
Auditing a ledger: everything that can be checked of it, all findings at once, and not one byte is written.

More than a start checks: every document is read, also of what is closed; the columns say what the documents say; what
one claim says of another is true; and each claim has what its state promises.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Table, select

from panjaya_watchd.core.claim import Claim, State
from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger import notes, schema, sqlite_file
from panjaya_watchd.ledger.codec import DAMAGED, Codec
from panjaya_watchd.ledger.lifting import UPGRADES
from panjaya_watchd.ledger.lock import held
from panjaya_watchd.ledger.reader import troubles
from panjaya_watchd.ledger.schema import BASELINES, CLAIMS, LEDGER, Formats

_ODD: Final = "This is a fault of panjaya-watchd: report it with this line; until then nothing needs to be done."
_UNSEALED: Final = frozenset({"document", "seal"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, and what to do about it."""

    what: str
    todo: str


@dataclass(slots=True, kw_only=True)
class Audit:
    """What a ledger is, and what is wrong with it. ``living`` are the claims under way, as far as they can be read."""

    path: Path
    running: bool
    format: int | None = None
    documents: int | None = None
    release: str | None = None
    backup_of: datetime | None = None
    claims: int = 0
    folders: int = 0
    living: list[Claim] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def audit(path: Path) -> Audit:
    """Check a ledger or a backup of one; whatever is wrong with it is a finding. An older one is lifted in a copy."""
    found = Audit(path=path, running=False)
    try:
        with troubles(str(path)), ExitStack() as stack:
            if sqlite_file.exists(path):
                found.running = held(path)
                _audit(stack, found)
            else:
                missing = Finding(what=f"There is no ledger {path}.", todo="The daemon makes one when it starts.")
                found.findings.append(missing)
    except LedgerError as error:
        found.findings.append(Finding(what=error.message, todo=error.hint))
    return found


def _audit(stack: ExitStack, found: Audit) -> None:
    path, where = found.path, str(found.path)
    formats = Formats(codec=Codec(), upgrades=UPGRADES)
    connection = stack.enter_context(
        sqlite_file.connected(path, "mode=ro") if found.running else sqlite_file.looking(path, copied=False)
    )
    with connection.begin():
        sqlite_file.check(connection, path)
        with notes.naming_release(connection, where):
            found.format = schema.format_of(connection, formats, where)
            found.documents = connection.execute(select(LEDGER.c.documents)).scalar_one()
            found.release = notes.release(connection, where)
            found.backup_of = notes.backed_up(connection, where)
        if found.format == formats.current:
            _audit_rows(connection, found, formats.codec)
            return
    connection = stack.enter_context(sqlite_file.looking(path, copied=True))
    with connection.begin():
        schema.lift(connection, formats, found.format)
        _audit_rows(connection, found, formats.codec)


def _audit_rows(connection: Connection, found: Audit, codec: Codec) -> None:
    where = f"in the ledger {found.path}"
    there, named = set[ClaimId](), list[tuple[ClaimId, str, ClaimId]]()
    for row in _rows(connection, CLAIMS):
        found.claims += 1
        there.add(row["id"])
        name = f"Claim {row['id']} {where}"
        try:
            claim = _claim_of(row, name, codec)
        except LedgerError as error:
            found.findings.append(Finding(what=error.message, todo=error.hint))
            continue
        found.findings += (Finding(what=f"{name} {odd}.", todo=_ODD) for odd in _oddities(claim))
        named += ((claim.id, word, other) for word, other in _named(claim))
        if claim.state is not State.CLOSED:
            found.living.append(claim)
    found.findings += (
        Finding(what=f"Claim {claim_id} {where} {word} claim {other}, which is not there.", todo=DAMAGED)
        for claim_id, word, other in named
        if other not in there
    )
    for row in _rows(connection, BASELINES):
        found.folders += 1
        name = f"Watch folder {row['folder']} {where}"
        try:
            _must_fit(row, name)
            codec.decode_baseline(row["document"], where=name)
        except LedgerError as error:
            found.findings.append(Finding(what=error.message, todo=error.hint))


def _rows(connection: Connection, table: Table) -> Iterator[dict[str, Any]]:
    for row in connection.execute(select(table).execution_options(yield_per=1000)).mappings():
        yield dict(row)


def _must_fit(row: dict[str, Any], name: str) -> None:
    if row["seal"] != schema.seal({column: value for column, value in row.items() if column != "seal"}):
        raise LedgerError(f"{name} is damaged: its seal does not fit.", hint=DAMAGED)


def _claim_of(row: dict[str, Any], name: str, codec: Codec) -> Claim:
    """Give the claim of a row, whose columns say the same; its document may have been written by an older release."""
    _must_fit(row, name)
    claim = codec.decode(row["document"], where=name)
    expected = schema.row_of(claim, codec, row["owner"])
    wrong = [column for column in row if column not in _UNSEALED and row[column] != expected[column]]
    if wrong:
        raise LedgerError(f"{name} is searched for by what it is not: {', '.join(wrong)}.", hint=_ODD)
    return claim


def _named(claim: Claim) -> Iterator[tuple[str, ClaimId]]:
    if claim.awaits is not None:
        yield "waits for", claim.awaits
    if claim.builds_on is not None:
        yield "builds on", claim.builds_on.claim_id
    if claim.adds_to is not None:
        yield "adds to", claim.adds_to


def _oddities(claim: Claim) -> Iterator[str]:
    """Say what a claim lacks that its state promises, above all where money may have moved."""
    state, attempt, reserved = claim.state, claim.attempt, claim.reserved
    spends = state in {State.UPLOADING, State.RELEASING}
    if state is State.CLOSED and (claim.closed_at is None or claim.outcome is None):
        yield "is closed, and does not say when or how"
    if state is not State.CLOSED and claim.closed_at is not None:
        yield f"is {state}, and was closed"
    if state is State.FILING and claim.outcome is None:
        yield "is filed away, and does not say how it ended"
    if state is State.HELD and claim.held_for is None:
        yield "is held, and does not say why"
    if state is State.DUBBING and (claim.asset_id is None or claim.order is None):
        yield "is followed, and does not say which asset or order"
    if spends and (attempt is None or claim.order is None):
        yield f"is {state}, and does not say what was tried"
    if state is State.RELEASING and not (claim.maybe_billed and attempt is not None and attempt.gate_at is not None):
        yield "may have been paid for, and does not say so"
    if spends and claim.to_buy and reserved is None:
        yield f"is {state}, and has reserved nothing"
    if reserved is not None and reserved.millis is not None and reserved.millis < 0:
        yield f"has reserved {reserved.millis} ms"
