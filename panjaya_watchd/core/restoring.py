"""
What a claim becomes in a ledger that was restored from a backup: reality has gone on, and the ledger does not know how.

Whatever was not sent at the time of the backup may have been since, so it is never sent by itself again. Claims that
were made after the backup are unknown; their parts lie in ``processing/`` and are told as orphans.
"""

from dataclasses import replace
from datetime import datetime

from panjaya_watchd.core import words
from panjaya_watchd.core.claim import Claim, HeldFor, Reservation, State
from panjaya_watchd.core.step import free, hold


def restored(claim: Claim, backed_up: datetime) -> Claim:
    """
    Give a claim as it stands after its ledger was restored from a backup of that time.

    One whose parts lay in the watch folder then is let go: what still lies there was never sent, and is taken anew;
    what was taken in meanwhile is an orphan. Any other one that was to be sent, or could have been by a person's word,
    is in doubt, and goes on from where it stood with a person's word: through the door, unless it was through. One that
    may be billed already is looked up as after any crash, but is never sent again by itself, whatever the rules say.
    What is bought is followed again.
    """
    since = f"the ledger was restored from a backup of {backed_up:%Y-%m-%d %H:%M} UTC"
    stood = claim.paused if claim.state is State.HELD else claim.state
    if stood is State.RELEASING and claim.attempt is not None:
        return replace(claim, attempt=replace(claim.attempt, restored=True))
    unsent = claim.state in {State.CLAIMED, State.UPLOADING}
    asked = claim.state is State.HELD and claim.held_for is not HeldFor.DOUBT and claim.asset_id is None
    if claim.outcome is not None or not (unsent or asked):
        return claim
    if not claim.inside and claim.drop.parts and not claim.maybe_billed:
        outcome = words.let_go(f"{since}, and it was not taken in at that time")
        return replace(free(claim), state=State.CLOSED, outcome=outcome, awaits=None, closed_at=backed_up)
    reserved = claim.reserved or Reservation(at=backed_up, millis=claim.estimated_millis)
    doubtful = replace(free(claim), awaits=None, maybe_billed=True, reserved=reserved)
    why = f"{since}; whether it was sent since then is not known"
    return hold(doubtful, why, HeldFor.DOUBT, paused=stood if stood is State.UPLOADING else State.CLAIMED).claim
