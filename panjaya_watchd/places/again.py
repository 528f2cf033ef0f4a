"""
The same video again: how one is suspected, and how what was filed for it is copied.

A likeness is cheap to take and proves nothing; equal ones are a reason to read all bytes. A result of an earlier claim
is read where it was filed, if it still lies there, and written under the hidden name of a download, so that `keep`
makes a result of it as of any other.
"""

import contextlib
import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from panjaya_watchd.core.names import ClaimId, Digest
from panjaya_watchd.places.base import Source, Unsettled
from panjaya_watchd.places.filing import Shelf
from panjaya_watchd.places.naming import fit, lying, numbered_file, result_in_the_making, within
from panjaya_watchd.places.tree import Kind, NotRegular, Opened, Tree

SAMPLE: Final = 64 << 10
"""Bytes read at each end. Video files differ early (length, times, index) and late (the last pictures)."""

_CHUNK: Final = 1 << 20


def likeness(file: Opened, size: int) -> str:
    """Give 40 hexadecimal digits over a file's size, its head and its tail."""
    sample = hashlib.blake2b(str(size).encode(), digest_size=20)
    sample.update(file.read_at(0, SAMPLE))
    sample.update(file.read_at(max(0, size - SAMPLE), SAMPLE))
    return sample.hexdigest()


def open_filed(tree: Tree, shelves: tuple[Shelf, ...], where: str, name: str) -> tuple[Tree, str, Opened]:
    """
    Open a result where `put_away` said that it is.

    Returns:
        The tree that it lies in, its name there, and the open file.

    Raises:
        Unsettled: it is not there any more, or no shelf of this watch folder has that place.

    """
    found = find(tree, shelves, where)
    if found is None:
        raise Unsettled("the earlier result was filed elsewhere", gone=True)
    try:
        path = within(found.folder, fit(name))
        return found.tree, path, found.tree.open(path)
    except (FileNotFoundError, NotADirectoryError, NotRegular) as error:
        raise Unsettled("the earlier result is not where it was filed", gone=True) from error


def find(tree: Tree, shelves: tuple[Shelf, ...], where: str) -> Shelf | None:
    """Give the folder that `put_away` called so, in its tree; None where no shelf here has that place."""
    for shelf in shelves:
        if shelf.tree is tree and not Path(where).is_absolute():
            return Shelf(tree=tree, folder=where)
        if shelf.tree is not tree and Path(where).is_relative_to(shelf.tree.root):
            return Shelf(tree=shelf.tree, folder=str(Path(where).relative_to(shelf.tree.root)))
    return None


def vacant(tree: Tree, shelves: tuple[Shelf, ...], where: str, name: str) -> str:
    """Give the first free number of a name where `put_away` said that an earlier claim is."""
    found = find(tree, shelves, where)
    names = (numbered_file(fit(name), number) for number in itertools.count(1))
    if found is None or (look := found.tree.look(found.folder)) is None or look.kind is not Kind.FOLDER:
        return next(names)
    return next(free for free in names if found.tree.look(within(found.folder, free)) is None)


def copy(tree: Tree, claim_id: ClaimId, name: str, source: Source) -> Digest:
    """Write what a source holds under the hidden name of a result's download; gives the SHA-256 of what was read."""
    making = within(lying(claim_id), result_in_the_making(name))
    # What was begun, and the note by which a download would go on behind what is written now. Gone for good first, so
    # that no power cut gives the result's name to the old bytes.
    for begun in (f"{making}.etag", making):
        if tree.look(begun) is not None:
            tree.remove(begun)
            tree.sync(lying(claim_id))
    digest = hashlib.sha256()

    def chunks() -> Iterator[bytes]:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            yield chunk

    try:
        tree.create(making, chunks())
    except BaseException:
        with contextlib.suppress(OSError):
            tree.remove(making)
        raise
    return Digest(digest.hexdigest())
