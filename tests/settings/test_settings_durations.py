"""Durations."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from panjaya_watchd.settings.durations import LONGEST, parse, spell


@pytest.mark.slow
@given(st.timedeltas(min_value=timedelta(microseconds=1), max_value=LONGEST))
def test_a_duration_survives_being_written(length: timedelta) -> None:
    """What is written is read back as the same, to the microsecond."""
    assert parse(spell(length)) == length


@given(st.integers(1, int(LONGEST.total_seconds())))
def test_a_number_is_seconds(seconds: int) -> None:
    """90 and "90s" are the same."""
    assert parse(seconds) == parse(f"{seconds}s") == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("24h", 86400),
        ("1h30m", 5400),
        ("1d", 86400),
        ("0.5s", 0.5),
        ("0h1m", 60),
        ("1m90s", 150),
    ],
)
def test_units_add_up(text: str, seconds: float) -> None:
    """Days, hours, minutes and seconds, the larger first."""
    assert parse(text).total_seconds() == seconds


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "s",
        "90",
        "1.5h",
        "-1s",
        "+1s",
        "1s1m",
        "1 h",
        "1H",
        "90S",
        "1h ",
        "\u0661s",
        "1e3s",
        "0s",
        "367d",
        "9" * 6000,
        "9" * 6000 + "s",
        0,
        -1,
        1e-9,
        float("nan"),
        float("inf"),
        10**400,
        10**9,
        True,
        None,
        [],
        {},
        b"1s",
    ],
    ids=lambda wrong: repr(wrong)[:20],
)
def test_anything_else_is_refused(wrong: object) -> None:
    """Not a number, too long, too short, other units, other digits: refused, and never another error."""
    with pytest.raises(PydanticCustomError, match="expected a duration"):
        parse(wrong)
