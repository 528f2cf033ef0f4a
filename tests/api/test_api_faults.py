"""The table of faults: for each thing that can go wrong, whether money may have moved and whether a repeat helps."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panjaya_watchd.api import faults
from panjaya_watchd.api.faults import Kind
from panjaya_watchd.core.answers import Fault

OWN = b'{"detail": "The locale is not supported."}'
HTML = b"<html><head><title>x</title></head><body><h1>413</h1> Request &amp; entity too large</body></html>"

Facts = tuple[bool, bool, bool]
"""(money may have moved, repeat helps, account)"""

WAIT = (False, True, False)
REFUSED = (False, False, False)
DOUBT = (True, False, False)
BARRED = (False, True, True)
BARRED_DOUBT = (True, False, True)


@pytest.mark.parametrize(
    ("status", "body", "before", "after"),
    [
        *((status, OWN, REFUSED, REFUSED) for status in (400, 404, 409, 413, 415, 422)),
        *((status, HTML, WAIT, DOUBT) for status in (400, 404, 409, 415, 422)),
        *((status, b'{"message": "Forbidden"}', WAIT, DOUBT) for status in (400, 404)),
        (413, HTML, REFUSED, DOUBT),
        *((status, OWN, BARRED, BARRED) for status in (401, 402, 403)),
        *((status, HTML, BARRED, BARRED_DOUBT) for status in (401, 402, 403, 407)),
        *((status, OWN, WAIT, WAIT) for status in (408, 429)),
        *((status, HTML, WAIT, DOUBT) for status in (408, 429)),
        *((status, OWN, WAIT, DOUBT) for status in (500, 502, 503, 504)),
        *((status, b"", WAIT, DOUBT) for status in (500, 502, 503, 504)),
        *((status, b"", BARRED, BARRED_DOUBT) for status in (301, 302, 307, 308)),
        *((status, b"{}", WAIT, DOUBT) for status in (200, 201, 204)),
    ],
)
def test_a_status_means_what_the_table_says(status: int, body: bytes, before: Facts, after: Facts) -> None:
    """Before the gate no answer can mean a bill; after it only the service's own refusal rules one out."""
    assert before == facts(faults.of_status(status, {}, body, may_have_moved=False))
    assert after == facts(faults.of_status(status, {}, body, may_have_moved=True))


@pytest.mark.parametrize(("kind", "after"), [(Kind.UNREACHED, WAIT), (Kind.STALLED, DOUBT), (Kind.CUT, DOUBT)])
def test_no_answer_means_what_the_table_says(kind: Kind, after: Facts) -> None:
    """Only a connection that never was proves, at any time, that nothing was made."""
    assert facts(faults.of_exception(kind, "x", may_have_moved=False)) == WAIT
    assert after == facts(faults.of_exception(kind, "x", may_have_moved=True))


def test_every_kind_has_a_row_and_words() -> None:
    """A new kind cannot be forgotten."""
    assert set(Kind) == set(faults.ROWS) == set(faults.SAID)


@given(status=st.integers(100, 999), body=st.binary(max_size=300), moved=st.booleans())
def test_money_in_doubt_is_never_an_invitation(status: int, body: bytes, moved: bool) -> None:  # noqa: FBT001
    """No answer at all makes a fault that says both "it may be billed" and "send it again"."""
    fault = faults.of_status(status, {"retry-after": "5"}, body, may_have_moved=moved)

    assert not (fault.money_may_have_moved and fault.repeat_helps)
    assert moved or not fault.money_may_have_moved
    assert fault.words.isprintable()
    assert len(fault.words) <= faults.WORDS_LIMIT


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (OWN, "The service refused the request (422): The locale is not supported."),
        (
            json.dumps({"detail": [{"loc": ["body", "languages", 0], "msg": "too short", "type": "x"}, "and more"]}),
            "The service refused the request (422): body.languages.0: too short; and more",
        ),
        (
            json.dumps({"detail": {"code": "bad", "message": "No good."}}),
            "The service refused the request (422): bad: No good.",
        ),
        (json.dumps({"detail": {"a": 1}}), 'The service refused the request (422): {"a": 1}'),
        (HTML, "Something on the way to the service refused the request (422): 413 Request & entity too large"),
        (
            b"plain\r\n\x1b[31mwords\x00",
            "Something on the way to the service refused the request (422): plain [31mwords",
        ),
        (b"", "Something on the way to the service refused the request (422)."),
        (b'{"detail": ""}', 'Something on the way to the service refused the request (422): {"detail": ""}'),
    ],
)
def test_words_are_one_plain_line(body: str | bytes, expected: str) -> None:
    """The service's own words where it spoke, without markup, line breaks or control characters."""
    content = body.encode() if isinstance(body, str) else body

    assert expected == faults.of_status(422, {}, content, may_have_moved=False).words


@pytest.mark.parametrize(
    ("depth", "left", "right"),
    [
        *((depth, '{"detail":', "}") for depth in (100, 400, 800, 5000)),
        *((depth, "[", "]") for depth in (100, 400, 800, 5000)),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_an_answer_of_any_depth_has_words(status: int, depth: int, left: str, right: str) -> None:
    """No answer may raise: after the gate it would be lost."""
    body = '{"detail": ' + left * depth + '"x"' + right * depth + "}"
    fault = faults.of_status(status, {}, body.encode(), may_have_moved=True)

    assert fault.words.isprintable()


def test_words_are_short() -> None:
    """At most 500 characters, whatever a proxy has to say."""
    assert len(faults.of_status(500, {}, b"long " * 10000, may_have_moved=False).words) == faults.WORDS_LIMIT


@pytest.mark.parametrize(
    "said",
    [
        "the key panjaya-s3cr3tkey is bad",
        "the key s3cr3tkey is bad",
        "sent Authorization: Bearer panjaya-s3cr3tkey",
        "see https://u:s3cr3tkey@cdn.example/v.mp4?X-Sig=s3cr3tquery&b=1#f",
        "at /v.mp4?token=s3cr3tquery",
    ],
)
def test_words_never_hold_a_secret(said: str) -> None:
    """Neither the key, with or without its prefix, nor credentials or the query of a signed link."""
    answered = faults.of_status(400, {}, json.dumps({"detail": said}).encode(), may_have_moved=True, secret=SECRET)
    raised = faults.of_exception(Kind.CUT, said, may_have_moved=True, secret=SECRET)
    refused = faults.of_result(403, {}, said.replace("s3cr3tkey", "").encode())

    for fault in (answered, raised, refused):
        assert "s3cr3t" not in repr(fault)


SECRET = "panjaya-s3cr3tkey"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "120"}, timedelta(seconds=120)),
        ({"retry-after": "999999999"}, timedelta(days=1)),
        (
            {"retry-after": "Sun, 01 Mar 2026 12:02:00 GMT", "date": "Sun, 01 Mar 2026 12:00:00 GMT"},
            timedelta(minutes=2),
        ),
        (
            {"retry-after": "Sun, 01 Mar 2026 11:00:00 GMT", "date": "Sun, 01 Mar 2026 12:00:00 GMT"},
            timedelta(0),
        ),
        ({"retry-after": "Sun, 01 Mar 2026 12:02:00 GMT"}, None),
        ({"retry-after": "Sun, 01 Mar 2026 12:02:00 GMT", "date": "Sun, 01 Mar 2026 12:00:00 -0000"}, None),
        ({"retry-after": "soon", "date": "now"}, None),
        ({"retry-after": "-5"}, None),
        ({}, None),
    ],
)
def test_the_asked_pause_is_understood(headers: dict[str, str], expected: timedelta | None) -> None:
    """Seconds, or a date compared with the answer's own clock; at most a day."""
    assert expected == faults.of_status(429, headers, b"", may_have_moved=False).not_before
    assert expected == faults.of_result(503, headers, b"").not_before


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 500, 503])
def test_the_result_host_costs_nothing_and_a_fresh_link_may_help(status: int) -> None:
    """A 403 of a storage host means a link that ran out, and says nothing about our account."""
    fault = faults.of_result(status, {}, b"<Error><Code>AccessDenied</Code></Error>")

    assert facts(fault) == WAIT
    assert fault.status == status
    assert "AccessDenied" in fault.words


def facts(fault: Fault) -> Facts:
    """Give what decides."""
    return fault.money_may_have_moved, fault.repeat_helps, fault.account
