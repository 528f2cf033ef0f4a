"""What reaches the driver's inbox: an event of a claim, what a folder showed, what is due, what a person asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from panjaya_watchd.core.answers import Asset, Fault
from panjaya_watchd.core.claim import Claim, Dubbing, State
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.events import Event
from panjaya_watchd.core.names import AssetId, ClaimId, Digest, FolderName, Locale, VersionId
from panjaya_watchd.core.order import Asked, Refusal
from panjaya_watchd.core.settle import Evidence
from panjaya_watchd.places.base import Scan
from panjaya_watchd.run.change import Change, Faulty

BATCH: Final = 50
"""How many claims are reconsidered, released or ended in one turn of the driver; there may be thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event of one claim."""

    claim_id: ClaimId
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A look-up has listed the assets; which is ours is judged by the driver, who knows what other claims have."""

    claim_id: ClaimId
    assets: tuple[Asset, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The time of an effect has come; it is of no interest if its claim is in another state by now."""

    claim_id: ClaimId
    state: State
    effect: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """
    A signed callback came on a claim's own URL and names an asset.

    It may be old, come twice or out of order. ``event`` is the API's word, perhaps a new one; ``version_id`` and
    ``locale`` are None where it does not tell them, as for an event of the asset itself.
    """

    claim_id: ClaimId
    asset_id: AssetId
    event: str = ""
    version_id: VersionId | None = None
    locale: Locale | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    How an asset stands by its entry in the list.

    ``print`` is a number that differs where entries do. ``runs``: all its dubbings say that they are being made.
    """

    print: int
    runs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """The list of all assets was read in so many ``requests``, for what moves in it, or could not be (``fault``)."""

    entries: Mapping[AssetId, Entry] | None = None
    requests: int = 0
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A rest between polls is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconsider:
    """A budget may have room by now: a new day, or something was given back. No ids: look whether that is so."""

    claim_ids: tuple[ClaimId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A person lets these claims go."""

    claim_ids: tuple[ClaimId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Drops of these claims, held where they lie, were taken away or changed."""

    claim_ids: tuple[ClaimId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reload:
    """
    The operator has changed something: the configuration is to be read again.

    ``answer`` is told what came of it. ``key`` is an API key that was handed over, in place of the one that lies where
    the configuration says.
    """

    answer: Callable[[Mapping[str, Any]], None] = lambda _: None
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """The configuration was read again, or has faults and is not used."""

    change: Change | Faulty
    answer: Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Look at a watch folder now: a hint, or the time between two scans is over."""

    folder: FolderName


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """A scan is finished; it took ``seconds``. ``number`` is which it was; None: the one that was asked for."""

    folder: FolderName
    scan: Scan
    seconds: float
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A watch folder could not be scanned; ``foreign``: another one is mounted in its place. ``number``: as above."""

    folder: FolderName
    why: str
    foreign: bool = False
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unheard:
    """There will be no hints of a watch folder."""

    folder: FolderName
    why: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """``STATUS.txt`` was written, or could not be (``why``); the folder may be fine otherwise."""

    folder: FolderName
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """
    What a settled drop contains: what its sidecars ask for and how long the video is, or why it is refused.

    ``likeness`` is a cheap fingerprint of the video, by which the same one is suspected. ``languages`` are those that
    its sound tracks name; ``warnings`` are sentences for the receipt.
    """

    asked: Asked | Refusal
    srt_digests: Mapping[str, Digest] = field(default_factory=dict)
    duration: float | None = None
    likeness: str | None = None
    languages: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """
    A settled drop was examined: it was read, or something says "not yet".

    ``bug`` is what nobody had foreseen; it concerns this drop alone, of which nothing is claimed yet.
    """

    folder: FolderName
    drop: Drop
    found: Reading | Evidence
    bug: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A person asks through the control socket; ``answer`` is called once, from the driver's thread."""

    words: Mapping[str, Any] = field(repr=False)
    answer: Callable[[Mapping[str, Any]], None]


Answer = Callable[[str | None, ClaimId | None], None]
"""Tells who asked for a revision why there is none, or which claim fetches what comes of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Our copy of a result of a claim that is done was read as a whole; ``why`` says what is wrong with it."""

    claim: Claim
    dubbing: Dubbing
    why: str | None
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """The version that this claim is to follow can be edited again, or not (``why``), or nobody knows (``unsure``)."""

    claim_id: ClaimId
    why: str | None
    answer: Answer
    unsure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashed:
    """A lane met something that nobody had foreseen: a bug. The driver stops with it; ``claim_id`` is to blame."""

    error: BaseException
    claim_id: ClaimId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The service manager, or a person, wants the daemon to end."""


Message = (
    Happened
    | Listed
    | Due
    | Called
    | Swept
    | Round
    | Reconsider
    | Release
    | Lost
    | Reload
    | Reread
    | Look
    | Scanned
    | Unseen
    | Unheard
    | Posted
    | Examined
    | Question
    | Verified
    | Revised
    | Crashed
    | Stop
)
