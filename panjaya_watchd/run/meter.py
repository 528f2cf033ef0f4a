"""
Meters: how fast bytes may pass. Each belongs to one direction of one watch folder, or of all of them together.

A meter is a bucket that leaks at the rate that holds now. Every chunk is put into it and may go when what came before
it has leaked out, so transfers that share a meter take turns in the order in which they asked.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from panjaya_watchd.api.base import Withdrawn
from panjaya_watchd.api.reader import CHUNK
from panjaya_watchd.core.names import FolderName
from panjaya_watchd.core.rate import Schedule
from panjaya_watchd.run.clock import Clock

BURST: Final = 0.1
"""Seconds' worth of bytes that may go before they have leaked out: the time that sending itself takes is not lost."""

STILL: Final = 2.0
"""Seconds for which a chunk should keep a connection still, at most; servers and proxies cut after 20 to 60."""

FINEST: Final = 4 << 10
"""Bytes of the smallest chunk; where dozens share the lowest rate, each is still for longer all the same."""

ASK_AGAIN: Final = 1.0
"""Seconds after which whoever waits asks which rate holds now."""

_NO_TIME: Final = 1e-6
"""Seconds; a pause of less is none, because a clock of floating point may not move by it."""


class Meter:
    """
    One bucket, shared by all transfers of one direction.

    Args:
        schedule: the rates, by the clock on the operator's wall.
        clock: tells the time of day, and how much has leaked out.
        wait: sleeps for so many seconds; says at once, and from then on, when the daemon ends.
        sharers: how many transfers may be under way at once.

    """

    def __init__(self, schedule: Schedule, clock: Clock, wait: Callable[[float], bool], *, sharers: int = 1) -> None:
        self.schedule = schedule
        self._clock = clock
        self._wait = wait
        self._lock = threading.Lock()
        self._put_in = 0
        self._leaked = 0.0
        self._looked = clock.monotonic()
        self.sharers = sharers

    @property
    def chunk(self) -> int:
        """Give the bytes that should pass at once, so that no transfer is still for long, at any hour."""
        schedule = self.schedule
        least = CHUNK if schedule.least is None else int(schedule.least * STILL / self.sharers)
        return min(CHUNK, max(FINEST, least // FINEST * FINEST))

    def change(self, schedule: Schedule, *, sharers: int = 1) -> None:
        """Take other rates; whoever waits here asks again soon, and goes by them. A transfer keeps its chunks."""
        with self._lock:
            self._leak()
            self.schedule, self.sharers = schedule, sharers

    def limit(self) -> float | None:
        """Give the bytes a second that may pass now; None where nothing is limited."""
        here = self._clock.here()
        return self.schedule.limit_at(here.weekday(), (here.hour * 60 + here.minute) * 60 + here.second)

    def take(self, count: int) -> None:
        """
        Wait until ``count`` bytes may pass.

        Raises:
            Withdrawn: the daemon ends meanwhile.

        """
        with self._lock:
            self._leak()
            self._put_in += count
            mark = self._put_in
        while pause := self._pause(mark):
            if self._wait(min(pause, ASK_AGAIN)):
                raise Withdrawn

    def _pause(self, mark: int) -> float:
        """Give the seconds until everything up to ``mark`` may have passed, if the rate stays."""
        with self._lock:
            limit = self._leak()
            pause = 0.0 if limit is None else (mark - self._leaked) / limit - BURST
        return pause if pause > _NO_TIME else 0.0

    def _leak(self) -> float | None:
        """Let out what may have passed since the last look; an empty bucket saves nothing up."""
        now, limit = self._clock.monotonic(), self.limit()
        leaked = self._put_in if limit is None else self._leaked + (now - self._looked) * limit
        self._leaked, self._looked = min(leaked, self._put_in), now
        return limit


class UploadToll:
    """What one file pays on its way to the service; used by one thread. ``meters`` gives those that stand there now."""

    def __init__(self, meters: Callable[[], tuple[Meter, ...]], size: int) -> None:
        self._meters = meters
        self._size = size
        self._paid = 0
        self.chunk = min((meter.chunk for meter in meters()), default=CHUNK)
        """Bytes of a chunk, at most."""

    def sent(self, sent: int) -> None:
        """
        Wait until what follows the ``sent`` bytes may leave; to be told 0 before the first.

        Each chunk is paid for before it leaves, so the last one is before its gate: behind that nothing is held back.

        Raises:
            Withdrawn: the daemon ends meanwhile; never when all is sent.

        """
        upto = min(sent + self.chunk, self._size)
        if upto > self._paid:
            _take(self._meters(), upto - self._paid)
            self._paid = upto


class DownloadToll:
    """What one result pays when it has come; used by one thread. The service is held back by what is not read yet."""

    def __init__(self, meters: Callable[[], tuple[Meter, ...]]) -> None:
        self._meters = meters
        self._held: int | None = None

    def held(self, held: int) -> None:
        """
        Wait for what has come since the last word; the first one, and any that is less, tells where it begins.

        Raises:
            Withdrawn: the daemon ends meanwhile.

        """
        before, self._held = self._held, held
        if before is not None and held > before:
            _take(self._meters(), held - before)


def _take(meters: tuple[Meter, ...], count: int) -> None:
    for meter in meters:
        meter.take(count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meters:
    """The meters of one daemon, by watch folder; None stands for all folders together."""

    uploads: dict[FolderName | None, Meter] = field(default_factory=dict)
    downloads: dict[FolderName | None, Meter] = field(default_factory=dict)

    def upload(self, folder: FolderName, size: int) -> UploadToll:
        """Give the toll of a file of that folder, of so many bytes."""
        return UploadToll(lambda: _on_the_way(self.uploads, folder), size)

    def download(self, folder: FolderName) -> DownloadToll:
        """Give the toll of a result for that folder."""
        return DownloadToll(lambda: _on_the_way(self.downloads, folder))

    def change(self, other: "Meters") -> None:
        """Take over what another one has; a transfer that is under way goes by that from its next chunk on."""
        for ours, theirs in ((self.uploads, other.uploads), (self.downloads, other.downloads)):
            for name in ours.keys() - theirs.keys():
                ours.pop(name).change(Schedule())
            for name, meter in theirs.items():
                ours.setdefault(name, meter).change(meter.schedule, sharers=meter.sharers)


def _on_the_way(meters: Mapping[FolderName | None, Meter], folder: FolderName) -> tuple[Meter, ...]:
    """Give the folder's own meter, then the shared one: a slow folder takes no turn there that it cannot use yet."""
    found = (meters.get(name) for name in (folder, None))
    return tuple(meter for meter in found if meter is not None)
