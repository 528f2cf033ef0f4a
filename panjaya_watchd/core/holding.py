"""
The rows of a claim that waits for a person, and how one comes to be poison.

``held``: nothing happens by itself, but for what a witness or a budget brings (`spending`, `admitting`). What a person
may say depends on why the claim is held: *retry* goes on from where it stopped, *adopt* names the asset, *release*
permits what was waiting for permission and gives up what was in doubt, *give up* ends it.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from panjaya_watchd.core import effects, events, words
from panjaya_watchd.core.answers import Asset
from panjaya_watchd.core.claim import LIVING, UNSENT, Claim, HeldFor, State
from panjaya_watchd.core.events import Word
from panjaya_watchd.core.following import adopt, fetch_moved, go_on
from panjaya_watchd.core.spending import look_up_anew
from panjaya_watchd.core.step import Row, Rows, Step, begin_upload, file_away, free, hold


def _poison(claim: Claim, event: events.Poisoned, now: datetime) -> Step:
    return hold(claim, event.why, HeldFor.POISON, paused=claim.state)


def _stay_held(claim: Claim, event: events.Resumed, now: datetime) -> Step:
    """Leave it as it is, also its rules: there may be thousands, and a person's word brings new ones."""
    return Step(claim)


def _keep_held(claim: Claim, event: events.Fetched | events.FetchFaulted, now: datetime) -> Step:
    """Note how a download ended that was still under way; what more there is to do waits for a person, too."""
    return Step(fetch_moved(claim, event, now).claim)


def _told(claim: Claim, event: events.Told, now: datetime) -> Step:
    claim = replace(claim, rules=event.rules or claim.rules)
    if event.word is Word.ADOPT and event.asset_id is not None:
        return adopt(claim, Asset(asset_id=event.asset_id), now)
    if event.word is Word.RETRY or (event.word is Word.RELEASE and claim.held_for in UNSENT):
        return _go_on(claim, event.word, now)
    outcome = claim.outcome or words.given_up(claim)
    return file_away(claim, outcome) if claim.inside else _take_in(replace(free(claim), outcome=outcome))


def _go_on(claim: Claim, word: Word, now: datetime) -> Step:
    """Go on from where it stopped. A permission holds for this reason only: a budget still holds what was released."""
    freed = free(claim)
    if claim.held_for is HeldFor.DOUBT:
        # A person was shown the doubt, so a witness that led nowhere is judged wrong: it would shut every later gate.
        freed = replace(freed, witnessed=None)
    if claim.held_for in UNSENT:
        may = claim.may_exceed or (word is Word.RELEASE and claim.held_for is HeldFor.BUDGET)
        return _take_in(replace(freed, may_exceed=may))
    if not claim.inside or claim.paused is State.CLAIMED:
        return _take_in(freed)  # through the door: nobody has asked yet whether it may be sent
    if claim.paused is State.FILING:
        return Step(replace(freed, state=State.FILING), (effects.PutAway(),))
    if claim.asset_id is not None:
        anew = tuple(replace(dubbing, refusals=0) for dubbing in freed.dubbings)
        return Step(replace(freed, state=State.DUBBING, accepted_at=now, dubbings=anew), go_on(freed))
    if claim.paused is State.RELEASING:
        return look_up_anew(freed, now)
    return begin_upload(freed)


def _take_in(claim: Claim) -> Step:
    return Step(replace(claim, state=State.CLAIMED), (effects.TakeIn(),))


def _end_following(claim: Claim, event: events.Told, now: datetime) -> Step:
    """Wait no longer for people: what they can edit is told of, with the link to the Studio."""
    return file_away(claim, claim.outcome or words.over(claim))


HOLDING: Final[Rows] = {
    **{
        (state, events.Poisoned): Row((State.HELD,), "note where it stopped, ask a person", _poison)
        for state in State
        if state in LIVING and state is not State.HELD
    },
    (State.HELD, events.Resumed): Row((State.HELD,), "wait for a person", _stay_held),
    (State.HELD, events.Fetched): Row((State.HELD,), "move the dubbing", _keep_held),
    (State.HELD, events.FetchFaulted): Row((State.HELD,), "move the dubbing", _keep_held),
    (State.DUBBING, events.Told): Row(
        (State.FILING,), "give up, where only people are waited for: PutAway", _end_following
    ),
    (State.HELD, events.Told): Row(
        (State.CLAIMED, State.UPLOADING, State.RELEASING, State.DUBBING, State.FILING),
        "retry: go on from where it stopped. adopt: Poll. release: TakeIn what was never sent, else PutAway. "
        "give up: PutAway",
        _told,
    ),
}
"""Every pair of these states with an event that may happen."""
