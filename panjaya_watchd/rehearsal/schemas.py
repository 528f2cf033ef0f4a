"""
The schemas of the studio's requests and answers (JSON Schema 2020-12), as its switches shape them.

Pure. What `shapes` shows and `request` takes is described here a second time on purpose: a test holds the two against
each other.
"""

from typing import Any, Final

from panjaya_watchd.core.locales import SOURCES, TARGETS
from panjaya_watchd.rehearsal.request import AUTO_GENERATE, LIPS_MODELS
from panjaya_watchd.rehearsal.shapes import JsonObject
from panjaya_watchd.rehearsal.switches import Switches

EVENTS: Final = (
    *("asset_failed", "version_ready", "version_failed"),
    *("version_generating", "version_generated", "version_generate_failed"),
)
STATUSES: Final = ("NotReady", "ReadyToEdit", "Generating", "Completed", "Failed")

_TEXT: Final[JsonObject] = {"type": "string", "minLength": 1}
_LINK: Final[JsonObject] = {"type": "string", "format": "uri", "pattern": r"^https?://\S+$"}
_ANYTHING: Final[JsonObject] = {}
_ZONES: Final = {"z": "Z", "offset": r"\+00:00", "naive": ""}


def all_of_them(switches: Switches) -> dict[str, JsonObject]:
    """Give every schema by its name; that of an error only where one is JSON."""
    errors = {} if switches.error_body in {"html", "empty"} else {"Error": _error(switches)}
    return {**_answers(switches), **errors, **_requests()}


def paging(switches: Switches) -> dict[str, JsonObject]:
    """Give the list's query parameters: all are numbers, also the cursor, which nobody has to know."""
    where = {"page": "page", "offset": "offset", "cursor": "cursor", "link": "cursor"}.get(switches.pagination)
    if where is None:
        return {}
    size = "size" if where == "page" else "limit"
    return {
        where: {"type": "integer", "minimum": 1 if where == "page" else 0},
        size: {"type": "integer", "minimum": 1},
    }


def _answers(switches: Switches) -> dict[str, JsonObject]:
    return {
        "Asset": _asset(switches, "Dubbing"),
        "AssetInList": _asset(switches, "DubbingInList"),
        "Dubbing": _shown(switches, **_DUBBING, versions=_versions(switches)),
        "DubbingInList": _shown(
            switches, **_DUBBING, **({"status": _status(switches)} if switches.list_status else {})
        ),
        "Version": _version(switches),
        "Page": _page(switches),
        "StudioLink": _shown(switches, studio_url=_or_null(_LINK)),
        "Callback": _shown(
            switches,
            event=_one_of(*EVENTS, *(("version_polishing",) if switches.unknown_status else ())),
            asset_id=_TEXT,
            version_id=_or_null(_TEXT),
            **{switches.callback_locale: _or_null(_one_of(*sorted(TARGETS)))},
        ),
    }


def _requests() -> dict[str, JsonObject]:
    seconds = {"type": "number", "minimum": 0}
    optional: dict[str, JsonObject] = {
        "speakers_count": {"type": "integer", "minimum": 1},
        "start_time": seconds,
        "end_time": seconds,
        "callback_url": _LINK,
        "lips_model": _one_of(*LIPS_MODELS),
        "background_url": _LINK,
        "auto_generate": _one_of(*AUTO_GENERATE),
    }
    languages = {"type": "array", "minItems": 1, "items": _refers("Language")}
    return {
        "Language": _taken({"locale": _one_of(*sorted(TARGETS))}, {"srt": _TEXT}),
        "AssetParameters": _taken({"locale": _one_of(*sorted(SOURCES)), "languages": languages}, optional),
        "CreateAsset": {"allOf": [_refers("AssetParameters"), _taken({"media_url": _LINK}, {})]},
        "UploadAsset": _taken(
            {
                "request": {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "contentSchema": _refers("AssetParameters"),
                },
                "video": {"description": "A file."},
            },
            {"background": {"description": "A file: a clean track of music and effects."}},
        ),
        "AddLanguages": _taken({"languages": languages}, {}),
        "Revise": _taken({}, {"studio_url_request": _ANYTHING}),
        "StudioLinkRequest": {"type": "object"},
    }


_DUBBING: Final[dict[str, JsonObject]] = {"dubbing_id": _TEXT, "locale": {"enum": sorted(TARGETS)}}


def _asset(switches: Switches, dubbing: str) -> JsonObject:
    fields = {
        "asset_id": _TEXT,
        "status": _one_of(*switches.asset_statuses, "Failed"),
        "created_at": _moment(switches),
        "duration": _or_null({"type": "number", "minimum": 0}),
        "locale": _one_of(*sorted(SOURCES)),
        "dubbings": {"type": "array", "minItems": 1, "items": _refers(dubbing)},
        "error": _or_null(_strict({"code": _TEXT, "message": _TEXT}, ["code", "message"])),
    }
    if switches.names:
        fields["name"] = _or_null({"type": "string"})
    if switches.duration == "absent":
        del fields["duration"]
    return _shown(switches, **fields)


def _versions(switches: Switches) -> JsonObject:
    """Describe what an asset lists of its versions."""
    items = _TEXT
    if switches.versions == "id_objects":
        items = _shown(switches, version_id=_TEXT)
    elif switches.versions == "full":
        items = _shown(switches, version_id=_TEXT, status=_status(switches))
    return {"type": "array", "minItems": int(switches.versions_at_once), "maxItems": 1, "items": items}


def _version(switches: Switches) -> JsonObject:
    fields = {
        "version_id": _TEXT,
        "asset_id": _TEXT,
        "dubbing_id": _TEXT,
        "locale": _one_of(*sorted(TARGETS)),
        "status": _status(switches),
        "created_at": _moment(switches),
        "studio_url": _LINK,
        "result_url": _or_null(_LINK),
    }
    if switches.progress != "absent":
        fields["progress"] = {"type": "number", "minimum": 0, "maximum": 100 if switches.progress == "percent" else 1}
    if switches.version_error:
        fields["error"] = _or_null(_TEXT)
    return _shown(switches, **fields)


def _page(switches: Switches) -> JsonObject:
    listed: JsonObject = {"type": "array", "items": _refers("AssetInList")}
    if switches.envelope == "bare":
        return listed
    fields: dict[str, JsonObject] = {switches.envelope: listed}
    if switches.pagination in {"page", "offset"}:
        fields["total"] = {"type": "integer", "minimum": 0}
    if switches.pagination == "cursor":
        fields["next_cursor"] = _or_null(_TEXT)
    if switches.pagination == "link":
        fields["next"] = _or_null(_LINK)
    return _shown(switches, **fields)


def _error(switches: Switches) -> JsonObject:
    detail: JsonObject = {"type": "string"}
    if switches.error_body == "list":
        item = {"loc": {"type": "array"}, "msg": {"type": "string"}, "type": {"type": "string"}}
        detail = {"type": "array", "items": _strict(item, list(item))}
    elif switches.error_body == "object":
        detail = _strict({"message": {"type": "string"}}, ["message"])
    return _strict({"detail": detail}, ["detail"])


def _status(switches: Switches) -> JsonObject:
    return _one_of(*STATUSES, *(("Polishing",) if switches.unknown_status else ()))


def _moment(switches: Switches) -> JsonObject:
    if switches.created_at == "epoch":
        return {"type": "number"}
    return {
        "type": "string",
        "pattern": rf"^\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}{_ZONES[switches.created_at]}$",
    }


def _shown(switches: Switches, **fields: JsonObject) -> JsonObject:
    """Describe an object of an answer: all of these fields, but those that are null where nulls are left out."""
    absent = switches.nulls == "absent"
    required = [name for name, schema in fields.items() if not (absent and "anyOf" in schema)]
    properties = {name: schema.get("anyOf", [schema])[0] if absent else schema for name, schema in fields.items()}
    if switches.extras:
        properties["x_beta"] = {"type": "object"}
        required.append("x_beta")
    return _strict(properties, required)


def _strict(properties: dict[str, JsonObject], required: list[str]) -> JsonObject:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _taken(required: dict[str, Any], optional: dict[str, JsonObject]) -> JsonObject:
    """Describe an object of a request: what is optional may be null, and what is unknown is ignored."""
    schema: JsonObject = {
        "type": "object",
        "properties": {**required, **{name: _or_null(each) for name, each in optional.items()}},
    }
    return {**schema, "required": list(required)} if required else schema


def _or_null(schema: JsonObject) -> JsonObject:
    return {"anyOf": [schema, {"type": "null"}]} if schema else schema


def _one_of(*values: str) -> JsonObject:
    return {"enum": list(values)}


def _refers(schema: str) -> JsonObject:
    return {"$ref": f"#/components/schemas/{schema}"}
