"""What a fault says: one plain line without a secret, and the pause that was asked for."""

import json
from datetime import timedelta

import httpx
import pytest

from panjaya_watchd.api import faults
from panjaya_watchd.api.faults import Moment
from panjaya_watchd.api.wording import WORDS_LIMIT

OWN = b'{"detail": "The locale is not supported."}'
HTML = b"<html><head><title>x</title></head><body><h1>413</h1> Request &amp; entity too large</body></html>"
SECRET = "panjaya-s3cr3tkey"


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

    assert expected == faults.of_status(422, {}, content, moment=Moment.BEFORE).words


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
    fault = faults.of_status(status, {}, body.encode(), moment=Moment.AFTER)

    assert fault.words.isprintable()


def test_words_are_short() -> None:
    """At most 500 characters, whatever a proxy has to say."""
    assert len(faults.of_status(500, {}, b"long " * 10000, moment=Moment.BEFORE).words) == WORDS_LIMIT


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
    answered = faults.of_status(400, {}, json.dumps({"detail": said}).encode(), moment=Moment.AFTER, secrets=[SECRET])
    raised = faults.of_exception(httpx.ReadError(said), moment=Moment.AFTER, secrets=[SECRET])
    refused = faults.of_result(403, {}, said.replace("s3cr3tkey", "").encode())

    for fault in (answered, raised, refused):
        assert "s3cr3t" not in repr(fault)


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
    assert expected == faults.of_status(429, headers, b"", moment=Moment.BEFORE).not_before
    assert expected == faults.of_result(503, headers, b"").not_before
