"""
The roots of the watch folders, as the driver sees them.

Which one is meant, what was mounted anew, and what lies in ``processing/`` without belonging to anybody. It only
watches and tells; what a foreign root means is decided by the place, which does not let anyone in.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.names import FolderName, display
from panjaya_watchd.core.profiles import TRAITS
from panjaya_watchd.places.base import Known, Scan
from panjaya_watchd.run.first_start import FirstStart
from panjaya_watchd.run.messages import Unheard, Unseen
from panjaya_watchd.run.story import Log

ORPHAN: Final = "belongs to no video that is under way; it may have been paid for, so it is never sent by itself"
ORPHAN_TODO: Final = "Move the files back into the watch folder to have them dubbed, or away."


class Listens(Protocol):
    """What is asked of the lanes."""

    def listen(self, folder: FolderName, *, wanted: bool) -> None:
        """Begin to listen for hints in a folder that was mounted anew, or end it; comes back as a look."""


@dataclass(slots=True, kw_only=True)
class Roots:
    """All roots; ``living`` gives the claims that are open."""

    lanes: Listens
    log: Log
    living: Callable[[], Iterable[Claim]]
    first_start: FirstStart
    _mounted: dict[FolderName, Scan] = field(default_factory=dict)
    """The last scan, of which only what is mounted is looked at."""

    _unheard: set[tuple[FolderName, str]] = field(default_factory=set)
    _heard: set[FolderName] = field(default_factory=set)
    _suspects: dict[FolderName, frozenset[str]] = field(default_factory=dict)
    _orphans: dict[FolderName, frozenset[str]] = field(default_factory=dict)

    def known(self, folder: FolderName) -> Known:
        """Give what a look at a folder has to know."""
        claims = frozenset(claim.id for claim in self.living())
        first = self.first_start
        return Known(
            root_id=first.root_id(folder), claims=claims, mounts=first.mounts(folder), shelves=first.shelves(folder)
        )

    def seen(self, folder: FolderName, scan: Scan) -> Scan:
        """Take note of what a look has shown; gives it with what is to be told to people about ``processing/``."""
        before = self._mounted.get(folder)
        self._mounted[folder] = replace(scan, files=(), refused=())
        if before is not None and before.mounting != scan.mounting:
            ground = scan.grounds[0]
            self.log.info("folder.remounted", folder=folder, kind=ground.kind, profile=ground.profile.value)
            self._heard.discard(folder)
        if before is None or before.grounds != scan.grounds or folder not in self._heard:
            self._heard.add(folder)
            self.lanes.listen(folder, wanted=TRAITS[scan.grounds[0].profile].hints)
        told = tuple((f"processing/{name}", f"{ORPHAN}. {ORPHAN_TODO}") for name in self._find_orphans(folder, scan))
        return replace(scan, refused=(*scan.refused, *told)) if told else scan

    def _find_orphans(self, folder: FolderName, scan: Scan) -> list[str]:
        """Give what was nobody's in two looks in a row; a claim that was closed between them has left by the second."""
        open_now = {claim.id for claim in self.living()}
        suspects = frozenset(scan.strays) - open_now
        orphans = suspects & self._suspects.get(folder, frozenset())
        for name in sorted(orphans - self._orphans.get(folder, frozenset())):
            self.log.warning(
                "folder.orphan", folder=folder, path=f"processing/{display(name)}", why=ORPHAN, hint=ORPHAN_TODO
            )
        self._suspects[folder], self._orphans[folder] = suspects, orphans
        return sorted(orphans)

    def unseen(self, unseen: Unseen) -> None:
        """Note that a folder could not be looked at: whoever listened there has to begin anew."""
        self._heard.discard(unseen.folder)
        if unseen.foreign:
            self.first_start.is_foreign(unseen.folder)

    def forget(self, folder: FolderName) -> None:
        """Have hints listened for anew after the next look, because the place is another."""
        self._heard.discard(folder)

    def unheard(self, unheard: Unheard) -> None:
        """Tell once that there will be no hints; the folder is looked at by the clock."""
        if (unheard.folder, unheard.why) not in self._unheard:
            self._unheard.add((unheard.folder, unheard.why))
            self.log.warning("hints.missed", folder=unheard.folder, why=unheard.why, hint=unheard.hint)
