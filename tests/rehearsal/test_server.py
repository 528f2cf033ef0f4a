"""The HTTP face: paths, the key, refusals, multipart over the wire, result files, TLS."""

import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from panjaya_watchd.rehearsal.results import TALK
from panjaya_watchd.rehearsal.server import StudioServer

Ask = Callable[..., dict[str, Any]]
Serve = Callable[..., StudioServer]
Connect = Callable[..., httpx.Client]
Wait = Callable[[float], None]


def upload(client: httpx.Client, asked: Any, video: bytes = b"not really a video", **files: Any) -> httpx.Response:
    """Upload the way the documentation says."""
    return client.post(
        "/v1/assets/upload",
        data={"request": asked if isinstance(asked, str) else json.dumps(asked)},
        files={"video": ("talk.mp4", video, "video/mp4"), **files},
    )


def result_of(client: httpx.Client, asset: dict[str, Any], index: int = 0) -> str:
    """Ask for a fresh result link of an asset's version."""
    version_id = client.get(f"/v1/assets/{asset['asset_id']}").json()["dubbings"][index]["versions"][0]["version_id"]
    link: str = client.get(f"/v1/versions/{version_id}").json()["result_url"]
    return link


def test_an_upload_makes_an_asset_and_one_bill(serve: Serve, connect: Connect, ask: Ask) -> None:
    """The whole way: multipart in, asset out, one bill with the digest of exactly these bytes."""
    server = serve()
    client = connect(server)

    answer = upload(client, ask(), b"x" * 100_000, background=("music.wav", b"music", "audio/wav"))

    assert answer.status_code == 200
    [bill] = server.studio.bills
    assert (answer.json()["asset_id"], 100_000, "talk.mp4") == (bill.asset_id, bill.size, bill.file_name)
    background = server.studio.record(bill.asset_id).background
    assert background is not None
    assert background.size == 5
    assert [(seen.method, seen.path, seen.status, seen.fields) for seen in server.requests] == [
        ("POST", "/v1/assets/upload", 200, ("request", "video", "background"))
    ]


def test_every_endpoint_answers(serve: Serve, connect: Connect, ask: Ask, wait: Wait) -> None:
    """Create by URL, list, read, add a language, read a version, revise it."""
    server = serve()
    client = connect(server)
    asset_id = client.post("/v1/assets/", json=ask("es-ES", media_url="https://cdn.example/a.mp4")).json()["asset_id"]
    wait(100)

    listed = client.get("/v1/assets/").json()["items"]
    added = client.post(f"/v1/assets/{asset_id}/languages", json={"languages": [{"locale": "it-IT"}]}).json()
    version_id = client.get(f"/v1/assets/{asset_id}").json()["dubbings"][0]["versions"][0]["version_id"]
    version = client.get(f"/v1/versions/{version_id}").json()
    signed = client.post(f"/v1/versions/{version_id}/studio_url", json={}).json()["studio_url"]
    revised = client.patch(f"/v1/versions/{version_id}/revise", json={})

    assert [asset["asset_id"] for asset in listed] == [asset_id]
    assert [dubbing["locale"] for dubbing in added["dubbings"]] == ["es-ES", "it-IT"]
    assert version["status"] == "Completed"
    assert signed.startswith(version["studio_url"])
    assert client.get(signed).status_code == 200
    assert revised.json() == {"studio_url": None}
    assert client.get(f"/v1/versions/{version_id}").json()["status"] == "ReadyToEdit"
    assert [bill.by for bill in server.studio.bills] == ["media_url", "languages"]


@pytest.mark.parametrize("code", [200, 201, 202])
def test_the_success_code_is_a_switch(serve: Serve, connect: Connect, ask: Ask, code: int) -> None:
    """200, 201 or 202 for what is made; reading is always 200."""
    client = connect(serve(created_code=code))

    assert [upload(client, ask()).status_code, client.get("/v1/assets/").status_code] == [code, 200]


@pytest.mark.parametrize(
    ("header", "switch", "status"),
    [
        (None, 401, 401),
        (None, 403, 403),
        ("panjaya-rehearsal", 403, 403),
        ("Basic cGFuamF5YQ==", 401, 401),
        ("Bearer rehearsal", 403, 401),
        ("Bearer panjaya-panjaya-rehearsal", 403, 401),
        ("Bearer panjaya-other", 403, 401),
    ],
)
def test_without_the_right_key_nothing_is_done(  # noqa: PLR0917  (a table has its columns)
    serve: Serve, connect: Connect, ask: Ask, header: str | None, switch: int, status: int
) -> None:
    """No or a malformed header is 401 or 403 by switch, a wrong key is 401; nothing is created or shown."""
    server = serve(unauthorised_code=switch)
    client = connect(server, key=None)
    if header is not None:
        client.headers["Authorization"] = header

    answers = [upload(client, ask()), client.get("/v1/assets/"), client.get("/v1/versions/x")]

    assert [status] * 3 == [answer.status_code for answer in answers]
    assert all(isinstance(answer.json()["detail"], str) for answer in answers)
    assert server.studio.bills == []


def test_the_key_may_be_looked_at_last(serve: Serve, connect: Connect, ask: Ask) -> None:
    """The whole body is taken before the key is refused, and still nothing is made of it."""
    server = serve(auth_before_body=False)

    answer = upload(connect(server, key="panjaya-wrong"), ask(), b"x" * 50_000)

    assert (answer.status_code, server.studio.bills) == (401, [])
    assert server.requests[0].received > 50_000


def test_the_log_lacks_the_key(serve: Serve, connect: Connect) -> None:
    """A request is logged with its headers but the key; that there was one is told."""
    server = serve()
    connect(server).get("/v1/assets/?page=1")

    [seen] = server.requests

    assert (seen.authorised, seen.query) == (True, "page=1")
    assert "user-agent" in seen.headers
    assert "panjaya-rehearsal" not in repr(seen)


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("GET", "/v1/assets", "/v1/assets/"),
        ("POST", "/v1/assets", "/v1/assets/"),
        ("POST", "/v1/assets/upload/", "/v1/assets/upload"),
        ("GET", "/v1/versions/x/", "/v1/versions/x"),
    ],
)
def test_a_wrong_slash_is_redirected_or_not_found(
    serve: Serve, connect: Connect, method: str, path: str, right: str
) -> None:
    """307 to an absolute address, as FastAPI does; with the switch off 404."""
    server = serve()
    redirect = connect(server).request(method, path)

    assert (redirect.status_code, redirect.headers["location"]) == (307, f"{server.base_url}{right}")
    assert connect(serve(redirect_slashes=False)).request(method, path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/assets/nobody", 404),
        ("GET", "/v1/versions/nobody", 404),
        ("POST", "/v1/versions/nobody/generate", 404),
        ("GET", "/elsewhere", 404),
        ("DELETE", "/v1/assets/", 405),
        ("PATCH", "/v1/assets/upload", 405),
    ],
)
def test_what_is_not_there_says_so(serve: Serve, connect: Connect, method: str, path: str, status: int) -> None:
    """Unknown ids and paths are 404, other methods 405 with those that are allowed, each with a ``detail``."""
    answer = connect(serve()).request(method, path)

    assert answer.status_code == status
    assert ("allow" in answer.headers) == (status == 405)
    assert isinstance(answer.json()["detail"], str)


@pytest.mark.parametrize("code", [400, 422])
@pytest.mark.parametrize("shape", ["string", "list", "object", "html", "empty"])
def test_a_refusal_looks_as_the_switches_say(serve: Serve, connect: Connect, ask: Ask, code: int, shape: str) -> None:
    """400 or 422; ``detail`` as text, list or object, or no JSON at all."""
    answer = upload(connect(serve(invalid_code=code, error_body=shape)), ask("he-IL"))

    assert answer.status_code == code
    if shape == "empty":
        assert answer.content == b""
    elif shape == "html":
        assert answer.headers["content-type"].startswith("text/html")
        assert "he-IL" in answer.text
    else:
        kinds = {"string": str, "list": list, "object": dict}
        assert isinstance(answer.json()["detail"], kinds[shape])
        assert "he-IL" in str(answer.json())


@pytest.mark.parametrize(
    ("data", "files", "words"),
    [
        ({}, {"video": ("a.mp4", b"x")}, "request:"),
        ({"request": "{}"}, {"other": ("a", b"x")}, "video:"),
        ({"request": "{}", "video": "x"}, {"other": ("a", b"x")}, "video:"),
        ({}, {"request": ("r.json", b"{}"), "video": ("a.mp4", b"x")}, "request:"),
        ({"request": "{}", "background": "x"}, {"video": ("a.mp4", b"x")}, "background:"),
        ({"request": "{"}, {"video": ("a.mp4", b"x")}, "not JSON"),
        ({"request": b"\xff"}, {"video": ("a.mp4", b"x")}, "not UTF-8"),
        ({"request": " " * 1_100_000}, {"video": ("a.mp4", b"x")}, "1024KB"),
    ],
)
def test_parts_must_be_what_they_are(
    serve: Serve, connect: Connect, data: dict[str, Any], files: dict[str, Any], words: str
) -> None:
    """``request`` is a plain field of JSON under 1 MiB, ``video`` and ``background`` are files."""
    server = serve()

    answer = connect(server).post("/v1/assets/upload", data=data, files=files)

    assert answer.status_code == 400
    assert words in answer.text
    assert server.studio.assets == ()


def test_a_connection_serves_many_requests(serve: Serve, connect: Connect, ask: Ask) -> None:
    """Keep-alive holds over answers, refusals and uploads: one connection, no reconnecting."""
    server = serve()
    client = connect(server, limits=httpx.Limits(max_connections=1))
    addresses = set()
    for _ in range(3):
        for answer in (client.get("/v1/assets/"), upload(client, ask("he-IL")), upload(client, ask())):
            addresses.add(answer.extensions["network_stream"].get_extra_info("client_addr"))

    assert len(addresses) == 1
    assert len(server.studio.bills) == 3


def test_uploaded_videos_are_examined(serve: Serve, connect: Connect, ask: Ask, wait: Wait) -> None:
    """With examination on, text is unsupported media, and the sample video has its nine seconds."""
    client = connect(serve(inspect=True))
    text = upload(client, ask()).json()["asset_id"]
    talk = upload(client, ask(), TALK.read_bytes()).json()["asset_id"]
    wait(5)

    assert client.get(f"/v1/assets/{text}").json()["error"]["code"] == "unsupported_media"
    assert client.get(f"/v1/assets/{talk}").json()["duration"] == 9.0


def test_refused_uploads_leave_no_files(serve: Serve, connect: Connect, ask: Ask) -> None:
    """What was kept for examination goes when the request is refused."""
    server = serve(inspect=True)
    folder = Path(server._folder.name)
    upload(connect(server), ask("he-IL"))
    assert list(folder.iterdir()) == []

    upload(connect(server), ask())
    assert len(list(folder.iterdir())) == 1
    server.stop()

    assert not folder.exists()


@pytest.mark.slow
def test_results_are_served_by_their_signature_alone(serve: Serve, connect: Connect, ask: Ask, wait: Wait) -> None:
    """Without a key and with one's signature: 200; with the key beside it, as object stores do: 400."""
    client = connect(server := serve())
    asset = upload(client, ask("es-ES")).json()
    wait(100)
    link = result_of(client, asset)

    bare = connect(server, key=None).get(link)

    assert (bare.status_code, bare.headers["content-type"]) == (200, "video/mp4")
    assert bare.content[4:8] == b"ftyp"
    assert client.get(link).status_code == 400
    assert connect(server, key=None).get(link.replace("es-ES", "fr-FR")).status_code == 404
    assert connect(server, key=None).get(link.replace("signature=", "signature=0")).status_code == 403
    wait(3600)
    assert connect(server, key=None).get(link).status_code == 403
    assert connect(server, key=None).get(result_of(client, asset)).status_code == 200


@pytest.mark.slow
def test_results_come_in_ranges(serve: Serve, connect: Connect, ask: Ask, wait: Wait) -> None:
    """A range is 206 with its place; another ETag in If-Range gets everything; beyond the end is 416."""
    client = connect(server := serve())
    asset = upload(client, ask("es-ES")).json()
    wait(100)
    link, store = result_of(client, asset), connect(server, key=None)
    whole = store.get(link)
    etag, size = whole.headers["etag"], len(whole.content)

    rest = store.get(link, headers={"Range": "bytes=1000-", "If-Range": etag})
    changed = store.get(link, headers={"Range": "bytes=1000-", "If-Range": '"other"'})
    beyond = store.get(link, headers={"Range": f"bytes={size}-"})

    assert (206, f"bytes 1000-{size - 1}/{size}") == (rest.status_code, rest.headers["content-range"])
    assert whole.content[:1000] + rest.content == whole.content
    assert (200, whole.content) == (changed.status_code, changed.content)
    assert (416, f"bytes */{size}") == (beyond.status_code, beyond.headers["content-range"])


@pytest.mark.slow
def test_a_host_may_know_neither_ranges_nor_etags(serve: Serve, connect: Connect, ask: Ask, wait: Wait) -> None:
    """With the switches off a range is ignored and no ETag is sent."""
    client = connect(server := serve(ranges=False, etag=False))
    asset = upload(client, ask("es-ES")).json()
    wait(100)

    answer = connect(server, key=None).get(result_of(client, asset), headers={"Range": "bytes=1000-"})

    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert not {"etag", "accept-ranges"} & set(answer.headers)


def test_a_person_generates_in_the_studio_page(serve: Serve, connect: Connect, ask: Ask, wait: Wait) -> None:
    """The Studio link opens without a key; its one button generates."""
    client = connect(server := serve())
    asset_id = upload(client, ask("es-ES", auto_generate="off")).json()["asset_id"]
    wait(100)
    version = server.studio.record(asset_id).versions[0].version_id
    link = client.get(f"/v1/versions/{version}").json()["studio_url"]
    person = connect(server, key=None, follow_redirects=True)
    assert "<button>Generate</button>" in person.get(link).text

    after = person.post(link)

    assert "Generating" in after.text
    assert "<button>" not in after.text


def test_the_face_speaks_tls(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    """With a certificate the server is reached by https, and only by those who trust it."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    certificate.private_key_pem.write_to_path(str(key))
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    server = serve(tls=(chain, key))
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    assert server.base_url.startswith("https://127.0.0.1:")
    assert connect(server, verify=trusting).get("/v1/assets/").status_code == 200
    with pytest.raises(httpx.ConnectError):
        connect(server, verify=True).get("/v1/assets/")
