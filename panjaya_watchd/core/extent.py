"""
The extent of a watch folder: how much of it a look goes through, by its settings.

When it grows, what comes into sight has lain there before, and nobody has dropped it for us.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """
    ``recursive``: sub-folders as well, but for the ``shelves`` (done, failed) and what leads to them.

    ``shelves`` are relative to the watch folder; those that lie elsewhere are none.
    """

    recursive: bool = False
    shelves: tuple[str, ...] = ()

    def shows(self, key: str) -> bool:
        """Say whether a look goes through the folder of a drop of this key."""
        hidden = (f"{shelf}/".startswith(f"{folder}/") for folder in _folders(key) for shelf in self.shelves)
        return "/" not in key or (self.recursive and not any(hidden))

    def common(self, other: "Extent") -> "Extent":
        """Give what looks of both go through."""
        shelves = tuple(sorted({*self.shelves, *other.shelves}))
        return Extent(recursive=self.recursive and other.recursive, shelves=shelves)


TOP: Final = Extent()


def _folders(key: str) -> Iterator[str]:
    """Give the folders that a drop of this key lies in, from the inmost on."""
    folder = key.rpartition("/")[0]
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
