"""
Stretches of a video that nobody has written: holes of the file system, and zeros, which are the same to a reader.

Only payload is judged. An MP4 may end in a ``free`` box of zeros, and a Matroska file keeps room in a ``Void``.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from typing import Final

from panjaya_watchd.core.content import Ending, Wholeness
from panjaya_watchd.media.containers.look import Density, Look, Span, SpentError, Walk

LIMITS: Final = {
    Density.DENSE: (1 << 12, 1 << 12),
    Density.MIXED: (1 << 16, 1 << 16),
    Density.LOOSE: (1 << 20, 1 << 24),
}
"""
Bytes of zeros in a row that are suspicious, and those that no encoder makes.

- Dense: encoders of today leave a hundred at most, and 4 KiB is what a file system loses at a time.
- Mixed: there is a track of data as well, in pieces of some KiB.
- Loose: silence in PCM is zeros (192 KB each second in stereo, in pieces of a second at most where it is interleaved),
  a black picture in DNxHD nearly so (0.9 MB in HD, 14 MB in UHD 4:4:4), and stuffing in MPEG-2 less than either. File
  systems that compress, and copies that spare zeros, make holes of these too.
"""

UNKNOWN: Final = (1 << 12, 1 << 16)
"""The same for a file of no known kind: holes, and zeros at its end."""

SPOTS: Final = 64
"""
Places looked at in the payload, evenly spread: zeros in a row that are a 64th of it are found without fail.

A zero found there is no verdict: the whole run is measured, and judged as any other.
"""

SPOT: Final = 1 << 12
TAILS: Final = 8
MOST: Final = 1 << 24
"""Bytes of a spot; pieces of payload whose ends are looked at; bytes on either side of a spot that are measured."""

HOLES: Final = 10_000
"""Holes that are looked at; the file system has to find each."""

MEASURED: Final = 1 << 26
"""Bytes that all measuring may read."""

_PIECE: Final = 1 << 16


def judge(look: Look, found: Walk) -> Ending | None:
    """
    Judge the holes and zeros in the payload; None where there is nothing to say.

    Raises:
        SpentError: there is no end of holes.

    """
    suspicious, certain = LIMITS[found.density]
    worst: Ending | None = None
    known, pieces = None, found.pieces
    for start, end in _blanks(look, found.payload):
        length = end - start
        if length >= LIMITS[Density.DENSE][0] and pieces is not None:
            try:
                known = known or pieces()
            except SpentError:  # an index too long to be read tells nothing: then all of it counts as media
                pieces = None
        if length >= LIMITS[Density.DENSE][0] and known is not None:
            length = known.covered(start, end)
            if known.begins(start, end):
                return _unfinished(start, end)
        if length >= certain:
            return _unfinished(start, end)
        if length >= suspicious and worst is None:
            says = f"has {length} bytes without content from byte {start} on, or silence"
            worst = Ending(verdict=Wholeness.UNPROVEN, says=says)
    return worst


def judge_unknown(look: Look) -> Ending | None:
    """Judge a file of which nothing is known; None where there is nothing to say."""
    hole, tail = UNKNOWN
    for start, end in _holes(look):
        if end - start >= hole:
            return _unfinished(start, end)
    if look.size >= hole and look.is_blank(0, hole):
        return Ending(verdict=Wholeness.UNFINISHED, says="begins with nothing but zeros")
    if look.size >= tail and look.is_blank(look.size - tail, look.size):
        return Ending(verdict=Wholeness.UNFINISHED, says="ends with nothing but zeros")
    return None


def _unfinished(start: int, end: int) -> Ending:
    says = f"has {end - start} bytes without content from byte {start} on"
    return Ending(verdict=Wholeness.UNFINISHED, says=says)


def _holes(look: Look) -> Iterator[Span]:
    place = 0
    for _ in range(HOLES):
        start = look.file.hole(place)
        if start >= look.size:
            return
        place = min(look.file.data(start), look.size)
        if place <= start:
            return
        yield start, place
    raise SpentError


def _blanks(look: Look, payload: Sequence[Span]) -> Iterator[Span]:
    """Give the holes within the payload, then the zeros at its end and at the spots."""
    ends = [end for _, end in payload]
    for start, end in _holes(look):
        for first, last in islice(payload, bisect_right(ends, start), None):
            if first >= end:
                break
            yield max(start, first), min(end, last)
    measured = 0
    for place, span in _spots(payload):
        if measured < MEASURED and not any(look.at(place, min(SPOT, span[1] - place))):
            run = _run(look, place, span)
            measured += run[1] - run[0]
            yield run


def _spots(payload: Sequence[Span]) -> Iterator[tuple[int, Span]]:
    """Give the ends of the last pieces, and places that are evenly spread over all, each with its piece."""
    for start, end in payload[-TAILS:]:
        yield max(start, end - SPOT), (start, end)
    sums = list(accumulate((end - start for start, end in payload), initial=0))
    for spot in range(SPOTS):
        place = sums[-1] * spot // SPOTS
        at = bisect_right(sums, place) - 1
        if at < len(payload):
            yield payload[at][0] + place - sums[at], payload[at]


def _run(look: Look, place: int, span: Span) -> Span:
    """Measure the zeros around a place, as far as its piece goes and any limit needs."""
    start = end = place
    while start > span[0] and place - start < MOST:
        before = max(span[0], start - _PIECE)
        kept = len(look.at(before, start - before).rstrip(b"\0"))
        start = before + kept
        if kept:
            break
    while end < span[1] and end - place < MOST:
        piece = look.at(end, min(_PIECE, span[1] - end))
        written = len(piece) - len(piece.lstrip(b"\0"))
        end += written
        if written < len(piece) or not piece:
            break
    return start, end
