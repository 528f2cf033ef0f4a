"""``reload``: the running daemon takes the configuration as it is now."""

import json
import sys
from pathlib import Path

import typer

from panjaya_watchd.cli.exits import Exit
from panjaya_watchd.run.tell import NotRunning, ask
from panjaya_watchd.settings import load_state, parse_key, read_key_file


def reload(config: Path, key: Path | None, *, as_json: bool) -> int:
    """
    Ask for it, wait for it, and give the exit code: 78 where the configuration has faults, and the old one stays.

    Args:
        config: tells where the daemon listens.
        key: a file with the API key, which may be one that only root can read; ``-`` is standard input. systemd
            refreshes no credential on a reload, so whoever asks for one reads the key, and hands it over.
        as_json: print what the daemon answers.

    Raises:
        SettingsFaults: ``[state]`` or the key has faults; the daemon was not asked.
        NotRunning: nobody listens.

    """
    question: dict[str, str] = {"ask": "reload"}
    if key is not None:
        question["key"] = parse_key(sys.stdin.buffer.read(), key) if str(key) == "-" else read_key_file(key)
    control = load_state(config).control
    try:
        said = ask(control, question)
    except NotRunning as error:
        hint = (
            f"{error.hint} If [state] was changed, it listens where that said before: systemctl restart panjaya-watchd."
        )
        raise NotRunning(error.message, hint=hint) from error
    refused = said.get("refused")
    if as_json:
        typer.echo(json.dumps(said, indent=2))
    elif refused:
        typer.echo(f"{refused}\n{said.get('hint', '')}".rstrip(), err=True)
    else:
        typer.echo(f"Taken: {len(said['folders'])} watch folder{'' if len(said['folders']) == 1 else 's'}.")
        for note in said["notes"]:
            typer.echo(f"Note: {note}")
    return Exit.BAD_CONFIGURATION if refused else Exit.FINE
