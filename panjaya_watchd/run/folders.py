"""
The watch folders' side of the driver: when to look, what is ready, what ``STATUS.txt`` says.

The scan is the truth and always comes again; a hint only makes it come sooner. One folder's trouble stays its own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from panjaya_watchd.core import standing
from panjaya_watchd.core.claim import Claim, State
from panjaya_watchd.core.content import Patience
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.names import ClaimId, FolderName, display
from panjaya_watchd.core.settle import Evidence
from panjaya_watchd.places.base import Known
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.companions import Companions
from panjaya_watchd.run.first_start import FirstStart, held_first
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.intake import Intake
from panjaya_watchd.run.messages import BATCH, Examined, Look, Lost, Posted, Reading, Scanned, Unseen
from panjaya_watchd.run.roots import Listens, Roots
from panjaya_watchd.run.story import Log
from panjaya_watchd.run.watched import Watched

OVERDUE: Final = 60.0
"""Seconds without any answer after which a scan counts as lost; one of 100,000 files takes less than one."""


class Looking(Listens, Protocol):
    """What is asked of the lanes for a folder; each comes back as one message."""

    def scan(self, folder: FolderName, known: Known) -> None:
        """Look at the whole folder."""

    def came_back(self, folder: FolderName) -> float:
        """Give when a folder last answered anything that was asked of it, in monotonic seconds."""

    def examine(self, folder: FolderName, drop: Drop, patience: Patience) -> None:
        """Read a settled drop; ``patience`` says how one that looks unfinished is met."""

    def post(self, folder: FolderName, text: str | None) -> None:
        """Write ``STATUS.txt``."""

    def expect(self, folder: FolderName, root_id: str) -> None:
        """Note, at once, the id of the folder that is meant."""

    def leave_trace(self, folder: FolderName, root_id: str | None) -> None:
        """Make our own folder in it, of this id or a new one; says nothing, for the next look sees it."""


@dataclass(slots=True, kw_only=True)
class Folders:
    """
    All watch folders.

    ``claim`` is called for a drop that is whole, ``lost`` for a held one that is no longer what it was; ``living``
    gives the claims that are open.
    """

    watched: Mapping[FolderName, Watched]
    looking: Looking
    inbox: Inbox
    clock: Clock
    log: Log
    living: Callable[[], Iterable[Claim]]
    first_start: FirstStart
    companions: Companions
    claim: Callable[[FolderName, Drop, Reading], object]
    lost: Callable[[ClaimId], None]
    roots: Roots = field(init=False)
    _posted: dict[FolderName, str] = field(default_factory=dict)
    _unposted: dict[FolderName, str | None] = field(default_factory=dict)
    _bugs: set[tuple[FolderName, str]] = field(default_factory=set)
    _limits: dict[FolderName, set[str]] = field(default_factory=dict)
    _slept: float = field(default=0.0)
    _looks: int = 0

    def __post_init__(self) -> None:
        self._slept = self.clock.asleep()
        self.roots = Roots(lanes=self.looking, log=self.log, living=self.living, first_start=self.first_start)

    def expect(self) -> None:
        """Say which folders are meant, before any claim goes on: what is mounted now may be another one."""
        self.first_start.leave_others(self.watched)
        for folder in self.watched:
            self.expect_root(folder)

    def expect_root(self, folder: FolderName) -> None:
        """Say which folder is meant by a name, if it was ever seen."""
        self.first_start.begin(folder)
        root_id = self.first_start.root_id(folder)
        if root_id is not None:
            self.looking.expect(folder, root_id)

    def look(self, folder: FolderName) -> None:
        """Begin a scan; if one is under way, one more after it, because it may have passed the place already."""
        intake, now = self._intake(folder), self.clock.monotonic()
        if intake is None:
            return
        if intake.looking:
            intake.look_again = True
            return
        if now < intake.earliest():
            self._look_at(folder, intake.earliest())
            return
        self._heed_sleep(now)
        intake.begin(now)
        self._looks += 1
        intake.number = self._looks
        self.looking.scan(folder, replace(self.roots.known(folder), number=intake.number))

    def look_anew(self, folder: FolderName) -> None:
        """Look as at a folder that is watched from now on: a look that is under way may be at what it was before."""
        self.roots.forget(folder)
        self.watched[folder].intake.disown()
        self.look(folder)

    def _heed_sleep(self, now: float) -> None:
        """Begin every quiet period anew after the machine was suspended: others may have written meanwhile."""
        slept = self.clock.asleep()
        if slept > self._slept + 1:
            for watched in self.watched.values():
                watched.intake.restart(now)
        self._slept = slept

    def scanned(self, seen: Scanned) -> None:
        """Judge what a scan saw."""
        intake = self._intake(seen.folder)
        if intake is None or seen.number not in {None, intake.number}:
            return
        if intake.trouble is not None:
            self.log.info("folder.recovered", folder=seen.folder)
            # Who copies into a share was cut off from it as well: that a drop was still meanwhile says nothing.
            intake.restart(self.clock.monotonic())
        claims = [claim for claim in self.living() if claim.folder == seen.folder]
        held = held_first(claims)
        present, now = intake.take(self.roots.seen(seen.folder, seen.scan)), self.clock.monotonic()
        lying = {claim.drop.key for claim in claims if _lies_there(claim, present)}
        believed = self.first_start.look(seen.folder, present, seen.scan)
        alone = self.companions.reasons(seen.folder, claims, present, toml=intake.rule.sidecar != "optional")
        for drop in intake.sight(now, seen.seconds, lying, alone):
            self.looking.examine(seen.folder, drop, intake.patience(drop, now))
        for note in set(seen.scan.notes) - self._limits.setdefault(seen.folder, set()):
            self._limits[seen.folder].add(note)
            self.log.warning("folder.limited", folder=seen.folder, why=note)
        for name, why in intake.newly_stuck(now):
            self.log.warning("drop.stuck", folder=seen.folder, file=name, why=why)
        touched = tuple(claim.id for claim in held if present.get(claim.drop.key) != claim.drop)
        if believed and touched:
            self.inbox.put(Lost(claim_ids=touched))
        if not self.first_start.is_told(seen.folder):
            old = [key for key, drop in present.items() if self.first_start.holds(seen.folder, drop)]
            self.first_start.tell(seen.folder, claims, settled=not intake.restless(old))
        if self.first_start.lacks_trace(seen.folder, seen.scan):
            self.looking.leave_trace(seen.folder, self.first_start.root_id(seen.folder))
        intake.looking = False
        self._post(seen.folder, claims)
        intake.judged(self.clock.monotonic() - now)
        due = intake.next_scan(now)
        self._look_at(seen.folder, intake.earliest() if intake.look_again else due)

    def lose(self, lost: Lost) -> None:
        """End claims whose drops, held where they lie, were touched; a few at a time, for there may be thousands."""
        held = {claim.id for claim in held_first(self.living())}
        for claim_id in lost.claim_ids[:BATCH]:
            if claim_id in held:
                self.lost(claim_id)
        if lost.claim_ids[BATCH:]:
            self.inbox.put(Lost(claim_ids=lost.claim_ids[BATCH:]))

    def tend(self) -> None:
        """
        Notice folders whose scan does not come back: a dead share says nothing, and silence is no health (R4).

        A scan may have to wait until many drops are examined, so what counts is whether anything came back.
        """
        now = self.clock.monotonic()
        for folder, watched in self.watched.items():
            intake = watched.intake
            if watched.retired:
                continue
            answered = max(intake.asked, self.looking.came_back(folder))
            if intake.looking and intake.trouble is None and now - answered > OVERDUE:
                intake.trouble = f"It has not answered for {OVERDUE:.0f} s; is it a share whose server is gone?"
                self.log.error("folder.refused", folder=folder, why=intake.trouble)

    def unseen(self, unseen: Unseen) -> None:
        """Note that a folder cannot be used, once, and look again later."""
        intake = self._intake(unseen.folder)
        if intake is None or unseen.number not in {None, intake.number}:
            return
        if intake.trouble != unseen.why:
            self.log.error("folder.refused", folder=unseen.folder, why=unseen.why)
        self.roots.unseen(unseen)
        intake.looking, intake.trouble = False, unseen.why
        self._posted.pop(unseen.folder, None)
        self._look_at(unseen.folder, self.clock.monotonic() + intake.pace)

    def say_farewell(self, folder: FolderName) -> None:
        """Have ``STATUS.txt`` say that the folder is not watched any more."""
        self._posted[folder] = standing.farewell()
        self.looking.post(folder, self._posted[folder])

    def posted(self, posted: Posted) -> None:
        """Note whether ``STATUS.txt`` could be written. What could not is tried again after the next scan."""
        if posted.why is not None:
            self._posted.pop(posted.folder, None)
            if self._unposted.get(posted.folder) != posted.why:
                self.log.warning("status.refused", folder=posted.folder, why=posted.why)
        self._unposted[posted.folder] = posted.why

    def examined(self, examined: Examined) -> None:
        """Claim a drop that was read, if it is still what was last seen; or let it settle again."""
        intake, drop = self._intake(examined.folder), examined.drop
        if intake is None or not intake.settled(drop):
            return
        if examined.bug is not None and (examined.folder, drop.key) not in self._bugs:
            self._bugs.add((examined.folder, drop.key))
            fault = f"{type(examined.bug).__name__}: {examined.bug}"
            hint = "Report it with this line; the drop waits, and is looked at again."
            self.log.error("drop.unexamined", folder=examined.folder, file=display(drop.stem), fault=fault, hint=hint)
        found = examined.found
        if drop.video is None and not isinstance(found, Evidence):
            found = self.companions.judge(examined.folder, drop, found)
        if isinstance(found, Evidence):
            intake.not_yet(drop, found, self.clock.monotonic())
            return
        intake.taken(drop)
        self.claim(examined.folder, drop, found)
        if intake.backlog:
            self._look_at(examined.folder, intake.earliest())

    def _intake(self, folder: FolderName) -> Intake | None:
        """Give what lies in a folder on its way to a claim; None where nothing is taken any more."""
        watched = self.watched.get(folder)
        return None if watched is None or watched.retired else watched.intake

    def _look_at(self, folder: FolderName, due: float) -> None:
        self.inbox.put_at(due, ("look", folder), Look(folder=folder))

    def _post(self, folder: FolderName, claims: Sequence[Claim]) -> None:
        """Rewrite ``STATUS.txt`` when it would say something else than last time."""
        old = held_first(claims)
        kept = {claim.id for claim in old}
        said = [claim for claim in sorted(claims, key=lambda claim: claim.drop.stem) if claim.id not in kept]
        idle = [(display(claim.drop.stem), standing.standing(claim)) for claim in said if standing.waits(claim)]
        busy = [(display(claim.drop.stem), standing.standing(claim)) for claim in said if not standing.waits(claim)]
        minutes = sum(claim.estimated_minutes or 0.0 for claim in old)
        waiting = [*self.watched[folder].intake.waiting(), *idle]
        text = standing.status_note(waiting, busy, old=len(old), old_minutes=minutes)
        if self._posted.get(folder) != text:
            self._posted[folder] = text
            self.looking.post(folder, text)


def _lies_there(claim: Claim, present: Mapping[str, Drop]) -> bool:
    """
    Say whether a claim's parts may still lie in the watch folder, so that they are no new drop.

    What the daemon died of before it was taken in may lie there without its sidecars; another video under its name is
    another drop.
    """
    if claim.inside or not claim.drop.parts:
        return False
    shown = present.get(claim.drop.key)
    return claim.paused is not State.CLAIMED or (shown is not None and shown.video == claim.drop.video)
