"""MPEG program streams, as on DVDs: packs of packets, which may end with a code that says so."""

from typing import Final

from panjaya_watchd.core.content import Wholeness
from panjaya_watchd.media.containers.look import Look, Walk

PACK: Final = bytes.fromhex("000001ba")
END: Final = bytes.fromhex("000001b9")
NO_END: Final = "is a program stream that does not say where it ends"


def recognise(head: bytes) -> str | None:
    """Know the kind by its first pack."""
    return "mpg" if head[:4] == PACK else None


def walk(look: Look) -> Walk:
    """Look for the code at the end; a padding packet or zeros behind it are no part of the stream."""
    payload = ((0, look.size),)
    if look.at(look.size - 4, 4) == END:
        return Walk(verdict=Wholeness.WHOLE, payload=payload)
    return Walk(verdict=Wholeness.UNPROVEN, says=NO_END, payload=payload)
