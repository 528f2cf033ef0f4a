"""``why NAME``: what happened to a video, as a time line, and what to do."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import typer

from panjaya_watchd.cli import status
from panjaya_watchd.cli.exits import Exit
from panjaya_watchd.core.names import display, fold
from panjaya_watchd.ledger.sql import read_only
from panjaya_watchd.run.report import claim_facts
from panjaya_watchd.settings import load_state


def why(config: Path, name: str, *, as_json: bool) -> int:
    """Print everything that is known of a name, newest first; give the exit code."""
    state = load_state(config)
    claims: list[dict[str, Any]] = []
    if state.ledger.exists():
        ledger = read_only(state.url)
        claims = [claim_facts(claim, {}, 0.0) for claim in ledger.find(name)]
        ledger.close()
    waiting = [
        {"folder": folder["name"], **drop}
        for folder in status.look(state, partial(status.watched, config))["folders"]
        for drop in folder["waiting"]
        if fold(display(name)) in {fold(drop["name"]), fold(Path(drop["name"]).stem)}
    ]
    if as_json:
        typer.echo(json.dumps({"claims": claims, "waiting": waiting}, indent=2))
    else:
        for drop in waiting:
            typer.echo(f"{drop['name']} in {drop['folder']}: {drop['why']}")
        for claim in claims:
            typer.echo("\n".join(_story(claim)))
        if not claims and not waiting:
            typer.echo(f"Nothing is known of {display(name)}. Is it in a watch folder?", err=True)
    return _verdict(claims, waiting)


def _verdict(claims: list[dict[str, Any]], waiting: list[dict[str, Any]]) -> int:
    if waiting:
        return Exit.STILL_RUNNING
    if not claims:
        return Exit.FAILED
    newest = claims[0]
    if newest["state"] != "closed":
        return Exit.STILL_RUNNING
    return Exit.FINE if newest["outcome"] == "done" else Exit.FAILED


def _story(claim: Mapping[str, Any]) -> Iterator[str]:
    yield f"{claim['file']} in {claim['folder']} (claim {claim['claim']}): {claim['says']}"
    for what in ("taken", "sent", "accepted", "closed"):
        if claim[f"{what}_at"]:
            yield f"  {claim[f'{what}_at'][:19].replace('T', ' ')}  {what}"
    yield from _cost(claim)
    for dubbing in claim["dubbings"]:
        said = dubbing["file"] or dubbing["error"] or dubbing["status"] or "not begun"
        yield f"  {dubbing['locale']}: {dubbing['state']}, {said}"
    for detail, value in claim["details"]:
        yield f"  {detail}: {value}"
    for label, said in (
        ("What to do", claim["todo"]),
        ("Its files", claim["filed_as"]),
        ("Last trouble", None if claim["awaits"] else claim["trouble"]),
    ):
        if said:
            yield f"  {label}: {said}"
    if claim["held"]:
        yield from _choice(claim)


def _cost(claim: Mapping[str, Any]) -> Iterator[str]:
    if claim["estimated_minutes"] is not None:
        yield f"  estimated: {claim['estimated_minutes']:.2f} minutes"
    if claim["reserved_minutes"] is not None:
        word = "charged to the budget" if claim["settled"] else "reserved in the budget"
        yield f"  {word}: {claim['reserved_minutes']:.2f} minutes"
    if claim["adds_to"]:
        yield f"  for the video of claim {claim['adds_to']}"
    if claim["media_url"]:
        yield f"  video on the web: {claim['media_url']}"
    if claim["awaits"]:
        yield f"  waits for the same video: claim {claim['awaits']}"


def _choice(claim: Mapping[str, Any]) -> Iterator[str]:
    """Say what a person can answer; each line can be copied."""
    name = claim["claim"]
    yield f"  Held: {claim['held']}"
    if claim["witnessed"]:
        yield f"  A callback has named asset {claim['witnessed']} as its own."
    if claim["held_for"] in {"budget", "first_start"}:
        again = " (may pay twice)" if claim["maybe_billed"] else ""
        yield f"    let it go{again}: panjaya-watchd release {name}"
        yield f"    end it: panjaya-watchd release {name} --give-up"
        return
    for asset in claim["candidates"]:
        yield f"    perhaps: panjaya-watchd adopt {name} {asset}"
    if claim["maybe_billed"] and not claim["asset_id"]:
        if not claim["candidates"]:
            yield f"    if the Studio has it: panjaya-watchd adopt {name} ASSET"
        yield f"    send it again (may pay twice): panjaya-watchd retry {name}"
    else:
        yield f"    go on with it: panjaya-watchd retry {name}"
    yield f"    give it up: panjaya-watchd release {name}"
