"""
Our trace in a watch folder: ``processing/``, the id in it, and what lies there that is nobody's.

Made of the steps of a tree. An id is written once and stays; what lies in ``processing/`` is only looked at.
"""

import contextlib
import errno
import secrets
from collections.abc import Set as AbstractSet
from typing import Final

from panjaya_watchd.core.names import display
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.guard import LONGEST, id_in
from panjaya_watchd.places.naming import PROCESSING, TRACE, within
from panjaya_watchd.places.steps import make, write
from panjaya_watchd.places.tree import Kind, Tree

_BYTES: Final = 8
_NOT_OURS_TO_SEE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES})


def leave(tree: Tree, root_id: str | None) -> None:
    """Make ``processing/`` with an id, this one or a new one, unless one is there already. Durable when it returns."""
    make(tree, PROCESSING)
    look = tree.look(TRACE)
    if look is not None:
        with contextlib.closing(tree.open(TRACE)) as file:
            if id_in(file.read(LONGEST)) is not None:
                return
    write(tree, TRACE, f"{root_id or secrets.token_hex(_BYTES)}\n")


def refuse_empty(tree: Tree) -> None:
    """
    Make sure that a root without the known id holds anything at all.

    Raises:
        PlaceError: it is empty. Then it is likelier that this is a bare mount point than that people emptied it (R13).

    """
    with contextlib.closing(tree.entries("", lambda _: False)) as entries:
        if next(entries, None) is None:
            raise PlaceError(
                f"{display(str(tree.root))} is empty, and even {PROCESSING}/ is gone, which this service made there.",
                hint=f"Mount the share; if nothing is to be mounted, make the folder {PROCESSING}, and it goes on.",
            )


def strays(tree: Tree, known: AbstractSet[str]) -> tuple[str, ...]:
    """Give the folders in ``processing/`` that hold something and are none of the known claims'."""
    try:
        found = sorted(name for name, kind in tree.entries(PROCESSING, lambda _: True) if kind is Kind.FOLDER)
        return tuple(name for name in found if name not in known and _holds_something(tree, name))
    except OSError as error:
        if error.errno not in _NOT_OURS_TO_SEE:
            raise
        return ()


def _holds_something(tree: Tree, name: str) -> bool:
    with contextlib.closing(tree.entries(within(PROCESSING, name), lambda _: False)) as entries:
        return next(entries, None) is not None
