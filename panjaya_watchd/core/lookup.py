"""
Looking up after doubt: which listed asset is the one that our upload made.

The API has no idempotency key and no client reference, and its web page makes assets in the same list. So an asset is
adopted on proof only: it bears the claim's id (in the name of the uploaded file, or in any other field that the API
shows), or a signed callback on the claim's own URL has named it and nothing speaks against it. Likeness, the same
locales and the same length, is no proof where other people use the account, for a stranger's video may be just as long.
Where nobody else does, which only the operator can know (``exclusive``), the one asset that is like ours and can be no
other claim's is ours. One that merely could be ours is a reason to wait and then to ask a person. No clock of ours is
compared with the API's.
"""

import re
from collections.abc import Collection, Iterable
from typing import Final

from panjaya_watchd.core.answers import Asset
from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.events import Absent, Found, Several
from panjaya_watchd.core.names import AssetId, ClaimId

_WORD: Final = re.compile(r"[0-9A-Za-z]+")

FRAME: Final = 0.05
"""Seconds; one frame at 24 per second is 0.042, and containers round their durations."""


def judge(
    claim: Claim, assets: Iterable[Asset], taken: Collection[AssetId], others: Collection[Claim]
) -> Found | Several | Absent:
    """
    Judge a complete list of assets for a claim in doubt.

    Args:
        claim: has an order, and an attempt with its mark.
        assets: everything the API lists.
        taken: asset ids that belong to other claims.
        others: all other living claims. An asset that bears the id of one of them is that one's, and one in doubt
            may have an asset which it does not know of.

    """
    assets, ids = tuple(assets), {other.id for other in others}
    witnessed = next((asset for asset in assets if asset.asset_id == claim.witnessed), None)
    if witnessed is not None and witnessed.asset_id not in taken and _may_be_ours(claim, witnessed):
        return Found(asset=witnessed)
    mark = claim.attempt.mark if claim.attempt else None
    new = [asset for asset in assets if asset.asset_id not in (mark or ()) and asset.asset_id not in taken]
    named = [asset for asset in new if bears(asset, {claim.id})]
    if named:
        return Found(asset=named[0]) if len(named) == 1 else Several(asset_ids=tuple(asset.asset_id for asset in named))
    possible = [asset for asset in new if _may_be_ours(claim, asset) and not bears(asset, ids)]
    if not possible:
        return Absent()
    rivals = [other for other in others if other.doubtful]
    rivalled = any(_may_be_ours(rival, asset) for rival in rivals for asset in possible)
    alone = claim.rules.exclusive and mark is not None and not rivalled
    if len(possible) == 1 and alone and _is_like_ours(claim, possible[0]):
        return Found(asset=possible[0])
    return Several(asset_ids=tuple(asset.asset_id for asset in possible))


def judge_languages(claim: Claim, asset: Asset) -> Found | Absent:
    """Judge the asset that was to get more languages: it is proof if one is there that it lacked at the gate."""
    there = {dubbing.locale for dubbing in asset.dubbings}
    missed = claim.attempt.missing if claim.attempt and claim.attempt.missing else claim.to_buy
    return Found(asset=asset) if there & set(missed) else Absent()


def bears(asset: Asset, claim_ids: Collection[ClaimId]) -> bool:
    """Say whether an asset shows one of these ids anywhere: we put it into the file name and into the callback URL."""
    shown = _WORD.findall(f"{asset.file_name or ''} {asset.raw}")
    return any(word in claim_ids for word in shown)


def _may_be_ours(claim: Claim, asset: Asset) -> bool:
    if claim.builds_on is not None:
        return False  # it makes no asset
    locales = {dubbing.locale for dubbing in asset.dubbings}
    if claim.order and locales and not locales <= set(claim.order.locales):
        return False
    return _length_fits(claim, asset) is not False


def _is_like_ours(claim: Claim, asset: Asset) -> bool:
    if asset.file_name is not None:
        return False  # the list shows names and this one is not ours, or the name is not derived from the file's
    locales = {dubbing.locale for dubbing in asset.dubbings}
    if claim.order is None or locales != set(claim.order.locales):
        return False
    # Of a video on the web the length is not known, so in an account of our own the languages have to be enough.
    return _length_fits(claim, asset) is True or claim.order.media_url is not None


def _length_fits(claim: Claim, asset: Asset) -> bool | None:
    """Compare with the whole and with the trimmed length, as the API does not say which it shows; None: not known."""
    if asset.duration is None or claim.duration is None or claim.order is None:
        return None
    lengths = (claim.duration, claim.order.seconds(claim.duration))
    return any(abs(asset.duration - length) <= FRAME for length in lengths)
