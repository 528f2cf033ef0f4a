"""
Events: what came in about one claim.

Each effect comes back as one event; a restart and an operator's word are events too.
"""

from dataclasses import dataclass
from enum import StrEnum

from panjaya_watchd.core.answers import Asset, Fault
from panjaya_watchd.core.claim import Dubbing, Earlier, Outcome, Result, Rules
from panjaya_watchd.core.drop import Part
from panjaya_watchd.core.names import AssetId, ClaimId, Digest, Locale


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The daemon has started and found this claim in the ledger; nothing of what was under way is."""

    rules: Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """
    All parts are in ``processing/<claim>/``, durably.

    ``copied`` are those that no rename could bring there, as they lie now: a copy is another file (R36).
    """

    copied: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """
    A part is not what had settled; not one whole copy of the video has left us.

    ``gone``: the part is not there. ``inside``: the parts are in ``processing/<claim>/`` and have to go back.
    """

    why: str
    gone: bool = False
    inside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashed:
    """All bytes of the video are read, and of the background sound if there is one."""

    digest: Digest
    background: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """The same video is under way as another claim; this one has to wait for it, and ``why`` says for what."""

    of: ClaimId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """It may be sent: no twin is known, and every budget has room for ``millis`` (None: the length is not known)."""

    millis: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """
    The same video was dubbed before: ``dubbings`` are had already, the other locales are bought for that asset.

    ``millis`` is what the other locales take out of the budgets, which have room for it; 0 where none is missing.
    """

    earlier: Earlier
    dubbings: tuple[Dubbing, ...]
    millis: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverBudget:
    """A budget has no room for it."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """It is not sent, and answered at once."""

    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconsidered:
    """A budget may have room by now for what was held for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """A callback, signed by the API, came on this claim's own URL and names an asset that is no other claim's."""

    asset_id: AssetId


@dataclass(frozen=True, slots=True, kw_only=True)
class Poisoned:
    """The daemon has died of this claim too often."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A folder could not be used just now: full, read-only, unplugged. The verb can be asked for again."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AtGate:
    """
    Everything that can fail for free is done, and ``mark`` is what the API lists.

    Of a video all bytes are read and proven unchanged, and all but the last chunk are sent. For further languages of
    an asset nothing is sent yet; ``missing`` are those that it lacks.
    """

    digest: Digest
    size: int
    mark: frozenset[AssetId]
    background: Digest | None = None
    missing: tuple[Locale, ...] = ()


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
    GIVE_UP = "give-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A person has spoken. ``asset_id`` comes with ``adopt``, ``rules`` are the folder's as they are now."""

    word: Word
    asset_id: AssetId | None = None
    rules: Rules | None = None


Event = (
    Resumed
    | TakenIn
    | Unsettled
    | Stuck
    | Hashed
    | Awaited
    | Admitted
    | Recognised
    | OverBudget
    | Declined
    | Reconsidered
    | Witnessed
    | Poisoned
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
