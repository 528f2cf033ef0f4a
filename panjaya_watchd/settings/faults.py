"""
Faults in the settings, as values: where each stands, what was found, what was expected.

A fault never shows what may be a secret: see `shown`.
"""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from panjaya_watchd.core.names import display
from panjaya_watchd.errors import SettingsError

KeyPath = tuple[str | int, ...]
"""A place in a TOML document: ``("folder", 1, "languages", 0)`` is the first language of the second ``[[folder]]``."""

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_SECRET: Final = re.compile(r"(?<=://)[^/\s]*@|(?<=panjaya-)\S{8,}")
_LONGEST: Final = 80
_LARGEST: Final = 10**18


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFault:
    """
    One thing that is wrong.

    ``file`` is relative to the directory of the main file; ``line`` counts from 1, None where no line is to blame;
    ``key`` is a path such as ``folder[1].languages[0]``, counted from 0 in that file, and may be empty. ``found`` and
    ``expected`` are parts of a sentence. ``nearest`` is the key or value that was most likely meant.
    """

    file: str
    line: int | None
    key: str
    found: str
    expected: str
    nearest: str | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        key = f" {self.key}:" if self.key else ""
        advice = f" Did you mean {self.nearest}?" if self.nearest else ""
        return f"{place}:{key} found {self.found}, expected {self.expected}.{advice}"


class SettingsFaults(SettingsError):  # noqa: N818  (it carries all of them: the plural is the point)
    """Your configuration has faults; nothing was started. All of them are told at once, one on a line."""

    def __init__(self, faults: Iterable[SettingsFault], *, hint: str) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)), hint=hint)

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """
    One table of a TOML file, as faults point at it.

    ``at`` is the table's own path, ``raw`` what stands in it, ``lines`` the lines of the whole file. Two tables always
    compare equal, so that moving a line does not make other settings of it.
    """

    file: str = field(default="", compare=False)
    at: KeyPath = field(default=(), compare=False)
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    lines: Mapping[KeyPath, int] = field(default_factory=dict, compare=False, repr=False)

    def line(self, path: KeyPath = ()) -> int | None:
        """Give the line of the key at ``path`` below this table, else that of what encloses it."""
        whole = (*self.at, *path)
        enclosing = (whole[:length] for length in range(len(whole), 0, -1))
        return next((self.lines[known] for known in enclosing if known in self.lines), None)

    def fault(self, path: KeyPath, found: str, expected: str, nearest: str | None = None) -> SettingsFault:
        """Make a fault of the key at ``path`` below this table."""
        return SettingsFault(
            file=self.file,
            line=self.line(path),
            key=spell((*self.at, *path)),
            found=found,
            expected=expected,
            nearest=nearest,
        )


def spell(path: KeyPath) -> str:
    """Write a path as people do: ``folder[1].languages[0]``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + (step if _BARE.fullmatch(step) else shown(step))
    return text


def closest(found: str, known: Iterable[str]) -> str | None:
    """Give the known word that a mistaken one most likely meant, or None."""
    by_folded = {word.casefold(): word for word in known}
    matches = difflib.get_close_matches(found.casefold(), list(by_folded), n=1)
    return by_folded[matches[0]] if matches else None


def shown(found: Any) -> str:
    """
    Show a value of a TOML document in a message: on one line, short, and without what may be a secret.

    Credentials in a URL and whatever follows ``panjaya-`` as in an API key become ``…``.
    """
    if isinstance(found, dict):
        return "a table"
    if isinstance(found, list):
        return "a list" if found else "an empty list"
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, int) and abs(found) > _LARGEST:
        # Python refuses to write out whole numbers of thousands of digits, which TOML can have in hexadecimal
        return "a huge number"
    if not isinstance(found, str):
        return str(found)
    text = _SECRET.sub("…", found)
    text = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return display(json.dumps(text, ensure_ascii=False))
