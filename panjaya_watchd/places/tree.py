"""
A tree of folders, as a contract: the primitive steps that every verb on a watch folder is made of.

`disk.DiskTree` does them, `memory.MemoryTree` plays them; the verbs above are the same for both, so what is proved of
them in memory, power cuts included, is proved of the code that runs. Names are relative to the tree's root with ``/``
between levels; the root is the empty string. Every method raises `OSError`, and `PlaceError` where the root itself
cannot be used; none follows a symbolic link below the root.
"""

import errno
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from panjaya_watchd.core.drop import Fingerprint
from panjaya_watchd.core.profiles import Ground


class Kind(StrEnum):
    """What a name stands for; ``other`` is a link, a FIFO, a socket or a device, ``unknown`` cannot be told."""

    FILE = "file"
    FOLDER = "folder"
    OTHER = "other"
    UNKNOWN = "unknown"


Entries = Generator[tuple[str, Fingerprint | Kind], None, None]
"""Base names with a file's fingerprint or the kind; closed when nobody wants the rest."""


OUR_OWN: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Errors that say something about us, and nothing about what was looked at."""


class NotRegular(OSError):  # noqa: N818  (it is an OSError by type; the name says what was found)
    """The name stands for something that is never read: a link, a FIFO, a device, a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one ``lstat`` says."""

    kind: Kind
    fingerprint: Fingerprint


class Opened(Protocol):
    """An open regular file; one can be read by position as `core.content.Reads`."""

    size: int
    """Bytes, when it was opened."""

    def fingerprint(self) -> Fingerprint:
        """Say what the file is now, by its descriptor: on NFS this is fresher than a look at its name."""

    def read(self, limit: int) -> bytes:
        """Read up to ``limit`` bytes; ``b""`` at the end."""

    def read_at(self, offset: int, limit: int) -> bytes:
        """Read up to ``limit`` bytes from a place, without moving on; fewer only at the end."""

    def hole(self, offset: int) -> int:
        """Give the first byte from a place on that was never written; ``size`` where there is none, or no telling."""

    def data(self, offset: int) -> int:
        """Give the first byte from a place on that was written; ``size`` where none was."""

    def names(self) -> int:
        """Count the names that lead to it; a second one means that it can be changed from where we do not look."""

    def is_written(self) -> bool | None:
        """Say whether somebody has it open for writing; None where the kernel does not tell us."""

    def finder_info(self) -> bytes:
        """Give what a Mac's Finder has noted on it: type and creator first; empty where nothing is."""

    def lend(self) -> int | None:
        """Give the descriptor, to be read by position and not closed; None where there is none."""

    def close(self) -> None:
        """Let go of the descriptor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a root stands: the id in it, whether it bore the known one before, its mounting, what is mounted below it."""

    root_id: str | None
    familiar: bool
    mounting: tuple[int, ...]
    grounds: tuple[Ground, ...]


class Tree(Protocol):
    """The steps. Those that change something are durable only after `sync`."""

    root: Path

    def expect(self, known: str | None) -> None:
        """Note the id of the root that is meant, without looking."""

    def stand(self, known: str | None) -> Standing:
        """Make sure that the root can be used, and is the one of that id; from then on no other is."""

    def lies_on(self) -> tuple[Ground, ...]:
        """Give the file systems under the root, that of the root first, without looking into it."""

    def entries(self, folder: str, skip: Callable[[str], bool], only: Iterable[str] | None = None) -> Entries:
        """
        Walk through one folder: base names with a file's fingerprint or the kind.

        ``skip`` spares the ``lstat``; ``only`` are names to look at instead of reading the folder.
        """

    def look(self, name: str) -> Look | None:
        """Look at a name; None where there is nothing."""

    def open(self, name: str) -> Opened:
        """Open a regular file for reading, without waiting. Raises `NotRegular`."""

    def make(self, folder: str) -> bool:
        """Make one folder with the root's mode; False where the name is taken."""

    def create(self, name: str, chunks: Iterable[bytes], *, mtime_ns: int | None = None) -> None:
        """Write a new file that whoever may use the folder may use. Raises `FileExistsError`."""

    def move(self, source: str, target: str, into: "Tree | None" = None) -> None:
        """Rename a file or folder, also into another tree. Never replaces: `FileExistsError`. EXDEV across devices."""

    def replace(self, source: str, target: str) -> None:
        """Rename one of our own files over another of our own."""

    def remove(self, name: str) -> None:
        """Unlink a file."""

    def clear(self, folder: str) -> None:
        """Remove an empty folder; raises `OSError` where it is not empty."""

    def reach(self, folder: str) -> AbstractContextManager[Path]:
        """Give a path that leads to this very folder while it is held, whatever takes its name meanwhile."""

    def sync(self, name: str) -> None:
        """Make a file's content, or the names in a folder, survive power loss."""

    def mark(self, name: str, value: str) -> None:
        """Leave our mark on a result and open it to whoever may use the folder; best effort."""

    def marked(self, name: str) -> str | None:
        """Read the mark; None where there is none, or where the file system keeps none."""
