"""
What somebody said in an answer, for people and for us: its ``detail``, its text, the pause it asks for.

Pure. Understands any bytes and never raises. What it gives as words is one printable line without a secret.
"""

import html
import json
import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

WORDS_LIMIT: Final = 500
"""Characters of one `line`."""

LONGEST_PAUSE: Final = timedelta(days=1)
"""A ``Retry-After`` beyond this is a mistake of somebody's."""


def detail(body: bytes) -> str | None:
    """Give the API's own ``detail`` in words: string, list of ``{loc, msg}``, object; None where there is none."""
    try:
        answer = json.loads(body)
        detail = answer.get("detail") if isinstance(answer, dict) else None
        return None if detail is None else _said(detail) or None
    except (ValueError, RecursionError):
        return None


def _said(detail: Any) -> str:
    if isinstance(detail, str):
        return detail.strip()
    if isinstance(detail, list):
        return "; ".join(filter(None, (_said(each) for each in detail)))
    if isinstance(detail, dict):
        message = next((detail[name] for name in ("msg", "message") if isinstance(detail.get(name), str)), None)
        if message is None:
            return json.dumps(detail)
        where = detail.get("loc", detail.get("code"))
        place = ".".join(map(str, where)) if isinstance(where, list) else str(where or "")
        return f"{place}: {message}" if place else str(message)
    return str(detail)


def plain(body: bytes) -> str:
    """Give the words of a page that was meant for a browser."""
    text = body[: 64 * 1024].decode("utf-8", "replace")
    shown = re.sub(r"<!--.*?-->|<(script|style|head)\b.*?</\1\s*>", " ", text, flags=re.DOTALL | re.IGNORECASE)
    return html.unescape(re.sub(r"<[^>]*>", " ", shown))


def line(text: str, secrets: Collection[str] = ()) -> str:
    """Make one printable line that holds no secret: no key, no credentials, no query string of a signed link."""
    for hidden in [each for secret in secrets for each in (secret, secret.removeprefix("panjaya-"))]:
        if len(hidden) >= 4:
            text = text.replace(hidden, "***")
    text = re.sub(r"(?i)\bbearer\s+\S+", "Bearer ***", text)
    text = re.sub(r"(?i)(\b[a-z][a-z0-9+.-]*://)[^\s/@]*@", r"\1", text)
    text = re.sub(r"""\?[^\s"'<>]*=[^\s"'<>]*""", "?…", text)
    text = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    return line if len(line) <= WORDS_LIMIT else line[: WORDS_LIMIT - 1] + "…"


def asked_pause(headers: Mapping[str, str]) -> timedelta | None:
    """
    Read ``Retry-After`` (RFC 9110, section 10.2.3): seconds, or a date.

    A date is compared with the answer's own ``Date``, so that neither clock's error matters; without one it is ignored.
    """
    said = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", said):
        return min(timedelta(seconds=int(said)), LONGEST_PAUSE)
    then, now = _moment(said), _moment(headers.get("date", ""))
    if then is None or now is None:
        return None
    try:
        return min(max(then - now, timedelta(0)), LONGEST_PAUSE)
    except TypeError:  # one names a zone and the other does not
        return None


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
