"""
What a folder held when it was last read: names do not change without the folder's own time stamp.

So a folder of 100,000 files that are no parts costs one look and not a reading of them all (R11). Only sound where the
kernel that we ask is the one that writes, and only for a stamp that was old enough when the folder was read: a change
in the same tick of the file system's clock would leave the same stamp. File times are compared for equality alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from panjaya_watchd.core.drop import Fingerprint
from panjaya_watchd.places.junk import is_junk, is_member
from panjaya_watchd.places.tree import Kind, Tree

SOUND_AFTER: Final = 3.0
"""Seconds for which a stamp must have been seen before the reading; the coarsest clocks, of FAT, tick every 2 s."""

EXPIRES: Final = 600.0
"""Seconds after which a folder is read again in any case: a clock that was set back may repeat itself."""

STRANGERS: Final = 50
"""How many files that can be no part are named, in each folder; there may be any number of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One reading: ``stamp`` was first seen at ``since`` and still there at ``read_at`` (monotonic seconds)."""

    stamp: Fingerprint
    since: float
    read_at: float
    folders: tuple[str, ...]
    names: tuple[str, ...]
    strangers: tuple[str, ...]

    def holds(self, stamp: Fingerprint, now: float) -> bool:
        """Say whether a folder with that stamp has the same names in it."""
        return stamp == self.stamp and self.read_at - self.since >= SOUND_AFTER and now - self.read_at < EXPIRES


@dataclass(slots=True)
class Listings:
    """The folders of one tree."""

    tree: Tree
    _kept: dict[str, Listing] = field(default_factory=dict)

    def forget(self) -> None:
        """Read everything again: something was mounted or unmounted."""
        self._kept.clear()

    def entries(self, folder: str, strangers: list[str], now: float | None) -> Iterator[tuple[str, Fingerprint | Kind]]:
        """
        Give what may concern us in a folder, as `Tree.entries` does, and add files that do not to ``strangers``.

        Args:
            folder: its name in the tree.
            strangers: takes up to `STRANGERS` names, sorted.
            now: monotonic seconds, not later than this call; None where time stamps mean nothing, and all is read.

        """
        look = None if now is None else self.tree.look(folder)
        if now is None or look is None:
            yield from self._read(folder, strangers)
            return
        kept = self._kept.get(folder)
        if kept is not None and kept.holds(look.fingerprint, now):
            strangers += kept.strangers
            yield from ((name, Kind.FOLDER) for name in kept.folders)
            yield from self.tree.entries(folder, lambda _: False, kept.names)
            return
        folders: list[str] = []
        names: list[str] = []
        for name, found in self._read(folder, strangers):
            (folders if found is Kind.FOLDER else names).append(name)
            yield name, found
        self._kept[folder] = Listing(
            stamp=look.fingerprint,
            since=kept.since if kept is not None and kept.stamp == look.fingerprint else now,
            read_at=now,
            folders=tuple(folders),
            names=tuple(names),
            strangers=tuple(strangers),
        )

    def _read(self, folder: str, strangers: list[str]) -> Iterator[tuple[str, Fingerprint | Kind]]:
        def cannot_be_a_part(own: str) -> bool:
            if is_member(own):
                return False
            if len(strangers) < STRANGERS and not is_junk(own):
                strangers.append(own)
            return True

        yield from self.tree.entries(folder, cannot_be_a_part)
        strangers.sort()
