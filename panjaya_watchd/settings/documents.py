"""The TOML files of the configuration, parsed, with the line of every key."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from panjaya_watchd.core.names import display
from panjaya_watchd.settings.faults import KeyPath, SettingsFault, Table
from panjaya_watchd.settings.lines import scan

_LIMIT: Final = 1 << 20
"""Bytes of one file; a configuration is written by people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file under the name by which faults call it: relative to the directory of the main file."""

    file: str
    raw: Mapping[str, Any]
    lines: Mapping[KeyPath, int]

    def table(self, *at: str | int) -> Table:
        """Give the table at a path, which must be one; empty where nothing is."""
        raw: Any = self.raw
        for step in at:
            raw = raw[step] if isinstance(step, int) else raw.get(step, {})
        return Table(file=self.file, at=at, raw=raw, lines=self.lines)


def read_documents(path: Path, faults: list[SettingsFault]) -> tuple[Document | None, list[Document]]:
    """
    Read the main file and the visible ``*.toml`` of the ``folders.d`` beside it, sorted by name.

    What cannot be read or is not TOML becomes a fault, with its line where it has one.
    """
    main = read_main(path, faults)
    others = (_parse(file, f"folders.d/{display(file.name)}", faults) for file in _others(path, faults))
    return main, [document for document in others if document is not None]


def read_main(path: Path, faults: list[SettingsFault]) -> Document | None:
    """Read the main file alone; what cannot be read or is not TOML becomes a fault."""
    return _parse(path, display(path.name), faults)


def _others(path: Path, faults: list[SettingsFault]) -> Iterator[Path]:
    try:
        # an editor's lock or backup begins with a dot or ends otherwise
        yield from sorted(file for file in (path.parent / "folders.d").iterdir() if file.match("[!.]*.toml"))
    except FileNotFoundError:
        return
    except OSError as error:
        faults.append(_fault("folders.d", f"a directory that says: {error.strerror}", "one that can be read"))


def _parse(path: Path, name: str, faults: list[SettingsFault]) -> Document | None:
    try:
        with path.open("rb") as stream:
            content = stream.read(_LIMIT + 1)
    except OSError as error:
        faults.append(_fault(name, f"a file that says: {error.strerror}", "one that can be read"))
        return None
    if len(content) > _LIMIT:
        faults.append(_fault(name, "a longer file", f"at most {_LIMIT} bytes"))
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.append(_fault(name, "bytes that are no UTF-8", "TOML in UTF-8", line))
        return None
    try:
        return Document(file=name, raw=tomllib.loads(text), lines=scan(text))
    except tomllib.TOMLDecodeError as error:
        faults.append(_syntax(name, str(error), text))
    except (RecursionError, ValueError):
        # tomllib passes on what Python says to endless nesting and to whole numbers of thousands of digits
        faults.append(_fault(name, "a value nested too deeply, or with too many digits", "TOML written by people"))
    return None


def _syntax(name: str, message: str, text: str) -> SettingsFault:
    """Take the place out of the parser's words: "Invalid value (at line 3, column 9)", "… (at end of document)"."""
    place = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if place is None:
        return _fault(name, message, "TOML", text.rstrip("\n").count("\n") + 1)
    return _fault(name, f"{message[: place.start()]} (column {place[2]})", "TOML", int(place[1]))


def _fault(file: str, found: str, expected: str, line: int | None = None) -> SettingsFault:
    return SettingsFault(file=file, line=line, key="", found=found, expected=expected)
