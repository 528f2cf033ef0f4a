"""What becomes of a video by its end and by its streams."""

import pytest

from panjaya_watchd.core.content import (
    PATIENT,
    ContentCheck,
    Ending,
    Measured,
    Patience,
    Unfinished,
    Wholeness,
    judge,
    judge_streams,
)
from panjaya_watchd.core.locales import speaks
from panjaya_watchd.core.names import Locale
from panjaya_watchd.core.order import Refusal

EARLY = Ending(verdict=Wholeness.UNFINISHED, container="mp4", says="ends 10 bytes early")
LIVE = Ending(verdict=Wholeness.UNPROVEN, container="webm", says="is a live recording without an end")
JUNK = Ending(verdict=Wholeness.UNPROVEN, says="is of a kind that cannot be checked")
WHOLE = Ending(verdict=Wholeness.WHOLE, container="mp4")


@pytest.mark.parametrize("check", ContentCheck)
@pytest.mark.parametrize("over", [False, True])
def test_a_whole_video_goes_on(check: ContentCheck, over: bool) -> None:  # noqa: FBT001
    """Whatever the folder wants, and however long it lay there."""
    assert judge(WHOLE, Patience(check=check, over=over)) is None


def test_an_unfinished_video_waits_and_is_then_given_up() -> None:
    """Content cannot tell a copy that is still running from one that has ended; time does."""
    waiting = judge(EARLY, PATIENT)
    given_up = judge(EARLY, Patience(over=True))

    assert waiting == Unfinished(says="looks unfinished: it ends 10 bytes early")
    assert isinstance(given_up, Refusal)
    assert (given_up.why, given_up.seen) == (
        "The file ends early. Please copy it again.",
        "the file ends 10 bytes early",
    )


@pytest.mark.parametrize("over", [False, True])
def test_what_cannot_be_proved_is_sent_with_a_warning(over: bool) -> None:  # noqa: FBT001
    """A live recording never says where it ends, and is dubbed all the same."""
    warning = judge(LIVE, Patience(over=over))

    assert isinstance(warning, str)
    assert LIVE.says in warning


@pytest.mark.parametrize("ending", [EARLY, LIVE])
def test_a_folder_may_want_warnings_only_or_nothing(ending: Ending) -> None:
    """Its owner may know what makes such files."""
    warned = judge(ending, Patience(check=ContentCheck.WARN, over=True))

    assert isinstance(warned, str)
    assert ending.says in warned
    assert judge(ending, Patience(check=ContentCheck.OFF, over=True)) is None


@pytest.mark.parametrize(
    ("measured", "word"),
    [
        (Measured(duration=9.0, has_video=False), "no picture"),
        (Measured(duration=9.0, has_audio=False), "no sound"),
        (Measured(duration=None, has_video=False, has_audio=False), "no picture"),
    ],
)
def test_a_video_without_picture_or_sound_is_refused_before_it_costs(measured: Measured, word: str) -> None:
    """The service would say the same after it was paid for."""
    refusal = judge_streams(WHOLE, measured, ContentCheck.ENFORCE)

    assert refusal is not None
    assert word in refusal.why
    assert judge_streams(WHOLE, measured, ContentCheck.WARN) is None


def test_what_neither_begins_like_a_video_nor_can_be_measured_is_none() -> None:
    """Somebody has called a text ``talk.mp4``; it is not sent to find out (R47)."""
    refusal = judge_streams(JUNK, None, ContentCheck.ENFORCE)

    assert refusal is not None
    assert "no picture" in refusal.why
    assert judge_streams(JUNK, Measured(duration=9.0), ContentCheck.ENFORCE) is None
    assert judge_streams(JUNK, None, ContentCheck.WARN) is None


@pytest.mark.parametrize("measured", [None, Measured(duration=9.0)])
def test_a_video_with_both_or_of_which_nothing_is_known_goes_on(measured: Measured | None) -> None:
    """What our probe cannot read may still be what the service can dub."""
    assert judge_streams(WHOLE, measured, ContentCheck.ENFORCE) is None


@pytest.mark.parametrize(
    ("locale", "codes", "may"),
    [
        ("en-US", ["eng"], True),
        ("en-US", ["spa"], False),
        ("de-DE", ["ger"], True),
        ("de-DE", ["deu", "eng"], True),
        ("de-DE", ["und"], True),
        ("de-DE", ["spa", "und"], True),
        ("pt-BR", ["pt-BR"], True),
        ("fil-PH", ["TGL"], True),
        ("xx-XX", ["spa"], True),
        ("fr-FR", [], True),
    ],
)
def test_a_container_may_contradict_the_order(locale: str, codes: list[str], may: bool) -> None:  # noqa: FBT001
    """Only by naming languages that are known here, all of them others."""
    assert speaks(Locale(locale), codes) is may
