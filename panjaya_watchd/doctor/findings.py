"""
Findings: what was looked at, how it stands, what to do.

Their fields are those of ``doctor --json``, which other people's programs read: see docs/doctor.md.
"""

from dataclasses import dataclass
from enum import StrEnum

from panjaya_watchd.errors import WatchdError


class Level(StrEnum):
    """``trouble``: something does not work, or will not. ``warning``: it works, and a person should know."""

    OK = "ok"
    WARNING = "warning"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found; ``folder`` is the name of a watch folder, ``todo`` None where nothing is to be done."""

    check: str
    folder: str | None = None
    level: Level
    found: str
    todo: str | None = None


def ok(check: str, found: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(check=check, level=Level.OK, found=found)


def warning(check: str, found: str, todo: str) -> Finding:
    """Say what works less well than it could."""
    return Finding(check=check, level=Level.WARNING, found=found, todo=todo)


def trouble(check: str, found: str, todo: str) -> Finding:
    """Say what does not work."""
    return Finding(check=check, level=Level.TROUBLE, found=found, todo=todo)


def of_error(check: str, error: WatchdError) -> Finding:
    """Make a trouble of an error: its sentence and its hint."""
    return trouble(check, error.message, error.hint)
