"""A share whose server is gone: its folder is told to be unusable, the other one goes on, nobody restarts anything."""

import time
from collections.abc import Iterator

import pytest
from machine import talk

from bench.hosts.host import Host, until
from bench.hosts.installing import with_bindfs
from bench.hosts.service import Service
from panjaya_watchd.run.daemon import FIRST_LOOK

SHARE = "/srv/share"
REAL = "mnt/share"
"""What it shows, below the host's root."""
AT_ONCE = 4.0
"""Seconds; a share that is looked at is waited for longer."""
CACHED = 2.0
"""Seconds for which the kernel may answer for a server on FUSE, and a little more."""
SILENT = 120.0
"""Seconds within which the folder must be told to be unusable."""


@pytest.fixture
def service(release: str) -> Iterator[Service]:
    """Give the service with one watch folder on a disk and one on FUSE, whose server is the unit ``server``."""
    folders = {"marketing": {}, "share": {"quiet": "1s"}}
    with Host(*with_bindfs(release), options=["--bind=/dev/fuse"]) as host:
        host.run("mkdir", "--mode=755", "/mnt/share", SHARE)
        host.run("systemd-run", "--unit=server", "bindfs", "-f", "-o", "allow_other", "/mnt/share", SHARE)
        until(lambda: host.run("findmnt", SHARE, check=False).returncode == 0, "the share to be mounted")
        # Shorter than the service's own patience with the share: what hangs there must not keep the pulse from beating.
        with Service(host, folders=folders, unit={"WatchdogSec": "5"}) as service:
            yield service


def test_a_share_that_hangs_holds_up_itself_alone(service: Service) -> None:
    """Until its server answers again; then all that was dropped there meanwhile is dubbed."""
    host = service.host
    service.start()
    service.drop("talk0.mp4", talk(0), folder="share")
    service.answered("talk0", talk(0), place=host.root / REAL)
    process = service.pid

    host.run("systemctl", "kill", "--signal=STOP", "server")
    service.drop("talk1.mp4", talk(1))
    service.answered("talk1", talk(1))
    began = time.monotonic()
    service.status()
    assert time.monotonic() - began < AT_ONCE
    until(lambda: service.folder("share")["trouble"], "the share to be told unusable", SILENT)
    assert "has not answered" in service.folder("share")["trouble"]
    until(lambda: service.show("StatusText").endswith("; unusable: share"), "systemd to be told")
    assert [entry["PRIORITY"] for entry in service.story("FOLDER=share", "EVENT=folder.refused")] == ["3"]
    service.drop("talk2.mp4", talk(2))
    service.answered("talk2", talk(2))

    host.run("systemctl", "kill", "--signal=CONT", "server")
    service.drop("talk3.mp4", talk(3), folder="share")
    service.answered("talk3", talk(3), place=host.root / REAL)
    assert service.folder("share")["trouble"] is None
    until(lambda: service.show("StatusText") == "Watching 2 folders: nothing under way", "systemd to be told")
    assert (service.pid, service.show("NRestarts")) == (process, "0")


def test_a_start_does_not_wait_for_a_share_that_hangs(service: Service) -> None:
    """It begins without that folder, which joins when its server answers; it ends at once as well."""
    host = service.host
    service.start()
    # Whoever waits for a request that the server has taken in cannot be killed (request_wait_answer in the kernel). So
    # it is stopped while it has none, and asked when the kernel does not answer in its place any more.
    until((host.root / REAL / "STATUS.txt").exists, "the first look to be over")
    time.sleep(CACHED)
    host.run("systemctl", "kill", "--signal=STOP", "server")
    time.sleep(CACHED)
    began = time.monotonic()
    assert service.control("restart").returncode == 0
    assert time.monotonic() - began > FIRST_LOOK
    assert service.show("StatusText") == "Watching 2 folders: nothing under way; not seen yet: share"
    service.drop("talk1.mp4", talk(1))
    service.answered("talk1", talk(1))
    assert service.control("restart").returncode == 0
    assert service.show("Result") == "success"
    assert not [entry["MESSAGE"] for entry in service.journal("_PID=1") if "SIGKILL" in entry["MESSAGE"]]

    host.run("systemctl", "kill", "--signal=CONT", "server")
    service.drop("talk2.mp4", talk(2), folder="share")
    service.answered("talk2", talk(2), place=host.root / REAL)
