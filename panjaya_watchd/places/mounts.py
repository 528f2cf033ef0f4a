"""
Which file systems lie at and below a watch folder, as the kernel lists them in ``/proc/self/mountinfo``.

Of mounts on one place only the uppermost can be reached, and what is mounted below one that is covered cannot be
reached at all; so the list is walked from the top as a path is looked up, and not searched for names. Nothing here
touches the mounts themselves, for a dead one would not answer.
"""

import ctypes
import functools
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from panjaya_watchd.core.profiles import Ground, Profile, profile_of

TABLE: Final = Path("/proc/self/mountinfo")

_SHARES: Final = frozenset({Profile.CIFS, Profile.NFS, Profile.FUSE})

_ESCAPED: Final = re.compile(rb"\\([0-7]{3})")
_EMPTY_PATH: Final = 0x1000
_MOUNT_ID: Final = 0x1000
_UNIQUE_MOUNT_ID: Final = 0x4000
_AT_MASK: Final = slice(0, 4)
_AT_MOUNT_ID: Final = slice(0x90, 0x98)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One mount: its number and that of the mount that it stands on, 0 where that is not listed."""

    number: int
    above: int
    point: str
    kind: str
    options: str


def parse(table: bytes) -> tuple[Mount, ...]:
    """Read the kernel's list; a line that cannot be understood is left out."""
    found = [mount for line in table.splitlines() if (mount := _parse_line(line)) is not None]
    listed = {number for number, *_ in found}
    return tuple(
        Mount(
            number=number,
            above=above if above in listed and above != number else 0,
            point=point,
            kind=kind,
            options=options,
        )
        for number, above, point, kind, options in found
    )


def _parse_line(line: bytes) -> tuple[int, int, str, str, str] | None:
    before, dash, after = line.partition(b" - ")
    fields, rest = before.split(), after.split(b" ")
    if not dash or len(fields) < 6 or len(rest) < 3 or not (fields[0].isdigit() and fields[1].isdigit()):
        return None
    # Those of the mount, then those of the file system, among which NFS tells how old its attributes may be.
    options = b",".join((fields[5], rest[-1]))
    return int(fields[0]), int(fields[1]), unescape(fields[4]), unescape(rest[0]), unescape(options)


def unescape(field: bytes) -> str:
    r"""Give a field as text: blanks, tabs, line breaks and backslashes are written as ``\040`` and so on."""
    return os.fsdecode(_ESCAPED.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), field))


def grounds(
    root: str,
    mounts: tuple[Mount, ...],
    *,
    profile: Profile | None = None,
    exported: Callable[[str], str | None] = lambda _: None,
) -> tuple[Ground, ...]:
    """
    Give the file system of a folder, and then those that can be reached below it, by name.

    Args:
        root: an absolute path without links.
        mounts: all of them.
        profile: what a person has said, for all of them; None to choose by what they are.
        exported: names the share through which this host gives a path to others.

    """
    standing = {(mount.above, mount.point): mount for mount in mounts}  # of two on one place the last one wins

    def ground(folder: str, mount: Mount | None) -> Ground:
        share = exported(f"{root}/{folder}" if folder else root)
        kind = mount.kind if mount else ""
        return Ground(
            folder=folder,
            kind=kind,
            profile=profile or profile_of(kind, exported=share is not None),
            mount=mount.number if mount else 0,
            options=mount.options if mount else "",
            exported=share,
        )

    start = root.rstrip("/") + "/"
    below = sorted({mount.point for mount in mounts if mount.point.startswith(start) and mount.point != start})
    reached = [(point, mount) for point in below if (mount := _at(point, standing)) and mount.point == point]
    return (ground("", _at(root, standing)), *(ground(point.removeprefix(start), mount) for point, mount in reached))


def _at(path: str, standing: dict[tuple[int, str], Mount]) -> Mount | None:
    """Walk down to a path as the kernel does: onto what is mounted on each level, and on what is mounted on that."""
    now, level = None, ""
    for name in ("", *path.strip("/").split("/")):
        level = f"{level.rstrip('/')}/{name}"
        while (inner := standing.get((now.number if now else 0, level))) is not None:
            now = inner
    return now


def parse_fstab(table: bytes) -> tuple[Mount, ...]:
    """Read what is to be mounted (fstab(5)); entries that name no file system, as bind mounts, are left out."""
    entries = (line.split() for line in table.splitlines() if not line.lstrip().startswith(b"#"))
    return tuple(
        Mount(number=0, above=0, point=unescape(entry[1]), kind=unescape(entry[2]), options="")
        for entry in entries
        if len(entry) >= 3 and entry[2] not in {b"none", b"auto", b"bind"}
    )


def share_of(path: str, mounted: tuple[Mount, ...], planned: tuple[Mount, ...] = ()) -> str | None:
    """
    Give where the first share begins on the way down to a path; None where there is none.

    A share is what another host or a process answers for, and so may hang. One on which the whole machine lies is none.

    Args:
        path: an absolute path.
        mounted: what is mounted, which may cover what is mounted below.
        planned: what is to be mounted besides, by the table of that.

    """
    standing = {(mount.above, mount.point): mount for mount in mounted}
    numbered = {mount.number: mount for mount in mounted}
    way: list[Mount] = [mount for mount in planned if f"{path}/".startswith(mount.point.rstrip("/") + "/")]
    now = _at(path, standing)
    while now is not None:
        way.append(now)
        now = numbered.get(now.above)
    shares = {mount.point for mount in way if mount.point != "/" and profile_of(mount.kind, exported=False) in _SHARES}
    return min(shares, key=len, default=None)


def mounting(descriptor: int) -> tuple[int, ...]:
    """
    Tell one mounting of a file system from the next, by a descriptor on it.

    Device numbers, and before Linux 6.8 also the numbers of mounts, are given out again as soon as they are free; where
    there is no number that is never used twice, the name that the file system gives itself is added.
    """
    number, unique = _mount_number(descriptor)
    return (number,) if unique else (number, os.fstatvfs(descriptor).f_fsid)


def _mount_number(descriptor: int) -> tuple[int, bool]:
    libc = _libc()
    found = ctypes.create_string_buffer(256)
    asked = ctypes.c_uint(_MOUNT_ID | _UNIQUE_MOUNT_ID)
    if not hasattr(libc, "statx") or libc.statx(descriptor, b"", _EMPTY_PATH, asked, found):
        return 0, False
    mask = int.from_bytes(found.raw[_AT_MASK], sys.byteorder)
    return int.from_bytes(found.raw[_AT_MOUNT_ID], sys.byteorder), bool(mask & _UNIQUE_MOUNT_ID)


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
