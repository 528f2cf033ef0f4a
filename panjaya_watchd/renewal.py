"""Renewal: the configuration read again while the daemon runs, and made into what its driver takes over."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from panjaya_watchd.api.origin import credential
from panjaya_watchd.api.panjaya import Panjaya
from panjaya_watchd.api.turns import Turns
from panjaya_watchd.core.names import FolderName
from panjaya_watchd.errors import SettingsError
from panjaya_watchd.parts import ground_of, hints_of, meters_of, place_of, watched_of
from panjaya_watchd.run.change import Change, Faulty, Ground
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.messages import Reload, Reread
from panjaya_watchd.run.story import Log
from panjaya_watchd.run.watched import Watched
from panjaya_watchd.settings import Settings, SettingsFaults, load, read_key


@dataclass(slots=True, kw_only=True)
class Renewal:
    """
    Reads the configuration again, in a thread of its own, and makes of it what the driver takes over.

    ``settings`` are those of the start: what of them is no part of a `Change` holds until the next one.
    """

    settings: Settings
    environ: Mapping[str, str]
    log: Log
    inbox: Inbox
    clock: Clock
    stop: threading.Event
    api: Panjaya
    turns: Turns
    _handed: tuple[str, str] | None = None
    """An API key that was handed over, behind the one that lay where the daemon's own does; the reading thread's."""
    _grounds: dict[FolderName, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._grounds = {folder.name: ground_of(folder) for folder in self.settings.folders}

    def read(self, config: Path, reload: Reload, watched: Mapping[FolderName, Watched]) -> Reread:
        """Read; ``watched`` are the folders that the daemon knows already, whose paths stay what they are."""
        try:
            settings = load(config, environ=self.environ)
            key = credential(self._key(settings, reload.key))
        except SettingsError as error:
            return Reread(change=Faulty(why=error.message, hint=error.hint), answer=reload.answer)
        return Reread(change=self._change(settings, key, watched), answer=reload.answer)

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

    def _change(self, settings: Settings, key: str, watched: Mapping[FolderName, Watched]) -> Change:
        notes = [f"{name} takes effect with a restart." for name in self._waiting(settings)]
        folders = []
        for folder in settings.folders:
            known = watched.get(folder.name)
            path = Path(known.root.path) if known is not None and known.root is not None else folder.path
            if path != folder.path:
                notes.append(f'folder "{folder.name}": path takes effect with a restart, once its claims have ended.')
            folders.append(folder if path == folder.path else folder.model_copy(update={"path": path}))
        grounds = {folder.name: ground_of(folder) for folder in folders}
        for warning in settings.warnings():
            self.log.warning("setting.ignored", why=warning)

        def take() -> None:
            self._grounds = grounds
            self.api.use_key(key)
            self.turns.change(settings.limits.requests_per_second)

        return Change(
            watched={folder.name: watched_of(folder, settings) for folder in folders},
            grounds={
                folder.name: Ground(place_of(folder), hints_of(folder, self.inbox))
                for folder in folders
                if folder.name not in watched or grounds[folder.name] != self._grounds.get(folder.name)
            },
            uploads=settings.limits.uploads,
            downloads=settings.limits.downloads,
            meters=meters_of(settings, self.clock, self.stop),
            together=settings.limits.budget.limits() if settings.limits.budget else None,
            take=take,
            notes=tuple(notes),
        )

    def _waiting(self, settings: Settings) -> list[str]:
        """Name what has changed since the start and is no part of a change."""
        old, new = self.settings, settings
        waiting = ["[api] base_url"] if old.api.base_url != new.api.base_url else []
        return waiting + [
            name for name, differs in (("[state]", old.state != new.state), ("[http]", old.http != new.http)) if differs
        ]
