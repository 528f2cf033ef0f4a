"""
A program that listens and then becomes another one, which it hands its sockets, as a service manager does.

``handing.py tcp:HOST:PORT unix:PATH -- COMMAND …``: the sockets stand from descriptor 3 on, in this order.
"""

import fcntl
import os
import socket
import sys

HIGH = 100
"""From here on descriptors are kept until they go where they belong."""


def listening(where: str) -> int:
    """Listen; give a descriptor far from where it belongs."""
    kind, _, address = where.partition(":")
    if kind == "unix":
        made = socket.socket(socket.AF_UNIX)
        made.bind(address)
        made.listen()
    else:
        host, _, port = address.rpartition(":")
        made = socket.create_server((host, int(port)))
    return fcntl.fcntl(made.detach(), fcntl.F_DUPFD, HIGH)


if __name__ == "__main__":
    end = sys.argv.index("--")
    handed = [listening(where) for where in sys.argv[1:end]]
    os.closerange(3, HIGH)
    for place, descriptor in enumerate(handed, start=3):
        os.dup2(descriptor, place, inheritable=True)
        os.close(descriptor)
    told = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(handed))}
    os.execvpe(sys.argv[end + 1], sys.argv[end + 1 :], {**os.environ, **told})
