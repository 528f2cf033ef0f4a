"""
What a look at a big watch folder costs: `python bench/scan.py [FILES] [FOLDER]`.

Prints the first and the repeated scans of FILES videos (100,000), their CPU seconds and memory, the sorting into drops,
and `find` doing the same reading in the same run, so that the ratio means something on any machine.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from panjaya_watchd.core.drop import group
from panjaya_watchd.places.disk import DiskPlace
from panjaya_watchd.run.intake import SCAN_SHARE

REPEATS = 5


def measured(what: str, act: Callable[[], object]) -> tuple[float, float]:
    """Run once; print and give wall and CPU seconds, children included."""
    before, began = _cpu(), time.perf_counter()
    act()
    wall, cpu = time.perf_counter() - began, _cpu() - before
    print(f"{what:28} {wall:8.3f} s wall {cpu:8.3f} s CPU")
    return wall, cpu


def _cpu() -> float:
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in spent)


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def main(count: int, folder: str | None) -> None:
    """Make the files, look, compare."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        root = Path(made)
        for number in range(count):
            (root / f"video {number:06}.mp4").touch()
        place = DiskPlace(root, done=Path("done"), failed=Path("failed"), recursive=False)
        resident = _resident()
        find = ["find", made, "-type", "f", "-printf", "%s %T@ %C@ %i %f\\n"]
        measured("find, first", lambda: subprocess.run(find, stdout=subprocess.DEVNULL, check=True))
        measured("scan, first", place.scan)
        scans = [measured("scan, again", place.scan) for _ in range(REPEATS)]
        finds = [
            measured("find, again", lambda: subprocess.run(find, stdout=subprocess.DEVNULL, check=True))
            for _ in range(REPEATS)
        ]
        files = place.scan().files
        measured("group into drops", lambda: group(files))
        scan, reference = min(cpu for _, cpu in scans), min(cpu for _, cpu in finds)
        print(f"{count} files: {scan:.3f} s CPU a scan, {scan / reference:.1f} times find's {reference:.3f} s")
        grown = _resident() - resident
        print(f"without hints the daemon looks every {scan * SCAN_SHARE:.0f} s; memory grew by {grown:.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, sys.argv[2] if len(sys.argv) > 2 else None)
