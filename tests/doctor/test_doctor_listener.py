"""The listener under the doctor: who answers to a callback that nobody has signed."""

import socket
import ssl

import pytest
import trustme
from e2e.test_witness import free_port
from loopback import Script, saying, serving

from panjaya_watchd.doctor import listener
from panjaya_watchd.doctor.findings import Level

OURS = b"X-Signature: expected an ES256 signature of exactly this body."


def told(url: str) -> str:
    """Give HOST:PORT."""
    return url.partition("://")[2]


def test_ours_is_known_by_its_words() -> None:
    """The question carries no signature, and is about a claim that there never is."""
    with serving(saying(401, OURS)) as server:
        local, public = (
            listener.judge_local(told(server.url), running=True),
            listener.judge_public(f"{server.url}/x", running=True),
        )

    assert (local.level, public.level) == (Level.OK, Level.OK)
    assert [(seen.method, seen.target) for seen in server.visits] == [
        ("POST", "/callback/0"),
        ("POST", "/x/callback/0"),
    ]
    assert all("x-signature" not in seen.headers for seen in server.visits)


@pytest.mark.parametrize("script", [saying(200), saying(401, b"Log in first."), lambda visit: visit.cut()])
def test_somebody_else_at_our_address(script: Script) -> None:
    """Whatever he says: the daemon could not listen there."""
    with serving(script) as server:
        found = listener.judge_local(told(server.url), running=False)

    assert found.level is Level.TROUBLE
    assert "Somebody else than the daemon listens" in found.found
    assert "ss -ltnp" in str(found.todo)


def test_nobody_at_our_address() -> None:
    """That is as it should be while the daemon does not run, if it can listen there; else it is told."""
    listen = f"127.0.0.1:{free_port()}"
    found = [listener.judge_local(listen, running=False), listener.judge_local(listen, running=True)]
    with socket.socket() as reserved:  # nobody listens on it, and nobody else can
        reserved.bind(("127.0.0.1", 0))
        taken = f"127.0.0.1:{reserved.getsockname()[1]}"
        found.append(listener.judge_local(taken, running=False))

    assert [each.level for each in found] == [Level.OK, Level.TROUBLE, Level.TROUBLE]
    assert found[0].found.startswith(f"{listen} is free")
    assert "The daemon runs, but nobody listens" in found[1].found
    assert f"Nobody can listen at {taken}" in found[2].found


def test_every_address_of_this_host_is_asked_at_home() -> None:
    """What is listened at everywhere is reached at the loopback address."""
    with serving(saying(401, OURS)) as server:
        port = server.url.rpartition(":")[2]
        found = listener.judge_local(f"0.0.0.0:{port}", running=True)

    assert found.level is Level.OK


def test_a_public_address_that_leads_elsewhere() -> None:
    """Warnings only, because the service may see another network than this host does."""
    with serving(saying(502), saying(404), saying(401, b"Who are you?")) as server:
        found = [
            listener.judge_public(server.url, running=False),
            *(listener.judge_public(server.url, running=True) for _ in range(2)),
        ]
    found.append(listener.judge_public(f"http://127.0.0.1:{free_port()}", running=True))

    assert [each.level for each in found] == [Level.WARNING] * 4
    assert str(found[0].todo).startswith("Start the daemon")
    assert all("hand POST /callback/* on" in str(each.todo) for each in found[1:3])
    assert "cannot be reached from here" in found[3].found


def test_a_public_address_without_a_good_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service would not call there either; nor where there is no such name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with serving(tls=context) as server:
        untrusted = listener.judge_public(server.url, running=True)

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    nameless = listener.judge_public("https://dub.example", running=True)

    assert "Renew the certificate" in str(untrusted.todo)
    assert "a name that everybody can look up" in str(nameless.todo)
