"""
Hints from the kernel that something in a watch folder moved; the only user of watchdog.

The periodic scan is the truth, and these only wake it early: events are lost on overflow, never sent for changes on
the far side of a network mount, and stop for good when the folder is remounted under the watch (R1, R5, R6), so that
whoever notices that begins anew. It promises to stay silent about our own writing, so that a look never wakes the next
look, and that a watch which cannot be had is one sentence and no more (R9). Nobody may ask it whether it is alive (R4).
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from panjaya_watchd.core.names import display
from panjaya_watchd.errors import PlaceError

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver

_JOIN: Final = 5.0
"""Seconds to wait for the observer's threads, which wake at once unless the kernel holds them on a dead share."""

OURS: Final = ("processing", "done", "failed", "STATUS.txt")


class FolderHints:
    """
    Calls ``say`` after something changed in ``path``, from a thread of its own, as often as the kernel says so.

    ``ours`` are names below ``path`` whose changes are not reported.
    """

    def __init__(self, path: Path, *, recursive: bool, say: Callable[[], None], ours: tuple[str, ...] = OURS) -> None:
        self._path = path
        self._recursive = recursive
        self._say = say
        self._ours = tuple(str(path / name) for name in ours)
        self._observer: BaseObserver | None = None

    def start(self) -> None:
        """
        Begin to listen.

        Raises:
            PlaceError: the kernel gives no watch. A warning and nothing worse: the scan goes on without hints.

        """
        from watchdog import events  # noqa: PLC0415  (heavy, and needless on network shares)
        from watchdog.observers.inotify import InotifyObserver  # noqa: PLC0415

        class Listener(events.FileSystemEventHandler):
            def on_any_event(_, event: "FileSystemEvent") -> None:  # noqa: N805  (self is the hints)
                self._hear(os.fsdecode(event.dest_path or event.src_path))

        # What a reader causes (opened, closed without writing) is not asked for: our own looks would wake us.
        wanted: list[type[FileSystemEvent]] = [
            events.FileCreatedEvent,
            events.FileModifiedEvent,
            events.FileMovedEvent,
            events.FileDeletedEvent,
            events.FileClosedEvent,
            events.DirCreatedEvent,
            events.DirMovedEvent,
        ]
        observer: BaseObserver | None = None
        try:
            observer = InotifyObserver()  # which asks the kernel for an instance already here
            observer.schedule(Listener(), str(self._path), recursive=self._recursive, event_filter=wanted)
            observer.start()
        except (OSError, RuntimeError) as error:
            if observer is not None:
                _end(observer)
            raise PlaceError(
                f"{display(str(self._path))}: no change notices from the kernel ({error}).",
                hint="Files are still found by the periodic scan; for quicker ones raise fs.inotify.max_user_watches "
                "or fs.inotify.max_user_instances.",
            ) from error
        self._observer = observer

    def stop(self) -> None:
        """Stop listening; may be called at any time, and twice."""
        observer, self._observer = self._observer, None
        if observer is not None:
            _end(observer)

    def _hear(self, path: str) -> None:
        """Say "look now", unless we did it ourselves or the name is hidden, which no part's is."""
        if Path(path).name.startswith(".") or any(path == own or path.startswith(own + "/") for own in self._ours):
            return
        self._say()


def _end(observer: "BaseObserver") -> None:
    observer.unschedule_all()
    # A thread that was never started can neither be stopped nor joined.
    with contextlib.suppress(RuntimeError):
        observer.stop()
        observer.join(_JOIN)
