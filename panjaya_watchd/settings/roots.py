"""
What only the disk can tell about watch folders: that each is there, and that no place lies within another.

A watch folder within another, or results within a watch folder, would be dubbed for ever (R42); our own files within
one would lie open to everybody who may drop a video. Creates nothing: a root that is missing may be a share that is
not mounted (R12). Waits for none: a dead share would hold up whoever asks for ever, and with it every other folder.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import combinations
from pathlib import Path
from stat import S_ISDIR
from typing import Final

import panjaya_watchd
from panjaya_watchd.settings.faults import SettingsFault, shown
from panjaya_watchd.settings.folder import Folder
from panjaya_watchd.settings.model import Settings
from panjaya_watchd.settings.spot import Spot

PATIENCE: Final = 5.0
"""Seconds that watch folders have to answer at all."""


def check_roots(
    settings: Settings,
    config_path: Path,
    *,
    key_at: Path | None = None,
    absent: bool = False,
    patience: float = PATIENCE,
) -> tuple[SettingsFault, ...]:
    """
    Look at every watch folder on the disk.

    One that does not answer is not judged: the daemon tells of it and goes on without.

    Args:
        settings: says where they are.
        config_path: a file that none may contain.
        key_at: another one.
        absent: whether a place that cannot be used, perhaps a share that is not mounted, is no fault.
        patience: seconds that all together have to answer.

    """
    silent = _silent({place for folder in settings.folders for place in _places(folder)}, patience)
    roots = [(folder, Spot.at(folder.path)) for folder in settings.folders if silent.isdisjoint(_places(folder))]
    private = [(what, Spot.at(path)) for what, path in _private(settings, config_path, key_at)]
    faults: list[SettingsFault] = []
    for folder, root in roots:
        if not absent:
            faults += _unusable(folder)
        faults += [
            _path_fault(folder, f"which lies within or around {what}", "a place apart from the daemon's own files")
            for what, spot in private
            if root.overlaps(spot)
        ]
        faults += _destination_faults(folder, root, roots)
    for (one, its_root), (other, other_root) in combinations(roots, 2):
        if its_root.overlaps(other_root):
            expected = "watch folders that do not lie within each other"
            faults.append(_path_fault(other, f'which lies within or around that of "{one.name}"', expected))
    return tuple(faults)


def _private(settings: Settings, config_path: Path, key_at: Path | None) -> Iterator[tuple[str, Path]]:
    """Name what is ours: no dropper may read or replace it."""
    yield "the daemon's code", Path(panjaya_watchd.__file__).parent
    yield "the configuration", config_path
    yield "the configuration", config_path.parent / "folders.d"
    yield "the ledger's directory", settings.state.ledger.parent
    yield "the control socket", settings.state.control
    files = (
        ("key", key_at),
        ("token file", settings.http.token_file),
        ("callback key file", settings.http.callback_key_file),
        ("URLs file", settings.notify.urls_file),
    )
    yield from ((f"the {what}", path) for what, path in files if path is not None)


def _places(folder: Folder) -> tuple[Path, ...]:
    return folder.path, folder.done_at, folder.failed_at


def _silent(paths: Iterable[Path], patience: float) -> set[Path]:
    """Find out which paths do not answer; each is asked by a thread of its own, which then waits for ever."""

    def ask(path: Path) -> None:
        with suppress(OSError):
            path.stat()

    asking = {path: threading.Thread(target=ask, args=(path,), daemon=True) for path in paths}
    for thread in asking.values():
        thread.start()
    for thread in asking.values():
        thread.join(patience)
        patience = 0.0 if thread.is_alive() else patience  # the others had as long
    return {path for path, thread in asking.items() if thread.is_alive()}


def _unusable(folder: Folder) -> Iterator[SettingsFault]:
    """Find out whether what has to be there already is a directory that can be entered."""
    expected = "a directory; it is never created, because a share that is not mounted looks the same"
    shelves = (("done", folder.done), ("failed", folder.failed))
    for key, path in (("path", folder.path), *((key, path) for key, path in shelves if path.is_absolute())):
        try:
            if not S_ISDIR(path.stat().st_mode):
                yield folder.table.fault((key,), f"{shown(str(path))}, which is no directory", "a directory")
        except OSError as error:
            yield folder.table.fault((key,), f"{shown(str(path))}, which says: {error.strerror}", expected)


def _destination_faults(folder: Folder, root: Spot, roots: list[tuple[Folder, Spot]]) -> Iterator[SettingsFault]:
    """Find out whether ``done`` and ``failed`` are places of their own: below their watch folder or outside of all."""
    done, failed = Spot.at(folder.done_at), Spot.at(folder.failed_at)
    for key, path, spot in (("done", folder.done, done), ("failed", folder.failed, failed)):
        expected = "a place below its own watch folder, or apart from all of them"
        if root.within(spot):
            yield folder.table.fault((key,), f"{shown(str(path))}, which is or holds its own watch folder", expected)
        for other, other_root in roots:
            if other is not folder and spot.overlaps(other_root):
                found = f'{shown(str(path))}, which lies within or around the watch folder "{other.name}"'
                yield folder.table.fault((key,), found, expected)
    if done.within(failed) and failed.within(done):
        yield folder.table.fault(("failed",), f"{shown(str(folder.failed))}, which is done as well", "another place")


def _path_fault(folder: Folder, found: str, expected: str) -> SettingsFault:
    return folder.table.fault(("path",), f"{shown(str(folder.path))}, {found}", expected)
