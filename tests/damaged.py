"""What becomes of a video that a copy has not finished: cut, zeros or a hole in place of the rest, or in the middle."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self


class OpenVideo:
    """A real file as `Reads`, which counts how often it was read."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._descriptor).st_size
        self.reads = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def read_at(self, offset: int, limit: int) -> bytes:
        """Read by position."""
        self.reads += 1
        return os.pread(self._descriptor, limit, offset)

    def hole(self, offset: int) -> int:
        """Ask the file system."""
        return self._seek(offset, os.SEEK_HOLE)

    def data(self, offset: int) -> int:
        """Ask the file system."""
        return self._seek(offset, os.SEEK_DATA)

    def _seek(self, offset: int, whence: int) -> int:
        try:
            return os.lseek(self._descriptor, offset, whence)
        except OSError:
            return self.size


def _cut(whole: bytes, kept: int, path: Path) -> None:
    path.write_bytes(whole[:kept])


def _zeros(whole: bytes, start: int, end: int, path: Path) -> None:
    path.write_bytes(whole[:start] + bytes(end - start) + whole[end:])


def _hole(whole: bytes, start: int, end: int, path: Path) -> None:
    with path.open("wb") as target:
        target.truncate(len(whole))
        target.write(whole[:start])
        target.seek(end)
        target.write(whole[end:])


DAMAGES: Final[dict[str, Callable[[bytes, Path], None]]] = {
    "cut at 60 %": lambda whole, path: _cut(whole, len(whole) * 6 // 10, path),
    "zeros from 60 %": lambda whole, path: _zeros(whole, len(whole) * 6 // 10, len(whole), path),
    "hole from 60 %": lambda whole, path: _hole(whole, len(whole) * 6 // 10, len(whole), path),
    "cut by 1 KiB": lambda whole, path: _cut(whole, len(whole) - 1024, path),
    "cut by 1 byte": lambda whole, path: _cut(whole, len(whole) - 1, path),
    "hole from 40 to 60 %": lambda whole, path: _hole(whole, len(whole) * 4 // 10, len(whole) * 6 // 10, path),
    "zeros from 40 to 60 %": lambda whole, path: _zeros(whole, len(whole) * 4 // 10, len(whole) * 6 // 10, path),
}
"""Each writes what is left of a whole video to a path."""
