"""The door: who is sent, who waits and for what, and what lets them go on."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from run.stage import CLAIM, FOLDER, Stage, watched
from samples import DIGEST, NOW, REFUSED, SPANISH, asset, claim, drop, dubbing, earlier, order

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.budget import Budget
from panjaya_watchd.core.claim import (
    Claim,
    Destination,
    DubbingState,
    HeldFor,
    Outcome,
    Reservation,
    State,
)
from panjaya_watchd.core.events import Told, Word
from panjaya_watchd.core.names import AssetId, ClaimId, Digest, FolderName
from panjaya_watchd.core.order import Language
from panjaya_watchd.run.door import LOOK_EVERY
from panjaya_watchd.run.messages import BATCH

LIKE = "likeness"
OTHER = FolderName("sales")
DAY = timedelta(days=1).total_seconds()


def stage(folder: Budget | None = None, together: Budget | None = None, **other: Budget | None) -> Stage:
    """Give a driver whose folders have these budgets; each claim of `claim` takes two minutes."""
    folders = {FOLDER: replace(watched(), budget=folder)}
    folders |= {FolderName(name): replace(watched(), budget=budget) for name, budget in other.items()}
    return Stage(more={"watched": folders, "together": together})


def numbered(number: int, **changes: Any) -> Claim:
    """Give one of several claims."""
    return claim(**{"id": ClaimId(f"c{number:03}"), "likeness": f"like {number}", **changes})


def old(**changes: Any) -> Claim:
    """Give a claim of the same video that is done."""
    done = (dubbing(SPANISH, DubbingState.FETCHED), dubbing(order().locales[1], DubbingState.FETCHED))
    plain = claim(
        State.CLOSED,
        id=ClaimId("old"),
        likeness=LIKE,
        digest=DIGEST,
        asset_id=AssetId("a0"),
        closed_at=NOW,
        filed_as="done/talk",
        outcome=Outcome(to=Destination.DONE, why="It is done."),
        dubbings=done,
    )
    return replace(plain, **changes)


def states(stage: Stage) -> dict[str, int]:
    """Count the living claims by state."""
    found = [each.state.value for each in stage.driver.living.values()]
    return {state: found.count(state) for state in sorted(set(found))}


def take_in(stage: Stage, *claims: Claim) -> None:
    """Let these claims be taken in."""
    stage.start(*claims)
    for each in claims:
        stage.happen(each, events.TakenIn())


# budgets


def test_exactly_as_many_are_sent_as_fit() -> None:
    """All others are held, and the figures are the ledger's."""
    room = stage(Budget(minutes_per_day=14))
    take_in(room, *(numbered(number) for number in range(50)))

    assert states(room) == {"held": 43, "uploading": 7}
    assert room.driver.admission.purses()[FOLDER].today.minutes == 14
    assert {each.held_for for each in room.driver.living.values()} == {None, HeldFor.BUDGET}
    assert sum(isinstance(effect, effects.Upload) for effect in room.notes.effects()) == 7


def test_the_budget_of_all_folders_together_counts_every_folder() -> None:
    """Whatever room the folders have by themselves."""
    room = stage(Budget(minutes_per_day=100), Budget(minutes_per_day=4), sales=None)
    take_in(room, *(numbered(number, folder=(FOLDER, OTHER)[number % 2]) for number in range(5)))

    assert states(room) == {"held": 3, "uploading": 2}
    assert "4 drops" not in str(room.driver.living[ClaimId("c002")].held)
    assert "all folders" in str(room.driver.living[ClaimId("c002")].held)


def test_what_one_gives_back_another_gets() -> None:
    """A drop that is refused takes nothing out of the budget; the next one goes within seconds."""
    room = stage(Budget(minutes_per_day=2))
    take_in(room, numbered(1), numbered(2))
    assert states(room) == {"held": 1, "uploading": 1}

    room.happen(numbered(1), events.Faulted(fault=REFUSED))
    room.later(2)
    assert room.driver.living[ClaimId("c002")].state is State.UPLOADING


def test_a_new_day_lets_go_what_fits() -> None:
    """By itself, oldest first, and no more than fits."""
    room = stage(Budget(minutes_per_day=4))
    take_in(room, *(numbered(number) for number in range(5)))
    assert states(room) == {"held": 3, "uploading": 2}

    room.later(LOOK_EVERY)
    assert states(room) == {"held": 3, "uploading": 2}
    room.later(DAY)
    assert states(room) == {"held": 1, "uploading": 4}
    room.later(DAY)
    assert states(room) == {"uploading": 5}


def test_many_are_reconsidered_a_few_at_a_time() -> None:
    """The driver must not stand still for thousands."""
    room = stage(Budget(minutes_per_day=2))
    take_in(room, *(numbered(number) for number in range(2 * BATCH + 10)))
    room.driver.admission = replace(room.driver.admission, budgets={})
    room.driver._crew.door.admission = room.driver.admission
    room.later(DAY)

    assert states(room) == {"uploading": 2 * BATCH + 10}


def test_a_stream_of_others_that_are_held_does_not_keep_the_new_day_away() -> None:
    """A look that is due is not put off by the next drop that does not fit."""
    room = stage(Budget(minutes_per_day=2))
    take_in(room, numbered(1), numbered(2))
    room.clock.seconds += DAY
    for number in range(10, 20):
        late = numbered(number, duration=600.0)
        room.ledger.put(late)
        room.driver.living[late.id] = late
        room.happen(late, events.TakenIn())
        room.later(LOOK_EVERY / 2)

    assert room.driver.living[ClaimId("c002")].state is State.UPLOADING


def test_what_was_reserved_for_a_day_that_is_over_asks_again_at_the_gate() -> None:
    """A pause of hours must not bring two days' money into one."""
    room = stage(Budget(minutes_per_day=2, minutes_per_month=4))
    take_in(room, numbered(1))
    room.later(DAY)
    today = numbered(2)
    room.ledger.put(today)
    room.driver.living[today.id] = today
    room.happen(today, events.TakenIn())
    room.forget()
    room.happen(numbered(1), events.AtGate(digest=DIGEST, size=1, mark=frozenset()))

    assert room.driver.living[ClaimId("c001")].held_for is HeldFor.BUDGET
    assert room.notes.effects() == [effects.ShutGate()]
    room.happen(today, events.AtGate(digest=DIGEST, size=1, mark=frozenset()))
    assert room.notes.effects()[-1] == effects.OpenGate()


def test_what_was_reserved_yesterday_passes_where_today_has_room() -> None:
    """It is not counted twice in the month that has both days."""
    room = stage(Budget(minutes_per_day=2, minutes_per_month=2))
    take_in(room, numbered(1))
    room.later(DAY)
    room.happen(numbered(1), events.AtGate(digest=DIGEST, size=1, mark=frozenset()))

    assert room.driver.living[ClaimId("c001")].state is State.RELEASING
    assert room.driver.admission.purses()[FOLDER].today.minutes == 2


def test_the_budget_survives_a_restart() -> None:
    """What is spent is what the ledger says; what was held asks again at the start."""
    room = stage(Budget(minutes_per_day=4))
    take_in(room, *(numbered(number) for number in range(4)))
    again = Stage(ledger=room.ledger, more=room.more)
    again.start()
    again.later(1)

    assert states(again) == {"held": 2, "uploading": 2}
    richer = Stage(ledger=room.ledger, more={"watched": {FOLDER: replace(watched(), budget=None)}})
    richer.start()
    richer.later(1)
    assert states(richer) == {"uploading": 4}


def test_release_lets_one_go_or_all() -> None:
    """Beyond the budget, because a person says so; what is in doubt is not touched."""
    room = stage(Budget(drops_per_day=1))
    room.ledger.put(numbered(9, state=State.HELD, held_for=HeldFor.DOUBT))
    take_in(room, *(numbered(number) for number in range(4)))
    assert states(room) == {"held": 4, "uploading": 1}

    assert room.driver.operator.tell(ClaimId("c002"), Told(word=Word.RELEASE)) is None
    room.happen(numbered(2), events.TakenIn())
    assert room.driver.living[ClaimId("c002")].state is State.UPLOADING
    assert room.driver.operator.release_all(FolderName("elsewhere")) == 0
    assert room.driver.operator.release_all(FOLDER) == 2
    room.tell()
    for number in (1, 3):
        room.happen(numbered(number), events.TakenIn())
    assert states(room) == {"held": 1, "uploading": 4}
    assert room.driver.admission.purses()[FOLDER].today.drops == 4


def test_without_budgets_nothing_is_asked_of_the_ledger() -> None:
    """And everything is reserved all the same, so that the figures are there when a budget comes."""
    room = stage()
    take_in(room, numbered(1))

    assert room.driver.admission.purses() == {}
    assert room.driver.living[ClaimId("c001")].reserved == Reservation(at=room.clock.now(), millis=120_000)


# twins


def test_the_first_of_two_copies_is_sent_and_the_other_waits_for_it() -> None:
    """One bill, whoever asks first; then the other is answered."""
    one, two = numbered(1, likeness=LIKE), numbered(2, likeness=LIKE)
    room = stage()
    take_in(room, one, two)
    assert states(room) == {"claimed": 1, "uploading": 1}
    assert room.driver.living[two.id].awaits == one.id

    room.happen(one, events.AtGate(digest=DIGEST, size=1000, mark=frozenset()))
    assert room.notes.handed[-1] == (room.driver.living[two.id], effects.Hash())
    room.happen(two, events.Hashed(digest=DIGEST))
    assert room.driver.living[two.id].state is State.CLAIMED

    room.happen(one, events.Accepted(asset=asset()))
    room.ledger.put(old(id=one.id, asset_id=AssetId("a1")))
    done = replace(room.driver.living[one.id], state=State.FILING, outcome=old().outcome, dubbings=old().dubbings)
    room.driver.living[one.id] = done
    room.happen(one, events.Filed(where="done/talk"))
    answered = room.driver.living[two.id]
    assert (answered.state, answered.asset_id, answered.reserved) == (State.DUBBING, "a1", None)


def test_a_copy_that_only_looked_alike_goes_by_itself() -> None:
    """All bytes are compared before it is believed."""
    one, two = numbered(1, likeness=LIKE), numbered(2, likeness=LIKE)
    room = stage()
    take_in(room, one, two)
    room.happen(one, events.AtGate(digest=DIGEST, size=1000, mark=frozenset()))
    room.happen(two, events.Hashed(digest=Digest("cd" * 32)))

    assert room.driver.living[two.id].state is State.UPLOADING


def test_a_twin_that_is_woken_while_it_is_taken_in_waits_for_that() -> None:
    """After a restart both are under way at once; what comes of taking it in asks by itself."""
    one = claim(State.FILING, id=ClaimId("one"), likeness=LIKE, digest=DIGEST, outcome=old().outcome)
    two = numbered(2, likeness=LIKE, digest=DIGEST, awaits=one.id)
    room = stage().start(one, two)
    room.happen(one, events.Filed(where="done/talk"))
    assert room.driver.living[two.id].state is State.CLAIMED

    room.happen(two, events.TakenIn())
    assert room.driver.living[two.id].state is State.DUBBING


def test_who_waits_for_a_twin_is_told_for_what() -> None:
    """That it is under way, that a person must speak, or that its folder is gone."""
    one, two = numbered(1, likeness=LIKE), numbered(2, likeness=LIKE)
    room = stage()
    take_in(room, one, two)
    assert room.driver.living[two.id].trouble == "talk in marketing is under way"

    room.happen(one, events.Poisoned(why="it kills"))
    assert room.driver.living[two.id].trouble == "talk in marketing waits for a person"
    orphan = numbered(1, likeness=LIKE, state=State.UPLOADING, folder=FolderName("gone"))
    lonely = stage()
    take_in(lonely, two)
    lonely = stage()
    lonely.ledger.put(orphan)
    take_in(lonely, two)
    assert "not watched any more" in str(lonely.driver.living[two.id].trouble)


def test_copies_of_a_video_that_failed_are_answered_and_not_sent() -> None:
    """It may have been billed; once is enough."""
    one, two = numbered(1, likeness=LIKE, digest=DIGEST), numbered(2, likeness=LIKE, digest=DIGEST)
    room = stage()
    take_in(room, one, two)
    failed = replace(
        room.driver.living[one.id],
        state=State.FILING,
        asset_id=AssetId("a1"),
        outcome=Outcome(to=Destination.FAILED, why="No sound."),
    )
    room.driver.living[one.id] = failed
    room.happen(one, events.Filed(where="failed/talk"))
    answered = room.driver.living[two.id].outcome

    assert answered is not None
    assert answered.to is Destination.FAILED


def test_bytes_are_read_once_however_often_somebody_asks() -> None:
    """Two reasons to ask at the same time are one reading."""
    room = stage()
    room.ledger.put(old())
    take_in(room, claim(likeness=LIKE))
    room.happen(claim(), events.TakenIn())

    assert [effect for effect in room.notes.effects() if isinstance(effect, effects.Hash)] == [effects.Hash()]


@pytest.mark.parametrize("force", [True, False])
def test_other_settings_need_a_word(force: bool) -> None:  # noqa: FBT001
    """``force = true`` pays again; without it the drop is answered at once."""
    room = stage()
    room.ledger.put(old())
    asked = order(speakers_count=3, force=force)
    take_in(room, claim(likeness=LIKE, digest=DIGEST, order=asked))

    assert room.driver.living[CLAIM].state is (State.UPLOADING if force else State.FILING)


def test_more_languages_are_reserved_by_themselves() -> None:
    """Only what is missing is taken out of the budget, and held if there is no room for it."""
    german = order(languages=(*order().languages, Language(locale="de-DE")))  # type: ignore[arg-type]
    more = claim(likeness=LIKE, digest=DIGEST, order=german)
    roomy, tight = stage(Budget(minutes_per_day=1)), stage(Budget(minutes_per_day=0.5))
    for room in (roomy, tight):
        room.ledger.put(old())
        take_in(room, more)

    assert roomy.driver.living[CLAIM].reserved == Reservation(at=roomy.clock.now(), millis=60_000)
    assert roomy.driver.living[CLAIM].to_buy == ("de-DE",)
    assert tight.driver.living[CLAIM].held_for is HeldFor.BUDGET
    assert tight.driver.living[CLAIM].builds_on is None


def test_a_repeat_needs_no_room_in_any_budget() -> None:
    """It costs nothing."""
    room = stage(Budget(minutes_per_day=0.001, drops_per_day=1))
    room.ledger.put(old())
    take_in(room, claim(likeness=LIKE, digest=DIGEST))

    assert room.driver.living[CLAIM].builds_on == replace(
        earlier(*order().locales), claim_id=ClaimId("old"), folder=old().folder
    )
    assert room.driver.living[CLAIM].state is State.DUBBING


def test_an_asset_of_an_earlier_claim_is_no_strangers() -> None:
    """What builds on it may name it; any other asset in its place is a doubt."""
    adding = claim(State.RELEASING, builds_on=earlier(SPANISH))
    room = stage()
    room.ledger.put(old())
    room.start(adding)
    wrong = asset(asset_id=AssetId("a7"))
    room.happen(adding, events.Accepted(asset=wrong))
    assert room.driver.living[CLAIM].state is State.RELEASING

    room.happen(adding, events.Found(asset=asset(asset_id=AssetId("a0"))))
    assert room.driver.living[CLAIM].state is State.DUBBING
    assert drop() == adding.drop
