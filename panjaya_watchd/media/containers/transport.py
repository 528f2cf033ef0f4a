"""
MPEG transport streams: packets of one size, each with its sync byte. 188 bytes; 192 in M2TS; 204 with error correction.

They are made to be cut anywhere between two packets, and never say where they end. So the best verdict here is
``unproven``, and a copy that stopped exactly between two packets is told from a whole one by nobody: one in 188 of
those that stop anywhere, one in 47 of those that stop at a block of the file system.
"""

from typing import Final

from panjaya_watchd.core.content import Wholeness
from panjaya_watchd.media.containers.look import BLOCK, Density, Look, LostError, Walk, unfinished

SIZES: Final = ((188, 0), (192, 4), (204, 0))
"""Bytes of a packet, and those before its sync byte."""

SYNC: Final = 0x47
PACKETS: Final = 8
"""Sync bytes in a row that are no accident. A shorter file is not known as a transport stream."""

SPOTS: Final = 64
"""Places in the middle where the sync byte is looked for."""

NO_END: Final = "is a transport stream, which does not say where it ends"


def recognise(head: bytes) -> str | None:
    """Know the kind by its sync bytes, after a packet in part where a recorder began in the middle of one."""
    return None if _shape(head) is None else "ts"


def _shape(head: bytes) -> tuple[int, int] | None:
    """Give the size of a packet, and where the first whole one begins."""
    for size, before in SIZES:
        for start in range(size):
            syncs = head[start + before : start + before + size * PACKETS : size]
            if syncs == bytes((SYNC,)) * PACKETS:
                return size, start
    return None


def walk(look: Look) -> Walk:
    """Look for the sync byte at the end and in between. Raises `LostError` where it is missing."""
    size, start = _shape(look.at(0, BLOCK)) or (188, 0)
    before = dict(SIZES)[size]
    count, rest = divmod(look.size - start, size)
    spots = {count * spot // SPOTS for spot in range(SPOTS)} | {max(0, count - 1)}
    for number in sorted(spots):
        place = start + number * size
        if look.at(place + before, 1) != bytes((SYNC,)):
            raise LostError(place)
    if rest:
        return unfinished(f"ends {size - rest} bytes before the end of a packet")
    return Walk(verdict=Wholeness.UNPROVEN, says=NO_END, payload=((start, look.size),), density=Density.DENSE)
