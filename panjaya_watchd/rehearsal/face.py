"""
The face of the studio towards HTTP: routes, the key, request bodies, and how refusals look.

An ASGI application and nothing else; `server` gives it a port and a thread.
"""

import hmac
import itertools
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from anyio import move_on_after, sleep
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from panjaya_watchd.rehearsal.callbacks import Posted
from panjaya_watchd.rehearsal.intake import Form, Intake, Received
from panjaya_watchd.rehearsal.openapi import describe
from panjaya_watchd.rehearsal.records import Video
from panjaya_watchd.rehearsal.request import Refused
from panjaya_watchd.rehearsal.results import Facts, Results, examine
from panjaya_watchd.rehearsal.shapes import JsonObject, error_shape
from panjaya_watchd.rehearsal.studio import Studio

PATIENCE: Final = 10.0
"""Seconds that an answer waits for a callback, where the switches want that."""


class Face:
    """The application over one studio; videos and results are kept in ``folder``, ``posted`` grows with callbacks."""

    def __init__(self, studio: Studio, *, keys: Collection[str], folder: Path, posted: Sequence[Posted] = ()) -> None:
        self._studio = studio
        self._switches = studio.switches
        self._keys = keys
        self._folder = folder
        self._results = Results(folder)
        self._posted = posted
        self._numbers = itertools.count(1)
        self.app = Starlette(
            routes=[
                Route("/v1/assets/upload", self._upload, methods=["POST"]),
                Route("/v1/assets/", self._assets, methods=["GET", "POST"]),
                Route("/v1/assets/{asset_id}", self._asset, methods=["GET"]),
                Route("/v1/assets/{asset_id}/languages", self._languages, methods=["POST"]),
                Route("/v1/versions/{version_id}", self._version, methods=["GET"]),
                Route("/v1/versions/{version_id}/revise", self._revise, methods=["PATCH"]),
                Route("/v1/versions/{version_id}/studio_url", self._studio_url, methods=["POST"]),
                Route("/results/{version_id}/{name}", self._result, methods=["GET"]),
                Route("/studio/versions/{version_id}", self._page, methods=["GET", "POST"]),
                Route("/openapi.json", self._describe, methods=["GET"]),
            ],
            exception_handlers={
                Refused: self._on_refused,
                HTTPException: self._on_http,
                ClientDisconnect: self._on_gone,
            },
        )
        self.app.router.redirect_slashes = studio.switches.redirect_slashes

    # The API

    async def _upload(self, request: Request) -> Response:
        early = self._switches.auth_before_body
        if early:
            self._authorise(request)
        intake = Intake(
            request.headers.get("content-type", ""),
            keep=self._folder if self._switches.inspect else None,
            numbers=self._numbers,
        )
        try:
            async for chunk in request.stream():
                intake.feed(chunk)
                request.state.fields[:] = intake.names
            if not early:
                self._authorise(request)
            return await self._made(request, await self._take(intake.finish()))
        except BaseException:
            intake.discard()
            raise

    async def _take(self, form: Form) -> Any:
        if "request" not in form.fields:
            raise Refused(400, "request: expected a plain form field with the parameters as JSON")
        if "video" not in form.files:
            raise Refused(400, "video: expected a file")
        if "background" in form.fields:
            raise Refused(400, "background: expected a file")
        try:
            text = form.fields["request"].decode()
        except UnicodeDecodeError as error:
            raise Refused(400, f"request: not UTF-8: {error}") from error
        video = await self._examine(form.files["video"])
        background = form.files.get("background")
        return self._studio.create_asset(
            text,
            video,
            file_name=form.files["video"].file_name,
            background=None if background is None else Video(**_bytes_of(background), duration=None),
        )

    async def _examine(self, received: Received) -> Video:
        duration = self._switches.assumed_duration
        facts = Facts(duration=duration, has_video=True, has_audio=True)
        if received.path is not None:
            facts = await run_sync(examine, received.path)
        return Video(
            **_bytes_of(received), duration=facts.duration, has_video=facts.has_video, has_audio=facts.has_audio
        )

    async def _assets(self, request: Request) -> Response:
        self._authorise(request)
        if request.method == "GET":
            return self._answer(self._studio.list_assets(dict(request.query_params)))
        return await self._made(request, self._studio.create_asset(await _text(request)))

    async def _made(self, request: Request, asset: JsonObject) -> Response:
        """Answer for a new asset; by switch only when its first callback has arrived."""
        asset_id = asset["asset_id"]
        if self._switches.callback_early and self._studio.record(asset_id).request.callback_url is not None:
            with move_on_after(PATIENCE):
                while not any(posted.event.asset_id == asset_id for posted in self._posted):
                    if await request.is_disconnected():
                        break
                    await sleep(0.01)
        return self._answer(asset, self._switches.created_code)

    async def _asset(self, request: Request) -> Response:
        self._authorise(request)
        return self._answer(self._studio.get_asset(request.path_params["asset_id"]))

    async def _languages(self, request: Request) -> Response:
        self._authorise(request)
        added = self._studio.add_languages(request.path_params["asset_id"], await _text(request))
        return self._answer(added, self._switches.created_code)

    async def _version(self, request: Request) -> Response:
        self._authorise(request)
        return self._answer(self._studio.get_version(request.path_params["version_id"]))

    async def _revise(self, request: Request) -> Response:
        self._authorise(request)
        return self._answer(self._studio.revise(request.path_params["version_id"], await _text(request)))

    async def _studio_url(self, request: Request) -> Response:
        self._authorise(request)
        return self._answer(self._studio.studio_url(request.path_params["version_id"], await _text(request)))

    # Beside the API

    async def _result(self, request: Request) -> Response:
        """Serve a result as an object store does: by its signature alone."""
        if "authorization" in request.headers:
            return _store_error(400, "Only one auth mechanism allowed")
        query = request.query_params
        try:
            version = self._studio.open_result(
                request.path_params["version_id"], query.get("expires", ""), query.get("signature", "")
            )
        except Refused as refused:
            return _store_error(refused.status, refused.detail)
        if request.path_params["name"] != f"{version.locale}.mp4":
            return _store_error(404, "NoSuchKey")
        path = await run_sync(self._results.of, version, self._studio.record(version.asset_id))
        if not self._switches.ranges:
            request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] != b"range"]
        response = FileResponse(path, media_type="video/mp4", stat_result=os.stat(path))  # noqa: PTH116  (starlette's type)
        if not self._switches.ranges:
            del response.headers["accept-ranges"]
        if not self._switches.etag:
            del response.headers["etag"]
        return response

    async def _page(self, request: Request) -> Response:
        """Be the Studio's web page of a version, with the one button that a rehearsal needs; nobody has to log in."""
        version_id, query = request.path_params["version_id"], request.query_params
        if "signature" in query:
            self._studio.open_page(version_id, query.get("expires", ""), query["signature"])
        if request.method == "POST":
            self._studio.generate(version_id)
            return RedirectResponse(request.url.path, status_code=303)
        status, locale = self._studio.get_version(version_id)["status"], self._studio.version_record(version_id).locale
        button = "<form method=post><button>Generate</button></form>" if status == "ReadyToEdit" else ""
        return HTMLResponse(f"<title>Rehearsal studio</title><h1>{locale}: {escape(status)}</h1>{button}")

    async def _describe(self, _request: Request) -> Response:
        return self._answer(describe(self._switches, base_url=self._studio.base_url))

    # Refusals

    def _authorise(self, request: Request) -> None:
        """Check the key; 401 or 403 without one, 401 for a wrong one."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            raise Refused(self._switches.unauthorised_code, "Not authenticated")
        if not any(hmac.compare_digest(given.encode("latin-1"), key.encode()) for key in tuple(self._keys)):
            raise Refused(401, "Could not validate the API key")

    def _answer(self, body: Any, status: int = 200) -> Response:
        return JSONResponse(body, status)

    def _refuse(self, status: int, detail: str) -> Response:
        if self._switches.error_body == "empty":
            return Response(status_code=status)
        if self._switches.error_body == "html":
            return HTMLResponse(f"<html><body><h1>{status}</h1><p>{escape(detail)}</p></body></html>", status)
        return JSONResponse(error_shape(detail, self._switches), status)

    async def _on_refused(self, _request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return self._refuse(self._switches.invalid_code if error.status == 400 else error.status, error.detail)

    async def _on_http(self, _request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        refusal = self._refuse(error.status_code, error.detail)
        refusal.headers.update(error.headers or {})  # Allow, with a 405
        return refusal

    async def _on_gone(self, _request: Request, _error: Exception) -> Response:
        """Answer nobody: the client went away before its body was whole, and nothing was made."""
        return Response(status_code=400)


async def _text(request: Request) -> str:
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise Refused(400, f"request: not UTF-8: {error}") from error


def _bytes_of(received: Received) -> dict[str, Any]:
    return {"sha256": received.sha256, "size": received.size, "path": received.path}


def _store_error(status: int, code: str) -> Response:
    return Response(f"<Error><Code>{escape(code)}</Code></Error>", status, media_type="application/xml")
