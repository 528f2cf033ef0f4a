"""
The played edges of the simulated machine: the API over weather, the lanes, the ledger.

Each passes a boundary of the `World` before and after whatever outlives the daemon's memory.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from panjaya_watchd.api import answers, faults, wire
from panjaya_watchd.api.base import Download, Patient, Submission
from panjaya_watchd.api.faults import Moment
from panjaya_watchd.core import effects
from panjaya_watchd.core.answers import Asset, Fault, Version
from panjaya_watchd.core.baseline import Baseline
from panjaya_watchd.core.claim import Claim, Dubbing
from panjaya_watchd.core.content import Patience
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.names import AssetId, ClaimId, Digest, FolderName, Locale, VersionId
from panjaya_watchd.core.order import Order
from panjaya_watchd.ledger.codec import Codec
from panjaya_watchd.ledger.memory import MemoryLedger
from panjaya_watchd.places.base import Known
from panjaya_watchd.rehearsal.records import Video
from panjaya_watchd.rehearsal.request import Refused
from panjaya_watchd.run import lanes
from panjaya_watchd.run.change import Lookout
from panjaya_watchd.run.gate import Gate
from panjaya_watchd.run.hands import Hands
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.messages import Answer, Happened, Message
from panjaya_watchd.run.meter import Meters
from panjaya_watchd.run.sweeping import sweep

if TYPE_CHECKING:
    from world import World

LENGTH = 12.5
"""Seconds; every video here is as long, ours and the strangers' that are like ours."""


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
        created = _answered(lambda: self._create(submission, body), Moment.AFTER)
        world.boundary("asset is made")
        return released if rng.random() < world.weather.lost_reply else _asset(created)

    def _create(self, submission: Submission, body: bytes) -> Any:
        name = submission.video.file_name
        if name.startswith(self._world.refused):
            raise Refused(400, "This video is not wanted here")
        fields = wire.request_fields(submission.order, submission.srt)
        return self._world.studio.create_asset(fields, Video.of(body, duration=LENGTH), file_name=name)

    def create(self, order: Order, srt: Mapping[Locale, str]) -> Asset | Fault:
        """Create an asset from a URL; the request or its answer may be the last thing done."""
        world, rng = self._world, self._world.rng
        world.boundary("creation begins", changes=True)
        cut = Fault(money_may_have_moved=True, repeat_helps=False, words="the connection was cut")
        if rng.random() < world.weather.lost_request:
            return cut
        asked = wire.request_fields(order, srt)
        created = _answered(lambda: world.studio.create_asset(asked), Moment.CREATING)
        world.boundary("asset is created")
        return cut if rng.random() < world.weather.lost_reply else _asset(created)

    def add_languages(self, asset_id: AssetId, locales: Sequence[Locale], srt: Mapping[Locale, str]) -> Asset | Fault:
        """Add languages; the request or its answer may be the last thing done."""
        world, rng = self._world, self._world.rng
        world.boundary("languages begin", changes=True)
        cut = Fault(money_may_have_moved=True, repeat_helps=False, words="the connection was cut")
        if rng.random() < world.weather.lost_request:
            return cut
        asked = {"languages": wire.languages(locales, srt)}
        shown = _answered(lambda: world.studio.add_languages(asset_id, asked), Moment.ORDERING)
        world.boundary("languages are added")
        return cut if rng.random() < world.weather.lost_reply else _asset(shown)

    def list_assets(self) -> tuple[Asset, ...] | Fault:
        """List everything that the list shows by now."""
        self._world.boundary("list")
        if self._is_silent():
            return _SILENCE
        listed = [answers.asset_of(entry) for entry in self._world.studio.list_assets()]
        return tuple(asset for asset in listed if asset is not None)

    def get_asset(self, asset_id: AssetId) -> Asset | Fault:
        """Read one asset."""
        self._world.boundary("get asset")
        if self._is_silent():
            return _SILENCE
        return _asset(_answered(lambda: self._world.studio.get_asset(asset_id)))

    def get_version(self, version_id: VersionId) -> Version | Fault:
        """Read one version."""
        self._world.boundary("get version")
        if self._is_silent():
            return _SILENCE
        shown = _answered(lambda: self._world.studio.get_version(version_id))
        if isinstance(shown, Fault):
            return shown
        version = answers.version(json.dumps(shown).encode())
        assert version is not None
        return version

    def revise(self, version_id: VersionId) -> str | Fault:
        """Make a version editable again; the request or its answer may be the last thing done."""
        world, rng = self._world, self._world.rng
        world.boundary("revision begins", changes=True)
        cut = Fault(money_may_have_moved=False, repeat_helps=False, words="the connection was cut")
        if rng.random() < world.weather.lost_request:
            return cut
        shown = _answered(lambda: world.studio.revise(version_id), Moment.CHANGING)
        world.boundary("version is revised")
        if rng.random() < world.weather.lost_reply:
            return cut
        return shown if isinstance(shown, Fault) else shown["studio_url"] or ""

    def weigh(self, result_url: str) -> int | Fault:
        """Give the size of a result."""
        return _SILENCE if self._is_silent() else len(self._rendering(result_url))

    def download(self, result_url: str, into: Path, progress: Callable[[int], None]) -> Download | Fault:
        """Write the result into the played disk, in two halves."""
        world = self._world
        content = self._rendering(result_url)
        world.boundary("download", changes=True)
        progress(0)
        world.disk.write(str(into), content[:4])
        if self._is_silent():
            return _SILENCE
        world.boundary("half a download", changes=True)
        world.disk.write(str(into), content)
        progress(len(content))
        return Download(size=len(content), digest=Digest(Video.of(content, duration=0).sha256))

    def _rendering(self, result_url: str) -> bytes:
        """Give what lies behind a link."""
        return f"dubbed {result_url}".encode()

    def _is_silent(self) -> bool:
        return self._world.rng.random() < self._world.weather.unanswered


_SILENCE = Fault(money_may_have_moved=False, repeat_helps=True, words="no answer")


def _answered(ask: Callable[[], Any], moment: Moment = Moment.READING) -> Any:
    """Ask the studio; what it refuses is judged by the daemon's own table."""
    try:
        return ask()
    except Refused as refused:
        body = json.dumps({"detail": refused.detail}).encode()
        return faults.of_status(refused.status, {}, body, moment=moment)


def _asset(shown: Any) -> Asset | Fault:
    if isinstance(shown, Fault):
        return shown
    asset = answers.asset_of(shown)
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

    def change(self, *, uploads: int, downloads: int, meters: Meters) -> None:
        """Nothing: one thing is done at a time here."""

    def watch(self, folder: FolderName, lookout: Lookout) -> None:
        """Look for files there from now on."""
        self._hands.places[folder] = lookout.place

    def leave(self, folder: FolderName) -> None:
        """Nothing: its place may stay."""

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

    def verify(self, claim: Claim, dubbing: Dubbing, answer: Answer) -> None:
        """Read a result as a whole."""
        self.work.append(lambda: lanes._verified(claim, dubbing, answer, self._hands))

    def revise(self, claim: Claim, answer: Answer) -> None:
        """Have a version revised."""
        self._world.boundary("hand revise")
        self.work.append(lambda: lanes._revised(claim, answer, self._hands))

    def sweep(self) -> None:
        """Read the list."""
        self.work.append(lambda: sweep(self._hands, lambda: nullcontext(Patient())))

    def scan(self, folder: FolderName, known: Known) -> None:
        """Look at the folder."""
        self.work.append(lambda: lanes._scan(folder, known, self._hands))

    def came_back(self, folder: FolderName) -> float:
        """Nothing is ever stuck here."""
        return self._hands.clock.monotonic()

    def listen(self, folder: FolderName, *, wanted: bool) -> None:
        """Hints are not played."""

    def examine(self, folder: FolderName, drop: Drop, patience: Patience) -> None:
        """Read a settled drop."""
        self.work.append(lambda: lanes._examine(folder, drop, patience, self._hands))

    def expect(self, folder: FolderName, root_id: str) -> None:
        """Note which folder is meant."""
        self._hands.places[folder].expect(root_id)

    def leave_trace(self, folder: FolderName, root_id: str | None) -> None:
        """Make our own folder."""
        self.work.append(lambda: lanes._leave_trace(folder, root_id, self._hands))

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

    def put_baseline(self, baseline: Baseline) -> None:
        """Write what is known of a watch folder."""
        self._boundary("before put baseline", changes=True)
        super().put_baseline(baseline)
        self._boundary("after put baseline")
