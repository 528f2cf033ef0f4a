"""
A disk that is a dictionary, with a cache that is lost when the power goes.

Names change at once and become durable when the folders they stand in are synced; what was not synced is kept or lost
at a `cut`, each change by itself, except that nothing comes back into a folder that was lost. A rename is never half
done, as on every journaled file system. Content of our own is durable when its file is synced; until then a cut may
leave the file empty. What the world outside writes (`write`) is durable at once. Time is a counter.
"""

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from zlib import crc32

from panjaya_watchd.core.drop import Fingerprint
from panjaya_watchd.places.naming import base, parent
from panjaya_watchd.places.tree import Kind, Look, NotRegular


@dataclass(slots=True)
class _Node:
    """A file (``content``) or a folder (None). ``synced`` is what a cut leaves of a file for sure."""

    content: bytes | None
    synced: bytes | None
    mtime_ns: int
    ctime_ns: int
    mark: str | None = None
    unwritten: int = 0
    """Bytes at its end that are there and were never written."""
    writers: int = 0


@dataclass(slots=True)
class _Change:
    """A change of names that is not durable yet, and the folders whose sync it still waits for."""

    names: tuple[str, ...]
    apply: Callable[[dict[str, int]], None]
    awaits: set[str] = field(default_factory=set)


class MemoryDisk:
    """
    Paths (absolute, ``/`` between levels) and what stands there.

    ``hook`` is told of every step before it is done and may raise: whatever it likes to cut the power, an `OSError`
    for a fault of the storage. ``devices`` are paths on which another device is mounted; ``read_only`` are those on
    which one is mounted that cannot be written.
    """

    def __init__(self, *, hook: Callable[[str], None] = lambda _: None, devices: tuple[str, ...] = ()) -> None:
        self.hook = hook
        self.read_only: set[str] = set()
        self._devices = devices
        self._names: dict[str, int] = {}
        self._durable: dict[str, int] = {}
        self._nodes: dict[int, _Node] = {}
        self._pending: list[_Change] = []
        self._ticks = 1_000_000_000

    # What the world outside does: durable at once.

    def folder(self, path: str) -> None:
        """Make a folder with all levels above it."""
        for above in _levels(path):
            if above not in self._names:
                self._names[above] = self._new(None)
            self._durable.setdefault(above, self._names[above])

    def write(self, path: str, content: bytes, *, unwritten: int = 0) -> None:
        """Write a file, or write another content into it, the end of which may be a hole; its folder is made."""
        self.folder(parent(path))
        ino = self._names.get(path)
        if ino is None:
            ino = self._names[path] = self._durable[path] = self._new(content)
        node, now = self._nodes[ino], self._tick()
        node.content = node.synced = content
        node.unwritten = unwritten
        node.mtime_ns = node.ctime_ns = now

    def hold(self, path: str, writers: int) -> None:
        """Have that many programs of the world outside hold a file open for writing."""
        self._nodes[self._names[path]].writers = writers

    def delete(self, path: str) -> None:
        """Take a file away."""
        self._names.pop(path)
        self._durable.pop(path, None)

    def read(self, path: str) -> bytes:
        """Give a file's content; raises `FileNotFoundError`."""
        return self.content(self.find(path))

    def files(self) -> dict[str, bytes]:
        """Give every file with its content."""
        nodes = {path: self._nodes[ino].content for path, ino in sorted(self._names.items())}
        return {path: content for path, content in nodes.items() if content is not None}

    def cut(self, rng: Random) -> None:
        """Cut the power: every change that was not synced is kept or lost, as the random source says."""
        for change in self._pending:
            if rng.random() < 0.5:
                change.apply(self._durable)
        self._pending.clear()
        self._names = dict(self._durable)
        for node in self._nodes.values():
            if node.content != node.synced:
                node.content = node.synced = rng.choice([node.synced or b"", node.content or b""])

    # The steps, as a tree calls them.

    def look(self, path: str) -> Look | None:
        """Look at a name."""
        ino = self._names.get(path)
        if ino is None:
            return None
        if self._nodes[ino].content is not None:
            return Look(kind=Kind.FILE, fingerprint=self.fingerprint(ino))
        # A folder's time stamp moves with the names in it.
        inside = sorted((name, known) for name, known in self._names.items() if name != path and parent(name) == path)
        stamp = crc32(repr(inside).encode(errors="surrogatepass"))
        return Look(kind=Kind.FOLDER, fingerprint=replace(self.fingerprint(ino), mtime_ns=stamp))

    def number(self, path: str) -> int | None:
        """Give the inode that a name leads to; None where there is nothing."""
        return self._names.get(path)

    def entries(self, path: str) -> Iterator[tuple[str, Fingerprint | Kind]]:
        """Give what stands in a folder, sorted."""
        self.need(path)
        for name in sorted(self._names):
            if name != path and parent(name) == path:
                ino = self._names[name]
                yield base(name), Kind.FOLDER if self._nodes[ino].content is None else self.fingerprint(ino)

    def find(self, path: str) -> int:
        """Give the inode of a file."""
        self.need(path)
        ino = self._names[path]
        if self._nodes[ino].content is None:
            raise NotRegular(errno.EISDIR, "a folder", path)
        return ino

    def fingerprint(self, ino: int) -> Fingerprint:
        """Give what ``fstat`` would."""
        node = self._nodes[ino]
        return Fingerprint(size=len(node.content or b""), mtime_ns=node.mtime_ns, ctime_ns=node.ctime_ns, ino=ino)

    def content(self, ino: int) -> bytes:
        """Give a file's content, also when its name is gone."""
        return self._nodes[ino].content or b""

    def written_up_to(self, ino: int) -> int:
        """Give where a file's hole at the end begins."""
        node = self._nodes[ino]
        return len(node.content or b"") - node.unwritten

    def names_of(self, ino: int) -> int:
        """Count the names of a file."""
        return sum(known == ino for known in self._names.values())

    def is_open(self, ino: int) -> bool:
        """Say whether the world outside holds a file open for writing."""
        return self._nodes[ino].writers > 0

    def make(self, path: str) -> bool:
        """Make one folder."""
        self.hook(f"make {path}")
        if path in self._names:
            return False
        self.need(parent(path))
        ino = self._new(None)
        self._change((path,), lambda names: _put(names, path, ino))
        return True

    def create(self, path: str, content: bytes, *, mtime_ns: int | None) -> None:
        """Write a new file of our own."""
        self.hook(f"create {path}")
        self.need(parent(path))
        if path in self._names:
            raise _error(errno.EEXIST, path)
        ino = self._new(content)
        self._nodes[ino].synced = b""
        if mtime_ns is not None:
            self._nodes[ino].mtime_ns = mtime_ns
        self._change((path,), lambda names: _put(names, path, ino))

    def move(self, source: str, target: str, *, over: bool = False) -> None:
        """Rename a file or a folder with all that is in it."""
        self.hook(f"move {source} {target}")
        self.need(source)
        self.need(parent(target))
        if self._device(source) != self._device(target):
            raise _error(errno.EXDEV, source)
        if target in self._names and not over:
            raise _error(errno.EEXIST, target)
        self._nodes[self._names[source]].ctime_ns = self._tick()
        self._change((source, target), lambda names: _move(names, source, target))

    def remove(self, path: str) -> None:
        """Take away a name of a file."""
        self.hook(f"remove {path}")
        self.find(path)
        self._change((path,), lambda names: _drop(names, path))

    def clear(self, path: str) -> None:
        """Take away an empty folder."""
        self.hook(f"clear {path}")
        self.need(path)
        if any(parent(name) == path for name in self._names):
            raise _error(errno.ENOTEMPTY, path)
        self._change((path,), lambda names: _drop(names, path))

    def sync(self, path: str) -> None:
        """Make a file's content, or the changes of a folder's names, durable."""
        self.hook(f"sync {path}")
        self.need(path)
        node = self._nodes[self._names[path]]
        if node.content is not None:
            node.synced = node.content
            return
        for change in list(self._pending):
            change.awaits.discard(path)
            if not change.awaits:
                self._settle(change)

    def mark(self, path: str, value: str) -> None:
        """Leave a mark on a file."""
        self.hook(f"mark {path}")
        node = self._nodes[self.find(path)]
        node.mark, node.ctime_ns = value, self._tick()

    def marked(self, path: str) -> str | None:
        """Read the mark of a file."""
        return self._nodes[self.find(path)].mark

    def _change(self, names: tuple[str, ...], apply: Callable[[dict[str, int]], None]) -> None:
        apply(self._names)
        self._pending.append(_Change(names, apply, {parent(name) for name in names}))

    def _settle(self, change: _Change) -> None:
        """Make a change durable, after all earlier ones that it stands on."""
        if change not in self._pending:
            return
        for earlier in self._pending[: self._pending.index(change)]:
            if any(_related(one, other) or _related(other, one) for one in earlier.names for other in change.names):
                self._settle(earlier)
        self._pending.remove(change)
        change.apply(self._durable)

    def need(self, path: str) -> None:
        """Raise `FileNotFoundError` where there is nothing."""
        if path not in self._names:
            raise _error(errno.ENOENT, path)

    def _device(self, path: str) -> str:
        return max((device for device in self._devices if _related(device, path)), key=len, default="")

    def _new(self, content: bytes | None) -> int:
        ino, now = len(self._nodes) + 1, self._tick()
        self._nodes[ino] = _Node(content, content, now, now)
        return ino

    def _tick(self) -> int:
        self._ticks += 1_000
        return self._ticks


def _error(code: int, path: str) -> OSError:
    return OSError(code, os.strerror(code), path)


def _levels(path: str) -> list[str]:
    pieces = path.split("/")
    return ["/".join(pieces[: count + 1]) for count in range(1, len(pieces))] if path else []


def _related(above: str, below: str) -> bool:
    return below == above or below.startswith(above + "/")


def _put(names: dict[str, int], path: str, ino: int) -> None:
    if parent(path) in names:
        names[path] = ino


def _drop(names: dict[str, int], path: str) -> None:
    if not any(_related(path, name) and name != path for name in names):
        names.pop(path, None)


def _move(names: dict[str, int], source: str, target: str) -> None:
    if source not in names or parent(target) not in names:
        return
    for name in [name for name in names if _related(source, name)]:
        names[target + name[len(source) :]] = names.pop(name)
