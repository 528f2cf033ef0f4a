"""``check``: tells whether the configuration is right."""

import json
import os
from pathlib import Path

import typer

from panjaya_watchd.cli.exits import Exit
from panjaya_watchd.settings import SettingsFaults, load, read_key


def check(config: Path, *, as_json: bool) -> int:
    """Print every fault, or that there is none, and what this release does not act upon; give the exit code."""
    try:
        settings = load(config, environ=os.environ)
        warnings = settings.warnings()
        read_key(settings, os.environ)
        if settings.http.public_url:
            from panjaya_watchd.web.signature import read_public_key  # noqa: PLC0415  (heavy, and seldom wanted)

            read_public_key(settings.http.callback_key_file)
    except SettingsFaults as found:
        return tell(found, as_json=as_json)
    if as_json:
        typer.echo(json.dumps({"faults": [], "warnings": list(warnings)}, indent=2))
        return Exit.FINE
    for warning in warnings:
        typer.echo(f"Warning: {warning}")
    for note in settings.notes():
        typer.echo(f"Note: {note}")
    typer.echo(f"{config} is fine: {len(settings.folders)} watch folders.")
    return Exit.FINE


def tell(found: SettingsFaults, *, as_json: bool) -> int:
    """Print every fault; give the exit code."""
    faults = [
        {
            "file": fault.file,
            "line": fault.line,
            "key": fault.key,
            "found": fault.found,
            "expected": fault.expected,
            "nearest": fault.nearest,
        }
        for fault in found.faults
    ]
    typer.echo(json.dumps({"faults": faults, "warnings": []}, indent=2) if as_json else str(found), err=not as_json)
    return Exit.BAD_CONFIGURATION
