"""What a person tells the running daemon of a claim. The daemon does it; nothing is written here."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import typer

from panjaya_watchd.cli import status
from panjaya_watchd.cli.exits import Exit
from panjaya_watchd.run.tell import ask
from panjaya_watchd.settings import load_state


def tell(config: Path, claim: str, word: str, asset: str | None = None) -> int:
    """Tell the running daemon; give the exit code. Raises `NotRunning`."""
    said = ask(load_state(config).control, {"ask": "tell", "claim": claim, "word": word, "asset": asset})
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
    state = load_state(config)
    if folder is not None:
        watched = status.look(state, partial(status.watched, config))["folders"]
        if folder not in {each["name"] for each in watched}:
            typer.echo(f"There is no watch folder {folder}. Nothing was changed.", err=True)
            return Exit.FAILED
    said = ask(state.control, {"ask": "release-all", "folder": folder})
    typer.echo(said.get("refused") or f"Let go: {said.get('released', 0)}.")
    return Exit.FAILED if "refused" in said else Exit.FINE


def add_languages(config: Path, claim: str, locales: list[str]) -> int:
    """Order more languages for a claim; give the exit code. Raises `NotRunning`."""
    said = _ordered(config, {"ask": "add-language", "claim": claim, "locales": locales})
    if said is None:
        return Exit.FAILED
    typer.echo(f"Claim {said['claim']} adds {', '.join(said['locales'])} to claim {claim}.")
    return Exit.FINE


def revise(config: Path, claim: str, locale: str, *, sure: bool) -> int:
    """Have a result made editable again, once our copy is verified; give the exit code. Raises `NotRunning`."""
    warning = (
        "Panjaya throws its own copy of this result away for good; yours stays where it is, and is verified first."
    )
    if not sure and not typer.confirm(f"{warning} Go on?"):
        typer.echo("Nothing was changed.")
        return Exit.FAILED
    said = _ordered(config, {"ask": "revise", "claim": claim, "locale": locale})
    if said is None:
        return Exit.FAILED
    typer.echo(f"It can be edited in the Studio. Claim {said['claim']} waits for what is generated there.")
    return Exit.FINE


def _ordered(config: Path, question: Mapping[str, Any]) -> dict[str, Any] | None:
    """Ask for a new claim; None where that was refused, which is said."""
    said = ask(load_state(config).control, question)
    if "refused" in said:
        typer.echo(said["refused"], err=True)
        return None
    return said
