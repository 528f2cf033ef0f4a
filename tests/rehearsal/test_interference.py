"""Cuts and faults: a short body creates nothing, and each scripted fault does what it says and no more."""

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from panjaya_watchd.rehearsal.script import CHAOS, Do, Script, Scripted
from panjaya_watchd.rehearsal.server import KEY, StudioServer
from panjaya_watchd.rehearsal.switches import Chaos

Ask = Callable[..., dict[str, Any]]
Serve = Callable[..., StudioServer]
Connect = Callable[..., httpx.Client]
Wait = Callable[[float], None]
UPLOAD = "POST /v1/assets/upload"


def body_of(asked: dict[str, Any], video: bytes) -> bytes:
    """Write an upload's body by hand."""
    return (
        b'--b\r\nContent-Disposition: form-data; name="request"\r\n\r\n'
        + json.dumps(asked).encode()
        + b'\r\n--b\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'
        + video
        + b"\r\n--b--\r\n"
    )


def head_of(length: int) -> bytes:
    """Write an upload's head by hand."""
    return (
        "POST /v1/assets/upload HTTP/1.1\r\nHost: studio\r\n"
        f"Authorization: Bearer {KEY}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def dial(server: StudioServer) -> socket.socket:
    """Open a plain connection."""
    port = int(server.base_url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def read_all(connection: socket.socket) -> bytes:
    """Read until the other end closes or cuts."""
    heard = b""
    try:
        while chunk := connection.recv(65536):
            heard += chunk
    except ConnectionError:
        pass
    return heard


def settled(server: StudioServer, count: int) -> None:
    """Wait for the log to have so many requests; a cut is noticed a moment after it is made."""
    deadline = time.monotonic() + 5
    while len(server.requests) < count:
        assert time.monotonic() < deadline, "the server did not notice"
        time.sleep(0.001)


def upload(client: httpx.Client, asked: Any, video: bytes = b"x" * 200_000) -> httpx.Response:
    """Upload the way the documentation says."""
    return client.post(
        "/v1/assets/upload", data={"request": json.dumps(asked)}, files={"video": ("talk.mp4", video, "video/mp4")}
    )


# The promise the gate relies on


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99, "all but the last byte", "all but the closing boundary"])
@pytest.mark.parametrize("ending", ["close", "half-close"])
def test_a_body_shorter_than_its_length_creates_nothing(serve: Serve, ask: Ask, share: Any, ending: str) -> None:
    """Cut by a raw socket anywhere before its last byte, an upload leaves no asset and no bill."""
    server = serve()
    body = body_of(ask(), b"v" * 300_000)
    left = {"all but the last byte": 1, "all but the closing boundary": len(b"\r\n--b--\r\n")}
    sent = len(body) - left[share] if share in left else int(len(body) * share)

    with dial(server) as connection:
        connection.sendall(head_of(len(body)) + body[:sent])
        if ending == "half-close":
            connection.shutdown(socket.SHUT_WR)
            assert b"asset_id" not in read_all(connection)
    settled(server, 1)

    assert server.studio.assets == ()
    assert server.studio.bills == []
    assert server.requests[0].received <= sent


def test_the_same_body_whole_creates_one(serve: Serve, ask: Ask) -> None:
    """The counter-proof by the same socket: with its last byte the upload is an asset and a bill."""
    server = serve()
    body = body_of(ask(), b"v" * 300_000)

    with dial(server) as connection:
        connection.sendall(head_of(len(body)) + body[:-1])
        assert server.studio.bills == []
        connection.sendall(body[-1:])
        heard = connection.recv(65536)

    assert heard.startswith(b"HTTP/1.1 200 ")
    assert len(server.studio.bills) == 1


def test_a_whole_length_without_closing_boundary_creates_nothing(serve: Serve, ask: Ask) -> None:
    """Content-Length alone does not make a body whole."""
    server = serve()
    body = body_of(ask(), b"v" * 1000).removesuffix(b"\r\n--b--\r\n")

    with dial(server) as connection:
        connection.sendall(head_of(len(body)) + body)
        heard = connection.recv(65536)

    assert heard.startswith(b"HTTP/1.1 400 ")
    assert server.studio.bills == []


# Scripted faults


@pytest.mark.parametrize(
    ("when", "bills"), [("before_body", 0), ("at_fraction", 0), ("after_body", 0), ("after_store", 1)]
)
@pytest.mark.parametrize("do", ["cut", "status", "html", "garbage", "redirect"])
def test_a_fault_strikes_when_it_should(  # noqa: PLR0917  (a table has its columns)
    serve: Serve, connect: Connect, ask: Ask, when: Any, bills: int, do: Do
) -> None:
    """Only after the store is there a bill; and the next request is served as if nothing had been."""
    server = serve()
    client = connect(server)
    server.script(Scripted(on=UPLOAD, do=do, when=when, status=503, headers={"Location": "/elsewhere"}))

    try:
        status = upload(client, ask()).status_code
    except httpx.TransportError:
        status = 0

    assert status == {"cut": 0, "status": 503, "html": 503, "garbage": 200, "redirect": 307}[do]
    assert len(server.studio.bills) == bills
    assert server.coming == ()
    assert upload(client, ask()).status_code == 200
    assert [status or None, 200] == [seen.status for seen in server.requests]


def test_a_fault_at_a_fraction_strikes_there(serve: Serve, connect: Connect, ask: Ask) -> None:
    """The body is read up to the fraction and little more."""
    server = serve()
    server.script(Scripted(on=UPLOAD, do="cut", when="at_fraction", fraction=0.25))

    with pytest.raises(httpx.TransportError):
        upload(connect(server), ask(), b"x" * 4_000_000)

    assert 1_000_000 <= server.requests[0].received < 2_000_000


def test_an_early_answer_is_heard_by_who_keeps_sending(serve: Serve, connect: Connect, ask: Ask) -> None:
    """A 413 before the body leaves the connection open, so that a client in the middle of sending can read it."""
    server = serve()
    server.script(Scripted(on=UPLOAD, do="html", status=413, body=b"<h1>too large</h1>"))

    answer = upload(connect(server), ask(), b"x" * 4_000_000)

    assert (answer.status_code, answer.text) == (413, "<h1>too large</h1>")


def test_a_lost_answer_hides_an_asset_that_is_there(serve: Serve, connect: Connect, ask: Ask) -> None:
    """The case that costs money: cut after the store, the list shows what the client never heard of."""
    server = serve()
    client = connect(server)
    server.script(Scripted(on=UPLOAD, do="cut", when="after_store"))

    with pytest.raises(httpx.RemoteProtocolError):
        upload(client, ask())

    assert [asset["asset_id"] for asset in client.get("/v1/assets/").json()["items"]] == [
        server.studio.bills[0].asset_id
    ]


def test_a_truncated_answer_lacks_its_end(serve: Serve, connect: Connect, ask: Ask) -> None:
    """The head promises the whole length, the connection ends after the share."""
    server = serve()
    client = connect(server)
    upload(client, ask())
    server.script(Scripted(on="GET /v1/assets/", do="truncate", fraction=0.3))
    with dial(server) as connection:
        connection.sendall(f"GET /v1/assets/ HTTP/1.1\r\nHost: studio\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode())
        head, _, heard = read_all(connection).partition(b"\r\n\r\n")

    whole = client.get("/v1/assets/").content

    assert f"content-length: {len(whole)}".encode() in head
    assert heard == whole[: int(len(whole) * 0.3)]


def test_a_hanging_request_ends_when_the_server_stops(serve: Serve, connect: Connect) -> None:
    """No answer comes; a client's timeout is its own, and stopping the server does not wait for it."""
    server = serve()
    server.script(Scripted(on="GET /v1/assets/", do="hang", times=2))
    with pytest.raises(httpx.ReadTimeout):
        connect(server).get("/v1/assets/", timeout=0.02)
    with dial(server) as connection:
        connection.sendall(b"GET /v1/assets/ HTTP/1.1\r\nHost: studio\r\n\r\n")
        settled(server, 2)
        server.stop()

        assert read_all(connection) == b""


def test_a_delay_changes_nothing_but_time(serve: Serve, connect: Connect, ask: Ask) -> None:
    """A delayed upload is served."""
    server = serve()
    server.script(Scripted(on="*", do="delay", seconds=0.01))

    assert upload(connect(server), ask()).status_code == 200


def test_an_answer_can_come_late(serve: Serve, ask: Ask) -> None:
    """A delay after storing keeps back the answer alone: the asset is made and the request noted before it comes."""
    server = serve()
    server.script(Scripted(on=UPLOAD, do="delay", when="after_store", seconds=60))
    body = body_of(ask(), b"x" * 1000)
    with dial(server) as connection:
        connection.sendall(head_of(len(body)) + body)
        settled(server, 1)

        assert [seen.status for seen in server.requests] == [200]
        assert len(server.studio.bills) == 1
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)


def test_the_script_is_kept_in_order_and_by_pattern() -> None:
    """The first match strikes as often as it says; what does not match waits."""
    script = Script(Chaos())
    first = Scripted(on="GET /v1/versions/*", do="status", status=500, times=2)
    second = Scripted(on="GET *", do="cut")
    script.add(first, second)

    assert script.take("POST", "/v1/assets/upload") is None
    taken = [script.take("GET", "/v1/versions/a") for _ in range(4)]

    assert [fault.do if fault else None for fault in taken] == ["status", "status", "cut", None]
    assert script.coming == ()


def test_chaos_is_a_function_of_its_seed() -> None:
    """The same seed strikes the same requests with the same faults, about as often as it says."""

    def draw(seed: int) -> list[Scripted | None]:
        script = Script(Chaos(probability=0.2, seed=seed))
        return [script.take("GET", "/") for _ in range(500)]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
    assert 60 < sum(fault is not None for fault in draw(1)) < 140
    assert {fault for fault in map(repr, draw(1)) if fault != "None"} == {repr(fault) for fault in CHAOS}


@pytest.mark.slow
def test_under_chaos_bills_and_answers_agree(serve: Serve, connect: Connect, ask: Ask) -> None:
    """Whatever strikes, an asset that was answered is billed once, and no unanswered asset is without a bill."""
    server = serve(chaos=Chaos(probability=0.5, seed=7))
    client = connect(server)
    answered = []
    for _ in range(60):
        try:
            answer = upload(client, ask(), b"x" * 5000)
            if answer.status_code == 200:
                answered.append(answer.json()["asset_id"])
        except (httpx.TransportError, json.JSONDecodeError):
            continue

    billed = [bill.asset_id for bill in server.studio.bills]

    assert set(answered) < set(billed)
    assert len(billed) == len(set(billed)) == len(server.studio.assets)
    assert {None, 200, 500} <= {seen.status for seen in server.requests}
