"""Spawning: daemons of one machine that start quickly and die as quickly, by a program that has imported everything."""

import os
import signal
import subprocess
import sys
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from machine import Machine, environment

SPAWNER: Final = Path(__file__).with_name("e2e") / "spawner.py"


class Spawner(AbstractContextManager["Spawner"]):
    """Starts and kills the daemons of one machine, one at a time; leaves none behind."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        command = [sys.executable, str(SPAWNER), "run", "--config", str(machine.config)]
        pipe = subprocess.PIPE
        self._program = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment(), text=True)
        self._daemon: int | None = None

    def start(self) -> int:
        """Start a daemon; give its process id."""
        assert self._program.stdin is not None
        self._program.stdin.write(f"{self.machine.log}\n")
        self._program.stdin.flush()
        self._daemon = int(self._read())
        return self._daemon

    def end(self, process: int, number: int = signal.SIGKILL) -> int:
        """Send a signal and wait; give how it ended, as `os.waitstatus_to_exitcode` does."""
        os.kill(process, number)
        self._daemon = None
        return os.waitstatus_to_exitcode(int(self._read()))

    def _read(self) -> str:
        assert self._program.stdout is not None
        return self._program.stdout.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._daemon is not None:
            with suppress(ProcessLookupError):
                os.kill(self._daemon, signal.SIGKILL)
        with self._program:
            self._program.kill()
