"""
What is wrong with a TOML sidecar, in sentences.

Turns what pydantic and tomllib report into where, expected and found, with the line of the key wherever it can be
found. Never fails itself, whatever the value was.
"""

import difflib
import math
import re
from collections.abc import Mapping
from typing import Final, TypeAlias

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from panjaya_watchd.core import locales
from panjaya_watchd.core.names import display

_FAULT_LIMIT: Final = 20
"""Faults shown; the search for the nearest key takes a millisecond for each."""

_KEY: Final = re.compile(r"""\s*(?:\[\[\s*(?P<table>[\w-]+)\s*]]|["']?(?P<key>[\w-]+)["']?\s*=)""", re.ASCII)

TAG: Final = 'a locale such as "es-ES"'
"""What is expected of a locale; a fault with these words also names the nearest one."""

Path: TypeAlias = tuple[int | str, ...]
"""Where a value stands: keys, and places in a list counted from 0."""


def sentences(shown: str, text: str, faults: list[ErrorDetails], levels: list[Mapping[str, FieldInfo]]) -> list[str]:
    """
    Say each fault in one sentence, in the file's order, at most twenty of them.

    Args:
        shown: the file's name, as people may see it.
        text: the file, for the lines.
        faults: what pydantic found.
        levels: the fields of the file, and of one entry in its lists; their descriptions are what was expected.

    """
    lines = key_lines(text)
    ordered = sorted(faults, key=lambda fault: _line(lines, fault["loc"]) or 0)
    said = [_sentence(shown, lines, fault, levels) for fault in ordered[:_FAULT_LIMIT]]
    more = len(faults) - len(said)
    return [*said, f"{shown}: {more} more faults."] if more else said


def _sentence(shown: str, lines: Mapping[Path, int], fault: ErrorDetails, levels: list[Mapping[str, FieldInfo]]) -> str:
    """Say one fault: where, what was expected, what was found."""
    path = fault["loc"]
    where = f"{shown}{at(_line(lines, path))}, {_spoken(path)}"
    fields = levels[len(path) > 2]
    if fault["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(path[-1])[:40].lower(), list(fields), n=1)
        expected = f"{close[0]} or another known setting" if close else f"one of {', '.join(fields)}"
        return f'{where}: expected {expected}, found "{cut(str(path[-1]))}".'
    name = path[-1]
    expected = fields[name].description or "" if isinstance(name, str) else TAG
    if fault["type"] == "missing":
        return f"{where}: expected {expected}, found nothing."
    found = fault["input"]
    meant = locales.nearest(found[:40]) if isinstance(found, str) and expected == TAG else None
    return f"{where}: expected {expected}, found {_found(found)}{f'; the nearest is {meant}' if meant else ''}."


def _line(lines: Mapping[Path, int], path: Path) -> int | None:
    """Give the line of the innermost key on a path that was found."""
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)


def _spoken(path: Path) -> str:
    """Write a key path for people, who count from one."""
    return ", ".join(f"entry {step + 1}" if isinstance(step, int) else cut(step) for step in path)


def at(line: int | None) -> str:
    """Write a line number behind a file's name; nothing where the line is not known."""
    return "" if line is None else f", line {line}"


def _found(value: object) -> str:
    """Name a value shortly; never by ``repr``, which fails on deep tables and on huge numbers."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{cut(value)}"' if value else "empty quotes"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**15 else "a number with far too many digits"
    if isinstance(value, float):
        return f"{value:g}" if math.isfinite(value) else "no finite number"
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else "a date or time without quotes"


def cut(words: str) -> str:
    """Shorten what a file says to one line that can be shown."""
    return display(words[:60]) + ("…" if len(words) > 60 else "")


def key_lines(text: str) -> dict[Path, int]:
    """Find the line of every key. For messages only: text in quotes may look like a key, and then misleads."""
    lines: dict[Path, int] = {}
    inside: Path = ()
    tables: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        match = _KEY.match(line)
        if match is None:
            continue
        table = match["table"]
        if table is not None:
            inside = (table, tables.get(table, 0))
            tables[table] = inside[1] + 1
            lines.setdefault((table,), number)
        lines.setdefault(inside if table is not None else (*inside, match["key"]), number)
    return lines
