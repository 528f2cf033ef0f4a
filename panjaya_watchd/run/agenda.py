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
from panjaya_watchd.core.pace import ACCOUNT_PAUSE
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

Later = effects.TakeIn | effects.Hash | effects.Upload | effects.LookUp | effects.Poll | effects.Fetch | effects.PutAway

_Key = tuple[ClaimId, type[Effect], Locale | None]


@dataclass(slots=True, kw_only=True)
class Agenda:
    """``begin`` hands an effect to the lanes. Touched by the driver's thread only."""

    begin: Callable[[Claim, Effect], None]
    inbox: Inbox
    clock: Clock
    account: Account
    _under_way: dict[_Key, float] = field(default_factory=dict)
    """Since when, in monotonic seconds."""
    _own_due: dict[ClaimId, float] = field(default_factory=dict)
    """When an upload may begin as far as only its own claim is concerned, in monotonic seconds."""

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
        elif (wait := self._wait(claim, effect, now)) > 0:
            self.keep(claim, replace(effect, at=None), wait)
        else:
            self._begin(claim, effect)

    def keep(self, claim: Claim, effect: Effect, seconds: float = 0.0) -> None:
        """Keep an effect for later, instead of one that waits already."""
        due = Due(claim_id=claim.id, state=claim.state, effect=effect)
        self.inbox.put_at(self.clock.monotonic() + seconds, _key(claim.id, effect), due)

    def try_account(self, claims: Iterable[Claim]) -> None:
        """Try at once what waits for a refused account; what waits for other reasons, too, waits for those."""
        self.account.renew()
        if self.account.wait() <= 0:
            return
        self.account.open()
        now = self.clock.monotonic()
        for claim in claims:
            if claim.state is State.UPLOADING:
                self.keep(claim, effects.Upload(), max(0.0, self._own_due.get(claim.id, now) - now))

    def is_outdated(self, claim_id: ClaimId, event: Event) -> bool:
        """Say whether an event is the refusal of an account to an upload that had begun before that was mended."""
        refused = isinstance(event, events.Faulted) and event.fault.account
        began = self._under_way.get((claim_id, effects.Upload, None))
        return refused and began is not None and began < self.account.renewed

    def note(self, claim_id: ClaimId, event: Event) -> None:
        """Note which long effect is over with an event."""
        if isinstance(event, events.Fetched | events.FetchFaulted):
            self._under_way.pop((claim_id, effects.Fetch, event.locale), None)
            return
        for kind, ends in _ENDS.items():
            if isinstance(event, ends):
                self._under_way.pop((claim_id, kind, None), None)

    def is_under_way(self, claim_id: ClaimId, kind: type[Effect]) -> bool:
        """Say whether a long effect of that kind is under way."""
        return any((who, what) == (claim_id, kind) for who, what, _ in self._under_way)

    def _begin(self, claim: Claim, effect: Effect) -> None:
        """Begin; never a long effect that is under way, nor a download that is over already."""
        if isinstance(effect, LONG):
            key = _key(claim.id, effect)
            if key in self._under_way or (isinstance(effect, effects.Fetch) and not _is_wanted(claim, effect)):
                return
            self._under_way[key] = self.clock.monotonic()
        elif isinstance(effect, effects.ShutGate):
            self._under_way.pop((claim.id, effects.Upload, None), None)
        if isinstance(effect, effects.Upload):
            self._own_due.pop(claim.id, None)
        self.begin(claim, effect)

    def _wait(self, claim: Claim, effect: Later, now: datetime) -> float:
        """Give the seconds until an effect may begin. An account that refused us keeps all uploads back."""
        wait = 0.0 if effect.at is None else (effect.at - now).total_seconds()
        if not isinstance(effect, effects.Upload):
            return wait
        by_account = wait == ACCOUNT_PAUSE.total_seconds()  # a pause that `step` made for the account's sake alone
        self._own_due[claim.id] = self.clock.monotonic() + (0.0 if by_account else wait)
        return max(wait, self.account.wait())


def _key(claim_id: ClaimId, effect: Effect) -> _Key:
    return claim_id, type(effect), effect.locale if isinstance(effect, effects.Fetch) else None


def _is_wanted(claim: Claim, fetch: effects.Fetch) -> bool:
    return any(dubbing.locale == fetch.locale and dubbing.state is DubbingState.FETCHING for dubbing in claim.dubbings)
