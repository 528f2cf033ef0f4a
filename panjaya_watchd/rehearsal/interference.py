"""
The interference: an ASGI layer around the HTTP face that carries out faults and writes the request log.

The face beneath never learns of it: a request that is to be cut looks to it like a client that went away, and an
answer that is to be lost is swallowed after it was given.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from panjaya_watchd.rehearsal.script import Script, Scripted

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

BAD_GATEWAY: Final = b"<html><head><title>Bad Gateway</title></head><body><h1>The proxy is sorry</h1></body></html>"
DISCONNECT: Final = {"type": "http.disconnect"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """
    One request as it was seen, logged before the first byte of its answer leaves.

    ``headers`` have lower-case names and lack the key; ``authorised`` says whether there was one. ``fields`` are the
    names of the form's parts, ``received`` the body's bytes so far. ``status`` is None where no answer was given.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    authorised: bool
    fields: tuple[str, ...]
    received: int
    status: int | None


class Interference:
    """The layer; ``log`` grows with every request, ``stopping`` ends what hangs."""

    def __init__(self, app: App, script: Script, log: list[Seen]) -> None:
        self._app = app
        self._script = script
        self.log = log
        self.stopping = asyncio.Event()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        fault = self._script.take(scope["method"], scope["path"])
        exchange = _Exchange(scope, receive, send, fault=fault, layer=self)
        await exchange.run(self._app)


class _Exchange:
    """One request and its answer, with the fault that strikes it."""

    def __init__(
        self,
        scope: MutableMapping[str, Any],
        receive: Receive,
        send: Send,
        *,
        fault: Scripted | None,
        layer: Interference,
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._fault = fault
        self._log = layer.log
        self._stopping = layer.stopping
        self._received = 0
        self._logged = False
        self._struck = False
        self._headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        length = self._headers.get("content-length", "0")
        self._length = int(length) if length.isdecimal() else 0
        self._left = 0
        scope["state"]["fields"] = []

    async def run(self, app: App) -> None:
        fault = self._fault
        if fault is None or fault.do in {"delay", "truncate"}:
            if fault is not None and fault.do == "delay" and fault.when != "after_store":
                await self._pause(fault.seconds)
            await app(self._scope, self._hear, self._say)
            if not self._logged:
                self._note(None)
            return
        if fault.when == "before_body" or (fault.when == "at_fraction" and not self._length):
            self._struck = True
        else:
            await app(self._scope, self._hear, self._swallow)
        if self._struck or fault.when in {"after_store", "after_body"}:
            await self._strike(fault)
        elif not self._logged:
            self._note(None)

    async def _hear(self) -> Message:
        """Receive for the face beneath; once the fault is due, pretend that the client has gone."""
        if self._struck:
            return dict(DISCONNECT)
        message = await self._receive()
        self._received += len(message.get("body", b""))
        fault = self._fault
        if message["type"] == "http.request" and fault is not None and fault.do not in {"delay", "truncate"}:
            reached = fault.when == "at_fraction" and self._received >= fault.fraction * self._length
            whole = fault.when == "after_body" and not message.get("more_body", False)
            self._struck = reached or whole
        return dict(DISCONNECT) if self._struck else message

    async def _swallow(self, message: Message) -> None:
        """Take the answer of the face beneath; of one that was given before the fault was due, nothing is lost."""
        if self._fault is not None and self._fault.when == "at_fraction" and not self._struck:
            await self._say(message)

    async def _say(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._note(message["status"])
            lengths = [int(value) for name, value in message["headers"] if name.lower() == b"content-length"]
            self._left = int(sum(lengths) * self._fault.fraction) if self._fault is not None else 0
            if self._fault is not None and self._fault.do == "delay" and self._fault.when == "after_store":
                await self._pause(self._fault.seconds)
        elif self._fault is not None and self._fault.do == "truncate":
            await self._say_part(message)
            return
        await self._send(message)

    async def _say_part(self, message: Message) -> None:
        """Send what is left of the share, then end the connection as a broken host does: with a FIN."""
        if self._struck:
            return
        part = message.get("body", b"")[: self._left]
        self._left -= len(part)
        await self._send({"type": "http.response.body", "body": part, "more_body": True})
        if self._left <= 0:
            self._struck = True
            self._transport.close()
            await self._until_gone()

    async def _strike(self, fault: Scripted) -> None:
        if fault.do in {"cut", "hang"}:
            self._note(None)
            if fault.do == "hang":
                await self._pause(fault.seconds or None)
            self._transport.abort()
            await self._until_gone()
            return
        status, kind, body = _answer(fault)
        headers = {"content-type": kind, "content-length": str(len(body)), **fault.headers}
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        self._note(status)
        await self._send({"type": "http.response.start", "status": status, "headers": raw})
        await self._send({"type": "http.response.body", "body": body})

    @property
    def _transport(self) -> asyncio.Transport:
        transport: asyncio.Transport = self._scope["state"]["transport"]
        return transport

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _pause(self, seconds: float | None) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    def _note(self, status: int | None) -> None:
        self._logged = True
        self._log.append(
            Seen(
                method=self._scope["method"],
                path=self._scope["path"],
                query=self._scope["query_string"].decode("latin-1"),
                headers={name: value for name, value in self._headers.items() if name != "authorization"},
                authorised="authorization" in self._headers,
                fields=tuple(self._scope["state"]["fields"]),
                received=self._received,
                status=status,
            )
        )


def _answer(fault: Scripted) -> tuple[int, str, bytes]:
    """Give the status, media type and body of a made-up answer."""
    if fault.do == "html":
        return fault.status, "text/html", BAD_GATEWAY if fault.body is None else fault.body
    if fault.do == "garbage":
        return 200, "application/json", b'{"asset_id": "half an ans' if fault.body is None else fault.body
    if fault.do == "redirect":
        return (fault.status if 300 <= fault.status < 400 else 307), "text/plain", fault.body or b""
    detail = json.dumps({"detail": f"Scripted {fault.status}"}).encode()
    return fault.status, "application/json", detail if fault.body is None else fault.body
