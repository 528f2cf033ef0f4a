"""
A machine for end-to-end tests: the real daemon as a process of its own, a studio over real HTTP, real folders.

Everything lies below one home directory, so that many machines run beside each other. What a test waits for is looked
at again and again with an end; nothing is replaced by a stand-in but the paid service itself.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final, Protocol, Self, TypeVar

import tomli_w

from panjaya_watchd.core.claim import Claim
from panjaya_watchd.ledger.sql import read_only
from panjaya_watchd.rehearsal.records import Bill
from panjaya_watchd.rehearsal.results import TALK
from panjaya_watchd.rehearsal.script import Scripted
from panjaya_watchd.rehearsal.server import StudioServer
from panjaya_watchd.rehearsal.studio import Studio
from panjaya_watchd.rehearsal.switches import Switches
from panjaya_watchd.run.tell import ask

ROOT: Final = Path(__file__).parents[1]
KEY: Final = "panjaya-a-key-that-nobody-may-read"
PATIENCE: Final = 40.0
"""Seconds; far beyond what anything here takes, because the machine that runs the tests may be busy."""

LIFE: Final[Mapping[str, Any]] = {
    "inspect": False,
    "assumed_duration": 9.0,  # the sample's
    "asset_after": 0.1,
    "ready_after": 0.1,
    "editing_for": 0.1,
    "generate_after": 0.1,
}
"""A studio in a hurry."""

UPLOAD: Final = "POST /v1/assets/upload"
ASSETS: Final = "GET /v1/assets/"

BIG: Final = 24 << 20
"""Bytes; more than what the kernel takes in for a studio that does not read."""

T = TypeVar("T")


class Running(Protocol):
    """A process of the daemon, with the words of `subprocess.Popen`."""

    @property
    def pid(self) -> int:
        """Give its number."""

    def poll(self) -> int | None:
        """Give how it ended, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; give how."""

    def send_signal(self, sig: int) -> None:
        """Send a signal."""

    def kill(self) -> None:
        """Send SIGKILL."""


class Machine:
    """
    A daemon with its watch folders and its studio; a context manager, which checks at the end that it was well.

    Args:
        home: everything lies below it.
        switches: what the studio does differently from `LIFE`.
        api: more of the ``[api]`` table.
        http: the ``[http]`` table; nothing listens without one.
        limits: more of the ``[limits]`` table; by itself the studio may be asked as often as it can answer.
        wrap: what the daemon's command line begins with, such as ``unshare``.
        folders: name to what its ``[[folder]]`` has beyond the usual; one named ``drop`` if none is given.

    """

    def __init__(
        self,
        home: Path,
        *,
        switches: Mapping[str, Any] | None = None,
        api: Mapping[str, Any] | None = None,
        http: Mapping[str, Any] | None = None,
        limits: Mapping[str, Any] | None = None,
        wrap: Sequence[str] = (),
        folders: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.home = home
        self.studio = Studio(Switches(**{**LIFE, **(switches or {})}), clock=lambda: datetime.now(UTC))
        self.server = StudioServer(self.studio, key=KEY)
        self.config = home / "watchd.toml"
        self.log = home / "daemon.log"
        self.socket = home / "state" / "control.sock"
        self.ledger = home / "state" / "ledger.db"
        self.url = f"sqlite:///{self.ledger}"
        self.process: Running | None = None
        self.wrap = wrap
        self.listen = str((http or {}).get("listen", ""))
        self._configure({"api": api or {}, "http": http or {}, "limits": limits or {}}, folders or {"drop": {}})

    def _configure(self, given: Mapping[str, Mapping[str, Any]], folders: Mapping[str, Mapping[str, Any]]) -> None:
        (self.home / "state").mkdir(parents=True)
        usual = {"locale": "en-US", "languages": ["es-ES"], "quiet": "0.5s", "on_first_start": "take"}
        tables = [{"name": name, "path": str(self.home / name), **usual, **own} for name, own in folders.items()]
        for table in tables:
            Path(str(table["path"])).mkdir(exist_ok=True)
        pace = {"poll_first": "0.2s", "poll_max": "1s", "doubt_window": "3s"}
        settings = {
            "api": {"base_url": self.server.base_url, **pace, **given["api"]},
            "state": {"url": self.url},
            "http": {"listen": "", **given["http"]},
            "limits": {"requests_per_second": 1000, **given["limits"]},
            "folder": tables,
        }
        self.config.write_text(tomli_w.dumps(settings), encoding="utf-8")

    # The daemon's life

    def start(self) -> Self:
        """Start the daemon and wait until it has seen every folder."""
        before = len(self.story("daemon.ready"))
        self.process = self.launch()
        self.until(lambda: len(self.story("daemon.ready")) > before, "the daemon to be ready")
        return self

    def launch(self) -> Running:
        """Start the process of the daemon, and wait for nothing."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*self.wrap, *self.command("run")],
                stderr=log,
                env=environment(),
                cwd=self.home,
            )

    def kill(self) -> None:
        """End the daemon with ``kill -9``."""
        assert self.process is not None, "the daemon was never started"
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self) -> float:
        """End the daemon as the service manager does; it must end well. Gives the seconds it took."""
        assert self.process is not None, "the daemon was never started"
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        ended = self.process.wait(PATIENCE)
        assert ended == 0, f"the daemon ended with {ended}:\n{self.tail()}"
        return time.monotonic() - began

    def restart(self) -> Self:
        """End it and start it again."""
        self.stop()
        return self.start()

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if self.process is not None and self.process.poll() is None:
                self.stop() if kind is None else self.process.kill()
            if self.process is not None:
                assert kind is not None or self.process.wait(PATIENCE) == 0, self.tail()
                self.process.wait(PATIENCE)
        finally:
            self.server.stop()

    def command(self, *words: str) -> list[str]:
        """Give a command line of the program for this machine's configuration."""
        return [sys.executable, "-m", "panjaya_watchd", *words, "--config", str(self.config)]

    def say(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*words), env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    # What people do and see

    def drop(self, name: str, content: bytes, folder: str = "drop") -> Path:
        """Put a file into a watch folder, in one piece."""
        path = self.home / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def until(self, holds: Callable[[], T], what: str, seconds: float = PATIENCE, *, every: float = 0.02) -> T:
        """Look until something holds, and give it; fails when the daemon ends or the time is over."""
        deadline = time.monotonic() + seconds
        while not (found := holds()):
            assert self.process is not None, "the daemon was never started"
            ended = self.process.poll()
            assert ended is None, f"The daemon ended with {ended} before {what}:\n{self.tail()}"
            assert time.monotonic() < deadline, f"Not within {seconds:.0f} s: {what}\n{self.tail()}"
            time.sleep(every)
        return found

    def answer(self, stem: str, folder: str = "drop") -> Path:
        """Wait until a drop is answered and its claim closed; give the folder of the answer."""
        places = [self.home / folder / place / stem for place in ("done", "failed")]
        found = self.until(lambda: [place for place in places if place.is_dir()], f"an answer to {stem!r}")
        self.until(
            lambda: any(claim.filed_as and Path(claim.filed_as).name == stem for claim in self.claims()),
            f"the claim of {stem!r} to be closed",
        )
        return found[0]

    def status(self) -> dict[str, Any]:
        """Ask the daemon how it stands."""
        return ask(self.socket, {"ask": "status"})

    def folder(self, name: str = "drop") -> dict[str, Any]:
        """Give what the daemon says of a watch folder."""
        (found,) = [one for one in self.status()["folders"] if one["name"] == name]
        return dict(found)

    def waiting(self, folder: str = "drop") -> dict[str, str]:
        """Give what waits in a watch folder, and why."""
        return {drop["name"]: drop["why"] for drop in self.folder(folder)["waiting"]}

    def held(self, stem: str) -> dict[str, Any]:
        """Wait until a claim is held; give its facts."""
        return self.until(lambda: self.under_way("held", stem), f"{stem!r} to be held") or {}

    def noted(self, words: str, folder: str = "drop") -> bool:
        """Say whether ``STATUS.txt`` has these words."""
        return words in (self.home / folder / "STATUS.txt").read_text(encoding="utf-8")

    def under_way(self, state: str, stem: str) -> dict[str, Any] | None:
        """Give a living claim's facts if it is in that state."""
        for claim in self.status()["claims"]:
            if claim["state"] == state and Path(claim["file"]).stem == stem:
                found: dict[str, Any] = claim
                return found
        return None

    def sending(self, stem: str) -> bool:
        """Say whether bytes of an upload are on their way."""
        claim = self.under_way("uploading", stem)
        return claim is not None and claim["moving"].get("upload", {}).get("bytes", 0) > 0

    # What is written down

    def story(self, event: str | None = None, **fields: object) -> list[dict[str, Any]]:
        """Read the log: every line, or those of one event with these fields."""
        lines = self.log.read_text(encoding="utf-8").splitlines(keepends=True) if self.log.exists() else []
        told = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]
        wanted = {**fields, **({} if event is None else {"event": event})}
        return [line for line in told if all(line.get(key) == value for key, value in wanted.items())]

    def tail(self) -> str:
        """Give the end of the log, for messages."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:] if self.log.exists() else "no log"

    def claims(self) -> list[Claim]:
        """Read every claim in the ledger."""
        with closing(read_only(self.url)) as ledger:
            return [*ledger.living(), *ledger.closed(limit=1000)]

    def bills(self, content: bytes | None = None) -> list[Bill]:
        """Give all bills, or those for one video."""
        return [bill for bill in self.studio.bills if content is None or bill.sha256 == digest(content)]

    def uploads(self) -> int:
        """Count the uploads that the studio has seen, whole or not."""
        return sum(f"{seen.method} {seen.path}" == UPLOAD for seen in self.server.requests)

    def slow(self, seconds: float, on: str = UPLOAD, times: int = 1) -> None:
        """Let the studio leave its next requests unread for a while: a large body gets stuck half-way."""
        self.server.script(Scripted(on=on, do="delay", seconds=seconds, times=times))


def environment() -> dict[str, str]:
    """Give the surroundings of the daemon: ours without a service manager and a proxy, with the key."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith(("_proxy", "_socket"))}
    return {**kept, "PYTHONPATH": str(ROOT), "PANJAYA_API_KEY": KEY}


def otherwise(change: str) -> list[str]:
    """Give what goes before a daemon's command line to change one thing in it: see ``e2e/otherwise.py``."""
    return [sys.executable, str(ROOT / "tests" / "e2e" / "otherwise.py"), change]


def digest(content: bytes) -> str:
    """Give the SHA-256."""
    return hashlib.sha256(content).hexdigest()


def talk(number: int = 0, size: int = 0) -> bytes:
    """Give the sample video, made unlike all others by a box at its end that players skip; ``size`` bytes at least."""
    sample = TALK.read_bytes()
    rest = Random(number).randbytes(max(64, size - len(sample)))
    return sample + (len(rest) + 8).to_bytes(4, "big") + b"free" + rest


def files(folder: Path) -> dict[str, bytes]:
    """Read everything in a folder, by name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
