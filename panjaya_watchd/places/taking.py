"""
From the watch folder into ``processing/<claim>/``, and back.

It promises that a part is in exactly one of the two after every step (whole in at least one, where another file system
is mounted below the watch folder), that only what settled is taken in, and that parts which go back still match one
another, also where their names are taken by now.
"""

import errno
import itertools

from panjaya_watchd.core.drop import Drop, Part
from panjaya_watchd.core.names import ClaimId, display
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places import copying
from panjaya_watchd.places.base import Unsettled
from panjaya_watchd.places.naming import PROCESSING, base, lying, parent, returned, within
from panjaya_watchd.places.steps import IN_USE, fresh, leave, make, stands, sweep
from panjaya_watchd.places.tree import Kind, Tree


def take_in(tree: Tree, claim_id: ClaimId, drop: Drop) -> Drop:
    """
    Rename all parts into the claim's folder. Durable when it returns; raises `Unsettled` after giving back.

    Returns:
        The drop with its parts as they lie there: one from another device had to be copied.

    """
    folder = lying(claim_id)
    try:
        there = [part for part in (_arrived(tree, claim_id, part) for part in drop.parts) if part is not None]
        waiting = [part for part in drop.parts if part.name not in {part.name for part in there}]
        if waiting and all(tree.look(part.name) is None for part in waiting):
            expect(tree, PROCESSING)
        for part in waiting:
            _confirm(tree, part)
        make(tree, folder)
        for part in waiting:
            _confirm(tree, part)
            there.append(_bring(tree, claim_id, part))
    except Unsettled:
        give_back(tree, claim_id, drop)
        sweep(tree, folder)
        leave(tree, folder)
        raise
    tree.sync(folder)
    tree.sync(parent(folder))
    for source in sorted({parent(part.name) for part in drop.parts}):
        if tree.look(source) is not None:
            tree.sync(source)
    return drop.with_parts(there)


def expect(tree: Tree, folder: str) -> None:
    """
    Make sure that a folder of ours is there before something in it counts as gone.

    Raises:
        PlaceError: it is not. Then it is likelier that this is a bare mount point than that people removed it (R13).

    """
    if tree.look(folder) is None:
        raise PlaceError(
            f"{display(str(tree.root / folder))} is not there.",
            hint="Mount the share; if it is mounted, make that folder, and it goes on.",
        )


def _arrived(tree: Tree, claim_id: ClaimId, part: Part) -> Part | None:
    """Give a part that was taken in before a crash, as it lies there; None where it was not."""
    target = within(lying(claim_id), base(part.name))
    there = fresh(tree, target)
    if there is None:
        return None
    here = tree.look(part.name)
    if not there.same_content(part.fingerprint):
        if not there.may_copy(part.fingerprint):
            raise Unsettled(f"{display(part.name)} has changed")
        return copying.arrived(tree, claim_id, part, target)
    if here is not None and here.fingerprint == there:
        # A rename by link and unlink was cut between the two: this is the same file's first name.
        tree.remove(part.name)
    elif here is not None and here.fingerprint == part.fingerprint:
        # Inodes of two devices may be the same number.
        return copying.arrived(tree, claim_id, part, target)
    return part


def _confirm(tree: Tree, part: Part) -> None:
    """Make sure that a part is what it was when the drop settled."""
    now = fresh(tree, part.name)
    if now is None:
        raise Unsettled(f"{display(part.name)} is gone", gone=True)
    if now != part.fingerprint:
        raise Unsettled(f"{display(part.name)} has changed")


def _bring(tree: Tree, claim_id: ClaimId, part: Part) -> Part:
    target = within(lying(claim_id), base(part.name))
    try:
        tree.move(part.name, target)
    except FileNotFoundError as error:
        raise Unsettled(f"{display(part.name)} is gone", gone=True) from error
    except OSError as error:
        if error.errno in IN_USE:
            raise Unsettled(f"{display(part.name)} is in use by another program") from error
        if error.errno == errno.EXDEV:
            return copying.bring(tree, claim_id, part, target)
        raise
    if not stands(tree, target, part):
        raise Unsettled(f"{display(part.name)} was replaced by another file")
    return part


def give_back(tree: Tree, claim_id: ClaimId, drop: Drop) -> int:
    """
    Move what was taken in to where it was, as ``stem (2)``, ``stem (3)`` … where a name is taken.

    Returns:
        The number, the same for all parts, 1 for none. Durable when it returns.

    """
    folder = lying(claim_id)
    inside = [part for part in drop.parts if tree.look(within(folder, base(part.name))) is not None]
    if not inside:
        return _begun(tree, drop, drop.parts)
    for part in inside:
        copying.forget(tree, claim_id, part, within(folder, base(part.name)))
    outside = [part for part in drop.parts if part not in inside]
    number = next(
        number
        for number in itertools.count(_begun(tree, drop, outside))
        if not any(_blocked(tree, folder, part, returned(drop, part, number)) for part in inside)
        and _return(tree, folder, drop, inside, number)
    )
    for back in sorted({parent(part.name) for part in inside}):
        tree.sync(back)
    tree.sync(folder)
    return number


def _begun(tree: Tree, drop: Drop, parts: tuple[Part, ...] | list[Part]) -> int:
    """Give the number under which parts went back before a crash; 1 where none did."""
    found = (number for number in range(1, 10) for part in parts if _lies(tree, returned(drop, part, number), part))
    return next(found, 1)


def _lies(tree: Tree, name: str, part: Part) -> bool:
    """Say whether a name leads to a part, or to what can be its copy."""
    look = tree.look(name)
    return look is not None and look.kind is Kind.FILE and look.fingerprint.may_copy(part.fingerprint)


def _blocked(tree: Tree, folder: str, part: Part, target: str) -> bool:
    """Say whether a name is taken by anything but the part itself."""
    look, inside = tree.look(target), within(folder, base(part.name))
    return look is not None and look != tree.look(inside) and not copying.is_copied(tree, inside, target)


def _return(tree: Tree, folder: str, drop: Drop, inside: list[Part], number: int) -> bool:
    """Move all parts, or none where a name was taken at the last moment."""
    moved: list[Part] = []
    try:
        for part in inside:
            target = returned(drop, part, number)
            make(tree, parent(target))
            copying.hand_over(tree, within(folder, base(part.name)), target)
            moved.append(part)
    except FileExistsError:
        for part in moved:
            copying.hand_over(tree, returned(drop, part, number), within(folder, base(part.name)))
        return False
    return True
