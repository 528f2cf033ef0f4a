"""The main job, with the real daemon as a process: dropped, sent once, followed, filed, and answered."""

import json
import os
import tomllib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import pytest
from machine import KEY, LIFE, Machine, digest, files, talk

from panjaya_watchd.rehearsal.life import FAILURES
from panjaya_watchd.rehearsal.results import TALK, examine

Opener = Callable[..., Machine]

SAYS = {
    "invalid_input": "could not use the settings",
    "unsupported_media": "found no picture",
    "empty_transcript": "heard nobody speak",
    "missing_audio_track": "has no sound",
    "video_duration_limit_reached": "no dubbing minutes left",
    "video_size_limit_reached": "larger than the account allows",
    "time_out_of_range": "start or end time lies outside",
}


def test_a_talk_comes_back_dubbed(open_machine: Opener) -> None:
    """One bill for exactly what was ordered and exactly the bytes dropped; playable results; nothing else is left."""
    machine = open_machine(
        switches={**LIFE, "inspect": True},
        folders={"drop": {"languages": ["de-DE"], "lips_model": "real_face", "speakers_count": 3}},
    ).start()
    dropped = {path.name: path.read_bytes() for path in TALK.parent.glob("talk.*")}
    for name, content in dropped.items():
        machine.drop(name, content)
    done = machine.answer("talk")

    (bill,) = machine.bills()
    assert json.loads(bill.request) == {
        "locale": "en-US",
        "languages": [
            {"locale": "es-ES", "srt": dropped["talk.es-ES.srt"].decode()},
            {"locale": "fr-FR"},
        ],
        "auto_generate": "with_lips",
        "lips_model": "real_face",
        "speakers_count": 1,
    }
    assert (bill.sha256, bill.size) == (digest(dropped["talk.mp4"]), len(dropped["talk.mp4"]))
    assert [seen.fields for seen in machine.server.requests if seen.method == "POST"] == [("request", "video")]

    filed = files(done)
    results = {"talk.es-ES.mp4", "talk.fr-FR.mp4"}
    assert (done.parent.name, set(filed)) == ("done", {*dropped, *results, "talk.receipt.toml"})
    assert {name: filed[name] for name in dropped} == dropped
    assert len({digest(filed[name]) for name in (*results, "talk.mp4")}) == 3
    for locale in ("es-ES", "fr-FR"):
        assert examine(done / f"talk.{locale}.mp4").duration == pytest.approx(9.0, abs=0.1)
        with av.open(str(done / f"talk.{locale}.mp4")) as container:
            assert container.metadata["title"] == locale
            assert sum(1 for _ in container.decode(video=0)) == 225
    drop = machine.home / "drop"
    assert list((drop / "processing").glob("[!.]*")) == []
    assert {path.name for path in drop.iterdir()} == {"done", "processing", "STATUS.txt"}
    machine.until(lambda: machine.noted("answered"), "STATUS.txt to say that all is done")


def test_the_receipt_says_what_was_bought(open_machine: Opener) -> None:
    """Order, ids, times, digests and files are all in the receipt, and they are those of the studio and the disk."""
    machine = open_machine(folders={"drop": {"languages": ["es-ES", "fr-FR"]}}).start()
    video = talk()
    machine.drop("talk.mp4", video)
    done = machine.answer("talk")

    receipt = tomllib.loads((done / "talk.receipt.toml").read_text())
    (asset,) = machine.studio.assets
    (claim,) = machine.claims()
    said = {key: receipt[key] for key in ("claim", "folder", "parts", "size", "sha256", "asset_id", "attempts")}
    assert said == {
        "claim": claim.id,
        "folder": "drop",
        "parts": ["talk.mp4"],
        "size": len(video),
        "sha256": digest(video),
        "asset_id": asset.asset_id,
        "attempts": 1,
    }
    assert receipt["duration"] == pytest.approx(9.0, abs=0.05)
    assert receipt["estimated_minutes"] == pytest.approx(0.3, abs=0.002)
    assert receipt["taken_at"] <= receipt["sent_at"] <= receipt["accepted_at"] <= receipt["filed_at"]
    assert receipt["order"] == {
        "locale": "en-US",
        "languages": [{"locale": "es-ES"}, {"locale": "fr-FR"}],
        "auto_generate": "with_lips",
    }
    versions = {version.locale: version for version in asset.versions}
    for dubbing in receipt["dubbings"]:
        locale = dubbing["locale"]
        result = (done / f"talk.{locale}.mp4").read_bytes()
        assert (dubbing["version_id"], dubbing["dubbing_id"]) == (
            versions[locale].version_id,
            versions[locale].dubbing_id,
        )
        assert dubbing["studio_url"].endswith(versions[locale].version_id)
        assert (dubbing["file"], dubbing["size"], dubbing["sha256"]) == (
            f"talk.{locale}.mp4",
            len(result),
            digest(result),
        )


def test_the_log_and_the_ledger_tell_the_story_without_secrets(machine: Machine) -> None:
    """Each move is one line, one closed claim is kept, and neither key nor signed link is written down anywhere."""
    machine.drop("talk.mp4", talk())
    machine.answer("talk")
    machine.stop()

    moves = [(line["from"], line["to"]) for line in machine.story("claim.moved")]
    states = ["claimed", "uploading", "releasing", "dubbing", "filing", "closed"]
    assert moves == list(pairwise(states))
    (claim,) = machine.claims()
    assert (claim.state.value, claim.filed_as) == ("closed", "done/talk")
    for name, content in files(machine.home).items():
        assert KEY.removeprefix("panjaya-").encode() not in content, name
        assert b"signature=" not in content, name


def test_with_generation_off_the_answer_is_a_link(open_machine: Opener) -> None:
    """The drop ends in done/ when it can be edited, with the Studio link in the receipt and no result."""
    machine = open_machine(folders={"drop": {"auto_generate": "off"}}).start()
    machine.drop("talk.mp4", talk())
    done = machine.answer("talk")

    (dubbing,) = tomllib.loads((done / "talk.receipt.toml").read_text())["dubbings"]
    (asset,) = machine.studio.assets
    assert (done.parent.name, dubbing["status"]) == ("done", "ReadyToEdit")
    assert dubbing["studio_url"] == f"{machine.server.base_url}/studio/versions/{asset.versions[0].version_id}"
    assert set(files(done)) == {"talk.mp4", "talk.receipt.toml"}


def test_one_lost_language_does_not_lose_the_other(open_machine: Opener) -> None:
    """With one of two failed, the drop is in failed/ with the good result, and WHY.txt names the lost one."""
    machine = open_machine(folders={"drop": {"languages": ["es-ES", "fr-FR"]}}).start()
    machine.studio.fail_next_version("fr-FR", error="The speaker sings.")
    machine.drop("talk.mp4", talk())
    failed = machine.answer("talk")

    why = (failed / "WHY.txt").read_text()
    first, *rest = why.splitlines()
    assert (failed.parent.name, set(files(failed))) == (
        "failed",
        {"talk.mp4", "talk.es-ES.mp4", "talk.receipt.toml", "WHY.txt"},
    )
    assert "French" in first
    assert "did not work" in first
    assert "Spanish" in first
    assert any("The speaker sings." in line for line in rest)


@pytest.mark.parametrize("code", FAILURES)
def test_each_error_of_an_asset_is_a_plain_sentence(shared: Machine, code: str) -> None:
    """WHY.txt begins with a sentence for that code, says what to do, and quotes the API below."""
    shared.studio.fail_next(code)
    shared.drop(f"{code}.mp4", talk())
    failed = shared.answer(code)

    first, *rest = (failed / "WHY.txt").read_text().splitlines()
    assert failed.parent.name == "failed"
    assert SAYS[code] in first
    assert code not in first
    assert any(f"{code}: {FAILURES[code]}" in line for line in rest)
    assert (failed / f"{code}.mp4").read_bytes() == talk()


def test_a_drop_in_a_sub_folder_is_answered_in_its_mirror(open_machine: Opener) -> None:
    """With recursive folders, two videos of one name in two places stay apart."""
    machine = open_machine(folders={"drop": {"recursive": True}}).start()
    for season in (1, 2):
        machine.drop(f"season {season}/one.mp4", talk(season))
    for season in (1, 2):
        place = machine.home / "drop" / "done" / f"season {season}" / "one"
        machine.until((place / "one.receipt.toml").is_file, f"season {season}")

        assert (place / "one.mp4").read_bytes() == talk(season)
        assert (place / "one.es-ES.mp4").is_file()
    assert len(machine.bills()) == 2


def test_done_may_lie_on_another_device(open_machine: Opener, tmp_path: Path) -> None:
    """Across devices the drop is copied, compared and then removed; nothing half-copied is left on either side."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second device at /dev/shm")
    with TemporaryDirectory(dir=memory) as elsewhere:
        machine = open_machine(folders={"drop": {"done": elsewhere}}).start()
        machine.drop("talk.mp4", talk())
        done = Path(elsewhere) / "talk"
        machine.until(lambda: done.is_dir() and not machine.status()["claims"], "the answer on the other device")

        assert set(files(done)) == {"talk.mp4", "talk.es-ES.mp4", "talk.receipt.toml"}
        assert (done / "talk.mp4").read_bytes() == talk()
        assert [path.name for path in Path(elsewhere).iterdir()] == ["talk"]
        assert list((machine.home / "drop" / "processing").glob("[!.]*")) == []


def test_dragging_a_failed_drop_back_tries_again(machine: Machine) -> None:
    """Everything moved back from failed/, papers too, starts afresh and ends in done/."""
    machine.studio.fail_next("empty_transcript")
    machine.drop("talk.es-ES.srt", b"1\n00:00:00,000 --> 00:00:01,000\nHola.\n")
    machine.drop("talk.mp4", talk())
    failed = machine.answer("talk")
    for path in failed.iterdir():
        path.rename(machine.home / "drop" / path.name)
    done = machine.home / "drop" / "done" / "talk"
    machine.until(done.is_dir, "the second answer")

    assert (failed.parent.name, len(machine.bills())) == ("failed", 2)
    assert {"talk.mp4", "talk.es-ES.srt", "talk.es-ES.mp4", "talk.receipt.toml"} <= set(files(done))
    assert (done / "talk.mp4").read_bytes() == talk()


def test_our_own_result_is_not_dubbed_again(machine: Machine) -> None:
    """A result that somebody moves into the watch folder is refused without a bill, whatever it is called by then."""
    machine.drop("talk.mp4", talk())
    result = machine.answer("talk") / "talk.es-ES.mp4"
    if not any(name.startswith("user.panjaya") for name in os.listxattr(result)):
        pytest.skip("this file system keeps no extended attributes")
    result.rename(machine.home / "drop" / "new.mp4")
    failed = machine.answer("new")

    assert failed.parent.name == "failed"
    assert "one of our own dubbings" in (failed / "WHY.txt").read_text().splitlines()[0]
    assert len(machine.bills()) == 1
