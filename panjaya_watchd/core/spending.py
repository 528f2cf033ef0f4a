"""
The rows of a claim from its first attempt until the API has accepted it: the only ones that touch money.

``uploading``: an attempt is under way; nothing can be billed, because the API never has the whole video.
``releasing``: the intent to spend is durable; the API may or may not have the video.

A callback on the claim's own URL is a witness: it names an asset that some attempt has made. From then on nothing is
sent for this claim any more, and the look-up proves the rest.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from panjaya_watchd.core import effects, events, pace, words
from panjaya_watchd.core.answers import Fault
from panjaya_watchd.core.claim import Attempt, Claim, HeldFor, OnDoubt, Reservation, State
from panjaya_watchd.core.following import adopt
from panjaya_watchd.core.step import Row, Rows, Step, begin_upload, file_away, hold

STRIKES: Final = 3
"""How often an upload may fail by what may be the drop's own fault."""


def _upload_anew(claim: Claim, event: events.Resumed, now: datetime) -> Step:
    return begin_upload(replace(claim, rules=event.rules))


def _unless_witnessed(does: Callable[[Claim, Any, datetime], Step]) -> Callable[[Claim, Any, datetime], Step]:
    """Do what a row does, unless some attempt is known to have made an asset: then nothing may be sent any more."""

    def row(claim: Claim, event: Any, now: datetime) -> Step:
        if claim.witnessed is None:
            return does(claim, event, now)
        known = replace(claim, rules=event.rules) if isinstance(event, events.Resumed) else claim
        attempt = replace(claim.attempt or Attempt(number=1), gate_at=now)
        doubtful = _doubt(replace(known, state=State.RELEASING, attempt=attempt, maybe_billed=True), now)
        shut = (effects.ShutGate(),) if isinstance(event, events.AtGate | events.OverBudget) else ()
        return Step(doubtful, (*shut, effects.LookUp()))

    return row


def _witness(claim: Claim, event: events.Witnessed, now: datetime) -> Step:
    """Note it; where we are in doubt, look up at once, also if a person was asked already."""
    witnessed = replace(claim, witnessed=event.asset_id, maybe_billed=True)
    if claim.state is State.HELD and claim.held_for is HeldFor.DOUBT:
        return look_up_anew(witnessed, now)
    in_doubt = claim.state is State.RELEASING and claim.attempt is not None and claim.attempt.doubt_since is not None
    return Step(witnessed, (effects.LookUp(),) if in_doubt else ())


def _release(claim: Claim, event: events.AtGate, now: datetime) -> Step:
    assert claim.attempt is not None, "an upload has an attempt"
    releasing = replace(
        claim,
        state=State.RELEASING,
        attempt=replace(claim.attempt, mark=event.mark, missing=event.missing, gate_at=now),
        digest=event.digest,
        size=event.size,
        background_digest=event.background or claim.background_digest,
        reserved=_dated(claim, event, now),
        maybe_billed=True,
    )
    return Step(releasing, (effects.OpenGate(),))


def _dated(claim: Claim, event: events.AtGate, now: datetime) -> Reservation | None:
    """Count it for the day on which it is spent, and of further languages only those that the asset lacks."""
    reserved = claim.reserved
    if reserved is None:
        return None
    if not event.missing or claim.estimated_millis is None:
        return replace(reserved, at=now)
    return replace(reserved, at=now, millis=claim.estimated_millis * len(event.missing) // len(claim.to_buy))


def _hold_at_gate(claim: Claim, event: events.OverBudget, now: datetime) -> Step:
    """Take it back: the day for which it was reserved is over, and this one has no room."""
    why = f"the budget has no room for it any more: {event.why}"
    held = hold(claim if claim.maybe_billed else replace(claim, reserved=None), why, HeldFor.BUDGET)
    return Step(held.claim, (effects.ShutGate(),))


def _before_gate(claim: Claim, event: events.Faulted, now: datetime) -> Step:
    fault = event.fault
    if fault.money_may_have_moved:
        # Not by our doing: the gate is shut. The API has named an asset that is another claim's.
        doubtful = replace(claim, maybe_billed=True)
        return hold(doubtful, f"{fault.words} Whether this video was billed is not known.", HeldFor.DOUBT)
    proven = _unsent(claim)
    if not (fault.repeat_helps or fault.account):
        return file_away(proven, words.upload_refused(proven, fault))
    struck = replace(proven, strikes=claim.strikes + fault.strikes)
    if struck.strikes >= STRIKES:
        why = f"it could not be sent {STRIKES} times, and the reason may be the drop itself: {fault.words}"
        return hold(struck, why, HeldFor.POISON, paused=State.UPLOADING)
    tries = claim.attempt.number if claim.attempt else 1
    return begin_upload(struck, now + _pause(fault, tries, claim))


def _unsent(claim: Claim) -> Claim:
    """Take back that this attempt may have been billed: nothing was made, that is proven. An earlier one still may."""
    assert claim.attempt is not None, "a fault is an attempt's"
    return replace(
        claim, maybe_billed=claim.attempt.after_doubt, attempt=replace(claim.attempt, gate_at=None, mark=None)
    )


def _source_lost(claim: Claim, event: events.Unsettled, now: datetime) -> Step:
    return file_away(claim, words.vanished(claim, event.why) if event.gone else words.changed(event.why))


def _upload_later(claim: Claim, event: events.Stuck, now: datetime) -> Step:
    tries = claim.attempt.number if claim.attempt else 1
    return begin_upload(claim, now + pace.backoff(tries, claim.id))


def _accept(claim: Claim, event: events.Accepted, now: datetime) -> Step:
    return adopt(claim, event.asset, now)


def _found(claim: Claim, event: events.Found, now: datetime) -> Step:
    """Take it; what somebody else had bought already is not charged to us."""
    bought = claim.builds_on is None or claim.maybe_billed
    return adopt(claim if bought else replace(claim, reserved=None), event.asset, now)


def _after_gate(claim: Claim, event: events.Faulted, now: datetime) -> Step:
    fault = event.fault
    if fault.money_may_have_moved:
        return _look_up(_doubt(claim, now), now)
    return _before_gate(claim, event, now)


def _doubt_anew(claim: Claim, event: events.Resumed, now: datetime) -> Step:
    return look_up_anew(replace(claim, rules=event.rules), now)


def look_up_anew(claim: Claim, now: datetime) -> Step:
    """Open a whole new window: the API may still be swallowing what we sent just before we died."""
    return Step(_doubt(replace(claim, state=State.RELEASING, held=None, held_for=None), now), (effects.LookUp(),))


def _doubt(claim: Claim, now: datetime) -> Claim:
    attempt = claim.attempt or Attempt(number=1)  # the one that a restored ledger does not know of
    return replace(claim, attempt=replace(attempt, doubt_since=now, absences=0))


def _look_up(claim: Claim, now: datetime) -> Step:
    return Step(claim, (effects.LookUp(at=now + pace.look_up(claim.rules)),))


def _several(claim: Claim, event: events.Several, now: datetime) -> Step:
    counted = replace(_count_absence(claim, now), candidates=event.asset_ids)
    if not _window_over(counted, now):
        return _look_up(counted, now)
    return _ask(counted, words.unproven(event.asset_ids))


def _absent(claim: Claim, event: events.Absent, now: datetime) -> Step:
    counted = _count_absence(claim, now)
    if not _window_over(counted, now):
        return _look_up(counted, now)
    restored = claim.attempt is not None and claim.attempt.restored
    if claim.rules.on_doubt is OnDoubt.RETRY and claim.witnessed is None and not restored:
        return begin_upload(counted)
    return _ask(counted, words.absent(counted))


def _ask(claim: Claim, why: str) -> Step:
    """Ask a person once a window is over; what had not come through the door before it goes there with their word."""
    return hold(claim, why, HeldFor.DOUBT, paused=claim.paused)


def _count_absence(claim: Claim, now: datetime) -> Claim:
    attempt = claim.attempt
    assert attempt is not None, "an upload has an attempt"
    since = min(attempt.doubt_since or now, now)  # a clock that was set back must not stretch the window by as much
    return replace(claim, attempt=replace(attempt, doubt_since=since, absences=attempt.absences + 1))


def _window_over(claim: Claim, now: datetime) -> bool:
    """Ask for the time and for the number of looks, so that neither a moved clock nor a hasty restart ends it early."""
    attempt = claim.attempt
    assert attempt is not None, "an upload has an attempt"
    waited = now - (attempt.doubt_since or now) >= claim.rules.doubt_window
    return waited and attempt.absences >= pace.LOOK_UPS_IN_WINDOW


def _look_up_later(claim: Claim, event: events.Unanswered, now: datetime) -> Step:
    pause = max(pace.look_up(claim.rules), event.fault.not_before or timedelta(0))
    if event.fault.repeat_helps or event.fault.account:
        return Step(claim, (effects.LookUp(at=now + pause),))
    counted = _count_absence(claim, now)  # what was to get more languages is not known any more
    if _window_over(counted, now):
        return _ask(counted, f"{words.absent(counted)} {event.fault.words}")
    return Step(counted, (effects.LookUp(at=now + pause),))


def _pause(fault: Fault, tries: int, claim: Claim) -> timedelta:
    pause = pace.ACCOUNT_PAUSE if fault.account else pace.backoff(tries, claim.id)
    return max(pause, fault.not_before or timedelta(0))


SPENDING: Final[Rows] = {
    (State.UPLOADING, events.Resumed): Row(
        (State.UPLOADING, State.RELEASING),
        "count the attempt, Upload; witnessed: open a window of doubt, LookUp",
        _unless_witnessed(_upload_anew),
    ),
    (State.UPLOADING, events.AtGate): Row(
        (State.RELEASING,),
        "note mark and digest, OpenGate; witnessed: ShutGate, LookUp",
        _unless_witnessed(_release),
    ),
    (State.UPLOADING, events.OverBudget): Row(
        (State.HELD, State.RELEASING),
        "its day is over, and this one has no room: ShutGate, wait for time or for a person; witnessed: LookUp",
        _unless_witnessed(_hold_at_gate),
    ),
    (State.UPLOADING, events.Accepted): Row(
        (State.DUBBING,), "an answer before the end: note the asset, Poll", _accept
    ),
    (State.UPLOADING, events.Found): Row((State.DUBBING,), "an earlier attempt arrived: note the asset, Poll", _found),
    (State.UPLOADING, events.Faulted): Row(
        (State.UPLOADING, State.RELEASING, State.FILING, State.HELD),
        "repeat helps: count, Upload after a pause; three strikes: ask a person. Refused: PutAway. "
        "Money may have moved: ask a person. Witnessed: LookUp",
        _unless_witnessed(_before_gate),
    ),
    (State.UPLOADING, events.Unsettled): Row(
        (State.FILING, State.RELEASING),
        "PutAway: back, or failed if it is gone; witnessed: LookUp",
        _unless_witnessed(_source_lost),
    ),
    (State.UPLOADING, events.Stuck): Row(
        (State.UPLOADING, State.RELEASING),
        "count the attempt, Upload after a pause; witnessed: LookUp",
        _unless_witnessed(_upload_later),
    ),
    (State.UPLOADING, events.Witnessed): Row((State.UPLOADING,), "note the asset", _witness),
    (State.RELEASING, events.Resumed): Row((State.RELEASING,), "open a window of doubt, LookUp", _doubt_anew),
    (State.RELEASING, events.Accepted): Row((State.DUBBING,), "note the asset, Poll", _accept),
    (State.RELEASING, events.Faulted): Row(
        (State.RELEASING, State.UPLOADING, State.FILING, State.HELD),
        "money may have moved: open a window of doubt, LookUp. Else as before the gate",
        _after_gate,
    ),
    (State.RELEASING, events.Witnessed): Row((State.RELEASING,), "note the asset; in doubt: LookUp", _witness),
    (State.RELEASING, events.Found): Row((State.DUBBING,), "note the asset, Poll", _found),
    (State.RELEASING, events.Several): Row(
        (State.RELEASING, State.HELD), "LookUp; window over: ask a person", _several
    ),
    (State.RELEASING, events.Absent): Row(
        (State.RELEASING, State.HELD, State.UPLOADING),
        "LookUp; window over: ask a person, or Upload where the folder says so",
        _absent,
    ),
    (State.RELEASING, events.Unanswered): Row(
        (State.RELEASING, State.HELD), "LookUp after a pause; refused for a whole window: ask a person", _look_up_later
    ),
    (State.HELD, events.Witnessed): Row(
        (State.RELEASING, State.HELD), "in doubt: open a window anew, LookUp; else note it", _witness
    ),
}
"""Every pair of these states with an event that may happen."""
