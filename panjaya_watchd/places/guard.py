"""
The guard of a root: whether what stands there is the folder that is meant.

A share that is not mounted leaves an empty directory, and another one in its place looks like a folder from which
everything was taken away; a mount that comes back may bear another device number (NFS, cifs, tmpfs), and a foreign one
the same. So a root is trusted as long as its identity stays, and a new identity where the id in our ``processing/`` is
the known one. Nothing else is touched, and nothing is remembered but by the one who asks.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from panjaya_watchd.core.names import display
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.base import Foreign

LONGEST: Final = 64
"""How much of the file is read; an id is far shorter."""

Identity = tuple[int, ...]
"""Device and inode of the root, and then what is another one after each mounting."""


class RootGuard:
    """Trusts one root at a time; ``known`` is the id that it has to bear."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: str | None = None
        self._trusted: Identity | None = None
        self._seen: tuple[Identity | None, str | None] = (None, None)

    def expect(self, known: str | None) -> None:
        """
        From now on the root of this id is meant; None where no id is known yet.

        What was trusted before and was not seen to bear that id is trusted no longer: after a start, claims may go on
        before the first look, and an empty mount point that was let in then must not count as the folder that has lost
        its mark.
        """
        if self._known != known and (known is None or self._seen != (self._trusted, known)):
            self._trusted = None
        self._known = known

    def note(self, identity: Identity, found: str | None) -> None:
        """Take note of the id that a root was seen to bear. Raises `Foreign` where it is another than the known one."""
        self.compare(found)
        self._seen = (identity, found)

    def familiar(self, identity: Identity) -> bool:
        """Say whether a root is trusted for the id that it has borne."""
        return self._known is not None and identity == self._trusted

    def admit(self, identity: Identity, read: Callable[[], str | None]) -> None:
        """
        Let a root pass, or not; ``read`` gives the id in it and is asked only where the identity is a new one.

        Raises:
            Foreign: it is another root than the trusted one.

        """
        if identity == self._trusted:
            return
        if self._known is None:
            if self._trusted is not None and identity[:2] != self._trusted[:2]:
                raise Foreign(
                    f"{self._name}: expected the folder seen before, found another one in its place.",
                    hint="Mount the right one, and it goes on by itself; if this one is right, restart the service.",
                )
            self._trusted = identity
            return
        found = read()
        self.compare(found)
        if found is not None:
            self._trusted = identity
        elif self._trusted is not None:
            raise PlaceError(
                f"{self._name}: expected the folder seen before, found another one in its place, without our mark.",
                hint="Mount the right one, and it goes on by itself.",
            )

    def compare(self, found: str | None) -> None:
        """Compare an id with the known one; none at all is for the asker to judge. Raises `Foreign`."""
        if found is not None and self._known not in {None, found}:
            raise Foreign(
                f"{self._name}: another folder is mounted here; it bears the id {display(found)}, and {self._known} is "
                "the one that this service knows.",
                hint="Mount the right one, and it goes on by itself; if this one is right, let it go with "
                "panjaya-watchd release --all --folder NAME.",
            )

    @property
    def _name(self) -> str:
        return display(str(self._root))


def id_in(content: bytes) -> str | None:
    """Read the id out of the file; None where it holds none."""
    words = content.decode("ascii", errors="replace").split()
    return words[0] if len(words) == 1 and words[0].isalnum() else None
