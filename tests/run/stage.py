"""
Parts of the foreman on a stage of their own.

A clock that stands still, a folder in memory, an API that says what it is told to say, and lanes that only write down
what they were asked for.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from samples import NOW
from samples import asset as plain_asset
from structlog.testing import CapturingLogger
from world import SimClock

from panjaya_watchd.api.base import Download, Submission
from panjaya_watchd.core.answers import Asset, Fault, Version
from panjaya_watchd.core.claim import Claim, Dubbing, Rules
from panjaya_watchd.core.content import Measured, Patience
from panjaya_watchd.core.drop import Drop, group
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.names import AssetId, ClaimId, Digest, FolderName, Locale, VersionId
from panjaya_watchd.core.order import AutoGenerate, Defaults, Order
from panjaya_watchd.core.settle import Evidence, Rule
from panjaya_watchd.ledger.memory import MemoryLedger
from panjaya_watchd.media.ending import ending
from panjaya_watchd.places.base import Known, Scan
from panjaya_watchd.places.memory import MemoryPlace
from panjaya_watchd.places.memory_disk import MemoryDisk
from panjaya_watchd.run.board import Board
from panjaya_watchd.run.change import Change, Lookout
from panjaya_watchd.run.crew import Doing
from panjaya_watchd.run.driver import Driver
from panjaya_watchd.run.hands import Hands
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.intake import Intake
from panjaya_watchd.run.messages import Answer, Happened, Message, Reread
from panjaya_watchd.run.meter import Meters
from panjaya_watchd.run.tools import Probe
from panjaya_watchd.run.watched import Watched

FOLDER = FolderName("marketing")
ROOT = "/srv/dub"
CLAIM = ClaimId("c0ffee")
QUIET = 6.0
PACE = 30.0
DEFAULTS = Defaults(
    locale=Locale("en-US"), languages=(Locale("es-ES"), Locale("fr-FR")), auto_generate=AutoGenerate.WITH_LIPS
)


class Notes:
    """What was asked of the lanes, in order; nothing is done."""

    def __init__(self) -> None:
        self.handed: list[tuple[Claim, Effect]] = []
        self.sweeps = 0
        self.scans: list[FolderName] = []
        self.examined: list[Drop] = []
        self.patience: list[Patience] = []
        self.posted: list[str | None] = []
        self.traced: list[FolderName] = []
        self.expected: dict[FolderName, str] = {}
        self.known: list[Known] = []
        self.listening: list[tuple[FolderName, bool]] = []
        self.answered = 0.0
        self.changes: list[tuple[int, int]] = []
        self.watching: dict[FolderName, Lookout] = {}
        self.left: list[FolderName] = []
        self.verified: list[tuple[Claim, Dubbing]] = []
        self.revised: list[Claim] = []

    def verify(self, claim: Claim, dubbing: Dubbing, answer: Answer) -> None:
        """Write down which result is to be read."""
        self.verified.append((claim, dubbing))

    def revise(self, claim: Claim, answer: Answer) -> None:
        """Write down for which claim a version is to be revised."""
        self.revised.append(claim)

    def hand(self, claim: Claim, effect: Effect) -> None:
        """Write down an effect."""
        self.handed.append((claim, effect))

    def sweep(self) -> None:
        """Write down that the list was asked for."""
        self.sweeps += 1

    def scan(self, folder: FolderName, known: Known) -> None:
        """Write down that a scan was asked for."""
        self.scans.append(folder)
        self.known.append(known)

    def came_back(self, folder: FolderName) -> float:
        """Give what the test says."""
        return self.answered

    def listen(self, folder: FolderName, *, wanted: bool) -> None:
        """Write down whose hints are wanted, and whose are not."""
        self.listening.append((folder, wanted))

    def examine(self, folder: FolderName, drop: Drop, patience: Patience) -> None:
        """Write down a drop that is to be read."""
        self.examined.append(drop)
        self.patience.append(patience)

    def post(self, folder: FolderName, text: str | None) -> None:
        """Write down what the status says."""
        self.posted.append(text)

    def change(self, *, uploads: int, downloads: int, meters: Meters) -> None:
        """Write down how many transfers there may be."""
        self.changes.append((uploads, downloads))

    def watch(self, folder: FolderName, lookout: Lookout) -> None:
        """Write down where a folder's files are."""
        self.watching[folder] = lookout

    def leave(self, folder: FolderName) -> None:
        """Write down which folder is left."""
        self.left.append(folder)

    def expect(self, folder: FolderName, root_id: str) -> None:
        """Note it."""
        self.expected[folder] = root_id

    def leave_trace(self, folder: FolderName, root_id: str | None) -> None:
        """Write down whose folder is to get our trace."""
        self.traced.append(folder)

    def effects(self) -> list[Effect]:
        """Give the effects that were handed out."""
        return [effect for _, effect in self.handed]


def watched(quiet: float = QUIET, pace: float = PACE) -> Watched:
    """Give a watch folder that was not looked at yet."""
    return Watched(defaults=DEFAULTS, rules=Rules(), intake=Intake(rule=Rule(quiet=quiet), own_pace=pace))


@dataclass(slots=True)
class Stage:
    """A driver with its inbox, a ledger in memory and lanes that only write down."""

    folders: tuple[FolderName, ...] = (FOLDER,)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    clock: SimClock = field(default_factory=SimClock)
    log: CapturingLogger = field(default_factory=CapturingLogger)
    notes: Notes = field(default_factory=Notes)
    doing: Doing | None = None
    given_inbox: Inbox | None = None
    more: dict[str, Any] = field(default_factory=dict)
    """More of the driver's arguments."""
    inbox: Inbox = field(init=False)
    driver: Driver = field(init=False)

    def __post_init__(self) -> None:
        self.inbox = self.given_inbox or Inbox(self.clock)
        self.driver = Driver(
            ledger=self.ledger,
            doing=self.doing or self.notes,
            inbox=self.inbox,
            clock=self.clock,
            log=self.log,
            **{
                "new_id": lambda: CLAIM,
                "watched": {folder: watched() for folder in self.folders},
                "reread": lambda reload, watched: self.inbox.put(reread(watched, reload.answer)),
                **self.more,
            },
        )

    def start(self, *claims: Claim) -> "Stage":
        """Start on a ledger with these claims, and forget what the start itself asked for."""
        for claim in claims:
            self.ledger.put(claim)
        self.driver.start()
        self.forget()
        return self

    def forget(self) -> None:
        """Forget what was asked for and said so far; no poll of it is under way any more."""
        self.driver._crew.rounds._asked.clear()
        self.notes.handed.clear()
        self.notes.scans.clear()
        self.log.calls.clear()

    def tell(self, *messages: Message) -> None:
        """Put these messages and let the driver take everything that has arrived."""
        for message in messages:
            self.inbox.put(message)
        while self.driver.turn(0):
            pass

    def happen(self, claim: Claim, event: Any) -> None:
        """Let an event of a claim arrive."""
        self.tell(Happened(claim_id=claim.id, event=event))

    def later(self, seconds: float) -> None:
        """Let time pass, then what is due."""
        self.clock.seconds += seconds
        self.tell()

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Give the fields of every log line of that name."""
        return logged(self.log, event)


def reread(
    watched: Mapping[FolderName, Watched], answer: Callable[[Mapping[str, Any]], None] = lambda _: None, **changes: Any
) -> Reread:
    """Give a configuration with these watch folders, as it comes to the driver."""
    same: dict[str, Any] = {
        "lookouts": {},
        "uploads": 2,
        "downloads": 2,
        "meters": Meters(),
        "together": None,
        "take": lambda: None,
    }
    return Reread(change=Change(watched=watched, **{**same, **changes}), answer=answer)


def logged(log: CapturingLogger, event: str) -> list[dict[str, Any]]:
    """Give the fields of every log line of that name."""
    return [dict(call.kwargs) for call in log.calls if call.args == (event,)]


def completed() -> Version:
    """Give a version whose result can be fetched."""
    return Version(version_id=VersionId("v1"), status="Completed", result_url="https://cdn/r.mp4")


@dataclass(slots=True)
class Api:
    """An API that answers what it is told to; it really takes the body of an upload, up to its end."""

    assets: tuple[Asset, ...] | Fault = ()
    asset: Asset | Fault = field(default_factory=plain_asset)
    version: Version | Fault = field(default_factory=completed)
    answer: Asset | Fault = field(default_factory=plain_asset)
    result: bytes | Fault = b"dubbed"
    disk: MemoryDisk = field(default_factory=MemoryDisk)
    took: list[tuple[Submission, bytes, bytes | None]] = field(default_factory=list)
    added: list[tuple[AssetId, tuple[Locale, ...], dict[Locale, str]]] = field(default_factory=list)
    created: list[tuple[Order, dict[Locale, str]]] = field(default_factory=list)
    link: str | Fault = "https://studio.example/v1"
    revised: list[VersionId] = field(default_factory=list)
    listed: int = 0
    weight: int | Fault = 0

    def submit(self, submission: Submission) -> Asset | Fault:
        """Take the background, then the video, as the real one sends them."""
        background = None if submission.background is None else b"".join(submission.background)
        video = b"".join(submission.video)
        self.took.append((submission, video, background))
        return self.answer

    def create(self, order: Order, srt: Mapping[Locale, str]) -> Asset | Fault:
        """Take the order."""
        self.created.append((order, dict(srt)))
        return self.answer

    def add_languages(self, asset_id: AssetId, locales: Sequence[Locale], srt: Mapping[Locale, str]) -> Asset | Fault:
        """Take the languages."""
        self.added.append((asset_id, tuple(locales), dict(srt)))
        return self.answer

    def list_assets(self) -> tuple[Asset, ...] | Fault:
        """Give the assets."""
        self.listed += 1
        return self.assets

    def get_asset(self, asset_id: AssetId) -> Asset | Fault:
        """Give the asset."""
        return self.asset if isinstance(self.asset, Fault) else replace(self.asset, asset_id=asset_id)

    def get_version(self, version_id: VersionId) -> Version | Fault:
        """Give the version."""
        return self.version

    def revise(self, version_id: VersionId) -> str | Fault:
        """Take the version."""
        self.revised.append(version_id)
        return self.link

    def weigh(self, result_url: str) -> int | Fault:
        """Give the size that the test says."""
        return self.weight

    def download(self, result_url: str, into: Path, progress: Callable[[int], None]) -> Download | Fault:
        """Write the result."""
        if isinstance(self.result, Fault):
            return self.result
        self.disk.write(str(into), self.result)
        progress(0)
        progress(len(self.result))
        return Download(size=len(self.result), digest=Digest("ab" * 32))


@dataclass(slots=True)
class Room:
    """The hands with a folder in memory."""

    files: dict[str, bytes] = field(default_factory=dict)
    probe: Probe = lambda _descriptor: Measured(duration=60.0)
    api: Api = field(default_factory=Api)
    place_type: type[MemoryPlace] = MemoryPlace
    clock: SimClock = field(default_factory=SimClock)
    board: Board = field(default_factory=Board)
    stop: threading.Event = field(default_factory=threading.Event)
    place: MemoryPlace = field(init=False)
    hands: Hands = field(init=False)

    def __post_init__(self) -> None:
        disk = self.api.disk
        disk.folder(f"{ROOT}/processing/{CLAIM}")
        for name, content in self.files.items():
            disk.write(f"{ROOT}/{name}", content)
        self.place = self.place_type(disk, Path(ROOT))
        self.hands = Hands(
            api=self.api,
            places={FOLDER: self.place},
            probe=self.probe,
            ending=ending,
            clock=self.clock,
            board=self.board,
            stop=self.stop,
        )

    @property
    def disk(self) -> MemoryDisk:
        """Give the disk under the folder."""
        return self.api.disk

    def scan(self) -> Scan:
        """Look at the folder."""
        return self.place.scan()

    def drop(self) -> Drop:
        """Give the one drop that lies in the folder."""
        (found,) = group(self.place.scan().files)
        return found

    def claim(self, **changes: Any) -> Claim:
        """Claim that drop by the folder's settings, without moving it."""
        stage = Stage()
        drop = self.drop()
        reading = self.hands.examine(FOLDER, drop)
        assert not isinstance(reading, Evidence), reading
        stage.driver._claim(FOLDER, drop, reading)
        return replace(stage.driver.living[CLAIM], taken_at=NOW, **changes)

    def taken(self, **changes: Any) -> Claim:
        """Claim that drop and take it in."""
        claim = self.claim(**changes)
        self.place.take_in(claim.id, claim.drop)
        return claim


class Talk:
    """What an upload says at the gate, and a gate that is opened or shut at once."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    def __call__(self, event: Any) -> None:
        """Write down what was said."""
        self.said.append(event)
