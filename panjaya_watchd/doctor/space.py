"""Free space: bytes and names that the service's user can still make, held against what results need."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from panjaya_watchd.core.names import display
from panjaya_watchd.doctor.findings import Finding, ok, trouble, warning

LEAST: Final = 1 << 30
"""Bytes that should be free for results, whatever waits."""

LEDGER: Final = 100 << 20
"""Bytes that should be free for the ledger; 100,000 claims take about as much."""

_NOTHING: Final = 16
"""Below the sixteenth part of what is needed nothing goes on."""

_INODES: Final = 1000


def judge(what: str, path: Path, needed: int, why: str) -> Iterator[Finding]:
    """
    Look how much is free where a path lies, or the nearest that is there above it.

    Args:
        what: how to call the place.
        path: the place.
        needed: bytes.
        why: what they are needed for.

    Raises:
        OSError: the file system does not say.

    """
    there = next(each for each in (path, *path.parents) if each.exists())
    found = os.statvfs(there)
    free, names = found.f_bavail * found.f_frsize, found.f_favail
    shown = f"{what} ({display(str(path))})"
    if free < needed:
        make = trouble if free < needed // _NOTHING else warning
        says = f"{shown}: {size(free)} free, and {size(needed)} are needed for {why}."
        yield make("disk", says, "Free some space there.")
    else:
        yield ok("disk", f"{shown}: {size(free)} free.")
    # btrfs and many network shares make inodes as they are needed, and count none
    if found.f_files > 0 and names < _INODES:
        make = trouble if names < _INODES // _NOTHING else warning
        yield make("disk", f"{shown}: only {names} more files can be made.", "Delete files there: its inodes run out.")


def size(count: int) -> str:
    """Write a number of bytes as people do."""
    amount, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.1f} {unit}" if amount < 10 and unit != "B" else f"{amount:.0f} {unit}"
