"""
Matroska and WebM: a segment of known size, which ends with the file; or a live recording, which does not say where.

A live one is followed from element to element, so a cut inside of one shows; a cut between two does not.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from panjaya_watchd.core.content import Wholeness
from panjaya_watchd.media.containers.codecs import density
from panjaya_watchd.media.containers.look import Look, LostError, Span, Walk, beyond, early, unfinished

HEAD, SEGMENT, CLUSTER, TRACKS, CUES = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0x1654AE6B, 0x1C53BB6B
VOID, CRC = 0xEC, 0xBF
TRACK, TRACK_KIND, CODEC = 0xAE, 0x83, 0x86

TOPS: Final = frozenset((0x114D9B74, 0x1549A966, TRACKS, CLUSTER, CUES, 0x1941A469, 0x1043A770, 0x1254C367, VOID, CRC))
"""What stands in a segment."""

IN_CLUSTER: Final = frozenset((0xE7, 0x5854, 0xA7, 0xAB, 0xA3, 0xA0, 0xAF, VOID, CRC))

ON_FOOT: Final = 5000
"""Elements of a live recording without sizes that are followed before the walk goes on close to its end."""

TAIL: Final = 1 << 23
"""How close, in bytes: a cluster is seldom longer, as players keep one in memory."""

LIVE: Final = "is a live recording, which does not say where it ends"


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element; ``end`` is None where its size is not known."""

    id: int
    place: int
    body: int
    end: int | None


@dataclass(slots=True)
class _Found:
    clusters: list[Span] = field(default_factory=list)
    codecs: list[tuple[str, bool]] = field(default_factory=list)
    end: int = 0
    is_live: bool = False


def recognise(head: bytes) -> str | None:
    """Know the kind by the first element."""
    if int.from_bytes(head[:4]) != HEAD:
        return None
    return "webm" if b"webm" in head[:64] else "mkv"


def walk(look: Look) -> Walk:
    """Follow the segments. Raises `LostError` where something else stands than what may."""
    found = _Found()
    while found.end < look.size:
        try:
            element = _element(look, found.end)
        except LostError:
            break
        if element.id == SEGMENT:
            _segment(look, element, found)
        elif element.id in {HEAD, VOID, CRC} and element.end is not None:
            found.end = element.end
        else:
            break
    if found.end > look.size:
        return replace(early(found.end - look.size))
    if not found.clusters:
        return unfinished("has no media yet, as while it is still being written")
    walked = Walk(verdict=Wholeness.WHOLE)
    if found.is_live:
        walked = Walk(verdict=Wholeness.UNPROVEN, says=LIVE)
    walked = replace(walked, payload=found.clusters, density=density(found.codecs))
    return beyond(look, found.end, walked)


def _element(look: Look, place: int) -> Element:
    look.step()
    head = look.at(place, 12)
    wide = 9 - head[0].bit_length() if head else 9
    if wide > 4:
        raise LostError(place)
    long = 9 - head[wide].bit_length() if len(head) > wide else 9
    if long > 8:
        raise LostError(place)
    raw, mask = int.from_bytes(head[wide : wide + long]), (1 << 7 * long) - 1
    body = place + wide + long
    end = None if raw & mask == mask else body + (raw & mask)
    return Element(id=int.from_bytes(head[:wide]), place=place, body=body, end=end)


def _segment(look: Look, segment: Element, found: _Found) -> None:
    """Walk along one segment, and leave in ``found.end`` where it ends or the file has too little."""
    # Some writers leave a size of 0 to be filled in at the end.
    stop = segment.end if segment.end != segment.body else None
    if stop is not None and stop > look.size:
        found.end = stop
        return
    place, end = segment.body, look.size if stop is None else stop
    found.is_live |= stop is None
    while place < end:
        element = _element(look, place)
        if element.id not in TOPS:
            if stop is None and element.id in {HEAD, SEGMENT}:
                break
            raise LostError(place)
        if element.id == TRACKS and element.end is not None:
            found.codecs += _codecs(look, element.body, min(element.end, end))
        if element.id == CLUSTER:
            after = _open_cluster(look, element.body, end) if element.end is None else element.end
            found.clusters.append((element.body, min(after, look.size)))
        elif element.end is None:
            raise LostError(place)
        else:
            after = element.end
        if after > end and stop is not None:
            raise LostError(place)
        place = after
    found.end = place


def _open_cluster(look: Look, place: int, end: int) -> int:
    """Walk to the end of a cluster that does not know its size; far from the end of the file, to a later one's."""
    for _ in range(ON_FOOT):
        if place >= end:
            return place
        element = _element(look, place)
        if element.id not in IN_CLUSTER or element.end is None:
            if element.id in TOPS or element.id in {HEAD, SEGMENT}:
                return place
            raise LostError(place)
        place = element.end
    return max(place, _last_cluster(look, end)) if end - place > TAIL else _open_cluster(look, place, end)


def _last_cluster(look: Look, end: int) -> int:
    """Find the last place that looks like the beginning of a cluster; raises `LostError` where there is none."""
    tail = look.at(end - TAIL, TAIL)
    at = tail.rfind(CLUSTER.to_bytes(4))
    if at < 0:
        raise LostError(end)
    return end - TAIL + at


def _codecs(look: Look, start: int, end: int) -> Iterator[tuple[str, bool]]:
    for track in _children(look, start, end):
        if track.id == TRACK and track.end is not None:
            parts = {part.id: part for part in _children(look, track.body, min(track.end, end))}
            codec, kind = parts.get(CODEC), parts.get(TRACK_KIND)
            name = look.at(codec.body, min(64, (codec.end or 0) - codec.body)) if codec else b""
            is_media = kind is None or look.number(kind.body, 1) in {1, 2, 3}
            yield name.rstrip(b"\0").decode("latin-1").partition("/LC")[0], is_media


def _children(look: Look, start: int, end: int) -> Iterator[Element]:
    while start < end:
        element = _element(look, start)
        if element.end is None or element.end > end:
            raise LostError(start)
        yield element
        start = element.end
