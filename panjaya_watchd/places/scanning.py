"""
One look at a whole watch folder.

One directory walk, which sorts what is found into files that may be parts, and what people are told is not taken.
What cannot be looked at, or is not mounted as it was before, makes the look one that proves nothing gone.
"""

import errno
from collections.abc import Set as AbstractSet
from typing import Final

from panjaya_watchd.core.drop import Fingerprint
from panjaya_watchd.core.names import display
from panjaya_watchd.core.profiles import LOCAL_GROUND, Ground, ground_of, traits_of
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places import tracing
from panjaya_watchd.places.base import Known, Scan
from panjaya_watchd.places.junk import is_junk_folder
from panjaya_watchd.places.listing import Listings
from panjaya_watchd.places.naming import PROCESSING, within
from panjaya_watchd.places.tree import OUR_OWN, Kind, Tree

_NOT_READ: Final = "is a link or a special file, and those are never read; put the file itself here"
_UNREADABLE: Final = "cannot be looked at: the disk or the share gives an error for it"
_UNKNOWN: Final = "is no kind of video or sidecar that is known here, and is left alone"
_FOLDER: Final = "is a folder, and here only files are taken that lie directly in the watch folder"
_SHELF: Final = "is where finished videos were put before, and nothing is taken from it; put new ones elsewhere"

_UNMOUNTED: Final = "was a mount of its own and is not mounted now; what lay in it is waited for"


class Scanner:
    """Looks at one tree again and again; ``ours`` are our own folders in it, ``recursive`` looks into all others."""

    def __init__(self, tree: Tree, ours: AbstractSet[str], *, recursive: bool) -> None:
        self._tree = tree
        self._ours = ours
        self._recursive = recursive
        self._listings = Listings(tree)
        self._grounds: tuple[Ground, ...] = (LOCAL_GROUND,)
        self._mounts: set[str] = set()
        """Where something was mounted below the root in an earlier scan."""

    def scan(self, known: Known) -> Scan:
        """
        Look at the whole folder once.

        Raises:
            OSError: the storage fails.
            PlaceError: the root cannot be used, or another one was mounted meanwhile: two roots are never one sighting.

        """
        files: list[tuple[str, Fingerprint]] = []
        refused: list[tuple[str, str]] = []
        folders, whole = [""], True
        stands = self._tree.stand(known.root_id)
        if known.root_id is not None and stands.root_id is None:
            tracing.refuse_empty(self._tree)
        if stands.grounds != self._grounds:
            self._grounds = stands.grounds
            self._listings.forget()
        while folders:
            folder = folders.pop()
            try:
                folders += self._look_through(folder, known, files, refused)
            except OSError as error:
                # Only the root's own trouble is the whole folder's; a sub-folder may go or be locked at any time.
                if not folder or error.errno in OUR_OWN:
                    raise
                whole = False
                if error.errno not in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
                    why = "may not look into" if error.errno == errno.EACCES else f"cannot look into: {error.strerror}"
                    refused.append((folder, f"is a folder that the service {why}"))
        traced = self._tree.look(PROCESSING) is not None
        strays = tracing.strays(self._tree, known.claims) if traced else ()
        # What is mounted or unmounted meanwhile may have hidden files, or shown others.
        after = self._tree.stand(known.root_id)
        if (after.mounting, after.root_id) != (stands.mounting, stands.root_id):
            raise PlaceError(
                f"{display(str(self._tree.root))} was mounted or unmounted while it was looked at.",
                hint="Nothing is to be done; it is looked at again.",
            )
        whole = whole and stands == after
        refused += self._missing(stands.grounds, known)
        whole = whole and all(why not in {_UNREADABLE, _UNMOUNTED} for _, why in refused)
        return Scan(
            files=tuple(files),
            refused=tuple(refused),
            whole=whole,
            traced=traced,
            root_id=stands.root_id,
            familiar=stands.familiar,
            mounting=stands.mounting,
            strays=strays,
            grounds=stands.grounds,
        )

    def _missing(self, grounds: tuple[Ground, ...], known: Known) -> list[tuple[str, str]]:
        """Note what is mounted where parts may lie; give what was and is not, for its files need not be gone."""
        if not self._recursive:
            return []
        below = {ground.folder for ground in grounds} - {"", *known.shelves}
        mounted = {folder for folder in below if not self._is_ours(folder)}
        self._mounts |= mounted
        return [(folder, _UNMOUNTED) for folder in sorted({*self._mounts, *known.mounts} - mounted)]

    def _look_through(
        self, folder: str, known: Known, files: list[tuple[str, Fingerprint]], refused: list[tuple[str, str]]
    ) -> list[str]:
        """Sort the entries of one folder; returns the folders below it that are to be looked through next."""
        below: list[str] = []
        strangers: list[str] = []
        for own, found in self._listings.entries(folder, strangers, self._trusted_at(folder, known.at)):
            name = within(folder, own)
            if isinstance(found, Fingerprint):
                files.append((name, found))
            elif found is not Kind.FOLDER:
                refused.append((name, _UNREADABLE if found is Kind.UNKNOWN else _NOT_READ))
            elif self._is_ours(name) or is_junk_folder(own):
                continue
            elif name in known.shelves:
                refused.append((name, _SHELF))
            elif self._recursive:
                below.append(name)
            else:
                refused.append((name, _FOLDER))
        refused += [(within(folder, own), _UNKNOWN) for own in strangers]
        return below

    def _trusted_at(self, folder: str, now: float | None) -> float | None:
        """Give the time of this look where a folder's own time stamp tells of every change in it."""
        return now if traits_of(ground_of(self._grounds, within(folder, "."))).hints else None

    def _is_ours(self, name: str) -> bool:
        return any(own == name or own.startswith(name + "/") for own in self._ours)
