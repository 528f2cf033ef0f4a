"""Reading over real sockets: which request is made, whose answer is believed, and that no reading ever costs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from loopback import Loopback, Script, Visit, saying, serving

from panjaya_watchd.api.panjaya import Panjaya, Timeouts
from panjaya_watchd.core.answers import Asset, Fault, Version
from panjaya_watchd.core.names import AssetId, VersionId
from panjaya_watchd.errors import SettingsError

KEY = "s3cr3t-key"


@contextmanager
def talking(*scripts: Script, path: str = "") -> Iterator[tuple[Panjaya, Loopback]]:
    """Give the real client and the server it talks to."""
    with serving(*scripts) as server:
        panjaya = Panjaya(server.url + path, KEY, timeouts=Timeouts(connect=5, write=5, answer=5, read=0.3))
        try:
            yield panjaya, server
        finally:
            panjaya.close()


def test_an_asset_is_asked_for_by_its_id() -> None:
    """An id is opaque: whatever it holds stays one step of the path."""
    with talking(saying(200, b'{"asset_id": "a/1?x"}')) as (panjaya, server):
        asset = panjaya.get_asset(AssetId("a/1?x"))

    assert isinstance(asset, Asset)
    assert (server.visits[0].method, server.visits[0].target) == ("GET", "/v1/assets/a%2F1%3Fx")
    assert server.visits[0].headers["authorization"] == f"Bearer panjaya-{KEY}"


def test_a_version_is_asked_for_by_its_id() -> None:
    """Its link is fresh, because it was asked for just now."""
    body = b'{"version_id": "v1", "status": "Completed", "result_url": "https://cdn.example/v1"}'
    with talking(saying(200, body), path="/prefix/") as (panjaya, server):
        version = panjaya.get_version(VersionId("v1"))

    assert isinstance(version, Version)
    assert version.result_url == "https://cdn.example/v1"
    assert server.visits[0].target == "/prefix/v1/versions/v1"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (saying(404, b'{"detail": "Not found."}'), (False, False, 404)),
        (saying(404, b"<html>"), (True, False, 404)),
        (saying(401, b'{"detail": "Bad key."}'), (True, True, 401)),
        (saying(500, b'{"detail": "Trouble."}'), (True, False, 500)),
        (saying(307, location="/v1/assets"), (True, True, 307)),
        (saying(200, b"[]"), (True, False, 200)),
        (saying(200, b"<html>"), (True, False, 200)),
        (Visit.cut, (True, False, None)),
        (lambda visit: visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), (True, False, None)),
        (
            lambda visit: visit.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
            (True, False, None),
        ),
    ],
)
def test_a_reading_that_fails_never_costs(script: Script, expected: tuple[bool, bool, int | None]) -> None:
    """(a repeat helps, account, status): money cannot move by asking."""
    with talking(script) as (panjaya, _):
        for fault in (panjaya.get_asset(AssetId("a")), panjaya.get_version(VersionId("v"))):
            assert isinstance(fault, Fault)
            assert not fault.money_may_have_moved
            assert expected == (fault.repeat_helps, fault.account, fault.status)


@pytest.mark.slow
def test_silence_is_a_stall() -> None:
    """A service that takes the question and says nothing does not hold the lane for ever."""

    def script(visit: Visit) -> None:
        visit.take(1 << 20)
        visit.expect_silence(1)

    with talking(script) as (panjaya, _):
        fault = panjaya.get_asset(AssetId("a"))

    assert isinstance(fault, Fault)
    assert "stopped" in fault.words


def test_the_list_is_read_to_its_end() -> None:
    """All pages, each id once, on the same host and with the same key."""

    def script(visit: Visit) -> None:
        page = int(parse_qs(urlsplit(visit.target).query).get("cursor", ["0"])[0])
        items = [{"asset_id": f"a{number}"} for number in (page, page + 1)]
        visit.answer(200, json.dumps({"data": items, "next_cursor": str(page + 1) if page < 2 else None}).encode())

    with talking(script) as (panjaya, server):
        assets = panjaya.list_assets()

    assert isinstance(assets, tuple)
    assert [asset.asset_id for asset in assets] == ["a0", "a1", "a2", "a3"]
    assert [visit.target for visit in server.visits] == ["/v1/assets/", "/v1/assets/?cursor=1", "/v1/assets/?cursor=2"]
    assert {visit.headers["authorization"] for visit in server.visits} == {f"Bearer panjaya-{KEY}"}


def test_a_list_in_pieces_is_no_list() -> None:
    """A page that fails makes the whole list fail: half a list would prove an absence that is none."""
    first = json.dumps({"items": [{"id": "a"}], "next": "/v1/assets/?page=2"}).encode()
    with talking(saying(200, first), saying(500)) as (panjaya, _):
        assert isinstance(panjaya.list_assets(), Fault)


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_page_that_was_only_guessed_may_not_exist(status: int) -> None:
    """A service that refuses parameters it does not know has given everything at once."""
    with talking(saying(200, b'[{"id": "a"}]'), saying(status, b'{"detail": "no"}')) as (panjaya, _):
        assets = panjaya.list_assets()

    assert isinstance(assets, tuple)
    assert [asset.asset_id for asset in assets] == ["a"]


def test_a_guessed_page_that_fails_otherwise_fails_the_list() -> None:
    """A cut proves no end."""
    with talking(saying(200, b'[{"id": "a"}]'), Visit.cut) as (panjaya, _):
        assert isinstance(panjaya.list_assets(), Fault)


def test_an_answer_that_is_no_list_is_a_fault() -> None:
    """It must not pass for an empty list, which would be evidence."""
    with talking(saying(200, b'{"detail": "?"}')) as (panjaya, _):
        assert isinstance(panjaya.list_assets(), Fault)


def test_a_list_that_never_ends_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """New ids for ever: at some page the client stops and says so."""
    monkeypatch.setattr("panjaya_watchd.api.pages.LIMIT", 5)
    count = iter(range(100))

    def script(visit: Visit) -> None:
        number = next(count)
        visit.answer(200, json.dumps({"items": [{"id": number}], "next_cursor": str(number)}).encode())

    with talking(script) as (panjaya, server):
        fault = panjaya.list_assets()

    assert isinstance(fault, Fault)
    assert len(server.visits) == 5


def test_many_threads_may_ask_at_once() -> None:
    """The lanes share one client."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    def script(visit: Visit) -> None:
        visit.answer(200, json.dumps({"asset_id": visit.target.rpartition("/")[2]}).encode())

    with talking(script) as (panjaya, _), ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: panjaya.get_asset(AssetId(str(number))), range(24)))

    assert [str(number) for number in range(24)] == [each.asset_id for each in found if isinstance(each, Asset)]


def test_a_client_for_plain_http_beyond_loopback_cannot_be_made() -> None:
    """The key would travel in the clear."""
    with pytest.raises(SettingsError):
        Panjaya("http://api.panjaya.ai", KEY)


def test_a_link_to_the_next_page_that_holds_half_a_character_is_no_crash() -> None:
    """It cannot be asked for as it stands; the list fails like any that could not be read, or it is read."""
    first = b'{"items": [{"id": "a"}], "next": "/v1/assets/?c=\\ud800"}'
    with talking(saying(200, first), saying(200, b'{"items": [], "next": null}')) as (panjaya, _):
        assets = panjaya.list_assets()

    assert isinstance(assets, Fault) or [asset.asset_id for asset in assets] == ["a"]
    assert not (isinstance(assets, Fault) and assets.money_may_have_moved)


@pytest.mark.parametrize(
    "cookie", ["session=1; Path=/", "a=\u00fc\u0000; Path=/", 'x="; Domain=127.0.0.1', "session=1; Max-Age=9999"]
)
def test_cookies_are_not_kept(cookie: str) -> None:
    """A balancer's cookie means nothing to us, and one that no header can carry must not spoil every later request."""

    def script(visit: Visit) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: 18\r\nConnection: close\r\nSet-Cookie: {cookie}\r\n\r\n"
        visit.send(head.replace("\0", "").encode() + b'{"asset_id": "a1"}')

    with talking(script) as (panjaya, server):
        found = [panjaya.get_asset(AssetId("a1")) for _ in range(2)]

    assert all(isinstance(each, Asset) for each in found)
    assert len(server.visits) == 2
    assert all("cookie" not in visit.headers for visit in server.visits)


@pytest.mark.parametrize("said", [f"panjaya-{KEY}", KEY, f"Bearer panjaya-{KEY}"])
@pytest.mark.parametrize("shape", ['{"detail": "hello SAID"}', "hello SAID", '["SAID"]', '{"hello": {"SAID": "SAID"}}'])
def test_the_key_is_never_in_the_words_of_an_answer_that_is_not_understood(said: str, shape: str) -> None:
    """A proxy that echoes our head with 200 must not bring the key into the ledger, a note or the log."""
    with talking(saying(200, shape.replace("SAID", said).encode())) as (panjaya, _):
        found: list[object] = [panjaya.get_asset(AssetId("a")), panjaya.get_version(VersionId("v"))]
        found += [] if shape.startswith("[") else [panjaya.list_assets()]  # a list it may be, of strange entries

    for fault in found:
        assert isinstance(fault, Fault)
        assert KEY not in repr(fault)
        assert fault.repeat_helps
