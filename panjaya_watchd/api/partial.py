"""
A result that is being downloaded: the file it grows in, its hash, and the note that lets a later try go on.

The note lies beside the file as ``<name>.etag`` and says for how many bytes of which representation the file can be
trusted. It is written only after those bytes were synced, and taken away before they are touched again: after a power
loss there is no note, and the download begins anew instead of going on behind bytes that never reached the disk. Of
HTTP it knows the headers that tell one representation from another (RFC 9110, sections 8.8, 13.1.5 and 14).
"""

import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from panjaya_watchd.api.base import Download
from panjaya_watchd.core.names import Digest, display
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places import durable

_BLOCK: Final = 1 << 20


class Match(StrEnum):
    """What an answer's headers mean for the bytes we have."""

    TAKE = "take"
    """The body belongs behind what we have, or is the whole (then what we had is thrown away)."""
    STALE = "stale"
    """Our bytes belong to something else, and the body is of no use."""
    REFUSED = "refused"
    """No part of a result at all."""
    UNSOUND = "unsound"
    """Its length cannot be known, so a cut would look like the end; or it is packed."""


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
        self._total: int | None = None
        self.size = 0
        self.etag: str | None = None

    def __enter__(self) -> Self:
        with self._storage():
            self._file = os.fdopen(self._open(), "r+b", buffering=0)
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
                durable.sync(self._file.fileno())
                durable.write(self._note, json.dumps({"etag": self.etag, "size": self.size}).encode())

    def _open(self) -> int:
        """Open our file, or make it. What somebody put in its place is not written to: link, pipe, second name."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o666)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            os.close(descriptor)
            raise OSError(errno.EMLINK, "another file stands in its place", self._path.name)
        return descriptor

    def wanted(self) -> dict[str, str]:
        """Give the headers that ask for what is missing; none where everything is."""
        if self.etag is None or self.size == 0:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": self.etag}

    def match(self, status: int, headers: Mapping[str, str]) -> Match:
        """
        Judge the answer to `wanted`, and begin anew where it is, or has to be, the whole.

        Args:
            status: the HTTP status.
            headers: by lower-case name.

        """
        if status == 416 and self.size:
            return self._begin(Match.STALE)
        if status not in {200, 206}:
            return Match.REFUSED
        if headers.get("content-encoding", "identity").lower() != "identity":
            return Match.UNSOUND
        if status == 206:
            return self._continue(headers)
        length = headers.get("content-length", "")
        self._total = int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None
        if self._total is None and "chunked" not in headers.get("transfer-encoding", "").lower():
            return Match.UNSOUND
        etag = headers.get("etag", "")
        # A weak ETag promises the same meaning, not the same bytes (RFC 9110, section 13.1.5).
        lasting = re.fullmatch(r'"[^"]+"', etag) and headers.get("accept-ranges", "").lower() == "bytes"
        return self._begin(Match.TAKE, etag if lasting else None)

    def _continue(self, headers: Mapping[str, str]) -> Match:
        found = re.fullmatch(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)", headers.get("content-range", ""))
        same = self.etag is not None and headers.get("etag", self.etag) == self.etag
        if found is None or int(found[1]) != self.size or not same:
            return self._begin(Match.STALE)
        self._total = None if found[2] == "*" else int(found[2])
        return Match.TAKE

    def _begin(self, match: Match, etag: str | None = None) -> Match:
        """Throw away what is there; what comes now can be told by ``etag``."""
        with self._storage():
            self._file.seek(0)
            self._file.truncate()
        self._hash = hashlib.sha256()
        self.size = 0
        self.etag = etag
        return match

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        with self._storage():
            rest = memoryview(chunk)
            while rest:
                rest = rest[self._file.write(rest) :]
        self._hash.update(chunk)
        self.size += len(chunk)

    def finish(self) -> Download | None:
        """Call it whole; None where it is empty or not as long as announced. Durable when it returns a `Download`."""
        if self.size == 0 or (self._total is not None and self.size != self._total):
            return None
        with self._storage():
            durable.sync(self._file.fileno())
        self._finished = True
        return Download(size=self.size, digest=Digest(self._hash.hexdigest()))

    def _take_up(self) -> None:
        """Trust as many bytes as the note speaks for, and hash them again; the note's work is then done."""
        if not os.path.lexists(self._note):
            return
        noted = self._noted()
        durable.remove(self._note)
        if noted is None:
            return
        etag, size = noted
        while self.size < size:
            block = self._file.read(min(_BLOCK, size - self.size))
            if not block:  # shorter than noted: somebody cut it
                self._begin(Match.STALE)
                return
            self._hash.update(block)
            self.size += len(block)
        self._file.truncate(size)
        self.etag = etag

    def _noted(self) -> tuple[str, int] | None:
        try:
            if not stat.S_ISREG(self._note.lstat().st_mode):  # a pipe would block us, a link is not ours
                return None
            note = json.loads(self._note.read_bytes())
            etag, size = note["etag"], note["size"]
        except (ValueError, TypeError, KeyError):
            return None
        sound = isinstance(etag, str) and isinstance(size, int) and size > 0
        return (etag, size) if sound else None

    @contextmanager
    def _storage(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise PlaceError(
                f"{display(self._path.name)}: the download could not be stored: {error.strerror or error}.",
                hint="Check that the disk has room and that the service may write there; it is tried again.",
            ) from error
