"""
Listening: which watch folders' hints are on, in whatever thread that is decided.

A kernel's watch dies with the mount that it stands on, and says nothing of it (R6), so it is begun anew after each
mounting; that may take as long as a dead share likes, hence in the folder's own lane. Once it was ended, nothing begins
any more.
"""

import threading
from dataclasses import dataclass, field
from typing import Protocol

from panjaya_watchd.core.names import FolderName


class Hints(Protocol):
    """What wakes the scan of one folder early."""

    def start(self) -> None:
        """Begin; raises `PlaceError` when there will be no hints."""

    def stop(self) -> None:
        """End; may be called at any time, and twice."""


@dataclass(slots=True)
class Listening:
    """The hints of all watch folders that may have any."""

    hints: dict[FolderName, Hints] = field(default_factory=dict)
    _on: set[FolderName] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)

    def begin(self, folder: FolderName, *, wanted: bool) -> bool:
        """
        Listen to a folder as it is mounted now, or no longer where hints are not ``wanted``.

        Returns:
            Whether it is listened to: what came before that has to be looked for.

        Raises:
            PlaceError: there will be no hints.

        """
        hints = self.hints.get(folder)
        if hints is None:
            return False
        if folder in self._on:
            self._on.discard(folder)
            hints.stop()
        if not wanted or self._over.is_set():
            return False
        hints.start()
        self._on.add(folder)
        if self._over.is_set():
            hints.stop()
        return True

    def change(self, folder: FolderName, hints: Hints) -> None:
        """Take other hints for a folder, which are to be begun."""
        former = self.hints.get(folder)
        self._on.discard(folder)
        if former is not None:
            former.stop()
        self.hints[folder] = hints

    def end(self) -> None:
        """Listen to nothing any more, also where it is just being begun."""
        self._over.set()
        for folder in tuple(self._on):
            if (hints := self.hints.get(folder)) is not None:
                hints.stop()
