"""
The dubbing service over HTTP: everything that is asked of it.

One request a call: nothing is repeated, and no redirect of the service is followed. What went wrong comes back as a
`Fault`. Requests are made by `wire`, carried by `exchange`, and their answers read by `answers` and judged by `faults`.
"""

import secrets
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

from panjaya_watchd.api import answers, faults, pages
from panjaya_watchd.api.base import Download, Submission
from panjaya_watchd.api.exchange import TROUBLE, Answer, Exchange, Timeouts, limited
from panjaya_watchd.api.faults import Moment
from panjaya_watchd.api.origin import credential, origin
from panjaya_watchd.api.partial import Match, Partial
from panjaya_watchd.api.passage import Passage
from panjaya_watchd.api.turns import Turns
from panjaya_watchd.api.wire import (
    ASSETS_PATH,
    UPLOAD_PATH,
    FilePart,
    languages,
    languages_path,
    multipart,
    request_fields,
    revise_path,
    studio_url_path,
    version_path,
)
from panjaya_watchd.core.answers import Asset, Fault, Version
from panjaya_watchd.core.names import AssetId, Locale, VersionId
from panjaya_watchd.core.order import Order

__all__ = ["Panjaya", "Timeouts"]

WORDS_OF_A_HOST: Final = 64 << 10
"""Bytes that are read of what a result's host says instead of the result."""


class Panjaya:
    """
    A `DubbingApi` over HTTP; may be used from many threads, and as a context manager.

    What went wrong with the service is a `Fault` that is returned, never an exception; no method repeats a request by
    itself, because a second one may be a second bill. Codes and the error's body: docs:
    /apis/versions/versions-get_version and versions-revise_version; limits of rate and size are unknown.

    Args:
        base_url: ``https://api.panjaya.ai`` (docs: /apis); plain ``http://`` for loopback only.
        key: as issued, with or without its ``panjaya-`` prefix (docs: /apis); which of the two is unknown.
        timeouts: see `Timeouts`.
        tls: what to trust; None: the usual authorities, or ``SSL_CERT_FILE``.
        turns: bounds how often it reads; None: nothing does.

    Raises:
        SettingsError: the URL or the key cannot be used; the key is not shown.

    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        timeouts: Timeouts | None = None,
        tls: ssl.SSLContext | None = None,
        turns: Turns | None = None,
    ) -> None:
        self._base = origin(base_url)
        self._keys: tuple[str, ...] = (credential(key),)
        """All that were used, the one in use last: what is answered to an earlier one may show that one."""
        self._turns = turns or Turns(now=lambda: 0.0, pause=lambda _: None)
        self._exchange = Exchange(self._base, self._keys[-1], timeouts=timeouts or Timeouts(), tls=tls)

    def use_key(self, key: str) -> None:
        """
        Ask with another key from now on; a request that has begun keeps the one that it began with.

        Raises:
            SettingsError: it cannot be one; it is not shown, and the former one stays.

        """
        if (new := credential(key)) != self._keys[-1]:
            self._keys = (*self._keys, new)
            self._exchange.use_key(new)

    def close(self) -> None:
        """Close all idle connections."""
        self._exchange.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def submit(self, submission: Submission) -> Asset | Fault:
        """
        Create an asset from a file: ``POST /v1/assets/upload``. **Costs money**, and must never be repeated blindly.

        An answer that comes before the whole body is gone is read and judged like any other. Parts ``request``,
        ``video`` and ``background``: stl: /resources/assets. Their media types are unknown, the answer is inferred.

        Raises:
            Withdrawn: the body said so; the request was cut off before its last chunk.
            PlaceError: the storage of the source failed, likewise before the last chunk.

        """
        files = [("video", submission.video)]
        if submission.background is not None:
            files.insert(0, ("background", submission.background))
        frame = multipart(
            request_fields(submission.order, submission.srt),
            [FilePart(field=name, file_name=body.file_name, size=body.size) for name, body in files],
            boundary=secrets.token_hex(16),
        )
        passage = Passage(frame, [body for _, body in files])
        headers = {"Content-Type": frame.content_type, "Content-Length": str(frame.length)}
        self._turns.count()
        try:
            answer = self._exchange.upload(UPLOAD_PATH, headers, passage)
        except TROUBLE as error:
            return faults.of_exception(error, moment=_moment(passage), secrets=self._keys)
        finally:
            passage.close()
        return self._asset(answer, _moment(passage))

    def create(self, order: Order, srt: Mapping[Locale, str]) -> Asset | Fault:
        """
        Create an asset from ``order.media_url``: ``POST /v1/assets/``. **Costs money**, never to be repeated blindly.

        The request is small and leaves as a whole, so from its first byte on the service may have it. Page: stl:
        /resources/assets. Unknown: whether the service fetches the video before its answer or after.

        Raises:
            ValueError: the order names no ``media_url``, or a ``background`` file, which only an upload can carry.

        """
        if order.media_url is None or order.background is not None:
            raise ValueError("an asset is created from a media_url, without a background file")
        return self._ordered(ASSETS_PATH, request_fields(order, srt), Moment.CREATING)

    def add_languages(self, asset_id: AssetId, locales: Sequence[Locale], srt: Mapping[Locale, str]) -> Asset | Fault:
        """
        Have an asset dubbed into more languages: ``POST /v1/assets/{asset_id}/languages``. **Costs money**.

        The request is small and leaves as a whole, so from its first byte on the service may have it. Page: stl:
        /resources/assets; the body is inferred from the model ``Language``.
        """
        return self._ordered(languages_path(asset_id), {"languages": languages(locales, srt)}, Moment.ORDERING)

    def revise(self, version_id: VersionId) -> str | Fault:
        """
        Make a version editable again: ``PATCH /v1/versions/{version_id}/revise``. **Removes its video for good**.

        Allowed where the version is ``Completed``, ``ReadyToEdit`` or ``Failed``; then it is ``ReadyToEdit``. Page:
        docs: /apis/versions/versions-revise_version.

        Returns:
            The link to the Studio, "" where the answer has none. A `Fault` does not prove that nothing was done: the
            version is read before anybody asks again, or a video that was made in between would go as well.

        """
        self._turns.count()
        try:
            answer = self._exchange.send("PATCH", revise_path(version_id), {})
        except TROUBLE as error:
            return faults.of_exception(error, moment=Moment.CHANGING, secrets=self._keys)
        link = answers.studio_link(answer.body) if answer.success else None
        return self._fault(answer, Moment.CHANGING) if link is None else link

    def studio_url(self, version_id: VersionId) -> str | Fault:
        """
        Sign a link to the Studio that needs no login: ``POST /v1/versions/{version_id}/studio_url``. Free.

        **Inferred.** That there is such an endpoint is documented (stl: /resources/versions); its path, its method and
        what it takes and gives are not. Who has the link may edit, so it is not to be logged. ``Version.studio_url`` is
        the documented one, for those who have a login.
        """
        self._turns.count()
        try:
            answer = self._exchange.send("POST", studio_url_path(version_id), {})
        except TROUBLE as error:
            return faults.of_exception(error, moment=Moment.READING, secrets=self._keys)
        link = answers.studio_link(answer.body) if answer.success else None
        return link or self._fault(answer, Moment.READING)

    def list_assets(self) -> tuple[Asset, ...] | Fault:
        """
        List every asset of the account, all pages, each id once, in no order: ``GET /v1/assets/``. Free.

        Without versions: docs: /apis/assets. How the list is paged is unknown; see `pages`.
        """
        return pages.walk(self._base + ASSETS_PATH, self._get, self._unclear)

    def get_asset(self, asset_id: AssetId) -> Asset | Fault:
        """
        Read one asset with its dubbings and versions: ``GET /v1/assets/{asset_id}``. Free.

        Page: stl: /resources/assets/methods/get_asset.
        """
        answer = self._get(f"{self._base}{ASSETS_PATH}{quote(asset_id, safe='')}")
        return answer if isinstance(answer, Fault) else answers.asset(answer) or self._unclear(answer)

    def get_version(self, version_id: VersionId) -> Version | Fault:
        """
        Read one version with a fresh ``result_url``: ``GET /v1/versions/{version_id}``. Free.

        Page: docs: /apis/versions/versions-get_version; fields: stl: /resources/versions.
        """
        answer = self._get(self._base + version_path(version_id))
        return answer if isinstance(answer, Fault) else answers.version(answer) or self._unclear(answer)

    def download(self, result_url: str, into: Path, progress: Callable[[int], None]) -> Download | Fault:
        """
        Fetch a result into a file, going on where an earlier try stopped if the host allows it.

        A `Fault` always says that a repeat helps: with a fresh ``result_url``. What an exception of ``progress`` leaves
        behind is kept like that of a cut. Durable when it returns a `Download`.

        Raises:
            PlaceError: the file could not be written.

        """
        with Partial(into) as partial:
            try:
                found = self._fetch(result_url, partial, progress)
                if found is None:  # the host has another file by now, so once more and from the beginning
                    found = self._fetch(result_url, partial, progress)
            except TROUBLE as error:
                return faults.of_exception(error, moment=Moment.READING, secrets=self._keys)
        return found or _unusable("its host keeps changing it")

    def weigh(self, result_url: str) -> int | Fault:
        """Ask the host of a result how many bytes it has, and take none of them."""
        try:
            with self._exchange.result(result_url, {}) as response:
                if isinstance(response, str):
                    return _unusable(response)
                length = response.headers.get("content-length", "")
                if response.status_code == 200 and length.isascii() and length.isdecimal():
                    return int(length)
                return faults.of_result(response.status_code, response.headers, b"")
        except TROUBLE as error:
            return faults.of_exception(error, moment=Moment.READING, secrets=self._keys)

    def _fetch(self, url: str, partial: Partial, progress: Callable[[int], None]) -> Download | Fault | None:
        """Ask for what is missing and store it; None: what we have is of no use any more, and was thrown away."""
        with self._exchange.result(url, partial.wanted()) as response:
            if isinstance(response, str):
                return _unusable(response)
            match partial.match(response.status_code, response.headers):
                case Match.STALE:
                    return None
                case Match.REFUSED:
                    words = limited(response, WORDS_OF_A_HOST)
                    return faults.of_result(response.status_code, response.headers, words)
                case Match.UNSOUND:
                    return _unusable("its host does not say how long it is, or packs it")
                case Match.TAKE:
                    progress(partial.size)
                    for chunk in response.iter_raw():
                        partial.write(chunk)
                        progress(partial.size)
                    return partial.finish() or _unusable(f"it ended after {partial.size} bytes")

    def _ordered(self, path: str, fields: Mapping[str, Any], moment: Moment) -> Asset | Fault:
        """Send a small request that costs money."""
        self._turns.count()
        try:
            answer = self._exchange.send("POST", path, fields)
        except TROUBLE as error:
            return faults.of_exception(error, moment=moment, secrets=self._keys)
        return self._asset(answer, moment)

    def _asset(self, answer: Answer, moment: Moment) -> Asset | Fault:
        asset = answers.asset(answer.body) if answer.success else None
        return asset or self._fault(answer, moment)

    def _get(self, url: str) -> bytes | Fault:
        self._turns.wait()
        try:
            answer = self._exchange.read(url)
        except TROUBLE as error:
            return faults.of_exception(error, moment=Moment.READING, secrets=self._keys)
        return answer.body if answer.success else self._fault(answer, Moment.READING)

    def _unclear(self, answer: bytes) -> Fault:
        """Judge a success that holds nothing we know; only for reading."""
        return faults.of_status(200, {}, answer, moment=Moment.READING, secrets=self._keys)

    def _fault(self, answer: Answer, moment: Moment) -> Fault:
        return faults.of_status(answer.status, answer.headers, answer.body, moment=moment, secrets=self._keys)


def _moment(passage: Passage) -> Moment:
    return Moment.AFTER if passage.released else Moment.BEFORE


def _unusable(why: str) -> Fault:
    """Say why a result cannot be had; a fresh ``result_url`` may help."""
    return Fault(money_may_have_moved=False, repeat_helps=True, words=f"The result cannot be had: {why}.")
