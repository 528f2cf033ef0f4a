"""
The whole daemon without threads, disk or network: a deterministic function of a seed.

The driver, the core, the hands, the upload's reader, the sidecar parsers, the codec and the folder verbs are the real
ones. Time is a number; the disk loses what was not synced; the studio is the rehearsal's, with bills. A *boundary* is
any point at which the power may be cut: before and after each step of the disk, of the ledger and of the API, and
between any two messages. Points between which nothing outside the daemon's memory has changed are one boundary.
"""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from played import LENGTH, SimApi, SimLanes, SimLedger, Weather
from structlog.testing import CapturingLogger

from panjaya_watchd.core.budget import Budget, Calendar
from panjaya_watchd.core.claim import Claim, Destination, HeldFor, Rules, State
from panjaya_watchd.core.content import Ending, Measured, Reads
from panjaya_watchd.core.names import ClaimId, FolderName, Locale
from panjaya_watchd.core.order import AutoGenerate, Defaults
from panjaya_watchd.core.profiles import LOCAL_GROUND, Ground
from panjaya_watchd.core.settle import Rule
from panjaya_watchd.ledger.codec import Codec
from panjaya_watchd.media.ending import ending
from panjaya_watchd.places.memory import MemoryPlace
from panjaya_watchd.places.memory_disk import MemoryDisk
from panjaya_watchd.rehearsal.records import Video
from panjaya_watchd.rehearsal.studio import Studio
from panjaya_watchd.rehearsal.switches import Switches
from panjaya_watchd.run.board import Board
from panjaya_watchd.run.driver import Driver
from panjaya_watchd.run.first_start import Root
from panjaya_watchd.run.gate import Gate
from panjaya_watchd.run.hands import Hands
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.intake import Intake
from panjaya_watchd.run.messages import Message
from panjaya_watchd.run.watched import Watched

FOLDER = FolderName("marketing")
TRACE = "/srv/dub/processing/.panjaya-watchd"
"""What the daemon leaves in its watch folder for itself."""

ROOT = "/srv/dub"
RULE = Rule(quiet=6.0)
TOO_LONG = 3_000
"""Messages; a run that takes more than this has lost its way."""


class PowerCut(BaseException):
    """The machine dies at this instant."""


class SimClock:
    """A clock that moves only when told; ``shift`` is how far the wall clock was set forward, in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.shift = 0.0
        self.suspended = 0.0

    def now(self) -> datetime:
        """Give the wall clock."""
        return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=self.seconds + self.shift)

    def here(self) -> datetime:
        """Give the wall clock; people here live by UTC."""
        return self.now()

    def monotonic(self) -> float:
        """Give seconds."""
        return self.seconds

    def asleep(self) -> float:
        """Give how long the machine was suspended."""
        return self.suspended

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
    One machine, one account, one folder or several.

    ``cuts`` are the boundaries (counted from 1) at which the power is cut; ``orderly`` takes work first come first
    served instead of in random order. ``drops`` lie in the first folder before the daemon comes to it. The API refuses
    videos whose file names begin with one of ``refused``. ``meddle`` is what other people do: it is called with the
    name of every point that is passed.
    """

    seed: int = 0
    cuts: frozenset[int] = frozenset()
    orderly: bool = True
    weather: Weather = field(default_factory=Weather)
    switches: dict[str, Any] = field(default_factory=dict)
    rules: Rules = field(default_factory=lambda: Rules(poll_first=timedelta(seconds=4)))
    drops: dict[str, bytes] = field(default_factory=lambda: dict(DROPS))
    languages: tuple[str, ...] = ("es-ES", "fr-FR")
    roots: Mapping[FolderName, str] = field(default_factory=lambda: {FOLDER: ROOT})
    budgets: Mapping[FolderName, Budget] = field(default_factory=dict)
    together: Budget | None = None
    hold: bool = False
    """What lies there before the first start is held."""
    refused: tuple[str, ...] = ()
    meddle: Callable[["World", str], None] = lambda _world, _name: None
    rule: Rule = RULE
    pace: float | None = 30.0
    """Seconds between two looks when nothing happens; None: that of the storage."""
    grounds: tuple[Ground, ...] = (LOCAL_GROUND,)
    ending: Callable[[Reads], Ending] = ending
    driver_type: type[Driver] = Driver
    gate_type: type[SimGate] = SimGate
    api_type: type[SimApi] = SimApi
    place_type: type[MemoryPlace] = MemoryPlace
    intake_type: type[Intake] = Intake
    disk_type: type[MemoryDisk] = MemoryDisk
    codec: Codec = field(default_factory=Codec)
    """Costly to make, and the same for all worlds: pass one where many are run."""
    changed: bool = True
    boundaries: int = 0
    passed: list[str] = field(default_factory=list)
    reboots: int = 0
    messages: int = 0
    dropped: Counter[bytes] = field(default_factory=Counter)
    """How often each content was dropped: so often it is on the disk, whatever happens."""
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
        self.disk = self.disk_type()
        for root in self.roots.values():
            self.disk.folder(root)
        self.drop(self.drops)
        plain = {"pagination": "none", "envelope": "bare", "inspect": False, "assumed_duration": LENGTH}
        self.studio = Studio(Switches(**{**plain, **self.switches}), clock=self.clock.now, seed=self.seed)
        self.ledger = SimLedger(self.boundary, self.codec)
        self.ids = itertools.count(1)
        self.disk.hook = lambda name: self.boundary(name, changes=True)

    # What people do

    def drop(self, files: Mapping[str, bytes], folder: FolderName = FOLDER) -> None:
        """Drop files into a folder; the same content may come again, under whatever name."""
        for name, content in files.items():
            self.disk.write(f"{self.roots[folder]}/{name}", content)
        self.drops = {**self.drops, **files}
        self.dropped.update(files.values())

    def move(self, source: str, target: str) -> None:
        """Move a file by its path, as people do: it stays the same file."""
        hook, self.disk.hook = self.disk.hook, lambda _: None
        self.disk.folder(target.rpartition("/")[0])
        self.disk.move(source, target)
        for path in (source, target):
            self.disk.sync(path.rpartition("/")[0])
        self.disk.hook = hook

    def throw_away(self, path: str) -> None:
        """Delete a file by its path."""
        self.dropped[self.disk.read(path)] -= 1
        self.disk.delete(path)

    # How it runs

    def boundary(self, name: str, *, changes: bool = False) -> None:
        """Pass a point at which the power may be cut; ``changes`` if what comes next changes the world."""
        self.meddle(self, name)
        changed, self.changed = self.changed, changes
        if changed:
            self.boundaries += 1
            self.passed.append(name)
            if self.boundaries in self.cuts:
                raise PowerCut(name)

    def run(self, first: Callable[[], object] | None = None, *, until: float = float("inf")) -> "World":
        """
        Run until everything is answered or waits for a person, through every cut.

        Args:
            first: what to begin with; without it the daemon is started, where it does not run yet.
            until: seconds at which to stop in any case.

        """
        began = self.messages
        if first is not None or not hasattr(self, "driver"):
            self._through_cuts(first or self._boot)
        while not self.quiet() and self.clock.seconds < until:
            self._through_cuts(self.turn)
            assert self.messages - began < TOO_LONG, self.describe()
        return self

    def cut_later(self, *cuts: int) -> None:
        """Cut the power at these boundaries, counted from now."""
        self.cuts = frozenset(self.boundaries + cut for cut in cuts)
        self.changed = True

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
            api=self.api_type(self),
            places={folder: self._place(Path(root)) for folder, root in self.roots.items()},
            probe=lambda _descriptor: Measured(duration=LENGTH),
            ending=self.ending,
            clock=self.clock,
            board=Board(),
            stop=threading.Event(),
        )
        self.work = SimLanes(self, hands, inbox)
        self.driver = self.driver_type(
            ledger=self.ledger,
            doing=self.work,
            inbox=inbox,
            clock=self.clock,
            log=CapturingLogger(),
            watched={folder: self._watched(folder) for folder in self.roots},
            new_id=lambda: ClaimId(f"claim{next(self.ids)}"),
            together=self.together,
        )
        self.driver.start()

    def _place(self, root: Path) -> MemoryPlace:
        return self.place_type(self.disk, root, grounds=self.grounds)

    def _watched(self, folder: FolderName) -> Watched:
        defaults = Defaults(
            locale=Locale("en-US"),
            languages=tuple(map(Locale, self.languages)),
            auto_generate=AutoGenerate.WITH_LIPS,
        )
        return Watched(
            defaults=defaults,
            rules=self.rules,
            intake=self.intake_type(rule=self.rule, own_pace=self.pace),
            budget=self.budgets.get(folder),
            root=Root(path=self.roots[folder], hold=self.hold),
        )

    def turn(self) -> None:
        """Let one thing happen: a message, an effect, or the passing of time."""
        self.messages += 1
        self.boundary("turn")
        work = self.work.work
        if work and (self.orderly or self.rng.random() < 0.5):
            self._do(work.pop(0 if self.orderly else self.rng.randrange(len(work))))
        elif not self.driver.turn(0):
            if work:
                self._do(work.pop(0))
            else:
                self._pass_time()

    def _do(self, work: Callable[[], Message | None]) -> None:
        message = work()
        if message is not None:
            self.driver.inbox.put(message)

    def _pass_time(self) -> None:
        due = self.driver.inbox.next_due()
        if due is not None:
            self.clock.seconds = max(self.clock.seconds, due)

    # How it ended

    def quiet(self) -> bool:
        """Say whether nothing more will happen by itself before people speak or a new day begins."""
        inbox, living = self.driver.inbox, self.driver.living
        due = inbox.next_due()
        if self.work.work or not inbox._arrived.empty() or (due is not None and due <= self.clock.seconds):
            return False
        if not all(claim.state is State.HELD or self.awaits_person(claim) for claim in living.values()):
            return False
        lying = {
            f"{self.roots[claim.folder]}/{part.name}"
            for claim in living.values()
            if claim.held_for is HeldFor.FIRST_START
            for part in claim.drop.parts
        }
        roots = self.roots.values()
        return not any(path.rpartition("/")[0] in roots and path not in lying for path in self.disk.files())

    def awaits_person(self, claim: Claim) -> bool:
        """Say whether a claim waits for the same video of a claim that waits for a person; people are told so."""
        twin = self.driver.living.get(claim.awaits) if claim.awaits else None
        return claim.state is State.CLAIMED and twin is not None and twin.state is State.HELD

    def bills(self) -> dict[str, int]:
        """Count the bills for each video that was dropped; of equal ones under the last name."""
        digests = {Video.of(self.drops[name], duration=0).sha256: name for name in self.drops if name.endswith(".mp4")}
        counted = dict.fromkeys(digests.values(), 0)
        for bill in self.studio.bills:
            assert bill.sha256 is not None
            counted[digests[bill.sha256]] += 1
        return counted

    def check(self, *, most: int = 1, failed: int = 0) -> None:
        """
        Hold the promises against what is left: bills, answers, files.

        Args:
            most: bills that a video may have.
            failed: drops that may be answered in ``failed/``; all others are billed, held or done.

        """
        closed = self.ledger.closed()
        refused = [claim for claim in closed if claim.outcome and claim.outcome.to is Destination.FAILED]
        assert len(refused) <= failed, self.describe()
        answered = {
            self.drops[claim.drop.video.name] for claim in (*self.ledger.living(), *refused) if claim.drop.video
        }
        for name, count in self.bills().items():
            assert count <= most, f"{name} was billed {count} times; {self.describe()}"
            assert count or self.drops[name] in answered, f"{name} was neither billed nor held; {self.describe()}"
        left = Counter(self.disk.files().values())
        for content, times in self.dropped.items():
            assert left[content] == times, f"{content[:9]!r} is there {left[content]} times; {self.describe()}"
        for claim in refused:
            assert f"{self.filed(claim)}/WHY.txt" in self.disk.files(), self.describe()
        for claim in closed:
            if claim.outcome is not None and claim.outcome.to is Destination.DONE:
                self._check_done(claim)

    def filed(self, claim: Claim) -> str:
        """Give the path of the folder in which a claim was filed."""
        return f"{self.roots[claim.folder]}/{claim.filed_as}"

    def _check_done(self, claim: Claim) -> None:
        for dubbing in claim.dubbings:
            assert dubbing.result is not None
            content = self.disk.read(f"{self.filed(claim)}/{dubbing.result.name}")
            assert str(dubbing.version_id) in content.decode(), self.describe()
        beside = [path for path in self.disk.files() if path.startswith(f"{self.filed(claim)}/")]
        assert sum(path.endswith(".receipt.toml") for path in beside) == 1, self.describe()
        assert (f"{self.filed(claim)}/WHY.txt" in beside) == (claim.builds_on is not None), self.describe()

    def describe(self) -> str:
        """Say how to see this run again, and how it ended."""
        states = [(claim.id, claim.state.value, claim.held) for claim in self.ledger.living()]
        where = [self.passed[cut - 1] for cut in sorted(self.cuts) if cut <= len(self.passed)]
        return (
            f"seed={self.seed} cuts={sorted(self.cuts)} at {where} messages={self.messages} "
            f"t={self.clock.seconds:.0f} states={states} files={sorted(self.disk.files())}"
        )
