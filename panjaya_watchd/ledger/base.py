"""
The ledger, as a contract.

``put`` returned means that the claim survives power loss. One daemon at a time holds a ledger. A ledger that is
damaged, or written by a newer release, is refused and not one byte of it is changed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from panjaya_watchd.core.baseline import Baseline
from panjaya_watchd.core.budget import Spent
from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName
from panjaya_watchd.errors import LedgerError


class Ledger(Protocol):
    """Claims, living and closed. Only the driver's thread writes."""

    def put(self, claim: Claim) -> None:
        """
        Insert or replace a claim. Durable when it returns.

        Raises:
            LedgerError: it could not be written, or another claim has the same asset; nothing was changed.

        """

    def get(self, claim_id: ClaimId) -> Claim | None:
        """Give one claim, living or closed, exactly as it was put; None where there is none."""

    def living(self) -> tuple[Claim, ...]:
        """Give every claim that is not closed, oldest first."""

    def closed(self, *, limit: int = 100) -> tuple[Claim, ...]:
        """Give closed claims, newest first."""

    def find(self, name: str, folder: FolderName | None = None) -> Sequence[Claim]:
        """Give the claims whose id, stem or video name is ``name`` (compared in the form of `fold`), newest first."""

    def alike(self, likeness: str, size: int) -> tuple[Claim, ...]:
        """
        Give the claims, living and closed, whose video has this likeness, newest first.

        Where the likeness was never taken, as in the first release, equal size in bytes is likeness enough.
        """

    def spent(self, since: datetime) -> Mapping[FolderName, Spent]:
        """Sum up, for each folder, what was reserved or settled at ``since`` or later."""

    def put_baseline(self, baseline: Baseline) -> None:
        """Insert or replace what is known of a watch folder. Durable when it returns; raises `LedgerError`."""

    def baseline(self, folder: FolderName) -> Baseline | None:
        """Give what is known of a watch folder; None where the daemon has never looked at it."""

    def baselines(self) -> tuple[Baseline, ...]:
        """Give what is known of every watch folder that was ever looked at, by name."""

    def assets_taken(self) -> frozenset[AssetId]:
        """Give the ids of all assets that belong to a claim, living or closed."""

    def close(self) -> None:
        """Let go of the ledger, so that another daemon may hold it."""


def same_asset(claim: Claim) -> LedgerError:
    """Give the refusal of a second claim with one asset: two claims would be paid for and answered as one."""
    return LedgerError(
        f"Claim {claim.id} cannot have the asset {claim.asset_id}: it belongs to another claim.",
        hint="Look the asset up in Panjaya Studio, and tell each claim its own with `panjaya-watchd adopt`.",
    )
