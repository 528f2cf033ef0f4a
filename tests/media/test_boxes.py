"""MP4 and its kin, by bytes made by hand."""

from typing import Final

import pytest
from stored import FTYP, Stored, box, full, mp4, noise, trak

from panjaya_watchd.core.content import Ending, Wholeness
from panjaya_watchd.media.ending import ending

WHOLE: Final = Ending(verdict=Wholeness.WHOLE, container="mp4")
NO_INDEX: Final = "has no index yet, as while it is still being written"
MEDIA: Final = noise(100_000)
CHUNKS: Final = [(0, 60_000), (60_000, 40_000)]
FILM: Final = mp4(MEDIA, CHUNKS)


def said(content: bytes, *holes: tuple[int, int]) -> Ending:
    """Judge bytes."""
    return ending(Stored(content, holes))


def unfinished(says: str, container: str = "mp4") -> Ending:
    """Give a verdict."""
    return Ending(verdict=Wholeness.UNFINISHED, container=container, says=says)


def unproven(says: str, container: str = "mp4") -> Ending:
    """Give a verdict."""
    return Ending(verdict=Wholeness.UNPROVEN, container=container, says=says)


def index_last(media: bytes, mdat: bytes, *, base: int) -> bytes:
    """Make an MP4 with its index behind; ``mdat`` is the head of its box."""
    return FTYP + mdat + media + box(b"moov", trak([base], [len(media)]))


def test_whole() -> None:
    """The index in front, behind, and behind a box of 64 bits."""
    assert said(FILM) == WHOLE
    assert said(index_last(MEDIA, (100_008).to_bytes(4) + b"mdat", base=len(FTYP) + 8)) == WHOLE
    wide = (1).to_bytes(4) + b"mdat" + (100_016).to_bytes(8)
    assert said(index_last(MEDIA, wide, base=len(FTYP) + 16)) == WHOLE


def test_a_box_to_the_end_is_proven_by_the_index() -> None:
    """A media box without a size is whole where the last chunk is."""
    open_end = FILM.replace(box(b"mdat", MEDIA), bytes(4) + b"mdat" + MEDIA)

    assert said(open_end) == WHOLE
    assert said(open_end[:-1]) == unfinished("ends 1 bytes early")


@pytest.mark.parametrize("missing", [1, 7, 8, 9, 1000, 99_999, 100_000, 100_008])
def test_cut(missing: int) -> None:
    """However much is missing, the words say how much, even where only the index knows."""
    assert said(FILM[:-missing]).verdict is Wholeness.UNFINISHED
    assert said(FILM[:-missing]) == unfinished(f"ends {missing} bytes early") or missing > 100_000


def test_no_index() -> None:
    """Without an index nothing can be played, whatever stands in its place."""
    begun = FTYP + bytes(4) + b"mdat" + MEDIA

    assert said(begun) == unfinished(NO_INDEX)
    assert said(FTYP) == unfinished(NO_INDEX)
    assert said(FTYP + box(b"mdat", MEDIA) + bytes(5000)) == unfinished(NO_INDEX)
    assert said(FTYP + (200_000).to_bytes(4) + b"mdat" + MEDIA) == unfinished(NO_INDEX)
    assert said(FTYP + box(b"mdat", MEDIA) + box(b"moov", noise(500))[:-9]) == unfinished("ends 9 bytes early")


def test_an_index_of_zeros_is_none() -> None:
    """A hole where the index stands."""
    assert said(FTYP + box(b"moov", bytes(5000)) + box(b"mdat", MEDIA)) == unfinished(
        f"has nothing but zeros at byte {len(FTYP) + 8}"
    )
    damaged = said(FTYP + box(b"moov", noise(5000)) + box(b"mdat", MEDIA))
    assert damaged == unproven(f"cannot be followed beyond byte {len(FTYP) + 8}")


def test_what_may_follow() -> None:
    """Padding, and boxes that nobody knows, are no part of the proof; other bytes leave a doubt."""
    assert said(FILM + box(b"free", bytes(1 << 20))) == WHOLE
    assert said(FILM + box(b"SDLN", noise(50))) == WHOLE
    assert said(FILM + bytes(32_768)) == WHOLE
    assert said(FILM + bytes(3)) == WHOLE
    assert said(FILM + noise(5000)) == unproven("goes on for 5000 bytes after its end")
    assert said(FILM + bytes(1 << 17)) == unproven("goes on for 131072 bytes after its end")


def test_padding_between_chunks_is_no_damage() -> None:
    """Cameras begin each chunk at a sector: zeros there are nobody's, in a chunk they are missing."""
    media = bytes(30_000) + MEDIA[:60_000] + bytes(32_768) + MEDIA[60_000:] + bytes(20_000)
    padded = mp4(media, [(30_000, 60_000), (122_768, 40_000)])
    start = len(padded) - len(media)

    assert said(padded) == WHOLE
    assert said(padded, (start + 90_000, start + 122_768)) == WHOLE
    hole = (start + 40_000, start + 44_096)
    assert said(padded, hole) == unfinished(f"has 4096 bytes without content from byte {hole[0]} on")


def test_zeros_at_the_end_of_the_media() -> None:
    """From 4 KiB on they are what a copy has not written."""
    for count, verdict in ((4095, Wholeness.WHOLE), (4096, Wholeness.UNFINISHED)):
        assert said(mp4(MEDIA[:-count] + bytes(count), CHUNKS)).verdict is verdict


def test_holes_in_the_index() -> None:
    """A table with a hole in it leads nowhere."""
    many = mp4(noise(40_000), [(at * 4, 4) for at in range(10_000)])
    start = many.index(b"stco") + 12

    assert said(many) == WHOLE
    assert said(many, (start, start + 4096)).verdict is Wholeness.UNFINISHED


@pytest.mark.parametrize(("codec", "verdict"), [(b"twos", Wholeness.WHOLE), (b"apcn", Wholeness.UNFINISHED)])
def test_zeros_are_silence_but_no_picture(codec: bytes, verdict: Wholeness) -> None:
    """In PCM 100 KB of zeros are half a second; no picture of ProRes begins with them."""
    media = noise(100_000) + bytes(100_000) + noise(100_000)
    chunks = [(at, 20_000) for at in range(0, 300_000, 20_000)]

    assert said(mp4(media, chunks, codec, b"soun" if codec == b"twos" else b"vide")).verdict is verdict


def test_long_zeros_in_anything() -> None:
    """Megabytes of silence are doubtful; more than any encoder makes are certain."""
    for count, verdict in ((1 << 20, Wholeness.UNPROVEN), (17 << 20, Wholeness.UNFINISHED)):
        media = MEDIA + bytes(count)
        assert said(mp4(media, [(0, len(media))], b"twos", b"soun")).verdict is verdict


def test_a_track_of_data_allows_some_zeros() -> None:
    """Not 64 KiB of them."""
    for count, verdict in ((32_768, Wholeness.WHOLE), (65_536, Wholeness.UNFINISHED)):
        media = MEDIA + bytes(count) + MEDIA
        tracks = [trak([0], [len(media)]), trak([0], [1], b"????", b"meta")]
        base = len(FTYP) + len(box(b"moov", *tracks)) + 8
        tracks = [trak([base], [len(media)]), trak([base], [1], b"????", b"meta")]
        assert said(FTYP + box(b"moov", *tracks) + box(b"mdat", media)).verdict is verdict


def test_mpeg_2_under_the_name_of_mpeg_4() -> None:
    """What "mp4v" stands for is told by a number: MPEG-2 is stuffed with zeros, MPEG-4 is not."""
    media = noise(100_000) + bytes(100_000) + noise(100_000)
    for kind, verdict in ((0x20, Wholeness.UNFINISHED), (0x61, Wholeness.WHOLE)):
        esds = box(b"esds", bytes(4), bytes([3, 0x80, 25, 0, 1, 0, 4, 17, kind]), bytes(20))
        content = mp4(media, [(0, 300_000)])
        entry = box(b"avc1", bytes(70))
        named = box(b"mp4v", bytes(70 - len(esds)), esds)
        assert said(content.replace(entry, named)).verdict is verdict


def test_media_elsewhere() -> None:
    """A reference movie has nothing that could be missing here; an index without tracks says nothing."""
    url = box(b"dref", bytes(4), (1).to_bytes(4), box(b"url ", bytes(4), b"film.mov"))
    far = trak([1 << 30], [1])
    here = FTYP + box(b"moov", far)

    assert said(here) == unfinished(f"ends {(1 << 30) + 1 - len(here)} bytes early")
    assert said(FTYP + box(b"moov", _with(far, box(b"dinf", url)))) == unproven("has an index without any media")
    assert said(FTYP + box(b"moov", box(b"cmov", noise(50))) + box(b"mdat", MEDIA)) == unproven(
        "has an index without any media"
    )


def _with(track: bytes, more: bytes) -> bytes:
    """Put a box into a track's ``minf``."""
    stbl = track[track.index(b"stbl") - 4 :]
    hdlr = track[track.index(b"hdlr") - 4 : track.index(b"minf") - 4]
    return box(b"trak", box(b"mdia", hdlr, box(b"minf", more, stbl)))


HEAD: Final = FTYP + box(b"moov", trak([], []), box(b"mvex"))
FRAGMENT: Final = box(b"moof", noise(200)) + box(b"mdat", noise(30_000))


def test_fragments() -> None:
    """An index behind them proves the last; nothing does without."""
    fragments = HEAD + FRAGMENT * 3
    endless = "is made of fragments, and does not say which one is the last"

    assert said(fragments + box(b"mfra", noise(50))) == WHOLE
    assert said(fragments) == unproven(endless)
    assert said(fragments[:-30_008]) == unfinished("ends before the media of its last fragment")
    assert said(fragments[:-5]) == unfinished("ends 5 bytes early")
    assert said(fragments + FRAGMENT[:5]) == unfinished("ends 3 bytes early")
    assert said(HEAD) == unfinished("has no media yet, as while it is still being written")
    assert said(fragments + bytes(70_000)) == unfinished(f"has nothing but zeros at byte {len(fragments)}")
    assert said(fragments + noise(70_000)) == unproven(f"cannot be followed beyond byte {len(fragments)}")


@pytest.mark.parametrize("version", [0, 1])
def test_fragments_with_an_index_in_front(version: int) -> None:
    """It says where the last fragment ends; one that speaks of the first only says nothing."""

    def sidx(*sizes: int) -> bytes:
        numbers = [bytes([version, 0, 0, 0]), bytes(8), bytes(16 if version else 8), bytes(2), len(sizes).to_bytes(2)]
        return box(b"sidx", *numbers, *(size.to_bytes(4) + bytes(8) for size in sizes))

    length = len(FRAGMENT)
    assert said(HEAD + sidx(length, length, length) + FRAGMENT * 3) == WHOLE
    assert said(HEAD + sidx(length, length, length) + FRAGMENT * 2) == unfinished(f"ends {length} bytes early")
    assert said(HEAD + sidx(length) + FRAGMENT).verdict is Wholeness.UNPROVEN
    assert said(HEAD + (sidx(length) + FRAGMENT) * 2).verdict is Wholeness.UNPROVEN


def test_quicktime() -> None:
    """Known by its brand, or by having none; its ``udta`` ends with four zeros, and it has a second handler."""
    hdlr = box(b"hdlr", bytes(4), b"dhlr", b"url ", bytes(12))
    track = _with(trak([0], [1], b"apcn"), hdlr)
    base = len(FTYP) + len(box(b"moov", track, box(b"udta", bytes(4)))) + 8
    moov = box(b"moov", _with(trak([base], [100_000], b"apcn"), hdlr), box(b"udta", bytes(4)))
    film = FTYP + moov + box(b"mdat", MEDIA)

    assert said(film) == WHOLE
    assert said(film.replace(b"isom", b"qt  ", 1)) == Ending(verdict=Wholeness.WHOLE, container="mov")
    assert said(box(b"wide", bytes(len(FTYP) - 8)) + film[len(FTYP) :]).container == "mov"
    start = film.index(MEDIA)
    assert said(film, (start, start + 8192)).verdict is Wholeness.UNFINISHED


def test_samples_of_one_size_are_believed_to_have_a_byte() -> None:
    """Some writers state it in other units; the box of the media is long enough all the same."""
    fixed = full(b"stsz", 4, 1 << 30, 0)
    sound = trak([len(FTYP) + 300], [0], b"sowt", b"soun").replace(full(b"stsz", 0, 1, 0), fixed)
    moov = box(b"moov", sound)
    film = FTYP + moov + box(b"mdat", MEDIA)

    assert said(film) == WHOLE
    assert said(film[:-1]) == unfinished("ends 1 bytes early")
    hole = (film.index(MEDIA) + 8192, film.index(MEDIA) + 12_288)
    assert said(film, hole) == WHOLE
