"""
Events: what came in about one claim.

Each effect comes back as one event; a restart and an operator's word are events too.
"""

from dataclasses import dataclass
from enum import StrEnum

from panjaya_watchd.core.answers import Asset, Fault
from panjaya_watchd.core.claim import Result, Rules
from panjaya_watchd.core.names import AssetId, Digest, Locale


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The daemon has started and found this claim in the ledger; nothing of what was under way is."""

    rules: Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """All parts are in ``processing/<claim>/``, durably."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """A part is not what had settled; not one whole copy of the video has left us. ``gone``: the part is not there."""

    why: str
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A folder could not be used just now: full, read-only, unplugged. The verb can be asked for again."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AtGate:
    """All bytes are read and proven unchanged, all but the last chunk are sent, and ``mark`` is what the API lists."""

    digest: Digest
    size: int
    mark: frozenset[AssetId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The API has answered the upload with an asset."""

    asset: Asset


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulted:
    """The upload failed."""

    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A look-up found exactly one asset that can only be ours."""

    asset: Asset


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """A look-up found assets that may be ours, and no proof which."""

    asset_ids: tuple[AssetId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A look-up found no asset that could be ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A question that costs nothing, a look-up or a poll, failed."""

    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """The API said how the asset, its dubbings and their versions stand."""

    asset: Asset


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A dubbed video is on our disk, whole and durable."""

    locale: Locale
    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFaulted:
    """A dubbed video could not be fetched. ``seen`` is the version's status if it was read on the way."""

    locale: Locale
    fault: Fault
    seen: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """Everything of the claim is where it belongs, durably."""

    where: str


class Word(StrEnum):
    """What an operator can say to a held claim."""

    RETRY = "retry"
    ADOPT = "adopt"
    RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A person has spoken. ``asset_id`` comes with ``adopt``."""

    word: Word
    asset_id: AssetId | None = None


Event = (
    Resumed
    | TakenIn
    | Unsettled
    | Stuck
    | AtGate
    | Accepted
    | Faulted
    | Found
    | Several
    | Absent
    | Unanswered
    | Polled
    | Fetched
    | FetchFaulted
    | Filed
    | Told
)
