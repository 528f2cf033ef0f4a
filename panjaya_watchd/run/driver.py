"""
The driver: one thread that takes a message, has it decided, makes the outcome durable and hands out what follows.

*Checkpoint, then act*: that order stands in `Driver._advance` and nowhere else. Only this thread writes the ledger and
calls `step`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, assert_never

from panjaya_watchd.core import effects, events, words
from panjaya_watchd.core.answers import Fault
from panjaya_watchd.core.claim import Claim, DubbingState, State
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.events import Event
from panjaya_watchd.core.lookup import judge
from panjaya_watchd.core.merge import merge
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName, Locale
from panjaya_watchd.core.order import Refusal
from panjaya_watchd.core.pace import ACCOUNT_PAUSE
from panjaya_watchd.core.states import ROWS, step
from panjaya_watchd.ledger.base import Ledger
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.folders import Folders, Looking, Watched
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.messages import (
    Crashed,
    Due,
    Examined,
    Happened,
    Listed,
    Look,
    Message,
    Posted,
    Question,
    Reading,
    Scanned,
    Stop,
    Unseen,
)
from panjaya_watchd.run.story import Log, tell_claimed, tell_step

FREE: Final = (
    *(events.Polled, events.Unanswered, events.Found, events.Several, events.Absent),
    *(events.Fetched, events.FetchFaulted),
)
"""Answers that cost nothing; one that comes after its claim has moved on is of no interest."""


class Doing(Looking, Protocol):
    """What the driver asks of the lanes."""

    def hand(self, claim: Claim, effect: Effect) -> None:
        """Begin an effect of a claim that is durable; it comes back as an event."""


@dataclass(slots=True, kw_only=True)
class Driver:
    """Everything in one thread: call `start` once, then `turn` as long as the daemon lives."""

    ledger: Ledger
    doing: Doing
    inbox: Inbox
    clock: Clock
    log: Log
    watched: Mapping[FolderName, Watched]
    new_id: Callable[[], ClaimId]
    answer: Callable[["Driver", Question], None] = lambda _, question: question.answer({})
    living: dict[ClaimId, Claim] = field(default_factory=dict)
    stopping: bool = False
    folders: Folders = field(init=False)
    _barred_until: float | None = None
    _fetching: set[tuple[ClaimId, Locale]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.folders = Folders(
            watched=self.watched,
            looking=self.doing,
            inbox=self.inbox,
            clock=self.clock,
            log=self.log,
            living=self.living.values,
            claim=self._claim,
        )

    def start(self) -> None:
        """Resume every living claim, then look at every watch folder."""
        self.living.update((claim.id, claim) for claim in self.ledger.living())
        for claim in list(self.living.values()):
            if claim.folder in self.watched:
                self._advance(claim.id, events.Resumed(rules=self.watched[claim.folder].rules))
            else:
                hint = "Configure the folder again under this name; until then the claim waits."
                self.log.error("claim.orphaned", claim=claim.id, folder=claim.folder, hint=hint)
        for folder in self.watched:
            self.folders.look(folder)

    def turn(self, patience: float) -> bool:
        """Take one message, waiting at most ``patience`` seconds. Says whether there was one."""
        message = self.inbox.take(patience)
        if message is not None:
            self._take(message)
        return message is not None

    def tell(self, claim_id: ClaimId, told: events.Told) -> str | None:
        """Pass on an operator's word; gives a sentence when it cannot be followed."""
        claim = self.living.get(claim_id)
        if claim is None or claim.state is not State.HELD:
            return f"Claim {claim_id} is not held; nothing was changed."
        if claim.folder not in self.watched:
            return f"The watch folder {claim.folder} is not configured; nothing was changed."
        if told.asset_id is not None and claim.asset_id is not None:
            return f"Claim {claim_id} has asset {claim.asset_id} already; use retry. Nothing was changed."
        if any(fetching == claim_id for fetching, _ in self._fetching):
            return f"A result of claim {claim_id} is being downloaded; ask again when it is here. Nothing was changed."
        if told.asset_id is not None and told.asset_id in self._taken(claim):
            return f"Asset {told.asset_id} belongs to another claim; nothing was changed."
        self._advance(claim_id, told)
        return None

    def _take(self, message: Message) -> None:  # noqa: C901, PLR0912  (one arm for each kind of message)
        if self.stopping and isinstance(message, Look | Examined):
            return
        match message:
            case Happened():
                self._happened(message.claim_id, message.event)
            case Listed():
                self._listed(message)
            case Due():
                self._due(message)
            case Look():
                self.folders.look(message.folder)
            case Scanned():
                self.folders.scanned(message)
            case Unseen():
                self.folders.unseen(message)
            case Posted():
                self.folders.posted(message)
            case Examined():
                self.folders.examined(message)
            case Question():
                self.answer(self, message)
            case Crashed():
                raise message.error
            case Stop():
                self.stopping = True
            case _:
                assert_never(message)

    def _happened(self, claim_id: ClaimId, event: Event) -> None:
        if self.stopping and isinstance(event, events.AtGate):
            return  # the upload is being taken back; the claim stays as it is
        if isinstance(event, events.Fetched | events.FetchFaulted):
            self._fetching.discard((claim_id, event.locale))
        claim = self.living.get(claim_id)
        if isinstance(event, FREE) and (claim is None or (claim.state, type(event)) not in ROWS):
            return
        if isinstance(event, events.Accepted | events.Found) and claim is not None:
            event = self._unless_taken(claim, event)
        if isinstance(event, events.Faulted) and event.fault.account:
            self._bar(event.fault.words)
        self._advance(claim_id, event)

    def _unless_taken(self, claim: Claim, event: events.Accepted | events.Found) -> Event:
        """Turn an asset that belongs to another claim into a doubt: one asset is never two claims'."""
        asset_id = event.asset.asset_id
        if asset_id not in self._taken(claim):
            return event
        words = f"The API names asset {asset_id}, which belongs to another claim."
        return events.Faulted(fault=Fault(money_may_have_moved=True, repeat_helps=False, words=words))

    def _listed(self, listed: Listed) -> None:
        claim = self.living.get(listed.claim_id)
        if claim is not None:
            rivals = [other for other in self.living.values() if other.id != claim.id and other.doubtful]
            self._happened(claim.id, judge(claim, listed.assets, self._taken(claim), rivals))

    def _taken(self, claim: Claim) -> frozenset[AssetId]:
        return self.ledger.assets_taken() - ({claim.asset_id} if claim.asset_id else set())

    def _due(self, due: Due) -> None:
        claim = self.living.get(due.claim_id)
        if claim is not None and claim.state is due.state:
            self._hand(claim, due.effect)

    def _advance(self, claim_id: ClaimId, event: Event) -> None:
        before = self.living[claim_id]
        decided = step(before, event, self.clock.now())
        self._checkpoint(before, decided.claim)
        self._act(decided.claim, decided.effects)
        tell_step(self.log, before, decided.claim, event)

    def _checkpoint(self, before: Claim | None, after: Claim) -> None:
        """Make a claim durable, if it changed."""
        if after != before:
            self.ledger.put(after)
        if after.state is State.CLOSED:
            del self.living[after.id]
        else:
            self.living[after.id] = after

    def _act(self, claim: Claim, asked: Iterable[Effect]) -> None:
        for effect in asked:
            self._hand(claim, effect)

    def _hand(self, claim: Claim, effect: Effect) -> None:
        """Hand an effect to the lanes, or keep it until its time. Nothing new begins once we are stopping."""
        if self.stopping:
            return
        wait = self._wait(effect)
        if wait <= 0 or isinstance(effect, effects.OpenGate):
            self._begin(claim, effect)
            return
        key = (claim.id, type(effect), effect.locale if isinstance(effect, effects.Fetch) else None)
        due = Due(claim_id=claim.id, state=claim.state, effect=replace(effect, at=None))
        self.inbox.put_at(self.clock.monotonic() + wait, key, due)

    def _begin(self, claim: Claim, effect: Effect) -> None:
        """Hand an effect to the lanes; never a download that is under way or over already."""
        if isinstance(effect, effects.Fetch):
            wanted = any(
                dubbing.locale == effect.locale and dubbing.state is DubbingState.FETCHING for dubbing in claim.dubbings
            )
            if not wanted or (claim.id, effect.locale) in self._fetching:
                return
            self._fetching.add((claim.id, effect.locale))
        self.doing.hand(claim, effect)

    def _wait(self, effect: Effect) -> float:
        """Give the seconds until an effect may begin. An account that refused us keeps all uploads back."""
        at = None if isinstance(effect, effects.OpenGate) else effect.at
        wait = 0.0 if at is None else (at - self.clock.now()).total_seconds()
        if isinstance(effect, effects.Upload) and self._barred_until is not None:
            wait = max(wait, self._barred_until - self.clock.monotonic())
        return wait

    def _bar(self, why: str) -> None:
        """Close the upload lane: the account is refused, no drop is to blame."""
        now = self.clock.monotonic()
        if self._barred_until is None or self._barred_until <= now:
            hint = "Check the API key and the account. Uploads are tried again in an hour and after a restart."
            self.log.error("account.refused", why=why, hint=hint)
        self._barred_until = now + ACCOUNT_PAUSE.total_seconds()

    def _claim(self, folder: FolderName, drop: Drop, reading: Reading) -> None:
        """Take a drop: our word is durable before any file moves."""
        watched, asked = self.watched[folder], reading.asked
        order = asked if isinstance(asked, Refusal) else merge(watched.defaults, asked, drop, reading.srt_digests)
        claim = Claim(
            id=self.new_id(),
            folder=folder,
            drop=drop,
            order=None if isinstance(order, Refusal) else order,
            taken_at=self.clock.now(),
            rules=watched.rules,
            duration=reading.duration,
            outcome=words.refused(order) if isinstance(order, Refusal) else None,
        )
        self._checkpoint(None, claim)
        self._act(claim, (effects.TakeIn(),))
        tell_claimed(self.log, claim)
