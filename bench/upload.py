"""
How fast an upload is beside ``curl -F``, how much processor time it takes, and how much memory.

A server in a process of its own swallows the body and answers 201, over TLS and in the clear. Both clients send the
same sparse file, in turns, so that whatever else the machine does meets both. Ours is a fresh process each time, with
everything on: hashing, looks at the source, the gate. Loopback has no limit, so there the clients are measured by what
their processors can do, and curl hashes nothing; the last comparison is held to the pace of a line of ``--mbit``.
Run it in the checkout as ``python -m bench.upload --gib 4 --rounds 3``.
"""

import argparse
import json
import os
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

GIB = 1 << 30
ANSWER = b'{"asset_id": "a1"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One upload: seconds from start to answer, processor seconds, and the peak of resident memory in MiB."""

    seconds: float
    cpu: float
    peak: float


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


def serve(listener: socket.socket, tls: ssl.SSLContext | None, pace: float) -> None:
    """Swallow bodies for ever: nothing is parsed but the length. ``pace`` is in bytes a second, 0 for no limit."""
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=swallow, args=(connection, tls, pace), daemon=True).start()


def swallow(raw: socket.socket, tls: ssl.SSLContext | None, pace: float) -> None:
    """Take one request and answer it."""
    buffer = bytearray(GIB >> 10)
    with tls.wrap_socket(raw, server_side=True) if tls else raw as connection:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        lines, _, begun = head.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in lines.split(b"\r\n")[1:])
        if fields.get(b"expect") == b"100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        left = int(fields[b"content-length"]) - len(begun)
        started, taken = time.perf_counter(), 0
        while left > 0:
            got = connection.recv_into(buffer)
            assert got, "the body is short"
            left -= got
            taken += got
            ahead = taken / pace - (time.perf_counter() - started) if pace else 0
            if ahead > 0.01:
                time.sleep(ahead)
        connection.sendall(b"HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(ANSWER))
        connection.sendall(ANSWER)


@contextmanager
def serving(tls: ssl.SSLContext | None, pace: float = 0) -> Iterator[str]:
    """Run the server in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        child = os.fork()
        if child == 0:
            serve(listener, tls, pace)
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)


def measured(command: list[str]) -> Run:
    """Run a client and ask the kernel what it cost."""
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, f"{command[0]} failed"
    return Run(seconds=seconds, cpu=usage.ru_utime + usage.ru_stime, peak=usage.ru_maxrss / 1024)


def upload(url: str, authority: str, path: Path) -> None:
    """Be our client: one submission with everything on."""
    from panjaya_watchd.api.base import Submission  # noqa: PLC0415  (only the client's process needs them)
    from panjaya_watchd.api.panjaya import Panjaya  # noqa: PLC0415
    from panjaya_watchd.api.reader import Reader  # noqa: PLC0415
    from panjaya_watchd.core.answers import Asset  # noqa: PLC0415
    from panjaya_watchd.core.names import Locale  # noqa: PLC0415
    from panjaya_watchd.core.order import AutoGenerate, Language, Order  # noqa: PLC0415

    languages = (Language(locale=Locale("es-ES")),)
    order = Order(locale=Locale("en-US"), languages=languages, auto_generate=AutoGenerate.OFF)
    body = Reader(File(path), "bench.mp4", stop=threading.Event(), progress=lambda _: None)
    panjaya = Panjaya(url, "bench", tls=ssl.create_default_context(cafile=authority) if authority else None)
    answer = panjaya.submit(Submission(order=order, srt={}, video=body))
    panjaya.close()
    assert isinstance(answer, Asset), answer


def compare(url: str, authority: str, path: Path, rounds: int) -> None:
    """Let both clients send the file in turns, and print what it cost."""
    ours = [sys.executable, "-m", "bench.upload", "--client", url, "--authority", authority, "--file", str(path)]
    request = json.dumps({"locale": "en-US", "languages": [{"locale": "es-ES"}]})
    curl = ["curl", "-sS", "-f", "-H", "Expect:", "-F", f"request={request}", "-F", f"video=@{path};type=video/mp4"]
    curl += [*(["--cacert", authority] if authority else []), f"{url}/v1/assets/upload"]
    # Ours gives the digest of what was sent; curl alone does half of the work.
    both = ["sh", "-c", f"openssl dgst -sha256 {path} & {shlex.join(curl)} & wait"]
    clients = {"panjaya-watchd": ours, "curl -F": curl, "curl & openssl": both}
    runs: dict[str, list[Run]] = {name: [] for name in clients}
    for number in range(rounds):
        for name in list(clients)[:: 1 if number % 2 == 0 else -1]:
            runs[name].append(measured(clients[name]))
    gigabytes = path.stat().st_size / 1e9
    print(f"\n{url.partition(':')[0]}, {gigabytes:.2f} GB, {rounds} rounds")
    speeds = {}
    for name, found in runs.items():
        peak = max(run.peak for run in found)
        speeds[name] = gigabytes * 1000 / statistics.median(run.seconds for run in found)
        cpu = statistics.median(run.cpu for run in found) / gigabytes
        each = " ".join(f"{gigabytes * 1000 / run.seconds:.0f}" for run in found)
        print(f"  {name:16} {speeds[name]:6.0f} MB/s ({each})  {cpu:5.2f} CPU s/GB  peak {peak:4.0f} MiB")
    first, *others = speeds
    print("  ratio to " + ", to ".join(f"{name}: {speeds[first] / speeds[name]:.2f}" for name in others))


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mbit", type=float, default=1000)
    parser.add_argument("--client", help=argparse.SUPPRESS)
    parser.add_argument("--authority", default="", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.client:
        upload(asked.client, asked.authority, asked.file)
        return
    if shutil.which("curl") is None:
        sys.exit("curl is needed to compare with")
    import trustme  # noqa: PLC0415  (a client does not need it)

    with tempfile.TemporaryDirectory() as folder:
        path, authority = Path(folder, "bench.mp4"), Path(folder, "authority.pem")
        path.touch()
        os.truncate(path, int(asked.gib * GIB))
        signer = trustme.CA()
        signer.cert_pem.write_to_path(authority)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        signer.issue_cert("127.0.0.1").configure_cert(tls)
        print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
        with serving(tls) as url:
            compare(url, str(authority), path, asked.rounds)
        with serving(None) as url:
            compare(url, "", path, asked.rounds)
        if asked.mbit:
            os.truncate(path, min(path.stat().st_size, GIB))
            with serving(tls, asked.mbit * 1e6 / 8) as url:
                compare(url, str(authority), path, 1)


if __name__ == "__main__":
    main()
