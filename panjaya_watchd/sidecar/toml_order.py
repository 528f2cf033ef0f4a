"""
``STEM.toml``: what the dropper asks for, read from bytes.

Promises an `Asked` in which every value is sound by itself, or one `SidecarError` with all faults of the file. Whether
the values fit each other, the folder and the other parts is judged with the order. Never opens a file, never fetches.
"""

import re
import tomllib
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from panjaya_watchd.core import locales
from panjaya_watchd.core.names import Locale, display
from panjaya_watchd.core.order import Asked, AutoGenerate, LipsModel
from panjaya_watchd.errors import SidecarError
from panjaya_watchd.sidecar.toml_faults import TAG, at, cut, key_lines, sentences

FILE_LIMIT: Final = 64 * 1024
"""Bytes; a sidecar with all 35 targets has 3 KiB."""

_DOT_LIMIT: Final = 200
"""Dots in a line: tomllib takes 23 s for a key of 32,000 dotted parts, and a line with all targets has 80 dots."""

_CLOCK: Final = re.compile(r"(?:(\d{1,2}):([0-5]\d)|(\d{1,3})):([0-5]\d(?:\.\d{1,3})?)", re.ASCII)
_HOURS_100: Final = 360_000.0
_ENCODING_HINT: Final = "Save it once more and choose UTF-8 as the encoding, then drop all files again."


def _known(tag: str) -> str:
    if tag not in locales.SOURCES:
        raise ValueError
    return tag


def _seconds(value: object) -> object:
    """Turn a timecode into seconds; leave anything else to the field."""
    if isinstance(value, str):
        clock = _CLOCK.fullmatch(value)
        if clock is None:
            raise ValueError
        hours, minutes, only_minutes, seconds = clock.groups()
        return int(hours or 0) * 3600.0 + int(minutes or only_minutes) * 60 + float(seconds)
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > _HOURS_100:
            raise ValueError
        return float(value)
    return value


def _plain(name: str) -> str:
    if not 0 < len(name) <= 255 or "/" in name or "\\" in name or not name.isprintable():
        raise ValueError
    return name


def _web(url: str) -> str:
    """Refuse what the API could not fetch; urlsplit alone would silently drop line breaks and tabs."""
    parts = urlsplit(url)
    if len(url) > 2048 or not url.isprintable() or " " in url or parts.scheme not in {"http", "https"}:
        raise ValueError
    if not parts.hostname or parts.port == 0:
        raise ValueError
    return url


def _tabled(value: object) -> object:
    """Read the short form ``"es-ES"`` as ``{locale = "es-ES"}``."""
    return {"locale": value} if isinstance(value, str) else value


_Tag: TypeAlias = Annotated[str, AfterValidator(_known)]
_Name: TypeAlias = Annotated[str, AfterValidator(_plain)]
_Url: TypeAlias = Annotated[str, AfterValidator(_web)]
_Seconds: TypeAlias = Annotated[float, BeforeValidator(_seconds), Field(ge=0, lt=_HOURS_100, allow_inf_nan=False)]

_NAME_WORDS: Final = "the name of a file beside the video, in quotes"
_URL_WORDS: Final = "a web address in quotes that begins with https:// or http://"
_SECONDS_WORDS: Final = 'seconds such as 90 or a time in quotes such as "00:01:30", below 100 hours'


class _Strict(BaseModel):
    """Descriptions are what a fault says was expected."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Language(_Strict):
    locale: _Tag = Field(description=TAG)
    srt: _Name | None = Field(default=None, description=_NAME_WORDS)


class _Sidecar(_Strict):
    locale: _Tag | None = Field(default=None, description=TAG)
    languages: list[Annotated[_Language, BeforeValidator(_tabled)]] | None = Field(
        default=None, max_length=100, description='a list of at most 100 locales such as ["es-ES", "fr-FR"]'
    )
    srt: _Name | None = Field(default=None, description=_NAME_WORDS)
    speakers_count: int | None = Field(
        default=None, ge=1, le=999, description="a whole number of speakers from 1 to 999"
    )
    start_time: _Seconds | None = Field(default=None, description=_SECONDS_WORDS)
    end_time: _Seconds | None = Field(default=None, description=_SECONDS_WORDS)
    auto_generate: AutoGenerate | None = Field(
        default=None, strict=False, description='"off", "with_lips" or "no_lips"'
    )
    lips_model: LipsModel | None = Field(default=None, strict=False, description='"real_face" or "real_face_turbo"')
    background: _Name | None = Field(default=None, description=_NAME_WORDS)
    background_url: _Url | None = Field(default=None, description=_URL_WORDS)
    media_url: _Url | None = Field(default=None, description=_URL_WORDS)
    callback_url: _Url | None = Field(default=None, description=_URL_WORDS)
    force: bool = Field(default=False, description="true or false, without quotes")


def read(name: str, content: bytes) -> Asked:
    """
    Give what a TOML sidecar asks for.

    Args:
        name: the part's name, for messages.
        content: the whole file, UTF-8, at most `FILE_LIMIT` bytes.

    Returns:
        The values as the API names them; times in seconds. ``named`` has the keys in the file's order.

    Raises:
        SidecarError: with every fault of the file, each on its own line of the message.

    """
    shown = display(name)
    text = _text(shown, content)
    table = _table(shown, text)
    try:
        sidecar = _Sidecar.model_validate(table)
    except ValidationError as reason:
        faults = reason.errors(include_url=False, include_context=False)
        raise SidecarError(
            "\n".join(sentences(shown, text, faults, [_Sidecar.model_fields, _Language.model_fields])),
            hint="Correct this, or take the line away to get the folder's own setting, and drop all files again.",
        ) from None
    return _asked(shown, text, sidecar, tuple(table))


def _text(shown: str, content: bytes) -> str:
    if len(content) > FILE_LIMIT:
        raise SidecarError(
            f"{shown}: expected a small settings file of at most {FILE_LIMIT // 1024} KiB, "
            f"found {len(content) // 1024 + 1} KiB.",
            hint="Keep only the settings for this video in it, and drop all files again.",
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        raise SidecarError(
            f"{shown}: expected UTF-8 text, found UTF-16 (which Notepad calls Unicode) or no text at all.",
            hint=_ENCODING_HINT,
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        # The codec counts from behind the byte order mark that it took away.
        bad = reason.start + (3 if content.startswith(b"\xef\xbb\xbf") else 0)
        line = content.count(b"\n", 0, bad) + 1
        raise SidecarError(
            f"{shown}, line {line}: expected UTF-8 text, found the byte 0x{content[bad]:02x}.", hint=_ENCODING_HINT
        ) from reason


def _table(shown: str, text: str) -> dict[str, Any]:
    hint = 'Write each setting on a line of its own, words in quotes: locale = "en-US". Then drop all files again.'
    for number, line in enumerate(text.split("\n"), start=1):
        if line.count(".") > _DOT_LIMIT:
            raise SidecarError(
                f"{shown}, line {number}: expected a setting, found a line with more than {_DOT_LIMIT} dots.", hint=hint
            )
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise SidecarError(
            f"{shown}: expected settings, found brackets inside brackets without end.", hint=hint
        ) from None
    except ValueError as reason:
        # Not only TOMLDecodeError: a number of more than 4,300 digits is a plain ValueError of int().
        words = str(reason) if isinstance(reason, tomllib.TOMLDecodeError) else "a number with far too many digits"
        place = re.search(r" \(at line (\d+), column \d+\)", words)
        where = f", line {place[1]}" if place else ""
        found = cut(words.replace(place[0], "") if place else words)
        raise SidecarError(f"{shown}{where}: expected a setting, found something else: {found}.", hint=hint) from reason


def _asked(shown: str, text: str, sidecar: _Sidecar, named: tuple[str, ...]) -> Asked:
    languages = sidecar.languages
    if sidecar.srt is not None:
        languages = [_with_srt(shown, text, sidecar, sidecar.srt)]
    return Asked(
        locale=None if sidecar.locale is None else Locale(sidecar.locale),
        languages=None if languages is None else tuple((Locale(one.locale), one.srt) for one in languages),
        auto_generate=sidecar.auto_generate,
        lips_model=sidecar.lips_model,
        speakers_count=sidecar.speakers_count,
        start_time=sidecar.start_time,
        end_time=sidecar.end_time,
        background=sidecar.background,
        background_url=sidecar.background_url,
        media_url=sidecar.media_url,
        callback_url=sidecar.callback_url,
        force=sidecar.force,
        named=named,
    )


def _with_srt(shown: str, text: str, sidecar: _Sidecar, srt: str) -> _Language:
    """Give the only language its subtitles; a file named for no language in particular could mean any."""
    languages = sidecar.languages or []
    if len(languages) == 1 and languages[0].srt is None:
        return _Language(locale=languages[0].locale, srt=srt)
    line = key_lines(text).get(("srt",))
    raise SidecarError(
        f"{shown}{at(line)}, srt: expected exactly one language in languages that these subtitles are for, "
        f"found {len(languages) or 'none'}.",
        hint=f'Write languages = [{{ locale = "es-ES", srt = "{display(srt)}" }}], with the right locale, '
        "and drop all files again.",
    )
