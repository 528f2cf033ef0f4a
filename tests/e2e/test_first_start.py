"""The first start on a full folder: what lies there is counted, priced, and waits for a word; nothing of it is sent."""

import tomllib
from collections.abc import Callable
from contextlib import closing
from functools import partial

import pytest
import tomli_w
from machine import Machine, otherwise, talk

from panjaya_watchd.core.names import FolderName
from panjaya_watchd.ledger.sql import read_only

Opener = Callable[..., Machine]
HOLD = {"drop": {"on_first_start": "hold"}}
OLD = {f"old{number}.mp4": talk(number) for number in range(6)}


def lying(machine: Machine) -> dict[str, bytes]:
    """Read what lies in the watch folder, but for our own note, which may be being written."""
    found = machine.home.joinpath("drop").rglob("[!.]*")
    return {path.name: path.read_bytes() for path in found if path.is_file() and path.name != "STATUS.txt"}


def has_told(machine: Machine, event: str, count: int) -> bool:
    """Say whether so many lines of the log tell of an event."""
    return len(machine.story(event)) >= count


def holds(machine: Machine, drops: int) -> Callable[[], bool]:
    """Say whether so many drops are held for the first start."""
    return lambda: machine.folder()["held_first"]["drops"] == drops


def was_told(machine: Machine) -> bool:
    """Say whether it is in the ledger that the sum was told; a daemon that dies before that tells it once more."""
    with closing(read_only(machine.url)) as ledger:
        baseline = ledger.baseline(FolderName("drop"))
    return baseline is not None and baseline.told


def test_what_lay_there_waits_for_a_word(open_machine: Opener) -> None:
    """It is counted and told once; what is dropped, changed or taken away then is treated as it should be."""
    machine = open_machine(folders=HOLD)
    before = {**OLD, "odd.mp4": talk(6), "odd.toml": b"voice = 1\n", "half.mp4": talk(7)[:5000], "half.mp4.part": b""}
    for name, content in before.items():
        machine.drop(name, content)
    machine.start()
    machine.until(holds(machine, 7), "the old drops to be held")

    assert (lying(machine), machine.server.requests) == (before, [])
    assert machine.folder()["held_first"]["estimated_minutes"] == pytest.approx(0.9)
    assert machine.story("folder.held") == []  # one of them is still being copied
    machine.until(lambda: "half.mp4.part lies beside it" in machine.waiting()["half.mp4"], "the copy to be seen")
    says = "7 videos lay here before the service came (0.90 minutes of dubbing); the person who looks after it has to"
    machine.until(lambda: machine.noted(says), "STATUS.txt to tell of them")
    (machine.home / "drop" / "half.mp4").write_bytes(talk(7))
    (machine.home / "drop" / "half.mp4.part").unlink()
    (told,) = machine.until(lambda: machine.story("folder.held"), "the sum to be told")
    assert {key: told[key] for key in ("level", "folder", "drops", "estimated_minutes", "of_unknown_length")} == {
        "level": "warning",
        "folder": "drop",
        "drops": 8,
        "estimated_minutes": pytest.approx(7 * 0.15),
        "of_unknown_length": 1,
    }

    machine.until(partial(was_told, machine), "that to be durable")
    machine.kill()
    machine.start()
    machine.drop("new.mp4", talk(8))
    assert machine.answer("new").parent.name == "done"
    assert machine.status()["counts"] == {"held": 8}
    taken = machine.home / "drop" / "old0.mp4"
    taken.rename(machine.home / taken.name)
    machine.until(holds(machine, 7), "the claim of what was taken away to end")
    unchanged = machine.held("old1")["claim"]
    machine.drop("old1.mp4", talk(9))
    machine.until(lambda: machine.held("old1")["claim"] != unchanged, "what was changed to be held anew")
    machine.restart()
    assert machine.folder()["held_first"]["drops"] == 7
    assert [bill.sha256 for bill in machine.bills()] == [bill.sha256 for bill in machine.bills(talk(8))]

    assert machine.say("release", machine.held("old2")["claim"]).returncode == 0
    assert machine.answer("old2").parent.name == "done"
    assert machine.folder()["held_first"]["drops"] == 6
    assert machine.say("release", "--all", "--folder", "nowhere").returncode == 1
    assert machine.say("release", "--all", "--folder", "drop").stdout == "Let go: 6.\n"
    for stem in ("old1", "old3", "old4", "old5", "half"):
        assert machine.answer(stem).parent.name == "done"
    assert machine.answer("odd").parent.name == "failed"
    assert [len(machine.bills(talk(number))) for number in range(10)] == [0, 0, 1, 1, 1, 1, 0, 1, 1, 1]
    assert len(machine.story("folder.held")) == 1


def test_the_sum_does_not_wait_for_ever_for_a_copy(open_machine: Opener) -> None:
    """After ten minutes the operator is told of what is whole by then, once."""
    machine = open_machine(folders=HOLD)
    for name in ("old.mp4", "half.mp4", "half.mp4.part"):
        machine.drop(name, talk(len(name)))
    machine.start()
    machine.until(holds(machine, 1), "the whole drop to be held")
    machine.stop()
    assert machine.story("folder.held") == []
    machine.wrap = otherwise("days=0.01")
    machine.start()

    machine.until(lambda: machine.story("folder.held", drops=1), "the sum to be told")
    machine.restart()
    assert machine.story("drop.claimed")[0]["held"] == "it lay in the folder before the service came to it"
    assert len(machine.story("folder.held")) == 1
    assert machine.server.requests == []


def test_deaths_in_the_first_look_make_nothing_new(open_machine: Opener) -> None:
    """Killed before and while it counts, the daemon still holds all six, each once, and tells their sum once."""
    machine = open_machine(folders=HOLD)
    for name, content in OLD.items():
        machine.drop(name, content)
    for lines in ({"daemon.starting": 1}, {"daemon.starting": 2, "drop.claimed": 1}, {"drop.claimed": 3}):
        machine.process = machine.launch()
        for event, count in lines.items():
            machine.until(partial(has_told, machine, event, count), f"{event} {count} times")
        machine.kill()
    machine.start()
    machine.until(holds(machine, 6), "all to be held")
    machine.until(lambda: machine.story("folder.held"), "the sum to be told")

    assert lying(machine) == OLD
    assert sorted(claim.drop.stem for claim in machine.claims()) == [f"old{number}" for number in range(6)]
    assert [line["drops"] for line in machine.story("folder.held")] == [6]
    assert machine.server.requests == []


def test_another_path_is_another_folder(open_machine: Opener) -> None:
    """Under the same name elsewhere, what lies there was never seen before, whatever it is called."""
    machine = open_machine(folders=HOLD)
    machine.drop("old.mp4", talk(1))
    machine.start()
    machine.until(lambda: machine.story("folder.held", drops=1), "the old drop to be held")
    machine.stop()
    for name, number in {"old.mp4": 2, "older.mp4": 3}.items():
        machine.drop(name, talk(number), folder="elsewhere")
    settings = tomllib.loads(machine.config.read_text())
    settings["folder"][0]["path"] = str(machine.home / "elsewhere")
    machine.config.write_text(tomli_w.dumps(settings))
    machine.start()
    machine.until(lambda: machine.story("folder.held", drops=2), "the others to be held")

    assert machine.folder()["held_first"]["drops"] == 2
    assert (machine.home / "drop" / "old.mp4").read_bytes() == talk(1)
    assert machine.server.requests == []
