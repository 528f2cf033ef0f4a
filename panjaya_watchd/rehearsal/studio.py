"""
The stand-in studio: the Panjaya service as logic, without HTTP.

It is as strict as the documentation, counts every bill, and lives by the clock it is given: the same seed, clock and
calls give the same answers. One lock guards everything, so it may be called from many threads. It never sleeps, never
starts a thread and touches no file.
"""

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from panjaya_watchd.rehearsal import shapes
from panjaya_watchd.rehearsal.life import FAILURES, Dooms, Planner, called_back, examine, told
from panjaya_watchd.rehearsal.links import Signer
from panjaya_watchd.rehearsal.records import AssetRecord, Bill, Doom, Event, Phase, VersionRecord, Video
from panjaya_watchd.rehearsal.request import (
    Languages,
    Refused,
    Request,
    read_json,
    read_languages,
    read_options,
    read_request,
)
from panjaya_watchd.rehearsal.seal import Seal
from panjaya_watchd.rehearsal.shapes import JsonObject
from panjaya_watchd.rehearsal.switches import Switches


class Studio:
    """
    The service. Methods that stand for an endpoint return plain JSON-able values, or raise `Refused`.

    ``bills`` are all bills ever made, oldest first. ``base_url`` begins every link; the HTTP face sets its own.
    ``seal`` signs the callbacks.
    """

    def __init__(
        self,
        switches: Switches | None = None,
        *,
        clock: Callable[[], datetime],
        seed: int = 0,
        ids: Callable[[str], str] | None = None,
    ) -> None:
        """
        Set up an empty account.

        Args:
            switches: how it behaves where the documentation is silent.
            clock: gives the time, aware and in UTC.
            seed: decides ids, spread and random order.
            ids: makes the next id for ``"asset"``, ``"dubbing"`` or ``"version"``, instead of drawing it.

        """
        self.switches = switches or Switches()
        self.bills: list[Bill] = []
        self.base_url = "https://studio.invalid"
        self.seal = Seal(self.switches, seed)
        self._clock = clock
        self._random = Random(seed)  # noqa: S311  (repeatable on purpose; nothing here is secret)
        self._planner = Planner(self.switches, self._random)
        self._signer = Signer(seed)
        self._ids = ids or (lambda kind: f"{kind[0]}{self._random.getrandbits(96):024x}")
        self._lock = threading.RLock()
        self._assets: dict[str, AssetRecord] = {}
        self._versions: dict[str, VersionRecord] = {}
        self._dooms = Dooms()

    # The endpoints

    def create_asset(
        self,
        request: str | Mapping[str, Any],
        video: Video | None = None,
        *,
        file_name: str | None = None,
        background: Video | None = None,
    ) -> JsonObject:
        """
        Create an asset and its bill: from an uploaded video, or without one from the request's ``media_url``.

        Raises:
            Refused: 400, and nothing was created.

        """
        text, body = read_json(request)
        asked = read_request(body, by_url=video is None)
        if background is not None and asked.background_url is not None:
            raise Refused(400, "background_url: a background file was uploaded as well")
        with self._lock:
            asset = self._open_asset(asked, text, video, file_name, background)
            self.bills.append(asset.bill("upload" if video else "media_url", asked.languages, text, at=self._clock()))
            asset.failure = self._dooms.of_asset() or examine(asset, self.bills, self.switches)
            self._begin_dubbings(asset, asked.languages)
            return self._show(asset)

    def list_assets(self, query: Mapping[str, str] | None = None) -> Any:
        """List the assets that are old enough to be seen, one page of them; free."""
        with self._lock:
            now, switches = self._clock(), self.switches
            lag = timedelta(seconds=switches.list_lag)
            seen = [asset for asset in self._assets.values() if asset.created_at + lag <= now]
            if switches.order == "random":
                seen.sort(key=lambda asset: asset.shuffled)
            elif switches.order == "newest":
                seen.reverse()
            return shapes.page_shape(seen, query or {}, switches, now, base_url=self.base_url)

    def get_asset(self, asset_id: str) -> JsonObject:
        """Show one asset with its dubbings and versions; 404 for an unknown id."""
        with self._lock:
            return self._show(self.record(asset_id))

    def add_languages(self, asset_id: str, request: str | Mapping[str, Any]) -> JsonObject:
        """Start a dubbing for each new language, and bill them; 400 for a locale the asset has, or a failed asset."""
        text, body = read_json(request)
        if not isinstance(body, Mapping):
            raise Refused(400, f"request: expected a JSON object, found {type(body).__name__}")
        languages, ignored = read_languages(body.get("languages"))
        with self._lock:
            asset = self.record(asset_id)
            if asset.failed(self._clock()):
                raise Refused(400, "The asset has failed")
            taken = {version.locale for version in asset.versions} | {asset.request.locale}
            for locale, _ in languages:
                if locale in taken:
                    raise Refused(400, f"languages: {locale} is there already")
            asset.ignored += [*sorted(set(body) - {"languages"}), *ignored]
            self.bills.append(asset.bill("languages", languages, text, at=self._clock()))
            self._begin_dubbings(asset, languages)
            return self._show(asset)

    def get_version(self, version_id: str) -> JsonObject:
        """Show one version; a completed one with a signed ``result_url``. 404 for an unknown id."""
        with self._lock:
            version, now, switches = self.version_record(version_id), self._clock(), self.switches
            result_url = None
            if version.status(now) == "Completed":
                lasts, fresh = switches.result_expires, switches.remint
                result_url = self._signer.link(version, self.base_url, now, lasts=lasts, fresh=fresh)
            studio_url = self._studio_url(version_id)
            return shapes.version_shape(version, switches, now, studio_url=studio_url, result_url=result_url)

    def revise(self, version_id: str, request: str | Mapping[str, Any] = "{}") -> JsonObject:
        """
        Make a version editable again, for which its generated video is removed; 400 while it is being worked on.

        Its answer has a signed link to the Studio where ``studio_url_request`` asks for one.
        """
        asked = read_options(request)
        with self._lock:
            version, now = self.version_record(version_id), self._clock()
            status = version.status(now)
            if status not in {"Completed", "ReadyToEdit", "Failed"}:
                raise Refused(400, f"A version that is {status} cannot be revised")
            if status != "ReadyToEdit":
                version.replan(now, [Phase(at=now, status="ReadyToEdit")])
                version.expires = None
            wanted = asked.get("studio_url_request") is not None or self.switches.revise_link == "always"
            return shapes.link_shape(self._signed_studio_url(version_id) if wanted else None, self.switches)

    def studio_url(self, version_id: str, request: str | Mapping[str, Any] = "{}") -> JsonObject:
        """Sign a link to a version in the Studio that needs no login; 404 where the service has no such endpoint."""
        read_options(request)
        if not self.switches.studio_links:
            raise Refused(404, "Not Found")
        with self._lock:
            self.version_record(version_id)
            return shapes.link_shape(self._signed_studio_url(version_id), self.switches)

    # What a person does in the Studio's web pages

    def generate(self, version_id: str) -> None:
        """Press the button that generates the final video; 400 unless the version is ``ReadyToEdit``."""
        with self._lock:
            version, now = self.version_record(version_id), self._clock()
            if version.status(now) != "ReadyToEdit":
                raise Refused(400, f"A version that is {version.status(now)} cannot be generated")
            version.replan(now, self._planner.generate(version, now))

    def stranger(self, request: Mapping[str, Any], *, duration: float, name: str | None = None) -> JsonObject:
        """Make an asset as somebody else would through the web pages: it is in the list, and no bill of ours."""
        asked = read_request(dict(request), by_url=False)
        with self._lock:
            asset = self._open_asset(asked, json.dumps(request), Video.of(b"", duration=duration), name, None)
            self._begin_dubbings(asset, asked.languages)
            return self._show(asset)

    # Scripts for tests

    def fail_next(self, code: str, message: str | None = None) -> None:
        """Let the next created asset fail with this code; calls queue up."""
        with self._lock:
            self._dooms.assets.append((code, message or FAILURES.get(code, code)))

    def fail_next_version(
        self,
        locale: str | None = None,
        *,
        at: Doom = "dubbing",
        error: str = "The version could not be made.",
    ) -> None:
        """Let the next version of this locale (None: of any) fail while it is dubbed or generated; calls queue up."""
        with self._lock:
            self._dooms.versions.append((locale, at, error))

    # What the HTTP face and tests look at

    @property
    def assets(self) -> tuple[AssetRecord, ...]:
        """Give every asset, oldest first, strangers' too."""
        with self._lock:
            return tuple(self._assets.values())

    def record(self, asset_id: str) -> AssetRecord:
        """Give what is kept of an asset; 404."""
        with self._lock:
            if asset_id not in self._assets:
                raise Refused(404, "Asset not found")
            return self._assets[asset_id]

    def version_record(self, version_id: str) -> VersionRecord:
        """Give what is kept of a version; 404."""
        with self._lock:
            if version_id not in self._versions:
                raise Refused(404, "Version not found")
            return self._versions[version_id]

    def events(self) -> tuple[Event, ...]:
        """Give every status update until now, oldest first: what callbacks would have told."""
        with self._lock:
            return told(self._assets.values(), self._versions.values(), self._clock())

    def callbacks(self) -> tuple[Event, ...]:
        """Give the status updates whose callbacks have left by now, in that order: by switch late ones, or not all."""
        with self._lock:
            return called_back(self.events(), self.switches.callback_fate, self._clock())

    @property
    def public_key(self) -> str:
        """Give the PEM of the key that callbacks are signed with."""
        return self.seal.public_key

    def open_result(self, version_id: str, expires: str, signature: str) -> VersionRecord:
        """Check a signed result link as an object store would: 403 when forged or expired, 404 when it was removed."""
        with self._lock:
            now = self._clock()
            self._signer.check("result", version_id, expires, signature, now)
            version = self.version_record(version_id)
            if version.status(now) != "Completed":
                raise Refused(404, "NoSuchKey")
            return version

    def open_page(self, version_id: str, expires: str, signature: str) -> VersionRecord:
        """Check a signed link to the Studio: 403 when forged or expired."""
        with self._lock:
            self._signer.check("studio", version_id, expires, signature, self._clock())
            return self.version_record(version_id)

    # Inside

    def _open_asset(
        self, asked: Request, text: str, video: Video | None, file_name: str | None, background: Video | None
    ) -> AssetRecord:
        now = self._clock()
        asset = AssetRecord(
            asset_id=self._ids("asset"),
            number=len(self._assets) + 1,
            shuffled=self._random.random(),
            request=asked,
            request_text=text,
            video=video,
            background=background,
            file_name=file_name,
            duration=self.switches.assumed_duration if video is None else video.duration,
            created_at=now,
            examined_at=now + self._planner.stretch(self.switches.asset_after),
            ignored=list(asked.ignored),
        )
        self._assets[asset.asset_id] = asset
        return asset

    def _begin_dubbings(self, asset: AssetRecord, languages: Languages) -> None:
        now = self._clock()
        for locale, _ in languages:
            version = VersionRecord(
                version_id=self._ids("version"),
                dubbing_id=self._ids("dubbing"),
                asset_id=asset.asset_id,
                locale=locale,
                created_at=now,
                phases=[Phase(at=now, status="NotReady")],
            )
            version.doomed, version.error = self._dooms.of_version(version.locale)
            version.phases += self._planner.dub(version, asset, max(now, asset.examined_at))
            asset.versions.append(version)
            self._versions[version.version_id] = version

    def _studio_url(self, version_id: str) -> str:
        return f"{self.base_url}/studio/versions/{version_id}"

    def _signed_studio_url(self, version_id: str) -> str:
        query = self._signer.sign("studio", version_id, self._clock(), lasts=self.switches.studio_link_lasts)
        return f"{self._studio_url(version_id)}?{query}"

    def _show(self, asset: AssetRecord) -> JsonObject:
        return shapes.asset_shape(asset, self.switches, self._clock(), in_list=False)
