"""Hints are begun, begun anew and ended, from whatever thread, and nothing begins after the end."""

import threading
from collections.abc import Callable

import pytest
from run.stage import FOLDER, Room
from run.test_lanes import Crew

from panjaya_watchd.errors import PlaceError
from panjaya_watchd.run.listening import Listening
from panjaya_watchd.run.messages import Look, Unheard


class Noted:
    """Hints that write down what is asked of them."""

    def __init__(self, begin: Callable[[], None] = lambda: None) -> None:
        self.calls: list[str] = []
        self._begin = begin

    def start(self) -> None:
        """Note it."""
        self.calls.append("start")
        self._begin()

    def stop(self) -> None:
        """Note it."""
        self.calls.append("stop")


def refuse() -> None:
    """Give no watch."""
    raise PlaceError("There are none left.", hint="Raise it.")


def test_beginning_anew_ends_the_old_watch_first() -> None:
    """It is dead, and its threads would stay."""
    hints = Noted()
    listening = Listening({FOLDER: hints})

    assert listening.begin(FOLDER, wanted=True)
    assert listening.begin(FOLDER, wanted=True)
    assert not listening.begin(FOLDER, wanted=False)
    assert not listening.begin(FOLDER, wanted=False)
    assert hints.calls == ["start", "stop", "start", "stop"]


def test_a_folder_without_hints_has_none() -> None:
    """Nothing is asked."""
    assert not Listening().begin(FOLDER, wanted=True)


def test_nothing_begins_after_the_end() -> None:
    """Whoever is asked for it later says no."""
    hints = Noted()
    listening = Listening({FOLDER: hints})
    listening.begin(FOLDER, wanted=True)
    listening.end()
    assert not listening.begin(FOLDER, wanted=True)
    assert hints.calls == ["start", "stop", "stop"]


def test_the_end_may_come_while_a_watch_is_just_being_set() -> None:
    """It is taken back at once."""

    def end() -> None:
        listening.end()

    late = Noted(begin=end)
    listening = Listening({FOLDER: late})
    assert listening.begin(FOLDER, wanted=True)
    assert late.calls == ["start", "stop"]


def test_a_refusal_is_passed_on_and_tried_again() -> None:
    """With the next mounting."""
    hints = Noted(begin=refuse)
    listening = Listening({FOLDER: hints})
    for _ in range(2):
        with pytest.raises(PlaceError):
            listening.begin(FOLDER, wanted=True)
    listening.end()
    assert hints.calls == ["start", "start"]


@pytest.mark.parametrize("works", [True, False])
def test_a_lane_listens_in_the_folders_own_thread(*, works: bool) -> None:
    """What came before the watch was set is looked for at once; that there is none is a sentence."""
    threads: list[str] = []

    def begin() -> None:
        threads.append(threading.current_thread().name)
        if not works:
            refuse()

    crew = Crew(Room())
    crew.lanes.listening = Listening({FOLDER: Noted(begin=begin)})
    crew.lanes.listen(FOLDER, wanted=True)

    why = Unheard(folder=FOLDER, why="There are none left.", hint="Raise it.")
    assert crew.heard() == (Look(folder=FOLDER) if works else why)
    crew.close()
    assert threads == [f"files-{FOLDER}-0"]


def test_other_hints_take_the_place_of_the_former() -> None:
    """Those are ended, and the new ones begin when the folder was looked at."""
    old, new = Noted(), Noted()
    listening = Listening({FOLDER: old})
    listening.begin(FOLDER, wanted=True)
    listening.change(FOLDER, new)
    listening.begin(FOLDER, wanted=True)
    assert (old.calls, new.calls) == (["start", "stop"], ["start"])
