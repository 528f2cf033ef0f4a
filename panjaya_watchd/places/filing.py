"""
The long moves: a drop into ``processing/``, a claim into ``done/`` or ``failed/``, parts back to where they came from.

Each is a row of steps that may end after any of them. Asked again, it looks at what is already where, and does the
rest. It promises that a part is at each moment in exactly one of the two places (or, between devices, removed from the
first only after the second was read back and found equal), and that no name is ever taken from another file.
"""

import contextlib
import errno
import hashlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from panjaya_watchd.core.drop import Drop, Fingerprint, Part
from panjaya_watchd.core.names import ClaimId, display
from panjaya_watchd.places import naming
from panjaya_watchd.places.base import Unsettled
from panjaya_watchd.places.naming import base, lying, parent, within
from panjaya_watchd.places.tree import Kind, Look, NotRegular, Opened, Tree

_CHUNK: Final = 1 << 20
_IN_USE: Final = frozenset({errno.EBUSY, errno.ETXTBSY, errno.EAGAIN})
"""What a cifs server answers while somebody has the file open without sharing it."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where finished claims go: a folder, by its name in a tree."""

    tree: Tree
    folder: str


def take_in(tree: Tree, claim_id: ClaimId, drop: Drop) -> None:
    """Rename all parts into the claim's folder, or give back those that were; raises `Unsettled` then."""
    folder = lying(claim_id)
    try:
        waiting = [part for part in drop.parts if not _arrived(tree, folder, part)]
        for part in waiting:
            _confirm(tree, part)
        _make(tree, folder)
        for part in waiting:
            _confirm(tree, part)
            _bring(tree, folder, part)
    except Unsettled:
        _return(tree, folder, drop)
        _leave(tree, folder)
        raise
    tree.sync(folder)
    tree.sync(parent(folder))
    for source in sorted({parent(part.name) for part in drop.parts}):
        if tree.look(source) is not None:
            tree.sync(source)


def put_away(tree: Tree, shelf: Shelf, claim_id: ClaimId, drop: Drop, papers: Mapping[str, str]) -> str:
    """Move the claim's folder, with its papers, to the shelf; says where it is by now."""
    folder, there = lying(claim_id), within(shelf.folder, parent(drop.parts[0].name))
    filed = _find(tree, shelf.tree, there, claim_id, drop, papers)
    if filed is None:
        _make(tree, folder)
        _sweep(tree, folder)
        for name, text in papers.items():
            write(tree, within(folder, naming.fit(name)), text)
        tree.sync(folder)
        _make(shelf.tree, there)
        filed = _shelve(tree, folder, shelf.tree, there, drop.stem, claim_id)
    else:
        _remove_copied(tree, folder, shelf.tree, filed, {})
    return filed if shelf.tree is tree else str(shelf.tree.root / filed)


def give_back(tree: Tree, failed: Shelf, claim_id: ClaimId, drop: Drop, papers: Mapping[str, str]) -> str:
    """Return the parts to the watch folder; results that are there already go to ``failed/`` with the papers."""
    folder = lying(claim_id)
    number = _return(tree, folder, drop)
    _sweep(tree, folder)
    if any(True for _ in _files(tree, folder)):
        put_away(tree, failed, claim_id, drop, papers)
    _leave(tree, folder)
    return naming.returned(drop, drop.video or drop.parts[0], number)


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
        tree.rename(source, target)
    except FileExistsError:
        one, other = tree.look(source), tree.look(target)
        if one is None or one != other or one.kind is not Kind.FILE:
            raise
        tree.remove(source)


def _arrived(tree: Tree, folder: str, part: Part) -> bool:
    """Say whether a part was taken in before a crash."""
    target = within(folder, base(part.name))
    there = _fresh(tree, target)
    if there is None:
        return False
    if not there.same_content(part.fingerprint):
        raise Unsettled(f"{display(part.name)} has changed")
    here = tree.look(part.name)
    if here is not None and here.kind is Kind.FILE and here.fingerprint == there:
        tree.remove(part.name)
    return True


def _confirm(tree: Tree, part: Part) -> None:
    """Make sure that a part is what it was when the drop settled."""
    fresh = _fresh(tree, part.name)
    if fresh is None:
        raise Unsettled(f"{display(part.name)} is gone", gone=True)
    if fresh != part.fingerprint:
        raise Unsettled(f"{display(part.name)} has changed")


def _bring(tree: Tree, folder: str, part: Part) -> None:
    target = within(folder, base(part.name))
    try:
        tree.rename(part.name, target)
    except FileNotFoundError as error:
        raise Unsettled(f"{display(part.name)} is gone", gone=True) from error
    except OSError as error:
        if error.errno in _IN_USE:
            raise Unsettled(f"{display(part.name)} is in use by another program") from error
        raise
    moved = tree.look(target)
    if moved is None or not moved.fingerprint.same_content(part.fingerprint):
        raise Unsettled(f"{display(part.name)} was replaced by another file")


def _fresh(tree: Tree, name: str) -> Fingerprint | None:
    """Ask an open descriptor, because a look at the name may be answered from a client's cache."""
    try:
        with contextlib.closing(tree.open(name)) as file:
            return file.fingerprint()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except NotRegular as error:
        raise Unsettled(f"{display(name)} is no file any more") from error
    except OSError as error:
        if error.errno in _IN_USE:
            raise Unsettled(f"{display(name)} is in use by another program") from error
        raise


def _return(tree: Tree, folder: str, drop: Drop) -> int:
    """Move what was taken in back to where it was, all parts under one number; gives that number."""
    inside = [part for part in drop.parts if tree.look(within(folder, base(part.name))) is not None]
    outside = [part for part in drop.parts if part not in inside]
    begun = (n for n in range(1, 10) for part in outside if _stands(tree, naming.returned(drop, part, n), part))
    for number in itertools.count(next(begun, 1)):
        if any(_blocked(tree, folder, part, naming.returned(drop, part, number)) for part in inside):
            continue
        moved: list[Part] = []
        try:
            for part in inside:
                target = naming.returned(drop, part, number)
                _make(tree, parent(target))
                carry(tree, within(folder, base(part.name)), target)
                moved.append(part)
        except FileExistsError:
            for part in moved:
                tree.rename(naming.returned(drop, part, number), within(folder, base(part.name)))
            continue
        for back in sorted({parent(part.name) for part in inside}):
            tree.sync(back)
        if inside:
            tree.sync(folder)
        return number
    raise AssertionError


def _stands(tree: Tree, name: str, part: Part) -> bool:
    look = tree.look(name)
    return look is not None and look.kind is Kind.FILE and look.fingerprint.same_content(part.fingerprint)


def _blocked(tree: Tree, folder: str, part: Part, target: str) -> bool:
    """Say whether a name is taken by anything but the part itself."""
    look = tree.look(target)
    return look is not None and look != tree.look(within(folder, base(part.name)))


def _leave(tree: Tree, folder: str) -> None:
    """Remove a claim's folder if nothing is left in it."""
    if tree.look(folder) is not None:
        with contextlib.suppress(OSError):
            tree.clear(folder)
        tree.sync(parent(folder))


def _make(tree: Tree, folder: str) -> None:
    """Make all levels of a folder, each durable before the next."""
    for above in itertools.accumulate(folder.split("/") if folder else (), within):
        if tree.make(above):
            tree.sync(parent(above))


def _files(tree: Tree, folder: str) -> Iterator[tuple[str, Look]]:
    """Give the regular files of a folder by their base names, sorted; none where there is no folder."""
    if tree.look(folder) is not None:
        for name, look in sorted(tree.entries(folder, lambda _: False), key=lambda entry: entry[0]):
            if look is not None and look.kind is Kind.FILE:
                yield name, look


def _sweep(tree: Tree, folder: str) -> None:
    """Remove what we had not finished writing."""
    for name, _ in _files(tree, folder):
        if naming.is_in_the_making(name):
            tree.remove(within(folder, name))


def _find(
    tree: Tree, target: Tree, there: str, claim_id: ClaimId, drop: Drop, papers: Mapping[str, str]
) -> str | None:
    """Find where a claim was filed before a crash: by its papers, which name it, or by its parts' very inodes."""
    if target.look(there) is None:
        return None
    names = sorted(name for name, look in target.entries(there, lambda _: True) if look is None)
    for name in names:
        if naming.is_numbered(name, naming.numbered(drop.stem, 1)):
            filed = within(there, name)
            if any(_names_claim(target, within(filed, naming.fit(paper)), claim_id) for paper in papers):
                return filed
            if tree.look(lying(claim_id)) is None and any(
                _stands(target, within(filed, base(part.name)), part) for part in drop.parts
            ):
                return filed
    return None


def _names_claim(tree: Tree, name: str, claim_id: ClaimId) -> bool:
    try:
        with contextlib.closing(tree.open(name)) as file:
            return claim_id.encode() in file.read(_CHUNK)
    except (FileNotFoundError, NotRegular):
        return False


def _shelve(tree: Tree, folder: str, target: Tree, there: str, stem: str, claim_id: ClaimId) -> str:
    """Rename the claim's folder to the first free name; copy it first where that leads to another device."""
    source, origin, verified = folder, tree, dict[str, Fingerprint]()
    for number in itertools.count(1):
        filed = within(there, naming.numbered(stem, number))
        try:
            _rename_folder(origin, source, filed, target)
        except OSError as error:
            if error.errno == errno.EXDEV and origin is tree and source == folder:
                source, origin = within(there, naming.copy_in_the_making(claim_id)), target
                verified = _copy(tree, folder, target, source)
                _rename_again = True
            elif error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
                raise
        else:
            break
    target.sync(there)
    if verified:
        _remove_copied(tree, folder, target, filed, verified)
    else:
        tree.sync(parent(folder))
    return filed
