"""AVI: chunks in chunks, after the first gigabyte in more RIFFs, each with its size; and the indexes they promise."""

import sys
from array import array
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from panjaya_watchd.core.content import Wholeness
from panjaya_watchd.media.containers.codecs import density
from panjaya_watchd.media.containers.look import Look, LostError, Span, SpentError, Walk, beyond, early, unfinished
from panjaya_watchd.media.containers.pieces import Pieces
from panjaya_watchd.media.containers.tables import TABLE

NO_INDEX: Final = "has no index yet, as while it is still being written"
HAS_INDEX: Final = 0x10


@dataclass(slots=True)
class _Found:
    movis: list[Span] = field(default_factory=list)
    codecs: list[tuple[str, bool]] = field(default_factory=list)
    flags: int = 0
    kind: bytes = b""
    """Of the track whose head comes."""

    idx1: Span | None = None
    promised: int = 0
    """Where the last piece ends that an OpenDML index knows of."""


def recognise(head: bytes) -> str | None:
    """Know the kind by the first chunk."""
    return "avi" if head[:4] == b"RIFF" and head[8:11] == b"AVI" else None


def walk(look: Look) -> Walk:
    """Follow the RIFFs. Raises `LostError` where something else stands than a chunk."""
    found, place = _Found(), 0
    while look.at(place, 4) == b"RIFF" and look.at(place + 8, 3) == b"AVI":
        look.step()
        length = look.number(place + 4, 4, "little")
        end = place + 8 + length
        if length == 0:
            return unfinished(NO_INDEX)
        if end > look.size and not (end - look.size <= 8 and _ends_with_index(look, place + 12)):
            return early(end - look.size) if end < (1 << 32) - 1 else unfinished(NO_INDEX)
        end = min(end, look.size)
        _chunks(look, place + 12, end, found)
        place = min(end + length % 2, look.size)
    if found.promised > look.size:
        return early(found.promised - look.size)
    if not found.movis or (found.flags & HAS_INDEX and not found.idx1 and not found.promised):
        return unfinished(NO_INDEX)
    # The old index knows the first RIFF only.
    base = _base(look, found.idx1, found.movis[0]) if found.idx1 and len(found.movis) == 1 else None
    walked = Walk(
        verdict=Wholeness.WHOLE,
        payload=found.movis,
        density=density(found.codecs),
        pieces=None if base is None else partial(_pieces, look, found.idx1 or (0, 0), base),
    )
    return beyond(look, place, walked)


def _base(look: Look, idx1: Span, movi: Span) -> int | None:
    """Give from where the places of the old index count: from the list's name, or, by some, from the begin of all."""
    name, place = look.at(idx1[0], 4), look.number(idx1[0] + 8, 4, "little")
    return next((base for base in (movi[0] - 4, 0) if name and look.at(base + place, 4) == name), None)


def _pieces(look: Look, idx1: Span, base: int) -> Pieces:
    """Read the old index: a name, flags, the place and the length of each chunk. Raises `SpentError`."""
    if idx1[1] - idx1[0] > TABLE:
        raise SpentError
    numbers = array("I", look.at(idx1[0], (idx1[1] - idx1[0]) // 16 * 16))
    if sys.byteorder == "big":
        numbers.byteswap()
    spans = [
        (base + place, base + place + 8 + length) for place, length in zip(numbers[2::4], numbers[3::4], strict=True)
    ]
    return Pieces(spans, (start for start, _ in spans))


def _ends_with_index(look: Look, place: int) -> bool:
    """Say whether a RIFF whose size is too large has all its chunks: some writers count its head in."""
    found = _Found()
    try:
        _chunks(look, place, look.size, found)
    except LostError:
        return False
    return found.idx1 is not None and found.idx1[1] == look.size


def _chunks(look: Look, place: int, end: int, found: _Found, path: tuple[bytes, ...] = (b"hdrl", b"strl")) -> None:
    while end - place >= 8:
        look.step()
        head = look.at(place, 12)
        name, length, body = head[:4], int.from_bytes(head[4:8], "little"), place + 8
        stop = body + length
        if stop > end or not all(0x20 <= letter < 0x7F for letter in name):
            raise LostError(place)
        if name == b"LIST" and head[8:12] == b"movi":
            found.movis.append((body + 4, stop))
        elif name == b"LIST" and path and head[8:12] == path[0]:
            _chunks(look, body + 4, stop, found, path[1:])
        else:
            _note(look, name, (body, stop), found)
        place = stop + length % 2


def _note(look: Look, name: bytes, body: Span, found: _Found) -> None:
    start, end = body
    if name == b"avih":
        found.flags = look.number(start + 12, 4, "little")
    elif name == b"idx1":
        found.idx1 = body
    elif name == b"strh":
        found.kind = look.at(start, 4)
    elif name == b"strf":
        sound = hex(look.number(start, 2, "little"))
        codec = sound if found.kind == b"auds" else look.at(start + 16, 4).decode("latin-1")
        found.codecs.append((codec, found.kind in {b"auds", b"vids"}))
    elif name == b"indx":
        count = min(look.number(start + 4, 4, "little"), (end - start - 24) // 16, TABLE // 16)
        entries = look.at(start + 24, 16 * max(0, count))
        ends = (
            int.from_bytes(entries[at : at + 8], "little") + int.from_bytes(entries[at + 8 : at + 12], "little")
            for at in range(0, len(entries), 16)
        )
        found.promised = max(found.promised, max(ends, default=0))
