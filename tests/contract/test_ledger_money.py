"""What every ledger knows of money: the same video before, what is spent, and what lay there before the first start."""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from contract.stores import KINDS, NOON, Store, make, new_store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import baselines, claims

from panjaya_watchd.core.baseline import Baseline
from panjaya_watchd.core.budget import Spent
from panjaya_watchd.core.claim import Claim, Earlier, Reservation, State
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName, Locale
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.base import Ledger

LIKE, OTHER = "aa" * 20, "bb" * 20
SIZE, NO_SIZE = 1, 2
"""Of every video that `make` drops, and of none."""
MARKETING, TRAINING = FolderName("marketing"), FolderName("training")
TICK = timedelta(microseconds=1)
EARLIER = Earlier(
    claim_id=ClaimId("c1"),
    folder=MARKETING,
    asset_id=AssetId("a1"),
    filed_as="done/interview",
    closed_at=NOON,
    locales=(Locale("es-ES"),),
)


def reserved(millis: int | None, at: datetime = NOON) -> Reservation:
    """Reserve at noon, or at another time."""
    return Reservation(at=at, millis=millis)


def closed(number: int, **facts: Any) -> Claim:
    """Make a claim that is over."""
    return make(number, state=State.CLOSED, closed_at=NOON, **facts)


# the same video again


def test_claims_of_one_likeness_come_newest_first_living_and_closed(ledger: Ledger) -> None:
    """Whatever they are called and wherever they were dropped; those of no likeness or another one are left out."""
    ledger.put(make(2, likeness=LIKE, video="copy.mp4"))
    ledger.put(closed(4, likeness=LIKE, folder="training"))
    ledger.put(make(1, likeness=LIKE, state=State.HELD))
    ledger.put(closed(3, likeness=OTHER))
    ledger.put(make(5))

    assert [claim.id for claim in ledger.alike(LIKE, NO_SIZE)] == ["c4", "c2", "c1"]
    assert ledger.alike(OTHER, NO_SIZE) == (closed(3, likeness=OTHER),)
    assert ledger.alike("cc" * 20, NO_SIZE) == ()


def test_a_claim_whose_likeness_was_never_taken_is_like_every_video_of_its_size(ledger: Ledger) -> None:
    """The first release took none; only the digest can tell, and nothing must be bought twice for want of asking."""
    ledger.put(closed(1))
    ledger.put(make(2, likeness=LIKE))
    ledger.put(make(3, likeness=OTHER))
    ledger.put(make(4))

    assert [claim.id for claim in ledger.alike(LIKE, SIZE)] == ["c4", "c2", "c1"]
    assert [claim.id for claim in ledger.alike("cc" * 20, SIZE)] == ["c4", "c1"]
    assert [claim.id for claim in ledger.alike(LIKE, NO_SIZE)] == ["c2"]


def test_a_claim_that_has_a_likeness_is_not_known_by_its_size(ledger: Ledger) -> None:
    """Also where it was learned later."""
    ledger.put(make(1))
    ledger.put(make(1, likeness=LIKE))

    assert ledger.alike(OTHER, SIZE) == ()
    assert [claim.id for claim in ledger.alike(LIKE, SIZE)] == ["c1"]


def test_claims_taken_at_one_moment_keep_one_order(ledger: Ledger) -> None:
    """Every ledger gives the same answer, so that a recovery decides as the first time."""
    for number in (2, 3, 1):
        ledger.put(make(number, likeness=LIKE, taken_at=NOON))

    assert [claim.id for claim in ledger.alike(LIKE, NO_SIZE)] == ["c3", "c2", "c1"]


def test_a_likeness_that_is_learned_later_counts_from_then_on(store: Store) -> None:
    """The last put says what a claim is like, also after a restart."""
    ledger = store.open()
    ledger.put(make(1))
    ledger.put(make(2, likeness=OTHER))
    ledger.put(make(1, likeness=LIKE))
    ledger.put(make(2, likeness=LIKE))
    ledger.close()
    ledger = store.open()

    assert [claim.id for claim in ledger.alike(LIKE, NO_SIZE)] == ["c2", "c1"]
    assert ledger.alike(OTHER, NO_SIZE) == ()
    ledger.close()


def test_claims_that_build_on_another_share_its_asset(ledger: Ledger) -> None:
    """Languages are added to one asset any number of times; it is still known as taken."""
    ledger.put(closed(1, asset_id=AssetId("a1")))
    for number in (2, 3):
        ledger.put(make(number, asset_id=AssetId("a1"), builds_on=EARLIER))
    ledger.put(closed(2, asset_id=AssetId("a1"), builds_on=EARLIER))

    assert [claim.asset_id for claim in (*ledger.living(), *ledger.closed())] == ["a1", "a1", "a1"]
    assert ledger.assets_taken() == {"a1"}


def test_a_claim_that_builds_on_another_does_not_take_its_place(ledger: Ledger) -> None:
    """In whatever order they are put, a stranger is refused the asset as long as the claim that made it is there."""
    ledger.put(make(2, asset_id=AssetId("a1"), builds_on=EARLIER))
    assert ledger.assets_taken() == frozenset()
    ledger.put(closed(1, asset_id=AssetId("a1")))
    ledger.put(make(2, asset_id=AssetId("a1"), builds_on=EARLIER, troubles=1))

    with pytest.raises(LedgerError, match="Claim c3 cannot have the asset a1"):
        ledger.put(make(3, asset_id=AssetId("a1")))
    assert ledger.get(ClaimId("c3")) is None
    assert ledger.assets_taken() == {"a1"}


def test_a_claim_that_begins_to_build_on_another_lets_its_own_asset_go(ledger: Ledger) -> None:
    """What counts is the last put, as for every other fact."""
    ledger.put(make(2, asset_id=AssetId("a2")))
    ledger.put(make(2, asset_id=AssetId("a1"), builds_on=EARLIER))
    ledger.put(make(3, asset_id=AssetId("a2")))

    assert ledger.assets_taken() == {"a2"}


# what is spent


def test_what_is_spent_is_summed_up_for_each_folder(store: Store) -> None:
    """Living and closed, reserved and settled alike; a length that is not known is a drop all the same."""
    ledger = store.open()
    ledger.put(make(1, reserved=reserved(60_000)))
    ledger.put(closed(2, reserved=reserved(1)))
    ledger.put(make(3, reserved=reserved(None)))
    ledger.put(make(4, reserved=reserved(0)))
    ledger.put(make(5))
    ledger.put(make(6, folder="training", reserved=reserved(7)))
    ledger.put(make(7, folder="silent"))
    ledger.close()
    ledger = store.open()

    assert ledger.spent(NOON) == {MARKETING: Spent(millis=60_001, drops=4), TRAINING: Spent(millis=7, drops=1)}
    ledger.close()


def test_a_folder_of_which_no_length_is_known_has_spent_drops(ledger: Ledger) -> None:
    """A sum over nothing is 0 and not unknown."""
    ledger.put(make(1, reserved=reserved(None)))

    assert ledger.spent(NOON) == {MARKETING: Spent(millis=0, drops=1)}


def test_what_was_reserved_at_the_very_moment_counts(ledger: Ledger) -> None:
    """A day begins with its first microsecond, in whatever zone somebody writes it."""
    ledger.put(make(1, reserved=reserved(1, NOON - TICK)))
    ledger.put(make(2, reserved=reserved(10, NOON)))
    ledger.put(make(3, reserved=reserved(100, NOON + TICK)))
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-9, minutes=-30)))

    assert ledger.spent(NOON) == ledger.spent(elsewhere) == {MARKETING: Spent(millis=110, drops=2)}
    assert ledger.spent(NOON - TICK) == {MARKETING: Spent(millis=111, drops=3)}
    assert ledger.spent(NOON + 2 * TICK) == {}


def test_a_reservation_that_was_given_back_is_gone(ledger: Ledger) -> None:
    """The API has refused it, so the budget has its room again; one that changed counts as it is now."""
    ledger.put(make(1, reserved=reserved(60_000)))
    ledger.put(make(2, reserved=reserved(5)))
    ledger.put(make(1))
    ledger.put(make(2, reserved=reserved(7)))

    assert ledger.spent(NOON) == {MARKETING: Spent(millis=7, drops=1)}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(
    puts=st.lists(claims(ids=st.sampled_from("abcdef").map(ClaimId), assets=st.none()), max_size=8),
    which=st.integers(0, 7),
)
def test_the_sums_are_those_of_the_claims_that_are_there(kind: str, puts: list[Claim], which: int) -> None:
    """Whatever was put over what: since the moment of any reservation, or since ever, and by likeness too."""
    kept = {claim.id: claim for claim in puts}
    moments = [claim.reserved.at for claim in puts if claim.reserved]
    since = moments[which % len(moments)] if moments else NOON
    sums: defaultdict[FolderName, Spent] = defaultdict(Spent)
    for claim in kept.values():
        if claim.reserved and claim.reserved.at >= since:
            sums[claim.folder] += Spent(millis=claim.reserved.millis or 0, drops=1)
    with new_store(kind) as store:
        ledger = store.open()
        for claim in puts:
            ledger.put(claim)
        ledger.close()
        ledger = store.open()

        assert sums == ledger.spent(since)
        for likeness in {claim.likeness or "" for claim in kept.values()}:
            for size in {claim.drop.size for claim in kept.values()}:
                alike = [claim for claim in kept.values() if is_like(claim, likeness, size)]
                expected = sorted(alike, key=lambda claim: (claim.taken_at, claim.id), reverse=True)
                assert expected == list(ledger.alike(likeness, size))
        ledger.close()


def is_like(claim: Claim, likeness: str, size: int) -> bool:
    """Say whether a claim's video may be one of this likeness and size."""
    video = claim.drop.video
    if claim.likeness is None:
        return video is not None and video.fingerprint.size == size
    return claim.likeness == likeness


# what lay there before the first start

LAY_THERE = Baseline(
    folder=MARKETING, root="/srv/bad\udcff", first_seen=NOON, keys=("bad\udcff", "gro\u0308sse"), told=False
)


def test_a_baseline_is_there_after_reopening(store: Store) -> None:
    """With names of any bytes; of a folder that was never looked at nothing is known."""
    ledger = store.open()
    ledger.put_baseline(LAY_THERE)
    ledger.close()
    ledger = store.open()

    assert ledger.baseline(MARKETING) == LAY_THERE
    assert ledger.baseline(TRAINING) is None
    ledger.close()


def test_a_baseline_replaces_that_of_its_folder_only(store: Store) -> None:
    """A drop that has gone is no longer in it; another folder keeps its own."""
    ledger = store.open()
    other = replace(LAY_THERE, folder=TRAINING)
    ledger.put_baseline(LAY_THERE)
    ledger.put_baseline(other)
    fewer = replace(LAY_THERE, keys=(), told=True)
    ledger.put_baseline(fewer)
    ledger.close()
    ledger = store.open()

    assert ledger.baseline(MARKETING) == fewer
    assert ledger.baseline(TRAINING) == other
    assert ledger.baselines() == (fewer, other)
    ledger.close()


def test_a_baseline_is_nothing_to_claims(ledger: Ledger) -> None:
    """A folder's own row is neither found nor counted as a claim."""
    ledger.put_baseline(LAY_THERE)

    assert (ledger.living(), ledger.closed(), ledger.spent(NOON)) == ((), (), {})
    assert list(ledger.find("marketing")) == []


def test_a_baseline_that_cannot_be_written_is_refused(ledger: Ledger) -> None:
    """What was known before stays."""
    ledger.put_baseline(LAY_THERE)

    with pytest.raises(LedgerError, match="The baseline of marketing cannot be written"):
        ledger.put_baseline(replace(LAY_THERE, first_seen=NOON.replace(tzinfo=None)))
    assert ledger.baseline(MARKETING) == LAY_THERE


def test_a_closed_ledger_takes_no_baseline(store: Store) -> None:
    """After ``close`` another daemon may hold the ledger."""
    ledger = store.open()
    ledger.close()

    with pytest.raises(LedgerError, match="closed"):
        ledger.put_baseline(LAY_THERE)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10)
@given(puts=st.lists(baselines, max_size=6))
def test_the_last_baseline_of_each_folder_is_kept(kind: str, puts: list[Baseline]) -> None:
    """Any series of puts leaves what a dictionary would hold."""
    kept = {baseline.folder: baseline for baseline in puts}
    with new_store(kind) as store:
        ledger = store.open()
        for baseline in puts:
            ledger.put_baseline(baseline)
        ledger.close()
        ledger = store.open()

        assert kept == {folder: ledger.baseline(folder) for folder in kept}
        ledger.close()
