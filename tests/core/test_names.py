"""Names are matched in one form, shown in one form, and kept as they are; locales are the documented ones."""

import os
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panjaya_watchd.core import locales
from panjaya_watchd.core.names import display, fit, fold

FUZZ = settings(derandomize=True, database=None, deadline=None)
NAMES = st.binary(max_size=60).map(os.fsdecode)
TEXTS = NAMES | st.text(max_size=60)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café", unicodedata.normalize("NFD", "Café")),
        ("INTERVIEW", "interview"),
        ("Straße", "STRASSE"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        (unicodedata.normalize("NFD", "ÅNGSTRÖM"), "ångström"),
    ],
)
def test_names_match_whatever_their_case_and_composition(one: str, other: str) -> None:
    """Apple decomposes names, Windows does not tell cases apart (R51)."""
    assert fold(one) == fold(other)


@FUZZ
@given(TEXTS)
def test_folding_settles_at_once(name: str) -> None:
    """Every composition of a name folds alike, and the folded form is composed."""
    assert fold(unicodedata.normalize("NFD", name)) == fold(unicodedata.normalize("NFC", name)) == fold(name)
    assert unicodedata.is_normalized("NFC", fold(name))


@FUZZ
@given(NAMES.map(lambda name: name * 9), st.integers(10, 255))
def test_a_fitted_name_keeps_its_suffix_and_as_much_of_its_stem_as_there_is_room_for(stem: str, limit: int) -> None:
    """The limit is in bytes of the file system, and no character is cut in two."""
    fitted = fit(stem, ".es-ES.mp4", limit)

    assert fitted.endswith(".es-ES.mp4")
    assert stem.startswith(fitted.removesuffix(".es-ES.mp4"))
    assert len(fitted.encode("utf-8", "surrogateescape")) <= limit


@FUZZ
@given(TEXTS)
def test_a_shown_name_is_one_line_of_utf8(name: str) -> None:
    """Whatever bytes a name has, a log, a web page and ``WHY.txt`` can hold it."""
    shown = display(name)

    assert shown.encode().decode() == shown
    assert len(shown.splitlines()) <= 1


@FUZZ
@given(TEXTS)
def test_showing_twice_changes_nothing(name: str) -> None:
    """A name that was shown may be shown again."""
    assert display(name) == display(display(name))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain.mp4", "plain.mp4"),
        (unicodedata.normalize("NFD", "é.mp4"), "é.mp4"),
        ("a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f"),
        ("a\u2028b", "a\\u2028b"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        (os.fsdecode(b"\xff\x80.mp4"), "\\xff\\x80.mp4"),
        ("\ud800", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_what_cannot_be_shown_is_escaped(name: str, shown: str) -> None:
    """Joiners stay, because words need them; what breaks lines or turns text round does not."""
    assert shown == display(name)


def test_every_character_can_be_shown() -> None:
    """No character of Unicode, alone in a name, breaks a line or an encoder."""
    broken = [
        code
        for code in (*range(0x3100), *range(0xD7FF, 0xE010), *range(0xFB00, 0x10000), *range(0xE0000, 0xE0100))
        if len(display(chr(code)).splitlines()) > 1 or not display(chr(code)).encode()
    ]

    assert broken == []
    assert display(chr(sys.maxunicode)).encode()


def test_the_table_of_locales_is_the_documented_one() -> None:
    """36 sources, 35 targets; only Hebrew is missing among them."""
    assert (len(locales.SOURCES), len(locales.TARGETS)) == (36, 35)
    assert {"he-IL"} == set(locales.SOURCES) - locales.TARGETS


@pytest.mark.parametrize("tag", sorted(locales.SOURCES))
def test_a_locale_in_a_file_name_is_recognised_in_any_case(tag: str) -> None:
    """File systems and people change the case of names."""
    assert tag == locales.recognise(tag) == locales.recognise(tag.lower()) == locales.recognise(tag.upper())


@pytest.mark.parametrize("tag", ["", "es", "es_ES", "es-ES ", "en-GB", "no-NO"])
def test_nothing_else_is_recognised(tag: str) -> None:
    """Almost a locale is none: what is spoken is paid for."""
    assert locales.recognise(tag) is None


@pytest.mark.parametrize(
    ("tag", "meant"),
    [
        ("es", "es-ES or es-MX"),
        ("pt_PT", "pt-PT"),
        ("FR-fr", "fr-FR"),
        ("en-GB", "en-US"),
        ("no-NO", "nb-NO"),
        ("frr-FR", "fr-FR"),
        ("old", None),
        ("", None),
    ],
)
def test_the_nearest_locale_is_offered(tag: str, meant: str | None) -> None:
    """A mistaken tag is answered with what was most likely meant, or with nothing."""
    assert meant == locales.nearest(tag)
