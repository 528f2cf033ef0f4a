"""
The rows of a claim up to the moment that the API has accepted the video: the only ones that touch money.

``claimed``: our word is durable; the parts may still lie in the watch folder.
``uploading``: an attempt is under way; nothing can be billed, because the API never has the whole video.
``releasing``: the intent to spend is durable; the API may or may not have the video.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from panjaya_watchd.core import effects, events, pace, words
from panjaya_watchd.core.answers import Fault
from panjaya_watchd.core.claim import Claim, OnDoubt, State
from panjaya_watchd.core.following import adopt
from panjaya_watchd.core.step import Row, Rows, Step, again, begin_upload, file_away, hold

# claimed: our word is durable; the parts may still lie in the watch folder


def _take_in(claim: Claim, event: events.Resumed, now: datetime) -> Step:
    return Step(replace(claim, rules=event.rules), (effects.TakeIn(),))


def _taken_in(claim: Claim, event: events.TakenIn, now: datetime) -> Step:
    calm = replace(claim, troubles=0)
    return file_away(calm, claim.outcome) if claim.outcome else begin_upload(calm)


def _unclaim(claim: Claim, event: events.Unsettled, now: datetime) -> Step:
    return Step(replace(claim, state=State.CLOSED, outcome=words.changed(event.why), closed_at=now))


def _take_in_again(claim: Claim, event: events.Stuck, now: datetime) -> Step:
    return again(claim, now, lambda at: effects.TakeIn(at=at))


# uploading: an attempt is under way; nothing can be billed, because the API never has the whole video


def _upload_anew(claim: Claim, event: events.Resumed, now: datetime) -> Step:
    return begin_upload(replace(claim, rules=event.rules))


def _release(claim: Claim, event: events.AtGate, now: datetime) -> Step:
    assert claim.attempt is not None, "an upload has an attempt"
    attempt = replace(claim.attempt, mark=event.mark, gate_at=now)
    releasing = replace(claim, state=State.RELEASING, attempt=attempt, digest=event.digest, size=event.size)
    return Step(releasing, (effects.OpenGate(),))


def _before_gate(claim: Claim, event: events.Faulted, now: datetime) -> Step:
    fault = event.fault
    if fault.money_may_have_moved:
        # Not by our doing: the gate is shut. The API has named an asset that is another claim's.
        return hold(claim, f"{fault.words} Whether this video was billed is not known.")
    if not (fault.repeat_helps or fault.account):
        return file_away(claim, words.upload_refused(fault))
    tries = claim.attempt.number if claim.attempt else 1
    return begin_upload(claim, now + _pause(fault, tries, claim))


def _source_lost(claim: Claim, event: events.Unsettled, now: datetime) -> Step:
    return file_away(claim, words.vanished(event.why) if event.gone else words.changed(event.why))


def _upload_later(claim: Claim, event: events.Stuck, now: datetime) -> Step:
    tries = claim.attempt.number if claim.attempt else 1
    return begin_upload(claim, now + pace.backoff(tries, claim.id))


# releasing: the intent to spend is durable; the API may or may not have the video


def _accept(claim: Claim, event: events.Accepted, now: datetime) -> Step:
    return adopt(claim, event.asset, now)


def _found(claim: Claim, event: events.Found, now: datetime) -> Step:
    return adopt(claim, event.asset, now)


def _after_gate(claim: Claim, event: events.Faulted, now: datetime) -> Step:
    fault = event.fault
    if fault.money_may_have_moved:
        return _look_up(_doubt(claim, now), now)
    return _before_gate(claim, event, now)


def _doubt_anew(claim: Claim, event: events.Resumed, now: datetime) -> Step:
    """Open a whole new window: the API may still be swallowing what we sent just before we died."""
    return Step(_doubt(replace(claim, rules=event.rules), now), (effects.LookUp(),))


def _doubt(claim: Claim, now: datetime) -> Claim:
    assert claim.attempt is not None, "an upload has an attempt"
    return replace(claim, attempt=replace(claim.attempt, doubt_since=now, absences=0))


def _look_up(claim: Claim, now: datetime) -> Step:
    return Step(claim, (effects.LookUp(at=now + pace.look_up(claim.rules)),))


def _several(claim: Claim, event: events.Several, now: datetime) -> Step:
    counted = replace(_count_absence(claim, now), candidates=event.asset_ids)
    if not _window_over(counted, now):
        return _look_up(counted, now)
    listed = ", ".join(event.asset_ids)
    return hold(counted, f"Panjaya may have this video already, as one of: {listed}. Nothing proves which one it is.")


def _absent(claim: Claim, event: events.Absent, now: datetime) -> Step:
    counted = _count_absence(claim, now)
    if not _window_over(counted, now):
        return _look_up(counted, now)
    if claim.rules.on_doubt is OnDoubt.RETRY:
        return begin_upload(counted)
    return hold(counted, "The video was sent, but no answer came and Panjaya does not list it. Sending again may cost.")


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
    return Step(claim, (effects.LookUp(at=now + pause),))


def _pause(fault: Fault, tries: int, claim: Claim) -> timedelta:
    pause = pace.ACCOUNT_PAUSE if fault.account else pace.backoff(tries, claim.id)
    return max(pause, fault.not_before or timedelta(0))


SPENDING: Final[Rows] = {
    (State.CLAIMED, events.Resumed): Row((State.CLAIMED,), "TakeIn", _take_in),
    (State.CLAIMED, events.TakenIn): Row(
        (State.UPLOADING, State.FILING), "count the attempt, Upload; refused from the beginning: PutAway", _taken_in
    ),
    (State.CLAIMED, events.Unsettled): Row((State.CLOSED,), "the parts are back and settle afresh", _unclaim),
    (State.CLAIMED, events.Stuck): Row((State.CLAIMED,), "TakeIn after a pause", _take_in_again),
    (State.UPLOADING, events.Resumed): Row((State.UPLOADING,), "count the attempt, Upload", _upload_anew),
    (State.UPLOADING, events.AtGate): Row((State.RELEASING,), "note mark and digest, OpenGate", _release),
    (State.UPLOADING, events.Accepted): Row(
        (State.DUBBING,), "an answer before the end: note the asset, Poll", _accept
    ),
    (State.UPLOADING, events.Found): Row((State.DUBBING,), "an earlier attempt arrived: note the asset, Poll", _found),
    (State.UPLOADING, events.Faulted): Row(
        (State.UPLOADING, State.FILING, State.HELD),
        "repeat helps: count, Upload after a pause. Refused: PutAway. Money may have moved: ask a person",
        _before_gate,
    ),
    (State.UPLOADING, events.Unsettled): Row((State.FILING,), "PutAway: back, or failed if it is gone", _source_lost),
    (State.UPLOADING, events.Stuck): Row((State.UPLOADING,), "count the attempt, Upload after a pause", _upload_later),
    (State.RELEASING, events.Resumed): Row((State.RELEASING,), "open a window of doubt, LookUp", _doubt_anew),
    (State.RELEASING, events.Accepted): Row((State.DUBBING,), "note the asset, Poll", _accept),
    (State.RELEASING, events.Faulted): Row(
        (State.RELEASING, State.UPLOADING, State.FILING),
        "money may have moved: open a window of doubt, LookUp. Else as before the gate",
        _after_gate,
    ),
    (State.RELEASING, events.Found): Row((State.DUBBING,), "note the asset, Poll", _found),
    (State.RELEASING, events.Several): Row(
        (State.RELEASING, State.HELD), "LookUp; window over: ask a person", _several
    ),
    (State.RELEASING, events.Absent): Row(
        (State.RELEASING, State.HELD, State.UPLOADING),
        "LookUp; window over: ask a person, or Upload where the folder says so",
        _absent,
    ),
    (State.RELEASING, events.Unanswered): Row((State.RELEASING,), "LookUp after a pause", _look_up_later),
}
"""Every pair of these states with an event that may happen."""
