"""
Facts that say "not yet" about a drop that has been quiet: quiet is necessary, never sufficient (R14).

Each fact is a sentence for the dropper about one part. It never says that a drop is whole, and changes nothing.
"""

import contextlib
import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from panjaya_watchd.core.drop import Drop, Fingerprint, Part, group
from panjaya_watchd.core.names import display, fold
from panjaya_watchd.core.settle import Evidence
from panjaya_watchd.places import probes
from panjaya_watchd.places.junk import becomes, is_member
from panjaya_watchd.places.naming import base, parent, within
from panjaya_watchd.places.tree import Kind, NotRegular, Opened, Tree

_DENIED: Final = "may not be read by the service; give it the right to read, or copy the file again"
_BUSY: Final[dict[int, tuple[str, str | None]]] = {
    errno.EBUSY: ("is in use by another program", None),
    errno.ETXTBSY: ("is in use by another program", None),
    errno.EAGAIN: ("is in use by another program", None),
    # `cp -p` makes its file with mode 0600 and opens it to others at the end; a locked range on cifs says the same.
    errno.EACCES: ("is still being copied, or may not be read by the service", _DENIED),
    errno.EPERM: ("is still being copied, or may not be read by the service", _DENIED),
    errno.ESTALE: ("cannot be read just now, because the share's server was interrupted", None),
    errno.EIO: ("cannot be read just now, because the disk or the share reports an error", None),
}

_OPEN: Final = "is still open for writing in another program"
_TWICE: Final = "has a second name somewhere else (a hard link), so it could change unseen; copy it here instead"
_RSYNC: Final = "was left half copied by rsync, which dates such files 1970; copy it again"
_FINDER: Final = "is still being copied by a Mac"

_DOUBLE: Final = 1 << 16
"""Bytes of a ``._`` file that are read; the Finder's notes are in the first hundred."""


@dataclass(slots=True)
class Leases:
    """
    Where a refused lease means that somebody writes.

    ``count`` says so of a part's name, by the storage that it lies on. ``missed`` once the kernel did not answer where
    it could have: then this sign is missing, and the others have to do.
    """

    count: Callable[[str], bool]
    missed: bool = False

    def where(self, name: str) -> "Leases":
        """Judge by where a part lies by now, whatever its own name is."""
        return Leases(lambda _: self.count(name))

    def is_written(self, name: str, file: Opened) -> bool:
        """Say whether somebody has a part open for writing, as far as that can be told."""
        if not self.count(name):
            return False
        written = file.is_written()
        self.missed = self.missed or written is None
        return bool(written)


def collect(tree: Tree, drop: Drop, leases: Leases) -> tuple[Evidence, ...]:
    """
    Look at every part afresh and for copies that are still running beside it.

    Raises:
        OSError: for what says something about us and nothing about the part, such as too many open files.

    """
    freshly = (_freshly(tree, part, part.name, leases, exact=True) for part in drop.parts)
    return (*(each for each in freshly if each is not None), *_beside(tree, drop))


def remains(tree: Tree, part: Part, name: str, leases: Leases) -> Evidence | None:
    """Look once more at a part that was taken in as ``name``: a rename does not stop whoever has it open (R61)."""
    return _freshly(tree, part, name, leases, exact=False)


def _freshly(tree: Tree, part: Part, name: str, leases: Leases, *, exact: bool) -> Evidence | None:
    """Open and ask the descriptor: on NFS only ``open`` brings news (close-to-open), a look may be 60 s old."""
    try:
        with contextlib.closing(tree.open(name)) as file:
            return _asked(tree, file, part, leases if exact else leases.where(name), exact=exact)
    except (FileNotFoundError, NotADirectoryError):
        return Evidence(name=part.name, says="is gone")
    except NotRegular:
        return Evidence(name=part.name, says="is a link or a special file, and those are never read")
    except OSError as error:
        if error.errno not in _BUSY:
            raise
        says, lasting = _BUSY[error.errno]
        return Evidence(name=part.name, says=says, lasting=lasting)


def _asked(tree: Tree, file: Opened, part: Part, leases: Leases, *, exact: bool) -> Evidence | None:
    now = file.fingerprint()
    same = now == part.fingerprint if exact else now.same_content(part.fingerprint)
    if not same or file.size != part.fingerprint.size:
        return Evidence(name=part.name, says="is still changing")
    if exact and file.names() > 1:
        return Evidence(name=part.name, says=_TWICE)
    if leases.is_written(part.name, file):
        return Evidence(name=part.name, says=_OPEN)
    if now.mtime_ns == 0:
        return Evidence(name=part.name, says=_RSYNC)
    if exact and (probes.is_busy(file.finder_info()) or probes.is_busy(_noted_beside(tree, part.name))):
        return Evidence(name=part.name, says=_FINDER)
    return None


def _noted_beside(tree: Tree, name: str) -> bytes:
    """Read the Finder's notes from ``._name``, where a Mac keeps them on a share without attributes."""
    try:
        with contextlib.closing(tree.open(within(parent(name), f"._{base(name)}"))) as file:
            return probes.finder_info_of(file.read(_DOUBLE))
    except OSError:
        return b""


def _beside(tree: Tree, drop: Drop) -> Iterator[Evidence]:
    """
    Find ``interview.mp4.part`` and its like, and sidecars that are no files; whose they are is judged as for any name.

    A link named ``interview.toml`` is never read, and without it something else would be bought than was meant.
    """
    first = drop.video or drop.parts[0]
    folder = parent(first.name)
    own = {part.name for part in drop.parts}
    if tree.look(folder) is None:
        return
    near = fold(drop.stem)

    def elsewhere(name: str) -> bool:
        """Spare the look at every name that is no running copy's, and no sidecar's of ours."""
        return becomes(name) is None and not (is_member(name) and fold(name).startswith(near))

    for name, found in sorted(tree.entries(folder, elsewhere), key=lambda entry: entry[0]):
        running = becomes(name)
        if running is None and (isinstance(found, Fingerprint) or found is Kind.FOLDER or not is_member(name)):
            continue
        final = running or name
        grown = group(
            [*((part.name, part.fingerprint) for part in drop.parts), (within(folder, final), first.fingerprint)]
        )
        if any(each.key == drop.key and _joins(each, own, within(folder, final)) for each in grown):
            yield Evidence(
                name=first.name,
                says=f"is still being copied, because {display(name)} lies beside it; "
                "if that is left from an earlier copy, delete it"
                if running
                else f"waits, because {display(name)} beside it is a link, or something else that cannot be read; "
                "put the file itself there, or delete it",
            )


def _joins(found: Drop, own: set[str], name: str) -> bool:
    return name in own or any(part.name == name for part in found.parts)
