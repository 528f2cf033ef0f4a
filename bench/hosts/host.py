"""
A throw-away host: a real systemd as PID 1 over a Debian tree, in a container of its own (systemd-nspawn).

The tree stays as it is: what is written goes into an overlay, which stays over a power cut and is gone at the end. The
network is the machine's, so that a studio on its loopback is reached as ``http://127.0.0.1``; everything else is the
host's own. Each host has a cgroup of its own: two of them would share one otherwise. Whatever happens to a test, when
the block ends no process, mount or cgroup is left, and none where the test run itself is killed (``make hosts`` gives
it a mount namespace of its own, and each host dies with it).
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Any, Final, Self, TypeVar

PATIENCE: Final = 60.0
"""Seconds; far beyond what a host takes for anything, because the machine may be busy."""

_UNIFIED: Final = Path("/sys/fs/cgroup")
_NUMBERS: Final = count(1)
_ENVIRON: Final = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8")

T = TypeVar("T")


def until(holds: Callable[[], T], what: str, seconds: float = PATIENCE, *, every: float = 0.1) -> T:
    """Look until something holds, and give it; fails when the time is over."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"Not within {seconds:.0f} s: {what}"
        time.sleep(every)
    return found


class Host:
    """
    A host; a context manager, up inside its block.

    ``root`` is its disk as seen from outside, also while it is down; what is mounted inside (``/run``, ``/tmp``) is
    seen by ``inside`` only.
    """

    def __init__(self, *layers: Path, options: Sequence[str] = ()) -> None:
        """
        Set it up; `__enter__` boots it.

        Args:
            layers: the Debian tree, and what was written over it before; none of them is changed.
            options: more of ``systemd-nspawn``.

        """
        self.name = f"host{os.getpid()}-{next(_NUMBERS)}"
        self.home = Path(mkdtemp(prefix=f"{self.name}."))
        self.root, self.upper = self.home / "root", self.home / "upper"
        self._layers = layers
        self._options = options
        self._cgroups = [hierarchy / f"watchd-{self.name}" for hierarchy in _hierarchies()]
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._leader = 0

    def __enter__(self) -> Self:
        try:
            for directory in (self.root, self.upper, self.home / "work"):
                directory.mkdir()
            lower = ":".join(str(layer) for layer in reversed(self._layers))
            ways = f"lowerdir={lower},upperdir={self.upper},workdir={self.home}/work"
            subprocess.run(["mount", "-t", "overlay", "overlay", "-o", ways, self.root], check=True)
            self.boot()
        except BaseException:
            self._clear()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()

    # Its life

    def boot(self) -> None:
        """Switch it on and wait until everything that starts by itself has started."""
        self.switch_on()
        until((self.inside / "run/systemd/private").exists, f"systemd of {self.name} to listen", every=0.02)
        said = self.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip()
        assert said == "running", f"{self.name} is {said}: {self.run('systemctl', '--failed').stdout}"

    def switch_on(self) -> None:
        """Switch it on, and wait for nothing but the first process."""
        for cgroup in self._cgroups:
            cgroup.mkdir(exist_ok=True)
        joining = "".join(f"echo $$ > {cgroup}/cgroup.procs; " for cgroup in self._cgroups)
        command = [
            *("setpriv", "--pdeathsig", "KILL", "sh", "-c", f'{joining}exec "$@"', "sh"),
            *("env", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1", "systemd-nspawn", "--quiet", "--register=no", "--keep-unit"),
            *(f"--machine={self.name}", f"--directory={self.root}", *self._options, "--boot"),
        ]
        with (self.home / "console").open("ab") as console:
            self._supervisor = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True
            )
        self._leader = until(self._find_leader, f"{self.name} to begin to boot", every=0.02)

    def cut_power(self) -> None:
        """Kill every process of the host at once. What was written to its disk is there at the next boot."""
        assert self._supervisor is not None
        with suppress(ProcessLookupError):
            os.kill(self._leader, signal.SIGKILL)  # the kernel ends everything in its PID namespace with it
        self._supervisor.kill()
        self._supervisor.wait(PATIENCE)
        until(self._is_dead, f"the processes of {self.name} to be gone", every=0.02)

    def power_off(self) -> None:
        """Shut it down in order, as an operator does."""
        assert self._supervisor is not None
        self.run("systemctl", "poweroff")
        self._supervisor.wait(PATIENCE)

    def processes(self) -> set[int]:
        """Give the number, as the machine counts, of each process in its cgroup."""
        found: set[int] = set()
        for directory, _, _ in os.walk(self._cgroups[-1]):
            with suppress(OSError):
                found.update(map(int, (Path(directory) / "cgroup.procs").read_text().split()))
        return found

    @property
    def inside(self) -> Path:
        """Give its root directory as its processes see it, with all its mounts; only while it is up."""
        return Path(f"/proc/{self._leader}/root")

    # What an operator does on it

    def run(
        self,
        *command: str | Path,
        user: str | None = None,
        say: str | None = None,
        check: bool = True,
        seconds: float = PATIENCE,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in it to its end, as root unless said otherwise; it has to succeed unless said otherwise."""
        done = subprocess.run(
            self.command(*command, user=user), input=say, capture_output=True, text=True, timeout=seconds, check=False
        )
        if check and done.returncode:
            words = " ".join(map(str, command))
            raise AssertionError(f"{self.name}: {words}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def command(self, *command: str | Path, user: str | None = None) -> list[str]:
        """Give the command line by which the machine runs a command in it."""
        switch = () if user is None else ("runuser", "-u", user, "--")
        return [*("nsenter", "--all", "--target", str(self._leader), "--"), *_ENVIRON, *switch, *map(str, command)]

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Put a file on its disk, as root."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        place.chmod(mode)

    def journal(self, *matches: str) -> list[dict[str, Any]]:
        """Give the entries of its journal of all boots, oldest first, with all their fields."""
        said = self.run("journalctl", "--output=json", "--all", "--no-pager", *matches, check=False)
        return [json.loads(line) for line in said.stdout.splitlines() if line.startswith("{")]

    def outer(self, inner: int) -> int:
        """Give the machine's number of a process, by the host's own."""
        for process in self.processes():
            with suppress(OSError):
                if _numbers(process)[1:2] == [inner]:
                    return process
        raise AssertionError(f"{self.name} has no process {inner}")

    def _is_dead(self) -> bool:
        return not self.processes()

    def _has_no_cgroup(self) -> bool:
        with suppress(OSError):
            for cgroup in self._cgroups:
                for directory, _, _ in os.walk(cgroup, topdown=False):
                    Path(directory).rmdir()
            return True
        return False

    def _find_leader(self) -> int:
        assert self._supervisor is not None
        assert self._supervisor.poll() is None, f"nspawn ended: {(self.home / 'console').read_text(errors='replace')}"
        for process in self.processes():
            with suppress(OSError):
                if _numbers(process)[1:] == [1]:
                    return process
        return 0

    def _clear(self) -> None:
        if self._supervisor is not None:
            self.cut_power()
        if self.root.is_mount():
            subprocess.run(["umount", self.root], check=True)
        # A process that has ended is counted for a moment longer.
        until(self._has_no_cgroup, f"the cgroups of {self.name} to be empty", every=0.02)
        shutil.rmtree(self.home)


def _hierarchies() -> list[Path]:
    """Give where cgroups are made; the last one is version 2."""
    if (_UNIFIED / "cgroup.controllers").exists():
        return [_UNIFIED]
    return [_UNIFIED / "systemd", _UNIFIED / "unified"]


def _numbers(process: int) -> list[int]:
    """Give a process's numbers: the machine's, then that in each PID namespace below."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("NSpid:"):
            return [int(number) for number in line.split()[1:]]
    return []
