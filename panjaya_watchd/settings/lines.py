"""
On which line each key of a TOML document stands.

No TOML library tells the line of a value. TOML's statements end with a line, so the shortest run of whole lines that
parses is one statement; the parser itself finds them, and nothing of TOML's grammar is written again here.
"""

import tomllib
from collections.abc import Iterator
from typing import Any

from panjaya_watchd.settings.faults import KeyPath


def scan(text: str) -> dict[KeyPath, int]:
    """
    Map every key, table and element of a valid document to its line, counted from 1.

    The elements of a list that runs over several lines have lines of their own; deeper ones have their list's.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    found: dict[KeyPath, int] = {}
    table: KeyPath = ()
    start = 0
    while start < len(lines):
        end, statement = _statement(lines, start)
        if lines[start].lstrip(" \t").startswith("["):
            table = _table(statement, found)
            found.setdefault(table, start + 1)
            for length in range(1, len(table)):
                found.setdefault(table[:length], start + 1)
        else:
            here = dict(_elements(lines, start, end)) if end - start > 1 else {}
            for path in _paths(statement):
                here.setdefault(path, here.get(path[:-1], start + 1))
                found.setdefault((*table, *path), here[path])
        start = end
    return found


def _statement(lines: list[str], start: int) -> tuple[int, dict[str, Any]]:
    """Give where the statement that begins at ``start`` ends, and what it says."""
    for end in range(start + 1, len(lines) + 1):
        try:
            return end, tomllib.loads("\n".join(lines[start:end]))
        except tomllib.TOMLDecodeError:
            continue
    return len(lines), {}


def _table(header: dict[str, Any], found: dict[KeyPath, int]) -> KeyPath:
    """Give the path that a header opens; a name that is a list of tables stands for its last table so far."""
    path: KeyPath = ()
    node: Any = header
    while isinstance(node, dict) and node:
        ((key, node),) = node.items()
        path = (*path, key)
        count = sum(1 for known in found if known[:-1] == path and isinstance(known[-1], int))
        if isinstance(node, list):
            path = (*path, count)
        elif count:
            path = (*path, count - 1)
    return path


def _paths(node: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Walk every path below ``node``, the enclosing ones first."""
    if path:
        yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from _paths(child, (*path, key))


def _elements(lines: list[str], start: int, end: int) -> Iterator[tuple[KeyPath, int]]:
    """Give the elements of a list that runs over several lines: what each beginning of it holds, once closed."""
    count, before = 0, start
    for stop in range(start + 1, end + 1):
        closed = "" if stop == end else "\n]"
        try:
            held: Any = tomllib.loads("\n".join(lines[start:stop]) + closed)
        except tomllib.TOMLDecodeError:
            continue
        path: KeyPath = ()
        while isinstance(held, dict) and len(held) == 1:
            ((key, held),) = held.items()
            path = (*path, key)
        if isinstance(held, list):
            yield from (((*path, index), before + 1) for index in range(count, len(held)))
            count, before = len(held), stop
