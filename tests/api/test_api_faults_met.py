"""The rows of the table of faults that are really met: over real sockets, before the gate and after it."""

import gzip
import json
import os
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from loopback import Script, Visit, saying, serving
from open_file import OpenFile, reader

from panjaya_watchd.api import faults
from panjaya_watchd.api.base import Submission
from panjaya_watchd.api.panjaya import Panjaya, Timeouts
from panjaya_watchd.core.answers import Asset, Fault
from panjaya_watchd.core.names import Locale
from panjaya_watchd.core.order import AutoGenerate, Language, Order

CREATED = json.dumps({"asset_id": "a1"}).encode()
ORDER = Order(
    locale=Locale("en-US"), languages=(Language(locale=Locale("es-ES")),), auto_generate=AutoGenerate.WITH_LIPS
)
QUICK = Timeouts(connect=5, write=0.15, answer=0.15, read=0.15)
ROWS = {name: row for row in faults.TABLE for name in row.met}


@pytest.fixture
def video(tmp_path: Path) -> Iterator[OpenFile]:
    """Give a file that the socket takes at once, so that the gate is behind us when anything happens."""
    path = tmp_path / "t.mp4"
    path.write_bytes(b"x" * 1000)
    with OpenFile(path) as source:
        yield source


@pytest.fixture
def tall_video(tmp_path: Path) -> Iterator[OpenFile]:
    """Give a sparse file that no socket buffer swallows, so that the gate is still ahead of us."""
    path = tmp_path / "tall.mp4"
    path.touch()
    os.truncate(path, 24 << 20)
    with OpenFile(path) as source:
        yield source


def send(
    url: str, video: OpenFile, *, timeouts: Timeouts | None = None, tls: ssl.SSLContext | None = None
) -> Asset | Fault:
    """Submit one video in chunks of a MiB."""
    panjaya = Panjaya(url, "key", timeouts=timeouts, tls=tls)
    try:
        return panjaya.submit(Submission(order=ORDER, srt={}, video=reader(video, chunk=1 << 20)))
    finally:
        panjaya.close()


def means(answer: Asset | Fault, name: str, *, after: bool) -> bool:
    """Say whether a fault is what a row says on this side of the gate."""
    assert isinstance(answer, Fault)
    row = ROWS[name]
    expected = row.after if after else row.before
    assert answer.words.startswith(row.said), answer.words
    return expected == faults.Meaning(
        money_may_have_moved=answer.money_may_have_moved,
        repeat_helps=answer.repeat_helps,
        account=answer.account,
        strikes=answer.strikes,
    )


def cut(visit: Visit) -> None:
    """End with a reset."""
    visit.cut()


def cut_in_the_answer(visit: Visit) -> None:
    """Reset in the middle of an answer."""
    visit.send(b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{")
    visit.cut()


def close(visit: Visit) -> None:
    """End in order, without a word."""


def speak_nonsense(visit: Visit) -> None:
    """Answer in another language."""
    visit.send(b"220 mail.example ESMTP\r\n\r\n")


def switch(visit: Visit) -> None:
    """Answer that another protocol follows, which nobody asked for."""
    visit.send(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")


def answering(status: int, body: bytes = b"", **headers: str) -> Script:
    """Answer at once."""
    return lambda visit: visit.answer(status, body, **headers)


MET: list[tuple[str, Script]] = [
    ("httpx.ReadError", cut),
    ("httpx.RemoteProtocolError", close),
    ("httpx.RemoteProtocolError", speak_nonsense),
    ("httpx.RemoteProtocolError", switch),
    ("httpx.DecodingError", answering(201, CREATED, content_encoding="gzip")),
    ("httpx.DecodingError", answering(201, gzip.compress(CREATED)[:-8] + b"bad sum.", content_encoding="gzip")),
    ("3xx", answering(307, location="/v1/assets/upload/")),
    ("3xx", answering(307, location="mailto:x")),
    ("3xx", answering(302, location="https://xn--a/")),
    ("3xx", answering(301, location="//[1::1%\u2100:]".encode().decode("latin-1"))),
    ("404 detail: Not Found", answering(404, b'{"detail":"Not Found"}')),
    ("405 detail: Method Not Allowed", answering(405, b'{"detail":"Method Not Allowed"}')),
    ("4xx detail", answering(404, b'{"detail":"No such locale."}')),
    ("404", answering(404, b"<html>")),
    ("4xx", answering(400, b"<html>")),
    ("413", answering(413, b"<html>")),
    ("429 detail", answering(429, b'{"detail":"Slow down."}', retry_after="7")),
    ("2xx", answering(200, b"{}")),
    ("5xx", answering(520, b"<html>")),
    ("odd", answering(999)),
]


@pytest.mark.parametrize(("name", "script"), MET)
def test_what_is_met_after_the_gate(video: OpenFile, name: str, script: Script) -> None:
    """The service has taken the whole body: the right side of the row that is meant."""

    def whole(visit: Visit) -> None:
        visit.take()
        script(visit)

    with serving(whole) as server:
        answer = send(server.url, video)

    assert means(answer, name, after=True)
    assert len(server.visits) == 1


@pytest.mark.parametrize(("name", "script"), MET)
def test_what_is_met_before_the_gate(tall_video: OpenFile, name: str, script: Script) -> None:
    """The service has taken a part of the body: the left side of the same row."""

    def early(visit: Visit) -> None:
        visit.take(1000)
        script(visit)

    with serving(early) as server:
        answer = send(server.url, tall_video)

    assert means(answer, name, after=False)
    assert len(server.visits) == 1


def test_an_answer_that_is_cut_is_doubt(video: OpenFile) -> None:
    """Its head says that an asset was made, and nobody hears which."""

    def script(visit: Visit) -> None:
        visit.take()
        cut_in_the_answer(visit)

    with serving(script) as server:
        assert means(send(server.url, video), "httpx.ReadError", after=True)


def test_words_on_the_way_are_no_answer(video: OpenFile) -> None:
    """100 and 103 come before the answer, as often as they like."""

    def script(visit: Visit) -> None:
        visit.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        visit.take()
        visit.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 3)
        visit.answer(201, CREATED)

    with serving(script) as server:
        assert isinstance(send(server.url, video), Asset)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://host.invalid", "httpx.ConnectError"),
        (f"https://{'a' * 64}.invalid", "builtins.UnicodeError"),
        ("https://a..invalid", "builtins.UnicodeError"),
        ("https://ü_ü.invalid", "httpx.InvalidURL"),
    ],
)
def test_a_name_that_leads_nowhere(video: OpenFile, url: str, name: str) -> None:
    """No such host, or what can be none: nothing was sent."""
    assert means(send(url, video), name, after=False)


def test_nobody_listens(video: OpenFile) -> None:
    """A refused connection: nothing was sent."""
    with serving() as server:
        pass

    assert means(send(server.url, video), "httpx.ConnectError", after=False)


def test_no_trust_no_connection(video: OpenFile) -> None:
    """A certificate of somebody else's: the handshake ends before the request begins."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with serving(saying(201, CREATED), tls=context) as server:
        answer = send(server.url, video, tls=ssl.create_default_context())

    assert means(answer, "httpx.ConnectError", after=False)
    assert not server.visits


def test_silence_instead_of_a_handshake(video: OpenFile) -> None:
    """Somebody takes the connection and does not know TLS."""
    with serving(saying(201, CREATED)) as server:
        answer = send(server.url.replace("http://", "https://"), video, timeouts=Timeouts(connect=0.05))

    assert means(answer, "httpx.ConnectTimeout", after=False)
    assert not server.visits


@pytest.mark.slow
def test_silence_on_either_side_of_the_gate(video: OpenFile, tall_video: OpenFile) -> None:
    """A service that takes no more bytes, and one that has them all and does not answer."""
    over = threading.Event()

    def stop_taking(visit: Visit) -> None:
        visit.take(1000)
        assert over.wait(20)

    def say_nothing(visit: Visit) -> None:
        visit.take()
        assert over.wait(20)

    with serving(stop_taking, say_nothing) as server:
        before = send(server.url, tall_video, timeouts=QUICK)
        after = send(server.url, video, timeouts=QUICK)
        over.set()

    assert means(before, "httpx.WriteTimeout", after=False)
    assert means(after, "httpx.ReadTimeout", after=True)


@pytest.mark.parametrize(
    "location", ["mailto:x", "https://xn--a/", "https:////:]\xeft:t/\x84", "//[1::1%\xe2\x84\x80:]"]
)
def test_a_redirect_to_no_address_ends_nothing_but_the_request(tmp_path: Path, location: str) -> None:
    """Neither reading nor a download falls over what a redirect says."""

    def script(visit: Visit) -> None:
        visit.send(f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n".encode("latin-1"))

    with serving(script) as server:
        panjaya = Panjaya(server.url, "key")
        read = panjaya.list_assets()
        fetched = panjaya.download(f"{server.url}/v", tmp_path / "v.mp4", lambda _: None)
        panjaya.close()

    assert means(read, "3xx", after=False) if isinstance(read, Fault) else False
    assert isinstance(fetched, Fault)
    assert fetched.repeat_helps
