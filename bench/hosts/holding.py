"""
Holding one thread of a process: it stands still wherever it is, and all others go on (ptrace(2)).

That is what a deadlock looks like from outside, in any program and without its help. As a program of its own, because
a tracer has to wait for what it traces: ``python -m bench.hosts.holding PROCESS`` holds the main thread until it is
ended itself, or the process is.
"""

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SEIZE: Final = 0x4206
_INTERRUPT: Final = 0x4207
_ALL: Final = 0x40000000
"""``__WALL``: also where the parent is another."""


@contextmanager
def main_thread_held(process: int) -> Iterator[None]:
    """Hold the main thread of a process, by the machine's number, for the length of a block."""
    command = [sys.executable, "-m", "bench.hosts.holding", str(process)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            yield
        finally:
            holder.kill()  # lets it go


def _hold(process: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    for request in (_SEIZE, _INTERRUPT):
        if libc.ptrace(request, process, None, None) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace of {process}")
    os.waitpid(process, _ALL)  # it stands still now
    print("held", flush=True)
    # Whoever does not wait for what he traces keeps its parent from hearing of its end.
    while not _is_over(os.waitpid(process, _ALL)[1]):
        pass


def _is_over(status: int) -> bool:
    return os.WIFEXITED(status) or os.WIFSIGNALED(status)


if __name__ == "__main__":
    _hold(int(sys.argv[1]))
