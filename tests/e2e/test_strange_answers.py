"""
What the API, or something on the way to it, may answer to an upload.

Past the gate money may have moved, so every answer that is not the service's own refusal ends in a look-up: an asset
that is there is adopted, and one that is not there is a question for a person. Nothing is ever sent again.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from machine import BIG, UPLOAD, Machine, files, talk

from panjaya_watchd.rehearsal.script import Scripted, When

Opener = Callable[..., Machine]

UNCLEAR = {
    "HTML with 200": Scripted(on=UPLOAD, do="html", status=200),
    "a JSON list": Scripted(on=UPLOAD, do="garbage", body=b"[]"),
    "half an answer": Scripted(on=UPLOAD, do="garbage"),
    "nothing with 200": Scripted(on=UPLOAD, do="garbage", body=b""),
    "no asset_id": Scripted(on=UPLOAD, do="garbage", body=b'{"status": "Processing"}'),
    "an asset_id that is no text": Scripted(on=UPLOAD, do="garbage", body=b'{"asset_id": null}'),
    "500": Scripted(on=UPLOAD, do="status", status=500),
    "502 in HTML": Scripted(on=UPLOAD, do="html", status=502),
    "503": Scripted(on=UPLOAD, do="status", status=503),
    "a page of a firewall": Scripted(on=UPLOAD, do="html", status=418),
    "413 in HTML": Scripted(on=UPLOAD, do="html", status=413),
    "a cut": Scripted(on=UPLOAD, do="cut"),
}


def struck(fault: Scripted, when: When) -> Scripted:
    """Give the same fault at another moment."""
    return replace(fault, when=when)


@pytest.mark.parametrize("case", UNCLEAR)
def test_an_asset_behind_an_unclear_answer_is_adopted(shared: Machine, case: str) -> None:
    """The API took the video and its answer was lost: it is found in the list, followed and filed; one bill."""
    video, before = talk(list(UNCLEAR).index(case)), shared.uploads()
    shared.server.script(struck(UNCLEAR[case], "after_store"))
    shared.drop(f"{case}.mp4", video)

    assert shared.answer(case).parent.name == "done"
    (claim,) = [claim for claim in shared.claims() if claim.drop.stem == case]
    assert [bill.asset_id for bill in shared.bills(video)] == [claim.asset_id]
    assert shared.uploads() == before + 1


def test_nothing_behind_unclear_answers_is_a_question_for_a_person(open_machine: Opener) -> None:
    """Nothing was made and nothing proves it: each drop is held, visible with its reason, and never sent again."""
    folders: dict[str, object] = {f"f{number}": {} for number in range(len(UNCLEAR))}
    machine = open_machine(api={"doubt_window": "1s"}, folders={**folders, "other": {}}).start()
    for number, fault in enumerate(UNCLEAR.values()):
        machine.server.script(struck(fault, "after_body"))
        machine.drop(f"talk{number}.mp4", talk(number), folder=f"f{number}")
    machine.until(lambda: len(machine.server.coming) == 0, "every fault to have struck")
    machine.drop("good.mp4", talk(1000), folder="other")

    assert machine.answer("good", folder="other").parent.name == "done"
    machine.until(lambda: machine.status()["counts"] == {"held": len(UNCLEAR)}, "every drop to be held")
    assert [bill.sha256 for bill in machine.bills()] == [bill.sha256 for bill in machine.bills(talk(1000))]
    assert machine.uploads() == len(UNCLEAR) + 1
    for number, case in enumerate(UNCLEAR):
        folder = machine.home / f"f{number}"
        (kept,) = (folder / "processing").glob("*/*")
        assert kept.read_bytes() == talk(number), case
        machine.until(partial(machine.noted, "waits for the person", f"f{number}"), f"STATUS.txt to tell of {case}")


def test_a_person_can_end_every_doubt(open_machine: Opener) -> None:
    """Of three held drops one is sent again, one adopted and one given up, by command; each is answered."""
    machine = open_machine(api={"doubt_window": "1s"}, switches={"names": False, "list_lag": 3600}).start()
    lost: dict[str, When] = {"retried": "after_body", "adopted": "after_store", "released": "after_body"}
    for number, (stem, when) in enumerate(lost.items()):
        machine.server.script(Scripted(on=UPLOAD, do="cut", when=when))
        machine.drop(f"{stem}.mp4", talk(number))
        machine.until(partial(machine.under_way, "held", stem), f"{stem} to be held")
    held = {claim["file"]: claim["claim"] for claim in machine.status()["claims"]}
    (bill,) = machine.bills()
    told = [
        machine.say("retry", held["retried.mp4"]),
        machine.say("adopt", held["adopted.mp4"], bill.asset_id),
        machine.say("release", held["released.mp4"]),
    ]

    assert [one.returncode for one in told] == [0, 0, 0]
    assert machine.answer("retried").parent.name == "done"
    assert machine.answer("adopted").parent.name == "done"
    assert machine.answer("released").parent.name == "failed"
    assert [len(machine.bills(talk(number))) for number in range(3)] == [1, 1, 0]


def test_a_refusal_in_the_services_own_words_is_passed_on(machine: Machine) -> None:
    """400 with a detail proves that nothing was made: the drop is in failed/ at once, in the API's words."""
    machine.server.script(
        Scripted(on=UPLOAD, do="status", status=400, when="after_body", body=b'{"detail": "languages: too many"}')
    )
    machine.drop("talk.mp4", talk())
    failed = machine.answer("talk")

    why = (failed / "WHY.txt").read_text()
    assert failed.parent.name == "failed"
    assert "did not accept" in why.splitlines()[0]
    assert "languages: too many" in why
    assert set(files(failed)) == {"talk.mp4", "WHY.txt"}
    assert machine.bills() == []


def test_a_proxy_that_refuses_the_size_is_quoted(machine: Machine) -> None:
    """413 in HTML at the beginning of a large upload: no bill, no second try, and whoever asks reads of the size."""
    machine.server.script(Scripted(on=UPLOAD, do="html", status=413))
    machine.drop("talk.mp4", talk(size=BIG))
    why = machine.home / "drop" / "failed" / "talk" / "WHY.txt"
    machine.until(lambda: machine.under_way("held", "talk") or why.exists(), "an answer or a question")

    assert machine.bills() == []
    assert machine.uploads() == 1
    assert "larger than the service takes" in machine.say("why", "talk").stdout


@pytest.mark.parametrize(
    "fault",
    [
        Scripted(on=UPLOAD, do="status", status=401),
        Scripted(on=UPLOAD, do="status", status=403),
        Scripted(on="*", do="redirect", headers={"Location": "https://example.com/login"}, times=2),
    ],
    ids=["401", "403", "a redirect"],
)
def test_a_refused_account_fails_no_drop(open_machine: Opener, fault: Scripted) -> None:
    """Nothing is sent any more and nothing fails; one loud error; after a restart everything is sent once."""
    machine = open_machine(folders={"drop": {}, "other": {}}).start()
    machine.server.script(fault)
    machine.drop("talk.mp4", talk(size=BIG))
    (told,) = machine.until(lambda: machine.story("account.refused"), "a loud error")
    machine.drop("next.mp4", talk(1), folder="other")
    machine.until(lambda: machine.under_way("uploading", "next"), "the next drop to be taken")

    assert told["level"] == "error"
    assert machine.bills() == []
    assert machine.under_way("uploading", "talk") is not None
    assert not (machine.home / "drop" / "failed").exists()
    machine.restart()
    assert machine.answer("talk").parent.name == "done"
    assert machine.answer("next", folder="other").parent.name == "done"
    assert (len(machine.bills()), len(machine.story("account.refused"))) == (2, 1)
