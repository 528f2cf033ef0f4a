"""
Callbacks to the real daemon: a signed one on a claim's own URL proves which asset its upload has made.

Here the list shows no names and an answer is lost, so nothing else proves it: without the witness a person would be
asked.
"""

import http.client
import json
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from machine import UPLOAD, Machine, talk

from panjaya_watchd.rehearsal.script import Scripted


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def open_called(open_machine: Callable[..., Machine], tmp_path: Path) -> Callable[..., Machine]:
    """Make a machine whose studio calls back and shows no names, running."""

    def opened(window: str, **switches: object) -> Machine:
        listen, key = f"127.0.0.1:{free_port()}", tmp_path / "studio.pem"
        machine = open_machine(
            switches={"names": False, "callbacks": True, **switches},
            http={"listen": listen, "public_url": f"http://{listen}", "callback_key_file": str(key)},
            api={"doubt_window": window},
        )
        key.write_text(machine.studio.public_key, encoding="ascii")
        return machine.start()

    return opened


def test_a_witness_tells_whose_asset_it_is(open_called: Callable[..., Machine]) -> None:
    """The answer is lost after the studio has stored the video; its own callback brings the claim to its asset."""
    called, video = open_called("20s"), talk()
    called.server.script(Scripted(on=UPLOAD, do="cut", when="after_store"))
    called.drop("talk.mp4", video)
    answer = called.answer("talk")
    (claim,) = called.claims()

    assert answer.parent.name == "done"
    assert len(called.bills(video)) == 1
    assert called.uploads() == 1
    assert claim.witnessed == claim.asset_id == called.bills()[0].asset_id


def test_a_late_witness_frees_what_a_person_was_asked_about(open_called: Callable[..., Machine]) -> None:
    """The studio has nothing to tell for a while, so the claim is held; its first call is an answer."""
    called = open_called("1s", ready_after=5.0)
    called.server.script(Scripted(on=UPLOAD, do="cut", when="after_store"))
    called.drop("talk.mp4", talk())
    called.until(lambda: called.under_way("held", "talk"), "the doubt to be held")

    assert called.answer("talk").parent.name == "done"
    assert len(called.bills()) == 1
    assert called.uploads() == 1


def test_what_is_not_signed_changes_nothing(open_called: Callable[..., Machine]) -> None:
    """Anybody can knock; only the studio's key is believed."""
    called = open_called("20s")
    called.slow(2)
    called.drop("talk.mp4", talk())
    claim = called.until(lambda: called.under_way("releasing", "talk"), "the gate to be open")
    assert claim is not None
    url = urlsplit(f"http://{called.listen}/callback/{claim['claim']}")
    knock = http.client.HTTPConnection(str(url.hostname), int(url.port or 0), timeout=10)
    body = json.dumps({"event": "version_ready", "asset_id": "stranger"})
    knock.request("POST", url.path, body, {"X-Signature": "00" * 64})
    answered = knock.getresponse().status
    knock.close()

    assert answered == 401
    assert called.answer("talk").parent.name == "done"
    assert called.claims()[0].witnessed != "stranger"


def test_a_reload_opens_the_lane_again(machine: Machine) -> None:
    """A refused account waits an hour by itself; SIGHUP tries at once, and no drop has failed."""
    machine.server.script(Scripted(on="GET /v1/assets/", do="status", status=403))
    machine.drop("talk.mp4", talk())
    machine.until(lambda: machine.story("account.refused"), "the refusal")
    assert machine.process is not None
    machine.process.send_signal(signal.SIGHUP)

    assert machine.answer("talk").parent.name == "done"
    assert len(machine.bills()) == 1
