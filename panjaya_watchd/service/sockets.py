"""
Sockets that the service manager opened for us and hands over (sd_listen_fds(3)).

It may listen where we could not, such as behind a Unix socket that only the web proxy's group may open, and it goes on
to listen while we restart: who calls meanwhile waits a moment and is answered.
"""

import os
import re
import socket
import stat
from collections.abc import MutableMapping
from contextlib import ExitStack
from typing import Final

from panjaya_watchd.core.names import display
from panjaya_watchd.errors import WatchdError

_FIRST: Final = 3
"""SD_LISTEN_FDS_START: the descriptors stand in a row from here."""

_WORDS: Final = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID")

_FAMILIES: Final = frozenset({socket.AF_INET, socket.AF_INET6, socket.AF_UNIX})


def inherited(environ: MutableMapping[str, str]) -> tuple[socket.socket, ...]:
    """
    Take the listening sockets that were handed to this very process; none where nobody handed over any.

    From then on no child inherits them, and ``environ`` tells of none. To be called once, before there are children.

    Raises:
        WatchdError: something else was handed over than sockets that listen for connections.

    """
    process, count, names, _ = (environ.pop(word, "") for word in _WORDS)
    if process != str(os.getpid()) or not count:  # another's: a shell in between, which was not meant to pass them on
        return ()
    if not re.fullmatch(r"[0-9]{1,4}", count):
        raise _refusal("LISTEN_FDS", f"the number of sockets that are handed over, found {display(count)}")
    descriptors = range(_FIRST, _FIRST + int(count))
    called = dict(zip(descriptors, names.split(":"), strict=False))
    with ExitStack() as refused:
        found = []
        for descriptor in descriptors:
            name = called.get(descriptor)
            where = f"File descriptor {descriptor}" + (f" ({display(name)})" if name else "")
            found.append(refused.enter_context(_listener(descriptor, where)))
        refused.pop_all()
    return tuple(found)


def address(listener: socket.socket) -> str:
    """Give where a socket listens, as people write it: ``HOST:PORT`` or a path."""
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return display(os.fsdecode(name))
    return f"[{name[0]}]:{name[1]}" if listener.family == socket.AF_INET6 else f"{name[0]}:{name[1]}"


def _listener(descriptor: int, where: str) -> socket.socket:
    """Make a descriptor ours and look at what it is."""
    try:
        os.set_inheritable(descriptor, False)
        is_socket = stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError as error:
        raise _refusal(where, f"a socket, found nothing: {error.strerror}") from error
    if not is_socket:
        raise _refusal(where, "a socket, found a file of another kind")
    found = socket.socket(fileno=descriptor)
    wrong = None
    if found.family not in _FAMILIES:
        wrong = "an IPv4, IPv6 or Unix socket, found another kind"
    elif found.type != socket.SOCK_STREAM:
        wrong = "a stream socket, found one for datagrams or packets"
    elif not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        wrong = "a socket that listens, found one that does not, such as a single connection"
    if wrong:
        found.close()
        raise _refusal(where, wrong)
    return found


def _refusal(where: str, wrong: str) -> WatchdError:
    return WatchdError(
        f"{where}, handed over by the service manager: expected {wrong}.",
        hint="In the .socket unit, use ListenStream= only, and Accept=no; systemd/panjaya-watchd.socket is a sample. "
        "To have the daemon listen by itself, disable the .socket unit.",
    )
