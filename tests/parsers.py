"""
Multipart bodies read by parsers that are not ours: each gives the parts that it found, in their order.

All of them stream, so that they can also read gigabytes. What they disagree about by design is made alike here: a part
without a file name has no media type.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from falcon.media.multipart import MultipartForm, MultipartParseOptions
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartParser
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

BLOCK: Final = 256 << 10


@dataclass(slots=True)
class Part:
    """One part: its name, its file's name and media type if it has one, and the size and SHA-256 of its bytes."""

    name: str
    file_name: str | None
    media_type: str | None
    size: int = 0
    sha256: str = ""
    _hash: Any = field(default_factory=hashlib.sha256, repr=False, compare=False)

    def add(self, content: bytes) -> None:
        """Take some bytes."""
        self.size += len(content)
        self._hash.update(content)

    def closed(self) -> "Part":
        """Say that these were all."""
        self.sha256 = self._hash.hexdigest()
        return self

    @classmethod
    def of(cls, name: str, file_name: str | None, media_type: str | None, content: Iterable[bytes]) -> "Part":
        """Make a part of its bytes."""
        part = cls(name, file_name, None if file_name is None else media_type)
        for chunk in content:
            part.add(chunk)
        return part.closed()


class Readable(Protocol):
    """What can be read from."""

    def read(self, size: int, /) -> bytes:
        """Read on."""


class Bounded:
    """A stream that ends where the body does; ``most`` bytes are given at once."""

    def __init__(self, stream: Readable, length: int, most: int = BLOCK) -> None:
        self._stream = stream
        self._left = length
        self._most = most

    def read(self, size: int | None = -1) -> bytes:
        """Read on."""
        wanted = min(self._left, self._most) if size is None or size < 0 else min(size, self._left, self._most)
        got = self._stream.read(wanted)
        self._left -= len(got)
        return got

    def __iter__(self) -> "Bounded":
        return self

    def __next__(self) -> bytes:
        got = self.read()
        if not got:
            raise StopIteration
        return got


Parser = Callable[[Bounded, str, int], list[Part]]
"""From the body, the ``Content-Type`` and the length."""


def boundary_of(content_type: str) -> bytes:
    """Give the boundary that a ``Content-Type`` names."""
    kind, options = parse_options_header(content_type)
    assert kind == "multipart/form-data"
    return options["boundary"].encode("ascii")


def by_werkzeug(body: Bounded, content_type: str, _length: int) -> list[Part]:
    """Read by Werkzeug (Flask)."""
    decoder = MultipartDecoder(boundary_of(content_type), max_parts=10)
    parts: list[Part] = []
    for chunk in body:
        decoder.receive_data(chunk)
        _take_events(decoder, parts)
    decoder.receive_data(None)
    assert _take_events(decoder, parts), "no closing boundary"
    return [part.closed() for part in parts]


def _take_events(decoder: MultipartDecoder, parts: list[Part]) -> bool:
    """Take what the decoder has by now; whether it was the end."""
    while not isinstance(event := decoder.next_event(), NeedData):
        if isinstance(event, Epilogue):
            return True
        if isinstance(event, File):
            parts.append(Part(event.name, event.filename, event.headers.get("content-type")))
        elif isinstance(event, Field):
            parts.append(Part(event.name, None, None))
        elif isinstance(event, Data):
            parts[-1].add(event.data)
    return False


def by_falcon(body: Bounded, content_type: str, length: int) -> list[Part]:
    """Read by Falcon."""
    form = MultipartForm(body, boundary_of(content_type), length, MultipartParseOptions())
    return [Part.of(part.name or "", part.filename, part.content_type, _blocks(part.stream)) for part in form]


def by_starlette(body: Bounded, content_type: str, length: int) -> list[Part]:
    """Read by Starlette (FastAPI), which is what the service very probably does."""
    return asyncio.run(_by_starlette(body, content_type))


def _blocks(stream: Any) -> Iterator[bytes]:
    while block := stream.read(BLOCK):
        yield block


async def _by_starlette(body: Bounded, content_type: str) -> list[Part]:
    async def stream() -> AsyncGenerator[bytes, None]:
        for chunk in body:
            yield chunk

    parser = MultiPartParser(Headers({"content-type": content_type}), stream())
    form = await parser.parse()
    try:
        return [
            Part.of(name, value.filename, value.content_type, _blocks(value.file))
            if isinstance(value, UploadFile)
            else Part.of(name, None, None, [value.encode()])
            for name, value in form.multi_items()
        ]
    finally:
        await form.close()
        for file in parser._files_to_close_on_error:  # of a body that was cut, which Starlette does not mind
            file.close()


PARSERS: Final[dict[str, Parser]] = {"Starlette": by_starlette, "Werkzeug": by_werkzeug, "Falcon": by_falcon}
