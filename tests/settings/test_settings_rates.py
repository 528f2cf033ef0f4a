"""Rates: how they are written, and what is said of one that cannot be read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from panjaya_watchd.core.rate import EVERY_DAY, Schedule, Span
from panjaya_watchd.settings.rates import LEAST, parse

HOUR = 3600
WEEKDAYS = frozenset(range(5))


def told(found: Any) -> dict[str, Any]:
    """Give what is said of what cannot be read."""
    with pytest.raises(PydanticCustomError) as caught:
        parse(found)
    return dict(caught.value.context or {})


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("20 MB/s", 20_000_000),
        ("20MB/s", 20_000_000),
        (" 500 kB/s ", 500_000),
        ("0.5 GB/s", 500_000_000),
        ("9000 B/s", 9_000),
        ("1.5 MiB/s", 1.5 * 2**20),
        ("64 KiB/s", 2**16),
        ("1 GiB/s", 2**30),
        ("800 kbit/s", 100_000),
        ("100 Mbit/s", 12_500_000),
        ("1 Gbit/s", 125_000_000),
        ("8 Mibit/s", 2**20),
        ("80000 bit/s", 10_000),
        ("64 kbit/s", LEAST),
    ],
)
def test_a_rate_is_bytes_or_bits_with_any_prefix(text: str, limit: float) -> None:
    """Decimal ones by a thousand, binary ones by 1024; eight bits are a byte."""
    assert parse(text) == Schedule(spans=(Span(limit=limit),))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("08:00-18:00 = 1 MB/s", Span(limit=1e6, begin=8 * HOUR, end=18 * HOUR)),
        ("08:30-18:05=1MB/s", Span(limit=1e6, begin=8 * HOUR + 1800, end=18 * HOUR + 300)),
        ("22:00-06:00 = 1 MB/s", Span(limit=1e6, begin=22 * HOUR, end=6 * HOUR)),
        ("22:00-24:00 = 1 MB/s", Span(limit=1e6, begin=22 * HOUR)),
        ("22:00-00:00 = 1 MB/s", Span(limit=1e6, begin=22 * HOUR, end=0)),
        ("00:00-24:00 = 1 MB/s", Span(limit=1e6)),
        ("mon-fri 08:00-18:00 = 1 MB/s", Span(limit=1e6, days=WEEKDAYS, begin=8 * HOUR, end=18 * HOUR)),
        ("sat = 1 MB/s", Span(limit=1e6, days=frozenset({5}))),
        ("sat-mon = 1 MB/s", Span(limit=1e6, days=frozenset({5, 6, 0}))),
        ("mon-sun = 1 MB/s", Span(limit=1e6, days=EVERY_DAY)),
        ("sun-sun 01:00-02:00 = 1 MB/s", Span(limit=1e6, days=frozenset({6}), begin=HOUR, end=2 * HOUR)),
    ],
)
def test_a_rate_may_have_days_and_a_time(text: str, span: Span) -> None:
    """Either, both, or none; over midnight and over the end of the week."""
    assert parse(text) == Schedule(spans=(span,))


def test_a_list_keeps_its_order() -> None:
    """The first that holds decides."""
    assert parse(["08:00-18:00 = 1 MB/s", "2 MB/s"]).spans == (
        Span(limit=1e6, begin=8 * HOUR, end=18 * HOUR),
        Span(limit=2e6),
    )


def test_an_empty_list_limits_nothing() -> None:
    """So a folder can take back what stands under ``[defaults]``."""
    assert parse([]) == Schedule()


@pytest.mark.parametrize("found", ["0", "0 MB/s", "0.0 kbit/s", "08:00-18:00 = 0", 0, 0.0])
def test_nothing_at_all_is_no_rate(found: object) -> None:
    """It would stop the service, and it says so: somebody may have meant no limit."""
    assert "a limit of nothing would stop the service" in told(found)["expected"]


@pytest.mark.parametrize("found", ["1 B/s", "7.9 kB/s", "63 kbit/s", "sat = 0.001 MB/s"])
def test_a_rate_that_is_too_low_says_how_low_it_may_be(found: str) -> None:
    """The sentence has the bound and the reason."""
    assert told(found)["expected"].startswith("a rate of at least 8 kB/s (64 kbit/s): ")


@pytest.mark.parametrize(
    ("found", "nearest"),
    [
        ("20", '"20 MB/s"'),
        (20, '"20 MB/s"'),
        (2.5, '"2.5 MB/s"'),
        (5_000_000, '"5000000 B/s"'),
        ("20M", '"20 MB/s"'),
        ("20 MB", '"20 MB/s"'),
        ("20 MB/sec", '"20 MB/s"'),
        ("20 MBps", '"20 MB/s"'),
        ("20 Mbps", '"20 Mbit/s"'),
        ("20 mbits", '"20 Mbit/s"'),
        ("20 mb/s", '"20 MB/s" or "20 Mbit/s"'),
        ("500 KB/s", '"500 kB/s"'),
        ("500 kib/s", '"500 KiB/s" or "500 Kibit/s"'),
        ("500 kilobytes", None),
        ("20,5 MB/s", '"20.5 MB/s"'),
        ("08:00-18:00 20 MB/s", '"08:00-18:00 = 20 MB/s"'),
        ("08:00-18:00: 20 MB/s", '"08:00-18:00 = 20 MB/s"'),
        ("8-18 = 20 MB/s", '"08:00-18:00 = 20 MB/s"'),
        ("8.30 \u2013 18h = 20 MB/s", None),
        ("8.30 \u2013 18.00 = 20 MB/s", '"08:30-18:00 = 20 MB/s"'),
        ("Mon-Fri 08:00-18:00 = 20 MB/s", '"mon-fri 08:00-18:00 = 20 MB/s"'),
        ("Monday to Friday = 20 MB/s", '"mon-fri = 20 MB/s"'),
        ("25:00-26:00 = 20 MB/s", None),
        ("08:00-24:01 = 20 MB/s", None),
        ("fast", None),
        ("", None),
        ("20 MB/s = 08:00-18:00", None),
        ("9" * 5000, None),
        (True, None),
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        (-1, None),
        ({}, None),
        (b"20 MB/s", None),
    ],
    ids=lambda found: repr(found)[:20],
)
def test_anything_else_is_refused_with_what_was_meant(found: object, nearest: str | None) -> None:
    """What can be mended is shown as it should be; a small b may be either, so both are."""
    said = told(found)

    assert said["expected"].startswith('a rate such as "20 MB/s"')
    assert said["nearest"] == nearest
    for meant in (nearest or "").split(" or ") if nearest else []:
        parse(meant.strip('"'))


def test_a_time_of_no_length_is_refused() -> None:
    """It would hold never or always."""
    assert told("08:00-08:00 = 1 MB/s")["expected"] == "two different times; a rate for whole days has no time"


def test_a_fault_in_a_list_is_told_at_its_entry() -> None:
    """With the entry and not with the list."""
    said = told(["08:00-18:00 = 1 MB/s", "2 mbps"])

    assert (said["at"], said["found"], said["nearest"]) == ((1,), '"2 mbps"', '"2 Mbit/s"')


def test_what_is_never_asked_is_a_fault() -> None:
    """Behind a rate that always holds nothing can win, so somebody has meant another order."""
    said = told(["sat = 1 MB/s", "2 MB/s", "08:00-18:00 = 3 MB/s"])

    assert (said["at"], said["found"]) == ((1,), '"2 MB/s"')
    assert said["expected"].startswith("a rate that always holds only at the end of the list")


@given(st.text(alphabet="0123456789 .,:-=kKMGibBts/monfri", max_size=40) | st.text(max_size=20))
def test_any_text_is_a_rate_or_one_fault(text: str) -> None:
    """Whatever is proposed instead can be read."""
    try:
        assert (parse(text).least or 0.0) >= LEAST
    except PydanticCustomError as fault:
        said = dict(fault.context or {})
        for meant in said["nearest"].split(" or ") if said["nearest"] else []:
            parse(meant.strip('"'))
