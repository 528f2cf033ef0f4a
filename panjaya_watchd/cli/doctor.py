"""``doctor``: whether this machine is fit for the service, and what to do where it is not."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import typer

from panjaya_watchd.cli import checking
from panjaya_watchd.cli.exits import Exit
from panjaya_watchd.core.names import display
from panjaya_watchd.core.profiles import Ground, traits_of
from panjaya_watchd.doctor.findings import Finding, Level
from panjaya_watchd.doctor.visit import Visit, visit
from panjaya_watchd.errors import WatchdError
from panjaya_watchd.settings import Folder, SettingsFaults

_SIGNS: Final = {Level.OK: "ok     ", Level.WARNING: "WARNING", Level.TROUBLE: "TROUBLE"}


def examine(config: Path, name: str | None, *, as_json: bool) -> int:
    """
    Look at everything, or at one watch folder, and print what was found; give the exit code: 1 for any trouble.

    Raises:
        WatchdError: no watch folder has that name, or the daemon's own files do not answer.

    """
    try:
        visited = visit(config, os.environ, name)
    except SettingsFaults as found:
        return checking.tell(found, as_json=as_json)
    except LookupError as error:
        names = ", ".join(error.args)
        raise WatchdError(f'No watch folder is called "{name}".', hint=f"There are: {names}.") from error
    if as_json:
        typer.echo(json.dumps(_facts(visited), indent=2))
    else:
        for line in _lines(visited):
            typer.echo(line)
    return Exit.FAILED if any(finding.level is Level.TROUBLE for finding in visited.findings) else Exit.FINE


def _facts(visited: Visit) -> dict[str, Any]:
    """Give everything as docs/doctor.md promises it."""
    return {
        "findings": [asdict(finding) for finding in visited.findings],
        "folders": [
            {
                "name": seen.folder.name,
                "path": str(seen.folder.path),
                "trouble": next((each.found for each in seen.findings if each.level is Level.TROUBLE), None),
                "grounds": [_of_ground(seen.folder, ground) for ground in seen.grounds],
            }
            for seen in visited.folders
        ],
    }


def _of_ground(folder: Folder, ground: Ground) -> dict[str, Any]:
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


def _lines(visited: Visit) -> Iterator[str]:
    yield from _told(finding for finding in visited.findings if finding.folder is None)
    for seen in visited.folders:
        yield ""
        yield f"{seen.folder.name}: {display(str(seen.folder.path))}"
        for ground in seen.grounds:
            yield from _storage(_of_ground(seen.folder, ground))
        yield from _told(finding for finding in visited.findings if finding.folder == seen.folder.name)
    counts = {level: sum(finding.level is level for finding in visited.findings) for level in Level}
    yield ""
    yield f"Fine: {counts[Level.OK]}, warnings: {counts[Level.WARNING]}, troubles: {counts[Level.TROUBLE]}."


def _told(findings: Iterator[Finding]) -> Iterator[str]:
    for finding in findings:
        yield f"{_SIGNS[finding.level]} {finding.check}: {finding.found}"
        if finding.todo is not None:
            yield f"        -> {finding.todo}"


def _storage(ground: Mapping[str, Any]) -> Iterator[str]:
    """Tell what a ground is and how that decides when a drop is whole."""
    where = f"{ground['folder']}: " if ground["folder"] else ""
    shared = f", given to others as {ground['exported']}" if ground["exported"] else ""
    yield f"        {where}{ground['file_system']}{shared}: profile {ground['profile']} ({ground['chosen']})"
    yield f"        mounted {ground['options'] or 'without options'}"
    yield (
        f"        a drop is taken after {ground['quiet']:g} s of quiet, up to {ground['longest_quiet']:g} s for one "
        f"that pauses; looked at every {ground['scan_every']:g} s"
    )
    lease = "counts" if ground["lease"] else "means nothing here"
    hints = "are heard" if ground["hints"] else "do not come here"
    yield (
        f"        who has a file open for writing {lease}; the kernel's notices {hints}; "
        f"content is checked: {ground['content_check']}"
    )
