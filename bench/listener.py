"""
What the callback listener costs whoever knocks: `PYTHONPATH=tests python -m bench.listener [COUNT]`.

The real daemon, as its own process, hears COUNT (2,000) visitors of each kind, in two rounds: true callbacks, large
bodies, long heads, requests in one go, visitors who leave, who never speak, who never read. Prints for each kind the
time, the daemon's CPU and memory, and how long a true callback then had to be tried until it was heard: visitors who
hold a place are cut after a while. Ends with an error where the second round held more than 4 MiB beyond the first, or
where something was written to the log.
"""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sealing import BODY, OURS, raw

MOST_GROWTH: Final = 4.0
"""MiB."""

HANDS: Final = 16
"""Visitors at once, where they do not come all together."""

CONFIG: Final = """\
state.url = "sqlite:///{home}/state/ledger.db"
[http]
listen = "127.0.0.1:{port}"
public_url = "https://dub.example.com"
callback_key_file = "{home}/key.pem"
[[folder]]
name = "empty"
path = "{home}/empty"
locale = "en-US"
languages = ["es-ES"]
"""

POST: Final = b"POST /callback/c0ffee HTTP/1.1\r\nHost: us\r\n"
LARGE: Final = 64 * 1024


class Daemon:
    """A running daemon with a listener, below one directory."""

    def __init__(self, home: Path) -> None:
        for folder in ("state", "empty"):
            (home / folder).mkdir()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        (home / "key.pem").write_bytes(OURS.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        (home / "watchd.toml").write_text(CONFIG.format(home=home, port=self.port), encoding="utf-8")
        self.log = home / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "panjaya_watchd", "run", "--config", str(home / "watchd.toml")],
                stderr=log,
                env={**os.environ, "PANJAYA_API_KEY": "listener"},
            )
        while b"daemon.ready" not in self.log.read_bytes():
            time.sleep(0.02)

    def cpu(self) -> float:
        """Give the CPU seconds so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Give the resident MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024

    def visit(self, *pieces: bytes, read: bool = True) -> None:
        """Connect, say these, and read to the end; being cut is no error."""
        with contextlib.suppress(OSError), self.connect() as visitor:
            for piece in pieces:
                visitor.sendall(piece)
            while read and visitor.recv(65536):
                pass

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=120)

    def heard(self) -> float:
        """Post a true callback until it is heard; give the seconds that it took."""
        began = time.perf_counter()
        while time.perf_counter() - began < 120:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
                connection.request("POST", "/callback/c0ffee", BODY, {"X-Signature": raw().hex()})
                if connection.getresponse().status == 204:
                    return time.perf_counter() - began
            time.sleep(0.1)
        raise TimeoutError("no callback was heard for two minutes")


def request(body: bytes, *, signed: bool = False, more: bytes = b"Connection: close\r\n") -> bytes:
    """Write a callback."""
    signature = raw(body).hex() if signed else "00" * 64
    return POST + more + f"X-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def together(daemon: Daemon, count: int, say: bytes) -> float:
    """Open connections all at once, say something on each, neither read nor leave; give when another was heard."""
    with contextlib.ExitStack() as visits:
        for _ in range(count):
            with contextlib.suppress(OSError):
                visitor = visits.enter_context(daemon.connect())
                visitor.settimeout(1)
                visitor.sendall(say)
        return daemon.heard()


def kinds(daemon: Daemon, count: int) -> dict[str, Callable[[], float | None]]:
    """Give what visitors do, by name, and when another was heard beside them, if they stay."""
    padded = BODY[:-1] + b',"padding":"' + b"x" * (LARGE - len(BODY) - 13) + b'"}'
    chunks = (b"10000\r\n" + b"x" * LARGE + b"\r\n") * 100 + b"0\r\n\r\n"
    endless = POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + request(BODY)

    def each(*pieces: bytes, times: int = count, read: bool = True) -> Callable[[], float | None]:
        def visits() -> None:
            with ThreadPoolExecutor(HANDS) as hands:
                for _ in hands.map(lambda _: daemon.visit(*pieces, read=read), range(times)):
                    pass

        return visits

    return {
        "true callbacks": each(request(BODY, signed=True)),
        "true callbacks of 64 KiB": each(request(padded, signed=True)),
        "false ones of 64 KiB": each(request(b"x" * LARGE)),
        "a byte more": each(request(b"x" * (LARGE + 1))),
        "6 MiB in chunks": each(endless, times=count // 20),
        "heads of 300 KB": each(POST + b"X-Long: " + b"x" * 300_000),
        "heads of 40,000 lines": each(POST + b"a: b\r\n" * 40_000),
        "100 requests in one go": each(request(BODY, more=b"") * 99 + request(BODY), times=count // 20),
        "leave in the middle": each(request(b"x" * LARGE)[: LARGE // 2], read=False),
        "nonsense": each(os.urandom(1000) + b"\r\n\r\n"),
        "all at once, silent": lambda: together(daemon, count, b""),
        "all at once, never reading": lambda: together(daemon, count, request(b"", more=b"") * 200),
    }


def main(count: int) -> int:
    """Have visitors of every kind, twice; give the exit status."""
    with tempfile.TemporaryDirectory() as made:
        daemon = Daemon(Path(made))
        try:
            daemon.heard()
            told = daemon.log.read_bytes()
            print(f"{count} visitors of each kind; at the start {daemon.memory():.1f} MiB")
            held = [max(_come(name, come, daemon) for name, come in kinds(daemon, count).items()) for _ in range(2)]
            logged = daemon.log.read_bytes()[len(told) :]
        finally:
            daemon.process.terminate()
            daemon.process.wait()
    print(f"at most {held[0]:.1f} MiB, then {held[1]:.1f} MiB; {len(logged)} bytes in the log")
    sys.stdout.write(logged.decode(errors="replace")[:2000])
    return int(held[1] - held[0] > MOST_GROWTH or bool(logged))


def _come(name: str, come: Callable[[], float | None], daemon: Daemon) -> float:
    """Have visitors of one kind; print, and give the MiB afterwards."""
    cpu, began = daemon.cpu(), time.perf_counter()
    heard = come()
    spent = time.perf_counter() - began
    again = daemon.heard() if heard is None else heard
    memory = daemon.memory()
    print(f"{name:28}{spent:7.1f} s{daemon.cpu() - cpu:7.2f} s CPU{memory:7.1f} MiB, heard again in {again:.2f} s")
    return memory


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
