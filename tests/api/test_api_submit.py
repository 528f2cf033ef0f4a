"""Uploads over real sockets: the bytes on the wire, the gate, and what every way of failing means for money."""

import hashlib
import json
import os
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme
from loopback import Loopback, Script, Visit, saying, serving
from open_file import Gate, OpenFile, reader

from panjaya_watchd.api.base import Body, Submission, Withdrawn
from panjaya_watchd.api.panjaya import Panjaya, Timeouts
from panjaya_watchd.api.passage import Passage
from panjaya_watchd.api.reader import Reader, SourceChanged
from panjaya_watchd.api.wire import FilePart, multipart
from panjaya_watchd.core.answers import Asset, Fault
from panjaya_watchd.core.names import Locale
from panjaya_watchd.core.order import AutoGenerate, Language, Order

KEY = "s3cr3t-key"
CHUNK = 16 * 1024
CREATED = json.dumps({"asset_id": "a1", "status": "Processing"}).encode()
ORDER = Order(
    locale=Locale("en-US"), languages=(Language(locale=Locale("es-ES")),), auto_generate=AutoGenerate.WITH_LIPS
)
QUICK = Timeouts(connect=5, write=0.15, answer=0.15, read=0.15)


def client(server: Loopback, timeouts: Timeouts | None = None, tls: ssl.SSLContext | None = None) -> Panjaya:
    """Give the real client for a server."""
    return Panjaya(server.url, KEY, timeouts=timeouts, tls=tls)


@pytest.fixture
def video(tmp_path: Path) -> Iterator[OpenFile]:
    """Give a file of ten chunks and a bit."""
    path = tmp_path / "Café.mp4"
    path.write_bytes(os.urandom(CHUNK * 10 + 123))
    with OpenFile(path) as source:
        yield source


def send(
    server: Loopback, body: Body, *, timeouts: Timeouts | None = None, tls: ssl.SSLContext | None = None
) -> Asset | Fault:
    """Submit one video and nothing else."""
    panjaya = client(server, timeouts, tls)
    try:
        return panjaya.submit(Submission(order=ORDER, srt={}, video=body))
    finally:
        panjaya.close()


def test_an_upload_is_one_whole_request(video: OpenFile, tmp_path: Path) -> None:
    """Method, path, key, length and body are exactly what the frame says, with the file's own bytes in it."""
    with serving(saying(201, CREATED)) as server:
        answer = send(server, reader(video, "Café.mp4", chunk=CHUNK))
    visit = server.visits[0]
    content = (tmp_path / "Café.mp4").read_bytes()
    kind, _, boundary = visit.headers["content-type"].partition("; boundary=")
    fields = {"locale": "en-US", "languages": [{"locale": "es-ES"}], "auto_generate": "with_lips"}
    frame = multipart(fields, [FilePart(field="video", file_name="Cafe.mp4", size=len(content))], boundary)

    assert isinstance(answer, Asset)
    assert answer.asset_id == "a1"
    assert (visit.method, visit.target, kind) == ("POST", "/v1/assets/upload", "multipart/form-data")
    assert visit.headers["authorization"] == f"Bearer panjaya-{KEY}"
    assert "transfer-encoding" not in visit.headers
    assert frame.heads[0] + content + frame.tail == visit.body
    assert visit.whole


def test_the_background_travels_before_the_video(video: OpenFile, tmp_path: Path) -> None:
    """So the video's last chunk is the last thing that decides, whatever else the order has."""
    path = tmp_path / "b.wav"
    path.write_bytes(b"BACKGROUND")
    with serving(saying(200, CREATED)) as server, OpenFile(path) as track:
        panjaya = client(server)
        answer = panjaya.submit(
            Submission(
                order=ORDER,
                srt={Locale("es-ES"): "1\n00:00:00,000 --> 00:00:01,000\nHola\n"},
                video=reader(video),
                background=reader(track, "b.wav"),
            )
        )
        panjaya.close()
    body = server.visits[0].body

    assert isinstance(answer, Asset)
    assert body.index(b'name="request"') < body.index(b"BACKGROUND") < body.index(b'name="video"')
    assert b"Hola" in body[: body.index(b"BACKGROUND")]


def test_nothing_of_the_last_chunk_leaves_before_the_gate_opens(video: OpenFile) -> None:
    """The server sees all but the last chunk, and the rest only when somebody lets it through."""
    gate = Gate()
    waiting = threading.Event()
    held_back = video.size % CHUNK + len(b"\r\n--") + 32 + len(b"--\r\n")

    def script(visit: Visit) -> None:
        visit.take(visit.length - held_back)
        visit.expect_silence()
        waiting.set()
        visit.take()
        visit.answer(201, CREATED)

    body = Reader(video, "t.mp4", stop=threading.Event(), progress=lambda _: None, at_gate=gate, chunk=CHUNK)
    with serving(script) as server, ThreadPoolExecutor() as pool:
        answer = pool.submit(send, server, body)
        assert gate.reached.wait(20)
        assert waiting.wait(20)
        assert not body.released
        gate.open.set()

        assert isinstance(answer.result(20), Asset)
    assert server.visits[0].whole
    assert [(hashlib.sha256(os.pread(video._descriptor, 1 << 20, 0)).hexdigest(), video.size)] == gate.shown


def test_a_withdrawn_upload_leaves_a_short_body(video: OpenFile) -> None:
    """The service gets less than was announced and then the end: no request it could act on."""

    def refuse(*_: object) -> None:
        raise Withdrawn("not now")

    body = Reader(video, "t.mp4", stop=threading.Event(), progress=lambda _: None, at_gate=refuse, chunk=CHUNK)
    with serving(saying(201, CREATED)) as server:
        with pytest.raises(Withdrawn, match="not now"):
            send(server, body)
        server.wait()

    assert not server.visits[0].whole
    assert len(server.visits[0].body) < server.visits[0].length - video.size % CHUNK


@pytest.mark.parametrize(
    "change",
    [
        lambda path: os.truncate(path, 5),
        lambda path: os.truncate(path, CHUNK * 100),
        lambda path: os.utime(path, (0, 0)),
    ],
    ids=["shrinks", "grows", "is touched"],
)
def test_a_source_that_changes_is_never_whole_at_the_service(tmp_path: Path, change: Script) -> None:
    """The client notices before the transport does, and the connection is cut."""
    path = tmp_path / "t.mp4"
    path.write_bytes(b"x" * CHUNK * 64)

    def script(visit: Visit) -> None:
        visit.take(CHUNK)
        visit.take()

    with serving(script) as server, OpenFile(path) as source:
        body = reader(source, chunk=CHUNK)
        chunks = Prompted(body, lambda: change(path))  # type: ignore[arg-type]
        with pytest.raises(SourceChanged):
            send(server, chunks)
        server.wait()

    assert not server.visits[0].whole
    assert not body.released


class Prompted:
    """A body that lets something happen once its first chunk was taken."""

    def __init__(self, inner: Body, act: object) -> None:
        self.file_name = inner.file_name
        self.size = inner.size
        self._inner = inner
        self._act = act

    def __iter__(self) -> Iterator[bytes]:
        for number, chunk in enumerate(self._inner):
            yield chunk
            if number == 0:
                assert callable(self._act)
                self._act()


class Liar:
    """A body that announces one size and gives another."""

    def __init__(self, size: int, chunks: list[bytes]) -> None:
        self.file_name = "t.mp4"
        self.size = size
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks


@pytest.mark.parametrize("chunks", [[b"1234", b"5"], [b"12345678901"], [b"12345", b"678901"], []])
def test_a_body_of_another_size_than_announced_is_cut(chunks: list[bytes]) -> None:
    """Too little and too much end before the request is whole, and never as the transport's own error."""
    with serving(saying(201, CREATED)) as server:
        with pytest.raises(Withdrawn):
            send(server, Liar(10, chunks))
        server.wait()

    assert not server.visits[0].whole


def facts(answer: Asset | Fault) -> tuple[bool, bool, bool, int | None]:
    """Give what decides."""
    assert isinstance(answer, Fault)
    assert KEY not in repr(answer)
    return answer.money_may_have_moved, answer.repeat_helps, answer.account, answer.status


TALL = 96 << 20
"""Bytes; six tenths are more than the socket buffers of both sides ever take (tcp_rmem and tcp_wmem: 32 and 4 MiB), so
that the client is still writing when something happens."""


@pytest.fixture
def tall_video(tmp_path: Path) -> Iterator[OpenFile]:
    """Give a sparse file that no socket buffer swallows."""
    path = tmp_path / "tall.mp4"
    path.touch()
    os.truncate(path, TALL)
    with OpenFile(path) as source:
        yield source


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.4])
def test_a_cut_before_the_gate_costs_nothing(tall_video: OpenFile, share: float) -> None:
    """The body was not whole; sending it again is safe and helps."""

    def script(visit: Visit) -> None:
        visit.take(int(visit.length * share))
        visit.cut()

    body = reader(tall_video, chunk=1 << 20)
    with serving(script) as server:
        answer = send(server, body)

    assert facts(answer) == (False, True, False, None)
    assert not body.released


def cut_in_the_tail(visit: Visit) -> None:
    """Cut when only the closing boundary is missing."""
    visit.take(visit.length - 10)
    visit.cut()


def cut_without_an_answer(visit: Visit) -> None:
    """Take everything and say nothing."""
    visit.take()
    visit.cut()


def close_without_an_answer(visit: Visit) -> None:
    """Take everything and end in order."""
    visit.take()


def cut_in_the_head(visit: Visit) -> None:
    """Begin an answer."""
    visit.take()
    visit.send(b"HTTP/1.1 201 Cre")


def cut_in_the_answer(visit: Visit) -> None:
    """Announce more of an answer than comes."""
    visit.take()
    visit.send(b'HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{"asset_id": "a1"')


def speak_nonsense(visit: Visit) -> None:
    """Answer in another language."""
    visit.take()
    visit.send(b"220 mail.example ESMTP\r\n")


def say_yes_without_an_asset(visit: Visit) -> None:
    """Answer with a success that does not name what was made."""
    visit.take()
    visit.answer(200, b"{}")


@pytest.mark.parametrize(
    "script",
    [
        cut_in_the_tail,
        cut_without_an_answer,
        close_without_an_answer,
        cut_in_the_head,
        cut_in_the_answer,
        speak_nonsense,
        say_yes_without_an_asset,
        saying(200, b"<html>"),
        saying(204),
        saying(500, b'{"detail": "x"}'),
        saying(502, b"<html>"),
        saying(504),
        saying(422, b"<html>"),
        saying(404),
    ],
)
def test_doubt_after_the_gate_is_told_as_doubt(video: OpenFile, script: Script) -> None:
    """The service may hold the whole video: never an invitation to send it again."""
    with serving(script) as server:
        answer = send(server, reader(video, chunk=CHUNK))
        server.wait()

    moved, repeat, account, _ = facts(answer)
    assert (moved, repeat, account) == (True, False, False)
    assert len(server.visits) == 1


@pytest.mark.parametrize("status", [307, 308, 301, 303])
def test_a_redirect_is_not_followed(video: OpenFile, status: int) -> None:
    """Following would send the video again, and the key to wherever the redirect points."""
    with serving(saying(200, CREATED)) as other:
        with serving(saying(status, location=f"{other.url}/v1/assets/upload")) as server:
            answer = send(server, reader(video))

        assert facts(answer) == (True, False, True, status)
        assert other.visits == []


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, b'{"detail": "Bad locale."}', (False, False, False, 400)),
        (422, b'{"detail": [{"loc": ["x"], "msg": "no"}]}', (False, False, False, 422)),
        (401, b'{"detail": "Bad key panjaya-s3cr3t-key."}', (False, True, True, 401)),
        (403, b'{"detail": "Account limit."}', (False, True, True, 403)),
        (429, b'{"detail": "Slow down."}', (False, True, False, 429)),
    ],
)
def test_a_refusal_in_the_services_own_words_costs_nothing(
    video: OpenFile, status: int, body: bytes, expected: tuple[bool, bool, bool, int]
) -> None:
    """A 4xx with ``detail`` after the whole body: nothing was made, and its words reach a person."""
    with serving(saying(status, body)) as server:
        answer = send(server, reader(video))

    assert expected == facts(answer)


def early(status: int, body: bytes) -> Script:
    """Answer after a little of the body, as a proxy does that knows its limit, and go."""

    def script(visit: Visit) -> None:
        visit.take(CHUNK)
        visit.answer(status, body)

    return script


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Give a certificate authority for loopback."""
    return trustme.CA()


def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    """Give a server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    """Give a client's side of TLS."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (early(413, b"<html>413 Request Entity Too Large</html>"), (False, False, False, 413)),
        (early(401, b'{"detail": "Bad key."}'), (False, True, True, 401)),
        (early(503, b"busy"), (False, True, False, 503)),
    ],
    ids=["413", "401", "503"],
)
def test_an_answer_before_the_end_is_read(
    tall_video: OpenFile,
    authority: trustme.CA,
    script: Script,
    expected: tuple[bool, bool, bool, int],
    secure: bool,  # noqa: FBT001
) -> None:
    """A server that answers early and closes is heard, though our writing fails; nothing was released."""
    upload = reader(tall_video, chunk=1 << 20)
    with serving(script, tls=server_tls(authority) if secure else None) as server:
        answer = send(server, upload, tls=client_tls(authority) if secure else None)

    assert expected == facts(answer)
    assert not upload.released
    assert len(server.visits[0].body) < TALL


@pytest.mark.slow
def test_a_server_that_takes_no_more_bytes_is_a_stall_before_the_gate(tall_video: OpenFile) -> None:
    """After the write limit the upload ends, without doubt."""
    over = threading.Event()

    def script(visit: Visit) -> None:
        visit.take(CHUNK)
        assert over.wait(20)

    with serving(script) as server:
        answer = send(server, reader(tall_video, chunk=1 << 20), timeouts=QUICK)
        over.set()

    assert facts(answer) == (False, True, False, None)


@pytest.mark.slow
def test_a_server_that_never_answers_is_doubt(video: OpenFile) -> None:
    """After the limit for the answer nobody knows what became of the video."""
    over = threading.Event()

    def script(visit: Visit) -> None:
        visit.take()
        assert over.wait(20)

    with serving(script) as server:
        answer = send(server, reader(video), timeouts=QUICK)
        over.set()

    assert facts(answer) == (True, False, False, None)


def test_a_service_that_is_not_there_costs_nothing(video: OpenFile) -> None:
    """No connection, no byte: wait and try again."""
    with serving() as server:
        pass
    body = reader(video)

    assert facts(send(server, body)) == (False, True, False, None)
    assert not body.released


def test_a_certificate_of_a_stranger_is_refused(video: OpenFile, authority: trustme.CA) -> None:
    """The key and the video go to nobody whose name is not proven."""
    with serving(saying(201, CREATED), tls=server_tls(trustme.CA())) as server:
        answer = send(server, reader(video), tls=client_tls(authority))

    assert facts(answer) == (False, True, False, None)
    assert server.visits == []


def test_an_early_success_is_believed(tall_video: OpenFile) -> None:
    """An asset that exists is better known than guessed about, however the answer came."""
    with serving(early(201, CREATED)) as server:
        answer = send(server, reader(tall_video, chunk=1 << 20))

    assert isinstance(answer, Asset)


def test_the_key_is_in_no_representation() -> None:
    """Neither the client nor a submission prints a secret or a translation."""
    panjaya = Panjaya("https://api.panjaya.ai", KEY)
    submission = Submission(order=ORDER, srt={Locale("es-ES"): "secret words"}, video=Liar(1, [b"x"]))
    panjaya.close()

    assert KEY not in repr(panjaya) + str(vars(panjaya)["_base"])
    assert "secret words" not in repr(submission)


def test_a_passage_is_released_with_the_last_chunk_and_not_before() -> None:
    """From the first byte of the last chunk on, the service may hold the whole video."""
    frame = multipart({}, [FilePart(field="video", file_name="t.mp4", size=3)], "B")
    passage = Passage(frame, [Liar(3, [b"1", b"2", b"3"])])
    seen = [(piece, passage.released) for piece in passage]

    assert [(b"1", False), (b"2", False), (b"3", True), (frame.tail, True)] == seen[1:]
