"""
Power cuts at the level of blocks: ``PYTHONPATH=tests python -m bench.powercut``; root, Debian's e2fsprogs and xfsprogs.

Scenes are played on real ext4 and xfs, on devices that write down every write and flush (`recorder`); what was promised
meanwhile is noted beside (`history`). Then, for one cut after the other, the disks are made again as they may be when
the power is back (`images`), the kernel mounts them, the daemon starts on them, and everything is held against what was
promised: no put lost, no file lost or torn, no bill twice, every drop answered or held.

In the end the same is done without a safeguard (`safeguards`), and a broken promise has to be found each time. Prints a
line for each, and ends with status 1 where something is wrong. About five minutes.
"""

import argparse
import itertools
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from textwrap import shorten
from typing import Final, Protocol

from bench.powercut.books import Books
from bench.powercut.folders import Folders
from bench.powercut.history import History
from bench.powercut.images import Images, positions
from bench.powercut.recorder import Entry, Recorder, run
from bench.powercut.safeguards import SAFEGUARDS

MAKE: Final = {
    "ext4": ("48M", "mkfs.ext4", "-q", "-b4096", "-Elazy_itable_init=0,nodiscard"),
    "xfs": ("300M", "mkfs.xfs", "-q", "-K"),
}
"""The size of a disk, and how a file system is made on it; xfs takes no smaller one."""


class Scene(Protocol):
    """What happens on the disks, and what has to be true after a power cut."""

    figures: Counter[str]

    def prepare(self) -> None:
        """Lay down what is there before; it is synced."""

    def play(self) -> None:
        """Do what the power is cut in."""

    def recover(self, cut: int) -> None:
        """Take up what is left. Raises whatever it comes to where a promise is broken."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A scene, and the file systems of the disks on which it is played."""

    scene: Callable[[Sequence[Path], History], Scene]
    disks: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.scene.__name__.lower()} on {' and '.join(self.disks)}"


STAGES: Final = (
    Stage(Books, ("ext4",)),
    Stage(Books, ("xfs",)),
    Stage(Folders, ("ext4",)),
    Stage(Folders, ("xfs",)),
    Stage(Folders, ("ext4", "xfs")),
)
ENOUGH: Final = 100
"""Cuts after which the absence of a safeguard has to be found."""

INSIDE: Final = "POWERCUT_INSIDE"
WITHOUT: Final = {
    "ledger-sync": Stage(Books, ("ext4",)),
    "fsync-of-file": Stage(Folders, ("ext4", "xfs")),
    "fsync-of-folder": Stage(Folders, ("ext4", "xfs")),
    "gate": Stage(Folders, ("ext4",)),
}
"""Where the absence of each safeguard is looked for."""


class BrokenPromiseError(Exception):
    """A promise that was not held: with which seed, at which cut, and what was found."""


class Record:
    """A scene that was played: everything that came to the disks, ready to be cut."""

    def __init__(self, stage: Stage, home: Path) -> None:
        self.stage = stage
        self._home = home
        self._points = [home / f"disk-{number}" for number in range(len(stage.disks))]
        self._bases = [home / f"base-{number}" for number in range(len(stage.disks))]
        images = [home / f"image-{number}" for number in range(len(stage.disks))]
        for kind, base, image in zip(stage.disks, self._bases, images, strict=True):
            size, *make = MAKE[kind]
            run("truncate", "--size", size, str(base))
            run(*make, str(base))
            run("fallocate", "--dig-holes", str(base))
            run("cp", "--sparse=auto", str(base), str(image))
        with Recorder(images, home) as recorder:
            self.scene = stage.scene(self._points, History(lambda: recorder.position))
            with self._mounted(recorder.devices):
                self.scene.prepare()
                os.sync()
                self.begin = recorder.position
                self.scene.play()
                end = recorder.position
        self.entries: list[Entry] = recorder.entries()[:end]

    @contextmanager
    def _mounted(self, devices: Sequence[Path | str], options: str = "defaults") -> Iterator[None]:
        with ExitStack() as stack:
            for kind, device, point in zip(self.stage.disks, devices, self._points, strict=True):
                point.mkdir(exist_ok=True)
                run("mount", "-t", kind, "-o", options, str(device), str(point))
                stack.callback(run, "umount", str(point))
            yield

    def cut(self, count: int, seed: int) -> Iterator[int]:
        """
        Cut the power that often, and recover each time; gives each position when that went well.

        Raises:
            BrokenPromiseError: at the first promise that was not held.

        """
        images = Images(self.entries, self._bases, self._home)
        for position in positions(self.entries, self.begin, count, Random(seed)):
            cut = images.build(position, Random(f"{seed} {position}"))
            try:
                with self._mounted(cut, "loop"):
                    self.scene.recover(position)
            except Exception as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                raise BrokenPromiseError(
                    f"{self.stage}, seed {seed}, cut at {position}: {where.line} {error}"
                ) from error
            yield position


def prove(stage: Stage, home: Path, count: int, seed: int) -> None:
    """Play a scene, cut the power in it, and print the figures. Raises `BrokenPromiseError`."""
    began = time.monotonic()
    record = Record(stage, home)
    cuts = sum(1 for _ in record.cut(count, seed))
    entries = record.entries[record.begin :]
    flushes = sum(entry.content is None for entry in entries)
    figures = ", ".join(f"{name} {number}" for name, number in record.scene.figures.items())
    print(
        f"{stage}: {len(entries) - flushes} writes, {flushes} flushes, {cuts} cuts, "
        f"{cuts * len(stage.disks)} mounts; {figures} ({time.monotonic() - began:.0f} s)"
    )


def miss(safeguard: str, home: Path, count: int, seed: int) -> bool:
    """Play a scene without a safeguard, and say whether that was found out."""
    with SAFEGUARDS[safeguard]():
        record = Record(WITHOUT[safeguard], home)
    well = 0
    try:
        for _ in record.cut(count, seed):
            well += 1
    except BrokenPromiseError as broken:
        print(f"without {safeguard}: found at cut {well + 1}: {shorten(str(broken), 240)}")
        return True
    print(f"without {safeguard}: NOT FOUND in {well} cuts")
    return False


def main() -> None:
    """Prove all, or look for what is left out."""
    parser = argparse.ArgumentParser(prog="bench.powercut", description="Power cuts at the level of blocks.")
    parser.add_argument("--cuts", type=int, default=300, help="power cuts for each scene")
    parser.add_argument("--seed", type=int, default=0, help="decides where they are, and what they leave")
    parser.add_argument("--without", choices=SAFEGUARDS, help="only look for the absence of this safeguard")
    asked = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("Mounting needs root. Type: sudo make powercut")
    if not Path("/dev/fuse").exists() or not Path("/dev/loop-control").exists():
        sys.exit("Missing here: /dev/fuse or /dev/loop-control. It needs a machine with a kernel of its own.")
    for tool, package in (("mkfs.ext4", "e2fsprogs"), ("mkfs.xfs", "xfsprogs")):
        if shutil.which(tool) is None:
            sys.exit(f"Missing here. Type: apt-get install {package}")
    if INSIDE not in os.environ:
        # Mounts of its own, which are gone with it, whatever ends it.
        own = ("unshare", "--mount", "--propagation", "private", sys.executable, "-m", "bench.powercut")
        os.execvpe(own[0], [*own, *sys.argv[1:]], {**os.environ, INSIDE: "yes"})
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory(prefix="powercut-") as made:
        run("mount", "-t", "tmpfs", "powercut", made)
        try:
            well = _main(Path(made), asked)
        finally:
            run("umount", "--lazy", made)
    sys.exit(not well)


def _main(place: Path, asked: argparse.Namespace) -> bool:
    homes = (Path(tempfile.mkdtemp(dir=place)) for _ in itertools.count())
    tempfile.tempdir = str(place)
    if asked.without is not None:
        return miss(asked.without, next(homes), asked.cuts, asked.seed)
    try:
        for stage in STAGES:
            prove(stage, next(homes), asked.cuts, asked.seed)
    except BrokenPromiseError as broken:
        print(f"BROKEN: {broken}")
        return False
    found = [miss(safeguard, next(homes), max(asked.cuts, ENOUGH), asked.seed) for safeguard in SAFEGUARDS]
    return all(found)


if __name__ == "__main__":
    main()
