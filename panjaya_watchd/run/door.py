"""
The door: where claims ask to be sent, and where they wait that may not be sent yet.

A claim waits for the same video of another claim, or for a budget. It asks again when that may have changed: the other
claim is over, its bytes are known, something was given back, a new day has begun. What waits is in memory alone, for
after a start every claim asks by itself.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.claim import Claim, HeldFor, Reservation, State
from panjaya_watchd.core.events import Event
from panjaya_watchd.core.names import ClaimId, FolderName
from panjaya_watchd.run.admission import Admission
from panjaya_watchd.run.agenda import Agenda
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.messages import BATCH, Due, Reconsider

LOOK_EVERY: Final = 60.0
"""Seconds between two looks at the calendar while something waits for a budget."""

SOON: Final = 1.0
"""Seconds until those who wait are asked after something was given back; several may come at once."""


@dataclass(slots=True, kw_only=True)
class Door:
    """``advance`` tells a claim what was decided, which is durable when it returns. The driver's thread only."""

    admission: Admission
    agenda: Agenda
    inbox: Inbox
    clock: Clock
    living: Mapping[ClaimId, Claim]
    folders: Collection[FolderName]
    advance: Callable[[ClaimId, Event], None]
    _awaited: dict[ClaimId, set[ClaimId]] = field(default_factory=dict)
    _day: datetime | None = None
    _given_back: bool = False
    _due: float | None = None

    def ask(self, claim: Claim) -> None:
        """Decide whether a claim may be sent. What is decided is durable before the next one asks."""
        if any(self.agenda.is_under_way(claim.id, kind) for kind in (effects.TakeIn, effects.Hash)):
            return  # what comes of that asks again
        decision = self.admission.decide(claim)
        if decision is None:
            self.agenda.hand(claim, effects.Hash(), self.clock.now())
        else:
            self.advance(claim.id, decision)

    def changed(self, before: Claim | None, after: Claim) -> None:
        """Take note of a claim's change, and have those ask again that may go on because of it."""
        if before is not None and _gives_back(before.reserved, after.reserved):
            self._given_back = True
            self.reconsider_in(SOON)
        if after.awaits is not None and after.state is State.CLAIMED:
            self._awaited.setdefault(after.awaits, set()).add(after.id)
        if before is not None and (before.state is not after.state or before.digest != after.digest):
            for waiting in sorted(self._awaited.pop(after.id, ())):
                self.inbox.put(Due(claim_id=waiting, state=State.CLAIMED, effect=effects.Admit()))
        if after.held_for is HeldFor.BUDGET and (before is None or before.held_for is not HeldFor.BUDGET):
            self.reconsider_in(LOOK_EVERY)

    def reconsider(self, asked: Reconsider) -> None:
        """Ask for those that a budget held, a few at a time, if there may be more room than when this was last done."""
        waiting = asked.claim_ids
        if not waiting:
            self._due = None
        if not waiting and self._has_news():
            waiting = tuple(claim.id for claim in _held_for_budget(self.living.values()))
        for claim_id in waiting[:BATCH]:
            claim = self.living.get(claim_id)
            held = claim is not None and claim.folder in self.folders and _held_for_budget([claim])
            if claim is not None and held and not isinstance(self.admission.decide(claim), events.OverBudget):
                self.advance(claim_id, events.Reconsidered())
        if waiting[BATCH:]:
            self.inbox.put(Reconsider(claim_ids=waiting[BATCH:]))
        elif _held_for_budget(self.living.values()):
            self.reconsider_in(LOOK_EVERY)

    def reconsider_all(self) -> None:
        """Look again at once, because the budgets are others."""
        self._given_back = True
        self.reconsider_in(0)

    def reconsider_in(self, seconds: float) -> None:
        """Look again after a while; a look that is due sooner stays as it is."""
        due = self.clock.monotonic() + seconds
        if self._due is None or due < self._due:
            self._due = due
            self.inbox.put_at(due, "reconsider", Reconsider())

    def _has_news(self) -> bool:
        """Say whether a budget may have more room than when this was asked last; True the first time."""
        day = self.clock.calendar().day_began
        news = self._given_back or day != self._day
        self._day, self._given_back = day, False
        return news


def _gives_back(before: Reservation | None, after: Reservation | None) -> bool:
    return before is not None and (after is None or (after.millis or 0) < (before.millis or 0))


def _held_for_budget(claims: Iterable[Claim]) -> list[Claim]:
    """Give the claims that wait for a budget, in the order they were given."""
    return [claim for claim in claims if claim.state is State.HELD and claim.held_for is HeldFor.BUDGET]
