"""A copy that has only just begun shows nothing of its kind, and is not taken for a kind that nobody knows."""

from pathlib import Path

import pytest
from clips import CLIPS
from damaged import OpenVideo

from panjaya_watchd.core.content import Wholeness
from panjaya_watchd.media.ending import ending


@pytest.mark.parametrize("kind", CLIPS)
@pytest.mark.parametrize("length", [1, 3, 4, 7, 8, 15])
def test_the_first_bytes_of_a_video_are_unfinished(kind: str, length: int, tmp_path: Path) -> None:
    """An MP4 is known by its eighth byte at the earliest."""
    (tmp_path / kind).write_bytes(CLIPS[kind](1, 2)[:length])

    with OpenVideo(tmp_path / kind) as file:
        assert ending(file).verdict is Wholeness.UNFINISHED


def test_what_is_long_enough_and_of_no_known_kind_cannot_be_proved(tmp_path: Path) -> None:
    """It may be a video all the same."""
    (tmp_path / "odd.mp4").write_bytes(b"no kind that is known")

    with OpenVideo(tmp_path / "odd.mp4") as file:
        assert ending(file).verdict is Wholeness.UNPROVEN
