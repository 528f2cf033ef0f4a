"""The server against visitors of every kind: what is no HTTP, or nearly, costs nothing and leaves no trace."""

import logging
import re
import socket
import threading
from random import Random
from typing import Any, Final

import pytest
from receiving import LONG, Open, ended, told
from sealing import raw

from panjaya_watchd.web import server as web_server
from panjaya_watchd.web.callback import LARGEST
from panjaya_watchd.web.server import WebServer

POST: Final = b"POST /callback/c0ffee HTTP/1.1\r\nHost: us\r\n"
CHUNKED: Final = POST + b"Transfer-Encoding: chunked\r\n\r\n"
LAST: Final = b"GET /last HTTP/1.1\r\nHost: us\r\nConnection: close\r\n\r\n"
"""Answered with 404 by whoever still listens, and then the connection ends."""


def statuses(said: bytes) -> list[int]:
    """Give the status of each answer."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


def signed(body: bytes, length: int | None = None) -> bytes:
    """Write a true callback, with a wrong length if so wished."""
    size = len(body) if length is None else length
    return POST + f"X-Signature: {raw(body).hex()}\r\nContent-Length: {size}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), [400]),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [404, 400]),
        (b"GET /\r\n\r\n", [400]),
        (b"GET / HTTP/1.1\r\n\r\n", [400]),
        (b"GET /\0 HTTP/1.1\r\nHost: us\r\n\r\n", [400]),
        (b"OPTIONS * HTTP/1.1\r\nHost: us\r\n\r\n", [404, 404]),
        (b"CONNECT us:1 HTTP/1.1\r\nHost: us\r\n\r\n", [404, 404]),
        (POST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", [401, 404]),
        (POST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n", [401, 404]),
        (b"GET / HTTP/1.1\r\nHost: us\r\n" + b"a: b\r\n" * 40_000, [400]),
        (b"GET / HTTP/1.1\r\nHost: us\r\nX-Long: " + b"x" * 300_000, [400]),
        (b"GET /" + b"x" * 300_000, [400]),
        (POST + b"Content-Length: -1\r\n\r\nx", [400]),
        (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", [400]),
        (POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nxx", [400]),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", [400]),
        (CHUNKED + b"5\r\nhello\r\nzz\r\n", [400]),
        (CHUNKED + b"ffffffffffffffffffffffffff\r\n", [400]),
        (CHUNKED + b"1;" + b"x" * 40_000, [400]),
        (CHUNKED + b"1\r\nx\r\n0\r\nX-Signature: 00\r\n\r\n", [401, 404]),
        (POST + b"Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx", [100, 401, 404]),
    ],
    ids="tls http2 http0.9 no-host nul star connect websocket h2c heads head target negative two-lengths digits gzip "
    "no-chunk wide-chunk long-chunk trailers expect".split(),
)
def test_what_is_no_callback_is_refused(
    receive: Open, caplog: pytest.LogCaptureFixture, sent: bytes, answers: list[int]
) -> None:
    """By the right status, and where the connection still means anything, the next request is served. No log."""
    receiver = receive()
    with receiver.connect() as visitor:
        said = visit(visitor, sent + LAST)

    assert (statuses(said), receiver.witnessed()) == (answers, [])
    assert receiver.post(told()).status == 204
    assert caplog.records == []


def test_several_callbacks_in_one_go_are_each_told(receive: Open, caplog: pytest.LogCaptureFixture) -> None:
    """Pipelined, in one packet: every one is answered, in their order, and none takes from another."""
    receiver = receive()
    bodies = [told(asset_id=f"a{number}") for number in range(20)]
    with receiver.connect() as hasty:
        hasty.sendall(b"".join(map(signed, bodies)) + POST + b"\r\n" + LAST)
        said = ended(hasty)

    assert statuses(said) == [204] * 20 + [401, 404]
    assert receiver.witnessed() == [("c0ffee", f"a{number}") for number in range(20)]
    assert caplog.records == []


def test_a_body_may_come_in_any_pieces(receive: Open) -> None:
    """Chunked, byte by byte; the signature is over what the chunks make together."""
    receiver = receive()
    body = told()
    head = POST + f"X-Signature: {raw(body).hex()}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    with receiver.connect() as slow:
        slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in (head, *(b"1\r\n%c\r\n" % byte for byte in body), b"0\r\n\r\n", LAST):
            slow.sendall(piece)

        assert statuses(ended(slow)) == [204, 404]
    assert receiver.witnessed() == [("c0ffee", "a1")]


def test_a_wrong_length_makes_another_body(receive: Open) -> None:
    """Shorter than what is signed: it is not signed, and its rest is no request. Longer: it never becomes whole."""
    receiver = receive(patience=0.05)
    body = told()
    with receiver.connect() as shorter, receiver.connect() as longer:
        assert statuses(visit(shorter, signed(body, len(body) - 1) + LAST)) == [401, 400]
        longer.sendall(signed(body, len(body) + 1))
        assert statuses(ended(longer)) == [408]

    assert receiver.witnessed() == []


def test_a_large_body_is_not_asked_for(receive: Open) -> None:
    """Who announces too much and waits for "100 Continue" hears 413 instead, before one byte of it."""
    receiver = receive()
    head = POST + f"Expect: 100-continue\r\nContent-Length: {LARGEST + 1}\r\n\r\n".encode()
    with receiver.connect() as polite:
        polite.sendall(head)
        said = polite.recv(65536)

    assert statuses(said) == [413]


@pytest.mark.parametrize("first", [b"POST /nowhere HTTP/1.1\r\nHost: us\r\n", POST])
def test_nonsense_after_the_answer_is_no_news(receive: Open, caplog: pytest.LogCaptureFixture, first: bytes) -> None:
    """The answer is there before the body is whole; what then turns out to be no body just ends the connection."""
    receiver = receive()
    with receiver.connect() as odd:
        odd.sendall(first + b"Transfer-Encoding: chunked\r\n\r\n11000\r\n" + b"x" * 0x11000 + b"\r\n")
        assert statuses(odd.recv(65536)) in ([404], [413])
        odd.sendall(b"zz\r\n")
        rest = ended(odd)

    assert statuses(rest) == []
    assert receiver.post(told()).status == 204
    assert caplog.records == []


def test_who_does_not_take_the_answer_is_cut(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Else some who ask and never read would keep every place for ever. The application's task ends as well."""
    monkeypatch.setattr(web_server, "PATIENCE", 0.05)
    monkeypatch.setattr(web_server, "TURN", 0.05)
    monkeypatch.setattr(web_server, "CONNECTIONS", 1)
    over = threading.Event()

    async def talkative(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(4):
            await send({"type": "http.response.body", "body": bytes(16 << 20), "more_body": True})
        over.set()

    server = WebServer(talkative, "127.0.0.1:0")
    server.start()
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=LONG) as deaf:
            deaf.sendall(b"GET / HTTP/1.1\r\nHost: us\r\n\r\n")
            assert over.wait(LONG)
            assert len(ended(deaf)) < 32 << 20
    finally:
        server.stop()
    assert caplog.records == []


def test_who_is_never_answered_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application that hangs keeps no visitor for ever, and hears that the visitor is gone."""
    monkeypatch.setattr(web_server, "PATIENCE", 0.02)
    monkeypatch.setattr(web_server, "TURN", 0.02)
    heard: list[str] = []

    async def silent(_: Any, receive: Any, __: Any) -> None:
        await receive()
        heard.append((await receive())["type"])

    server = WebServer(silent, "127.0.0.1:0")
    server.start()
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=LONG) as patient:
            patient.sendall(b"GET / HTTP/1.1\r\nHost: us\r\n\r\n")
            assert ended(patient) == b""
    finally:
        server.stop()
    assert heard == ["http.disconnect"]


@pytest.mark.slow
def test_no_bytes_leave_a_trace(receive: Open, caplog: pytest.LogCaptureFixture) -> None:
    """True callbacks with bytes changed, doubled, cut and mixed: no log, no 5xx, and the next one is served."""
    receiver, dice = receive(patience=0.05), Random(9112)
    seeds = [
        signed(told()),
        CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
        POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    ]
    with caplog.at_level(logging.WARNING):
        for _ in range(300):
            with receiver.connect() as odd:
                said = visit(odd, broken(dice, seeds), whole=False)
            assert not [status for status in statuses(said) if status >= 500]

    assert receiver.post(told()).status == 204
    assert caplog.records == []


def broken(dice: Random, seeds: list[bytes]) -> bytes:
    """Make something of requests that is nearly one."""
    made = bytearray(b"".join(dice.choices(seeds, k=dice.randint(1, 3))))
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(made))
        match dice.randrange(4):
            case 0:
                made[place] = dice.choice(b"\0\r\n :;0f\xff")
            case 1:
                made[place:place] = made[: dice.randrange(len(made))]
            case 2:
                made[place:place] = dice.choice([b"\r\n", b"\r\n\r\n", b"Content-Length: 7\r\n", b"\0"])
            case _:
                del made[place : place + dice.randint(1, 40)]
    return bytes(made)


def visit(visitor: socket.socket, sent: bytes, *, whole: bool = True) -> bytes:
    """
    Send, and read to the end, wherever that is.

    What is not ``whole`` may leave the server waiting for more, so it is told that nothing more comes.
    """
    try:
        visitor.sendall(sent)
        if not whole:
            visitor.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    return ended(visitor)
