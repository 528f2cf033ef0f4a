"""Permission: whether what an operator says to a claim can be followed, and in words why not."""

from collections.abc import Callable, Collection

from panjaya_watchd.core.claim import UNSENT, Claim, State
from panjaya_watchd.core.events import Told, Word
from panjaya_watchd.core.names import AssetId, ClaimId

UNCHANGED = "Nothing was changed."


def refusal(
    claim_id: ClaimId, claim: Claim | None, told: Told, *, busy: bool, taken: Callable[[Claim], Collection[AssetId]]
) -> str | None:
    """
    Say why a word cannot be followed; None where it can.

    Args:
        claim_id: as the operator wrote it.
        claim: the living claim of that id.
        told: what was said.
        busy: a result of the claim is being downloaded just now.
        taken: gives the assets that belong to other claims.

    """
    if claim is None or claim.state is not State.HELD:
        return f"Claim {claim_id} is not held. {UNCHANGED}"
    if busy:
        return f"A result of claim {claim_id} is being downloaded; ask again when it is here. {UNCHANGED}"
    if told.word is not Word.ADOPT or told.asset_id is None:
        return None
    if claim.held_for in UNSENT:
        return f"Claim {claim_id} was never sent, so it has no asset; use release. {UNCHANGED}"
    if claim.asset_id is not None:
        return f"Claim {claim_id} has asset {claim.asset_id} already; use retry. {UNCHANGED}"
    if told.asset_id in taken(claim):
        return f"Asset {told.asset_id} belongs to another claim. {UNCHANGED}"
    if claim.builds_on is not None and told.asset_id != claim.builds_on.asset_id:
        return f"Claim {claim_id} adds languages to asset {claim.builds_on.asset_id} and can have no other. {UNCHANGED}"
    return None
