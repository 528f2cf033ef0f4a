"""
Tiny videos, made by hand: whole by their structure, unlike one another in every page, and of no use to a player.

Three kinds: an MP4 with its index first, one with its index last, a Matroska file. Each is some pages of 4 KiB long,
because that is what a storage writes and loses at a time.
"""

from collections.abc import Callable
from random import Random
from typing import Final

PAGE: Final = 4096
"""Bytes."""


def faststart(seed: int, pages: int) -> bytes:
    """Make an MP4 whose index comes before the media."""
    kind, room = _ftyp(), pages * PAGE
    index = len(_moov(0, 0))
    media = _noise(seed, room - len(kind) - index - 8)
    return kind + _moov(len(kind) + index + 8, len(media)) + _box(b"mdat", media)


def trailing(seed: int, pages: int) -> bytes:
    """Make an MP4 whose index comes last, as a camera does."""
    kind, room = _ftyp(), pages * PAGE
    media = _noise(seed, room - len(kind) - len(_moov(0, 0)) - 8)
    return kind + _box(b"mdat", media) + _moov(len(kind) + 8, len(media))


def matroska(seed: int, pages: int) -> bytes:
    """Make a Matroska file with a segment and a cluster of known size."""
    head = _element(0x1A45DFA3, _element(0x4282, b"matroska"))
    track = _element(0xAE, _element(0x83, b"\1") + _element(0x86, b"V_MPEG4/ISO/AVC"))
    tracks = _element(0x1654AE6B, track)
    used = len(head) + len(tracks) + len(_element(0x18538067, b"")) + 2 * len(_element(0x1F43B675, b"")) - 3
    media = _noise(seed, pages * PAGE - used)
    return head + _element(0x18538067, tracks + _element(0x1F43B675, _element(0xA3, media)))


CLIPS: Final[dict[str, Callable[[int, int], bytes]]] = {
    "faststart.mp4": faststart,
    "trailing.mp4": trailing,
    "matroska.mkv": matroska,
}


def padding(name: str, length: int) -> bytes:
    """Make something without meaning that may follow a video of that name: what a program notes at its end."""
    if name.endswith(".mkv"):
        return _element(0xEC, b"\1" * (length - 9))
    return _box(b"free", b"\1" * (length - 8))


def _noise(seed: int, length: int) -> bytes:
    """Give bytes none of which is zero; other ones for each seed."""
    return Random(seed).randbytes(length).replace(b"\0", b"\1")


def _box(kind: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return (8 + len(body)).to_bytes(4) + kind + body


def _numbers(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4) for number in numbers)


def _ftyp() -> bytes:
    return _box(b"ftyp", b"isom", _numbers(0x200), b"isomavc1")


def _moov(place: int, length: int) -> bytes:
    """One track with one chunk of one picture."""
    tables = _box(
        b"stbl",
        _box(b"stsd", _numbers(0, 1), _box(b"avc1", bytes(8))),
        _box(b"stsz", _numbers(0, 0, 1, length)),
        _box(b"stsc", _numbers(0, 1, 1, 1, 1)),
        _box(b"stco", _numbers(0, 1, place)),
    )
    handler = _box(b"hdlr", _numbers(0, 0), b"vide", bytes(13))
    return _box(b"moov", _box(b"trak", _box(b"mdia", handler, _box(b"minf", tables))))


def _element(number: int, body: bytes) -> bytes:
    """Make one whose size takes eight bytes."""
    return number.to_bytes((number.bit_length() + 7) // 8) + (len(body) | 1 << 56).to_bytes(8) + body
