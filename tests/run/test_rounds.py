"""The rounds: few at once, in a fair order; what need not be asked for is left alone, but not for ever."""

import inspect
from dataclasses import replace
from datetime import timedelta

import pytest
from run.rounds import GONE, NET, Rounds, address, called, followed, version
from run.stage import Stage
from samples import BUSY, FRENCH, SPANISH, claim, dubbing, earlier, order

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.claim import Claim, DubbingState, HeldFor, State
from panjaya_watchd.core.names import AssetId, ClaimId
from panjaya_watchd.core.order import AutoGenerate
from panjaya_watchd.run.lanes import Lanes
from panjaya_watchd.run.messages import Called, Entry, Reload, Stop
from panjaya_watchd.run.rounds import AT_ONCE, COLLECT, LISTED, LONGEST_REST

MANY = tuple(followed(number) for number in range(1, 31))
FEW = MANY[:15]
"""Too few for the list to be of use."""

PAUSE = 600.0
"""Seconds between two polls of a claim that is a day old."""


# whose turn it is


def test_few_are_asked_for_at_once_and_the_next_when_one_has_answered() -> None:
    """In the order in which they were due."""
    rounds = Rounds().start(*FEW)
    assert rounds.polls() == [1, 2, 3]

    rounds.answer(2)
    assert rounds.polls() == [4]
    rounds.answer(4, fault=GONE)
    assert rounds.polls() == [5]
    assert rounds.answer_all() == []


def test_a_look_up_waits_behind_no_poll() -> None:
    """Fifteen are due; the look-up that decides about money finds a thread of its lane free."""
    rounds = Rounds().start(*FEW, claim(State.RELEASING))
    threads = inspect.signature(Lanes).parameters["talks"].default

    assert [type(effect) for _, effect in rounds.stage.notes.handed].count(effects.LookUp) == 1
    assert len(rounds.polls()[:-1]) < threads
    assert threads > AT_ONCE


def test_all_have_their_turn_and_nobody_twice_before_the_last() -> None:
    """Though each is due again sooner than all have been asked for."""
    rounds = Rounds().start(*FEW)
    turns: list[int] = []
    for _ in range(3 * len(FEW)):
        for number in rounds.polls():
            turns.append(number)
            rounds.answer(number)
        rounds.stage.later(PAUSE / 8)

    for first in range(0, 45, 15):
        assert sorted(turns[first : first + 15]) == list(range(1, 16))


def test_a_claim_that_is_over_loses_its_turn() -> None:
    """It was fetched, held or closed while it waited."""
    rounds = Rounds().start(*MANY[:5])
    rounds.polls()
    over = replace(MANY[3], dubbings=(dubbing(SPANISH, DubbingState.FETCHING), dubbing(FRENCH, DubbingState.FAILED)))
    rounds.stage.driver.living[over.id] = over
    del rounds.stage.driver.living[MANY[4].id]
    rounds.answer(1)

    assert rounds.polls() == []


def test_when_the_daemon_ends_nothing_more_is_asked_for() -> None:
    """Also not when an answer comes in."""
    rounds = Rounds().start(*FEW)
    rounds.polls()
    rounds.stage.tell(Stop())
    rounds.answer(1)

    assert rounds.polls() == []


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (BUSY, 30),
        (replace(GONE, not_before=timedelta(minutes=7)), 420),
        (replace(GONE, not_before=timedelta(days=1)), LONGEST_REST),
        (GONE, 0),
    ],
)
def test_an_api_that_asks_for_a_rest_gets_it(fault: object, seconds: float) -> None:
    """From all of them, not only from the one that it has answered so."""
    rounds = Rounds().start(*FEW)
    rounds.polls()
    rounds.answer(1, fault=fault)  # type: ignore[arg-type]
    if seconds:
        assert rounds.polls() == []
        rounds.stage.later(seconds - 1)
        assert rounds.polls() == []
        rounds.stage.later(1)

    assert rounds.polls() == [4]


def test_a_person_who_mends_something_ends_the_rest() -> None:
    """By a reload."""
    rounds = Rounds().start(*FEW)
    rounds.polls()
    rounds.answer(1, fault=replace(GONE, not_before=timedelta(minutes=7)))
    assert rounds.polls() == []

    rounds.stage.tell(Reload())
    assert rounds.polls() == [4]


# callbacks


def test_whoever_is_called_back_about_is_asked_for_first() -> None:
    """Eleven others are due."""
    rounds = Rounds().start(*FEW)
    rounds.polls()
    rounds.stage.tell(called(15))
    rounds.stage.later(1)
    rounds.answer(1)

    assert rounds.polls() == [15]


def test_others_have_their_turn_however_many_are_called_back_about() -> None:
    """Every fourth."""
    rounds = Rounds().start(*FEW)
    rounds.polls()
    rounds.stage.tell(*(called(number) for number in range(7, 16)))
    rounds.stage.later(1)
    asked = []
    for number in (1, 2, 3, *range(7, 16)):
        rounds.answer(number)
        asked += rounds.polls()

    assert asked == [7, 8, 9, 4, 10, 11, 12, 5, 13, 14, 15, 6]


def test_callbacks_of_one_claim_that_come_together_are_one_poll() -> None:
    """And duplicates of them, also later ones, none."""
    rounds = Rounds().start(followed())
    rounds.answer_all()
    told = [called(locale=SPANISH), called(locale=FRENCH), called(event="version_resurrected")]
    rounds.stage.tell(*told, *told)
    assert rounds.polls() == []
    rounds.stage.later(1)

    assert rounds.polls() == [1]
    rounds.answer(fr="Completed")
    rounds.stage.tell(*told)
    rounds.stage.later(1)
    assert rounds.polls() == []


def test_a_callback_that_comes_while_its_asset_is_asked_for_is_looked_at_afterwards() -> None:
    """The answer under way may be older."""
    rounds = Rounds().start(followed())
    rounds.stage.tell(called())
    rounds.stage.later(5)
    assert rounds.polls() == [1]

    rounds.answer()
    assert rounds.polls() == [1]


@pytest.mark.parametrize("event", ["version_generating", "version_ready"])
def test_what_comes_in_between_is_no_reason_to_ask(event: str) -> None:
    """We have ordered the generation."""
    rounds = Rounds().start(followed())
    rounds.answer_all()
    rounds.stage.tell(called(event=event))
    rounds.stage.later(1)

    assert rounds.polls() == []


def test_nothing_is_kept_of_a_claim_that_is_closed() -> None:
    """A daemon lives for years; and of one claim only so many callbacks are kept."""
    rounds = Rounds().start(followed())
    rounds.answer_all()
    crew = rounds.stage.driver._crew
    rounds.stage.tell(*(called(event=f"event {number}") for number in range(1000)))
    assert len(crew.rounds.hearing._heard[ClaimId("c01")]) < 200
    rounds.stage.driver.living[ClaimId("c01")] = replace(followed(), state=State.FILING)
    rounds.stage.happen(followed(), events.Filed(where="done"))

    kept = (crew.rounds._looks, crew.rounds._pointed, crew.rounds.hearing._heard, crew.rounds.hearing._untold)
    assert [len(each) for each in kept] == [0, 0, 0, 0]
    rounds.stage.later(1)
    assert rounds.polls() == []


# while callbacks arrive


def test_while_callbacks_arrive_polls_are_ten_times_as_rare() -> None:
    """Also of a claim that has got none yet; each is asked for within two hours all the same."""
    deaf, hearing = Rounds().start(followed(1), followed(2)), Rounds().start(followed(1), followed(2))
    for each in (deaf, hearing):
        assert each.answer_all() == [1, 2]
    hearing.stage.tell(called(1, "version_generating"))
    heard = hearing.later(hours=10)

    assert 10 * len(heard) <= len(deaf.later(hours=10))
    assert sorted(set(heard)) == [1, 2]
    assert len(heard) >= 2 * 5


def test_the_first_look_is_not_left_out() -> None:
    """It tells which version is ours, and what is there already."""
    rounds = Rounds().start(followed(1))
    rounds.stage.tell(called(1, "version_generating"))

    assert rounds.answer_all() == [1]


@pytest.mark.parametrize(
    "other",
    [
        followed(2, order=order(callback_url="https://elsewhere.example.com/")),
        followed(2, order=order()),
        followed(2, builds_on=earlier(SPANISH)),
        followed(2, warnings=("It fails for the first time.",)),
    ],
    ids=["another address", "no address", "an earlier claim's asset", "failed for the first time"],
)
def test_who_cannot_be_called_back_about_keeps_its_pace(other: Claim) -> None:
    """Where callbacks go elsewhere, or something is to be read once more."""
    rounds = Rounds().start(followed(1), other)
    rounds.polls()
    rounds.answer(1)
    rounds.answer(2, es="Failed" if other.warnings else "Generating")
    rounds.stage.tell(called(1, "version_generating"))
    rounds.polls()
    rounds.stage.later(PAUSE * 1.2)

    assert rounds.polls() == [2]


def test_after_a_callback_it_is_looked_until_the_end_is_seen() -> None:
    """An answer that fails, or is older than the callback, does not put it off for two hours."""
    rounds = Rounds().start(followed())
    rounds.answer_all()
    rounds.stage.tell(called())
    rounds.stage.later(1)
    for fault in (GONE, None):
        assert rounds.polls() == [1]
        rounds.answer(fault=fault)
        rounds.stage.later(PAUSE * 1.2)
    assert rounds.polls() == [1]
    rounds.answer(es="Completed")
    rounds.stage.later(NET / 2)

    assert rounds.polls() == []


def test_each_end_that_was_told_of_is_looked_for() -> None:
    """Of two, the answer shows one; the other is not left for two hours."""
    rounds = Rounds().start(followed())
    rounds.answer_all()
    rounds.stage.tell(called(locale=SPANISH), called(locale=FRENCH))
    rounds.stage.later(1)
    rounds.polls()
    rounds.answer(es="Completed")
    rounds.stage.later(PAUSE * 1.2)

    assert rounds.polls() == [1]


def test_a_result_that_cannot_be_fetched_is_asked_about_though_callbacks_arrive() -> None:
    """Nobody calls back about that."""
    rounds = Rounds().start(followed())
    rounds.answer_all()
    rounds.stage.tell(called())
    rounds.stage.later(1)
    rounds.polls()
    rounds.answer(es="Completed")
    refused = replace(GONE, repeat_helps=False, status=404)
    rounds.stage.happen(followed(), events.FetchFaulted(locale=SPANISH, fault=refused))
    rounds.stage.later(PAUSE * 1.2)

    assert rounds.polls() == [1]


def test_a_claim_that_a_person_lets_go_on_is_asked_for_at_once() -> None:
    """Whatever was known before it was held."""
    rounds = Rounds().start(followed(1), followed(2))
    rounds.answer_all()
    rounds.stage.tell(called(2, "version_generating"))
    held = replace(followed(1), state=State.HELD, held_for=HeldFor.LOST, paused=State.DUBBING)
    rounds.stage.driver.living[held.id] = held
    rounds.stage.happen(held, events.Told(word=events.Word.RETRY))

    assert rounds.answer_all() == [1]


def test_an_answer_may_come_after_its_claim_was_closed() -> None:
    """A poll was under way when a person gave it up."""
    rounds = Rounds().start(*FEW)
    rounds.polls()
    rounds.stage.driver.living[FEW[0].id] = replace(FEW[0], state=State.FILING)
    rounds.stage.happen(FEW[0], events.Filed(where="done"))
    rounds.answer(1, fault=GONE)

    assert rounds.polls() == [4]


def test_an_end_without_a_callback_is_a_loss_and_all_are_asked_for_at_their_pace_again() -> None:
    """For an hour, and from the next callback after it they are left alone again; it is told once."""
    rounds = Rounds().start(followed(1), followed(2), followed(3))
    rounds.answer_all()
    rounds.stage.tell(called(1, "version_generating"))
    rounds.stage.later(NET * 1.2)
    assert sorted(rounds.polls()) == [1, 2, 3]
    rounds.answer(1, es="Completed")
    rounds.answer(2)
    rounds.answer(3, es="Failed")
    rounds.stage.later(400)
    asked = rounds.later(minutes=50)
    assert len(asked) >= 3 * 4
    assert [line["claim"] for line in rounds.stage.logged("callbacks.lost")] == ["c01"]

    rounds.later(minutes=20)
    rounds.stage.tell(called(2, "version_generating"))
    assert len(rounds.later(minutes=60)) <= 3


def test_a_callback_that_is_slower_than_a_poll_is_not_lost() -> None:
    """A few minutes; its claim may be closed by then."""
    rounds = Rounds().start(followed(1), followed(2), followed(3))
    rounds.answer_all()
    rounds.stage.tell(called(3, "version_generating"))
    rounds.stage.later(NET * 1.2)
    rounds.polls()
    for number in (1, 2, 3):
        rounds.answer(number, es="Completed")
    rounds.stage.later(200)
    del rounds.stage.driver.living[ClaimId("c02")]
    rounds.stage.tell(called(1), called(2), called(3))
    rounds.polls()
    rounds.stage.later(200)
    rounds.answer_all("Completed")

    assert rounds.later(minutes=60) == []
    assert rounds.stage.logged("callbacks.lost") == []


def test_silence_for_a_day_ends_what_callbacks_have_earned() -> None:
    """Not for some hours: a studio is quiet at night."""
    rounds = Rounds().start(followed(1))
    rounds.answer_all()
    rounds.stage.tell(called(1, "version_generating"))

    assert len(rounds.later(hours=12)) <= 8
    rounds.later(hours=13)
    assert len(rounds.later(hours=2)) >= 10


def test_a_version_that_began_anew_may_be_told_of_again() -> None:
    """Revised in the Studio while it could not be fetched."""
    rounds = Rounds().start(followed())
    rounds.answer_all()
    rounds.stage.tell(called())
    rounds.stage.later(1)
    rounds.polls()
    rounds.answer(es="Failed")
    rounds.stage.later(PAUSE * 1.2)
    rounds.polls()
    rounds.answer(es="ReadyToEdit")
    rounds.stage.tell(called())
    rounds.stage.later(1)

    assert rounds.polls() == [1]


def test_a_person_who_generates_is_followed_at_the_pace_of_the_machine() -> None:
    """Of ``version_generating`` a look follows there: until then it was asked for once an hour."""
    by_hand = order(auto_generate=AutoGenerate.OFF, callback_url=address(ClaimId("c01")))
    waiting = (dubbing(SPANISH, seen="Generating"), dubbing(FRENCH, seen="ReadyToEdit", version_id=version(1, FRENCH)))
    rounds = Rounds().start(followed(order=by_hand, dubbings=waiting))
    rounds.polls()
    rounds.answer(fr="ReadyToEdit")
    rounds.stage.tell(called(event="version_generating", locale=FRENCH))
    rounds.stage.later(1)

    assert rounds.polls() == [1]


def test_a_callback_that_is_a_witness_proves_that_callbacks_arrive() -> None:
    """It names the asset of an upload in doubt."""
    rounds = Rounds().start(followed(1), claim(State.RELEASING, id=ClaimId("c02")))
    rounds.answer_all()
    rounds.stage.tell(called(2))

    assert rounds.later(minutes=60) == []


def test_an_old_callback_elsewhere_proves_nothing() -> None:
    """One that names another claim's asset has the wrong address."""
    rounds = Rounds().start(followed(1), followed(2))
    rounds.answer_all()
    rounds.stage.tell(Called(claim_id=ClaimId("c01"), asset_id=AssetId("a2"), event="version_generated"))

    assert len(rounds.later(minutes=60)) >= 2 * 5


# the list


def listed(rounds: Rounds, *changed: int, requests: int = 1) -> None:
    """Let a list come in in which every entry is of kind 0, but for these, which are of kind 1."""
    rounds.list({**dict.fromkeys(range(1, 31), 0), **dict.fromkeys(changed, 1)}, requests=requests)


def learning() -> Rounds:
    """Give rounds that have read the list once, beside two polls, and then asked for everything."""
    rounds = Rounds().start(*MANY)
    assert rounds.polls() == [1, 2, 3]
    rounds.answer(1)
    assert (rounds.sweeps(), rounds.polls()) == (1, [])
    rounds.answer(2)
    listed(rounds)
    rounds.answer(3)
    rounds.answer_all()
    return rounds


def due(rounds: Rounds, spanish: str = "Generating") -> list[int]:
    """Let everything become due until the list is asked for, and answer what is asked for beside it."""
    rounds.stage.later(PAUSE * 1.2)
    asked: list[int] = []
    while not rounds.stage.notes.sweeps:  # it begins when a poll has made room
        asked += rounds.polls()
        rounds.answer(asked[-1], es=spanish)
    assert rounds.sweeps() == 1
    for number in asked[:-1]:
        rounds.answer(number, es=spanish)
    return asked


def trusting() -> tuple[Rounds, list[int]]:
    """Give rounds in which the list has shown the ends of three assets that polls had found, and these."""
    rounds = learning()
    rounds.stage.later(PAUSE * 1.2)
    ends: list[int] = []
    while len(ends) < 3:
        for number in rounds.polls():
            known = number > 4  # the others were asked for before the list was
            rounds.answer(number, es="Completed" if known else "Generating")
            ends += [number] if known else []
    rounds.sweeps()
    listed(rounds, *ends)
    rounds.answer_all()
    due(rounds)
    listed(rounds, *ends)
    rounds.answer_all()
    return rounds, ends


def test_the_list_is_read_only_where_that_is_cheaper() -> None:
    """By the pages that it has, or is assumed to have; a dozen assets are asked for themselves."""
    few, many = Rounds().start(*FEW), Rounds().start(*MANY)
    for each in (few, many):
        each.answer(1)

    assert (few.sweeps(), many.sweeps()) == (0, 1)
    listed(many, requests=40)
    many.answer_all()
    many.stage.later(PAUSE * 1.2)
    many.answer_all()
    assert many.sweeps() == 0


def test_a_list_takes_the_place_of_a_poll() -> None:
    """So that look-ups still find a thread free."""
    rounds = Rounds().start(*MANY)
    rounds.polls()
    rounds.answer(1)

    assert (rounds.sweeps(), rounds.polls()) == (1, [])
    rounds.answer(2)
    assert rounds.polls() == [4]
    listed(rounds)
    assert rounds.polls() == [5]


def test_while_it_is_learned_whether_the_list_is_worth_anything_it_is_read_every_ten_minutes() -> None:
    """And replaces nothing."""
    rounds = learning()
    asked = rounds.later(minutes=9)
    assert rounds.sweeps() == 0
    asked += rounds.later(minutes=2)

    assert sorted(asked) == list(range(1, 31))


def test_where_a_trusted_list_is_not_worth_its_pages_each_is_asked_for_itself() -> None:
    """It waits half a minute for others; a dozen do not make a list."""
    rounds, _ = trusting()
    for number in range(13, 31):
        del rounds.stage.driver.living[ClaimId(f"c{number}")]
    rounds.stage.later(PAUSE * 1.2)
    assert (rounds.sweeps(), rounds.polls()) == (0, [])
    rounds.stage.later(COLLECT)

    assert sorted(rounds.answer_all()) == list(range(1, 13))
    assert rounds.sweeps() == 0


def test_a_trusted_list_answers_for_all_that_did_not_move() -> None:
    """Of thirty that are due only the one is asked for of which the entry has changed."""
    rounds, ends = trusting()
    assert [line["shown"] for line in rounds.stage.logged("list.trusted")] == [3]
    assert due(rounds) == []
    other = min({5, 6, 7, 8} - set(ends))
    listed(rounds, *ends, other)

    assert rounds.answer_all() == [other]
    rounds.stage.later(PAUSE * 0.8)
    assert (rounds.sweeps(), rounds.polls()) == (0, [])


def test_whatever_the_list_says_each_asset_is_asked_for_itself_in_time() -> None:
    """At least every hour and a half; at their own pace there would have been three hundred polls by then."""
    rounds, ends = trusting()
    asked, minutes, polls = dict.fromkeys(range(1, 31), 0), int(4 * LISTED // 60), 0
    for minute in range(minutes):
        rounds.stage.later(60)
        while (found := rounds.answer_all()) or rounds.sweeps():
            for number in found:
                assert minute - asked[number] <= LISTED / 60 + 2, number
                asked[number] = minute
            polls += len(found)
            listed(rounds, *ends)

    assert min(asked.values()) >= minutes - LISTED / 60 - 2
    assert polls < 30 * minutes * 60 / PAUSE * 0.7


def test_for_those_that_are_to_be_asked_for_themselves_the_list_is_not_read() -> None:
    """It would answer for none of them."""
    rounds, _ = trusting()
    rounds.stage.later(LISTED)

    assert sorted(rounds.answer_all()) == list(range(1, 31))
    assert rounds.sweeps() == 0


def test_an_end_that_a_poll_has_found_is_no_news_in_the_list() -> None:
    """It is not asked about again."""
    rounds, ends = trusting()
    rounds.stage.later(LISTED)
    asked = rounds.polls()
    for number in asked:
        rounds.answer(number, fr="Completed")
    rounds.answer_all()
    due(rounds)
    listed(rounds, *ends, *asked)

    assert set(rounds.answer_all()).isdisjoint(asked)


def test_what_a_list_that_failed_should_have_shown_the_next_one_must() -> None:
    """The proofs are not forgotten."""
    rounds = learning()
    rounds.stage.later(PAUSE * 1.2)
    ends = rounds.polls()
    for number in ends:
        rounds.answer(number, es="Completed" if number > 4 else "Generating")
    rounds.sweeps()
    listed(rounds)
    rounds.answer_all()
    due(rounds)
    rounds.list(None, fault=GONE)
    rounds.answer_all()
    due(rounds)
    listed(rounds)

    assert len(rounds.stage.logged("list.refuted")) == 1


def test_an_entry_that_only_says_that_it_runs_is_not_asked_about() -> None:
    """It has moved, and from "generating" nothing follows; what comes after it is seen all the same."""
    rounds, ends = trusting()
    other = min({5, 6, 7, 8} - set(ends))
    entries: dict[int, int | Entry] = {**dict.fromkeys(range(1, 31), 0), **dict.fromkeys(ends, 1)}
    due(rounds)
    rounds.list({**entries, other: Entry(print=5, runs=True)})
    assert rounds.polls() == []
    due(rounds)
    rounds.list({**entries, other: Entry(print=6)})

    assert rounds.polls() == [other]


def test_one_end_that_the_list_does_not_show_ends_the_trust_for_good() -> None:
    """From then on each is asked for itself, and the list is never read again."""
    rounds, ends = trusting()
    while not (asked := rounds.polls()):
        rounds.stage.later(PAUSE)
        if rounds.sweeps():
            listed(rounds, *ends)
    for number in asked:
        rounds.answer(number, fr="Completed" if number == asked[0] else "Generating")
    rounds.answer_all()
    while not rounds.stage.logged("list.refuted"):
        rounds.stage.later(PAUSE)
        rounds.answer_all()
        if rounds.sweeps():
            listed(rounds, *ends)

    rounds.answer_all()
    assert set(range(1, 31)) - set(rounds.later(minutes=12)) <= set(asked[:1])
    assert rounds.sweeps() == 0


def test_what_moved_before_the_list_was_read_first_proves_nothing() -> None:
    """Only an entry that was seen before an end can show it."""
    rounds = Rounds().start(*MANY)
    rounds.answer_all("Completed")
    assert rounds.sweeps() == 1
    listed(rounds)
    rounds.answer_all("Completed")
    for _ in range(3):
        due(rounds, "Completed")
        listed(rounds)
        rounds.answer_all("Completed")

    assert rounds.stage.logged("list.refuted") == []
    assert rounds.stage.logged("list.trusted") == []


def test_an_entry_that_changed_is_a_reason_to_look_before_the_list_is_trusted() -> None:
    """A hint costs a poll and no more."""
    rounds = learning()
    asked = due(rounds)
    last = min(set(range(10, 31)) - set(asked))
    rounds.polls()
    listed(rounds, last)

    assert rounds.polls() == [last]


@pytest.mark.parametrize("not_before", [None, timedelta(seconds=90)])
def test_a_list_that_fails_costs_nothing_but_its_request(not_before: timedelta | None) -> None:
    """What waited is asked for itself, and the list is tried again ten minutes later."""
    rounds, _ = trusting()
    due(rounds)
    rounds.list(None, fault=replace(GONE, not_before=not_before))
    rounds.stage.later(COLLECT)
    assert (rounds.sweeps(), bool(rounds.answer_all())) == (0, not_before is None)
    rounds.stage.later(90)
    rounds.answer_all()

    assert rounds.sweeps() == 0
    assert due(rounds) == []


def test_what_others_have_in_the_list_is_not_kept() -> None:
    """Nor what of ours is closed."""
    rounds = Rounds().start(*MANY)
    rounds.list(dict.fromkeys(range(1, 1000), 0))

    assert len(rounds.stage.driver._crew.rounds.sweeping._entries) == 30
    assert isinstance(rounds.stage, Stage)
