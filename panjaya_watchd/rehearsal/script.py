"""
Scripted and random faults: which request is struck, how and when.

Values and their choice only; `interference` does the striking.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from random import Random
from typing import Final, Literal

from panjaya_watchd.rehearsal.switches import Chaos

Do = Literal["status", "html", "garbage", "redirect", "cut", "hang", "delay", "truncate"]
When = Literal["before_body", "at_fraction", "after_body", "after_store"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripted:
    """
    One fault, for the next ``times`` requests that match ``on``: method and path, with ``*`` as in a shell.

    ``do``: answer with ``status`` and ``body`` (default: a JSON ``detail``), with a proxy's ``html`` page, with
    ``garbage`` (200 and no JSON), a ``redirect`` to ``headers["Location"]``; ``cut`` the connection; ``hang`` for
    ``seconds`` (0: until the server stops) and then cut; ``delay`` for ``seconds`` and go on as if nothing was; or
    ``truncate`` the true answer after ``fraction`` of its body.

    ``when``: before the body is read, after ``fraction`` of its Content-Length, when all of it has arrived and nothing
    was made of it, or ``after_store``: the request is carried out and only its answer is lost. A ``delay`` is always
    before the body, or ``after_store``, where the answer comes late; ``truncate`` concerns the answer alone.
    """

    on: str
    do: Do
    when: When = "before_body"
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    fraction: float = 0.5
    seconds: float = 0.0
    times: int = 1


CHAOS: Final = (
    Scripted(on="*", do="cut"),
    Scripted(on="*", do="cut", when="at_fraction"),
    Scripted(on="*", do="cut", when="after_body"),
    Scripted(on="*", do="cut", when="after_store"),
    Scripted(on="*", do="status", status=500),
    Scripted(on="*", do="status", status=500, when="after_store"),
    Scripted(on="*", do="status", status=503, headers={"Retry-After": "1"}),
    Scripted(on="*", do="status", status=429, headers={"Retry-After": "1"}),
    Scripted(on="*", do="html", status=502),
    Scripted(on="*", do="html", status=504, when="after_store"),
    Scripted(on="*", do="garbage", when="after_store"),
    Scripted(on="*", do="truncate"),
    Scripted(on="*", do="delay", seconds=0.02),
)
"""What `Chaos` draws from; none of them is an answer that a client may take for a refusal of its drop."""


class Script:
    """The faults still to come, in the order they were added; thread-safe."""

    def __init__(self, chaos: Chaos) -> None:
        self._coming: list[Scripted] = []
        self._lock = threading.Lock()
        self._probability = chaos.probability
        self._random = Random(chaos.seed)  # noqa: S311  (repeatable on purpose)

    def add(self, *faults: Scripted) -> None:
        """Put faults at the end of the script."""
        with self._lock:
            self._coming += faults

    @property
    def coming(self) -> tuple[Scripted, ...]:
        """Give the faults that have not struck yet."""
        with self._lock:
            return tuple(self._coming)

    def take(self, method: str, path: str) -> Scripted | None:
        """Give the first fault for a request and use it up; else, by chance, a random one."""
        with self._lock:
            for index, fault in enumerate(self._coming):
                if fnmatchcase(f"{method} {path}", fault.on):
                    self._coming[index : index + 1] = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                    return fault
            if self._probability and self._random.random() < self._probability:
                return self._random.choice(CHAOS)
            return None
