"""
MXF: keys with lengths. A whole one ends with a footer partition, and mostly with a list of all partitions behind it.

Nearly all of it is pictures one after another, so the walk begins at the footer; only a short file is followed from its
first byte on.
"""

from typing import Final

from panjaya_watchd.core.content import Wholeness
from panjaya_watchd.media.containers.look import RUN_IN, Look, LostError, Walk, early, unfinished

LABEL: Final = bytes.fromhex("060e2b34")
PARTITION: Final = bytes.fromhex("060e2b34020501010d01020101")
INDEX_OF_PARTITIONS: Final = bytes.fromhex("060e2b34020501010d01020101110100")
HEADER, BODY, FOOTER = 2, 3, 4


ON_FOOT: Final = 4000
"""Keys that are followed from the beginning of a file: minutes of a video, or all of it where it is in one piece."""

NO_FOOTER: Final = "has no footer yet, as while it is still being written"


def recognise(head: bytes) -> str | None:
    """Know the kind by the first key, at the beginning or behind some bytes of somebody's."""
    return "mxf" if PARTITION in head else None


def walk(look: Look) -> Walk:
    """Find the footer, follow it to the end, then the rest. Raises `LostError` where something else than a key is."""
    start = max(0, look.at(0, RUN_IN).find(PARTITION))
    footer = _footer(look, start)
    reached = _keys(look, start, footer or look.size)
    if reached > look.size:
        return early(reached - look.size)
    if footer is None:
        return unfinished(NO_FOOTER)
    if footer >= look.size:
        return early(footer - look.size)
    if _partition(look, footer) != FOOTER:
        raise LostError(footer)
    end = _keys(look, footer, look.size)
    if end > look.size:
        return early(end - look.size)
    return Walk(verdict=Wholeness.WHOLE, payload=((start, footer),))


def _partition(look: Look, place: int) -> int:
    """Give which kind of partition begins at a place; 0 for none."""
    key = look.at(place, 16)
    return key[13] if key[:13] == PARTITION and len(key) == 16 else 0


def _footer(look: Look, start: int) -> int | None:
    """Find the footer by the list at the end, by the header, or by walking."""
    length = look.number(look.size - 4, 4)
    listed = look.size - length
    if length > 40 and look.at(listed, 16) == INDEX_OF_PARTITIONS:
        return start + look.number(look.size - 12, 8)
    _, body, _ = _key(look, start)
    promised = look.number(body + 24, 8)
    if promised:
        return start + promised
    return _search(look, start)


def _search(look: Look, place: int) -> int | None:
    while place < look.size:
        if _partition(look, place) == FOOTER:
            return place
        place = _key(look, place)[2]
    return None


def _keys(look: Look, place: int, end: int) -> int:
    """Follow up to `ON_FOOT` keys, and give where that led; ``end`` where there are more."""
    for _ in range(ON_FOOT):
        if place >= min(end, look.size):
            return place
        place = _key(look, place)[2]
    return end


def _key(look: Look, place: int) -> tuple[bytes, int, int]:
    """Give a key with the begin and the end of what belongs to it."""
    look.step()
    head = look.at(place, 25)
    if head[:4] != LABEL:
        raise LostError(place)
    length, body = head[16] if len(head) > 16 else 0, place + 17
    if length & 0x80:
        wide = length & 0x7F
        length, body = int.from_bytes(head[17 : 17 + wide]), body + wide
    return head[:16], body, body + length
