"""
One delivery: a tool that brings one film into a watch folder, without a break, with one, or not to the end.

A break is SIGSTOP in the middle, which a tool cannot notice: nothing comes for longer than the quiet period, and then
the rest. The end half way is SIGKILL. What stands between the tool and the disk, such as a server, goes on running.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from bed.servers import mirror

PACE: Final = 700_000
"""Bytes a second where a delivery is to be met in the middle; a film then takes between two and three seconds."""

OLD: Final = 1_588_672_000
"""When the films were last modified, by their sources: in May 2020."""

_PATIENCE: Final = 40.0


class Course(StrEnum):
    """How a delivery goes."""

    WHOLE = "whole"
    STALLED = "stalled"
    KILLED = "killed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """
    A watch folder: the daemon looks ``at`` it, tools write ``below``, which is another place for a mount.

    ``share`` is what the servers call it.
    """

    name: str
    profile: str
    at: Path
    below: Path
    quiet: float
    share: str = ""
    recursive: bool = False

    @property
    def stall(self) -> float:
        """Give how long a break is, in seconds: long enough for everything to have been quiet twice."""
        return 2 * self.quiet + 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the servers are, and the private key that SSH lets in."""

    smb: int
    ssh: int
    key: Path
    rsync: int
    ftp: int
    ftp_hidden: int
    http: int


@dataclass(slots=True, kw_only=True)
class Delivery:
    """A tool, how it goes with it, where to; ``source`` lies in a folder of its own, on the watch folder's device."""

    tool: str
    course: Course
    folder: Watched
    ports: Ports
    source: Path
    content: bytes
    began: float = 0.0
    ended: float = 0.0
    """When the tool ended, in seconds since the epoch: no later than that its last byte was there."""

    fault: str = ""
    """What went wrong with the delivery itself, which proves nothing of the daemon then."""

    @property
    def name(self) -> str:
        """Give the film's name in the watch folder."""
        return self.source.name

    @property
    def target(self) -> Path:
        """Give where the film will be."""
        return self.folder.below / self.name

    @property
    def room(self) -> Path:
        """Give a folder of the delivery's own, on the device of the watch folder."""
        return self.source.parent

    @property
    def hurried(self) -> bool:
        """Say whether nobody wants to meet it in the middle."""
        return self.course is Course.WHOLE

    @contextmanager
    def read_slowly(self) -> Iterator[Path]:
        """Show the delivery's own folder through another file system, slow enough to be met in the middle."""
        at = self.room.parent / f"slow {self.room.name}"
        with mirror(self.room, at, *([] if self.hurried else [f"--read-rate={PACE}"])):
            yield at

    def run(self, *command: str | Path | int, says: str = "") -> None:
        """Run the tool to the end that the course wants; ``says`` is told to it on its standard input."""
        with (self.room / "tool.log").open("wb") as log, (self.room / "tool.in").open("w+") as told:
            told.write(says)
            told.seek(0)
            tool = subprocess.Popen(
                [str(word) for word in command],
                stdin=told,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "HOME": str(self.room)},
            )
        wanted = 0
        try:
            if self.course is not Course.WHOLE:
                self._meet(tool)
            if self.course is Course.STALLED:
                os.killpg(tool.pid, signal.SIGSTOP)
                time.sleep(self.folder.stall)
                self._prove_in_the_middle()
                os.killpg(tool.pid, signal.SIGCONT)
            if self.course is Course.KILLED:
                wanted = -signal.SIGKILL
                os.killpg(tool.pid, signal.SIGKILL)
            ended = tool.wait(_PATIENCE)
        finally:
            if tool.poll() is None:
                os.killpg(tool.pid, signal.SIGKILL)
                tool.wait()
        assert ended == wanted, f"ended with {ended}: {self._log()}"

    def run_writer(self, program: Path, *words: str | Path | int) -> None:
        """Run a tool of ours, which knows by itself when it is half way; ``words`` go before what all of them want."""
        course = {Course.WHOLE: "0", Course.STALLED: str(self.folder.stall), Course.KILLED: "die"}[self.course]
        with (self.room / "tool.log").open("wb") as log:
            command = [sys.executable, program, *words, self.source, self.target, course]
            ran = subprocess.run(
                [str(word) for word in command],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                timeout=_PATIENCE,
                check=False,
            )
        wanted = -signal.SIGKILL if self.course is Course.KILLED else 0
        assert ran.returncode == wanted, f"ended with {ran.returncode}: {self._log()}"

    def _meet(self, tool: "subprocess.Popen[bytes]") -> None:
        """Wait until between a third and nine tenths have arrived."""
        deadline = time.monotonic() + _PATIENCE
        while self._arrived() < len(self.content) / 3:
            assert tool.poll() is None, f"it was not met in the middle, and ended with {tool.poll()}: {self._log()}"
            assert time.monotonic() < deadline, f"it did not come to the middle: {self._log()}"
            time.sleep(0.05)
        self._prove_in_the_middle()

    def _prove_in_the_middle(self) -> None:
        arrived = self._arrived()
        assert arrived < len(self.content) * 0.9, f"it was met too late, with {arrived} of {len(self.content)} bytes"

    def _arrived(self) -> int:
        """Give how many bytes lie there, under whatever name; what is reserved and not written does not count."""
        beside = (self.folder.below, self.folder.below / ".~tmp~")
        return max(
            (_written(path) for folder in beside if folder.is_dir() for path in folder.glob(f"*{self.source.stem}*")),
            default=0,
        )

    def _log(self) -> str:
        return (self.room / "tool.log").read_text(encoding="utf-8", errors="replace")[-500:]


def _written(path: Path) -> int:
    try:
        asked = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return 0
    try:
        return os.lseek(asked, 0, os.SEEK_HOLE)
    except OSError:
        return 0  # empty
    finally:
        os.close(asked)
