"""From a callback to the driver's inbox, as `build` wires it: on an address of our own, or on sockets handed over."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sealing import OURS, raw
from settings_host import Host
from structlog.testing import CapturingLogger

from panjaya_watchd import build
from panjaya_watchd.core.names import AssetId, ClaimId, Locale, VersionId
from panjaya_watchd.run.clock import SystemClock
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.messages import Called
from panjaya_watchd.settings import Settings

BODY: Final = json.dumps(
    {"event": "version_failed", "asset_id": "a1", "version_id": "v1", "version_locale": "es-ES"}
).encode()
CALLED: Final = Called(
    claim_id=ClaimId("c0ffee"),
    asset_id=AssetId("a1"),
    event="version_failed",
    version_id=VersionId("v1"),
    locale=Locale("es-ES"),
)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Give a machine whose callbacks are signed by our key."""
    pem = OURS.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(pem)
    return Host(root=tmp_path)


@pytest.fixture
def handed(tmp_path: Path) -> Iterator[list[socket.socket]]:
    """Listen on IPv4, IPv6 and a Unix socket, as a service manager would."""
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(tmp_path / "callbacks.sock"))
    unix.listen()
    with (
        socket.create_server(("127.0.0.1", 0)) as four,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as six,
        unix,
    ):
        yield [four, six, unix]


def settings(host: Host, listen: str, public_url: str = "https://dub.example.com") -> Settings:
    """Load a configuration."""
    key = host.root / "key.pem"
    table = f'[http]\nlisten = "{listen}"\npublic_url = "{public_url}"\ncallback_key_file = "{key}"\n'
    return host.load(host.folder("a") + table)


def post(family: socket.AddressFamily, address: object) -> int:
    """Post a signed callback to an address of any kind; give the status."""
    connection = http.client.HTTPConnection("us", timeout=10)
    with closing(connection), socket.socket(family) as speaker:
        speaker.settimeout(10)
        speaker.connect(address)  # type: ignore[arg-type]
        connection.sock = speaker
        connection.request("POST", "/callback/c0ffee", BODY, {"X-Signature": raw(BODY).hex()})
        return connection.getresponse().status


def test_the_driver_hears_everything_that_a_callback_tells(host: Host) -> None:
    """On the address of the settings."""
    inbox, log = Inbox(SystemClock()), CapturingLogger()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    web = build._web(settings(host, f"127.0.0.1:{port}"), inbox, log, [])
    assert web is not None
    web.start()
    status = post(socket.AF_INET, ("127.0.0.1", port))
    web.stop()

    assert (status, inbox.take(1), log.calls) == (204, CALLED, [])


def test_sockets_that_were_handed_over_are_all_served(host: Host, handed: list[socket.socket]) -> None:
    """In place of the settings' address, where somebody else may listen; it is told, and all are closed at the end."""
    inbox, log = Inbox(SystemClock()), CapturingLogger()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        web = build._web(settings(host, listen), inbox, log, handed)
        assert web is not None
        web.start()
        statuses = [post(each.family, each.getsockname()) for each in handed]
        web.stop()

    assert statuses == [204] * 3
    assert [inbox.take(1) for _ in handed] == [CALLED] * 3
    assert [each.fileno() for each in handed] == [-1] * 3
    (told,) = log.calls
    assert (told.args, told.kwargs["instead_of"]) == (("socket.inherited",), listen)
    assert told.kwargs["sockets"][2] == str(host.root / "callbacks.sock")


def test_sockets_without_callbacks_are_told_of_and_closed(host: Host, handed: list[socket.socket]) -> None:
    """Else who calls would wait for an answer for ever, and nobody would know why."""
    log = CapturingLogger()

    assert build._web(settings(host, "127.0.0.1:8765", ""), Inbox(SystemClock()), log, handed) is None
    assert [each.fileno() for each in handed] == [-1] * 3
    (told,) = log.calls
    assert (told.method_name, told.args) == ("warning", ("socket.ignored",))
    assert "public_url is not set" in told.kwargs["why"]
