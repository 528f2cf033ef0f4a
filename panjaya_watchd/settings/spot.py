"""
Where a path really is, so that two paths to one place are known for what they are.

Three proofs, each for what the others miss: the path without symbolic links; the file system's own numbers of it and of
everything above it (one directory under two names); and the path inside its file system, which alone unmasks a bind
mount of something further down.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_MOUNT = re.compile(r"(?P<id>\d+) \d+ (?P<device>\d+:\d+) (?P<root>\S+) (?P<point>\S+) .*? - (?P<type>\S+) ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """
    A place on the disk, which need not exist yet.

    ``real`` has no symbolic links. ``number`` is (st_dev, st_ino), None for what does not exist; ``above`` holds the
    numbers of the place and of everything above it. ``inner`` is its device and its path inside the file system.
    """

    real: Path
    number: tuple[int, int] | None
    above: frozenset[tuple[int, int]]
    inner: tuple[str, Path] | None

    @classmethod
    def at(cls, path: Path) -> Self:
        """Look where a path leads. What may not be looked at counts as missing."""
        real = Path(os.path.realpath(path))
        chain = [real, *real.parents]
        numbers = [_number(step) for step in chain]
        there = next(step for step, number in zip(chain, numbers, strict=True) if number is not None)
        inner = _inside(there)
        return cls(
            real=real,
            number=numbers[0],
            above=frozenset(number for number in numbers if number is not None),
            inner=inner and (inner[0], inner[1] / real.relative_to(there)),
        )

    def within(self, other: "Spot") -> bool:
        """Say whether this is the other place or lies below it."""
        if self.real.is_relative_to(other.real) or other.number in self.above:
            return True
        if self.inner is None or other.inner is None or self.inner[0] != other.inner[0]:
            return False
        return self.inner[1].is_relative_to(other.inner[1])

    def overlaps(self, other: "Spot") -> bool:
        """Say whether one of the two lies within the other."""
        return self.within(other) or other.within(self)


def _number(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _inside(path: Path) -> tuple[str, Path] | None:
    """Give the device of an existing path and its path inside the file system; None where the kernel does not tell."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            told = Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii")
        finally:
            os.close(descriptor)
        mounts = Path("/proc/self/mountinfo").read_bytes().decode("utf-8", errors="surrogateescape")
    except OSError:
        return None
    mount_id = re.search(r"^mnt_id:\s*(\d+)$", told, re.MULTILINE)
    rows = (_MOUNT.match(line) for line in mounts.split("\n"))
    row = next((row for row in rows if row and mount_id and row["id"] == mount_id[1]), None)
    # NFS always tells "/" as its root (nfs_show_path in the kernel), so that siblings would look like one place
    if row is None or row["type"].startswith("nfs"):
        return None
    try:
        return row["device"], Path(_unescape(row["root"])) / path.relative_to(_unescape(row["point"]))
    except ValueError:
        return None


def _unescape(text: str) -> str:
    r"""Read the kernel's ``\040`` for a space (proc(5))."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
