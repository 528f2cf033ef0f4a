"""Videos that are only bytes in memory, or not even that: `Reads` without a file, and the parts they are made of."""

import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final

NOISE: Final = random.Random(2).randbytes(1 << 16)


class Stored:
    """Bytes, with holes where a test says so; it counts what is read."""

    def __init__(self, content: bytes, holes: Sequence[tuple[int, int]] = ()) -> None:
        self.size = len(content)
        self.reads = self.bytes = 0
        self._content, self._holes = content, holes

    def read_at(self, offset: int, limit: int) -> bytes:
        """Read a slice."""
        assert 0 <= offset < 1 << 63
        self.reads += 1
        self.bytes += limit
        return self._content[offset : offset + limit]

    def hole(self, offset: int) -> int:
        """Give the first hole that does not end before."""
        at = bisect_right(self._holes, offset, key=lambda hole: hole[1])
        return max(self._holes[at][0], offset) if at < len(self._holes) else self.size

    def data(self, offset: int) -> int:
        """Give the end of the hole that an offset is in."""
        at = bisect_right(self._holes, offset, key=lambda hole: hole[1])
        return self._holes[at][1] if at < len(self._holes) and self._holes[at][0] <= offset else offset


class Imagined:
    """A file far too large to be made: a function gives the bytes at any place, and they are counted."""

    def __init__(self, size: int, at: Callable[[int, int], bytes]) -> None:
        self.size = size
        self.reads = self.bytes = 0
        self._at = at

    def read_at(self, offset: int, limit: int) -> bytes:
        """Make them up."""
        assert 0 <= offset < self.size
        self.reads += 1
        self.bytes += limit
        return self._at(offset, min(limit, self.size - offset))

    def hole(self, offset: int) -> int:
        """There is none."""
        return self.size

    def data(self, offset: int) -> int:
        """All is."""
        return offset


def noise(count: int) -> bytes:
    """Give bytes without a run of zeros."""
    return (NOISE * (count // len(NOISE) + 1))[:count]


def box(kind: bytes, *parts: bytes) -> bytes:
    """Make a box of an MP4."""
    body = b"".join(parts)
    return (8 + len(body)).to_bytes(4) + kind + body


def full(kind: bytes, *numbers: int, width: int = 4) -> bytes:
    """Make a box of numbers, with a version and flags of zero."""
    return box(kind, bytes(4), *(number.to_bytes(width) for number in numbers))


def trak(chunks: Sequence[int], sizes: Sequence[int], codec: bytes = b"avc1", handler: bytes = b"vide") -> bytes:
    """Make a track with one sample in each chunk."""
    stbl = box(
        b"stbl",
        box(b"stsd", bytes(4), (1).to_bytes(4), box(codec, bytes(70))),
        full(b"stsc", 1, 1, 1, 1),
        full(b"stsz", 0, len(sizes), *sizes),
        full(b"stco", len(chunks), *chunks),
    )
    return box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), handler, bytes(12)), box(b"minf", stbl)))


FTYP: Final = box(b"ftyp", b"isom", bytes(4), b"isomavc1")


def mp4(media: bytes, chunks: Sequence[tuple[int, int]], codec: bytes = b"avc1", handler: bytes = b"vide") -> bytes:
    """Make an MP4 with its index in front: the chunks are given by begin and length within the media."""
    starts, lengths = [start for start, _ in chunks], [length for _, length in chunks]
    empty = box(b"moov", trak(starts, lengths, codec, handler))
    base = len(FTYP) + len(empty) + 8
    moov = box(b"moov", trak([base + start for start in starts], lengths, codec, handler))
    return FTYP + moov + box(b"mdat", media)


def element(identity: int, *parts: bytes, size: int | None = None) -> bytes:
    """Make an element of a Matroska file; its size is stated in eight bytes, and may be a lie."""
    body = b"".join(parts)
    stated = len(body) if size is None else size
    return identity.to_bytes((identity.bit_length() + 7) // 8) + ((1 << 56) | stated).to_bytes(8) + body


UNKNOWN: Final = (1 << 56) - 1
"""A size that is not known."""


def chunk(name: bytes, *parts: bytes) -> bytes:
    """Make a chunk of an AVI."""
    body = b"".join(parts)
    return name + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)


def klv(key: str, body: bytes) -> bytes:
    """Make a key with its length and its body, of an MXF."""
    return bytes.fromhex(key) + b"\x83" + len(body).to_bytes(3) + body
