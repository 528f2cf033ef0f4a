"""
One request and its answer: the clients of HTTP, what each of them may know, and how much of an answer is read.

The only importer of httpx. Nothing is repeated, and no redirect of the service is followed. The key goes to the
service's origin and nowhere else: results are fetched by a client of their own that does not know it. Proxies are taken
from the environment (``HTTPS_PROXY``, ``NO_PROXY``), as is ``SSL_CERT_FILE``; a loopback service is never asked through
a proxy. Knows nothing of assets; what an answer means is decided elsewhere.
"""

import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final

import h11
import httpx

from panjaya_watchd import __version__
from panjaya_watchd.api.origin import is_loopback, may_be_asked, proxy_for

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

TROUBLE: Final = (
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

    ``write``: the service does not take the next chunk of an upload. ``answer``: it has the whole request of something
    to be made or changed and says nothing. ``read``: it sends no byte of anything else.
    """

    connect: float = 30
    write: float = 120
    answer: float = 900
    read: float = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer: its status, its headers by lower-case name, its body up to a limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def success(self) -> bool:
        """Say whether the status is 2xx."""
        return httpx.codes.is_success(self.status)


class Exchange:
    """
    Asks one service; may be used from many threads.

    Args:
        base: the service's URL without a slash at its end.
        key: as the service wants it.
        timeouts: see `Timeouts`.
        tls: what to trust; None: the usual authorities.

    Every method raises what `TROUBLE` lists, and whatever a body that it is given raises.

    """

    def __init__(self, base: str, key: str, *, timeouts: Timeouts, tls: ssl.SSLContext | None) -> None:
        self._base = base
        self._loopback = is_loopback(base)
        headers = {"Accept": "application/json", "User-Agent": _NAME}
        trust = httpx.create_ssl_context() if tls is None else tls
        reading = httpx.Timeout(timeouts.read, connect=timeouts.connect)
        # Each upload has a connection of its own: one that was idle might be closed just as the upload begins.
        self._uploads = self._client(
            trust,
            httpx.Limits(max_keepalive_connections=0),
            httpx.Timeout(timeouts.answer, connect=timeouts.connect, write=timeouts.write),
            headers,
        )
        limits = httpx.Limits(max_keepalive_connections=4, keepalive_expiry=5)
        self._reads = self._client(trust, limits, reading, headers)
        self._results = httpx.Client(
            headers={"User-Agent": _NAME, "Accept-Encoding": "identity"},
            verify=trust,
            trust_env=not self._loopback,
            timeout=reading,
            cookies=_no_cookies(),
            event_hooks={"response": [_put_location_aside]},
        )
        self.use_key(key)

    def use_key(self, key: str) -> None:
        """Ask with another key from now on; a request that has begun keeps the one that it began with."""
        for client in (self._uploads, self._reads):
            client.headers["Authorization"] = f"Bearer {key}"

    def close(self) -> None:
        """Close all idle connections."""
        for client in (self._uploads, self._reads, self._results):
            client.close()

    def upload(self, path: str, headers: Mapping[str, str], body: Iterable[bytes]) -> Answer:
        """Send a body as it comes. An answer that comes before all of it is gone is an answer like any other."""
        request = self._uploads.build_request("POST", self._base + path, headers=dict(headers), content=body)
        return _answer(self._uploads, request)

    def send(self, method: str, path: str, fields: Mapping[str, Any]) -> Answer:
        """Send a small JSON object, which leaves as a whole."""
        return _answer(self._uploads, self._uploads.build_request(method, self._base + path, json=dict(fields)))

    def read(self, url: str) -> Answer:
        """Read a URL of the service."""
        return _answer(self._reads, self._reads.build_request("GET", url))

    @contextmanager
    def result(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx.Response | str]:
        """Ask for a result without the key, and follow its host's redirects, over https only; else say why not."""
        for _ in range(REDIRECTS_LIMIT + 1):
            if not may_be_asked(url, loopback=self._loopback):
                yield "its link is not https"
                return
            with self._results.stream("GET", url, headers=dict(headers)) as response:
                if response.status_code not in _GONE or not response.extensions["location"]:
                    yield response
                    return
                url = _joined(url, response.extensions["location"])
        yield "its host sends us from one place to the next"

    def _client(
        self, trust: ssl.SSLContext, limits: httpx.Limits, timeout: httpx.Timeout, headers: dict[str, str]
    ) -> httpx.Client:
        """Make a client that knows the key; with a transport of its own httpx looks for no proxy itself."""
        transport = httpx.HTTPTransport(
            verify=trust,
            limits=limits,
            proxy=proxy_for(self._base),
            socket_options=_KEEP_ALIVE,
        )
        return httpx.Client(
            transport=transport,
            headers=headers,
            timeout=timeout,
            cookies=_no_cookies(),
            event_hooks={"response": [_put_location_aside]},
        )


def limited(response: httpx.Response, limit: int) -> bytes:
    """Read a body, up to a limit: what is longer is cut, and then says nothing."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > limit:
            break
    return bytes(body[:limit])


def _answer(client: httpx.Client, request: httpx.Request) -> Answer:
    """Send one request and read its answer."""
    response = client.send(request, stream=True)
    try:
        body = limited(response, ANSWER_LIMIT)
        return Answer(status=response.status_code, headers=response.headers, body=body)
    finally:
        response.close()


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
