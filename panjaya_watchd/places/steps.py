"""Short rows of steps that every long move is made of. Each may be cut short after any step and asked for again."""

import contextlib
import errno
import itertools
from typing import Final

from panjaya_watchd.core.drop import Fingerprint, Part
from panjaya_watchd.core.names import display
from panjaya_watchd.places import naming
from panjaya_watchd.places.base import Unsettled
from panjaya_watchd.places.naming import base, parent, within
from panjaya_watchd.places.tree import Kind, NotRegular, Tree

IN_USE: Final = frozenset({errno.EBUSY, errno.ETXTBSY, errno.EAGAIN})
"""What a cifs server answers while somebody has the file open without sharing it."""


def make(tree: Tree, folder: str) -> None:
    """Make all levels of a folder, each durable before the next."""
    for above in itertools.accumulate(folder.split("/") if folder else (), within):
        if tree.make(above):
            tree.sync(parent(above))


def leave(tree: Tree, folder: str) -> None:
    """Remove a claim's folder if nothing is left in it. Durable when it returns."""
    if tree.look(folder) is not None:
        with contextlib.suppress(OSError):
            tree.clear(folder)
        tree.sync(parent(folder))


def files(tree: Tree, folder: str) -> list[tuple[str, Fingerprint]]:
    """Give the regular files of a folder by their base names, sorted; none where there is no folder."""
    if tree.look(folder) is None:
        return []
    entries = tree.entries(folder, lambda _: False)
    return sorted((name, found) for name, found in entries if isinstance(found, Fingerprint))


def sweep(tree: Tree, folder: str) -> None:
    """Remove from a claim's folder what we had not finished writing."""
    for name, _ in files(tree, folder):
        if naming.is_in_the_making(name):
            tree.remove(within(folder, name))


def write(tree: Tree, name: str, text: str) -> None:
    """Write or replace one of our own papers as a whole. Durable when it returns."""
    beside = within(parent(name), naming.paper_in_the_making(base(name)))
    if tree.look(beside) is not None:
        tree.remove(beside)
    # Text that quotes an undecodable name must not keep a drop from being answered.
    tree.create(beside, [text.encode(errors="replace")])
    tree.sync(beside)
    tree.replace(beside, name)
    tree.sync(parent(name))


def carry(tree: Tree, source: str, target: str) -> None:
    """Rename, or finish a rename that a crash left with both names on one file (see `durable.rename`)."""
    try:
        tree.move(source, target)
    except FileExistsError:
        one = tree.look(source)
        if one is None or one.kind is not Kind.FILE or one != tree.look(target):
            raise
        tree.remove(source)


def fresh(tree: Tree, name: str) -> Fingerprint | None:
    """
    Ask an open descriptor what a file is, because a look at its name may be answered from a client's cache.

    Returns:
        None where there is nothing of that name.

    Raises:
        Unsettled: something else stands there, or somebody holds the file.

    """
    try:
        with contextlib.closing(tree.open(name)) as file:
            return file.fingerprint()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except NotRegular as error:
        raise Unsettled(f"{display(name)} is no file any more") from error
    except OSError as error:
        if error.errno in IN_USE:
            raise Unsettled(f"{display(name)} is in use by another program") from error
        raise


def stands(tree: Tree, name: str, part: Part) -> bool:
    """Say whether a name leads to a part that was only renamed since it settled."""
    look = tree.look(name)
    return look is not None and look.kind is Kind.FILE and look.fingerprint.same_content(part.fingerprint)


def mentions(tree: Tree, name: str, words: str) -> bool:
    """Say whether a file holds these words, in its first megabyte."""
    try:
        with contextlib.closing(tree.open(name)) as file:
            return words.encode() in file.read(1 << 20)
    except (FileNotFoundError, NotRegular):
        return False
