"""Callbacks as the driver hears them: a hint to look now, and a witness of whose asset it is."""

from dataclasses import replace

import pytest
from run.stage import CLAIM, Stage
from samples import SPANISH, claim, earlier

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.claim import HeldFor, State
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName
from panjaya_watchd.run.messages import Called
from panjaya_watchd.run.rounds import GATHER

CALLED = Called(claim_id=CLAIM, asset_id=AssetId("a9"))


def test_a_witness_in_doubt_is_looked_up_at_once() -> None:
    """And durable before that."""
    stage = Stage().start(claim(State.RELEASING))
    stage.tell(CALLED)
    kept = stage.ledger.get(CLAIM)

    assert kept is not None
    assert kept.witnessed == "a9"
    assert stage.notes.effects() == [effects.LookUp()]
    stage.forget()
    stage.tell(CALLED)
    assert stage.notes.handed == []


def test_a_witness_frees_a_claim_that_a_person_was_asked_about() -> None:
    """A late callback is an answer."""
    stage = Stage().start(claim(State.HELD, held_for=HeldFor.DOUBT))
    stage.tell(CALLED)

    assert stage.driver.living[CLAIM].state is State.RELEASING


def test_a_callback_about_our_asset_is_a_hint_to_look_now() -> None:
    """Once, and when others of its kind have come; polling goes on from there as usual."""
    stage = Stage().start(claim(State.DUBBING, asset_id=AssetId("a9")))
    stage.tell(CALLED, CALLED)
    stage.later(GATHER)

    assert stage.notes.effects() == [effects.Poll()]


@pytest.mark.parametrize(
    "called",
    [
        Called(claim_id=ClaimId("nobody"), asset_id=AssetId("a9")),
        Called(claim_id=CLAIM, asset_id=AssetId("theirs")),
    ],
    ids=["unknown claim", "another claim's asset"],
)
def test_a_callback_for_nobody_changes_nothing(called: Called) -> None:
    """Duplicates, disorder and mistakes are everyday life."""
    other = claim(State.DUBBING, id=ClaimId("other"), asset_id=AssetId("theirs"))
    stage = Stage().start(claim(State.RELEASING), other)
    stage.tell(called)

    assert stage.driver.living[CLAIM].witnessed is None
    assert stage.notes.handed == []
    assert len(stage.logged("callback.foreign")) == (called.claim_id == CLAIM)


def test_a_second_asset_of_one_claim_is_told_loudly() -> None:
    """It may be a second bill, and only a person can find out."""
    stage = Stage().start(claim(State.DUBBING, asset_id=AssetId("a1")))
    stage.tell(CALLED)

    assert [line["asset"] for line in stage.logged("callback.second_asset")] == ["a9"]
    assert stage.notes.handed == []


@pytest.mark.parametrize("state", [State.CLAIMED, State.FILING])
def test_a_callback_that_comes_too_early_or_too_late_is_ignored(state: State) -> None:
    """There is nothing to be witnessed."""
    stage = Stage().start(claim(state))
    before = stage.driver.living[CLAIM]
    stage.tell(CALLED)

    assert stage.driver.living[CLAIM] == before


def test_who_adds_languages_needs_no_witness() -> None:
    """Its asset is known; and of a folder that is gone nothing is asked."""
    adding = Stage().start(claim(State.RELEASING, builds_on=earlier(SPANISH)))
    orphan = Stage().start(claim(State.RELEASING, folder=FolderName("gone")))
    for stage in (adding, orphan):
        stage.tell(CALLED)
        assert stage.driver.living[CLAIM].witnessed is None


def test_at_the_gate_a_witness_shuts_it() -> None:
    """An earlier attempt has arrived: this one is taken back and never ends in a bill."""
    stage = Stage().start(claim(State.UPLOADING))
    stage.tell(CALLED)
    stage.happen(claim(), events.AtGate(digest=claim().id, size=1, mark=frozenset()))  # type: ignore[arg-type]

    assert stage.notes.effects() == [effects.ShutGate(), effects.LookUp()]
    assert stage.driver.living[CLAIM].state is State.RELEASING


def test_a_callback_on_the_address_of_a_closed_claim_concerns_who_adds_to_it() -> None:
    """An asset keeps the address that it was made with, also when languages are added to it later."""
    adding = claim(State.DUBBING, asset_id=AssetId("a9"), builds_on=earlier(SPANISH))
    stage = Stage().start(adding)
    stage.forget()
    stage.tell(Called(claim_id=ClaimId("closed"), asset_id=AssetId("other"), event="version_generated"))
    stage.later(GATHER)
    assert stage.notes.effects() == []

    called = Called(claim_id=ClaimId("closed"), asset_id=AssetId("a9"), event="version_generated")
    stage.tell(called)
    stage.later(GATHER)
    assert stage.notes.effects() == [effects.Poll()]

    elsewhere = Stage().start(replace(adding, folder=FolderName("not watched any more")))
    elsewhere.tell(called)
    elsewhere.later(GATHER)
    assert elsewhere.notes.effects() == []
