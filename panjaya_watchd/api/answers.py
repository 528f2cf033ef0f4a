"""
Answers as values: whatever JSON the service sends becomes an `Asset` or a `Version`, or None where it holds none.

Pure and tolerant: the documentation leaves most field names and envelopes open, so every likely one is read, what is
unknown is ignored, and nothing raises on any bytes. What cannot be understood is None in the value; the whole answer
stays in ``Asset.raw``, so that a later release can read more from it.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from panjaya_watchd.core.answers import Asset, AssetDubbing, Version
from panjaya_watchd.core.names import AssetId, DubbingId, Locale, VersionId

_ENVELOPES: Final = ("asset", "version", "data", "result")
_CODE: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
"""An error that is one such word is a code, as ``empty_transcript`` is."""

_MILLISECONDS_FROM: Final = 1e11
"""A number of seconds this big lies in the year 5138, so it is milliseconds."""


def asset(body: bytes) -> Asset | None:
    """Read an answer that holds one asset, bare or in an envelope; None where there is no asset id."""
    return asset_of(parse(body))


def version(body: bytes) -> Version | None:
    """Read an answer that holds one version, bare or in an envelope; None where there is no version id."""
    return _version(_opened(parse(body), "version_id"))


def studio_link(body: bytes) -> str | None:
    """Read an answer that may hold a link to the Studio; "" where it holds none, None where it is none of the API's."""
    if body.strip() in {b"", b"null"}:
        return ""
    answer = parse(body)
    return _url(answer, "studio_url") or "" if isinstance(answer, dict) else None


def parse(body: bytes) -> Any:
    """Read JSON from any bytes; None where it is none. NaN and infinity, which JSON does not have, become None."""
    try:
        return json.loads(body.decode("utf-8-sig", "replace"), parse_constant=lambda _: None)
    except (ValueError, RecursionError):  # ValueError is also an integer of more digits than Python converts
        return None


def asset_of(value: Any) -> Asset | None:
    """Read an asset from parsed JSON; None where there is no asset id."""
    fields = _opened(value, "asset_id")
    asset_id = _id(fields, "asset_id", "id")
    if asset_id is None:
        return None
    code, message = _error(fields)
    return Asset(
        asset_id=AssetId(asset_id),
        status=_text(fields, "status", "state"),
        created_at=_moment(_first(fields, "created_at", "created", "createdAt")),
        duration=_seconds(_first(fields, "duration", "duration_seconds")),
        file_name=_text(fields, "file_name", "filename", "name", "title"),
        error_code=code,
        error_message=message,
        dubbings=_dubbings(fields),
        raw=_printed(value),
    )


def _opened(value: Any, key: str) -> dict[str, Any]:
    """Find the object that is meant: the outermost one that has the key, else the innermost in known envelopes."""
    for _ in range(4):  # deeper than any envelope makes sense
        if not isinstance(value, dict):
            return {}
        inner = next((value[name] for name in _ENVELOPES if isinstance(value.get(name), dict)), None)
        if key in value or inner is None:
            return value
        value = inner
    return {}


def _dubbings(fields: dict[str, Any]) -> tuple[AssetDubbing, ...]:
    """Read the dubbings from the first list that has any; a locale that is listed twice keeps all its versions."""
    found: dict[Locale, AssetDubbing] = {}
    for name in ("dubbings", "languages", "versions"):
        for entry in _entries(fields.get(name)):
            dubbing = _dubbing(entry, loose=name == "versions")
            if dubbing is not None:
                before = found.get(dubbing.locale)
                found[dubbing.locale] = dubbing if before is None else _joined(before, dubbing)
        if found:
            break
    return tuple(found.values())


def _entries(value: Any) -> Iterator[dict[str, Any]]:
    """Give the entries of a list of objects, of plain locales, or of an object keyed by locale."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {"locale": key, **inner} if isinstance(inner, dict) else {"locale": key}
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict):
                yield inner
            elif isinstance(inner, str):
                yield {"locale": inner}


def _dubbing(entry: dict[str, Any], *, loose: bool) -> AssetDubbing | None:
    """Read one dubbing; ``loose``: the entry is a version that stands beside the asset and names its locale."""
    locale = _text(entry, "locale", "target_locale", "language", "target_language")
    if locale is None:
        return None
    dubbing_id = _id(entry, "dubbing_id") if loose else _id(entry, "dubbing_id", "id")
    listed = [entry] if loose else entry.get("versions")
    if not isinstance(listed, list):
        single = entry.get("version")
        listed = [single] if isinstance(single, dict) else [entry] if "version_id" in entry else []
    versions = (_version({"version_id": each} if isinstance(each, str) else each) for each in listed)
    return AssetDubbing(
        locale=Locale(locale),
        dubbing_id=None if dubbing_id is None else DubbingId(dubbing_id),
        status=None if loose or "version_id" in entry else _text(entry, "status", "state"),
        versions=_once(each for each in versions if each is not None),
    )


def _joined(one: AssetDubbing, other: AssetDubbing) -> AssetDubbing:
    return AssetDubbing(
        locale=one.locale,
        dubbing_id=one.dubbing_id or other.dubbing_id,
        status=one.status or other.status,
        versions=_once((*one.versions, *other.versions)),
    )


def _once(versions: Iterable[Version]) -> tuple[Version, ...]:
    return tuple({each.version_id: each for each in versions}.values())


def _version(fields: Any) -> Version | None:
    if not isinstance(fields, dict):
        return None
    version_id = _id(fields, "version_id", "id")
    if version_id is None:
        return None
    return Version(
        version_id=VersionId(version_id),
        status=_text(fields, "status", "state"),
        studio_url=_url(fields, "studio_url"),
        result_url=_url(fields, "result_url"),
        progress=_share(fields.get("progress")),
        error=": ".join(filter(None, _error(fields))) or None,
    )


def _error(fields: dict[str, Any]) -> tuple[str | None, str | None]:
    """Read the code and the message of an ``error`` that is an object, a sentence or a bare code."""
    error = fields.get("error")
    if isinstance(error, dict):
        return _text(error, "code", "error_code", "type"), _text(error, "message", "detail", "error_message", "msg")
    if isinstance(error, str) and error.strip():
        words = _clean(error)
        return (words, None) if _CODE.fullmatch(words) else (None, words)
    return _text(fields, "error_code"), _text(fields, "error_message", "error_detail")


def _first(fields: dict[str, Any], *names: str) -> Any:
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _text(fields: dict[str, Any], *names: str) -> str | None:
    """Give the first of the fields that holds words."""
    found = (fields.get(name) for name in names)
    return next((_clean(each) for each in found if isinstance(each, str) and each.strip()), None)


def _id(fields: dict[str, Any], *names: str) -> str | None:
    """Give the first of the fields that holds an id: an opaque string, or a number."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value.strip(". \t\r\n"):  # dots alone would be another path in a URL
            return _clean(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None


def _url(fields: dict[str, Any], name: str) -> str | None:
    """Give a link for a browser; other schemes, such as ``javascript:``, must not reach a page or a receipt."""
    value = _text(fields, name)
    return value if value is not None and re.match(r"https?://\S+\Z", value, re.IGNORECASE) else None


def _clean(text: str) -> str:
    r"""Make text encodable: JSON can spell half a character (``"\ud800"``), which no file or socket takes."""
    return text.strip().encode("utf-8", "replace").decode("utf-8")


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _seconds(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and number >= 0 else None


def _share(value: Any) -> float | None:
    """Read progress given as 0 to 1 or 0 to 100; what is just 1 is taken for the whole."""
    number = _number(value.strip().removesuffix("%") if isinstance(value, str) else value)
    if number is None or not 0 <= number <= 100:
        return None
    percent = number > 1 or (isinstance(value, str) and value.strip().endswith("%"))
    return number / 100 if percent else number


def _moment(value: Any) -> datetime | None:
    """Read ISO 8601 with or without a zone (then UTC), or seconds or milliseconds since 1970."""
    try:
        if isinstance(value, str):
            try:
                moment = datetime.fromisoformat(value.strip())
            except ValueError:
                return _moment(_number(value))
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        number = _number(value)
        if number is None:
            return None
        return datetime.fromtimestamp(number / 1000 if abs(number) >= _MILLISECONDS_FROM else number, tz=UTC)
    except (ValueError, OverflowError, OSError):  # outside the years 1 to 9999
        return None


def _printed(value: Any) -> str:
    """Keep the whole answer as text, but for signed links: they are used at once and stand nowhere."""
    try:
        return json.dumps(_unsigned(value), ensure_ascii=True, separators=(",", ":"))
    except RecursionError:
        return "{}"


def _unsigned(value: Any) -> Any:
    if isinstance(value, list):
        return [_unsigned(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _unsigned(inner) for key, inner in value.items() if key != "result_url"}
    return value
