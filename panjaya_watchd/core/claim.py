"""
Claims: every durable fact about a drop that we have taken, and only those.

A claim is our durable word that a drop is taken; one claim makes one asset, hence at most one bill. "An upload is
running" is never a field: after a crash it is not true. All times are aware UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from panjaya_watchd.core.answers import READY_TO_EDIT
from panjaya_watchd.core.budget import MINUTE
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.names import AssetId, ClaimId, Digest, DubbingId, FolderName, Locale, VersionId
from panjaya_watchd.core.order import AutoGenerate, Order


class State(StrEnum):
    """Where a claim stands. Every state but ``closed`` is living: it has a row for ``Resumed``."""

    CLAIMED = "claimed"
    UPLOADING = "uploading"
    RELEASING = "releasing"
    DUBBING = "dubbing"
    FILING = "filing"
    HELD = "held"
    CLOSED = "closed"


LIVING: Final = frozenset(State) - {State.CLOSED}


class DubbingState(StrEnum):
    """Where one target locale stands with us; the API's own status is kept beside it as ``seen``."""

    WAITING = "waiting"
    FETCHING = "fetching"
    FETCHED = "fetched"
    FAILED = "failed"


class Destination(StrEnum):
    """Where the parts of a drop go in the end."""

    DONE = "done"
    FAILED = "failed"
    BACK = "back"
    """Into the watch folder again, where the drop settles afresh."""


class HeldFor(StrEnum):
    """Why a person must speak."""

    DOUBT = "doubt"
    """The API may have our video or not, and nothing proves it."""
    LOST = "lost"
    """The API no longer knows an asset that was paid for."""
    BUDGET = "budget"
    FIRST_START = "first_start"
    """The drop lay in the folder before the daemon came to it; its parts still lie there."""
    POISON = "poison"
    """It failed too often in a way that may be its own fault."""


UNSENT: Final = frozenset({HeldFor.BUDGET, HeldFor.FIRST_START})
"""Held before anything was sent: letting it go is a matter of permission, not of proof."""


class OnDoubt(StrEnum):
    """What to do when a possible bill could not be found for a whole window."""

    HOLD = "hold"
    RETRY = "retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The operator's settings that decide a claim's steps; refreshed when the daemon starts."""

    poll_first: timedelta = timedelta(seconds=30)
    poll_max: timedelta = timedelta(minutes=10)
    doubt_window: timedelta = timedelta(minutes=5)
    on_doubt: OnDoubt = OnDoubt.HOLD
    exclusive: bool = False
    follow: bool = False
    """With ``auto_generate = "off"``: wait for what a person generates in the Studio, however long that takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """
    What a claim takes out of the budgets, from before it is sent.

    ``millis`` are milliseconds of dubbed video times target locales, whole so that sums are exact; None where the
    length is not known. It is settled once the API has accepted the claim; until then it may still be given back.
    """

    at: datetime
    millis: int | None

    @property
    def minutes(self) -> float | None:
        """Give the same in minutes, for people."""
        return None if self.millis is None else self.millis / MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """
    The claim of the same video that this one builds on: its asset, and where its results were filed.

    ``locales`` are those it has already; they are not bought again.
    """

    claim_id: ClaimId
    folder: FolderName
    asset_id: AssetId
    filed_as: str
    closed_at: datetime
    locales: tuple[Locale, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """
    One try to upload.

    ``number`` counts from 1 and is durable before the try begins. ``mark`` holds the asset ids that the API knew when
    the gate was about to open, ``missing`` the locales that an earlier asset lacked then. ``doubt_since`` is set while
    we do not know whether the API has our video, with ``absences``, the look-ups that found nothing since then.
    ``after_doubt``: a try before this one may have been billed. ``restored``: the ledger came back from a backup since
    then, so what the API does not list any more may have been there meanwhile.
    """

    number: int
    after_doubt: bool = False
    mark: frozenset[AssetId] | None = None
    missing: tuple[Locale, ...] = ()
    gate_at: datetime | None = None
    doubt_since: datetime | None = None
    absences: int = 0
    restored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One dubbed video on our disk: its file name beside the parts, its size in bytes, its SHA-256."""

    name: str
    size: int
    digest: Digest
    fetched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dubbing:
    """
    One target locale of a claim. ``seen`` is the API's version status as last read; ``error`` is for people.

    ``earlier`` is the result that an earlier claim has of the same video in this locale: it is copied, or fetched
    once more, and never bought again. ``revised``: a person edits it again, and only another rendering is its end.
    """

    locale: Locale
    state: DubbingState = DubbingState.WAITING
    dubbing_id: DubbingId | None = None
    version_id: VersionId | None = None
    seen: str | None = None
    progress: float | None = None
    studio_url: str | None = None
    error: str | None = None
    fetches: int = 0
    refusals: int = 0
    result: Result | None = None
    earlier: Result | None = None
    revised: bool = False

    @property
    def editable(self) -> bool:
        """Say whether it waits for a person in the Studio."""
        return self.state is DubbingState.WAITING and self.seen == READY_TO_EDIT

    def over(self, order: Order, rules: Rules) -> bool:
        """Say whether nothing more is expected: with ``auto_generate = "off"`` an editable version is the end."""
        if self.state in {DubbingState.FETCHED, DubbingState.FAILED}:
            return True
        ends = order.auto_generate is AutoGenerate.OFF and not rules.follow and not self.revised
        return self.editable and ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a claim ends: where its parts go, one plain sentence why, what to do, and details as (name, value)."""

    to: Destination
    why: str
    todo: str = ""
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """
    Everything we owe and are owed for one drop.

    ``order`` is None only for a drop that was refused before an order could be made; its ``outcome`` is set from
    the beginning. ``duration`` is the local probe's, in seconds; ``digest`` and ``size`` are of the uploaded bytes,
    ``likeness`` a cheap fingerprint by which the same video is suspected. ``asset_raw`` is the API's last whole
    answer. ``trouble`` is what went wrong last, ``troubles`` how often in a row. ``filed_as`` is where the parts
    stand in the end, relative to the watch folder, or absolute where ``done`` or ``failed`` lie elsewhere.

    ``overdue`` is set once a dubbing takes unusually long; it goes on all the same. ``inside``: the parts are in
    ``processing/<claim>/``, not in the watch folder any more. ``maybe_billed``: the gate was open once, and nothing has
    proven that the API made nothing. ``awaits`` is a claim of what is likely the same video, which is or was under way.
    ``witnessed`` is the asset that a signed callback on the claim's own URL has named. ``held_for`` and ``held`` (in
    words) say why a person must speak, ``paused`` in which state that was where it can be gone on with, ``may_exceed``
    that a person lets it go beyond the budgets. ``strikes`` are uploads that failed by what may be the drop's own
    fault, ``crashes`` how often the daemon died of this claim; both are saved before the next try. ``warnings`` are
    sentences for the receipt. ``adds_to`` is the claim whose asset gets these languages; the drop has no video then,
    and its results join those of that claim.
    """

    id: ClaimId
    folder: FolderName
    drop: Drop
    order: Order | None
    taken_at: datetime
    state: State = State.CLAIMED
    inside: bool = False
    rules: Rules = field(default_factory=Rules)
    duration: float | None = None
    attempt: Attempt | None = None
    size: int | None = None
    digest: Digest | None = None
    asset_id: AssetId | None = None
    accepted_at: datetime | None = None
    asset_raw: str | None = field(default=None, repr=False)
    dubbings: tuple[Dubbing, ...] = ()
    overdue: bool = False
    outcome: Outcome | None = None
    likeness: str | None = None
    background_digest: Digest | None = None
    builds_on: Earlier | None = None
    awaits: ClaimId | None = None
    reserved: Reservation | None = None
    maybe_billed: bool = False
    witnessed: AssetId | None = None
    held_for: HeldFor | None = None
    held: str | None = None
    paused: State | None = None
    may_exceed: bool = False
    strikes: int = 0
    crashes: int = 0
    candidates: tuple[AssetId, ...] = ()
    troubles: int = 0
    trouble: str | None = None
    warnings: tuple[str, ...] = ()
    filed_as: str | None = None
    closed_at: datetime | None = None
    adds_to: ClaimId | None = None

    @property
    def doubtful(self) -> bool:
        """Say whether the API may have made something for this claim that we do not know of."""
        return self.maybe_billed and self.accepted_at is None

    @property
    def admitted(self) -> bool:
        """Say whether the claim may have been sent, or is about to be; the same video must not be sent beside it."""
        if any(dubbing.revised for dubbing in self.dubbings):
            return False  # it buys nothing, and takes as long as people do
        if self.state is State.CLAIMED or (self.state is State.HELD and self.held_for in UNSENT):
            # By an earlier attempt, which a person has had repeated; while it awaits a twin, that one goes first, for
            # two that may both have been sent would wait for each other.
            return self.maybe_billed and self.awaits is None
        return self.state is State.HELD or (self.state is not State.CLOSED and self.order is not None)

    @property
    def beside(self) -> str | None:
        """Give where the claim is filed whose results its own ones join; None for a claim with a folder of its own."""
        return None if self.adds_to is None or self.builds_on is None else self.builds_on.filed_as

    @property
    def awaits_people(self) -> bool:
        """Say whether nothing is waited for but what people generate in the Studio."""
        over = {DubbingState.FETCHED, DubbingState.FAILED}
        open_ones = [dubbing for dubbing in self.dubbings if dubbing.state not in over]
        return self.state is State.DUBBING and bool(open_ones) and all(dubbing.editable for dubbing in open_ones)

    @property
    def to_buy(self) -> tuple[Locale, ...]:
        """Give the target locales that cost money: all, but for those that an earlier claim has bought."""
        had = self.builds_on.locales if self.builds_on else ()
        return tuple(locale for locale in self.order.locales if locale not in had) if self.order else ()

    @property
    def estimated_millis(self) -> int | None:
        """
        Give dubbed length times locales to buy, in milliseconds; None where the length cannot be told.

        Of a video of unknown length, such as one on the web, that is the most that a piece with an end can take.
        """
        if self.order is None:
            return None
        seconds = self.order.at_most() if self.duration is None else self.order.seconds(self.duration)
        return None if seconds is None else round(seconds * 1000) * len(self.to_buy)

    @property
    def estimated_minutes(self) -> float | None:
        """Give the same in minutes, for people."""
        millis = self.estimated_millis
        return None if millis is None else millis / MINUTE
