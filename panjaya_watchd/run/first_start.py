"""
The first start on a full folder: what lay there is counted, priced, and held until a person lets it go.

The first look that succeeds makes the folder's baseline, and it is durable before any drop of that look is judged, so
that a crash in the middle takes nothing for new that is old. So it is with what comes into sight later: by other
settings, or when a folder that was left comes back.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from panjaya_watchd.core.baseline import Baseline, entry
from panjaya_watchd.core.claim import Claim, HeldFor, State
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.extent import TOP, Extent
from panjaya_watchd.core.names import FolderName
from panjaya_watchd.ledger.base import Ledger
from panjaya_watchd.places.base import Scan
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.story import Log

TELL_AFTER: Final = timedelta(minutes=10)
"""How long the sum waits for drops that do not settle."""


UNKNOWN: Final = "The folder processing/, which this service made there, is missing: is another disk or share mounted?"
RELEASE: Final = "Mount the right one; if this one is right: panjaya-watchd release --all --folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Where a watch folder lies, whether what lay there before the first start is held, and what is looked through."""

    path: str
    hold: bool
    extent: Extent = TOP


@dataclass(slots=True, kw_only=True)
class FirstStart:
    """The baselines of all watch folders; of one without a root nothing is ever held."""

    ledger: Ledger
    clock: Clock
    log: Log
    roots: dict[FolderName, Root]
    _baselines: dict[FolderName, Baseline] = field(default_factory=dict)
    _keys: dict[FolderName, frozenset[str]] = field(default_factory=dict)
    _strange: set[FolderName] = field(default_factory=set)
    """Folders in whose place another one was seen last."""

    def look(self, folder: FolderName, present: Mapping[str, Drop], scan: Scan) -> bool:
        """
        Take in what a look at a watch folder shows; say whether what it does not show may be believed to be gone.

        A folder that we have been in and that bears no trace of us, or another one's, is not the one we know: a share
        that is not mounted, or another one in its place. What lies there counts as lying there before us, and nothing
        as gone. Where somebody has only taken the trace away, nothing counts as gone until we have left it again.
        """
        root = self.roots.get(folder)
        if root is None:
            return scan.whole
        known = self._baselines.get(folder) or self.ledger.baseline(folder)
        videos = entries(present.values()) if root.hold else frozenset()
        if known is None or known.root not in {"", root.path}:
            first = Baseline(folder=folder, root=root.path, first_seen=self.clock.now(), told=not videos)
            traced = replace(first, traced=scan.traced, root_id=scan.root_id, extent=root.extent)
            whole = replace(traced, keys=tuple(sorted(videos)), whole=scan.whole).filing(root.extent.shelves)
            self._keep(known, whole.mounted([ground.folder for ground in scan.grounds]))
            return scan.whole
        before, known = known, known.returned(self.clock.now())
        if not _is_known(known, scan):
            self._strange.add(folder)
            strangers = videos - set(known.keys)
            if strangers:
                self.log.warning(
                    "folder.unknown", folder=folder, drops=len(strangers), why=UNKNOWN, hint=f"{RELEASE} {folder}"
                )
            self._keep(before, replace(known, keys=tuple(sorted({*known.keys, *strangers}))))
            return False
        believed = scan.whole and (known.root_id is None or scan.root_id is not None)
        looked = known.looked(root.extent, videos, self.clock.now(), whole=scan.whole)
        filing = looked.filing(root.extent.shelves)
        now = replace(filing, root=root.path, traced=True, root_id=scan.root_id or known.root_id)
        now = (now.without_gone(entries(present.values())) if believed else now).mounted(
            [ground.folder for ground in scan.grounds]
        )
        self._keep(before, now)
        self._strange.discard(folder)
        return believed

    def leave(self, folder: FolderName) -> None:
        """Note that a folder is not watched any more: what is dropped there stays, also when it is watched again."""
        known = self._baselines.get(folder) or self.ledger.baseline(folder)
        if known is not None:
            self._keep(known, replace(known, left=True))

    def leave_others(self, watched: Collection[FolderName]) -> None:
        """Note which folders are not watched any more since a restart."""
        for baseline in self.ledger.baselines():
            if baseline.folder not in watched:
                self.leave(baseline.folder)

    def begin(self, folder: FolderName) -> None:
        """Note where a folder's answers are filed from now on, before one is: no drop is ever looked for there."""
        known = self._here(folder)
        if known is not None:
            self._keep(known, known.filing(self.roots[folder].extent.shelves))

    def root_id(self, folder: FolderName) -> str | None:
        """Give the id that a folder has to bear; None where any may."""
        known = self._here(folder)
        return None if known is None else known.root_id

    def shelves(self, folder: FolderName) -> tuple[str, ...]:
        """Give the folders below the root in which answers were ever filed."""
        known = self._here(folder)
        return () if known is None else known.shelves

    def mounts(self, folder: FolderName) -> tuple[str, ...]:
        """Give where something has to be mounted below a folder before what lay there may count as gone."""
        known = self._baselines.get(folder) or (self.ledger.baseline(folder) if folder in self.roots else None)
        return known.mounts if known is not None else ()

    def lacks_trace(self, folder: FolderName, scan: Scan) -> bool:
        """Say whether our trace is to be left in a folder that was looked at: never in one that we do not know."""
        baseline = self._baselines.get(folder)
        if baseline is None or scan.root_id is not None:
            return False
        return scan.familiar or not baseline.traced or (baseline.root_id is None and scan.traced)

    def is_foreign(self, folder: FolderName) -> None:
        """Note that another folder is mounted in its place."""
        self._strange.add(folder)

    def adopt(self, folder: FolderName) -> None:
        """Take the folder that is there for the right one, because a person says so; no word where we know it."""
        baseline = self._baselines.get(folder) or self.ledger.baseline(folder)
        if baseline is not None and folder in self._strange:
            self._strange.discard(folder)
            self._keep(baseline, replace(baseline, traced=False, root_id=None))

    def holds(self, folder: FolderName, drop: Drop) -> bool:
        """Say whether a drop is to be held."""
        root = self.roots.get(folder)
        return root is not None and root.hold and entry(drop) in self._keys.get(folder, ())

    def let_go(self, folder: FolderName, drops: Iterable[Drop]) -> None:
        """Forget drops that a person has released: whatever becomes of them, they are not old any more."""
        baseline, keys = self._baselines.get(folder), entries(drops)
        if baseline is not None and not self._keys[folder].isdisjoint(keys):
            self._keep(baseline, replace(baseline, keys=tuple(each for each in baseline.keys if each not in keys)))

    def is_told(self, folder: FolderName) -> bool:
        """Say whether the operator knows the sum, or there is none to tell."""
        baseline = self._baselines.get(folder)
        return baseline is None or baseline.told

    def tell(self, folder: FolderName, claims: Iterable[Claim], *, settled: bool) -> None:
        """Tell the operator once, with the sum, when everything that lay there is counted (``settled``), or soon."""
        baseline = self._baselines.get(folder)
        if baseline is None or baseline.told:
            return
        if not settled and self.clock.now() - baseline.first_seen < TELL_AFTER:
            return
        held = held_first(claims)
        if held:
            minutes = [claim.estimated_minutes for claim in held]
            self.log.warning(
                "folder.held",
                folder=folder,
                drops=len(held),
                estimated_minutes=round(sum(each for each in minutes if each is not None), 2),
                of_unknown_length=sum(each is None for each in minutes),
                why="These videos lay in the folder before the service came to it; nothing of them is sent.",
                hint=f"panjaya-watchd release --all --folder {folder}, or release CLAIM for single ones",
            )
        self._keep(baseline, replace(baseline, told=True))

    def _here(self, folder: FolderName) -> Baseline | None:
        """Give what is known of a folder, if it is still where it was."""
        root = self.roots.get(folder)
        known = self._baselines.get(folder) or (self.ledger.baseline(folder) if root else None)
        return known if root is not None and known is not None and known.root == root.path else None

    def _keep(self, before: Baseline | None, after: Baseline) -> None:
        self._baselines[after.folder] = after
        if before is None or before.keys != after.keys or after.folder not in self._keys:
            self._keys[after.folder] = frozenset(after.keys)
        if after != before:
            self.ledger.put_baseline(after)


def _is_known(known: Baseline, scan: Scan) -> bool:
    """Say whether a folder is the one that we have been in."""
    return scan.traced if known.root_id is None else scan.familiar or scan.root_id == known.root_id


def entries(drops: Iterable[Drop]) -> frozenset[str]:
    """Give what a baseline keeps of these drops."""
    return frozenset(kept for drop in drops if (kept := entry(drop)) is not None)


def held_first(claims: Iterable[Claim]) -> list[Claim]:
    """Give the claims whose parts still lie in the watch folder because they are held for the first start."""
    return [claim for claim in claims if claim.state is State.HELD and claim.held_for is HeldFor.FIRST_START]
