"""
From ``processing/<claim>/`` into ``done/<stem>/`` or ``failed/<stem>/``.

The claim's folder is renamed as a whole, so people see all of it or nothing. To another device it is copied under a
hidden name, read back and compared, renamed there, and only then removed here (R33). Asked again after a crash, it
finds what it has filed and does the rest.
"""

import errno
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from panjaya_watchd.core.drop import Drop, Fingerprint
from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.places import copying, naming, taking
from panjaya_watchd.places.naming import base, lying, parent, within
from panjaya_watchd.places.steps import files, leave, make, mentions, stands, sweep, write
from panjaya_watchd.places.tree import Kind, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Where finished claims go: a folder, by its name in a tree."""

    tree: Tree
    folder: str


def put_away(tree: Tree, shelf: Shelf, claim_id: ClaimId, drop: Drop, papers: Mapping[str, str]) -> str:
    """Move the claim's folder, with its papers, to the shelf; says where it is by now. Durable when it returns."""
    folder, there = lying(claim_id), _there(shelf, drop)
    filed = _find(tree, shelf, claim_id, drop, papers)
    if filed is not None:
        _remove_copied(tree, folder, shelf.tree, filed, {})
    else:
        taking.expect(tree, folder)
        sweep(tree, folder)
        for name, text in papers.items():
            write(tree, within(folder, naming.fit(name)), text)
        tree.sync(folder)
        make(shelf.tree, there)
        filed = _shelve(tree, claim_id, shelf.tree, there, drop.stem)
    return filed if shelf.tree is tree else str(shelf.tree.root / filed)


def give_back(tree: Tree, failed: Shelf, claim_id: ClaimId, drop: Drop, papers: Mapping[str, str]) -> str:
    """
    Return the parts to the watch folder; results that were there already go to ``failed/`` with the papers.

    Returns:
        The name under which the video stands in the watch folder (the first part, where there is no video).

    """
    folder = lying(claim_id)
    taking.expect(tree, naming.PROCESSING)
    number = taking.give_back(tree, claim_id, drop)
    sweep(tree, folder)
    if files(tree, folder):
        put_away(tree, failed, claim_id, drop, papers)
    leave(tree, folder)
    return naming.returned(drop, drop.video or drop.parts[0], number)


def _there(shelf: Shelf, drop: Drop) -> str:
    """Give the folder on the shelf that mirrors the drop's sub-folder."""
    return within(shelf.folder, drop.folder)


def _find(tree: Tree, shelf: Shelf, claim_id: ClaimId, drop: Drop, papers: Mapping[str, str]) -> str | None:
    """
    Find where a claim was filed before a crash: by its papers, which name it, or by its parts' very inodes.

    Inodes count only where the claim's folder is gone, for a hard link may bear them too.
    """
    target, there = shelf.tree, _there(shelf, drop)
    if target.look(there) is None:
        return None
    gone = tree.look(lying(claim_id)) is None
    for name in sorted(name for name, found in target.entries(there, lambda _: True) if found is Kind.FOLDER):
        if naming.is_numbered(name, drop.stem):
            filed = within(there, name)
            if any(mentions(target, within(filed, naming.fit(paper)), claim_id) for paper in papers):
                return filed
            if gone and any(stands(target, within(filed, base(part.name)), part) for part in drop.parts):
                return filed
    return None


def _shelve(tree: Tree, claim_id: ClaimId, target: Tree, there: str, stem: str) -> str:
    """Get the claim's folder onto the shelf, by one rename or by a copy."""
    folder = lying(claim_id)
    try:
        filed = _rename_to_free(tree, folder, target, there, stem)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = within(there, naming.copy_in_the_making(claim_id))
        verified = _copy(tree, folder, target, copy)
        filed = _rename_to_free(target, copy, target, there, stem)
        target.sync(there)
        _remove_copied(tree, folder, target, filed, verified)
    else:
        target.sync(there)
        tree.sync(parent(folder))
    return filed


def _rename_to_free(tree: Tree, folder: str, target: Tree, there: str, stem: str) -> str:
    """Rename a folder to the first free of ``stem``, ``stem (2)`` …; the rename itself says which is free."""
    for number in itertools.count(1):
        filed = within(there, naming.numbered(stem, number))
        try:
            tree.move(folder, filed, target)
        except OSError as error:
            if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
                raise
        else:
            return filed
    raise AssertionError


def _copy(tree: Tree, folder: str, target: Tree, copy: str) -> dict[str, Fingerprint]:
    """Copy a folder's files under a hidden name and compare them; gives what each original was then."""
    make(target, copy)
    verified = {}
    for name, _ in files(tree, folder):
        verified[name] = copying.copy(tree, within(folder, name), target, within(copy, name))
    target.sync(copy)
    return verified


def _remove_copied(tree: Tree, folder: str, target: Tree, filed: str, verified: Mapping[str, Fingerprint]) -> None:
    """Remove the originals whose copies are proved; what has no equal copy stays where it is."""
    for name, now in files(tree, folder):
        original = within(folder, name)
        if verified.get(name) == now or copying.equal(tree, original, target, within(filed, name)):
            tree.remove(original)
    leave(tree, folder)
