"""The API key."""

import os
import traceback
from pathlib import Path

import pytest
from settings_host import Host

from panjaya_watchd.settings import Settings, SettingsFaults, read_key


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Give a machine of its own to each test."""
    return Host(root=tmp_path)


def _settings(host: Host, key: bytes | None = None, mode: int = 0o600) -> Settings:
    """Give settings, with a ``key_file`` where there is a key."""
    if key is None:
        return host.load(host.folder("a"))
    file = host.root / "key"
    file.write_bytes(key)
    file.chmod(mode)
    return host.load(f'api.key_file = "{file}"\n' + host.folder("a"))


def _credential(host: Host, key: str, mode: int = 0o440) -> dict[str, str]:
    """Give the environment that systemd makes for a service with a credential."""
    directory = host.root / "credentials"
    directory.mkdir()
    (directory / "panjaya-api-key").write_text(key)
    (directory / "panjaya-api-key").chmod(mode)
    return {"CREDENTIALS_DIRECTORY": str(directory)}


def test_the_credential_comes_before_the_file_and_the_file_before_the_environment(host: Host) -> None:
    """The more guarded place wins."""
    environ = {"PANJAYA_API_KEY": "three"}

    assert read_key(_settings(host), environ) == "panjaya-three"
    settings = _settings(host, b"two")
    assert read_key(settings, environ) == "panjaya-two"
    assert read_key(settings, environ | {"CREDENTIALS_DIRECTORY": str(host.root / "none")}) == "panjaya-two"
    assert read_key(settings, environ | _credential(host, "one")) == "panjaya-one"


@pytest.mark.parametrize("written", ["abc", "panjaya-abc", " abc\n", "\r\npanjaya-abc\r\n"])
def test_the_prefix_is_there_exactly_once(host: Host, written: str) -> None:
    """Whether a key is issued with its prefix is not known, so both forms are taken."""
    assert read_key(_settings(host, written.encode()), {}) == "panjaya-abc"


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600, 0o640, 0o660])
def test_a_file_for_a_group_is_fine(host: Host, mode: int) -> None:
    """Systemd 257 hands over a credential as 0440 with an ACL."""
    assert read_key(_settings(host, b"abc", mode), {}) == "panjaya-abc"


@pytest.mark.parametrize(
    ("key", "mode", "says"),
    [
        (b"SECRET", 0o644, "found a file that everybody on this machine can read, expected one with mode 0640 or 0600"),
        (b"SECRET", 0o604, "everybody"),
        (b"", 0o600, "found no key"),
        (b" \n", 0o600, "found no key"),
        (b"panjaya-", 0o600, "found no key"),
        (b"SECRET SECRET", 0o600, "found a key with spaces"),
        (b"SECRET\nSECRET", 0o600, "found a key with spaces"),
        (b"Bearer panjaya-SECRET", 0o600, "found a key with spaces"),
        (b"SECRET\xff", 0o600, "beyond ASCII"),
        ("SECRETé".encode(), 0o600, "beyond ASCII"),
        (b"\xef\xbb\xbfSECRET", 0o600, "beyond ASCII"),
        (b"SECRET\0", 0o600, "found a key with spaces, line breaks or characters beyond ASCII"),
        (b"SECRET" * 1000, 0o600, "found more than 4096 bytes"),
    ],
)
def test_a_file_without_a_usable_key_is_a_fault(host: Host, key: bytes, mode: int, says: str) -> None:
    """The fault names the file and never the key; the environment is not tried, it could be somebody else's."""
    settings = _settings(host, key, mode)
    with pytest.raises(SettingsFaults) as caught:
        read_key(settings, {"PANJAYA_API_KEY": "another"})
    told = "".join(traceback.format_exception(caught.value))

    assert str(caught.value).startswith(f"{host.root / 'key'}: API key: found ")
    assert says in str(caught.value)
    assert "SECRET" not in told + repr(caught.value) + repr(settings)


def test_no_key_at_all_is_a_fault_that_says_where_to_put_it(host: Host) -> None:
    """The hint names all three places."""
    with pytest.raises(SettingsFaults, match=r"^environment: PANJAYA_API_KEY: found no key") as caught:
        read_key(_settings(host), {})

    assert all(place in caught.value.hint for place in ("key_file", "panjaya-api-key", "PANJAYA_API_KEY"))


@pytest.mark.parametrize("kind", ["missing", "directory", "fifo"])
def test_what_is_no_file_is_a_fault_at_once(host: Host, kind: str) -> None:
    """A FIFO nobody writes to cannot stop the daemon, and a missing file is not passed over."""
    settings = _settings(host, b"abc")
    file = host.root / "key"
    file.unlink()
    if kind == "directory":
        file.mkdir()
    elif kind == "fifo":
        os.mkfifo(file, 0o600)

    with pytest.raises(SettingsFaults, match=r"(No such file|Is a directory|no regular file)"):
        read_key(settings, {"PANJAYA_API_KEY": "another"})


def test_a_faulty_credential_is_not_passed_over(host: Host) -> None:
    """An empty credential does not fall back to the file, which could bill another account."""
    with pytest.raises(SettingsFaults, match="credentials/panjaya-api-key: API key: found no key"):
        read_key(_settings(host, b"abc"), _credential(host, ""))
