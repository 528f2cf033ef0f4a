"""
What `submit` sends, read by eight parsers that are not ours, with a video of gigabytes: the same parts, byte for byte.

The real client sends one submission to each receiver in turn, over loopback: a video that is sparse but for islands
that look like the ends of parts, a background track, and a text with every character of two planes of Unicode. A
receiver is a process of its own; it streams or spools as its library does, hashes, and answers with the parts that it
found. Seconds are those of the whole request, with hashing on both sides; the peak is what the receiver has held in
memory.

Run it in the checkout as ``PYTHONPATH=tests python -m bench.parsers --gib 3``. Starlette, Werkzeug and Falcon are there
with the tests. For the others: ``apt-get install golang-go php-cgi nginx-light``, ``npm install busboy`` (then say
``NODE_PATH=…/node_modules``), ``pip install django aiohttp``. A receiver that is missing is named, and makes the
command fail unless ``--some`` is given.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from unicodedata import category

from parsers import BLOCK, PARSERS, Bounded, Parser, Part

from panjaya_watchd.api import Asset, AutoGenerate, FileBody, Language, Locale, Order, Panjaya, Submission
from panjaya_watchd.api.reader import CHUNK
from panjaya_watchd.api.wire import request_fields, safe_name

RECEIVERS: Final = Path(__file__).with_name("receivers")
SPANISH: Final = Locale("es-ES")
ISLAND: Final = (
    b"\r\n--\r\n--0123456789abcdef0123456789abcdef--\r\n"
    b'Content-Disposition: form-data; name="video"; filename="x"\r\n\r\n--\r\n\r\n--'
)
TEXT: Final = "".join(chr(each) for each in range(0x20000) if category(chr(each)) not in {"Cn", "Cs", "Co"})
VIDEO: Final = 'Über "alles" – 会議\r\n👩🏽‍💻.mp4'  # noqa: RUF001  (a dash that is none of ASCII)
NGINX: Final = """\
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off; client_max_body_size 0; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{ listen 127.0.0.1:{port}; location / {{ proxy_request_buffering on; proxy_read_timeout 900s;
        proxy_pass http://127.0.0.1:{behind}; }} }}
}}
"""


def by_django(body: Bounded, content_type: str, length: int) -> list[Part]:
    """Read by Django."""
    conf, forms = (import_module(f"django.{name}") for name in ("conf", "http.multipartparser"))
    if not conf.settings.configured:
        conf.settings.configure()
    parts: list[Part] = []

    class Sink:
        """What Django calls an upload handler."""

        chunk_size = 64 << 10

        def handle_raw_input(self, *_: Any, **_options: Any) -> None:
            """Leave the body to Django."""

        def new_file(self, name: str, file_name: str, media_type: str, *_: Any) -> None:
            parts.append(Part(name, file_name, media_type))

        def receive_data_chunk(self, chunk: bytes, _start: int) -> None:
            parts[-1].add(chunk)

        def file_complete(self, _size: int) -> None:
            parts[-1].closed()

        def upload_complete(self) -> None:
            """Nothing is left to do."""

    meta = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": length}
    plain, _ = forms.MultiPartParser(meta, body, [Sink()]).parse()
    return [*(Part.of(name, None, None, [value.encode()]) for name, value in plain.items()), *parts]


def receive_by(parser: Parser, port: int) -> None:
    """Receive one upload after the other and say what a parser found."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length, kind = int(self.headers["content-length"]), self.headers["content-type"]
            parts = parser(Bounded(self.rfile, length), kind, length)
            answer(self, json.dumps({"asset_id": "python", "parts": [shown(part) for part in parts]}).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def receive_by_php(port: int, folder: str) -> None:
    """Receive by PHP, which a process reads from its standard input, as CGI and FastCGI have it."""
    command = ["php-cgi", "-d", "upload_max_filesize=64G", "-d", "post_max_size=64G", "-d", f"upload_tmp_dir={folder}"]
    script = str(RECEIVERS / "upload.php")
    about = {"REDIRECT_STATUS": "200", "SCRIPT_FILENAME": script, "REQUEST_METHOD": "POST"}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = self.headers["content-length"]
            env = {**os.environ, **about, "CONTENT_LENGTH": length, "CONTENT_TYPE": self.headers["content-type"]}
            with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as php:
                assert php.stdin is not None
                assert php.stdout is not None
                for chunk in Bounded(self.rfile, int(length)):
                    php.stdin.write(chunk)
                php.stdin.close()
                answer(self, php.stdout.read().partition(b"\r\n\r\n")[2])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def receive_by_aiohttp(port: int) -> None:
    """Receive by aiohttp, which has a server of its own."""
    web = import_module("aiohttp.web")

    async def receive(request: Any) -> Any:
        parts = []
        async for found in await request.multipart():
            part = Part(found.name, found.filename, found.headers.get("Content-Type") if found.filename else None)
            while chunk := await found.read_chunk(BLOCK):
                part.add(chunk)
            parts.append(shown(part.closed()))
        return web.json_response({"asset_id": "aiohttp", "parts": parts}, status=201)

    app = web.Application()
    app.router.add_post("/v1/assets/upload", receive)
    web.run_app(app, host="127.0.0.1", port=port, print=None)


def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Say 201 and what was found."""
    handler.send_response(201)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def shown(part: Part) -> dict[str, Any]:
    """Give a part as JSON."""
    return {each.name: getattr(part, each.name) for each in fields(part) if not each.name.startswith("_")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """
    Somebody who reads the upload.

    ``command`` is made of its port, a folder for it, and the port of the Starlette receiver, which stands behind it if
    it is ``proxied``. ``needs`` are programs, modules of Python (``django.``) and of Node (``busboy/``).
    """

    name: str
    command: Callable[[int, Path, int], list[str]]
    needs: tuple[str, ...] = ()
    proxied: bool = False

    def missing(self) -> list[str]:
        """Give what is not there."""
        return [need for need in self.needs if not _is_there(need)]


def _is_there(need: str) -> bool:
    if need.endswith("."):
        return find_spec(need[:-1]) is not None
    if need.endswith("/"):
        return (
            subprocess.run(["node", "-e", f"require('{need[:-1]}')"], check=False, capture_output=True).returncode == 0
        )
    return shutil.which(need) is not None


def ours(name: str) -> Callable[[int, Path, int], list[str]]:
    """Give the command of a receiver that this module is."""
    return lambda port, folder, _: [sys.executable, "-m", "bench.parsers", "--receive", name, str(port), str(folder)]


def go(port: int, folder: Path, _: int) -> list[str]:
    """Build Go's receiver, and give its command."""
    env = {**os.environ, "GOCACHE": str(folder / "cache"), "GO111MODULE": "off"}
    subprocess.run(["go", "build", "-o", folder / "mime", RECEIVERS / "mime.go"], check=True, env=env)
    return [str(folder / "mime"), str(port)]


def nginx(port: int, folder: Path, behind: int) -> list[str]:
    """Write nginx's configuration, and give its command."""
    (folder / "nginx.conf").write_text(NGINX.format(port=port, behind=behind, folder=folder))
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx.log")]


ALL: Final = (
    *(Receiver(name=name, command=ours(name)) for name in PARSERS),
    Receiver(name="Django", command=ours("Django"), needs=("django.",)),
    Receiver(name="aiohttp", command=ours("aiohttp"), needs=("aiohttp.",)),
    Receiver(
        name="busboy (Node)",
        command=lambda port, _folder, _behind: ["node", str(RECEIVERS / "busboy.js"), str(port)],
        needs=("node", "busboy/"),
    ),
    Receiver(name="mime/multipart (Go)", command=go, needs=("go",)),
    Receiver(name="PHP", command=ours("PHP"), needs=("php-cgi",)),
    Receiver(name="nginx before Starlette", command=nginx, needs=("nginx",), proxied=True),
)


def free_port() -> int:
    """Give a port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(command: list[str], port: int) -> Iterator[int]:
    """Run a receiver for the length of a block; its process id, once it takes connections."""
    with subprocess.Popen(command) as process:
        try:
            for _ in range(400):
                assert process.poll() is None, f"{command[0]} has ended"
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.05)
            yield process.pid
        finally:
            process.terminate()


def peak_of(process_id: int) -> float:
    """Give the most MiB that a process has held, and each that it has begun and that still runs."""
    text = Path(f"/proc/{process_id}/status").read_text()
    own = next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM"))
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    return own / 1024 + sum(peak_of(int(child)) for child in children)


def make_files(folder: Path, gib: float) -> tuple[Path, Path]:
    """Make the video, sparse but for islands across the edges of chunks and at its end, and a background track."""
    video, music = folder / "video", folder / "music"
    size = int(gib * (1 << 30)) + 12345
    with video.open("wb") as file:
        file.truncate(size)
        for number in range(64):
            file.seek(size * number // 64 // CHUNK * CHUNK - (number and number % len(ISLAND)))
            file.write(ISLAND)
        file.seek(size - len(ISLAND))
        file.write(ISLAND)
    music.write_bytes((ISLAND + bytes(range(256))) * (1 << 16))
    return video, music


def expected(order: Order, srt: dict[Locale, str], video: Path, music: Path) -> list[dict[str, Any]]:
    """Give the parts that everybody has to find."""
    text = json.dumps(request_fields(order, srt), ensure_ascii=False).encode()
    parts = [Part.of("request", None, None, [text])]
    for name, file_name, kind, path in (
        ("background", "music.wav", "audio/wav", music),
        ("video", safe_name(VIDEO), "video/mp4", video),
    ):
        with path.open("rb") as file:
            parts.append(Part.of(name, file_name, kind, Bounded(file, path.stat().st_size)))
    return [shown(part) for part in parts]


def measure(receiver: Receiver, submission: Submission, wanted: list[dict[str, Any]], folder: Path) -> bool:
    """Send it to one receiver, print what it cost, and say whether it found what it should."""
    port, behind = free_port(), free_port()
    starlette = ours("Starlette")(behind, folder, 0)
    with (
        running(receiver.command(port, folder, behind), port) as process_id,
        running(starlette, behind) if receiver.proxied else nullcontext(),
        Panjaya(f"http://127.0.0.1:{port}", "bench") as panjaya,
    ):
        started = time.perf_counter()
        said = panjaya.submit(submission)
        seconds = time.perf_counter() - started
        peak = peak_of(process_id)
    if not isinstance(said, Asset):
        print(f"  {receiver.name:24} {said.words}")
        return False
    found = json.loads(said.raw)
    same = sorted(found["parts"], key=lambda part: str(part["name"])) == sorted(wanted, key=lambda part: part["name"])
    peak = found.get("peak_kib", peak * 1024) / 1024
    size = sum(part["size"] for part in wanted) / 1e6
    print(
        f"  {receiver.name:24} {'the same' if same else 'DIFFERENT'}  {seconds:6.1f} s  {size / seconds:5.0f} MB/s"
        f"  peak {peak:4.0f} MiB",
        flush=True,
    )
    if not same:
        print(json.dumps(found["parts"], indent=1)[:3000])
    return same


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gib", type=float, default=3)
    parser.add_argument("--some", action="store_true", help="be content with those receivers that are there")
    parser.add_argument("--receive", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.receive:
        name, port, folder = asked.receive
        if name == "aiohttp":
            receive_by_aiohttp(int(port))
        elif name == "PHP":
            receive_by_php(int(port), folder)
        else:
            receive_by({**PARSERS, "Django": by_django}[name], int(port))
        return
    languages = (Language(locale=SPANISH),)
    order = Order(locale=Locale("en-US"), languages=languages, auto_generate=AutoGenerate.WITH_LIPS)
    srt, good = {SPANISH: TEXT}, True
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        video, music = make_files(folder, asked.gib)
        wanted = expected(order, srt, video, music)
        print(f"{os.cpu_count()} processors; {json.dumps(wanted, indent=1)}", flush=True)
        for receiver in ALL:
            if missing := receiver.missing():
                print(f"  {receiver.name:24} is not here: {', '.join(missing)}")
                good &= asked.some
                continue
            body, track = FileBody(video, file_name=VIDEO), FileBody(music, file_name="music.wav")
            submission = Submission(order=order, srt=srt, video=body, background=track)
            good &= measure(receiver, submission, wanted, folder)
        print(f"  the client: peak {peak_of(os.getpid()):.0f} MiB")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
