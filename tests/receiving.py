"""A running callback endpoint with a key of ours, and what is needed to call it."""

import http.client
import json
import queue
import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from sealing import OURS, der

from panjaya_watchd.web.callback import Callbacks, Told
from panjaya_watchd.web.server import WebServer
from panjaya_watchd.web.signature import PublicKey

READY: Final = {"event": "version_ready", "asset_id": "a1", "version_id": "v1", "locale": "es-ES"}
LONG: Final = 10.0
"""Seconds; far beyond what anything here takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    sentence: str
    server: str | None


class Receiver:
    """A running endpoint; ``told`` is what it said."""

    def __init__(self, listen: str = "127.0.0.1:0", *, patience: float = LONG) -> None:
        self.told: queue.SimpleQueue[Told] = queue.SimpleQueue()
        callbacks = Callbacks(key=PublicKey(OURS.public_key()), say=self.told.put, patience=patience)
        self.server = WebServer(callbacks.app, listen)

    def post(
        self, body: bytes, path: str = "/callback/c0ffee", signature: str | None = "", method: str = "POST"
    ) -> Answer:
        """Send a body with its true signature, another one, or None."""
        if signature == "":
            signature = der(body).hex()
        headers = {} if signature is None else {"X-Signature": signature, "X-Signature-Algorithm": "ES256"}
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=LONG)
        with closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(status=answer.status, sentence=answer.read().decode(), server=answer.headers.get("Server"))

    def connect(self) -> socket.socket:
        """Open a connection and say nothing yet."""
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=LONG)

    def everything(self) -> list[Told]:
        """Give what was said so far."""
        return [self.told.get_nowait() for _ in range(self.told.qsize())]

    def witnessed(self) -> list[tuple[str, str]]:
        """Give the claim and the asset of what was said so far."""
        return [(told.claim_id, told.asset_id) for told in self.everything()]


Open = Callable[..., Receiver]


def told(**changes: Any) -> bytes:
    """Write a callback; None takes a key away."""
    fields = {**READY, **changes}
    return json.dumps({key: value for key, value in fields.items() if value is not None}).encode()


def ended(visitor: socket.socket) -> bytes:
    """Read to the end of a connection, which may be a reset."""
    said = b""
    try:
        while got := visitor.recv(65536):
            said += got
    except ConnectionResetError:
        pass
    return said
