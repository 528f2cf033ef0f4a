"""An installation for the commands: a configuration, a stand-in studio and, where it is wanted, a running daemon."""

import io
import json
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from samples import claim
from structlog.testing import CapturingLogger

from panjaya_watchd.build import build
from panjaya_watchd.cli import main
from panjaya_watchd.core.claim import Claim, State
from panjaya_watchd.core.drop import group
from panjaya_watchd.core.names import ClaimId, FolderName
from panjaya_watchd.ledger.sql import SqlLedger
from panjaya_watchd.places.disk import DiskPlace
from panjaya_watchd.rehearsal.server import KEY, StudioServer
from panjaya_watchd.rehearsal.studio import Studio
from panjaya_watchd.rehearsal.switches import Switches
from panjaya_watchd.settings import Settings, load

LONG = 30.0
FOLDER = FolderName("marketing")
HELD = ClaimId("c0ffee")
ROOT = Path(__file__).parents[2]

CONFIG = """\
[api]
base_url = {base_url}
poll_first = "1s"
poll_max = "1s"

[state]
url = {ledger}

[http]
listen = ""

[[folder]]
name = "marketing"
path = {folder}
locale = "en-US"
languages = ["es-ES", "fr-FR"]
quiet = "1s"
on_first_start = "take"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command has printed, and its exit status."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Read what it printed as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One machine: a directory with everything in it."""

    home: Path
    studio: StudioServer

    @property
    def config(self) -> Path:
        """Give the configuration."""
        return self.home / "watchd.toml"

    @property
    def folder(self) -> Path:
        """Give the watch folder."""
        return self.home / "drop here"

    @property
    def ledger(self) -> Path:
        """Give the ledger's file."""
        return self.home / "state" / "ledger.db"

    @property
    def settings(self) -> Settings:
        """Read the configuration."""
        return load(self.config, environ={})

    def write(self, text: str | None = None) -> None:
        """Write the configuration: this one, or one without faults."""
        values = {"base_url": self.studio.base_url, "ledger": f"sqlite:///{self.ledger}", "folder": str(self.folder)}
        plain = CONFIG.format(**{key: json.dumps(value) for key, value in values.items()})
        self.config.write_text(plain if text is None else text)

    def put(self, *claims: Claim) -> None:
        """Put claims into the ledger, as a daemon that has ended left them."""
        ledger = SqlLedger(self.settings.state.url, owner="test")
        for each in claims:
            ledger.put(each)
        ledger.close()

    def hold(self, name: str = "talk.mp4", **changes: Any) -> Claim:
        """Leave a held claim in the ledger, with its video taken in."""
        (self.folder / name).write_bytes(b"video " * 50)
        place = DiskPlace(self.folder, done=Path("done"), failed=Path("failed"), recursive=False)
        (drop,) = group(place.scan().files)
        held = claim(State.HELD, id=HELD, folder=FOLDER, drop=drop, **changes)
        place.take_in(held.id, drop)
        self.put(held)
        return held

    @contextmanager
    def daemon(self, key: str = KEY) -> Iterator[CapturingLogger]:
        """Run the real daemon in a thread of this process; gives its log."""
        log = CapturingLogger()
        settings = load(self.config, environ={}, absent=True)
        daemon = build(settings, key, log, {"PANJAYA_API_KEY": KEY}, config=self.config)
        running = threading.Thread(target=daemon.run)
        running.start()
        try:
            yield log
        finally:
            daemon.stop()
            running.join(LONG)
            assert not running.is_alive()

    def call(self, *words: str, environ: Mapping[str, str] = os.environ) -> Said:
        """Run a command of this installation through the program's own entry."""
        return call(*words, "--config", str(self.config), environ=environ)

    def command(self, *words: str) -> list[str]:
        """Give the command line of a command of this installation."""
        return [sys.executable, "-m", "panjaya_watchd", *words, "--config", str(self.config)]


def call(*words: str, environ: Mapping[str, str] = os.environ) -> Said:
    """Run a command through the program's own entry, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["panjaya-watchd", *words])
        patch.setattr(os, "environ", dict(environ))
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
            main()
    code = left.value.code
    assert isinstance(code, int), code
    return Said(code=int(code), out=out.getvalue(), err=err.getvalue())


def surroundings(**more: str) -> dict[str, str]:
    """Give the environment of a program of its own: the package can be imported, and there is a key."""
    # Some containers set NOTIFY_SOCKET for everything in them; it is not meant for these programs.
    around = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
    return {**around, "PYTHONPATH": str(ROOT), "PANJAYA_API_KEY": KEY, **more}


@contextmanager
def site(home: Path) -> Iterator[Site]:
    """Set up an installation with a studio that dubs anything at once."""
    switches = Switches(inspect=False, asset_after=0.0, ready_after=0.0, editing_for=0.0, generate_after=0.0)
    with StudioServer(Studio(switches, clock=lambda: datetime.now(UTC))) as studio:
        made = Site(home=home, studio=studio)
        made.folder.mkdir()
        made.ledger.parent.mkdir()
        made.write()
        yield made
