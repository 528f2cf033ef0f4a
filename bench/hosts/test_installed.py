"""From a fresh Debian to a dubbed video: what an operator installs, and what people get back."""

import pytest
from machine import talk

from bench.hosts.service import KEY_FILE, Service
from bench.hosts.tree import RELEASES


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
def test_a_video_that_somebody_else_drops_comes_back(service: Service, release: str, *, encrypted: bool) -> None:
    """With the key as a credential, plain or encrypted; what lies in done/ is the dropper's to read and to delete."""
    host = service.host
    if encrypted:
        kept = f"{KEY_FILE}.encrypted"
        host.run("systemd-creds", "encrypt", "--with-key=host", "--name=panjaya-api-key", KEY_FILE, kept)
        (host.root / KEY_FILE.lstrip("/")).unlink()
        service.override(
            SupplementaryGroups="videos",
            LoadCredential="",
            LoadCredentialEncrypted=f"panjaya-api-key:{kept}",
        )
    service.start()
    assert f"systemd {RELEASES[release]}" in host.run("systemctl", "--version").stdout

    video = talk(1)
    service.drop("talk.mp4", video, person="anna")
    answer = service.answered("talk", video)

    inside = "/srv/marketing/done/talk"
    assert (answer / "talk.es-ES.mp4").stat().st_uid not in {0, (answer / "talk.mp4").stat().st_uid}
    for name in (
        f"{inside}/talk.es-ES.mp4",
        f"{inside}/talk.mp4",
        f"{inside}/talk.receipt.toml",
        "/srv/marketing/STATUS.txt",
    ):
        host.run("head", "--bytes=9", name, user="anna")
    host.run("rm", "--recursive", inside, user="anna")
    assert not answer.exists()
