"""Reports: stable keys, plain values, whatever state a claim is in."""

import json
from dataclasses import replace
from datetime import datetime

import pytest
from run.stage import FOLDER, Stage
from samples import CLAIM_KEYS, FRENCH, NOW, SPANISH, claim, drop, dubbing, fingerprint

from panjaya_watchd.core.claim import Destination, DubbingState, Outcome, State
from panjaya_watchd.core.names import AssetId, display
from panjaya_watchd.places.base import Scan
from panjaya_watchd.run.board import Board, Progress
from panjaya_watchd.run.messages import Scanned, Unseen
from panjaya_watchd.run.report import claim_facts, status

DUBBING_KEYS = ["locale", "state", "status", "progress", "version_id", "studio_url", "error", "file"]
MOVING = {"upload": Progress(sent=500, total=1000, since=10.0)}


@pytest.mark.parametrize("state", State)
def test_the_facts_of_a_claim_have_the_same_keys_in_every_state(state: State) -> None:
    """Other people's scripts rely on them; a key that is new goes to the end of this list, none ever leaves it."""
    facts = claim_facts(claim(state, dubbings=(dubbing(),)), MOVING, 20.0)

    assert list(facts) == CLAIM_KEYS
    assert list(facts["dubbings"][0]) == DUBBING_KEYS
    assert json.loads(json.dumps(facts)) == facts


def test_the_facts_of_a_claim_that_is_over_say_how_it_ended() -> None:
    """With times as ISO 8601 in UTC, and paths that anything can print."""
    ended = claim(
        State.CLOSED,
        accepted_at=NOW,
        closed_at=NOW,
        filed_as="failed/a\udcff",
        outcome=Outcome(to=Destination.FAILED, why="It went wrong.", todo="Try again.", details=(("Asset", "a1"),)),
        dubbings=(dubbing(SPANISH, DubbingState.FETCHED), dubbing(FRENCH, DubbingState.FAILED, error="no")),
    )
    facts = claim_facts(ended, {}, 0.0)

    assert (facts["says"], facts["outcome"], facts["todo"]) == ("It went wrong.", "failed", "Try again.")
    assert facts["details"] == [["Asset", "a1"]]
    assert facts["filed_as"] == "failed/a\\xff"
    assert datetime.fromisoformat(facts["closed_at"]) == NOW
    assert facts["dubbings"][0]["file"] == "talk.es-ES.mp4"
    assert facts["dubbings"][1]["error"] == "no"


def test_the_facts_of_a_held_claim_say_what_a_person_has_to_decide() -> None:
    """Why it waits, and among which assets to choose."""
    held = claim(State.HELD, candidates=(AssetId("a1"), AssetId("a2")))
    facts = claim_facts(held, {}, 0.0)

    assert (facts["held"], facts["candidates"]) == ("nobody knows", ["a1", "a2"])
    assert facts["says"] == "waits for the person who looks after this service: nobody knows"


def test_the_facts_of_a_claim_say_what_went_wrong_last() -> None:
    """A person asks for it first; it is there whatever the claim waits for, and empty where nothing is wrong."""
    held = claim(State.HELD, trouble="the connection was cut")

    assert claim_facts(held, {}, 0.0)["trouble"] == "the connection was cut"
    assert claim_facts(claim(), {}, 0.0)["trouble"] is None


def test_what_moves_has_a_rate() -> None:
    """Bytes a second since it began; in the first moment no division by nothing."""
    facts = claim_facts(claim(), MOVING, 20.0)

    assert facts["moving"] == {"upload": {"bytes": 500, "of": 1000, "rate": 50}}
    assert claim_facts(claim(), MOVING, 10.0)["moving"]["upload"]["rate"] > 0


@pytest.mark.parametrize("name", ["a\udcff.mp4", "new\nline.mp4"])
def test_names_in_a_report_can_be_printed(name: str) -> None:
    """A report reaches terminals and pipes that take UTF-8 only."""
    facts = claim_facts(claim(drop=drop(name)), {}, 0.0)

    assert facts["file"] == display(name)
    assert json.dumps(facts, ensure_ascii=False).encode()


def test_the_status_tells_folders_claims_and_counts() -> None:
    """What waits and why, what is under way, how long ago each folder was looked at."""
    stage = Stage().start(claim(State.HELD), replace(claim(State.DUBBING), id=claim().id + "2"))  # type: ignore[arg-type]
    stage.tell(Scanned(folder=FOLDER, scan=Scan(files=(("new.mp4", fingerprint()),)), seconds=0.1))
    board = Board()
    board.show("c0ffee", "upload", MOVING["upload"])
    said = status(stage.driver.living.values(), stage.driver.watched, board, 12.34, {})

    assert json.loads(json.dumps(said)) == said
    assert list(said) == ["running", "folders", "claims", "counts", "budgets"]
    assert said["running"] is True
    assert said["counts"] == {"held": 1, "dubbing": 1}
    assert said["folders"] == [
        {
            "name": FOLDER,
            "scanned_seconds_ago": 12.3,
            "trouble": None,
            "waiting": [{"name": "new.mp4", "why": "has just arrived, or is still being copied"}],
            "held_first": {"drops": 0, "estimated_minutes": 0},
        }
    ]
    assert [each["claim"] for each in said["claims"]] == ["c0ffee", "c0ffee2"]
    assert said["claims"][0]["moving"] != {}


def test_the_status_tells_of_a_folder_that_was_never_seen() -> None:
    """Trouble from the beginning: no time of a look, and the reason."""
    stage = Stage().start()
    stage.tell(Unseen(folder=FOLDER, why="It is not mounted."))
    (folder,) = status([], stage.driver.watched, Board(), 5.0, {})["folders"]

    assert (folder["scanned_seconds_ago"], folder["trouble"]) == (None, "It is not mounted.")
