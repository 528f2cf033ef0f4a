"""
The upload's own reader: a settled file as the body of a request, with the gate before its last chunk.

A thread of its own reads ahead and hashes, because storage, SHA-256 and encryption can then work at the same time.
Every doubt about the source ends the body before its last chunk, so that the service never holds a whole video that is
not the one that settled: the request declares a length, and that length is not reached. Never touches the network,
never opens or closes the file.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Final, Protocol

from panjaya_watchd.api.base import Withdrawn
from panjaya_watchd.core.names import Digest

CHUNK: Final = 512 << 10
"""
Bytes; also how much of a video is held back at the gate, and what the service has to take within the limit for
writing. Each chunk passes from thread to thread, which costs more the smaller it is. Processor seconds per GB over TLS
with hashing, and MB/s, medians of six on two busy processors: 64 KiB 2.3, 509; 128 KiB 1.9, 564; 256 KiB 1.8, 578;
512 KiB 1.7, 590; 1 MiB 1.7, 596.
"""

AHEAD: Final = 8
"""Chunks that may be read before they are sent: enough to ride over a slow seek, and 4 MiB at most."""

LOOK_EVERY: Final = 32
"""Chunks between two looks at the source, only to save traffic; the look that counts comes after the last byte."""


class Source(Protocol):
    """An open file that settled; everything is read from one descriptor, by one thread at a time."""

    size: int

    def read(self, limit: int) -> bytes:
        """Read up to ``limit`` bytes; ``b""`` at the end. Raises `PlaceError` when the storage fails."""

    def changed(self) -> str | None:
        """Say in words how the file differs from the one that settled; None where it does not."""


class SourceChanged(Withdrawn):
    """The file is not what it was when it settled; ``why`` says in words what is different."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Stopped(Withdrawn):
    """The daemon is going down; the upload is begun anew when it is back."""


def open_gate(digest: Digest, size: int) -> None:
    """Let a file pass: for one that decides nothing, such as a background track that travels before the video."""


class Reader:
    """
    A `Body` over a `Source`.

    ``at_gate`` is called once, with the SHA-256 and the size of the whole file, when all but the last chunk was taken;
    it returns when the gate is open, or raises `Withdrawn`. ``stop`` ends the body at the next chunk, until the gate
    has opened. ``progress`` is told how many bytes were taken, from the thread that sends.

    Iterating raises, always before the last chunk:
        SourceChanged: the file changed, shrank, grew or is empty.
        Stopped: ``stop`` was set.
        PlaceError: the storage failed.
    """

    def __init__(  # noqa: PLR0913  (each argument is one wire to the lane that uploads)
        self,
        source: Source,
        file_name: str,
        *,
        stop: threading.Event,
        progress: Callable[[int], None],
        at_gate: Callable[[Digest, int], None] = open_gate,
        chunk: int = CHUNK,
    ) -> None:
        self.file_name = file_name
        self.size = source.size
        self._source = source
        self._stop = stop
        self._progress = progress
        self._at_gate = at_gate
        self._chunk = chunk
        self._released = False
        self._begun = False

    @property
    def released(self) -> bool:
        """Say whether the last chunk was given away, so that the service may hold the whole file."""
        return self._released

    def __iter__(self) -> Iterator[bytes]:
        """Give the file once, chunk by chunk."""
        if self._begun:
            raise SourceChanged("it was read once already")
        self._begun = True
        if self.size <= 0:
            raise SourceChanged("it is empty")
        ahead = _Ahead(self._source, self._chunk, self._stop)
        try:
            yield from self._chunks(ahead)
        finally:
            ahead.close()

    def _chunks(self, ahead: "_Ahead") -> Iterator[bytes]:
        taken = 0
        while True:
            chunk = ahead.take()
            if self._stop.is_set():
                raise Stopped("the service is stopping")
            if taken + len(chunk) == self.size:
                self._check()
                self._at_gate(ahead.digest(), self.size)
                self._released = True
            yield chunk
            taken += len(chunk)
            self._progress(taken)
            if taken == self.size:
                return

    def _check(self) -> None:
        """Look at the source for the last time, as late as possible; the thread that read it has nothing left to do."""
        if self._source.read(1):
            raise SourceChanged("it is longer than it was")
        _look(self._source)


class _Ahead:
    """
    The thread that reads ahead and hashes.

    What it puts into the queue is a chunk or the exception that ends the body. ``close`` waits for a read that is under
    way, because afterwards the caller closes the descriptor, and its number may soon be another file's.
    """

    def __init__(self, source: Source, chunk: int, stop: threading.Event) -> None:
        self._source = source
        self._chunk = chunk
        self._stop = stop
        self._over = threading.Event()
        self._queue: SimpleQueue[bytes | BaseException] = SimpleQueue()
        self._room = threading.Semaphore(AHEAD)
        self._hash = hashlib.sha256()
        self._thread = threading.Thread(target=self._run, name="upload-reader", daemon=True)
        self._thread.start()

    def take(self) -> bytes:
        """Give the next chunk, or raise what ends the body."""
        found = self._queue.get()
        self._room.release()
        if isinstance(found, BaseException):
            raise found
        return found

    def digest(self) -> Digest:
        """Give the SHA-256 of all chunks; only once the last one was taken."""
        return Digest(self._hash.hexdigest())

    def close(self) -> None:
        """End the thread and wait for it."""
        self._over.set()
        self._room.release()
        self._thread.join()

    def _run(self) -> None:
        try:
            for chunk in self._read():
                self._queue.put(chunk)
        except BaseException as error:  # noqa: BLE001  (not swallowed: `take` raises it in the thread that sends)
            self._queue.put(error)

    def _read(self) -> Iterator[bytes]:
        left, count = self._source.size, 0
        while left:
            self._room.acquire()
            if self._over.is_set():
                return
            if self._stop.is_set():
                raise Stopped("the service is stopping")
            chunk = self._source.read(min(self._chunk, left))
            if not chunk:
                raise SourceChanged(f"it is shorter than it was, by {left} bytes")
            self._hash.update(chunk)
            left -= len(chunk)
            count += 1
            if left and count % LOOK_EVERY == 0:
                _look(self._source)
            yield chunk


def _look(source: Source) -> None:
    why = source.changed()
    if why is not None:
        raise SourceChanged(why)
