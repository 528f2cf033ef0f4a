"""Before anything is sent: what is reserved, taken over, held, declined; and what a person may permit."""

from dataclasses import replace
from datetime import timedelta

import pytest
from samples import BARRED, BROKEN, BUSY, DIGEST, FRENCH, NOW, REFUSED, SPANISH, asset, claim, dubbing, earlier, order

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.claim import (
    Attempt,
    Claim,
    Destination,
    DubbingState,
    HeldFor,
    OnDoubt,
    Outcome,
    Reservation,
    Rules,
    State,
)
from panjaya_watchd.core.dubbing import EARLIER_REFUSALS
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.events import Told, Word
from panjaya_watchd.core.names import AssetId, ClaimId, Locale, VersionId
from panjaya_watchd.core.order import AutoGenerate, Language
from panjaya_watchd.core.spending import STRIKES
from panjaya_watchd.core.states import step
from panjaya_watchd.core.step import hold

RESERVED = Reservation(at=NOW, millis=120_000)
LATER = NOW + timedelta(hours=2)


def held(kind: HeldFor, **changes: object) -> Claim:
    """Give a claim that is held before anything was sent."""
    inside = kind is not HeldFor.FIRST_START
    plain = {"attempt": None, "maybe_billed": False, "inside": inside, "held_for": kind}
    return claim(State.HELD, **{**plain, **changes})


def kinds(asked: tuple[Effect, ...]) -> list[type[Effect]]:
    """Give the kinds of effects."""
    return [type(effect) for effect in asked]


def test_the_reservation_is_durable_with_the_first_attempt() -> None:
    """What is on its way counts as spent before its first byte leaves."""
    after = step(claim(awaits=ClaimId("twin")), events.Admitted(millis=120_000), NOW)

    assert after.claim.reserved == RESERVED
    assert after.claim.awaits is None
    assert (after.claim.state, kinds(after.effects)) == (State.UPLOADING, [effects.Upload])


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


def test_what_may_be_billed_stays_reserved() -> None:
    """Also when a person gives a doubt up."""
    doubt = claim(State.HELD, reserved=RESERVED)

    assert step(doubt, Told(word=Word.RELEASE), NOW).claim.reserved == RESERVED


def test_what_an_earlier_claim_has_is_fetched_and_costs_nothing() -> None:
    """No upload, no reservation: the earlier asset is followed and its results are fetched."""
    had = (dubbing(SPANISH, DubbingState.FETCHING), dubbing(FRENCH, DubbingState.FETCHING))
    event = events.Recognised(earlier=earlier(SPANISH, FRENCH), dubbings=had, millis=0)
    after = step(claim(digest=DIGEST), event, NOW)

    assert (after.claim.state, after.claim.asset_id, after.claim.reserved) == (State.DUBBING, "a0", None)
    assert kinds(after.effects) == [effects.Fetch, effects.Fetch]
    assert after.claim.estimated_millis == 0


def test_what_is_missing_is_bought_for_the_same_asset() -> None:
    """Only the missing locale is reserved; what is had is fetched when the order is accepted."""
    had = (dubbing(SPANISH, DubbingState.FETCHING),)
    event = events.Recognised(earlier=earlier(SPANISH), dubbings=had, millis=60_000)
    buying = step(claim(digest=DIGEST), event, NOW)
    gate = step(buying.claim, events.AtGate(digest=DIGEST, size=1000, mark=frozenset()), NOW)
    accepted = step(gate.claim, events.Accepted(asset=asset(asset_id=AssetId("a0"))), NOW)

    assert (buying.claim.state, kinds(buying.effects)) == (State.UPLOADING, [effects.Upload])
    assert buying.claim.reserved == replace(RESERVED, millis=60_000)
    assert [(each.locale, each.state) for each in accepted.claim.dubbings] == [
        (SPANISH, DubbingState.FETCHING),
        (FRENCH, DubbingState.WAITING),
    ]
    assert kinds(accepted.effects) == [effects.Fetch, effects.Poll]


def test_a_refusal_of_further_languages_says_so() -> None:
    """The video itself was accepted long ago."""
    adding = claim(State.RELEASING, builds_on=earlier(SPANISH), reserved=RESERVED)
    outcome = step(adding, events.Faulted(fault=REFUSED), NOW).claim.outcome

    assert outcome is not None
    assert "French could not be added" in outcome.why
    assert ("Dubbed before", "done/talk in marketing (claim earlier)") in outcome.details


def test_an_earlier_result_that_is_nowhere_any_more_fails_with_what_to_do() -> None:
    """It is not bought again by itself."""
    gone = dubbing(SPANISH, DubbingState.FETCHING, earlier=dubbing(SPANISH, DubbingState.FETCHED).result)
    repeat = claim(State.DUBBING, builds_on=earlier(SPANISH, FRENCH), dubbings=(gone,))
    useless = step(repeat, events.FetchFaulted(locale=SPANISH, fault=REFUSED), NOW).claim
    expired = replace(BUSY, status=403)
    tired = replace(repeat, dubbings=(replace(gone, refusals=EARLIER_REFUSALS - 1),))
    at_last = step(tired, events.FetchFaulted(locale=SPANISH, fault=expired), NOW).claim

    for after in (useless, at_last):
        assert after.state is State.FILING
        assert after.outcome is not None
        assert after.outcome.to is Destination.FAILED
        assert "force = true" in after.outcome.todo
    for own in (BUSY, BARRED, replace(BUSY, status=None), replace(BUSY, status=503)):
        assert step(tired, events.FetchFaulted(locale=SPANISH, fault=own), NOW).claim.state is State.DUBBING


def test_what_changed_inside_goes_back() -> None:
    """A part that was touched while it was compared settles anew; one that is gone is answered."""
    back = step(claim(), events.Unsettled(why="it grew", inside=True), NOW).claim
    gone = step(claim(), events.Unsettled(why="it left", gone=True, inside=True), NOW).claim

    assert back.outcome is not None
    assert gone.outcome is not None
    assert (back.state, back.outcome.to) == (State.FILING, Destination.BACK)
    assert gone.outcome.to is Destination.FAILED


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


def test_a_new_day_brings_what_the_budget_held_back_to_the_door() -> None:
    """No person is needed."""
    after = step(held(HeldFor.BUDGET), events.Reconsidered(), NOW)

    assert (after.claim.state, after.claim.held, kinds(after.effects)) == (State.CLAIMED, None, [effects.Admit])


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


WITNESSED = events.Witnessed(asset_id=AssetId("a1"))


def test_a_witness_ends_a_doubt() -> None:
    """At once, also if a person was asked already."""
    doubt = claim(State.RELEASING)
    asked = claim(State.HELD)

    for before in (doubt, asked):
        after = step(before, WITNESSED, NOW)
        assert (after.claim.state, after.claim.witnessed) == (State.RELEASING, "a1")
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


def test_a_repeat_of_what_is_edited_in_the_studio_is_answered_at_once() -> None:
    """There is nothing to fetch and nothing to wait for."""
    editable = dubbing(SPANISH, seen="ReadyToEdit", version_id=VersionId("v1"))
    edited = order(auto_generate=AutoGenerate.OFF, languages=order().languages[:1])
    event = events.Recognised(earlier=earlier(SPANISH), dubbings=(editable,), millis=0)
    after = step(claim(digest=DIGEST, order=edited), event, NOW).claim

    assert after.outcome is not None
    assert (after.state, after.outcome.to) == (State.FILING, Destination.DONE)
    assert "this time it cost nothing" in after.outcome.why


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


def test_results_that_are_there_are_not_called_a_failure() -> None:
    """Poison in filing: giving up keeps the outcome."""
    stopped = step(claim(State.FILING, crashes=3), events.Poisoned(why="it kills"), NOW).claim
    after = step(stopped, Told(word=Word.GIVE_UP), NOW).claim

    assert after.outcome is not None
    assert after.outcome.to is Destination.DONE
