"""``doctor``: what each watch folder stands on, and which signs that a file is whole count there."""

import json
import os
from pathlib import Path
from typing import Any

import typer

from panjaya_watchd.cli.exits import Exit
from panjaya_watchd.core.names import display
from panjaya_watchd.core.profiles import Ground, traits_of
from panjaya_watchd.errors import PlaceError, WatchdError
from panjaya_watchd.places.disk import DiskTree
from panjaya_watchd.settings import Folder, load


def examine(config: Path, name: str | None, *, as_json: bool) -> int:
    """
    Look at one watch folder or at all, and print what was found; give the exit code: 1 where one cannot be used.

    Raises:
        WatchdError: no watch folder has that name.

    """
    settings = load(config, environ=os.environ)
    chosen = [folder for folder in settings.folders if name in {None, folder.name}]
    if not chosen:
        names = ", ".join(folder.name for folder in settings.folders)
        raise WatchdError(f'No watch folder is called "{name}".', hint=f"There are: {names}.")
    found = [_look(folder) for folder in chosen]
    if as_json:
        typer.echo(json.dumps({"folders": found}, indent=2))
    else:
        for facts in found:
            _tell(facts)
    return Exit.FAILED if any(facts["trouble"] for facts in found) else Exit.FINE


def _look(folder: Folder) -> dict[str, Any]:
    try:
        stands = DiskTree(folder.path, folder.fixed_profile).stand(None)
    except PlaceError as error:
        return {"name": folder.name, "path": str(folder.path), "trouble": str(error), "grounds": []}
    grounds = [_facts(folder, ground) for ground in stands.grounds]
    return {"name": folder.name, "path": str(folder.path), "trouble": None, "grounds": grounds}


def _facts(folder: Folder, ground: Ground) -> dict[str, Any]:
    """Give what follows from a ground for this folder; times in seconds."""
    traits = traits_of(ground)
    return {
        "folder": display(ground.folder),
        "file_system": ground.kind,
        "options": ground.options,
        "exported": ground.exported,
        "profile": ground.profile.value,
        "chosen": "by the configuration" if folder.fixed_profile else "by its file system",
        "quiet": traits.quiet if folder.quiet is None else folder.quiet.total_seconds(),
        "longest_quiet": traits.longest,
        "scan_every": traits.pace,
        "lease": traits.lease,
        "hints": traits.hints,
        "content_check": folder.content_check.value,
    }


def _tell(facts: dict[str, Any]) -> None:
    typer.echo(f"{facts['name']}: {display(facts['path'])}")
    if facts["trouble"]:
        typer.echo(f"  Trouble: {facts['trouble']}")
    for ground in facts["grounds"]:
        where = f"{ground['folder']}: " if ground["folder"] else ""
        shared = f", given to others as {ground['exported']}" if ground["exported"] else ""
        typer.echo(f"  {where}{ground['file_system']}{shared}: profile {ground['profile']} ({ground['chosen']})")
        typer.echo(f"    mounted {ground['options'] or 'without options'}")
        typer.echo(
            f"    a drop is taken after {ground['quiet']:g} s of quiet, up to {ground['longest_quiet']:g} s for one "
            f"that pauses; looked at every {ground['scan_every']:g} s"
        )
        lease = "counts" if ground["lease"] else "means nothing here"
        hints = "are heard" if ground["hints"] else "do not come here"
        typer.echo(
            f"    who has a file open for writing {lease}; the kernel's notices {hints}; "
            f"content is checked: {ground['content_check']}"
        )
