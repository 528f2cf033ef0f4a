"""
The simulated machine of the tests, on a real disk, and what is noted of a run of it.

The driver, the hands, the verbs of the folder, the download and the ledger are the real ones; time is a number, and the
studio plays where no power cut reaches it.
"""

import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from unittest import mock

from played import SimApi
from sim.test_afterwards import RevisingApi, Town
from world import World

from bench.powercut.history import History
from panjaya_watchd.api.base import Download
from panjaya_watchd.api.partial import Match, Partial
from panjaya_watchd.core.answers import Fault
from panjaya_watchd.core.claim import Claim
from panjaya_watchd.ledger.codec import Codec
from panjaya_watchd.places import durable
from panjaya_watchd.places.disk import DiskPlace
from panjaya_watchd.places.memory import MemoryPlace
from panjaya_watchd.places.memory_disk import MemoryDisk
from panjaya_watchd.rehearsal.request import Refused
from panjaya_watchd.rehearsal.studio import Studio

CODEC: Final = Codec()
"""Costly to make."""


class Notes:
    """What a recovery has to know of the run before the cut, beside the promises."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._calls: list[tuple[int, float, str, tuple[Any, ...], dict[str, Any]]] = []
        self._times: list[tuple[int, float]] = []
        self.whole: set[str] = set()
        """The digests of all contents that files were meant to have."""

    def call(self, seconds: float, name: str, words: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Note what the studio is asked to do, and when."""
        self._calls.append((self._history.position(), seconds, name, words, named))

    def time(self, seconds: float) -> None:
        """Note how late it is."""
        self._times.append((self._history.position(), seconds))

    def content(self, content: bytes) -> None:
        """Note what a file is meant to hold."""
        self.whole.add(sha256(content).hexdigest())

    def contents(self) -> AbstractContextManager[object]:
        """Note what is written by the daemon, for as long as this is held."""
        create = durable.create

        def noting(name: str | Path, chunks: Iterable[bytes], **how: Any) -> None:
            whole = b"".join(chunks)
            self.content(whole)
            create(name, [whole], **how)

        return mock.patch.object(durable, "create", noting)

    def play_until(self, cut: int, town: "DiskTown") -> None:
        """Have the studio remember all that it had been asked for, and let it be as late as it was."""
        for position, seconds, name, words, named in self._calls:
            if position <= cut:
                town.clock.seconds = seconds
                with suppress(Refused):
                    getattr(town.studio, name)(*words, **named)
        town.clock.seconds = self._times[bisect_right(self._times, (cut, float("inf"))) - 1][1] if self._times else 0.0
        town.ids = itertools.count(1000)


class RealDisk(MemoryDisk):
    """Folders that are there, for the questions that a world asks of its disk."""

    def __init__(self, *folders: Path) -> None:
        super().__init__()
        self._folders = folders

    def files(self) -> dict[str, bytes]:
        """Read everything."""
        found = {path for folder in self._folders for path in folder.rglob("*") if path.is_file()}
        return {str(path): path.read_bytes() for path in sorted(found)}

    def read(self, path: str) -> bytes:
        """Read one."""
        return Path(path).read_bytes()


class NotedStudio(Studio):
    """A studio that has everything noted that makes a difference to it."""

    def __init__(self, town: "DiskTown", notes: Notes) -> None:
        super().__init__(town.studio.switches, clock=town.clock.now, seed=town.seed)
        self._town, self._notes = town, notes

    def create_asset(self, *words: Any, **named: Any) -> Any:
        """Create an asset."""
        self._notes.call(self._town.clock.seconds, "create_asset", words, named)
        return Studio.create_asset(self, *words, **named)

    def add_languages(self, *words: Any, **named: Any) -> Any:
        """Add languages."""
        self._notes.call(self._town.clock.seconds, "add_languages", words, named)
        return Studio.add_languages(self, *words, **named)


class DiskApi(RevisingApi):
    """The studio as the daemon sees it; what is downloaded takes the daemon's own way to the disk."""

    def download(self, result_url: str, into: Path, progress: Callable[[int], None]) -> Download | Fault:
        """Write a result, in two halves."""
        town = self._world
        assert isinstance(town, DiskTown)
        content = self._rendering(result_url) * 200
        if town.notes is not None:
            town.notes.content(content)
        with Partial(into) as partial:
            assert partial.match(200, {"content-length": str(len(content))}) is Match.TAKE
            half = len(content) // 2
            for part in (content[:half], content[half:]):
                partial.write(part)
                progress(partial.size)
            done = partial.finish()
        assert done is not None
        return done


@dataclass(slots=True)
class DiskTown(Town):
    """A town with a watch folder, and ``done``, on a real disk; all is noted, unless it is a recovery."""

    api_type: type[SimApi] = DiskApi
    notes: Notes | None = None
    done: Path = Path("done")

    def __post_init__(self) -> None:
        """Put the real parts in."""
        Town.__post_init__(self)
        self.disk = RealDisk(*map(Path, self.roots.values()), self.done)
        if self.notes is not None:
            self.studio = NotedStudio(self, self.notes)

    def boundary(self, name: str, *, changes: bool = False) -> None:
        """Note how late it is."""
        World.boundary(self, name, changes=changes)
        if self.notes is not None:
            self.notes.time(self.clock.seconds)

    def filed(self, claim: Claim) -> str:
        """Give the folder of an answer, which may lie elsewhere."""
        return str(Path(self.roots[claim.folder], str(claim.filed_as)))

    def _place(self, root: Path) -> MemoryPlace:
        # Every other world's place is played.
        return DiskPlace(root, done=self.done, failed=Path("failed"), recursive=False)  # type: ignore[return-value]
