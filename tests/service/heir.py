"""
A program that is handed sockets, as systemd hands them over, and tells what it makes of them.

Each line of its input is one start: what stands from descriptor 3 on, and the environment, in JSON, with ``SELF`` for
the process id. Each is played in a process of its own, which this one forks, and answered with one line of JSON.
"""

import fcntl
import json
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

from panjaya_watchd.errors import WatchdError
from panjaya_watchd.service import sockets

HIGH = 100
"""From here on descriptors are kept until they go where they belong."""


def listening_unix() -> socket.socket:
    """Listen on a Unix socket without a file."""
    made = socket.socket(socket.AF_UNIX)
    made.bind(f"\0panjaya-watchd-{os.getpid()}")
    made.listen()
    return made


SOCKETS: dict[str, Callable[[], socket.socket]] = {
    "ipv4": lambda: socket.create_server(("127.0.0.1", 0)),
    "ipv6": lambda: socket.create_server(("::1", 0), family=socket.AF_INET6),
    "unix": listening_unix,
    "deaf": socket.socket,
    "datagrams": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "packets": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET),
    "connection": lambda: socket.socketpair()[0],
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
}


def opened(kind: str) -> int:
    """Open one thing; give its descriptor, -1 for nothing."""
    if kind == "nothing":
        return -1
    if kind == "file":
        return os.open(os.devnull, os.O_RDONLY)
    return os.pipe()[0] if kind == "fifo" else SOCKETS[kind]().detach()


def start(kinds: list[str], environ: dict[str, str]) -> dict[str, Any]:
    """Be handed these, and tell."""
    kept = [-1 if (made := opened(kind)) < 0 else fcntl.fcntl(made, fcntl.F_DUPFD, HIGH) for kind in kinds]
    os.closerange(3, HIGH)
    for place, descriptor in enumerate(kept, start=3):
        if descriptor >= 0:
            os.dup2(descriptor, place, inheritable=True)
    environ = {word: value.replace("SELF", str(os.getpid())) for word, value in environ.items()}
    told: dict[str, Any] = {}
    try:
        found = sockets.inherited(environ)
        told["addresses"] = [sockets.address(each) for each in found]
        told["descriptors"] = [each.fileno() for each in found]
        told["inheritable"] = [each.get_inheritable() for each in found]
    except WatchdError as error:
        told["error"], told["hint"] = error.message, error.hint
    return {**told, "environ": environ}


if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if not child:
            sys.stdout.write(json.dumps(start(**json.loads(line))) + "\n")
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)
