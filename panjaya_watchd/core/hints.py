"""
Hints: what a callback tells of an asset that is followed, and whether a look at it may change what we do.

A callback is never believed: it is a reason to look, or none. What it tells can be old, come twice and out of order.
"""

from dataclasses import dataclass
from typing import Final

from panjaya_watchd.core.answers import COMPLETED, FAILED, READY_TO_EDIT
from panjaya_watchd.core.claim import Claim, Dubbing, DubbingState
from panjaya_watchd.core.locales import recognise
from panjaya_watchd.core.names import Locale, VersionId
from panjaya_watchd.core.order import AutoGenerate

READY: Final = "version_ready"
GENERATING: Final = "version_generating"
ENDS: Final = frozenset({"version_generated", "version_failed", "version_generate_failed", "asset_failed"})
"""Events after which a status must be seen that changes what we do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One callback: the API's word for what happened, perhaps a new one, and to what, where it tells."""

    event: str
    version_id: VersionId | None = None
    locale: Locale | None = None


def is_worth_a_look(claim: Claim, hint: Hint) -> bool:
    """
    Say whether what is seen after this hint may change what we do.

    ``version_generating`` does so only where a person generates: then the claim is no longer at a person's pace. Where
    we have ordered the generation it comes between two things that we act on. ``version_ready`` is an end without
    generation; with it, it is worth a look only while we do not know which version is ours. An event that we do not
    know may mean anything.
    """
    waiting = [each for each in claim.dubbings if each.state is DubbingState.WAITING and concerns(hint, each)]
    if hint.event == GENERATING:
        return bool(waiting) and by_hand(claim)
    if hint.event == READY:
        return any(each.version_id is None for each in waiting) or (bool(waiting) and by_hand(claim))
    return bool(waiting)


def is_promise(claim: Claim, hint: Hint) -> bool:
    """Say whether a status must be seen after this hint; where it is not, the answer was older than the callback."""
    return hint.event in ENDS or (hint.event == READY and by_hand(claim))


def by_hand(claim: Claim) -> bool:
    """Say whether a person generates the video in the Studio: nobody else was told to, or it was revised."""
    off = claim.order is not None and claim.order.auto_generate is AutoGenerate.OFF
    return off or any(dubbing.revised for dubbing in claim.dubbings)


def ended(before: Claim, after: Claim) -> tuple[Dubbing, ...]:
    """Give the dubbings that were seen to come to an end in between, of which a callback should have told."""
    ends = {COMPLETED, FAILED, READY_TO_EDIT} if by_hand(after) else {COMPLETED, FAILED}
    earlier = {dubbing.locale: dubbing.seen for dubbing in before.dubbings}
    return tuple(
        each for each in after.dubbings if each.seen in ends and earlier.get(each.locale, each.seen) != each.seen
    )


def concerns(hint: Hint, dubbing: Dubbing) -> bool:
    """Say whether a hint may be about this dubbing: by its version where both name one, else by its locale."""
    if hint.version_id is not None and dubbing.version_id is not None:
        return hint.version_id == dubbing.version_id
    return hint.locale is None or (recognise(hint.locale) or hint.locale) == dubbing.locale
