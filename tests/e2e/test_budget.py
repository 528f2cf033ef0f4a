"""Budgets, with the real daemon: what fits is sent, what does not waits in sight, and the sums are exact."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from machine import ASSETS, UPLOAD, Machine, files, otherwise, talk

from panjaya_watchd.rehearsal.records import Bill
from panjaya_watchd.rehearsal.script import Scripted

Opener = Callable[..., Machine]

ONE = 0.15
"""Minutes of the sample video in one language, by our probe and by the studio."""

PATIENCE = 150.0
"""Seconds for fifty drops; each is measured by a process of its own."""


def seconds(bills: Iterable[Bill]) -> float:
    """Sum up what the studio has billed."""
    return sum(bill.minutes for bill in bills) * 60


def spent(machine: Machine, folder: str | None = "drop") -> float:
    """Give the seconds that ``status --json`` says are used of a budget today; None: of that of all folders."""
    said = machine.say("status", "--json")
    assert said.returncode == 0, said.stderr
    (budget,) = [budget for budget in json.loads(said.stdout)["budgets"] if budget["folder"] == folder]
    assert budget["minutes_this_month"] == budget["minutes_today"]
    return float(budget["minutes_today"]) * 60


def test_fifty_drops_and_a_budget_for_seven(open_machine: Opener) -> None:
    """Exactly 7 are sent and 43 held, also after a restart; a word sends one, another the rest; 50 bills, no more."""
    folders = {"drop": {"budget": {"minutes_per_day": 7 * ONE}}}
    machine = open_machine(limits={"uploads": 8}, folders=folders).start()
    for number in range(50):
        machine.drop(f"talk{number:02}.mp4", talk(number))
    machine.until(lambda: machine.status()["counts"] == {"held": 43}, "43 to be held", PATIENCE, every=0.3)

    assert len(machine.bills()) == 7
    assert spent(machine) == pytest.approx(seconds(machine.bills())) == pytest.approx(63)
    held = {Path(claim["file"]).stem: claim for claim in machine.status()["claims"]}
    done = machine.home / "drop" / "done"
    assert {*held, *(path.name for path in done.iterdir())} == {f"talk{number:02}" for number in range(50)}
    assert {(claim["held_for"], claim["reserved_minutes"]) for claim in held.values()} == {("budget", None)}
    assert len(list((machine.home / "drop" / "processing").glob("[!.]*"))) == 43
    reserved = [line["minutes"] for line in machine.story("budget.reserved")]
    assert reserved == [ONE] * 7
    assert [line["estimated_minutes"] for line in machine.story("drop.claimed")] == [ONE] * 50
    why = "waits: the budget has no room for it: it takes 0.15 minutes; folder drop: not so much is left of 1.05"
    machine.until(lambda: machine.noted(f"{min(held)} {why} this day"), "STATUS.txt to say why they wait")
    told = machine.say("why", f"{min(held)}.mp4")
    assert told.returncode == 4
    assert why in told.stdout
    assert f"let it go: panjaya-watchd release {held[min(held)]['claim']}" in told.stdout

    uploads = machine.uploads()
    machine.restart()
    machine.drop("late.mp4", talk(50))
    late = machine.held("late")
    assert (machine.status()["counts"], machine.uploads(), spent(machine)) == ({"held": 44}, uploads, 63)
    assert machine.say("release", late["claim"], "--give-up").returncode == 0
    assert machine.answer("late").parent.name == "failed"

    first = min(held)
    assert machine.say("release", held[first]["claim"]).returncode == 0
    assert machine.answer(first).parent.name == "done"
    assert (machine.status()["counts"], len(machine.bills())) == ({"held": 42}, 8)
    assert machine.say("release", "--all").stdout == "Let go: 42.\n"
    machine.until(lambda: not machine.status()["claims"], "all to be done", PATIENCE, every=0.3)
    assert [len(machine.bills(talk(number))) for number in range(51)] == [1] * 50 + [0]
    assert spent(machine) == pytest.approx(seconds(machine.bills())) == pytest.approx(50 * 9)
    assert sum(line["minutes"] for line in machine.story("budget.reserved")) == pytest.approx(50 * ONE)
    assert machine.story("budget.returned") == []
    assert len(list(done.iterdir())) == 50


def test_every_limit_holds_with_a_reason_until_a_person_or_the_next_day(open_machine: Opener) -> None:
    """Of each folder and of all together; given up, its files are in failed/; on the next day it goes by itself."""
    machine = open_machine(
        limits={"budget": {"minutes_per_day": 2 * ONE}},
        folders={
            "one": {"budget": {"drops_per_day": 1}},
            "short": {"budget": {"max_minutes_per_video": 0.1}},
            "any": {},
        },
    ).start()
    machine.drop("long.mp4", talk(1), folder="short")
    machine.drop("first.mp4", talk(2), folder="one")
    machine.answer("first", folder="one")
    machine.drop("second.mp4", talk(3), folder="one")
    machine.drop("third.mp4", talk(4), folder="any")
    machine.answer("third", folder="any")
    machine.drop("fourth.mp4", talk(5), folder="any")
    machine.drop("fifth.mp4", talk(6), folder="any")

    reasons = {
        "long": "it takes 0.15 minutes; folder short: at most 0.1 for one video",
        "second": "folder one: all 1 drops of the day are used",
        "fourth": "it takes 0.15 minutes; all folders: not so much is left of 0.3 this day",
        "fifth": "it takes 0.15 minutes; all folders: not so much is left of 0.3 this day",
    }
    held = {stem: machine.held(stem) for stem in reasons}
    assert {stem: claim["held"] for stem, claim in held.items()} == {
        stem: f"the budget has no room for it: {why}" for stem, why in reasons.items()
    }
    assert spent(machine, None) == pytest.approx(seconds(machine.bills())) == pytest.approx(18)

    assert machine.say("release", held["fifth"]["claim"], "--give-up").returncode == 0
    failed = machine.answer("fifth", folder="any")
    assert set(files(failed)) == {"fifth.mp4", "WHY.txt"}
    assert reasons["fifth"] in (failed / "WHY.txt").read_text()

    machine.stop()
    machine.wrap = otherwise("days=1")
    machine.start()
    for stem, folder in {"second": "one", "fourth": "any"}.items():
        assert machine.answer(stem, folder=folder).parent.name == "done"
    assert machine.status()["counts"] == {"held": 1}
    assert machine.say("release", held["long"]["claim"]).returncode == 0
    assert machine.answer("long", folder="short").parent.name == "done"
    assert [len(machine.bills(talk(number))) for number in range(1, 7)] == [1, 1, 1, 1, 1, 0]


def test_what_was_not_spent_lets_the_next_one_go(open_machine: Opener) -> None:
    """What the service refused is given back to the budget, and what waited for that goes by itself."""
    machine = open_machine(folders={"drop": {"budget": {"minutes_per_day": ONE}}}).start()
    machine.slow(1.5, on=ASSETS)  # the first waits at its gate, with its reservation
    machine.server.script(Scripted(on=UPLOAD, do="status", status=400, when="after_body"))
    for number in (1, 2):
        machine.drop(f"talk{number}.mp4", talk(number))
    answers = [machine.answer(f"talk{number}") for number in (1, 2)]

    assert sorted(answer.parent.name for answer in answers) == ["done", "failed"]
    assert len(machine.story("claim.moved", held_for="budget")) == 1
    assert [line["minutes"] for line in machine.story("budget.returned")] == [ONE]
    assert [line["minutes"] for line in machine.story("budget.reserved")] == [ONE] * 2
    assert spent(machine) == pytest.approx(seconds(machine.bills())) == pytest.approx(9)


def test_a_budget_that_cannot_be_read_is_no_budget_without_limit(open_machine: Opener) -> None:
    """The daemon refuses to start, and names each line; nothing is looked at, moved or sent."""
    bad: dict[str, dict[str, object]] = {
        "words": {"minutes_per_day": "lots"},
        "zero": {"minutes_per_day": 0},
        "negative": {"minutes_per_month": -1},
        "half": {"drops_per_day": 1.5},
        "unknown": {"minutes_per_hour": 60},
        "empty": {},
    }
    machine = open_machine(
        limits={"budget": {"max_minutes_per_video": "ten"}}, folders={name: {"budget": bad[name]} for name in bad}
    )
    for name in bad:
        machine.drop("talk.mp4", talk(), folder=name)
    said = machine.say("run")

    lines = machine.config.read_text().splitlines()
    assert said.returncode == 78
    for key in ("minutes_per_day", "minutes_per_month", "drops_per_day", "minutes_per_hour", "max_minutes_per_video"):
        for number, line in enumerate(lines, start=1):
            if line.startswith(key):
                assert f"watchd.toml:{number}: " in said.stderr, line
    assert "empty budget" in said.stderr
    assert machine.server.requests == []
    assert all(set(files(machine.home / name)) == {"talk.mp4"} for name in bad)
