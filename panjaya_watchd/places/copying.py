"""
Copying, where no rename reaches: between two devices.

A copy is written under a hidden name, synced, read back and compared; only then it gets its name, and only when that is
durable the original is removed. So whatever step is the last, a file is whole in at least one place, and asking again
resolves two by comparing them (R33). What takes an original's name meanwhile is never removed with it.
"""

import contextlib
import errno
import hashlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from panjaya_watchd.core.drop import Fingerprint, Part
from panjaya_watchd.core.names import ClaimId, display
from panjaya_watchd.places import naming
from panjaya_watchd.places.base import Unsettled
from panjaya_watchd.places.naming import base, parent, within
from panjaya_watchd.places.steps import carry, fresh
from panjaya_watchd.places.tree import Kind, Opened, Tree

_CHUNK: Final = 1 << 20


def copy(tree: Tree, name: str, target: Tree, twin: str, *, only: Fingerprint | None = None) -> Fingerprint:
    """
    Copy one file with its time and our mark, and compare the two. The copy's content is durable when it returns.

    Args:
        tree: where the original lies, by ``name``.
        target: where the copy is written, as ``twin``; what an earlier try left there is thrown away.
        only: what the original must be; of anything else not one byte is read.

    Returns:
        What the original was while it was copied.

    Raises:
        OSError: also where the original changed meanwhile, or was not ``only`` that, or the copy differs.

    """
    if target.look(twin) is not None:
        target.remove(twin)
    with contextlib.closing(tree.open(name)) as file:
        before = file.fingerprint()
        if only is not None and before != only:
            raise OSError(errno.ESTALE, "it is not what it was", name)
        if file.names() > 1:  # whose else it is, and who may read it, cannot be told
            raise OSError(errno.EMLINK, "it has a second name, and is not read", name)
        target.create(twin, _chunks(file), mtime_ns=before.mtime_ns)
        mark = tree.marked(name)
        if mark is not None:
            target.mark(twin, mark)
        target.sync(twin)
        if file.fingerprint() != before or not equal(tree, name, target, twin):
            raise OSError(errno.EIO, "the copy differs from its original", name)
    return before


def equal(tree: Tree, name: str, target: Tree, twin: str) -> bool:
    """Compare two files by size and SHA-256, both read from the beginning."""
    one, other = tree.look(name), target.look(twin)
    if one is None or other is None or one.fingerprint.size != other.fingerprint.size:
        return False
    return _digest(tree, name) == _digest(target, twin)


def bring(tree: Tree, claim_id: ClaimId, part: Part, target: str) -> Part:
    """
    Take a part in that lies on another device; gives it as it lies now. Durable when it returns.

    Raises:
        Unsettled: it changed meanwhile; then it is still where it was, and nothing of it is here.

    """
    making = within(parent(target), naming.copy_of_a_part(base(target)))
    try:
        copy(tree, part.name, tree, making, only=part.fingerprint)
    except OSError as error:
        with contextlib.suppress(OSError):
            tree.remove(making)
        _need(tree, part, error)
        raise
    try:
        _need(tree, part)
    except Unsettled:
        tree.remove(making)
        raise
    tree.move(making, target)
    tree.sync(parent(target))
    return arrived(tree, claim_id, part, target)


def arrived(tree: Tree, claim_id: ClaimId, part: Part, target: str) -> Part:
    """
    Remove the original of a part that was copied in; gives the part as it lies now. Durable when it returns.

    Raises:
        Unsettled: both are there, and they differ.

    """
    look = tree.look(target)
    if look is None:
        raise Unsettled(f"{display(part.name)} is gone", gone=True)
    here = tree.look(part.name)
    if here is not None and _is(here.kind, here.fingerprint, part) and not equal(tree, part.name, tree, target):
        raise Unsettled(f"{display(part.name)} has changed")
    _retire(tree, part, within(parent(part.name), naming.withdrawn(claim_id, base(part.name))))
    return replace(part, fingerprint=look.fingerprint)


def hand_over(tree: Tree, source: str, target: str) -> None:
    """
    Rename a file, or copy it where no rename reaches, or finish either after a crash. Durable if it was copied.

    Raises:
        FileExistsError: something else has the name.

    """
    try:
        carry(tree, source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    else:
        return
    if tree.look(target) is None:
        making = within(parent(target), naming.copy_of_a_part(base(source)))
        try:
            copy(tree, source, tree, making)
            tree.move(making, target)
        except OSError:
            with contextlib.suppress(OSError):
                tree.remove(making)
            raise
    elif not is_copied(tree, source, target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
    tree.sync(parent(target))
    tree.remove(source)


def is_copied(tree: Tree, source: str, target: str) -> bool:
    """Say whether a name leads to a whole copy of another's file, which a crash kept from being its only one."""
    one, other = tree.look(source), tree.look(target)
    if one is None or other is None or (one.kind, other.kind) != (Kind.FILE, Kind.FILE):
        return False
    return other.fingerprint.may_copy(one.fingerprint) and equal(tree, source, tree, target)


def forget(tree: Tree, claim_id: ClaimId, part: Part, copied: str) -> None:
    """Remove the original that a crash left under its hidden name, of a copy that is to go back now."""
    aside = within(parent(part.name), naming.withdrawn(claim_id, base(part.name)))
    if tree.look(aside) is not None and is_copied(tree, aside, copied):
        tree.remove(aside)


def _need(tree: Tree, part: Part, cause: OSError | None = None) -> None:
    """Make sure that the original is still what settled."""
    now = fresh(tree, part.name)
    if now is None:
        raise Unsettled(f"{display(part.name)} is gone", gone=True) from cause
    if now != part.fingerprint:
        raise Unsettled(f"{display(part.name)} has changed") from cause


def _is(kind: Kind, fingerprint: Fingerprint, part: Part) -> bool:
    return kind is Kind.FILE and fingerprint.same_content(part.fingerprint)


def _retire(tree: Tree, part: Part, aside: str) -> None:
    """Remove an original. It is renamed first and looked at then, so that nothing that took its name goes with it."""
    look = tree.look(aside)
    if look is None:
        here = tree.look(part.name)
        if here is None or not _is(here.kind, here.fingerprint, part):
            return
        try:
            tree.move(part.name, aside)
        except FileNotFoundError:
            return
        look = tree.look(aside)
    if look is not None and _is(look.kind, look.fingerprint, part):
        tree.remove(aside)
    elif look is not None:
        _put_back(tree, aside, part.name)
    tree.sync(parent(part.name))


def _put_back(tree: Tree, aside: str, name: str) -> None:
    """Give what was renamed by mistake its name again, with a number where that is taken by now."""
    for number in itertools.count(1):
        again = within(parent(name), naming.numbered_file(base(name), number))
        with contextlib.suppress(FileExistsError):
            tree.move(aside, again)
            return


def _digest(tree: Tree, name: str) -> bytes:
    digest = hashlib.sha256()
    with contextlib.closing(tree.open(name)) as file:
        for chunk in _chunks(file):
            digest.update(chunk)
    return digest.digest()


def _chunks(file: Opened) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk
