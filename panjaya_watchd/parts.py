"""The parts that settings are made into, one by one: at the start, and again for a configuration that has changed."""

import threading
from pathlib import Path
from typing import NamedTuple

from panjaya_watchd.core.extent import Extent
from panjaya_watchd.core.names import FolderName
from panjaya_watchd.core.profiles import Profile
from panjaya_watchd.places.base import Place
from panjaya_watchd.places.disk import DiskPlace
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.first_start import Root
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.intake import Intake
from panjaya_watchd.run.messages import Look
from panjaya_watchd.run.meter import Meter, Meters
from panjaya_watchd.run.watched import Watched
from panjaya_watchd.settings import Folder, Limits, Settings
from panjaya_watchd.watch.folder_hints import FolderHints


def meters_of(settings: Settings, clock: Clock, stop: threading.Event) -> Meters:
    """Make a meter for each direction of each folder, and of all together, that has a rate."""
    limits = settings.limits
    ruled: list[tuple[FolderName | None, Limits | Folder]] = [(None, limits)]
    ruled += [(folder.name, folder) for folder in settings.folders]
    return Meters(
        uploads={
            name: Meter(by.upload_rate, clock, stop.wait, sharers=limits.uploads)
            for name, by in ruled
            if by.upload_rate.spans
        },
        downloads={
            name: Meter(by.download_rate, clock, stop.wait, sharers=limits.downloads)
            for name, by in ruled
            if by.download_rate.spans
        },
    )


class Layout(NamedTuple):
    """What decides where the files of a watch folder are looked for and filed."""

    path: Path
    done: Path
    failed: Path
    recursive: bool
    profile: Profile | None


def layout_of(folder: Folder) -> Layout:
    """Give a folder's layout."""
    return Layout(folder.path, folder.done, folder.failed, folder.recursive, folder.fixed_profile)


def place_of(folder: Folder) -> Place:
    """Give the folder on the disk; nothing is looked at."""
    path, done, failed, recursive, profile = layout_of(folder)
    return DiskPlace(path, done=done, failed=failed, recursive=recursive, profile=profile)


def watched_of(folder: Folder, settings: Settings) -> Watched:
    """Give what the driver has to know of a folder."""
    return Watched(
        defaults=folder.defaults(),
        rules=folder.rules(settings.api),
        intake=Intake(rule=folder.rule()),
        budget=folder.budget.limits() if folder.budget else None,
        root=Root(path=str(folder.path), hold=folder.on_first_start == "hold", extent=_extent(folder)),
    )


def hints_of(folder: Folder, inbox: Inbox) -> FolderHints:
    """Give what tells of changes in a folder; it does not listen yet."""
    name = folder.name
    ours = ("processing", str(folder.done), str(folder.failed), "STATUS.txt")
    return FolderHints(folder.path, recursive=folder.recursive, say=lambda: inbox.put(Look(folder=name)), ours=ours)


def _extent(folder: Folder) -> Extent:
    """Give what is looked through."""
    shelves = {each for each in (folder.done_at, folder.failed_at) if each.is_relative_to(folder.path)}
    names = tuple(sorted(str(each.relative_to(folder.path)) for each in shelves))
    return Extent(recursive=folder.recursive, shelves=names)
