"""
What the studio serves, as an OpenAPI 3.1 document: routes, requests, answers and callbacks, true to its switches.

Pure: switches in, plain JSON-able values out. The schemas of answers are strict, so that a field too many or too few is
found; those of requests take unknown keys, as the service does. ``x-known`` says how far an operation of the real
service is known: its page is *documented*, or it is *inferred*. The parts of a schema are made by `schemas`.
"""

from typing import Final

from panjaya_watchd import __version__
from panjaya_watchd.rehearsal import schemas
from panjaya_watchd.rehearsal.shapes import JsonObject
from panjaya_watchd.rehearsal.switches import Switches

JSON: Final = "application/json"
ABOUT: Final = """\
A stand-in for the Panjaya Dubbing Studio API, made from its public documentation; it is not Panjaya's own description.
Where the documentation is silent it behaves as its switches say, and this document follows them."""

STORE: Final = (400, 403, 404)
"""How an object store refuses."""

REFUSALS: Final = {
    400: "Refused; nothing was made.",
    401: "The key is missing or wrong.",
    403: "The key is missing.",
    404: "Not found.",
    422: "Refused; nothing was made.",
}


def describe(switches: Switches, *, base_url: str) -> JsonObject:
    """Give the whole document for a studio that is reached at ``base_url``."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Rehearsal studio", "version": __version__, "description": ABOUT},
        "servers": [{"url": base_url}],
        "security": [{"api_key": []}],
        "paths": {**_assets(switches), **_versions(switches), **_beside(switches)},
        "webhooks": {"callback": {"post": _callback()}},
        "components": {
            "securitySchemes": {
                "api_key": {"type": "http", "scheme": "bearer", "description": "The key, with its prefix panjaya-."}
            },
            "schemas": schemas.all_of_them(switches),
        },
    }


def _assets(switches: Switches) -> JsonObject:
    made, asset = switches.created_code, _refers("Asset")
    by_id = {"parameters": [_in_path("asset_id")]}
    return {
        "/v1/assets/": {
            "get": {
                "operationId": "assets-get_assets",
                "summary": "List assets, a page at a time, without their versions.",
                "x-known": "documented",
                "parameters": [_in_query(name, schema) for name, schema in schemas.paging(switches).items()],
                "responses": _answers(switches, {200: ("A page.", _refers("Page"))}, (400,)),
            },
            "post": {
                "operationId": "assets-create_asset",
                "summary": "Create an asset from a URL. It costs money.",
                "x-known": "documented",
                "requestBody": _body("CreateAsset"),
                "responses": _answers(switches, {made: ("The asset.", asset)}, (400,)),
            },
        },
        "/v1/assets/upload": {
            "post": {
                "operationId": "assets-upload_asset",
                "summary": "Create an asset from a file. It costs money.",
                "x-known": "documented",
                "requestBody": {
                    "required": True,
                    "content": {"multipart/form-data": {"schema": _refers("UploadAsset")}},
                },
                "responses": _answers(switches, {made: ("The asset.", asset)}, (400,)),
            }
        },
        "/v1/assets/{asset_id}": by_id
        | {
            "get": {
                "operationId": "assets-get_asset",
                "summary": "Read an asset with its dubbings and versions.",
                "x-known": "documented",
                "responses": _answers(switches, {200: ("The asset.", asset)}, (404,)),
            }
        },
        "/v1/assets/{asset_id}/languages": by_id
        | {
            "post": {
                "operationId": "assets-add_languages",
                "summary": "Add languages to an asset. It costs money.",
                "x-known": "documented",
                "requestBody": _body("AddLanguages"),
                "responses": _answers(switches, {made: ("The asset.", asset)}, (400, 404)),
            }
        },
    }


def _versions(switches: Switches) -> JsonObject:
    by_id = {"parameters": [_in_path("version_id")]}
    return {
        "/v1/versions/{version_id}": by_id
        | {
            "get": {
                "operationId": "versions-get_version",
                "summary": "Read a version, with a signed link to its video once there is one.",
                "x-known": "documented",
                "responses": _answers(switches, {200: ("The version.", _refers("Version"))}, (404,)),
            }
        },
        "/v1/versions/{version_id}/revise": by_id
        | {
            "patch": {
                "operationId": "versions-revise_version",
                "summary": "Make a version editable again; its video is removed for good.",
                "x-known": "documented",
                "requestBody": _body("Revise", required=False),
                "responses": _answers(switches, {200: ("It is ReadyToEdit.", _refers("StudioLink"))}, (400, 404)),
            }
        },
        "/v1/versions/{version_id}/studio_url": by_id
        | {
            "post": {
                "operationId": "versions-create_studio_url",
                "summary": "Sign a link to the Studio that needs no login.",
                "x-known": "inferred",
                "requestBody": _body("StudioLinkRequest", required=False),
                "responses": _answers(switches, {200: ("The link.", _refers("StudioLink"))}, (400, 404)),
            }
        },
    }


def _beside(switches: Switches) -> JsonObject:
    """Describe what a service like this has beside its API: its storage host, its web pages, this document."""
    store = {"application/xml": {"schema": {"type": "string"}}}
    video = {"video/mp4": {"schema": {"type": "string", "contentMediaType": "video/mp4"}}}
    words = {"text/plain": {"schema": {"type": "string"}}}
    parts = {
        "206": {"description": "A range.", "content": video},
        "416": {"description": "No such range.", "content": words},
    }
    page = {"text/html": {"schema": {"type": "string"}}}
    return {
        "/results/{version_id}/{name}": {
            "parameters": [_in_path("version_id"), _in_path("name"), _in_query("expires"), _in_query("signature")],
            "get": {
                "operationId": "results-get",
                "summary": "Fetch a video by its signed link, without a key.",
                "security": [],
                "responses": {
                    "200": {"description": "The video.", "content": video},
                    **(parts if switches.ranges else {}),
                    **{str(code): {"description": "As an object store says it.", "content": store} for code in STORE},
                },
            },
        },
        "/studio/versions/{version_id}": {
            "parameters": [_in_path("version_id"), _in_query("expires"), _in_query("signature")],
            "get": {
                "operationId": "studio-get",
                "summary": "See a version's page in the Studio.",
                "security": [],
                "responses": {
                    "200": {"description": "The page.", "content": page},
                    **{str(code): _refusal(switches, code) for code in (403, 404)},
                },
            },
            "post": {
                "operationId": "studio-generate",
                "summary": "Press the button that generates the video.",
                "security": [],
                "responses": {
                    "303": {"description": "Back to the page."},
                    **{str(code): _refusal(switches, code) for code in (switches.invalid_code, 403, 404)},
                },
            },
        },
        "/openapi.json": {
            "get": {
                "operationId": "openapi-get",
                "summary": "Read this document.",
                "security": [],
                "responses": {"200": {"description": "It.", "content": {JSON: {"schema": {"type": "object"}}}}},
            }
        },
    }


def _callback() -> JsonObject:
    header = {"in": "header", "schema": {"type": "string"}}
    return {
        "operationId": "callback_callback_post",
        "summary": "Told to an asset's callback_url whenever something becomes of it or of its versions.",
        "x-known": "documented",
        "security": [],
        "parameters": [
            {**header, "name": "X-Signature", "required": True, "description": "ES256 over the raw body."},
            {**header, "name": "X-Signature-Algorithm", "required": False},
        ],
        "requestBody": _body("Callback"),
        "responses": {"default": {"description": "Whatever it is, it is not repeated."}},
    }


def _answers(
    switches: Switches, good: dict[int, tuple[str, JsonObject]], refusals: tuple[int, ...]
) -> dict[str, JsonObject]:
    """Give the answers of an operation that wants the key: the good ones, its own refusals, and those of the key."""
    answers: dict[str, JsonObject] = {
        str(status): {"description": said, "content": {JSON: {"schema": schema}}}
        for status, (said, schema) in good.items()
    }
    own = {switches.invalid_code if status == 400 else status for status in refusals}
    for status in sorted(own | {401, switches.unauthorised_code}):
        answers[str(status)] = _refusal(switches, status)
    return answers


def _refusal(switches: Switches, status: int) -> JsonObject:
    said: JsonObject = {"description": REFUSALS[status]}
    if switches.error_body == "html":
        said["content"] = {"text/html": {"schema": {"type": "string"}}}
    elif switches.error_body != "empty":
        said["content"] = {JSON: {"schema": _refers("Error")}}
    return said


def _body(schema: str, *, required: bool = True) -> JsonObject:
    return {"required": required, "content": {JSON: {"schema": _refers(schema)}}}


def _refers(schema: str) -> JsonObject:
    return {"$ref": f"#/components/schemas/{schema}"}


def _in_path(name: str) -> JsonObject:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(name: str, schema: JsonObject | None = None) -> JsonObject:
    return {"name": name, "in": "query", "required": False, "schema": schema or {"type": "string"}}
