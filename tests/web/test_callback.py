"""The callback endpoint and its server: real sockets on loopback, and what reaches the one who is told."""

import gc
import http.client
import json
import resource
import socket
from contextlib import ExitStack, closing
from typing import Final

import pytest
from receiving import LONG, READY, Open, Receiver, ended, told
from sealing import der

from panjaya_watchd.errors import WatchdError
from panjaya_watchd.web import server as web_server
from panjaya_watchd.web.callback import LARGEST

VERSION: Final = ("version_ready", "v1", "es-ES")


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (told(), VERSION),
        (told(event="asset_failed", version_id=None, locale=None), ("asset_failed", None, None)),
        (json.dumps({**READY, "version_id": None, "locale": None}).encode(), ("version_ready", None, None)),
        (told(locale=None, version_locale="es-ES"), VERSION),
        (told(locale=7, version_locale="es-ES"), VERSION),
        (told(version_locale="fr-FR"), VERSION),
        (told(event="asset_ready", sent_at="2026-03-01T12:00:00Z", more=[{"deep": 1}]), ("asset_ready", *VERSION[1:])),
        (told(version_id=7, locale=["odd"]), ("version_ready", None, None)),
        (told(version_id={"id": "v1"}, version_locale=True), ("version_ready", None, "es-ES")),
        (told(version_id="v\0", locale="\ud800"), ("version_ready", None, None)),
        (told(version_id="v" * 257, locale=""), ("version_ready", None, None)),
        (told(asset_id=" a1\n"), VERSION),
        (told(padding="x" * (LARGEST - 120)), VERSION),
    ],
    ids="version asset null version_locale odd_locale both unknown odd object unprintable long spaces large".split(),
)
def test_a_signed_callback_tells_what_happened(
    receive: Open, body: bytes, what: tuple[str, str | None, str | None]
) -> None:
    """The claim of the address, the asset, the event; version and locale where they are told. The rest is anything."""
    receiver = receive()
    answer = receiver.post(body)
    (said,) = receiver.everything()

    assert (answer.status, said.claim_id, said.asset_id) == (204, "c0ffee", "a1")
    assert (said.event, said.version_id, said.locale) == what


def test_a_callback_may_come_again(receive: Open) -> None:
    """Duplicates are told as often as they come: whoever is told asks the API anyway."""
    receiver = receive()
    answers = [receiver.post(told(), path) for path in ("/callback/1", "/callback/1", f"/callback/{'f' * 64}")]

    assert [answer.status for answer in answers] == [204] * 3
    assert receiver.witnessed() == [("1", "a1"), ("1", "a1"), ("f" * 64, "a1")]


@pytest.mark.parametrize(
    "signature",
    [None, " ", "00" * 64, "%", der(told(asset_id="a2")).hex()],
    ids=["none", "empty", "zeros", "no encoding", "of another body"],
)
@pytest.mark.parametrize("body", [told(), b"not even JSON", b""])
def test_what_is_not_signed_has_no_effect(receive: Open, signature: str | None, body: bytes) -> None:
    """401, whatever the body is: it is not looked at before its signature is right."""
    receiver = receive()

    assert (receiver.post(body, signature=signature).status, receiver.witnessed()) == (401, [])


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "expected JSON"),
        (b"{", "expected JSON"),
        (b"\xff\xfe\xfd", "expected JSON"),
        (b"[" * 60_000, "expected JSON"),
        (b'{"asset_id": ' + b"9" * 6000 + b"}", "expected JSON"),
        (b"[]", "expected a JSON object, found list"),
        (b"null", "expected a JSON object, found NoneType"),
        (told(event=None), "event: expected"),
        (told(event=""), "event: expected"),
        (told(event=["version_ready"]), "event: expected"),
        (told(asset_id=None), "asset_id: expected"),
        (told(asset_id=""), "asset_id: expected"),
        (told(asset_id=" "), "asset_id: expected"),
        (told(asset_id=17), "asset_id: expected"),
        (told(asset_id={"id": "a1"}), "asset_id: expected"),
        (told(asset_id="a\0b"), "asset_id: expected"),
        (told(asset_id="\ud800"), "asset_id: expected"),
        (told(asset_id="x" * 257), "asset_id: expected"),
    ],
)
def test_what_is_not_understood_has_no_effect(receive: Open, body: bytes, sentence: str) -> None:
    """400 with a sentence, also for a body that is truly signed."""
    receiver = receive()
    answer = receiver.post(body)

    assert (answer.status, receiver.witnessed()) == (400, [])
    assert sentence in answer.sentence


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/callback",
        "/callback/",
        "/callback/c0ffee/",
        "/callback/c0ffee/x",
        "/callback/C0FFEE",
        "/callback/c0ffee%0a",
        "/callback/../callback/c0ffee",
        "/callback/%2e%2e",
        f"/callback/{'f' * 65}",
        "/docs",
        "/openapi.json",
        "//callback/c0ffee",
    ],
)
def test_nothing_else_is_there(receive: Open, path: str) -> None:
    """404 for every other address, and no page that explains any."""
    receiver = receive()

    assert (receiver.post(told(), path).status, receiver.witnessed()) == (404, [])


def test_a_callback_is_posted(receive: Open) -> None:
    """Another method is refused, and no answer tells what serves here."""
    receiver = receive()
    answers = [receiver.post(told(), method=method) for method in ("GET", "PUT", "DELETE", "POST")]

    assert ([answer.status for answer in answers], receiver.witnessed()) == ([405, 405, 405, 204], [("c0ffee", "a1")])
    assert not any(answer.server for answer in answers)


def test_a_large_body_is_refused(receive: Open) -> None:
    """413 from one byte more than the limit, announced or in chunks."""
    receiver = receive()
    body = b"x" * (LARGEST + 1)
    connection = http.client.HTTPConnection("127.0.0.1", receiver.server.port, timeout=LONG)
    with closing(connection):
        connection.request("POST", "/callback/c0ffee", iter([body]), {"X-Signature": "00"})
        chunked = connection.getresponse().status

    assert (receiver.post(body).status, chunked, receiver.witnessed()) == (413, 413, [])
    assert receiver.post(b"x" * LARGEST).status == 400


def test_a_slow_body_is_cut_off(receive: Open) -> None:
    """408 when it is not whole in time, and the connection ends."""
    receiver = receive(patience=0.05)
    with receiver.connect() as slow:
        slow.sendall(b"POST /callback/c0ffee HTTP/1.1\r\nHost: us\r\nContent-Length: 100\r\n\r\n{")
        said = b"".join(iter(lambda: slow.recv(4096), b""))

    assert said.startswith(b"HTTP/1.1 408 ")
    assert receiver.everything() == []


def test_half_a_body_has_no_effect(receive: Open) -> None:
    """A visitor who leaves in the middle is forgotten, and the next is served."""
    receiver = receive()
    with receiver.connect() as hasty:
        hasty.sendall(b"POST /callback/c0ffee HTTP/1.1\r\nHost: us\r\nContent-Length: 100\r\n\r\n{")

    assert (receiver.post(told()).status, receiver.witnessed()) == (204, [("c0ffee", "a1")])


@pytest.mark.parametrize("begun", [b"", b"POST /callback/c0ffee HTTP/1.1\r\nHost: us\r\nX-Slow: "])
def test_a_slow_head_is_cut_off(receive: Open, monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    """A connection that does not come to the point ends, after an answer as well."""
    monkeypatch.setattr(web_server, "PATIENCE", 0.05)
    receiver = receive()
    with receiver.connect() as silent, receiver.connect() as served:
        silent.sendall(begun)
        served.sendall(b"GET / HTTP/1.1\r\nHost: us\r\n\r\n" + begun)

        assert ended(silent) == b""
        assert ended(served).startswith(b"HTTP/1.1 404 ")


def test_a_long_head_is_refused(receive: Open) -> None:
    """Headers end somewhere."""
    receiver = receive()
    with receiver.connect() as wordy:
        wordy.sendall(b"POST / HTTP/1.1\r\nHost: us\r\nX-Long: " + b"x" * 20_000)

        assert ended(wordy).startswith(b"HTTP/1.1 400 ")


def test_too_many_connections_are_cut(receive: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are one too many end at once; when one has gone, the next is served."""
    monkeypatch.setattr(web_server, "CONNECTIONS", 2)
    receiver = receive()
    with ExitStack() as visits:
        first, _ = (visits.enter_context(receiver.connect()) for _ in range(2))
        with receiver.connect() as third:
            assert ended(third) == b""
        first.sendall(b"GET / HTTP/1.1\r\nHost: us\r\nConnection: close\r\n\r\n")
        assert ended(first).startswith(b"HTTP/1.1 404 ")

        assert receiver.post(told()).status == 204


def test_the_end_waits_for_nobody(receive: Open) -> None:
    """Whoever is still connected is cut, in the middle of a body too; a second end is none."""
    receiver = receive()
    with receiver.connect() as silent, receiver.connect() as slow:
        slow.sendall(b"POST /callback/c0ffee HTTP/1.1\r\nHost: us\r\nContent-Length: 100\r\n\r\n{")
        receiver.server.stop()
        receiver.server.stop()

        assert (ended(silent), ended(slow)) == (b"", b"")
    with pytest.raises(ConnectionRefusedError):
        receiver.connect()


def test_a_port_that_is_taken_is_said(receive: Open) -> None:
    """An error with the address and what to do; ending what never began is no error."""
    taken = f"127.0.0.1:{receive().server.port}"
    other = Receiver(taken).server

    with pytest.raises(WatchdError, match=f"listen on {taken}: Address already in use") as caught:
        other.start()
    other.stop()
    assert "a port that is free" in caught.value.hint


def test_an_address_that_is_not_ours_is_said() -> None:
    """Another machine's address is a sentence as well."""
    with pytest.raises(WatchdError, match="nothing can listen on"):
        Receiver("192.0.2.1:8765").server.start()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # asyncio loses half a loop
def test_a_start_without_descriptors_is_said() -> None:
    """The server itself needs some besides its socket; without them the daemon must not wait for it for ever."""
    why = started_without_descriptors()
    gc.collect()

    assert "Too many open files" in why


def started_without_descriptors() -> str:
    """Start a server that gets one descriptor and no more; give what it says."""
    server = Receiver().server
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as next_one:
        number = next_one.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (number + 1, most))
    try:
        server.start()
    except WatchdError as error:
        return error.message
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))
        server.stop()
    return "nothing"


def test_it_listens_on_ipv6(receive: Open) -> None:
    """An address in brackets, as in a URL."""
    receiver = receive("[::1]:0")
    with socket.create_connection(("::1", receiver.server.port), timeout=LONG) as visitor:
        visitor.sendall(b"GET / HTTP/1.0\r\n\r\n")

        assert ended(visitor).startswith(b"HTTP/1.1 404 ")
