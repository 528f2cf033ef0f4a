"""How a drop stands, in words: for ``STATUS.txt`` and ``status``."""

from collections.abc import Sequence
from typing import Final

from panjaya_watchd.core.claim import UNSENT, Claim, DubbingState, HeldFor, State
from panjaya_watchd.core.words import languages

SIGNATURE: Final = "(panjaya-watchd keeps this note.)"
"""The last line of ``STATUS.txt``; a file of that name without it is somebody else's and is left alone."""

SHOWN: Final = 50
"""How many drops a note names; in a folder of 100,000 nobody reads them all."""


def standing(claim: Claim) -> str:
    """Say in a few words what happens to a drop that was taken, for ``STATUS.txt`` and ``status``."""
    match claim.state.value:
        case "claimed":
            if claim.awaits is None:
                return f"cannot be taken just now: {claim.trouble}" if claim.trouble else "is about to be sent"
            return f"waits for the same video: {claim.trouble}" if claim.trouble else "is compared with the same video"
        case "uploading":
            return (
                f"could not be sent yet, and is tried again: {claim.trouble}"
                if claim.trouble
                else ("is being sent to Panjaya")
            )
        case "releasing":
            doubt = claim.attempt is not None and claim.attempt.doubt_since is not None
            return (
                "may have reached Panjaya; this is being checked" if doubt else "has been sent, waiting for an answer"
            )
        case "dubbing":
            return _dubbing(claim)
        case "held":
            return _held(claim)
        case _:
            return f"cannot be put away just now: {claim.trouble}" if claim.trouble else "is being put away"


def _dubbing(claim: Claim) -> str:
    waiting = [dubbing for dubbing in claim.dubbings if dubbing.state is not DubbingState.FETCHED]
    failed = f"; a step has failed and is tried again: {claim.trouble}" if claim.trouble else ""
    if not waiting:
        return f"is dubbed{failed}"
    tongues = languages([dubbing.locale for dubbing in waiting])
    if all(dubbing.editable for dubbing in waiting):
        links = " ".join(dubbing.studio_url for dubbing in waiting if dubbing.studio_url)
        return f"waits until somebody generates it in the Panjaya Studio: {tongues} {links}".rstrip() + failed
    long = ", which takes unusually long" if claim.overdue else ""
    return f"is being dubbed into {tongues}{long}{failed}"


def _held(claim: Claim) -> str:
    minutes = "" if claim.estimated_minutes is None else f" ({claim.estimated_minutes:.2f} minutes of dubbing)"
    if claim.held_for is HeldFor.FIRST_START:
        return f"lay here before the service came, and waits until the person who looks after it lets it go{minutes}"
    if claim.held_for in UNSENT:
        after = "It goes on by itself if a new day or month has room for it, or when the person who looks after"
        return f"waits: {claim.held}{minutes}. {after} this service lets it go"
    return f"waits for the person who looks after this service: {claim.held}"


def waits(claim: Claim) -> bool:
    """Say whether a claim stands still, for a person, a budget or the same video."""
    return claim.state is State.HELD or (claim.state is State.CLAIMED and claim.awaits is not None)


def farewell() -> str:
    """Write the ``STATUS.txt`` of a folder that was taken out of the configuration."""
    return (
        "This folder is not watched any more. What is dropped here stays as it is; what was taken before still comes "
        f"back.\nAsk the person who looks after the service where to drop videos instead.\n\n{SIGNATURE}\n"
    )


def status_note(
    waiting: Sequence[tuple[str, str]], taken: Sequence[tuple[str, str]], *, old: int = 0, old_minutes: float = 0.0
) -> str:
    """
    Write ``STATUS.txt``.

    Args:
        waiting: (name, why) of everything that stands still.
        taken: (name, what happens to it) of everything that is under way.
        old: how many drops are held since the first start; they are not named.
        old_minutes: what those would take.

    """
    if not (waiting or taken or old):
        return f"Everything that was dropped here has been answered: look into done and failed.\n\n{SIGNATURE}\n"
    lines = [f"{len(waiting)} waiting, {len(taken)} being dubbed.", ""]
    for group in (waiting, taken):
        lines += [f"{name} {what.removesuffix('.')}." for name, what in group[:SHOWN]]
        lines += [f"… and {len(group) - SHOWN} more."] if len(group) > SHOWN else []
    if old:
        lay = "1 video lay" if old == 1 else f"{old} videos lay"
        price = f"({old_minutes:.2f} minutes of dubbing)"
        lines.append(f"{lay} here before the service came {price}; the person who looks after it has to let them go.")
    return "\n".join([*lines, "", SIGNATURE]) + "\n"
