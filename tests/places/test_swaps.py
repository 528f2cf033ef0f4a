"""
A file or folder that is swapped between any two of our calls to the kernel.

Whoever may write in a watch folder may put a link, a pipe or another file in a part's place at any moment, or a link in
a folder's. The whole way of a drop is gone once for every call that opens, renames, makes or removes something, with
the swap right before it. Whatever the moment: nothing of a file outside is read, and nothing outside is touched.
"""

import itertools
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import pytest
from run.stage import CLAIM, FOLDER, Api, Stage, Talk
from samples import NOW, SPANISH, dubbing
from world import SimClock

from panjaya_watchd.api.base import Download
from panjaya_watchd.api.partial import Partial
from panjaya_watchd.core import events
from panjaya_watchd.core.answers import Fault
from panjaya_watchd.core.claim import Claim, Destination, DubbingState, Outcome
from panjaya_watchd.core.content import Ending, Measured, Reads
from panjaya_watchd.core.drop import group
from panjaya_watchd.core.names import VersionId
from panjaya_watchd.core.settle import Evidence
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.media.ending import ending
from panjaya_watchd.places import durable
from panjaya_watchd.places.disk import DiskPlace
from panjaya_watchd.run.board import Board
from panjaya_watchd.run.gate import Gate
from panjaya_watchd.run.hands import Hands

WORD: Final = b"SECRET"
PARTS: Final = {
    "talk.mp4": b"moving pictures " * 40,
    "talk.toml": b'languages = ["es-ES"]\n# ' + b"x" * 60 + b"\n",
    "talk.es-ES.srt": b"1\n00:00:01,000 --> 00:00:02,000\nHola, hola, hola, hola.\n",
}
STEP: Final = int(os.environ.get("SWAP_STEP", "8"))
"""Every how many calls there is a swap; with 1 at every one, which takes minutes."""

CALLS: Final = ("open", "mkdir", "unlink", "replace", "scandir")
"""What of `os` is a moment to swap before; renames are one more."""


def secret(name: str) -> bytes:
    """Give what would be read as that part elsewhere: as long as the part, and understood as well as it."""
    whole = PARTS[name]
    if name.endswith(".srt"):
        return whole.replace(b"Hola, hola", WORD + b" hola")
    if name.endswith(".toml"):
        return whole.replace(b"# xxxxxx", b"# " + WORD)
    return (WORD * len(whole))[: len(whole)]


class Eye(Api):
    """An API that keeps what it is sent, and downloads to a real disk."""

    def download(self, result_url: str, into: Path, progress: Callable[[int], None]) -> Download | Fault:
        """Write the result as the real one does."""
        with Partial(into) as file:
            assert file.match(200, {"content-length": "6"})
            file.write(b"dubbed")
            done = file.finish()
            assert done is not None
            return done


@dataclass
class Way:
    """The whole way of a drop, with everything that was read on it."""

    home: Path
    api: Eye = field(default_factory=Eye)
    read: list[bytes] = field(default_factory=list)
    settled: Callable[[], None] = lambda: None

    @property
    def root(self) -> Path:
        """Give the watch folder."""
        return self.home / "watch"

    @property
    def outside(self) -> Path:
        """Give the folder outside that nobody may reach."""
        return self.home / "outside"

    def prepare(self) -> None:
        """Drop, and lay out outside what every folder of ours would hold if it were there."""
        for folder, make in ((self.root / "sub", PARTS.__getitem__), *((each, secret) for each in self._levels())):
            folder.mkdir(parents=True, exist_ok=True)
            for number, name in enumerate(PARTS):
                (folder / name).write_bytes(make(name))
                os.utime(folder / name, ns=(10**18 + number, 10**18 + number))

    def _levels(self) -> Iterator[Path]:
        for below in ("", "sub", CLAIM, "talk", "sub/talk"):
            yield self.outside / below

    def go(self) -> str:
        """Go it to its end, or to where it is refused; gives the last thing that was said."""
        place = DiskPlace(self.root, done=Path("done"), failed=Path("failed"), recursive=True)
        hands = Hands(
            api=self.api,
            places={FOLDER: place},
            probe=self.probe,
            ending=self.ending,
            clock=SimClock(),
            board=Board(),
            stop=threading.Event(),
        )
        drops = [each for each in group(place.scan().files) if each.video is not None]
        self.settled()
        if not drops:
            return "nothing there"
        reading = hands.examine(FOLDER, drops[0])
        if isinstance(reading, Evidence):
            return reading.says
        self.read += [repr(reading.asked).encode(), str(reading.likeness).encode()]
        stage = Stage()
        stage.driver._claim(FOLDER, drops[0], reading)
        return self.follow(hands, replace(stage.driver.living[CLAIM], taken_at=NOW))

    def follow(self, hands: Hands, claim: Claim) -> str:
        """Take in, hash, send, fetch and file."""
        taken = hands.take_in(claim)
        if not isinstance(taken, events.TakenIn):
            return str(taken)
        claim = replace(claim, drop=claim.drop.with_parts(taken.copied))
        hashed = hands.read_through(claim)
        self.read.append(str(hashed).encode())
        gate = Gate()
        gate.open()
        sent = hands.upload(claim, gate, Talk())
        ours = dubbing(SPANISH, DubbingState.FETCHING, version_id=VersionId("v1"))
        claim = replace(claim, dubbings=(ours,), outcome=Outcome(to=Destination.DONE, why="All languages are done."))
        fetched = hands.fetch(claim, SPANISH)
        filed = hands.put_away(claim)
        return f"{sent} {fetched} {filed}"

    def probe(self, descriptor: int | None) -> Measured:
        """Read as the real probe does."""
        assert descriptor is not None
        self.read.append(os.pread(descriptor, 1 << 20, 0))
        return Measured(duration=60.0)

    def ending(self, file: Reads) -> Ending:
        """Read as the walk along the container does."""
        self.read.append(file.read_at(0, 1 << 20))
        return ending(file)

    def check(self, kind: str) -> None:
        """Look through all that was read, sent and written."""
        sent = [piece or b"" for submission, *bodies in self.api.took for piece in (*bodies, _texts(submission))]
        assert not [piece for piece in (*self.read, *sent) if WORD in piece], "a stranger's bytes were read"
        for folder in self._levels():
            assert {path.name for path in folder.iterdir() if path.is_file()} == set(PARTS), "something was moved"
            assert all((folder / name).read_bytes() == secret(name) for name in PARTS), "something was written"
        if kind != "another file":  # that one lies in the watch folder itself, and may be filed as it is
            ours = [path for path in self.root.rglob("*") if path.is_file() and not path.is_symlink()]
            assert not [path for path in ours if WORD in path.read_bytes()], "something was copied"
        contents = [path.read_bytes() for path in self.root.rglob("*") if path.is_file() and not path.is_symlink()]
        moved = [path.read_bytes() for path in (self.home / "away").rglob("*") if path.is_file()]
        for content in PARTS.values():
            assert content in [*contents, *moved], "a part is lost"


def _texts(submission: Any) -> bytes:
    return repr((submission.order, submission.srt)).encode()


class Moment:
    """Counts the calls, and swaps right before one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = self.settled = 0
        self.at = -1
        self.act: Callable[[], None] = lambda: None
        self.on = False
        for name in CALLS:
            monkeypatch.setattr(os, name, self._before(getattr(os, name)))
        monkeypatch.setattr(durable, "rename", self._before(durable.rename))
        monkeypatch.setattr(durable, "sync", lambda _: None)

    def _before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> Any:
            if self.on:
                self.on = False
                if self.count == self.at:
                    self.act()
                self.count += 1
                self.on = True
            return call(*given, **named)

        return called

    def run(self, way: Way, at: int, act: Callable[[], None]) -> str:
        """Go the way with the swap before call number ``at``."""
        self.count, self.at, self.act, self.on = 0, at, act, True
        way.settled = lambda: setattr(self, "settled", self.count)
        try:
            return way.go()
        except PlaceError as error:
            return str(error)
        finally:
            self.on = False


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> Moment:
    """Give a moment to swap at."""
    return Moment(monkeypatch)


def lying(way: Way, name: str) -> Path:
    """Give where a part is now."""
    for folder in (way.root / "sub", way.root / "processing" / CLAIM, way.root / "done" / "sub" / "talk"):
        if os.path.lexists(folder / name):
            return folder / name
    return way.root / "sub" / name


def away(way: Way, path: Path) -> None:
    """Move something out of the watch folder, as anybody might."""
    (way.home / "away").mkdir(exist_ok=True)
    if os.path.lexists(path):
        path.rename(way.home / "away" / path.name)


def swap_file(way: Way, name: str, kind: str) -> None:
    """Put something else in a part's place, as long and as old as the part."""
    path = lying(way, name)
    away(way, path)
    if not path.parent.is_dir():
        return
    stranger = way.outside / name
    match kind:
        case "link":
            path.symlink_to(stranger)
        case "pipe":
            os.mkfifo(path)
        case "another file":
            shutil.copy2(stranger, path)


def swap_folder(way: Way, folder: str) -> None:
    """Put a link to a folder outside in a folder's place."""
    path = way.root / folder
    away(way, path)
    if path.parent.is_dir():
        path.symlink_to(way.outside / folder.rpartition("/")[2] if "/" in folder else way.outside)


def test_the_way_ends_well_if_nothing_is_swapped(tmp_path: Path, moment: Moment) -> None:
    """Else all that follows would prove nothing."""
    way = Way(tmp_path)
    way.prepare()
    said = moment.run(way, -1, lambda: None)

    assert "Accepted" in said
    assert "Fetched" in said
    assert "Filed(where='done/sub/talk')" in said
    assert len(way.api.took) == 1
    assert moment.count > 200
    way.check("")


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), [("pipe", "talk.mp4"), *itertools.product(("link", "another file"), PARTS)])
def test_a_part_that_is_swapped_at_any_moment(tmp_path: Path, moment: Moment, kind: str, name: str) -> None:
    """Its replacement is not read, not sent and not filed as if it were the part."""
    everywhere(tmp_path, moment, kind, lambda way: swap_file(way, name, kind))


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["sub", "processing", f"processing/{CLAIM}", "done", "done/sub"])
def test_a_folder_that_is_swapped_for_a_link_at_any_moment(tmp_path: Path, moment: Moment, folder: str) -> None:
    """Nothing is read there, taken from there or put there."""
    everywhere(tmp_path, moment, "link", lambda way: swap_folder(way, folder))


def everywhere(tmp_path: Path, moment: Moment, kind: str, swap: Callable[[Way], None]) -> None:
    """Go the way with the swap before a call, for one call after the other; each kind begins with another one."""
    for at in range(crc32(tmp_path.name.encode()) % STEP, 2_000, STEP):
        way = Way(tmp_path / str(at))
        way.prepare()
        moment.run(way, at, lambda way=way: swap(way))  # type: ignore[misc]
        try:
            if kind != "another file" or at >= moment.settled:  # before it was seen, it is a drop like any other
                way.check(kind)
        except AssertionError as error:
            raise AssertionError(f"before call {at}: {error}") from error
        ended = moment.count <= at
        shutil.rmtree(way.home)
        if ended:
            assert at > 100, "the way has many calls"
            return
    pytest.fail("the way never ended")
