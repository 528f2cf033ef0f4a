"""
The locales Panjaya dubs from and into.

Source: the complete table of the API's documentation, 36 rows; only Hebrew cannot be a target.
"""

import difflib
from collections.abc import Collection
from typing import Final

from panjaya_watchd.core.names import Locale

SOURCES: Final[dict[Locale, str]] = {
    Locale(tag): language
    for tag, language in (
        ("ar-AE", "Arabic"),
        ("bg-BG", "Bulgarian"),
        ("zh-CN", "Chinese"),
        ("hr-HR", "Croatian"),
        ("cs-CZ", "Czech"),
        ("da-DK", "Danish"),
        ("nl-NL", "Dutch"),
        ("en-US", "English"),
        ("fil-PH", "Filipino"),
        ("fi-FI", "Finnish"),
        ("fr-FR", "French"),
        ("de-DE", "German"),
        ("el-GR", "Greek"),
        ("he-IL", "Hebrew"),
        ("hi-IN", "Hindi"),
        ("hu-HU", "Hungarian"),
        ("id-ID", "Indonesian"),
        ("it-IT", "Italian"),
        ("ja-JP", "Japanese"),
        ("ko-KR", "Korean"),
        ("lt-LT", "Lithuanian"),
        ("ms-MY", "Malay"),
        ("nb-NO", "Norwegian"),
        ("pl-PL", "Polish"),
        ("pt-BR", "Portuguese (Brazil)"),
        ("pt-PT", "Portuguese (Portugal)"),
        ("ro-RO", "Romanian"),
        ("ru-RU", "Russian"),
        ("sk-SK", "Slovak"),
        ("es-ES", "Spanish (Spain)"),
        ("es-MX", "Spanish (Mexico)"),
        ("sv-SE", "Swedish"),
        ("ta-IN", "Tamil"),
        ("tr-TR", "Turkish"),
        ("uk-UA", "Ukrainian"),
        ("vi-VN", "Vietnamese"),
    )
}
"""Every locale a video may be in, with its English name."""

TARGETS: Final[frozenset[Locale]] = frozenset(SOURCES) - {Locale("he-IL")}
"""Every locale a video may be dubbed into."""

_SPOKEN: Final = {
    codes.split()[0]: frozenset(codes.split())
    for codes in (
        "ar ara, bg bul, zh zho chi cmn, hr hrv scr, cs ces cze, da dan, nl nld dut, en eng, fil tgl tl, fi fin, "
        "fr fra fre, de deu ger, el ell gre, he heb iw, hi hin, hu hun, id ind, it ita, ja jpn, ko kor, lt lit, "
        "ms msa may zsm, nb nob nor no, pl pol, pt por, ro ron rum, ru rus, sk slk slo, es spa, sv swe, ta tam, "
        "tr tur, uk ukr, vi vie"
    ).split(", ")
}
"""The codes (ISO 639) by which containers name the language of each locale."""

_BY_FOLDED: Final = {tag.casefold(): tag for tag in SOURCES}


def recognise(tag: str) -> Locale | None:
    """Give the locale a person meant by a tag in a file name, whose case file systems and people change, or None."""
    return _BY_FOLDED.get(tag.casefold())


def speaks(locale: Locale, codes: Collection[str]) -> bool:
    """Say whether sound tracks may be in a locale's language; a code that is no language known here may be any."""
    known = frozenset().union(*_SPOKEN.values())
    own = _SPOKEN.get(locale.split("-")[0], known)
    spoken = {code.lower().split("-")[0] for code in codes}
    return not spoken or not spoken <= known or not spoken.isdisjoint(own)


def nearest(tag: str) -> str | None:
    """Give the locale that a mistaken tag most likely meant: ``es`` and ``es-SP`` mean ``es-ES``; None when unclear."""
    folded = tag.casefold().replace("_", "-")
    if folded in _BY_FOLDED:
        return _BY_FOLDED[folded]
    language = folded.split("-")[0]
    same_language = [known for folded_known, known in _BY_FOLDED.items() if folded_known.split("-")[0] == language]
    if same_language:
        return " or ".join(sorted(same_language))
    close = difflib.get_close_matches(folded, list(_BY_FOLDED), n=1, cutoff=0.6)
    return _BY_FOLDED[close[0]] if close else None
