"""
Pace: when to do again what did not work, or look again at what takes time.

Jitter is a function of the claim and the count, not of a random number, so that a run can be repeated; it spreads
claims that began together.
"""

import zlib
from datetime import datetime, timedelta
from typing import Final

from panjaya_watchd.core.claim import Rules

FIRST_BACKOFF: Final = timedelta(seconds=5)
LONGEST_BACKOFF: Final = timedelta(minutes=10)
ACCOUNT_PAUSE: Final = timedelta(hours=1)
"""How long an account that refused us is left alone; a reload tries at once."""

LOOK_UPS_IN_WINDOW: Final = 10
"""How many times we look before we believe that nothing is there, besides the time that must pass."""


def backoff(tries: int, key: str) -> timedelta:
    """Give the pause after the ``tries``-th failure in a row (from 1): doubling, bounded, jittered by a fifth."""
    pause = min(FIRST_BACKOFF * int(2 ** min(tries - 1, 16)), LONGEST_BACKOFF)
    return pause * jitter(key, tries)


def poll(since: datetime, now: datetime, rules: Rules, key: str) -> timedelta:
    """
    Give the pause before the next poll of an asset accepted at ``since``.

    A sixth of its age: 30 s at first by default, 10 min after an hour. So a dubbing is noticed within a sixth of the
    time it took, at about six polls for each doubling of it.
    """
    age = max(now - since, timedelta(0))
    pause = min(max(age / 6, rules.poll_first), rules.poll_max)
    return pause * jitter(key, int(age.total_seconds()))


def look_up(rules: Rules) -> timedelta:
    """Give the pause between two look-ups, so that a window holds ten."""
    return rules.doubt_window / LOOK_UPS_IN_WINDOW


def jitter(key: str, count: int) -> float:
    """Give a factor from 0.9 to 1.1 that is always the same for the same arguments."""
    return 0.9 + 0.2 * (zlib.crc32(f"{key}/{count}".encode("utf-8", "surrogateescape")) % 1000) / 1000
