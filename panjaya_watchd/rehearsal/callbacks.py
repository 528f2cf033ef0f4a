"""
Callbacks: a thread that posts every status update to the address its asset was given, signed.

Each is sent once and its answer only noted: whether the service repeats one is not documented, and a receiver that
needs a repetition should be found out. It speaks to this machine and to nobody else: the rehearsal never leaves it.
"""

import contextlib
import json
import threading
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from panjaya_watchd.rehearsal.records import Event
from panjaya_watchd.rehearsal.shapes import callback_shape
from panjaya_watchd.rehearsal.studio import Studio

_PACE: Final = 0.05
"""Seconds between two looks."""

_PATIENCE: Final = 2.0
"""Seconds that a receiver may take; whoever is slower has answered nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One callback that left: what it told, to which URL; ``status`` is None where there was no answer."""

    event: Event
    url: str
    status: int | None


class Callbacks:
    """Posts a studio's callbacks between ``start`` and ``stop``; ``log`` grows with every one."""

    def __init__(self, studio: Studio) -> None:
        self.log: list[Posted] = []
        self._studio = studio
        self._told: set[Event] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rehearsal-callbacks", daemon=True)

    def start(self) -> None:
        """Begin to post; the studio's switches decide whether anything is."""
        if self._studio.switches.callbacks:
            self._thread.start()

    def stop(self) -> None:
        """Post no more; may be called again."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(_PACE):
            for event in self._studio.callbacks():
                if event not in self._told and not self._end.is_set():
                    self._told.add(event)
                    self._tell(event)

    def _tell(self, event: Event) -> None:
        url = self._studio.record(event.asset_id).request.callback_url
        here = None if url is None else _here(url)
        if url is None or here is None:
            return
        for _ in range(2 if self._studio.switches.callback_fate == "duplicated" else 1):
            self.log.append(Posted(event=event, url=url, status=self._post(event, here)))

    def _post(self, event: Event, url: SplitResult) -> int | None:
        body = json.dumps(callback_shape(event, self._studio.switches)).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Signature": self._studio.seal.sign(body),
            "X-Signature-Algorithm": "ES256",
        }
        target = url._replace(scheme="", netloc="", fragment="").geturl() or "/"
        connection = HTTPConnection(url.hostname or "", url.port, timeout=_PATIENCE)
        with contextlib.closing(connection), contextlib.suppress(OSError, HTTPException, ValueError):
            connection.request("POST", target, body, headers)
            return connection.getresponse().status
        return None


def _here(url: str) -> SplitResult | None:
    """Take apart a URL that leads to this machine by plain HTTP; None for any other."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        return parts if parts.scheme == "http" and (host == "localhost" or ip_address(host).is_loopback) else None
    except ValueError:  # no URL, no port, or a name that may lead anywhere
        return None
