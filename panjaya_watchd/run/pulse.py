"""
The pulse: by what the service manager knows that the daemon works, and how long it is to wait for it.

A beat is given only where the driver turns and each watch folder is accounted for: it was scanned lately, or a scan is
under way, which a dead share may hold up for ever. That makes the folder unusable and is said aloud, but a restart
would not bring the share back and would throw away uploads. What is left is a scan that nobody asks for any more, a
fault of our own. It is asked for once; where that does not help, no beat is given, and the service manager starts the
daemon again (R4, R41).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from panjaya_watchd.core.names import FolderName
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.intake import Intake
from panjaya_watchd.run.story import Log

REST: Final = 1.0
"""Seconds between two signs of life; a quarter of the watchdog's patience where that is less."""

MISSED: Final = 3
"""A folder is lost when no scan was under way for as many of its intervals, and for `LOST` at least."""

LOST: Final = 60.0
"""Seconds."""

STRIDE: Final = 2 * REST
"""
Seconds that one turn may count for at most, when it is judged how long a folder was not scanned.

While the driver itself stands still, stopped or waiting for a disk, nobody could ask for a scan.
"""

STARTING: Final = 90.0
"""Seconds that the next sign of life of a start may take; systemd's own patience with a whole start."""

ENDING: Final = 15.0
"""Seconds that the next sign of life of an end may take; also what is left for letting go of everything."""

TURN: Final = 900.0
"""Seconds after which a turn that makes claims durable without an end is no progress any more."""


class Manager(Protocol):
    """The service manager, as far as the daemon speaks to it."""

    watchdog: float | None
    """Within how many seconds it wants each beat; None: it wants none."""

    def ready(self) -> None:
        """Say that it has begun."""

    def status(self, words: str) -> None:
        """Say how it stands."""

    def alive(self) -> None:
        """Say that it lives."""

    def extend(self, seconds: float) -> None:
        """Ask for so many seconds more, from now, to start or to end in."""

    def stopping(self) -> None:
        """Say that it ends."""


@dataclass(slots=True, kw_only=True)
class Pulse:
    """One daemon's pulse, from its start to its end. Touched by the driver's thread only: it is its progress."""

    manager: Manager
    clock: Clock
    log: Log
    look: Callable[[FolderName], None]
    """Ask for a scan of a folder."""
    lost: tuple[FolderName, ...] = ()
    """Folders that nobody scans any more, and that asking did not help."""
    _awaited: float | None = None
    """Seconds that the manager is asked to wait for the next sign of life; None while it is not to wait for any."""
    _ran: float = 0.0
    """For how long the driver has turned, in seconds."""
    _turned: float = 0.0
    _signed: float = 0.0
    _scanned: dict[FolderName, float] = field(default_factory=dict)
    """When a scan of a folder was under way last, by `_ran`."""

    @property
    def rest(self) -> float:
        """Give the seconds that the driver may rest between two turns."""
        return min(REST, self.manager.watchdog / 4) if self.manager.watchdog else REST

    def starting(self) -> None:
        """Begin: each sign of life asks for patience until the start is over."""
        self._await(STARTING)

    def started(self) -> None:
        """From now on each sign of life is a beat."""
        self._awaited = None

    def ending(self) -> None:
        """End: each sign of life asks for patience again."""
        self._await(ENDING)

    def turned(self, intakes: Mapping[FolderName, Intake]) -> None:
        """Judge every folder that is watched, now that the driver has turned; give a sign of life if all is well."""
        now = self.clock.monotonic()
        self._ran += min(now - self._turned, STRIDE)
        self._turned = now
        self._scanned = {name: self._last(name, intake) for name, intake in intakes.items()}
        self.lost = tuple(name for name in self.lost if self._is_overdue(name, intakes.get(name)))
        for name, intake in intakes.items():
            if name not in self.lost and self._is_overdue(name, intake):
                self._lose(name, intake)
        self._sign(now)

    def moved(self) -> None:
        """Give a sign of life within a turn, because something became durable: on a slow disk a turn takes its time."""
        now = self.clock.monotonic()
        if now - self._turned < TURN:
            self._sign(now)

    def _last(self, name: FolderName, intake: Intake) -> float:
        return self._ran if intake.looking else self._scanned.get(name, self._ran)

    def _is_overdue(self, name: FolderName, intake: Intake | None) -> bool:
        return intake is not None and self._ran - self._scanned[name] > max(MISSED * intake.interval, LOST)

    def _lose(self, name: FolderName, intake: Intake) -> None:
        """Tell that nobody scans a folder any more, and have it scanned; that it helps is seen by the next turns."""
        self.lost = (*self.lost, name)
        seconds = max(MISSED * intake.interval, LOST)
        why = f"No scan of it was begun for {seconds:.0f} s, which is a fault of this service."
        hint = "It is looked at once more; if that does not help, the watchdog of systemd starts the daemon again."
        self.log.error("scan.lost", folder=name, why=why, hint=hint)
        self.look(name)

    def _await(self, seconds: float) -> None:
        self._turned = self._signed = self.clock.monotonic()
        self._awaited = seconds
        self.manager.extend(seconds)

    def _sign(self, now: float) -> None:
        if self.lost or now - self._signed < self.rest:
            return
        self._signed = now
        self.manager.alive()
        if self._awaited is not None:
            self.manager.extend(self._awaited)
