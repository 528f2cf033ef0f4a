"""
The listener for callbacks: whether it is ours that answers, here and at the public address.

Asks with a callback that nobody has signed, which the daemon refuses in its own words and forgets.
"""

import errno
import http.client
import socket
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from panjaya_watchd.core.names import display
from panjaya_watchd.doctor.findings import Finding, ok, trouble, warning

PATH: Final = "/callback/0"
"""A claim's address, of a claim that there never is."""

_PATIENCE: Final = 5.0
_OURS: Final = b"X-Signature:"
"""What the daemon's refusal begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of an unsigned callback: a status and whether it was ours that spoke, or the error instead."""

    status: int = 0
    ours: bool = False
    error: Exception | None = None

    def __str__(self) -> str:
        if self.error is None:
            return f"HTTP status {self.status}"
        return getattr(self.error, "strerror", None) or str(self.error) or type(self.error).__name__


def knock(url: str) -> Reply:
    """Post an unsigned callback to a base URL."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_PATIENCE)
    try:
        connection.request("POST", parts.path + PATH, body=b"{}", headers={"Content-Type": "application/json"})
        answer = connection.getresponse()
        return Reply(status=answer.status, ours=answer.status == 401 and answer.read(1024).startswith(_OURS))
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        return Reply(error=error)
    finally:
        connection.close()


def judge_local(listen: str, *, running: bool) -> Finding:
    """Say who answers at ``[http] listen``; ``running`` says whether a daemon should."""
    reply = knock(f"http://{listen}")
    if reply.ours:
        return ok("listener", f"The daemon answers at {listen}.")
    if isinstance(reply.error, OSError) and not isinstance(reply.error, TimeoutError | ConnectionResetError):
        if running:
            todo = "Restart the service: systemctl restart panjaya-watchd."
            return trouble("listener", f"The daemon runs, but nobody listens at {listen}.", todo)
        return _free(listen)
    found = f"Somebody else than the daemon listens at {listen} ({reply})."
    return trouble("listener", found, "Find out who (ss -ltnp) and end it, or choose another [http] listen.")


def judge_public(url: str, *, running: bool) -> Finding:
    """Say who answers at ``[http] public_url``; from here it may be out of reach although the service reaches it."""
    reply = knock(url)
    shown = display(url)
    if reply.ours:
        return ok("public_url", f"The daemon answers at {shown}.")
    if isinstance(reply.error, ssl.SSLError):
        todo = "Renew the certificate of the web proxy, with all that stands between it and a known authority."
        return warning("public_url", f"{shown}: {reply}. The service will most likely not call there.", todo)
    if isinstance(reply.error, socket.gaierror):
        todo = "Check public_url under [http]; the service can only call a name that everybody can look up."
        return warning("public_url", f"{shown}: {reply}.", todo)
    if reply.error is not None:
        todo = "That proves little: many networks cannot call themselves from within. Try it from elsewhere."
        return warning("public_url", f"{shown} cannot be reached from here: {reply}.", todo)
    if not running:
        return warning("public_url", f"{shown} answers with {reply}.", "Start the daemon, then ask again.")
    todo = "Have the web proxy hand POST /callback/* on to [http] listen as it is, with all its headers."
    return warning("public_url", f"{shown} answers with {reply}, and not in the daemon's words.", todo)


def _free(listen: str) -> Finding:
    """Find out whether the address can be listened at, by doing so for a moment."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, number) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as error:
        todo = "Choose another [http] listen."
        if error.errno in {errno.EACCES, errno.EPERM}:
            todo = "Choose a port above 1023 in [http] listen, or have systemd listen (systemd/panjaya-watchd.socket)."
        return trouble("listener", f"Nobody can listen at {listen}: {error.strerror}.", todo)
    return ok("listener", f"{listen} is free; the daemon, which does not run, will listen there.")
