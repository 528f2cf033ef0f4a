"""Pace: bounded, growing, the same every time."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import FRENCH, NOW, claim, dubbing

from panjaya_watchd.core import pace
from panjaya_watchd.core.claim import Dubbing, DubbingState, Rules, State
from panjaya_watchd.core.names import ClaimId, Locale


@given(st.integers(1, 10_000), st.text(max_size=20))
def test_a_backoff_is_never_shorter_or_longer_than_its_bounds(tries: int, key: str) -> None:
    """Five seconds at first, ten minutes at last, give or take a tenth."""
    pause = pace.backoff(tries, key)

    assert timedelta(seconds=4.5) <= pause <= timedelta(minutes=11)
    assert pause == pace.backoff(tries, key)


def aged(seconds: float, *seen: str | None, **changes: Any) -> timedelta:
    """Give the pause of a claim of that age, with a waiting dubbing for each status."""
    dubbings = tuple(Dubbing(locale=Locale(f"l{number}"), seen=each) for number, each in enumerate(seen))
    return pace.poll(claim(State.DUBBING, dubbings=dubbings, **changes), NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("age", "seconds"),
    [(-5, 30), (0, 30), (180, 30), (600, 100), (3600, 600), (86_400, 600)],
)
def test_polls_are_paced_by_age_between_the_operators_bounds(age: int, seconds: int) -> None:
    """A sixth of the asset's age, between ``poll_first`` and ``poll_max``; a clock that went back does no harm."""
    assert 0.9 * seconds <= aged(age, "Generating").total_seconds() <= 1.1 * seconds
    assert 27 <= aged(age, accepted_at=None).total_seconds() <= 33


@pytest.mark.parametrize(("age", "seconds"), [(0, 30), (3600, 600), (7200, 1200), (86_400, 3600), (864_000, 3600)])
def test_where_people_edit_the_pace_is_theirs(age: int, seconds: int) -> None:
    """It stretches to an hour; an operator who asks for longer pauses gets them."""
    assert 0.9 * seconds <= aged(age, "ReadyToEdit", "ReadyToEdit").total_seconds() <= 1.1 * seconds
    slow = aged(864_000, "ReadyToEdit", rules=Rules(poll_max=timedelta(hours=3)))
    assert slow >= timedelta(hours=2.7)


@pytest.mark.parametrize("seen", [("ReadyToEdit", "Generating"), ("ReadyToEdit", None), ()])
def test_one_that_is_not_in_the_hands_of_people_sets_the_pace(seen: tuple[str | None, ...]) -> None:
    """Its result is waited for."""
    assert aged(86_400, *seen) <= timedelta(minutes=11)


def test_a_dubbing_that_is_over_does_not_set_the_pace() -> None:
    """Fetched in Spanish, edited in French: days."""
    fetched = dubbing(state=DubbingState.FETCHED, seen="Completed")
    edited = claim(State.DUBBING, dubbings=(fetched, dubbing(FRENCH, seen="ReadyToEdit")))

    assert pace.poll(edited, NOW + timedelta(days=1)) >= timedelta(minutes=54)


def test_claims_that_began_together_do_not_poll_together() -> None:
    """Jitter spreads them."""
    pauses = {aged(0, id=ClaimId(f"claim{number}")) for number in range(100)}

    assert len(pauses) > 50


@given(st.text(max_size=20))
def test_the_net_below_lost_callbacks_is_ten_times_as_wide_and_below_two_hours(key: str) -> None:
    """On the whole; each claim has its own."""
    pause = pace.rarely(claim(id=ClaimId(key)))

    assert timedelta(minutes=94) < pause < timedelta(hours=2)
    assert 10 * Rules().poll_max <= pace.RARELY


def test_what_is_to_be_read_again_is_not_left_to_hints() -> None:
    """A first "failed", and an asset that is said to be unknown."""
    failing = (dubbing(seen="Failed"), dubbing(FRENCH, seen="Generating"))

    assert pace.can_be_told(claim(State.DUBBING))
    assert not pace.can_be_told(claim(State.DUBBING, dubbings=failing))
    assert not pace.can_be_told(claim(State.DUBBING, troubles=1))
    assert pace.can_be_told(claim(State.DUBBING, dubbings=(dubbing(state=DubbingState.FAILED, seen="Failed"),)))


def test_a_window_holds_ten_look_ups() -> None:
    """Half a minute apart in the default window of five."""
    assert pace.look_up(Rules()) == timedelta(seconds=30)
