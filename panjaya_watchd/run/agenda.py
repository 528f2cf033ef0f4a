"""
The agenda: which effects begin now, which wait for their time, and which are under way.

At most one effect of a kind (and locale) of a claim waits: a later one replaces it. A long effect is never begun beside
itself, so a claim has one upload at a time whatever asks for it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.claim import Claim, DubbingState, State
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.events import Event
from panjaya_watchd.core.names import ClaimId, Locale
from panjaya_watchd.run.account import Account
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.messages import Due

LONG: Final = (effects.TakeIn, effects.Upload, effects.Hash, effects.Fetch)

_LOST: Final = (events.Unsettled, events.Stuck)
_ENDS: Final[Mapping[type[Effect], tuple[type[Event], ...]]] = {
    effects.TakeIn: (events.TakenIn, *_LOST),
    effects.Upload: (events.Accepted, events.Faulted, events.Found, *_LOST),
    effects.Hash: (events.Hashed, *_LOST),
}
"""The events by which a long effect is over."""

_Key = tuple[ClaimId, type[Effect], Locale | None]


@dataclass(slots=True, kw_only=True)
class Agenda:
    """``begin`` hands an effect to the lanes. Touched by the driver's thread only."""

    begin: Callable[[Claim, Effect], None]
    inbox: Inbox
    clock: Clock
    account: Account
    _under_way: set[_Key] = field(default_factory=set)

    def hand(self, claim: Claim, effect: Effect, now: datetime) -> None:
        """
        Begin an effect, or keep it until its time has come. The driver admits by itself, at its next turn.

        ``now`` is the time by which the effect was asked for: a clock that is set meanwhile must not make a pause of
        seconds one of hours.
        """
        if isinstance(effect, effects.Admit):
            self.inbox.put(Due(claim_id=claim.id, state=claim.state, effect=effect))
        elif isinstance(effect, effects.OpenGate | effects.ShutGate):
            self._begin(claim, effect)
        elif (wait := self._wait(effect, effect.at, now)) > 0:
            self.keep(claim, replace(effect, at=None), wait)
        else:
            self._begin(claim, effect)

    def keep(self, claim: Claim, effect: Effect, seconds: float = 0.0) -> None:
        """Keep an effect for later, instead of one that waits already."""
        due = Due(claim_id=claim.id, state=claim.state, effect=effect)
        self.inbox.put_at(self.clock.monotonic() + seconds, _key(claim.id, effect), due)

    def try_account(self, claims: Iterable[Claim]) -> None:
        """While the account is refused, try every upload at once, whatever else it waited for; else change nothing."""
        if self.account.wait() <= 0:
            return
        self.account.open()
        for claim in claims:
            if claim.state is State.UPLOADING:
                self.keep(claim, effects.Upload())

    def note(self, claim_id: ClaimId, event: Event) -> None:
        """Note which long effect is over with an event."""
        if isinstance(event, events.Fetched | events.FetchFaulted):
            self._under_way.discard((claim_id, effects.Fetch, event.locale))
            return
        for kind, ends in _ENDS.items():
            if isinstance(event, ends):
                self._under_way.discard((claim_id, kind, None))

    def is_under_way(self, claim_id: ClaimId, kind: type[Effect]) -> bool:
        """Say whether a long effect of that kind is under way."""
        return any((who, what) == (claim_id, kind) for who, what, _ in self._under_way)

    def _begin(self, claim: Claim, effect: Effect) -> None:
        """Begin; never a long effect that is under way, nor a download that is over already."""
        if isinstance(effect, LONG):
            key = _key(claim.id, effect)
            if key in self._under_way or (isinstance(effect, effects.Fetch) and not _is_wanted(claim, effect)):
                return
            self._under_way.add(key)
        elif isinstance(effect, effects.ShutGate):
            self._under_way.discard((claim.id, effects.Upload, None))
        self.begin(claim, effect)

    def _wait(self, effect: Effect, at: datetime | None, now: datetime) -> float:
        """Give the seconds until an effect may begin. An account that refused us keeps all uploads back."""
        wait = 0.0 if at is None else (at - now).total_seconds()
        return max(wait, self.account.wait()) if isinstance(effect, effects.Upload) else wait


def _key(claim_id: ClaimId, effect: Effect) -> _Key:
    return claim_id, type(effect), effect.locale if isinstance(effect, effects.Fetch) else None


def _is_wanted(claim: Claim, fetch: effects.Fetch) -> bool:
    return any(dubbing.locale == fetch.locale and dubbing.state is DubbingState.FETCHING for dubbing in claim.dubbings)
