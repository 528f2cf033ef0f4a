"""
A ledger in memory: the twin of `SqlLedger` for tests and simulations.

Keeps documents, not claims, so that whatever works here also survives the codec. What `put` returned for is there
after `reopen`, as after a crash; nothing outlives this program.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from panjaya_watchd.core.claim import Claim, State
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.codec import Codec
from panjaya_watchd.ledger.search import is_named


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    document: str
    living: bool
    asset_id: AssetId | None


class MemoryLedger:
    """The contract of `panjaya_watchd.ledger.base.Ledger`, without a disk."""

    def __init__(self) -> None:
        self._codec = Codec()
        self._entries: dict[ClaimId, _Entry] = {}
        self._owners: dict[AssetId, ClaimId] = {}
        self._open = True

    def put(self, claim: Claim) -> None:
        """Insert or replace a claim. Raises `LedgerError` when another claim has the same asset."""
        self._must_be_open()
        document = self._codec.encode(claim)
        if claim.asset_id is not None and self._owners.get(claim.asset_id, claim.id) != claim.id:
            raise same_asset(claim)
        before = self._entries.get(claim.id)
        if before is not None and before.asset_id is not None:
            del self._owners[before.asset_id]
        if claim.asset_id is not None:
            self._owners[claim.asset_id] = claim.id
        living = claim.state is not State.CLOSED
        self._entries[claim.id] = _Entry(document=document, living=living, asset_id=claim.asset_id)

    def get(self, claim_id: ClaimId) -> Claim | None:
        """Give one claim, or None."""
        self._must_be_open()
        entry = self._entries.get(claim_id)
        return None if entry is None else self._decode(claim_id, entry)

    def living(self) -> tuple[Claim, ...]:
        """Give every claim that is not closed, oldest first."""
        return tuple(sorted(self._claims(living=True), key=lambda claim: (claim.taken_at, claim.id)))

    def closed(self, *, limit: int = 100) -> tuple[Claim, ...]:
        """Give closed claims, newest first."""
        claims = self._claims(living=False)
        claims.sort(key=lambda claim: (claim.closed_at or claim.taken_at, claim.id), reverse=True)
        return tuple(claims[:limit])

    def find(self, name: str, folder: FolderName | None = None) -> Sequence[Claim]:
        """Give the claims that a person may mean by ``name``, newest first."""
        claims = [
            claim
            for claim in self._claims(living=True) + self._claims(living=False)
            if is_named(claim, name) and folder in {None, claim.folder}
        ]
        return sorted(claims, key=lambda claim: (claim.taken_at, claim.id), reverse=True)

    def assets_taken(self) -> frozenset[AssetId]:
        """Give the ids of all assets that belong to a claim."""
        self._must_be_open()
        return frozenset(self._owners)

    def close(self) -> None:
        """Refuse everything until `reopen`; a second call does nothing."""
        self._open = False

    def reopen(self) -> "MemoryLedger":
        """Open again after `close`, or after a simulated crash, with every claim that was put."""
        self._open = True
        return self

    def _claims(self, *, living: bool) -> list[Claim]:
        self._must_be_open()
        return [self._decode(key, entry) for key, entry in self._entries.items() if entry.living is living]

    def _decode(self, claim_id: ClaimId, entry: _Entry) -> Claim:
        return self._codec.decode(entry.document, where=f"Claim {claim_id} in memory")

    def _must_be_open(self) -> None:
        if not self._open:
            raise LedgerError("The ledger in memory is closed.", hint="This is a fault of panjaya-watchd: report it.")


def same_asset(claim: Claim) -> LedgerError:
    """Give the refusal of a second claim with one asset: two claims would be paid for and answered as one."""
    return LedgerError(
        f"Claim {claim.id} cannot have the asset {claim.asset_id}: it belongs to another claim.",
        hint="Look the asset up in Panjaya Studio, and tell each claim its own with `panjaya-watchd adopt`.",
    )
