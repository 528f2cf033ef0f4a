"""
How the studio's records look as JSON, under every reading of the documentation that the switches allow.

Pure: records, switches and the time in, plain JSON-able values out.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from panjaya_watchd.rehearsal.records import AssetRecord, Event, VersionRecord
from panjaya_watchd.rehearsal.request import Refused
from panjaya_watchd.rehearsal.switches import Switches

JsonObject = dict[str, Any]


def asset_shape(asset: AssetRecord, switches: Switches, now: datetime, *, in_list: bool) -> JsonObject:
    """Show an asset. In the list it has its dubbings but no versions, as documented."""
    duration_known = switches.duration == "at_once" or (
        asset.examined(now) and switches.duration != "absent" and not (in_list and switches.duration == "null_in_list")
    )
    failure = asset.failure if asset.failed(now) else None
    shape: JsonObject = {
        "asset_id": asset.asset_id,
        "status": "Failed" if failure else switches.asset_statuses[asset.examined(now)],
        "created_at": moment(asset.created_at, switches),
        "duration": _length(asset, switches) if duration_known else None,
        "locale": asset.request.locale,
        "dubbings": [_dubbing(version, asset, switches, now, in_list=in_list) for version in asset.versions],
        "error": None if failure is None else {"code": failure[0], "message": failure[1]},
    }
    if switches.names:
        shape["name"] = asset.file_name
    if switches.duration == "absent":
        del shape["duration"]
    return _dress(shape, switches)


def version_shape(
    version: VersionRecord, switches: Switches, now: datetime, *, studio_url: str, result_url: str | None
) -> JsonObject:
    """Show a version, with the result's signed URL when there is one."""
    status = version.status(now)
    shape: JsonObject = {
        "version_id": version.version_id,
        "asset_id": version.asset_id,
        "dubbing_id": version.dubbing_id,
        "locale": version.locale,
        "status": status,
        "created_at": moment(version.created_at, switches),
        "studio_url": studio_url,
        "result_url": result_url,
    }
    if switches.progress != "absent":
        scale = 100 if switches.progress == "percent" else 1
        shape["progress"] = round(version.progress(now) * scale, 3)
    if switches.version_error:
        shape["error"] = version.error if status == "Failed" else None
    return _dress(shape, switches)


def link_shape(link: str | None, switches: Switches) -> JsonObject:
    """Show a link to the Studio, or that there is none."""
    return _dress({"studio_url": link}, switches)


def page_shape(
    assets: Sequence[AssetRecord], query: Mapping[str, str], switches: Switches, now: datetime, *, base_url: str
) -> Any:
    """
    Show one page of the list, in its envelope. Query parameters of another pagination are ignored, as FastAPI does.

    Raises:
        Refused: a page number, size, offset or cursor that is none.

    """
    start, size = _window(query, switches)
    ends_at = len(assets) if size is None else start + size
    shapes = [asset_shape(asset, switches, now, in_list=True) for asset in assets[start:ends_at]]
    if switches.envelope == "bare":
        return shapes
    envelope: JsonObject = {switches.envelope: shapes}
    if switches.pagination in {"page", "offset"}:
        envelope["total"] = len(assets)
    following = str(ends_at) if ends_at < len(assets) else None
    if switches.pagination == "cursor":
        envelope["next_cursor"] = following
    if switches.pagination == "link":
        envelope["next"] = following and f"{base_url}/v1/assets/?{urlencode({'cursor': following})}"
    return _dress(envelope, switches)


def callback_shape(event: Event, switches: Switches) -> JsonObject:
    """Show a status update as its callback tells it."""
    return _dress(
        {
            "event": event.event,
            "asset_id": event.asset_id,
            "version_id": event.version_id,
            switches.callback_locale: event.locale,
        },
        switches,
    )


def error_shape(detail: str, switches: Switches) -> Any:
    """Show an error's JSON value; ``html`` and ``empty`` bodies are made by the HTTP face."""
    if switches.error_body == "list":
        return {"detail": [{"loc": ["body"], "msg": detail, "type": "value_error"}]}
    if switches.error_body == "object":
        return {"detail": {"message": detail}}
    return {"detail": detail}


def moment(at: datetime, switches: Switches) -> str | float:
    """Write a time the way the switches say: ``Z``, an offset, no zone at all, or seconds since 1970."""
    if switches.created_at == "epoch":
        return round(at.timestamp(), 3)
    text = at.isoformat(timespec="milliseconds")
    if switches.created_at == "offset":
        return text
    return text.removesuffix("+00:00") + ("Z" if switches.created_at == "z" else "")


def _length(asset: AssetRecord, switches: Switches) -> float | None:
    if asset.duration is None or switches.duration_of == "video":
        return asset.duration
    return round(asset.request.seconds(asset.duration), 3)


def _dubbing(
    version: VersionRecord, asset: AssetRecord, switches: Switches, now: datetime, *, in_list: bool
) -> JsonObject:
    """Show a dubbing; it has exactly the one version that came with it."""
    shape: JsonObject = {"dubbing_id": version.dubbing_id, "locale": version.locale}
    if in_list and switches.list_status:
        shape["status"] = version.status(now)
    if not in_list:
        listed: list[Any] = [version.version_id]
        if switches.versions == "id_objects":
            listed = [_dress({"version_id": version.version_id}, switches)]
        elif switches.versions == "full":
            listed = [_dress({"version_id": version.version_id, "status": version.status(now)}, switches)]
        shape["versions"] = listed if switches.versions_at_once or asset.examined(now) else []
    return _dress(shape, switches)


def _dress(shape: JsonObject, switches: Switches) -> JsonObject:
    if switches.nulls == "absent":
        shape = {key: value for key, value in shape.items() if value is not None}
    if switches.extras:
        shape["x_beta"] = {"id": "not-an-asset", "status": "Unheard-of", "notes": [None, 1, {"deep": True}]}
    return shape


def _window(query: Mapping[str, str], switches: Switches) -> tuple[int, int | None]:
    """Give where the page starts and how many it may hold; None for all."""
    if switches.pagination == "none":
        return 0, None
    size_name = "size" if switches.pagination == "page" else "limit"
    size = min(_number(query, size_name, switches.page_size, least=1), switches.page_size)
    if switches.pagination == "page":
        return (_number(query, "page", 1, least=1) - 1) * size, size
    return _number(query, "offset" if switches.pagination == "offset" else "cursor", 0, least=0), size


def _number(query: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) >= least):
        raise Refused(400, f"{name}: expected a whole number from {least}, found {text!r:.40}")
    return int(text)
