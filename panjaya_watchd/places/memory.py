"""
Watch folders without a disk, for rehearsing power cuts: the verbs are the real ones, only their steps are played.

It promises a disk that is no kinder than a real one: what was not synced may be lost at a cut, each change by itself.
Every choice comes from the caller's random source, so the same seed gives the same disk. It never touches a file.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from panjaya_watchd.core.drop import Fingerprint
from panjaya_watchd.core.profiles import LOCAL_GROUND, Ground
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.filing import Shelf
from panjaya_watchd.places.folder import FolderPlace
from panjaya_watchd.places.guard import LONGEST, Identity, RootGuard, id_in
from panjaya_watchd.places.memory_disk import MemoryDisk
from panjaya_watchd.places.naming import TRACE, within
from panjaya_watchd.places.tree import Entries, Kind, Look, Standing, Tree


class MemoryPlace(FolderPlace):
    """The verbs of `Place` on a folder of a `MemoryDisk` that is there (`MemoryDisk.folder`), on these grounds."""

    def __init__(  # noqa: PLR0913  (each says one thing of a folder)
        self,
        disk: MemoryDisk,
        root: Path,
        *,
        done: Path = Path("done"),
        failed: Path = Path("failed"),
        recursive: bool = False,
        grounds: tuple[Ground, ...] = (LOCAL_GROUND,),
    ) -> None:
        tree = MemoryTree(disk, root, grounds)
        super().__init__(tree, done=_shelf(tree, done), failed=_shelf(tree, failed), recursive=recursive)


def _shelf(tree: "MemoryTree", folder: Path) -> Shelf:
    whole = tree.root / folder
    if whole.is_relative_to(tree.root):
        return Shelf(tree=tree, folder=str(whole.relative_to(tree.root)))
    return Shelf(tree=MemoryTree(tree.disk, whole.parent), folder=whole.name)


class MemoryTree:
    """The primitive steps, played on a `MemoryDisk`."""

    def __init__(self, disk: MemoryDisk, root: Path, grounds: tuple[Ground, ...] = (LOCAL_GROUND,)) -> None:
        self.disk = disk
        self.root = root
        self.grounds = grounds
        self._guard = RootGuard(root)

    def expect(self, known: str | None) -> None:
        """Note which root is meant."""
        self._guard.expect(known)

    def stand(self, known: str | None) -> Standing:
        """Make sure that the root can be used."""
        self._guard.expect(known)
        self._path("")
        if str(self.root) in self.disk.read_only:
            raise PlaceError(f"{self.root} is mounted read-only.", hint="Mount it writable; it goes on by itself.")
        found, identity = self._read_id(), self._identity()
        self._guard.note(identity, found)
        return Standing(root_id=found, familiar=self._guard.familiar(identity), mounting=identity, grounds=self.grounds)

    def lies_on(self) -> tuple[Ground, ...]:
        """Give what was said to lie there."""
        return self.grounds

    def entries(self, folder: str, skip: Callable[[str], bool], only: Iterable[str] | None = None) -> Entries:
        """Walk through one folder, sorted."""
        wanted = None if only is None else frozenset(only)
        for name, found in self.disk.entries(self._path(folder)):
            if (wanted is None or name in wanted) and (found is Kind.FOLDER or not skip(name)):
                yield name, found

    def look(self, name: str) -> Look | None:
        """Look at a name."""
        return self.disk.look(self._path(name))

    def open(self, name: str) -> "MemoryFile":
        """Open a file."""
        return MemoryFile(self.disk, self.disk.find(self._path(name)))

    def make(self, folder: str) -> bool:
        """Make one folder."""
        return self.disk.make(self._path(folder))

    def create(self, name: str, chunks: Iterable[bytes], *, mtime_ns: int | None = None) -> None:
        """Write a new file."""
        self.disk.create(self._path(name), b"".join(chunks), mtime_ns=mtime_ns)

    def move(self, source: str, target: str, into: Tree | None = None) -> None:
        """Rename without replacing."""
        there = self if into is None else into
        assert isinstance(there, MemoryTree)
        self.disk.move(self._path(source), there._path(target))  # noqa: SLF001  (the same class)

    def replace(self, source: str, target: str) -> None:
        """Rename over one of our own files."""
        self.disk.move(self._path(source), self._path(target), over=True)

    def remove(self, name: str) -> None:
        """Unlink a file."""
        self.disk.remove(self._path(name))

    def clear(self, folder: str) -> None:
        """Remove an empty folder."""
        self.disk.clear(self._path(folder))

    @contextlib.contextmanager
    def reach(self, folder: str) -> Iterator[Path]:
        """Give a folder's path."""
        path = self._path(folder)
        self.disk.need(path)
        yield Path(path)

    def sync(self, name: str) -> None:
        """Make a file's content or a folder's names survive a cut."""
        self.disk.sync(self._path(name))

    def mark(self, name: str, value: str) -> None:
        """Leave our mark."""
        self.disk.mark(self._path(name), value)

    def marked(self, name: str) -> str | None:
        """Read our mark."""
        return self.disk.marked(self._path(name))

    def _path(self, name: str) -> str:
        self._guard.admit(self._identity(), self._read_id)
        return within(str(self.root), name)

    def _identity(self) -> Identity:
        number = self.disk.number(str(self.root))
        if number is None:
            raise PlaceError(
                f"{self.root}: expected a folder that can be read, found nothing.",
                hint="Mount it; it goes on by itself once it is back.",
            )
        return (0, number)

    def _read_id(self) -> str | None:
        name = within(str(self.root), TRACE)
        look = self.disk.look(name)
        return None if look is None or look.kind is not Kind.FILE else id_in(self.disk.read(name)[:LONGEST])


class MemoryFile:
    """An open file: it stays readable when its name is gone."""

    def __init__(self, disk: MemoryDisk, ino: int) -> None:
        self._disk = disk
        self._ino = ino
        self._offset = 0
        self.size = len(disk.content(ino))

    def fingerprint(self) -> Fingerprint:
        """Say what the file is now."""
        return self._disk.fingerprint(self._ino)

    def read(self, limit: int) -> bytes:
        """Read on."""
        chunk = self._disk.content(self._ino)[self._offset : self._offset + limit]
        self._offset += len(chunk)
        return chunk

    def read_at(self, offset: int, limit: int) -> bytes:
        """Read at a place."""
        return self._disk.content(self._ino)[offset : offset + limit]

    def hole(self, offset: int) -> int:
        """Give the next hole."""
        return max(offset, self._disk.written_up_to(self._ino))

    def data(self, offset: int) -> int:
        """Give the next data."""
        return offset if offset < self._disk.written_up_to(self._ino) else self.size

    def names(self) -> int:
        """Count the names."""
        return self._disk.names_of(self._ino)

    def is_written(self) -> bool | None:
        """Say whether the world outside has it open."""
        return self._disk.is_open(self._ino)

    def finder_info(self) -> bytes:
        """Nothing of a Finder is played."""
        return b""

    def lend(self) -> None:
        """Give no descriptor; there is none."""

    def close(self) -> None:
        """Let go; nothing is held."""
