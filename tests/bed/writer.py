"""
Ways of writing a file that no handy program has: ``writer.py WAY SOURCE TARGET COURSE``.

COURSE says what happens half way: ``stalled``, it stops until it is told to go on; ``killed``, it dies.
"""

import mmap
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

HalfWay = Callable[[], None]


def half_way(course: str) -> HalfWay:
    """Give what is done half way."""
    sent = {"stalled": signal.SIGSTOP, "killed": signal.SIGKILL}.get(course)
    return lambda: None if sent is None else os.kill(os.getpid(), sent)


def _halves(content: bytes) -> tuple[bytes, bytes]:
    return content[: len(content) // 2], content[len(content) // 2 :]


def browser(content: bytes, target: Path, at_half: HalfWay) -> None:
    """Take the place, write beside it under two names, and rename over it."""
    first, second = _halves(content)
    target.touch()
    hidden, beside = target.with_name(f".org.chromium.Chromium.{os.getpid():06d}"), Path(f"{target}.crdownload")
    with hidden.open("wb") as file:
        file.write(first)
        file.flush()
        hidden.rename(beside)
        at_half()
        file.write(second)
    beside.rename(target)


def append(content: bytes, target: Path, at_half: HalfWay) -> None:
    """Write in two rounds, and close between them."""
    first, second = _halves(content)
    target.write_bytes(first)
    at_half()
    with target.open("ab") as file:
        file.write(second)


def header_last(content: bytes, target: Path, at_half: HalfWay) -> None:
    """Leave the length of the media open until all of them are written, as an encoder must."""
    at = content.index(b"mdat") - 4
    with target.open("wb") as file:
        first, second = _halves(content[:at] + bytes(4) + content[at + 4 :])
        file.write(first)
        file.flush()
        at_half()
        file.write(second)
        file.seek(at)
        file.write(content[at : at + 4])


def second_pass(content: bytes, target: Path, at_half: HalfWay) -> None:
    """Write a file that is whole to all appearance, and then a part of it once more."""
    middle = slice(len(content) // 2, len(content) // 2 + 1000)
    with target.open("wb") as file:
        file.write(content[: middle.start] + content[middle][::-1] + content[middle.stop :])
        file.flush()
        at_half()
        file.seek(middle.start)
        file.write(content[middle])


def through_memory(content: bytes, target: Path, at_half: HalfWay) -> None:
    """Write through a mapping whose descriptor is closed already."""
    first, second = _halves(content)
    with target.open("w+b") as file:
        file.truncate(len(content))
        mapped = mmap.mmap(file.fileno(), len(content))
    with mapped:
        mapped[: len(first)] = first
        at_half()
        mapped[len(first) :] = second


def fallocate(content: bytes, target: Path, at_half: HalfWay) -> None:
    """Reserve the whole length first."""
    with target.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, len(content))
        _write(file.fileno(), content, at_half)


def truncate(content: bytes, target: Path, at_half: HalfWay) -> None:
    """Say the whole length first."""
    with target.open("wb") as file:
        file.truncate(len(content))
        _write(file.fileno(), content, at_half)


def _write(file: int, content: bytes, at_half: HalfWay) -> None:
    first, second = _halves(content)
    os.write(file, first)
    at_half()
    os.write(file, second)


WAYS = {
    "browser": browser,
    "append": append,
    "header-last": header_last,
    "second-pass": second_pass,
    "mmap": through_memory,
    "fallocate": fallocate,
    "truncate": truncate,
}

if __name__ == "__main__":
    way, source, into, course = sys.argv[1:]
    WAYS[way](Path(source).read_bytes(), Path(into), half_way(course))
