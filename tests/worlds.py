"""Watch folders to try the verbs on: a real one and one in memory, with the same handles, and a way to die in each."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Protocol

from panjaya_watchd.core.drop import Drop, group
from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.places import naming
from panjaya_watchd.places.base import Place
from panjaya_watchd.places.disk import DiskTree
from panjaya_watchd.places.filing import Shelf
from panjaya_watchd.places.folder import FolderPlace
from panjaya_watchd.places.memory import MemoryPlace
from panjaya_watchd.places.memory_disk import MemoryDisk
from panjaya_watchd.places.tree import Tree

CLAIM = ClaimId("c1a2b3")


class PowerCut(BaseException):
    """The end, between two steps."""


@dataclass
class Fuse:
    """Counts steps, remembers them, and cuts the power before the step number ``at``."""

    at: int | None = None
    steps: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None

    def __call__(self, step: str) -> None:
        """Do one step, or die before it."""
        self.before(step)
        if self.at is not None and len(self.steps) >= self.at:
            raise PowerCut(step)
        self.steps.append(step)

    def arm(self, at: int | None) -> None:
        """Start counting again."""
        self.at = at
        self.steps.clear()


class World(Protocol):
    """A watch folder with its place, and hands that work on it from outside."""

    root: Path
    fuse: Fuse
    place: Place

    def write(self, name: str, content: bytes) -> None:
        """Write a file as a dropper would."""

    def delete(self, name: str) -> None:
        """Take a file away."""

    def move(self, name: str, target: str) -> None:
        """Rename a file as a dropper would."""

    def download(self, path: Path, content: bytes) -> None:
        """Write a download as the API's room would."""

    def files(self) -> dict[str, bytes]:
        """Give every file below the root, hidden ones too."""

    def reopen(self, *, recursive: bool = False, done: Path = Path("done")) -> None:
        """Start the daemon again."""

    def cut(self, rng: Random) -> None:
        """Cut the power, and start again."""

    def mount(self, label: str) -> None:
        """Put another folder in the root's place: that of this label, or a new one; the first is labelled "first"."""


def drop(world: World, key: str | None = None) -> Drop:
    """Give the one drop that the place sees (or the one of that key)."""
    found = [each for each in group(world.place.scan().files) if key is None or each.key == key]
    assert len(found) == 1, [each.key for each in found]
    return found[0]


def half_of(root: Path, claim_id: ClaimId, name: str) -> Path:
    """Give the path at which a download of a result grows."""
    return root / "processing" / claim_id / naming.result_in_the_making(name)


class DiskWorld:
    """On a real file system."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.label = "first"
        self.fuse = Fuse()
        root.mkdir(parents=True, exist_ok=True)
        self.reopen()

    def reopen(self, *, recursive: bool = False, done: Path = Path("done")) -> None:
        """Start again."""
        tree = DyingTree(self.root, self.fuse)
        elsewhere = Shelf(tree=DyingTree(done.parent, self.fuse), folder=done.name)
        self.place: Place = FolderPlace(
            tree,
            done=elsewhere if done.is_absolute() else Shelf(tree=tree, folder=str(done)),
            failed=Shelf(tree=tree, folder="failed"),
            recursive=recursive,
        )

    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        self.download(self.root / name, content)

    def delete(self, name: str) -> None:
        """Unlink a file."""
        (self.root / name).unlink()

    def move(self, name: str, target: str) -> None:
        """Rename a file."""
        (self.root / name).rename(self.root / target)

    def download(self, path: Path, content: bytes) -> None:
        """Write at a path."""
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.stat().st_mtime_ns if path.exists() else 0
        path.write_bytes(content)
        # A coarse clock may give two writes of one test the same time; people are slower.
        os.utime(path, ns=(before + 1_000_000_000, before + 1_000_000_000))

    def files(self) -> dict[str, bytes]:
        """Read everything."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }

    def cut(self, rng: Random) -> None:
        """Start again; what a real disk loses is not ours to play."""
        self.reopen()

    def mount(self, label: str) -> None:
        """Rename folders."""
        self.root.rename(self.root.with_name(self.label))
        self.label = label
        there = self.root.with_name(label)
        there.mkdir(exist_ok=True)
        there.rename(self.root)


class MemoryWorld:
    """On a disk in memory, which loses what was not synced."""

    def __init__(self, root: Path = Path("/watch")) -> None:
        self.root = root
        self.label = "first"
        self.fuse = Fuse()
        self.disk = MemoryDisk(hook=self.fuse)
        self.disk.folder(str(root))
        self.reopen()

    def reopen(self, *, recursive: bool = False, done: Path = Path("done")) -> None:
        """Start again."""
        self.place: Place = MemoryPlace(self.disk, self.root, done=done, recursive=recursive)

    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        self.disk.write(f"{self.root}/{name}", content)

    def delete(self, name: str) -> None:
        """Take a file away."""
        self.disk.delete(f"{self.root}/{name}")

    def move(self, name: str, target: str) -> None:
        """Rename a file, for good."""
        fuse, self.disk.hook = self.disk.hook, lambda _: None
        self.disk.move(f"{self.root}/{name}", f"{self.root}/{target}")
        self.disk.sync(str(Path(f"{self.root}/{name}").parent))
        self.disk.sync(str(Path(f"{self.root}/{target}").parent))
        self.disk.hook = fuse

    def download(self, path: Path, content: bytes) -> None:
        """Write at a path."""
        self.disk.write(str(path), content)

    def files(self) -> dict[str, bytes]:
        """Give everything."""
        inside = {path: content for path, content in self.disk.files().items() if path.startswith(f"{self.root}/")}
        return {path.removeprefix(f"{self.root}/"): content for path, content in inside.items()}

    def cut(self, rng: Random) -> None:
        """Lose what was not synced."""
        self.disk.cut(rng)
        self.reopen()

    def mount(self, label: str) -> None:
        """Rename folders."""
        self._rename(str(self.root), str(self.root.with_name(self.label)))
        self.label = label
        self.disk.folder(str(self.root.with_name(label)))
        self._rename(str(self.root.with_name(label)), str(self.root))

    def _rename(self, folder: str, target: str) -> None:
        for names in (self.disk._names, self.disk._durable):
            for name in [name for name in names if name == folder or name.startswith(folder + "/")]:
                names[target + name.removeprefix(folder)] = names.pop(name)


class DyingTree(DiskTree):
    """A real tree whose every changing step may be the last."""

    def __init__(self, root: Path, fuse: Fuse) -> None:
        super().__init__(root)
        self._fuse = fuse

    def make(self, folder: str) -> bool:
        """Make a folder."""
        self._fuse(f"make {folder}")
        return super().make(folder)

    def create(self, name: str, chunks: Iterable[bytes], *, mtime_ns: int | None = None) -> None:
        """Create a file; dying there leaves a torn one."""
        try:
            self._fuse(f"create {name}")
        except PowerCut:
            super().create(name, [b"torn"])
            raise
        super().create(name, chunks, mtime_ns=mtime_ns)

    def move(self, source: str, target: str, into: Tree | None = None) -> None:
        """Move."""
        self._fuse(f"move {source} {target}")
        super().move(source, target, into)

    def replace(self, source: str, target: str) -> None:
        """Replace."""
        self._fuse(f"replace {source} {target}")
        super().replace(source, target)

    def remove(self, name: str) -> None:
        """Remove."""
        self._fuse(f"remove {name}")
        super().remove(name)

    def clear(self, folder: str) -> None:
        """Clear."""
        self._fuse(f"clear {folder}")
        super().clear(folder)

    def sync(self, name: str) -> None:
        """Sync."""
        self._fuse(f"sync {name}")
        super().sync(name)

    def mark(self, name: str, value: str) -> None:
        """Mark."""
        self._fuse(f"mark {name}")
        super().mark(name, value)
