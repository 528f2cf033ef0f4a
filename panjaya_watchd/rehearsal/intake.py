"""
The intake: a multipart body read as it streams, in flat memory however large it is.

Files are hashed on the way and kept only where a folder is given. A body that does not reach its closing boundary
yields nothing: `finish` refuses it, and `discard` removes what was kept.
"""

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from panjaya_watchd.rehearsal.request import Refused

MAX_FIELD: Final = 1024 * 1024
"""Bytes of a part that is no file; Starlette's limit since CVE-2024-47874."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One file part: the digest and size of its bytes, its name as sent, and where it is kept, if it is."""

    sha256: str
    size: int
    file_name: str
    media_type: str
    path: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A whole body: ``names`` of all parts in their order, plain ``fields``, and ``files``."""

    names: tuple[str, ...]
    fields: dict[str, bytes]
    files: dict[str, Received]


class Intake:
    """
    Reads one body, chunk by chunk.

    Raises:
        Refused: 400 for anything that is not well-formed ``multipart/form-data``, or a plain field over 1 MiB.

    """

    def __init__(self, content_type: str, *, keep: Path | None, numbers: Iterator[int] | None = None) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise Refused(400, "Content-Type: expected multipart/form-data with a boundary")
        self._keep = keep
        self._numbers = numbers or itertools.count(1)
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._open: _Field | _File | None = None
        self._closed: list[_Field | _File] = []
        self._ended = False
        try:
            self._parser = MultipartParser(options[b"boundary"], callbacks=self._callbacks())
        except FormParserError as error:
            raise Refused(400, str(error)) from error

    @property
    def names(self) -> tuple[str, ...]:
        """Give the names of the parts that have begun so far."""
        return tuple(part.name for part in (*self._closed, *((self._open,) if self._open else ())))

    def feed(self, chunk: bytes) -> None:
        """Read on."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise Refused(400, f"multipart: {error}") from error

    def finish(self) -> Form:
        """Give the whole form; refused unless the closing boundary was read and no name came twice."""
        if not self._ended:
            raise Refused(400, "multipart: the body ends before its closing boundary")
        if len(set(self.names)) < len(self.names):
            raise Refused(400, f"multipart: a part is given twice: {', '.join(self.names)}")
        return Form(
            names=self.names,
            fields={part.name: bytes(part.content) for part in self._closed if isinstance(part, _Field)},
            files={part.name: part.received() for part in self._closed if isinstance(part, _File)},
        )

    def discard(self) -> None:
        """Close and remove every file that was kept."""
        for part in (*self._closed, self._open):
            if isinstance(part, _File):
                part.discard()

    def _callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda chunk, start, end: self._add_header(chunk[start:end], b""),
            "on_header_value": lambda chunk, start, end: self._add_header(b"", chunk[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._open_part,
            "on_part_data": self._write,
            "on_part_end": self._close_part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._headers = {}
        self._name = self._value = b""

    def _add_header(self, name: bytes, value: bytes) -> None:
        self._name += name
        self._value += value

    def _end_header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _open_part(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition"))
        if kind != b"form-data" or b"name" not in options:
            raise Refused(400, 'multipart: a part without "Content-Disposition: form-data; name=..."')
        name = options[b"name"].decode("utf-8", "replace")
        if b"filename" not in options:
            self._open = _Field(name)
            return
        media_type = self._headers.get(b"content-type", b"application/octet-stream").decode("latin-1")
        path = None if self._keep is None else self._keep / f"part-{next(self._numbers)}"
        self._open = _File(name, options[b"filename"].decode("utf-8", "replace"), media_type, path)

    def _write(self, chunk: bytes, start: int, end: int) -> None:
        assert self._open is not None
        self._open.write(memoryview(chunk)[start:end])

    def _close_part(self) -> None:
        assert self._open is not None
        self._open.close()
        self._closed.append(self._open)
        self._open = None

    def _end(self) -> None:
        self._ended = True


class _Field:
    """A plain part, held in memory."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.content = bytearray()

    def write(self, chunk: memoryview) -> None:
        self.content += chunk
        if len(self.content) > MAX_FIELD:
            raise Refused(400, f"Part exceeded maximum size of {MAX_FIELD // 1024}KB.")

    def close(self) -> None:
        """Nothing is open."""


class _File:
    """A file part: hashed, counted, and written down where there is a place for it."""

    def __init__(self, name: str, file_name: str, media_type: str, path: Path | None) -> None:
        self.name = name
        self._file_name = file_name
        self._media_type = media_type
        self._path = path
        self._digest = hashlib.sha256()
        self._size = 0
        self._file: BinaryIO | None = None if path is None else path.open("xb")

    def write(self, chunk: memoryview) -> None:
        self._digest.update(chunk)
        self._size += len(chunk)
        if self._file is not None:
            self._file.write(chunk)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def discard(self) -> None:
        self.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def received(self) -> Received:
        return Received(
            sha256=self._digest.hexdigest(),
            size=self._size,
            file_name=self._file_name,
            media_type=self._media_type,
            path=self._path,
        )
