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


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """
    One try to upload.

    ``number`` counts from 1 and is durable before the try begins. ``mark`` holds the asset ids that the API knew when
    the gate was about to open. ``doubt_since`` is set while we do not know whether the API has our video, with
    ``absences``, the look-ups that found nothing since then.
    """

    number: int
    mark: frozenset[AssetId] | None = None
    gate_at: datetime | None = None
    doubt_since: datetime | None = None
    absences: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One dubbed video on our disk: its file name beside the parts, its size in bytes, its SHA-256."""

    name: str
    size: int
    digest: Digest
    fetched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dubbing:
    """One target locale of a claim. ``seen`` is the API's version status as last read; ``error`` is for people."""

    locale: Locale
    state: DubbingState = DubbingState.WAITING
    dubbing_id: DubbingId | None = None
    version_id: VersionId | None = None
    seen: str | None = None
    progress: float | None = None
    studio_url: str | None = None
    error: str | None = None
    fetches: int = 0
    result: Result | None = None

    def over(self, order: Order) -> bool:
        """Say whether nothing more is expected: with ``auto_generate = "off"`` an editable version is the end."""
        if self.state in {DubbingState.FETCHED, DubbingState.FAILED}:
            return True
        editable = self.state is DubbingState.WAITING and self.seen == READY_TO_EDIT
        return editable and order.auto_generate is AutoGenerate.OFF


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
    the beginning. ``duration`` is the local probe's, in seconds; ``digest`` and ``size`` are of the uploaded bytes.
    ``asset_raw`` is the API's last whole answer. ``trouble`` is what went wrong last, ``troubles`` how often in a
    row. ``filed_as`` is where the parts stand in the end, relative to the watch folder, or absolute where ``done``
    or ``failed`` lie elsewhere.
    """

    id: ClaimId
    folder: FolderName
    drop: Drop
    order: Order | None
    taken_at: datetime
    state: State = State.CLAIMED
    rules: Rules = field(default_factory=Rules)
    duration: float | None = None
    attempt: Attempt | None = None
    size: int | None = None
    digest: Digest | None = None
    asset_id: AssetId | None = None
    accepted_at: datetime | None = None
    asset_raw: str | None = field(default=None, repr=False)
    dubbings: tuple[Dubbing, ...] = ()
    outcome: Outcome | None = None
    held: str | None = None
    candidates: tuple[AssetId, ...] = ()
    troubles: int = 0
    trouble: str | None = None
    filed_as: str | None = None
    closed_at: datetime | None = None

    @property
    def doubtful(self) -> bool:
        """Say whether the API may have an asset of this claim that we do not know of."""
        sent = self.attempt is not None and self.attempt.gate_at is not None
        return sent and self.asset_id is None and self.state in {State.RELEASING, State.HELD}

    @property
    def estimated_minutes(self) -> float | None:
        """Give dubbed length times target locales, in minutes; None where the probe could not tell the duration."""
        if self.duration is None or self.order is None:
            return None
        return self.order.seconds(self.duration) * len(self.order.languages) / 60
