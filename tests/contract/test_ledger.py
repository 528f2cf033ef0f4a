"""The contract of `panjaya_watchd.ledger.base.Ledger`, asked of every ledger alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from contract.stores import KINDS, NOON, Store, make, new_store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import claims

from panjaya_watchd.core.claim import Claim, State
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.base import Ledger
from panjaya_watchd.ledger.search import is_named


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(claim=claims())
def test_what_was_put_is_there_after_reopening(kind: str, claim: Claim) -> None:
    """Every fact of every claim survives, file names of any bytes included."""
    with new_store(kind) as store:
        ledger = store.open()
        ledger.put(claim)
        ledger.close()
        ledger = store.open()
        found = ledger.get(claim.id)
        ledger.close()

        assert claim == found
        assert found is not None
        assert found.state is claim.state


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    puts=st.lists(claims(ids=st.sampled_from("abc").map(ClaimId), assets=st.sampled_from([None, "x", "y"])), max_size=8)
)
def test_any_series_of_puts_leaves_what_a_dictionary_would_hold(kind: str, puts: list[Claim]) -> None:
    """Whatever is put over what: the last accepted put counts, and no asset has two claims that made it."""
    kept: dict[ClaimId, Claim] = {}
    with new_store(kind) as store:
        ledger = store.open()
        for claim in puts:
            owners = {other.id for other in kept.values() if made(other) == made(claim)}
            if made(claim) is not None and owners - {claim.id}:
                with pytest.raises(LedgerError, match="belongs to another claim"):
                    ledger.put(claim)
            else:
                ledger.put(claim)
                kept[claim.id] = claim
        ledger.close()
        ledger = store.open()
        living = [claim for claim in kept.values() if claim.state is not State.CLOSED]
        closed = [claim for claim in kept.values() if claim.state is State.CLOSED]

        assert kept == {key: ledger.get(key) for key in kept}
        assert sorted(living, key=lambda claim: (claim.taken_at, claim.id)) == list(ledger.living())
        assert sorted(closed, key=lambda c: (c.closed_at, c.id), reverse=True) == list(ledger.closed())
        assert {made(claim) for claim in kept.values()} - {None} == ledger.assets_taken()
        for claim in kept.values():
            for name in (claim.id, claim.drop.stem, claim.drop.parts[0].name, claim.drop.stem.upper()):
                expected = {other.id for other in kept.values() if is_named(other, name)}
                assert expected == {other.id for other in ledger.find(name)}
        ledger.close()


def made(claim: Claim) -> AssetId | None:
    """Give the asset that a claim has made; one that builds on an earlier claim makes none."""
    return None if claim.builds_on else claim.asset_id


def test_a_new_ledger_is_empty(ledger: Ledger) -> None:
    """Nothing is known of claims that were never put."""
    assert ledger.get(ClaimId("c1")) is None
    assert ledger.living() == ()
    assert ledger.closed() == ()
    assert list(ledger.find("interview")) == []
    assert ledger.alike("aa" * 20, 1) == ()
    assert ledger.spent(NOON) == {}
    assert ledger.baseline(FolderName("marketing")) is None
    assert ledger.baselines() == ()
    assert ledger.assets_taken() == frozenset()


def test_living_claims_come_oldest_first(ledger: Ledger) -> None:
    """Recovery goes through claims in the order they were taken; closed ones are left out."""
    for number, state in ((3, State.HELD), (1, State.DUBBING), (2, State.CLOSED), (4, State.RELEASING)):
        ledger.put(make(number, state=state))

    assert [claim.id for claim in ledger.living()] == ["c1", "c3", "c4"]


def test_closed_claims_come_newest_first_and_no_more_than_asked_for(ledger: Ledger) -> None:
    """The history shows what ended last, whenever it was taken."""
    for number, minutes in ((1, 30), (2, 10), (3, 20)):
        ledger.put(make(number, state=State.CLOSED, closed_at=NOON + timedelta(minutes=minutes)))

    assert [claim.id for claim in ledger.closed()] == ["c1", "c3", "c2"]
    assert [claim.id for claim in ledger.closed(limit=2)] == ["c1", "c3"]


def test_a_claim_that_closes_is_no_longer_living(ledger: Ledger) -> None:
    """A put replaces the whole claim."""
    ledger.put(make(1))
    over = make(1, state=State.CLOSED, closed_at=NOON)
    ledger.put(over)

    assert ledger.living() == ()
    assert ledger.closed() == (over,)
    assert ledger.get(ClaimId("c1")) == over


@pytest.mark.parametrize(
    ("video", "name"),
    [
        ("interview.mp4", "c1"),
        ("interview.mp4", "interview"),
        ("interview.mp4", "interview.mp4"),
        ("Interview.MP4", "iNTERVIEW.mp4"),
        ("Gro\u0308ße.mp4", "GRÖSSE"),
        ("a.b.c.mp4", "a.b.c"),
        ("week 7/interview.mp4", "interview.mp4"),
        ("week 7/interview.mp4", "week 7/interview.mp4"),
        ("week 7/interview.mp4", "week 7/interview"),
        ("bad\udcff.mp4", "bad\udcff.mp4"),
        ("bad\udcff.mp4", "BAD\udcff"),
    ],
)
def test_a_claim_is_found_by_whatever_a_person_calls_it(ledger: Ledger, video: str, name: str) -> None:
    """Id, stem or video name; case and normal form do not matter."""
    ledger.put(make(1, video=video))
    ledger.put(make(2, video="other.mp4"))

    assert [claim.id for claim in ledger.find(name)] == ["c1"]


@pytest.mark.parametrize(
    "name", ["inter", "interview.mov", "C1", "week 8/interview.mp4", "", "/", "bad\\udcff", "\udcff"]
)
def test_a_claim_is_not_found_by_half_a_name(ledger: Ledger, name: str) -> None:
    """A name means one claim or none; a guess could release the wrong one."""
    ledger.put(make(1, video="week 7/interview.mp4"))
    ledger.put(make(2, video="bad\udcff.mp4"))

    assert list(ledger.find(name)) == []
    assert ledger.get(ClaimId(name)) is None


def test_claims_of_one_name_come_newest_first_from_the_folder_asked_for(ledger: Ledger) -> None:
    """The claim of today is meant before that of last year."""
    ledger.put(make(1))
    ledger.put(make(3, state=State.CLOSED, closed_at=NOON))
    ledger.put(make(2, folder="training"))

    assert [claim.id for claim in ledger.find("interview")] == ["c3", "c2", "c1"]
    assert [claim.id for claim in ledger.find("interview", FolderName("marketing"))] == ["c3", "c1"]
    assert list(ledger.find("interview", FolderName("elsewhere"))) == []


def test_a_second_claim_with_the_same_asset_is_refused(ledger: Ledger) -> None:
    """One claim, one asset: the refused put changes nothing, not even an older value of the same claim."""
    ledger.put(make(1, state=State.CLOSED, closed_at=NOON, asset_id=AssetId("a1")))
    before = make(2, asset_id=AssetId("a2"))
    ledger.put(before)

    with pytest.raises(LedgerError, match="Claim c2 cannot have the asset a1") as refused:
        ledger.put(replace(before, asset_id=AssetId("a1"), troubles=7))
    assert "adopt" in refused.value.hint
    assert before == ledger.get(before.id)
    assert {"a1", "a2"} == ledger.assets_taken()


def test_a_claim_keeps_its_asset_through_any_number_of_puts(ledger: Ledger) -> None:
    """The uniqueness of assets is between claims, and an asset that was given up is free again."""
    ledger.put(make(1, asset_id=AssetId("a1")))
    ledger.put(make(1, asset_id=AssetId("a1"), troubles=1))
    ledger.put(make(1, asset_id=AssetId("a2")))
    ledger.put(make(2, asset_id=AssetId("a1")))

    assert {"a1", "a2"} == ledger.assets_taken()


def test_a_claim_that_cannot_be_written_is_refused(ledger: Ledger) -> None:
    """A number that is none, or a time without a zone, would be damage from the first day on."""
    ledger.put(make(1))

    with pytest.raises(LedgerError, match="Claim c1 cannot be written"):
        ledger.put(make(1, duration=float("nan")))
    with pytest.raises(LedgerError, match="expected a time with a zone"):
        ledger.put(make(1, accepted_at=datetime(2026, 1, 1)))  # noqa: DTZ001  (the fault that is meant)
    assert make(1) == ledger.get(ClaimId("c1"))


def test_a_closed_ledger_answers_nothing(store: Store) -> None:
    """After ``close`` another daemon may hold the ledger; a second ``close`` is no error."""
    ledger = store.open()
    ledger.put(make(1))
    ledger.close()
    ledger.close()

    with pytest.raises(LedgerError, match="closed"):
        ledger.put(make(1))
    with pytest.raises(LedgerError, match="closed"):
        ledger.living()
    with pytest.raises(LedgerError, match="closed"):
        ledger.assets_taken()
    with pytest.raises(LedgerError, match="closed"):
        ledger.alike("aa" * 20, 1)
    with pytest.raises(LedgerError, match="closed"):
        ledger.spent(NOON)
    with pytest.raises(LedgerError, match="closed"):
        ledger.baseline(FolderName("marketing"))
    with pytest.raises(LedgerError, match="closed"):
        ledger.baselines()


@pytest.mark.slow
def test_a_thousand_living_claims_load_in_under_a_second(store: Store) -> None:
    """Recovery is quick even after a week without the API."""
    ledger = store.open()
    for number in range(1000):
        ledger.put(make(number))
    ledger.close()
    began = datetime.now(UTC)
    ledger = store.open()
    found = len(ledger.living())
    took = datetime.now(UTC) - began
    ledger.close()

    assert found == 1000
    assert took < timedelta(seconds=1)
