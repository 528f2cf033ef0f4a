"""
The driver: one thread that takes a message, has it decided, makes the outcome durable and hands out what follows.

*Checkpoint, then act*: that order stands in `Driver._advance` and nowhere else. Only this thread writes the ledger and
calls `step`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, assert_never

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.budget import Budget
from panjaya_watchd.core.claim import Claim, HeldFor, State
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.events import Event
from panjaya_watchd.core.names import ClaimId, FolderName
from panjaya_watchd.core.states import ROWS, step
from panjaya_watchd.errors import WatchdError
from panjaya_watchd.ledger.base import Ledger
from panjaya_watchd.run.adding import Adding
from panjaya_watchd.run.admission import Admission
from panjaya_watchd.run.claiming import Terms, new_claim
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.crew import Crew, Doing
from panjaya_watchd.run.folders import Folders
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.messages import (
    Called,
    Crashed,
    Due,
    Examined,
    Happened,
    Listed,
    Look,
    Lost,
    Message,
    Posted,
    Question,
    Reading,
    Reconsider,
    Release,
    Reload,
    Reread,
    Revised,
    Round,
    Scanned,
    Stop,
    Swept,
    Unheard,
    Unseen,
    Verified,
)
from panjaya_watchd.run.operator import Operator
from panjaya_watchd.run.reloading import Reloading
from panjaya_watchd.run.resuming import resume
from panjaya_watchd.run.story import Log, tell_claimed, tell_step
from panjaya_watchd.run.watched import Watched

FREE: Final = (
    *(events.Polled, events.Unanswered, events.Found, events.Several, events.Absent),
    *(events.Fetched, events.FetchFaulted, events.Witnessed),
)
"""Answers that cost nothing; one that comes after its claim has moved on is of no interest."""


@dataclass(slots=True, kw_only=True)
class Driver:
    """Everything in one thread: call `start` once, then `turn` as long as the daemon lives."""

    ledger: Ledger
    doing: Doing
    inbox: Inbox
    clock: Clock
    log: Log
    watched: dict[FolderName, Watched]
    new_id: Callable[[], ClaimId]
    callback_url: Callable[[ClaimId], str | None] = lambda _: None
    together: Budget | None = None
    """What all watch folders together may spend."""
    answer: Callable[["Driver", Question], None] = lambda _, question: question.answer({})
    reread: Callable[[Reload, Mapping[FolderName, Watched]], None] = lambda _, __: None
    """Have the configuration read again; it comes back as `Reread`."""
    moved: Callable[[], None] = lambda: None
    """Called whenever a claim has become durable: one turn may do so for many."""
    living: dict[ClaimId, Claim] = field(default_factory=dict)
    counts: Counter[State | HeldFor] = field(default_factory=Counter)
    """How many living claims there are in each state, and held for what; counted along, as there may be thousands."""
    stopping: bool = False
    folders: Folders = field(init=False)
    admission: Admission = field(init=False)
    operator: Operator = field(init=False)
    adding: Adding = field(init=False)
    reloading: Reloading = field(init=False)
    _crew: Crew = field(init=False)

    def __post_init__(self) -> None:
        self._crew = crew = Crew(
            ledger=self.ledger,
            doing=self.doing,
            inbox=self.inbox,
            clock=self.clock,
            log=self.log,
            watched=self.watched,
            together=self.together,
            callback_url=self.callback_url,
            living=self.living,
            advance=self._advance,
            happened=self._happened,
            claim=self._claim,
            promise=self._promise,
            terms=self._terms,
        )
        self.folders, self.admission, self.operator = crew.folders, crew.admission, crew.operator
        self.adding, self.reloading = crew.adding, crew.reloading

    def start(self) -> None:
        """Resume every living claim, then look at every watch folder."""
        self.living.update((claim.id, claim) for claim in self.ledger.living())
        for claim in self.living.values():
            self.counts.update(_kinds(claim))
        self.folders.expect()
        resume(list(self.living.values()), self.watched, self._advance, self.log)
        self._crew.door.reconsider_in(0)
        for folder in self.watched:
            self.folders.look(folder)

    def turn(self, patience: float) -> bool:
        """Take one message, waiting at most ``patience`` seconds. Says whether there was one."""
        message = self.inbox.take(patience)
        if message is None:
            return False
        self._take(message)
        return True

    def _take(self, message: Message) -> None:  # noqa: C901, PLR0912  (one arm for each kind of message)
        if self.stopping and isinstance(message, Look | Examined | Reconsider | Release | Lost | Reread):
            return
        match message:
            case Happened():
                self._happened(message.claim_id, message.event)
            case Listed():
                self._listed(message)
            case Due():
                self._due(message)
            case Called():
                self._crew.witness.hear(message)
            case Swept():
                self._crew.rounds.swept(message)
            case Round():
                self._crew.rounds.wake()
            case Reconsider():
                self._crew.door.reconsider(message)
            case Release():
                self.operator.release(message)
            case Lost():
                self.folders.lose(message)
            case Reload():
                self.reread(message, dict(self.watched))
            case Reread():
                self.reloading.take(message)
            case Look():
                self.folders.look(message.folder)
            case Scanned():
                self.folders.scanned(message)
            case Unheard():
                self.folders.roots.unheard(message)
            case Unseen():
                self.folders.unseen(message)
            case Posted():
                self.folders.posted(message)
            case Examined():
                self.folders.examined(message)
            case Question():
                self.answer(self, message)
            case Verified():
                self.adding.verified(message, stopping=self.stopping)
            case Revised():
                self.adding.revised(message)
            case Crashed():
                self._blame(message.claim_id)
                raise message.error
            case Stop():
                self.stopping = True
                self._crew.rounds.stop()
            case _:
                assert_never(message)

    def _blame(self, claim_id: ClaimId | None) -> None:
        claim = self.living.get(claim_id) if claim_id is not None else None
        if claim is not None:
            self.ledger.put(replace(claim, crashes=claim.crashes + 1))

    def _happened(self, claim_id: ClaimId, event: Event) -> None:
        if self.stopping and isinstance(event, events.AtGate):
            return  # the upload is being taken back; the claim stays as it is
        outdated = self._crew.agenda.is_outdated(claim_id, event)
        self._crew.agenda.note(claim_id, event)
        self._crew.rounds.answered(claim_id, event)
        claim = self.living.get(claim_id)
        if isinstance(event, FREE) and (claim is None or (claim.state, type(event)) not in ROWS):
            return
        if isinstance(event, events.Accepted | events.Found) and claim is not None:
            event = self._crew.ownership.checked(claim, event)
        if isinstance(event, events.AtGate) and claim is not None and claim.state is not State.UPLOADING:
            self.doing.hand(claim, effects.ShutGate())  # a look-up has found its asset meanwhile
            return
        if isinstance(event, events.AtGate) and claim is not None and (full := self.admission.over_today(claim)):
            event = events.OverBudget(why=full)
        if isinstance(event, events.Faulted) and event.fault.account and not outdated:
            self._crew.account.bar(event.fault.words)
        self._advance(claim_id, event)
        if outdated and (claim := self.living.get(claim_id)) is not None and claim.state is State.UPLOADING:
            self._crew.agenda.keep(claim, effects.Upload())  # at once, with what the operator has mended

    def _listed(self, listed: Listed) -> None:
        claim = self.living.get(listed.claim_id)
        if claim is not None:
            self._happened(claim.id, self._crew.ownership.judged(claim, listed.assets, self.living.values()))

    def _due(self, due: Due) -> None:
        claim = self.living.get(due.claim_id)
        if claim is None or claim.state is not due.state or self.stopping:
            return
        if isinstance(due.effect, effects.Admit):
            self._crew.door.ask(claim)
        else:
            self._act(claim, (due.effect,), self.clock.now())

    def _advance(self, claim_id: ClaimId, event: Event) -> None:
        """Step a claim; a bug on the way is counted against it before it ends the daemon (R39)."""
        try:
            self._step(claim_id, event)
        except WatchdError:
            raise
        except Exception:
            self._blame(claim_id)
            raise

    def _step(self, claim_id: ClaimId, event: Event) -> None:
        before, now = self.living[claim_id], self.clock.now()
        decided = step(before, event, now)
        self._checkpoint(before, decided.claim)
        self._crew.rounds.stepped(before, decided.claim, event)
        self._act(decided.claim, decided.effects, now)
        tell_step(self.log, before, decided.claim, event)

    def _checkpoint(self, before: Claim | None, after: Claim) -> None:
        """Make a claim durable, if it changed; whoever waited for that asks again."""
        if after != before:
            self.ledger.put(after)
            self.moved()
        if before is not None:
            self.counts.subtract(_kinds(before))
        if after.state is State.CLOSED:
            del self.living[after.id]
        else:
            self.living[after.id] = after
            self.counts.update(_kinds(after))
        self._crew.door.changed(before, after)

    def _act(self, claim: Claim, asked: Iterable[Effect], now: datetime) -> None:
        """Put effects on the agenda. Nothing new begins once we are stopping."""
        for effect in asked:
            if not self.stopping or isinstance(effect, effects.ShutGate):
                self._crew.agenda.hand(claim, effect, now)

    def _claim(self, folder: FolderName, drop: Drop, reading: Reading, earlier: Claim | None = None) -> Claim:
        """Take a drop, or what is ordered for an earlier claim. What lay there before us is held as it lies."""
        terms = self._terms(folder, drop, earlier or self.adding.earlier(folder, drop, reading))
        claim = new_claim(folder, self.watched[folder], drop, reading, terms)
        self._promise(claim)
        if claim.state is State.CLAIMED:
            self._act(claim, (effects.TakeIn(),), claim.taken_at)
        return claim

    def _terms(self, folder: FolderName, drop: Drop, earlier: Claim | None) -> Terms:
        claim_id = self.new_id()
        return Terms(
            claim_id=claim_id,
            now=self.clock.now(),
            callback_url=self.callback_url(claim_id),
            held=self._crew.first_start.holds(folder, drop),
            earlier=earlier,
        )

    def _promise(self, claim: Claim) -> None:
        """Give our word: the claim is durable."""
        self._checkpoint(None, claim)
        tell_claimed(self.log, claim)


def _kinds(claim: Claim) -> tuple[State | HeldFor, ...]:
    """Give what a claim is counted as."""
    held_for = claim.held_for if claim.state is State.HELD else None
    return (claim.state,) if held_for is None else (claim.state, held_for)
