"""
A lane: a queue of work and the threads that do it.

It takes a value and puts one message into the inbox; it keeps nothing.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.messages import Crashed, Message

LONG: Final = 3600.0
"""Seconds that a large file may take from one device to another."""

Work = Callable[[], Message | None]


class _Handed(NamedTuple):
    work: Work
    blame: ClaimId | None
    over: Callable[[], None]


class Lane:
    """
    So many threads for one kind of effect.

    The threads are daemonic: one that is stuck in the kernel must not keep the process from ending.
    """

    def __init__(self, name: str, threads: int, inbox: Inbox, now: Callable[[], float]) -> None:
        self._name = name
        self._came_back = now()
        self._began: float | None = None
        """When what is under way for a claim began."""
        self._queue: deque[_Handed] = deque()
        self._changed = threading.Condition()
        self._limit = 0
        self._busy = 0
        self._over = False
        self._inbox = inbox
        self._now = now
        self._threads: list[threading.Thread] = []
        self.resize(threads)

    def hand(self, work: Work, blame: ClaimId | None = None, over: Callable[[], None] = lambda: None) -> None:
        """
        Add work; its message, if any, goes into the inbox, and only then is it ``over``.

        ``blame`` is the claim that is the reason if the work meets a bug.
        """
        with self._changed:
            self._queue.append(_Handed(work, blame, over))
            self._changed.notify()

    def resize(self, threads: int) -> None:
        """Change how much is done at once. What is under way goes on; a thread too many waits until it is wanted."""
        with self._changed:
            self._limit = threads
            while len(self._threads) < threads:
                thread = threading.Thread(target=self._run, name=f"{self._name}-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify_all()

    def came_back(self) -> float:
        """
        Give when the lane was last done with something, in monotonic seconds.

        What is done for a claim may take as long as copying a large file does, so it counts as coming back for `LONG`.
        """
        began = self._began
        return self._came_back if began is None else min(self._now(), began + LONG)

    def end(self) -> None:
        """Let each thread end after what is queued."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _run(self) -> None:
        while (handed := self._next()) is not None:
            self._work(handed)
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def _next(self) -> _Handed | None:
        """Wait for work; None when it is all done and no more may come."""
        with self._changed:
            while not (self._queue and self._busy < self._limit):
                if self._over and not self._queue:
                    return None
                self._changed.wait()
            self._busy += 1
            return self._queue.popleft()

    def _work(self, handed: _Handed) -> None:
        self._began = None if handed.blame is None else self._now()
        try:
            message = handed.work()
        except BaseException as error:  # noqa: BLE001  (not swallowed: the driver raises it)
            message = Crashed(error=error, claim_id=handed.blame)
        self._came_back, self._began = self._now(), None
        if message is not None:
            self._inbox.put(message)
        handed.over()
