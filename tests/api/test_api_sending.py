"""The way from the reader to the socket: no chunk is copied, over TLS or through a proxy, and none waits for ever."""

import os
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme
from loopback import Visit, saying, serving
from open_file import OpenFile, reader

from panjaya_watchd.api.base import Submission
from panjaya_watchd.api.panjaya import Panjaya, Timeouts
from panjaya_watchd.api.passage import Passage
from panjaya_watchd.api.wire import FilePart, multipart
from panjaya_watchd.core.answers import Asset, Fault
from panjaya_watchd.core.names import AssetId, Locale
from panjaya_watchd.core.order import AutoGenerate, Language, Order
from panjaya_watchd.errors import SettingsError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

CREATED = b'{"asset_id": "a1"}'
CHUNK = 1 << 20
ORDER = Order(
    locale=Locale("en-US"), languages=(Language(locale=Locale("es-ES")),), auto_generate=AutoGenerate.WITH_LIPS
)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Give a certificate authority for loopback."""
    return trustme.CA()


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    """Give a server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    """Give a client's side of TLS."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def video(tmp_path: Path) -> Iterator[OpenFile]:
    """Give a file of three chunks and a bit."""
    path = tmp_path / "t.mp4"
    path.write_bytes(os.urandom(CHUNK * 3 + 123))
    with OpenFile(path) as source:
        yield source


def counted(into: list[tuple[int, int]]) -> type[ssl.SSLSocket]:
    """Give a socket that notes how long each ``bytes`` is that it was asked to send, and how much of it went."""

    class Counted(ssl.SSLSocket):
        def send(self, data: "ReadableBuffer", flags: int = 0) -> int:
            assert type(data) is bytes
            sent = super().send(data, flags)
            into.append((len(data), sent))
            return sent

    return Counted


def submit(panjaya: Panjaya, video: OpenFile) -> Asset | Fault:
    """Send one video."""
    try:
        return panjaya.submit(Submission(order=ORDER, srt={}, video=reader(video, chunk=CHUNK)))
    finally:
        panjaya.close()


def test_a_chunk_reaches_the_socket_in_one_piece(
    video: OpenFile, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """The HTTP library asks once for each chunk and TLS takes all of it; what was left would be copied each time."""
    sent: list[tuple[int, int]] = []
    with serving(saying(201, CREATED), tls=server_tls) as server:
        panjaya = Panjaya(server.url, "key", tls=client_tls)
        client_tls.sslsocket_class = counted(sent)
        answer = submit(panjaya, video)

    assert isinstance(answer, Asset)
    assert server.visits[0].whole
    assert sent[2:-1] == [
        (size, size) for size in (CHUNK, CHUNK, CHUNK, 123)
    ]  # before them the two heads, after them the tail


def test_a_passage_hands_on_the_very_chunk_it_was_given(video: OpenFile) -> None:
    """Not an equal one: nothing is copied on the way."""
    given: list[bytes] = []

    class Noted:
        file_name = "t.mp4"
        size = video.size

        def __iter__(self) -> Iterator[bytes]:
            for chunk in reader(video, chunk=CHUNK):
                given.append(chunk)
                yield chunk

    frame = multipart({}, [FilePart(field="video", file_name="t.mp4", size=video.size)], "B")
    handed = list(Passage(frame, [Noted()]))[1:-1]

    assert [id(chunk) for chunk in given] == [id(chunk) for chunk in handed]


@pytest.mark.slow
def test_a_server_that_takes_no_more_records_is_a_stall_before_the_gate(
    tmp_path: Path, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """The limit of time holds in the middle of a chunk too, and nothing was released."""
    over = threading.Event()
    path = tmp_path / "tall.mp4"
    path.touch()
    os.truncate(path, 24 * CHUNK)

    def script(visit: Visit) -> None:
        visit.take(1)
        assert over.wait(20)

    with serving(script, tls=server_tls) as server, OpenFile(path) as source:
        limits = Timeouts(connect=5, write=0.15, answer=0.15, read=0.15)
        answer = submit(Panjaya(server.url, "key", timeouts=limits, tls=client_tls), source)
        over.set()

    assert isinstance(answer, Fault)
    assert (answer.money_may_have_moved, answer.repeat_helps) == (False, True)


def test_an_upload_goes_whole_through_a_proxy(
    video: OpenFile,
    authority: trustme.CA,
    client_tls: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The proxy only sees where to; TLS is with the service, and a chunk is not copied there either."""
    service_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("api.example").configure_cert(service_tls)
    inner: list[Visit] = []
    sent: list[tuple[int, int]] = []

    def tunnel(visit: Visit) -> None:
        visit.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with service_tls.wrap_socket(visit._connection, server_side=True) as connection:
            inner.append(Visit(connection))
            inner[0].listen()
            inner[0].take()
            inner[0].answer(201, CREATED)

    with serving(tunnel) as proxy:
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        panjaya = Panjaya("https://api.example", "key", tls=client_tls)
        client_tls.sslsocket_class = counted(sent)
        answer = submit(panjaya, video)

    assert isinstance(answer, Asset)
    assert (proxy.visits[0].method, proxy.visits[0].target) == ("CONNECT", "api.example:443")
    assert "authorization" not in proxy.visits[0].headers
    assert inner[0].whole
    assert sent.count((CHUNK, CHUNK)) == 3


def test_an_upload_keeps_the_key_that_it_began_with(video: OpenFile) -> None:
    """Another key is for what begins after it; what is echoed of either is not shown."""
    keys: list[str] = []

    def script(visit: Visit) -> None:
        keys.append(visit.headers["authorization"])
        api.use_key("second-key")
        visit.take()
        visit.answer(401, b'{"detail": "panjaya-first-key is not panjaya-second-key"}')

    with serving(script, saying(200, b'{"asset_id": "a1"}')) as served:
        api = Panjaya(served.url, "first-key")
        refused = api.submit(Submission(order=ORDER, srt={}, video=reader(video)))
        api.use_key("panjaya-second-key")
        with pytest.raises(SettingsError):
            api.use_key(" ")
        api.get_asset(AssetId("a1"))
        api.close()

    assert isinstance(refused, Fault)
    assert "-key" not in refused.words
    assert keys == ["Bearer panjaya-first-key"]
    assert [visit.headers["authorization"] for visit in served.visits[1:]] == ["Bearer panjaya-second-key"]
