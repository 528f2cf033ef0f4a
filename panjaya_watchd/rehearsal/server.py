"""
The HTTP face of the stand-in studio: exact paths and slashes, the key, multipart, result files, on loopback.

Runs in a thread of its own. Promises that a body shorter than its Content-Length, or without its closing boundary,
creates nothing. Uploaded videos and results live in a temporary folder that goes when the server stops.
"""

import asyncio
import socket
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from panjaya_watchd.rehearsal.callbacks import Callbacks, Posted
from panjaya_watchd.rehearsal.face import Face
from panjaya_watchd.rehearsal.interference import Interference, Seen
from panjaya_watchd.rehearsal.script import Script, Scripted
from panjaya_watchd.rehearsal.studio import Studio

KEY = "panjaya-rehearsal"
"""The API key that the stand-in knows, unless told otherwise; it opens nothing else."""


class StudioServer:
    """
    Serves a studio between ``start`` and ``stop``, or as a context manager.

    ``base_url`` is known from the beginning, ``requests`` is the log, ``script`` puts faults in the way.
    ``callbacks`` are those that were posted. ``keys`` are those that open it; they may change at any time.
    """

    def __init__(self, studio: Studio, *, port: int = 0, key: str = KEY, tls: tuple[Path, Path] | None = None) -> None:
        """
        Bind to loopback.

        Args:
            studio: the logic; its links are set to this server.
            port: 0 for any free one.
            key: what must follow ``Authorization: Bearer``.
            tls: certificate and key files, PEM; None for plain HTTP.

        """
        self.studio = studio
        self.key = key
        self.keys = {key}
        self.requests: list[Seen] = []
        self._socket = socket.create_server(("127.0.0.1", port), backlog=512)
        # asyncio does so for sockets that it makes itself; else every answer waits 40 ms between its head and its body.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._folder = TemporaryDirectory(prefix="rehearsal-")
        scheme, host = ("http", "127.0.0.1") if tls is None else ("https", "127.0.0.1")
        self.base_url = f"{scheme}://{host}:{self._socket.getsockname()[1]}"
        studio.base_url = self.base_url
        self._script = Script(studio.switches.chaos)
        self._callbacks = Callbacks(studio)
        self.callbacks: list[Posted] = self._callbacks.log
        face = Face(studio, keys=self.keys, folder=Path(self._folder.name), posted=self.callbacks)
        self._interference = Interference(face.app, self._script, self.requests)
        self._server = _Server(_config(self._interference, tls))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="rehearsal-studio", daemon=True
        )

    def script(self, *faults: Scripted) -> None:
        """Let these faults strike the next requests that match them, in this order."""
        self._script.add(*faults)

    @property
    def coming(self) -> tuple[Scripted, ...]:
        """Give the scripted faults that have not struck yet."""
        return self._script.coming

    def start(self) -> Self:
        """Serve; returns when connections are taken."""
        self._thread.start()
        self._server.serving.wait()
        self._callbacks.start()
        return self

    def stop(self) -> None:
        """Cut every connection, end the thread and remove the videos; may be called again."""
        self._callbacks.stop()
        if self._thread.is_alive():
            self._server.ask_to_stop(self._interference.stopping)
            self._thread.join()
        self._socket.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _config(app: Interference, tls: tuple[Path, Path] | None) -> uvicorn.Config:
    certificate, key = (None, None) if tls is None else tls
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    config.load()  # here, so that a wrong certificate is the caller's exception and not the thread's
    return config


class _Protocol(H11Protocol):
    """Tells the application which transport a request came by, so that faults can cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """A uvicorn that starts and stops at once: it waits on an event instead of looking ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serving = threading.Event()
        self._end = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            self._loop = asyncio.get_running_loop()
            await super().startup(sockets)
        finally:
            self.serving.set()

    async def main_loop(self) -> None:
        await self._end.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Who just came in is waited for, or asyncio closes without them and their sockets stay open.
        for listener in sockets or ():
            asyncio.get_running_loop().remove_reader(listener)
        if arriving := asyncio.all_tasks() - self.server_state.tasks - {asyncio.current_task()}:
            await asyncio.wait(arriving, timeout=5)
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            assert isinstance(connection, _Protocol)
            connection.transport.abort()
        # Each request hears that its client has gone and ends by itself; only what is stuck is cancelled.
        if running := list(self.server_state.tasks):
            _, stuck = await asyncio.wait(running, timeout=5)
            for one in stuck:
                one.cancel()
            await asyncio.gather(*stuck, return_exceptions=True)

    def ask_to_stop(self, stopping: asyncio.Event) -> None:
        """End `main_loop` and whatever hangs; called from another thread."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(stopping.set)
        self._loop.call_soon_threadsafe(self._end.set)
