"""``retry``, ``adopt``, ``release``: a person answers a held claim. The daemon does it; nothing is written here."""

import os
from pathlib import Path

import typer

from panjaya_watchd.cli.exits import Exit
from panjaya_watchd.run.tell import ask
from panjaya_watchd.settings import load


def tell(config: Path, claim: str, word: str, asset: str | None = None) -> int:
    """Tell the running daemon; give the exit code. Raises `NotRunning`."""
    settings = load(config, environ=os.environ)
    said = ask(settings.state.control, {"ask": "tell", "claim": claim, "word": word, "asset": asset})
    refused = said.get("refused")
    typer.echo(refused or f"Claim {claim}: {word}.", err=bool(refused))
    return Exit.FAILED if refused else Exit.FINE
