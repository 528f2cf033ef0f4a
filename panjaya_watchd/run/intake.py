"""
Intake: what one watch folder shows and has not given us yet.

Nothing here is durable: before the claim the folder is the truth. Start-up, hint and timer take the same way, and no
drop is taken on its first sighting.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from panjaya_watchd.core.drop import Drop, Fingerprint, group
from panjaya_watchd.core.names import display
from panjaya_watchd.core.settle import Ready, Rule, Settling, Wait, settle, unsettle
from panjaya_watchd.places.base import Scan

SCAN_SHARE = 50
"""A scan may take a fiftieth of the wall time; a slow share is looked at less often (R11)."""

RECHECK = 1.0
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
    look_again: bool = False
    _took: float = 0.0
    _settling: dict[str, Settling] = field(default_factory=dict)
    _waits: dict[str, Wait] = field(default_factory=dict)
    _examined: set[str] = field(default_factory=set)
    _files: tuple[tuple[str, Fingerprint], ...] = ()
    _drops: tuple[Drop, ...] = ()

    def sight(self, scan: Scan, now: float, seconds: float, claimed: Collection[str]) -> list[Drop]:
        """
        Take in what a scan saw; give the drops that are still enough to be examined.

        Args:
            scan: the whole folder at one moment.
            now: monotonic seconds.
            seconds: how long the scan took.
            claimed: keys of drops that are ours already but may not have been moved yet.

        """
        self.last_scan, self.trouble, self.refused, self._took = now, None, scan.refused, seconds
        if scan.files != self._files:
            self._files, self._drops = scan.files, group(scan.files)
        here = {drop.key: drop for drop in self._drops if drop.key not in claimed}
        for key in self._settling.keys() - here.keys():
            del self._settling[key]
            self._waits.pop(key, None)
        ready = []
        for key, drop in here.items():
            self._settling[key], verdict = settle(self._settling.get(key), drop, now, self.rule)
            match verdict:
                case Wait():
                    self._waits[key] = verdict
                case Ready() if key not in self._examined:
                    self._examined.add(key)
                    ready.append(drop)
                case Ready():
                    pass
        return ready

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
        self._settling.pop(drop.key, None)
        self._waits.pop(drop.key, None)

    def next_scan(self, now: float) -> float:
        """Say when to look again if no hint comes: sooner while a drop is settling, later where a scan is slow."""
        pace = max(self.pace, self._took * SCAN_SHARE)
        untils = [wait.until for wait in self._waits.values() if wait.until is not None]
        soonest = min(untils, default=now + pace)
        return min(max(soonest, now + min(pace, self.rule.quiet / 3)), now + pace)

    def waiting(self) -> Iterator[tuple[str, str]]:
        """Give (name, reason) of everything that is seen and not taken, as people may read it."""
        for key, settling in sorted(self._settling.items()):
            wait = self._waits.get(key)
            drop = settling.drop
            name = drop.video.name if drop.video else drop.parts[0].name
            yield display(name), wait.why if wait else "is being examined"
        yield from ((display(name), why) for name, why in self.refused)
