"""The request object: everything documented is taken, everything else is refused or ignored by name."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panjaya_watchd.core.locales import SOURCES, TARGETS
from panjaya_watchd.rehearsal.request import Refused, is_srt, read_languages, read_request
from panjaya_watchd.rehearsal.results import TALK

CUE = "1\n00:00:01,000 --> 00:00:02,500\nHola.\n"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def test_everything_documented_is_read(ask: Callable[..., dict[str, Any]]) -> None:
    """Every documented field reaches the request under its own name."""
    asked = read_request(
        ask(
            languages=[{"locale": "es-ES", "srt": CUE}, {"locale": "fr-FR"}],
            speakers_count=2,
            start_time=1.5,
            end_time=120,
            callback_url="https://hook.example/cb",
            lips_model="real_face_turbo",
            background_url="https://cdn.example/music.wav",
            auto_generate="no_lips",
        ),
        by_url=False,
    )

    assert asked.languages == (("es-ES", CUE), ("fr-FR", None))
    assert (asked.locale, asked.speakers_count, asked.start_time, asked.end_time) == ("en-US", 2, 1.5, 120)
    assert (asked.lips_model, asked.auto_generate) == ("real_face_turbo", "no_lips")
    assert asked.callback_url == "https://hook.example/cb"
    assert asked.background_url == "https://cdn.example/music.wav"
    assert asked.ignored == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"locale": None}, "locale:"),
        ({"locale": "en-GB"}, "'en-GB'"),
        ({"locale": "en-us"}, "'en-us'"),
        ({"locale": ["en-US"]}, "locale:"),
        ({"languages": None}, "languages:"),
        ({"languages": []}, "at least one"),
        ({"languages": "es-ES"}, "languages:"),
        ({"languages": ["es-ES"]}, "languages[0]: expected a JSON object"),
        ({"languages": [{}]}, "languages[0].locale"),
        ({"languages": [{"locale": "he-IL"}]}, "'he-IL'"),
        ({"languages": [{"locale": "es-ES"}, {"locale": "es-ES"}]}, "twice"),
        ({"languages": [{"locale": "en-US"}]}, "language of the video"),
        ({"languages": [{"locale": "es-ES", "srt": ""}]}, "languages[0].srt"),
        ({"languages": [{"locale": "es-ES", "srt": {"text": CUE}}]}, "languages[0].srt"),
        ({"speakers_count": 0}, "speakers_count:"),
        ({"speakers_count": True}, "speakers_count:"),
        ({"speakers_count": "2"}, "speakers_count:"),
        ({"start_time": -1}, "start_time:"),
        ({"end_time": "00:02:00"}, "end_time:"),
        ({"start_time": 10, "end_time": 10}, "more than start_time 10"),
        ({"lips_model": "real"}, "lips_model:"),
        ({"auto_generate": "on"}, "auto_generate:"),
        ({"auto_generate": True}, "auto_generate:"),
        ({"callback_url": "hook.example"}, "callback_url:"),
        ({"background_url": "ftp://cdn.example/a.wav"}, "background_url:"),
    ],
)
def test_what_is_wrong_is_refused_with_its_name(
    ask: Callable[..., dict[str, Any]], changes: dict[str, Any], words: str
) -> None:
    """A value outside the documentation is 400, and ``detail`` says which."""
    with pytest.raises(Refused) as caught:
        read_request(ask(**changes), by_url=False)

    assert caught.value.status == 400
    assert words in caught.value.detail


def test_unknown_keys_are_ignored_and_remembered(ask: Callable[..., dict[str, Any]]) -> None:
    """A misspelled key has no effect, as with the real framework, but a test can see it."""
    body = ask(languages=[{"locale": "es-ES", "text": CUE}], speaker_count=2, media_url="https://cdn.example/a.mp4")

    asked = read_request(body, by_url=False)

    assert asked.ignored == ("media_url", "speaker_count", "languages[0].text")
    assert asked.speakers_count is None
    assert asked.media_url is None


def test_a_video_by_url_needs_its_url(ask: Callable[..., dict[str, Any]]) -> None:
    """Without an upload, ``media_url`` is the only way to name the video."""
    with pytest.raises(Refused, match="media_url"):
        read_request(ask(), by_url=True)

    asked = read_request(ask(media_url="https://cdn.example/a.mp4"), by_url=True)

    assert asked.media_url == "https://cdn.example/a.mp4"


def test_the_table_of_locales_is_the_documented_one(ask: Callable[..., dict[str, Any]]) -> None:
    """36 locales are spoken, 35 of them can be targets; Hebrew cannot."""
    sources = [read_request(ask("nl-NL" if tag != "nl-NL" else "es-ES", locale=tag), by_url=False) for tag in SOURCES]
    targets, _ = read_languages([{"locale": tag} for tag in TARGETS])

    assert (len(sources), len(targets)) == (36, 35)


@pytest.mark.parametrize(
    "text",
    [
        CUE,
        CUE + "\n2\n00:00:03,000 --> 00:00:04,000\nTwo\nlines.\n",
        CUE.replace("\n", "\r\n") + "\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\nMore.\r\n",
        TALK.with_name("talk.es-ES.srt").read_text(encoding="utf-8"),
    ],
)
def test_a_subrip_text_is_one(text: str) -> None:
    """Cues of a number, a time line and words are a valid SRT."""
    assert is_srt(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hola.",
        "WEBVTT\n\n" + CUE,
        "\ufeff" + CUE,
        CUE.replace(",", "."),
        CUE.replace("Hola.\n", ""),
        CUE.replace("00:00:02,500", "00:00:01,000"),
        CUE.replace("1\n", "", 1),
        "https://cdn.example/a.srt",
    ],
)
def test_anything_else_is_no_subrip(text: str) -> None:
    """Other formats, a byte order mark, empty cues and times that do not pass are refused."""
    assert not is_srt(text)


@settings(max_examples=25)
@given(JSON, st.booleans())
def test_any_json_is_read_or_refused(body: Any, by_url: bool) -> None:  # noqa: FBT001  (Hypothesis fills it in)
    """No JSON value raises anything but `Refused`."""
    try:
        asked = read_request(body, by_url=by_url)
    except Refused as refused:
        said = (refused.status, bool(refused.detail))
    else:
        said = (400, bool(asked.languages))

    assert said == (400, True)


@settings(max_examples=25)
@given(
    st.lists(
        st.fixed_dictionaries({"locale": st.sampled_from(sorted(SOURCES)) | JSON}, optional={"srt": JSON}), max_size=4
    )
)
def test_any_languages_are_read_or_refused(languages: list[Any]) -> None:
    """What is read has no locale twice, and only targets."""
    try:
        read, _ = read_languages(languages)
    except Refused:
        return

    assert len(dict(read)) == len(languages)
    assert set(dict(read)) <= TARGETS
