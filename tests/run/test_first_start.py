"""The first start on a full folder: what lay there is held where it lies, counted and priced."""

from dataclasses import replace

import pytest
from run.stage import FOLDER, QUIET, Stage, watched
from run.test_admission import TARGET
from run.test_folders import scanned
from samples import DIGEST, NOW, drop, fingerprint

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.baseline import Baseline
from panjaya_watchd.core.claim import Destination, HeldFor, State
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.events import Told, Word
from panjaya_watchd.core.extent import Extent
from panjaya_watchd.core.names import ClaimId, Locale
from panjaya_watchd.core.order import Asked, Refusal
from panjaya_watchd.core.settle import LONE, Evidence
from panjaya_watchd.ledger.memory import MemoryLedger
from panjaya_watchd.places.base import Scan
from panjaya_watchd.run.first_start import TELL_AFTER, Root
from panjaya_watchd.run.intake import AT_ONCE
from panjaya_watchd.run.messages import Examined, Reading, Scanned

UNEXAMINED = Evidence(name="a.mp4", says="cannot be examined")
READ = Reading(asked=Asked(), duration=60.0, likeness="like")


def stage(root: str = "/srv/dub", *, hold: bool = True, ledger: MemoryLedger | None = None) -> Stage:
    """Give a driver that watches a folder it may never have seen."""
    folder = replace(watched(), root=Root(path=root, hold=hold))
    ids = iter(ClaimId(f"c{number}") for number in range(100))
    more = {"watched": {FOLDER: folder}, "new_id": lambda: next(ids)}
    return Stage(ledger=ledger or MemoryLedger(), more=more).start()


def settle(stage: Stage, *names: str, reading: Reading = READ) -> None:
    """Let these files be seen until they have settled, and be read."""
    stage.notes.examined.clear()
    for _ in range(3):
        stage.tell(scanned(*names))
        stage.clock.seconds += QUIET / 2
    for found in list(stage.notes.examined):
        stage.tell(Examined(folder=FOLDER, drop=found, found=reading))
    stage.tell(scanned(*names))


def living(stage: Stage) -> dict[str, tuple[str, str | None]]:
    """Give the claims by the stem of their drop: state, and why they are held."""
    return {each.drop.stem: (each.state.value, each.held_for) for each in stage.driver.living.values()}


HELD = ("held", HeldFor.FIRST_START)


def test_what_lay_there_is_held_and_told_once_with_its_price() -> None:
    """Nothing is moved; what comes later goes."""
    here = stage()
    settle(here, "a.mp4", "b.mp4")

    assert living(here) == {"a": HELD, "b": HELD}
    assert here.notes.handed == []
    (told,) = here.logged("folder.held")
    assert (told["drops"], told["estimated_minutes"], told["of_unknown_length"]) == (2, 4.0, 0)
    settle(here, "a.mp4", "b.mp4", "new.mp4")
    assert living(here)["new"] == ("claimed", None)
    assert len(here.logged("folder.held")) == 1


def test_before_a_claim_goes_on_the_places_know_which_folder_is_meant() -> None:
    """What is mounted after a start may be another one; a claim that goes on there would find its video gone."""
    here = stage()
    here.tell(Scanned(folder=FOLDER, scan=Scan(files=(), traced=True, root_id="cafe"), seconds=0.0))

    assert here.notes.expected == {}
    assert stage(ledger=here.ledger).notes.expected == {FOLDER: "cafe"}
    assert stage("/srv/other", ledger=here.ledger).notes.expected == {}


BARE = Scan(files=(), traced=False)
"""A mount point without its share: nothing is there, not even our own folder."""


def test_a_share_that_is_not_mounted_forgets_nothing() -> None:
    """After a reboot the bare mount point is not taken for a folder from which everything was taken away."""
    here = stage()
    settle(here, "a.mp4", "b.mp4")
    again = stage(ledger=here.ledger)
    again.tell(Scanned(folder=FOLDER, scan=BARE, seconds=0.01))
    assert living(again) == {"a": HELD, "b": HELD}

    again.tell(scanned("a.mp4", "b.mp4"))
    assert living(again) == {"a": HELD, "b": HELD}
    settle(again, "a.mp4", "b.mp4", "new.mp4")
    assert living(again)["new"] == ("claimed", None)


def test_a_folder_without_our_trace_is_a_full_folder() -> None:
    """A share mounted over what was an empty directory at the first start: its videos lay there before us."""
    here = stage()
    settle(here)
    files = (("a.mp4", fingerprint()),)
    mounted = stage(ledger=here.ledger)
    for _ in range(3):
        mounted.tell(Scanned(folder=FOLDER, scan=Scan(files=files, traced=False), seconds=0.01))
        mounted.clock.seconds += QUIET / 2
    mounted.tell(Examined(folder=FOLDER, drop=mounted.notes.examined[0], found=READ))

    assert living(mounted) == {"a": HELD}
    assert len(mounted.logged("folder.unknown")) == 1


def test_our_trace_is_left_until_it_is_seen() -> None:
    """And not asked for again once it was: making it anew would make a bare mount point ours."""
    here = stage()
    here.tell(Scanned(folder=FOLDER, scan=BARE, seconds=0.01))
    assert here.notes.traced == [FOLDER]
    here.tell(Scanned(folder=FOLDER, scan=Scan(files=(), root_id="r1"), seconds=0.01))
    here.tell(Scanned(folder=FOLDER, scan=BARE, seconds=0.01))
    assert here.notes.traced == [FOLDER]


def test_a_look_that_could_not_see_everything_forgets_nothing() -> None:
    """An unreadable file is not a file that is gone."""
    here = stage()
    settle(here, "a.mp4")
    here.tell(Scanned(folder=FOLDER, scan=Scan(files=(), whole=False), seconds=0.01))

    assert living(here) == {"a": HELD}


def test_what_the_first_look_could_not_see_is_old_too() -> None:
    """A directory that could not be read at first: what comes to light in it lay there before us."""
    here = stage()
    here.tell(Scanned(folder=FOLDER, scan=Scan(files=(), whole=False), seconds=0.01))
    settle(here, "a.mp4")
    settle(here, "a.mp4", "b.mp4")

    assert living(here) == {"a": HELD, "b": ("claimed", None)}


def test_an_old_sidecar_does_not_make_a_new_video_old() -> None:
    """Only videos lie there to be paid for."""
    here = stage()
    here.tell(scanned("a.toml"))
    settle(here, "a.mp4", "a.toml")

    assert living(here) == {"a": ("claimed", None)}


def test_what_was_released_is_not_held_again_because_it_changed() -> None:
    """A person has spoken for this name."""
    here = stage()
    settle(here, "a.mp4")
    here.driver.operator.release_all()
    here.tell()
    here.happen(here.driver.living[ClaimId("c0")], events.Unsettled(why="it grew"))
    settle(here, "a.mp4")

    assert living(here) == {"a": ("claimed", None)}


def test_thousands_are_examined_and_released_a_few_at_a_time() -> None:
    """Neither the scan nor the driver waits for all of them."""
    here, names = stage(), [f"v{number:03}.mp4" for number in range(2 * AT_ONCE + 60)]
    for _ in range(3):
        here.tell(scanned(*names))
        here.clock.seconds += QUIET / 2
    assert len(here.notes.examined) == AT_ONCE
    done = 0
    while len(here.driver.living) < len(names):
        for found in here.notes.examined[done:]:
            here.tell(Examined(folder=FOLDER, drop=found, found=READ))
            done += 1
        here.clock.seconds += QUIET
        here.tell(scanned(*names))
    assert here.driver.operator.release_all() == len(names)
    here.tell()

    assert {state for state, _ in living(here).values()} == {"claimed"}
    assert +here.driver.counts == {State.CLAIMED: len(names)}


def test_poison_that_was_not_taken_in_is_not_taken_for_a_new_drop() -> None:
    """Its files lie there still, and would kill the daemon three times more under another id."""
    here = stage(hold=False)
    settle(here, "a.mp4")
    here.happen(here.driver.living[ClaimId("c0")], events.Poisoned(why="it kills"))
    settle(here, "a.mp4")

    assert living(here) == {"a": ("held", HeldFor.POISON)}


def test_a_new_drop_may_have_the_name_of_one_that_waits_inside() -> None:
    """Whoever waits for a twin for days does not keep the name."""
    here = stage(hold=False)
    settle(here, "a.mp4")
    here.happen(here.driver.living[ClaimId("c0")], events.TakenIn())
    settle(here)
    settle(here, "a.mp4", reading=replace(READ, likeness="other"))

    assert len(here.driver.living) == 2


def test_a_folder_that_may_take_takes() -> None:
    """``on_first_start = "take"``; changing that later holds nothing either."""
    here = stage(hold=False)
    settle(here, "a.mp4")
    assert living(here) == {"a": ("claimed", None)}

    later = stage(ledger=here.ledger)
    settle(later, "b.mp4")
    assert living(later)["b"] == ("claimed", None)


def test_a_restart_in_the_middle_takes_nothing_for_new() -> None:
    """The baseline is durable before anything of the first look is judged."""
    here = stage()
    here.tell(scanned("a.mp4"))
    again = stage(ledger=here.ledger)
    settle(again, "a.mp4", "b.mp4")

    assert living(again) == {"a": HELD, "b": ("claimed", None)}
    assert len(again.logged("folder.held")) == 1


def test_the_sum_does_not_wait_for_ever() -> None:
    """A file that never settles must not keep the operator from being told of the others."""
    here, sizes = stage(), iter(range(1000, 2000))

    def look() -> None:
        files = (("a.mp4", fingerprint()), ("growing.mp4", fingerprint(next(sizes))))
        here.tell(Scanned(folder=FOLDER, scan=Scan(files=files), seconds=0.01))
        here.clock.seconds += QUIET / 2

    for _ in range(3):
        look()
    here.tell(Examined(folder=FOLDER, drop=here.notes.examined[0], found=READ))
    look()
    assert living(here) == {"a": HELD}
    assert here.logged("folder.held") == []

    here.clock.seconds += TELL_AFTER.total_seconds()
    look()
    assert [line["drops"] for line in here.logged("folder.held")] == [1]


def test_what_is_released_is_taken_in() -> None:
    """And is admitted like any other."""
    here = stage()
    settle(here, "a.mp4")

    assert here.driver.operator.release_all() == 1
    here.tell()
    assert here.notes.effects() == [effects.TakeIn()]
    assert living(here) == {"a": ("claimed", None)}


def test_a_held_drop_that_changes_is_held_anew_and_one_that_goes_is_over() -> None:
    """Its parts lie in the watch folder, where people may do what they like."""
    here = stage()
    settle(here, "a.mp4", "b.mp4")
    here.tell(scanned("a.mp4", size=2000))
    assert living(here) == {}

    for _ in range(3):
        here.clock.seconds += QUIET / 2
        here.tell(scanned("a.mp4", size=2000))
    here.tell(Examined(folder=FOLDER, drop=here.notes.examined[-1], found=READ))
    assert living(here) == {"a": HELD}
    settle(here, "a.mp4", "b.mp4")
    assert living(here)["b"] == ("claimed", None)


def test_another_path_is_another_folder() -> None:
    """Whatever its name: a full folder under a known name is a full folder."""
    here = stage()
    settle(here)
    moved = stage("/mnt/archive", ledger=here.ledger)
    settle(moved, "a.mp4")

    assert living(moved) == {"a": HELD}


def test_a_broken_drop_is_held_too() -> None:
    """Moving people's old files into failed/ would be a surprise."""
    here = stage()
    settle(here, "a.mp4", reading=Reading(asked=Refusal(why="The SRT is broken.", todo="Mend it.")))
    assert living(here) == {"a": HELD}

    here.driver.operator.release_all()
    here.tell()
    assert here.driver.living[ClaimId("c0")].outcome is not None
    assert here.driver.living[ClaimId("c0")].outcome.to is Destination.FAILED  # type: ignore[union-attr]


def test_what_was_never_sent_has_no_asset() -> None:
    """`adopt` is refused in words; `give up` takes it in to answer it."""
    here = stage()
    settle(here, "a.mp4")
    refused = here.driver.operator.tell(ClaimId("c0"), Told(word=Word.ADOPT, asset_id="a1"))  # type: ignore[arg-type]

    assert refused == "Claim c0 was never sent, so it has no asset; use release or retry. Nothing was changed."
    assert here.driver.operator.tell(ClaimId("c0"), Told(word=Word.GIVE_UP)) is None
    assert here.driver.living[ClaimId("c0")].state is State.CLAIMED


def test_a_bug_in_one_drop_leaves_the_others_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """It is told once, loudly, and the drop waits visibly."""
    here = stage(hold=False)
    for _ in range(3):
        here.tell(scanned("a.mp4", "b.mp4"))
        here.clock.seconds += QUIET / 2
    one, two = here.notes.examined
    for _ in range(2):
        here.tell(Examined(folder=FOLDER, drop=one, found=UNEXAMINED, bug=ZeroDivisionError("a bug")))
    here.tell(Examined(folder=FOLDER, drop=two, found=READ))

    assert [line["fault"] for line in here.logged("drop.unexamined")] == ["ZeroDivisionError: a bug"]
    assert living(here) == {"b": ("claimed", None)}
    assert isinstance(drop(), Drop)
    assert capsys.readouterr().err == ""


# what has no video


WEB = Reading(asked=Asked(media_url="https://cdn.example/a.mp4"))


def wait_alone(stage: Stage, *names: str, reading: Reading) -> None:
    """Let these files be seen until sidecars among them have settled without a video, and be read."""
    stage.notes.examined.clear()
    for _ in range(3 + int(2 * LONE)):
        stage.tell(scanned(*names))
        stage.clock.seconds += QUIET / 2
    for found in list(stage.notes.examined):
        stage.tell(Examined(folder=FOLDER, drop=found, found=reading))
    stage.tell(scanned(*names))


def test_an_address_that_lay_there_is_held_and_one_that_comes_later_is_not() -> None:
    """It may cost as much as a video; how long it is, nobody knows."""
    here = stage()
    wait_alone(here, "old.toml", reading=WEB)
    wait_alone(here, "old.toml", "new.toml", reading=WEB)

    assert living(here) == {"old": HELD, "new": ("claimed", None)}
    (told,) = here.logged("folder.held")
    assert (told["drops"], told["of_unknown_length"]) == (1, 1)
    old = next(each for each in here.driver.living.values() if each.drop.stem == "old")
    assert here.driver.operator.tell(old.id, Told(word=Word.RELEASE)) is None
    assert living(here)["old"] == ("claimed", None)


def test_an_address_of_the_same_name_that_is_dropped_later_is_not_held() -> None:
    """The old one was seen to be gone."""
    here = stage()
    wait_alone(here, "a.toml", reading=READ)
    here.tell(scanned())
    wait_alone(here, "a.toml", reading=WEB)

    assert living(here) == {"a": ("claimed", None)}


def test_a_video_that_comes_to_a_toml_that_lay_there_is_not_held() -> None:
    """Somebody has dropped it on purpose."""
    here = stage()
    wait_alone(here, "a.toml", reading=READ)
    settle(here, "a.mp4", "a.toml")

    assert living(here) == {"a": ("claimed", None)}


def test_a_toml_that_stays_when_its_old_video_is_taken_away_is_a_drop_of_its_own() -> None:
    """It was touched by people, so what it says from now on is said on purpose."""
    here = stage()
    settle(here, "a.mp4", "a.toml")
    assert living(here) == {"a": HELD}
    wait_alone(here, "a.toml", reading=WEB)

    assert living(here) == {"a": ("claimed", None)}


@pytest.mark.parametrize("name", ["talk.de-DE.srt", "talk.toml"])
def test_sidecars_that_lay_in_a_folder_of_that_name_elsewhere_are_held(name: str) -> None:
    """The ledger knows what was done under the folder's name; that these are for it is a guess that would cost."""
    ledger = MemoryLedger()
    stage("/srv/dub", ledger=ledger)
    ledger.put(TARGET)
    asked = Reading(asked=Asked(languages=((Locale("de-DE"), None),)), srt_digests={name: DIGEST})
    moved = stage("/srv/other", ledger=ledger)
    wait_alone(moved, name, reading=asked)

    (claimed,) = moved.driver.living.values()
    assert claimed.adds_to == TARGET.id
    assert (claimed.state, claimed.held_for) == HELD


def test_a_folder_of_lone_subtitles_is_no_news() -> None:
    """They wait for their videos as before; nobody has to let them go."""
    here = stage()
    wait_alone(here, "a.de-DE.srt", "b.de-DE.srt", reading=READ)

    assert living(here) == {}
    assert here.driver._crew.first_start.is_told(FOLDER)
    assert here.logged("folder.held") == []


# what comes into sight by other settings


DEEP = Extent(recursive=True, shelves=("done", "failed"))


def wide(ledger: MemoryLedger, *, hold: bool = True, extent: Extent = DEEP) -> Stage:
    """Start again with a folder whose sub-folders are looked into."""
    folder = replace(watched(), root=Root(path="/srv/dub", hold=hold, extent=extent))
    ids = iter(ClaimId(f"d{number}") for number in range(100))
    return Stage(ledger=ledger, more={"watched": {FOLDER: folder}, "new_id": lambda: next(ids)}).start()


def test_what_lay_in_sub_folders_before_they_were_looked_into_is_held() -> None:
    """By a restart with ``recursive``; it is told once, when it is counted, and what comes there later goes."""
    here = stage()
    settle(here, "a.mp4")
    assert len(here.logged("folder.held")) == 1
    deep = wide(here.ledger)
    deep.clock.seconds += 10 * TELL_AFTER.total_seconds()
    settle(deep, "a.mp4", "x/old.mp4", "new.mp4")

    assert living(deep) == {"a": HELD, "old": HELD, "new": ("claimed", None)}
    assert [line["drops"] for line in deep.logged("folder.held")] == [2]
    settle(deep, "a.mp4", "x/old.mp4", "x/newer.mp4")
    assert living(deep)["newer"] == ("claimed", None)
    assert len(deep.logged("folder.held")) == 1


def test_where_answers_are_filed_no_drop_is_ever_looked_for() -> None:
    """Also where that is another place by now; the look is told, before anything is filed in the new one."""
    here = wide(MemoryLedger())
    settle(here)
    moved = wide(here.ledger, extent=Extent(recursive=True, shelves=("failed", "fertig")))
    assert moved.notes.known[-1].shelves == ("done", "failed", "fertig")

    back = wide(here.ledger)
    assert back.notes.known[-1].shelves == ("done", "failed", "fertig")
    assert stage("/srv/other", ledger=here.ledger).notes.known[-1].shelves == ()


def test_where_answers_were_filed_is_known_of_a_folder_from_an_old_ledger() -> None:
    """The first release kept no path with what it knew of a folder; the first look does."""
    ledger = MemoryLedger()
    ledger.put_baseline(Baseline(folder=FOLDER, root="", first_seen=NOW, told=True))
    settle(wide(ledger))

    moved = wide(ledger, extent=Extent(recursive=True, shelves=("failed", "fertig")))
    assert moved.notes.known[-1].shelves == ("done", "failed", "fertig")


def test_what_an_old_shelf_has_hidden_is_held() -> None:
    """A folder that only led to ``failed`` was not looked into either."""
    here = wide(MemoryLedger(), extent=Extent(recursive=True, shelves=("done", "out/failed")))
    settle(here)
    moved = wide(here.ledger)
    settle(moved, "out/old.mp4")

    assert living(moved) == {"old": HELD}


def test_what_comes_to_light_late_is_told() -> None:
    """The first look saw nothing of it, so there was nothing to tell; then there is."""
    here = stage()
    here.tell(Scanned(folder=FOLDER, scan=Scan(files=(), whole=False), seconds=0.01))
    settle(here, "a.mp4")

    assert [line["drops"] for line in here.logged("folder.held")] == [1]


# what comes while a folder is not configured


@pytest.mark.parametrize("hold", [True, False])
def test_what_came_while_a_folder_was_not_configured_is_held(*, hold: bool) -> None:
    """The daemon was started without it, and then with it; ``take`` takes."""
    here = stage(hold=hold)
    settle(here)
    Stage(ledger=here.ledger, folders=()).start()
    again = stage(hold=hold, ledger=here.ledger)
    settle(again, "a.mp4")

    assert living(again) == {"a": HELD if hold else ("claimed", None)}
    assert len(again.logged("folder.held")) == hold
    settle(again, "b.mp4")
    assert living(again)["b"] == ("claimed", None)


def test_a_restart_with_the_folder_holds_nothing_new() -> None:
    """Whatever was dropped while the service was down was dropped for it."""
    here = stage()
    settle(here)
    again = stage(ledger=here.ledger)
    settle(again, "a.mp4")

    assert living(again) == {"a": ("claimed", None)}


def test_a_folder_that_came_back_is_begun_anew_only_when_it_is_seen() -> None:
    """Under another one in its place what came meanwhile waits for the right one."""
    here = stage()
    here.tell(Scanned(folder=FOLDER, scan=Scan(files=(), root_id="r1"), seconds=0.01))
    Stage(ledger=here.ledger, folders=()).start()
    again = stage(ledger=here.ledger)
    again.tell(Scanned(folder=FOLDER, scan=BARE, seconds=0.01))
    third = stage(ledger=here.ledger)
    for _ in range(3):
        third.tell(Scanned(folder=FOLDER, scan=Scan(files=(("a.mp4", fingerprint()),), root_id="r1"), seconds=0.01))
        third.clock.seconds += QUIET / 2
    third.tell(Examined(folder=FOLDER, drop=third.notes.examined[0], found=READ))

    assert living(third) == {"a": HELD}
