"""Sidecars that come when their video was taken already."""

from typing import Any

import pytest
from samples import claim, fingerprint

from panjaya_watchd.core.claim import HeldFor, State
from panjaya_watchd.core.drop import Drop, group
from panjaya_watchd.core.late import joins, waits_with
from panjaya_watchd.core.words import too_late

TAKEN = ("talk.mp4", "talk.toml", "talk.es-ES.srt")


def newcomer(*names: str) -> Drop:
    """Give files that lie in the watch folder and belong together."""
    (found,) = group((name, fingerprint()) for name in names)
    return found


@pytest.mark.parametrize(
    ("names", "may"),
    [
        (("talk.fr-FR.srt",), True),
        (("talk.srt",), True),
        (("talk.background.wav",), True),
        (("talk.toml",), False),
        (("talk.ES-es.srt",), False),
        (("talk.fr-FR.srt", "talk.toml"), False),
        (("talk.mp4",), False),
        (("tour.fr-FR.srt",), False),
    ],
)
def test_what_comes_joins_where_its_place_is_free(names: tuple[str, ...], may: bool) -> None:  # noqa: FBT001
    """Two for one role cannot both be meant, another stem is another drop, and a second video is a drop of its own."""
    assert joins(newcomer(*TAKEN), newcomer(*names)) is may


def test_a_video_joins_the_sidecars_that_were_taken_without_it() -> None:
    """They were meant for it, and not for one of its name that is done."""
    assert joins(newcomer("talk.fr-FR.srt"), newcomer("talk.mp4"))
    assert joins(newcomer("talk.fr-FR.srt"), newcomer("talk.mp4", "talk.toml"))
    assert not joins(newcomer("talk.fr-FR.srt"), newcomer("talk.mp4", "talk.fr-FR.srt"))


def test_nothing_joins_what_was_ordered_by_a_word() -> None:
    """It has no files that could go back and be dropped once more together."""
    assert not joins(Drop(key="talk", parts=(), title="talk"), newcomer("talk.fr-FR.srt"))


@pytest.mark.parametrize(
    ("changes", "waits"),
    [
        ({"state": State.CLAIMED}, True),
        ({"state": State.UPLOADING}, True),
        ({"state": State.HELD, "held_for": HeldFor.BUDGET}, True),
        ({"state": State.HELD, "held_for": HeldFor.DOUBT}, False),
        ({"state": State.RELEASING}, False),
        ({"state": State.DUBBING}, False),
        ({"state": State.FILING}, False),
    ],
)
def test_before_the_gate_it_is_used_and_after_it_answered(changes: dict[str, Any], waits: bool) -> None:  # noqa: FBT001
    """Nothing is spent before the gate, so nothing is lost by going back."""
    taken = claim(changes["state"], drop=newcomer("talk.mp4"), held_for=changes.get("held_for"))
    said = waits_with(taken, newcomer("talk.fr-FR.srt"))

    assert (said is not None) is waits
    assert said is None or said.startswith("belongs to talk,")


def test_a_second_file_for_one_role_is_answered_at_once() -> None:
    """It can never be used: the video has one already."""
    assert waits_with(claim(State.CLAIMED, drop=newcomer(*TAKEN)), newcomer("talk.toml")) is None


def test_the_answer_names_what_came_too_late() -> None:
    """And says what it costs to have it used."""
    refusal = too_late(newcomer("talk.fr-FR.srt", "talk.toml"))

    assert "talk.fr-FR.srt and talk.toml" in refusal.why
    assert "costs again" in refusal.todo
