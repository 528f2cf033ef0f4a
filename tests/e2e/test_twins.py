"""The same video again, under whatever name and whenever: it is paid for once, and every drop is answered."""

import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from machine import UPLOAD, Machine, files, otherwise, talk

from panjaya_watchd.rehearsal.results import FIRST_SENTENCE, examine
from panjaya_watchd.rehearsal.script import Scripted, When

Opener = Callable[..., Machine]
LANGUAGES = "POST /v1/assets/*/languages"
MORE = b'languages = ["es-ES", "fr-FR"]\n'


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine that the module's tests share; its studio lists no names, and what is new only much later."""
    folders: dict[str, dict[str, object]] = {"drop": {}, "other": {}}
    switches = {"names": False, "list_lag": 3600}
    home = tmp_path_factory.mktemp("twins") / "m"
    with Machine(home, switches=switches, api={"doubt_window": "1s"}, folders=folders) as machine:
        yield machine.start()


def receipt(done: Path) -> dict[str, Any]:
    """Read the receipt of an answer in done/."""
    assert done.parent.name == "done", (done / "WHY.txt").read_text()
    return tomllib.loads((done / f"{done.name}.receipt.toml").read_text())


def playable(done: Path, *locales: str) -> bool:
    """Say whether an answer has these results, each a whole video with sound."""
    results = [examine(done / f"{done.name}.{locale}.mp4") for locale in locales]
    return all(facts.has_audio and facts.duration == pytest.approx(FIRST_SENTENCE, abs=0.1) for facts in results)


def is_answered_for_nothing(done: Path, by: Path) -> bool:
    """Hold an answer against what is promised of one that cost nothing because ``by`` has it all."""
    said, why = receipt(done), (done / "WHY.txt").read_text()
    first = why.splitlines()[0]
    assert (said["charged_minutes"], said["builds_on"]) == (0, receipt(by)["claim"])
    assert "This very video was dubbed before, on 20" in first
    assert "so this time it cost nothing. The video in Spanish (Spain) is in this folder." in first
    assert f"Dubbed before: done/{by.name} in {receipt(by)['folder']}" in why
    return playable(done, "es-ES")


def ordered(machine: Machine) -> int:
    """Count the requests for further languages."""
    return sum(seen.method == "POST" and seen.path.endswith("/languages") for seen in machine.server.requests)


def test_two_at_once_are_one_bill(house: Machine) -> None:
    """Whichever goes first: the other waits for it and has the same results."""
    for stem in ("one", "two"):
        house.drop(f"{stem}.mp4", talk(1))
    answers = sorted((house.answer(stem) for stem in ("one", "two")), key=lambda done: "builds_on" in receipt(done))

    assert len(house.bills(talk(1))) == 1
    assert receipt(answers[0])["charged_minutes"] == 0.15
    assert is_answered_for_nothing(answers[1], by=answers[0])
    assert not (answers[0] / "WHY.txt").exists()


def test_three_names_and_two_folders_are_one_bill(house: Machine) -> None:
    """A copy that follows under another name, or in another watch folder, is answered from what is there."""
    house.drop("name.mp4", talk(2))
    first = house.answer("name")
    house.drop("another name.MP4", talk(2))
    house.drop("name.mp4", talk(2), folder="other")
    second, third = house.answer("another name"), house.answer("name", folder="other")

    assert len(house.bills(talk(2))) == 1
    for done, beside in ((second, third), (third, second)):
        by = first if receipt(done)["builds_on"] == receipt(first)["claim"] else beside
        assert is_answered_for_nothing(done, by=by)
    assert files(second)["another name.es-ES.mp4"] == files(first)["name.es-ES.mp4"]


def test_a_year_later_it_is_still_one_bill(open_machine: Opener) -> None:
    """The ledger forgets nothing: the same name and the same bytes are answered beside the old answer."""
    machine = open_machine().start()
    machine.drop("talk.mp4", talk())
    first = machine.answer("talk")
    machine.stop()
    machine.wrap = otherwise("days=365")
    machine.start()
    machine.drop("talk.mp4", talk())
    second = first.with_name("talk (2)")
    machine.until(second.is_dir, "the second answer")

    assert len(machine.bills()) == 1
    said = tomllib.loads((second / "talk.receipt.toml").read_text())
    assert (said["charged_minutes"], said["builds_on"]) == (0, receipt(first)["claim"])
    assert (said["filed_at"] - receipt(first)["filed_at"]).days == 365
    assert f"on {receipt(first)['filed_at']:%Y-%m-%d}" in (second / "WHY.txt").read_text()
    assert examine(second / "talk.es-ES.mp4").duration == pytest.approx(FIRST_SENTENCE, abs=0.1)


def test_results_that_were_moved_away_are_fetched_once_more(house: Machine) -> None:
    """Where the earlier results lie no longer, they are downloaded again, which is free."""
    house.drop("moved.mp4", talk(3))
    first = house.answer("moved")
    before = receipt(first)["claim"]
    (first / "moved.es-ES.mp4").rename(house.home / "mine.mp4")
    fetched = sum(seen.path.startswith("/results/") for seen in house.server.requests)
    house.drop("again.mp4", talk(3))
    second = house.answer("again")

    assert len(house.bills(talk(3))) == 1
    assert (receipt(second)["charged_minutes"], receipt(second)["builds_on"]) == (0, before)
    assert playable(second, "es-ES")
    assert sum(seen.path.startswith("/results/") for seen in house.server.requests) == fetched + 1


@pytest.mark.parametrize("lost", [None, "after_store", "after_body"])
def test_more_languages_are_bought_alone(house: Machine, lost: When | None) -> None:
    """Only what is missing is ordered, for the same asset; a lost answer is found, a lost request asked about."""
    name, video = f"more {lost}", talk(10 + len(str(lost)))
    house.drop("base.mp4" if lost is None else f"base {lost}.mp4", video)
    base = house.answer("base" if lost is None else f"base {lost}")
    before = ordered(house)
    if lost is not None:
        house.server.script(Scripted(on=LANGUAGES, do="cut", when=lost))
    house.drop(f"{name}.toml", MORE)
    house.drop(f"{name}.mp4", video)
    if lost == "after_body":
        held = house.held(name)
        assert (held["held_for"], len(house.bills(video))) == ("doubt", 1)
        assert house.say("retry", held["claim"]).returncode == 0
    done = house.answer(name)

    first, second = house.bills(video)
    assert (first.asset_id, first.by, first.locales) == (second.asset_id, "upload", ("es-ES",))
    assert (second.by, json.loads(second.request)) == ("languages", {"languages": [{"locale": "fr-FR"}]})
    assert ordered(house) == before + (2 if lost == "after_body" else 1)
    said = receipt(done)
    assert (said["charged_minutes"], said["builds_on"]) == (pytest.approx(second.minutes), receipt(base)["claim"])
    assert "so only French was paid for" in (done / "WHY.txt").read_text().splitlines()[0]
    assert playable(done, "es-ES", "fr-FR")


def test_other_settings_must_be_meant(house: Machine) -> None:
    """The same bytes with other settings are refused in words; moved back with ``force = true`` they are paid again."""
    house.drop("plain.mp4", talk(4))
    house.answer("plain")
    house.drop("other.toml", b"speakers_count = 2\n")
    house.drop("other.mp4", talk(4))
    failed = house.answer("other")

    why = (failed / "WHY.txt").read_text()
    assert (failed.parent.name, len(house.bills(talk(4)))) == ("failed", 1)
    assert "with other settings, and dubbing it again costs again" in why.splitlines()[0]
    assert "write the line force = true into a file beside the video" in why
    assert "Other settings: speakers_count" in why
    (failed / "other.toml").write_bytes(b"speakers_count = 2\nforce = true\n")
    for path in failed.iterdir():
        path.rename(house.home / "drop" / path.name)
    done = house.home / "drop" / "done" / "other"
    house.until(done.is_dir, "the forced answer")
    assert [json.loads(bill.request).get("speakers_count") for bill in house.bills(talk(4))] == [None, 2]
    assert (receipt(done)["charged_minutes"], "builds_on" in receipt(done)) == (0.15, False)


def test_a_failure_answers_nobody(house: Machine) -> None:
    """What failed is no answer: moved back from failed/ it starts afresh, and then it answers its copies."""
    house.studio.fail_next("empty_transcript")
    house.drop("silent.mp4", talk(5))
    failed = house.answer("silent")
    for path in failed.iterdir():
        path.rename(house.home / "drop" / path.name)
    done = house.home / "drop" / "done" / "silent"
    house.until(done.is_dir, "the second answer")
    house.drop("copy.mp4", talk(5))
    copy = house.answer("copy")

    assert (failed.parent.name, len(house.bills(talk(5)))) == ("failed", 2)
    assert receipt(done)["charged_minutes"] == 0.15
    assert is_answered_for_nothing(copy, by=done)


def test_a_copy_waits_for_what_is_in_doubt(house: Machine) -> None:
    """While a person is asked about the first, the second is not sent; ``adopt`` answers both; one bill."""
    house.server.script(Scripted(on=UPLOAD, do="cut", when="after_store"))
    house.drop("doubt.mp4", talk(6))
    held = house.held("doubt")
    uploads = house.uploads()
    house.drop("patient.mp4", talk(6))
    says = "patient waits for the same video: doubt in "
    house.until(lambda: house.noted(says), "STATUS.txt to say that it waits")

    waiting = house.under_way("claimed", "patient")
    assert waiting is not None
    assert waiting["awaits"] == held["claim"]
    assert f"waits for the same video: claim {held['claim']}" in house.say("why", "patient").stdout
    (bill,) = house.bills(talk(6))
    assert house.say("adopt", held["claim"], bill.asset_id).returncode == 0
    first, second = house.answer("doubt"), house.answer("patient")
    assert (house.bills(talk(6)), house.uploads()) == ([bill], uploads)
    assert is_answered_for_nothing(second, by=first)
