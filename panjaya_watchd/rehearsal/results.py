"""
Result videos: playable, and different for every locale.

The picture is copied as it is; the sound is encoded again with a chime of the locale's own pitch in its first second,
and the title is the locale, so that a mix-up can be heard, seen and compared. PyAV is imported only when a video is
examined or made.
"""

import math
import threading
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from panjaya_watchd.core.locales import SOURCES
from panjaya_watchd.core.names import Locale
from panjaya_watchd.rehearsal.records import AssetRecord, VersionRecord

if TYPE_CHECKING:
    import av

TALK: Final = Path(__file__).with_name("talk.mp4")
"""The sample video, nine seconds of a talk in English; CC0."""

FIRST_SENTENCE: Final = 3.0
"""Seconds of the sample that stand in for a result whose source was not kept."""

COPIED: Final = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4"})
"""Video codecs that an MP4 carries without being encoded again; any other source is answered with the sample video."""

RATE: Final = 48_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a file is as media; ``duration`` in seconds, None where it has no video stream or no length."""

    duration: float | None = None
    has_video: bool = False
    has_audio: bool = False
    codec: str = ""


def examine(path: Path) -> Facts:
    """Read a file's streams. What is no media file at all has no facts; nothing is raised for it."""
    import av  # noqa: PLC0415  (90 ms and 60 MB that a rehearsal without examination does not pay)

    try:
        with av.open(str(path)) as container:
            videos = [stream for stream in container.streams.video if stream.codec_context.width]
            duration = None if container.duration is None else container.duration / 1_000_000
            return Facts(
                duration=duration if videos else None,
                has_video=bool(videos),
                has_audio=bool(container.streams.audio),
                codec=videos[0].codec_context.name if videos else "",
            )
    except (av.FFmpegError, OSError, ValueError):
        return Facts()


def dub(source: Path, into: Path, *, locale: str, start: float = 0.0, end: float | None = None) -> None:
    """
    Make a result: the source's picture from ``start`` to ``end`` (seconds), its sound with the locale's chime.

    The picture is cut without encoding, so it begins at the key frame before ``start``, which players skip by the edit
    list, and may end some frames after ``end``. The index stands first in the file (faststart).

    Raises:
        av.FFmpegError: the source cannot be read to its end.

    """
    import av  # noqa: PLC0415  (see `examine`)

    until = math.inf if end is None else end
    with (
        av.open(str(source)) as incoming,
        av.open(str(into), "w", format="mp4", options={"movflags": "+faststart"}) as outgoing,
    ):
        picture = incoming.streams.video[0]
        sound = incoming.streams.audio[0]
        picture_out = outgoing.add_stream_from_template(picture)
        sound_out = outgoing.add_stream("aac", rate=RATE, layout="mono")
        outgoing.metadata["title"] = locale
        sound_out.metadata["handler_name"] = locale
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        played = 0
        if start:
            incoming.seek(int(start * 1_000_000))
        for packet in incoming.demux(picture, sound):
            if packet.dts is None or packet.dts * packet.time_base >= until:
                continue
            if packet.stream is picture:
                shift = int(start / packet.time_base)
                packet.dts -= shift
                packet.pts = None if packet.pts is None else packet.pts - shift
                packet.stream = picture_out
                outgoing.mux(packet)
                continue
            for decoded in packet.decode():
                if not isinstance(decoded, av.AudioFrame) or decoded.time is None or decoded.time < start:
                    continue
                for frame in resampler.resample(decoded):
                    _chime(frame, played, locale)
                    frame.pts = played
                    played += frame.samples
                    outgoing.mux(sound_out.encode(frame))
        outgoing.mux(sound_out.encode(None))


def pitch(locale: str) -> float:
    """Give the locale's own note in hertz: semitones from 330 Hz, in the order of the API's table."""
    return float(330.0 * 2 ** (sorted(SOURCES).index(Locale(locale)) / 12))


class Results:
    """Makes each result once and keeps it in a folder; called from many threads, one of which works at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._made: set[Path] = set()

    def of(self, version: VersionRecord, asset: AssetRecord) -> Path:
        """Give the result of a version: from the uploaded video where it was kept, else from the sample video."""
        source = None if asset.video is None else asset.video.path
        if source is not None and examine(source).codec not in COPIED:
            source = None
        name = version.locale if source is None else version.version_id
        path = self._folder / f"{name}.mp4"
        with self._lock:
            if path not in self._made:
                if source is None:
                    dub(TALK, path, locale=version.locale, end=FIRST_SENTENCE)
                else:
                    asked = asset.request
                    dub(source, path, locale=version.locale, start=asked.start_time or 0.0, end=asked.end_time)
                self._made.add(path)
        return path


def _chime(frame: "av.AudioFrame", played: int, locale: str) -> None:
    """Mix a fading tone into what lies within the first second."""
    if played >= RATE:
        return
    plane = frame.planes[0]
    samples = array("h", bytes(plane))
    step = 2 * math.pi * pitch(locale) / RATE
    for index in range(min(frame.samples, RATE - played)):
        at = played + index
        samples[index] = samples[index] // 2 + int(12_000 * (1 - at / RATE) * math.sin(step * at))
    plane.update(samples.tobytes())
