"""FLV: tags, each followed by its length, so the last can be found from the end; and a length of all in the first."""

import math
import struct
from typing import Final

from panjaya_watchd.core.content import Wholeness
from panjaya_watchd.media.containers.look import Density, Look, LostError, Walk, early, unfinished

FILE_SIZE: Final = b"\0\x08filesize\0"
TAGS: Final = frozenset((8, 9, 18))
NO_END: Final = "is a live recording, which does not say where it ends"


def recognise(head: bytes) -> str | None:
    """Know the kind by its signature."""
    return "flv" if head[:4] == b"FLV\x01" else None


def walk(look: Look) -> Walk:
    """Judge the last tag, then the length that the first states. Raises `LostError` where no tag is."""
    start = look.number(5, 4) + 4
    promised = _promised(look, start)
    if promised > look.size:
        return early(promised - look.size)
    if look.size <= start:
        return unfinished("has no media yet, as while it is still being written")
    length = look.number(look.size - 4, 4)
    place = look.size - 4 - length
    if length < 11 or place < start or look.number(place + 1, 3) + 11 != length or look.number(place, 1) not in TAGS:
        if look.is_blank(max(start, look.size - 16), look.size):
            raise LostError(max(start, look.size - 16))
        return unfinished("ends in the middle of a picture or sound")
    payload, kind = ((start, look.size),), Density.MIXED
    if promised == look.size:
        return Walk(verdict=Wholeness.WHOLE, payload=payload, density=kind)
    return Walk(verdict=Wholeness.UNPROVEN, says=NO_END, payload=payload, density=kind)


def _promised(look: Look, start: int) -> int:
    """Give the length that the writer has noted at the end of its work; 0 where it has not."""
    notes = look.at(start, min(2048, 15 + look.number(start + 1, 3)))
    at = notes.find(FILE_SIZE)
    raw = notes[at + len(FILE_SIZE) : at + len(FILE_SIZE) + 8]
    size: float = struct.unpack(">d", raw)[0] if at >= 0 and len(raw) == 8 else 0.0
    return int(size) if math.isfinite(size) and size > 0 else 0
