"""Ownership: one asset is never two claims'. What the API names is held against all that other claims have."""

from collections.abc import Iterable
from dataclasses import dataclass

from panjaya_watchd.core.answers import Asset, Fault
from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.events import Accepted, Event, Faulted, Found
from panjaya_watchd.core.lookup import judge, judge_languages
from panjaya_watchd.core.names import AssetId
from panjaya_watchd.ledger.base import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Asked by the driver's thread only."""

    ledger: Ledger

    def taken(self, claim: Claim) -> frozenset[AssetId]:
        """Give the assets of all other claims; that of an earlier claim it builds on is its own as well."""
        own = {claim.asset_id, claim.builds_on.asset_id if claim.builds_on else None}
        return self.ledger.assets_taken() - own

    def checked(self, claim: Claim, event: Accepted | Found) -> Event:
        """Turn an asset that belongs to another claim into a doubt."""
        asset_id, earlier = event.asset.asset_id, claim.builds_on
        if asset_id not in self.taken(claim) and (earlier is None or asset_id == earlier.asset_id):
            return event
        words = f"The API names asset {asset_id}, which belongs to another claim."
        return Faulted(fault=Fault(money_may_have_moved=True, repeat_helps=False, words=words))

    def judged(self, claim: Claim, assets: Iterable[Asset], living: Iterable[Claim]) -> Event:
        """Judge what a look-up has listed."""
        if claim.builds_on is not None:
            (asset,) = assets
            return judge_languages(claim, asset)
        others = [other for other in living if other.id != claim.id]
        return judge(claim, assets, self.taken(claim), others)
