"""Start, sudden death, a hang, and the end, as systemd sees them; and what was paid for in between."""

import time

from machine import BIG, UPLOAD, talk

from bench.hosts.holding import main_thread_held
from bench.hosts.host import Host, until
from bench.hosts.service import Service

SLOW = {"generate_after": 6.0}
"""Seconds; long enough to do something to the service meanwhile."""


def test_started_means_that_every_folder_was_looked_at(host: Host) -> None:
    """What systemctl waits for is the first look, and what it shows afterwards is how things stand."""
    with Service(host, folders={"marketing": {}, "sales": {}}, switches=SLOW) as service:
        service.start()
        assert [folder["scanned_seconds_ago"] is not None for folder in service.status()["folders"]] == [True, True]
        assert service.show("StatusText") == "Watching 2 folders: nothing under way"

        service.drop("talk.mp4", talk(1))
        until(lambda: "1 dubbing" in service.show("StatusText"), "systemd to be told of the video")


def test_kill_is_followed_by_a_start_that_pays_nothing_twice(host: Host) -> None:
    """Killed with one video before its gate and one behind it: each is billed once, and answered."""
    videos = {"before": talk(1, BIG), "behind": talk(2)}
    with Service(host, switches=SLOW) as service:
        service.start()
        service.drop("behind.mp4", videos["behind"])
        until(lambda: service.bills(videos["behind"]), "the first to be paid for")
        service.slow(60, on=UPLOAD)
        service.drop("before.mp4", videos["before"])
        until(lambda: service.stands("before") == "uploading", "the other to be under way")
        assert service.stands("behind") == "dubbing"
        dead = service.pid
        service.kill("KILL")
        until(lambda: service.pid not in {0, dead}, "systemd to start it again")
        assert service.show("NRestarts") == "1"
        for stem, video in videos.items():
            service.answered(stem, video)


def test_a_driver_that_hangs_is_started_again(host: Host) -> None:
    """Its main thread stands still, all others go on: the watchdog bites, and what was under way is not lost."""
    with Service(host, unit={"WatchdogSec": "4"}, switches=SLOW) as service:
        service.start()
        service.drop("talk.mp4", talk(1))
        until(lambda: service.stands("talk") == "dubbing", "the video to be dubbed")
        hung = service.pid
        with main_thread_held(host.outer(hung)):
            until(lambda: service.pid not in {0, hung}, "systemd to start it again")
        assert any("Watchdog timeout" in entry["MESSAGE"] for entry in service.journal())
        service.answered("talk", talk(1))


def test_before_the_gate_it_stops_at_once(service: Service) -> None:
    """Nothing was made of what was sent; the next start sends it as a whole."""
    video = talk(1, BIG)
    service.start()
    service.slow(60, on=UPLOAD)
    service.drop("talk.mp4", video)
    until(lambda: service.sent("talk"), "bytes to be on their way")
    assert _stop(service) < 5
    assert service.bills() == []

    service.start()
    service.answered("talk", video)


def test_past_the_gate_it_hears_the_answer_before_it_stops(service: Service) -> None:
    """What may have been paid for has its seconds."""
    service.start()
    service.slow_answer(8, on=UPLOAD)
    service.drop("talk.mp4", talk(1))
    until(service.bills, "it to be paid for")
    assert 2 < _stop(service) < 20
    (moved,) = service.story("EVENT=claim.moved", "FROM=releasing")
    assert moved["TO"] == "dubbing"

    service.start()
    service.answered("talk", talk(1))


def _stop(service: Service) -> float:
    """Stop it in order; it must end well by itself. Gives the seconds."""
    began = time.monotonic()
    assert service.control("stop").returncode == 0
    took = time.monotonic() - began
    assert (service.show("Result"), service.show("ExecMainStatus")) == ("success", "0")
    assert not [entry["MESSAGE"] for entry in service.journal("_PID=1") if "SIGKILL" in entry["MESSAGE"]]
    return took
