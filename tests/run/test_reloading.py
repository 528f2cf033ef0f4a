"""A new configuration taken while the daemon runs: what is new begins, what is gone ends, what runs goes on."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from run.stage import CLAIM, FOLDER, PACE, QUIET, Room, Stage, reread, watched
from run.test_folders import OTHER, scanned, settle
from samples import BARRED, claim

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.budget import Budget
from panjaya_watchd.core.claim import HeldFor, Rules, State
from panjaya_watchd.core.drop import group
from panjaya_watchd.core.extent import TOP, Extent
from panjaya_watchd.core.names import ClaimId, Digest
from panjaya_watchd.core.order import Asked
from panjaya_watchd.core.settle import Rule
from panjaya_watchd.run.change import Faulty, Lookout
from panjaya_watchd.run.first_start import Root
from panjaya_watchd.run.intake import Intake
from panjaya_watchd.run.messages import Examined, Look, Reading, Reload, Reread, Unseen
from panjaya_watchd.run.watched import Watched


class Silent:
    """Hints that never come; the stage only writes down whose they are."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


LOOKOUT = Lookout(place=Room().place, hints=Silent())


def change(stage: Stage, folders: Mapping[Any, Watched], **changes: Any) -> Mapping[str, Any]:
    """Let a configuration be taken, and give what is answered."""
    said: list[Mapping[str, Any]] = []
    stage.tell(reread(folders, said.append, **changes))
    (answer,) = said
    return answer


def whole(stage: Stage, name: str) -> None:
    """Let a video be seen, settle and be examined."""
    settle(stage, name)
    (drop,) = group(scanned(name).scan.files)
    stage.tell(Examined(folder=FOLDER, drop=drop, found=Reading(asked=Asked())))


def test_a_new_folder_is_watched_from_now_on() -> None:
    """Its files are looked for at once, and its lane knows where."""
    stage = Stage().start()
    said = change(stage, {FOLDER: watched(), OTHER: watched()}, lookouts={OTHER: LOOKOUT})

    assert said == {"reloaded": True, "folders": [FOLDER, OTHER], "notes": []}
    assert stage.notes.watching == {OTHER: LOOKOUT}
    assert OTHER in stage.notes.scans
    assert [each["folder"] for each in stage.logged("folder.added")] == [OTHER]


def test_claims_that_waited_for_their_folder_go_on_when_it_is_configured() -> None:
    """A restart without it has left them as they are."""
    waiting = claim(State.CLAIMED, folder=OTHER)
    stage = Stage().start(waiting)
    assert stage.notes.handed == []
    change(stage, {FOLDER: watched(), OTHER: watched()}, lookouts={OTHER: LOOKOUT})

    assert [(each.id, effect) for each, effect in stage.notes.handed] == [(waiting.id, effects.TakeIn())]


def test_a_folder_that_is_gone_takes_nothing_more() -> None:
    """Whatever is seen, found or planned there; who drops something there is told."""
    stage = Stage(folders=(FOLDER, OTHER)).start(claim(State.UPLOADING))
    settle(stage, "talk.mp4")
    (drop,) = group(scanned("talk.mp4").scan.files)
    stage.forget()
    change(stage, {OTHER: watched()})
    stage.tell(Examined(folder=FOLDER, drop=drop, found=Reading(asked=Asked())), scanned("talk.mp4"))
    stage.tell(Unseen(folder=FOLDER, why="gone"), Look(folder=FOLDER))
    stage.later(3600)
    stage.driver.folders.tend()

    stage.driver.reloading.tend()
    assert list(stage.driver.living) == [CLAIM]
    assert FOLDER not in stage.notes.scans
    assert "not watched any more" in str(stage.notes.posted[-1])
    assert (FOLDER, False) in stage.notes.listening
    assert [each for each in stage.logged("folder.refused") if each["folder"] == FOLDER] == []


def test_a_folder_that_is_gone_finishes_its_claims() -> None:
    """Only then its lane ends; what is still on its way there is not missed."""
    stage = Stage(folders=(FOLDER, OTHER)).start(claim(State.UPLOADING))
    said = change(stage, {OTHER: watched()})
    assert "(1) goes on to its end" in said["notes"][0]

    stage.driver.reloading.tend()
    stage.happen(claim(), events.AtGate(mark=frozenset(), digest=Digest("d"), size=1))
    assert stage.driver.living[CLAIM].state is State.RELEASING
    assert stage.notes.left == []

    stage.driver._checkpoint(stage.driver.living[CLAIM], claim(State.CLOSED))
    stage.driver.reloading.tend()
    assert stage.notes.left == [FOLDER]
    assert list(stage.driver.watched) == [OTHER]
    stage.tell(scanned("talk.mp4"), Look(folder=FOLDER), Unseen(folder=FOLDER, why="gone"))
    (drop,) = group(scanned("talk.mp4").scan.files)
    stage.tell(Examined(folder=FOLDER, drop=drop, found=Reading(asked=Asked())))
    assert stage.driver.living == {}


def test_the_budget_of_a_folder_that_is_gone_holds_for_what_is_left() -> None:
    """Nobody takes a folder away to have more of it sent."""
    held = claim(State.HELD, held_for=HeldFor.BUDGET, inside=True, paused=State.CLAIMED)
    tight = replace(watched(), budget=Budget(minutes_per_day=0.5))
    stage = Stage(more={"watched": {FOLDER: tight, OTHER: watched()}}).start(held)
    change(stage, {OTHER: watched()})
    stage.tell()

    assert stage.driver.living[CLAIM].state is State.HELD


def test_a_folder_of_which_only_the_name_changes_is_not_said_to_be_left() -> None:
    """Its note is kept by the one of the new name."""
    same = replace(watched(), root=Root(path="/srv/same", hold=True))
    stage = Stage(more={"watched": {FOLDER: same}}).start()
    change(stage, {OTHER: replace(watched(), root=same.root)}, lookouts={OTHER: LOOKOUT})

    assert stage.notes.posted == []


def test_a_folder_with_open_claims_is_not_renamed() -> None:
    """After a restart nobody would know where they belong; one without may be."""
    same = Root(path="/srv/same", hold=False)
    for state, refused in ((State.UPLOADING, True), (State.CLOSED, False)):
        stage = Stage(more={"watched": {FOLDER: replace(watched(), root=same)}}).start(claim(state))
        said = change(stage, {OTHER: replace(watched(), root=same)}, lookouts={OTHER: LOOKOUT})
        assert ("refused" in said) is refused
        assert (OTHER in stage.driver.watched) is not refused
    assert (
        'folder "sales" has the path of "marketing", where videos are under way (1)'
        in change(
            Stage(more={"watched": {FOLDER: replace(watched(), root=same)}}).start(claim(State.UPLOADING)),
            {OTHER: replace(watched(), root=same)},
        )["refused"]
    )


def test_the_trouble_of_a_former_place_is_not_that_of_the_present_one() -> None:
    """A look that was under way there may come back long after; the present one is under way still."""
    stage = Stage().start()
    former = stage.driver.watched[FOLDER].intake.number
    change(stage, {FOLDER: watched()}, lookouts={FOLDER: LOOKOUT})
    stage.tell(Unseen(folder=FOLDER, why="gone", number=former))
    intake = stage.driver.watched[FOLDER].intake

    assert (intake.trouble, intake.looking) == (None, True)
    stage.tell(Unseen(folder=FOLDER, why="gone", number=intake.number))
    assert (intake.trouble, intake.looking) == ("gone", False)


def test_a_folder_that_comes_back_takes_drops_again() -> None:
    """Before its last claim is over: nothing of its former life stands in the way, and that claim is not begun anew."""
    stage = Stage(folders=(FOLDER, OTHER)).start(claim(State.UPLOADING))
    settle(stage, "tour.mp4")  # its examination is under way, and its answer will not be heard
    change(stage, {OTHER: watched()})
    stage.forget()
    change(stage, {FOLDER: watched(), OTHER: watched()})
    assert stage.notes.handed == []
    assert FOLDER in stage.notes.scans

    stage.forget()
    whole(stage, "tour.mp4")
    assert [effect for _, effect in stage.notes.handed] == [effects.TakeIn()]
    stage.driver.reloading.tend()
    assert stage.notes.left == []


def test_other_settings_do_not_begin_the_wait_anew() -> None:
    """What has been still counts, by the new quiet period."""
    stage = Stage().start()
    stage.tell(scanned("talk.mp4"))
    stage.clock.seconds += QUIET / 2
    stage.tell(scanned("talk.mp4"))
    assert stage.notes.examined == []

    faster = Watched(defaults=watched().defaults, rules=Rules(), intake=Intake(rule=Rule(quiet=QUIET / 4)))
    change(stage, {FOLDER: faster})
    stage.tell(scanned("talk.mp4"))
    assert [drop.stem for drop in stage.notes.examined] == ["talk"]


def test_claims_keep_what_they_were_taken_with() -> None:
    """An upload that is under way is not stepped, and its claim is the same to the last byte."""
    stage = Stage().start(claim(State.UPLOADING))
    before = stage.ledger.get(CLAIM)
    change(stage, {FOLDER: replace(watched(), rules=Rules(exclusive=True))}, uploads=7, downloads=3)

    assert stage.ledger.get(CLAIM) == before
    assert stage.notes.handed == []
    assert stage.notes.changes == [(7, 3)]


def test_what_a_larger_budget_allows_goes_at_once() -> None:
    """Of the folder, and of all together; one that is taken away limits nothing."""
    tight, wide = Budget(minutes_per_day=0.5), Budget(minutes_per_day=600)
    for before, after in ((tight, wide), (tight, None)):
        for own in (True, False):
            held = claim(State.HELD, held_for=HeldFor.BUDGET, inside=True, paused=State.CLAIMED)
            first = replace(watched(), budget=before if own else None)
            more = {"watched": {FOLDER: first}, "together": None if own else before}
            stage = Stage(more=more).start(held)
            stage.tell()
            assert stage.driver.living[CLAIM].state is State.HELD
            second = replace(watched(), budget=after if own else None)
            change(stage, {FOLDER: second}, together=None if own else after)
            stage.tell()
            assert stage.driver.living[CLAIM].state is State.UPLOADING, (before, after, own)


def test_a_configuration_with_faults_changes_nothing() -> None:
    """Who asked is told what is wrong, and so is the log."""
    stage = Stage().start()
    said: list[Mapping[str, Any]] = []
    stage.tell(Reread(change=Faulty(why="watchd.toml:3: wrong", hint="Correct it."), answer=said.append))

    assert said == [{"refused": "watchd.toml:3: wrong", "hint": "Correct it."}]
    assert stage.logged("config.refused") == [{"why": "watchd.toml:3: wrong", "hint": "Correct it."}]
    assert list(stage.driver.watched) == [FOLDER]


def test_nothing_is_taken_while_the_daemon_ends() -> None:
    """Its lanes have ended."""
    stage = Stage().start()
    stage.driver.stopping = True
    stage.tell(reread({OTHER: watched()}))

    assert list(stage.driver.watched) == [FOLDER]


def test_what_lay_in_a_new_folder_is_held_as_on_a_first_start() -> None:
    """To add a folder by a reload is no way around it."""
    stage = Stage().start()
    old = replace(watched(), root=Root(path="/srv/other", hold=True))
    change(stage, {FOLDER: watched(), OTHER: old}, lookouts={OTHER: LOOKOUT})
    seen = scanned("old.mp4", folder=OTHER)
    for _ in range(3):
        stage.tell(seen)
        stage.clock.seconds += QUIET / 2
    (drop,) = group(seen.scan.files)
    stage.tell(Examined(folder=OTHER, drop=drop, found=Reading(asked=Asked())))

    (held,) = stage.driver.living.values()
    assert (held.state, held.held_for) == (State.HELD, HeldFor.FIRST_START)


def test_an_upload_that_began_with_the_former_key_is_tried_again_at_once() -> None:
    """Its refusal says nothing of the new key, so nobody else is kept back for it either."""
    stage = Stage().start(claim(State.UPLOADING))
    stage.tell(*[])
    stage.driver._act(stage.driver.living[CLAIM], (effects.Upload(),), stage.clock.now())
    stage.later(10)
    stage.tell(Reload())
    stage.forget()
    stage.happen(claim(), events.Faulted(fault=BARRED))
    assert stage.notes.effects() == [effects.Upload()]
    assert stage.logged("account.refused") == []

    stage.later(1)
    stage.happen(claim(), events.Faulted(fault=BARRED))
    stage.later(60)
    assert stage.notes.effects() == [effects.Upload()], "the new key is refused as well"
    assert len(stage.logged("account.refused")) == 1


def test_the_configuration_is_read_elsewhere() -> None:
    """The driver only asks for it, with what it knows."""
    asked: list[Mapping[Any, Watched]] = []
    stage = Stage(more={"reread": lambda _, known: asked.append(known)}).start()
    stage.tell(Reload())

    assert asked == [stage.driver.watched]


DEEP = Extent(recursive=True, shelves=("done", "failed"))


def rooted(extent: Extent = TOP) -> Watched:
    """Give a watch folder in which what lay there before is held."""
    return replace(watched(), root=Root(path="/srv/dub", hold=True, extent=extent))


def rooms(extent: Extent = TOP) -> Stage:
    """Give a driver with two folders, of which the first was looked at."""
    ids = iter(ClaimId(f"c{number}") for number in range(100))
    more = {"watched": {FOLDER: rooted(extent), OTHER: watched()}, "new_id": lambda: next(ids)}
    stage = Stage(more=more).start()
    stage.tell(scanned())
    return stage


def examine(stage: Stage, *names: str) -> dict[str, HeldFor | None]:
    """Let these be examined, and give why each claim is held."""
    for drop in group(scanned(*names).scan.files):
        stage.tell(Examined(folder=FOLDER, drop=drop, found=Reading(asked=Asked())))
    return {claim.drop.stem: claim.held_for for claim in stage.driver.living.values()}


def test_sub_folders_that_are_looked_into_from_now_on_may_be_full() -> None:
    """What lies there is held; what was seen at the top before, and is still settling, was dropped for us."""
    stage = rooms()
    stage.tell(scanned("new.mp4"))
    stage.clock.seconds += QUIET / 2
    change(stage, {FOLDER: rooted(DEEP), OTHER: watched()}, lookouts={FOLDER: LOOKOUT})
    settle(stage, "new.mp4", "x/old.mp4")

    assert examine(stage, "new.mp4", "x/old.mp4") == {"new": None, "old": HeldFor.FIRST_START}


def test_a_look_that_began_by_the_former_settings_is_not_one_by_the_new() -> None:
    """It saw nothing of the sub-folders, so that what lies there would be new to the next one."""
    stage = rooms()
    stage.later(PACE)
    under_way = stage.notes.known[-1].number
    change(stage, {FOLDER: rooted(DEEP), OTHER: watched()}, lookouts={FOLDER: LOOKOUT})
    stage.tell(replace(scanned(), number=under_way))
    assert stage.driver.watched[FOLDER].intake.looking
    stage.tell(replace(scanned("x/old.mp4"), number=stage.notes.known[-1].number))
    assert not stage.driver.watched[FOLDER].intake.looking
    settle(stage, "x/old.mp4")
    assert examine(stage, "x/old.mp4") == {"old": HeldFor.FIRST_START}


def test_where_answers_were_filed_before_no_drop_is_looked_for() -> None:
    """``done`` is another folder now; the former one is known to the next look, and after a restart."""
    stage = rooms(DEEP)
    stage.clock.seconds += QUIET
    other = Extent(recursive=True, shelves=("failed", "fertig"))
    change(stage, {FOLDER: rooted(other), OTHER: watched()}, lookouts={FOLDER: LOOKOUT})

    assert stage.notes.known[-1].shelves == ("done", "failed", "fertig")


@pytest.mark.parametrize("busy", [True, False])
def test_what_came_while_a_folder_was_not_watched_is_held(*, busy: bool) -> None:
    """Its note said that it stays as it is; also where claims kept it from being left, and a late look comes by."""
    stage = rooms()
    if busy:
        stage.driver._promise(claim(State.UPLOADING))
    stage.later(PACE)
    late = replace(scanned(), number=stage.notes.known[-1].number)
    change(stage, {OTHER: watched()})
    stage.driver.reloading.tend()
    assert (FOLDER in stage.driver.watched) is busy
    stage.clock.seconds += QUIET
    change(stage, {FOLDER: rooted(), OTHER: watched()}, lookouts={} if busy else {FOLDER: LOOKOUT})
    stage.tell(late)
    settle(stage, "meanwhile.mp4")
    settle(stage, "meanwhile.mp4", "new.mp4")
    found = examine(stage, "meanwhile.mp4", "new.mp4")

    assert (found["meanwhile"], found["new"]) == (HeldFor.FIRST_START, None)


def test_a_folder_that_was_left_and_is_configured_at_the_next_start_is_begun_anew() -> None:
    """That it was left is durable."""
    stage = rooms()
    change(stage, {OTHER: watched()})
    again = Stage(ledger=stage.ledger, more={"watched": {FOLDER: rooted()}}).start()
    settle(again, "meanwhile.mp4")

    assert examine(again, "meanwhile.mp4") == {"meanwhile": HeldFor.FIRST_START}
