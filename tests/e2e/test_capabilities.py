"""
What the service can do, as the README's table has it: each row through the real daemon and HTTP, to the exact request.

What is asserted is what the studio received: the JSON as it came, the parts of the form, path and method.
"""

import json
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from e2e.test_witness import free_port
from machine import Machine, digest, files, talk

from panjaya_watchd.rehearsal.records import Bill

SRT = "1\n00:00:01,000 --> 00:00:02,000\nHola, señor «Müller».\n"
WEB = "https://cdn.example/talks/interview.mp4?token=a%20b"
MUSIC = b"RIFF music and effects " * 100
CREATE = "POST /v1/assets/"

FOLDERS: dict[str, dict[str, Any]] = {
    "drop": {"speakers_count": 2, "lips_model": "real_face_turbo"},
    "open": {"auto_generate": "no_lips", "sidecar_may": ["callback_url", "media_url", "background", "lips_model"]},
    "edit": {"auto_generate": "off", "follow": True},
}
DROPS: dict[str, dict[str, bytes]] = {
    "drop": {
        "plain.mp4": talk(1),
        "all.mp4": talk(2),
        "all.toml": b'locale = "fr-FR"\nspeakers_count = 3\nauto_generate = "no_lips"\nlips_model = "real_face"\n'
        b'start_time = "00:01"\nend_time = 5.25\n'
        b'languages = [{ locale = "es-ES", srt = "all.srt" }, "de-DE", "pt-BR"]\n',
        "all.pt-BR.srt": SRT.encode("utf-16"),
        "all.srt": SRT.encode(),
        "sound.mp4": talk(3),
        "sound.background.wav": MUSIC,
        "web.toml": f'media_url = "{WEB}"\nend_time = 8\nbackground_url = "https://cdn.example/music.wav"\n'.encode(),
        "web.es-ES.srt": SRT.encode(),
    },
    "open": {
        "called.mp4": talk(4),
        "called.toml": b'callback_url = "https://partner.example/hook"\nlips_model = "real_face"\n',
    },
    "edit": {"edited.mp4": talk(5)},
}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine with callbacks, into which everything was dropped at once."""
    home, listen = tmp_path_factory.mktemp("town"), f"127.0.0.1:{free_port()}"
    key = home / "studio.pem"
    http = {"listen": listen, "public_url": f"http://{listen}", "callback_key_file": str(key)}
    with ExitStack() as opened:
        machine = opened.enter_context(
            Machine(home / "m", switches={"callbacks": True, "callback_early": True}, http=http, folders=FOLDERS)
        )
        key.write_text(machine.studio.public_key, encoding="ascii")
        for folder, drops in DROPS.items():
            for name, content in drops.items():
                machine.drop(name, content, folder=folder)
        yield machine.start()


def bill_of(machine: Machine, stem: str, folder: str = "drop") -> tuple[Bill, Path]:
    """Wait for the answer to a drop; give the bill of its asset and the folder of the answer."""
    done = machine.answer(stem, folder=folder)
    said = receipt(done)
    (bill,) = [bill for bill in machine.bills() if bill.asset_id == said["asset_id"] and bill.by != "languages"]
    return bill, done


def receipt(done: Path, number: str = "") -> dict[str, Any]:
    """Read the receipt of an answer in done/."""
    assert done.parent.name == "done", (done / "WHY.txt").read_text()
    return tomllib.loads((done / f"{done.name}.receipt{number}.toml").read_text())


def asked(bill: Bill) -> Any:
    """Give the JSON that the studio received, without the address of the claim's own callbacks."""
    said = json.loads(bill.request)
    assert said.pop("callback_url").startswith("http://127.0.0.1:")
    return said


def requests(machine: Machine, what: str) -> int:
    """Count the requests of one method and path."""
    return sum(f"{seen.method} {seen.path}" == what for seen in machine.server.requests)


def test_upload(town: Machine) -> None:
    """A file, with what its folder orders: everything explicit, nothing that was not asked for."""
    bill, done = bill_of(town, "plain")

    assert asked(bill) == {
        "locale": "en-US",
        "languages": [{"locale": "es-ES"}],
        "auto_generate": "with_lips",
        "lips_model": "real_face_turbo",
        "speakers_count": 2,
    }
    (upload,) = [seen for seen in town.server.requests if seen.path.endswith("/upload") and seen.status == 200][:1]
    assert upload.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert bill.sha256 == digest(talk(1))
    assert (done / "plain.es-ES.mp4").stat().st_size > 1000


def test_every_parameter(town: Machine) -> None:
    """Whatever a TOML beside the video says replaces what the folder says; subtitles travel as text."""
    bill, _ = bill_of(town, "all")

    assert asked(bill) == {
        "locale": "fr-FR",
        "languages": [
            {"locale": "es-ES", "srt": SRT},
            {"locale": "de-DE"},
            {"locale": "pt-BR", "srt": SRT},
        ],
        "auto_generate": "no_lips",
        "lips_model": "real_face",
        "speakers_count": 3,
        "start_time": 1,
        "end_time": 5.25,
    }


def test_from_the_web(town: Machine) -> None:
    """A TOML alone names a video that the service fetches itself, and its sound; subtitles go with it."""
    bill, done = bill_of(town, "web")

    assert bill.by == "media_url"
    assert asked(bill) == {
        "media_url": WEB,
        "background_url": "https://cdn.example/music.wav",
        "locale": "en-US",
        "languages": [{"locale": "es-ES", "srt": SRT}],
        "auto_generate": "with_lips",
        "lips_model": "real_face_turbo",
        "speakers_count": 2,
        "end_time": 8,
    }
    created = [seen for seen in town.server.requests if f"{seen.method} {seen.path}" == CREATE]
    assert [seen.headers["content-type"] for seen in created] == ["application/json"]
    assert set(files(done)) == {"web.toml", "web.es-ES.srt", "web.es-ES.mp4", "web.receipt.toml"}
    assert receipt(done)["order"]["media_url"] == WEB


def test_background_sound(town: Machine) -> None:
    """A clean track beside the video travels in a part of its own."""
    bill, done = bill_of(town, "sound")
    background = town.studio.record(bill.asset_id).background

    assert background is not None
    assert background.sha256 == digest(MUSIC)
    assert "background_url" not in asked(bill)
    assert ("request", "background", "video") in {seen.fields for seen in town.server.requests}
    assert files(done)["sound.background.wav"] == MUSIC


def test_callbacks_of_the_daemon_and_of_others(town: Machine) -> None:
    """Each claim has an address of its own, unless the folder's owner allows another and the dropper names one."""
    bill, done = bill_of(town, "called", folder="open")
    ours, _ = bill_of(town, "plain")
    posted = {called.url for called in town.server.callbacks if called.status == 204}

    assert json.loads(bill.request)["callback_url"] == "https://partner.example/hook"
    assert json.loads(ours.request)["callback_url"] in posted
    assert json.loads(ours.request)["callback_url"].endswith(f"/callback/{receipt(town.answer('plain'))['claim']}")
    assert receipt(done)["warnings"] == [
        "lips_model = real_face has no effect, because auto_generate = no_lips: no lips are corrected."
    ]


def test_versions_edited_by_people(town: Machine) -> None:
    """With generation off the Studio's link is told, and what a person generates there is fetched."""
    claim = town.until(lambda: town.under_way("dubbing", "edited"), "the upload to be over")
    assert claim is not None
    link = town.until(lambda: _editable(town, "edited"), "the version to be editable")
    assert town.noted(link, folder="edit")
    (version,) = town.studio.record(claim["asset_id"]).versions
    town.studio.generate(version.version_id)
    bill, done = bill_of(town, "edited", folder="edit")

    assert asked(bill)["auto_generate"] == "off"
    assert (done / "edited.es-ES.mp4").stat().st_size > 1000
    assert receipt(done)["dubbings"][0]["studio_url"] == link


def _editable(town: Machine, stem: str) -> str:
    """Give the Studio's link of a version that waits for a person."""
    claim = town.under_way("dubbing", stem)
    ready = claim is not None and claim["dubbings"][0]["status"] == "ReadyToEdit"
    return str(claim["dubbings"][0]["studio_url"]) if claim is not None and ready else ""


def test_more_languages_by_a_file(town: Machine) -> None:
    """Sidecars that come when the video is done order what its asset lacks; the results join the others."""
    _, done = bill_of(town, "plain")
    town.drop("plain.de-DE.srt", SRT.encode())
    town.until((done / "plain.receipt (2).toml").exists, "the language to be added")
    said = receipt(done, " (2)")
    (more,) = [bill for bill in town.bills() if bill.by == "languages" and bill.asset_id == said["asset_id"]]

    assert json.loads(more.request) == {"languages": [{"locale": "de-DE", "srt": SRT}]}
    assert requests(town, f"POST /v1/assets/{more.asset_id}/languages") == 1
    assert {"plain.mp4", "plain.es-ES.mp4", "plain.de-DE.mp4", "plain.de-DE.srt"} < set(files(done))
    assert not (done.parent.parent / "plain.de-DE.srt").exists()


def test_more_languages_by_a_word(town: Machine) -> None:
    """The operator's command does the same; what is there already is refused at once."""
    bill, done = bill_of(town, "sound")
    claim = receipt(done)["claim"]
    had = town.say("add-language", claim, "es-ES")
    said = town.say("add-language", claim, "it-IT", "es-ES", "nl-NL")
    town.until((done / "sound.receipt (2).toml").exists, "the languages to be added")
    (more,) = [each for each in town.bills() if each.by == "languages" and each.asset_id == bill.asset_id]

    assert (had.returncode, said.returncode) == (1, 0), said.stderr
    assert "is dubbed into Spanish (Spain) already" in had.stderr
    assert json.loads(more.request) == {"languages": [{"locale": "it-IT"}, {"locale": "nl-NL"}]}
    assert {"sound.it-IT.mp4", "sound.nl-NL.mp4"} < set(files(done))


def test_a_failed_asset_is_explained(town: Machine) -> None:
    """Each documented error code has a sentence of its own; the code and the service's words stand below it."""
    bill_of(town, "plain")
    town.studio.fail_next("empty_transcript")
    town.drop("silent.mp4", talk(6))
    failed = town.answer("silent")

    why = (failed / "WHY.txt").read_text()
    assert failed.parent.name == "failed"
    assert why.startswith("Panjaya heard nobody speak in this video.")
    assert "empty_transcript" in why


def test_a_version_is_revised(town: Machine) -> None:
    """By an explicit command only: our copy is verified, the version can be edited, the next rendering is fetched."""
    _, done = bill_of(town, "web")
    claim = receipt(done)["claim"]
    unsure = town.say("revise", claim, "es-ES")
    assert unsure.returncode == 1
    assert not [seen for seen in town.server.requests if seen.method == "PATCH"]
    said = town.say("revise", claim, "es-ES", "--yes")
    assert said.returncode == 0, said.stderr
    version_id = receipt(done)["dubbings"][0]["version_id"]
    assert requests(town, f"PATCH /v1/versions/{version_id}/revise") == 1
    town.until(lambda: _editable(town, "web"), "the version to be editable")
    town.studio.generate(version_id)
    town.until((done / "web.receipt (2).toml").exists, "the next rendering to be fetched")

    assert {"web.es-ES.mp4", "web.es-ES (2).mp4"} < set(files(done))
    assert [bill.by for bill in town.bills() if bill.asset_id == receipt(done)["asset_id"]] == ["media_url"]


def test_a_version_is_not_revised_where_our_copy_is_not_what_it_was(town: Machine) -> None:
    """The service would throw away the only good one."""
    _, done = bill_of(town, "all")
    result = done / "all.de-DE.mp4"
    result.write_bytes(result.read_bytes()[:-1] + b"?")
    before = [seen.path for seen in town.server.requests if seen.method == "PATCH"]
    said = town.say("revise", receipt(done)["claim"], "de-DE", "--yes")

    assert said.returncode == 1
    assert "Our copy is not what was downloaded any more." in said.stderr
    assert [seen.path for seen in town.server.requests if seen.method == "PATCH"] == before
