"""``ledger backup`` and ``ledger verify``: copies of the ledger, and whether one can be relied upon."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import typer

from panjaya_watchd.cli.exits import Exit
from panjaya_watchd.core.claim import State
from panjaya_watchd.core.names import display
from panjaya_watchd.ledger.auditing import Audit, Finding, audit
from panjaya_watchd.ledger.backup import back_up
from panjaya_watchd.places.naming import PROCESSING, base, lying
from panjaya_watchd.settings import SettingsFaults, load, load_state

MOST: Final = 50
"""Findings that are told in words; a ledger that is damaged everywhere has one for each claim."""


def backup(config: Path, target: Path) -> int:
    """
    Copy the ledger into a new file, and check the copy; give the exit code.

    Raises:
        WatchdError: there is something of that name, or it cannot be written.
        LedgerError: the ledger is damaged, or there is none.

    """
    made = back_up(load_state(config).url, target.absolute())
    typer.echo(
        f"{display(str(target))}: {made.claims} claims, {made.living} of them under way, "
        f"{made.size} bytes, format {made.format}; checked."
    )
    return Exit.FINE


def verify(config: Path, file: Path | None, *, as_json: bool) -> int:
    """Check a ledger or a backup, and tell all that is wrong with it; give the exit code: 1 where anything is."""
    found = audit(load_state(config).ledger if file is None else file.absolute())
    if file is None and not found.running:
        found.findings += _missing(found, _folders(config))
    if as_json:
        typer.echo(json.dumps(_facts(found), indent=2))
    else:
        _tell(found)
    return Exit.FAILED if found.findings else Exit.FINE


def _folders(config: Path) -> dict[str, Path]:
    """Give the watch folders by their names; none where the configuration has faults, which is said."""
    try:
        return {folder.name: folder.path for folder in load(config, environ=os.environ, roots=False).folders}
    except SettingsFaults as error:
        typer.echo(f"The watch folders were not looked at, as the configuration has faults. {error.hint}", err=True)
        return {}


def _missing(found: Audit, folders: Mapping[str, Path]) -> Iterator[Finding]:
    """Give the parts that ought to lie in ``processing/``. Asked of a daemon at rest only: else they may just move."""
    for claim in found.living:
        root = folders.get(claim.folder)
        if root is None or not (root / PROCESSING).is_dir() or not claim.inside or claim.state is State.FILING:
            continue
        for part in claim.drop.parts:
            path = root / lying(claim.id) / base(part.name)
            if not path.is_file():
                yield Finding(
                    what=f"Claim {claim.id} has taken in {display(str(path))}, which is not there.",
                    todo="Put it back if you have moved it; else its claim says so when the daemon needs it.",
                )


def _tell(found: Audit) -> None:
    known = found.format is not None
    written = f", last written by panjaya-watchd {found.release}" if found.release else ""
    if known:
        typer.echo(
            f"{display(str(found.path))}: {found.claims} claims, {len(found.living)} of them under way, "
            f"{found.folders} watch folders, format {found.format}{written}"
        )
    if found.backup_of is not None:
        typer.echo(f"It is a backup of {found.backup_of:%Y-%m-%d %H:%M} UTC.")
    for finding in found.findings[:MOST]:
        typer.echo(f"{finding.what}\n  What to do: {finding.todo}")
    if len(found.findings) > MOST:
        typer.echo(f"... and {len(found.findings) - MOST} more.")
    typer.echo("Nothing is wrong with it." if not found.findings else f"Wrong: {len(found.findings)}.")


def _facts(found: Audit) -> dict[str, object]:
    return {
        "ledger": display(str(found.path)),
        "daemon_running": found.running,
        "format": found.format,
        "documents": found.documents,
        "release": found.release,
        "backup_of": found.backup_of.isoformat() if found.backup_of else None,
        "claims": found.claims,
        "under_way": len(found.living),
        "watch_folders": found.folders,
        "findings": [{"what": finding.what, "todo": finding.todo} for finding in found.findings],
    }
