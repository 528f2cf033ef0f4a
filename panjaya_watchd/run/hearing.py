"""
Hearing: whether callbacks arrive, as far as that can be known, and which were heard already.

That they arrive is proven by one that came. Silence proves nothing, for a studio is quiet for hours. That they get lost
is proven where a poll finds an end of which none has told, not even some minutes later. The driver's thread only.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from panjaya_watchd.core import hints
from panjaya_watchd.core.claim import Claim, Dubbing
from panjaya_watchd.core.hints import Hint
from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.story import Log

LASTING: Final = 24 * 3600.0
"""Seconds for which a callback makes us expect the next ones. A mistake costs two hours once, and is found by then."""

LOSS: Final = 3600.0
"""Seconds for which a loss makes us ask at the usual pace again."""

LATE: Final = 300.0
"""Seconds that a callback may be behind what a poll has found."""

MOST: Final = 128
"""Callbacks remembered of a claim; there are six events, and as many versions as languages were ordered."""


@dataclass(frozen=True, slots=True)
class _Untold:
    """Ends of one claim that polls have found from a moment on, and of which no callback has told yet."""

    since: float
    dubbings: tuple[Dubbing, ...]


@dataclass(slots=True, kw_only=True)
class Hearing:
    """``url`` gives the address at which a claim of ours is called back; None where nobody listens."""

    clock: Clock
    log: Log
    url: Callable[[ClaimId], str | None]
    _heard_at: float | None = None
    _lost_at: float | None = None
    _heard: dict[ClaimId, set[Hint]] = field(default_factory=dict)
    _untold: OrderedDict[ClaimId, _Untold] = field(default_factory=OrderedDict)

    def arrived(self) -> None:
        """Note that a callback of ours came."""
        if not self._arrive():
            self.log.info("callbacks.arrive")
        self._heard_at = self.clock.monotonic()

    def hear(self, claim: Claim, hint: Hint) -> bool:
        """Hear what a callback tells of a claim that is followed. Says whether it is news, and worth a look."""
        self.explain(claim.id, hint)
        heard = self._heard.setdefault(claim.id, set())
        if hint in heard:
            return False
        if len(heard) < MOST:
            heard.add(hint)
        self.arrived()
        return hints.is_worth_a_look(claim, hint)

    def explain(self, claim_id: ClaimId, hint: Hint) -> None:
        """Note that an end was told of after all, though a poll was quicker; its claim may be closed by now."""
        if (untold := self._untold.get(claim_id)) is not None:
            left = tuple(each for each in untold.dubbings if not hints.concerns(hint, each))
            self._note(claim_id, replace(untold, dubbings=left))

    def moved(self, before: Claim, after: Claim) -> None:
        """Compare what a poll has found with what was told; a dubbing that has begun anew may be told of again."""
        heard = self._heard.get(after.id, set())
        told = [hint for hint in heard if hints.is_promise(after, hint)]
        if self._has_address(after):
            before_that = self._untold.get(after.id, _Untold(self.clock.monotonic(), ()))
            found = [
                each for each in hints.ended(before, after) if not any(hints.concerns(hint, each) for hint in told)
            ]
            self._note(after.id, replace(before_that, dubbings=(*before_that.dubbings, *found)))
        for dubbing in hints.ended(after, before):  # it was at an end before, and is elsewhere now
            heard -= {hint for hint in heard if hints.concerns(hint, dubbing)}

    def is_relied_on(self, claim: Claim) -> bool:
        """Say whether we may expect to be told when something happens to the asset of this claim."""
        return self._has_address(claim) and self._arrive()

    def forget(self, claim_id: ClaimId) -> None:
        """Forget what was heard of a claim that is closed."""
        self._heard.pop(claim_id, None)

    def _has_address(self, claim: Claim) -> bool:
        """Say whether the API was given our address for this asset: not where an earlier claim has made it."""
        own = self.url(claim.id)
        given = claim.order.callback_url if claim.order and claim.builds_on is None else None
        return own is not None and own == given

    def _arrive(self) -> bool:
        now = self.clock.monotonic()
        while self._untold and now - next(iter(self._untold.values())).since > LATE:
            claim_id, untold = self._untold.popitem(last=False)
            self._lose(claim_id, untold.dubbings[0], now)
        lost = self._lost_at is not None and now - self._lost_at < LOSS
        return self._heard_at is not None and now - self._heard_at < LASTING and not lost

    def _note(self, claim_id: ClaimId, untold: _Untold) -> None:
        if untold.dubbings:
            self._untold[claim_id] = untold
        else:
            self._untold.pop(claim_id, None)

    def _lose(self, claim_id: ClaimId, dubbing: Dubbing, now: float) -> None:
        if self._lost_at is None or now - self._lost_at >= LOSS:
            hint = "Is [http] public_url reachable from the internet? The daemon asks more often meanwhile."
            self.log.warning("callbacks.lost", claim=claim_id, locale=dubbing.locale, seen=dubbing.seen, hint=hint)
        self._lost_at = now
