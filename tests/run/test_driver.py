"""The driver: checkpoint, then act; what it ignores, what it keeps back, and what it dies of."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run.stage import CLAIM, FOLDER, Notes, Stage
from samples import BARRED, BROKEN, BUSY, DIGEST, EVENTS, FRENCH, SPANISH, asset, claim, drop, dubbing, result

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.answers import Fault
from panjaya_watchd.core.claim import LIVING, DubbingState, HeldFor, Rules, State
from panjaya_watchd.core.events import Told, Word
from panjaya_watchd.core.following import UNKNOWN_POLLS
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName, VersionId
from panjaya_watchd.core.order import Asked
from panjaya_watchd.core.pace import ACCOUNT_PAUSE
from panjaya_watchd.core.states import ROWS
from panjaya_watchd.core.step import IllegalEvent
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.memory import MemoryLedger
from panjaya_watchd.places.base import Scan
from panjaya_watchd.run.driver import FREE
from panjaya_watchd.run.messages import (
    Crashed,
    Due,
    Examined,
    Happened,
    Listed,
    Look,
    Lost,
    Question,
    Reading,
    Release,
    Scanned,
    Stop,
)

HOUR = ACCOUNT_PAUSE.total_seconds()
GONE = FolderName("sold")
AT_GATE = events.AtGate(digest=DIGEST, size=1000, mark=frozenset({AssetId("old")}))
WAITS = claim(State.HELD, id=ClaimId("waits"), held_for=HeldFor.FIRST_START, inside=False, maybe_billed=False)
NO_SUCH = Fault(money_may_have_moved=False, repeat_helps=False, words="no such asset", status=404)


class BrokenLedger(MemoryLedger):
    """A ledger on a full disk, once it is told to be."""

    full = False

    def put(self, claim: object) -> None:
        """Refuse."""
        if self.full:
            raise LedgerError("The ledger cannot be written: no space left on device.", hint="Make room.")
        super().put(claim)  # type: ignore[arg-type]


# checkpoint, then act


class Jealous(Notes):
    """Lanes that check what the ledger says at the moment they are handed an effect."""

    def __init__(self, ledger: MemoryLedger) -> None:
        super().__init__()
        self._ledger = ledger

    def hand(self, claim: object, effect: object) -> None:
        """Write down an effect, if its claim is durable."""
        assert self._ledger.get(claim.id) == claim  # type: ignore[attr-defined]
        super().hand(claim, effect)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "event"), [(state, type(event)) for state in State for event in EVENTS if (state, type(event)) in ROWS]
)
def test_an_effect_is_handed_out_only_when_its_claim_is_durable(state: State, event: type) -> None:
    """Whatever happens in whatever state: the ledger knows first."""
    ledger = MemoryLedger()
    stage = Stage(ledger=ledger, notes=Jealous(ledger)).start(claim(state))
    begun = replace(stage.driver.living[claim(state).id])
    happened = next(each for each in EVENTS if type(each) is event)
    if isinstance(happened, events.Fetched | events.FetchFaulted):
        begun = replace(begun, dubbings=(dubbing(SPANISH, DubbingState.FETCHING), *begun.dubbings[1:]))
        stage.ledger.put(begun)
        stage.driver.living[begun.id] = begun
    stage.happen(begun, happened)
    after = ledger.get(begun.id)

    assert after is not None
    asked = State.UPLOADING if "Admit" in ROWS[state, event].says else State.FILING
    assert after.state in {*ROWS[state, event].to, State.FILING, asked}


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (State.CLAIMED, events.TakenIn()),
        (State.UPLOADING, AT_GATE),
        (State.RELEASING, events.Accepted(asset=asset())),
        (State.HELD, Told(word=Word.RETRY)),
    ],
)
def test_nothing_is_done_when_the_ledger_cannot_be_written(state: State, event: events.Event) -> None:
    """On a full disk no gate opens and no upload begins; the daemon ends with the ledger's own words."""
    ledger = BrokenLedger()
    stage = Stage(ledger=ledger).start(claim(state))
    ledger.full = True

    with pytest.raises(LedgerError, match="no space left"):
        stage.happen(claim(state), event)
    assert stage.notes.handed == []
    assert stage.driver.living[CLAIM].state is state


def test_a_drop_is_not_taken_when_the_ledger_cannot_be_written() -> None:
    """No file moves before our word is durable."""
    ledger = BrokenLedger()
    stage = Stage(ledger=ledger).start()
    files = tuple((part.name, part.fingerprint) for part in drop().parts)
    for _ in range(3):
        stage.tell(Scanned(folder=FOLDER, scan=Scan(files=files), seconds=0))
        stage.clock.seconds += 3
    ledger.full = True

    with pytest.raises(LedgerError):
        stage.tell(Examined(folder=FOLDER, drop=drop(), found=Reading(asked=Asked())))
    assert stage.notes.handed == []
    assert stage.driver.living == {}


def test_each_claim_that_becomes_durable_is_told_to_who_counts_progress() -> None:
    """Fifty in one turn on a slow disk are fifty signs of life, and none of them comes before the ledger has it."""
    ledger, durable = MemoryLedger(), list[State]()

    def moved() -> None:
        after = ledger.get(CLAIM)
        assert after is not None
        durable.append(after.state)

    stage = Stage(ledger=ledger, more={"moved": moved}).start(claim(State.UPLOADING))
    durable.clear()
    stage.happen(claim(State.UPLOADING), AT_GATE)

    assert durable == [State.RELEASING]


def test_what_lives_is_counted_by_its_state_and_by_what_it_is_held_for() -> None:
    """From the ledger on, through each step, so that nobody has to count thousands once a second."""
    stage = Stage().start(claim(State.HELD), WAITS, claim(State.UPLOADING, id=ClaimId("sent")))
    counts = stage.driver.counts

    assert +counts == {State.HELD: 2, HeldFor.DOUBT: 1, HeldFor.FIRST_START: 1, State.UPLOADING: 1}
    stage.happen(claim(State.HELD), Told(word=Word.RETRY))
    assert +counts == {State.HELD: 1, HeldFor.FIRST_START: 1, State.UPLOADING: 2}


def test_a_step_that_changes_nothing_is_not_written() -> None:
    """An idle daemon leaves the disk asleep: a trouble is written once, and not each time it comes again."""
    ledger = BrokenLedger()
    stage = Stage(ledger=ledger).start(claim(State.RELEASING))
    stage.happen(claim(State.RELEASING), events.Unanswered(fault=BUSY))
    written = ledger.get(CLAIM)
    ledger.full = True
    stage.happen(claim(State.RELEASING), events.Unanswered(fault=BUSY))

    assert written is not None
    assert (written.state, written.trouble) == (State.RELEASING, BUSY.words)
    assert stage.driver.living[CLAIM] == written


# starting


@pytest.mark.parametrize(
    ("state", "begun"),
    [
        (State.CLAIMED, [effects.TakeIn()]),
        (State.UPLOADING, [effects.Upload()]),
        (State.RELEASING, [effects.LookUp()]),
        (State.DUBBING, [effects.Poll()]),
        (State.FILING, [effects.PutAway()]),
        (State.HELD, []),
    ],
)
def test_every_living_claim_is_resumed(state: State, begun: list[effects.Effect]) -> None:
    """After a crash each claim goes on from what is durable; nothing past the gate is ever sent again by itself."""
    stage = Stage()
    stage.ledger.put(claim(state))
    stage.driver.start()

    assert stage.notes.effects() == begun


def test_a_closed_claim_is_not_resumed() -> None:
    """What is over stays over, however long the history is."""
    stage = Stage()
    stage.ledger.put(claim(State.CLOSED))
    stage.driver.start()

    assert stage.driver.living == {}
    assert stage.notes.handed == []


@pytest.mark.parametrize("state", sorted(LIVING))
def test_a_claim_of_a_folder_that_is_no_longer_configured_waits_untouched(state: State) -> None:
    """It is told once, with what to do; not a byte of it changes, and nothing is begun."""
    orphan = claim(state, folder=GONE)
    stage = Stage()
    stage.ledger.put(orphan)
    stage.driver.start()

    (said,) = stage.logged("claim.orphaned")
    assert (said["claim"], said["folder"]) == (orphan.id, GONE)
    assert "Configure the folder again" in str(said["hint"])
    assert stage.notes.handed == []
    assert stage.ledger.get(orphan.id) == orphan


# the account


def test_a_refused_account_bars_every_upload_for_an_hour_and_is_told_once() -> None:
    """No drop is to blame: the claims wait, and one loud line says what to do."""
    one, other = claim(State.UPLOADING, id=ClaimId("one")), claim(State.CLAIMED, id=ClaimId("other"))
    stage = Stage().start(one, other)
    stage.happen(one, events.Faulted(fault=BARRED))
    stage.happen(other, events.TakenIn())

    assert stage.notes.handed == []
    assert [line["why"] for line in stage.logged("account.refused")] == [BARRED.words]
    assert {each.state for each in stage.ledger.living()} == {State.UPLOADING}
    stage.later(HOUR - 1)
    assert stage.notes.handed == []
    stage.later(HOUR * 0.2)
    assert stage.notes.effects() == [effects.Upload(), effects.Upload()]


def test_several_refusals_of_one_account_are_one_line() -> None:
    """Uploads that were under way together are refused together."""
    claims = [claim(State.UPLOADING, id=ClaimId(f"c{number}")) for number in range(5)]
    stage = Stage().start(*claims)
    for each in claims:
        stage.happen(each, events.Faulted(fault=BARRED))

    assert len(stage.logged("account.refused")) == 1


def test_an_account_that_is_refused_again_is_told_again() -> None:
    """Each hour the try is a new fact."""
    stage = Stage().start(claim(State.UPLOADING))
    stage.happen(claim(State.UPLOADING), events.Faulted(fault=BARRED))
    stage.later(HOUR * 1.2)
    stage.happen(claim(State.UPLOADING), events.Faulted(fault=BARRED))

    assert len(stage.logged("account.refused")) == 2


def test_a_refused_account_bars_only_uploads() -> None:
    """What was paid for is followed, fetched and filed."""
    barred, followed = claim(State.UPLOADING, id=ClaimId("barred")), claim(State.DUBBING, id=ClaimId("followed"))
    stage = Stage().start(barred, followed)
    stage.happen(barred, events.Faulted(fault=BARRED))
    stage.happen(followed, events.Polled(asset=asset(spanish="Completed")))

    assert effects.Fetch(locale=SPANISH) in stage.notes.effects()


def test_an_ordinary_fault_bars_nobody_else() -> None:
    """One drop's trouble is its own."""
    one, other = claim(State.UPLOADING, id=ClaimId("one")), claim(State.CLAIMED, id=ClaimId("other"))
    stage = Stage().start(one, other)
    stage.happen(one, events.Faulted(fault=BUSY))
    stage.happen(other, events.TakenIn())

    assert [each.id for each, _ in stage.notes.handed] == ["other"]
    assert stage.logged("account.refused") == []


# what comes late


@pytest.mark.parametrize("state", sorted(LIVING - {State.CLAIMED}))
@pytest.mark.parametrize(
    "event", [each for each in EVENTS if isinstance(each, FREE)], ids=lambda each: type(each).__name__
)
def test_a_free_answer_that_comes_late_is_dropped(state: State, event: events.Event) -> None:
    """The claim has moved on: the answer neither moves it back nor stops the daemon."""
    if (state, type(event)) in ROWS:
        return
    stage = Stage().start(claim(state))
    before = stage.driver.living[CLAIM]
    stage.happen(before, event)

    assert stage.driver.living[CLAIM] == before
    assert stage.notes.handed == []


def test_an_answer_for_a_claim_that_is_closed_is_dropped() -> None:
    """Also where the claim is not even living any more."""
    stage = Stage().start(claim(State.CLOSED))
    stage.tell(
        Happened(claim_id=CLAIM, event=events.Polled(asset=asset())),
        Listed(claim_id=CLAIM, assets=()),
        Due(claim_id=CLAIM, state=State.DUBBING, effect=effects.Poll()),
    )

    assert stage.notes.handed == []


def test_what_is_due_for_another_state_is_ignored() -> None:
    """A poll that was planned before the claim was held is not done while it is."""
    stage = Stage().start(claim(State.DUBBING))
    stage.tell(Due(claim_id=CLAIM, state=State.HELD, effect=effects.Poll()))
    assert stage.notes.handed == []

    stage.tell(Due(claim_id=CLAIM, state=State.DUBBING, effect=effects.Poll()))
    assert stage.notes.effects() == [effects.Poll()]


def test_an_effect_for_later_is_handed_out_when_its_time_has_come() -> None:
    """The pause is the core's; the driver only keeps it."""
    stage = Stage().start(claim(State.RELEASING))
    stage.happen(claim(State.RELEASING), events.Faulted(fault=BROKEN))
    pause = Rules().doubt_window / 10
    stage.later((pause - timedelta(seconds=1)).total_seconds())
    assert stage.notes.handed == []

    stage.later(1)
    assert stage.notes.effects() == [effects.LookUp()]


def test_an_event_that_may_not_happen_stops_the_daemon() -> None:
    """It is a bug, and a bug must not go on spending; the claim that it met is to blame."""
    stage = Stage().start(claim(State.CLAIMED))

    with pytest.raises(IllegalEvent):
        stage.happen(claim(State.CLAIMED), events.Accepted(asset=asset()))
    assert stage.ledger.get(CLAIM) == replace(claim(State.CLAIMED), rules=Rules(), crashes=1)


def test_an_upload_whose_asset_was_found_meanwhile_is_taken_back_at_its_gate() -> None:
    """It would buy what the claim has already."""
    stage = Stage().start(claim(State.DUBBING))
    stage.happen(claim(State.DUBBING), AT_GATE)

    assert stage.notes.effects() == [effects.ShutGate()]
    assert stage.driver.living[CLAIM] == claim(State.DUBBING)


def test_a_full_ledger_is_not_blamed_on_a_claim() -> None:
    """Three such ends would make poison of a drop that is well."""
    ledger = BrokenLedger()
    stage = Stage(ledger=ledger).start(claim(State.CLAIMED))
    ledger.full = True

    with pytest.raises(LedgerError):
        stage.happen(claim(State.CLAIMED), events.TakenIn())
    before = ledger.get(CLAIM)
    assert before is not None
    assert before.crashes == 0


BEGUN = (dubbing(SPANISH, DubbingState.FETCHING, version_id=VersionId("v-es-ES")), dubbing(FRENCH))
"""Spanish is being fetched, French is waited for."""


def fetching(**changes: Any) -> Stage:
    """Give a driver that has just handed out the download of one language."""
    stage = Stage()
    stage.ledger.put(claim(State.DUBBING, dubbings=BEGUN, **changes))
    stage.driver.start()
    assert effects.Fetch(locale=SPANISH) in stage.notes.effects()
    stage.forget()
    return stage


def unknown(stage: Stage) -> None:
    """Let the API say, an hour later and often enough, that it does not know the asset."""
    stage.clock.seconds = 1e9
    for _ in range(UNKNOWN_POLLS):
        stage.happen(stage.driver.living[CLAIM], events.Unanswered(fault=NO_SUCH))
    assert stage.driver.living[CLAIM].state is State.HELD


def test_a_download_that_ends_after_its_claim_was_held_is_kept() -> None:
    """One language is being fetched while the asset stops being known: no reason for the daemon to die."""
    stage = fetching()
    unknown(stage)
    stage.happen(stage.driver.living[CLAIM], events.Fetched(locale=SPANISH, result=result()))

    assert stage.driver.living[CLAIM].dubbings[0].state is DubbingState.FETCHED


@pytest.mark.parametrize("state", [State.CLAIMED, State.UPLOADING, State.RELEASING, State.FILING, State.CLOSED])
@pytest.mark.parametrize(
    "event", [events.Fetched(locale=SPANISH, result=result()), events.FetchFaulted(locale=SPANISH, fault=BUSY)]
)
def test_a_download_that_nobody_waits_for_any_more_is_dropped(state: State, event: events.Event) -> None:
    """Its claim has been filed, is over, or began anew after a person's word: the daemon goes on."""
    stage = Stage().start(claim(state))
    before = stage.ledger.get(CLAIM)
    stage.happen(claim(state), event)

    assert stage.ledger.get(CLAIM) == before
    assert stage.notes.handed == []


def test_a_download_that_is_under_way_is_not_begun_again() -> None:
    """Two lanes writing one file would spoil it; a second one begins only after the first has come back."""
    stage = fetching()
    due = Due(claim_id=CLAIM, state=State.DUBBING, effect=effects.Fetch(locale=SPANISH))
    stage.tell(due, due)
    assert stage.notes.handed == []

    stage.happen(stage.driver.living[CLAIM], events.FetchFaulted(locale=SPANISH, fault=BUSY))
    stage.tell(due, due)
    assert stage.notes.effects() == [effects.Fetch(locale=SPANISH)]


def test_a_download_holds_up_no_other_language() -> None:
    """What counts as under way is one language of one claim."""
    stage = fetching()
    stage.happen(stage.driver.living[CLAIM], events.Polled(asset=asset(french="Completed")))
    fetched = [effect for effect in stage.notes.effects() if isinstance(effect, effects.Fetch)]

    assert fetched == [effects.Fetch(locale=FRENCH)]


def test_a_download_that_is_over_is_not_begun_again() -> None:
    """A repeat that was planned before the result came is forgotten."""
    stage = fetching()
    stage.happen(stage.driver.living[CLAIM], events.Fetched(locale=SPANISH, result=result()))
    stage.tell(Due(claim_id=CLAIM, state=State.DUBBING, effect=effects.Fetch(locale=SPANISH)))

    assert not any(isinstance(effect, effects.Fetch) for effect in stage.notes.effects())


def test_a_download_that_is_refused_for_good_is_not_repeated_but_asked_about() -> None:
    """The version is not known any more: the dubbing waits for what the next poll shows."""
    stage = fetching()
    stage.happen(stage.driver.living[CLAIM], events.FetchFaulted(locale=SPANISH, fault=NO_SUCH))
    assert stage.driver.living[CLAIM].dubbings[0].state is DubbingState.WAITING
    stage.later(1e6)

    assert {type(effect) for effect in stage.notes.effects()} == {effects.Poll}
    stage.happen(stage.driver.living[CLAIM], events.Polled(asset=asset(spanish="Completed")))
    assert effects.Fetch(locale=SPANISH) in stage.notes.effects()


@pytest.mark.parametrize("word", [Told(word=Word.RETRY), Told(word=Word.RELEASE)], ids=["retry", "release"])
def test_a_person_waits_for_a_download_that_is_under_way(word: Told) -> None:
    """Filing the folder under it would tear the result; once it is here the word is heard."""
    stage = fetching()
    unknown(stage)
    held = stage.driver.living[CLAIM]
    refused = stage.driver.operator.tell(CLAIM, word)
    assert refused == f"A result of claim {CLAIM} is being downloaded; ask again when it is here. Nothing was changed."
    assert stage.driver.living[CLAIM] == held

    stage.happen(held, events.FetchFaulted(locale=SPANISH, fault=BUSY))
    assert stage.driver.operator.tell(CLAIM, word) is None
    assert stage.driver.living[CLAIM].state is not State.HELD


def test_a_retry_of_a_followed_claim_fetches_what_was_being_fetched() -> None:
    """Whatever a restart would begin again, the operator's word begins again as well."""
    begun = claim(
        State.HELD,
        asset_id=AssetId("a1"),
        dubbings=(dubbing(SPANISH, DubbingState.FETCHING), dubbing(asset().dubbings[1].locale)),
    )
    stage = Stage().start(begun)
    assert stage.driver.operator.tell(CLAIM, Told(word=Word.RETRY)) is None

    assert effects.Fetch(locale=SPANISH) in stage.notes.effects()


# looking up


def test_a_listing_is_judged_against_what_other_claims_have() -> None:
    """An asset that belongs to another claim is not a candidate, even if everything else fits."""
    ours = claim(State.RELEASING)
    stage = Stage().start(ours, claim(State.DUBBING, id=ClaimId("other"), asset_id=AssetId("a1")))
    stage.tell(Listed(claim_id=CLAIM, assets=(asset(file_name=f"talk-{CLAIM}.mp4"),)))
    after = stage.driver.living[CLAIM]

    assert (after.state, after.asset_id) == (State.RELEASING, None)


def test_a_listing_that_shows_our_own_file_name_is_proof() -> None:
    """The asset is adopted and followed."""
    stage = Stage().start(claim(State.RELEASING))
    stage.tell(Listed(claim_id=CLAIM, assets=(asset(file_name=f"talk-{CLAIM}.mp4"),)))

    assert stage.driver.living[CLAIM].asset_id == "a1"


def test_two_claims_in_doubt_do_not_take_each_others_asset() -> None:
    """One new asset that could be either's is nobody's without a proof."""
    stage = Stage().start(claim(State.RELEASING), claim(State.RELEASING, id=ClaimId("rival")))
    stage.tell(Listed(claim_id=CLAIM, assets=(asset(),)))

    assert stage.driver.living[CLAIM].asset_id is None


OURS = asset(file_name=f"talk-{CLAIM}.mp4")
"""The asset ``a1``, under the name that we send."""


@pytest.mark.parametrize("other", [State.DUBBING, State.CLOSED])
@pytest.mark.parametrize("event", [events.Accepted(asset=OURS), events.Found(asset=OURS)], ids=["accepted", "found"])
def test_an_asset_of_another_claim_is_a_doubt_and_never_adopted(other: State, event: events.Event) -> None:
    """Two drops must not answer for one asset: what became of this video is looked up, and nothing is sent again."""
    taker = claim(other, id=ClaimId("other"), asset_id=AssetId("a1"))
    stage = Stage().start(claim(State.RELEASING), taker)
    stage.happen(claim(State.RELEASING), event)
    after = stage.driver.living[CLAIM]

    assert (after.state, after.asset_id) == (State.RELEASING, None)
    assert after.trouble == "The API names asset a1, which belongs to another claim."
    stage.later(Rules().doubt_window.total_seconds() / 10)
    assert stage.notes.effects() == [effects.LookUp()]


@pytest.mark.parametrize("event", [events.Accepted(asset=OURS), events.Found(asset=OURS)], ids=["accepted", "found"])
def test_an_asset_of_another_claim_is_not_adopted_before_the_gate(event: events.Event) -> None:
    """Nor does it count as a reason to send the video again."""
    stage = Stage().start(claim(State.UPLOADING), claim(State.DUBBING, id=ClaimId("other"), asset_id=AssetId("a1")))
    stage.happen(claim(State.UPLOADING), event)
    stage.later(1e6)

    assert stage.driver.living[CLAIM].asset_id is None
    assert not any(isinstance(effect, effects.Upload) for effect in stage.notes.effects())


@pytest.mark.parametrize("state", [State.UPLOADING, State.RELEASING])
def test_an_asset_that_is_named_twice_to_its_own_claim_is_adopted(state: State) -> None:
    """An id that only this claim has in the ledger belongs to nobody else."""
    stage = Stage().start(claim(state, asset_id=AssetId("a1")))
    stage.happen(claim(state), events.Found(asset=OURS))

    assert stage.driver.living[CLAIM].state is State.DUBBING


# stopping


def test_a_driver_that_stops_opens_no_gate() -> None:
    """The upload is being taken back; the claim stays what it was, so the next start begins it anew."""
    stage = Stage().start(claim(State.UPLOADING))
    before = stage.driver.living[CLAIM]
    stage.tell(Stop(), Happened(claim_id=CLAIM, event=AT_GATE))

    assert stage.driver.stopping
    assert stage.ledger.get(CLAIM) == before
    assert stage.notes.handed == []


def test_a_driver_that_stops_still_hears_an_answer() -> None:
    """What was paid for is noted; following it is for the next start."""
    stage = Stage().start(claim(State.RELEASING))
    stage.tell(Stop(), Happened(claim_id=CLAIM, event=events.Accepted(asset=asset())))
    after = stage.ledger.get(CLAIM)

    assert after is not None
    assert (after.state, after.asset_id) == (State.DUBBING, "a1")
    assert stage.notes.handed == []


def test_a_driver_that_stops_begins_nothing_new() -> None:
    """No scan, no claim, no effect, nothing planned."""
    stage = Stage().start(claim(State.DUBBING), WAITS)
    files = tuple((part.name, part.fingerprint) for part in drop().parts)
    stage.tell(
        Stop(),
        Look(folder=FOLDER),
        Scanned(folder=FOLDER, scan=Scan(files=files), seconds=0),
        Examined(folder=FOLDER, drop=drop(), found=Reading(asked=Asked())),
        Release(claim_ids=(WAITS.id,)),
        Lost(claim_ids=(WAITS.id,)),
        Happened(claim_id=CLAIM, event=events.Polled(asset=asset(spanish="Completed"))),
    )
    stage.later(1e6)

    assert stage.notes.handed == []
    assert stage.notes.scans == []
    assert len(stage.ledger.living()) == 2
    assert stage.ledger.get(WAITS.id) == WAITS


@given(order=st.permutations([Look(folder=FOLDER), Happened(claim_id=CLAIM, event=AT_GATE), Stop()]))
def test_whatever_comes_with_the_stop_a_gate_opens_only_before_it(order: list[Look | Happened | Stop]) -> None:
    """The order of arrival decides, and nothing else."""
    stage = Stage().start(claim(State.UPLOADING))
    stage.tell(*order)
    opened = effects.OpenGate() in stage.notes.effects()
    after = stage.ledger.get(CLAIM)

    assert opened == (order.index(Stop()) > order.index(Happened(claim_id=CLAIM, event=AT_GATE)))
    assert after is not None
    assert (after.state is State.RELEASING) == opened


def test_what_a_lane_could_not_foresee_stops_the_driver() -> None:
    """The very exception comes out, so that the log shows where the bug is."""
    bug = ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError) as caught:
        Stage().start().tell(Crashed(error=bug))
    assert caught.value is bug


# a person's word


@pytest.mark.parametrize("state", sorted(LIVING - {State.HELD}))
def test_only_a_held_claim_listens_to_a_person(state: State) -> None:
    """A retry of what is under way would pay twice; it is refused in words."""
    stage = Stage().start(claim(state))
    before = stage.driver.living[CLAIM]

    assert stage.driver.operator.tell(CLAIM, Told(word=Word.RETRY)) == "Claim c0ffee is not held. Nothing was changed."
    assert stage.driver.living[CLAIM] == before
    assert stage.notes.handed == []


def test_what_only_people_can_bring_further_may_be_ended() -> None:
    """Nobody generates it, so nothing would ever come; what is there is filed, with the link to the Studio."""
    edited = dubbing(FRENCH, seen="ReadyToEdit")
    running = Stage().start(claim(State.DUBBING, dubbings=(edited, dubbing(SPANISH))))
    waiting = Stage().start(claim(State.DUBBING, dubbings=(edited, dubbing(SPANISH, DubbingState.FETCHED))))

    assert (
        running.driver.operator.tell(CLAIM, Told(word=Word.GIVE_UP)) == "Claim c0ffee is not held. Nothing was changed."
    )
    assert waiting.driver.operator.tell(CLAIM, Told(word=Word.GIVE_UP)) is None
    filing = waiting.driver.living[CLAIM]
    assert filing.state is State.FILING
    assert filing.outcome is not None
    assert filing.outcome.why.endswith("French can now be edited in the Panjaya Studio; the receipt has the link.")


def test_an_asset_of_another_claim_cannot_be_adopted() -> None:
    """One asset answers one drop."""
    stage = Stage().start(claim(State.HELD), claim(State.DUBBING, id=ClaimId("other"), asset_id=AssetId("a1")))
    refused = stage.driver.operator.tell(CLAIM, Told(word=Word.ADOPT, asset_id=AssetId("a1")))

    assert refused == "Asset a1 belongs to another claim. Nothing was changed."


def test_a_claim_that_has_its_asset_does_not_take_another() -> None:
    """What was paid for would be forgotten; looking at it again is what `retry` is for."""
    stage = Stage().start(claim(State.HELD, asset_id=AssetId("a1")))
    refused = stage.driver.operator.tell(CLAIM, Told(word=Word.ADOPT, asset_id=AssetId("a2")))

    assert refused == "Claim c0ffee has asset a1 already; use retry. Nothing was changed."
    assert stage.driver.living[CLAIM].asset_id == "a1"


def test_an_asset_of_a_claim_that_is_over_cannot_be_adopted() -> None:
    """Also not one that was answered long ago."""
    stage = Stage().start(claim(State.HELD), claim(State.CLOSED, id=ClaimId("old"), asset_id=AssetId("a1")))

    assert stage.driver.operator.tell(CLAIM, Told(word=Word.ADOPT, asset_id=AssetId("a1"))) is not None


def test_a_held_claim_of_a_folder_that_is_gone_cannot_be_released() -> None:
    """Its files cannot be reached: the word is refused in a sentence instead of stopping the daemon."""
    stage = Stage().start(claim(State.HELD, folder=GONE))

    assert stage.driver.operator.tell(CLAIM, Told(word=Word.RELEASE)) is not None
    assert stage.notes.handed == []


def test_a_question_is_answered_by_whom_the_driver_was_given() -> None:
    """Once, in the driver's thread."""
    said: list[object] = []
    Stage().start().tell(Question(words={"ask": "status"}, answer=said.append))

    assert said == [{}]
