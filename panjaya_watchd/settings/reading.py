"""
Reading one TOML table into one section of the settings, with pydantic's findings turned into faults.

pydantic finds all errors of a table at once and names each by a path; `Table` knows the lines.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from panjaya_watchd.settings.budget import Budget
from panjaya_watchd.settings.faults import KeyPath, SettingsFault, Table, closest, shown
from panjaya_watchd.settings.folder import Folder
from panjaya_watchd.settings.model import Api, Http, Limits, Notify, State
from panjaya_watchd.settings.values import Section

SECTIONS: Final[Mapping[str, type[Section]]] = {
    "api": Api,
    "state": State,
    "limits": Limits,
    "http": Http,
    "notify": Notify,
}
"""The tables that stand once, in the main file only."""

_EXPECTED: Final = {
    "bool_type": "true or false",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "model_type": "a table",
    "string_type": "a string",
    "tuple_type": "a list",
}
"""What pydantic's error types mean to somebody who writes TOML."""
_BOUNDS: Final = {
    "greater_than": "a number of more than {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than_equal": "a number of at most {le:g}",
}

_AnySection = TypeVar("_AnySection", bound=Section)


def read(
    section: type[_AnySection], tables: Sequence[Table], faults: list[SettingsFault], *, whole: bool = True
) -> _AnySection | None:
    """
    Make a section of what stands in one or more tables, or give None and add what is wrong to ``faults``.

    Args:
        section: the kind of section.
        tables: where its keys stand, the most particular table first; each fault points at one of them.
        faults: is added to; a fault that is there already is not told twice.
        whole: whether a missing key is a fault.

    """
    merged = {key: found for table in reversed(tables) for key, found in table.raw.items()}
    try:
        return section.model_validate(merged, context=tables[0])
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            if whole or detail["type"] != "missing":
                fault = _fault(section, detail, tables)
                faults += [fault] if fault not in faults else []
        return None


def _fault(section: type[Section], detail: ErrorDetails, tables: Sequence[Table]) -> SettingsFault:
    told = detail.get("ctx", {})
    path: KeyPath = (*detail["loc"], *told.get("at", ()))
    table = tables[0]
    for holder, candidate in product(tables, (path, told.get("against") and (told["against"],))):
        if candidate and candidate[0] in holder.raw:
            table, path = holder, candidate
            break
    kind = detail["type"]
    if kind == "missing":
        return table.fault(path, "nothing", "this key")
    if kind == "extra_forbidden":
        return _unknown_key(table, path, Budget if len(path) > 1 else section)
    found = told.get("found") or shown(detail["input"])
    if kind == "wrong":
        return table.fault(path, found, told["expected"], told["nearest"])
    if kind in {"enum", "literal_error"}:
        allowed = re.findall(r"'([^']*)'", told["expected"])
        meant = detail["input"] if isinstance(detail["input"], str) else ""
        return table.fault(path, found, f"one of {', '.join(allowed)}", closest(meant, allowed))
    expected = _BOUNDS[kind].format(**told) if kind in _BOUNDS else _EXPECTED.get(kind, detail["msg"])
    return table.fault(path, found, expected)


def _unknown_key(table: Table, path: KeyPath, section: type[Section]) -> SettingsFault:
    """Make a fault of a key that no table of this kind has; its value is not shown, it could be anything."""
    key, known = str(path[-1]), list(section.model_fields)
    tables: dict[str, type[Section]] = {**SECTIONS, "[folder]": Folder}
    elsewhere = [name for name, other in tables.items() if key in other.model_fields]
    nearest = closest(key, known) or next((f"{key} under [{name}]" for name in elsewhere), None)
    return table.fault(path, "an unknown key", f"one of {', '.join(known)}", nearest)
