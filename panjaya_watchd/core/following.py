"""
The rows of a claim that has its asset: following, fetching, filing.

``dubbing``: the receipt is durable. ``filing``: the outcome is decided, the results are on disk.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from panjaya_watchd.core import dubbing as dubbings
from panjaya_watchd.core import effects, events, pace, words
from panjaya_watchd.core.answers import FAILED, READY_TO_EDIT, Asset, AssetDubbing
from panjaya_watchd.core.claim import Claim, Dubbing, DubbingState, HeldFor, Reservation, State
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.locales import recognise
from panjaya_watchd.core.names import DubbingId, Locale
from panjaya_watchd.core.step import Row, Rows, Step, again, free, hold

UNKNOWN_GRACE: Final = timedelta(hours=1)
"""How long the API may say "not found" of an asset that it has just made; its answers lag."""

UNKNOWN_POLLS: Final = 5
"""How often in a row it must say so besides: one odd answer among many is no reason to give up what is paid for."""

USUALLY_AT_MOST: Final = timedelta(hours=3)
USUAL_SHARE: Final = 20
"""A dubbing that takes longer than this, and than so many times its video, is told of once and never given up (R54)."""

FETCH_REFUSALS: Final = 60
"""How often the host of a result may refuse each of its fresh links, in about nine hours, before a person is asked."""

MISSING_GRACE: Final = timedelta(hours=1)
"""How long an accepted asset may lack a locale that was ordered, after which it may count as never begun."""


def adopt(claim: Claim, asset: Asset, now: datetime) -> Step:
    """
    Take an asset for ours and follow it. The receipt is durable with the claim that this gives.

    What was reserved is settled. What an earlier claim has of the asset is fetched at once.
    """
    entries = {entry.locale: entry for entry in asset.dubbings}
    ordered = claim.order.locales if claim.order else ()
    had = {dubbing.locale: dubbing for dubbing in claim.dubbings}
    accepted = replace(
        free(claim),
        state=State.DUBBING,
        asset_id=asset.asset_id,
        accepted_at=now,
        asset_raw=asset.raw,
        dubbings=tuple(
            had.get(tag) or Dubbing(locale=tag, dubbing_id=_dubbing_id(entries.get(tag))) for tag in ordered
        ),
        reserved=_settled(claim, asset),
        candidates=(),
        troubles=0,
    )
    fetches = [effect for effect in go_on(accepted) if isinstance(effect, effects.Fetch)]
    return Step(accepted, (*fetches, effects.Poll(at=now + pace.poll(accepted, now))))


def _settled(claim: Claim, asset: Asset) -> Reservation | None:
    """Give what is settled: what was reserved, or by the API's length where the probe could not tell one."""
    if claim.reserved is None or claim.order is None:
        return claim.reserved
    millis = claim.reserved.millis
    if millis is None and asset.duration is not None:
        millis = round(claim.order.seconds(asset.duration) * 1000) * len(claim.to_buy)
    return replace(claim.reserved, millis=millis)


def _dubbing_id(entry: AssetDubbing | None) -> DubbingId | None:
    return entry.dubbing_id if entry else None


def _follow(claim: Claim, event: events.Resumed, now: datetime) -> Step:
    return Step(replace(claim, rules=event.rules), go_on(claim))


def go_on(claim: Claim) -> tuple[Effect, ...]:
    """Ask for everything that the dubbings are waiting for."""
    waiting = any(dubbing.state is DubbingState.WAITING for dubbing in claim.dubbings)
    fetches = [
        effects.Fetch(locale=dubbing.locale) for dubbing in claim.dubbings if dubbing.state is DubbingState.FETCHING
    ]
    return (*([effects.Poll()] if waiting else []), *fetches)


def _polled(claim: Claim, event: events.Polled, now: datetime) -> Step:
    asset = event.asset
    assert claim.accepted_at is not None, "an asset is followed once it is accepted"
    outcome = words.asset_failed(asset.error_code, asset.error_message) if asset.status == FAILED else None
    entries = {recognise(entry.locale) or entry.locale: entry for entry in asset.dubbings}
    never_begun = _never_begun(claim, entries, now)
    moved, asked = [], []
    for dubbing in claim.dubbings:
        lost = outcome.why if outcome else never_begun.get(dubbing.locale)
        after, fetch = dubbings.advance(dubbing, dubbings.Seen(entry=entries.get(dubbing.locale), lost=lost), now)
        moved.append(after)
        asked += [fetch] if fetch else []
    polled = replace(claim, asset_raw=asset.raw, dubbings=tuple(moved), reserved=_settled(claim, asset), troubles=0)
    polled = replace(polled, overdue=polled.overdue or _is_overdue(polled, now))
    if outcome and all(dubbing.state is DubbingState.FAILED for dubbing in moved):
        polled = replace(polled, outcome=outcome)
    return Step(polled, (*asked, *_poll_on(polled, now)))


def _is_overdue(claim: Claim, now: datetime) -> bool:
    """Say whether a dubbing takes unusually long; one that a person edits in the Studio takes as long as it likes."""
    if claim.accepted_at is None or claim.order is None:
        return False
    usual = max(USUALLY_AT_MOST, timedelta(seconds=USUAL_SHARE * claim.order.seconds(claim.duration or 0.0)))
    pending = any(each.state is DubbingState.WAITING and each.seen != READY_TO_EDIT for each in claim.dubbings)
    return pending and now - claim.accepted_at > usual


def _never_begun(claim: Claim, entries: Mapping[Locale, AssetDubbing], now: datetime) -> dict[Locale, str]:
    """Name the locales that the API has silently left out: an hour has passed, and all others have come to an end."""
    missing = [dubbing.locale for dubbing in claim.dubbings if dubbing.locale not in entries]
    others = [dubbing for dubbing in claim.dubbings if dubbing.locale in entries]
    ended = others and all(dubbing.state in {DubbingState.FETCHED, DubbingState.FAILED} for dubbing in others)
    if claim.accepted_at is None or not ended or now - claim.accepted_at <= MISSING_GRACE:
        return {}
    return dict.fromkeys(missing, "Panjaya did not begin this language, although it was ordered.")


def _poll_on(claim: Claim, now: datetime) -> tuple[Effect, ...]:
    if claim.order is None or claim.accepted_at is None:
        return ()
    if not any(dubbing.state is DubbingState.WAITING for dubbing in claim.dubbings):
        return ()
    return (effects.Poll(at=now + pace.poll(claim, now)),)


def _poll_later(claim: Claim, event: events.Unanswered, now: datetime) -> Step:
    assert claim.accepted_at is not None, "an asset is followed once it is accepted"
    unknown = not (event.fault.repeat_helps or event.fault.account)
    troubled = replace(claim, troubles=claim.troubles + 1 if unknown else 0)
    if troubled.troubles >= UNKNOWN_POLLS and now - claim.accepted_at > UNKNOWN_GRACE:
        return hold(claim, f"Panjaya no longer knows asset {claim.asset_id}: {event.fault.words}", HeldFor.LOST)
    pause = pace.poll(claim, now)
    return Step(troubled, (effects.Poll(at=now + max(pause, event.fault.not_before or timedelta(0))),))


def fetch_moved(claim: Claim, event: events.Fetched | events.FetchFaulted, now: datetime) -> Step:
    """Note how a download ended, and go on with what follows from it."""
    moved, asked = [], []
    for dubbing in claim.dubbings:
        after, fetch = dubbings.advance(dubbing, event, now) if dubbing.locale == event.locale else (dubbing, None)
        moved.append(after)
        asked += [fetch] if fetch else []
    fetched = replace(claim, dubbings=tuple(moved))
    open_ones = [dubbing for dubbing in moved if dubbing.state not in {DubbingState.FETCHED, DubbingState.FAILED}]
    if open_ones and all(dubbing.refusals >= FETCH_REFUSALS for dubbing in open_ones):
        names = words.languages([dubbing.locale for dubbing in open_ones])
        return hold(fetched, f"Panjaya refuses the video in {names}: {open_ones[0].error}", HeldFor.LOST)
    back = isinstance(event, events.FetchFaulted) and not asked
    return Step(fetched, (*asked, *(_poll_on(fetched, now) if back else ())))


def _put_away(claim: Claim, event: events.Resumed, now: datetime) -> Step:
    return Step(replace(claim, rules=event.rules), (effects.PutAway(),))


def _put_away_again(claim: Claim, event: events.Stuck, now: datetime) -> Step:
    return again(claim, now, lambda at: effects.PutAway(at=at))


def _close(claim: Claim, event: events.Filed, now: datetime) -> Step:
    return Step(replace(claim, state=State.CLOSED, filed_as=event.where, closed_at=now))


FOLLOWING: Final[Rows] = {
    (State.DUBBING, events.Resumed): Row((State.DUBBING,), "Poll if one waits, Fetch each that is fetching", _follow),
    (State.DUBBING, events.Polled): Row((State.DUBBING,), "move each dubbing, Fetch, Poll while one waits", _polled),
    (State.DUBBING, events.Unanswered): Row(
        (State.DUBBING, State.HELD), "Poll after a pause; unknown for an hour: ask a person", _poll_later
    ),
    (State.DUBBING, events.Fetched): Row((State.DUBBING,), "move the dubbing", fetch_moved),
    (State.DUBBING, events.FetchFaulted): Row(
        (State.DUBBING, State.HELD), "Fetch after a pause, or Poll; refused for hours: ask a person", fetch_moved
    ),
    (State.FILING, events.Resumed): Row((State.FILING,), "PutAway", _put_away),
    (State.FILING, events.Filed): Row((State.CLOSED,), "it is over", _close),
    (State.FILING, events.Stuck): Row((State.FILING,), "PutAway after a pause", _put_away_again),
}
"""Every pair of these states with an event that may happen."""
