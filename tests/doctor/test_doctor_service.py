"""The service and the clock under the doctor: the real client against a real server that says anything."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import trustme
from loopback import saying, serving

from panjaya_watchd.api.exchange import Timeouts
from panjaya_watchd.doctor import clock, service
from panjaya_watchd.doctor.findings import Level
from panjaya_watchd.doctor.service import Greeting
from panjaya_watchd.rehearsal.server import KEY, StudioServer
from panjaya_watchd.rehearsal.studio import Studio
from panjaya_watchd.run.clock import SystemClock

SECRET = "panjaya-abcdef0123456789"
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def greet(url: str, key: str = SECRET) -> Greeting:
    """Ask, with little patience."""
    return service.greet(url, key, SystemClock(), Timeouts(connect=2, read=2))


def test_the_studio_takes_its_key_and_no_other() -> None:
    """One request, which costs nothing."""
    with StudioServer(Studio(clock=lambda: datetime.now(UTC))) as studio:
        taken, refused = greet(studio.base_url, KEY), greet(studio.base_url)
        asked = [(seen.method, seen.path) for seen in studio.requests]
        bills = studio.studio.bills

    assert (taken.finding.level, refused.finding.level) == (Level.OK, Level.TROUBLE)
    assert "Ask Panjaya for a key" in str(refused.finding.todo)
    assert taken.ahead is None, "the studio sends no Date"
    assert asked == [("GET", "/v1/assets/")] * 2
    assert list(bills) == []


@pytest.mark.parametrize(
    ("status", "body", "level", "todo"),
    [
        (401, b'{"detail": "no such key panjaya-abcdef0123456789"}', Level.TROUBLE, "a key that is valid"),
        (403, b'{"detail": "no"}', Level.TROUBLE, "about the account"),
        (402, b"", Level.TROUBLE, "about the account"),
        (407, b"", Level.TROUBLE, "HTTPS_PROXY"),
        (302, b"", Level.TROUBLE, "Check base_url"),
        (404, b"", Level.TROUBLE, "Check base_url"),
        (200, b"<html>Welcome</html>", Level.TROUBLE, "Check base_url"),
        (418, b"", Level.TROUBLE, "who answers"),
        (429, b"", Level.WARNING, "Wait"),
        (503, b"", Level.WARNING, "Wait"),
        (200, b"[]", Level.OK, "None"),
    ],
)
def test_every_answer_has_its_advice(status: int, body: bytes, level: Level, todo: str) -> None:
    """A refusal of the key is told from a wrong address and from a busy service; the key is never shown."""
    with serving(saying(status, body, location="https://elsewhere.example/")) as server:
        found = greet(server.url).finding

    assert (found.check, found.level) == ("service", level)
    assert todo in str(found.todo)
    assert SECRET.removeprefix("panjaya-") not in f"{found}"
    assert server.visits[0].headers["authorization"] == f"Bearer {SECRET}"


def test_one_who_is_not_who_he_says() -> None:
    """A certificate that nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with serving(tls=context) as server:
        found = greet(server.url).finding

    assert found.level is Level.TROUBLE
    assert "SSL_CERT_FILE" in str(found.todo)


def test_nobody_there() -> None:
    """A port that is closed, and a server that says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        mute = service.greet(url, SECRET, SystemClock(), Timeouts(connect=2, read=0.05)).finding
    closed = greet(url).finding

    assert (mute.level, closed.level) == (Level.TROUBLE, Level.TROUBLE)
    assert "Nobody listens there" in str(closed.todo)
    assert "curl -sv" in str(mute.todo)


def test_a_name_that_nobody_knows() -> None:
    """It is the name servers that are to be looked at."""
    error = OSError("cannot connect")
    error.__cause__ = socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert "name servers" in str(service._unreached("https://api.panjaya.example", error, SECRET, "").todo)


def test_the_way_through_a_proxy_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has trouble with it must know that there is one."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:word@127.0.0.1:9")
    found = greet("https://api.panjaya.example").finding

    assert "through the proxy 127.0.0.1:9" in found.found
    assert "word" not in str(found)


@pytest.mark.parametrize(
    ("off", "level"), [(2, Level.OK), (60, Level.WARNING), (-60, Level.WARNING), (9000, Level.TROUBLE)]
)
def test_the_clock_is_held_against_the_services(off: int, level: Level) -> None:
    """By the ``Date`` of an answer, whatever else it says."""
    date = format_datetime(datetime.now(UTC) - timedelta(seconds=off), usegmt=True)
    with serving(saying(401, date=date)) as server:
        ahead = greet(server.url).ahead
    found = clock.judge(kept=True, ahead=ahead)

    assert found.level is level
    assert ("behind" in found.found) == (off < 0)
    assert ("ahead of" in found.found) == (off > 10)


def test_what_a_date_proves() -> None:
    """It was written between question and answer, and is cut to a whole second."""
    asked, answered = NOW, NOW + timedelta(seconds=3)

    def ahead(date: str | None) -> timedelta | None:
        return clock.ahead_of(date, asked=asked, answered=answered)

    assert ahead("Sun, 01 Mar 2026 12:00:02 GMT") == timedelta(0)
    assert ahead("Sun, 01 Mar 2026 11:59:59 GMT") == timedelta(0)
    assert ahead("Sun, 01 Mar 2026 11:59:49 GMT") == timedelta(seconds=10)
    assert ahead("Sun, 01 Mar 2026 12:00:13 GMT") == timedelta(seconds=-10)
    assert ahead("Sun, 01 Mar 2026 12:00:13 -0000") == timedelta(seconds=-10)
    assert [ahead(date) for date in (None, "", "yesterday")] == [None] * 3


def test_a_clock_that_nothing_keeps() -> None:
    """It is told, also where it happens to be right; where nobody may ask, nothing is claimed."""
    off = clock.judge(kept=False, ahead=timedelta(0))

    assert (off.level, "agrees" in off.found) == (Level.WARNING, True)
    assert clock.judge(kept=True, ahead=None).level is Level.OK
    assert "cannot be asked" in clock.judge(kept=None, ahead=None).found
    assert clock.synchronised() in {True, False}
