"""
Rates as people write them: ``"20 MB/s"``, ``"800 kbit/s"``, or for a time ``"mon-fri 08:00-18:00 = 20 MB/s"``.

One of them or a list, of which the first that holds decides; they are a `Schedule` from here on, in bytes a second.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import PlainValidator

from panjaya_watchd.core.rate import DAY, EVERY_DAY, Schedule, Span
from panjaya_watchd.settings.faults import shown
from panjaya_watchd.settings.values import wrong

LEAST: Final = 8_000
"""Bytes a second: 64 kbit/s. With less, connections stand still for so long that somebody on the way cuts them."""

_PREFIXES: Final = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
_UNITS: Final = {
    f"{prefix}{what}/s": factor / per for what, per in (("B", 1), ("bit", 8)) for prefix, factor in _PREFIXES.items()
}
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_EXPECTED: Final = (
    'a rate such as "20 MB/s", "500 kB/s", "1.5 MiB/s" or "800 kbit/s", or one for a time of day such as '
    '"08:00-18:00 = 20 MB/s" or "mon-fri 22:00-06:00 = 20 MB/s"'
)
_NOTHING: Final = (
    "a rate of more than 0: a limit of nothing would stop the service; where there is to be no limit, leave it out"
)
_TOO_LITTLE: Final = "a rate of at least 8 kB/s (64 kbit/s): with less, connections are cut because they stand still"
_SAME: Final = "two different times; a rate for whole days has no time"
_NOT_LAST: Final = "a rate that always holds only at the end of the list: those after it are never asked"

_WRITTEN: Final = re.compile(r"(?:([^=]*[^= ]) *= *)?([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([A-Za-z]+/s)?")
_WHEN: Final = re.compile(
    r"(?:({0})(?:-({0}))?)?(?:(?:^| +)([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9]))?".format(
        "|".join(_DAYS)
    )
)
_LOOSE: Final = re.compile(
    r"(.*?)\s*[=:]?\s*([0-9]+(?:[.,][0-9]+)?)\s*([kmg]?)(i?)(b|bits?|bytes?|)\s*(/\s*s(?:ec(?:ond)?)?|ps|)",
    re.IGNORECASE,
)
_LOOSE_TIME: Final = re.compile(r"(?<![0-9:.])([0-9]{1,2})(?:[:.h]([0-9]{2}))?(?![0-9:.])")
_LONGEST: Final = 60
"""Characters of an entry for which a spelling is looked for."""


def parse(found: Any) -> Schedule:
    """
    Read a rate, or a list of them.

    Raises:
        PydanticCustomError: one cannot be read, is too low, or is never asked.

    """
    if isinstance(found, Schedule):
        return found
    if not isinstance(found, list | tuple):
        return Schedule(spans=(_entry(found, at=()),))
    spans = tuple(_entry(entry, at=(index,)) for index, entry in enumerate(found))
    for index, span in enumerate(spans[:-1]):
        if span.always:
            raise wrong(_NOT_LAST, at=(index,), found=shown(found[index]))
    return Schedule(spans=spans)


def _entry(found: Any, at: tuple[int, ...]) -> Span:
    """Read one rate, with or without a time."""
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    text = found if isinstance(found, str) else shown(found) if is_number else ""
    span = _read(text)
    if isinstance(span, Span):
        return span
    raise wrong(span or _EXPECTED, nearest=None if span else _mended(text), at=at, found=shown(found))


def _read(text: str) -> Span | str | None:
    """Give the rate with its time; where there is none the sentence that says why, or None."""
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        return None
    when, number, unit = match.groups()
    if not float(number):
        return _NOTHING
    if unit not in _UNITS:
        return None
    limit = float(number) * _UNITS[unit]
    if limit < LEAST:
        return _TOO_LITTLE
    return Span(limit=limit) if when is None else _timed(limit, when.strip())


def _timed(limit: float, when: str) -> Span | str | None:
    match = _WHEN.fullmatch(when)
    if match is None:
        return None
    first, last, *times = match.groups()
    days = EVERY_DAY
    if first is not None:
        begins = _DAYS.index(first)
        count = (_DAYS.index(last or first) - begins) % 7 + 1
        days = frozenset((begins + offset) % 7 for offset in range(count))
    if times[0] is None:
        return Span(limit=limit, days=days)
    hour, minute, until_hour, until_minute = map(int, times)
    begin, end = (hour * 60 + minute) * 60, (until_hour * 60 + until_minute) * 60
    if end > DAY:
        return None
    return _SAME if begin == end else Span(limit=limit, days=days, begin=begin, end=end)


def _mended(text: str) -> str | None:
    """Give what was most likely meant, in quotes: one spelling, or two where bits and bytes cannot be told apart."""
    read = [f'"{meant}"' for meant in _meant(text) if isinstance(_read(meant), Span)]
    return " or ".join(read) or None


def _meant(text: str) -> Iterator[str]:
    match = _LOOSE.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if match is None:
        return
    when, number, prefix, binary, what, per = match.groups()
    number = number.replace(",", ".")
    time = f"{_meant_time(when)} = " if when else ""
    order = (prefix.lower() if prefix.lower() == "k" and not binary else prefix.upper()) + binary.lower()
    if not what and not order:
        yield f"{time}{number} {'B' if float(number) >= LEAST else 'MB'}/s"
        return
    for kind in _meant_kinds(what, per):
        yield f"{time}{number} {order}{kind}/s"


def _meant_kinds(what: str, per: str) -> tuple[str, ...]:
    """Tell bytes from bits; a small b is either, and ``Mbps`` alone means bits to everybody."""
    if what.lower().startswith("bit") or (what == "b" and per.lower() == "ps"):
        return ("bit",)
    return ("B", "bit") if what == "b" else ("B",)


def _meant_time(when: str) -> str:
    plain = re.sub(r"\s*(?:-|\u2013|\u2014|\bto\b)\s*", "-", when.lower())
    days = re.sub(rf"\b({'|'.join(_DAYS)})[a-z]*\.?", r"\1", plain)
    return _LOOSE_TIME.sub(lambda time: f"{int(time[1]):02}:{time[2] or '00'}", days)


Rates = Annotated[Schedule, PlainValidator(parse)]
