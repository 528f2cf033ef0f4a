"""Held for a person: what each word does, and how poison stops and goes on."""

from dataclasses import replace
from datetime import timedelta

import pytest
from samples import NOW, RESERVED, SPANISH, claim, dubbing, held, kinds

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.claim import Destination, HeldFor, Outcome, Rules, State
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.events import Told, Word
from panjaya_watchd.core.names import AssetId
from panjaya_watchd.core.states import step
from panjaya_watchd.core.step import hold


def test_a_permission_holds_for_its_reason_only() -> None:
    """What was let go after the first start is still held by a budget, until that is permitted, too."""
    first = step(held(HeldFor.FIRST_START), Told(word=Word.RELEASE), NOW)
    second = step(first.claim, events.OverBudget(why="it is spent"), NOW)
    third = step(second.claim, Told(word=Word.RELEASE), NOW)

    assert (first.claim.state, first.claim.may_exceed) == (State.CLAIMED, False)
    assert (second.claim.held_for, kinds(first.effects)) == (HeldFor.BUDGET, [effects.TakeIn])
    assert third.claim.may_exceed


def test_retry_of_what_waits_for_permission_permits_nothing() -> None:
    """It asks again, that is all."""
    after = step(held(HeldFor.BUDGET), Told(word=Word.RETRY), NOW)

    assert (after.claim.state, after.claim.may_exceed, kinds(after.effects)) == (State.CLAIMED, False, [effects.TakeIn])


def test_what_was_never_taken_in_is_taken_in_to_be_given_up() -> None:
    """Its parts lie in the watch folder, and an answer belongs beside them."""
    outside = step(held(HeldFor.FIRST_START), Told(word=Word.GIVE_UP), NOW)
    inside = step(held(HeldFor.BUDGET, reserved=RESERVED), Told(word=Word.GIVE_UP), NOW)

    assert (outside.claim.state, kinds(outside.effects)) == (State.CLAIMED, [effects.TakeIn])
    assert step(outside.claim, events.TakenIn(), NOW).claim.state is State.FILING
    assert (inside.claim.state, inside.claim.reserved) == (State.FILING, None)


def test_what_was_wrong_from_the_beginning_keeps_its_reason_when_it_is_given_up() -> None:
    """A broken sidecar is the better answer."""
    wrong = held(HeldFor.FIRST_START, outcome=Outcome(to=Destination.FAILED, why="The SRT is broken."))
    after = step(wrong, Told(word=Word.GIVE_UP), NOW).claim

    assert after.outcome is not None
    assert after.outcome.why == "The SRT is broken."


@pytest.mark.parametrize(
    ("state", "goes_on", "asks"),
    [
        (State.CLAIMED, State.CLAIMED, [effects.TakeIn]),
        (State.UPLOADING, State.UPLOADING, [effects.Upload]),
        (State.RELEASING, State.RELEASING, [effects.LookUp]),
        (State.DUBBING, State.DUBBING, [effects.Poll]),
        (State.FILING, State.FILING, [effects.PutAway]),
    ],
)
def test_poison_stops_where_it_is_and_goes_on_from_there(
    state: State, goes_on: State, asks: list[type[Effect]]
) -> None:
    """Whatever may have been sent is looked up, never sent again."""
    stopped = step(claim(state, crashes=3), events.Poisoned(why="the service has died of it"), NOW)
    after = step(stopped.claim, Told(word=Word.RETRY), NOW)

    assert (stopped.claim.state, stopped.claim.held_for, stopped.effects) == (State.HELD, HeldFor.POISON, ())
    assert (after.claim.state, after.claim.crashes, kinds(after.effects)) == (goes_on, 0, asks)


def test_poison_that_was_not_taken_in_is_taken_in_to_be_given_up() -> None:
    """Where its parts are is not known."""
    stopped = step(claim(crashes=3), events.Poisoned(why="the service has died of it"), NOW).claim
    after = step(stopped, Told(word=Word.GIVE_UP), NOW)

    assert (after.claim.state, kinds(after.effects)) == (State.CLAIMED, [effects.TakeIn])


def test_poison_that_is_tried_again_asks_at_the_door() -> None:
    """It was never admitted: a budget and twins have their say before anything is sent."""
    stopped = step(claim(inside=True, crashes=3), events.Poisoned(why="it kills"), NOW).claim
    after = step(stopped, Told(word=Word.RETRY), NOW)

    assert (after.claim.state, kinds(after.effects)) == (State.CLAIMED, [effects.TakeIn])


def test_what_was_counted_against_a_claim_is_forgotten_when_a_person_has_spoken() -> None:
    """An adopted claim must not be taken for poison at the next start, nor be sent again by where it once stopped."""
    stopped = step(claim(State.RELEASING, crashes=3), events.Poisoned(why="it kills"), NOW).claim
    adopted = step(stopped, Told(word=Word.ADOPT, asset_id=AssetId("a1")), NOW).claim
    lost = hold(adopted, "unknown", HeldFor.LOST).claim
    again = step(lost, Told(word=Word.RETRY), NOW)
    given_up = step(stopped, Told(word=Word.GIVE_UP), NOW).claim

    assert (adopted.crashes, adopted.paused, given_up.crashes) == (0, None, 0)
    assert (again.claim.state, kinds(again.effects)) == (State.DUBBING, [effects.Poll])


def test_a_retry_forgets_a_witness() -> None:
    """One that led nowhere must not shut every later gate."""
    doubt = claim(State.HELD, witnessed=AssetId("nowhere"))

    assert step(doubt, Told(word=Word.RETRY), NOW).claim.witnessed is None


def test_what_goes_on_keeps_its_witness() -> None:
    """Only a person who sends again on purpose forgets it."""
    stopped = step(claim(State.RELEASING, witnessed=AssetId("a1")), events.Poisoned(why="it kills"), NOW).claim
    again = step(stopped, Told(word=Word.RETRY), NOW).claim

    assert (again.state, again.witnessed) == (State.RELEASING, "a1")
    sending = step(claim(State.UPLOADING, witnessed=AssetId("a1")), events.Poisoned(why="it kills"), NOW).claim
    assert step(sending, Told(word=Word.RETRY), NOW).claim.witnessed == "a1"


def test_a_word_brings_the_rules_of_today() -> None:
    """A restart leaves thousands that are held as they are."""
    today = Rules(doubt_window=timedelta(hours=1))
    doubt = claim(State.HELD)

    assert step(doubt, events.Resumed(rules=today), NOW).claim == doubt
    assert step(doubt, Told(word=Word.RETRY, rules=today), NOW).claim.rules == today


def test_results_that_are_there_are_not_called_a_failure() -> None:
    """Poison in filing: giving up keeps the outcome."""
    stopped = step(claim(State.FILING, crashes=3), events.Poisoned(why="it kills"), NOW).claim
    after = step(stopped, Told(word=Word.GIVE_UP), NOW).claim

    assert after.outcome is not None
    assert after.outcome.to is Destination.DONE


def test_what_only_people_can_bring_further_may_be_ended() -> None:
    """Nothing of it is under way, so nothing is lost: what can be edited is told of."""
    edited = claim(State.DUBBING, dubbings=(dubbing(SPANISH, seen="ReadyToEdit"),))
    running = claim(State.DUBBING)
    ended = step(edited, Told(word=Word.GIVE_UP), NOW).claim

    assert (edited.awaits_people, running.awaits_people, replace(edited, state=State.HELD).awaits_people) == (
        True,
        False,
        False,
    )
    assert ended.state is State.FILING
