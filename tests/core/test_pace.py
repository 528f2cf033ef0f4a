"""Pace: bounded, growing, the same every time."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import NOW

from panjaya_watchd.core import pace
from panjaya_watchd.core.claim import Rules


@given(st.integers(1, 10_000), st.text(max_size=20))
def test_a_backoff_is_never_shorter_or_longer_than_its_bounds(tries: int, key: str) -> None:
    """Five seconds at first, ten minutes at last, give or take a tenth."""
    pause = pace.backoff(tries, key)

    assert timedelta(seconds=4.5) <= pause <= timedelta(minutes=11)
    assert pause == pace.backoff(tries, key)


@pytest.mark.parametrize(
    ("age", "seconds"),
    [(-5, 30), (0, 30), (180, 30), (600, 100), (3600, 600), (86_400, 600)],
)
def test_polls_are_paced_by_age_between_the_operators_bounds(age: int, seconds: int) -> None:
    """A sixth of the asset's age, between ``poll_first`` and ``poll_max``; a clock that went back does no harm."""
    pause = pace.poll(NOW, NOW + timedelta(seconds=age), Rules(), "c0ffee")

    assert 0.9 * seconds <= pause.total_seconds() <= 1.1 * seconds


def test_claims_that_began_together_do_not_poll_together() -> None:
    """Jitter spreads them."""
    pauses = {pace.poll(NOW, NOW, Rules(), f"claim{number}") for number in range(100)}

    assert len(pauses) > 50


def test_a_window_holds_ten_look_ups() -> None:
    """Half a minute apart in the default window of five."""
    assert pace.look_up(Rules()) == timedelta(seconds=30)
