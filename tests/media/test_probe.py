"""The probe, against videos made here and files that mean harm; the child is the real one unless it has to lie."""

import os
import socket
import sys
from fractions import Fraction
from pathlib import Path

import av
import pytest

from panjaya_watchd.media.probe import ANSWER_LIMIT, CHILD, Probe, probe

FRAMES, RATE, SAMPLES = 25, 25, 48_000
"""One second of each."""

TIMEOUT = 20.0
"""Seconds. Nothing here takes one, but the machine may be busy."""

pytestmark = pytest.mark.slow


def film(path: Path, *, video: bool = True, audio: bool = True, **options: str) -> Path:
    """Make a grey, silent video of one second."""
    with av.open(str(path), "w", options=options) as container:
        if video:
            pictures = container.add_stream("mpeg4", rate=RATE)
            pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        if audio:
            sound = container.add_stream("aac", rate=SAMPLES, layout="mono")
        if video:
            for number in range(FRAMES):
                picture = av.VideoFrame(64, 48, "yuv420p")
                for plane in picture.planes:
                    plane.update(bytes([number]) * plane.buffer_size)
                picture.pts, picture.time_base = number, Fraction(1, RATE)
                container.mux(pictures.encode(picture))
            container.mux(pictures.encode(None))
        if audio:
            for start in range(0, SAMPLES, 1024):
                silence = av.AudioFrame(format="fltp", layout="mono", samples=min(1024, SAMPLES - start))
                silence.planes[0].update(bytes(silence.planes[0].buffer_size))
                silence.pts, silence.sample_rate, silence.time_base = start, SAMPLES, Fraction(1, SAMPLES)
                container.mux(sound.encode(silence))
            container.mux(sound.encode(None))
    return path


def told_by(*lines: str) -> tuple[str, ...]:
    """Give a child that runs these lines of Python instead of looking at the video."""
    return (sys.executable, "-I", "-c", "import json, os, sys, time\n" + "\n".join(lines))


def answering(**facts: object) -> str:
    """Give the line of Python by which a child answers as the real one does, but for some facts."""
    plain = {"duration": 1.0, "has_video": True, "has_audio": True, "audio_languages": [], "container": "x"}
    return f"print(json.dumps({plain | facts!r}))"


@pytest.fixture
def film_path(tmp_path: Path) -> Path:
    """Give a video with pictures and sound."""
    return film(tmp_path / "film.mp4")


@pytest.mark.parametrize(("video", "audio"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize(("suffix", "container"), [("mp4", "mov,mp4,m4a,3gp,3g2,mj2"), ("mkv", "matroska,webm")])
def test_a_video_is_measured(tmp_path: Path, suffix: str, container: str, *, video: bool, audio: bool) -> None:
    """Duration, streams and container come out as they went in."""
    measured = probe(film(tmp_path / f"film.{suffix}", video=video, audio=audio), timeout=TIMEOUT)

    assert measured is not None
    assert (video, audio, container) == (measured.has_video, measured.has_audio, measured.container)
    assert pytest.approx(1.0, abs=0.05) == measured.duration


def test_a_live_recording_has_no_duration(tmp_path: Path) -> None:
    """A container that does not tell its length is still a video; the length is unknown, not zero."""
    measured = probe(film(tmp_path / "film.mkv", live="1"), timeout=TIMEOUT)

    assert Probe(duration=None, has_video=True, has_audio=True, container="matroska,webm") == measured


def test_an_open_descriptor_is_read_where_its_name_leads_elsewhere(film_path: Path) -> None:
    """What was opened is measured, though the name belongs to another file by now; the offset stays where it was."""
    with film_path.open("rb") as opened:
        film_path.unlink()
        film_path.write_bytes(b"another file")
        opened.seek(7)
        measured = probe(opened.fileno(), timeout=TIMEOUT)

        assert measured is not None
        assert measured.has_video
        assert os.lseek(opened.fileno(), 0, os.SEEK_CUR) == 7


@pytest.mark.parametrize("content", [b"", b"not a video", bytes(100_000), os.fsencode("#EXTM3U\n") * 100])
def test_what_is_no_video_is_unknown(tmp_path: Path, content: bytes) -> None:
    """Garbage is None, without an exception."""
    path = tmp_path / "film.mp4"
    path.write_bytes(content)

    assert probe(path, timeout=TIMEOUT) is None


@pytest.mark.parametrize("kept", [-4, 100])
def test_a_video_without_its_index_is_unknown(film_path: Path, kept: int) -> None:
    """An MP4 whose index stood at the end and was cut off, or cut in two, cannot be measured."""
    whole = film_path.read_bytes()
    film_path.write_bytes(whole[: whole.index(b"moov") + kept])

    assert probe(film_path, timeout=TIMEOUT) is None


def test_a_cut_video_with_its_index_in_front_is_measured_all_the_same(tmp_path: Path) -> None:
    """The probe is no proof of completeness: half a file may state the whole length."""
    path = film(tmp_path / "film.mp4", movflags="+faststart")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 9 // 10])
    measured = probe(path, timeout=TIMEOUT)

    assert measured is not None
    assert pytest.approx(1.0, abs=0.05) == measured.duration


def test_only_a_regular_file_is_opened(tmp_path: Path, film_path: Path) -> None:
    """A FIFO, a folder, a symbolic link, nothing at all and an impossible name are None at once."""
    os.mkfifo(tmp_path / "fifo.mp4")
    (tmp_path / "link.mp4").symlink_to(film_path)

    assert probe(tmp_path / "fifo.mp4", timeout=TIMEOUT) is None
    assert probe(tmp_path, timeout=TIMEOUT) is None
    assert probe(tmp_path / "link.mp4", timeout=TIMEOUT) is None
    assert probe(tmp_path / "missing.mp4", timeout=TIMEOUT) is None
    assert probe("nul\0byte.mp4", timeout=TIMEOUT) is None


@pytest.mark.parametrize("kind", ["hls", "concat", "dash", "sdp"])
def test_a_file_cannot_make_the_child_call_somebody(tmp_path: Path, kind: str) -> None:
    """A list of addresses posing as a video makes no connection (SSRF)."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/film.ts"
        path = tmp_path / "film.mp4"
        path.write_text(
            {
                "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXT-X-VERSION:3\n#EXTINF:9,\n{url}\n#EXT-X-ENDLIST\n",
                "concat": f"ffconcat version 1.0\nfile '{url}'\n",
                "dash": f"<MPD><Period><AdaptationSet><BaseURL>{url}</BaseURL></AdaptationSet></Period></MPD>",
                "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
            }[kind]
        )

        assert probe(path, timeout=TIMEOUT) is None
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_child_that_hangs_is_killed(tmp_path: Path, film_path: Path) -> None:
    """After the timeout the answer is None, and the child is gone."""
    note = tmp_path / "pid"
    hang = told_by(f"open({str(note)!r}, 'w').write(str(os.getpid()))", "time.sleep(600)")

    assert probe(film_path, timeout=1.0, command=hang) is None
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


@pytest.mark.parametrize(
    "lines",
    [
        "sys.exit(0)",
        "print('{')",
        "print('[]')",
        "print('[' * 4000)",
        answering(has_video=1),
        answering(container=None),
        answering(container="x" * 5000),
        answering(audio_languages="eng"),
        answering(audio_languages=None),
        "print(json.dumps({'duration': 1.0, 'has_video': True, 'has_audio': True, 'container': 'x'}))",
        "sys.stdout.buffer.write(b'\\xff')",
        "os.kill(os.getpid(), 9)",
        f"{answering()}; sys.exit(1)",
    ],
)
def test_a_strange_answer_is_unknown(film_path: Path, lines: str) -> None:
    """Whatever a captured child writes, it is an answer of the right form or none."""
    assert probe(film_path, timeout=TIMEOUT, command=told_by(lines)) is None


@pytest.mark.parametrize("duration", ["-1.0", "0.0", "NaN", "Infinity", "null", '"9"', "true"])
def test_an_impossible_duration_is_none(film_path: Path, duration: str) -> None:
    """A length that cannot be is not told to anybody; the rest of the answer stands."""
    lie = answering(has_audio=False, container="mxf").replace("1.0", f"json.loads({duration!r})")

    assert Probe(duration=None, has_video=True, has_audio=False, container="mxf") == probe(
        film_path, timeout=TIMEOUT, command=told_by(lie)
    )


def test_each_sound_may_name_its_language(tmp_path: Path) -> None:
    """Those that do are told in their order, whichever container writes them down, and nobody's word is no word."""
    for suffix, named in (("mp4", ("eng", "por")), ("mkv", ("eng", "pt-BR"))):
        path = tmp_path / f"film.{suffix}"
        with av.open(str(path), "w") as container:
            for language in ("eng", None, named[1]):
                sound = container.add_stream("aac", rate=SAMPLES, layout="mono")
                if language is not None:
                    sound.metadata["language"] = language
            for stream in container.streams.audio:
                silence = av.AudioFrame(format="fltp", layout="mono", samples=1024)
                silence.planes[0].update(bytes(silence.planes[0].buffer_size))
                silence.pts, silence.sample_rate, silence.time_base = 0, SAMPLES, Fraction(1, SAMPLES)
                container.mux(stream.encode(silence))
                container.mux(stream.encode(None))
        measured = probe(path, timeout=TIMEOUT)

        assert measured is not None
        assert measured.audio_languages == named


def test_a_strange_language_is_none(film_path: Path) -> None:
    """Only short ASCII is told; the rest of the answer stands."""
    tags = ["eng", None, 7, "", "x", "und", "UND", "de\n", "d\u00e9", "zh-Hant-TW", "e" * 9, "a-" * 9, ["eng"]]
    measured = probe(film_path, timeout=TIMEOUT, command=told_by(answering(audio_languages=tags)))

    assert measured is not None
    assert measured.audio_languages == ("eng", "zh-Hant-TW")


def test_the_child_knows_no_secret(film_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment, where the API key may stand, does not reach the process that opens strangers' files."""
    monkeypatch.setenv("PANJAYA_API_KEY", "secret")
    spy = told_by(
        "names = sorted(os.environ)",
        answering(container="...").replace("'...'", "','.join(names)"),
    )
    measured = probe(film_path, timeout=TIMEOUT, command=spy)

    assert measured is not None
    assert "PANJAYA" not in measured.container


def test_a_missing_child_is_unknown(film_path: Path) -> None:
    """A Python that cannot be started is no exception either."""
    assert probe(film_path, timeout=TIMEOUT, command=(str(film_path.parent / "no-python"),)) is None


def test_the_child_is_started_apart_from_the_package() -> None:
    """It runs isolated: no PYTHON* variable and no module of the working directory comes near it."""
    assert "-I" in CHILD
    assert Path(CHILD[-1]).is_file()
    assert ANSWER_LIMIT == 4096
