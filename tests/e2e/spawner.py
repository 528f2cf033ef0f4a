"""
A program that starts daemons quickly: it has imported everything and forks one for each line that it reads.

A daemon that is killed fifty times in a minute would else spend that minute importing. What it forks is the command
line program itself, with a process id of its own; the line is its log's path, the answer its process id, and the next
answer how it ended.
"""

import gc
import os
import sys

from panjaya_watchd.cli import main, running  # noqa: F401  (imported before the fork, for those who come after)


def spawn(log: str) -> int:
    """Fork one daemon, which never returns from here; give its process id."""
    child = os.fork()
    if child:
        return child
    os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), 2)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    sys.argv[0] = "panjaya-watchd"
    try:
        main()
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 0)
    os._exit(0)


def tell(number: int) -> None:
    """Answer on one line."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    gc.freeze()
    for line in sys.stdin:
        process = spawn(line.rstrip("\n"))
        tell(process)
        tell(os.waitpid(process, 0)[1])
