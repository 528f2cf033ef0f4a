"""
From the watch folder into ``processing/<claim>/``, and back.

It promises that a part is in exactly one of the two after every step, that only what settled is taken in, and that
parts which go back still match one another, also where their names are taken by now.
"""

import itertools

from panjaya_watchd.core.drop import Drop, Part
from panjaya_watchd.core.names import ClaimId, display
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.base import Unsettled
from panjaya_watchd.places.naming import PROCESSING, base, lying, parent, returned, within
from panjaya_watchd.places.steps import IN_USE, carry, fresh, leave, make, stands
from panjaya_watchd.places.tree import Tree


def take_in(tree: Tree, claim_id: ClaimId, drop: Drop) -> None:
    """Rename all parts into the claim's folder. Durable when it returns; raises `Unsettled` after giving back."""
    folder = lying(claim_id)
    try:
        waiting = [part for part in drop.parts if not _arrived(tree, folder, part)]
        if waiting and all(tree.look(part.name) is None for part in waiting):
            expect(tree, PROCESSING)
        for part in waiting:
            _confirm(tree, part)
        make(tree, folder)
        for part in waiting:
            _confirm(tree, part)
            _bring(tree, folder, part)
    except Unsettled:
        give_back(tree, claim_id, drop)
        leave(tree, folder)
        raise
    tree.sync(folder)
    tree.sync(parent(folder))
    for source in sorted({parent(part.name) for part in drop.parts}):
        if tree.look(source) is not None:
            tree.sync(source)


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


def _arrived(tree: Tree, folder: str, part: Part) -> bool:
    """Say whether a part was taken in before a crash."""
    there = fresh(tree, within(folder, base(part.name)))
    if there is None:
        return False
    if not there.same_content(part.fingerprint):
        raise Unsettled(f"{display(part.name)} has changed")
    here = tree.look(part.name)
    if here is not None and here.fingerprint == there:
        # A rename by link and unlink was cut between the two: this is the same file's first name.
        tree.remove(part.name)
    return True


def _confirm(tree: Tree, part: Part) -> None:
    """Make sure that a part is what it was when the drop settled."""
    now = fresh(tree, part.name)
    if now is None:
        raise Unsettled(f"{display(part.name)} is gone", gone=True)
    if now != part.fingerprint:
        raise Unsettled(f"{display(part.name)} has changed")


def _bring(tree: Tree, folder: str, part: Part) -> None:
    target = within(folder, base(part.name))
    try:
        tree.move(part.name, target)
    except FileNotFoundError as error:
        raise Unsettled(f"{display(part.name)} is gone", gone=True) from error
    except OSError as error:
        if error.errno in IN_USE:
            raise Unsettled(f"{display(part.name)} is in use by another program") from error
        raise
    if not stands(tree, target, part):
        raise Unsettled(f"{display(part.name)} was replaced by another file")


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
    found = (number for number in range(1, 10) for part in parts if stands(tree, returned(drop, part, number), part))
    return next(found, 1)


def _blocked(tree: Tree, folder: str, part: Part, target: str) -> bool:
    """Say whether a name is taken by anything but the part itself."""
    look = tree.look(target)
    return look is not None and look != tree.look(within(folder, base(part.name)))


def _return(tree: Tree, folder: str, drop: Drop, inside: list[Part], number: int) -> bool:
    """Move all parts, or none where a name was taken at the last moment."""
    moved: list[Part] = []
    try:
        for part in inside:
            target = returned(drop, part, number)
            make(tree, parent(target))
            carry(tree, within(folder, base(part.name)), target)
            moved.append(part)
    except FileExistsError:
        for part in moved:
            tree.move(returned(drop, part, number), within(folder, base(part.name)))
        return False
    return True
