"""
Pace: when to do again what did not work, or look again at what takes time.

Jitter is a function of the claim and the count, not of a random number, so that a run can be repeated; it spreads
claims that began together.
"""

import zlib
from datetime import datetime, timedelta
from typing import Final

from panjaya_watchd.core.answers import FAILED, READY_TO_EDIT
from panjaya_watchd.core.claim import Claim, Dubbing, DubbingState, Rules

FIRST_BACKOFF: Final = timedelta(seconds=5)
LONGEST_BACKOFF: Final = timedelta(minutes=10)
ACCOUNT_PAUSE: Final = timedelta(hours=1)
"""How long an account that refused us is left alone; a reload tries at once."""

PEOPLE: Final = timedelta(hours=1)
"""The longest pause between two polls where a person edits in the Studio."""

RARELY: Final = timedelta(minutes=105)
"""More than ten times the longest pause as it is by default, and below two hours with its jitter."""

LOOK_UPS_IN_WINDOW: Final = 10
"""How many times we look before we believe that nothing is there, besides the time that must pass."""


def backoff(tries: int, key: str) -> timedelta:
    """Give the pause after the ``tries``-th failure in a row (from 1): doubling, bounded, jittered by a fifth."""
    pause = min(FIRST_BACKOFF * int(2 ** min(tries - 1, 16)), LONGEST_BACKOFF)
    return pause * jitter(key, tries)


def poll(claim: Claim, now: datetime) -> timedelta:
    """
    Give the pause before the next poll of a claim's asset.

    A sixth of its age: 30 s at first by default, 10 min after an hour. So a dubbing is noticed within a sixth of the
    time it took, at about six polls for each doubling of it. Where all that is waited for lies in the hands of people,
    who take days, it stretches on to an hour.
    """
    age = max(now - (claim.accepted_at or now), timedelta(0))
    longest = max(claim.rules.poll_max, PEOPLE) if _is_edited(claim) else claim.rules.poll_max
    pause = min(max(age / 6, claim.rules.poll_first), longest)
    return pause * jitter(claim.id, int(age.total_seconds()))


def rarely(claim: Claim) -> timedelta:
    """Give the pause between two polls of an asset whose callbacks arrive: the net below those that get lost."""
    return RARELY * jitter(claim.id, 0)


def can_be_told(claim: Claim) -> bool:
    """
    Say whether it is enough to look when somebody tells that something has moved.

    Not where an answer is to be read again: a status that says "failed" is believed the second time, and an asset that
    the API does not know may be there a moment later.
    """
    return not claim.troubles and not any(each.seen == FAILED for each in _waiting(claim))


def _is_edited(claim: Claim) -> bool:
    waiting = _waiting(claim)
    return bool(waiting) and all(each.seen == READY_TO_EDIT for each in waiting)


def _waiting(claim: Claim) -> list[Dubbing]:
    return [each for each in claim.dubbings if each.state is DubbingState.WAITING]


def look_up(rules: Rules) -> timedelta:
    """Give the pause between two look-ups, so that a window holds ten."""
    return rules.doubt_window / LOOK_UPS_IN_WINDOW


def jitter(key: str, count: int) -> float:
    """Give a factor from 0.9 to 1.1 that is always the same for the same arguments."""
    return 0.9 + 0.2 * (zlib.crc32(f"{key}/{count}".encode("utf-8", "surrogateescape")) % 1000) / 1000
