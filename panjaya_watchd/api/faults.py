"""
What an answer, or the lack of one, means: one table from what went wrong to the facts that decide.

Pure. Two questions count, and for each the gate: can the service hold our whole video, and does the same request help
later? Before the gate nothing can be billed. After it only the service's own refusal, a 4xx with its JSON ``detail``,
proves that nothing was made; whatever a proxy says, a cut, a timeout and a 5xx prove nothing. Where money may have
moved, ``repeat_helps`` is always False, so that no reader of one field alone sends a video twice. Never raises.
"""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Final

from panjaya_watchd.core.answers import Fault

WORDS_LIMIT: Final = 500
"""Characters of ``Fault.words``."""

LONGEST_PAUSE: Final = timedelta(days=1)
"""A ``Retry-After`` beyond this is a mistake of somebody's."""

ACCOUNT_CODES: Final = frozenset({401, 402, 403, 407})
"""The key, the account or the proxy's password: no drop is to blame, and a person has to act."""

BUSY_CODES: Final = frozenset({408, 425, 429})


class Kind(StrEnum):
    """What went wrong."""

    UNREACHED = "unreached"
    """No connection: name, route, TLS, proxy. Nothing was sent, so it counts as before the gate at any time."""
    STALLED = "stalled"
    CUT = "cut"
    """The connection ended, or what came was no HTTP."""
    UNCLEAR = "unclear"
    """A success that does not say what it made."""
    REDIRECTED = "redirected"
    """Never followed: the body would be sent again, and the key to somebody else. The base URL is wrong."""
    ACCOUNT = "account"
    REFUSED = "refused"
    """In the service's own words."""
    BLOCKED = "blocked"
    """A 4xx in somebody else's words: a proxy, a firewall."""
    TOO_LARGE = "too_large"
    """413 in anybody's words: the next try has the same size."""
    BUSY = "busy"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. ``proves``: even after the gate it is certain that nothing was made."""

    repeat_helps: bool
    proves: bool = False
    account: bool = False


ROWS: Final[Mapping[Kind, Row]] = {
    Kind.UNREACHED: Row(repeat_helps=True, proves=True),
    Kind.STALLED: Row(repeat_helps=True),
    Kind.CUT: Row(repeat_helps=True),
    Kind.UNCLEAR: Row(repeat_helps=True),
    # Like a wrong key: every drop would meet the same, so the lane waits for a person and no drop fails.
    Kind.REDIRECTED: Row(repeat_helps=True, account=True),
    Kind.ACCOUNT: Row(repeat_helps=True, account=True),
    Kind.REFUSED: Row(repeat_helps=False, proves=True),
    Kind.BLOCKED: Row(repeat_helps=True),
    Kind.TOO_LARGE: Row(repeat_helps=False),
    Kind.BUSY: Row(repeat_helps=True),
    Kind.BROKEN: Row(repeat_helps=True),
}

SAID: Final[Mapping[Kind, str]] = {
    Kind.UNREACHED: "The service could not be reached",
    Kind.STALLED: "The service stopped taking or sending bytes",
    Kind.CUT: "The connection to the service was cut",
    Kind.UNCLEAR: "The service said yes, but its answer could not be understood",
    Kind.REDIRECTED: "The service answered with a redirect, so its base URL is probably wrong",
    Kind.ACCOUNT: "The service refused the key or the account",
    Kind.REFUSED: "The service refused the request",
    Kind.BLOCKED: "Something on the way to the service refused the request",
    Kind.TOO_LARGE: "The upload is larger than the service takes",
    Kind.BUSY: "The service is busy",
    Kind.BROKEN: "The service has trouble of its own",
}


def of_status(status: int, headers: Mapping[str, str], body: bytes, *, may_have_moved: bool, secret: str = "") -> Fault:
    """
    Judge a complete answer that is not what was asked for.

    Args:
        status: the HTTP status; 2xx means that the answer could not be understood.
        headers: by lower-case name.
        body: its beginning is enough.
        may_have_moved: the gate was open, the first byte of the last chunk had left; always False for reading.
        secret: the API key, taken out of the words wherever somebody echoes it.

    """
    detail = _detail(body)
    kind = _kind(status, own=detail is not None)
    spoken = detail is not None and 400 <= status < 500
    words = detail if detail is not None else _plain(body)
    return _fault(
        kind,
        may_have_moved=may_have_moved and not spoken,
        words=_line(f"{SAID[kind]} ({status}): {words}" if words else f"{SAID[kind]} ({status}).", secret),
        status=status,
        not_before=_retry_after(headers),
    )


def of_exception(kind: Kind, says: str, *, may_have_moved: bool, secret: str = "") -> Fault:
    """Judge a request that brought no answer; ``says`` is what the transport has to say about it."""
    words = f"{SAID[kind]}: {says}" if says.strip() else f"{SAID[kind]}."
    return _fault(kind, may_have_moved=may_have_moved, words=_line(words, secret))


def of_result(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """
    Judge the result host's refusal: never money, never the account.

    A fresh ``result_url`` may help in every case: links run out as 401, 403, 404 or 410, and some hosts say 400.
    """
    said = "The link to the result has run out" if status in {400, 401, 403, 404, 410} else "The result cannot be had"
    return Fault(
        money_may_have_moved=False,
        repeat_helps=True,
        words=_line(f"{said} ({status}): {_plain(body)}".rstrip(": "), ""),
        not_before=_retry_after(headers),
        status=status,
    )


def _fault(
    kind: Kind, *, may_have_moved: bool, words: str, status: int | None = None, not_before: timedelta | None = None
) -> Fault:
    row = ROWS[kind]
    moved = may_have_moved and not row.proves
    return Fault(
        money_may_have_moved=moved,
        repeat_helps=row.repeat_helps and not moved,
        words=words,
        not_before=not_before,
        account=row.account,
        status=status,
    )


def _kind(status: int, *, own: bool) -> Kind:
    """Sort a status; ``own``: with the service's own JSON ``detail``."""
    if status in ACCOUNT_CODES:
        return Kind.ACCOUNT
    if status in BUSY_CODES or status == 503:
        return Kind.BUSY
    if status == 413:
        return Kind.TOO_LARGE
    if 400 <= status < 500:
        return Kind.REFUSED if own else Kind.BLOCKED
    if 300 <= status < 400:
        return Kind.REDIRECTED
    return Kind.UNCLEAR if 200 <= status < 300 else Kind.BROKEN


def _detail(body: bytes) -> str | None:
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


def _plain(body: bytes) -> str:
    """Give the words of a page that was meant for a browser."""
    text = body[: 64 * 1024].decode("utf-8", "replace")
    shown = re.sub(r"<!--.*?-->|<(script|style|head)\b.*?</\1\s*>", " ", text, flags=re.DOTALL | re.IGNORECASE)
    return html.unescape(re.sub(r"<[^>]*>", " ", shown))


def _line(text: str, secret: str) -> str:
    """Make one printable line that holds no secret: no key, no credentials, no query string of a signed link."""
    for hidden in (secret, secret.removeprefix("panjaya-")):
        if len(hidden) >= 4:
            text = text.replace(hidden, "***")
    text = re.sub(r"(?i)\bbearer\s+\S+", "Bearer ***", text)
    text = re.sub(r"(?i)(\b[a-z][a-z0-9+.-]*://)[^\s/@]*@", r"\1", text)
    text = re.sub(r"""\?[^\s"'<>]*=[^\s"'<>]*""", "?…", text)
    text = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    return line if len(line) <= WORDS_LIMIT else line[: WORDS_LIMIT - 1] + "…"


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
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
