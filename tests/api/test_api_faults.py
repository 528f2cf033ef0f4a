"""The table of faults: for each thing that can be met, what it means before the gate and after it, row by row."""

import inspect
import ssl
from datetime import timedelta
from types import ModuleType

import h11
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panjaya_watchd.api import exchange, faults, wording
from panjaya_watchd.api.faults import Moment
from panjaya_watchd.core.answers import Fault

OWN = b'{"detail": "The locale is not supported."}'
LIST = b'{"detail": [{"loc": ["body", "languages"], "msg": "too short", "type": "x"}]}'
OBJECT = b'{"detail": {"code": "bad", "message": "No good."}}'
NO_PATH = b'{"detail": "Not Found"}'
NO_METHOD = b'{"detail": "Method Not Allowed"}'
MESSAGE = b'{"message": "Forbidden"}'
HTML = b"<html><head><title>x</title></head><body><h1>413</h1> Request &amp; entity too large</body></html>"

Facts = tuple[bool, bool, bool, bool]
"""(money may have moved, repeat helps, account, strikes)"""

WAIT = (False, True, False, False)
STRIKE = (False, True, False, True)
REFUSED = (False, False, False, False)
CLOSED = (False, True, True, False)
DOUBT = (True, False, False, False)
CLOSED_DOUBT = (True, False, True, False)

RAISED: list[tuple[str, Facts, Facts]] = [
    # nothing was sent, at any time
    ("httpx.ConnectError", WAIT, WAIT),
    ("httpx.ConnectTimeout", WAIT, WAIT),
    ("httpx.PoolTimeout", WAIT, WAIT),
    ("httpx.ProxyError", WAIT, WAIT),
    ("httpx.UnsupportedProtocol", WAIT, WAIT),
    # no progress
    ("httpx.ReadTimeout", WAIT, DOUBT),
    ("httpx.WriteTimeout", WAIT, DOUBT),
    ("httpx.TimeoutException", WAIT, DOUBT),
    ("builtins.TimeoutError", WAIT, DOUBT),
    # the end, or no HTTP
    ("httpx.ReadError", WAIT, DOUBT),
    ("httpx.WriteError", WAIT, DOUBT),
    ("httpx.CloseError", WAIT, DOUBT),
    ("httpx.NetworkError", WAIT, DOUBT),
    ("httpx.RemoteProtocolError", WAIT, DOUBT),
    ("httpx.ProtocolError", WAIT, DOUBT),
    ("h11.RemoteProtocolError", WAIT, DOUBT),
    ("h11.ProtocolError", WAIT, DOUBT),
    ("ssl.SSLError", WAIT, DOUBT),
    ("builtins.OSError", WAIT, DOUBT),
    # an answer that cannot be read
    ("httpx.DecodingError", WAIT, DOUBT),
    ("httpx.TooManyRedirects", WAIT, DOUBT),
    ("httpx.CookieConflict", WAIT, DOUBT),
    # an address that is none: ours, or one in an answer
    ("httpx.InvalidURL", WAIT, DOUBT),
    ("builtins.UnicodeError", WAIT, DOUBT),
    # our side, and whatever comes with a later httpx
    ("httpx.LocalProtocolError", WAIT, DOUBT),
    ("h11.LocalProtocolError", WAIT, DOUBT),
    ("httpx.StreamError", WAIT, DOUBT),
    ("httpx.StreamConsumed", WAIT, DOUBT),
    ("httpx.StreamClosed", WAIT, DOUBT),
    ("httpx.RequestNotRead", WAIT, DOUBT),
    ("httpx.ResponseNotRead", WAIT, DOUBT),
    ("httpx.HTTPError", WAIT, DOUBT),
    ("httpx.HTTPStatusError", WAIT, DOUBT),
    ("httpx.RequestError", WAIT, DOUBT),
    ("httpx.TransportError", WAIT, DOUBT),
]

ANSWERED: list[tuple[str, tuple[int, ...], tuple[bytes, ...], Facts, Facts]] = [
    ("2xx", (200, 201, 202, 204, 206), (b"", b"{}", b"[]", HTML, OWN), STRIKE, DOUBT),
    ("3xx", (300, 301, 302, 303, 304, 307, 308), (b"", HTML, OWN), CLOSED, CLOSED_DOUBT),
    ("401 detail", (401,), (OWN,), CLOSED, CLOSED),
    ("402 detail", (402,), (OWN,), CLOSED, CLOSED),
    ("403 detail", (403,), (OWN, LIST), CLOSED, CLOSED),
    ("401", (401,), (b"", HTML, MESSAGE), CLOSED, CLOSED_DOUBT),
    ("402", (402,), (b"", HTML), CLOSED, CLOSED_DOUBT),
    ("403", (403,), (b"", HTML, MESSAGE), CLOSED, CLOSED_DOUBT),
    ("407", (407,), (b"", HTML), CLOSED, CLOSED_DOUBT),
    ("407 detail", (407,), (OWN,), CLOSED, CLOSED_DOUBT),
    ("404 detail: Not Found", (404,), (NO_PATH, b'{"detail":"Not Found"}'), CLOSED, CLOSED),
    ("405 detail: Method Not Allowed", (405,), (NO_METHOD,), CLOSED, CLOSED),
    ("4xx detail", (400, 404, 405, 406, 409, 410, 415, 422, 451, 499), (OWN, LIST, OBJECT), REFUSED, REFUSED),
    ("4xx detail", (400, 405, 422), (NO_PATH,), REFUSED, REFUSED),
    ("4xx detail", (400, 404, 422), (NO_METHOD,), REFUSED, REFUSED),
    ("413 detail", (413,), (OWN,), REFUSED, REFUSED),
    ("413", (413,), (b"", HTML), REFUSED, DOUBT),
    ("425 detail", (425,), (OWN,), WAIT, WAIT),
    ("429 detail", (429,), (OWN,), WAIT, WAIT),
    ("408", (408,), (b"", HTML), WAIT, DOUBT),
    ("408 detail", (408,), (OWN,), WAIT, DOUBT),
    ("425", (425,), (b"", HTML), WAIT, DOUBT),
    ("429", (429,), (b"", HTML), WAIT, DOUBT),
    ("503", (503,), (b"", HTML, OWN), WAIT, DOUBT),
    ("404", (404,), (b"", HTML, MESSAGE, b'{"detail": null}'), WAIT, DOUBT),
    ("405", (405,), (b"", HTML), WAIT, DOUBT),
    ("410", (410,), (b"", HTML), WAIT, DOUBT),
    ("4xx", (400, 406, 409, 411, 415, 417, 421, 422, 431, 451, 499), (b"", HTML, MESSAGE), STRIKE, DOUBT),
    ("5xx", (500, 501, 502, 504, 505, 507, 511, *range(520, 527), 530, 599), (b"", HTML, OWN), WAIT, DOUBT),
    ("odd", (0, 100, 101, 102, 199, 600, 777, 999, 1000), (b"", HTML, OWN), WAIT, DOUBT),
]

SAID = {name: row.said for row in faults.TABLE for name in row.met}


def exceptions(module: ModuleType) -> dict[str, type[Exception]]:
    """Give all exceptions that a module exports, by the names that the table has for them."""
    found = [each for each in vars(module).values() if inspect.isclass(each) and issubclass(each, Exception)]
    return {f"{module.__name__}.{each.__name__}": each for each in found}


FOREIGN = exceptions(httpx) | exceptions(h11)
KNOWN = FOREIGN | {
    "builtins.OSError": OSError,
    "builtins.TimeoutError": TimeoutError,
    "builtins.UnicodeError": UnicodeError,
    "ssl.SSLError": ssl.SSLError,
}


@pytest.mark.parametrize(("name", "before", "after"), RAISED)
def test_an_exception_means_what_the_table_says(name: str, before: Facts, after: Facts) -> None:
    """Before the gate it costs nothing and a repeat helps; after it only a connection that never was is proof."""
    error = raised(KNOWN[name])

    assert facts(faults.of_exception(error, moment=Moment.READING)) == WAIT
    assert before == facts(faults.of_exception(error, moment=Moment.BEFORE))
    assert after == facts(faults.of_exception(error, moment=Moment.AFTER))
    assert faults.of_exception(error, moment=Moment.AFTER).words.startswith(f"{SAID[name]}: ")


@pytest.mark.parametrize(("name", "statuses", "bodies", "before", "after"), ANSWERED)
def test_an_answer_means_what_the_table_says(
    name: str, statuses: tuple[int, ...], bodies: tuple[bytes, ...], before: Facts, after: Facts
) -> None:
    """Before the gate no answer can mean a bill; after it only the service's own refusal rules one out."""
    for status in statuses:
        for body in bodies:
            fault = faults.of_status(status, {}, body, moment=Moment.BEFORE)

            assert before == facts(fault)
            assert after == facts(faults.of_status(status, {}, body, moment=Moment.AFTER))
            assert fault.words.startswith(f"{SAID[name]} ({status})")
            assert fault.status == status


def test_every_row_is_tested_and_no_name_stands_in_two() -> None:
    """What is met first is never a matter of order, and no row can be added or changed unseen."""
    names = [name for row in faults.TABLE for name in row.met]

    assert len(names) == len(set(names))
    assert {name for name, *_ in (*RAISED, *ANSWERED)} == set(names)


@pytest.mark.parametrize("name", FOREIGN)
def test_every_exception_of_the_libraries_has_a_row_of_its_own(name: str) -> None:
    """A new release cannot bring one that nobody has thought about; and each that has a row is caught."""
    assert name in SAID
    assert faults.row_of(FOREIGN[name]) is not None
    assert issubclass(FOREIGN[name], exchange.TROUBLE)


def test_what_is_caught_has_a_row_and_the_rest_is_a_bug() -> None:
    """Nothing falls through to a repeat: an exception of another kind stays one."""
    assert all(faults.row_of(each) for each in exchange.TROUBLE)
    for bug in (KeyError("x"), ValueError("x"), RuntimeError("x"), AssertionError()):
        assert not isinstance(bug, exchange.TROUBLE)
        with pytest.raises(LookupError, match="no row"):
            faults.of_exception(bug, moment=Moment.AFTER)


class NewError(httpx.TransportError):
    """One of a later httpx."""


class NewTimeoutError(httpx.TimeoutException):
    """One of a later httpx, of a kind that is known."""


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (NewError, "httpx.TransportError"),
        (NewTimeoutError, "httpx.TimeoutException"),
        (ssl.SSLCertVerificationError, "ssl.SSLError"),
        (ConnectionResetError, "builtins.OSError"),
        (UnicodeEncodeError, "builtins.UnicodeError"),
    ],
)
def test_an_unknown_exception_is_judged_by_its_descent(kind: type[Exception], name: str) -> None:
    """At run time it meets the cautious row of the nearest one that is known."""
    row = faults.row_of(kind)

    assert row is not None
    assert name in row.met
    assert row.after == faults.DOUBT


@pytest.mark.parametrize("status", [200, 307, 400, 401, 404, 405, 413, 422, 429, 500, 999])
@pytest.mark.parametrize("body", [b"", HTML, OWN, NO_PATH, NO_METHOD])
def test_reading_blames_no_drop(status: int, body: bytes) -> None:
    """A list that cannot be read never counts against the upload that needs it, and an asset may be not found."""
    fault = faults.of_status(status, {}, body, moment=Moment.READING)

    assert not fault.money_may_have_moved
    assert not fault.strikes
    assert fault.account == (status in {307, 401})


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [(404, NO_PATH, REFUSED), (405, NO_METHOD, REFUSED), (401, OWN, CLOSED), (404, HTML, DOUBT), (502, OWN, DOUBT)],
)
def test_another_request_that_costs_is_past_the_gate(status: int, body: bytes, expected: Facts) -> None:
    """It is as a whole upload; but where an asset is named, "Not Found" is no wrong address."""
    assert expected == facts(faults.of_status(status, {}, body, moment=Moment.ORDERING))
    assert facts(faults.of_exception(httpx.ReadError("x"), moment=Moment.ORDERING)) == DOUBT


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [(404, NO_PATH, CLOSED), (405, NO_METHOD, CLOSED), (404, OWN, REFUSED), (401, OWN, CLOSED), (502, OWN, DOUBT)],
)
def test_a_creation_that_names_no_asset_may_have_the_wrong_address(status: int, body: bytes, expected: Facts) -> None:
    """It is past the gate from the beginning, too; but "Not Found" is no drop's fault there."""
    assert expected == facts(faults.of_status(status, {}, body, moment=Moment.CREATING))
    assert facts(faults.of_exception(httpx.ReadError("x"), moment=Moment.CREATING)) == DOUBT


@pytest.mark.parametrize(
    ("status", "body", "repeat_helps"),
    [
        (400, OWN, False),
        (404, NO_PATH, False),
        (429, OWN, True),
        (404, HTML, False),
        (500, OWN, False),
        (200, HTML, False),
    ],
)
def test_a_change_is_free_and_never_repeated_in_doubt(status: int, body: bytes, repeat_helps: bool) -> None:  # noqa: FBT001
    """What may have been carried out is read, not asked for again; and it is nobody's bill."""
    fault = faults.of_status(status, {}, body, moment=Moment.CHANGING)

    assert (fault.money_may_have_moved, fault.repeat_helps, fault.strikes) == (False, repeat_helps, False)
    cut = faults.of_exception(httpx.ReadError("x"), moment=Moment.CHANGING)
    assert (cut.money_may_have_moved, cut.repeat_helps) == (False, False)
    assert faults.of_exception(httpx.ConnectError("x"), moment=Moment.CHANGING).repeat_helps


@given(status=st.integers(100, 999), body=st.binary(max_size=300), moment=st.sampled_from(Moment))
def test_money_in_doubt_is_never_an_invitation(status: int, body: bytes, moment: Moment) -> None:
    """No answer at all makes a fault that says both "it may be billed" and "send it again"."""
    fault = faults.of_status(status, {"retry-after": "5"}, body, moment=moment)

    assert not (fault.money_may_have_moved and fault.repeat_helps)
    assert moment in {Moment.AFTER, Moment.ORDERING, Moment.CREATING} or not fault.money_may_have_moved
    assert fault.not_before == timedelta(seconds=5)
    assert fault.words.isprintable()
    assert len(fault.words) <= wording.WORDS_LIMIT


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 500, 503])
def test_the_result_host_costs_nothing_and_a_fresh_link_may_help(status: int) -> None:
    """A 403 of a storage host means a link that ran out, and says nothing about our account."""
    fault = faults.of_result(status, {}, b"<Error><Code>AccessDenied</Code></Error>")

    assert facts(fault) == WAIT
    assert fault.status == status
    assert "AccessDenied" in fault.words


def facts(fault: Fault) -> Facts:
    """Give what decides."""
    return fault.money_may_have_moved, fault.repeat_helps, fault.account, fault.strikes


def raised(kind: type[Exception]) -> Exception:
    """Make an exception without what its class asks for."""
    return kind.__new__(kind, "it is so")
