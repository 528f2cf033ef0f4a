"""What the TOML sidecar means."""

from pathlib import Path

import pytest

from panjaya_watchd.core.drop import Role
from panjaya_watchd.core.names import Locale
from panjaya_watchd.core.order import Asked, AutoGenerate, LipsModel
from panjaya_watchd.errors import SidecarError
from panjaya_watchd.sidecar import toml_order
from panjaya_watchd.sidecar.registry import LIMITS

GOOD = Path(__file__).parent / "samples" / "toml" / "good"


def read_sample(name: str) -> Asked:
    """Read one good sample."""
    return toml_order.read(name, (GOOD / name).read_bytes())


def test_every_key_arrives_under_its_own_name() -> None:
    """Nothing the dropper asks for is lost, and `named` has the keys in the file's order."""
    expected = Asked(
        locale=Locale("en-US"),
        languages=(
            (Locale("es-ES"), "interview.es-ES.srt"),
            (Locale("fr-FR"), None),
            (Locale("de-DE"), None),
        ),
        speakers_count=2,
        start_time=10.0,
        end_time=120.5,
        auto_generate=AutoGenerate.NO_LIPS,
        lips_model=LipsModel.REAL_FACE_TURBO,
        background="interview.background.wav",
        background_url="https://media.example/background.wav?version=2",
        media_url="http://media.example/interview.mp4",
        callback_url="https://media.example:8443/callback",
        force=True,
        named=(
            *("locale", "languages", "speakers_count", "start_time", "end_time", "auto_generate", "lips_model"),
            *("background", "background_url", "media_url", "callback_url", "force"),
        ),
    )

    assert expected == read_sample("every-key.toml")


def test_an_empty_sidecar_asks_for_nothing() -> None:
    """With ``sidecar = "trigger"`` an empty file is a whole answer."""
    assert Asked() == read_sample("empty.toml")


def test_tables_and_tags_say_the_same() -> None:
    """``[[languages]]`` is the long form of ``languages = […]``."""
    short = b'locale = "de-DE"\nlanguages = [{ locale = "es-MX", srt = "interview.es-MX.srt" }, "pt-BR"]\n'

    assert toml_order.read("talk.toml", short) == read_sample("tables.toml")


def test_subtitles_are_given_to_the_only_language() -> None:
    """``srt`` beside one language is that language's."""
    assert read_sample("one-language.toml").languages == ((Locale("es-ES"), "interview.srt"),)


def test_subtitles_named_twice_are_refused() -> None:
    """``srt`` beside a language that has its own would leave one of them out."""
    with pytest.raises(SidecarError, match="srt: expected exactly one language"):
        toml_order.read("talk.toml", b'srt = "b.srt"\nlanguages = [{ locale = "es-ES", srt = "a.srt" }]\n')


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter() -> None:
    """Notepad writes both."""
    asked = read_sample("byte-order-mark.toml")

    assert (Locale("en-US"), 90.0) == (asked.locale, asked.start_time)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("0", 0.0),
        ("90", 90.0),
        ("1.25", 1.25),
        ('"01:30"', 90.0),
        ('"1:30"', 90.0),
        ('"120:00"', 7200.0),
        ('"00:02:00"', 120.0),
        ('"1:00:00.250"', 3600.25),
        ('"99:59:59.999"', 359999.999),
    ],
)
def test_times_are_seconds_or_timecodes(written: str, seconds: float) -> None:
    """A time means the same however it is written; two numbers are minutes and seconds."""
    assert seconds == toml_order.read("talk.toml", f"end_time = {written}".encode()).end_time


@pytest.mark.parametrize(
    "written",
    ['""', '"90"', '"-1:00"', '"1:60"', '"1:2"', '":30"', '"00:00:00:01"', '"٠١:٣٠"', "true", "[1]", "1e400"],  # noqa: RUF001  (Arabic digits are the point)
)
def test_what_is_no_time_is_refused(written: str) -> None:
    """Nothing is guessed: the length of what is dubbed is what is paid for."""
    with pytest.raises(SidecarError, match="line 1, start_time: expected seconds"):
        toml_order.read("talk.toml", f"start_time = {written}".encode())


@pytest.mark.parametrize(
    "written",
    [
        '"https://media.example/a\\tb"',
        '"https://media.example/a\\nb"',
        '"file:///etc/passwd"',
        '"//media.example/a"',
        '"https://[media"',
        f'"https://media.example/{"a" * 2048}"',
        "7",
    ],
)
def test_what_is_no_web_address_is_refused(written: str) -> None:
    """Only what Panjaya could fetch goes out."""
    with pytest.raises(SidecarError, match="media_url: expected a web address"):
        toml_order.read("talk.toml", f"media_url = {written}".encode())


def test_a_file_of_the_largest_size_is_read() -> None:
    """The limit is inclusive, and the registry, which loads this room late, knows the same one."""
    assert LIMITS[Role.TOML] == toml_order.FILE_LIMIT
    content = b'locale = "en-US"\n#'

    assert toml_order.read("talk.toml", content.ljust(LIMITS[Role.TOML], b"x")).locale == "en-US"


def test_the_name_is_shown_safely() -> None:
    """A name with a line break or undecodable bytes cannot break the message."""
    with pytest.raises(SidecarError) as caught:
        toml_order.read("a\n\udcff.toml", b"?")

    assert caught.value.message.encode().startswith(b"a\\x0a\\xff.toml, line 1: ")


def test_what_the_file_says_is_shown_safely() -> None:
    """A value with a line break or a direction mark cannot break the message either."""
    with pytest.raises(SidecarError) as caught:
        toml_order.read("talk.toml", '"a\\n\u202eb" = 1\nlocale = "x\\ny"\n'.encode())

    assert len(caught.value.message.splitlines()) == 2
    assert "\u202e" not in caught.value.message


def test_a_line_in_quotes_that_looks_like_a_key_is_no_trouble() -> None:
    """Lines are for messages only, so a misleading text cannot change what is read."""
    asked = toml_order.read("talk.toml", b'languages = ["es-ES"]\nlocale = """\\\n  en-US"""\n')

    assert asked.locale == "en-US"
