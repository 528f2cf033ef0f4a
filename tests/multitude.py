"""
A multitude: thousands of assets that are followed at once, in time that is only counted.

The driver, the core, the hands, the pages of the list and the turns are the real ones; the studio is the rehearsal's.
The lanes are played: each has its threads, of which one at a time runs, and each request takes a moment of counted
time. So a run is the same whenever it is made, and an hour of thousands of assets takes seconds.
"""

import heapq
import itertools
import json
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from run.stage import DEFAULTS, FOLDER, watched
from samples import claim as plain_claim
from samples import order, result
from structlog.testing import CapturingLogger
from world import SimClock

from panjaya_watchd.api import answers, pages
from panjaya_watchd.api.base import Download, Submission
from panjaya_watchd.api.turns import Turns
from panjaya_watchd.core import effects, events
from panjaya_watchd.core.answers import Asset, Fault, Version
from panjaya_watchd.core.claim import Claim, Dubbing, State
from panjaya_watchd.core.content import Patience
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName, Locale, VersionId
from panjaya_watchd.core.order import Language, Order
from panjaya_watchd.ledger.base import Ledger
from panjaya_watchd.ledger.memory import MemoryLedger
from panjaya_watchd.places.base import Known
from panjaya_watchd.places.memory import MemoryPlace
from panjaya_watchd.places.memory_disk import MemoryDisk
from panjaya_watchd.rehearsal.records import Event, Video
from panjaya_watchd.rehearsal.request import Refused
from panjaya_watchd.rehearsal.studio import Studio
from panjaya_watchd.rehearsal.switches import Switches
from panjaya_watchd.run.board import Board
from panjaya_watchd.run.change import Lookout
from panjaya_watchd.run.driver import Driver
from panjaya_watchd.run.hands import Hands
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.messages import Answer, Called, Happened, Message
from panjaya_watchd.run.meter import Meters
from panjaya_watchd.run.sweeping import sweep

SPANISH: Final = Locale("es-ES")
LIFE: Final = {"asset_after": 600.0, "ready_after": 2400.0, "editing_for": 60.0, "generate_after": 600.0, "spread": 4.0}
"""A dubbing takes from one hour to five."""

ANSWER: Final = 0.1
"""Seconds that an answer takes."""

BASE: Final = "https://studio.invalid"
GONE: Final = Fault(money_may_have_moved=False, repeat_helps=False, words="not found", status=404)


class Baton:
    """Counted time for many threads, of which only the one that holds the baton runs."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._count = itertools.count()
        self._sleeping: list[tuple[float, int, threading.Event]] = []
        self._back = threading.Event()

    def next_at(self) -> float | None:
        """Give when the next thread goes on."""
        return self._sleeping[0][0] if self._sleeping else None

    def pause(self, seconds: float) -> None:
        """Let time pass; called by a thread that was begun here."""
        goes_on = threading.Event()
        heapq.heappush(self._sleeping, (self._clock.seconds + seconds, next(self._count), goes_on))
        self._back.set()
        goes_on.wait()

    def begin(self, work: Callable[[], None]) -> None:
        """Run work until it pauses for the first time, or is done."""

        def run() -> None:
            try:
                work()
            finally:
                self._back.set()

        thread = threading.Thread(target=run, daemon=True)
        self._back.clear()
        thread.start()
        self._back.wait()

    def go_on(self) -> None:
        """Let the thread go on whose time has come."""
        _, _, goes_on = heapq.heappop(self._sleeping)
        self._back.clear()
        goes_on.set()
        self._back.wait()


class Lane:
    """A queue, and how many threads may work on it."""

    def __init__(self, baton: Baton, threads: int, put: Callable[[Message], None]) -> None:
        self._baton = baton
        self._free = threads
        self._put = put
        self._queue: deque[Callable[[], Message | None]] = deque()
        self.longest = 0

    def hand(self, work: Callable[[], Message | None]) -> None:
        """Add work."""
        if self._free:
            self._free -= 1
            self._baton.begin(lambda: self._work(work))
        else:
            self._queue.append(work)
            self.longest = max(self.longest, len(self._queue))

    def _work(self, work: Callable[[], Message | None] | None) -> None:
        while work is not None:
            message = work()
            if message is not None:
                self._put(message)
            work = self._queue.popleft() if self._queue else None
        self._free += 1


class CountedApi:
    """The studio, bounded by the real turns; every request is counted by its kind and its time."""

    def __init__(self, studio: Studio, turns: Turns, clock: SimClock, pause: Callable[[float], None]) -> None:
        self.sent: list[tuple[float, str]] = []
        self._studio = studio
        self._turns = turns
        self._clock = clock
        self._pause = pause

    def submit(self, submission: Submission) -> Asset | Fault:
        """Nothing is sent here."""
        raise NotImplementedError

    def create(self, order: Order, srt: Mapping[Locale, str]) -> Asset | Fault:
        """Nothing is ordered here."""
        raise NotImplementedError

    def add_languages(self, asset_id: AssetId, locales: Sequence[Locale], srt: Mapping[Locale, str]) -> Asset | Fault:
        """Nothing is ordered here."""
        raise NotImplementedError

    def revise(self, version_id: VersionId) -> str | Fault:
        """Nothing is revised here."""
        raise NotImplementedError

    def list_assets(self) -> tuple[Asset, ...] | Fault:
        """Read page by page, as the client does."""
        return pages.walk(f"{BASE}/v1/assets/", self._page, lambda _: GONE)

    def get_asset(self, asset_id: AssetId) -> Asset | Fault:
        """Read one asset."""
        self._ask("asset")
        found = answers.asset_of(self._studio.get_asset(asset_id))
        return found or GONE

    def get_version(self, version_id: VersionId) -> Version | Fault:
        """Read one version."""
        self._ask("version")
        return answers.version(json.dumps(self._studio.get_version(version_id)).encode()) or GONE

    def weigh(self, result_url: str) -> int | Fault:
        """Not played."""
        raise NotImplementedError

    def download(self, result_url: str, into: Path, progress: Callable[[int], None]) -> Download | Fault:
        """Nothing is downloaded here."""
        raise NotImplementedError

    def _page(self, url: str) -> bytes | Fault:
        self._ask("page")
        try:
            return json.dumps(self._studio.list_assets(dict(parse_qsl(urlsplit(url).query)))).encode()
        except Refused as refused:
            return replace(GONE, status=refused.status)

    def _ask(self, kind: str) -> None:
        self._turns.wait()
        self.sent.append((self._clock.seconds, kind))
        self._pause(ANSWER)


@dataclass(slots=True, kw_only=True)
class Multitude:
    """
    So many assets, begun over ``ages`` seconds before the daemon starts, and followed for ``hours``.

    ``callbacks``: whether they arrive; ``lost`` is the share that does not. ``list_status``: whether the list shows
    what moves. ``doubts`` are the times, in seconds from the start, at which a claim comes into doubt and is looked up.
    """

    many: int
    hours: float = 1.0
    ages: float = 7200.0
    rate: float = 5.0
    callbacks: bool = False
    lost: float = 0.0
    list_status: bool = False
    life: Mapping[str, float] = field(default_factory=lambda: LIFE)
    seed: int = 0
    ledger: Ledger = field(default_factory=MemoryLedger)
    doubts: tuple[float, ...] = ()
    clock: SimClock = field(default_factory=SimClock)
    log: CapturingLogger = field(default_factory=CapturingLogger)
    noticed: dict[ClaimId, float] = field(default_factory=dict)
    """Seconds from a completion to its fetch, of those that were completed while the daemon ran."""
    fetched: Counter[ClaimId] = field(default_factory=Counter)
    """How often the results of each claim were fetched."""
    looked_up: list[float] = field(default_factory=list)
    """Seconds that the look-ups have taken."""
    began: float = 0.0
    queued: int = 0
    """The longest that the queue of the lane was that look-ups go through as well."""
    studio: Studio = field(init=False)
    api: CountedApi = field(init=False)
    driver: Driver = field(init=False)
    _baton: Baton = field(init=False)
    _talk: Lane = field(init=False)
    _download: Lane = field(init=False)
    _hands: Hands = field(init=False)
    _turns: Turns = field(init=False)
    _asking: dict[ClaimId, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        switches = Switches(**{**self.life, "inspect": False, "list_status": self.list_status})  # type: ignore[arg-type]
        self.studio = Studio(switches, clock=self.clock.now, seed=self.seed)
        self._make()
        self.began = self.clock.seconds
        inbox = Inbox(self.clock)
        self._baton = Baton(self.clock)
        self._talk = Lane(self._baton, 4, inbox.put)
        self._download = Lane(self._baton, 2, inbox.put)
        self._turns = Turns(self.rate, now=self.clock.monotonic, pause=self._baton.pause)
        self.api = CountedApi(self.studio, self._turns, self.clock, self._baton.pause)
        self._hands = Hands(
            api=self.api,
            places={FOLDER: MemoryPlace(MemoryDisk(), Path("/srv"))},
            probe=lambda _: None,
            ending=lambda _: None,  # type: ignore[arg-type, return-value]
            clock=self.clock,
            board=Board(),
            stop=threading.Event(),
        )
        self.driver = Driver(
            ledger=self.ledger,
            doing=self,
            inbox=inbox,
            clock=self.clock,
            log=self.log,
            watched={FOLDER: watched()},
            new_id=lambda: ClaimId("none"),
            callback_url=address if self.callbacks else lambda _: None,
        )

    def _make(self) -> None:
        """Let the assets begin, one after the other, and write their claims."""
        for number in range(self.many):
            self.clock.seconds = self.ages * (number + 1) / self.many
            claim_id = ClaimId(f"{number:06x}")
            body = {
                "locale": "en-US",
                "languages": [{"locale": SPANISH}],
                "auto_generate": DEFAULTS.auto_generate.value,
                **({"callback_url": address(claim_id)} if self.callbacks else {}),
            }
            made = self.studio.create_asset(body, Video.of(b"", duration=60.0), file_name=f"{claim_id}.mp4")
            self.ledger.put(
                plain_claim(
                    State.DUBBING,
                    id=claim_id,
                    order=order(
                        languages=(Language(locale=SPANISH),),
                        callback_url=address(claim_id) if self.callbacks else None,
                    ),
                    asset_id=AssetId(made["asset_id"]),
                    accepted_at=self.clock.now(),
                    dubbings=(Dubbing(locale=SPANISH),),
                )
            )

    # How it runs

    def run(self) -> "Multitude":
        """Start the daemon and let the hours pass."""
        until = self.began + self.hours * 3600
        coming = deque(self._coming(until))
        doubts = deque(self.began + at for at in self.doubts)
        self.driver.start()
        while True:
            while self.driver.turn(0):
                pass
            times = (self.driver.inbox.next_due(), self._baton.next_at(), coming[0][0] if coming else None)
            now = min((at for at in (*times, doubts[0] if doubts else None) if at is not None), default=until)
            if now >= until or self.is_done():
                break
            self.clock.seconds = max(self.clock.seconds, now)
            if coming and coming[0][0] <= now:
                coming.popleft()[1]()
            elif doubts and doubts[0] <= now:
                self._doubt(doubts.popleft())
            elif self._baton.next_at() == now:
                self._baton.go_on()
        self.queued = self._talk.longest
        return self

    def _coming(self, until: float) -> list[tuple[float, Callable[[], None]]]:
        """Give what will be heard while it runs, and when: each callback a second after what it tells of."""
        chance, put = Random(self.seed), self.driver.inbox.put
        return [
            (at, partial(put, _called(event, claim_id)))
            for event, claim_id in self.told(until)
            if (at := seconds(event.at) + 1) < until and chance.random() >= self.lost
        ]

    def told(self, until: float) -> list[tuple[Event, ClaimId]]:
        """Give all that callbacks are to tell of from the start on, and the claims that they are about."""
        if not self.callbacks:
            return []
        claims = {claim.asset_id: claim.id for claim in self.ledger.living()}
        now, self.clock.seconds = self.clock.seconds, until
        events_until_then = self.studio.events()
        self.clock.seconds = now
        return [
            (event, claims[AssetId(event.asset_id)]) for event in events_until_then if seconds(event.at) >= self.began
        ]

    def _doubt(self, at: float) -> None:
        """Let a claim be looked up, as after an upload whose answer was lost."""
        doubtful = plain_claim(State.RELEASING, id=ClaimId(f"doubt{at:.0f}"))
        self._asking[doubtful.id] = self.clock.seconds
        self.hand(doubtful, effects.LookUp())

    # The lanes

    def hand(self, claim: Claim, effect: Effect) -> None:
        """Begin an effect, as `Lanes.hand` does."""
        put, who = self.driver.inbox.put, claim.id
        match effect:
            case effects.Poll():
                self._talk.hand(lambda: self._poll(claim))
            case effects.LookUp():
                self._talk.hand(lambda: self._look_up(claim))
            case effects.Fetch(locale=locale):
                self.fetched[who] += 1
                self._notice(claim)
                self._download.hand(lambda: self._fetch(claim, locale))
            case effects.PutAway():
                put(Happened(claim_id=who, event=events.Filed(where="done")))
            case _:
                raise AssertionError(effect)

    def sweep(self) -> None:
        """Read the list, as `Lanes.sweep` does."""
        self._talk.hand(lambda: sweep(self._hands, self._turns.patiently))

    def verify(self, claim: Claim, dubbing: Dubbing, answer: Answer) -> None:
        """Nobody asks for that."""

    def revise(self, claim: Claim, answer: Answer) -> None:
        """Nobody asks for that."""

    def _poll(self, claim: Claim) -> Message:
        with self._turns.patiently():
            return Happened(claim_id=claim.id, event=self._hands.poll(claim))

    def _look_up(self, claim: Claim) -> None:
        self._hands.api.list_assets()
        self.looked_up.append(self.clock.seconds - self._asking.pop(claim.id))

    def _fetch(self, claim: Claim, locale: Locale) -> Message:
        """Ask for a fresh link, as the real one does; the download itself is not the API's."""
        version_id = claim.dubbings[0].version_id
        assert version_id is not None
        self.api.get_version(version_id)
        return Happened(claim_id=claim.id, event=events.Fetched(locale=locale, result=result(locale)))

    def is_done(self) -> bool:
        """Say whether every claim is closed."""
        return not self.driver.living

    def _notice(self, claim: Claim) -> None:
        (version,) = self.studio.record(str(claim.asset_id)).versions
        completed = seconds(version.phases[-1].at)
        if completed > self.began and claim.id not in self.noticed:
            self.noticed[claim.id] = self.clock.seconds - completed

    def scan(self, folder: FolderName, known: Known) -> None:
        """Nothing lies in the folder."""

    def came_back(self, folder: FolderName) -> float:
        """Nothing is stuck."""
        return self.clock.seconds

    def listen(self, folder: FolderName, *, wanted: bool) -> None:
        """There are no hints."""

    def examine(self, folder: FolderName, drop: Drop, patience: Patience) -> None:
        """Nothing is dropped."""

    def post(self, folder: FolderName, text: str | None) -> None:
        """There is no status."""

    def change(self, *, uploads: int, downloads: int, meters: Meters) -> None:
        """Nothing changes."""

    def watch(self, folder: FolderName, lookout: Lookout) -> None:
        """Nothing changes."""

    def leave(self, folder: FolderName) -> None:
        """Nothing changes."""

    def expect(self, folder: FolderName, root_id: str) -> None:
        """There is no root."""

    def leave_trace(self, folder: FolderName, root_id: str | None) -> None:
        """There is no root."""

    # The figures

    def kinds(self, first: float = 0.0) -> dict[str, int]:
        """Count the requests by their kind, from a second after the start on."""
        return dict(Counter(kind for at, kind in self.api.sent if at >= self.began + first))

    def most_within(self, seconds: float) -> int:
        """Give the most requests that began within any so many seconds."""
        times, most, first = [at for at, _ in self.api.sent], 0, 0
        for last, at in enumerate(times):
            while at - times[first] >= seconds - 1e-9:
                first += 1
            most = max(most, last - first + 1)
        return most

    def delays(self, first: float = 0.0) -> list[float]:
        """Give how long results were not noticed, sorted; of those that were completed a second after the start on."""
        late = []
        for claim_id, delay in self.noticed.items():
            claim = self.ledger.get(claim_id)
            assert claim is not None
            (version,) = self.studio.record(str(claim.asset_id)).versions
            if seconds(version.phases[-1].at) >= self.began + first:
                late.append(delay)
        return sorted(late)

    def unnoticed(self) -> list[float]:
        """Give for how long results that were completed while it ran lie there unnoticed."""
        return [
            lying
            for claim in self.driver.living.values()
            for version in self.studio.record(str(claim.asset_id)).versions
            if claim.id not in self.noticed
            and self.began < seconds(version.phases[-1].at)
            and (lying := self.clock.seconds - seconds(version.phases[-1].at)) > 0
        ]


def address(claim_id: ClaimId) -> str:
    """Give where a claim is called back."""
    return f"https://dub.example.com/callback/{claim_id}"


def _called(event: Event, claim_id: ClaimId) -> Called:
    return Called(
        claim_id=claim_id,
        asset_id=AssetId(event.asset_id),
        event=event.event,
        version_id=VersionId(event.version_id) if event.version_id else None,
        locale=Locale(event.locale) if event.locale else None,
    )


def seconds(at: datetime) -> float:
    """Give a time of the studio as one of the clock."""
    return (at - datetime(2026, 3, 1, tzinfo=UTC)).total_seconds()
