"""
MP4, MOV, 3GP: boxes in boxes. A whole one has its index, whose last piece of media lies within the file.

Media are in the order of the index, or in fragments; these prove their end by an index of their own (``mfra`` behind
them, ``sidx`` before them), else nobody can tell which one is the last.
"""

from array import array
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import accumulate
from typing import Final

from panjaya_watchd.core.content import Wholeness
from panjaya_watchd.media.containers.codecs import density, has_head
from panjaya_watchd.media.containers.look import Look, LostError, Span, SpentError, Walk, beyond, early, unfinished
from panjaya_watchd.media.containers.pieces import Pieces
from panjaya_watchd.media.containers.tables import Track, children, chunks, tracks

TOPS: Final = frozenset(
    b"ftyp styp moov mdat moof mfra sidx ssix free skip wide uuid pnot udta meta emsg prft pdin PICT".split()
)
"""Boxes that may stand at the top. A maker's own may too; such a one that is too long is no box but something else."""

ENTRIES: Final = 1 << 21
"""Pieces and pictures that an index may have to be read whole, for each takes memory; some hours of a film."""

NO_INDEX: Final = "has no index yet, as while it is still being written"
NO_LAST: Final = "is made of fragments, and does not say which one is the last"


def recognise(head: bytes) -> str | None:
    """Know the kind by the first box."""
    if head[4:8] not in TOPS:
        return None
    return "mp4" if head[4:8] in {b"ftyp", b"styp", b"moof"} and head[8:12] != b"qt  " else "mov"


@dataclass(slots=True)
class _Tops:
    """What stands at the top of a file, as far as it could be followed: to ``end``."""

    end: int = 0
    last: bytes = b""
    moov: Span | None = None
    mdats: list[Span] = field(default_factory=list)
    moofs: int = 0
    has_mfra: bool = False
    sidx: Span | None = None


def walk(look: Look) -> Walk:
    """Follow the top boxes, then the index. Raises `LostError` where something else stands and media are missing."""
    tops = _tops(look)
    if tops.moov is None:
        return early(tops.end - look.size) if tops.end > look.size and tops.last != b"mdat" else unfinished(NO_INDEX)
    if tops.last == b"moov" and tops.end > look.size:
        return early(tops.end - look.size)
    found = list(tracks(look, tops.moov))
    in_fragments = tops.moofs or any(kind == b"mvex" for kind, _, _ in children(look, *tops.moov))
    walked = _fragments(look, tops) if in_fragments else _in_order(look, tops, found)
    # What is missing in the index is missing in the video.
    index = [span for track in found for span in track.tables]
    kind = density((track.codec, track.is_media) for track in found)

    return replace(
        walked,
        payload=sorted([*walked.payload, *index]),
        density=kind,
        # Between the pieces, cameras fill up to the next sector. A fragment has no such table, and no such padding.
        pieces=None if in_fragments else partial(_pieces, look, found, index),
    )


def _pieces(look: Look, found: list[Track], index: list[Span]) -> Pieces:
    """Give all chunks, with the places where a picture begins. Raises `SpentError` where there are too many."""
    spans, heads = list(index), array("Q")
    for track in found:
        begins = track.is_picture and has_head(track.codec)
        for place, lengths in chunks(look, track):
            if len(spans) + len(heads) > ENTRIES:
                raise SpentError
            if place >= look.size:  # a place that cannot be, whatever the last one says
                continue
            spans.append((place, min(place + sum(lengths), look.size)))
            if begins:
                heads.extend(head for head in accumulate(lengths[:-1], initial=place) if head < look.size)
    return Pieces(spans, heads)


def _tops(look: Look) -> _Tops:
    tops = _Tops()
    while tops.end < look.size:
        look.step()
        head = look.at(tops.end, 16)
        kind, length, start = head[4:8], int.from_bytes(head[:4]), tops.end + 8
        if length == 1:
            length, start = int.from_bytes(head[8:16]), tops.end + 16
        elif length == 0 and kind in TOPS:
            length = look.size - tops.end
        end = tops.end + length
        if end < start or not _is_kind(kind) or (end > look.size and kind not in TOPS):
            break
        _note(tops, kind, (start, end))
        tops.end, tops.last = end, kind
    return tops


def _is_kind(kind: bytes) -> bool:
    return kind in TOPS or (len(kind) == 4 and all(0x20 < letter < 0x7F or letter == 0xA9 for letter in kind))


def _note(tops: _Tops, kind: bytes, body: Span) -> None:
    if kind == b"mdat":
        tops.mdats.append(body)
    elif kind == b"moof":
        tops.moofs += 1
    elif kind == b"moov" and tops.moov is None:
        tops.moov = body
    elif kind == b"mfra":
        tops.has_mfra = True
    elif kind == b"sidx" and tops.sidx is None and not tops.moofs:
        tops.sidx = body


def _in_order(look: Look, tops: _Tops, found: list[Track]) -> Walk:
    placed = [track for track in found if track.first is not None and track.end is not None]
    first = min((track.first or 0 for track in placed), default=0)
    end = max((track.end or 0 for track in placed), default=0)
    if max(tops.end, end) > look.size:
        return early(max(tops.end, end) - look.size)
    if end > tops.end:
        raise LostError(tops.end)
    if not placed:
        return beyond(look, tops.end, Walk(verdict=Wholeness.UNPROVEN, says="has an index without any media"))
    # Cameras make the box longer than the media, and fill it up; at its begin too.
    payload = [(max(start, first), min(stop, end)) for start, stop in tops.mdats if start < end and stop > first]
    return beyond(look, tops.end, Walk(verdict=Wholeness.WHOLE, payload=payload))


def _fragments(look: Look, tops: _Tops) -> Walk:
    if tops.end > look.size:
        return early(tops.end - look.size)
    promised = _promised(look, tops.sidx)
    if promised > look.size:
        return early(promised - look.size)
    if look.size - 8 < tops.end < look.size and not tops.has_mfra:
        return early(tops.end + 8 - look.size)
    if tops.end < look.size and not tops.has_mfra:
        raise LostError(tops.end)
    if tops.last == b"moof":
        return unfinished("ends before the media of its last fragment")
    if not tops.mdats:
        return unfinished("has no media yet, as while it is still being written")
    # A stream in segments has an index in each, so the first says nothing of the end: it is of its own segment only.
    proven = tops.has_mfra or (tops.moofs > 1 and tops.mdats[-1][1] <= promised)
    walked = Walk(verdict=Wholeness.WHOLE, payload=tops.mdats)
    if not proven:
        walked = Walk(verdict=Wholeness.UNPROVEN, says=NO_LAST, payload=tops.mdats)
    return beyond(look, tops.end, walked)


def _promised(look: Look, sidx: Span | None) -> int:
    """Give where the last fragment ends by an index before the first; 0 where there is none."""
    if sidx is None:
        return 0
    start, end = sidx
    wide = 8 if look.number(start, 1) else 4
    place = start + 12 + 2 * wide
    total = look.number(place - wide, wide)
    count = look.number(place + 2, 2)
    entries = look.at(place + 4, min(12 * count, max(0, end - place - 4)))
    sizes = [int.from_bytes(entries[at : at + 4]) & 0x7FFF_FFFF for at in range(0, len(entries), 12)]
    return end + total + sum(sizes)
