"""Result videos: playable, different for every locale, cut to the trim, with the index first."""

import cmath
import hashlib
import math
import tomllib
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

from panjaya_watchd.core.locales import TARGETS
from panjaya_watchd.rehearsal.records import Video
from panjaya_watchd.rehearsal.request import is_srt, read_request
from panjaya_watchd.rehearsal.results import TALK, Results, dub, examine, pitch
from panjaya_watchd.rehearsal.studio import Studio


def boxes(path: Path) -> list[bytes]:
    """List the names of an MP4's outermost boxes, checking that their lengths fill the file."""
    content = path.read_bytes()
    names, at = [], 0
    while at < len(content):
        names.append(content[at + 4 : at + 8])
        at += int.from_bytes(content[at : at + 4], "big")
    assert at == len(content)
    return names


def digest(path: Path) -> str:
    """Give a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.slow
def test_a_result_plays_from_beginning_to_end(tmp_path: Path) -> None:
    """Every frame and every sound decodes, the length is the source's, the index comes first."""
    path = tmp_path / "es-ES.mp4"

    dub(TALK, path, locale="es-ES")

    facts = examine(path)
    assert (facts.has_video, facts.has_audio, facts.codec) == (True, True, "h264")
    assert facts.duration == pytest.approx(9.0, abs=0.05)
    with av.open(str(path)) as container:
        assert container.metadata["title"] == "es-ES"
        frames = sum(1 for _ in container.decode(video=0))
    with av.open(str(path)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert frames == 225
    assert samples / 48_000 == pytest.approx(9.0, abs=0.05)
    names = boxes(path)
    assert names.index(b"moov") < names.index(b"mdat")


@pytest.mark.slow
def test_results_differ_by_locale_and_not_by_chance(tmp_path: Path) -> None:
    """Two locales are two digests; the same locale made twice is the same file."""
    made = {}
    for name, locale in (("a", "es-ES"), ("b", "fr-FR"), ("c", "es-ES")):
        made[name] = tmp_path / f"{name}.mp4"
        dub(TALK, made[name], locale=locale, end=1.5)

    assert digest(made["a"]) == digest(made["c"])
    assert digest(made["a"]) != digest(made["b"])


def strength(path: Path, hertz: float) -> float:
    """Give how loud one pitch is in the first quarter of a second, 0 to 1: one bin of a Fourier transform."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000)
    with av.open(str(path)) as container:
        frames = [frame for decoded in container.decode(audio=0) for frame in resampler.resample(decoded)]
    samples = array("h", b"".join(bytes(frame.planes[0])[: frame.samples * 2] for frame in frames))[:12_000]
    turn = -2j * math.pi * hertz / 48_000
    return abs(sum(sample * cmath.exp(turn * at) for at, sample in enumerate(samples))) * 2 / len(samples) / 32_768


@pytest.mark.slow
def test_a_locale_can_be_heard(tmp_path: Path) -> None:
    """A result begins with its own locale's chime, and with no other's."""
    path = tmp_path / "es-ES.mp4"

    dub(TALK, path, locale="es-ES", end=0.5)

    assert strength(path, pitch("es-ES")) > 0.2
    assert strength(path, pitch("fr-FR")) < 0.05


@pytest.mark.slow
def test_a_result_is_cut_to_its_trim(tmp_path: Path) -> None:
    """From 2.4 to 5.5 seconds is 3.1 seconds, some frames more at most."""
    path = tmp_path / "fr-FR.mp4"

    dub(TALK, path, locale="fr-FR", start=2.4, end=5.5)

    assert examine(path).duration == pytest.approx(3.1, abs=0.2)
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 70


def test_every_locale_has_a_pitch_of_its_own() -> None:
    """No two locales sound alike, and all can be heard."""
    pitches = {pitch(locale) for locale in TARGETS}

    assert len(pitches) == len(TARGETS)
    assert 300 < min(pitches) < max(pitches) < 3000


def test_what_is_no_media_has_no_facts(tmp_path: Path) -> None:
    """Text, an empty file, a missing file, sound alone: examined without an error."""
    (tmp_path / "text.mp4").write_text("This is not a video, whatever its name says.")
    (tmp_path / "empty.mp4").touch()
    with av.open(str(tmp_path / "sound.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=800)
        frame.sample_rate = 8000
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        container.mux(stream.encode(frame))

    facts = {name: examine(tmp_path / name) for name in ("text.mp4", "empty.mp4", "missing.mp4", "sound.wav")}

    assert [(fact.duration, fact.has_video) for fact in facts.values()] == [(None, False)] * 4
    assert facts["sound.wav"].has_audio


@pytest.mark.slow
def test_results_are_made_once(
    tmp_path: Path, open_studio: Callable[..., Studio], ask: Callable[..., dict[str, Any]]
) -> None:
    """A kept upload is dubbed per version, one without bytes from the sample; asked again, it is the same file."""
    studio, results = open_studio(), Results(tmp_path)
    studio.create_asset(ask("es-ES", end_time=2), Video(sha256="0", size=1, duration=9.0, path=TALK))
    studio.create_asset(ask("es-ES"), Video.of(b"x", duration=10.0))
    own, sample = studio.assets

    first = results.of(own.versions[0], own)
    written = first.stat().st_mtime_ns

    assert results.of(own.versions[0], own) == first
    assert first.stat().st_mtime_ns == written
    assert examine(first).duration == pytest.approx(2.0, abs=0.2)
    assert results.of(sample.versions[0], sample).name == "es-ES.mp4"


def test_the_sample_is_a_drop_that_the_studio_takes(ask: Callable[..., dict[str, Any]]) -> None:
    """The talk is nine seconds of picture and sound under 400 kB, its sidecars are an order the API would accept."""
    settings = tomllib.loads(TALK.with_suffix(".toml").read_text(encoding="utf-8"))
    srt = TALK.with_name("talk.es-ES.srt").read_text(encoding="utf-8")
    settings["languages"] = [{"locale": locale} for locale in settings["languages"]]
    settings["languages"][0]["srt"] = srt
    facts = examine(TALK)

    asked = read_request(settings, by_url=False)

    assert tuple(locale for locale, _ in asked.languages) == ("es-ES", "fr-FR")
    assert asked.ignored == ()
    assert is_srt(srt)
    assert facts.duration == pytest.approx(9.0, abs=0.01)
    assert TALK.stat().st_size < 400_000
    assert boxes(TALK)[:2] == [b"ftyp", b"moov"]
