"""An update over the former release with 50 claims open, in every state in which they may wait for long."""

from collections import Counter
from typing import Any

from machine import BIG, UPLOAD, digest, talk

from bench.hosts.host import Host, until
from bench.hosts.installing import DEBS, FORMER, install, installed, package
from bench.hosts.service import UNIT, Service
from panjaya_watchd.rehearsal.script import Scripted

LIFE = {"generate_after": 86_400.0, "result_expires": 86_400_000.0}
FOLDERS: dict[str, dict[str, Any]] = {
    "marketing": {},
    "archive": {"on_first_start": "hold"},
    "sales": {"budget": {"drops_per_day": 2}},
}
ALL = 50


class Former(Service):
    """The former release, which has no command yet to let it write in the watch folders."""

    def open_folders(self) -> None:
        """Do by hand what a later release has a command for."""
        self.override(ReadWritePaths="/srv")


def test_fifty_open_claims_go_on(release: str) -> None:
    """Nothing is billed twice, no file is lost, and all reach their end."""
    new = package(release)
    films = iter(range(ALL))
    videos: dict[str, dict[str, bytes]] = {folder: {} for folder in FOLDERS}

    def drop(folder: str, count: int, size: int = 0) -> None:
        for number in [next(films) for _ in range(count)]:
            stem = f"{folder}{number}"
            videos[folder][stem] = talk(number, size)
            service.put(f"{stem}.mp4", videos[folder][stem], folder)

    with (
        Host(*installed(release, FORMER), options=[f"--bind-ro={new.parent}:{DEBS}"]) as host,
        Former(host, folders=FOLDERS, switches=LIFE) as service,
    ):
        drop("archive", 10)
        service.start()
        host.run("systemctl", "enable", UNIT)
        until(lambda: _stand(service) == {"held": 10}, "what lay there to be held")
        drop("sales", 8)
        until(lambda: _stand(service) == {"held": 16, "dubbing": 2}, "two to be paid for, six to be held for money")
        service.server.script(Scripted(on=UPLOAD, do="cut", when="after_body", times=5))
        drop("marketing", 5)
        until(lambda: _stand(service) == {"held": 21, "dubbing": 2}, "five to be in doubt")
        drop("marketing", 15)
        until(lambda: _stand(service) == {"held": 21, "dubbing": 17}, "fifteen to be dubbed")
        service.slow(3600, on=UPLOAD, times=2)
        drop("marketing", 12, size=BIG)
        until(lambda: _stand(service) == {"held": 21, "dubbing": 17, "uploading": 12}, "twelve to wait for the line")

        former, process = host.run("dpkg-query", "--show", UNIT).stdout, service.pid
        install(host, new, offline=True)
        until(lambda: service.show("ActiveState") == "active" and service.pid not in {0, process}, "the new one to run")
        assert host.run("dpkg-query", "--show", UNIT).stdout != former
        assert sum(_stand(service).values()) == ALL
        service.open_folders()

        for claim in service.status()["claims"]:
            if claim["held"]:
                service.say("retry" if claim["held_for"] == "doubt" else "release", claim["claim"])
        every = {stem: (folder, video) for folder, own in videos.items() for stem, video in own.items()}
        until(lambda: len(service.bills()) == ALL, "all to be paid for", 120)
        service.later(2 * LIFE["generate_after"])
        for stem, (folder, video) in every.items():
            service.answered(stem, video, place=service.place(folder))
        assert Counter(bill.sha256 for bill in service.bills()) == {digest(video): 1 for _, video in every.values()}
        lying = Counter(digest(path.read_bytes()) for path in (host.root / "srv").rglob("*.mp4"))
        assert {lying[digest(video)] for _, video in every.values()} == {1}


def _stand(service: Service) -> Counter[str]:
    """Count the open claims by state."""
    return Counter(claim["state"] for claim in service.status()["claims"])
