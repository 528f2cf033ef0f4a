"""The safeguards that are taken out, one after the other, to see that their absence is found."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Final
from unittest import mock

from sqlalchemy import Connection
from world import SimGate

from panjaya_watchd.ledger import sqlite_file
from panjaya_watchd.places import durable


def _without_sync_of(kind: Callable[[int], bool]) -> AbstractContextManager[object]:
    sync = durable.sync

    def careless(descriptor: int) -> bool:
        return True if kind(os.fstat(descriptor).st_mode) else sync(descriptor)

    return mock.patch.object(durable, "sync", careless)


@contextmanager
def _without_sync_of_folders() -> Iterator[None]:
    with _without_sync_of(stat.S_ISDIR), mock.patch.object(durable, "sync_folder"):
        yield


@contextmanager
def _without_sync_of_files() -> Iterator[None]:
    # That a file is not needed in the cache any more is advice by which the kernel begins to write it.
    with _without_sync_of(stat.S_ISREG), mock.patch.object(os, "posix_fadvise"):
        yield


def _without_sync_of_the_ledger() -> AbstractContextManager[object]:
    make_durable = sqlite_file.make_durable

    def careless(connection: Connection) -> None:
        make_durable(connection)
        connection.connection.cursor().execute("PRAGMA synchronous=OFF")

    return mock.patch.object(sqlite_file, "make_durable", careless)


def _without_the_gate() -> AbstractContextManager[object]:
    return mock.patch.object(SimGate, "wait", return_value=True)


SAFEGUARDS: Final[Mapping[str, Callable[[], AbstractContextManager[object]]]] = {
    "fsync-of-folder": _without_sync_of_folders,
    "fsync-of-file": _without_sync_of_files,
    "ledger-sync": _without_sync_of_the_ledger,
    "gate": _without_the_gate,
}
"""Each by its name, as what takes it out for a while."""
