"""A real file behind the reader's `Source`: one descriptor, and its ``fstat`` for what has changed."""

import os
import threading
from pathlib import Path
from typing import Self

from panjaya_watchd.api.reader import Reader, open_gate
from panjaya_watchd.core.names import Digest


class OpenFile:
    """A file as it was when it was opened; ``changed`` also notices another file under its name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._before = os.fstat(self._descriptor)
        self.size = self._before.st_size
        self.looks = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def read(self, limit: int) -> bytes:
        """Read on."""
        return os.read(self._descriptor, limit)

    def changed(self) -> str | None:
        """Compare size, time and inode with those at the beginning."""
        self.looks += 1
        now, named = os.fstat(self._descriptor), self._path.stat()
        if (now.st_size, now.st_mtime_ns) != (self._before.st_size, self._before.st_mtime_ns):
            return "it was written to"
        return None if named.st_ino == self._before.st_ino else "another file has taken its name"


class Gate:
    """A gate that notes what was shown to it, and runs what a test wants to happen there."""

    def __init__(self) -> None:
        self.shown: list[tuple[Digest, int]] = []
        self.reached = threading.Event()
        self.open = threading.Event()

    def __call__(self, digest: Digest, size: int) -> None:
        """Wait until the test opens it."""
        self.shown.append((digest, size))
        self.reached.set()
        assert self.open.wait(20), "nobody opened the gate"


def reader(source: OpenFile, name: str = "talk.mp4", *, chunk: int = 1024) -> Reader:
    """Give a reader whose gate stands open."""
    return Reader(source, name, stop=threading.Event(), progress=lambda _: None, at_gate=open_gate, chunk=chunk)
