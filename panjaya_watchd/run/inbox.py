"""The driver's inbox: one queue that every thread may put into, and the times at which something is due."""

import heapq
import itertools
import queue
from collections.abc import Hashable

from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.messages import Message


class Inbox:
    """
    Messages in the order they came, and messages for later.

    `put` may be called from any thread; `put_at` and `take` by the driver's alone.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._arrived: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._later: list[tuple[float, int, Hashable, Message]] = []
        self._latest: dict[Hashable, int] = {}
        self._count = itertools.count()

    def put(self, message: Message) -> None:
        """Add a message; it wakes the driver."""
        self._arrived.put(message)

    def put_at(self, due: float, key: Hashable, message: Message) -> None:
        """Add a message for a later time (monotonic seconds). A message with the same key is replaced."""
        number = next(self._count)
        self._latest[key] = number
        heapq.heappush(self._later, (due, number, key, message))

    def next_due(self) -> float | None:
        """Say when the next message for later is due, in monotonic seconds; None where there is none."""
        while self._later and self._latest.get(self._later[0][2]) != self._later[0][1]:
            heapq.heappop(self._later)  # replaced
        return self._later[0][0] if self._later else None

    def take(self, patience: float) -> Message | None:
        """Give the next message, waiting at most ``patience`` seconds; None when there is none by then."""
        due = self.next_due()
        now = self._clock.monotonic()
        if due is not None and due <= now:
            _, _, key, message = heapq.heappop(self._later)
            del self._latest[key]
            return message
        wait = patience if due is None else min(patience, due - now)
        try:
            return self._arrived.get(timeout=wait) if wait > 0 else self._arrived.get_nowait()
        except queue.Empty:
            return None
