"""A claim in a ledger that was restored from a backup: what may have been sent since then is never sent by itself."""

from dataclasses import replace
from datetime import timedelta

import pytest
from samples import NOW, RESERVED, claim, drop, held, kinds

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.claim import Attempt, Claim, Destination, HeldFor, OnDoubt, Outcome, Reservation, Rules, State
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.events import Told, Word
from panjaya_watchd.core.names import AssetId, ClaimId
from panjaya_watchd.core.pace import LOOK_UPS_IN_WINDOW
from panjaya_watchd.core.restoring import restored
from panjaya_watchd.core.states import step

THEN = NOW - timedelta(days=1)


RETRY = Rules(on_doubt=OnDoubt.RETRY)


def unseen(doubt: Claim) -> Claim:
    """Look a claim in doubt up until its window is over, and find nothing."""
    after = step(doubt, events.Resumed(rules=RETRY), NOW).claim
    for _ in range(LOOK_UPS_IN_WINDOW):
        assert after.state is State.RELEASING
        after = step(after, events.Absent(), NOW + timedelta(hours=1)).claim
    return after


@pytest.mark.parametrize("state", [State.DUBBING, State.FILING, State.CLOSED])
def test_what_is_bought_already_goes_on(state: State) -> None:
    """It is followed as after any crash, and buys nothing."""
    assert restored(claim(state), THEN) == claim(state)


def test_what_may_be_billed_is_looked_up_and_never_sent_again_by_itself() -> None:
    """Also where the rules say so: its asset may have been there, and deleted, before the ledger came back."""
    asked = unseen(restored(claim(State.RELEASING), THEN))
    again = step(asked, Told(word=Word.RETRY, rules=RETRY), NOW)

    assert unseen(claim(State.RELEASING)).state is State.UPLOADING
    assert (asked.state, asked.held_for) == (State.HELD, HeldFor.DOUBT)
    assert (again.claim.state, again.claim.attempt) == (State.UPLOADING, Attempt(number=2, after_doubt=True))


def test_poison_that_may_be_billed_is_looked_up_with_a_persons_word_and_held() -> None:
    """Its retry is a look-up, which must not end in another bill either."""
    poison = held(HeldFor.POISON, paused=State.RELEASING, attempt=Attempt(number=1), maybe_billed=True)
    retried = step(restored(poison, THEN), Told(word=Word.RETRY, rules=RETRY), NOW)

    assert kinds(retried.effects) == [effects.LookUp]
    assert unseen(retried.claim).held_for is HeldFor.DOUBT


WAITING = {
    "claimed": claim(State.CLAIMED, inside=True),
    "awaits a twin": claim(State.CLAIMED, inside=True, awaits=ClaimId("other")),
    "budget": held(HeldFor.BUDGET),
    "budget at the gate": held(HeldFor.BUDGET, attempt=Attempt(number=1)),
    "poison": held(HeldFor.POISON, paused=State.CLAIMED),
    "adds": claim(State.CLAIMED, inside=True, drop=Drop(key="talk", parts=()), adds_to=ClaimId("earlier")),
}


@pytest.mark.parametrize("before", WAITING.values(), ids=WAITING)
def test_what_had_no_leave_to_be_sent_asks_for_it_again(before: Claim) -> None:
    """A person's word ends the doubt, and not what twins and budgets have to say."""
    after = step(restored(before, THEN), Told(word=Word.RETRY), NOW)

    assert (after.claim.state, kinds(after.effects)) == (State.CLAIMED, [effects.TakeIn])
    assert after.claim.maybe_billed


@pytest.mark.parametrize(
    "before",
    [
        claim(State.UPLOADING, reserved=RESERVED),
        held(HeldFor.POISON, paused=State.UPLOADING, attempt=Attempt(number=3), reserved=RESERVED),
    ],
    ids=["uploading", "three strikes"],
)
def test_what_had_leave_to_be_sent_is_sent_with_a_persons_word(before: Claim) -> None:
    """Its share is reserved, and it is known to have no twin."""
    after = step(restored(before, THEN), Told(word=Word.RETRY), NOW)

    assert (after.claim.state, after.claim.paused, kinds(after.effects)) == (State.UPLOADING, None, [effects.Upload])


def test_a_witness_of_what_the_ledger_never_sent_is_looked_up() -> None:
    """It was sent after the backup. One that leads nowhere leaves it where it stood: before the door."""
    doubt = restored(replace(WAITING["budget"], attempt=None), THEN)
    heard = step(doubt, events.Witnessed(asset_id=AssetId("a1")), NOW)
    asked = unseen(heard.claim)
    after = step(asked, Told(word=Word.RETRY, rules=RETRY), NOW)

    assert (heard.claim.state, kinds(heard.effects)) == (State.RELEASING, [effects.LookUp])
    assert (asked.held_for, asked.witnessed) == (HeldFor.DOUBT, "a1")
    assert (after.claim.state, after.claim.witnessed, kinds(after.effects)) == (State.CLAIMED, None, [effects.TakeIn])


def test_what_was_to_be_sent_is_in_doubt() -> None:
    """It keeps or gets its share of the budgets, and says since when nobody knows."""
    sending = restored(claim(State.UPLOADING, reserved=RESERVED, crashes=2), THEN)
    waiting = restored(claim(State.CLAIMED, inside=True, awaits=ClaimId("other")), THEN)

    for after in (sending, waiting):
        assert (after.state, after.held_for, after.maybe_billed) == (State.HELD, HeldFor.DOUBT, True)
        assert "backup of 2026-02-28 12:00 UTC" in (after.held or "")
    assert (sending.reserved, sending.crashes) == (RESERVED, 0)
    assert (waiting.reserved, waiting.awaits) == (Reservation(at=THEN, millis=120_000), None)


@pytest.mark.parametrize("reason", [HeldFor.BUDGET, HeldFor.POISON])
def test_what_a_person_or_a_budget_could_have_let_go_is_in_doubt(reason: HeldFor) -> None:
    """Else a new day would send it a second time."""
    after = restored(held(reason, inside=True), THEN)

    assert (after.state, after.held_for, after.maybe_billed) == (State.HELD, HeldFor.DOUBT, True)


def test_what_lay_in_the_watch_folder_is_let_go() -> None:
    """What still lies there was never sent and is taken anew; what was taken in since is an orphan."""
    for before in (claim(State.CLAIMED, inside=False), held(HeldFor.FIRST_START, inside=False)):
        after = restored(before, THEN)
        assert (after.state, after.closed_at, after.held_for) == (State.CLOSED, THEN, None)
        assert after.outcome is not None
        assert after.outcome.to is Destination.BACK


def test_what_has_no_files_or_may_be_billed_is_not_let_go() -> None:
    """Languages that were ordered by a word would be forgotten, and a doubt would be."""
    by_a_word = claim(State.CLAIMED, inside=False, drop=Drop(key="talk", parts=()))
    sent_once = held(HeldFor.BUDGET, inside=False, maybe_billed=True, drop=drop())

    assert restored(by_a_word, THEN).held_for is HeldFor.DOUBT
    assert restored(sent_once, THEN).held_for is HeldFor.DOUBT


def test_what_waits_for_nothing_to_be_sent_stays_as_it_is() -> None:
    """A doubt is one already, a lost asset was paid for, and a refused drop is never sent."""
    refused = claim(State.CLAIMED, outcome=Outcome(to=Destination.FAILED, why="No."))
    lost = held(HeldFor.LOST, asset_id=AssetId("a1"))

    for before in (held(HeldFor.DOUBT), lost, refused):
        assert restored(before, THEN) == before
