"""
A result that is being downloaded: the file it grows in, its hash, and the note that lets a later try go on.

The note lies beside the file as ``<name>.etag`` and says for how many bytes of which representation the file can be
trusted. It is written only after those bytes were synced, and taken away before they are touched again: after a power
loss there is no note, and the download begins anew instead of going on behind bytes that never reached the disk.
Knows nothing of HTTP but the ETag.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from panjaya_watchd.api.base import Download
from panjaya_watchd.core.names import Digest, display
from panjaya_watchd.errors import PlaceError

_BLOCK: Final = 1 << 20


class Partial:
    """
    A file that grows, as a context manager; left early, it keeps what it has for a later try.

    ``size`` is how many bytes it holds, ``etag`` of which representation; None means that nobody can go on from here.

    Raises:
        PlaceError: from every method, when the file cannot be used.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._note = path.with_name(path.name + ".etag")
        self._hash = hashlib.sha256()
        self._finished = False
        self.size = 0
        self.etag: str | None = None

    def __enter__(self) -> Self:
        with self._storage():
            # Never through a symbolic link: the folder is shared, and others may put things there.
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.fdopen(os.open(self._path, flags, 0o666), "r+b", buffering=0)
        try:
            with self._storage():
                self._take_up()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file, self._storage():
            if not self._finished and self.etag is not None and self.size:
                os.fsync(self._file.fileno())
                self._note.write_text(json.dumps({"etag": self.etag, "size": self.size}), encoding="utf-8")

    def begin(self, etag: str | None) -> None:
        """Throw away what is there and begin anew, with a representation that can be told by ``etag``."""
        with self._storage():
            self._file.seek(0)
            self._file.truncate()
        self._hash = hashlib.sha256()
        self.size = 0
        self.etag = etag

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        with self._storage():
            rest = memoryview(chunk)
            while rest:
                rest = rest[self._file.write(rest) :]
        self._hash.update(chunk)
        self.size += len(chunk)

    def finish(self) -> Download:
        """Call it whole. Durable when it returns."""
        with self._storage():
            os.fsync(self._file.fileno())
        self._finished = True
        return Download(size=self.size, digest=Digest(self._hash.hexdigest()))

    def _take_up(self) -> None:
        """Trust as many bytes as the note speaks for, and hash them again; the note's work is then done."""
        noted = self._noted()
        self._note.unlink(missing_ok=True)
        if noted is None:
            return
        etag, size = noted
        while self.size < size:
            block = self._file.read(min(_BLOCK, size - self.size))
            if not block:  # shorter than noted: somebody cut it
                self.begin(None)
                return
            self._hash.update(block)
            self.size += len(block)
        self._file.truncate(size)
        self.etag = etag

    def _noted(self) -> tuple[str, int] | None:
        try:
            note = json.loads(self._note.read_bytes())
            etag, size = note["etag"], note["size"]
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None
        sound = isinstance(etag, str) and isinstance(size, int) and size > 0
        return (etag, size) if sound else None

    @contextmanager
    def _storage(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise PlaceError(
                f"{display(str(self._path))}: the download could not be stored: {error.strerror or error}.",
                hint="Check that the disk has room and that the service may write there; it is tried again.",
            ) from error
