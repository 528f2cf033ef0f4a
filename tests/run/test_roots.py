"""The roots as the driver sees them: which one is meant, who listens there, and what lies in processing/ for nobody."""

from dataclasses import replace

import pytest
from run.stage import FOLDER, QUIET, Stage
from run.test_first_start import HELD, READ, living, stage
from samples import claim, fingerprint

from panjaya_watchd.core.claim import State
from panjaya_watchd.core.drop import Fingerprint
from panjaya_watchd.core.profiles import LOCAL_GROUND, Ground, Profile
from panjaya_watchd.places.base import Known, Scan
from panjaya_watchd.run.messages import Examined, Scanned, Unheard, Unseen

BASE = Scan(files=(), root_id="r1", mounting=(1, 2, 3))


def tell(stage: Stage, scan: Scan) -> None:
    """Let a look be over that has seen this, and time pass."""
    stage.tell(Scanned(folder=FOLDER, scan=scan, seconds=0.01))
    stage.clock.seconds += QUIET


def files(*names: str) -> tuple[tuple[str, Fingerprint], ...]:
    """Give files as a scan sees them."""
    return tuple((name, fingerprint()) for name in names)


# Which one is meant


def test_the_id_that_was_seen_is_the_one_that_is_asked_for() -> None:
    """From the second look on, and after a restart from the first; a ledger without one takes the one that is there."""
    here = stage()
    assert here.driver.folders.first_start.root_id(FOLDER) is None
    tell(here, BASE)
    assert here.notes.traced == []
    here.later(30)
    assert here.notes.known[-1] == Known(root_id="r1", number=2)

    assert stage(ledger=here.ledger).notes.known == [Known(root_id="r1", number=1)]


def test_another_path_may_bear_any_id() -> None:
    """It is another folder, whatever its name."""
    here = stage()
    tell(here, BASE)

    assert stage("/mnt/other", ledger=here.ledger).driver.folders.first_start.root_id(FOLDER) is None


def test_open_claims_are_known_to_the_look() -> None:
    """Also those of other folders: what lies there for them is not nobody's."""
    here = Stage()
    here.ledger.put(claim(State.DUBBING))
    here.driver.start()

    assert here.notes.known == [Known(claims=frozenset({claim().id}), number=1)]


def test_a_trace_of_an_older_release_gets_an_id() -> None:
    """The folder is the one we know, and is only marked better; nothing is held for it."""
    here = stage()
    tell(here, Scan(files=(), traced=True))
    tell(here, Scan(files=(), traced=True))
    assert here.notes.traced == [FOLDER, FOLDER]
    tell(here, BASE)
    assert here.notes.traced == [FOLDER, FOLDER]
    settle_with(here, BASE, "new.mp4")
    assert living(here) == {"new": ("claimed", None)}


def settle_with(here: Stage, scan: Scan, *names: str) -> None:
    """Let files settle in a folder that is as the scan says, and be read."""
    here.notes.examined.clear()
    for _ in range(4):
        tell(here, replace(scan, files=files(*names)))
    for found in list(here.notes.examined):
        here.tell(Examined(folder=FOLDER, drop=found, found=READ))


def test_a_folder_that_has_lost_its_id_since_the_last_start_is_unknown() -> None:
    """What lies there counts as old, nothing as gone, and no trace is left, for it may be a bare mount point."""
    here = stage()
    tell(here, BASE)
    again = stage(ledger=here.ledger)
    settle_with(again, Scan(files=(), traced=True), "a.mp4")

    assert living(again) == {"a": HELD}
    assert again.notes.traced == []
    assert len(again.logged("folder.unknown")) == 1


def test_a_trace_that_was_taken_away_meanwhile_is_left_again() -> None:
    """With the same id; the folder is the same, so what comes is new, but nothing counts as gone in that very look."""
    here = stage()
    tell(here, replace(BASE, files=files("old.mp4")))
    settle_with(here, BASE, "old.mp4")
    assert living(here) == {"old": HELD}
    tell(here, Scan(files=(), traced=False, familiar=True))
    assert (here.notes.traced, living(here)) == ([FOLDER], {"old": HELD})
    settle_with(here, BASE, "old.mp4", "new.mp4")
    assert living(here) == {"old": HELD, "new": ("claimed", None)}
    tell(here, BASE)
    assert living(here) == {"new": ("claimed", None)}


def test_a_person_may_say_that_another_folder_is_the_right_one() -> None:
    """By releasing it by its name; its id is taken over, and the other way round nothing is forgotten by that word."""
    here = stage()
    tell(here, BASE)
    first = here.driver.folders.first_start
    here.driver.operator.release_all(FOLDER)
    assert first.root_id(FOLDER) == "r1"
    here.tell(Unseen(folder=FOLDER, why="another folder is mounted here", foreign=True))
    here.driver.operator.release_all()
    assert first.root_id(FOLDER) == "r1"
    here.driver.operator.release_all(FOLDER)
    assert first.root_id(FOLDER) is None
    tell(here, replace(BASE, root_id="r2"))

    assert first.root_id(FOLDER) == "r2"
    assert here.notes.traced == []


def test_the_right_folder_that_is_back_needs_no_word() -> None:
    """The word for the foreign one is no longer meant then."""
    here = stage()
    tell(here, BASE)
    here.tell(Unseen(folder=FOLDER, why="another folder is mounted here", foreign=True))
    tell(here, BASE)
    here.driver.operator.release_all(FOLDER)

    assert here.driver.folders.first_start.root_id(FOLDER) == "r1"


# Who listens there


def test_hints_begin_after_the_first_look_and_again_after_each_mounting() -> None:
    """A kernel's watch is dead then; each is told once."""
    here = stage()
    for _ in range(2):
        tell(here, BASE)
    assert here.notes.listening == [(FOLDER, True)]
    for _ in range(2):
        tell(here, replace(BASE, mounting=(1, 2, 4)))
    assert here.notes.listening == [(FOLDER, True)] * 2
    assert here.logged("folder.remounted") == [{"folder": FOLDER, "kind": "", "profile": "local"}]
    here.tell(Unseen(folder=FOLDER, why="It is not mounted."))
    tell(here, replace(BASE, mounting=(1, 2, 4)))
    assert here.notes.listening == [(FOLDER, True)] * 3
    tell(here, replace(BASE, mounting=(1, 2, 4), grounds=(LOCAL_GROUND, replace(LOCAL_GROUND, folder="usb"))))
    assert here.notes.listening == [(FOLDER, True)] * 4
    assert len(here.logged("folder.remounted")) == 1


@pytest.mark.parametrize("profile", [Profile.CIFS, Profile.NFS, Profile.FUSE])
def test_no_hints_are_asked_for_where_there_are_none(profile: Profile) -> None:
    """A kernel tells nothing of what another machine writes; and a watch would only cost."""
    here = stage()
    tell(here, replace(BASE, grounds=(Ground(folder="", kind="x", profile=profile),)))

    assert here.notes.listening == [(FOLDER, False)]


def test_that_there_will_be_no_hints_is_told_once() -> None:
    """The scan is the truth; that it will be slower is a warning with a hint."""
    here, unheard = stage(), Unheard(folder=FOLDER, why="There are no watches left.", hint="Raise it.")
    here.tell(unheard, unheard)

    assert here.logged("hints.missed") == [{"folder": FOLDER, "why": "There are no watches left.", "hint": "Raise it."}]


# What lies in processing/ for nobody


def test_what_is_nobodys_in_two_looks_is_told_once() -> None:
    """In the status for as long as it lies there, in the log once."""
    here = stage()
    lost = replace(BASE, strays=("deadbeef",))
    tell(here, lost)
    assert waiting(here) == {}
    for _ in range(3):
        tell(here, lost)
        assert "may have been paid for" in waiting(here)["processing/deadbeef"]
    assert "processing/deadbeef" in (here.notes.posted[-1] or "")
    assert [told["path"] for told in here.logged("folder.orphan")] == ["processing/deadbeef"]
    tell(here, BASE)
    assert waiting(here) == {}
    tell(here, lost)
    assert waiting(here) == {}


def test_what_belongs_to_an_open_claim_is_not_nobodys() -> None:
    """One that was begun, or is of a folder that is no longer configured under its old name."""
    here = Stage().start(claim(State.DUBBING))
    for _ in range(3):
        tell(here, replace(BASE, strays=(claim().id, "deadbeef")))

    assert list(waiting(here)) == ["processing/deadbeef"]


def waiting(here: Stage) -> dict[str, str]:
    """Give what waits in the folder, and why."""
    return dict(here.driver.watched[FOLDER].intake.waiting())
