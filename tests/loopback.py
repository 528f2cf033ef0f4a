"""
A tiny HTTP/1.1 server on loopback that does exactly what a test tells it, byte for byte.

Each connection brings one request and is served by a thread of its own, which runs the script for that request; the
last script serves all further ones. Nothing here knows the dubbing service.
"""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Final

LINGER_NOT: Final = struct.pack("ii", 1, 0)


class Visit:
    """One request: what came of it, and the means to answer."""

    def __init__(self, connection: socket.socket) -> None:
        self.method = ""
        self.target = ""
        self.raw_head = b""
        self.headers: dict[str, str] = {}
        self.body = b""
        self._connection = connection
        self._ahead = b""

    def listen(self) -> None:
        """Read the head of the request."""
        while b"\r\n\r\n" not in self._ahead:
            got = self._connection.recv(65536)
            if not got:
                raise ConnectionError("no request")
            self._ahead += got
        self.raw_head, _, self._ahead = self._ahead.partition(b"\r\n\r\n")
        first, *lines = self.raw_head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = first.split(" ")
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def length(self) -> int:
        """Give the announced size of the body."""
        return int(self.headers.get("content-length", "0"))

    @property
    def whole(self) -> bool:
        """Say whether all of the announced body came."""
        return len(self.body) == self.length

    def take(self, limit: int | None = None) -> None:
        """Read the body: all of it, or until ``limit`` bytes of it are here, or the client goes."""
        wanted = self.length if limit is None else min(limit, self.length)
        parts, have = [self.body], len(self.body)
        while have < wanted:
            got, self._ahead = (self._ahead, b"") if self._ahead else (self._receive(wanted - have), b"")
            if not got:
                break
            parts.append(got)
            have += len(got)
            self.body = b"".join(parts) if have >= wanted else self.body
        self.body = b"".join(parts)

    def _receive(self, limit: int) -> bytes:
        with contextlib.suppress(OSError):
            return self._connection.recv(min(limit, 1 << 20))
        return b""

    def expect_silence(self, seconds: float = 0.02) -> None:
        """Fail if more of the request comes by itself."""
        self._connection.settimeout(seconds)
        try:
            more = self._connection.recv(1)
        except TimeoutError:
            more = b""
        self._connection.settimeout(20)
        assert not more, "bytes came that should have been held back"

    def send(self, content: bytes) -> None:
        """Send raw bytes."""
        self._connection.sendall(content)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer with a whole response; ``_`` in a header's name stands for ``-``."""
        fields = {"content_length": str(len(body)), "connection": "close"} | headers
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        self.send(f"HTTP/1.1 {status} Said\r\n".encode() + "\r\n".join([*lines, "", ""]).encode() + body)

    def cut(self) -> None:
        """End the connection with a reset."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        self._connection.close()


Script = Callable[[Visit], None]


class Loopback:
    """The server; ``visits`` are the requests in the order in which they came."""

    def __init__(self, scripts: tuple[Script, ...], tls: ssl.SSLContext | None) -> None:
        self.visits: list[Visit] = []
        self._scripts = scripts
        self._tls = tls
        self._troubles: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self._over = threading.Semaphore(0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def close(self) -> None:
        """Stop, wait for all threads, and raise what a script did not expect."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        for thread in self._threads:
            thread.join()
        for trouble in self._troubles:
            raise trouble

    def wait(self) -> None:
        """Wait until one more request is over; a client that has gone may not have been accepted yet."""
        assert self._over.acquire(timeout=20), "no request came"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        # An answer that Nagle's algorithm holds back behind TLS's own bytes would be lost when we close unread.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with self._tls.wrap_socket(connection, server_side=True) if self._tls else connection as inner:
                visit = Visit(inner)
                visit.listen()
                self.visits.append(visit)
                self._scripts[min(len(self.visits), len(self._scripts)) - 1](visit)
        except OSError:
            pass  # the client went away, which is what many tests are about
        except BaseException as trouble:  # noqa: BLE001  (raised by `close`, in the test's own thread)
            self._troubles.append(trouble)
        finally:
            connection.close()
            self._over.release()


@contextlib.contextmanager
def serving(*scripts: Script, tls: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    """Run a server for the length of a block."""
    server = Loopback(scripts, tls)
    try:
        yield server
    finally:
        server.close()


def saying(status: int, body: bytes = b"", **headers: str) -> Script:
    """Give a script that takes the whole request and then answers."""

    def script(visit: Visit) -> None:
        visit.take()
        visit.answer(status, body, **headers)

    return script
