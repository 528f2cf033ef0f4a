"""
Reloading: a new configuration taken while the daemon runs, without touching what is under way.

What is new is watched from now on. What was taken out takes nothing more, and finishes its claims. Claims keep what
they were taken with. A configuration with faults changes nothing. The driver's thread only; files were read before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.events import Event
from panjaya_watchd.core.names import ClaimId, FolderName
from panjaya_watchd.run.admission import Admission
from panjaya_watchd.run.agenda import Agenda
from panjaya_watchd.run.change import Change, Faulty, Lookout
from panjaya_watchd.run.door import Door
from panjaya_watchd.run.first_start import FirstStart
from panjaya_watchd.run.folders import Folders
from panjaya_watchd.run.messages import Reread
from panjaya_watchd.run.meter import Meters
from panjaya_watchd.run.resuming import resume
from panjaya_watchd.run.rounds import Rounds
from panjaya_watchd.run.story import Log
from panjaya_watchd.run.watched import Watched

_Kept = TypeVar("_Kept")


class Changing(Protocol):
    """What is asked of the lanes."""

    def change(self, *, uploads: int, downloads: int, meters: Meters) -> None:
        """Change how many transfers there may be at once, and how fast."""

    def watch(self, folder: FolderName, lookout: Lookout) -> None:
        """See a folder from there from now on."""

    def leave(self, folder: FolderName) -> None:
        """Have nothing more to do with a folder."""

    def listen(self, folder: FolderName, *, wanted: bool) -> None:
        """Begin to listen for hints, or end it."""


@dataclass(slots=True, kw_only=True)
class Reloading:
    """``advance`` steps a claim."""

    lanes: Changing
    log: Log
    watched: dict[FolderName, Watched]
    living: Mapping[ClaimId, Claim]
    folders: Folders
    first_start: FirstStart
    admission: Admission
    door: Door
    agenda: Agenda
    rounds: Rounds
    advance: Callable[[ClaimId, Event], None]

    def take(self, reread: Reread) -> None:
        """Go by a configuration that was read, and tell whoever asked for it."""
        change = reread.change
        refused = change if isinstance(change, Faulty) else self._stranded(change)
        if refused is not None:
            self.log.error("config.refused", why=refused.why, hint=refused.hint)
            reread.answer({"refused": refused.why, "hint": refused.hint})
            return
        assert isinstance(change, Change)
        notes = [*change.notes, *self._apply(change)]
        self.log.info("config.reloaded", folders=len(change.watched), notes=notes)
        reread.answer({"reloaded": True, "folders": sorted(change.watched), "notes": notes})

    def tend(self) -> None:
        """Leave the folders that were taken out of the configuration and have finished their claims."""
        for folder in [name for name, watched in self.watched.items() if watched.retired]:
            if not self._open(folder):
                del self.watched[folder]
                self.admission.budgets.pop(folder, None)
                self.lanes.leave(folder)
                self.log.info("folder.left", folder=folder)

    def _apply(self, change: Change) -> list[str]:
        change.take()
        self.lanes.change(uploads=change.uploads, downloads=change.downloads, meters=change.meters)
        gone = [name for name in self.watched if name not in change.watched and not self.watched[name].retired]
        notes = [self._retire(folder, change) for folder in gone]
        for folder, watched in change.watched.items():
            self._watch(folder, watched, change)
        self.admission.together = change.together
        self.rounds.rest_no_more()
        self.agenda.try_account(claim for claim in self.living.values() if claim.folder in self.watched)
        self.door.reconsider_all()
        return [note for note in notes if note]

    def _watch(self, folder: FolderName, new: Watched, change: Change) -> None:
        """Begin to watch a folder, or go on with it by other settings; what lies there has been still for as long."""
        old, lookout = self.watched.get(folder), change.lookouts.get(folder)
        if old is not None and not old.retired:
            old.intake.follow(new.intake.rule)
            new = replace(new, intake=old.intake)
        self.watched[folder] = new
        _set(self.admission.budgets, folder, new.budget)
        _set(self.first_start.roots, folder, new.root)
        if lookout is not None:
            self.lanes.watch(folder, lookout)
            self.folders.expect_root(folder)
        if old is None:
            self.log.info("folder.added", folder=folder)
            resume(self._open(folder), self.watched, self.advance, self.log)
        if lookout is not None or (old is not None and old.retired):
            self.folders.look_anew(folder)
        else:
            self.folders.look(folder)

    def _retire(self, folder: FolderName, change: Change) -> str:
        """Take nothing more from a folder, whose budget still holds; gives what is to be told of its claims."""
        renamed = self._successor(folder, change) is not None
        self.watched[folder] = replace(self.watched[folder], retired=True)
        self.lanes.listen(folder, wanted=False)
        self.first_start.leave(folder)
        if not renamed:
            self.folders.say_farewell(folder)
        count = len(self._open(folder))
        self.log.info("folder.removed", folder=folder, claims=count)
        return (
            f'folder "{folder}" takes nothing more; what is under way there ({count}) goes on to its end, unless the '
            "daemon is restarted before: then it waits until the folder is configured again."
            if count
            else ""
        )

    def _stranded(self, change: Change) -> Faulty | None:
        """Refuse to watch a path by another name while claims are open: after a restart nobody would know where to."""
        for folder in self.watched:
            name, count = self._successor(folder, change), len(self._open(folder))
            if name is not None and count:
                why = f'folder "{name}" has the path of "{folder}", where videos are under way ({count}).'
                hint = f'Call it "{folder}" until they have ended. Do not restart either: they would be stranded.'
                return Faulty(why=why, hint=hint)
        return None

    def _successor(self, folder: FolderName, change: Change) -> FolderName | None:
        """Give the folder that is to be watched in the same place under another name."""
        root = self.watched[folder].root
        same = [name for name, each in change.watched.items() if root and each.root and each.root.path == root.path]
        return same[0] if same and folder not in same else None

    def _open(self, folder: FolderName) -> list[Claim]:
        return [claim for claim in self.living.values() if claim.folder == folder]


def _set(kept: dict[FolderName, _Kept], folder: FolderName, value: _Kept | None) -> None:
    if value is None:
        kept.pop(folder, None)
    else:
        kept[folder] = value
