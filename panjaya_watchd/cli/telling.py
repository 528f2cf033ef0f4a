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


def release(config: Path, claim: str | None, *, everything: bool, folder: str | None, give_up: bool) -> int:
    """Release one claim, or all that wait for permission only; give the exit code. Raises `NotRunning`."""
    if (claim is None) is not everything or (everything and give_up) or (folder is not None and not everything):
        typer.echo("Name one claim, or say --all (perhaps with --folder); --give-up goes with one claim.", err=True)
        return Exit.USAGE
    if claim is not None:
        return tell(config, claim, "give-up" if give_up else "release")
    settings = load(config, environ=os.environ)
    if folder is not None and folder not in {each.name for each in settings.folders}:
        typer.echo(f"There is no watch folder {folder}. Nothing was changed.", err=True)
        return Exit.FAILED
    said = ask(settings.state.control, {"ask": "release-all", "folder": folder})
    typer.echo(said.get("refused") or f"Let go: {said.get('released', 0)}.")
    return Exit.FAILED if "refused" in said else Exit.FINE
