"""
Measuring a video: how long it is and what streams it has.

A file from a share is anybody's file, and demuxers have had holes. So it is opened by a child process that gets one
open descriptor, no environment (the API key may stand there), no name, little memory and little time. Whatever goes
wrong, the answer is "unknown". A measured duration is for estimates and receipts; it says nothing about whether the
file is whole: a video cut in half may still state its full length.
"""

import json
import math
import os
import re
import stat
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

CHILD: Final = (sys.executable, "-I", "-B", str(Path(__file__).with_name("child.py")))
"""Isolated, and by its path: it works from any working directory, and nothing there can pose as a module."""

ANSWER_LIMIT: Final = 4096
"""Bytes; the child cannot write more (``RLIMIT_FSIZE``), and no more is read."""

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}")
"""Short ASCII, as ISO 639 and BCP 47 have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """
    What a video says of itself.

    ``duration`` is in seconds, None where the container does not tell (a live recording). A cover picture is no video.
    ``container`` is libavformat's name, such as ``mov,mp4,m4a,3gp,3g2,mj2``. ``audio_languages`` has an entry for each
    stream of sound that names its language, such as ``eng`` or ``pt-BR``, in their order; most name none.
    """

    duration: float | None
    has_video: bool
    has_audio: bool
    container: str
    audio_languages: tuple[str, ...] = ()


def probe(video: int | str | os.PathLike[str], *, timeout: float, command: Sequence[str] = CHILD) -> Probe | None:
    """
    Measure a video within ``timeout`` seconds.

    Args:
        video: an open descriptor, whose offset is neither used nor moved, or a path. A path must name a regular file
            itself; a symbolic link is not followed.
        timeout: seconds of wall time, start of the child included (0.2 s).
        command: the child; it finds the video as its standard input and ``timeout``, rounded up, as its argument.

    Returns:
        None where anything failed: no such file, no streams in it, too slow, too big, killed. Nothing is raised.

    """
    if isinstance(video, int):
        return _measure(video, timeout, command)
    try:
        # Without O_NONBLOCK, opening a FIFO would wait for a writer for ever.
        descriptor = os.open(video, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        return _measure(descriptor, timeout, command)
    finally:
        os.close(descriptor)


def _measure(descriptor: int, timeout: float, command: Sequence[str]) -> Probe | None:
    """Run the child. Its answer goes to memory, not to a pipe: no reader is needed, and its size has a limit."""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with os.fdopen(os.memfd_create("probe"), "r+b", buffering=0) as answer:
            return _read(answer.fileno()) if _run(descriptor, answer.fileno(), timeout, command) else None
    except OSError:
        return None


def _run(descriptor: int, answer: int, timeout: float, command: Sequence[str]) -> bool:
    """Say whether the child came to an end by itself and was content."""
    child = subprocess.Popen(  # noqa: S603  (a fixed command; nothing of the drop is in it)
        [*command, str(math.ceil(timeout))],
        stdin=descriptor,
        stdout=answer,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={},
    )
    try:
        return child.wait(timeout) == 0
    except subprocess.TimeoutExpired:
        child.kill()
        # One that reads from a dead share cannot be killed before the share answers; nobody waits for that.
        with suppress(subprocess.TimeoutExpired):
            child.wait(1.0)
        return False


def _read(answer: int) -> Probe | None:
    """Read the child's JSON as if a stranger had written it, because a hostile video may have."""
    try:
        said: Any = json.loads(os.pread(answer, ANSWER_LIMIT, 0))
        duration, container = said["duration"], said["container"]
        has_video, has_audio, languages = said["has_video"], said["has_audio"], said["audio_languages"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not (isinstance(container, str) and isinstance(has_video, bool) and isinstance(has_audio, bool)):
        return None
    if not isinstance(languages, list):
        return None
    if not (has_video or has_audio):
        return None  # an MP4 cut in the middle of its index opens like this
    known = isinstance(duration, float) and math.isfinite(duration) and duration > 0
    return Probe(
        duration=duration if known else None,
        has_video=has_video,
        has_audio=has_audio,
        container=container,
        audio_languages=tuple(tag for tag in languages if isinstance(tag, str) and _is_language(tag)),
    )


def _is_language(tag: str) -> bool:
    """Say whether a tag can name a language; ``und`` is what libav and others write where nobody said any."""
    return bool(_LANGUAGE.fullmatch(tag)) and tag.lower() != "und"
