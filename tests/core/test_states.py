"""The claim's machine: every row, every pair that is not a row, and what no sequence of events may ever do."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import get_args

import pytest
from architecture_table import PAGE, with_tables
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import (
    BARRED,
    BROKEN,
    BUSY,
    EVENTS,
    FRENCH,
    NOW,
    REFUSED,
    SPANISH,
    asset,
    claim,
    dubbing,
    order,
    result,
)

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.answers import Asset, Fault
from panjaya_watchd.core.claim import (
    LIVING,
    Attempt,
    Claim,
    Destination,
    DubbingState,
    HeldFor,
    OnDoubt,
    Outcome,
    Rules,
    State,
)
from panjaya_watchd.core.dubbing import DUBBING_ROWS
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.events import Event, Told, Word
from panjaya_watchd.core.following import FETCH_REFUSALS, UNKNOWN_POLLS
from panjaya_watchd.core.names import AssetId, Locale, VersionId
from panjaya_watchd.core.order import AutoGenerate
from panjaya_watchd.core.pace import ACCOUNT_PAUSE, LOOK_UPS_IN_WINDOW
from panjaya_watchd.core.states import ROWS, step
from panjaya_watchd.core.step import IllegalEvent, Row

LATER = NOW + timedelta(hours=2)


def test_every_pair_that_is_not_a_row_raises_and_changes_nothing() -> None:
    """The table is complete: what it does not say cannot happen unnoticed."""
    illegal = 0
    for state in State:
        for event in EVENTS:
            if (state, type(event)) in ROWS:
                continue
            before = claim(state)
            with pytest.raises(IllegalEvent, match=type(event).__name__):
                step(before, event, NOW)

            assert before == claim(state)
            illegal += 1

    assert illegal == len(State) * len(get_args(Event)) - len(ROWS)


def test_one_event_of_each_kind_is_tried() -> None:
    """The list of sample events misses no kind."""
    assert {type(event) for event in EVENTS} == set(get_args(Event))


def test_every_living_state_can_resume() -> None:
    """Recovery is an event with a row for every state that survives a restart."""
    assert {state for state, event in ROWS if event is events.Resumed} == LIVING


def test_a_row_cannot_lead_where_the_table_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """The column "becomes" is enforced, so that the table in ARCHITECTURE.md cannot lie."""
    honest = ROWS[State.FILING, events.Filed]
    rows = {(State.FILING, events.Filed): Row((State.HELD,), honest.says, honest.does)}
    monkeypatch.setattr("panjaya_watchd.core.states.ROWS", rows)
    with pytest.raises(IllegalEvent, match="led from filing to closed"):
        step(claim(State.FILING), events.Filed(where="done/talk"), NOW)


def test_the_table_in_the_architecture_page_is_the_table() -> None:
    """ARCHITECTURE.md shows the rows as they are."""
    page = PAGE.read_text(encoding="utf-8")

    assert page == with_tables(page), "type: make table"


CASES: list[tuple[Claim, Event, State, list[type[Effect]]]] = [
    (claim(), events.Resumed(rules=Rules()), State.CLAIMED, [effects.TakeIn]),
    (claim(), events.TakenIn(), State.CLAIMED, [effects.Admit]),
    (claim(), events.Admitted(millis=1), State.UPLOADING, [effects.Upload]),
    (
        claim(outcome=Outcome(to=Destination.FAILED, why="No.")),
        events.TakenIn(),
        State.FILING,
        [effects.PutAway],
    ),
    (claim(), events.Unsettled(why="it grew"), State.CLOSED, []),
    (claim(), events.Stuck(why="full"), State.CLAIMED, [effects.TakeIn]),
    (claim(State.UPLOADING), events.Resumed(rules=Rules()), State.UPLOADING, [effects.Upload]),
    (claim(State.UPLOADING), EVENTS[4], State.RELEASING, [effects.OpenGate]),
    (claim(State.UPLOADING), events.Accepted(asset=asset()), State.DUBBING, [effects.Poll]),
    (claim(State.UPLOADING), events.Found(asset=asset()), State.DUBBING, [effects.Poll]),
    (claim(State.UPLOADING), events.Faulted(fault=BUSY), State.UPLOADING, [effects.Upload]),
    (claim(State.UPLOADING), events.Faulted(fault=REFUSED), State.FILING, [effects.PutAway]),
    (claim(State.UPLOADING), events.Faulted(fault=BROKEN), State.HELD, []),
    (claim(State.UPLOADING), events.Unsettled(why="it grew"), State.FILING, [effects.PutAway]),
    (claim(State.UPLOADING), events.Unsettled(why="it left", gone=True), State.FILING, [effects.PutAway]),
    (claim(State.UPLOADING), events.Stuck(why="full"), State.UPLOADING, [effects.Upload]),
    (claim(State.RELEASING), events.Resumed(rules=Rules()), State.RELEASING, [effects.LookUp]),
    (claim(State.RELEASING), events.Accepted(asset=asset()), State.DUBBING, [effects.Poll]),
    (claim(State.RELEASING), events.Faulted(fault=BROKEN), State.RELEASING, [effects.LookUp]),
    (claim(State.RELEASING), events.Faulted(fault=BUSY), State.UPLOADING, [effects.Upload]),
    (claim(State.RELEASING), events.Faulted(fault=REFUSED), State.FILING, [effects.PutAway]),
    (claim(State.RELEASING), events.Found(asset=asset()), State.DUBBING, [effects.Poll]),
    (claim(State.RELEASING), EVENTS[8], State.RELEASING, [effects.LookUp]),
    (claim(State.RELEASING), events.Absent(), State.RELEASING, [effects.LookUp]),
    (claim(State.RELEASING), events.Unanswered(fault=BUSY), State.RELEASING, [effects.LookUp]),
    (claim(State.DUBBING), events.Resumed(rules=Rules()), State.DUBBING, [effects.Poll]),
    (claim(State.DUBBING), events.Polled(asset=asset("NotReady")), State.DUBBING, [effects.Poll]),
    (claim(State.DUBBING), events.Polled(asset=asset("Completed")), State.DUBBING, [effects.Fetch, effects.Poll]),
    (claim(State.DUBBING), events.Unanswered(fault=BUSY), State.DUBBING, [effects.Poll]),
    (claim(State.FILING), events.Resumed(rules=Rules()), State.FILING, [effects.PutAway]),
    (claim(State.FILING), events.Filed(where="done/talk"), State.CLOSED, []),
    (claim(State.FILING), events.Stuck(why="full"), State.FILING, [effects.PutAway]),
    (claim(State.HELD), events.Resumed(rules=Rules()), State.HELD, []),
    (claim(State.HELD), Told(word=Word.RETRY), State.UPLOADING, [effects.Upload]),
    (claim(State.HELD), Told(word=Word.ADOPT, asset_id=AssetId("a1")), State.DUBBING, [effects.Poll]),
    (claim(State.HELD), Told(word=Word.RELEASE), State.FILING, [effects.PutAway]),
]


@pytest.mark.parametrize(("before", "event", "state", "asked"), CASES)
def test_a_row_leads_where_it_should(before: Claim, event: Event, state: State, asked: list[type[Effect]]) -> None:
    """Each row gives the next state and asks for the right effects, in order."""
    after = step(before, event, NOW)

    assert after.claim.state is state
    assert [type(effect) for effect in after.effects] == asked


def test_an_attempt_is_counted_before_it_begins() -> None:
    """After a crash the next attempt has the next number, so a poisonous drop is noticed."""
    first = step(claim(), events.Admitted(millis=1), NOW).claim
    second = step(first, events.Resumed(rules=Rules()), NOW).claim

    assert first.attempt == Attempt(number=1)
    assert second.attempt == Attempt(number=2)


def test_the_mark_and_the_digest_are_durable_before_the_gate_opens() -> None:
    """What a look-up needs later is in the claim that is written before `OpenGate` is handed out."""
    after = step(claim(State.UPLOADING), EVENTS[4], NOW)

    assert after.claim.attempt == Attempt(number=1, mark=frozenset({AssetId("old")}), gate_at=NOW)
    assert (after.claim.size, after.claim.digest) == (1000, "ab" * 32)


def test_a_refused_account_pauses_uploads_and_fails_nothing() -> None:
    """401 and 403 are nobody's drop's fault."""
    after = step(claim(State.UPLOADING), events.Faulted(fault=BARRED), NOW)

    assert after.effects == (effects.Upload(at=NOW + ACCOUNT_PAUSE),)


def test_a_pause_that_the_api_asks_for_is_kept() -> None:
    """``Retry-After`` wins over our own shorter pause."""
    fault = replace(BUSY, not_before=timedelta(hours=3))
    upload = step(claim(State.UPLOADING), events.Faulted(fault=fault), NOW).effects[0]
    look = step(claim(State.RELEASING), events.Unanswered(fault=fault), NOW).effects[0]
    poll = step(claim(State.DUBBING), events.Unanswered(fault=fault), NOW).effects[0]

    assert [
        effect.at
        for effect in (upload, look, poll)
        if not isinstance(effect, effects.OpenGate | effects.ShutGate | effects.Admit)
    ] == [NOW + timedelta(hours=3)] * 3


def test_troubles_in_a_row_lengthen_the_pause() -> None:
    """A full disk is asked about less and less often, and for ever."""
    held, pauses = claim(State.FILING), []
    for _ in range(12):
        after = step(held, events.Stuck(why="full"), NOW)
        held, effect = after.claim, after.effects[0]
        assert isinstance(effect, effects.PutAway)
        assert effect.at is not None
        pauses.append((effect.at - NOW).total_seconds())

    assert pauses[0] < 6 < pauses[3] < pauses[5]
    assert 9 * 60 <= pauses[-1] <= 11 * 60


def doubtful(absences: int, since: datetime = NOW, on_doubt: OnDoubt = OnDoubt.HOLD) -> Claim:
    """Give a claim in doubt."""
    attempt = Attempt(number=1, mark=frozenset(), gate_at=NOW, doubt_since=since, absences=absences)
    return claim(State.RELEASING, attempt=attempt, rules=Rules(on_doubt=on_doubt))


@pytest.mark.parametrize("absences", [0, LOOK_UPS_IN_WINDOW - 2])
def test_a_moved_clock_does_not_end_the_window(absences: int) -> None:
    """An hour that the clock has jumped is not a window of looks."""
    after = step(doubtful(absences), events.Absent(), LATER)

    assert after.claim.state is State.RELEASING


def test_hasty_restarts_do_not_end_the_window() -> None:
    """Many looks within a second are not a window of time."""
    after = step(doubtful(50), events.Absent(), NOW + timedelta(seconds=1))

    assert after.claim.state is State.RELEASING


def test_nothing_found_for_a_whole_window_asks_a_person() -> None:
    """Sending again could bill twice, so by default a person decides."""
    after = step(doubtful(LOOK_UPS_IN_WINDOW), events.Absent(), LATER)

    assert after.claim.state is State.HELD
    assert after.effects == ()
    assert "Sending again may cost" in str(after.claim.held)


def test_nothing_found_for_a_whole_window_sends_again_where_the_folder_says_so() -> None:
    """``on_doubt = "retry"`` is the operator's own decision."""
    after = step(doubtful(LOOK_UPS_IN_WINDOW, on_doubt=OnDoubt.RETRY), events.Absent(), LATER)

    assert after.claim.state is State.UPLOADING
    assert after.claim.attempt == Attempt(number=2, after_doubt=True)


def test_several_candidates_are_shown_to_a_person() -> None:
    """What cannot be told apart is not adopted, also where the folder would retry."""
    event = events.Several(asset_ids=(AssetId("a1"), AssetId("a2")))
    after = step(doubtful(LOOK_UPS_IN_WINDOW, on_doubt=OnDoubt.RETRY), event, LATER)

    assert after.claim.state is State.HELD
    assert after.claim.candidates == ("a1", "a2")


def test_all_fetched_goes_to_done() -> None:
    """The last result files the claim; the outcome names the languages."""
    before = claim(
        State.DUBBING, dubbings=(dubbing(SPANISH, DubbingState.FETCHED), dubbing(FRENCH, DubbingState.FETCHING))
    )
    after = step(before, events.Fetched(locale=FRENCH, result=result(FRENCH)), NOW)

    assert after.claim.state is State.FILING
    assert after.effects == (effects.PutAway(),)
    assert after.claim.outcome is not None
    assert after.claim.outcome.to is Destination.DONE
    assert after.claim.outcome.why == "The video in Spanish (Spain) and French is in this folder."


def test_one_failed_language_goes_to_failed_and_names_the_good_one() -> None:
    """Good results are kept and named."""
    before = claim(State.DUBBING, dubbings=(dubbing(SPANISH, DubbingState.FETCHED), dubbing(FRENCH, seen="Failed")))
    after = step(before, events.Polled(asset=asset("Completed", "Failed")), NOW)

    assert after.claim.state is State.FILING
    assert after.claim.outcome is not None
    assert after.claim.outcome.to is Destination.FAILED
    assert after.claim.outcome.why == (
        "The dubbing into French did not work. The video in Spanish (Spain) is in this folder."
    )


def test_a_failed_asset_tells_its_own_reason() -> None:
    """The API's error code becomes a sentence, not the list of languages that did not work."""
    failed = asset("NotReady", "NotReady", status="Failed", error_code="missing_audio_track", error_message="no audio")
    after = step(claim(State.DUBBING), events.Polled(asset=failed), NOW)

    assert after.claim.state is State.FILING
    assert after.claim.outcome is not None
    assert after.claim.outcome.why == "This video has no sound."


def test_a_failed_asset_keeps_what_was_already_fetched() -> None:
    """A result on our disk is named even if the asset fails afterwards."""
    before = claim(State.DUBBING, dubbings=(dubbing(SPANISH, DubbingState.FETCHED), dubbing(FRENCH)))
    after = step(before, events.Polled(asset=asset("Completed", "NotReady", status="Failed")), NOW)

    assert after.claim.outcome is not None
    assert "The video in Spanish (Spain) is in this folder." in after.claim.outcome.why


def test_an_editable_version_is_the_end_when_generation_is_off() -> None:
    """``auto_generate = "off"`` ends at ReadyToEdit; a person goes on in the Studio."""
    before = claim(State.DUBBING, order=order(auto_generate=AutoGenerate.OFF))
    after = step(before, events.Polled(asset=asset("ReadyToEdit", "ReadyToEdit")), NOW)

    assert after.claim.state is State.FILING
    assert after.claim.outcome is not None
    assert after.claim.outcome.to is Destination.DONE
    assert "can now be edited" in after.claim.outcome.why


def test_an_editable_version_is_not_the_end_when_generation_is_on() -> None:
    """With generation on, ReadyToEdit is a stop on the way."""
    after = step(claim(State.DUBBING), events.Polled(asset=asset("ReadyToEdit", "ReadyToEdit")), NOW)

    assert after.claim.state is State.DUBBING


def test_an_asset_that_is_not_found_at_first_is_asked_for_again() -> None:
    """The API's answers lag behind its own creations."""
    after = step(claim(State.DUBBING), events.Unanswered(fault=REFUSED), NOW + timedelta(minutes=5))

    assert after.claim.state is State.DUBBING


def lost(times: int) -> Claim:
    """Give a claim whose asset was not found that many times in a row, an hour after it was made."""
    followed = claim(State.DUBBING)
    for _ in range(times):
        followed = step(followed, events.Unanswered(fault=REFUSED), LATER).claim
    return followed


def test_an_asset_that_is_not_found_for_an_hour_is_shown_to_a_person() -> None:
    """Somebody deleted it; sending again would cost."""
    assert lost(UNKNOWN_POLLS).state is State.HELD
    assert "no longer knows asset a1" in str(lost(UNKNOWN_POLLS).held)


def test_one_odd_answer_does_not_give_up_what_is_paid_for() -> None:
    """Not found has to be said several times in a row, and a good answer begins the count again."""
    almost = lost(UNKNOWN_POLLS - 1)
    answered = step(almost, events.Polled(asset=asset("NotReady", "NotReady")), LATER).claim
    again = step(answered, events.Unanswered(fault=REFUSED), LATER).claim

    assert almost.state is State.DUBBING
    assert again.state is State.DUBBING


def test_retrying_a_claim_that_has_an_asset_never_uploads_again() -> None:
    """The asset is paid for; a retry follows it again."""
    after = step(lost(UNKNOWN_POLLS), Told(word=Word.RETRY), LATER)

    assert after.claim.state is State.DUBBING
    assert after.effects == (effects.Poll(),)


def test_a_fetch_that_fails_is_tried_again_after_a_pause() -> None:
    """Each failure lengthens the pause; the dubbing stays fetching."""
    before = claim(State.DUBBING, dubbings=(dubbing(SPANISH, DubbingState.FETCHING), dubbing(FRENCH)))
    after = step(before, events.FetchFaulted(locale=SPANISH, fault=BUSY), NOW)

    assert after.claim.dubbings[0].fetches == 1
    assert [type(effect) for effect in after.effects] == [effects.Fetch]


def test_a_version_that_was_taken_back_is_waited_for_again() -> None:
    """Somebody revised it in the Studio while we were fetching."""
    before = claim(
        State.DUBBING, dubbings=(dubbing(SPANISH, DubbingState.FETCHING), dubbing(FRENCH, DubbingState.FETCHED))
    )
    after = step(before, events.FetchFaulted(locale=SPANISH, fault=BUSY, seen="ReadyToEdit"), NOW)

    assert after.claim.dubbings[0].state is DubbingState.WAITING
    assert [type(effect) for effect in after.effects] == [effects.Poll]


def test_a_resumed_claim_fetches_what_it_was_fetching() -> None:
    """Recovery asks for every download that was under way, and polls only if something waits."""
    before = claim(
        State.DUBBING, dubbings=(dubbing(SPANISH, DubbingState.FETCHING), dubbing(FRENCH, DubbingState.FETCHED))
    )
    after = step(before, events.Resumed(rules=Rules()), NOW)

    assert after.effects == (effects.Fetch(locale=SPANISH),)


def test_a_poll_in_a_state_without_an_order_asks_for_nothing() -> None:
    """An adopted asset of a drop whose order is unknown is not followed for ever."""
    before = claim(State.DUBBING, order=None)
    after = step(before, events.Polled(asset=asset()), NOW)

    assert after.effects == ()


def test_every_dubbing_row_says_where_it_leads() -> None:
    """The small table lists every (state, input) that can happen once."""
    assert len(DUBBING_ROWS) == 6


def test_a_download_that_nobody_asked_for_is_a_bug() -> None:
    """The small machine raises for what is not in its table, like the large one."""
    with pytest.raises(IllegalEvent, match="Fetched is not expected while es-ES is waiting"):
        step(claim(State.DUBBING), events.Fetched(locale=SPANISH, result=result()), NOW)


LONELY = replace(asset("Completed"), dubbings=asset("Completed").dubbings[:1])
"""The asset lists Spanish only."""


def test_a_language_that_was_never_begun_fails_when_all_others_are_over() -> None:
    """A locale that the API silently ignored is not waited for for ever."""
    over = claim(State.DUBBING, dubbings=(dubbing(SPANISH, DubbingState.FETCHED), dubbing(FRENCH)))
    early = step(over, events.Polled(asset=LONELY), NOW)
    late = step(over, events.Polled(asset=LONELY), LATER)

    assert early.claim.dubbings[1].state is DubbingState.WAITING
    assert late.claim.dubbings[1].error == "Panjaya did not begin this language, although it was ordered."
    assert late.claim.state is State.FILING


@pytest.mark.parametrize("seen", [replace(asset(), dubbings=()), LONELY], ids=["none listed", "others not over"])
def test_a_language_that_is_not_listed_yet_is_waited_for(seen: Asset) -> None:
    """Nothing says when an asset first lists its dubbings; a paid one is not declared failed by an empty answer."""
    after = step(claim(State.DUBBING), events.Polled(asset=seen), LATER)

    assert after.claim.state is State.DUBBING
    assert after.claim.dubbings[1].state is DubbingState.WAITING


def test_a_locale_in_another_case_is_the_same_locale() -> None:
    """The API may write ``ES-es``."""
    odd = replace(LONELY, dubbings=(replace(LONELY.dubbings[0], locale=Locale("ES-es")),))

    assert step(claim(State.DUBBING), events.Polled(asset=odd), NOW).claim.dubbings[0].state is DubbingState.FETCHING


def test_an_earlier_attempt_that_arrived_after_all_is_adopted_at_the_gate() -> None:
    """The list shows our file name before the gate opens: nothing more is sent, nothing more is billed."""
    after = step(claim(State.UPLOADING, attempt=Attempt(number=2)), events.Found(asset=asset()), NOW)

    assert after.claim.state is State.DUBBING
    assert after.claim.asset_id == "a1"


def test_a_download_keeps_a_dubbing_open_whatever_the_status_says() -> None:
    """With generation off, ReadyToEdit is the end only of what nothing is being fetched for."""
    before = claim(
        State.DUBBING,
        order=order(auto_generate=AutoGenerate.OFF),
        dubbings=(dubbing(SPANISH, DubbingState.FETCHING), dubbing(FRENCH)),
    )

    assert step(before, events.Polled(asset=asset("ReadyToEdit", "ReadyToEdit")), NOW).claim.state is State.DUBBING


def test_a_download_that_is_refused_waits_for_the_next_poll() -> None:
    """A version that is not found any more is not asked for over and over."""
    before = claim(State.DUBBING, dubbings=(dubbing(SPANISH, DubbingState.FETCHING), dubbing(FRENCH)))
    after = step(before, events.FetchFaulted(locale=SPANISH, fault=REFUSED), NOW)

    assert after.claim.dubbings[0].state is DubbingState.WAITING
    assert [type(effect) for effect in after.effects] == [effects.Poll]


def test_the_last_trouble_is_kept_until_something_goes_right() -> None:
    """It is what a person asks for first, also of a claim that is held."""
    cut = step(claim(State.RELEASING), events.Faulted(fault=BROKEN), NOW).claim
    absent = step(cut, events.Absent(), NOW).claim
    full = step(claim(), events.Stuck(why="the disk is full"), NOW).claim
    found = step(absent, events.Found(asset=asset()), NOW).claim

    assert [each.trouble for each in (cut, absent, full, found)] == [
        "the connection was cut",
        "the connection was cut",
        "the disk is full",
        None,
    ]


def test_a_clock_that_was_set_back_does_not_stretch_the_window() -> None:
    """The doubt is then as old as the clock says it can be."""
    after = step(doubtful(0, since=LATER), events.Absent(), NOW)

    assert after.claim.attempt is not None
    assert after.claim.attempt.doubt_since == NOW


def test_a_download_that_ends_while_a_person_is_asked_is_noted() -> None:
    """What is on our disk is ours, whatever the claim waits for."""
    held = replace(lost(UNKNOWN_POLLS), dubbings=(dubbing(SPANISH, DubbingState.FETCHING), dubbing(FRENCH)))
    fetched = step(held, events.Fetched(locale=SPANISH, result=result()), LATER)
    faulted = step(held, events.FetchFaulted(locale=SPANISH, fault=BUSY), LATER)
    again = step(faulted.claim, Told(word=Word.RETRY), LATER)

    assert fetched.claim.dubbings[0].state is DubbingState.FETCHED
    assert (fetched.effects, faulted.effects) == ((), ())
    assert again.effects == (effects.Poll(), effects.Fetch(locale=SPANISH))


def test_the_version_learned_first_is_followed() -> None:
    """Other versions of the same language, made in the Studio, do not take its place."""
    entry = asset("NotReady").dubbings[0]
    other = replace(entry.versions[0], version_id=VersionId("v-other"), status="Completed")
    known = claim(State.DUBBING, dubbings=(dubbing(SPANISH, version_id=VersionId("v-es-ES")), dubbing(FRENCH)))
    both = replace(asset(), dubbings=(replace(entry, versions=(other, *entry.versions)),))
    after = step(known, events.Polled(asset=both), NOW)
    unknown = step(claim(State.DUBBING), events.Polled(asset=both), NOW)

    assert after.claim.dubbings[0].seen == "NotReady"
    assert unknown.claim.dubbings[0].seen is None
    assert "which of them is ours is not known" in str(unknown.claim.dubbings[0].error)


ANY_EVENT = st.one_of(
    st.sampled_from(EVENTS),
    st.sampled_from([BROKEN, BUSY, REFUSED, BARRED]).map(lambda fault: events.Faulted(fault=fault)),
    st.sampled_from([BUSY, REFUSED]).map(lambda fault: events.Unanswered(fault=fault)),
    st.sampled_from(list(Word)).map(lambda word: Told(word=word, asset_id=AssetId("a9"))),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(ANY_EVENT, st.integers(0, 400)), max_size=60), st.sampled_from(list(OnDoubt)))
def test_no_sequence_of_events_opens_a_second_gate_without_a_reason(
    happenings: list[tuple[Event, int]], on_doubt: OnDoubt
) -> None:
    """
    Between two openings of one claim's gate there is always proof that no money moved, or a decision to risk it.

    Proof is a fault that says so; a decision is an operator's word, or ``on_doubt = "retry"`` after a whole window.
    """
    held = claim(rules=Rules(on_doubt=on_doubt))
    now, excused = NOW, True
    for happening, seconds in happenings:
        now += timedelta(seconds=seconds)
        if (held.state, type(happening)) not in ROWS:
            continue
        event = events.Resumed(rules=held.rules) if isinstance(happening, events.Resumed) else happening
        try:
            before, after = held, step(held, event, now)
        except IllegalEvent:
            continue  # a download that nobody asked for
        held = after.claim
        clean = isinstance(event, events.Faulted) and not event.fault.money_may_have_moved
        retried = isinstance(event, events.Absent) and on_doubt is OnDoubt.RETRY and held.state is State.UPLOADING
        excused = excused or clean or isinstance(event, Told) or (retried and before.state is State.RELEASING)
        if any(isinstance(effect, effects.OpenGate) for effect in after.effects):
            assert held.state is State.RELEASING
            assert excused
            excused = False
        if held.state is State.CLOSED:
            break


def test_what_people_edit_is_followed_where_the_folder_says_so() -> None:
    """With generation off an editable version is the end, unless it is to be waited for, or was revised on purpose."""
    ready = events.Polled(asset=asset("ReadyToEdit", "ReadyToEdit"))
    off = claim(State.DUBBING, order=order(auto_generate=AutoGenerate.OFF))
    followed = replace(off, rules=Rules(follow=True))
    revised = replace(off, dubbings=(dubbing(SPANISH, revised=True), dubbing(FRENCH, revised=True)))

    assert step(off, ready, NOW).claim.state is State.FILING
    assert [step(each, ready, NOW).claim.state for each in (followed, revised)] == [State.DUBBING, State.DUBBING]
    generated = events.Polled(asset=asset("Completed", "Completed"))
    fetched = [type(effect) for effect in step(followed, generated, NOW).effects]
    assert fetched == [effects.Fetch, effects.Fetch]


def test_a_revision_keeps_no_twin_waiting() -> None:
    """It buys nothing, and may take days."""
    assert claim(State.DUBBING).admitted
    assert not claim(State.DUBBING, dubbings=(dubbing(SPANISH, revised=True),)).admitted


def test_a_piece_bounds_what_an_unknown_length_can_cost() -> None:
    """Of a video on the web nothing else is known; of a measured one the rest counts."""
    web = order(start_time=10.0, end_time=70.0)

    assert claim(order=web, duration=None).estimated_millis == 120_000
    assert claim(order=web, duration=40.0).estimated_millis == 60_000
    assert claim(duration=None).estimated_millis is None
    assert claim(order=None).estimated_millis is None


def test_a_result_that_is_refused_for_hours_is_asked_about() -> None:
    """Only where nothing else is under way; a person's word begins anew."""
    gone = Fault(money_may_have_moved=False, repeat_helps=True, words="the link has expired", status=403)
    refused = dubbing(SPANISH, DubbingState.FETCHING, version_id=VersionId("v1"), refusals=FETCH_REFUSALS - 1)
    beside = claim(State.DUBBING, dubbings=(refused, dubbing(FRENCH)))
    alone = claim(State.DUBBING, dubbings=(refused, dubbing(FRENCH, DubbingState.FETCHED)))
    event = events.FetchFaulted(locale=SPANISH, fault=gone)

    assert step(beside, event, NOW).claim.state is State.DUBBING
    asked = step(alone, event, NOW)
    assert (asked.claim.held_for, asked.effects) == (HeldFor.LOST, ())
    assert asked.claim.held == "Panjaya refuses the video in Spanish (Spain): the link has expired"
    again = step(asked.claim, Told(word=Word.RETRY), NOW)
    assert [type(effect) for effect in again.effects] == [effects.Fetch]
    assert again.claim.dubbings[0].refusals == 0
