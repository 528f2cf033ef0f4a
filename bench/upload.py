"""
How fast an upload is beside ``curl -F``, how much processor time it takes, and how much memory.

A server in a process of its own swallows the body and answers 201: one that does as little as it can, one built on
asyncio as the service's kind of server is, and one held to the pace of a line of ``--mbit``. All clients send the same
sparse file, in turns, so that whatever else the machine does meets all of them, over the same cipher.

Ours has everything on: hashing, looks at the source, the gate. It times ``submit`` alone, because the daemon starts
once and uploads for years. Curl hashes nothing, so it also runs beside ``openssl dgst``. Loopback has no limit, so the
clients are measured by what the processors can do, which the server has to share: *at most* is what all processors
would reach if client and server together kept every one of them busy all the time. ``--unhashed`` adds a run of ours
without SHA-256, to see what the digest costs. Run it in the checkout as ``python -m bench.upload --gib 4 --rounds 3``.
"""

import argparse
import asyncio
import json
import os
import resource
import shlex
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace

GIB = 1 << 30
Swallower = Callable[[socket.socket, ssl.SSLContext | None], None]
ANSWER = b'{"asset_id": "a1"}'
CREATED = b"HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)
CIPHER = "TLS_AES_256_GCM_SHA384"
"""What OpenSSL prefers; a client that comes with another is turned away, or the comparison would not be fair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One upload: seconds, processor seconds of the client and of the server, and the client's memory in MiB."""

    seconds: float
    cpu: float
    server: float = 0
    peak: float | None = None


class File:
    """The reader's source, on a real file."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._before = os.fstat(self._descriptor)
        self.size = self._before.st_size

    def read(self, limit: int) -> bytes:
        """Read on."""
        return os.read(self._descriptor, limit)

    def changed(self) -> str | None:
        """Compare two ``fstat``."""
        now = os.fstat(self._descriptor)
        return None if now.st_mtime_ns == self._before.st_mtime_ns else "it was written to"


def announced(head: bytes) -> int:
    """Give the length of the body; nothing else of a request is looked at."""
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
    return int(fields[b"content-length"])


def serve(listener: socket.socket, tls: ssl.SSLContext | None, pace: float = 0) -> None:
    """Swallow bodies for ever, a thread for each. ``pace`` is in bytes a second, 0 for no limit."""
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=swallow, args=(connection, tls, pace), daemon=True).start()


def swallow(raw: socket.socket, tls: ssl.SSLContext | None, pace: float) -> None:
    """Take one request and answer it."""
    buffer = bytearray(GIB >> 10)
    with tls.wrap_socket(raw, server_side=True) if tls else raw as connection:
        if isinstance(connection, ssl.SSLSocket):
            assert connection.cipher() == (CIPHER, "TLSv1.3", 256), "not the same cipher"
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        lines, _, begun = head.partition(b"\r\n\r\n")
        left = announced(lines) - len(begun)
        started, taken = time.perf_counter(), 0
        while left > 0:
            got = connection.recv_into(buffer)
            assert got, "the body is short"
            left -= got
            taken += got
            ahead = taken / pace - (time.perf_counter() - started) if pace else 0
            if ahead > 0.01:
                time.sleep(ahead)
        connection.sendall(CREATED)


def serve_asyncio(listener: socket.socket, tls: ssl.SSLContext | None) -> None:
    """Swallow bodies for ever in an event loop, as a Python web service receives them."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert not tls or writer.get_extra_info("cipher") == (CIPHER, "TLSv1.3", 256), "not the same cipher"
        left = announced(await reader.readuntil(b"\r\n\r\n"))
        while left > 0:
            got = await reader.read(1 << 20)
            assert got, "the body is short"
            left -= len(got)
        writer.write(CREATED)
        await writer.drain()
        writer.close()

    async def loop() -> None:
        server = await asyncio.start_server(take, sock=listener, ssl=tls)
        await server.serve_forever()

    asyncio.run(loop())


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server in a process of its own."""

    url: str
    process_id: int

    def cpu(self) -> float:
        """Give the processor seconds it has used so far."""
        fields = Path(f"/proc/{self.process_id}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(tls: ssl.SSLContext | None, run: Swallower) -> Iterator[Server]:
    """Run a server for the length of a block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        child = os.fork()
        if child == 0:
            run(listener, tls)
        try:
            yield Server(url=f"{'https' if tls else 'http'}://127.0.0.1:{port}", process_id=child)
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)


def warm(path: Path) -> None:
    """Read a file once, or the first client would fill the page cache for all others."""
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 20):
            pass


def measured(command: list[str], server: Server) -> Run:
    """Run a client; ask the kernel what it cost, or the client itself if it says."""
    server_before, started = server.cpu(), time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout
        said = json.loads(child.stdout.read())
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, f"{command[0]} failed"
    spent = server.cpu() - server_before
    if "seconds" in said:
        return Run(server=spent, **said)
    return Run(seconds=seconds, cpu=usage.ru_utime + usage.ru_stime, server=spent)


class Unhashed:
    """No hash at all, to see what hashing costs."""

    def update(self, _: bytes) -> None:
        """Do nothing."""

    def hexdigest(self) -> str:
        """Give what is none."""
        return "0" * 64


def upload(url: str, authority: str, path: Path, *, unhashed: bool) -> None:
    """Be our client: one submission with everything on, and the cost of it printed as JSON."""
    from panjaya_watchd.api import reader  # noqa: PLC0415  (only the client's process needs them)
    from panjaya_watchd.api.base import Submission  # noqa: PLC0415
    from panjaya_watchd.api.panjaya import Panjaya  # noqa: PLC0415
    from panjaya_watchd.core.answers import Asset  # noqa: PLC0415
    from panjaya_watchd.core.names import Locale  # noqa: PLC0415
    from panjaya_watchd.core.order import AutoGenerate, Language, Order  # noqa: PLC0415

    if unhashed:
        vars(reader)["hashlib"] = SimpleNamespace(sha256=Unhashed)
    languages = (Language(locale=Locale("es-ES")),)
    order = Order(locale=Locale("en-US"), languages=languages, auto_generate=AutoGenerate.OFF)
    body = reader.Reader(File(path), "bench.mp4", stop=threading.Event(), progress=lambda _: None)
    panjaya = Panjaya(url, "bench", tls=ssl.create_default_context(cafile=authority) if authority else None)
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    answer = panjaya.submit(Submission(order=order, srt={}, video=body))
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    panjaya.close()
    assert isinstance(answer, Asset), answer
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # Not ru_maxrss: that one remembers the process that started us.
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": int(peak.split()[1]) / 1024}))


def compare(server: Server, authority: str, path: Path, *, rounds: int, unhashed: bool) -> None:
    """Let all clients send the file in turns, and print what it cost."""
    ours = [sys.executable, "-m", "bench.upload", "--client", server.url, "--authority", authority, "--file", str(path)]
    request = json.dumps({"locale": "en-US", "languages": [{"locale": "es-ES"}]})
    curl = ["curl", "-sS", "-f", "-H", "Expect:", "-F", f"request={request}", "-F", f"video=@{path};type=video/mp4"]
    curl += [*(["--cacert", authority] if authority else []), f"{server.url}/v1/assets/upload"]
    # Ours gives the digest of what was sent; curl alone does half of the work.
    both = ["sh", "-c", f"openssl dgst -sha256 {path} >/dev/null & {shlex.join(curl)} & wait"]
    clients = {"panjaya-watchd": ours, "curl -F": curl, "curl & openssl": both}
    if unhashed:
        clients["ours, unhashed"] = [*ours, "--unhashed"]
    runs: dict[str, list[Run]] = {name: [] for name in clients}
    for number in range(rounds):
        for name in list(clients)[:: 1 if number % 2 == 0 else -1]:
            runs[name].append(measured(clients[name], server))
    report(runs, path.stat().st_size / 1e9)


def report(runs: dict[str, list[Run]], gigabytes: float) -> None:
    """Print the medians, and of the ratios those of the single rounds too."""
    for name, found in runs.items():
        speed = gigabytes * 1000 / statistics.median(run.seconds for run in found)
        each = " ".join(f"{gigabytes * 1000 / run.seconds:.0f}" for run in found)
        cpu = statistics.median(run.cpu for run in found) / gigabytes
        server = statistics.median(run.server for run in found) / gigabytes
        limit = (os.cpu_count() or 1) * 1000 / (cpu + server)
        peak = max((run.peak for run in found if run.peak is not None), default=None)
        print(
            f"  {name:16} {speed:6.0f} MB/s ({each})  CPU s/GB {cpu:.2f}, server {server:.2f}: at most {limit:.0f} MB/s"
            + (f"  peak {peak:.0f} MiB" if peak else "")
        )
    first, *others = runs
    for name in others:
        ratios = [theirs.seconds / ours.seconds for ours, theirs in zip(runs[first], runs[name], strict=True)]
        whole = statistics.median(run.seconds for run in runs[name]) / statistics.median(
            run.seconds for run in runs[first]
        )
        print(f"  ratio to {name}: {whole:.2f} ({' '.join(f'{ratio:.2f}' for ratio in ratios)})")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mbit", type=float, default=1000, help="0: leave the slow line out")
    for hidden in ("--client", "--authority", "--file"):
        parser.add_argument(hidden, default="", help=argparse.SUPPRESS)
    parser.add_argument("--unhashed", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.client:
        upload(asked.client, asked.authority, Path(asked.file), unhashed=asked.unhashed)
        return
    if shutil.which("curl") is None:
        sys.exit("curl is needed to compare with")
    import trustme  # noqa: PLC0415  (a client does not need it)

    print(f"{os.cpu_count()} processors, {ssl.OPENSSL_VERSION}, {CIPHER}")
    with tempfile.TemporaryDirectory() as folder:
        path, authority = Path(folder, "bench.mp4"), Path(folder, "authority.pem")
        signer = trustme.CA()
        signer.cert_pem.write_to_path(authority)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        signer.issue_cert("127.0.0.1").configure_cert(tls)
        line = partial(serve, pace=asked.mbit * 1e6 / 8)
        turns: list[tuple[str, ssl.SSLContext | None, Swallower, float]] = [
            ("TLS, a fast sink", tls, serve, asked.gib),
            ("TLS, an asyncio server", tls, serve_asyncio, asked.gib),
            (f"TLS, a line of {asked.mbit:.0f} Mbit/s", tls, line, min(asked.gib, 1)),
            ("in the clear, a fast sink", None, serve, asked.gib),
        ]
        for title, context, run, gib in turns if asked.mbit else [turn for turn in turns if turn[2] is not line]:
            path.write_bytes(b"")
            os.truncate(path, int(gib * GIB))
            warm(path)
            with serving(context, run) as server:
                size, load = path.stat().st_size / 1e9, os.getloadavg()[0]
                print(f"\n{title}: {size:.2f} GB, {asked.rounds} rounds, load {load:.1f} at the start", flush=True)
                trusted = str(authority) if context else ""
                compare(server, trusted, path, rounds=asked.rounds, unhashed=asked.unhashed)


if __name__ == "__main__":
    main()
