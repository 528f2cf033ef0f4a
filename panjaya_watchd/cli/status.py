"""``status``: what waits, what is under way, what needs a person."""

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.live import Live

from panjaya_watchd.cli.exits import Exit
from panjaya_watchd.cli.tables import overview
from panjaya_watchd.core.claim import Claim
from panjaya_watchd.ledger.sql import read_only
from panjaya_watchd.run.report import claim_facts
from panjaya_watchd.run.tell import NotRunning, ask
from panjaya_watchd.settings import Folder, State, load, load_state

PAUSE = 0.5
"""Seconds between two looks of ``--watch``."""


def show(config: Path, *, as_json: bool) -> int:
    """Print the status once; give the exit code: 75 when the daemon is not running."""
    said = look(load_state(config), partial(watched, config))
    if as_json:
        typer.echo(json.dumps(said, indent=2))
    else:
        Console().print(overview(said))
    return Exit.FINE if said["running"] else Exit.TRY_AGAIN_LATER


def watch(config: Path) -> int:
    """Keep showing the status until Ctrl-C."""
    state = load_state(config)
    try:
        with Live(overview(look(state, partial(watched, config))), auto_refresh=False) as live:
            while True:
                time.sleep(PAUSE)
                live.update(overview(look(state, partial(watched, config))), refresh=True)
    except KeyboardInterrupt:
        return Exit.FINE


def watched(config: Path) -> tuple[Folder, ...]:
    """Read the watch folders; raises SettingsFaults for a configuration with faults."""
    return load(config, environ=os.environ, roots=False).folders


def look(state: State, folders: Callable[[], Iterable[Folder]]) -> dict[str, Any]:
    """Ask the daemon; where it is not running, read what the ledger says is under way, and which folders there are."""
    try:
        return ask(state.control, {"ask": "status"})
    except NotRunning:
        living: tuple[Claim, ...] = ()
        if state.ledger.exists():
            ledger = read_only(state.url)
            living = ledger.living()
            ledger.close()
        claims = [claim_facts(claim, {}, 0.0) for claim in living]
        counts = dict(Counter(claim.state.value for claim in living))
        trouble, nothing = "the daemon is not running", {"drops": 0, "estimated_minutes": 0.0}
        seen: dict[str, Any] = {"scanned_seconds_ago": None, "trouble": trouble, "grounds": [], "waiting": []}
        idle = [{"name": folder.name, **seen, "held_first": nothing} for folder in folders()]
        told = {"running": False, "folders": idle, "claims": claims, "counts": counts}
        return {**told, "budgets": [], "rates": []}
