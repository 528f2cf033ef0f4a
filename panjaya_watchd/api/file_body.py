"""
A file on the disk as a body, for who uses the client as a library: whole, unchanged, and without a gate.

The daemon reads by `reader.Reader` with a source and a gate of its own; this one only needs a path.
"""

import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from panjaya_watchd.api.reader import Reader
from panjaya_watchd.core.names import Digest, display
from panjaya_watchd.errors import PlaceError


class FileBody:
    """
    A `Body` from a path; a link is followed. It may be sent again, and is read anew each time.

    ``size`` is in bytes, as it was when this was made. ``digest`` is the SHA-256 of what was read, None before all but
    the last chunk is sent.

    Args:
        path: of a regular file that is not empty.
        file_name: what the service is told, in plain ASCII; None: the name in the path.
        progress: is told how many bytes were taken, from the thread that sends.

    Raises:
        PlaceError: here and while it is read, where the file cannot be read.
        Withdrawn: while it is read, where it is not the file any more that it was; always before the last chunk, so
            that the service never holds all of it.

    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        file_name: str | None = None,
        progress: Callable[[int], None] = lambda _taken: None,
    ) -> None:
        self._path = Path(path)
        self.file_name = file_name or self._path.name
        self.digest: Digest | None = None
        self._progress = progress
        with _reading(self._path):
            self._before = self._path.stat()
        if not stat.S_ISREG(self._before.st_mode) or self._before.st_size == 0:
            raise _unreadable(self._path, "it is empty" if stat.S_ISREG(self._before.st_mode) else "it is no file")
        self.size = self._before.st_size

    def __iter__(self) -> Iterator[bytes]:
        """Give the file once, chunk by chunk."""
        self.digest = None
        with _reading(self._path):
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            yield from Reader(
                _Opened(self._path, descriptor, self._before),
                self.file_name,
                stop=threading.Event(),
                progress=self._progress,
                at_gate=self._note,
            )
        finally:
            os.close(descriptor)

    def _note(self, digest: Digest, _size: int) -> None:
        self.digest = digest


class _Opened:
    """The reader's `Source`: one descriptor, held against the file that was looked at first."""

    def __init__(self, path: Path, descriptor: int, before: os.stat_result) -> None:
        self.size = before.st_size
        self._path = path
        self._descriptor = descriptor
        self._before = _facts(before)

    def read(self, limit: int) -> bytes:
        with _reading(self._path):
            return os.read(self._descriptor, limit)

    def changed(self) -> str | None:
        with _reading(self._path):
            now = _facts(os.fstat(self._descriptor))
        return None if now == self._before else f"{display(self._path.name)} changed while it was read"


def _facts(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error


def _unreadable(path: Path, why: str) -> PlaceError:
    return PlaceError(
        f"{display(str(path))} cannot be sent: {why}.", hint="Name a file that is there, is not empty and may be read."
    )
