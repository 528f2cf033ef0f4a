"""
The request object of create, upload and add-languages, checked as strictly as the documentation allows.

Pure: a decoded JSON object in, a `Request` out, or `Refused` with the sentence that the API would send as ``detail``.
Unknown keys are ignored, as FastAPI's models do by default, but remembered, so that a test can see a misspelled one.
Where the documentation is silent (duplicates, source among the targets) this is pickier than the real service may be.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from panjaya_watchd.core.locales import SOURCES, TARGETS

AUTO_GENERATE: Final = ("off", "with_lips", "no_lips")
LIPS_MODELS: Final = ("real_face", "real_face_turbo")
KNOWN: Final = frozenset(
    "locale languages speakers_count start_time end_time callback_url lips_model background_url auto_generate".split()
)
_CUE_TIME: Final = re.compile(
    r"(\d{2,}):([0-5]\d):([0-5]\d),(\d{3})[ \t]+-->[ \t]+(\d{2,}):([0-5]\d):([0-5]\d),(\d{3})[ \t]*"
)

Languages = tuple[tuple[str, str | None], ...]
"""Target languages: (locale, SRT text or None) each."""


class Refused(Exception):  # noqa: N818  (an answer of the service, not an error of ours)
    """The service says no: an HTTP ``status`` and what stands in ``detail``."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    What was asked for, field names as in the API. ``languages`` are (locale, SRT text or None).

    ``ignored`` are the paths of keys that mean nothing to the API, such as ``subtitles`` or ``languages[0].text``.
    """

    locale: str
    languages: Languages
    speakers_count: int | None = None
    start_time: float | None = None
    end_time: float | None = None
    callback_url: str | None = None
    lips_model: str = "real_face"
    background_url: str | None = None
    auto_generate: str | None = None
    media_url: str | None = None
    ignored: tuple[str, ...] = ()

    def seconds(self, duration: float) -> float:
        """Give the length that is dubbed of a video of that many seconds."""
        end = duration if self.end_time is None else min(self.end_time, duration)
        return max(0.0, end - (self.start_time or 0.0))

    def in_range(self, duration: float) -> bool:
        """Say whether the trim lies within a video of that many seconds; a millisecond is forgiven for rounding."""
        return max(self.start_time or 0.0, self.end_time or 0.0) <= duration + 0.001


def read_request(body: Any, *, by_url: bool) -> Request:
    """
    Read the parameters of a new asset.

    Args:
        body: the decoded JSON value.
        by_url: whether ``media_url`` names the video; for an upload that key means nothing.

    Raises:
        Refused: 400, with the first thing that is wrong.

    """
    asked = _object(body, "request")
    known = KNOWN | {"media_url"} if by_url else KNOWN
    languages, ignored = read_languages(asked.get("languages"))
    locale = asked.get("locale")
    if not isinstance(locale, str) or locale not in SOURCES:
        raise Refused(400, f"locale: expected a supported source locale, found {locale!r}")
    if any(target == locale for target, _ in languages):
        raise Refused(400, f"languages: {locale} is the language of the video itself")
    start, end = (_optional(asked, name, _is_time, "a number of seconds") for name in ("start_time", "end_time"))
    if end is not None and end <= (start or 0):
        raise Refused(400, f"end_time: expected more than start_time {start or 0}, found {end}")
    media_url = _optional(asked, "media_url", _is_url, "a public URL") if by_url else None
    if by_url and media_url is None:
        raise Refused(400, "media_url: field required")
    return Request(
        locale=locale,
        languages=languages,
        speakers_count=_optional(asked, "speakers_count", _is_count, "a whole number from 1"),
        start_time=start,
        end_time=end,
        callback_url=_optional(asked, "callback_url", _is_url, "a URL"),
        lips_model=_optional(asked, "lips_model", LIPS_MODELS.__contains__, " or ".join(LIPS_MODELS)) or "real_face",
        background_url=_optional(asked, "background_url", _is_url, "a public URL"),
        auto_generate=_optional(asked, "auto_generate", AUTO_GENERATE.__contains__, " or ".join(AUTO_GENERATE)),
        media_url=media_url,
        ignored=(*sorted(set(asked) - known), *ignored),
    )


def read_languages(value: Any) -> tuple[Languages, tuple[str, ...]]:
    """
    Read a list of target languages: (locale, SRT text or None) each, and the paths of ignored keys.

    Raises:
        Refused: 400, also for an empty list, ``he-IL``, a locale given twice, or an SRT that is none.

    """
    if not isinstance(value, list) or not value:
        raise Refused(400, f"languages: expected a list of at least one language, found {value!r:.60}")
    languages: dict[str, str | None] = {}
    ignored: list[str] = []
    for index, language in enumerate(value):
        asked = _object(language, f"languages[{index}]")
        locale = asked.get("locale")
        if not isinstance(locale, str) or locale not in TARGETS:
            raise Refused(400, f"languages[{index}].locale: expected a supported target locale, found {locale!r}")
        if locale in languages:
            raise Refused(400, f"languages[{index}].locale: {locale} is given twice")
        srt = asked.get("srt")
        if srt is not None and not is_srt(srt):
            raise Refused(400, f"languages[{index}].srt: not a valid SRT")
        languages[locale] = srt
        ignored += [f"languages[{index}].{key}" for key in sorted(set(asked) - {"locale", "srt"})]
    return tuple(languages.items()), tuple(ignored)


def read_options(request: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """Read a body whose every field is optional, so that it may be empty; 400 for anything but a JSON object."""
    return _object(read_json(request)[1], "body") if request else {}


def is_srt(text: Any) -> bool:
    """Say whether a text is SubRip: cues of a number, a time line that ends after it starts, and words."""
    if not isinstance(text, str) or text.startswith("\ufeff"):
        return False
    blocks = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip())
    return all(_is_cue(block.strip("\n").split("\n")) for block in blocks)


def _is_cue(lines: list[str]) -> bool:
    if len(lines) < 3 or not lines[0].strip().isdecimal():
        return False
    times = _CUE_TIME.fullmatch(lines[1])
    if times is None:
        return False
    numbers = [int(group) for group in times.groups()]
    return numbers[:4] < numbers[4:]


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Refused(400, f"{where}: expected a JSON object, found {type(value).__name__}")
    return value


def _optional(asked: Mapping[str, Any], name: str, right: Callable[[Any], bool], expected: str) -> Any:
    value = asked.get(name)
    if value is not None and not right(value):
        raise Refused(400, f"{name}: expected {expected}, found {value!r:.60}")
    return value


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"https?://[^\s/]+\S*", value) is not None


def read_json(request: str | Mapping[str, Any]) -> tuple[str, Any]:
    """Give a request as text and as what it says; 400 for text that is no JSON."""
    if not isinstance(request, str):
        return json.dumps(request), request
    try:
        return request, json.loads(request)
    except ValueError as error:
        raise Refused(400, f"request: not JSON: {error}") from error
