"""The folders' side of the driver: when to look, whose trouble is whose, what the status says."""

from dataclasses import replace

import pytest
from run.stage import FOLDER, PACE, QUIET, Stage
from samples import claim, fingerprint

from panjaya_watchd.core.claim import Destination, HeldFor, State
from panjaya_watchd.core.drop import group
from panjaya_watchd.core.effects import TakeIn
from panjaya_watchd.core.names import ClaimId, FolderName
from panjaya_watchd.core.order import Asked, Refusal
from panjaya_watchd.core.settle import Evidence
from panjaya_watchd.places.base import Scan
from panjaya_watchd.run.folders import OVERDUE
from panjaya_watchd.run.messages import Examined, Look, Posted, Reading, Scanned, Unseen

OTHER = FolderName("sales")


def scanned(*names: str, folder: FolderName = FOLDER, size: int = 1000) -> Scanned:
    """Give a finished scan that saw these files."""
    return Scanned(folder=folder, scan=Scan(files=tuple((name, fingerprint(size)) for name in names)), seconds=0.01)


def settle(stage: Stage, *names: str) -> None:
    """Let these files be seen until they have settled."""
    for _ in range(3):
        stage.tell(scanned(*names))
        stage.clock.seconds += QUIET / 2


@pytest.fixture
def stage() -> Stage:
    """Give a driver that is scanning for the first time."""
    return Stage().start()


def test_the_start_looks_at_every_folder() -> None:
    """Start-up takes the same way as everything else: one scan for each folder."""
    stage = Stage(folders=(FOLDER, OTHER))
    stage.driver.start()

    assert stage.notes.scans == [FOLDER, OTHER]


def test_a_hint_during_a_scan_makes_one_more_scan_after_it(stage: Stage) -> None:
    """The scan may have passed the place already; ten hints are still one more look."""
    stage.tell(*[Look(folder=FOLDER)] * 10)
    assert stage.notes.scans == []

    stage.tell(scanned())
    stage.later(stage.driver.watched[FOLDER].intake.earliest())
    assert stage.notes.scans == [FOLDER]
    stage.tell(scanned())
    stage.later(PACE - 1)
    assert stage.notes.scans == [FOLDER]


def test_without_a_hint_the_next_scan_comes_by_the_pace(stage: Stage) -> None:
    """The scan is the truth and always comes again."""
    stage.tell(scanned())
    stage.later(PACE - 0.001)
    assert stage.notes.scans == []

    stage.later(0.001)
    assert stage.notes.scans == [FOLDER]


def test_a_hint_between_two_scans_looks_at_once(stage: Stage) -> None:
    """That is what hints are for; the planned look is not an extra one."""
    stage.tell(scanned())
    stage.clock.seconds += PACE / 2
    stage.tell(Look(folder=FOLDER))
    assert stage.notes.scans == [FOLDER]

    stage.later(PACE)
    assert stage.notes.scans == [FOLDER]


def test_hints_right_after_a_scan_are_one_look_a_little_later(stage: Stage) -> None:
    """A running copy makes hundreds of hints a second; they are neither lost nor each a scan of the whole folder."""
    stage.tell(scanned(), *[Look(folder=FOLDER)] * 10)
    assert stage.notes.scans == []

    stage.later(stage.driver.watched[FOLDER].intake.earliest())
    assert stage.notes.scans == [FOLDER]


def test_an_unusable_folder_is_told_once(stage: Stage) -> None:
    """An outage of a night is one line in the log, not thousands."""
    for _ in range(5):
        stage.tell(Unseen(folder=FOLDER, why="It is not mounted."))
        stage.later(PACE)

    assert stage.logged("folder.refused") == [{"folder": FOLDER, "why": "It is not mounted."}]
    assert stage.notes.scans == [FOLDER] * 5


def test_another_trouble_of_the_same_folder_is_told_as_well(stage: Stage) -> None:
    """What changes is worth a line."""
    stage.tell(Unseen(folder=FOLDER, why="It is not mounted."), Unseen(folder=FOLDER, why="Permission denied."))

    assert [line["why"] for line in stage.logged("folder.refused")] == ["It is not mounted.", "Permission denied."]


def test_a_folder_that_recovers_says_so_once(stage: Stage) -> None:
    """Whoever was called because of the trouble learns that it is over."""
    stage.tell(Unseen(folder=FOLDER, why="It is not mounted."))
    stage.tell(scanned(), scanned())

    assert stage.logged("folder.recovered") == [{"folder": FOLDER}]
    assert stage.driver.watched[FOLDER].intake.trouble is None


def test_a_folder_whose_status_cannot_be_written_is_told_once(stage: Stage) -> None:
    """A read-only folder can be scanned and not posted to; that is one line, not two every scan for ever."""
    for _ in range(5):
        stage.tell(scanned(), Posted(folder=FOLDER, why="STATUS.txt cannot be written."))
        stage.later(PACE)

    assert len(stage.logged("status.refused")) == 1
    assert stage.logged("folder.refused") == []
    assert stage.logged("folder.recovered") == []


def test_a_status_that_was_refused_is_posted_again_when_it_can_be(stage: Stage) -> None:
    """A disk that was full for a minute must not leave an old note, or none, until something else is dropped."""
    stage.tell(scanned(), Posted(folder=FOLDER, why="No space left on device."))
    stage.later(PACE)
    stage.tell(scanned())

    assert len(stage.notes.posted) == 2


def test_one_folder_in_trouble_leaves_the_other_alone() -> None:
    """The other is scanned, and what lies there is examined."""
    stage = Stage(folders=(FOLDER, OTHER)).start()
    stage.tell(Unseen(folder=FOLDER, why="It is not mounted."))
    for _ in range(3):
        stage.tell(scanned("a.mp4", folder=OTHER))
        stage.clock.seconds += QUIET / 2

    assert [drop.stem for drop in stage.notes.examined] == ["a"]
    assert stage.driver.watched[OTHER].intake.trouble is None


def test_what_waits_survives_an_outage(stage: Stage) -> None:
    """Vanished with its folder is not deleted: it is told all the time, and settles when the folder is back."""
    stage.tell(scanned("a.mp4"), Unseen(folder=FOLDER, why="It is not mounted."))
    waiting = stage.driver.watched[FOLDER].intake.waiting

    assert [name for name, _ in waiting()] == ["a.mp4"]

    settle(stage, "a.mp4")

    assert [drop.stem for drop in stage.notes.examined] == ["a"]


def test_the_status_is_posted_only_when_it_says_something_else(stage: Stage) -> None:
    """A note that is rewritten every few seconds wakes everybody's file manager."""
    stage.tell(scanned(), scanned(), scanned("a.mp4"), scanned("a.mp4", size=2000), scanned())
    answered, arriving, again = stage.notes.posted

    assert answered == again
    assert answered is not None
    assert "Everything that was dropped here has been answered" in answered
    assert arriving is not None
    assert "a.mp4 has just arrived" in arriving


def test_the_status_is_posted_again_after_an_outage(stage: Stage) -> None:
    """What is mounted now may be another disk, with an old note or none."""
    stage.tell(scanned(), Unseen(folder=FOLDER, why="It is not mounted."), scanned())

    assert len(stage.notes.posted) == 2


def test_the_status_names_what_was_taken(stage: Stage) -> None:
    """The dropper sees that the file which has gone is being worked on."""
    stage = Stage().start(claim(State.HELD), claim(State.DUBBING, id=ClaimId("d"), folder=OTHER))
    stage.tell(scanned())

    assert stage.notes.posted[0] is not None
    assert "talk waits for the person who looks after this service: nobody knows." in stage.notes.posted[0]
    assert "dubbed into" not in stage.notes.posted[0]


def test_a_settled_drop_is_claimed_with_the_order_of_its_folder(stage: Stage) -> None:
    """Our word is in the ledger, with what it will cost, and the parts are asked for."""
    settle(stage, "talk.mp4")
    (drop,) = stage.notes.examined
    stage.tell(Examined(folder=FOLDER, drop=drop, found=Reading(asked=Asked(), duration=60.0)))
    (taken,) = stage.ledger.living()

    assert (taken.state, taken.drop, taken.estimated_minutes) == (State.CLAIMED, drop, 2.0)
    assert stage.notes.handed == [(taken, TakeIn())]
    assert [line["estimated_minutes"] for line in stage.logged("drop.claimed")] == [2.0]


def test_a_refused_drop_is_claimed_with_its_answer(stage: Stage) -> None:
    """Also what is never sent gets an answer in writing."""
    settle(stage, "talk.mp4")
    (drop,) = stage.notes.examined
    refusal = Refusal(why="The file talk.toml is not TOML.", todo="Correct it.")
    stage.tell(Examined(folder=FOLDER, drop=drop, found=Reading(asked=refusal)))
    (taken,) = stage.ledger.living()

    assert taken.order is None
    assert taken.outcome is not None
    assert (taken.outcome.to, taken.outcome.why) == (Destination.FAILED, refusal.why)


def test_a_drop_with_evidence_against_it_settles_again(stage: Stage) -> None:
    """Nothing is claimed, and the reason is what the status says."""
    settle(stage, "talk.mp4")
    (drop,) = stage.notes.examined
    stage.tell(Examined(folder=FOLDER, drop=drop, found=Evidence(name="talk.mp4", says="has no end yet")))

    assert stage.ledger.living() == ()
    assert list(stage.driver.watched[FOLDER].intake.waiting()) == [("talk.mp4", "has no end yet")]


def test_a_drop_that_changed_while_it_was_read_is_not_claimed(stage: Stage) -> None:
    """The reading belongs to other bytes."""
    settle(stage, "talk.mp4")
    (drop,) = stage.notes.examined
    stage.tell(scanned("talk.mp4", size=2000))
    stage.tell(Examined(folder=FOLDER, drop=drop, found=Reading(asked=Asked())))

    assert stage.ledger.living() == ()


def test_a_drop_read_twice_is_claimed_once(stage: Stage) -> None:
    """A second reading of what was taken is of no interest."""
    settle(stage, "talk.mp4")
    (drop,) = stage.notes.examined
    reading = Examined(folder=FOLDER, drop=drop, found=Reading(asked=Asked()))
    stage.tell(reading, reading)

    assert len(stage.notes.handed) == 1


def test_a_claimed_drop_that_still_lies_there_is_not_examined(stage: Stage) -> None:
    """The claim is durable before the parts move; scans in between must not take it twice."""
    stage = Stage().start(claim(State.CLAIMED))
    settle(stage, "talk.mp4")

    assert stage.notes.examined == []


@pytest.mark.parametrize(("size", "examined"), [(1000, []), (1001, ["talk"])])
def test_what_the_daemon_died_of_is_taken_anew_only_when_it_changed(size: int, examined: list[str]) -> None:
    """It was held before it was moved, so it lies there still; as a new drop it would end the daemon again."""
    (drop,) = group(scanned("talk.mp4").scan.files)
    poison = claim(State.HELD, drop=drop, held_for=HeldFor.POISON, held="died of it")
    poison = replace(poison, paused=State.CLAIMED, inside=False)
    stage = Stage().start(poison)
    for _ in range(3):
        stage.tell(scanned("talk.mp4", size=size))
        stage.clock.seconds += QUIET / 2

    assert [drop.stem for drop in stage.notes.examined] == examined
    assert stage.driver.living[poison.id].state is State.HELD


def test_the_same_name_may_be_dropped_again_once_the_first_has_moved(stage: Stage) -> None:
    """Only a claim whose parts may still lie there keeps its name back."""
    stage = Stage().start(replace(claim(State.UPLOADING), id=ClaimId("first")))
    settle(stage, "talk.mp4")

    assert [drop.stem for drop in stage.notes.examined] == ["talk"]


def test_a_folder_whose_scan_does_not_come_back_is_told_once_and_recovers(stage: Stage) -> None:
    """A thread that looks into a dead share is silent for ever; the daemon is not."""
    stage.driver.folders.tend()
    stage.clock.seconds += OVERDUE + 1
    for _ in range(3):
        stage.driver.folders.tend()

    assert len(stage.logged("folder.refused")) == 1
    assert "has not answered" in str(stage.driver.watched[FOLDER].intake.trouble)

    stage.tell(scanned())

    assert stage.driver.watched[FOLDER].intake.trouble is None
    assert len(stage.logged("folder.recovered")) == 1


def test_a_drop_has_to_be_still_anew_after_its_folder_was_away(stage: Stage) -> None:
    """While nobody could look, whoever copies could not go on either; his pause is no sign that he has ended."""
    for _ in range(2):
        stage.tell(scanned("a.mp4"))
        stage.clock.seconds += QUIET / 2
    stage.tell(Unseen(folder=FOLDER, why="It is not mounted."))
    stage.clock.seconds += 100 * QUIET
    for _ in range(2):
        stage.tell(scanned("a.mp4"))
        stage.clock.seconds += QUIET / 2

    assert stage.notes.examined == []

    stage.tell(scanned("a.mp4"))

    assert [drop.stem for drop in stage.notes.examined] == ["a"]


def test_a_scan_that_waits_behind_other_work_is_not_lost(stage: Stage) -> None:
    """Sixteen drops may be examined before it on a slow machine; the share is dead only if none of it comes back."""
    stage.clock.seconds += OVERDUE + 1
    stage.notes.answered = stage.clock.seconds - 1
    stage.driver.folders.tend()

    assert stage.driver.watched[FOLDER].intake.trouble is None

    stage.clock.seconds += OVERDUE
    stage.driver.folders.tend()

    assert "has not answered" in str(stage.driver.watched[FOLDER].intake.trouble)
