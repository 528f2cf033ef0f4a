"""
The rows of a claim before anything of it is sent: taking its parts in, and asking whether it may be sent.

``claimed``: our word is durable; the parts may still lie in the watch folder. Here a twin is recognised, a budget is
reserved, a drop that lay there before the first start is held. ``held`` for such a reason: letting it go on is a
matter of permission only.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from panjaya_watchd.core import effects, events, words
from panjaya_watchd.core.claim import Claim, HeldFor, Reservation, State
from panjaya_watchd.core.following import go_on
from panjaya_watchd.core.step import Row, Rows, Step, again, begin_upload, file_away, free, hold


def _take_in(claim: Claim, event: events.Resumed, now: datetime) -> Step:
    return Step(replace(claim, rules=event.rules), (effects.TakeIn(),))


def _taken_in(claim: Claim, event: events.TakenIn, now: datetime) -> Step:
    drop = claim.drop.with_parts(event.copied)
    calm = replace(claim, drop=drop, troubles=0, inside=True)
    return file_away(calm, claim.outcome) if claim.outcome else Step(calm, (effects.Admit(),))


def _unclaim(claim: Claim, event: events.Unsettled, now: datetime) -> Step:
    if event.inside:
        return file_away(claim, words.vanished(claim, event.why) if event.gone else words.changed(event.why))
    revision = any(dubbing.revised for dubbing in claim.dubbings)
    outcome = words.not_revised(event.why) if revision else words.let_go(event.why)
    return Step(replace(free(claim), state=State.CLOSED, outcome=outcome, closed_at=now))


def _take_in_again(claim: Claim, event: events.Stuck, now: datetime) -> Step:
    return again(claim, now, lambda at: effects.TakeIn(at=at))


def _hashed(claim: Claim, event: events.Hashed, now: datetime) -> Step:
    return Step(replace(claim, digest=event.digest, background_digest=event.background), (effects.Admit(),))


def _await(claim: Claim, event: events.Awaited, now: datetime) -> Step:
    return Step(replace(claim, awaits=event.of))


def _admit(claim: Claim, event: events.Admitted, now: datetime) -> Step:
    """Reserve, and send; the reservation is durable before the first byte leaves."""
    return begin_upload(replace(claim, awaits=None, reserved=Reservation(at=now, millis=event.millis)))


def _build_on(claim: Claim, event: events.Recognised, now: datetime) -> Step:
    """Take over what an earlier claim has; buy only what is missing."""
    known = replace(claim, awaits=None, builds_on=event.earlier, dubbings=event.dubbings)
    if known.to_buy:
        return begin_upload(replace(known, reserved=Reservation(at=now, millis=event.millis)))
    dubbing = replace(known, state=State.DUBBING, asset_id=event.earlier.asset_id, accepted_at=now)
    return Step(dubbing, go_on(dubbing))


def _hold_for_budget(claim: Claim, event: events.OverBudget, now: datetime) -> Step:
    why = f"the budget has no room for it: {event.why}"
    return hold(replace(claim, awaits=None), why, HeldFor.BUDGET)


def _decline(claim: Claim, event: events.Declined, now: datetime) -> Step:
    return file_away(replace(claim, awaits=None), event.outcome)


def _reconsider(claim: Claim, event: events.Reconsidered, now: datetime) -> Step:
    return Step(replace(free(claim), state=State.CLAIMED), (effects.Admit(),))


ADMITTING: Final[Rows] = {
    (State.CLAIMED, events.Resumed): Row((State.CLAIMED,), "TakeIn", _take_in),
    (State.CLAIMED, events.TakenIn): Row(
        (State.CLAIMED, State.FILING), "Admit; refused from the beginning: PutAway", _taken_in
    ),
    (State.CLAIMED, events.Unsettled): Row(
        (State.CLOSED, State.FILING), "the parts are back and settle afresh; still inside: PutAway", _unclaim
    ),
    (State.CLAIMED, events.Stuck): Row((State.CLAIMED,), "TakeIn after a pause", _take_in_again),
    (State.CLAIMED, events.Hashed): Row((State.CLAIMED,), "note the digest, Admit", _hashed),
    (State.CLAIMED, events.Awaited): Row((State.CLAIMED,), "note which claim it waits for", _await),
    (State.CLAIMED, events.Admitted): Row((State.UPLOADING,), "reserve, count the attempt, Upload", _admit),
    (State.CLAIMED, events.Recognised): Row(
        (State.UPLOADING, State.DUBBING),
        "take over what is had: Fetch; locales are missing: reserve, count the attempt, Upload",
        _build_on,
    ),
    (State.CLAIMED, events.OverBudget): Row((State.HELD,), "wait for time or for a person", _hold_for_budget),
    (State.CLAIMED, events.Declined): Row((State.FILING,), "PutAway", _decline),
    (State.HELD, events.Reconsidered): Row((State.CLAIMED,), "a budget may have room by now: Admit", _reconsider),
    (State.HELD, events.Unsettled): Row((State.CLOSED,), "it was not taken in yet, and has changed or gone", _unclaim),
}
"""Every pair of these states with an event that may happen."""
