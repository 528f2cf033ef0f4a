"""
Durations as people write them: a number of seconds, or ``"90s"``, ``"10m"``, ``"24h"``, ``"1h30m"``, ``"1d"``.

They are `timedelta` from here on, more than zero and at most `LONGEST`.
"""

import re
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from panjaya_watchd.settings.values import wrong

LONGEST: Final = timedelta(days=366)
_EXPECTED: Final = 'a duration of more than 0, at most 366 days, such as "90s", "10m", "24h", "1h30m" or 90 (seconds)'
_WRITTEN: Final = re.compile(
    r"(?=.)(?:([0-9]{1,9})d)?(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9}(?:\.[0-9]{1,6})?)s)?"
)


def parse(found: Any) -> timedelta:
    """
    Read a duration.

    Raises:
        PydanticCustomError: it is none, or out of bounds.

    """
    length = _read(found)
    if length is None or not timedelta(0) < length <= LONGEST:
        seconds = isinstance(found, str) and re.fullmatch(r"[0-9]{1,8}", found)
        raise wrong(_EXPECTED, nearest=f'"{found}s"' if seconds else None)
    return length


def _read(found: Any) -> timedelta | None:
    if isinstance(found, timedelta):
        return found
    if isinstance(found, str):
        match = _WRITTEN.fullmatch(found)
        days, hours, minutes, seconds = (float(part or 0) for part in match.groups()) if match else (0.0,) * 4
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    # TOML has nan and inf, and whole numbers too long for a float: they are compared, never computed with
    return timedelta(seconds=found) if 0 < found <= LONGEST.total_seconds() else None


def spell(length: timedelta) -> str:
    """Write a duration so that `parse` gives it back: ``"1h30m"``, ``"0.5s"``."""
    seconds, micros = divmod(length // timedelta(microseconds=1), 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    fraction = f"{seconds}.{micros:06}".rstrip("0").rstrip(".") if micros else str(seconds)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"))
    text = "".join(f"{count}{unit}" for count, unit in parts if count)
    return text + (f"{fraction}s" if seconds or micros or not text else "")


Duration = Annotated[timedelta, BeforeValidator(parse)]
