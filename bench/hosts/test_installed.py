"""From a fresh Debian to a dubbed video: the package, the key in both ways, and what people get back."""

import re
from pathlib import Path

import pytest
from machine import talk

from bench.hosts.service import KEY_FILE, UNIT, Service
from bench.hosts.tree import RELEASES

EXAMPLE = Path("usr/share/doc/panjaya-watchd/examples/example.conf")
SEALED = "/etc/panjaya-watchd/api-key.cred"


def seal(service: Service) -> None:
    """Keep the key encrypted only, by the lines of the example for that."""
    host = service.host
    host.run("systemd-creds", "encrypt", "--name=panjaya-api-key", KEY_FILE, SEALED)
    (host.root / KEY_FILE.lstrip("/")).unlink()
    example = (host.root / EXAMPLE).read_text(encoding="utf-8")
    service.edit(
        re.sub(r"(?m)^#((?:AssertPathExists|LoadCredential|LoadCredentialEncrypted|ExecReload)=)", r"\1", example)
    )


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "encrypted"])
def test_a_video_that_somebody_else_drops_comes_back(service: Service, release: str, *, sealed: bool) -> None:
    """With the key as a credential, plain or encrypted; what lies in done/ is the dropper's to read and to delete."""
    host = service.host
    if sealed:
        seal(service)
    assert host.run("systemctl", "is-enabled", UNIT, check=False).stdout == "disabled\n"
    service.start()
    assert f"systemd {RELEASES[release]}" in host.run("systemctl", "--version").stdout

    video = talk(1)
    service.drop("talk.mp4", video, person="anna")
    answer = service.answered("talk", video)

    inside = "/srv/marketing/done/talk"
    assert (answer / "talk.es-ES.mp4").stat().st_uid not in {0, (answer / "talk.mp4").stat().st_uid}
    for name in ("talk.es-ES.mp4", "talk.mp4", "talk.receipt.toml", "../../STATUS.txt"):
        host.run("head", "--bytes=9", f"{inside}/{name}", user="anna")
    host.run("rm", "--recursive", inside, user="anna")
    assert not answer.exists()
