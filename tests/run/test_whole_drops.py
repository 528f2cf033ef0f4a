"""Whole drops only, as the driver sees it: patience, late sidecars, what is stuck, and what a sleep is worth."""

from dataclasses import replace

import pytest
from run.stage import FOLDER, PACE, QUIET, Stage, watched
from samples import NOW, claim, fingerprint

from panjaya_watchd.core.claim import Claim, Destination, HeldFor, Outcome, State
from panjaya_watchd.core.content import ContentCheck, Patience
from panjaya_watchd.core.drop import group
from panjaya_watchd.core.profiles import LOCAL_GROUND, Ground, Profile
from panjaya_watchd.core.settle import PATIENCE, Evidence, Rule
from panjaya_watchd.core.words import too_late
from panjaya_watchd.places.base import Scan
from panjaya_watchd.run.intake import Intake
from panjaya_watchd.run.messages import Examined, Look, Reading, Scanned

SRT = "talk.es-ES.srt"


def scanned(*names: str, size: int = 1000, grounds: tuple[Ground, ...] = (LOCAL_GROUND,), notes: str = "") -> Scanned:
    """Give a finished scan that saw these files."""
    files = tuple((name, fingerprint(size)) for name in names)
    scan = Scan(files=files, grounds=grounds, notes=(notes,) if notes else ())
    return Scanned(folder=FOLDER, scan=scan, seconds=0.01)


def settle(stage: Stage, *names: str, looks: int = 3) -> None:
    """Let these files be seen until they have settled, for which sidecars alone take six times as long."""
    for _ in range(looks if any(name.endswith(".mp4") for name in names) else 1 + 4 * looks):
        stage.tell(scanned(*names))
        stage.clock.seconds += QUIET / 2


def ruled(**rule: object) -> Stage:
    """Give a driver whose folder has such a rule."""
    made = watched()
    intake = Intake(rule=replace(Rule(quiet=QUIET), **rule), own_pace=PACE)  # type: ignore[arg-type]
    return Stage(more={"watched": {FOLDER: replace(made, intake=intake)}}).start()


def taken(state: State, **changes: object) -> Claim:
    """Give a claim whose video is in processing/."""
    (drop,) = group([("talk.mp4", fingerprint())])
    return replace(claim(state, drop=drop, **changes), inside=True)


def waits(stage: Stage) -> dict[str, str]:
    """Give what waits, and why."""
    return dict(stage.driver.watched[FOLDER].intake.waiting())


# patience


def test_a_drop_that_looks_unfinished_has_its_grace_from_its_last_change() -> None:
    """Looking at it, and evidence against it, do not begin the grace anew; a change does."""
    stage = ruled(grace=20.0, content_check=ContentCheck.WARN)
    settle(stage, "talk.mp4")
    (drop,) = stage.notes.examined
    assert stage.notes.patience == [Patience(check=ContentCheck.WARN, over=False)]

    not_yet = Examined(folder=FOLDER, drop=drop, found=Evidence(name="talk.mp4", says="looks unfinished"))
    stage.tell(not_yet)
    assert waits(stage) == {"talk.mp4": "looks unfinished"}
    stage.clock.seconds = 21.0
    settle(stage, "talk.mp4")
    assert stage.notes.patience[-1].over

    stage.tell(not_yet, scanned("talk.mp4", size=2000))
    stage.clock.seconds += 2 * 21.0
    stage.tell(scanned("talk.mp4", size=2000), scanned("talk.mp4", size=2000))
    assert stage.notes.patience[-1].over


def test_evidence_that_lasts_is_told_as_what_it_is() -> None:
    """No copy takes ten minutes to give its file back its permissions."""
    stage = ruled()
    settle(stage, "talk.mp4")
    (drop,) = stage.notes.examined
    denied = Evidence(name="talk.mp4", says="is still being copied, or may not be read", lasting="may not be read")
    stage.tell(Examined(folder=FOLDER, drop=drop, found=denied))
    assert waits(stage) == {"talk.mp4": denied.says}

    while stage.clock.seconds < PATIENCE:
        stage.tell(scanned("talk.mp4"))
        stage.clock.seconds += PACE
    stage.tell(scanned("talk.mp4"), Examined(folder=FOLDER, drop=drop, found=denied))
    assert waits(stage) == {"talk.mp4": "may not be read"}


def test_evidence_against_a_sidecar_names_it() -> None:
    """The video is not to blame."""
    stage = ruled()
    settle(stage, "talk.mp4", SRT)
    (drop,) = stage.notes.examined
    stage.tell(Examined(folder=FOLDER, drop=drop, found=Evidence(name=SRT, says="is still changing")))

    assert waits(stage) == {"talk.mp4": f"waits, because {SRT} is still changing"}


# stuck


def test_what_waits_for_too_long_is_told_once_and_stays_visible() -> None:
    """Silence for ever is no answer (R25)."""
    stage = ruled(stall=60.0)
    for size in range(1, 40):
        stage.tell(scanned("talk.mp4", size=size))
        stage.clock.seconds += 5.0

    (told,) = stage.logged("drop.stuck")
    assert told["file"] == "talk.mp4"
    assert "It has waited for more than" in waits(stage)["talk.mp4"]
    assert stage.notes.examined == []

    stage.tell(scanned())
    assert waits(stage) == {}


# sleep


def test_after_the_machine_was_suspended_nothing_counts_as_still() -> None:
    """Others may have written while nobody looked, and stopped just now."""
    stage = ruled()
    settle(stage, "talk.mp4", looks=2)
    stage.clock.suspended = 3600.0
    stage.later(PACE)
    assert stage.notes.scans == [FOLDER]
    stage.tell(scanned("talk.mp4"))
    assert stage.notes.examined == []

    settle(stage, "talk.mp4")
    assert [drop.stem for drop in stage.notes.examined] == ["talk"]


def test_a_look_that_comes_much_too_late_begins_anew() -> None:
    """The process was stopped, or the machine too busy to run it."""
    stage = ruled()
    settle(stage, "talk.mp4", looks=2)
    stage.clock.seconds += 10 * PACE
    stage.tell(Look(folder=FOLDER), scanned("talk.mp4"))

    assert stage.notes.examined == []


# storage


def test_each_ground_has_its_own_quiet_period() -> None:
    """A share that is mounted below a local folder is a share (R3)."""
    share = Ground(folder="share", kind="nfs4", profile=Profile.NFS)
    stage = ruled(quiet=None)
    for _ in range(5):
        stage.tell(scanned("a.mp4", "share/b.mp4", grounds=(LOCAL_GROUND, share)))
        stage.clock.seconds += 5.0

    assert [drop.stem for drop in stage.notes.examined] == ["a"]


def test_the_pace_is_that_of_the_storage() -> None:
    """A share whose attributes are a minute old is not asked every five seconds."""
    intake = Intake(rule=Rule())
    local = intake.pace
    intake.take(Scan(files=(), grounds=(Ground(folder="", kind="cifs", profile=Profile.CIFS),)))

    assert (local, intake.pace, intake.quiet) == (5, 10, 30)


def test_what_cannot_be_seen_on_a_folder_is_told_once() -> None:
    """A service without CAP_LEASE works, and its operator knows what it lacks."""
    stage = ruled()
    for _ in range(3):
        stage.tell(scanned(notes="The kernel does not tell."))

    assert stage.logged("folder.limited") == [{"folder": FOLDER, "why": "The kernel does not tell."}]


# late sidecars


@pytest.mark.parametrize("state", [State.CLAIMED, State.UPLOADING])
def test_a_sidecar_that_comes_before_the_gate_waits_to_be_used(state: State) -> None:
    """It is seen by the upload itself, at the last moment."""
    stage = Stage().start(taken(state))
    settle(stage, SRT)

    assert "which was taken already, and is used before that is sent" in waits(stage)[SRT]
    assert stage.notes.examined == []


def test_a_sidecar_that_missed_the_gate_by_a_moment_is_answered_too() -> None:
    """It was seen while the video was still being sent, and too late for the last look of the upload."""
    stage = Stage().start(taken(State.UPLOADING))
    settle(stage, SRT)
    assert stage.notes.examined == []

    (claim_id,) = stage.driver.living
    stage.driver.living[claim_id] = taken(State.DUBBING)
    stage.tell(scanned(SRT))
    assert [drop.video for drop in stage.notes.examined] == [None]


def test_a_sidecar_that_comes_after_the_gate_is_answered_in_writing() -> None:
    """It goes to failed/ with the reason; nothing is sent for it."""
    stage = Stage().start(taken(State.DUBBING))
    settle(stage, SRT)
    (drop,) = stage.notes.examined
    stage.tell(Examined(folder=FOLDER, drop=drop, found=Reading(asked=too_late(drop))))
    (late,) = [each for each in stage.ledger.living() if each.drop == drop]

    assert late.order is None
    assert late.outcome is not None
    assert late.outcome.to is Destination.FAILED
    assert late.outcome.why.startswith("This came too late")


def test_a_sidecar_is_read_also_when_its_video_is_done_by_then() -> None:
    """It settled while the claim closed, and orders its language for that."""
    stage = Stage().start(taken(State.DUBBING))
    stage.tell(scanned(SRT))
    (living,) = stage.driver.living.values()
    stage.driver.living.clear()
    done = Outcome(to=Destination.DONE, why="It is done.")
    stage.ledger.put(replace(living, state=State.CLOSED, outcome=done, filed_as="done/talk", closed_at=NOW))
    settle(stage, SRT)

    assert [drop.video for drop in stage.notes.examined] == [None]


def test_a_sidecar_of_a_held_drop_waits_with_it() -> None:
    """Held for a budget it was not sent; in doubt it may have been."""
    unsent = Stage().start(taken(State.HELD, held_for=HeldFor.BUDGET))
    doubtful = Stage().start(taken(State.HELD, held_for=HeldFor.DOUBT))
    for stage in (unsent, doubtful):
        settle(stage, SRT)

    assert unsent.notes.examined == []
    assert [drop.video for drop in doubtful.notes.examined] == [None]


def test_a_sidecar_of_what_was_never_taken_waits_for_its_video() -> None:
    """As ever."""
    stage = ruled()
    settle(stage, SRT)

    assert waits(stage) == {SRT: "waits for the video of the same name"}


# hints


def test_hints_without_end_keep_no_drop_from_settling() -> None:
    """Somebody copies into the folder all day; what lies still there is taken all the same."""
    stage = ruled()
    stage.tell(scanned())
    stage.clock.seconds += 3 * PACE
    for _ in range(10):
        stage.later(2.0)
        stage.tell(Look(folder=FOLDER), Look(folder=FOLDER), scanned("talk.mp4"))

    assert [drop.stem for drop in stage.notes.examined] == ["talk"]
