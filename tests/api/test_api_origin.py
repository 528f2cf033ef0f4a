"""Where the key may go, and in what form."""

import pytest

from panjaya_watchd.api.origin import credential, is_loopback, may_be_asked, origin, proxy_for
from panjaya_watchd.errors import SettingsError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://api.panjaya.ai", "https://api.panjaya.ai"),
        ("https://api.panjaya.ai/", "https://api.panjaya.ai"),
        ("https://host:8443/prefix/", "https://host:8443/prefix"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://[::1]:1", "http://[::1]:1"),
    ],
)
def test_a_good_url_is_taken_without_its_last_slash(given: str, expected: str) -> None:
    """The paths of the service are put behind it."""
    assert expected == origin(given)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "api.panjaya.ai",
        "http://api.panjaya.ai",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "ftp://127.0.0.1",
        "https://",
        "https://user:password@api.panjaya.ai",
        "https://api.panjaya.ai?x=1",
        "https://api.panjaya.ai:port",
        "https://[broken",
    ],
)
def test_a_url_that_would_show_the_key_is_refused(given: str) -> None:
    """Plain http leaves this host never, and nothing else belongs into a base URL."""
    with pytest.raises(SettingsError, match=r"expected an https:// URL"):
        origin(given)


def test_the_prefix_of_the_key_is_there_once() -> None:
    """Whether keys are issued with it is not documented, so both forms work, also with a line end."""
    assert credential("abc123\n") == "panjaya-abc123" == credential(" panjaya-abc123 ")


@pytest.mark.parametrize(
    "key", ["", "  \n", "panjaya-", "schl\u00fcssel-s3cr3t", "s3cr3t two", "s3cr3t\nline", "s3cr3t\x00"]
)
def test_an_unusable_key_is_refused_without_showing_it(key: str) -> None:
    """A header takes one printable line; the error says what is wrong and not what it was."""
    with pytest.raises(SettingsError) as caught:
        credential(key)

    assert "s3cr3t" not in str(caught.value)


def test_only_https_may_be_asked_beyond_loopback() -> None:
    """A result may come over plain http from this host only, and only where the service itself is here."""
    assert may_be_asked("https://cdn.example/v.mp4?sig=1", loopback=False)
    assert may_be_asked("http://127.0.0.1:1/v.mp4", loopback=True)
    assert not may_be_asked("http://127.0.0.1:1/v.mp4", loopback=False)
    assert not may_be_asked("http://cdn.example/v.mp4", loopback=True)
    assert not may_be_asked("file:///etc/passwd", loopback=True)
    assert is_loopback("http://127.9.9.9/")
    assert not is_loopback("https://cdn.example/127.0.0.1")


def test_proxies_come_from_the_environment_but_never_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator behind a proxy sets the usual variables; the rehearsal must work there too."""
    for name in (
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    assert proxy_for("https://api.panjaya.ai") is None
    monkeypatch.setenv("https_proxy", "proxy.lan:3128")
    monkeypatch.setenv("http_proxy", "http://proxy.lan:3128")
    monkeypatch.setenv("no_proxy", ".lan,other.example")

    assert proxy_for("https://api.panjaya.ai") == "http://proxy.lan:3128"
    assert proxy_for("https://other.example") is None
    assert proxy_for("http://127.0.0.1:1") is None
    assert proxy_for("https://localhost:1") is None
