"""What the hands work with: the edges, and where progress is shown."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from panjaya_watchd.api.base import DubbingApi, Withdrawn
from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.content import Ending, Measured, Reads
from panjaya_watchd.core.names import FolderName
from panjaya_watchd.places.base import Place
from panjaya_watchd.run.board import Board, Progress
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.meter import Meters

Probe = Callable[[int | None], Measured | None]
"""Measures a video by its open descriptor; None where it cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Shared by all verbs, from many threads; the edges allow that."""

    api: DubbingApi
    places: dict[FolderName, Place]
    probe: Probe
    ending: Callable[[Reads], Ending]
    """Says by its container whether a video is whole."""
    clock: Clock
    board: Board
    stop: threading.Event
    """Set when the daemon ends: what has not passed the gate is taken back at its next chunk."""
    meters: Meters = field(default_factory=Meters)
    """Limit what is sent and fetched."""
    urgently: Callable[[], AbstractContextManager[None]] = nullcontext
    """Lets requests pass before their turn, while a gate is held shut for them."""

    def show(self, claim: Claim, what: str, moved: int, total: int | None, began: float) -> None:
        """Show how far something is."""
        self.board.show(claim.id, what, Progress(sent=moved, total=total, since=began))

    def heed_stop(self) -> None:
        """Raise `Withdrawn` when the daemon ends."""
        if self.stop.is_set():
            raise Withdrawn
