"""The other kinds of video, by bytes made by hand."""

import struct
from typing import Final

import pytest
from stored import UNKNOWN, Stored, chunk, element, klv, noise

from panjaya_watchd.core.content import Ending, Wholeness
from panjaya_watchd.media.containers.ebml import ON_FOOT, TAIL
from panjaya_watchd.media.ending import ending

MEDIA: Final = noise(100_000)
BEGUN: Final = "has no media yet, as while it is still being written"
NO_INDEX: Final = "has no index yet, as while it is still being written"
LIVE: Final = "is a live recording, which does not say where it ends"


def said(content: bytes, *holes: tuple[int, int]) -> Ending:
    """Judge bytes."""
    return ending(Stored(content, holes))


def whole(container: str) -> Ending:
    """Give a verdict."""
    return Ending(verdict=Wholeness.WHOLE, container=container)


def unfinished(container: str | None, says: str) -> Ending:
    """Give a verdict."""
    return Ending(verdict=Wholeness.UNFINISHED, container=container, says=says)


def unproven(container: str | None, says: str) -> Ending:
    """Give a verdict."""
    return Ending(verdict=Wholeness.UNPROVEN, container=container, says=says)


HEAD: Final = element(0x1A45DFA3, element(0x4282, b"matroska"))
TRACKS: Final = element(0x1654AE6B, element(0xAE, element(0x83, b"\1"), element(0x86, b"V_VP9")))
BLOCK: Final = element(0xA3, noise(500))
CLUSTER: Final = element(0x1F43B675, element(0xE7, b"\1"), BLOCK * 20)
OPEN_CLUSTER: Final = element(0x1F43B675, size=UNKNOWN) + element(0xE7, b"\1") + BLOCK * 20


def segment(*parts: bytes, size: int | None = None) -> bytes:
    """Make a Matroska file of one segment."""
    return HEAD + element(0x18538067, TRACKS, *parts, size=size)


def test_matroska() -> None:
    """A segment of known size ends with the file; room that it keeps may be zeros, its media may not."""
    film = segment(CLUSTER * 9, element(0xEC, bytes(1 << 20)))

    assert said(film) == whole("mkv")
    assert said(film.replace(b"matroska", b"webm\0\0\0\0")) == whole("webm")
    assert said(film[:-7]) == unfinished("mkv", "ends 7 bytes early")
    assert said(film + film) == whole("mkv")
    assert said(film + noise(99)) == unproven("mkv", "goes on for 99 bytes after its end")
    assert said(segment(element(0xEC, bytes(100)))) == unfinished("mkv", BEGUN)
    assert said(film, (len(film) - 8192, len(film))) == whole("mkv")
    place = film.index(CLUSTER) + 1024
    assert said(film, (place, place + 4096)) == unfinished(
        "mkv", f"has 4096 bytes without content from byte {place} on"
    )


def test_matroska_that_leads_nowhere() -> None:
    """Where an element has to stand, zeros are missing, and other bytes a doubt; so is one that is too long."""
    for wrong in (
        element(0x1654AE6B, size=UNKNOWN),
        element(0x1F43B675, size=10_000),
        element(0x1654AE6B, element(0xAE, size=5000)),
        element(0x1F43B675, size=UNKNOWN) + element(0x1A),
        element(0x1F43B675, element(0xA3)) + b"\x1f\x43\xb6\x75\x00",
    ):
        bad = segment(CLUSTER, wrong + noise(20))
        assert said(bad).says.startswith("cannot be followed beyond byte"), wrong
    for after in (b"\x08" + noise(40), element(0x1F43B675, size=UNKNOWN)):
        assert said(segment(CLUSTER) + after).says == f"goes on for {len(after)} bytes after its end"
    film = segment(CLUSTER, bytes(5000), CLUSTER)
    place = film.index(CLUSTER) + len(CLUSTER)

    assert said(film) == unfinished("mkv", f"has nothing but zeros at byte {place}")
    assert said(segment(CLUSTER, noise(5000))) == unproven("mkv", f"cannot be followed beyond byte {place}")


def test_zeros_in_matroska_of_any_codec() -> None:
    """A block may be black, but its head is not; where the way to it is lost nothing is known of it."""
    tracks = element(0x1654AE6B, element(0xAE, element(0x83, b"\1"), element(0x86, b"V_PRORES")))
    cluster = element(0x1F43B675, element(0xE7, b"\1"), element(0xA3, noise(9000)) * 20)
    film = HEAD + element(0x18538067, tracks, cluster * 5, element(0xEC, bytes(9000)), cluster)
    block = film.index(cluster) + len(cluster) + 22 + 9009 * 7

    assert said(film, (block + 50, block + 8050)) == whole("mkv")
    assert said(film, (block - 5000, block)) == whole("mkv")
    assert said(film, (block - 100, block + 4900)) == unfinished(
        "mkv", f"has 5000 bytes without content from byte {block - 100} on"
    )
    broken = film[: block - 9009] + b"\0" + film[block - 9008 :]
    assert said(broken, (block - 100, block + 4900)) == whole("mkv")
    small = element(0x1F43B675, element(0xA3, noise(20)) * 2500 + element(0xA3, bytes(9000)) * 2)
    assert said(HEAD + element(0x18538067, tracks, small)) == whole("mkv")


@pytest.mark.parametrize("clusters", [CLUSTER * 3, OPEN_CLUSTER * 3, CLUSTER + OPEN_CLUSTER * 2])
@pytest.mark.parametrize("size", [UNKNOWN, 0])
def test_live_matroska(clusters: bytes, size: int) -> None:
    """A live recording is followed to the last block, of which nothing may be missing."""
    film = segment(clusters, size=size)

    assert said(film) == unproven("mkv", LIVE)
    assert said(film[:-100]) == unfinished("mkv", "ends 100 bytes early")
    assert said(film[:-506]).verdict is Wholeness.UNFINISHED
    assert said(film + film) == unproven("mkv", LIVE)
    assert said(segment(size=size)) == unfinished("mkv", BEGUN)


def test_a_long_live_recording_is_followed_from_its_last_cluster() -> None:
    """Not from the first block on, of which a day has millions."""
    head = element(0x1F43B675, size=UNKNOWN) + element(0xE7, b"\1")
    many = head + element(0xA3, noise(1700)) * (ON_FOOT + 100)
    assert len(many) > TAIL
    chance = element(0xA3, noise(800), CLUSTER[:4], noise(800))
    film = segment(many, head + element(0xA3, noise(1700)) * 50 + chance, size=UNKNOWN)
    video = Stored(film)

    assert ending(video) == unproven("mkv", LIVE)
    assert said(film[:-9]) == unfinished("mkv", "ends 9 bytes early")
    endless = segment(many + element(0xA3, noise(1700)) * ON_FOOT, size=UNKNOWN)
    assert said(endless).verdict is Wholeness.UNPROVEN


def strl(codec: bytes, *more: bytes) -> bytes:
    """Make the head of a track of pictures."""
    form = (40).to_bytes(4, "little") + bytes(12) + codec + bytes(20)
    return chunk(b"LIST", b"strl", chunk(b"strh", b"vids", codec, bytes(48)), chunk(b"strf", form), *more)


def avi(movi: bytes, *, index: bytes = b"", promised: bool = True, codec: bytes = b"XVID", more: bytes = b"") -> bytes:
    """Make an AVI."""
    flags = (0x10 if promised else 0).to_bytes(4, "little")
    hdrl = chunk(b"LIST", b"hdrl", chunk(b"avih", bytes(12), flags, bytes(40)), strl(codec, more))
    return chunk(b"RIFF", b"AVI ", hdrl, chunk(b"LIST", b"movi", movi), index)


def idx1(*lengths: int) -> bytes:
    """Make an index of chunks that follow each other."""
    place, entries = 4, []
    for length in lengths:
        entries.append(b"00dc" + bytes(4) + place.to_bytes(4, "little") + length.to_bytes(4, "little"))
        place += 8 + length
    return chunk(b"idx1", *entries)


FRAMES: Final = chunk(b"00dc", noise(3000)) * 20


def test_avi() -> None:
    """Sizes that fit, and the index that the head promises."""
    film = avi(FRAMES, index=idx1(*[3000] * 20))

    assert said(film) == whole("avi")
    assert said(avi(FRAMES, promised=False)) == whole("avi")
    assert said(avi(FRAMES)) == unfinished("avi", NO_INDEX)
    assert said(film[:-3]) == unfinished("avi", "ends 3 bytes early")
    assert said(film[:4] + bytes(4) + film[8:]) == unfinished("avi", NO_INDEX)
    assert said(film[:4] + b"\xff" * 4 + film[8:-300]) == unfinished("avi", NO_INDEX)
    assert said(film[:4] + len(film).to_bytes(4, "little") + film[8:]) == whole("avi")
    assert said(film + noise(50)) == unproven("avi", "goes on for 50 bytes after its end")
    assert said(film[:4] + b"\xff\xff\xff\x0f" + film[8:]) == unfinished(
        "avi", f"ends {0x0FFFFFFF + 8 - len(film)} bytes early"
    )
    assert said(avi(FRAMES)[:-100] + bytes(100)).verdict is Wholeness.UNFINISHED


def test_an_avi_in_several_parts() -> None:
    """A large one goes on in further RIFFs, of which its first index knows."""
    entries = [(1000).to_bytes(8, "little") + (500).to_bytes(8, "little")]
    far = [*entries, (1_000_000).to_bytes(8, "little") + (500).to_bytes(8, "little")]
    part = chunk(b"RIFF", b"AVIX", chunk(b"LIST", b"movi", FRAMES))

    def indx(rows: list[bytes]) -> bytes:
        return chunk(b"indx", bytes(4), len(rows).to_bytes(4, "little"), bytes(16), *rows)

    assert said(avi(FRAMES, more=indx(entries)) + part) == whole("avi")
    assert said(avi(FRAMES, more=indx(entries)) + part[:-9]) == unfinished("avi", "ends 9 bytes early")
    assert said(avi(FRAMES, more=indx(far))).says.endswith("bytes early")


def place_of_index(film: bytes) -> int:
    """Give where the first place in an index stands."""
    return film.index(b"idx1") + 16


@pytest.mark.parametrize("base", [0, 1])
def test_zeros_in_an_avi(base: int) -> None:
    """A frame that is missing is told from a black one by its head, wherever the index counts from."""
    film = avi(FRAMES, index=idx1(*[3000] * 20), codec=b"MJPG")
    movi = film.index(b"movi")
    if base:
        place = film.index(b"idx1") + 8
        for at in range(20):
            start = place + 16 * at + 8
            film = film[:start] + (movi + 4 + 3008 * at).to_bytes(4, "little") + film[start + 4 :]
    frame = movi + 4 + 3008 * 5

    assert said(film, (frame + 8, frame + 3000)) == whole("avi")
    assert said(film, (frame, frame + 5000)).verdict is Wholeness.UNFINISHED
    assert said(film, (frame - 50, frame + 4500)).verdict is Wholeness.UNFINISHED
    elsewhere = film[: place_of_index(film)] + (7).to_bytes(4, "little") + film[place_of_index(film) + 4 :]
    assert said(elsewhere, (frame, frame + 5000)) == whole("avi")
    black = avi(chunk(b"00dc", noise(20) + bytes(20_000)) * 20, index=idx1(*[20_020] * 20), codec=b"MJPG")
    assert said(black) == whole("avi")


@pytest.mark.parametrize(("size", "before"), [(188, 0), (192, 4), (204, 0)])
@pytest.mark.parametrize("start", [0, 100])
def test_transport_stream(size: int, before: int, start: int) -> None:
    """Packets to the end: never whole, unfinished within one."""
    packet = bytes(range(before)) + b"G" + bytes([1]) * (size - before - 1)
    film = packet[:start].replace(b"G", b"H") + packet * 500

    assert said(film) == unproven("ts", "is a transport stream, which does not say where it ends")
    assert said(film[:-1]) == unfinished("ts", "ends in the middle of a packet")
    place = start + size * 250
    assert said(film[:place] + film[place + 77 :]) == said(film)
    assert said(film[:place] + bytes(9000) + film[place + 9000 :]).verdict is Wholeness.UNFINISHED
    assert said(film[:place] + bytes(len(film) - place)).verdict is Wholeness.UNFINISHED
    assert said(film, (place, place + 4096)).verdict is Wholeness.UNFINISHED


KEY: Final = "060e2b34020501010d01020101{:02x}0400"
ESSENCE: Final = klv("060e2b34010201010d01030115010500", noise(3000))


def partition(kind: int, footer: int = 0) -> bytes:
    """Make a partition."""
    return klv(KEY.format(kind), bytes(24) + footer.to_bytes(8) + bytes(64))


def mxf(*, listed: bool, promised: bool, run_in: bytes = b"") -> bytes:
    """Make an MXF, which states its footer in the list at the end, in its head, in both or nowhere."""
    head = partition(2)
    footer = len(head) + 20 * len(ESSENCE)
    body = partition(2, footer if promised else 0) + ESSENCE * 20 + partition(4, footer)
    rows = (0).to_bytes(12) + (1).to_bytes(4) + footer.to_bytes(8)
    key = "060e2b34020501010d01020101110100"
    index = klv(key, rows + (20 + len(rows) + 4).to_bytes(4)) if listed else b""
    return run_in + body + index


@pytest.mark.parametrize("run_in", [b"", noise(300)])
@pytest.mark.parametrize(("listed", "promised"), [(True, True), (True, False), (False, True), (False, False)])
def test_mxf(run_in: bytes, *, listed: bool, promised: bool) -> None:
    """The footer is found by the list, by the head, or by walking; without it nothing is whole."""
    film = mxf(listed=listed, promised=promised, run_in=run_in)
    cut = said(film[: len(film) // 2])

    assert said(film) == whole("mxf")
    assert said(film[:-1]) == unfinished("mxf", "ends 1 bytes early")
    assert cut.verdict is Wholeness.UNFINISHED
    assert said(film[: len(film) // 2] + bytes(len(film) // 2)).verdict is Wholeness.UNFINISHED


def test_mxf_without_a_footer() -> None:
    """It is still being written; a footer that is none is a doubt."""
    assert said(partition(2) + ESSENCE * 9) == unfinished(
        "mxf", "has no footer yet, as while it is still being written"
    )
    wrong = partition(2, len(partition(2))) + ESSENCE * 9
    assert said(wrong) == unproven("mxf", f"cannot be followed beyond byte {len(partition(2))}")
    assert said(partition(2, 1 << 62) + ESSENCE) == unfinished(
        "mxf", f"ends {(1 << 62) - len(partition(2) + ESSENCE)} bytes early"
    )


def tag(kind: int, body: bytes) -> bytes:
    """Make a tag of an FLV, with its length behind it."""
    return bytes([kind]) + len(body).to_bytes(3) + bytes(7) + body + (11 + len(body)).to_bytes(4)


def flv(size: float | None, count: int = 20) -> bytes:
    """Make an FLV; its notes state a size, or nothing."""
    note = b"" if size is None else b"\0\x08filesize\0" + struct.pack(">d", size)
    return b"FLV\x01\x05\0\0\0\x09\0\0\0\0" + tag(18, b"\x02\0\x0aonMetaData" + note) + tag(9, noise(2000)) * count


def test_flv() -> None:
    """The size in its notes proves the end, the last tag where it may be."""
    size = len(flv(0.0))
    film = flv(float(size))

    assert said(film) == whole("flv")
    assert said(film[:-1]) == unfinished("flv", "ends 1 bytes early")
    for live in (flv(None), flv(0.0), flv(float("nan")), flv(float("inf")), flv(-5.0)):
        assert said(live) == unproven("flv", LIVE)
        assert said(live[:-1]) == unfinished("flv", "ends in the middle of a picture or sound")
        assert said(live[:-9000] + bytes(9000)).says == f"has nothing but zeros at byte {len(live) - 16}"
    for kind, verdict in ((0x2F, Wholeness.UNFINISHED), (0x0F, Wholeness.UNPROVEN)):
        sound = flv(None, 1) + tag(8, bytes([kind]) + bytes(6000) + b"\1") * 3
        assert said(sound).verdict is verdict
    assert said(flv(float(size - 4))[:-4]) == whole("flv")
    assert said(b"FLV\x01\x05\0\0\0\x09\0\0\0\0") == unfinished("flv", BEGUN)


def guid(name: str, *parts: bytes) -> bytes:
    """Make an object of an ASF."""
    body = b"".join(parts)
    return bytes.fromhex(name) + (24 + len(body)).to_bytes(8, "little") + body


def asf(size: int, flags: int = 2, packet: int = 0) -> bytes:
    """Make an ASF which states a size."""
    facts = guid(
        "a1dcab8c47a9cf118ee400c00c205365",
        bytes(16)
        + size.to_bytes(8, "little")
        + bytes(40)
        + flags.to_bytes(4, "little")
        + 2 * packet.to_bytes(4, "little")
        + bytes(4),
    )
    other = guid("11111111111111111111111111111111", bytes(20))
    head = guid("3026b2758e66cf11a6d900aa0062ce6c", bytes(6), other, facts)
    return head + guid("3626b2758e66cf11a6d900aa0062ce6c", bytes(26), MEDIA)


def test_asf() -> None:
    """The size in its head proves the end; an index may follow uncounted."""
    size = len(asf(0))
    index = guid("90080033b1e5cf1189f400a0c90349cb", bytes(100))
    film = asf(size)

    assert said(film) == whole("asf")
    assert said(film + index) == whole("asf")
    assert said(film + index[:-9]) == unfinished("asf", "ends 9 bytes early")
    assert said(film[:-9]) == unfinished("asf", "ends 9 bytes early")
    assert said(film[:100]) == unfinished("asf", "ends 78 bytes early")
    assert said(film + noise(99)) == unproven("asf", "goes on for 99 bytes after its end")
    assert said(asf(0)) == unproven("asf", LIVE)
    assert said(asf(size, flags=1)) == unproven("asf", LIVE)
    assert said(asf(0)[:-9]) == unfinished("asf", "ends 9 bytes early")
    assert said(asf(0)[: -len(MEDIA) - 50]) == unfinished("asf", BEGUN)
    data = len(film) - len(MEDIA)
    for packet, verdict in ((0, Wholeness.WHOLE), (10_000, Wholeness.UNFINISHED)):
        packets = asf(size, packet=packet)
        assert said(packets, (data + 20_050, data + 30_000)) == whole("asf")
        assert said(packets, (data + 29_000, data + 34_000)).verdict is verdict
    middle = len(film) // 2
    assert said(film[: middle - 1] + bytes(20) + film[middle + 19 :]) == whole("asf")


PACK: Final = bytes.fromhex("000001ba44000400040100000000f8")[:14]
PACKET: Final = bytes.fromhex("000001e0") + (2000).to_bytes(2) + noise(2000)


def test_program_stream() -> None:
    """It may end with a code; else its last packet must be all there."""
    film = (PACK + PACKET) * 60

    end = bytes.fromhex("000001b9")
    assert said(film + end) == said(film + end + bytes(2044)) == whole("mpg")
    assert said(film + end + film) == said(film)
    assert said(film + noise(50)) == unproven("mpg", f"cannot be followed beyond byte {len(film)}")
    assert said(film) == unproven("mpg", "is a program stream that does not say where it ends")
    assert said(film[:-9]) == unfinished("mpg", "ends 9 bytes early")
    older = bytes.fromhex("000001ba2100010001800001")
    assert said((older + PACKET) * 3) == unproven("mpg", "is a program stream that does not say where it ends")
    assert said(film[:70_000] + bytes(50_000)).verdict is Wholeness.UNFINISHED


def test_what_is_no_video_that_we_know() -> None:
    """Only what nobody has written can be seen."""
    other = noise(200_000)

    assert said(b"") == unfinished(None, "is empty")
    assert said(other) == unproven(None, "is of a kind that cannot be checked")
    assert said(other, (8192, 12_288)) == unfinished(None, "has 4096 bytes without content from byte 8192 on")
    assert said(other[:99_999] + bytes(70_000)) == unfinished(None, "ends with nothing but zeros")
    assert said(bytes(5000) + other) == unfinished(None, "begins with nothing but zeros")
    assert said(other + bytes(5000)) == unproven(None, "is of a kind that cannot be checked")
    holes = [(at * 16, at * 16 + 8) for at in range(11_000)]
    assert said(other, *holes) == unproven(None, "is too scattered to be checked")
