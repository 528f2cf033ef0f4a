"""
What the disks of a machine may hold when its power was cut: all up to the last flush, and any part of what came since.

A disk with a volatile cache may have written any of those writes, in any order, and of each any of its sectors of 512
bytes: a sector is written as a whole or not at all. Each disk has a cache of its own; the power goes for all at once.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final

from bench.powercut.recorder import Entry, run

SECTOR: Final = 512


class Images:
    """
    Images of the disks at one cut after the other; later ones only, for what was flushed is carried along.

    Args:
        entries: what came to the devices since they held ``bases``.
        bases: what they held before.
        home: a directory in memory for the images.

    """

    def __init__(self, entries: Sequence[Entry], bases: Sequence[Path], home: Path) -> None:
        self._entries = entries
        self._flushed = [home / f"flushed-{number}" for number in range(len(bases))]
        self._cut = [home / f"cut-{number}" for number in range(len(bases))]
        self._unsure: list[list[Entry]] = [[] for _ in bases]
        self._position = 0
        for base, flushed in zip(bases, self._flushed, strict=True):
            _copy(base, flushed)

    def build(self, position: int, chance: Random) -> list[Path]:
        """Give an image of each disk as it may be when the power goes after that many entries."""
        assert position >= self._position, "the power is cut later and later"
        for entry in self._entries[self._position : position]:
            unsure = self._unsure[entry.device]
            if entry.content is None:
                _write(self._flushed[entry.device], unsure)
                unsure.clear()
            else:
                unsure.append(entry)
        self._position = position
        for flushed, cut, unsure in zip(self._flushed, self._cut, self._unsure, strict=True):
            _copy(flushed, cut)
            _write(cut, _survivors(unsure, chance))
        return self._cut


def positions(entries: Sequence[Entry], begin: int, count: int, chance: Random) -> list[int]:
    """Choose where the power is cut, ascending: before each flush is done, as far as ``count`` goes, and between."""
    flushes = [at for at in range(begin, len(entries)) if entries[at].content is None]
    chosen = set(chance.sample(flushes, min(len(flushes), count * 2 // 3))) | {len(entries)}
    others = sorted({*range(begin, len(entries))} - chosen)
    return sorted(chosen | {*chance.sample(others, min(len(others), max(0, count - len(chosen))))})


def _survivors(unsure: Sequence[Entry], chance: Random) -> Iterator[Entry]:
    """Choose what was written of what was never flushed: nothing, everything, some writes, some sectors."""
    kept, torn = chance.choice([(0.0, 0.0), (1.0, 0.0), (0.5, 0.0), (chance.random(), 0.5)])
    for entry in unsure:
        if chance.random() < torn:
            yield from _torn(entry, chance)
        elif chance.random() < kept:
            yield entry


def _torn(entry: Entry, chance: Random) -> Iterator[Entry]:
    assert entry.content is not None
    for at in range(0, len(entry.content), SECTOR):
        if chance.random() < 0.5:
            yield Entry(entry.device, entry.offset + at, entry.content[at : at + SECTOR])


def _write(image: Path, entries: Sequence[Entry] | Iterator[Entry]) -> None:
    with image.open("r+b", buffering=0) as file:
        for entry in entries:
            os.pwrite(file.fileno(), entry.content or b"", entry.offset)


def _copy(source: Path, target: Path) -> None:
    """Copy with the holes; a new file, for the old one may still be let go of by a loop device."""
    target.unlink(missing_ok=True)
    run("cp", "--sparse=auto", str(source), str(target))
