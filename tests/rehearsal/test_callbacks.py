"""Callbacks of the studio, over the wire: a real server posts, a real receiver reads them as the daemon would."""

import json
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest
from loopback import Loopback, Script, Visit, serving

from panjaya_watchd.rehearsal.records import Video
from panjaya_watchd.rehearsal.server import StudioServer
from panjaya_watchd.rehearsal.studio import Studio
from panjaya_watchd.web.signature import PublicKey

Ask = Callable[..., dict[str, Any]]
Open = Callable[..., Studio]
Serve = Callable[..., StudioServer]
Wait = Callable[[float], None]

LONG: Final = 20.0
WHOLE: Final = ["version_ready", "version_generating", "version_generated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Somebody who takes callbacks; ``url`` is the address of one claim."""

    server: Loopback
    visits: "queue.SimpleQueue[Visit]"

    @property
    def url(self) -> str:
        """Give an address with a claim in it."""
        return f"{self.server.url}/callback/c0ffee"

    def take(self, count: int) -> list[dict[str, Any]]:
        """Wait for so many callbacks; give their bodies."""
        return [json.loads(self.visits.get(timeout=LONG).body) for _ in range(count)]


Listen = Callable[..., Receiver]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Start a receiver that answers with a status."""
    with ExitStack() as servers:

        def listen(status: int = 204) -> Receiver:
            visits: queue.SimpleQueue[Visit] = queue.SimpleQueue()
            return Receiver(server=servers.enter_context(serving(keeping(visits, status))), visits=visits)

        yield listen


def keeping(visits: "queue.SimpleQueue[Visit]", status: int) -> Script:
    """Give a script that takes the whole request, keeps it and answers."""

    def script(visit: Visit) -> None:
        visit.take()
        visits.put(visit)  # before the answer, after which the next one may overtake us
        visit.answer(status)

    return script


def begin(studio: Studio, asked: dict[str, Any]) -> str:
    """Make an asset of a minute; its id."""
    return str(studio.create_asset(asked, Video.of(b"talk", duration=60.0))["asset_id"])


def test_an_asset_is_told_of_at_its_own_url(listen: Listen, serve: Serve, ask: Ask, wait: Wait) -> None:
    """One POST for each status update, with the documented fields, where the asset wanted it and nowhere else."""
    receiver, other, server = listen(), listen(), serve(callbacks=True)
    asset_id = begin(server.studio, ask("es-ES", callback_url=f"{receiver.url}?a=b"))
    begin(server.studio, ask("fr-FR", callback_url=other.url))
    begin(server.studio, ask("it-IT"))
    wait(100)
    version_id = server.studio.record(asset_id).versions[0].version_id

    assert receiver.take(3) == [
        {"event": event, "asset_id": asset_id, "version_id": version_id, "locale": "es-ES"} for event in WHOLE
    ]
    assert [told["locale"] for told in other.take(3)] == ["fr-FR"] * 3
    assert {(visit.method, visit.target) for visit in receiver.server.visits} == {("POST", "/callback/c0ffee?a=b")}


def test_a_failed_asset_has_no_version(listen: Listen, serve: Serve, ask: Ask, wait: Wait) -> None:
    """``version_id`` is null then, as documented."""
    receiver, server = listen(), serve(callbacks=True)
    server.studio.fail_next("empty_transcript")
    asset_id = begin(server.studio, ask("es-ES", callback_url=receiver.url))
    wait(100)

    assert receiver.take(1) == [{"event": "asset_failed", "asset_id": asset_id, "version_id": None, "locale": None}]


def test_nothing_is_told_before_it_happens(listen: Listen, serve: Serve, ask: Ask, wait: Wait) -> None:
    """An update is posted when the studio's own time has come."""
    receiver, server = listen(), serve(callbacks=True)
    begin(server.studio, ask("es-ES", callback_url=receiver.url))
    wait(3.1)
    first = receiver.take(1)
    wait(0.5)
    second = receiver.take(1)

    assert [told["event"] for told in first + second] == WHOLE[:2]
    assert receiver.visits.empty()


@pytest.mark.parametrize("form", ["raw", "der"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_every_spelling_of_the_signature_verifies(  # noqa: PLR0917  (fixtures)
    listen: Listen, serve: Serve, ask: Ask, wait: Wait, encoding: str, form: str
) -> None:
    """Over the raw body, under the studio's public key, in the spelling of the switches."""
    receiver = listen()
    server = serve(callbacks=True, signature_encoding=encoding, signature_form=form)
    begin(server.studio, ask("es-ES", callback_url=receiver.url))
    wait(100)
    visits = [receiver.visits.get(timeout=LONG) for _ in range(3)]
    key = PublicKey.of(server.studio.public_key.encode())
    signatures = [visit.headers["x-signature"] for visit in visits]

    assert all(key.signed(signature, visit.body) for signature, visit in zip(signatures, visits, strict=True))
    assert not key.signed(signatures[0], visits[0].body + b" ")
    assert {visit.headers["x-signature-algorithm"] for visit in visits} == {"ES256"}
    shortest, longest = {"raw": (64, 64), "der": (60, 72)}[form]
    assert all(
        shortest <= len(signature) / (2 if encoding == "hex" else 4 / 3) <= longest + 2 for signature in signatures
    )
    assert all(set(signature) <= set("0123456789abcdef") for signature in signatures) is (encoding == "hex")


def test_the_key_follows_from_the_seed(open_studio: Open) -> None:
    """The same seed has the same key, another seed another one."""
    keys = [open_studio(seed=seed).public_key for seed in (1, 1, 2)]

    assert keys[0] == keys[1] != keys[2]


def test_callbacks_may_come_twice(listen: Listen, serve: Serve, ask: Ask, wait: Wait) -> None:
    """Each of them, in the same words."""
    receiver, server = listen(), serve(callbacks=True, callback_fate="duplicated")
    begin(server.studio, ask("es-ES", callback_url=receiver.url))
    wait(100)

    assert [told["event"] for told in receiver.take(6)] == [event for event in WHOLE for _ in range(2)]


def test_callbacks_may_come_out_of_order(listen: Listen, serve: Serve, ask: Ask, wait: Wait) -> None:
    """That a version is ready is told after that it generates; in the end everything was told."""
    receiver, server = listen(), serve(callbacks=True, callback_fate="reordered")
    begin(server.studio, ask("es-ES", callback_url=receiver.url))
    wait(100)

    assert [told["event"] for told in receiver.take(3)] == [WHOLE[1], WHOLE[0], WHOLE[2]]


def test_callbacks_may_be_lost(listen: Listen, serve: Serve, ask: Ask, wait: Wait) -> None:
    """Every other one of a version never comes."""
    receiver, server = listen(), serve(callbacks=True, callback_fate="lost")
    begin(server.studio, ask("es-ES", callback_url=receiver.url))
    wait(100)

    assert [told["event"] for told in receiver.take(2)] == [WHOLE[0], WHOLE[2]]
    assert [event.event for event in server.studio.callbacks()] == [WHOLE[0], WHOLE[2]]


def test_the_names_of_fields_are_switches(listen: Listen, serve: Serve, ask: Ask, wait: Wait) -> None:
    """``version_locale`` for ``locale``, unknown fields, and keys that are absent instead of null."""
    receiver = listen()
    server = serve(callbacks=True, callback_locale="version_locale", extras=True, nulls="absent")
    begin(server.studio, ask("es-ES", callback_url=receiver.url))
    wait(100)
    told = receiver.take(1)[0]
    server.studio.fail_next("empty_transcript")
    begin(server.studio, ask("es-ES", callback_url=receiver.url))
    wait(100)

    assert set(told) == {"event", "asset_id", "version_id", "version_locale", "x_beta"}
    assert set(receiver.take(3)[-1]) == {"event", "asset_id", "x_beta"}


@pytest.mark.parametrize("status", [400, 500])
def test_no_answer_makes_it_repeat(listen: Listen, serve: Serve, ask: Ask, wait: Wait, status: int) -> None:
    """Sent once, whatever comes back; the answer is in the log."""
    receiver, server = listen(status), serve(callbacks=True)
    begin(server.studio, ask("es-ES", callback_url=receiver.url))
    wait(100)
    receiver.take(3)
    server.stop()

    assert [(posted.event.event, posted.url, posted.status) for posted in server.callbacks] == [
        (event, receiver.url, status) for event in WHOLE
    ]


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/callback/c0ffee",
        "http://dub.example/callback/c0ffee",
        "http://127.0.0.1.dub.example/callback/c0ffee",
        "http://127.0.0.1@192.0.2.1/callback/c0ffee",
        "https://127.0.0.1/callback/c0ffee",
        "http://127.0.0.1:99999/callback/c0ffee",
        "http://[::1/callback/c0ffee",
        "http://localhost:1/callback/c0ffee",
    ],
)
def test_no_callback_leaves_the_machine(listen: Listen, serve: Serve, ask: Ask, wait: Wait, url: str) -> None:
    """Another host is never spoken to, and neither it nor a port where nobody listens stops the rest."""
    receiver, server = listen(), serve(callbacks=True)
    begin(server.studio, ask("es-ES", callback_url=url))
    begin(server.studio, ask("es-ES", callback_url=receiver.url))
    wait(100)
    receiver.take(3)
    server.stop()
    posted = [posted.status for posted in server.callbacks if posted.url == url]

    assert posted == ([None] * 3 if "localhost" in url else [])


def test_by_default_there_are_none(listen: Listen, serve: Serve, ask: Ask, wait: Wait) -> None:
    """Only the switch makes the studio call anybody."""
    receiver, server = listen(), serve()
    begin(server.studio, ask("es-ES", callback_url=receiver.url))
    wait(100)
    server.stop()

    assert (len(server.studio.callbacks()), server.callbacks, receiver.visits.empty()) == (3, [], True)


def test_a_callback_may_overtake_the_answer(serve: Serve, connect: Callable[..., httpx.Client], ask: Ask) -> None:
    """By switch, who made an asset hears its id by a callback first; the answer comes when that was taken."""
    told: queue.SimpleQueue[Visit] = queue.SimpleQueue()
    taken = threading.Event()

    def hold(visit: Visit) -> None:
        visit.take()
        told.put(visit)
        assert taken.wait(LONG)
        visit.answer(204)

    server = serve(callbacks=True, callback_early=True, asset_after=0.0, ready_after=0.0)
    with serving(hold) as receiver, ThreadPoolExecutor() as pool:
        asked = ask("es-ES", media_url="https://cdn.example/a.mp4", callback_url=receiver.url, auto_generate="off")
        asking = pool.submit(connect(server).post, "/v1/assets/", json=asked)
        callback = json.loads(told.get(timeout=LONG).body)
        waited = not wait_for([asking], timeout=0.1).done
        taken.set()
        answer = asking.result(LONG)

    assert waited
    assert callback["asset_id"] == answer.json()["asset_id"]


def test_an_answer_waits_for_no_callback_that_nobody_wants(
    serve: Serve, connect: Callable[..., httpx.Client], ask: Ask
) -> None:
    """An asset without an address is answered for at once."""
    server = serve(callbacks=True, callback_early=True)
    asked = ask("es-ES", media_url="https://cdn.example/talk.mp4")

    assert connect(server).post("/v1/assets/", json=asked, timeout=5).status_code == 200
