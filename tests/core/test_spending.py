"""What touches money: reservations, witnesses, strikes, and what is known to have been billed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from samples import BROKEN, BUSY, DIGEST, FRENCH, NOW, REFUSED, RESERVED, SPANISH, asset, claim, earlier, kinds, order

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.claim import Attempt, HeldFor, OnDoubt, Reservation, Rules, State
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.events import Told, Word
from panjaya_watchd.core.names import AssetId, Locale
from panjaya_watchd.core.order import Language
from panjaya_watchd.core.spending import STRIKES
from panjaya_watchd.core.states import step

LATER = NOW + timedelta(hours=2)
WITNESSED = events.Witnessed(asset_id=AssetId("a1"))


def test_an_asset_settles_the_reservation() -> None:
    """From then on it is never given back."""
    uploading = claim(State.UPLOADING, reserved=RESERVED)
    accepted = step(uploading, events.Accepted(asset=asset()), NOW).claim

    assert accepted.reserved == RESERVED


def test_a_length_that_nobody_knew_is_settled_by_the_api() -> None:
    """At the latest when a poll shows it."""
    unknown = claim(State.UPLOADING, duration=None, reserved=replace(RESERVED, millis=None))
    accepted = step(unknown, events.Accepted(asset=asset(duration=None)), NOW).claim
    polled = step(accepted, events.Polled(asset=asset("NotReady", "NotReady", duration=30.0)), NOW).claim

    assert accepted.reserved == replace(RESERVED, millis=None)
    assert polled.reserved == replace(RESERVED, millis=60_000)


@pytest.mark.parametrize(
    "event", [events.Faulted(fault=REFUSED), events.Unsettled(why="it grew")], ids=["refused", "changed"]
)
def test_what_was_not_billed_is_given_back(event: events.Event) -> None:
    """A drop that was refused or changed takes nothing out of the budget."""
    assert step(claim(State.UPLOADING, reserved=RESERVED), event, NOW).claim.reserved is None


def test_a_refusal_in_the_apis_own_words_gives_back_after_the_gate_too() -> None:
    """It proves that nothing was made."""
    assert step(claim(State.RELEASING, reserved=RESERVED), events.Faulted(fault=REFUSED), NOW).claim.reserved is None


def test_a_share_is_of_the_whole_however_often_the_gate_is_asked() -> None:
    """A repeat must not reckon the share of a share."""
    gate = events.AtGate(digest=DIGEST, size=1, mark=frozenset(), missing=(FRENCH,))
    adding = claim(State.UPLOADING, builds_on=earlier(), reserved=RESERVED)
    once = step(adding, gate, NOW).claim
    again = step(step(once, events.Faulted(fault=BUSY), NOW).claim, gate, LATER).claim

    assert adding.to_buy == (SPANISH, FRENCH)
    assert once.reserved is not None
    assert once.reserved.minutes == 1.0
    assert again.reserved == replace(once.reserved, at=LATER)


def test_what_may_be_billed_stays_reserved_while_its_retry_waits_for_a_budget() -> None:
    """The first try may be on the bill; nothing like it goes beside it, and its asset may still be named."""
    again = step(claim(State.HELD, reserved=RESERVED), Told(word=Word.RETRY), NOW).claim
    waits = step(again, events.OverBudget(why="it is spent"), LATER).claim
    adopted = step(waits, Told(word=Word.ADOPT, asset_id=AssetId("a1")), LATER).claim

    assert (waits.held_for, waits.reserved, waits.admitted) == (HeldFor.BUDGET, RESERVED, True)
    assert (adopted.state, adopted.asset_id) == (State.DUBBING, "a1")


@pytest.mark.parametrize(("absences", "state"), [(0, State.RELEASING), (99, State.HELD)])
def test_what_was_to_get_more_languages_and_is_not_known_any_more_ends_with_a_person(
    absences: int, state: State
) -> None:
    """Refused for a whole window, no later look will be answered."""
    attempt = Attempt(number=1, gate_at=NOW, doubt_since=NOW, absences=absences)
    doubt = claim(State.RELEASING, builds_on=earlier(SPANISH), attempt=attempt, reserved=RESERVED)
    after = step(doubt, events.Unanswered(fault=REFUSED), LATER).claim
    busy = step(doubt, events.Unanswered(fault=BUSY), LATER).claim

    assert (after.state, after.reserved) == (state, RESERVED)
    assert after.held is None or REFUSED.words in after.held
    assert busy.state is State.RELEASING


def test_what_may_be_billed_stays_reserved() -> None:
    """Also when a person gives a doubt up."""
    doubt = claim(State.HELD, reserved=RESERVED)

    assert step(doubt, Told(word=Word.RELEASE), NOW).claim.reserved == RESERVED


def test_a_refusal_of_further_languages_says_so() -> None:
    """The video itself was accepted long ago."""
    adding = claim(State.RELEASING, builds_on=earlier(SPANISH), reserved=RESERVED)
    outcome = step(adding, events.Faulted(fault=REFUSED), NOW).claim.outcome

    assert outcome is not None
    assert "French could not be added" in outcome.why
    assert ("Dubbed before", "done/talk in marketing (claim earlier)") in outcome.details


def test_three_strikes_ask_a_person() -> None:
    """A repeat may help, but not for ever: the drop itself may be the reason."""
    struck, fault = claim(State.UPLOADING, reserved=RESERVED), replace(BUSY, strikes=True)
    for _ in range(STRIKES - 1):
        struck = step(struck, events.Faulted(fault=fault), NOW).claim
        assert struck.state is State.UPLOADING
    after = step(struck, events.Faulted(fault=fault), NOW).claim
    again = step(after, Told(word=Word.RETRY), NOW).claim

    assert (after.state, after.held_for, after.strikes) == (State.HELD, HeldFor.POISON, STRIKES)
    assert (again.state, again.strikes, again.attempt) == (State.UPLOADING, 0, Attempt(number=STRIKES + 1))


def test_a_witness_ends_a_doubt() -> None:
    """At once, also if a person was asked already."""
    doubt = claim(State.RELEASING)
    asked = claim(State.HELD)

    for before in (doubt, asked):
        after = step(before, WITNESSED, NOW)
        assert (after.claim.state, after.claim.witnessed) == (State.RELEASING, "a1")
        assert after.claim.maybe_billed
        assert kinds(after.effects) == [effects.LookUp]


def test_a_witness_before_the_answer_is_only_noted() -> None:
    """The answer is on its way; and poison waits for its person."""
    waiting = claim(State.RELEASING, attempt=Attempt(number=1, gate_at=NOW))
    poisoned = claim(State.HELD, held_for=HeldFor.POISON)

    for before in (waiting, poisoned):
        after = step(before, WITNESSED, NOW)
        assert (after.claim.state, after.claim.witnessed, after.effects) == (before.state, "a1", ())


@pytest.mark.parametrize(
    ("event", "asks"),
    [
        (events.Resumed(rules=Rules()), [effects.LookUp]),
        (
            events.AtGate(digest=DIGEST, size=1, mark=frozenset({AssetId("a1")})),
            [effects.ShutGate, effects.LookUp],
        ),
        (events.Faulted(fault=BUSY), [effects.LookUp]),
        (events.Faulted(fault=REFUSED), [effects.LookUp]),
        (events.Unsettled(why="it grew"), [effects.LookUp]),
        (events.Stuck(why="full"), [effects.LookUp]),
        (events.OverBudget(why="it is spent"), [effects.ShutGate, effects.LookUp]),
    ],
)
def test_after_a_witness_nothing_is_sent_any_more(event: events.Event, asks: list[type[Effect]]) -> None:
    """An earlier attempt has made an asset: another one would be a second bill."""
    noted = step(claim(State.UPLOADING, reserved=RESERVED), WITNESSED, NOW).claim
    after = step(noted, event, LATER)

    assert (noted.state, after.claim.state, kinds(after.effects)) == (State.UPLOADING, State.RELEASING, asks)
    assert after.claim.attempt is not None
    assert after.claim.attempt.doubt_since == LATER
    assert after.claim.reserved == RESERVED


def test_a_witness_keeps_a_doubt_from_being_sent_again() -> None:
    """Even where the folder says so."""
    attempt = Attempt(number=1, gate_at=NOW, doubt_since=NOW, absences=99)
    rules = Rules(on_doubt=OnDoubt.RETRY)
    doubt = claim(State.RELEASING, attempt=attempt, witnessed=AssetId("a1"), rules=rules)

    assert step(doubt, events.Absent(), LATER).claim.held_for is HeldFor.DOUBT


def test_the_gate_notes_the_background_too() -> None:
    """By it the same drop is recognised a year later."""
    event = events.AtGate(digest=DIGEST, size=1, mark=frozenset(), background=DIGEST)

    assert step(claim(State.UPLOADING), event, NOW).claim.background_digest == DIGEST


def test_an_earlier_doubt_is_no_reason_to_settle() -> None:
    """A claim without a reservation has none to settle."""
    assert step(claim(State.UPLOADING), events.Accepted(asset=asset()), NOW).claim.reserved is None
    assert step(claim(State.RELEASING), events.Faulted(fault=BROKEN), NOW).claim.reserved is None


def test_a_day_that_is_over_gives_its_share_back_at_the_gate() -> None:
    """It is not spent beside what another day has room for: it waits for that day's room."""
    after = step(claim(State.UPLOADING, reserved=RESERVED), events.OverBudget(why="it is spent"), LATER)

    assert (after.claim.state, after.claim.held_for, after.claim.reserved) == (State.HELD, HeldFor.BUDGET, None)
    assert kinds(after.effects) == [effects.ShutGate]


def test_what_passes_the_gate_counts_for_the_day_on_which_it_does() -> None:
    """And of further languages only for those that the asset lacks by then."""
    gate = events.AtGate(digest=DIGEST, size=1, mark=frozenset())
    german = order(languages=(*order().languages, Language(locale=Locale("de-DE"))))
    adding = claim(State.UPLOADING, order=german, builds_on=earlier(SPANISH), reserved=RESERVED)

    assert step(claim(State.UPLOADING, reserved=RESERVED), gate, LATER).claim.reserved == replace(RESERVED, at=LATER)
    lacking = step(adding, replace(gate, missing=(FRENCH,)), LATER).claim
    assert lacking.reserved == Reservation(at=LATER, millis=60_000)
    assert lacking.attempt is not None
    assert lacking.attempt.missing == (FRENCH,)
    unknown = claim(State.UPLOADING, reserved=replace(RESERVED, millis=None))
    assert step(unknown, gate, LATER).claim.reserved == Reservation(at=LATER, millis=None)


def test_languages_that_somebody_else_has_bought_are_not_charged() -> None:
    """Found before our own request ever left."""
    adding = claim(State.UPLOADING, builds_on=earlier(SPANISH), reserved=RESERVED)
    found = events.Found(asset=asset(asset_id=AssetId("a0")))

    assert step(adding, found, NOW).claim.reserved is None
    assert step(replace(adding, maybe_billed=True), found, NOW).claim.reserved == RESERVED


def test_a_doubt_is_remembered_through_a_retry() -> None:
    """The first try may be billed whatever becomes of the second: nothing is given back, and WHY.txt says so."""
    again = step(claim(State.HELD, reserved=RESERVED), Told(word=Word.RETRY), NOW).claim
    refused = step(again, events.Faulted(fault=REFUSED), NOW).claim
    gate = step(again, events.AtGate(digest=DIGEST, size=1, mark=frozenset()), NOW).claim
    proven = step(gate, events.Faulted(fault=REFUSED), NOW).claim

    for after in (refused, proven):
        assert (after.maybe_billed, after.reserved is None) == (True, False)
        assert after.outcome is not None
        assert "earlier attempt" in dict(after.outcome.details)["Cost"]
    assert again.doubtful


def test_proof_that_nothing_was_made_ends_the_doubt() -> None:
    """A refusal of the only try; what is sent again then is a first try."""
    busy = step(claim(State.RELEASING, reserved=RESERVED), events.Faulted(fault=BUSY), NOW).claim

    assert (busy.state, busy.maybe_billed, busy.reserved) == (State.UPLOADING, False, RESERVED)
