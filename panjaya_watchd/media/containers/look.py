"""
A look into a file that may mean harm: every read and every step is counted, and nothing but the storage can fail.

What cannot be read is empty, and numbers out of nothing are zero; so a walker needs no guard against a file's end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal, Protocol

from panjaya_watchd.core.content import Reads, Wholeness

READS: Final = 100_000
"""What one walk may read: a fragmented MP4 of 24 hours has 40,000 places, a whole one of 50 GB a dozen."""

STEPS: Final = 400_000
"""Boxes, elements and the like; a step costs a few microseconds."""

BYTES: Final = 1 << 29
"""Nearly all reads are of one `BLOCK`."""

BLOCK: Final = 4096

RUN_IN: Final = 1 << 16
"""Bytes by which a kind is known: MXF may have that many of somebody's before its first."""

Span = tuple[int, int]
"""The first byte, and the one after the last."""


class Density(StrEnum):
    """How long a run of zeros can be in what the encoders of a file have made; see `blank.LIMITS`."""

    DENSE = "dense"
    MIXED = "mixed"
    LOOSE = "loose"


class Known(Protocol):
    """What a container's own index tells of its pieces of media, see `pieces`."""

    def covered(self, start: int, end: int) -> int:
        """Give how many bytes between two places are media."""

    def begins(self, start: int, end: int) -> bool:
        """Say whether something begins between two places that cannot begin with zeros."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """
    What a walk along a container has found: a verdict from its structure, and where its payload lies, in order.

    ``pieces`` reads the container's whole index, where it has one, and may raise `SpentError`.
    """

    verdict: Wholeness
    says: str = ""
    payload: Sequence[Span] = ()
    density: Density = Density.LOOSE
    pieces: Callable[[], Known] | None = None


class SpentError(Exception):
    """A file has used up what one walk may cost."""


class LostError(Exception):
    """What stands at a place is not what has to stand there."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


class Look:
    """A file with a purse. Raises `SpentError` when it is empty, and `OSError` where the storage fails."""

    def __init__(self, file: Reads, *, reads: int = READS, steps: int = STEPS, size: int = BYTES) -> None:
        self.file = file
        self.size = file.size
        self._reads, self._steps, self._bytes = reads, steps, size
        self._block, self._start = b"", 0

    def step(self) -> None:
        """Count one step of a walk."""
        self._steps -= 1
        if self._steps < 0:
            raise SpentError

    def at(self, place: int, count: int) -> bytes:
        """Give up to ``count`` bytes from a place on; fewer where the file ends, none beyond it."""
        count = min(count, self.size - place)
        if place < 0 or count <= 0:
            return b""
        if self._start <= place and place + count <= self._start + len(self._block):
            return self._block[place - self._start : place - self._start + count]
        if count > BLOCK // 2:
            return self._read(place, count)
        self._block, self._start = self._read(place, min(BLOCK, self.size - place)), place
        return self._block[:count]

    def number(self, place: int, count: int, order: Literal["big", "little"] = "big") -> int:
        """Give a number without sign of ``count`` bytes."""
        return int.from_bytes(self.at(place, count), order)

    def is_blank(self, start: int, end: int) -> bool:
        """Say whether there is nothing but zeros; holes are zeros."""
        return all(not any(self.at(place, min(1 << 18, end - place))) for place in range(start, end, 1 << 18))

    def _read(self, place: int, count: int) -> bytes:
        self._reads -= 1
        self._bytes -= count
        if self._reads < 0 or self._bytes < 0:
            raise SpentError
        return self.file.read_at(place, count)


def early(count: int) -> Walk:
    """Say that a file promises more bytes than it has."""
    return Walk(verdict=Wholeness.UNFINISHED, says=f"ends {count} bytes early")


def unfinished(says: str) -> Walk:
    """Say what is missing."""
    return Walk(verdict=Wholeness.UNFINISHED, says=says)


PADDING: Final = 1 << 16
"""Bytes of zeros that may follow a video: cameras fill the last cluster of their card."""


def beyond(look: Look, place: int, found: Walk) -> Walk:
    """
    Judge what follows a container that is whole up to a place.

    A little padding is nothing. Other bytes are either a maker's own, or those of a longer file that this one is
    being written over; that cannot be told.
    """
    rest = look.size - place
    if rest <= 0 or (rest <= PADDING and look.is_blank(place, look.size)):
        return found
    says = f"goes on for {rest} bytes after its end"
    return replace(found, verdict=Wholeness.UNPROVEN, says=says)
