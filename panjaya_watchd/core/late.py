"""
Late sidecars: what arrives for a video that was taken already.

One that comes before the gate is used: the drop goes back, settles with it, and nothing was spent. One that comes later
is answered in writing (R46).
"""

from panjaya_watchd.core.claim import UNSENT, Claim, State
from panjaya_watchd.core.drop import Drop, Part
from panjaya_watchd.core.names import display


def joins(drop: Drop, newcomer: Drop) -> bool:
    """
    Say whether what came later can still go with a drop: every part in a role that it has not filled.

    Mostly that is sidecars. A video can join sidecars that were taken without one: then they were meant for it. With
    what a person has ordered by a word goes none: there is nothing that could be dropped once more together.
    """
    alone = newcomer.video is None or drop.video is None
    return bool(drop.parts) and newcomer.key == drop.key and alone and not _places(drop) & _places(newcomer)


def waits_with(claim: Claim, newcomer: Drop) -> str | None:
    """Say why sidecars wait whose video is taken; None where it is too late for them, which is answered."""
    before = claim.state in {State.CLAIMED, State.UPLOADING} or claim.held_for in UNSENT
    if not before or not joins(claim.drop, newcomer):
        return None
    return f"belongs to {display(claim.drop.stem)}, which was taken already, and is used before that is sent"


def _places(drop: Drop) -> set[tuple[str, str]]:
    return {_place(part) for part in drop.parts}


def _place(part: Part) -> tuple[str, str]:
    return part.role.value, (part.tag or "").casefold()
