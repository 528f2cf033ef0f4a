"""Poison: a drop that may be the reason of its own failures, or of the daemon's deaths, is held after three."""

from collections.abc import Callable
from functools import partial

import pytest
from machine import BIG, UPLOAD, Machine, files, otherwise, talk

from panjaya_watchd.rehearsal.script import Scripted

Opener = Callable[..., Machine]


def test_a_page_that_is_not_the_services_is_met_three_times(open_machine: Opener) -> None:
    """Strikes are remembered over restarts; then a person is asked, with the story; ``retry`` sends it; one bill."""
    machine = open_machine(folders={"drop": {"budget": {"minutes_per_day": 1}}, "other": {}}).start()
    video, pages = talk(size=BIG), [418, 451, 418]
    closed = {"Connection": "close"}  # else the rest of the video would be taken, past the gate
    machine.server.script(*(Scripted(on=UPLOAD, do="html", status=page, headers=closed) for page in pages))
    machine.drop("talk.mp4", video)
    for page in pages[:2]:
        machine.until(partial(machine.story, "fault.met", status=page), f"{page} to be met")
        machine.restart()  # which tries again at once instead of after a pause
    held = machine.held("talk")
    machine.drop("good.mp4", talk(1), folder="other")

    assert machine.answer("good", folder="other").parent.name == "done"
    assert (held["held_for"], machine.bills(video)) == ("poison", [])
    assert [line["status"] for line in machine.story("fault.met")] == pages
    told = machine.say("why", "talk")
    assert told.returncode == 4
    assert "could not be sent 3 times, and the reason may be the drop itself: Something on the way" in told.stdout
    assert "(418)" in told.stdout
    assert f"go on with it: panjaya-watchd retry {held['claim']}" in told.stdout
    machine.until(lambda: machine.noted("talk waits for the person who looks after this service"), "STATUS.txt to tell")
    assert machine.say("retry", held["claim"]).returncode == 0
    assert machine.answer("talk").parent.name == "done"
    (bill,) = machine.bills(video)
    assert machine.status()["budgets"][0]["minutes_today"] == pytest.approx(bill.minutes)


def test_the_daemon_dies_of_a_drop_three_times_at_most(open_machine: Opener) -> None:
    """Then that drop is held and everything else works; once the bug is mended, ``retry`` finishes it."""
    machine = open_machine()
    machine.wrap = otherwise("stumble=poison")
    machine.start()
    machine.drop("poison.mp4", talk(1))
    for death in (1, 2, 3):
        assert machine.process is not None
        assert machine.process.wait(40) == 1, machine.tail()
        assert machine.claims()[0].crashes == death
        machine.process = machine.launch()
    machine.until(machine.socket.exists, "the daemon to live")
    held = machine.held("poison")
    machine.drop("good.mp4", talk(2))

    assert machine.answer("good").parent.name == "done"
    assert "the service has died of it 3 times" in machine.say("why", "poison").stdout
    assert held["held_for"] == "poison"
    assert (machine.home / "drop" / "poison.mp4").read_bytes() == talk(1)
    machine.stop()
    machine.wrap = ()
    machine.start()
    assert machine.say("retry", held["claim"]).returncode == 0
    done = machine.answer("poison")
    assert set(files(done)) == {"poison.mp4", "poison.es-ES.mp4", "poison.receipt.toml"}
    assert [len(machine.bills(talk(number))) for number in (1, 2)] == [1, 1]
