"""
The index of an MP4: its tracks, where their media begin and end, and which bytes belong to a piece of them.

A track lists its chunks (``stco``, ``co64``), how many samples are in each (``stsc``), how long those are (``stsz``).
For the end only the last entries are read; the whole tables only where a blank stretch has to be told from padding.
"""

import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final

from panjaya_watchd.media.containers.look import Look, LostError, Span, SpentError

TABLE: Final = 1 << 25
"""Bytes of one table: four million chunks, or eight million samples, two days of sound."""

LAST: Final = 1 << 20
"""Samples in the last chunk, where all sound is in one."""

_WITH_CHILDREN: Final = frozenset((b"mdia", b"minf", b"stbl"))
_MEDIA: Final = frozenset((b"vide", b"soun"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """
    One track: four letters for its codec, whether it is picture or sound, and its tables, each by its body.

    ``first`` is where its media begin, ``end`` where at least they end; both None where it has none in this file.
    """

    codec: str
    is_media: bool
    is_picture: bool = False
    chunks: Span = (0, 0)
    width: int = 4
    sizes: Span = (0, 0)
    fixed: int = 0
    count: int = 0
    runs: Span = (0, 0)
    first: int | None = None
    end: int | None = None

    @property
    def tables(self) -> list[Span]:
        """Where the tables lie that have no long run of zeros."""
        return [span for span in (self.chunks, self.sizes if self.is_media else (0, 0)) if span[1] > span[0]]


def children(look: Look, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """
    Give the boxes in a box: kind, begin and end of the body. Up to seven bytes may be left over (QuickTime's ``udta``).

    Raises:
        LostError: at the first that is none, or reaches beyond its parent.

    """
    while end - start >= 8:
        look.step()
        head = look.at(start, 16)
        kind, length, body = head[4:8], int.from_bytes(head[:4]), start + 8
        if length == 1:
            length, body = int.from_bytes(head[8:16]), start + 16
        if start + length < body or start + length > end:
            raise LostError(start)
        yield kind, body, start + length
        start += length


def tracks(look: Look, moov: Span) -> Iterator[Track]:
    """Give the tracks of an index."""
    for kind, start, end in children(look, *moov):
        if kind == b"trak":
            yield _track(look, dict(_parts(look, start, end)))


def _parts(look: Look, start: int, end: int) -> Iterator[tuple[bytes, Span]]:
    for kind, body, stop in children(look, start, end):
        if kind in _WITH_CHILDREN:
            yield from _parts(look, body, stop)
        # QuickTime has a second hdlr, in minf, that speaks of data references.
        elif kind != b"hdlr" or look.at(body + 4, 4) != b"dhlr":
            yield kind, (body, stop)


def _track(look: Look, parts: dict[bytes, Span]) -> Track:
    nothing = (0, 0)
    codec = look.at(parts.get(b"stsd", nothing)[0] + 12, 4) if b"stsd" in parts else b""
    handler = look.at(parts[b"hdlr"][0] + 8, 4) if b"hdlr" in parts else b""
    width = 8 if b"co64" in parts else 4
    chunks = _entries(look, parts.get(b"co64", parts.get(b"stco", nothing)), 4, width)
    runs = _entries(look, parts.get(b"stsc", nothing), 4, 12)
    fixed = count = 0
    sizes = nothing
    if b"stsz" in parts:
        start = parts[b"stsz"][0]
        fixed, count = look.number(start + 4, 4), look.number(start + 8, 4)
        sizes = nothing if fixed else _entries(look, parts[b"stsz"], 8, 4)
    track = Track(
        codec=codec.decode("latin-1"),
        is_media=handler in _MEDIA,
        is_picture=handler == b"vide",
        chunks=chunks,
        width=width,
        sizes=sizes,
        fixed=fixed,
        count=count,
        runs=runs,
    )
    return track if chunks[0] == chunks[1] or _is_elsewhere(look, parts) else _placed(look, track)


def _entries(look: Look, body: Span, skipped: int, width: int) -> Span:
    """Give where a table's entries lie; ``skipped`` is where, in its body, their number stands."""
    start = body[0] + skipped + 4
    if body[1] < start:
        return (0, 0)
    return start, start + min(look.number(start - 4, 4), (body[1] - start) // width) * width


def _is_elsewhere(look: Look, parts: dict[bytes, Span]) -> bool:
    """Say whether the media are in another file: a reference movie."""
    start, end = parts.get(b"dref", (0, 0))
    return end - start >= 20 and not look.number(start + 19, 1) & 1


def _placed(look: Look, track: Track) -> Track:
    """
    Find the first and the last byte of a track.

    Samples of one fixed size are sound whose "size" some writers state in other units, so only a byte is believed.
    """
    first = look.number(track.chunks[0], track.width)
    last = look.number(track.chunks[1] - track.width, track.width)
    held = look.number(track.runs[1] - 8, 4) if track.runs[1] > track.runs[0] else 0
    listed = (track.sizes[1] - track.sizes[0]) // 4
    length = 1
    if 0 < held <= min(listed, LAST):
        length = sum(_numbers(look.at(track.sizes[1] - 4 * held, 4 * held), 4))
    return replace(track, first=first, end=last + length)


def _numbers(raw: bytes, width: int) -> Sequence[int]:
    numbers = array("I" if width == 4 else "Q")
    numbers.frombytes(raw[: len(raw) // width * width])
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _table(look: Look, span: Span, width: int) -> Sequence[int]:
    if span[1] - span[0] > TABLE:
        raise SpentError
    return _numbers(look.at(span[0], span[1] - span[0]), width)


def chunks(look: Look, track: Track) -> Iterator[Span]:
    """Give where each chunk of a track lies. Reads all its tables; raises `SpentError` where they are too long."""
    offsets = _table(look, track.chunks, track.width)
    counts = _chunk_counts(_table(look, track.runs, 4), len(offsets))
    if track.fixed:
        yield from ((place, place + count * track.fixed) for place, count in zip(offsets, counts, strict=False))
        return
    sums = array("Q", accumulate(_table(look, track.sizes, 4), initial=0))
    ends = [min(count, len(sums) - 1) for count in accumulate(counts)]
    for place, begin, end in zip(offsets, [0, *ends], ends, strict=False):
        yield place, place + sums[end] - sums[begin]


def _chunk_counts(runs: Sequence[int], chunks: int) -> list[int]:
    """Give the number of samples of each chunk, from triples of first chunk, samples, and what is of no interest."""
    firsts = [min(max(first - 1, 0), chunks) for first in runs[0::3]]
    counts: list[int] = []
    for first, stop, held in zip(firsts, [*firsts[1:], chunks], runs[1::3], strict=False):
        counts += [held] * max(0, min(stop, chunks) - max(first, len(counts)))
    return counts
