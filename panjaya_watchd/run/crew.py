"""
The driver's crew: everything that its thread works with, put together.

Each of them knows what it needs of the others and nothing of the driver but the three things that are asked of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from panjaya_watchd.core.budget import Budget
from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.effects import Effect, Poll
from panjaya_watchd.core.events import Event, Unsettled
from panjaya_watchd.core.names import ClaimId, FolderName
from panjaya_watchd.ledger.base import Ledger
from panjaya_watchd.run.account import Account
from panjaya_watchd.run.adding import Adding, Revising
from panjaya_watchd.run.admission import Admission
from panjaya_watchd.run.agenda import Agenda
from panjaya_watchd.run.claiming import Terms
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.companions import Companions
from panjaya_watchd.run.door import Door
from panjaya_watchd.run.first_start import FirstStart
from panjaya_watchd.run.folders import Folders, Looking
from panjaya_watchd.run.hearing import Hearing
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.messages import Reading
from panjaya_watchd.run.operator import Operator
from panjaya_watchd.run.ownership import Ownership
from panjaya_watchd.run.reloading import Changing, Reloading
from panjaya_watchd.run.rounds import Rounds
from panjaya_watchd.run.story import Log
from panjaya_watchd.run.sweeping import Sweeping
from panjaya_watchd.run.watched import Watched
from panjaya_watchd.run.witness import Witness

TOUCHED: Final = "it was changed or taken away while it was held"


class Doing(Looking, Revising, Changing, Protocol):
    """What the driver asks of the lanes."""

    def hand(self, claim: Claim, effect: Effect) -> None:
        """Begin an effect of a claim that is durable; it comes back as an event."""

    def sweep(self) -> None:
        """Read the list of all assets; it comes back as `Swept`."""


@dataclass(slots=True, kw_only=True)
class Crew:
    """
    What is called is the driver's.

    ``advance`` steps a claim, ``happened`` hears of an event, ``claim`` takes a drop, ``promise`` makes a new claim
    durable, ``terms`` gives what one is made with.
    """

    ledger: Ledger
    doing: Doing
    inbox: Inbox
    clock: Clock
    log: Log
    watched: dict[FolderName, Watched]
    together: Budget | None
    callback_url: Callable[[ClaimId], str | None]
    living: Mapping[ClaimId, Claim]
    advance: Callable[[ClaimId, Event], None]
    happened: Callable[[ClaimId, Event], None]
    claim: Callable[[FolderName, Drop, Reading, Claim | None], Claim]
    promise: Callable[[Claim], None]
    terms: Callable[[FolderName, Drop, Claim | None], Terms]
    folders: Folders = field(init=False)
    admission: Admission = field(init=False)
    operator: Operator = field(init=False)
    agenda: Agenda = field(init=False)
    account: Account = field(init=False)
    rounds: Rounds = field(init=False)
    ownership: Ownership = field(init=False)
    first_start: FirstStart = field(init=False)
    door: Door = field(init=False)
    witness: Witness = field(init=False)
    adding: Adding = field(init=False)
    reloading: Reloading = field(init=False)

    def __post_init__(self) -> None:
        self.account = Account(clock=self.clock, log=self.log)
        self.rounds = Rounds(
            living=self.living,
            clock=self.clock,
            inbox=self.inbox,
            hearing=Hearing(clock=self.clock, log=self.log, url=self.callback_url),
            sweeping=Sweeping(clock=self.clock, log=self.log, begin=self.doing.sweep),
            ask=self.doing.hand,
            keep=self._keep,
        )
        self.agenda = Agenda(
            begin=self._begin,
            inbox=self.inbox,
            clock=self.clock,
            account=self.account,
        )
        self.ownership = Ownership(ledger=self.ledger)
        self.admission = Admission(
            ledger=self.ledger,
            clock=self.clock,
            folders=self.watched,
            budgets={name: watched.budget for name, watched in self.watched.items() if watched.budget},
            together=self.together,
        )
        self.door = Door(
            admission=self.admission,
            agenda=self.agenda,
            inbox=self.inbox,
            clock=self.clock,
            living=self.living,
            folders=self.watched,
            advance=self.advance,
        )
        self.first_start = FirstStart(
            ledger=self.ledger,
            clock=self.clock,
            log=self.log,
            roots={name: watched.root for name, watched in self.watched.items() if watched.root},
        )
        self.operator = Operator(
            living=self.living,
            watched=self.watched,
            agenda=self.agenda,
            ownership=self.ownership,
            first_start=self.first_start,
            inbox=self.inbox,
            advance=self.advance,
        )
        self.witness = Witness(
            living=self.living,
            folders=self.watched,
            rounds=self.rounds,
            ownership=self.ownership,
            log=self.log,
            happened=self.happened,
        )
        self.adding = Adding(
            ledger=self.ledger,
            watched=self.watched,
            lanes=self.doing,
            claim=self.claim,
            promise=self.promise,
            advance=self.advance,
            agenda=self.agenda,
            living=self.living,
            terms=self.terms,
        )
        self.folders = Folders(
            watched=self.watched,
            looking=self.doing,
            inbox=self.inbox,
            clock=self.clock,
            log=self.log,
            living=self.living.values,
            first_start=self.first_start,
            companions=Companions(done=self.adding.done),
            claim=lambda folder, drop, reading: self.claim(folder, drop, reading, None),
            lost=lambda claim_id: self.advance(claim_id, Unsettled(why=TOUCHED)),
        )
        self.reloading = Reloading(
            lanes=self.doing,
            log=self.log,
            watched=self.watched,
            living=self.living,
            folders=self.folders,
            first_start=self.first_start,
            admission=self.admission,
            door=self.door,
            agenda=self.agenda,
            rounds=self.rounds,
            advance=self.advance,
        )

    def _begin(self, claim: Claim, effect: Effect) -> None:
        """Begin what the agenda finds due; a poll waits for its turn besides."""
        if isinstance(effect, Poll):
            self.rounds.due(claim)
        else:
            self.doing.hand(claim, effect)

    def _keep(self, claim: Claim, effect: Effect, seconds: float) -> None:
        self.agenda.keep(claim, effect, seconds)
