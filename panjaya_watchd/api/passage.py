"""
The way of one multipart body: the frame and the files in their order, and whether the gate is behind us.

Knows nothing of HTTP or files. A body that breaks its promised size is withdrawn before its last chunk, so that no
request is ever whole by accident. A chunk is handed on as the very object that came: the HTTP library passes ``bytes``
through to the socket and Python's TLS takes all of them in one call, so any cut on the way would only copy the video.
"""

from collections.abc import Generator, Iterator, Sequence

from panjaya_watchd.api.base import Body, Withdrawn
from panjaya_watchd.api.wire import Frame


class Passage:
    """
    One body on its way, iterated once by whoever sends it.

    ``released`` is True from just before the first byte of the last file's last chunk leaves: from then on the service
    may hold the whole video.
    """

    def __init__(self, frame: Frame, files: Sequence[Body]) -> None:
        self.released = False
        self._frame = frame
        self._files = files
        self._pieces = self._travel()

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """Let go of the files, also in the middle: an early answer leaves the rest unsent."""
        self._pieces.close()

    def _travel(self) -> Generator[bytes, None, None]:
        video = len(self._files) - 1
        for index, (head, file) in enumerate(zip(self._frame.heads, self._files, strict=True)):
            yield head
            yield from self._chunks(file, decides=index == video)
        yield self._frame.tail

    def _chunks(self, file: Body, *, decides: bool) -> Iterator[bytes]:
        left = file.size
        for chunk in file:
            left -= len(chunk)
            if left < 0:
                raise Withdrawn(f"{file.file_name} gave more than the {file.size} bytes that were announced")
            if left == 0 and decides:
                self.released = True
            yield chunk
        if left:
            raise Withdrawn(f"{file.file_name} gave {left} bytes less than were announced")
