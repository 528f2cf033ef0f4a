"""The studio's own description is true: every route is in it, and every answer of a whole life fits it."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, get_args

import httpx
import pytest
from described import Description
from jsonschema import Draft202012Validator
from starlette.routing import Route

from panjaya_watchd.api.wire import request_fields
from panjaya_watchd.core.names import Locale
from panjaya_watchd.core.order import AutoGenerate, Language, LipsModel, Order
from panjaya_watchd.rehearsal.face import Face
from panjaya_watchd.rehearsal.openapi import describe
from panjaya_watchd.rehearsal.records import Event
from panjaya_watchd.rehearsal.server import StudioServer
from panjaya_watchd.rehearsal.shapes import callback_shape
from panjaya_watchd.rehearsal.studio import Studio
from panjaya_watchd.rehearsal.switches import ErrorBody, Switches

Ask = Callable[..., dict[str, Any]]
Connect = Callable[..., httpx.Client]
Open = Callable[..., Studio]
Serve = Callable[..., StudioServer]
Wait = Callable[[float], None]

NOT_FOR_LIFE = {("GET", "/openapi.json"), ("GET", "/results/{version_id}/{name}")}
"""Asked for by tests of their own: a result takes a while to make."""

DRAWN = [Switches.draw(Random(seed), inspect=False) for seed in range(8)]


def watched(client: httpx.Client, description: Description, faults: list[str]) -> httpx.Client:
    """Let the description judge every answer that a client gets."""

    def judge(response: httpx.Response) -> None:
        response.read()
        media_type = response.headers.get("content-type", "").partition(";")[0]
        body = response.json() if media_type == "application/json" else response.content
        request = response.request
        faults.extend(description.judge(request.method, request.url.path, response.status_code, media_type, body))

    client.event_hooks = {"response": [judge]}
    return client


def upload(client: httpx.Client, asked: Any) -> httpx.Response:
    """Send a multipart request."""
    files = {"video": ("talk.mp4", b"x" * 100, "video/mp4")}
    return client.post("/v1/assets/upload", data={"request": json.dumps(asked)}, files=files)


def live(client: httpx.Client, server: StudioServer, ask: Ask, wait: Wait) -> None:
    """Do with assets and versions whatever can be done, rightly and wrongly; then without the key."""
    url = "https://cdn.example/talk.mp4"
    asset_id = upload(client, ask("es-ES")).json()["asset_id"]
    other_id = client.post("/v1/assets/", json=ask("fr-FR", "de-DE", media_url=url)).json()["asset_id"]
    server.studio.fail_next("empty_transcript")
    failed_id = client.post("/v1/assets/", json=ask("es-ES", media_url=url)).json()["asset_id"]
    version_id = server.studio.record(asset_id).versions[0].version_id
    for seconds in (0, 1.5, 2.5, 0.5, 1, 100):
        wait(seconds)
        client.get("/v1/assets/")
        for each in (asset_id, other_id, failed_id, "nothing"):
            client.get(f"/v1/assets/{each}")
        client.get(f"/v1/versions/{version_id}")
        client.patch(f"/v1/versions/{server.studio.record(other_id).versions[0].version_id}/revise", json={})
    client.get("/v1/assets/", params={"page": "no", "offset": "no", "cursor": "no"})
    for languages in ([{"locale": "it-IT"}], [{"locale": "it-IT"}], []):
        client.post(f"/v1/assets/{asset_id}/languages", json={"languages": languages})
    client.post("/v1/assets/nothing/languages", json={"languages": [{"locale": "it-IT"}]})
    upload(client, ask("xx-XX"))
    client.post("/v1/assets/", json=ask("es-ES"))
    for each in (version_id, "nothing"):
        bodies: tuple[Any, ...] = (None, {"studio_url_request": {}}, [])
        for body in bodies:
            client.post(f"/v1/versions/{each}/studio_url", json=body)
            client.patch(f"/v1/versions/{each}/revise", json=body)
        client.get(f"/v1/versions/{each}")
        client.get(f"/studio/versions/{each}")
        client.post(f"/studio/versions/{each}")
        client.post(f"/studio/versions/{each}")
    for method in ("GET", "POST"):
        client.request(method, f"/studio/versions/{version_id}", params={"expires": "1", "signature": "forged"})
    client.headers.pop("authorization")
    upload(client, ask("es-ES"))
    client.get("/v1/assets/")
    client.get(f"/v1/versions/{version_id}", headers={"Authorization": "Bearer wrong"})


@pytest.mark.slow
@pytest.mark.parametrize("switches", [Switches(inspect=False), *DRAWN[:5]], ids=["default", *"12345"])
def test_every_answer_of_a_life_is_as_described(
    serve: Serve, connect: Connect, ask: Ask, wait: Wait, switches: Switches
) -> None:
    """Under the likeliest reading and under drawn ones: no answer, field or value that is not announced."""
    server = serve(**{name: getattr(switches, name) for name in Switches.__dataclass_fields__})
    client, faults = connect(server), list[str]()
    description = Description(client.get("/openapi.json").json())

    live(watched(client, description, faults), server, ask, wait)

    assert faults == []
    described = {(method, path) for method, path, _ in description.operations()}
    assert described - {(method, path) for method, path, _ in description.seen} == NOT_FOR_LIFE
    assert len(description.seen) > 50


@pytest.mark.slow
def test_what_a_life_meets_is_all_that_is_announced(serve: Serve, connect: Connect, ask: Ask, wait: Wait) -> None:
    """No answer is announced that never comes: of the default studio, each is met but the storage host's."""
    server = serve()
    client, faults = connect(server), list[str]()
    description = Description(client.get("/openapi.json").json())

    live(watched(client, description, faults), server, ask, wait)
    client.get("/v1/assets/nothing")  # without the key, like each of these
    for method, path, _ in description.operations():
        client.request(method, path.format(asset_id="x", version_id="x", name="x"))

    announced = {
        (method, path, int(status))
        for method, path, operation in description.operations()
        for status in operation["responses"]
    }
    assert faults == []
    assert {each for each in announced - set(description.seen) if (each[:2]) not in NOT_FOR_LIFE} == set()


def test_every_route_is_described_and_nothing_else(open_studio: Open, tmp_path: Path) -> None:
    """Paths and methods of the application are those of the document; each operation has a name of its own."""
    studio = open_studio()
    routes = {
        (method, route.path)
        for route in Face(studio, keys={"x"}, folder=tmp_path).app.routes
        if isinstance(route, Route) and route.methods is not None
        for method in route.methods - {"HEAD"}
    }
    operations = list(Description(describe(Switches(), base_url="http://x")).operations())
    names = [operation["operationId"] for _, _, operation in operations]

    assert {(method, path) for method, path, _ in operations} == routes
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("switches", [Switches(), *DRAWN])
def test_every_schema_is_a_schema_and_every_reference_leads_somewhere(switches: Switches) -> None:
    """The document is sound in itself, whatever the switches are."""
    document = describe(switches, base_url="http://x")
    known = document["components"]["schemas"]
    text = json.dumps(document)

    for schema in known.values():
        Draft202012Validator.check_schema(schema)
    assert all(f'"#/components/schemas/{name}"' in text for name in known)
    assert set(_references(document)) <= {f"#/components/schemas/{name}" for name in known}


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [found for each in value.values() for found in _references(each)]
    return [found for each in value for found in _references(each)] if isinstance(value, list) else []


@pytest.mark.slow
def test_a_result_is_served_as_described(serve: Serve, connect: Connect, ask: Ask, wait: Wait) -> None:
    """The whole, a range, one that is not there, a forged link, a wrong name, and one with the key."""
    server = serve()
    client, faults = connect(server), list[str]()
    asset_id = upload(client, ask("es-ES")).json()["asset_id"]
    wait(100)
    link = server.studio.get_version(server.studio.record(asset_id).versions[0].version_id)["result_url"]
    description = Description(client.get("/openapi.json").json())
    without = watched(connect(server, key=None), description, faults)

    without.get(link)
    without.get(link, headers={"Range": "bytes=1-2"})
    without.get(link, headers={"Range": "bytes=99999999-"})
    without.get(link[:-1])
    without.get(link.replace("es-ES.mp4", "fr-FR.mp4"))
    without.get(link, headers={"Authorization": "Bearer x"})

    assert faults == []
    assert [status for *_, status in description.seen] == [200, 206, 416, 403, 404, 400]


@pytest.mark.parametrize("body", get_args(ErrorBody))
def test_a_wrong_answer_is_found(body: str) -> None:
    """The judge judges: a status, a path, a media type, a field too many or too few."""
    description = Description(describe(Switches(error_body=body), base_url="http://x"))  # type: ignore[arg-type]
    good = {"studio_url": None}
    path = "/v1/versions/v/revise"

    assert description.judge("PATCH", path, 200, "application/json", good) == []
    for method, where, status, kind, said in (
        ("PATCH", path, 201, "application/json", good),
        ("GET", path, 200, "application/json", good),
        ("PATCH", "/v1/versions/v/undo", 200, "application/json", good),
        ("PATCH", path, 200, "text/plain", good),
        ("PATCH", path, 200, "application/json", {}),
        ("PATCH", path, 200, "application/json", good | {"more": 1}),
        ("PATCH", path, 400, "application/json", {"detail": 1}),
    ):
        assert description.judge(method, where, status, kind, said) != []


@pytest.mark.parametrize("switches", [Switches(), *DRAWN])
@pytest.mark.parametrize("event", ["version_ready", "asset_failed"])
def test_callbacks_are_as_described(wait: Wait, clock: Any, switches: Switches, event: str) -> None:
    """What is posted fits the schema of the webhook."""
    description = Description(describe(switches, base_url="http://x"))
    of_version = {} if event == "asset_failed" else {"version_id": "v1", "locale": "es-ES"}
    told = callback_shape(Event(at=clock(), event=event, asset_id="a1", **of_version), switches)
    pointer = ("webhooks", "callback", "post", "requestBody", "content", "application/json", "schema")

    assert description.faults_of(told, *pointer) == []
    assert description.faults_of(told | {"event": "odd"}, *pointer) != []


def test_the_clients_requests_are_as_described() -> None:
    """What our client writes for a full order is what the document takes, and more than one key of it."""
    order = Order(
        locale=Locale("en-US"),
        languages=(Language(locale=Locale("es-ES")), Language(locale=Locale("fr-FR"))),
        auto_generate=AutoGenerate.OFF,
        lips_model=LipsModel.REAL_FACE,
        speakers_count=2,
        start_time=1.5,
        end_time=9.0,
        background_url="https://cdn.example/music.wav",
        callback_url="https://us.example/callback",
        media_url="https://cdn.example/talk.mp4",
    )
    description = Description(describe(Switches(), base_url="http://x"))
    fields = request_fields(order, {Locale("fr-FR"): "1\n00:00:01,000 --> 00:00:02,000\nOui.\n"})
    schemas = description.document["components"]["schemas"]
    known = {*schemas["AssetParameters"]["properties"], "media_url"}

    assert description.faults_of(fields, "components", "schemas", "CreateAsset") == []
    assert set(fields) == known
    assert description.faults_of(fields | {"speakers_count": 0}, "components", "schemas", "CreateAsset") != []
    assert description.faults_of({"languages": fields["languages"]}, "components", "schemas", "AddLanguages") == []
