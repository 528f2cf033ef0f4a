"""
The baseline of a watch folder: which drops lay there before the daemon came to it.

They may be an archive of years, and dubbing it may cost a month's money; so they are held until a person lets them go
(R57). The very first look makes a baseline; it grows where a look goes further than all before it, or comes after a
time in which it was not watched. A drop leaves it when it is seen to be gone: what is dropped later under the same name
was dropped on purpose.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from panjaya_watchd.core.drop import Drop, Role
from panjaya_watchd.core.extent import Extent
from panjaya_watchd.core.names import FolderName


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """
    What the ledger knows of a watch folder.

    ``root`` is its path; another one is another folder, whatever its name. ``keys`` are the drops that lay there, as
    `entry` gives them, and ``told`` says whether the operator was told of them; those that were not were first seen at
    ``first_seen`` or later. ``traced`` once we have seen our own ``processing/`` there: a folder without it is not the
    one we know; nor is one with another id in it than ``root_id``, which is None where none was seen yet, or an older
    release left the trace. ``whole`` once a look could see everything: until then more that is old may come to light.
    ``extent`` is what was looked through by then; None where only an older release has looked. ``mounts`` are the
    folders on which something was mounted that holds some of the drops: while it is not, they are not gone.
    ``shelves`` are all folders below the root in which answers were ever filed. ``left`` from when the folder was taken
    out of the configuration until it is looked at again.
    """

    folder: FolderName
    root: str
    first_seen: datetime
    keys: tuple[str, ...] = ()
    told: bool = False
    traced: bool = False
    whole: bool = True
    root_id: str | None = None
    mounts: tuple[str, ...] = ()
    extent: Extent | None = None
    shelves: tuple[str, ...] = ()
    left: bool = False

    def returned(self, now: datetime) -> Self:
        """Begin as on a first start where the folder was left: what lies there now may have come meanwhile."""
        return replace(self, left=False, whole=False, told=False, first_seen=now) if self.left else self

    def looked(self, extent: Extent, present: Collection[str], now: datetime, *, whole: bool) -> Self:
        """
        Note a look: what it went through and showed, and whether that was the ``whole`` of it.

        The drops that no look could have seen before lay there before, and the operator is to be told of them.
        """
        seen = self.extent or extent
        after = replace(self, whole=self.whole or whole, extent=extent if whole else seen.common(extent))
        if self.whole and seen == extent:
            return after
        new = {key for key in present if not (self.whole and seen.shows(key))}.difference(self.keys)
        if not new:
            return after
        first = now if self.told else self.first_seen
        return replace(after, keys=tuple(sorted({*self.keys, *new})), told=False, first_seen=first)

    def filing(self, shelves: Collection[str]) -> Self:
        """Note where answers are filed from now on."""
        return replace(self, shelves=tuple(sorted({*self.shelves, *shelves})))

    def mounted(self, folders: Collection[str]) -> Self:
        """Note where something is mounted; what holds no drop any more is forgotten."""
        known = sorted({*self.mounts, *folders} - {""})
        mounts = tuple(folder for folder in known if any(key.startswith(f"{folder}/") for key in self.keys))
        return self if mounts == self.mounts else replace(self, mounts=mounts)

    def without_gone(self, present: Collection[str]) -> Self:
        """Forget the drops that a look at the whole folder no longer shows."""
        kept = tuple(key for key in self.keys if key in present)
        return self if kept == self.keys else replace(self, keys=kept)


def entry(drop: Drop) -> str | None:
    """
    Give what is kept of a drop; None for one that can cost nothing by itself.

    A TOML sidecar alone may name a video on the web, and both it and subtitles may be for a video that is done, by the
    name of a watch folder that lay elsewhere then. They are another drop once a video lies beside them.
    """
    if drop.video is not None:
        return drop.key
    kind = next((role for role in (Role.TOML, Role.SRT) if drop.of(role)), None)
    return None if kind is None else f"{drop.key}.{kind}"
