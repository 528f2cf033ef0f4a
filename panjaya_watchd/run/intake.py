"""
Intake: what one watch folder shows and has not given us yet.

Nothing here is durable: before the claim the folder is the truth. Start-up, hint and timer take the same way, and no
drop is taken on its first sighting.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from panjaya_watchd.core.drop import Drop, Fingerprint, group
from panjaya_watchd.core.names import display
from panjaya_watchd.core.settle import Rule, Settling, Wait, settle, unsettle
from panjaya_watchd.places.base import Scan

SCAN_SHARE: Final = 200
"""Without hints a scan may take half a percent of the wall time; a slow share is looked at less often (R11)."""

HINT_SHARE: Final = 10
"""With hints, a tenth: somebody copies into the folder and wants to see it taken."""

SPACING: Final = 1.0
"""Seconds between two scans at the least, as a running copy makes hundreds of hints a second; less where quiet is."""

AT_ONCE: Final = 16
"""How many drops are examined before the next scan may begin: each is measured by a process of its own."""

RECHECK: Final = 1.0
"""Seconds until a drop with evidence against it is looked at again, at the earliest."""


@dataclass(slots=True)
class Intake:
    """One watch folder's drops on their way to a claim. Touched by the driver's thread only."""

    rule: Rule
    pace: float
    """Seconds between two scans when nothing happens."""

    last_scan: float | None = None
    """When the last scan was finished, in monotonic seconds; what "alive" is judged by (R4)."""

    trouble: str | None = None
    refused: tuple[tuple[str, str], ...] = ()
    looking: bool = False
    asked: float = 0.0
    """When the scan that is under way began, in monotonic seconds."""

    look_again: bool = False
    backlog: bool = False
    """More drops are still than are examined at once."""

    _took: float = 0.0
    _settling: dict[str, Settling] = field(default_factory=dict)
    _waits: dict[str, Wait] = field(default_factory=dict)
    _examined: set[str] = field(default_factory=set)
    _files: tuple[tuple[str, Fingerprint], ...] = ()
    _drops: dict[str, Drop] = field(default_factory=dict)
    _restless: dict[str, Drop] = field(default_factory=dict)
    """Drops that the passing of time can bring further."""

    def take(self, scan: Scan) -> Mapping[str, Drop]:
        """Take in what a scan of the whole folder saw; give all its drops by their keys."""
        self.trouble, self.refused = None, scan.refused
        if scan.files != self._files:
            self._files, self._drops = scan.files, {drop.key: drop for drop in group(scan.files)}
            self._restless = dict(self._drops)
            for key in self._settling.keys() - self._restless.keys():
                self._forget(key)
        return self._drops

    def sight(self, now: float, seconds: float, claimed: Collection[str]) -> list[Drop]:
        """
        Settle what was taken in; give the drops that are still enough to be examined.

        Args:
            now: monotonic seconds.
            seconds: how long the scan took.
            claimed: keys of drops that are ours already but were not moved yet.

        """
        self.last_scan, self._took, self.backlog = now, seconds, False
        ready = []
        for key, drop in list(self._restless.items()):
            if key in claimed:
                self._forget(key)
            elif self._judge(drop, now):
                ready.append(drop)
        return ready

    def restless(self, keys: Collection[str]) -> bool:
        """Say whether one of these drops is still on its way to a claim."""
        return any(key in self._restless and key in self._settling for key in keys)

    def _judge(self, drop: Drop, now: float) -> bool:
        """Settle one drop further; say whether it is to be examined now."""
        key = drop.key
        self._settling[key], verdict = settle(self._settling.get(key), drop, now, self.rule)
        if isinstance(verdict, Wait):
            self._waits[key] = verdict
            if verdict.until is None:
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

    def settled(self, drop: Drop) -> bool:
        """Say whether an examined drop is still the one that was last seen, and close its examination."""
        self._examined.discard(drop.key)
        settling = self._settling.get(drop.key)
        return settling is not None and settling.drop == drop

    def not_yet(self, drop: Drop, why: str, now: float) -> None:
        """Start the quiet period of a drop again, because there is evidence that it is not whole."""
        if drop.key in self._settling:
            self._settling[drop.key] = unsettle(self._settling[drop.key], now)
            self._waits[drop.key] = Wait(why=why, until=now + max(self.rule.quiet, RECHECK))

    def taken(self, drop: Drop) -> None:
        """Forget a drop that has become a claim."""
        self._forget(drop.key)

    def next_scan(self, now: float) -> float:
        """Say when to look again if no hint comes: sooner while a drop is settling, later where a scan is slow."""
        pace = max(self.pace, self._took * SCAN_SHARE)
        untils = [self._waits[key].until for key in self._restless if key in self._waits]
        soonest = min((until for until in untils if until is not None), default=now + pace)
        return min(max(soonest, now + self.rule.quiet / 3, self.earliest()), now + pace)

    def earliest(self) -> float:
        """Say when the next scan may begin at the earliest, however many hints come."""
        spacing = max(min(SPACING, self.rule.quiet / 10), self._took * HINT_SHARE)
        return 0.0 if self.last_scan is None else self.last_scan + spacing

    def waiting(self) -> Iterator[tuple[str, str]]:
        """Give (name, reason) of what is seen and not taken, as people may read it."""
        yield from (self._waiting(key) for key in self._settling)
        yield from ((display(name), why) for name, why in self.refused)

    def _waiting(self, key: str) -> tuple[str, str]:
        wait, drop = self._waits.get(key), self._settling[key].drop
        name = drop.video.name if drop.video else drop.parts[0].name
        return display(name), wait.why if wait else "is being examined"
