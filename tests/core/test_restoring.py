"""A claim in a ledger that was restored from a backup: what may have been sent since then is never sent by itself."""

from datetime import timedelta

import pytest
from samples import NOW, RESERVED, claim, drop, held

from panjaya_watchd.core.claim import Destination, HeldFor, Outcome, Reservation, State
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.names import AssetId, ClaimId
from panjaya_watchd.core.restoring import restored

THEN = NOW - timedelta(days=1)


@pytest.mark.parametrize("state", [State.RELEASING, State.DUBBING, State.FILING, State.CLOSED])
def test_what_may_be_billed_already_goes_on(state: State) -> None:
    """It is looked up or followed as after any crash, and buys nothing."""
    assert restored(claim(state), THEN) == claim(state)


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
