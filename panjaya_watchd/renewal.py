"""Renewal: the configuration read again while the daemon runs, and made into what its driver takes over."""

import threading
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from panjaya_watchd.api.origin import credential
from panjaya_watchd.api.panjaya import Panjaya
from panjaya_watchd.api.turns import Turns
from panjaya_watchd.core.names import FolderName
from panjaya_watchd.errors import SettingsError
from panjaya_watchd.parts import Layout, hints_of, layout_of, meters_of, place_of, watched_of
from panjaya_watchd.run.change import Change, Faulty, Lookout
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.messages import Reload, Reread
from panjaya_watchd.run.story import Log
from panjaya_watchd.run.watched import Watched
from panjaya_watchd.settings import Folder, Settings, SettingsFaults, check_roots, key_at, load, read_key


@dataclass(slots=True, kw_only=True)
class Renewal:
    """
    Reads the configuration again, in a thread of its own, and makes of it what the driver takes over.

    ``settings`` are those of the start: what of them is no part of a `Change` holds until the next one.
    """

    settings: Settings
    key: str = field(repr=False)
    """The API key in use; the reading thread's, as all that follows."""
    environ: Mapping[str, str] = field(repr=False)
    log: Log
    inbox: Inbox
    clock: Clock
    stop: threading.Event
    api: Panjaya
    turns: Turns
    _handed: tuple[str, str] | None = field(default=None, repr=False)
    """An API key that was handed over, behind the one that lay where the daemon's own does."""
    _taken: Mapping[FolderName, Layout] = field(default_factory=dict)
    """Of the settings that the driver has taken; it may still refuse those that were read."""
    _read: Mapping[FolderName, Layout] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._taken = self._read = {folder.name: layout_of(folder) for folder in self.settings.folders}

    def read(self, config: Path, reload: Reload, watched: Mapping[FolderName, Watched]) -> Reread:
        """Read; ``watched`` are the folders that the daemon knows already, whose paths stay what they are."""
        try:
            settings = load(config, environ=self.environ, absent=True)
            moved = {folder.name: at for folder in settings.folders if (at := _moved(folder, watched)) is not None}
            if moved:
                self._refuse_strangers(settings, moved, config)
            if settings.api.base_url == self.settings.api.base_url:
                self.key = credential(self._key(settings, reload.key))
        except SettingsError as error:
            return Reread(change=Faulty(why=error.message, hint=error.hint), answer=reload.answer)
        return Reread(change=self._change(settings, moved, watched), answer=reload.answer)

    def _refuse_strangers(self, settings: Settings, moved: Mapping[FolderName, Path], config: Path) -> None:
        """Refuse that somebody else takes the path of a folder that stays there until a restart."""
        staying = [
            folder.model_copy(update={"path": moved[folder.name]}) if folder.name in moved else folder
            for folder in settings.folders
        ]
        effective = settings.model_copy(update={"folders": tuple(staying)})
        faults = check_roots(effective, config, key_at=key_at(settings, self.environ), absent=True)
        if faults:
            names = ", ".join(sorted(moved))
            raise SettingsFaults(faults, hint=f"The path of a folder ({names}) changes with a restart only: restart.")

    def _key(self, settings: Settings, handed: str | None) -> str:
        """Give the key to use: one that was handed over holds until another one lies where the daemon's own does."""
        before = self._handed
        try:
            lying = read_key(settings, self.environ)
        except SettingsFaults:
            if handed is None and (before is None or before[0]):
                raise
            lying = ""
        if handed is not None:
            self._handed = (lying, handed)
        elif before is not None and before[0] != lying:
            self._handed = None
        return lying if self._handed is None else self._handed[1]

    def _change(
        self, settings: Settings, moved: Mapping[FolderName, Path], watched: Mapping[FolderName, Watched]
    ) -> Change:
        folders = [folder for folder in settings.folders if folder.name not in moved]
        layouts = {folder.name: layout_of(folder) for folder in folders}
        known = {name: each for name, each in watched.items() if not each.retired}
        lookouts = {
            folder.name: Lookout(place_of(folder), hints_of(folder, self.inbox))
            for folder in folders
            if folder.name not in known
            or not layouts[folder.name] == self._taken.get(folder.name) == self._read.get(folder.name)
        }
        self._read = layouts = {**self._read, **layouts}
        for warning in settings.warnings():
            self.log.warning("setting.ignored", why=warning)
        key = self.key

        def take() -> None:
            self._taken = layouts
            self.api.use_key(key)
            self.turns.change(settings.limits.requests_per_second)

        return Change(
            watched={
                **{folder.name: watched_of(folder, settings) for folder in folders},
                **{name: known[name] for name in moved if name in known},
            },
            lookouts=lookouts,
            uploads=settings.limits.uploads,
            downloads=settings.limits.downloads,
            meters=meters_of(settings, self.clock, self.stop),
            together=settings.limits.budget.limits() if settings.limits.budget else None,
            take=take,
            notes=tuple(self._notes(settings, moved, known)),
        )

    def _notes(
        self, settings: Settings, moved: Mapping[FolderName, Path], known: Container[FolderName]
    ) -> Iterator[str]:
        """Tell what has changed since the start and is no part of a change."""
        old, new = self.settings, settings
        if old.api.base_url != new.api.base_url:
            yield "[api] base_url takes effect with a restart, and the API key with it."
        for name, differs in (("[state]", old.state != new.state), ("[http]", old.http != new.http)):
            if differs:
                yield f"{name} takes effect with a restart."
        for name in moved:
            if name in known:
                yield f'folder "{name}" has another path, so all of it takes effect with a restart.'
            else:
                yield f'folder "{name}" has another path; it is watched when what is under way in the former has ended.'


def _moved(folder: Folder, watched: Mapping[FolderName, Watched]) -> Path | None:
    """Give the path of a folder that is watched elsewhere than it is configured; None where that is the same."""
    known = watched.get(folder.name)
    path = None if known is None or known.root is None else Path(known.root.path)
    return None if path == folder.path else path
