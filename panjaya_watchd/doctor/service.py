"""
The dubbing service: whether it can be reached, and whether it takes our key.

Asks once for the list of assets, which is free, changes nothing and needs the key. Nothing that it says of the account
is told, and never any of the key.
"""

import socket
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from panjaya_watchd.api import faults, pages
from panjaya_watchd.api.exchange import TROUBLE, Answer, Exchange, Timeouts
from panjaya_watchd.api.faults import Moment
from panjaya_watchd.api.origin import proxy_for
from panjaya_watchd.api.wire import ASSETS_PATH
from panjaya_watchd.core.names import display
from panjaya_watchd.doctor.clock import ahead_of
from panjaya_watchd.doctor.findings import Finding, ok, trouble, warning
from panjaya_watchd.run.clock import Clock

CHECK: Final = "service"
_TIMEOUTS: Final = Timeouts(connect=10, read=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What came of it; ``ahead`` is how far our clock is ahead of the service's, None where that is not known."""

    finding: Finding
    ahead: timedelta | None = None


def greet(base_url: str, key: str, clock: Clock, timeouts: Timeouts = _TIMEOUTS) -> Greeting:
    """Ask the service for its list of assets, with the key."""
    exchange = Exchange(base_url, key, timeouts=timeouts, tls=None)
    proxy = proxy_for(base_url)
    through = f" through the proxy {_host(proxy)}" if proxy else ""
    asked = clock.now()
    try:
        answer = exchange.read(base_url + ASSETS_PATH)
    except TROUBLE as error:
        return Greeting(finding=_unreached(base_url, error, key, through))
    finally:
        exchange.close()
    return Greeting(
        finding=_judge(base_url, answer, key, through), ahead=_ahead(answer, asked=asked, answered=clock.now())
    )


def _ahead(answer: Answer, *, asked: datetime, answered: datetime) -> timedelta | None:
    return ahead_of(answer.headers.get("date"), asked=asked, answered=answered)


def _judge(base_url: str, answer: Answer, key: str, through: str) -> Finding:
    status = answer.status
    if answer.success and pages.assets(answer.body) is not None:
        return ok(CHECK, f"{base_url} takes the key{through}.")
    said = faults.of_status(status, answer.headers, answer.body, moment=Moment.READING, secrets=[key]).words
    found = f"{base_url}{through}: {said}"
    if status == HTTPStatus.UNAUTHORIZED:
        return trouble(CHECK, found, "Ask Panjaya for a key that is valid, and put it where this one is.")
    if status in {HTTPStatus.FORBIDDEN, HTTPStatus.PAYMENT_REQUIRED}:
        return trouble(CHECK, found, "The key is known, but may not do this: ask Panjaya about the account.")
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return trouble(CHECK, found, "Put the proxy's user and password into HTTPS_PROXY of the service.")
    if 300 <= status < 400 or answer.success or status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
        return trouble(CHECK, found, f"Check base_url under [api]: the service itself is {_SERVICE}.")
    if status >= 500 or status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT}:
        return warning(CHECK, found, "Wait: uploads wait and are tried again by themselves.")
    return trouble(CHECK, found, "Look who answers at base_url under [api]: the service or a proxy on the way.")


_SERVICE: Final = "https://api.panjaya.ai"


def _unreached(base_url: str, error: Exception, key: str, through: str) -> Finding:
    said = faults.of_exception(error, moment=Moment.READING, secrets=[key]).words
    found = f"{base_url}{through}: {said}"
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        todo = (
            "Nobody can be sure who answers. Behind an inspecting proxy, put its certificate into a file that "
            "SSL_CERT_FILE of the service names; else check the clock and Debian's package ca-certificates."
        )
    elif any(isinstance(cause, socket.gaierror) for cause in causes):
        todo = "The name cannot be looked up: check base_url under [api] and the name servers of this host."
    elif any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        todo = "Nobody listens there: check base_url under [api], and HTTPS_PROXY if there is one."
    else:
        todo = "Check the line, the firewall and HTTPS_PROXY: curl -sv " + display(base_url)
    return trouble(CHECK, found, f"{todo} Uploads wait until then, and fail none.")


def _causes(error: BaseException | None) -> "list[BaseException]":
    """Give an error and what it came of."""
    causes: list[BaseException] = []
    while error is not None and error not in causes:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes


def _host(proxy: str) -> str:
    """Name a proxy without the password that may stand in its URL."""
    return display(proxy.rpartition("@")[2].rpartition("://")[2])
