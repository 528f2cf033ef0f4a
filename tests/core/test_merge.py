"""What is ordered for a drop, and what is refused before anything is spent."""

import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panjaya_watchd.core import locales
from panjaya_watchd.core.drop import Drop, Fingerprint, Role, group
from panjaya_watchd.core.merge import merge, remarks
from panjaya_watchd.core.names import Digest, Locale
from panjaya_watchd.core.order import MAY_SET, Asked, AutoGenerate, Defaults, Language, LipsModel, Order, Refusal

EN, ES, FR, MX, HE = (Locale(tag) for tag in ("en-US", "es-ES", "fr-FR", "es-MX", "he-IL"))
ALL = (*MAY_SET, "background_url", "callback_url")
FOLDER = Defaults(locale=EN, languages=(ES,), auto_generate=AutoGenerate.WITH_LIPS, sidecar_may=ALL)
TWO = replace(FOLDER, languages=(ES, FR))
NONE = replace(FOLDER, languages=())
PLAIN = Order(locale=EN, languages=(Language(locale=ES),), auto_generate=AutoGenerate.WITH_LIPS)
TOML = "talk.toml"
FUZZ = settings(derandomize=True, database=None, deadline=None)


def drop_of(*names: str, stem: str = "talk") -> Drop:
    """Group files of these names, and give the one drop they are."""
    (drop,) = group((name, Fingerprint(size=1, mtime_ns=1, ctime_ns=1, ino=1)) for name in (f"{stem}.mp4", *names))
    return drop


def digests(drop: Drop) -> dict[str, Digest]:
    """Give each SRT of a drop a digest of its own."""
    return {part.name: digest_of(part.name) for part in drop.of(Role.SRT)}


def digest_of(name: str) -> Digest:
    """Make up a digest that tells the name it belongs to."""
    return Digest(os.fsencode(name).hex().ljust(64, "0"))


def merged(defaults: Defaults, asked: Asked, *names: str) -> Order | Refusal:
    """Merge for a drop of ``talk.mp4`` and these sidecars."""
    drop = drop_of(*names)
    return merge(defaults, asked, drop, digests(drop))


def spoken(locale: Locale, name: str) -> Language:
    """Give a target whose translation is in that SRT."""
    return Language(locale=locale, srt=name, srt_digest=digest_of(name))


def asking(**wishes: object) -> Asked:
    """Ask as a TOML sidecar with these keys."""
    return Asked(**wishes, named=tuple(wishes))  # type: ignore[arg-type]  # the keys are those of Asked


def listing(*languages: Locale | tuple[Locale, str]) -> Asked:
    """Ask for exactly these languages, some with the name of their SRT."""
    return asking(languages=tuple(one if isinstance(one, tuple) else (one, None) for one in languages))


@pytest.mark.parametrize(
    ("defaults", "asked", "names", "order"),
    [
        pytest.param(FOLDER, Asked(), [], PLAIN, id="a video alone gets the folder's settings"),
        pytest.param(
            replace(FOLDER, lips_model=LipsModel.REAL_FACE, speakers_count=2),
            Asked(),
            [],
            replace(PLAIN, lips_model=LipsModel.REAL_FACE, speakers_count=2),
            id="all of them",
        ),
        pytest.param(
            replace(FOLDER, lips_model=LipsModel.REAL_FACE, speakers_count=2),
            asking(
                locale=FR,
                auto_generate=AutoGenerate.OFF,
                lips_model=LipsModel.REAL_FACE_TURBO,
                speakers_count=3,
                start_time=1.5,
                end_time=20.0,
                background_url="https://media.example/b.wav",
                callback_url="https://media.example/c",
                force=True,
            ),
            [TOML],
            Order(
                locale=FR,
                languages=(Language(locale=ES),),
                auto_generate=AutoGenerate.OFF,
                lips_model=LipsModel.REAL_FACE_TURBO,
                speakers_count=3,
                start_time=1.5,
                end_time=20.0,
                background_url="https://media.example/b.wav",
                callback_url="https://media.example/c",
                force=True,
            ),
            id="the sidecar's word stands above the folder's",
        ),
        pytest.param(
            FOLDER, listing(FR, MX), [TOML], replace(PLAIN, languages=(Language(locale=FR), Language(locale=MX))),
            id="languages in the sidecar are the whole list",
        ),
        pytest.param(
            FOLDER, Asked(), ["talk.es-ES.srt"], replace(PLAIN, languages=(spoken(ES, "talk.es-ES.srt"),)),
            id="subtitles for a language of the folder",
        ),
        pytest.param(
            TWO,
            Asked(),
            ["talk.de-de.srt", "talk.FR-fr.srt"],
            replace(
                PLAIN,
                languages=(
                    Language(locale=ES),
                    spoken(FR, "talk.FR-fr.srt"),
                    spoken(Locale("de-DE"), "talk.de-de.srt"),
                ),
            ),
            id="subtitles add their language to the folder's, in any case",
        ),
        pytest.param(
            FOLDER, Asked(), ["TALK.srt"], replace(PLAIN, languages=(spoken(ES, "TALK.srt"),)),
            id="subtitles without a locale are for the only language",
        ),
        pytest.param(
            TWO, listing(FR), [TOML, "talk.srt"], replace(PLAIN, languages=(spoken(FR, "talk.srt"),)),
            id="also where the sidecar made it the only one",
        ),
        pytest.param(
            FOLDER,
            listing((FR, "TALK.SRT"), ES),
            [TOML, "talk.srt", "talk.es-ES.srt"],
            replace(PLAIN, languages=(spoken(FR, "talk.srt"), spoken(ES, "talk.es-ES.srt"))),
            id="the sidecar may say which language subtitles are for",
        ),
        pytest.param(
            FOLDER, listing((ES, "talk.es-ES.srt")), [TOML, "talk.es-ES.srt"],
            replace(PLAIN, languages=(spoken(ES, "talk.es-ES.srt"),)),
            id="saying what the name says already is no fault",
        ),
        pytest.param(
            FOLDER, Asked(), ["talk.background.wav"], replace(PLAIN, background="talk.background.wav"),
            id="a background beside the video is used",
        ),
        pytest.param(
            FOLDER, asking(background="TALK.background.wav"), [TOML, "talk.background.wav"],
            replace(PLAIN, background="talk.background.wav"),
            id="and may be named",
        ),
        pytest.param(
            FOLDER, asking(lips_model=LipsModel.REAL_FACE, auto_generate=AutoGenerate.NO_LIPS), [TOML],
            replace(PLAIN, lips_model=LipsModel.REAL_FACE, auto_generate=AutoGenerate.NO_LIPS),
            id="a lips model without lips does no harm",
        ),
        pytest.param(
            FOLDER, asking(start_time=0.0), [TOML], replace(PLAIN, start_time=0.0), id="a start alone",
        ),
        pytest.param(FOLDER, asking(end_time=0.5), [TOML], replace(PLAIN, end_time=0.5), id="an end alone"),
        pytest.param(
            replace(FOLDER, sidecar_may=()), asking(force=True), [TOML], replace(PLAIN, force=True),
            id="paying again on purpose needs nobody's leave",
        ),
        pytest.param(
            replace(FOLDER, sidecar_may=("srt",)), Asked(), ["talk.es-ES.srt"],
            replace(PLAIN, languages=(spoken(ES, "talk.es-ES.srt"),)),
            id="subtitles for the folder's own language add nothing",
        ),
    ],
)  # fmt: skip
def test_the_order_is_what_folder_and_sidecars_say(
    defaults: Defaults, asked: Asked, names: list[str], order: Order
) -> None:
    """Each rule of the dropper's guide, as one order."""
    assert order == merged(defaults, asked, *names)


REFUSALS = [
    (
        FOLDER, Asked(), ["talk.mov"],
        "talk.mov and talk.mp4 are both there, and only one of them can be meant.",
        "Keep the right one, take the other away and drop all files again.",
    ),
    (
        replace(FOLDER, sidecar_may=("languages",)), asking(speakers_count=2), [TOML],
        "talk.toml sets speakers_count, and the owner of this folder does not allow it.",
        "Take it away and drop all files again. Or ask the owner of the folder to allow speakers_count.",
    ),
    (
        replace(FOLDER, sidecar_may=("languages",)), Asked(), ["talk.es-ES.srt"],
        "talk.es-ES.srt counts as srt, and the owner of this folder does not allow it.",
        "Take it away and drop all files again. Or ask the owner of the folder to allow srt.",
    ),
    (
        replace(FOLDER, sidecar_may=("languages",)), Asked(), ["talk.background.wav"],
        "talk.background.wav counts as background, and the owner of this folder does not allow it.",
        "Take it away and drop all files again. Or ask the owner of the folder to allow background.",
    ),
    (
        replace(FOLDER, sidecar_may=("srt",)), Asked(), ["talk.fr-FR.srt"],
        "talk.fr-FR.srt would add the language fr-FR, and the owner of this folder does not allow it.",
        "Take it away and drop all files again. Or ask the owner of the folder to allow languages.",
    ),
    (
        replace(FOLDER, sidecar_may=MAY_SET), asking(callback_url="https://media.example/"), [TOML],
        "talk.toml sets callback_url, and the owner of this folder does not allow it.",
        "Take it away and drop all files again. Or ask the owner of the folder to allow callback_url.",
    ),
    (
        FOLDER, asking(media_url="https://media.example/a.mp4"), [TOML],
        "talk.toml names a video on the web, and talk.mp4 is here as well.",
        "Take the line media_url out of it and drop all files again.",
    ),
    (
        FOLDER, asking(locale=Locale("en-GB")), [TOML],
        "The language of the video is given as en-GB, which Panjaya does not know.",
        "Set locale to en-US and drop all files again.",
    ),
    (
        replace(FOLDER, locale=Locale("?")), Asked(), [],
        "The language of the video is given as ?, which Panjaya does not know.",
        "Set locale to a locale such as es-ES and drop all files again.",
    ),
    (
        FOLDER, Asked(), ["talk.es.srt"],
        "talk.es.srt names the language es, which Panjaya does not know.",
        "Rename it to talk.es-ES.srt or talk.es-MX.srt and drop all files again.",
    ),
    (
        FOLDER, Asked(), ["talk.old.srt"],
        "talk.old.srt names the language old, which Panjaya does not know.",
        "Rename it to talk.es-ES.srt, for example, and drop all files again.",
    ),
    (
        FOLDER, listing(FR), [TOML, "talk.es-ES.srt"],
        "talk.es-ES.srt is for es-ES, which is not among the languages in talk.toml.",
        'Add "es-ES" to languages there, or take the subtitles away, and drop all files again.',
    ),
    (
        TWO, Asked(), ["talk.srt"],
        "talk.srt does not say which language it is for, and the video is dubbed into es-ES, fr-FR.",
        "Rename it to talk.es-ES.srt or talk.fr-FR.srt and drop all files again.",
    ),
    (
        FOLDER, Asked(), ["talk.srt", "talk.fr-FR.srt"],
        "talk.srt does not say which language it is for, and the video is dubbed into es-ES, fr-FR.",
        "Rename it to talk.es-ES.srt and drop all files again.",
    ),
    (
        TWO, Asked(), ["talk.srt", "talk.es-ES.srt", "talk.fr-FR.srt"],
        "talk.srt does not say which language it is for, and the video is dubbed into es-ES, fr-FR.",
        "Take it away and drop all files again.",
    ),
    (
        NONE, Asked(), ["talk.srt"],
        "talk.srt does not say which language it is for, and the video is dubbed into none yet.",
        "Rename it to talk.es-ES.srt, for example, and drop all files again.",
    ),
    (
        FOLDER, Asked(), ["talk.srt", "talk.es-ES.srt"],
        "talk.srt and talk.es-ES.srt are both for es-ES.",
        "Keep the right one, take the other away and drop all files again.",
    ),
    (
        FOLDER, listing((ES, "talk.srt")), [TOML, "talk.srt", "talk.es-ES.srt"],
        "talk.srt and talk.es-ES.srt are both for es-ES.",
        "Keep the right one, take the other away and drop all files again.",
    ),
    (
        FOLDER, listing((ES, "talk.srt"), (FR, "talk.srt")), [TOML, "talk.srt"],
        "talk.srt is for es-ES and cannot be for fr-FR as well.",
        "Give each language a file of its own, such as talk.fr-FR.srt, and drop all files again.",
    ),
    (
        FOLDER, listing((MX, "talk.es-ES.srt"), ES), [TOML, "talk.es-ES.srt"],
        "talk.es-ES.srt is for es-ES and cannot be for es-MX as well.",
        "Give each language a file of its own, such as talk.es-MX.srt, and drop all files again.",
    ),
    (
        FOLDER, listing((ES, "speech.srt")), [TOML],
        "talk.toml names speech.srt as the subtitles for es-ES, and there is no such file beside the video.",
        "Correct the name in it, or add the file, and drop all files again.",
    ),
    (
        FOLDER, listing((ES, "it.srt")), [TOML, "talk.es-ES.srt", "talk.srt"],
        "talk.toml names it.srt as the subtitles for es-ES, and there is talk.es-ES.srt or talk.srt beside the video.",
        "Correct the name in it, or add the file, and drop all files again.",
    ),
    (
        NONE, Asked(), [],
        "Nothing says into which language the video should be dubbed.",
        'Write a line such as languages = ["es-ES"] into talk.toml and drop all files again.',
    ),
    (
        FOLDER, listing(), [TOML],
        "Nothing says into which language the video should be dubbed.",
        'Write a line such as languages = ["es-ES"] into talk.toml and drop all files again.',
    ),
    (
        FOLDER, listing(Locale("es-es")), [TOML],
        "The video should be dubbed into es-es, which Panjaya does not know.",
        "Set languages to es-ES and drop all files again.",
    ),
    (
        FOLDER, listing(HE), [TOML],
        "Panjaya cannot dub into Hebrew (he-IL), only from it.",
        "Take he-IL away and drop all files again.",
    ),
    (
        FOLDER, Asked(), ["talk.he-IL.srt"],
        "Panjaya cannot dub into Hebrew (he-IL), only from it.",
        "Take talk.he-IL.srt away and drop all files again.",
    ),
    (
        FOLDER, Asked(), ["talk.en-US.srt"],
        "The video is in English (en-US) already and cannot be dubbed into it.",
        "Take talk.en-US.srt away, or correct locale, the language of the video, and drop all files again.",
    ),
    (
        FOLDER, asking(locale=ES), [TOML],
        "The video is in Spanish (Spain) (es-ES) already and cannot be dubbed into it.",
        "Take es-ES away, or correct locale, the language of the video, and drop all files again.",
    ),
    (
        FOLDER, listing(ES, FR, ES), [TOML],
        "The video should be dubbed into Spanish (Spain) (es-ES) twice.",
        "List es-ES once and drop all files again.",
    ),
    (
        FOLDER, asking(start_time=20.0, end_time=20.0), [TOML],
        "talk.toml asks for the video from second 20 to second 20, and there is nothing between them.",
        "Set start_time to 0 or more and end_time to more than that, and drop all files again.",
    ),
    (
        FOLDER, asking(start_time=-1.0), [TOML],
        "talk.toml asks for the video from second -1 to its end, and there is nothing between them.",
        "Set start_time to 0 or more and end_time to more than that, and drop all files again.",
    ),
    (
        FOLDER, asking(end_time=0.0), [TOML],
        "talk.toml asks for the video from second 0 to second 0, and there is nothing between them.",
        "Set start_time to 0 or more and end_time to more than that, and drop all files again.",
    ),
    (
        FOLDER, asking(background="music.wav"), [TOML],
        "talk.toml names music.wav as the background sound, and there is no such file beside the video.",
        "Correct the name in it, or add the file, and drop all files again.",
    ),
    (
        FOLDER, asking(background_url="https://media.example/b.wav"), [TOML, "talk.background.wav"],
        "talk.background.wav is the background sound, and talk.toml names another one on the web.",
        "Keep one of the two and drop all files again.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("defaults", "asked", "names", "why", "todo"), REFUSALS)
def test_a_broken_rule_is_answered_in_plain_words(
    defaults: Defaults, asked: Asked, names: list[str], why: str, todo: str
) -> None:
    """One sentence why, and what to do; both name the files."""
    assert Refusal(why=why, todo=todo) == merged(defaults, asked, *names)


def alone(asked: Asked, *names: str, duration: float | None = None) -> Order | Refusal:
    """Merge a drop of a TOML and perhaps others, without a video."""
    (drop,) = group([(name, Fingerprint(size=1, mtime_ns=1, ctime_ns=1, ino=1)) for name in (TOML, *names)])
    return merge(FOLDER, asked, drop, {}, duration)


def test_without_a_video_there_is_no_order() -> None:
    """Sidecars alone buy nothing."""
    refusal = alone(Asked())

    assert isinstance(refusal, Refusal)
    assert refusal.why == "There is no video for talk."


def test_a_video_on_the_web_is_a_video() -> None:
    """Its sound may be on the web, too; a file could not go with it."""
    url = "https://media.example/a.mp4"

    order = alone(asking(media_url=url, background_url="https://media.example/a.wav"))
    refusal = alone(asking(media_url=url), "talk.background.wav")

    assert isinstance(order, Order)
    assert (order.media_url, order.background_url) == (url, "https://media.example/a.wav")
    assert isinstance(refusal, Refusal)
    assert refusal.why.startswith("talk.background.wav is a file, and talk.toml names a video on the web")


@pytest.mark.parametrize(
    ("piece", "why"),
    [
        ({"start_time": 10.0}, "talk.toml sets start_time to second 10, and the video has only 10.000 seconds."),
        ({"end_time": 10.1}, "talk.toml sets end_time to second 10.1, and the video has only 10.000 seconds."),
        ({"start_time": 2.0, "end_time": 10.04}, None),
    ],
)
def test_a_piece_lies_within_the_video(piece: dict[str, float], why: str | None) -> None:
    """As far as its length is known; a frame more is the rounding of whoever looked at it."""
    found = alone(asking(media_url="https://media.example/a.mp4", **piece), duration=10.0)

    assert (found.why if isinstance(found, Refusal) else None) == why
    assert isinstance(alone(asking(media_url="https://media.example/a.mp4", **piece)), Order)


def test_a_lips_model_without_lips_is_remarked() -> None:
    """Nothing is wrong with it, but whoever asks for it expects another video."""
    plain = alone(asking(media_url="https://media.example/a.mp4", lips_model=LipsModel.REAL_FACE_TURBO))
    assert isinstance(plain, Order)

    assert remarks(plain) == ()
    (said,) = remarks(replace(plain, auto_generate=AutoGenerate.NO_LIPS))
    assert said.startswith("lips_model = real_face_turbo has no effect")


@pytest.mark.parametrize(
    ("may", "key", "refused"),
    [
        (("background",), "background_url", False),
        (("locale",), "background_url", True),
        (("background",), "callback_url", True),
        (("callback_url",), "callback_url", False),
    ],
)
def test_what_a_sidecar_may_say_of_addresses(may: tuple[str, ...], key: str, *, refused: bool) -> None:
    """Sound on the web is sound; who is called back has to be allowed by name."""
    folder = replace(FOLDER, sidecar_may=(*may, "media_url"))
    (drop,) = group([(TOML, Fingerprint(size=1, mtime_ns=1, ctime_ns=1, ino=1))])
    asked = asking(media_url="https://media.example/a.mp4", **{key: "https://media.example/b"})

    assert isinstance(merge(folder, asked, drop, {}), Refusal) is refused


def test_names_with_folders_and_broken_letters_are_shown_safely() -> None:
    """The dropper sees no folder that is not hers, and no byte that breaks the page."""
    drop = drop_of("sub/a\udcff.es.srt", stem="sub/a\udcff")

    refusal = merge(FOLDER, Asked(), drop, digests(drop))

    assert refusal == Refusal(
        why="a\\xff.es.srt names the language es, which Panjaya does not know.",
        todo="Rename it to a\\xff.es-ES.srt or a\\xff.es-MX.srt and drop all files again.",
    )


def test_parts_in_a_sub_folder_are_named_without_it() -> None:
    """A TOML sidecar names the file beside it; the order names the part."""
    drop = drop_of("sub/talk.es-ES.srt", "sub/talk.toml", stem="sub/talk")

    order = merge(FOLDER, listing((ES, "talk.es-ES.srt")), drop, digests(drop))

    assert replace(PLAIN, languages=(spoken(ES, "sub/talk.es-ES.srt"),)) == order


TAGS = st.sampled_from(["en-US", "es-ES", "es-MX", "fr-FR", "he-IL", "xx-XX"]).map(Locale)
PARTS = st.sets(
    st.sampled_from(["talk.srt", "talk.es-ES.srt", "talk.fr-fr.srt", "talk.he-IL.srt", "talk.background.wav", TOML])
)
NAMED = st.none() | st.sampled_from(["talk.srt", "talk.es-ES.srt", "other.srt"])
ASKED = st.builds(
    Asked,
    locale=st.none() | TAGS,
    languages=st.none() | st.lists(st.tuples(TAGS, NAMED), max_size=4).map(tuple),
    start_time=st.none() | st.floats(-1, 10),
    end_time=st.none() | st.floats(-1, 10),
    background=st.none() | st.just("talk.background.wav"),
    background_url=st.none() | st.just("https://media.example/b.wav"),
    named=st.lists(st.sampled_from(["locale", "languages"]), unique=True).map(tuple),
)
DEFAULTS = st.builds(
    Defaults,
    locale=TAGS,
    languages=st.lists(TAGS, max_size=3).map(tuple),
    auto_generate=st.sampled_from(AutoGenerate),
    sidecar_may=st.sampled_from([MAY_SET, ("srt",), ()]),
)


@pytest.mark.slow
@FUZZ
@given(DEFAULTS, ASKED, PARTS)
def test_every_order_is_one_the_api_can_take(defaults: Defaults, asked: Asked, names: set[str]) -> None:
    """Whatever is asked, an order has sound targets, each once, each SRT for one of them, and a span that exists."""
    drop = drop_of(*names)
    order = merge(defaults, asked, drop, digests(drop))
    if isinstance(order, Refusal):
        assert order.why.endswith(".")
        assert order.todo.endswith(".")
        return

    used = [language.srt for language in order.languages if language.srt]

    assert order.locales
    assert len(set(order.locales)) == len(order.locales)
    assert set(order.locales) <= locales.TARGETS - {order.locale}
    assert sorted(used) == [part.name for part in drop.of(Role.SRT)]
    assert (order.start_time or 0) >= 0
    assert order.end_time is None or order.end_time > (order.start_time or 0)
    assert not (order.background and order.background_url)


@pytest.mark.slow
@FUZZ
@given(DEFAULTS, ASKED, PARTS)
def test_merging_is_a_function_of_its_arguments(defaults: Defaults, asked: Asked, names: set[str]) -> None:
    """The order of a directory and of a dictionary change nothing."""
    drop = drop_of(*names)
    backwards = dict(reversed(digests(drop).items()))

    assert merge(defaults, asked, drop, digests(drop)) == merge(defaults, asked, drop, backwards)


@pytest.mark.slow
@FUZZ
@given(ASKED, PARTS)
def test_nothing_is_ordered_that_the_folder_does_not_allow(asked: Asked, names: set[str]) -> None:
    """With an empty ``sidecar_may`` an order can only be the folder's own."""
    asked = replace(asked, named=tuple(key for key in MAY_SET if getattr(asked, key, None) is not None))
    defaults = replace(FOLDER, sidecar_may=())
    drop = drop_of(*names)

    order = merge(defaults, replace(asked, background_url=None), drop, digests(drop))

    assert isinstance(order, Refusal) or order == PLAIN
