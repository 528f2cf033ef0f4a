"""Adding languages to an asset over real sockets: one whole request, and what every way of failing means for money."""

import json
import threading

import pytest
from loopback import Script, Visit, saying, serving

from panjaya_watchd.api.panjaya import Panjaya, Timeouts
from panjaya_watchd.core.answers import Asset, Fault
from panjaya_watchd.core.names import AssetId, Locale

KEY = "s3cr3t-key"
SPANISH, FRENCH = Locale("es-ES"), Locale("fr-FR")
TEXT = "1\n00:00:01,000 --> 00:00:02,000\nDéjà vu …\n"
ANSWER = json.dumps({"asset_id": "a1", "dubbings": [{"locale": "es-ES"}, {"locale": "fr-FR"}]}).encode()


def add(url: str, asset_id: str = "a1", timeouts: Timeouts | None = None) -> Asset | Fault:
    """Ask for Spanish and, with a text to speak, for French."""
    panjaya = Panjaya(url, KEY, timeouts=timeouts)
    try:
        return panjaya.add_languages(AssetId(asset_id), [SPANISH, FRENCH], {FRENCH: TEXT})
    finally:
        panjaya.close()


@pytest.mark.parametrize(
    ("asset_id", "target"),
    [
        ("a1", "/v1/assets/a1/languages"),
        ("a/../b", "/v1/assets/a%2F..%2Fb/languages"),
        ("a b?c#d", "/v1/assets/a%20b%3Fc%23d/languages"),
        ("100%25", "/v1/assets/100%2525/languages"),
        ("ü", "/v1/assets/%C3%BC/languages"),
    ],
)
def test_languages_are_added_by_one_whole_request(asset_id: str, target: str) -> None:
    """Method, path, key, length and body are exactly these; whatever an id looks like, it is one level of the path."""
    with serving(saying(201, ANSWER)) as server:
        answer = add(server.url, asset_id)
    (visit,) = server.visits

    assert isinstance(answer, Asset)
    assert (visit.method, visit.target) == ("POST", target)
    assert visit.headers["authorization"] == f"Bearer panjaya-{KEY}"
    assert visit.headers["content-type"] == "application/json"
    assert "transfer-encoding" not in visit.headers
    assert visit.whole
    assert json.loads(visit.body) == {"languages": [{"locale": "es-ES"}, {"locale": "fr-FR", "srt": TEXT}]}
    assert "Déjà vu …".encode() in visit.body


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("body", [ANSWER, b'{"asset": ' + ANSWER + b"}"], ids=["bare", "in an envelope"])
def test_the_answer_is_the_asset_with_its_languages(status: int, body: bytes) -> None:
    """Read like every other asset."""
    with serving(saying(status, body)) as server:
        answer = add(server.url)

    assert isinstance(answer, Asset)
    assert answer.asset_id == "a1"
    assert [dubbing.locale for dubbing in answer.dubbings] == ["es-ES", "fr-FR"]


def cut(visit: Visit) -> None:
    """Take the request and end with a reset."""
    visit.take()
    visit.cut()


def cut_in_the_answer(visit: Visit) -> None:
    """Say that it is done, and reset before saying what."""
    visit.take()
    visit.send(b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{")
    visit.cut()


def close(visit: Visit) -> None:
    """Take the request and end in order, without a word."""
    visit.take()


def cut_early(visit: Visit) -> None:
    """Reset before the body is read; it may have come all the same."""
    visit.cut()


def speak_nonsense(visit: Visit) -> None:
    """Answer in another language."""
    visit.take()
    visit.send(b"220 mail.example ESMTP\r\n\r\n")


DETAIL = b'{"detail": "So it is."}'


@pytest.mark.parametrize(
    "script",
    [
        *(cut, cut_in_the_answer, close, cut_early, speak_nonsense),
        saying(201, b"{}"),
        saying(200, b"<html>"),
        saying(204),
        saying(201, ANSWER, content_encoding="gzip"),
        saying(307, location="/v1/assets/a1/languages/"),
        saying(302, location="https://elsewhere.example/"),
        *(saying(status, b"<html>") for status in (400, 401, 403, 404, 405, 407, 408, 409, 413, 422, 425, 429)),
        *(saying(status, DETAIL) for status in (407, 408)),
        *(saying(status, body) for status in (500, 502, 503, 504, 520) for body in (b"<html>", DETAIL)),
        saying(999),
    ],
)
def test_whatever_does_not_prove_the_contrary_may_have_been_billed(script: Script) -> None:
    """The request is small and leaves as a whole; it is not sent again, and nobody is told that a repeat helps."""
    with serving(script) as server:
        answer = add(server.url)

    assert isinstance(answer, Fault)
    assert answer.money_may_have_moved
    assert not answer.repeat_helps
    assert len(server.visits) == 1


@pytest.mark.parametrize(
    ("status", "repeat_helps", "account"),
    [
        *((status, False, False) for status in (400, 404, 405, 409, 410, 413, 415, 422)),
        *((status, True, True) for status in (401, 402, 403)),
        *((status, True, False) for status in (425, 429)),
    ],
)
def test_what_the_service_refuses_in_its_own_words_was_not_billed(
    status: int,
    repeat_helps: bool,  # noqa: FBT001
    account: bool,  # noqa: FBT001
) -> None:
    """Its own JSON proves it. What is the account's fault is not the drop's; what is busy may be asked again."""
    with serving(saying(status, DETAIL, retry_after="7")) as server:
        answer = add(server.url)

    assert isinstance(answer, Fault)
    assert not answer.money_may_have_moved
    assert (answer.repeat_helps, answer.account) == (repeat_helps, account)
    assert answer.status == status
    assert "So it is." in answer.words
    assert answer.not_before is not None
    assert answer.not_before.total_seconds() == 7
    assert KEY not in answer.words


@pytest.mark.parametrize("body", [b'{"detail":"Not Found"}', b'{"detail":"Asset not found"}'])
def test_an_asset_that_is_not_known_any_more_is_the_claims_own_trouble(body: bytes) -> None:
    """Here the router's very words are about the asset, not about the address: the account stays open."""
    with serving(saying(404, body)) as server:
        answer = add(server.url)

    assert isinstance(answer, Fault)
    assert (answer.money_may_have_moved, answer.repeat_helps, answer.account) == (False, False, False)


def assert_never_sent(answer: Asset | Fault) -> None:
    """Make sure that it is no money, nobody's fault, and asked again for ever."""
    assert isinstance(answer, Fault)
    assert (answer.money_may_have_moved, answer.repeat_helps, answer.account) == (False, True, False)


def test_what_never_reached_the_service_was_not_billed() -> None:
    """No such host, or nobody listens there: no connection, no request."""
    with serving() as server:
        pass

    assert_never_sent(add("https://host.invalid"))
    assert_never_sent(add(server.url))


def test_what_ended_in_the_handshake_was_not_billed() -> None:
    """Somebody takes the connection and does not know TLS; the request comes after it."""
    with serving(saying(201, ANSWER)) as server:
        answer = add(server.url.replace("http://", "https://"), timeouts=Timeouts(connect=0.05))

    assert_never_sent(answer)
    assert server.visits == []


def test_a_service_that_says_nothing_may_have_billed() -> None:
    """The limit for an answer is that of uploads, because the work behind both is the same."""
    over = threading.Event()

    def say_nothing(visit: Visit) -> None:
        visit.take()
        assert over.wait(20)

    with serving(say_nothing) as server:
        answer = add(server.url, timeouts=Timeouts(connect=5, write=5, answer=0.05, read=5))
        over.set()

    assert isinstance(answer, Fault)
    assert (answer.money_may_have_moved, answer.repeat_helps) == (True, False)
