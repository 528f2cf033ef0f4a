"""
A played disk that other people use as well: they write by name or by inode, and somebody mounts and unmounts it.

What they do is durable at once, and so is all that came before it under the same names, as on every journaled file
system. One of four trees stands at the watch folder: the *share* that is meant; a *bare* mount point, in which somebody
has put a video; a *foreign* share, with the trace of another service and a video; or nothing.
"""

import errno
import os
from collections.abc import Callable
from random import Random
from typing import Final

from world import ROOT, TRACE

from panjaya_watchd.places.memory_disk import MemoryDisk
from panjaya_watchd.places.naming import base, parent
from panjaya_watchd.places.tree import Look

SHARE: Final = "share"
OTHERS: Final = ("bare", "foreign", "nothing")
_CHANGES: Final = ("make ", "create ", "move ", "remove ", "clear ", "mark ")


class SharedDisk(MemoryDisk):
    """
    A disk with the verbs of its other users.

    ``glance`` is called before the daemon opens or reads anything, ``step`` before each of its steps, where it looks
    which root it has. ``time`` gives the world's, in seconds. ``restarting``: somebody ends the daemon now, ``gentle``:
    and not the whole machine.
    """

    def __init__(self) -> None:
        super().__init__()
        self.time: Callable[[], float] = lambda: 0.0
        self.glance: Callable[[], None] = lambda: None
        self.step: Callable[[], None] = lambda: None
        self.restarting = False
        self.gentle = False
        self.mounted = SHARE

    @property
    def home(self) -> str:
        """Give where the share is, mounted or not: its other users have it all the time."""
        return ROOT if self.mounted == SHARE else _stash(SHARE)

    # What the daemon sees

    def look(self, path: str) -> Look | None:
        """Look at a name."""
        if path == ROOT:
            self.step()
        return super().look(path)

    def number(self, path: str) -> int | None:
        """Look at a root."""
        if path == ROOT:
            self.step()
        return super().number(path)

    def find(self, path: str) -> int:
        """Open a file."""
        self.glance()
        return super().find(path)

    def content(self, ino: int) -> bytes:
        """Read a file."""
        self.glance()
        return super().content(ino)

    def cut(self, rng: Random) -> None:
        """End the machine, or the daemon only: then the kernel still has everything."""
        if not self.gentle:
            super().cut(rng)
        self.gentle = False

    def refuse(self, point: str) -> None:
        """Raise `OSError` where a step would change what is mounted read-only."""
        if ROOT in self.read_only and self.mounted == SHARE and point.startswith(_CHANGES):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), ROOT)

    # What others do

    def pour(self, ino: int, content: bytes, unwritten: int = 0) -> None:
        """Write another content into an open file, whatever it is called by now."""
        node, now = self._nodes[ino], self._tick()
        node.content = node.synced = content
        node.unwritten = unwritten
        node.mtime_ns = node.ctime_ns = now

    def put(self, path: str, content: bytes) -> int:
        """Write a new file; gives its inode."""
        self._journal(path)
        self.write(path, content)
        return self._names[path]

    def stamp(self, ino: int) -> None:
        """Give a file an old time of change, as programs do that keep the original's."""
        node = self._nodes[ino]
        node.mtime_ns, node.ctime_ns = 1_000, self._tick()

    def hand(self, ino: int, writers: int) -> None:
        """Have that many programs hold an open file for writing."""
        self._nodes[ino].writers = writers

    def where(self, ino: int) -> str | None:
        """Give the name of a file; None where it has none any more."""
        return next((path for path, known in self._names.items() if known == ino), None)

    def holds(self, ino: int) -> bytes:
        """Give a file's content, without being noticed."""
        return self._nodes[ino].content or b""

    def rename(self, source: str, target: str) -> None:
        """Rename a file, over another one too."""
        self._journal(source)
        self._journal(target)
        for names in (self._names, self._durable):
            names[target] = names.pop(source)
        self._nodes[self._names[target]].ctime_ns = self._tick()

    def throw_away(self, path: str) -> None:
        """Delete a file."""
        self._journal(path)
        self.delete(path)

    def mount(self, tree: str, *, renumbered: bool = False) -> None:
        """Have another tree stand at the watch folder; a network mount may have other numbers than before."""
        for change in list(self._pending):
            self._settle(change)
        for node in self._nodes.values():
            node.synced = node.content
        self._rename_all(ROOT, _stash(self.mounted))
        self.mounted = tree
        self._rename_all(_stash(tree), ROOT)
        if renumbered and ROOT in self._names:
            self._names[ROOT] = self._durable[ROOT] = self._new(None)

    def seal(self) -> None:
        """Mount the share read-only."""
        self.read_only.add(ROOT)

    def unseal(self) -> None:
        """Mount it writable again."""
        self.read_only.discard(ROOT)

    def stands(self, path: str) -> bool:
        """Say whether a name is taken."""
        return path in self._names

    def furnish(self, videos: dict[str, bytes]) -> None:
        """Put a video into each of the other trees."""
        for tree, video in videos.items():
            self.write(f"{_stash(tree)}/stranger-{tree}.mp4", video)
        self.write(_stash("foreign") + TRACE[len(ROOT) :], b"f00d\n")

    def tree(self, tree: str) -> dict[str, bytes]:
        """Give all files of a tree, by their names in it."""
        top = ROOT if tree == self.mounted else _stash(tree)
        return {path[len(top) + 1 :]: content for path, content in self.files().items() if path.startswith(top + "/")}

    def lying(self) -> list[str]:
        """Give the names of the files that lie directly in the share."""
        return [base(path) for path, ino in self._names.items() if parent(path) == self.home and self.is_file(ino)]

    def is_file(self, ino: int) -> bool:
        """Say whether it is a file."""
        return self._nodes[ino].content is not None

    def _tick(self) -> int:
        """Stamp with the world's time: what is written later than a quiet period differs by more than that."""
        self._ticks = max(self._ticks + 1_000, 1_000_000_000 + round(self.time() * 1_000_000_000))
        return self._ticks

    def _journal(self, path: str) -> None:
        for change in list(self._pending):
            if any(path == name or path.startswith(name + "/") for name in change.names):
                self._settle(change)

    def _rename_all(self, source: str, target: str) -> None:
        for names in (self._names, self._durable):
            for path in [path for path in names if path == source or path.startswith(source + "/")]:
                names[target + path[len(source) :]] = names.pop(path)


def _stash(tree: str) -> str:
    return f"/elsewhere-{tree}"
