"""
The rounds: which asset is asked for next, and which need not be asked for yet.

A claim asks to be polled at its own pace. Here it waits its turn, for the service is asked only so often, and few at a
time, so that nothing queues behind thousands: first those that somebody has pointed at, then whoever is due longest.
Where callbacks arrive, or the list of all assets shows that nothing has moved, a claim is left alone for another pause
instead, but not for ever. The driver's thread only; nothing of this is durable, and a new start asks for everything.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from operator import itemgetter
from typing import Final

from panjaya_watchd.core import effects, events, hints, pace
from panjaya_watchd.core.answers import Fault
from panjaya_watchd.core.claim import Claim, DubbingState, State
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.events import Event
from panjaya_watchd.core.hints import Hint
from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.hearing import Hearing
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.messages import Called, Entry, Round, Swept
from panjaya_watchd.run.sweeping import Sweeping

AT_ONCE: Final = 3
"""Polls and lists under way; fewer than the lane has threads, so that a look-up finds one free."""

GATHER: Final = 1.0
"""Seconds from a callback to its poll: those of one asset come in a bunch."""

IN_A_ROW: Final = 3
"""After so many that somebody has pointed at it is the turn of whoever is due longest."""

LISTED: Final = 90 * 60.0
"""Seconds after which an asset is asked for itself, whatever the list says."""

COLLECT: Final = 30.0
"""Seconds, but not more than a tenth of its pause, for which a claim waits until there are enough to read the list."""

LONGEST_REST: Final = 600.0
"""Seconds for which one answer can keep all others from being asked for."""

BUSY: Final = 30.0
"""Seconds of rest when the API says "too many requests" and does not say for how long."""

_SOON: Final = 1.0
"""Seconds; a rest that is shorter is none."""


@dataclass(slots=True)
class _Look:
    """What is known of the polls of one claim in the life of this process."""

    at: float | None = None
    """When it was last asked for, in monotonic seconds."""
    answered: bool = False
    """It was answered once, so that what moves can be told."""
    owed: bool = False
    """It must be asked for, whatever anybody says: the last time failed, or showed less than a callback told."""
    promised: tuple[Hint, ...] = ()
    """Ends that callbacks have told of, and that were not seen yet."""
    entry: Entry | None = None
    """Its entry in the list when it was last asked for, or at a later time at which it was known to be running."""
    entry_before: Entry | None = None
    """The same at the time before it was last asked for."""


@dataclass(slots=True, kw_only=True)
class Rounds:
    """``ask`` hands a poll to the lanes, ``keep`` puts one off for some seconds."""

    living: Mapping[ClaimId, Claim]
    clock: Clock
    inbox: Inbox
    hearing: Hearing
    sweeping: Sweeping
    ask: Callable[[Claim, Effect], None]
    keep: Callable[[Claim, Effect, float], None]
    _looks: dict[ClaimId, _Look] = field(default_factory=dict)
    _asked: set[ClaimId] = field(default_factory=set)
    _pointed: OrderedDict[ClaimId, float] = field(default_factory=OrderedDict)
    """Claims that somebody has pointed at, and from when on they may be asked for."""
    _own: OrderedDict[ClaimId, float] = field(default_factory=OrderedDict)
    """Claims that are due and must be asked for, and since when."""
    _either: OrderedDict[ClaimId, float] = field(default_factory=OrderedDict)
    """Claims that are due and for which the list may answer as well, and from when on they do not wait for more."""
    _pointed_in_a_row: int = 0
    _rest_until: float = 0.0
    _wakes_at: float | None = None
    _over: bool = False

    def due(self, claim: Claim) -> None:
        """Take a claim that is due: it is asked for when its turn has come, or left alone for another pause."""
        self._take(claim, self.clock.monotonic(), min(COLLECT, self._pause(claim) / 10))
        self.go_on()

    def hear(self, claim: Claim, called: Called) -> None:
        """Hear a callback about the asset that this claim follows, or is to follow."""
        if claim.state is not State.DUBBING:
            self.hearing.arrived()
            return
        hint = _hint(called)
        if self.hearing.hear(claim, hint):
            look = self._looks.setdefault(claim.id, _Look())
            look.promised += (hint,) if hints.is_promise(claim, hint) else ()
            self._pointed.setdefault(claim.id, self.clock.monotonic() + GATHER)
            self.go_on()

    def hear_late(self, called: Called) -> None:
        """Hear a callback of a claim that is closed."""
        self.hearing.explain(called.claim_id, _hint(called))

    def answered(self, claim_id: ClaimId, event: Event) -> None:
        """Note that a poll has come back; the next one may be sent."""
        if claim_id not in self._asked or not isinstance(event, events.Polled | events.Unanswered):
            return
        self._asked.discard(claim_id)
        if isinstance(event, events.Unanswered):
            self._owe(claim_id)
            self._heed(event.fault)
        self.go_on()

    def stepped(self, before: Claim, after: Claim, event: Event) -> None:
        """Learn from what a poll has found; forget what was before a claim was closed, or is followed anew."""
        look = self._looks.get(after.id)
        if isinstance(event, events.Polled) and look is not None:
            self._learn(look, before, after)
        if isinstance(event, events.FetchFaulted):  # how the version stands by now is not known
            self._owe(after.id)
        if after.state is not before.state and after.state in {State.DUBBING, State.CLOSED}:
            self._looks.pop(after.id, None)
            self._pointed.pop(after.id, None)
            self.hearing.forget(after.id)

    def swept(self, swept: Swept) -> None:
        """Take a list of all assets: what has moved is asked for at once, what has not is left alone."""
        now = self.clock.monotonic()
        if swept.fault is not None:
            self._heed(swept.fault)
        followed = {claim.asset_id: claim for claim in self.living.values() if _is_followed(claim) and claim.asset_id}
        known = self.sweeping.take(swept, followed)
        for asset_id, claim in followed.items():
            look, entry = self._looks.get(claim.id), self.sweeping.entry(asset_id)
            if look is None or look.entry is None or entry is None or look.entry == entry:
                continue
            if asset_id in known or (entry.runs and self.sweeping.trusted):
                look.entry = entry
            else:
                self._pointed.setdefault(claim.id, now)
        waiting = sorted([*self._own.items(), *self._either.items()], key=itemgetter(1))
        self._own.clear()
        self._either.clear()
        for claim_id, since in waiting:
            if (waiting_claim := self.living.get(claim_id)) is not None:
                self._take(waiting_claim, since)
        self.go_on()

    def go_on(self) -> None:
        """Ask for as many as may be asked for now."""
        if self._over:
            return
        now = self.clock.monotonic()
        if now >= self._rest_until:
            due = len(self._own) + len(self._either)
            wanted = self.sweeping.is_wanted(due=due, replaceable=len(self._either), followed=len(self._looks))
            if wanted and self._has_room():
                self.sweeping.start()
            while self._has_room() and (claim := self._next(now)) is not None:
                self._ask(claim, now)
        self._wake(now)

    def rest_no_more(self) -> None:
        """Go on at once, because a person says that something was mended."""
        self._rest_until = 0.0
        self.go_on()

    def wake(self) -> None:
        """Go on at a time that was planned."""
        self._wakes_at = None
        self.go_on()

    def stop(self) -> None:
        """Ask for nothing more."""
        self._over = True

    def _has_room(self) -> bool:
        return len(self._asked) + self.sweeping.under_way < AT_ONCE

    def _take(self, claim: Claim, since: float, collect: float = 0.0) -> None:
        if claim.id in self._asked or claim.id in self._pointed or not _is_followed(claim):
            return
        look, now = self._looks.setdefault(claim.id, _Look()), self.clock.monotonic()
        if (rest := self._rest(claim, look, now)) > _SOON:
            self.keep(claim, effects.Poll(), rest)
        elif self._may_be_left(claim, look) and self._is_answered_for(claim, look, now):
            self._either.setdefault(claim.id, since + collect)
        else:
            self._own.setdefault(claim.id, since)

    def _pause(self, claim: Claim) -> float:
        return pace.poll(claim, self.clock.now()).total_seconds()

    def _rest(self, claim: Claim, look: _Look, now: float) -> float:
        """Give the seconds for which a claim that is due may be left alone; not above 0 where it must be looked at."""
        if not self._may_be_left(claim, look) or look.at is None:
            return 0.0
        pause, rest = self._pause(claim), 0.0
        if self.hearing.is_relied_on(claim):
            rest = min(pause, look.at + pace.rarely(claim).total_seconds() - now)
        if self._is_answered_for(claim, look, now) and self.sweeping.swept_at > look.at:
            rest = max(rest, min(self.sweeping.swept_at + pause, look.at + LISTED) - now)
        return rest

    def _may_be_left(self, claim: Claim, look: _Look) -> bool:
        return look.at is not None and not look.owed and pace.can_be_told(claim)

    def _is_answered_for(self, claim: Claim, look: _Look, now: float) -> bool:
        """Say whether the list can say that nothing has moved since this claim was asked for."""
        lately = look.at is not None and now - look.at < LISTED
        return lately and claim.asset_id is not None and self.sweeping.can_answer_for(claim.asset_id, look.entry)

    def _next(self, now: float) -> Claim | None:
        first = self._first(now)
        longest = self._longest(now) if first is None or self._pointed_in_a_row >= IN_A_ROW else None
        self._pointed_in_a_row = 0 if longest is not None else self._pointed_in_a_row + 1
        return longest or first

    def _first(self, now: float) -> Claim | None:
        """Give the first that was pointed at, and is not under way just now."""
        over, first = [], None
        for claim_id, _ in takewhile(lambda item: item[1] <= now, self._pointed.items()):
            claim = self.living.get(claim_id)
            if claim is None or not _is_followed(claim):
                over.append(claim_id)
            elif claim_id not in self._asked:
                first = claim
                break
        for claim_id in over:
            del self._pointed[claim_id]
        return first

    def _longest(self, now: float) -> Claim | None:
        """Give whoever is due longest; those that the list may answer for wait while it is read, or may soon be."""
        while queues := [each for each in (self._own, self._either) if each and not self._collects(each, now)]:
            queue = min(queues, key=lambda each: next(iter(each.values())))
            claim_id, _ = queue.popitem(last=False)
            claim = self.living.get(claim_id)
            if claim is None or claim_id in self._asked or not _is_followed(claim):
                continue
            if (rest := self._rest(claim, self._looks[claim_id], now)) > _SOON:
                self.keep(claim, effects.Poll(), rest)
                continue
            return claim
        return None

    def _collects(self, queue: OrderedDict[ClaimId, float], now: float) -> bool:
        return queue is self._either and (self.sweeping.under_way or next(iter(queue.values())) > now)

    def _ask(self, claim: Claim, now: float) -> None:
        for queue in (self._pointed, self._own, self._either):
            queue.pop(claim.id, None)
        look = self._looks.setdefault(claim.id, _Look())
        look.at = now
        if claim.asset_id is not None:
            look.entry_before, look.entry = look.entry, self.sweeping.entry(claim.asset_id)
        self._asked.add(claim.id)
        self.ask(claim, effects.Poll())

    def _learn(self, look: _Look, before: Claim, after: Claim) -> None:
        moved = [now for then, now in zip(before.dubbings, after.dubbings, strict=True) if then.seen != now.seen]
        look.promised = tuple(
            hint
            for hint in look.promised
            if hints.is_worth_a_look(after, hint) and not any(hints.concerns(hint, each) for each in moved)
        )
        if after.id not in self._pointed:
            look.owed = bool(look.promised)
        if look.answered:
            self.hearing.moved(before, after)
            if after.asset_id is not None and hints.ended(before, after):
                self.sweeping.found(after.asset_id, look.entry_before)
        look.answered = True

    def _owe(self, claim_id: ClaimId) -> None:
        if (look := self._looks.get(claim_id)) is not None:
            look.owed = True

    def _heed(self, fault: Fault) -> None:
        """Rest as the API has asked for, but not longer than `LONGEST_REST`; the claim itself waits for all of it."""
        asked = fault.not_before.total_seconds() if fault.not_before else BUSY if fault.status == 429 else 0.0
        pause = min(asked, LONGEST_REST)
        self._rest_until = max(self._rest_until, self.clock.monotonic() + pause)

    def _wake(self, now: float) -> None:
        """Plan to go on when a rest is over, or a callback has waited for others of its kind."""
        times = [*([self._rest_until] if self._own or self._either or self._pointed else [])]
        times += [next(iter(queue.values())) for queue in (self._pointed, self._either) if queue]
        wakes_at = min((at for at in times if at > now), default=None)
        if wakes_at is not None and (self._wakes_at is None or wakes_at < self._wakes_at):
            self._wakes_at = wakes_at
            self.inbox.put_at(wakes_at, "rounds", Round())


def _hint(called: Called) -> Hint:
    return Hint(event=called.event, version_id=called.version_id, locale=called.locale)


def _is_followed(claim: Claim) -> bool:
    waits = not claim.dubbings or any(each.state is DubbingState.WAITING for each in claim.dubbings)
    return claim.state is State.DUBBING and waits
