"""Videos of a second or two, made by libav: pictures and sound of noise, so that nothing in them is zeros by chance."""

import random
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

RATE: Final = 25
SOUND_RATE: Final = 48_000


@dataclass(frozen=True, kw_only=True)
class Film:
    """What to make: a suffix, codecs, options of the container, and whether it shows and sounds like nothing."""

    suffix: str
    video: str = "libx264"
    audio: str | None = "aac"
    pixels: str = "yuv420p"
    size: tuple[int, int] = (192, 144)
    frames: int = 30
    bit_rate: int = 2_000_000
    options: dict[str, str] = field(default_factory=dict)
    codec_options: dict[str, str] = field(default_factory=dict)
    format: str | None = None
    is_black: bool = False
    silent_from: float = 9.0
    """Seconds."""


def make(film: Film, path: Path) -> Path:
    """Make a film."""
    noise = random.Random(1)
    with av.open(str(path), "w", format=film.format, options=film.options) as container:
        pictures = container.add_stream(film.video, rate=RATE, options=dict(film.codec_options))
        assert isinstance(pictures, VideoStream)
        pictures.width, pictures.height, pictures.pix_fmt = *film.size, film.pixels
        pictures.bit_rate, pictures.gop_size = film.bit_rate, 12
        sound = None if film.audio is None else container.add_stream(film.audio, rate=SOUND_RATE, layout="stereo")
        assert sound is None or isinstance(sound, AudioStream)
        if sound is not None:
            sound.bit_rate = 128_000
        piece = SOUND_RATE // RATE
        for number in range(film.frames):
            container.mux(pictures.encode(_picture(film, number, noise)))
            if sound is not None:
                container.mux(sound.encode(_sound(film, number * piece, piece, noise)))
        container.mux(pictures.encode(None))
        if sound is not None:
            container.mux(sound.encode(None))
    return path


def _picture(film: Film, number: int, noise: random.Random) -> av.VideoFrame:
    picture = av.VideoFrame(*film.size, film.pixels)
    for at, plane in enumerate(picture.planes):
        black = bytes([16 if at == 0 else 128]) * plane.buffer_size
        plane.update(black if film.is_black else noise.randbytes(plane.buffer_size))
    picture.pts, picture.time_base = number, Fraction(1, RATE)
    return picture


def _sound(film: Film, start: int, count: int, noise: random.Random) -> av.AudioFrame:
    sound = av.AudioFrame(format="s16", layout="stereo", samples=count)
    silent = film.is_black or start >= film.silent_from * SOUND_RATE
    size = sound.planes[0].buffer_size
    sound.planes[0].update(bytes(size) if silent else noise.randbytes(size))
    sound.pts, sound.sample_rate, sound.time_base = start, SOUND_RATE, Fraction(1, SOUND_RATE)
    return sound


FILMS: Final = {
    "mp4": Film(suffix="mp4"),
    "mp4 with its index in front": Film(suffix="mp4", options={"movflags": "+faststart"}),
    "mp4 in fragments": Film(suffix="mp4", options={"movflags": "frag_keyframe+empty_moov"}),
    "mp4 in fragments with an index": Film(
        suffix="mp4", options={"movflags": "frag_keyframe+empty_moov+global_sidx+skip_trailer"}
    ),
    "mp4 with hevc": Film(
        suffix="mp4",
        size=(96, 96),
        video="libx265",
        audio="libopus",
        codec_options={"preset": "ultrafast", "x265-params": "log-level=0"},
    ),
    "mov": Film(suffix="mov"),
    "mov with pcm": Film(suffix="mov", audio="pcm_s16le"),
    "mkv": Film(suffix="mkv"),
    "webm": Film(suffix="webm", video="libvpx", audio="libopus", codec_options={"deadline": "realtime"}),
    "avi": Film(suffix="avi", video="mpeg4", audio="libmp3lame"),
    "mxf": Film(suffix="mxf", video="mpeg2video", audio="pcm_s16le"),
    "flv": Film(suffix="flv"),
    "wmv": Film(suffix="wmv", video="wmv2", audio="wmav2"),
}
"""Those whose end is proven."""

ENDLESS: Final = {
    "mp4 in fragments without a trailer": Film(
        suffix="mp4", options={"movflags": "frag_keyframe+empty_moov+skip_trailer"}
    ),
    "live webm": Film(
        suffix="webm", video="libvpx", audio="libopus", codec_options={"deadline": "realtime"}, options={"live": "1"}
    ),
    "live flv": Film(suffix="flv", options={"flvflags": "no_duration_filesize"}),
    "ts": Film(suffix="ts"),
    "m2ts": Film(suffix="m2ts", options={"mpegts_m2ts_mode": "1"}),
    "mpg": Film(suffix="mpg", video="mpeg2video", audio="mp2"),
}
"""Those which do not say where they end."""

BLACK: Final = {
    "black mp4": Film(suffix="mp4", is_black=True),
    "black dnxhd": Film(
        suffix="mov",
        video="dnxhd",
        audio="pcm_s16le",
        pixels="yuv422p",
        size=(1280, 720),
        frames=10,
        bit_rate=75_000_000,
        is_black=True,
    ),
    "black mpeg-2": Film(
        suffix="mxf",
        video="mpeg2video",
        audio="pcm_s16le",
        bit_rate=8_000_000,
        codec_options={"minrate": "8M", "maxrate": "8M", "bufsize": "2M"},
        is_black=True,
    ),
    "black mpeg-2 in mkv": Film(
        suffix="mkv",
        video="mpeg2video",
        audio="pcm_s16le",
        bit_rate=8_000_000,
        codec_options={"minrate": "8M", "maxrate": "8M", "bufsize": "2M"},
        is_black=True,
    ),
    "black wmv": Film(suffix="wmv", video="wmv2", audio="wmav2", is_black=True),
    "pcm that falls silent": Film(suffix="mov", audio="pcm_s16le", frames=50, silent_from=1.0),
    "black mjpeg": Film(suffix="avi", video="mjpeg", audio="pcm_s16le", pixels="yuvj420p", is_black=True),
}
"""Those which are whole, though much in them may be zeros."""
