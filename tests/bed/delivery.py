"""
One delivery: a tool that brings one film into a watch folder, without a break, with one, or not to the end.

A break is SIGSTOP in the middle, which a tool cannot notice: nothing comes for longer than the quiet period, and then
the rest. It lasts until the daemon has answered a witness as well, another film that came into the folder after the
break began; so on a busy machine, too, there was time to take what has stopped. The end half way is SIGKILL. A server
between the tool and the disk goes on running.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from bed.servers import mirror
from machine import talk

PACE: Final = 500_000
"""Bytes a second where a delivery is to be met in the middle; a film then takes between three and four seconds."""

OLD: Final = 1_588_672_000
"""When the films were last modified, by their sources: in May 2020."""

LONGEST: Final = 24.0
"""Seconds of a break at most, whether the witness was answered by then or not."""

AFTERWARDS: Final = 1.5
"""Seconds that a break goes on after the answer: sending takes longer than the refusal that a witness gets."""

_PATIENCE: Final = 60.0
_POLL: Final = 0.05


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
        """Give how long a break is at the least, in seconds: everything could have been quiet twice."""
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
    ended: float = 0.0
    """When the tool ended, in seconds since the epoch; its last byte was there by then."""

    breaks: int = 0
    proven: bool = True
    """Whether every break outlasted its witness."""

    fault: str = ""
    """How the tool failed, be it by itself or because its file was taken away."""

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
        try:
            if self.course is not Course.WHOLE:
                self._meet(tool)
            if self.course is Course.STALLED:
                os.killpg(tool.pid, signal.SIGSTOP)
                self._pause()
                self._prove_in_the_middle()
                os.killpg(tool.pid, signal.SIGCONT)
            if self.course is Course.KILLED:
                os.killpg(tool.pid, signal.SIGKILL)
            tool.wait(_PATIENCE)
        finally:
            self._end(tool)

    def run_writer(self, program: Path, *words: str | Path | int) -> None:
        """
        Run a tool of ours, which stops or ends by itself where the course wants it.

        ``words`` go before what all of them are told: source, target and course.
        """
        command = [sys.executable, program, *words, self.source, self.target, self.course]
        with (self.room / "tool.log").open("wb") as log:
            tool = subprocess.Popen(
                [str(word) for word in command],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        try:
            deadline = time.monotonic() + _PATIENCE
            while tool.poll() is None:
                assert time.monotonic() < deadline, f"it does not end: {self._log()}"
                if os.waitid(os.P_PID, tool.pid, os.WSTOPPED | os.WNOHANG) is not None:
                    self._pause()
                    tool.send_signal(signal.SIGCONT)
                time.sleep(_POLL)
        finally:
            self._end(tool)

    def _end(self, tool: "subprocess.Popen[bytes]") -> None:
        """End what is left of a tool; it must have ended by itself, as the course wants."""
        ended = tool.poll()
        with suppress(ProcessLookupError):
            os.killpg(tool.pid, signal.SIGKILL)
        tool.wait(_PATIENCE)
        wanted = -signal.SIGKILL if self.course is Course.KILLED else 0
        if sys.exc_info()[0] is None:
            assert ended == wanted, f"ended with {ended}: {self._log()}"

    def _pause(self) -> None:
        """Let a break pass, and a witness with it."""
        began, self.breaks = time.monotonic(), self.breaks + 1
        stem = f"witness-{self.room.name}-{self.breaks}"
        answer = self.folder.at / "failed" / stem / "WHY.txt"
        (self.folder.below / f"{stem}.toml").write_text("This is no order, so nothing is sent.", encoding="utf-8")
        (self.folder.below / f"{stem}.mp4").write_bytes(talk(int(self.room.name)))
        while (lasts := time.monotonic() - began) < self.folder.stall or not answer.is_file():
            if lasts > LONGEST:
                self.proven = False
                break
            time.sleep(_POLL)
        time.sleep(AFTERWARDS)

    def _meet(self, tool: "subprocess.Popen[bytes]") -> None:
        """Wait until a third has arrived, and not yet nearly all."""
        deadline = time.monotonic() + _PATIENCE
        while self._arrived() < len(self.content) / 3:
            assert tool.poll() is None, f"it was not met in the middle, and ended with {tool.poll()}: {self._log()}"
            assert time.monotonic() < deadline, f"it did not come to the middle: {self._log()}"
            time.sleep(_POLL)
        self._prove_in_the_middle()

    def _prove_in_the_middle(self) -> None:
        arrived = self._arrived()
        assert arrived < len(self.content) * 0.97, f"it was met too late, with {arrived} of {len(self.content)} bytes"

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
