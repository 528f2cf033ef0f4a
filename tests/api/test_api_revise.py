"""Revising a version: one whole request, what an answer proves, and what is left of the video in the studio."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from loopback import Script, Visit, saying, serving

from panjaya_watchd.api.panjaya import Panjaya
from panjaya_watchd.core.answers import Asset, Fault, Version
from panjaya_watchd.core.names import Locale, VersionId
from panjaya_watchd.core.order import AutoGenerate, Language, Order
from panjaya_watchd.rehearsal.script import Scripted
from panjaya_watchd.rehearsal.server import StudioServer
from panjaya_watchd.rehearsal.studio import Studio

KEY = "panjaya-rehearsal"
ORDER = Order(
    locale=Locale("en-US"),
    languages=(Language(locale=Locale("es-ES")),),
    auto_generate=AutoGenerate.WITH_LIPS,
    media_url="https://cdn.example/talk.mp4",
)
LINK = "https://studio.example/v/1"
DETAIL = b'{"detail": "So it is."}'


def revise(script: Script, version_id: str = "v1") -> str | Fault:
    """Revise a version at a server that does what the script says."""
    with serving(script) as server, Panjaya(server.url, KEY) as panjaya:
        answer = panjaya.revise(VersionId(version_id))

    assert len(server.visits) == 1
    return answer


@contextmanager
def talking() -> Iterator[tuple[Panjaya, StudioServer, VersionId]]:
    """Give the real client, a studio, and a version in it that was completed long ago."""
    times = [datetime(2026, 3, 1, tzinfo=UTC)]
    studio = Studio(clock=lambda: times[-1])
    with StudioServer(studio) as server, Panjaya(server.base_url, KEY) as panjaya:
        asset = panjaya.create(ORDER, {})
        assert isinstance(asset, Asset)
        times.append(times[-1] + timedelta(hours=1))
        yield panjaya, server, asset.dubbings[0].versions[0].version_id


@pytest.mark.parametrize("version_id", ["v1", "a/../b", "a b?c#d"])
def test_a_version_is_revised_by_one_whole_request(version_id: str) -> None:
    """Method, path, key and body are exactly these; the documented body has one optional field, so it is empty."""
    with serving(saying(200, b'{"studio_url": "%s"}' % LINK.encode())) as server, Panjaya(server.url, KEY) as panjaya:
        answer = panjaya.revise(VersionId(version_id))
    (visit,) = server.visits
    path = version_id.replace("/", "%2F").replace(" ", "%20").replace("?", "%3F").replace("#", "%23")

    assert answer == LINK
    assert (visit.method, visit.target) == ("PATCH", f"/v1/versions/{path}/revise")
    assert visit.headers["authorization"] == f"Bearer {KEY}"
    assert (visit.headers["content-type"], visit.body) == ("application/json", b"{}")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b'{"studio_url": null}'),
        (200, b"{}"),
        (200, b'{"studio_url": 7, "beta": true}'),
        (200, b'{"studio_url": "javascript:alert(1)"}'),
        (200, b"null"),
        (204, b""),
    ],
)
def test_an_answer_without_a_link_is_as_good(status: int, body: bytes) -> None:
    """The link is given only where it was asked for, and only a link that a browser may follow is one."""
    assert revise(saying(status, body)) == ""


def cut(visit: Visit) -> None:
    """Take the request and end with a reset."""
    visit.take()
    visit.cut()


@pytest.mark.parametrize(
    "script",
    [
        *(cut, saying(500, DETAIL), saying(502, b"<html>"), saying(404, b"<html>"), saying(408, DETAIL)),
        *(saying(200, b"<html>"), saying(200, b"[]"), saying(307, location="/v1/versions/v1/revise/")),
    ],
)
def test_what_may_be_done_is_not_asked_for_again(script: Script) -> None:
    """It is nobody's bill; but a repeat would remove what was generated since."""
    answer = revise(script)

    assert isinstance(answer, Fault)
    assert (answer.money_may_have_moved, answer.repeat_helps) == (False, False)


@pytest.mark.parametrize(
    ("status", "repeat_helps"), [(400, False), (404, False), (401, True), (403, True), (429, True)]
)
def test_a_refusal_is_told_in_the_services_words(status: int, repeat_helps: bool) -> None:  # noqa: FBT001
    """What was not done may be asked for again once its reason is gone."""
    answer = revise(saying(status, DETAIL))

    assert isinstance(answer, Fault)
    assert (answer.money_may_have_moved, answer.repeat_helps, answer.status) == (False, repeat_helps, status)
    assert answer.account == (status in {401, 403})
    assert "So it is." in answer.words


def test_the_studio_takes_the_video_away() -> None:
    """What was ``Completed`` is ``ReadyToEdit`` and has no result any more; the link is that of the version."""
    with talking() as (panjaya, _, version_id):
        before = panjaya.get_version(version_id)
        answer = panjaya.revise(version_id)
        after = panjaya.get_version(version_id)

    assert isinstance(before, Version)
    assert isinstance(after, Version)
    assert (before.status, before.result_url is None) == ("Completed", False)
    assert (after.status, after.result_url) == ("ReadyToEdit", None)
    assert answer in {"", after.studio_url}


def test_after_a_lost_answer_the_version_tells() -> None:
    """The answer is lost, the work is done: reading finds it, and nothing has to be asked for twice."""
    with talking() as (panjaya, server, version_id):
        server.script(Scripted(on="PATCH *", do="cut", when="after_store"))
        answer = panjaya.revise(version_id)
        after = panjaya.get_version(version_id)

    assert isinstance(answer, Fault)
    assert isinstance(after, Version)
    assert after.status == "ReadyToEdit"


def test_what_does_not_exist_is_not_revised() -> None:
    """The service says 404 in its own words."""
    with talking() as (panjaya, _, _version_id):
        answer = panjaya.revise(VersionId("nothing"))

    assert isinstance(answer, Fault)
    assert (answer.status, answer.repeat_helps) == (404, False)
