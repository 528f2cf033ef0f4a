"""
Daemons that start quickly, on a wall clock that a test can set back.

Each is forked from a program that has imported everything, and is the command line program itself, in a process of its
own. Its wall clock runs an hour late from the moment that a certain file exists; `SystemClock.now` is the only place
where the package reads that clock (tests/rooms.py), so this is what a daemon sees whose machine's clock is set back.
Its end of the line may be narrow: what it has sent has then left, but for a few packets, while a socket by itself holds
four megabytes.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from panjaya_watchd.api import exchange
from panjaya_watchd.cli import main
from panjaya_watchd.run.clock import SystemClock

HOUR: Final = timedelta(hours=1)
NARROW: Final = 64 << 10
"""Bytes that a narrow end of a line holds."""

_PROGRAM: Final = get_context("forkserver")
_PROGRAM.set_forkserver_preload(["panjaya_watchd.cli.app", "panjaya_watchd.cli.running", "panjaya_watchd.build"])
_LOCK: Final = threading.Lock()
"""`multiprocessing` looks after all its children whenever one is started, and two looks at one child disturb it."""


class Forked:
    """
    One daemon; a `machine.Running`.

    Args:
        words: of its command line, after the name of the program.
        log: what it writes to standard error is added here.
        environ: its surroundings.
        late: once this file exists, its wall clock is an hour late.
        narrow: whether its end of the line is narrow.

    """

    def __init__(
        self, words: Sequence[str], *, log: Path, environ: Mapping[str, str], late: Path, narrow: bool = False
    ) -> None:
        told = (words, log, dict(environ), late, narrow)
        self._process = _PROGRAM.Process(target=_live, args=told, daemon=True)
        with _LOCK:
            self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        """Give how it ended, or None while it runs."""
        with _LOCK:
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; give how."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (ended := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"The daemon has not ended within {timeout} s.")
            time.sleep(0.002)
        return ended

    def send_signal(self, sig: int) -> None:
        """Send a signal."""
        os.kill(self.pid, sig)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


def _live(words: Sequence[str], log: Path, environ: Mapping[str, str], late: Path, narrow: bool) -> None:  # noqa: FBT001
    """Be the daemon; runs in the forked process."""

    def now(self: SystemClock) -> datetime:
        return datetime.now(UTC) - (HOUR if late.exists() else timedelta(0))

    os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), 2)
    os.write(2, b"\n")  # ends the line that a killed one may have left without its end
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.environ.clear()
    os.environ.update(environ)
    SystemClock.now = now  # type: ignore[method-assign]
    if narrow:
        exchange._KEEP_ALIVE.append((socket.SOL_SOCKET, socket.SO_SNDBUF, NARROW))
    sys.argv = ["panjaya-watchd", *words]
    main()
