"""Whatever the bytes are: no exception, and a bounded price."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from films import ENDLESS, FILMS, make
from hypothesis import given, settings
from hypothesis import strategies as st
from stored import FTYP, UNKNOWN, Imagined, Stored, box, chunk, element, mp4, noise

from panjaya_watchd.core.content import Ending, Wholeness
from panjaya_watchd.media.containers.look import BYTES, READS
from panjaya_watchd.media.ending import ending

HEADS: Final = [
    FTYP,
    FTYP + box(b"moov"),
    element(0x1A45DFA3) + element(0x18538067, size=UNKNOWN),
    chunk(b"RIFF", b"AVI LIST"),
    bytes.fromhex("060e2b34020501010d01020101020400") + b"\x83\x00\x00\x78",
    b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00",
    bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
    bytes.fromhex("000001ba44"),
    (b"G" + noise(187)) * 8,
]
HUGE: Final = 100 << 30


def price(video: Stored | Imagined) -> Ending:
    """Judge a video, and hold the price against what is allowed: a walk, and the zeros."""
    said = ending(video)
    assert video.reads <= 2 * READS + 2
    assert video.bytes <= 2 * BYTES
    return said


@given(st.sampled_from([b"", *HEADS]), st.binary(max_size=3000))
def test_any_bytes_have_an_ending(head: bytes, rest: bytes) -> None:
    """Nothing is raised, and what is not whole has words."""
    said = price(Stored(head + rest))

    assert bool(said.says) == (said.verdict is not Wholeness.WHOLE)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Give one real video of each kind."""
    folder: Path = tmp_path_factory.mktemp("films")
    names = ["mp4", "mp4 in fragments with an index", "mkv", "avi", "mxf", "flv", "wmv"]
    films = [FILMS[name] for name in names] + [ENDLESS[name] for name in ("live webm", "ts", "mpg")]
    return [
        make(replace(film, frames=10), folder / f"{at}.{film.suffix}").read_bytes() for at, film in enumerate(films)
    ]


@pytest.mark.slow
@settings(max_examples=100)
@given(st.data())
def test_a_mutated_video_has_an_ending(real: list[bytes], data: st.DataObject) -> None:
    """Numbers that lie, anywhere in the structure, lead to a verdict."""
    content = bytearray(data.draw(st.sampled_from(real)))
    for _ in range(data.draw(st.integers(1, 6))):
        near = data.draw(st.sampled_from([0, 0, max(0, len(content) - 5000), content.find(b"stbl"), len(content) // 2]))
        place = min(max(0, near) + data.draw(st.integers(0, 4999)), len(content) - 1)
        change = data.draw(st.binary(min_size=1, max_size=9) | st.sampled_from([b"\xff" * 8, bytes(8), bytes(5000)]))
        content[place : place + len(change)] = change
    price(Stored(bytes(content[: data.draw(st.integers(1, len(content)))])))


@pytest.mark.slow
@pytest.mark.parametrize(
    "video",
    [
        Imagined(HUGE, lambda at, count: (bytes.fromhex("0000000866726565") * (count // 8 + 2))[at % 8 :][:count]),
        Imagined(
            HUGE, lambda at, count: (FTYP + bytes(count))[:count] if at == 0 else b"\0\0\x20\0free" * (count // 8)
        ),
        Imagined(
            HUGE,
            lambda at, count: (
                (element(0x1A45DFA3) + element(0x18538067, size=UNKNOWN) + b"\xec\x80" * count)[:count]
                if at == 0
                else b"\xec\x80" * (count // 2)
            ),
        ),
        Imagined(HUGE, lambda at, count: (b"G" + noise(187)) * (count // 188 + 1)),
        Stored(FTYP + box(b"moov", box(b"trak", box(b"mdia") * 250_000))),
        Stored(FTYP + (b"\0\0\0\1mdat" + b"\xff" * 8) * 10),
    ],
    ids=["small boxes", "boxes of 8 KiB", "small elements", "packets", "small tracks", "huge sizes"],
)
def test_a_hostile_video_has_a_price(video: Stored | Imagined) -> None:
    """Endless chains end at the purse; none of them is whole."""
    assert price(video).verdict is not Wholeness.WHOLE


def test_deep_nesting_is_not_followed() -> None:
    """Boxes in boxes in boxes do not exhaust the stack."""
    deep = b""
    for _ in range(3000):
        deep = box(b"mdia", deep)

    assert (
        price(Stored(FTYP + box(b"moov", box(b"trak", deep)) + box(b"mdat", noise(100)))).verdict is not Wholeness.WHOLE
    )


def test_many_holes_have_a_price() -> None:
    """More holes than anybody looks at are no exception."""
    media = noise(12_000 * 16)
    whole = mp4(media, [(0, len(media))])
    begin = len(whole) - len(media)

    assert price(Stored(whole, [(begin + 16 * at, begin + 16 * at + 8) for at in range(12_000)])) == Ending(
        verdict=Wholeness.UNPROVEN, container="mp4", says="has too many holes to be checked"
    )


def test_a_long_video_costs_little() -> None:
    """50 GB with the index in front are judged by a hundred reads."""
    length = (1 << 32) - 1024
    head = mp4(b"", [(0, length // 2), (length // 2, length // 2)])[:-8] + (8 + length).to_bytes(4) + b"mdat"
    free = (50 << 30) - len(head) - length
    tail = (1).to_bytes(4) + b"free" + free.to_bytes(8)

    def at(place: int, count: int) -> bytes:
        if place < len(head):
            return (head + noise(1 << 16))[place : place + count]
        return tail + bytes(count) if place >= len(head) + length else noise(count)

    video = Imagined(50 << 30, at)

    assert price(video) == Ending(verdict=Wholeness.WHOLE, container="mp4")
    assert video.reads < 110


@pytest.mark.slow
def test_a_day_in_fragments_is_followed() -> None:
    """All of 40,000 fragments are seen, to the index that proves the last one."""
    fragment = box(b"moof", noise(400)) + box(b"mdat", noise(50_000))
    head, mfra = FTYP + box(b"moov", box(b"mvex")), box(b"mfra", noise(100))
    end = len(head) + 40_000 * len(fragment)

    def at(place: int, count: int) -> bytes:
        if place < len(head):
            return (head + fragment)[place : place + count]
        if place >= end:
            return mfra[place - end :][:count]
        start = (place - len(head)) % len(fragment)
        return (fragment + fragment + mfra)[start : start + count] if end - place > count else fragment[start:] + mfra

    whole = Imagined(end + len(mfra), at)

    assert price(whole) == Ending(verdict=Wholeness.WHOLE, container="mp4")
    assert whole.reads < 41_000
    assert price(Imagined(end - 1, at)).says == "ends 1 bytes early"


def test_storage_that_fails_is_no_verdict() -> None:
    """`OSError` passes."""

    def fail(place: int, count: int) -> bytes:
        raise OSError(place, count)

    with pytest.raises(OSError, match="0"):
        ending(Imagined(1000, fail))
