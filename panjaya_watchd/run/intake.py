"""
Intake: what one watch folder shows and has not given us yet.

Nothing here is durable: before the claim the folder is the truth. Start-up, hint and timer take the same way, and no
drop is taken on its first sighting.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from panjaya_watchd.core.content import Patience
from panjaya_watchd.core.drop import Drop, Fingerprint, group
from panjaya_watchd.core.names import display
from panjaya_watchd.core.profiles import LOCAL_GROUND, Ground, ground_of, traits_of
from panjaya_watchd.core.settle import ALONE, PATIENCE, Evidence, Rule, Settling, Wait, restart, settle, unsettle
from panjaya_watchd.places.base import Scan

SCAN_SHARE: Final = 300
"""Where the kernel tells of changes, looking without a hint may take a third of a percent of the wall time (R11)."""

BLIND_SHARE: Final = 20
"""Where it tells of none, a twentieth: nothing else finds a drop, and most of a look is waiting for the share."""

UNSURE: Final = 1.0
"""Seconds that the very first scan of a folder counts for at most; a share may have hung when the daemon started."""

HINT_SHARE: Final = 10
"""With hints, a tenth: somebody copies into the folder and wants to see it taken."""

SPACING: Final = 1.0
"""Seconds between two scans at the least, as a running copy makes hundreds of hints a second; less where quiet is."""

AT_ONCE: Final = 16
"""How many drops are examined before the next scan may begin: each is measured by a process of its own."""

RECHECK: Final = 1.0
"""Seconds until a drop with evidence against it is looked at again, at the earliest."""

NOBODY: Final[Mapping[str, str | None]] = {}


@dataclass(slots=True)
class Intake:
    """One watch folder's drops on their way to a claim. Touched by the driver's thread only."""

    rule: Rule
    own_pace: float | None = None
    """Seconds between two scans when nothing happens; None: that of the storage."""

    last_scan: float | None = None
    """When the last scan was finished, in monotonic seconds; what "alive" is judged by (R4)."""

    trouble: str | None = None
    refused: tuple[tuple[str, str], ...] = ()
    looking: bool = False
    asked: float = 0.0
    """When the scan that is under way began, in monotonic seconds."""

    number: int | None = None
    """Which scan is under way, or was last; None: whatever is under way is not ours."""

    look_again: bool = False
    backlog: bool = False
    """More drops are still than are examined at once."""

    grounds: tuple[Ground, ...] = (LOCAL_GROUND,)
    """The file systems under the folder, as the last scan saw them."""

    _took: float = 0.0
    """Seconds that a scan takes here; see `_time`."""
    _judging: float = 0.0
    """Seconds that the driver took to judge the last scan."""

    _last_took: float | None = None
    _due: float | None = None
    _settling: dict[str, Settling] = field(default_factory=dict)
    _waits: dict[str, Wait] = field(default_factory=dict)
    _examined: set[str] = field(default_factory=set)
    _files: tuple[tuple[str, Fingerprint], ...] = ()
    _drops: dict[str, Drop] = field(default_factory=dict)
    _restless: dict[str, Drop] = field(default_factory=dict)
    """Drops that the passing of time can bring further."""

    _stuck: set[str] = field(default_factory=set)
    _rules: dict[Ground, Rule] = field(init=False)

    def __post_init__(self) -> None:
        self._lay_rules()

    @property
    def pace(self) -> float:
        """Give the seconds between two scans when nothing happens."""
        if self.own_pace is not None:
            return self.own_pace
        return min(min(rule.traits.pace, max(rule.base / 2, 0.1)) for rule in self._rules.values())

    @property
    def interval(self) -> float:
        """Give the seconds between two scans at the most: a slow one comes less often."""
        blind = not all(rule.traits.hints for rule in self._rules.values())
        return max(self.pace, (self._took + self._judging) * (BLIND_SHARE if blind else SCAN_SHARE))

    @property
    def unclaimed(self) -> int:
        """Give how many drops and names are seen and not taken."""
        return len(self._settling) + len(self.refused)

    @property
    def quiet(self) -> float:
        """Give the shortest quiet period in the folder, in seconds."""
        return min(rule.base for rule in self._rules.values())

    def take(self, scan: Scan) -> Mapping[str, Drop]:
        """Take in what a scan of the whole folder saw; give all its drops by their keys."""
        self.trouble, self.refused = None, scan.refused
        if scan.grounds != self.grounds:
            self.grounds = scan.grounds
            self._lay_rules()
        if scan.files != self._files:
            self._files, self._drops = scan.files, {drop.key: drop for drop in group(scan.files)}
            self._restless = dict(self._drops)
            for key in self._settling.keys() - self._restless.keys():
                self._forget(key)
        return self._drops

    def sight(
        self, now: float, seconds: float, claimed: Collection[str], alone: Mapping[str, str | None] = NOBODY
    ) -> list[Drop]:
        """
        Settle what was taken in; give the drops that are still enough to be examined.

        Args:
            now: monotonic seconds.
            seconds: how long the scan took.
            claimed: keys of drops that are ours already but were not moved yet.
            alone: why sidecars without a video wait, by their key, where it is another reason than that; None: they do
                not wait, for they are read to see what they are for.

        """
        self.last_scan, self.backlog = now, False
        self._time(seconds)
        ready = []
        for key, drop in list(self._restless.items()):
            if key in claimed:
                self._forget(key)
            elif self._judge(drop, now, alone.get(key, ALONE)):
                ready.append(drop)
        return ready

    def begin(self, now: float) -> None:
        """
        Note that a scan begins.

        One that is late by more than two paces shows that we did not run: whatever was still then proves nothing.
        """
        if self._due is not None and now - self._due > 2 * self.pace:
            self.restart(now)
        self.looking, self.look_again, self.asked = True, False, now

    def disown(self) -> None:
        """Note that a scan that may be under way is not ours: what it looks at is not what we watch from now on."""
        self.looking, self.number = False, None

    def judged(self, seconds: float) -> None:
        """Note how long it took to judge what was seen: in a folder of thousands as long as to see it."""
        self._judging = seconds

    def _time(self, seconds: float) -> None:
        """
        Note how long a scan took: the shorter of the last two counts, a single one `UNSURE` at the most.

        One that hung as long as a server was gone says nothing of how slow the folder is. It would keep us from looking
        again for twenty times the outage.
        """
        self._took = min(seconds, UNSURE if self._last_took is None else self._last_took)
        self._last_took = seconds

    def restart(self, now: float) -> None:
        """Begin every quiet period anew, because nobody has looked for some time."""
        for key, settling in self._settling.items():
            self._settling[key] = restart(settling, now)

    def restless(self, keys: Collection[str]) -> bool:
        """Say whether one of these drops is still on its way to a claim."""
        return any(key in self._restless and key in self._settling for key in keys)

    def rule_of(self, drop: Drop) -> Rule:
        """Give the rule with the traits of the storage under a drop."""
        return self._rules[ground_of(self.grounds, drop.parts[0].name)]

    def follow(self, rule: Rule) -> None:
        """Go by another rule from the next look on; how long everything has been still by then counts."""
        self.rule = rule
        self._lay_rules()

    def _lay_rules(self) -> None:
        self._rules = {ground: replace(self.rule, traits=traits_of(ground)) for ground in self.grounds}

    def _judge(self, drop: Drop, now: float, alone: str | None) -> bool:
        """Settle one drop further; say whether it is to be examined now."""
        key = drop.key
        self._settling[key], verdict = settle(self._settling.get(key), drop, now, self.rule_of(drop), alone=alone)
        if isinstance(verdict, Wait):
            self._waits[key] = verdict
            if verdict.until is None and alone is not None and alone.startswith(ALONE):
                del self._restless[key]  # only a change helps it, and that is noticed above
            return False
        self._waits.pop(key, None)
        if key in self._examined:
            return False
        if len(self._examined) >= AT_ONCE:
            self.backlog = True
            return False
        self._examined.add(key)
        return True

    def _forget(self, key: str) -> None:
        self._settling.pop(key, None)
        self._waits.pop(key, None)
        self._stuck.discard(key)

    def patience(self, drop: Drop, now: float) -> Patience:
        """Say how a drop is met that looks unfinished."""
        settling = self._settling.get(drop.key)
        still = 0.0 if settling is None else now - settling.changed
        return Patience(check=self.rule.content_check, over=still >= self.rule.grace)

    def settled(self, drop: Drop) -> bool:
        """Say whether an examined drop is still the one that was last seen, and close its examination."""
        self._examined.discard(drop.key)
        settling = self._settling.get(drop.key)
        return settling is not None and settling.drop == drop

    def not_yet(self, drop: Drop, evidence: Evidence, now: float) -> None:
        """Start the quiet period of a drop again, because there is evidence that it is not whole."""
        settling = self._settling.get(drop.key)
        if settling is None:
            return
        self._settling[drop.key] = unsettle(settling, now)
        says = evidence.says
        if evidence.lasting is not None and now - settling.changed > PATIENCE:
            says = evidence.lasting
        first = drop.video or drop.parts[0]
        if evidence.name != first.name:
            says = f"waits, because {display(evidence.name)} {says}"
        period = self.rule_of(drop).period(settling.longest_gap)
        self._waits[drop.key] = Wait(why=says, until=now + max(period, RECHECK))

    def taken(self, drop: Drop) -> None:
        """Forget a drop that has become a claim."""
        self._forget(drop.key)

    def next_scan(self, now: float) -> float:
        """Say when to look again if no hint comes: sooner while a drop is settling, later where a scan is slow."""
        pace = self.interval
        untils = [self._waits[key].until for key in self._restless if key in self._waits]
        soonest = min((until for until in untils if until is not None), default=now + pace)
        self._due = min(max(soonest, now + self.quiet / 3, self.earliest()), now + pace)
        return self._due

    def earliest(self) -> float:
        """Say when the next scan may begin at the earliest, however many hints come."""
        spacing = max(min(SPACING, self.quiet / 10), self._took * HINT_SHARE)
        return 0.0 if self.last_scan is None else self.last_scan + spacing

    def newly_stuck(self, now: float) -> list[tuple[str, str]]:
        """Give (name, reason) of what has waited for longer than the folder allows, each once."""
        late = [key for key, settling in self._settling.items() if now - settling.first >= self.rule.stall]
        new = [key for key in late if key not in self._stuck]
        self._stuck.update(new)
        return [self._waiting(key) for key in new]

    def waiting(self) -> Iterator[tuple[str, str]]:
        """Give (name, reason) of what is seen and not taken, as people may read it."""
        yield from (self._waiting(key) for key in self._settling)
        yield from ((display(name), why) for name, why in self.refused)

    def _waiting(self, key: str) -> tuple[str, str]:
        wait, drop = self._waits.get(key), self._settling[key].drop
        name = drop.leader
        why = wait.why if wait else "is being examined"
        if key in self._stuck:
            hours = self.rule.stall / 3600
            why = f"{why}. It has waited for more than {hours:g} hours: copy it again, or take it away"
        return display(name), why
