"""
What an answer, or the lack of one, means: one table from what was met to the facts that decide.

Pure; it knows exceptions by name only. Two questions count, and for each the gate: can the service hold our whole
video, and does the same request help later? Before the gate nothing can be billed. After it only two things prove that
nothing was made: that no connection ever was, and the service's own refusal, a 4xx with its JSON ``detail``; whatever a
proxy says, a cut, a timeout and a 5xx prove nothing. Where money may have moved, ``repeat_helps`` is always False, so
that no reader of one field alone sends a video twice. No answer makes it raise.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from panjaya_watchd.api import wording
from panjaya_watchd.core.answers import Fault


class Moment(StrEnum):
    """When it was met."""

    READING = "reading"
    """While we only read: free, and no drop's doing."""
    BEFORE = "before"
    """In an upload, before the first byte of the last chunk left."""
    AFTER = "after"
    """In an upload, from then on."""
    ORDERING = "ordering"
    """In any other request that costs money: small, it leaves as a whole, so it is past the gate from the beginning."""
    CREATING = "creating"
    """The same, where the request names no asset, so that nothing but the address can be what was not found."""
    CHANGING = "changing"
    """In a request that costs nothing but changes something: no repeat helps where it may have been carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The fields of a `Fault` that decide."""

    money_may_have_moved: bool = False
    repeat_helps: bool = False
    account: bool = False
    strikes: bool = False


WAIT: Final = Meaning(repeat_helps=True)
"""Ours and transient: again, ever more slowly, for ever."""
STRIKE: Final = Meaning(repeat_helps=True, strikes=True)
"""Again, but not for ever: the drop itself may be the reason."""
REFUSED: Final = Meaning()
"""Theirs and permanent: the drop fails."""
CLOSED: Final = Meaning(repeat_helps=True, account=True)
"""No drop is to blame and every drop would meet the same: the lane waits for a person, nothing fails."""
DOUBT: Final = Meaning(money_may_have_moved=True)
"""Ambiguous: it is looked up, never sent again."""
CLOSED_DOUBT: Final = Meaning(money_may_have_moved=True, account=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One line of the table: what is said of it, what it means on either side of the gate, and who has met it.

    ``met`` names exceptions by package and class, and answers by status, from the special to the general: ``413``,
    ``4xx``, ``odd``; with ``detail`` where the service's own JSON spoke, and with the very words where they count.
    """

    said: str
    before: Meaning
    after: Meaning
    met: tuple[str, ...]


TABLE: Final = (
    # Nothing was sent. All of these end before the first byte of the request, so they prove it at any time.
    Row(
        said="The service could not be reached",
        before=WAIT,
        after=WAIT,
        met=(
            *("httpx.ConnectError", "httpx.ConnectTimeout"),  # name, route, TLS
            "httpx.PoolTimeout",
            "httpx.ProxyError",  # only of the CONNECT that opens a tunnel
            "httpx.UnsupportedProtocol",
        ),
    ),
    Row(
        said="The service stopped taking or sending bytes",
        before=WAIT,
        after=DOUBT,
        met=("httpx.ReadTimeout", "httpx.WriteTimeout", "httpx.TimeoutException", "builtins.TimeoutError"),
    ),
    Row(
        said="The connection to the service was cut",
        before=WAIT,
        after=DOUBT,
        met=(
            *("httpx.ReadError", "httpx.WriteError", "httpx.CloseError", "httpx.NetworkError"),
            *("httpx.RemoteProtocolError", "httpx.ProtocolError"),  # also what is no HTTP, and an end without an answer
            *("h11.RemoteProtocolError", "h11.ProtocolError"),
            # httpx makes a ConnectError of those of the handshake; one that is bare says nothing about when it was.
            *("ssl.SSLError", "builtins.OSError"),
        ),
    ),
    Row(
        said="The answer of the service could not be read",
        before=WAIT,
        after=DOUBT,
        met=("httpx.DecodingError", "httpx.TooManyRedirects", "httpx.CookieConflict"),
    ),
    # Of our own address before anything is sent. But httpx raises both for the address in a redirect as well, which
    # comes when all is sent, so they prove nothing.
    Row(
        said="The address of the service could not be used",
        before=WAIT,
        after=DOUBT,
        met=("httpx.InvalidURL", "builtins.UnicodeError"),
    ),
    # By our own fault, or of a kind that httpx did not have when this was written: bytes may be out already.
    Row(
        said="The request could not be carried through",
        before=WAIT,
        after=DOUBT,
        met=(
            *("httpx.LocalProtocolError", "h11.LocalProtocolError"),  # a body of another length than announced
            *("httpx.StreamError", "httpx.StreamConsumed", "httpx.StreamClosed"),
            *("httpx.RequestNotRead", "httpx.ResponseNotRead"),
            *("httpx.HTTPError", "httpx.HTTPStatusError", "httpx.RequestError", "httpx.TransportError"),
        ),
    ),
    # A success that does not say what it made.
    Row(said="The service said yes, but its answer could not be understood", before=STRIKE, after=DOUBT, met=("2xx",)),
    # Never followed: the body would be sent again, and the key to somebody else.
    Row(
        said="The service answered with a redirect, so its base URL is probably wrong",
        before=CLOSED,
        after=CLOSED_DOUBT,
        met=("3xx",),
    ),
    # How the router of FastAPI answers to a path or a method that it does not have. Of new assets only: where an asset
    # is named in the path, the same words say that there is no such asset.
    Row(
        said="The service takes no uploads at this address, so its base URL is probably wrong",
        before=CLOSED,
        after=CLOSED,
        met=("404 detail: Not Found", "405 detail: Method Not Allowed"),
    ),
    # The key, the account or the proxy's password.
    Row(
        said="The service refused the key or the account",
        before=CLOSED,
        after=CLOSED,
        met=("401 detail", "402 detail", "403 detail"),
    ),
    Row(
        said="The service refused the key or the account",
        before=CLOSED,
        after=CLOSED_DOUBT,
        met=("401", "402", "403", "407", "407 detail"),  # 407 is a proxy's, whatever it looks like
    ),
    Row(said="The service refused the request", before=REFUSED, after=REFUSED, met=("4xx detail",)),
    # The next try has the same size, whoever says so.
    Row(said="The upload is larger than the service takes", before=REFUSED, after=REFUSED, met=("413 detail",)),
    Row(said="The upload is larger than the service takes", before=REFUSED, after=DOUBT, met=("413",)),
    # Turned away at the door. But a 408 may come from a limit on the work that had already begun, as 503 and 504 do.
    Row(said="The service is busy", before=WAIT, after=WAIT, met=("425 detail", "429 detail")),
    Row(said="The service is busy", before=WAIT, after=DOUBT, met=("408", "408 detail", "425", "429", "503")),
    # A gateway without its backend, or another server altogether: no drop's doing, so it never strikes.
    Row(
        said="Something on the way to the service did not find it",
        before=WAIT,
        after=DOUBT,
        met=("404", "405", "410"),
    ),
    # A proxy or a firewall, which may dislike this very drop.
    Row(said="Something on the way to the service refused the request", before=STRIKE, after=DOUBT, met=("4xx",)),
    Row(said="The service has trouble of its own", before=WAIT, after=DOUBT, met=("5xx",)),
    Row(said="The service gave an answer that HTTP does not have", before=WAIT, after=DOUBT, met=("odd",)),
)

_PAST: Final = frozenset({Moment.AFTER, Moment.ORDERING, Moment.CREATING, Moment.CHANGING})
_MAKING: Final = frozenset({Moment.BEFORE, Moment.AFTER, Moment.CREATING})
"""Where an asset is to be made."""
_FREE: Final = frozenset({Moment.READING, Moment.CHANGING})
_ROWS: Final = {name: row for row in TABLE for name in row.met}


def of_status(
    status: int, headers: Mapping[str, str], body: bytes, *, moment: Moment, secrets: Collection[str] = ()
) -> Fault:
    """
    Judge a complete answer that is not what was asked for.

    Args:
        status: the HTTP status; 2xx means that the answer could not be understood.
        headers: by lower-case name.
        body: its beginning is enough.
        moment: when it came.
        secrets: every API key that was used, taken out of the words wherever somebody echoes it.

    """
    detail = wording.detail(body)
    row = _row_of_status(status, detail, moment)
    said = f"{row.said} ({status})"
    words = detail if detail is not None else wording.plain(body)
    return _fault(
        row,
        moment,
        words=wording.line(f"{said}: {words}" if words else f"{said}.", secrets),
        status=status,
        not_before=wording.asked_pause(headers),
    )


def of_exception(error: Exception, *, moment: Moment, secrets: Collection[str] = ()) -> Fault:
    """
    Judge a request that brought no answer.

    Raises:
        LookupError: neither the exception nor what it is derived from has a row, so it is none of the transport's.

    """
    row = row_of(type(error))
    if row is None:
        raise LookupError(f"no row in the table of faults for {error!r}")
    says = str(error)
    return _fault(row, moment, words=wording.line(f"{row.said}: {says}" if says.strip() else f"{row.said}.", secrets))


def of_result(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """
    Judge the result host's refusal: never money, never the account.

    A fresh ``result_url`` may help in every case: links run out as 401, 403, 404 or 410, and some hosts say 400.
    """
    said = "The link to the result has run out" if status in {400, 401, 403, 404, 410} else "The result cannot be had"
    return Fault(
        money_may_have_moved=False,
        repeat_helps=True,
        words=wording.line(f"{said} ({status}): {wording.plain(body)}".rstrip(": ")),
        not_before=wording.asked_pause(headers),
        status=status,
    )


def row_of(kind: type[BaseException]) -> Row | None:
    """Find the row of an exception, or else of the nearest one that it is derived from."""
    names = (f"{each.__module__.partition('.')[0]}.{each.__name__}" for each in kind.__mro__)
    return next((_ROWS[name] for name in names if name in _ROWS), None)


def _row_of_status(status: int, detail: str | None, moment: Moment) -> Row:
    family = f"{status // 100}xx"
    names = [str(status), family, "odd"]
    if detail is not None:
        names = [f"{status} detail", f"{family} detail", *names]
        if moment in _MAKING:
            names.insert(0, f"{status} detail: {detail}")
    return next(_ROWS[name] for name in names if name in _ROWS)


def _fault(
    row: Row, moment: Moment, *, words: str, status: int | None = None, not_before: timedelta | None = None
) -> Fault:
    meaning = row.after if moment in _PAST else row.before
    return Fault(
        money_may_have_moved=meaning.money_may_have_moved and moment not in _FREE,
        repeat_helps=meaning.repeat_helps,
        words=words,
        not_before=not_before,
        account=meaning.account,
        strikes=meaning.strikes and moment not in _FREE,
        status=status,
    )
