"""More languages for what is done: what is ordered, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest
from samples import DIGEST, FRENCH, NOW, SPANISH, claim, drop, order

from panjaya_watchd.core.claim import Claim, Destination, State
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.more import asked_for, merge_more, no_more
from panjaya_watchd.core.names import Digest, Locale
from panjaya_watchd.core.order import Asked, AutoGenerate, Defaults, Language, LipsModel, Order, Refusal

GERMAN = Locale("de-DE")
OTHER = Digest("cd" * 32)
FOLDER = Defaults(
    locale=Locale("it-IT"), languages=(SPANISH, Locale("nl-NL")), auto_generate=AutoGenerate.OFF, speakers_count=9
)
"""What the folder orders by now, which is of no interest."""

HAD = order(
    languages=(Language(locale=SPANISH, srt="talk.es-ES.srt", srt_digest=DIGEST), Language(locale=FRENCH)),
    lips_model=LipsModel.REAL_FACE,
    speakers_count=2,
    start_time=1.0,
    background="talk.background.wav",
    callback_url="https://us/callback/old",
)
EARLIER = claim(State.CLOSED, order=HAD, closed_at=NOW, filed_as="done/talk")


def more(asked: Asked, *names: str, earlier: Claim = EARLIER, digest: Digest = DIGEST) -> Order | Refusal:
    """Order by these sidecars; without any by a person's word. An SRT's tag is what stands before its suffix."""
    sidecars = drop(*names) if names else Drop(key="talk", parts=(), title="talk")
    parts = tuple(
        replace(part, tag=part.name.split(".")[1]) if part.name.endswith(".srt") else part for part in sidecars.parts
    )
    digests = {part.name: digest for part in parts if part.name.endswith(".srt")}
    return merge_more(FOLDER, asked, replace(sidecars, parts=parts), digests, earlier)


def asking(**wishes: Any) -> Asked:
    """Ask as a TOML with these keys."""
    return Asked(**wishes, named=tuple(wishes))


def test_only_what_is_new_is_ordered_with_the_settings_of_then() -> None:
    """The folder's languages of today are not meant; the address for callbacks stays the asset's."""
    expected = replace(HAD, languages=(Language(locale=GERMAN, srt="talk.de-DE.srt", srt_digest=DIGEST),))

    assert more(Asked(), "talk.de-DE.srt") == expected
    assert more(asking(languages=((SPANISH, None), (GERMAN, None))), "talk.de-DE.srt", "talk.toml") == expected
    assert more(asked_for([GERMAN])) == replace(HAD, languages=(Language(locale=GERMAN),))


def test_a_video_on_the_web_gets_more_languages_as_well() -> None:
    """Nothing of it is fetched again."""
    url = "https://cdn.example/talk.mp4"
    web = replace(EARLIER, order=replace(HAD, media_url=url, background=None, background_url="https://cdn/a.wav"))
    ordered = more(asked_for([GERMAN]), earlier=web)

    assert isinstance(ordered, Order)
    assert (ordered.media_url, ordered.background_url) == (url, "https://cdn/a.wav")


@pytest.mark.parametrize(
    ("asked", "names", "why"),
    [
        (asking(force=True), ["talk.toml", "talk.de-DE.srt"], "force = true means to dub talk once more"),
        (asking(speakers_count=3), ["talk.toml", "talk.de-DE.srt"], "talk was dubbed with other settings"),
        (asking(end_time=5.0), ["talk.toml", "talk.de-DE.srt"], "talk was dubbed with other settings"),
        (Asked(), ["talk.background.wav", "talk.de-DE.srt"], "talk was dubbed with other settings"),
        (asking(languages=((SPANISH, None),)), ["talk.toml"], "talk is dubbed into Spanish (Spain) and French"),
        (asking(languages=((Locale("he-IL"), None),)), ["talk.toml"], "Panjaya cannot dub into Hebrew"),
        (Asked(), ["talk.toml"], "Nothing says into which language"),
    ],
)
def test_what_does_not_fit_is_refused(asked: Asked, names: list[str], why: str) -> None:
    """In words for the dropper, with what to do, and before anything is spent."""
    refused = more(asked, *names)

    assert isinstance(refused, Refusal)
    assert refused.why.startswith(why)
    assert refused.todo


def test_other_subtitles_change_no_dubbing() -> None:
    """The same ones order nothing, others would be lost silently."""
    same, others = more(Asked(), "talk.es-ES.srt"), more(Asked(), "talk.es-ES.srt", digest=OTHER)

    assert isinstance(same, Refusal)
    assert "nothing else is asked for" in same.why
    assert isinstance(others, Refusal)
    assert others.why == "talk is dubbed into Spanish (Spain) already, and other subtitles do not change that."


def test_a_folder_may_forbid_more_languages() -> None:
    """What a sidecar may say is the operator's decision, also later."""
    strict = replace(FOLDER, sidecar_may=("locale",))
    refused = merge_more(strict, asking(languages=((GERMAN, None),)), drop("talk.toml"), {}, EARLIER)

    assert isinstance(refused, Refusal)
    assert "does not allow it" in refused.why
    assert isinstance(
        merge_more(strict, asked_for([GERMAN]), Drop(key="talk", parts=(), title="talk"), {}, EARLIER), Order
    )


def test_what_came_to_nothing_gets_no_more() -> None:
    """The claim that was waited for has failed, or is unknown."""
    for earlier, name in ((EARLIER, "talk"), (None, "The video")):
        outcome = no_more(earlier)
        assert outcome.to is Destination.FAILED
        assert outcome.why == f"{name} has no dubbing to which these languages could be added."
