"""
ASF, of which WMV is one: its head states the length of the file, written when all was done.

No packet is longer than 64 KiB, so no run of zeros is, whatever the codecs.
"""

from typing import Final

from panjaya_watchd.core.content import Wholeness
from panjaya_watchd.media.containers.look import Density, Look, Walk, beyond, early, unfinished

HEAD: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
FILE: Final = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
DATA: Final = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
INDEX: Final = bytes.fromhex("90080033b1e5cf1189f400a0c90349cb")
"""It stands behind the data; some writers do not count it in."""

BROADCAST: Final = 1
NO_END: Final = "is a live recording, which does not say where it ends"


def recognise(head: bytes) -> str | None:
    """Know the kind by its first object."""
    return "asf" if head[:16] == HEAD else None


def walk(look: Look) -> Walk:
    """Compare the length that is stated with the one that is."""
    head_end = look.number(16, 8, "little")
    promised, live = _promised(look, min(head_end, look.size))
    if max(promised, head_end) > look.size:
        return early(max(promised, head_end) - look.size)
    data_end = head_end + look.number(head_end + 16, 8, "little")
    if look.at(head_end, 16) != DATA:
        return unfinished("has no media yet, as while it is still being written")
    if data_end > look.size:
        return early(data_end - look.size)
    payload = ((head_end, data_end if data_end > head_end else look.size),)
    end = promised
    while end < look.size and look.at(end, 16) == INDEX:
        look.step()
        end += max(24, look.number(end + 16, 8, "little"))
    if end > look.size:
        return early(end - look.size)
    if live or not promised:
        return Walk(verdict=Wholeness.UNPROVEN, says=NO_END, payload=payload, density=Density.MIXED)
    return beyond(look, end, Walk(verdict=Wholeness.WHOLE, payload=payload, density=Density.MIXED))


def _promised(look: Look, end: int) -> tuple[int, bool]:
    """Give the length of the file, and whether it is one that was sent without knowing it."""
    place = 30
    while end - place >= 24:
        look.step()
        length = look.number(place + 16, 8, "little")
        if look.at(place, 16) == FILE:
            return look.number(place + 40, 8, "little"), bool(look.number(place + 88, 4, "little") & BROADCAST)
        if length < 24:
            break
        place += length
    return 0, False
