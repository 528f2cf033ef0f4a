"""The clock: whether something keeps it right, and how far it is from the service's."""

import ctypes
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from panjaya_watchd.doctor.findings import Finding, ok, trouble, warning

_LARGEST_ERROR: Final = 16_000_000
"""Microseconds; the kernel's own estimate reaches this where nothing has set the clock for hours (timedatectl)."""

_NOTICED: Final = timedelta(seconds=5)
_HARMFUL: Final = timedelta(minutes=5)
_TODO: Final = "Have the clock set: timedatectl set-ntp true, with systemd-timesyncd or chrony installed."


class _Timex(ctypes.Structure):
    """The beginning of ``struct timex`` (adjtimex(2)), and room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("rest", ctypes.c_char * 256),
    )


def synchronised() -> bool | None:
    """Ask the kernel whether its clock is kept right; None where it may not be asked."""
    asked = _Timex()
    state: int = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(asked))
    return None if state < 0 else asked.maxerror < _LARGEST_ERROR


def judge(*, kept: bool | None, ahead: timedelta | None) -> Finding:
    """
    Say how the clock stands.

    Args:
        kept: whether something keeps it right, None where that is not known.
        ahead: how far it is ahead of the service's, None where that is not known.

    """
    if ahead is not None and abs(ahead) >= _NOTICED:
        way = "ahead of" if ahead > timedelta(0) else "behind"
        found = f"The clock is {abs(ahead).total_seconds():.0f} s {way} the service's"
        why = "the days and months of budgets, rates by the hour, and every time that is told are off by as much"
        make = trouble if abs(ahead) >= _HARMFUL else warning
        return make("clock", f"{found}: {why}.", _TODO)
    agrees = "" if ahead is None else " It agrees with the service's."
    if kept:
        return ok("clock", f"The clock is kept right by a time service.{agrees}")
    if kept is None:
        return ok("clock", f"Whether something keeps the clock right cannot be asked here.{agrees}")
    return warning("clock", f"Nothing keeps the clock right.{agrees}", _TODO)


def ahead_of(date: str | None, *, asked: datetime, answered: datetime) -> timedelta | None:
    """
    Say how far our clock is ahead of the one behind a ``Date`` header, at the least; None where there is none.

    The header was written between the question and the answer, and is a whole second (RFC 9110, section 5.6.7).
    """
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    if answered < theirs:
        return answered - theirs
    return max(asked - theirs - timedelta(seconds=1), timedelta(0))
