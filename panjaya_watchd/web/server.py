"""
A server for the daemon's own pages: one ASGI application on one address, in a thread of its own.

The address may be one that somebody else listens on for us: then it serves the sockets that it is given. It promises to
stay small whoever knocks. It holds few connections, cuts those that do not come to the point or do not take their
answer, reads no long heads, and does nothing while nobody asks. What strangers send is no news and never logged. What a
body may cost is the application's to say.
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Final

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from panjaya_watchd.errors import WatchdError

CONNECTIONS: Final = 64
"""At once; one more is cut, so that no stranger uses up the files that uploads need."""

PATIENCE: Final = 10.0
"""Seconds in which the head of a request has to arrive, from the connection's beginning or the last answer's end."""

TURN: Final = 30.0
"""Seconds after that in which the rest of the request has to arrive, be answered, and the answer be taken."""

_HEAD: Final = 16 * 1024
_KEEP_ALIVE: Final = 5
_FAREWELL: Final = 2.0
"""Seconds in which a request may end by itself when the server stops."""


class WebServer:
    """
    Serves ``app`` on ``listen`` between ``start`` and ``stop``; on ``handed`` instead, if there are such sockets.

    ``listen`` is ``HOST:PORT``: IPv6 stands in brackets, port 0 is any free one. ``port`` is the one that was taken.
    """

    def __init__(self, app: ASGIApp, listen: str, handed: Sequence[socket.socket] = ()) -> None:
        self.port = 0
        self._listen = listen
        self._sockets = list(handed)
        self._server = _Server(_config(app))
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._failure: Exception | None = None

    def start(self) -> None:
        """
        Serve; returns when connections are taken.

        Raises:
            WatchdError: nothing can listen there.

        """
        try:
            if not self._sockets:
                self._sockets = [self._bound()]
                self.port = self._sockets[0].getsockname()[1]
            self._thread.start()
            self._server.serving.wait()
            if self._failure is not None:
                raise self._failure
        except OSError as error:
            raise WatchdError(
                f"[http] listen: nothing can listen on {self._listen}: {error.strerror}.",
                hint="Choose an address of this machine and a port that is free; ss -ltnp shows who has it.",
            ) from error

    def stop(self) -> None:
        """Cut every connection and end the thread; may be called at any time, and twice."""
        if self._thread.is_alive():
            self._server.ask_to_stop()
            self._thread.join()
        for listener in self._sockets:
            listener.close()

    def _bound(self) -> socket.socket:
        host, _, port = self._listen.rpartition(":")
        family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
        listener = socket.create_server((host.strip("[]"), int(port)), family=family)
        # asyncio does so for sockets that it makes itself; else an answer waits 40 ms between its head and its body.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._server.serve(self._sockets))
        except Exception as error:
            if self._server.started:
                raise
            self._failure = error
        finally:
            self._server.serving.set()


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Visitor,
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level=logging.ERROR,  # what strangers send is no news
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,  # it would be that of the start: nothing here ticks
        timeout_keep_alive=_KEEP_ALIVE,
        h11_max_incomplete_event_size=_HEAD,
    )


class _Visitor(H11Protocol):
    """One connection, which is cut when it is one too many, or when its visitor takes too long."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS:
            transport.abort()
        else:
            self._expect_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect_head()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP. Where an answer was given or has begun, there is no second one to give."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            super().send_400_response(msg)
        else:
            self.transport.close()
        asked: RequestResponseCycle | None = self.cycle
        if asked is not None:  # its rest will not come
            asked.disconnected = True
            asked.message_event.set()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        """Wait for a whole head. uvicorn's own limit begins only after an answer, and every byte ends it."""
        self._after(PATIENCE, self._cut_unless_asked)

    def _cut_unless_asked(self) -> None:
        asked: RequestResponseCycle | None = self.cycle
        if asked is None or asked.response_complete:
            self.transport.abort()
        else:
            self._after(TURN, self.transport.abort)

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._patience = self.loop.call_later(seconds, act)


class _Server(uvicorn.Server):
    """A uvicorn that waits for its end instead of looking ten times a second, and then ends at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serving = threading.Event()
        self._end = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self.serving.set()

    async def main_loop(self) -> None:
        await self._end.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Let nobody else in, but wait for those who just came in: asyncio loses the sockets of those when it closes.
        for listener in sockets or ():
            asyncio.get_running_loop().remove_reader(listener)
        if arriving := asyncio.all_tasks() - self.server_state.tasks - {asyncio.current_task()}:
            await asyncio.wait(arriving, timeout=_FAREWELL)
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            assert isinstance(connection, _Visitor)
            connection.transport.abort()
        # Each request hears that its visitor has gone and ends by itself.
        if running := list(self.server_state.tasks):
            await asyncio.wait(running, timeout=_FAREWELL)

    def ask_to_stop(self) -> None:
        """End `main_loop`; called from another thread."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._end.set)
