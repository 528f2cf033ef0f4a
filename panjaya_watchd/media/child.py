"""
The process that opens a stranger's video: standard input is the file, standard output one line of JSON.

Before the first byte of the file is read it gives up memory, time and the right to write, and libav is left no protocol
to open anything else with. It knows nothing of ours: it is run by its path, apart from the package. Any failure is a
non-zero exit status without words.
"""

import json
import os
import resource
import signal
import sys
from typing import Final

MEMORY: Final = 1 << 30
"""Bytes of address space. Measured with PyAV 18: 0.12 GB for a short video, 0.63 GB for the index of an MP4 of 24 h."""

WRITTEN: Final = 4096
"""Bytes that may be written to any file, our answer included."""

LANGUAGES, LANGUAGE = 32, 40
"""Streams of sound that are asked for their language, and letters of each: more would not fit into the answer."""

DEMUXERS: Final = "aac,aiff,asf,avi,flac,flv,matroska,mov,mp3,mp4,mpeg,mpegts,mpegvideo,mxf,ogg,wav,webm"
"""Formats that hold their own media. Not among them: HLS, DASH, concat and others that name files and URLs to open."""


class Video:
    """A file read by position from an open descriptor, so that the offset it shares with the daemon never moves."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._position = 0

    def read(self, limit: int) -> bytes:
        """Read up to ``limit`` bytes; ``b""`` at the end."""
        chunk = os.pread(self._descriptor, limit, self._position)
        self._position += len(chunk)
        return chunk

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position, which is also the answer."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def tell(self) -> int:
        """Give the current position."""
        return self._position


def confine(seconds: int) -> None:
    """Give up what a demuxer does not need, for good. Raises OSError or ValueError where the system refuses."""
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_FSIZE, WRITTEN),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(limit)[1]
        most_allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (most_allowed, most_allowed))
    # Should the daemon die, nobody else would end a child that hangs.
    signal.alarm(seconds)


def measure(descriptor: int) -> dict[str, object]:
    """Open the video and tell its duration in seconds, its streams and its container. Raises whatever libav does."""
    import av  # noqa: PLC0415  (only after `confine`: loading libav is the first thing that needs watching)
    from av.stream import Disposition  # noqa: PLC0415

    # No protocol has this name: a file may not make libav open anything else, here or elsewhere (SSRF).
    options = {"format_whitelist": DEMUXERS, "protocol_whitelist": "none"}
    with av.open(Video(descriptor), mode="r", options=options) as container:
        lengths = [
            float(stream.duration * stream.time_base)
            for stream in container.streams
            if stream.duration is not None and stream.time_base is not None
        ]
        whole = None if container.duration is None else container.duration / av.time_base
        return {
            "duration": whole if whole is not None else max(lengths, default=None),
            "has_video": any(not stream.disposition & Disposition.attached_pic for stream in container.streams.video),
            "has_audio": bool(container.streams.audio),
            "audio_languages": [
                stream.metadata.get("language", "")[:LANGUAGE] for stream in container.streams.audio[:LANGUAGES]
            ],
            "container": container.format.name,
        }


def main() -> None:
    """Measure standard input within the seconds of the first argument."""
    confine(int(sys.argv[1]))
    sys.stdout.write(json.dumps(measure(sys.stdin.fileno())))


if __name__ == "__main__":
    main()
