"""
The service on a host, with all that belongs to it: its studio, its configuration, its key, people who drop videos.

The studio is the rehearsal's and listens on the machine's loopback, so it outlives every death of the host, as the real
one would, and its bills are counted from outside. The people are ``anna`` and ``boris``; both are in the group
``videos``, to which the watch folders belong. Neither is known to the service.
"""

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self

import tomli_w
from machine import LIFE, digest, files

from bench.hosts import secrecy
from bench.hosts.host import PATIENCE, Host, until
from panjaya_watchd.core.claim import Claim
from panjaya_watchd.ledger.sql import read_only
from panjaya_watchd.rehearsal.records import Bill
from panjaya_watchd.rehearsal.script import Scripted
from panjaya_watchd.rehearsal.server import StudioServer
from panjaya_watchd.rehearsal.studio import Studio
from panjaya_watchd.rehearsal.switches import Switches

UNIT: Final = "panjaya-watchd"
CONFIG: Final = "/etc/panjaya-watchd/watchd.toml"
KEY_FILE: Final = "/etc/panjaya-watchd/api-key"
STATE: Final = "var/lib/panjaya-watchd"
"""Below a host's root."""

GROUP: Final = "videos"
PEOPLE: Final = ("anna", "boris")

USUAL: Final[Mapping[str, Any]] = {
    "locale": "en-US",
    "languages": ["es-ES"],
    "quiet": "0.5s",
    "on_first_start": "take",
}
PACE: Final[Mapping[str, Any]] = {"poll_first": "0.2s", "poll_max": "1s", "doubt_window": "3s"}


class Service:
    """
    The service on one host that is up; a context manager.

    Its end looks for the key in everything that the proof has left, and fails where it is found.
    """

    def __init__(
        self,
        host: Host,
        *,
        folders: Mapping[str, Mapping[str, Any]] | None = None,
        switches: Mapping[str, Any] | None = None,
        unit: Mapping[str, str] | None = None,
    ) -> None:
        """
        Prepare it; nothing is started.

        Args:
            host: with the service installed.
            folders: name to what its ``[[folder]]`` has beyond the usual; one named ``marketing`` if none is given.
            switches: what the studio does differently from a studio in a hurry.
            unit: more settings of the unit's ``[Service]``.

        """
        self.host = host
        self.key = f"panjaya-{secrets.token_hex(20)}"
        self.forgotten: list[str] = []
        """Keys that are not in use any more, and may be nowhere at all."""
        self._later = timedelta(0)
        self.studio = Studio(Switches(**{**LIFE, **(switches or {})}), clock=lambda: datetime.now(UTC) + self._later)
        self.server = StudioServer(self.studio, key=self.key)
        self.folders = {name: dict(own) for name, own in (folders or {"marketing": {}}).items()}
        self.tables: dict[str, dict[str, Any]] = {
            "api": {"base_url": self.server.base_url, **PACE},
            "http": {"listen": ""},
            "limits": {"requests_per_second": 1000},
        }
        self._settings = unit or {}

    def __enter__(self) -> Self:
        self.host.run("groupadd", GROUP)
        for person in PEOPLE:
            self.host.run("useradd", "--groups", GROUP, "--no-create-home", person)
        self.host.run("usermod", "--append", "--groups", GROUP, UNIT)
        self.configure()
        self.write_key(self.key)
        if self._settings:
            self.override(**self._settings)
        self.server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.stays_secret()
            else:
                print(self.tail())
        finally:
            self.server.stop()

    # What an operator does

    def configure(self) -> None:
        """Write ``folders`` and ``tables`` as they are now; let people and the service write in each folder."""
        for name in self.folders:
            place = f"/srv/{name}"
            self.host.run("mkdir", "--parents", place)
            self.host.run("chgrp", GROUP, place)
            self.host.run("chmod", "2775", place)
        self.write_config()
        self.open_folders()

    def open_folders(self) -> None:
        """Let the service write in the watch folders of its configuration."""
        self.say("service", "folders")

    def write_config(self) -> None:
        """Write ``folders`` and ``tables`` as they are now, and nothing else."""
        tables = [{"name": name, "path": f"/srv/{name}", **USUAL, **own} for name, own in self.folders.items()]
        self.host.write(CONFIG, tomli_w.dumps({**self.tables, "folder": tables}))

    def write_key(self, key: str) -> None:
        """Put the key where the unit looks for it, for root alone."""
        self.host.write(KEY_FILE, f"{key}\n", mode=0o600)

    def override(self, **settings: str) -> None:
        """Set something in the unit's ``[Service]``, as ``systemctl edit`` does."""
        self.edit("[Service]\n" + "".join(f"{name}={value}\n" for name, value in settings.items()))

    def edit(self, content: str) -> None:
        """Do what ``systemctl edit`` does."""
        self.host.write(f"/etc/systemd/system/{UNIT}.service.d/override.conf", content)
        self.host.run("systemctl", "daemon-reload")

    def start(self) -> Self:
        """Start it; returns when it says that it is ready."""
        self.host.run("systemctl", "start", UNIT)
        return self

    def control(self, verb: str, *, seconds: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """Do something else with it, whatever comes of that."""
        return self.host.run("systemctl", verb, UNIT, check=False, seconds=seconds)

    def show(self, name: str) -> str:
        """Give one property of the unit."""
        return self.host.run("systemctl", "show", "--property", name, "--value", UNIT).stdout.strip()

    @property
    def pid(self) -> int:
        """Give the number of its process, as the host counts; 0 where there is none."""
        return int(self.show("MainPID"))

    def kill(self, signal: str) -> None:
        """Send its process a signal."""
        self.host.run("kill", f"-{signal}", str(self.pid))

    def say(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the program, as root."""
        return self.host.run("panjaya-watchd", *words, check=check)

    def status(self) -> dict[str, Any]:
        """Ask it how it stands."""
        said: dict[str, Any] = json.loads(self.say("status", "--json").stdout)
        return said

    def claim(self, stem: str) -> dict[str, Any] | None:
        """Give the facts of a drop's living claim."""
        for claim in self.status()["claims"]:
            if Path(claim["file"]).stem == stem:
                return dict(claim)
        return None

    def stands(self, stem: str) -> str | None:
        """Give the state of a drop's living claim."""
        claim = self.claim(stem)
        return None if claim is None else str(claim["state"])

    def sent(self, stem: str) -> int:
        """Give how many bytes of a drop are on their way."""
        claim = self.claim(stem) or {"moving": {}}
        return int(claim["moving"].get("upload", {}).get("bytes", 0))

    def folder(self, name: str) -> dict[str, Any]:
        """Give what it says of a watch folder."""
        (found,) = [one for one in self.status()["folders"] if one["name"] == name]
        return dict(found)

    # What people do

    def place(self, folder: str = "marketing") -> Path:
        """Give a watch folder, as seen from outside."""
        return self.host.root / "srv" / folder

    def drop(self, name: str, content: bytes, folder: str = "marketing", person: str = "anna") -> None:
        """Put a file into a watch folder, as somebody else than the service."""
        command = self.host.command("sh", "-c", f"umask 002; cat >'/srv/{folder}/{name}'", user=person)
        subprocess.run(command, input=content, check=True, timeout=PATIENCE)

    def put(self, name: str, content: bytes, folder: str = "marketing") -> None:
        """Put a file of somebody else into a watch folder in one piece, also while the host is down."""
        making = self.host.root / "srv" / name
        making.write_bytes(content)
        os.chown(making, 1000, self.place(folder).stat().st_gid)
        making.chmod(0o664)
        making.rename(self.place(folder) / name)

    def answered(self, stem: str, content: bytes, place: Path | None = None, seconds: float = PATIENCE) -> Path:
        """
        Wait until a drop lies in ``done/`` as it was dropped, with its result and receipt; it was paid for once.

        Gives the folder of the answer, as seen from outside; ``place`` is the watch folder where that is not marketing.
        """
        done = (place or self.place()) / "done" / stem
        names = {f"{stem}.mp4", f"{stem}.es-ES.mp4", f"{stem}.receipt.toml"}
        until(done.is_dir, f"an answer to {stem!r}", seconds)
        found = files(done)
        assert set(found) == names
        assert found[f"{stem}.mp4"] == content, f"{stem}.mp4 is not what was dropped"
        assert len(self.bills(content)) == 1
        return done

    # What is known of it from outside

    def story(self, *matches: str) -> list[dict[str, Any]]:
        """Give the entries of its own log, all boots, oldest first, that have these fields, each ``NAME=value``."""
        return [entry for entry in self.journal(*matches) if "EVENT" in entry]

    def journal(self, *matches: str) -> list[dict[str, Any]]:
        """Give the entries of the unit in the journal, all boots, oldest first: its own and systemd's about it."""
        return self.host.journal("--unit", UNIT, *matches)

    def claims(self) -> list[Claim]:
        """Read every living claim in its ledger, from outside, while it does not run; the ledger is only copied."""
        with TemporaryDirectory() as copy:
            for path in (self.host.root / STATE).glob("ledger.db*"):
                shutil.copy(path, copy)
            if not (Path(copy) / "ledger.db").exists():
                return []
            with closing(read_only(f"sqlite:///{copy}/ledger.db")) as ledger:
                return list(ledger.living())

    def tail(self) -> str:
        """Give the end of its journal, for messages."""
        said = self.host.run("journalctl", "--no-pager", "--lines=60", "--unit", UNIT, check=False).stdout
        return said + self.host.run("systemctl", "status", "--no-pager", UNIT, check=False).stdout[:1500]

    def bills(self, content: bytes | None = None) -> list[Bill]:
        """Give all bills, or those for one video."""
        return [bill for bill in self.studio.bills if content is None or bill.sha256 == digest(content)]

    def slow(self, seconds: float, on: str, times: int = 1) -> None:
        """Let the studio leave its next requests unread for a while: a large body gets stuck half-way."""
        self.server.script(Scripted(on=on, do="delay", seconds=seconds, times=times))

    def slow_answer(self, seconds: float, on: str) -> None:
        """Let the studio do the next request at once and answer it late."""
        self.server.script(Scripted(on=on, do="delay", when="after_store", seconds=seconds))

    def later(self, seconds: float) -> None:
        """Let the studio live so many seconds in a moment."""
        self._later += timedelta(seconds=seconds)

    def stays_secret(self) -> None:
        """Fail where the key is anywhere but in the file where the operator has put it, or where a former one is."""
        assert secrecy.betrayals(self.host, self.key, {KEY_FILE}) == []
        assert [place for key in self.forgotten for place in secrecy.betrayals(self.host, key, ())] == []
