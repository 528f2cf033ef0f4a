"""
The whole daemon without threads, disk or network: a deterministic function of a seed.

The driver, the core, the hands, the upload's reader, the sidecar parsers, the codec and the folder verbs are the real
ones. Time is a number; the disk loses what was not synced; the studio is the rehearsal's, with bills. A *boundary* is
any point at which the power may be cut: before and after each step of the disk, of the ledger and of the API, and
between any two messages. Points between which nothing outside the daemon's memory has changed are one boundary.
"""

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from structlog.testing import CapturingLogger

from panjaya_watchd.api import answers, wire
from panjaya_watchd.api.base import Download, Submission
from panjaya_watchd.core import effects
from panjaya_watchd.core.answers import Asset, Fault, Version
from panjaya_watchd.core.budget import Calendar
from panjaya_watchd.core.claim import Claim, Rules, State
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.names import AssetId, ClaimId, Digest, FolderName, Locale, VersionId
from panjaya_watchd.core.order import AutoGenerate, Defaults
from panjaya_watchd.core.settle import Rule
from panjaya_watchd.ledger.codec import Codec
from panjaya_watchd.ledger.memory import MemoryLedger
from panjaya_watchd.places.memory import MemoryPlace
from panjaya_watchd.places.memory_disk import MemoryDisk
from panjaya_watchd.rehearsal.records import Video
from panjaya_watchd.rehearsal.studio import Studio
from panjaya_watchd.rehearsal.switches import Switches
from panjaya_watchd.run import lanes
from panjaya_watchd.run.board import Board
from panjaya_watchd.run.driver import Driver
from panjaya_watchd.run.folders import Watched
from panjaya_watchd.run.gate import Gate
from panjaya_watchd.run.hands import Hands
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.intake import Intake
from panjaya_watchd.run.messages import Happened, Message

FOLDER = FolderName("marketing")
ROOT = "/srv/dub"
LENGTH = 12.5
RULE = Rule(quiet=6.0)
TOO_LONG = 3_000
"""Messages; a run that takes more than this has lost its way."""


class PowerCut(BaseException):
    """The machine dies at this instant."""


class SimClock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """Give the wall clock."""
        return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Give seconds."""
        return self.seconds

    def calendar(self) -> Calendar:
        """Count days and months in UTC."""
        day = self.now().replace(hour=0, minute=0, second=0, microsecond=0)
        return Calendar(day_began=day, month_began=day.replace(day=1))


class SimGate(Gate):
    """A gate at which the world goes on turning, instead of a thread waiting."""

    def __init__(self, turn: Callable[[], object]) -> None:
        super().__init__()
        self._turn = turn

    def wait(self) -> bool:
        """Let everything else happen until the driver has spoken."""
        while not self._spoken.is_set():
            self._turn()
        return self._open


@dataclass(slots=True, kw_only=True)
class Weather:
    """What the network does to requests: chances, 0 to 1."""

    lost_request: float = 0.0
    """The request never arrived whole; the client cannot tell."""
    lost_reply: float = 0.0
    """The API did it; the answer never came."""
    unanswered: float = 0.0
    """A free question fails."""


class SimApi:
    """The studio as the daemon sees it, over weather."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def submit(self, submission: Submission) -> Asset | Fault:
        """Take the body chunk by chunk, create the asset, answer; each of these can be the last thing done."""
        world, rng = self._world, self._world.rng
        world.boundary("request begins")
        body = b"".join(submission.video)
        released = Fault(money_may_have_moved=True, repeat_helps=True, words="the connection was cut")
        world.boundary("body is out", changes=True)
        if rng.random() < world.weather.lost_request:
            return released
        fields = wire.request_fields(submission.order, submission.srt)
        video = Video.of(body, duration=LENGTH)
        created = world.studio.create_asset(fields, video, file_name=submission.video.file_name)
        world.boundary("asset is made")
        return released if rng.random() < world.weather.lost_reply else _asset(created)

    def add_languages(self, asset_id: AssetId, locales: Sequence[Locale], srt: Mapping[Locale, str]) -> Asset | Fault:
        """Add languages; the request or its answer may be the last thing done."""
        world, rng = self._world, self._world.rng
        world.boundary("languages begin", changes=True)
        cut = Fault(money_may_have_moved=True, repeat_helps=False, words="the connection was cut")
        if rng.random() < world.weather.lost_request:
            return cut
        shown = world.studio.add_languages(asset_id, {"languages": wire.languages(locales, srt)})
        world.boundary("languages are added")
        return cut if rng.random() < world.weather.lost_reply else _asset(shown)

    def list_assets(self) -> tuple[Asset, ...] | Fault:
        """List everything that the list shows by now."""
        self._world.boundary("list")
        if self._world.rng.random() < self._world.weather.unanswered:
            return self._silence()
        return tuple(_asset(entry) for entry in self._world.studio.list_assets())

    def get_asset(self, asset_id: AssetId) -> Asset | Fault:
        """Read one asset."""
        self._world.boundary("get asset")
        if self._world.rng.random() < self._world.weather.unanswered:
            return self._silence()
        return _asset(self._world.studio.get_asset(asset_id))

    def get_version(self, version_id: VersionId) -> Version | Fault:
        """Read one version."""
        self._world.boundary("get version")
        if self._world.rng.random() < self._world.weather.unanswered:
            return self._silence()
        version = answers.version(_json(self._world.studio.get_version(version_id)))
        assert version is not None
        return version

    def download(self, result_url: str, into: Path, progress: Callable[[int], None]) -> Download | Fault:
        """Write the result into the played disk, in two halves."""
        world = self._world
        content = f"dubbed {result_url}".encode()
        world.boundary("download", changes=True)
        world.disk.write(str(into), content[:4])
        if world.rng.random() < world.weather.unanswered:
            return self._silence()
        world.boundary("half a download", changes=True)
        world.disk.write(str(into), content)
        progress(len(content))
        return Download(size=len(content), digest=Digest(Video.of(content, duration=0).sha256))

    def _silence(self) -> Fault:
        return Fault(money_may_have_moved=False, repeat_helps=True, words="no answer")


def _json(value: Any) -> bytes:
    import json  # noqa: PLC0415

    return json.dumps(value).encode()


def _asset(value: Any) -> Asset:
    asset = answers.asset_of(value)
    assert asset is not None
    return asset


class SimLanes:
    """Effects wait here until the world picks one; each is done by the real hands."""

    def __init__(self, world: "World", hands: Hands, inbox: Inbox) -> None:
        self.work: list[Callable[[], Message | None]] = []
        self._world = world
        self._hands = hands
        self._inbox = inbox
        self._gates: dict[ClaimId, Gate] = {}

    def hand(self, claim: Claim, effect: Effect) -> None:  # noqa: C901  (one arm for each effect)
        """Begin an effect, as `Lanes.hand` does."""
        hands, inbox = self._hands, self._inbox
        self._world.boundary(f"hand {type(effect).__name__}")
        match effect:
            case effects.TakeIn():
                self.work.append(lambda: _happened(claim, hands.take_in(claim)))
            case effects.Admit():
                raise AssertionError("the driver admits by itself")
            case effects.Hash():
                self.work.append(lambda: _happened(claim, hands.read_through(claim)))
            case effects.ShutGate():
                self._gates.pop(claim.id).shut()
            case effects.Upload():
                gate = self._gates[claim.id] = self._world.gate_type(self._world.turn)
                say = lambda event: inbox.put(Happened(claim_id=claim.id, event=event))  # noqa: E731
                self.work.append(lambda: _happened(claim, hands.upload(claim, gate, say)))
            case effects.OpenGate():
                self._gates.pop(claim.id).open()
            case effects.LookUp():
                self.work.append(lambda: lanes._looked_up(claim, hands))
            case effects.Poll():
                self.work.append(lambda: _happened(claim, hands.poll(claim)))
            case effects.Fetch(locale=locale):
                self.work.append(lambda: _happened(claim, hands.fetch(claim, locale)))
            case effects.PutAway():
                self.work.append(lambda: _happened(claim, hands.put_away(claim)))

    def scan(self, folder: FolderName) -> None:
        """Look at the folder."""
        self.work.append(lambda: lanes._scan(folder, self._hands))

    def examine(self, folder: FolderName, drop: Drop) -> None:
        """Read a settled drop."""
        self.work.append(lambda: lanes._examine(folder, drop, self._hands))

    def found(self, folder: FolderName) -> None:
        """Make our own folder."""
        self.work.append(lambda: lanes._found(folder, self._hands))

    def post(self, folder: FolderName, text: str | None) -> None:
        """``STATUS.txt`` is not played."""


def _happened(claim: Claim, event: Any) -> Message | None:
    return None if event is None else Happened(claim_id=claim.id, event=event)


class SimLedger(MemoryLedger):
    """A ledger that can die before and after it has written."""

    def __init__(self, boundary: Callable[..., None], codec: Codec) -> None:
        super().__init__()
        self._boundary = boundary
        self._codec = codec

    def put(self, claim: Claim) -> None:
        """Write a claim."""
        self._boundary(f"before put {claim.state}", changes=True)
        super().put(claim)
        self._boundary(f"after put {claim.state}")


DROPS = {
    "talk.mp4": b"talk " * 30,
    "talk.toml": b'languages = ["es-ES", "fr-FR"]\n',
    "talk.es-ES.srt": b"1\n00:00:01,000 --> 00:00:02,000\nHola.\n",
    "tour.mp4": b"tour " * 40,
}
VIDEOS = ("talk.mp4", "tour.mp4")


@dataclass(slots=True)
class World:
    """
    One machine, one account, one folder.

    ``cuts`` are the boundaries (counted from 1) at which the power is cut; ``orderly`` takes work first come first
    served instead of in random order.
    """

    seed: int = 0
    cuts: frozenset[int] = frozenset()
    orderly: bool = True
    weather: Weather = field(default_factory=Weather)
    switches: dict[str, Any] = field(default_factory=dict)
    rules: Rules = field(default_factory=lambda: Rules(poll_first=timedelta(seconds=4)))
    drops: dict[str, bytes] = field(default_factory=lambda: dict(DROPS))
    driver_type: type[Driver] = Driver
    gate_type: type[SimGate] = SimGate
    codec: Codec = field(default_factory=Codec)
    """Costly to make, and the same for all worlds: pass one where many are run."""
    changed: bool = True
    boundaries: int = 0
    passed: list[str] = field(default_factory=list)
    reboots: int = 0
    messages: int = 0
    rng: Random = field(init=False)
    clock: SimClock = field(init=False)
    disk: MemoryDisk = field(init=False)
    studio: Studio = field(init=False)
    ledger: SimLedger = field(init=False)
    driver: Driver = field(init=False)
    work: SimLanes = field(init=False)
    ids: Iterator[int] = field(init=False)

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        self.clock = SimClock()
        self.disk = MemoryDisk()
        for name, content in self.drops.items():
            self.disk.write(f"{ROOT}/{name}", content)
        plain = {"pagination": "none", "envelope": "bare", "inspect": False, "assumed_duration": LENGTH}
        self.studio = Studio(Switches(**{**plain, **self.switches}), clock=self.clock.now, seed=self.seed)
        self.ledger = SimLedger(self.boundary, self.codec)
        self.ids = itertools.count(1)
        self.disk.hook = lambda name: self.boundary(name, changes=True)

    def boundary(self, name: str, *, changes: bool = False) -> None:
        """Pass a point at which the power may be cut; ``changes`` if what comes next changes the world."""
        changed, self.changed = self.changed, changes
        if changed:
            self.boundaries += 1
            self.passed.append(name)
            if self.boundaries in self.cuts:
                raise PowerCut(name)

    def run(self) -> "World":
        """Run until everything is answered or held, through every cut."""
        self._through_cuts(self._boot)
        while not self.quiet():
            self._through_cuts(self.turn)
            assert self.messages < TOO_LONG, self.describe()
        return self

    def _through_cuts(self, act: Callable[[], object]) -> None:
        while True:
            try:
                act()
            except PowerCut:
                self.reboots += 1
                self.changed = True
                self.disk.cut(self.rng)
                act = self._boot
            else:
                return

    def _boot(self) -> None:
        """Start the daemon as the service manager would; memory is empty, ledger and disk are what is left."""
        inbox = Inbox(self.clock)
        hands = Hands(
            api=SimApi(self),
            places={FOLDER: MemoryPlace(self.disk, Path(ROOT))},
            probe=lambda _folder, _part: LENGTH,
            clock=self.clock,
            board=Board(),
            stop=threading.Event(),
        )
        self.work = SimLanes(self, hands, inbox)
        defaults = Defaults(
            locale=Locale("en-US"),
            languages=(Locale("es-ES"), Locale("fr-FR")),
            auto_generate=AutoGenerate.WITH_LIPS,
        )
        self.driver = self.driver_type(
            ledger=self.ledger,
            doing=self.work,
            inbox=inbox,
            clock=self.clock,
            log=CapturingLogger(),
            watched={FOLDER: Watched(defaults=defaults, rules=self.rules, intake=Intake(rule=RULE, pace=30.0))},
            new_id=lambda: ClaimId(f"claim{next(self.ids)}"),
        )
        self.driver.start()

    def turn(self) -> None:
        """Let one thing happen: a message, an effect, or the passing of time."""
        self.messages += 1
        self.boundary("turn")
        work = self.work.work
        if work and (self.orderly or self.rng.random() < 0.5):
            self._do(work.pop(0 if self.orderly else self.rng.randrange(len(work))))
        elif not self.driver.turn(0) and work:
            self._do(work.pop(0))
        elif not work:
            self._pass_time()

    def _do(self, work: Callable[[], Message | None]) -> None:
        message = work()
        if message is not None:
            self.driver.inbox.put(message)

    def _pass_time(self) -> None:
        if not self.driver.turn(0):
            due = self.driver.inbox.next_due()
            if due is not None:
                self.clock.seconds = max(self.clock.seconds, due)

    def quiet(self) -> bool:
        """Say whether nothing more will happen by itself."""
        if self.work.work or any(claim.state is not State.HELD for claim in self.driver.living.values()):
            return False
        return not any(path.rsplit("/", 1)[0] == ROOT for path in self.disk.files())

    def bills(self) -> dict[str, int]:
        """Count the bills for each video that was dropped."""
        digests = {Video.of(self.drops[name], duration=0).sha256: name for name in self.drops if name.endswith(".mp4")}
        counted = dict.fromkeys(digests.values(), 0)
        for bill in self.studio.bills:
            assert bill.sha256 is not None
            counted[digests[bill.sha256]] += 1
        return counted

    def check(self) -> None:
        """Hold the promises against what is left: bills, files, answers."""
        held = [claim for claim in self.ledger.living() if claim.state is State.HELD]
        held_videos = {claim.drop.video.name for claim in held if claim.drop.video}
        for name, count in self.bills().items():
            assert count <= 1, f"{name} was billed {count} times; {self.describe()}"
            assert count == 1 or name in held_videos, f"{name} was neither billed nor held; {self.describe()}"
        left = list(self.disk.files().values())
        for name, content in self.drops.items():
            assert left.count(content) == 1, f"{name} is there {left.count(content)} times; {self.describe()}"
        for claim in self.ledger.closed():
            if claim.outcome is not None and claim.outcome.to == "done":
                self._check_done(claim)

    def _check_done(self, claim: Claim) -> None:
        for dubbing in claim.dubbings:
            assert dubbing.result is not None
            content = self.disk.read(f"{ROOT}/{claim.filed_as}/{dubbing.result.name}")
            assert str(dubbing.version_id) in content.decode(), self.describe()
        receipts = [
            path for path in self.disk.files() if path.endswith(".receipt.toml") and str(claim.filed_as) in path
        ]
        assert len(receipts) == 1, self.describe()

    def describe(self) -> str:
        """Say how to see this run again, and how it ended."""
        states = [(claim.id, claim.state.value, claim.held) for claim in self.ledger.living()]
        where = [self.passed[cut - 1] for cut in sorted(self.cuts) if cut <= len(self.passed)]
        return (
            f"seed={self.seed} cuts={sorted(self.cuts)} at {where} messages={self.messages} "
            f"t={self.clock.seconds:.0f} states={states} files={sorted(self.disk.files())}"
        )
