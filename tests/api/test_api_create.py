"""Creating an asset from a URL: one whole request, what every way of failing means for money, and the studio's bill."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from loopback import Script, Visit, saying, serving

from panjaya_watchd.api.panjaya import Panjaya
from panjaya_watchd.core.answers import Asset, Fault
from panjaya_watchd.core.names import Locale
from panjaya_watchd.core.order import AutoGenerate, Language, Order
from panjaya_watchd.rehearsal.script import Scripted
from panjaya_watchd.rehearsal.server import StudioServer
from panjaya_watchd.rehearsal.studio import Studio
from panjaya_watchd.rehearsal.switches import Switches

KEY = "panjaya-rehearsal"
SPANISH, FRENCH = Locale("es-ES"), Locale("fr-FR")
TEXT = "1\n00:00:01,000 --> 00:00:02,000\nDéjà vu …\n"
ORDER = Order(
    locale=Locale("en-US"),
    languages=(Language(locale=SPANISH), Language(locale=FRENCH, srt="talk.fr-FR.srt")),
    auto_generate=AutoGenerate.NO_LIPS,
    end_time=90.0,
    background_url="https://cdn.example/music.wav",
    media_url="https://cdn.example/talk.mp4?signature=a%2Fb",
)
ON = "POST /v1/assets/"


@contextmanager
def talking(**switches: Any) -> Iterator[tuple[Panjaya, StudioServer]]:
    """Give the real client and a studio to talk to."""
    studio = Studio(Switches(**switches), clock=lambda: datetime.now(UTC))
    with StudioServer(studio) as server, Panjaya(server.base_url, KEY) as panjaya:
        yield panjaya, server


def create(url: str, order: Order = ORDER) -> Asset | Fault:
    """Ask for Spanish and, with a text to speak, for French."""
    with Panjaya(url, KEY) as panjaya:
        return panjaya.create(order, {FRENCH: TEXT})


def test_an_asset_is_created_by_one_whole_request() -> None:
    """Method, path, key, length and body are exactly these."""
    with serving(saying(201, b'{"asset_id": "a1"}')) as server:
        answer = create(server.url)
    (visit,) = server.visits

    assert isinstance(answer, Asset)
    assert answer.asset_id == "a1"
    assert (visit.method, visit.target) == ("POST", "/v1/assets/")
    assert visit.headers["authorization"] == f"Bearer {KEY}"
    assert visit.headers["content-type"] == "application/json"
    assert "transfer-encoding" not in visit.headers
    assert visit.whole
    assert json.loads(visit.body) == {
        "locale": "en-US",
        "languages": [{"locale": "es-ES"}, {"locale": "fr-FR", "srt": TEXT}],
        "auto_generate": "no_lips",
        "end_time": 90,
        "background_url": "https://cdn.example/music.wav",
        "media_url": "https://cdn.example/talk.mp4?signature=a%2Fb",
    }


@pytest.mark.parametrize("code", [200, 201, 202])
def test_the_studio_makes_and_bills_what_was_ordered(code: int) -> None:
    """One asset, with the order's languages and texts; nothing that was sent means nothing to the service."""
    with talking(created_code=code) as (panjaya, server):
        answer = panjaya.create(ORDER, {FRENCH: TEXT})
        (record,) = server.studio.assets
        (bill,) = server.studio.bills

    assert isinstance(answer, Asset)
    assert answer.asset_id == record.asset_id
    assert [dubbing.locale for dubbing in answer.dubbings] == ["es-ES", "fr-FR"]
    assert record.request.languages == ((SPANISH, None), (FRENCH, TEXT))
    assert (record.request.media_url, record.request.end_time) == (ORDER.media_url, 90)
    assert record.ignored == []
    assert (bill.by, bill.locales) == ("media_url", ("es-ES", "fr-FR"))


@pytest.mark.parametrize(
    ("fault", "made"),
    [
        (Scripted(on=ON, do="cut", when="after_store"), 1),
        (Scripted(on=ON, do="cut", when="after_body"), 0),
        (Scripted(on=ON, do="cut"), 0),
        (Scripted(on=ON, do="truncate"), 1),
        (Scripted(on=ON, do="html", status=502, when="after_store"), 1),
        (Scripted(on=ON, do="status", status=500, when="after_body"), 0),
        (Scripted(on=ON, do="garbage", when="after_store"), 1),
        (Scripted(on=ON, do="redirect", headers={"Location": "/v1/assets/"}), 0),
    ],
    ids=lambda value: f"{value.do} {value.when}" if isinstance(value, Scripted) else "",
)
def test_what_does_not_prove_the_contrary_may_have_been_billed(fault: Scripted, made: int) -> None:
    """Whether it was billed cannot be told from here, so nothing is sent again, and nobody is told that it helps."""
    with talking() as (panjaya, server):
        server.script(fault)
        answer = panjaya.create(ORDER, {})

        assert isinstance(answer, Fault)
        assert (answer.money_may_have_moved, answer.repeat_helps) == (True, False)
        assert len(server.studio.bills) == made
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("ask", "switches", "words"),
    [
        (lambda panjaya: panjaya.create(replace(ORDER, media_url="ftp://x/y"), {}), {}, "media_url"),
        (lambda panjaya: panjaya.create(replace(ORDER, media_url="ftp://x/y"), {}), {"invalid_code": 422}, "media_url"),
        (lambda panjaya: panjaya.create(replace(ORDER, locale=Locale("xx-XX")), {}), {"error_body": "list"}, "locale"),
    ],
)
def test_what_the_service_refuses_was_not_billed(
    ask: Callable[[Panjaya], Asset | Fault], switches: dict[str, Any], words: str
) -> None:
    """Its own JSON proves it, and is what a person reads."""
    with talking(**switches) as (panjaya, server):
        answer = ask(panjaya)

        assert isinstance(answer, Fault)
        assert (answer.money_may_have_moved, answer.repeat_helps, answer.account) == (False, False, False)
        assert words in answer.words
        assert server.studio.bills == []


def cut_early(visit: Visit) -> None:
    """Reset before the body is read."""
    visit.cut()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (saying(401, b'{"detail": "No such key."}'), (False, True, True)),
        (saying(404, b'{"detail": "Not Found"}'), (False, True, True)),  # the router's: the address is wrong
        (saying(405, b'{"detail": "Method Not Allowed"}'), (False, True, True)),
        (saying(307, location="http://elsewhere.example/v1/assets/"), (True, False, True)),
        (saying(429, b'{"detail": "Slower."}'), (False, True, False)),
        (saying(408), (True, False, False)),
        (cut_early, (True, False, False)),
    ],
)
def test_whose_fault_it_is(script: Script, expected: tuple[bool, bool, bool]) -> None:
    """Money, whether a repeat helps, and the account; a redirect is not followed and keeps the key."""
    with serving(script) as server:
        answer = create(server.url)

    assert isinstance(answer, Fault)
    assert expected == (answer.money_may_have_moved, answer.repeat_helps, answer.account)
    assert len(server.visits) == 1


def test_what_never_reached_the_service_was_not_billed() -> None:
    """Nobody listens there: no connection, no request."""
    with serving() as server:
        pass
    answer = create(server.url)

    assert isinstance(answer, Fault)
    assert (answer.money_may_have_moved, answer.repeat_helps, answer.account) == (False, True, False)


@pytest.mark.parametrize("order", [replace(ORDER, media_url=None), replace(ORDER, background="talk.background.wav")])
def test_only_what_a_url_can_give_is_created(order: Order) -> None:
    """No request is made of an order that lacks the URL, or would silently lose its background track."""
    with serving() as server, pytest.raises(ValueError, match="media_url"):
        create(server.url, order)

    assert server.visits == []
