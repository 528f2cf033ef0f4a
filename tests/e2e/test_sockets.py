"""The real daemon on sockets that were opened before it was there: it serves signed callbacks, and only there."""

import http.client
import json
import shutil
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from machine import Machine

HANDING: Final = Path(__file__).with_name("handing.py")
ACTIVATE: Final = "systemd-socket-activate"
BODY: Final = json.dumps({"event": "version_ready", "asset_id": "a1", "version_id": "v1"}).encode()
PATIENCE: Final = 20.0


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def opened(open_machine: Callable[..., Machine], home: Path, wrap: Sequence[str]) -> Machine:
    """Make a machine whose settings name an address that is not to be used, with the key of its studio."""
    key = home / "studio.pem"
    listen = f"127.0.0.1:{free_port()}"
    http = {"listen": listen, "public_url": "https://dub.example.com", "callback_key_file": str(key)}
    machine = open_machine(http=http, wrap=wrap)
    key.write_text(machine.studio.public_key, encoding="ascii")
    return machine


def call(machine: Machine, family: socket.AddressFamily, address: object) -> int:
    """Post what the studio has signed to a claim's address; give the status."""
    connection = http.client.HTTPConnection("us")
    with closing(connection), socket.socket(family) as speaker:
        speaker.settimeout(PATIENCE)
        speaker.connect(address)  # type: ignore[arg-type]
        connection.sock = speaker
        connection.request("POST", "/callback/c0ffee", BODY, {"X-Signature": machine.studio.seal.sign(BODY)})
        return connection.getresponse().status


def test_it_serves_the_sockets_that_it_inherits(open_machine: Callable[..., Machine], tmp_path: Path) -> None:
    """One of this machine's addresses and a Unix socket, as a web proxy would use it; nothing on the settings' own."""
    port, path = free_port(), str(tmp_path / "callbacks.sock")
    handing = [sys.executable, str(HANDING), f"tcp:127.0.0.1:{port}", f"unix:{path}", "--"]
    machine = opened(open_machine, tmp_path, handing).start()
    statuses = [
        call(machine, family, address)
        for family, address in ((socket.AF_INET, ("127.0.0.1", port)), (socket.AF_UNIX, path))
    ]
    (told,) = machine.story("socket.inherited")
    host, _, own = machine.listen.rpartition(":")

    assert statuses == [204, 204]
    assert told["sockets"] == [f"127.0.0.1:{port}", path]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(own)))


def test_what_is_no_listening_socket_ends_the_start_in_words(
    open_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    """Exit status 1 with a sentence: a daemon that seems to run, but cannot be called back, would be worse."""
    machine = opened(open_machine, tmp_path, ["sh", "-c", 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" 3</dev/null', "sh"])
    ended = machine.launch().wait(PATIENCE)

    assert ended == 1
    assert "File descriptor 3, handed over by the service manager: expected a socket" in machine.tail()
    assert "ListenStream=" in machine.tail()


@pytest.mark.skipif(shutil.which(ACTIVATE) is None, reason=f"needs Debian's systemd, for {ACTIVATE}")
def test_systemd_hands_over_what_it_listens_on(open_machine: Callable[..., Machine], tmp_path: Path) -> None:
    """The first call starts the daemon, and is answered by it."""
    address = f"127.0.0.1:{free_port()}"
    kept = ["--setenv=PYTHONPATH", "--setenv=PANJAYA_API_KEY"]
    machine = opened(open_machine, tmp_path, [ACTIVATE, f"--listen={address}", "--fdname=callbacks", *kept])
    machine.process = machine.launch()
    machine.until(lambda: f"Listening on {address}" in machine.tail(), "systemd to listen")
    host, _, port = address.rpartition(":")

    assert call(machine, socket.AF_INET, (host, int(port))) == 204
    assert machine.story("socket.inherited", sockets=[address])
    machine.until(lambda: machine.story("daemon.ready"), "the daemon to be ready")
