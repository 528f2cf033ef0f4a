"""Reports: stable keys, plain values, whatever state a claim is in."""

import json
import threading
from dataclasses import replace
from datetime import datetime

import pytest
from run.stage import FOLDER, Stage
from samples import CLAIM_KEYS, FRENCH, NOW, SPANISH, claim, drop, dubbing, earlier, fingerprint
from world import SimClock

from panjaya_watchd.core.budget import Budget, Purse, Spent
from panjaya_watchd.core.claim import Destination, DubbingState, HeldFor, Outcome, Reservation, State
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName, display
from panjaya_watchd.core.profiles import Ground, Profile
from panjaya_watchd.core.rate import Schedule, Span
from panjaya_watchd.places.base import Scan
from panjaya_watchd.run.board import Board, Progress
from panjaya_watchd.run.messages import Scanned, Unseen
from panjaya_watchd.run.meter import Meter, Meters
from panjaya_watchd.run.report import claim_facts, rates, status

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


@pytest.mark.parametrize("reason", [*HeldFor, None])
def test_the_facts_of_a_held_claim_name_the_reason_as_a_word(reason: HeldFor | None) -> None:
    """A script tells a budget from a doubt by it, and need not read sentences."""
    facts = claim_facts(claim(State.HELD, held_for=reason), {}, 0.0)

    assert facts["held_for"] == (reason.value if reason else None)
    assert type(facts["held_for"]) is type(reason.value if reason else None)
    assert claim_facts(claim(), {}, 0.0)["held_for"] is None


@pytest.mark.parametrize(
    ("reserved", "minutes", "settled"),
    [
        (None, None, False),
        (Reservation(at=NOW, millis=90_000), 1.5, False),
        (Reservation(at=NOW, millis=90_000), 1.5, True),
        (Reservation(at=NOW, millis=0), 0.0, False),
        (Reservation(at=NOW, millis=None), None, True),
    ],
    ids=["nothing", "reserved", "settled", "of no length", "of unknown length"],
)
def test_the_facts_of_a_claim_say_what_it_takes_out_of_the_budgets(
    reserved: Reservation | None,
    minutes: float | None,
    settled: bool,  # noqa: FBT001
) -> None:
    """And whether that may still be given back."""
    accepted_at = NOW if settled else None
    facts = claim_facts(claim(State.UPLOADING, reserved=reserved, accepted_at=accepted_at), {}, 0.0)

    assert (facts["reserved_minutes"], facts["settled"]) == (minutes, settled)


def test_the_facts_of_a_repeat_name_the_claims_it_hangs_on() -> None:
    """Which one it builds on; and which one it waits for, as long as it does."""
    waiting = claim(awaits=ClaimId("first"))
    built = claim(State.DUBBING, awaits=ClaimId("first"), builds_on=earlier(SPANISH))

    assert claim_facts(waiting, {}, 0.0)["awaits"] == "first"
    assert claim_facts(waiting, {}, 0.0)["builds_on"] is None
    assert (claim_facts(built, {}, 0.0)["awaits"], claim_facts(built, {}, 0.0)["builds_on"]) == (None, "earlier")
    assert claim_facts(built, {}, 0.0)["estimated_minutes"] == 1.0


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
            "grounds": [{"folder": "", "kind": "", "profile": "local", "exported": None, "hints": True}],
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

    assert (folder["scanned_seconds_ago"], folder["trouble"], folder["grounds"]) == (None, "It is not mounted.", [])


def test_the_status_tells_on_what_a_folder_lies() -> None:
    """By it the drops are judged, so that whoever wonders why one waits can see it; names can be printed."""
    stage = Stage().start()
    share = Ground(folder="", kind="cifs", profile=Profile.CIFS)
    below = Ground(folder="a\udcff", kind="ext4", profile=Profile.SMB_SERVER, exported="Samba share a\udcff")
    stage.tell(Scanned(folder=FOLDER, scan=Scan(files=(), grounds=(share, below)), seconds=0.1))
    (folder,) = status([], stage.driver.watched, Board(), 5.0, {})["folders"]

    assert folder["grounds"] == [
        {"folder": "", "kind": "cifs", "profile": "cifs", "exported": None, "hints": False},
        {
            "folder": display("a\udcff"),
            "kind": "ext4",
            "profile": "smb-server",
            "exported": display("Samba share a\udcff"),
            "hints": True,
        },
    ]


def test_the_status_sums_up_what_is_held_for_the_first_start() -> None:
    """How many drops and how many minutes a person would let go; only of that folder, and only for that reason."""
    first = {"held_for": HeldFor.FIRST_START}
    held = [
        claim(State.HELD, **first),
        claim(State.HELD, id=ClaimId("c2"), duration=100.0, **first),
        claim(State.HELD, id=ClaimId("c3"), duration=None, **first),
        claim(State.HELD, id=ClaimId("c4"), held_for=HeldFor.BUDGET),
        claim(State.HELD, id=ClaimId("c5"), folder=FolderName("training"), **first),
        claim(State.CLAIMED, id=ClaimId("c6")),
    ]
    stage = Stage(folders=(FOLDER, FolderName("training"))).start()
    said = status(held, stage.driver.watched, Board(), 5.0, {})

    assert {folder["name"]: folder["held_first"] for folder in said["folders"]} == {
        "marketing": {"drops": 3, "estimated_minutes": 5.33},
        "training": {"drops": 1, "estimated_minutes": 2.0},
    }


def test_the_status_tells_what_is_used_of_every_budget() -> None:
    """Limits that are not set are left out; the one of all folders together has no folder's name."""
    purses = {
        FOLDER: Purse(
            name="the folder marketing",
            budget=Budget(minutes_per_day=10, drops_per_day=0),
            today=Spent(millis=90_000, drops=2),
            this_month=Spent(millis=600_000, drops=7),
        ),
        None: Purse(
            name="all folders",
            budget=Budget(minutes_per_month=0.5, max_minutes_per_video=30),
            today=Spent(),
            this_month=Spent(millis=1, drops=1),
        ),
    }
    said = status([], {}, Board(), 0.0, purses)

    assert json.loads(json.dumps(said)) == said
    assert said["budgets"] == [
        {
            "folder": "marketing",
            "limits": {"minutes_per_day": 10, "drops_per_day": 0},
            "minutes_today": 1.5,
            "minutes_this_month": 10.0,
            "drops_today": 2,
        },
        {
            "folder": None,
            "limits": {"minutes_per_month": 0.5, "max_minutes_per_video": 30},
            "minutes_today": 0.0,
            "minutes_this_month": 1 / 60_000,
            "drops_today": 0,
        },
    ]


def test_the_status_without_budgets_has_none() -> None:
    """No budget is no limit, and nothing to tell."""
    assert status([], {}, Board(), 0.0, {})["budgets"] == []


def test_the_rates_of_this_hour_are_told() -> None:
    """Of every folder that has one in any direction, also where nothing is limited just now."""
    clock = SimClock()

    def meter(span: Span) -> Meter:
        return Meter(Schedule(spans=(span,)), clock, threading.Event().wait)

    later = Span(limit=3.0, begin=3600)
    meters = Meters(
        uploads={None: meter(Span(limit=1.0))},
        downloads={None: meter(later), FOLDER: meter(Span(limit=2.0))},
    )
    told = rates(meters)

    assert json.loads(json.dumps(told)) == told
    assert told == [
        {"folder": None, "upload": 1.0, "download": None},
        {"folder": FOLDER, "upload": None, "download": 2.0},
    ]
    clock.seconds = 3600
    assert rates(meters)[0] == {"folder": None, "upload": 1.0, "download": 3.0}
    assert rates(Meters()) == []
