"""
Facts that say "not yet" about a drop that has been quiet: quiet is necessary, never sufficient (R14).

Each fact is a sentence for the dropper about one part. It never says that a drop is whole, and changes nothing.
"""

import contextlib
import errno
from collections.abc import Iterator
from typing import Final

from panjaya_watchd.core.drop import Drop, group
from panjaya_watchd.core.names import display
from panjaya_watchd.core.settle import Evidence
from panjaya_watchd.places.junk import becomes
from panjaya_watchd.places.naming import parent, within
from panjaya_watchd.places.tree import NotRegular, Tree

_BUSY: Final = {
    errno.EBUSY: "is in use by another program",
    errno.ETXTBSY: "is in use by another program",
    errno.EAGAIN: "is in use by another program",
    # `cp -p` makes its file with mode 0600 and opens it to others at the end; a locked range on cifs says the same.
    errno.EACCES: "may not be read by the service yet; if it stays so, its permissions are to blame",
    errno.ESTALE: "cannot be read just now, because the share's server was interrupted",
    errno.EIO: "cannot be read just now, because the disk or the share reports an error",
}


def collect(tree: Tree, drop: Drop) -> tuple[Evidence, ...]:
    """
    Look at every part afresh and for copies that are still running beside it.

    Raises:
        OSError: for what says something about us and nothing about the part, such as too many open files.

    """
    return (*_freshly(tree, drop), *_beside(tree, drop))


def _freshly(tree: Tree, drop: Drop) -> Iterator[Evidence]:
    """Open and ask the descriptor: on NFS only ``open`` brings news (close-to-open), a look may be 60 s old."""
    for part in drop.parts:
        try:
            with contextlib.closing(tree.open(part.name)) as file:
                now = file.fingerprint()
        except (FileNotFoundError, NotADirectoryError):
            yield Evidence(name=part.name, says="is gone")
        except NotRegular:
            yield Evidence(name=part.name, says="is a link or a special file, and those are never read")
        except OSError as error:
            if error.errno not in _BUSY:
                raise
            yield Evidence(name=part.name, says=_BUSY[error.errno])
        else:
            if now != part.fingerprint:
                yield Evidence(name=part.name, says="is still changing")


def _beside(tree: Tree, drop: Drop) -> Iterator[Evidence]:
    """Find ``interview.mp4.part`` and its like; whose copy it will be is judged as for any other name."""
    first = drop.video or drop.parts[0]
    folder = parent(first.name)
    own = {part.name for part in drop.parts}
    if tree.look(folder) is None:
        return
    for name, _ in sorted(tree.entries(folder, _is_settled), key=lambda entry: entry[0]):
        final = becomes(name)
        if final is None:
            continue
        grown = group(
            [*((part.name, part.fingerprint) for part in drop.parts), (within(folder, final), first.fingerprint)]
        )
        if any(found.key == drop.key and _joins(found, own, within(folder, final)) for found in grown):
            yield Evidence(
                name=first.name,
                says=f"is still being copied, because {display(name)} lies beside it; "
                "if that is left from an earlier copy, delete it",
            )


def _is_settled(name: str) -> bool:
    """Spare the look at every name that is not a running copy's."""
    return becomes(name) is None


def _joins(found: Drop, own: set[str], name: str) -> bool:
    return name in own or any(part.name == name for part in found.parts)
