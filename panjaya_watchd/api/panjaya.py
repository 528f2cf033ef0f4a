"""
The dubbing service over HTTP: the six things the daemon does with it.

The only importer of httpx. One request a call: nothing is repeated, and no redirect of the service is followed. What
went wrong comes back as a `Fault`. The key goes to the service's origin and nowhere else: results are fetched by a
client of their own that does not know it. Proxies are taken from the environment (``HTTPS_PROXY``, ``NO_PROXY``), as is
``SSL_CERT_FILE``; a loopback service is never asked through a proxy.
"""

import secrets
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Final
from urllib.parse import quote

import h11
import httpx

from panjaya_watchd import __version__
from panjaya_watchd.api import answers, faults, pages
from panjaya_watchd.api.base import Download, Submission
from panjaya_watchd.api.faults import Moment
from panjaya_watchd.api.origin import credential, is_loopback, may_be_asked, origin, proxy_for
from panjaya_watchd.api.partial import Match, Partial
from panjaya_watchd.api.passage import Passage
from panjaya_watchd.api.wire import (
    ASSETS_PATH,
    UPLOAD_PATH,
    FilePart,
    languages,
    languages_path,
    multipart,
    request_fields,
)
from panjaya_watchd.core.answers import Asset, Fault, Version
from panjaya_watchd.core.names import AssetId, Locale, VersionId

ANSWER_LIMIT: Final = 64 << 20
"""Bytes of an answer that are read; a page of ten thousand assets is a tenth of it."""

REDIRECTS_LIMIT: Final = 3
"""For results only: storage hosts send to the nearest copy."""

_NAME: Final = f"panjaya-watchd/{__version__}"
_GONE: Final = frozenset({301, 302, 303, 307, 308})
_KEEP_ALIVE: Final = [
    # The answer may take a quarter of an hour, and NAT gateways forget a silent connection after five minutes.
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 30),
]

_TROUBLE: Final = (
    *(httpx.HTTPError, httpx.StreamError, httpx.CookieConflict),
    # An address, ours or one that came in an answer: its host is no name (IDNA), or it holds half a character.
    *(httpx.InvalidURL, UnicodeError),
    # h11's own come through bare where a body breaks its length; `Passage` notices first, and this is the net below it.
    h11.ProtocolError,
    OSError,
)
"""What the transport may raise; what it means stands in the table of `faults`, and everything else is a bug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """
    Seconds without any progress; no request has a limit as a whole, because videos are large and lines are slow.

    ``write``: the service does not take the next chunk of an upload. ``answer``: it has the whole upload and says
    nothing. ``read``: it sends no byte of anything else.
    """

    connect: float = 30
    write: float = 120
    answer: float = 900
    read: float = 60


class Panjaya:
    """
    A `DubbingApi` over HTTP; may be used from many threads.

    Args:
        base_url: ``https://…``; plain ``http://`` for loopback only.
        key: as issued, with or without its ``panjaya-`` prefix.
        timeouts: see `Timeouts`.
        tls: what to trust; None: the usual authorities, or ``SSL_CERT_FILE``.

    Raises:
        SettingsError: the URL or the key cannot be used; the key is not shown.

    """

    def __init__(
        self, base_url: str, key: str, *, timeouts: Timeouts | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._base = origin(base_url)
        self._key = credential(key)
        self._loopback = is_loopback(self._base)
        trust = httpx.create_ssl_context() if tls is None else tls
        times = timeouts or Timeouts()
        reading = httpx.Timeout(times.read, connect=times.connect)
        # Each upload has a connection of its own: one that was idle might be closed just as the upload begins.
        self._uploads = self._client(
            trust,
            httpx.Limits(max_keepalive_connections=0),
            httpx.Timeout(times.answer, connect=times.connect, write=times.write),
        )
        self._reads = self._client(trust, httpx.Limits(max_keepalive_connections=4, keepalive_expiry=5), reading)
        self._results = httpx.Client(
            headers={"User-Agent": _NAME, "Accept-Encoding": "identity"},
            verify=trust,
            trust_env=not self._loopback,
            timeout=reading,
            cookies=_no_cookies(),
            event_hooks={"response": [_put_location_aside]},
        )

    def close(self) -> None:
        """Close all idle connections."""
        for client in (self._uploads, self._reads, self._results):
            client.close()

    def submit(self, submission: Submission) -> Asset | Fault:
        """
        Create an asset from a file: ``POST /v1/assets/upload``. **Costs money**, and must never be repeated blindly.

        An answer that comes before the whole body is gone is read and judged like any other.

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
        try:
            request = self._uploads.build_request("POST", self._base + UPLOAD_PATH, headers=headers, content=passage)
            status, said, answer = _exchange(self._uploads, request)
        except _TROUBLE as error:
            return faults.of_exception(error, moment=_moment(passage), secret=self._key)
        finally:
            passage.close()
        asset = answers.asset(answer) if httpx.codes.is_success(status) else None
        if asset is not None:
            return asset
        return faults.of_status(status, said, answer, moment=_moment(passage), secret=self._key)

    def add_languages(self, asset_id: AssetId, locales: Sequence[Locale], srt: Mapping[Locale, str]) -> Asset | Fault:
        """
        Have an asset dubbed into more languages: ``POST /v1/assets/{asset_id}/languages``. **Costs money**.

        The request is small and leaves as a whole, so from its first byte on the service may have it.
        """
        url = self._base + languages_path(asset_id)
        request = self._uploads.build_request("POST", url, json={"languages": languages(locales, srt)})
        try:
            status, said, answer = _exchange(self._uploads, request)
        except _TROUBLE as error:
            return faults.of_exception(error, moment=Moment.ORDERING, secret=self._key)
        asset = answers.asset(answer) if httpx.codes.is_success(status) else None
        return asset or faults.of_status(status, said, answer, moment=Moment.ORDERING, secret=self._key)

    def list_assets(self) -> tuple[Asset, ...] | Fault:
        """List every asset of the account, all pages, each id once, in no order: ``GET /v1/assets/``. Free."""
        return pages.walk(self._base + ASSETS_PATH, self._get, self._unclear)

    def get_asset(self, asset_id: AssetId) -> Asset | Fault:
        """Read one asset with its dubbings and versions: ``GET /v1/assets/{asset_id}``. Free."""
        answer = self._get(f"{self._base}{ASSETS_PATH}{quote(asset_id, safe='')}")
        return answer if isinstance(answer, Fault) else answers.asset(answer) or self._unclear(answer)

    def get_version(self, version_id: VersionId) -> Version | Fault:
        """Read one version with a fresh ``result_url``: ``GET /v1/versions/{version_id}``. Free."""
        answer = self._get(f"{self._base}/v1/versions/{quote(version_id, safe='')}")
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
            except _TROUBLE as error:
                return faults.of_exception(error, moment=Moment.READING, secret=self._key)
        return found or _unusable("its host keeps changing it")

    def _fetch(self, url: str, partial: Partial, progress: Callable[[int], None]) -> Download | Fault | None:
        """Ask for what is missing and store it; None: what we have is of no use any more, and was thrown away."""
        with self._followed(url, partial.wanted()) as response:
            if isinstance(response, Fault):
                return response
            match partial.match(response.status_code, response.headers):
                case Match.STALE:
                    return None
                case Match.REFUSED:
                    return faults.of_result(response.status_code, response.headers, _limited(response, 64 << 10))
                case Match.UNSOUND:
                    return _unusable("its host does not say how long it is, or packs it")
                case Match.TAKE:
                    progress(partial.size)
                    for chunk in response.iter_raw():
                        partial.write(chunk)
                        progress(partial.size)
                    return partial.finish() or _unusable(f"it ended after {partial.size} bytes")

    @contextmanager
    def _followed(self, url: str, headers: dict[str, str]) -> Iterator[httpx.Response | Fault]:
        """Ask for a result and follow its host's redirects, over https only."""
        for _ in range(REDIRECTS_LIMIT + 1):
            if not may_be_asked(url, loopback=self._loopback):
                yield _unusable("its link is not https")
                return
            with self._results.stream("GET", url, headers=headers) as response:
                if response.status_code not in _GONE or not response.extensions["location"]:
                    yield response
                    return
                url = _joined(url, response.extensions["location"])
        yield _unusable("its host sends us from one place to the next")

    def _get(self, url: str) -> bytes | Fault:
        try:
            status, said, body = _exchange(self._reads, self._reads.build_request("GET", url))
        except _TROUBLE as error:
            return faults.of_exception(error, moment=Moment.READING, secret=self._key)
        if httpx.codes.is_success(status):
            return body
        return faults.of_status(status, said, body, moment=Moment.READING, secret=self._key)

    def _unclear(self, answer: bytes) -> Fault:
        """Judge a success that holds nothing we know; only for reading."""
        return faults.of_status(200, {}, answer, moment=Moment.READING, secret=self._key)

    def _client(self, trust: ssl.SSLContext, limits: httpx.Limits, timeout: httpx.Timeout) -> httpx.Client:
        """Make a client that knows the key; with a transport of its own httpx looks for no proxy itself."""
        transport = httpx.HTTPTransport(
            verify=trust,
            limits=limits,
            proxy=proxy_for(self._base),
            socket_options=_KEEP_ALIVE,
        )
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json", "User-Agent": _NAME}
        return httpx.Client(
            transport=transport,
            headers=headers,
            timeout=timeout,
            cookies=_no_cookies(),
            event_hooks={"response": [_put_location_aside]},
        )


def _no_cookies() -> CookieJar:
    """Give a jar that keeps nothing: a cookie means nothing to us, and an odd one could not be sent back."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def _put_location_aside(response: httpx.Response) -> None:
    """Keep a redirect from httpx: it reads also one that it is not to follow, and raises where that is no address."""
    response.extensions["location"] = response.headers.pop("location", "")


def _joined(url: str, location: str) -> str:
    """Give where a redirect leads; "" where that is no address."""
    try:
        return str(httpx.URL(url).join(location))
    except (httpx.InvalidURL, ValueError):  # ValueError: of the standard library, for brackets around no IPv6 address
        return ""


def _moment(passage: Passage) -> Moment:
    return Moment.AFTER if passage.released else Moment.BEFORE


def _exchange(client: httpx.Client, request: httpx.Request) -> tuple[int, httpx.Headers, bytes]:
    """Send one request and read its answer: status, headers, body."""
    response = client.send(request, stream=True)
    try:
        return response.status_code, response.headers, _limited(response, ANSWER_LIMIT)
    finally:
        response.close()


def _limited(response: httpx.Response, limit: int) -> bytes:
    """Read a body, up to a limit: what is longer is cut, and then says nothing."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > limit:
            break
    return bytes(body[:limit])


def _unusable(why: str) -> Fault:
    """Say why a result cannot be had; a fresh ``result_url`` may help."""
    return Fault(money_may_have_moved=False, repeat_helps=True, words=f"The result cannot be had: {why}.")
