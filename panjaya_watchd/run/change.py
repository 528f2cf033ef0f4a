"""What a new configuration comes to for a daemon that runs, or why it is not used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from panjaya_watchd.core.budget import Budget
from panjaya_watchd.core.names import FolderName
from panjaya_watchd.places.base import Place
from panjaya_watchd.run.listening import Hints
from panjaya_watchd.run.meter import Meters
from panjaya_watchd.run.watched import Watched


class Lookout(NamedTuple):
    """From where a watch folder is seen: its place, and what tells of changes there."""

    place: Place
    hints: Hints


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    Everything that may change without a restart.

    ``watched`` are all watch folders, ``lookouts`` those of the new ones and of those that are seen in another way now.
    ``take`` has the client use what it reads of the new configuration. ``notes`` tell people what waits for a restart.
    """

    watched: Mapping[FolderName, Watched]
    lookouts: Mapping[FolderName, Lookout]
    uploads: int
    downloads: int
    meters: Meters
    together: Budget | None
    take: Callable[[], None]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty:
    """The new configuration cannot be used; ``why`` has a line for each fault, with file and line."""

    why: str
    hint: str
