"""
A ledger in memory: the counterpart of `SqlLedger` for tests and simulations.

Keeps documents, not claims, so that whatever works here also survives the codec. What `put` returned for is there
after `reopen`, as after a crash; nothing outlives this program.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from panjaya_watchd.core.baseline import Baseline
from panjaya_watchd.core.budget import Spent
from panjaya_watchd.core.claim import Claim, Reservation, State
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.base import same_asset
from panjaya_watchd.ledger.codec import Codec
from panjaya_watchd.ledger.search import by_size, is_named, likeness_key


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    document: str
    living: bool
    asset_id: AssetId | None
    folder: FolderName
    likeness: str | None
    reserved: Reservation | None


class MemoryLedger:
    """The contract of `panjaya_watchd.ledger.base.Ledger`, without a disk."""

    def __init__(self) -> None:
        self._codec = Codec()
        self._entries: dict[ClaimId, _Entry] = {}
        self._owners: dict[AssetId, ClaimId] = {}
        self._baselines: dict[FolderName, str] = {}
        self._open = True

    def put(self, claim: Claim) -> None:
        """Insert or replace a claim. Raises `LedgerError` when another claim has the same asset."""
        self._must_be_open()
        document = self._codec.encode(claim)
        asset_id = None if claim.builds_on else claim.asset_id
        if asset_id is not None and self._owners.get(asset_id, claim.id) != claim.id:
            raise same_asset(claim)
        before = self._entries.get(claim.id)
        if before is not None and before.asset_id is not None:
            del self._owners[before.asset_id]
        if asset_id is not None:
            self._owners[asset_id] = claim.id
        self._entries[claim.id] = _Entry(
            document=document,
            living=claim.state is not State.CLOSED,
            asset_id=asset_id,
            folder=claim.folder,
            likeness=likeness_key(claim),
            reserved=claim.reserved,
        )

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

    def alike(self, likeness: str, size: int) -> tuple[Claim, ...]:
        """Give the claims whose video has this likeness, or at least this size where it was never taken."""
        self._must_be_open()
        wanted = {likeness, by_size(size)}
        entries = [(key, entry) for key, entry in self._entries.items() if entry.likeness in wanted]
        claims = [self._decode(key, entry) for key, entry in entries]
        return tuple(sorted(claims, key=lambda claim: (claim.taken_at, claim.id), reverse=True))

    def spent(self, since: datetime) -> Mapping[FolderName, Spent]:
        """Sum up, for each folder, what was reserved or settled at ``since`` or later."""
        self._must_be_open()
        spent: dict[FolderName, Spent] = {}
        for entry in self._entries.values():
            if entry.reserved is not None and entry.reserved.at >= since:
                one = Spent(millis=entry.reserved.millis or 0, drops=1)
                spent[entry.folder] = spent.get(entry.folder, Spent()) + one
        return spent

    def put_baseline(self, baseline: Baseline) -> None:
        """Insert or replace what is known of a watch folder."""
        self._must_be_open()
        self._baselines[baseline.folder] = self._codec.encode_baseline(baseline)

    def baseline(self, folder: FolderName) -> Baseline | None:
        """Give what is known of a watch folder."""
        self._must_be_open()
        document = self._baselines.get(folder)
        where = f"Watch folder {folder} in memory"
        return None if document is None else self._codec.decode_baseline(document, where=where)

    def baselines(self) -> tuple[Baseline, ...]:
        """Give what is known of every watch folder."""
        self._must_be_open()
        known = (self.baseline(folder) for folder in sorted(self._baselines))
        return tuple(baseline for baseline in known if baseline is not None)

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
