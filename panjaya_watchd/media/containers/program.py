"""MPEG program streams, as on DVDs: packs of packets, which may end with a code that says so."""

from typing import Final

from panjaya_watchd.core.content import Wholeness
from panjaya_watchd.media.containers.look import Density, Look, LostError, Walk, early

PACK: Final = bytes.fromhex("000001ba")
END: Final = bytes.fromhex("000001b9")
TAIL: Final = 1 << 18
"""Bytes at the end that hold a pack at least: a packet has 64 KiB at most, and packs are not far from each other."""

NO_END: Final = "is a program stream that does not say where it ends"


def recognise(head: bytes) -> str | None:
    """Know the kind by its first pack."""
    return "mpg" if head[:4] == PACK else None


def walk(look: Look) -> Walk:
    """Follow the last packets to the end, which may be the code. Raises `LostError` where something else stands."""
    payload, kind = ((0, look.size),), Density.MIXED
    if look.at(look.size - 4, 4) == END:
        return Walk(verdict=Wholeness.WHOLE, payload=payload, density=kind)
    start = max(0, look.size - TAIL)
    place = start + max(0, look.at(start, TAIL).find(PACK))
    while place < look.size:
        place = _after(look, place)
    if place > look.size:
        return early(place - look.size)
    return Walk(verdict=Wholeness.UNPROVEN, says=NO_END, payload=payload, density=kind)


def _after(look: Look, place: int) -> int:
    """Give where a pack's head or a packet ends."""
    look.step()
    head = look.at(place, 14)
    if head[:3] != PACK[:3] or (len(head) > 3 and head[3] < PACK[3]):
        raise LostError(place)
    if head[:4] != PACK:
        return place + 6 + int.from_bytes(head[4:6])
    is_second = len(head) > 13 and head[4] >> 6 == 1
    return place + (14 + (head[13] & 7) if is_second else 12)
