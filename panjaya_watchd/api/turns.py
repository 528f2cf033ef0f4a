"""
Turns: at most so many requests in any second, whichever thread asks.

How many the service allows is not documented, so the operator bounds it. Reading requests wait for their turn; a
request that costs money, and the list that is read while a gate is shut, are counted and never wait. Where several
wait, whoever asks on behalf of money (a look-up) goes before those that only follow what is being dubbed.
"""

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from panjaya_watchd.api.base import Patient

PATIENCE: Final = 50
"""Turns of others after which a patient request has its own like any other, however many are in a hurry."""


class Turns:
    """
    A bound that all threads share.

    Args:
        per_second: how many requests there may be in any second, above 0; of 0.5 it makes one in any two seconds.
        now: gives monotonic seconds.
        pause: waits for so many seconds.

    """

    def __init__(
        self, per_second: float = math.inf, *, now: Callable[[], float], pause: Callable[[float], object]
    ) -> None:
        self._many = 0
        self._span = 0.0
        self._now = now
        self._pause = pause
        self._begun: deque[float] = deque()
        """When the last requests began, as many as there may be in a span."""
        self._lock = threading.Lock()
        self._hurried = 0
        """How many wait that are not patient."""
        self._own = threading.local()
        self.change(per_second)

    def change(self, per_second: float) -> None:
        """Allow so many from now on; what was sent before counts on."""
        with self._lock:
            self._many = 0 if math.isinf(per_second) else max(1, math.ceil(per_second))
            self._span = self._many / per_second
            self._begun = deque(self._begun, maxlen=self._many)

    def wait(self) -> None:
        """Wait until one more request may be sent, and count it; not `urgently`."""
        if getattr(self._own, "urgent", False):
            self.count()
            return
        patient: Patient | None = getattr(self._own, "patient", None)
        if patient is not None:
            patient.requests += 1
        if self._many:
            self._wait(hurried=patient is None)

    def count(self) -> None:
        """Count a request that is sent in any case."""
        if self._many:
            with self._lock:
                self._begun.append(self._now())

    @contextmanager
    def urgently(self) -> Iterator[None]:
        """Let the requests of this thread wait for nobody: an upload is held at its gate meanwhile, and may be cut."""
        self._own.urgent = True
        try:
            yield
        finally:
            self._own.urgent = False

    @contextmanager
    def patiently(self) -> Iterator[Patient]:
        """Let the requests of this thread wait for those of others, and count them."""
        self._own.patient = patient = Patient()
        try:
            yield patient
        finally:
            self._own.patient = None

    def _wait(self, *, hurried: bool) -> None:
        with self._lock:
            self._hurried += hurried
            came = self._now()
        while (pause := self._turn(came, hurried=hurried)) > 0:
            self._pause(pause)

    def _turn(self, came: float, *, hurried: bool) -> float:
        """Take a turn and give 0, or give the seconds after which to ask again."""
        with self._lock:
            now = self._now()
            free = self._begun[0] + self._span if len(self._begun) == self._many else now
            if free > now:
                return free - now
            if not hurried and self._hurried and now - came < PATIENCE * self._span / self._many:
                return self._span / self._many
            self._begun.append(now)
            self._hurried -= hurried
            return 0.0
