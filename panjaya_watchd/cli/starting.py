"""``init``: a first configuration, made of the commented sample."""

import json
import os
import re
from pathlib import Path

import typer

from panjaya_watchd.cli.exits import Exit
from panjaya_watchd.errors import WatchdError
from panjaya_watchd.settings import SettingsFaults, load


def init(config: Path, folder: Path, locale: str, languages: list[str]) -> int:
    """
    Write the sample with the caller's folder in it, and check it.

    Raises:
        WatchdError: there is a configuration already, or it cannot be written. Nothing was changed.

    """
    values = {"name": folder.resolve().name, "path": str(folder.absolute()), "locale": locale, "languages": languages}
    text = _sample()
    for key, value in values.items():
        written = f"{key} = {json.dumps(value, ensure_ascii=False)}    ".replace("\\", r"\\")
        text = re.sub(rf"^{key} = [^#\n]*", written, text, count=1, flags=re.MULTILINE)
    if os.path.lexists(config):
        raise WatchdError(f"{config} is there already.", hint="Edit it, then: panjaya-watchd check.")
    _write(config, text)
    typer.echo(f"{config} is written. The API key belongs into a file that key_file names, or into PANJAYA_API_KEY.")
    try:
        settings = load(config, environ=os.environ)
    except SettingsFaults as faults:
        typer.echo(str(faults), err=True)
        return Exit.BAD_CONFIGURATION
    for note in settings.notes():
        typer.echo(f"Note: {note}")
    typer.echo(f"Check it: panjaya-watchd check --config {config}")
    return Exit.FINE


def _write(config: Path, text: str) -> None:
    """Write a new file, whole or not at all."""
    try:
        content = text.encode()
        config.parent.mkdir(parents=True, exist_ok=True)
        with config.open("xb") as file:
            file.write(content)
    except UnicodeEncodeError as error:
        raise WatchdError(
            "The folder's path is not UTF-8, which TOML cannot express.", hint="Rename it, or watch a folder above it."
        ) from error
    except OSError as error:
        raise WatchdError(
            f"{config} cannot be written: {error.strerror}.", hint="Ask as root, or choose another --config."
        ) from error


def _sample() -> str:
    """Read the commented sample: beside this file in an installed package, in ``config/`` in a checkout."""
    here = Path(__file__)
    installed = here.with_name("watchd.toml")
    return (installed if installed.exists() else here.parents[2] / "config" / "watchd.toml").read_text(encoding="utf-8")
