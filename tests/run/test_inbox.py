"""The inbox: one queue for all threads, and a calendar for the driver."""

import threading
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import SimClock

from panjaya_watchd.core.names import FolderName
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.messages import Look, Message

A, B, C = (Look(folder=FolderName(name)) for name in "abc")

STEPS: Final = st.lists(st.tuples(st.sampled_from("xyz"), st.integers(0, 50)), max_size=20)
"""A key with a time."""


@pytest.fixture
def clock() -> SimClock:
    """Give a clock that stands still."""
    return SimClock()


@pytest.fixture
def inbox(clock: SimClock) -> Inbox:
    """Give an empty inbox."""
    return Inbox(clock)


def everything(inbox: Inbox) -> list[Message]:
    """Take all that is there now."""
    taken = []
    while (message := inbox.take(0)) is not None:
        taken.append(message)
    return taken


def test_messages_come_in_the_order_they_were_put(inbox: Inbox) -> None:
    """First come, first served."""
    for message in (A, B, A, C):
        inbox.put(message)

    assert everything(inbox) == [A, B, A, C]


def test_a_message_for_later_comes_when_its_time_has_come(inbox: Inbox, clock: SimClock) -> None:
    """Not a moment before, and from the very moment on."""
    inbox.put_at(10.0, "a", A)
    clock.seconds = 9.999

    assert inbox.take(0) is None
    assert inbox.next_due() == 10.0
    clock.seconds = 10.0
    assert inbox.take(0) == A
    assert inbox.next_due() is None


def test_what_is_due_comes_before_what_has_arrived(inbox: Inbox, clock: SimClock) -> None:
    """A flood of hints does not put off what has its time."""
    inbox.put(B)
    inbox.put_at(1.0, "a", A)
    clock.seconds = 5.0

    assert everything(inbox) == [A, B]


def test_what_is_not_due_does_not_hold_up_what_has_arrived(inbox: Inbox) -> None:
    """The calendar never blocks the queue."""
    inbox.put_at(1.0, "a", A)
    inbox.put(B)

    assert everything(inbox) == [B]


@pytest.mark.parametrize("second", [5.0, 50.0])
def test_a_message_with_the_same_key_replaces_the_one_before(inbox: Inbox, clock: SimClock, second: float) -> None:
    """At most one message of a key waits, whether the new time is sooner or later."""
    inbox.put_at(10.0, "key", A)
    inbox.put_at(second, "key", B)

    assert inbox.next_due() == second
    clock.seconds = 100.0
    assert everything(inbox) == [B]


def test_equal_times_come_in_the_order_they_were_put(inbox: Inbox, clock: SimClock) -> None:
    """Messages are never compared with each other, which would raise."""
    for key, message in enumerate((C, A, B)):
        inbox.put_at(1.0, key, message)
    clock.seconds = 1.0

    assert everything(inbox) == [C, A, B]


@given(steps=STEPS)
def test_the_calendar_is_a_mapping_from_keys_to_times(steps: list[tuple[str, int]]) -> None:
    """Whatever was put and replaced: what is left comes by its time, each key once."""
    clock = SimClock()
    inbox = Inbox(clock)
    model: dict[str, tuple[int, int]] = {}
    for number, (key, due) in enumerate(steps):
        inbox.put_at(due, key, Look(folder=FolderName(f"{key}{number}")))
        model[key] = (due, number)
    expected = sorted((due, number, f"{key}{number}") for key, (due, number) in model.items())

    assert inbox.next_due() == (expected[0][0] if expected else None)
    clock.seconds = 50
    assert everything(inbox) == [Look(folder=FolderName(name)) for _, _, name in expected]


class TellingClock(SimClock):
    """A clock that tells when it was read, which `take` does just before it waits."""

    def __init__(self) -> None:
        super().__init__()
        self.was_read = threading.Event()

    def monotonic(self) -> float:
        """Give seconds."""
        self.was_read.set()
        return super().monotonic()


def test_a_message_from_another_thread_wakes_who_waits() -> None:
    """The driver sleeps until something happens, not until a time."""
    clock = TellingClock()
    inbox = Inbox(clock)

    def put() -> None:
        clock.was_read.wait(10)
        inbox.put(A)

    other = threading.Thread(target=put)
    other.start()
    taken = inbox.take(60)
    other.join()

    assert taken == A


def test_waiting_ends_when_something_falls_due(inbox: Inbox) -> None:
    """A long patience is cut to the next time in the calendar."""
    inbox.put_at(0.001, "a", A)

    assert inbox.take(60) is None
