"""``rehearse``: the whole thing without an account. A stand-in studio, a folder, the real daemon, real HTTP."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import typer
from rich.console import Console
from rich.live import Live

from panjaya_watchd.cli.exits import Exit
from panjaya_watchd.cli.status import look
from panjaya_watchd.cli.tables import overview
from panjaya_watchd.errors import WatchdError
from panjaya_watchd.rehearsal.server import KEY, StudioServer
from panjaya_watchd.rehearsal.studio import Studio
from panjaya_watchd.settings import Settings, load

SAMPLE = Path(__file__).parents[1] / "rehearsal"
DEEPEST = 80
"""Bytes; a Unix socket's path, which lies in the rehearsal's folder, has at most 107."""

PATIENCE = 300.0
"""Seconds until a rehearsal counts as failed; the sample takes about ten."""

CONFIG = """\
[api]
base_url = {base_url}
poll_first = "1s"
poll_max = "2s"

[state]
url = {ledger}

[http]
listen = ""

[[folder]]
name = "rehearsal"
path = {folder}
locale = "en-US"
languages = ["es-ES", "fr-FR"]
quiet = "2s"
on_first_start = "take"
"""


def rehearse(video: Path | None, *, keep: bool) -> int:
    """
    Drop a video and wait for its answer; print where everything is and what it would have cost.

    Raises:
        WatchdError: the video is not there, or the daemon did not start.

    """
    if video is not None and not video.is_file():
        raise WatchdError(f"{video}: expected a video file, found none.", hint="Name a file that is there.")
    home = Path(mkdtemp(prefix="panjaya-rehearsal-"))
    if len(os.fsencode(home)) > DEEPEST:
        home = Path(mkdtemp(prefix="panjaya-rehearsal-", dir="/tmp"))
    folder = home / "drop here"
    folder.mkdir()
    (home / "state").mkdir()
    with StudioServer(Studio(clock=lambda: datetime.now(UTC))) as studio:
        settings = _configure(home, folder, studio.base_url)
        with _daemon(home, settings) as daemon:
            typer.echo(f"Studio  {studio.base_url} (a stand-in: nothing leaves this machine, nothing is paid)")
            typer.echo(f"Folder  {folder}")
            _drop(video, folder)
            answer = _wait(settings, folder, daemon)
            _tell(answer, studio, home)
            if keep:
                _stay(settings, folder)
    return Exit.FINE if answer is not None and answer.parent.name == "done" else Exit.FAILED


def _configure(home: Path, folder: Path, base_url: str) -> Settings:
    config = home / "watchd.toml"
    values = {"base_url": base_url, "ledger": f"sqlite:///{home}/state/ledger.db", "folder": str(folder)}
    config.write_text(CONFIG.format(**{key: json.dumps(value) for key, value in values.items()}), encoding="utf-8")
    return load(config, environ={})


@contextmanager
def _daemon(home: Path, settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """Run the real daemon as its own process, as the service manager would, from its first word to its end."""
    command = [sys.executable, "-m", "panjaya_watchd", "run", "--config", str(home / "watchd.toml")]
    environ = {**os.environ, "PANJAYA_API_KEY": KEY}
    environ.pop("NOTIFY_SOCKET", None)
    with (home / "daemon.log").open("wb") as log, subprocess.Popen(command, stderr=log, env=environ) as process:  # noqa: S603
        try:
            while not settings.state.control.exists():
                if process.poll() is not None:
                    words = (home / "daemon.log").read_text(errors="replace").strip()
                    raise WatchdError(f"The daemon did not start: {words}", hint=f"Its files are in {home}.")
                time.sleep(0.05)
            yield process
        finally:
            process.terminate()
            process.wait()


def _drop(video: Path | None, folder: Path) -> None:
    """Copy the sidecars, then the video, as somebody with a file manager would."""
    dropped = [SAMPLE / name for name in ("talk.toml", "talk.es-ES.srt", "talk.mp4")] if video is None else [video]
    for file in dropped:
        shutil.copyfile(file, folder / file.name)
        typer.echo(f"Dropped {file.name}")


def _seen(settings: Settings) -> dict[str, Any]:
    return look(settings.state, lambda: settings.folders)


def _wait(settings: Settings, folder: Path, daemon: subprocess.Popen[bytes]) -> Path | None:
    """Show what happens until the drop is answered; give the folder of the answer, or None."""
    deadline = time.monotonic() + PATIENCE
    console = Console()
    with Live(overview(_seen(settings)), console=console, auto_refresh=False, transient=True) as live:
        while time.monotonic() < deadline and daemon.poll() is None:
            said = _seen(settings)
            if console.is_terminal:
                live.update(overview(said), refresh=True)
            answers = [answer for place in ("done", "failed") for answer in (folder / place).glob("*")]
            if answers and not said["claims"]:
                return answers[0]
            time.sleep(0.2)
    return None


def _tell(answer: Path | None, studio: StudioServer, home: Path) -> None:
    if answer is None:
        typer.echo(f"There was no answer. The daemon's log says why: {home}/daemon.log", err=True)
        return
    typer.echo(f"\nIt is in {answer.parent.name}/:")
    for file in sorted(answer.iterdir()):
        typer.echo(f"  {file}")
    bills = studio.studio.bills
    minutes = sum(bill.minutes for bill in bills)
    typer.echo(f"\nReal dubbing would have been billed {len(bills)} time(s): {minutes:.2f} minutes.")
    typer.echo(f"The daemon's log, ledger and configuration are in {home}; delete it when you like.")


def _stay(settings: Settings, folder: Path) -> None:
    """Leave everything running until Ctrl-C."""
    typer.echo(f"\nStill running. Drop more files into {folder} ; Ctrl-C ends it.")
    try:
        with Live(overview(_seen(settings)), auto_refresh=False) as live:
            while True:
                time.sleep(0.5)
                live.update(overview(_seen(settings)), refresh=True)
    except KeyboardInterrupt:
        return
