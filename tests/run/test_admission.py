"""Admission of claims that add to another one: what they wait for, what they build on, and what they cost."""

from dataclasses import replace
from typing import Any

import pytest
from run.stage import FOLDER
from samples import DIGEST, FRENCH, NOW, SPANISH, claim, dubbing, order
from world import SimClock

from panjaya_watchd.core import events, twins
from panjaya_watchd.core.budget import Budget
from panjaya_watchd.core.claim import Claim, Destination, Dubbing, DubbingState, Outcome, State
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.names import AssetId, ClaimId, Digest, FolderName, Locale
from panjaya_watchd.core.order import Language
from panjaya_watchd.ledger.memory import MemoryLedger
from panjaya_watchd.run.admission import Admission, Decision

LIKE = "likeness"
GERMAN, ITALIAN = Locale("de-DE"), Locale("it-IT")
ASSET = AssetId("a0")
DONE = Outcome(to=Destination.DONE, why="It is done.")
FAILED = Outcome(to=Destination.FAILED, why="This video has no sound.")
BARE = Drop(key="talk", parts=(), title="talk")
MINUTE = 60_000


def into(*locales: Locale) -> Any:
    """Give an order into these languages."""
    return order(languages=tuple(Language(locale=locale) for locale in locales))


def closed(claim_id: str, *locales: Locale, **changes: Any) -> Claim:
    """Give a claim that is done, with a result in each of these languages."""
    plain = claim(
        State.CLOSED,
        id=ClaimId(claim_id),
        order=into(*locales),
        likeness=LIKE,
        digest=DIGEST,
        asset_id=ASSET,
        closed_at=NOW,
        filed_as=f"done/{claim_id}",
        outcome=DONE,
        dubbings=tuple(dubbing(locale, DubbingState.FETCHED) for locale in locales),
    )
    return replace(plain, **changes)


TARGET = closed("talk", SPANISH, FRENCH)
EARLIER = twins.earlier_of(TARGET, ())


def adding(*locales: Locale, **changes: Any) -> Claim:
    """Give a claim of one minute that adds these languages to the target."""
    facts = {"drop": BARE, "likeness": LIKE, "digest": DIGEST, "size": 1000, "adds_to": TARGET.id, **changes}
    return claim(order=into(*locales), inside=True, **facts)


def decide(asking: Claim, *others: Claim, budget: Budget | None = None) -> Decision | None:
    """Decide on a claim beside these others."""
    ledger = MemoryLedger()
    for each in (*others, asking):
        ledger.put(each)
    budgets = {} if budget is None else {FOLDER: budget}
    return Admission(ledger=ledger, clock=SimClock(), folders=(FOLDER,), budgets=budgets).decide(asking)


@pytest.mark.parametrize(
    ("state", "says"),
    [(State.DUBBING, "is under way"), (State.HELD, "waits for a person"), (State.CLAIMED, "is under way")],
)
def test_it_waits_for_what_it_adds_to(state: State, says: str) -> None:
    """Nothing is asked of an asset that may still come to nothing."""
    target = claim(state, id=TARGET.id, likeness=LIKE)

    assert decide(adding(GERMAN), target) == events.Awaited(of=TARGET.id, why=f"talk in marketing {says}")


def test_what_was_not_known_of_the_video_when_it_was_ordered_is_taken_from_the_claim_that_ended() -> None:
    """There is no video to read."""
    target = replace(TARGET, background_digest=Digest("ef" * 32))

    assert decide(adding(GERMAN, digest=None), target) == events.Hashed(digest=DIGEST, background=Digest("ef" * 32))


def test_an_asset_whose_bytes_were_never_known_gets_no_languages() -> None:
    """It answers, and reads no video that is not there, also while another claim looks like it."""
    twin = claim(State.UPLOADING, id=ClaimId("twin"), likeness=LIKE, digest=DIGEST)

    for others in ((replace(TARGET, digest=None),), (replace(TARGET, digest=None), twin)):
        decision = decide(adding(GERMAN, digest=None), *others)
        assert isinstance(decision, events.Declined)
        assert decision.outcome.to is Destination.FAILED


@pytest.mark.parametrize("billed", [True, False])
def test_it_is_answered_where_that_came_to_nothing(billed: bool) -> None:  # noqa: FBT001
    """There is nothing to add to; it is never sent as if it were a video."""
    target = replace(TARGET, outcome=FAILED, asset_id=ASSET if billed else None, maybe_billed=billed)

    for waited in (None, TARGET.id):
        decision = decide(adding(GERMAN, awaits=waited), target)
        assert isinstance(decision, events.Declined)
        assert decision.outcome.to is Destination.FAILED
    assert isinstance(decide(adding(GERMAN)), events.Declined)


def test_it_builds_on_what_it_adds_to_and_on_no_other_claim_of_the_same_video() -> None:
    """Its results belong beside that video, also where a copy of it was dropped later, perhaps in another folder."""
    copy = closed("copy", SPANISH, folder=FolderName("sales"), builds_on=EARLIER, taken_at=NOW.replace(hour=13))
    decision = decide(adding(GERMAN), TARGET, copy)

    assert isinstance(decision, events.Recognised)
    assert (decision.earlier.claim_id, decision.earlier.folder) == (TARGET.id, FOLDER)
    assert (decision.earlier.filed_as, decision.earlier.asset_id) == ("done/talk", ASSET)


def test_another_asset_of_the_same_video_is_never_added_to() -> None:
    """It was paid for again, perhaps with other settings."""
    other = closed("other", SPANISH, GERMAN, asset_id=AssetId("a9"), taken_at=NOW.replace(hour=13))
    decision = decide(adding(GERMAN), TARGET, other)

    assert isinstance(decision, events.Recognised)
    assert decision.earlier.asset_id == ASSET
    assert decision.dubbings == ()


def test_it_waits_for_another_one_that_adds_to_the_same() -> None:
    """Else both would buy the same language."""
    first = adding(GERMAN, id=ClaimId("first"), state=State.UPLOADING)

    assert decide(adding(GERMAN), TARGET, first) == events.Awaited(of=first.id, why="talk in marketing is under way")


def test_it_waits_as_well_where_no_likeness_was_ever_taken() -> None:
    """A ledger of the first release has none; there the size is what is compared."""
    target = replace(TARGET, likeness=None)
    first = adding(GERMAN, id=ClaimId("first"), state=State.UPLOADING, likeness=None)

    assert isinstance(decide(adding(GERMAN, likeness=None), target, first), events.Awaited)


def test_what_the_other_one_has_bought_is_not_bought_again() -> None:
    """It is done by now; the rest is reserved, and needs room in the budget."""
    bought = closed("first", GERMAN, adds_to=TARGET.id, builds_on=EARLIER, drop=BARE, size=1000)
    waiting = adding(GERMAN, ITALIAN)
    decision = decide(waiting, TARGET, bought, budget=Budget(minutes_per_day=1))

    assert isinstance(decision, events.Recognised)
    assert [had.locale for had in decision.dubbings] == [GERMAN]
    assert decision.millis == MINUTE
    assert isinstance(decide(waiting, TARGET, bought, budget=Budget(minutes_per_day=0.9)), events.OverBudget)


def test_one_that_was_held_at_its_gate_needs_room_like_any_other() -> None:
    """It has taken over a result by then, which makes it no revision: what it lacks still costs."""
    bought = closed("first", GERMAN, adds_to=TARGET.id, builds_on=EARLIER, drop=BARE, size=1000)
    held = adding(GERMAN, ITALIAN, dubbings=(dubbing(GERMAN, DubbingState.FETCHING),))

    assert isinstance(decide(held, TARGET, bought, budget=Budget(minutes_per_day=0.9)), events.OverBudget)
    decision = decide(held, TARGET, bought, budget=Budget(minutes_per_day=1))
    assert isinstance(decision, events.Recognised)
    assert decision.millis == MINUTE


def test_a_revision_costs_nothing_and_waits_for_nobody() -> None:
    """Neither a budget nor another language of the same video holds it, and it holds none."""
    revised = Dubbing(locale=SPANISH, revised=True)
    revision = adding(SPANISH, dubbings=(revised,))
    buying = adding(GERMAN, id=ClaimId("first"), state=State.UPLOADING)
    decision = decide(revision, TARGET, buying, budget=Budget(minutes_per_day=0.001, drops_per_day=1))

    assert isinstance(decision, events.Recognised)
    assert (decision.dubbings, decision.millis) == ((revised,), 0)
    assert decision.earlier.locales == (SPANISH,)
    waiting = replace(revision, id=ClaimId("editing"), state=State.DUBBING)
    assert isinstance(decide(adding(GERMAN), TARGET, waiting), events.Recognised)
