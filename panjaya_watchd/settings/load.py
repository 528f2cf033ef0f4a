"""
Reading the configuration: ``watchd.toml`` and the ``folders.d/*.toml`` beside it.

Promises every fault of every file at once, or settings without any. Reads only: creates and changes nothing, looks up
no name, never opens the API key.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from panjaya_watchd.core.names import display, fold
from panjaya_watchd.settings.documents import Document, read_documents, read_main
from panjaya_watchd.settings.faults import SettingsFault, SettingsFaults, Table, closest, shown
from panjaya_watchd.settings.folder import Folder
from panjaya_watchd.settings.key import key_at
from panjaya_watchd.settings.model import Settings, State
from panjaya_watchd.settings.reading import SECTIONS, read
from panjaya_watchd.settings.roots import check_roots

_FOLDER: Final = "folder"
_DEFAULTS: Final = "defaults"
_STATE: Final = "state"
_NO_DEFAULT: Final = frozenset({"name", "path"})


def load(path: Path, *, environ: Mapping[str, str], roots: bool = True, absent: bool = False) -> Settings:
    """
    Read the configuration.

    Args:
        path: the main file; ``folders.d`` is looked for in its directory.
        environ: tells where the API key lies, which no watch folder may contain.
        roots: whether to look at the watch folders as well.
        absent: whether a watch folder may be away; the daemon tells of it, and goes on with the others.

    Raises:
        SettingsFaults: with every fault.

    """
    faults: list[SettingsFault] = []
    main, others = read_documents(path, faults)
    # without the main file there are no defaults, and half of what could be said of the others would be wrong
    settings = _read(main, others, faults) if main else None
    if settings is not None and roots:
        faults += check_roots(settings, path, key_at=key_at(settings, environ), absent=absent)
    if faults or settings is None:
        raise _told(path, faults)
    return settings


def load_state(path: Path) -> State:
    """
    Read only where the daemon keeps its ledger and listens: the daemon goes on while the rest has faults.

    Raises:
        SettingsFaults: with every fault of ``[state]``, or that of a main file that is no TOML or cannot be read.

    """
    faults: list[SettingsFault] = []
    main = read_main(path, faults)
    state = read(State, [_table(main, _STATE, faults)], faults) if main else None
    if faults or state is None:
        raise _told(path, faults)
    return state


def _told(path: Path, faults: list[SettingsFault]) -> SettingsFaults:
    faults.sort(key=lambda fault: ("/" in fault.file, fault.file, fault.line or 0))
    command = f"panjaya-watchd check --config {display(str(path))}"
    return SettingsFaults(faults, hint=f"Correct this, then ask again: {command}")


def _read(main: Document, others: list[Document], faults: list[SettingsFault]) -> Settings:
    """Make settings of all tables without faults; where one has some, what is left serves to find more."""
    _refuse_others(main, {*SECTIONS, _DEFAULTS, _FOLDER}, faults)
    sections: dict[str, Any] = {}
    for name, kind in SECTIONS.items():
        table = _table(main, name, faults)
        section = read(kind, [table], faults)
        if section is not None:
            sections[name] = section
    defaults = _read_defaults(main, faults)
    tables = list(_folder_tables(main, faults))
    for document in others:
        _refuse_others(document, {_FOLDER}, faults)
        tables += _folder_tables(document, faults)
    if not tables and not faults:
        expected = "at least one [[folder]] with name, path, locale and languages"
        faults.append(main.table().fault((_FOLDER,), "nothing to watch", expected))
    _refuse_equal_names(tables, faults)
    folders = [read(Folder, [table, defaults], faults) for table in tables]
    return Settings(**sections, folders=tuple(folder for folder in folders if folder is not None))


def _refuse_others(document: Document, known: set[str], faults: list[SettingsFault]) -> None:
    expected = f"one of {', '.join(sorted(known))}" if len(known) > 1 else "[[folder]] tables and nothing else"
    faults += [
        document.table().fault((key,), "an unknown key", expected, closest(key, known))
        for key in document.raw
        if key not in known
    ]


def _table(document: Document, name: str, faults: list[SettingsFault]) -> Table:
    """Give a table that stands once; anything else of that name is a fault and counts as empty."""
    found = document.raw.get(name, {})
    if isinstance(found, dict):
        return document.table(name)
    faults.append(document.table().fault((name,), shown(found), f"a table: [{name}]"))
    return Table()


def _read_defaults(main: Document, faults: list[SettingsFault]) -> Table:
    """Judge ``[defaults]`` once, so that what is wrong in it is told at its own line, used or not."""
    defaults = _table(main, _DEFAULTS, faults)
    own = Table(
        file=defaults.file,
        at=defaults.at,
        raw={key: found for key, found in defaults.raw.items() if key not in _NO_DEFAULT},
        lines=defaults.lines,
    )
    faults += [
        defaults.fault((key,), f"a {key} for all", f"a {key} in each [[folder]]")
        for key in defaults.raw
        if key not in own.raw
    ]
    read(Folder, [own], faults, whole=False)
    return own


def _folder_tables(document: Document, faults: list[SettingsFault]) -> Iterator[Table]:
    found = document.raw.get(_FOLDER, [])
    if not isinstance(found, list):
        faults.append(document.table().fault((_FOLDER,), shown(found), "a list of tables", "[[folder]]"))
        return
    for index, folder in enumerate(found):
        if isinstance(folder, dict):
            yield document.table(_FOLDER, index)
        else:
            faults.append(document.table().fault((_FOLDER, index), shown(folder), "a table", "[[folder]]"))


def _refuse_equal_names(tables: list[Table], faults: list[SettingsFault]) -> None:
    first: dict[str, Table] = {}
    for table in tables:
        name = table.raw.get("name")
        if isinstance(name, str):
            holder = first.setdefault(fold(name), table)
            if holder is not table:
                place = f"{holder.file}:{holder.line(('name',))}"
                faults.append(table.fault(("name",), shown(name), f"a name of its own; {place} has it already"))
