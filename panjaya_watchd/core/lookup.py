"""
Looking up after doubt: which listed asset is the one that our upload made.

The API has no idempotency key and no client reference, and its web page makes assets in the same list. So an asset is
adopted only on proof: our upload's own file name, or the right locales *and* the right length to the frame, newer than
the mark, and nobody else's, also not perhaps that of another claim in doubt. One that merely could be ours is a reason
to wait and then to ask a person.
"""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Final

from panjaya_watchd.core.answers import Asset
from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.events import Absent, Found, Several
from panjaya_watchd.core.names import AssetId

FRAME: Final = 0.05
"""Seconds; one frame at 24 per second is 0.042, and containers round their durations."""

CLOCK_SKEW: Final = timedelta(minutes=15)
"""How far the API's clock may run behind ours."""


def judge(
    claim: Claim, assets: Iterable[Asset], taken: Collection[AssetId], rivals: Iterable[Claim]
) -> Found | Several | Absent:
    """
    Judge a complete list of assets for a claim in doubt.

    Args:
        claim: has an order, and an attempt with its mark.
        assets: everything the API lists.
        taken: asset ids that belong to other claims.
        rivals: other claims that may have an asset which they do not know of.

    """
    mark = claim.attempt.mark if claim.attempt and claim.attempt.mark is not None else frozenset[AssetId]()
    new = [asset for asset in assets if asset.asset_id not in mark and asset.asset_id not in taken]
    named = [asset for asset in new if asset.file_name is not None and claim.id in asset.file_name]
    if named:
        return Found(asset=named[0]) if len(named) == 1 else Several(asset_ids=tuple(asset.asset_id for asset in named))
    possible = [asset for asset in new if _may_be_ours(claim, asset)]
    if not possible:
        return Absent()
    rivalled = any(_may_be_ours(rival, asset) for rival in rivals for asset in possible)
    if len(possible) == 1 and _is_proven(claim, possible[0]) and not rivalled:
        return Found(asset=possible[0])
    return Several(asset_ids=tuple(asset.asset_id for asset in possible))


def _may_be_ours(claim: Claim, asset: Asset) -> bool:
    gate_at = claim.attempt.gate_at if claim.attempt else None
    if gate_at and asset.created_at is not None and asset.created_at < gate_at - CLOCK_SKEW:
        return False
    locales = {dubbing.locale for dubbing in asset.dubbings}
    if claim.order and locales and not locales <= set(claim.order.locales):
        return False
    return _length_fits(claim, asset) is not False


def _is_proven(claim: Claim, asset: Asset) -> bool:
    if asset.file_name is not None:
        return False  # the list shows names and this one is not ours, or the name is not derived from the file's
    locales = {dubbing.locale for dubbing in asset.dubbings}
    return claim.order is not None and locales == set(claim.order.locales) and _length_fits(claim, asset) is True


def _length_fits(claim: Claim, asset: Asset) -> bool | None:
    """Compare with the whole and with the trimmed length, as the API does not say which it shows; None: not known."""
    if asset.duration is None or claim.duration is None or claim.order is None:
        return None
    lengths = (claim.duration, claim.order.seconds(claim.duration))
    return any(abs(asset.duration - length) <= FRAME for length in lengths)
