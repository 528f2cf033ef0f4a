"""Which root is trusted: that of the known id, however it is mounted, and no other."""

from collections.abc import Callable
from pathlib import Path

import pytest

from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.base import Foreign
from panjaya_watchd.places.guard import RootGuard, id_in

HERE, REMOUNTED, ELSEWHERE = (1, 2, 10), (1, 2, 11), (9, 2, 12)


def bears(root_id: str | None) -> Callable[[], str | None]:
    """Give a reader of a root that bears this id."""
    return lambda: root_id


def never() -> str | None:
    """Fail: nothing needs to be read."""
    raise AssertionError


@pytest.fixture
def guard() -> RootGuard:
    """Give a guard that knows an id and has seen the root."""
    guard = RootGuard(Path("/srv/dub"))
    guard.expect("x1")
    guard.admit(HERE, bears("x1"))
    return guard


def test_the_root_that_was_seen_is_not_asked_again(guard: RootGuard) -> None:
    """Each step of each verb opens it."""
    guard.admit(HERE, never)
    assert guard.familiar(HERE)
    assert not guard.familiar(REMOUNTED)


def test_a_new_mounting_has_to_bear_the_id(guard: RootGuard) -> None:
    """Whatever its numbers are: the same ones may belong to another share by now."""
    for bad in (REMOUNTED, ELSEWHERE):
        with pytest.raises(PlaceError, match="another one in its place"):
            guard.admit(bad, bears(None))
        with pytest.raises(Foreign, match="another folder is mounted here; it bears the id y2"):
            guard.admit(bad, bears("y2"))
        guard.admit(HERE, never)
    guard.admit(ELSEWHERE, bears("x1"))
    guard.admit(ELSEWHERE, never)


def test_before_the_first_trusted_root_one_without_an_id_may_be_looked_at() -> None:
    """The driver judges it, and it is not remembered; one of another id is foreign at once."""
    guard = RootGuard(Path("/srv/dub"))
    guard.expect("x1")
    guard.admit(HERE, bears(None))
    assert not guard.familiar(HERE)
    with pytest.raises(Foreign):
        guard.admit(HERE, bears("y2"))
    guard.admit(ELSEWHERE, bears("x1"))
    assert guard.familiar(ELSEWHERE)


def test_while_no_id_is_known_the_first_root_counts() -> None:
    """By device and inode, as a mere remount of a disk keeps them; it is not familiar before an id is known."""
    guard = RootGuard(Path("/srv/dub"))
    guard.admit(HERE, never)
    guard.admit(REMOUNTED, never)
    assert not guard.familiar(REMOUNTED)
    with pytest.raises(Foreign, match="restart the service"):
        guard.admit(ELSEWHERE, never)
    guard.expect("x1")
    guard.admit(REMOUNTED, bears("x1"))
    assert guard.familiar(REMOUNTED)


def test_an_id_that_a_person_has_taken_back_lets_any_root_in(guard: RootGuard) -> None:
    """The next one seen is the one."""
    guard.expect(None)
    guard.admit(ELSEWHERE, never)
    with pytest.raises(Foreign):
        guard.admit(HERE, never)


@pytest.mark.parametrize(
    ("content", "found"),
    [(b"ab12\n", "ab12"), (b"ab12", "ab12"), (b"", None), (b"two words", None), (b"\xff\n", None), (b"../x\n", None)],
)
def test_only_one_plain_word_is_an_id(content: bytes, found: str | None) -> None:
    """What a crash or a person has left there is none."""
    assert id_in(content) == found
