"""Before anything is sent: what is reserved, taken over, held and declined."""

from dataclasses import replace

from samples import (
    BARRED,
    BUSY,
    DIGEST,
    FRENCH,
    NOW,
    REFUSED,
    RESERVED,
    SPANISH,
    asset,
    claim,
    dubbing,
    earlier,
    held,
    kinds,
    order,
)

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.claim import Destination, DubbingState, HeldFor, Outcome, State
from panjaya_watchd.core.dubbing import EARLIER_REFUSALS
from panjaya_watchd.core.names import AssetId, ClaimId, VersionId
from panjaya_watchd.core.order import AutoGenerate
from panjaya_watchd.core.states import step


def test_a_part_that_had_to_be_copied_is_known_by_what_it_is_now() -> None:
    """Another device gives another inode: without that being durable the copy would count as a changed file."""
    ours = claim()
    video = ours.drop.parts[0]
    copied = replace(video, fingerprint=replace(video.fingerprint, ino=video.fingerprint.ino + 1))
    after = step(ours, events.TakenIn(copied=(copied,)), NOW)

    assert after.claim.drop == replace(ours.drop, parts=(copied, *ours.drop.parts[1:]))
    assert step(ours, events.TakenIn(), NOW).claim.drop == ours.drop


def test_the_reservation_is_durable_with_the_first_attempt() -> None:
    """What is on its way counts as spent before its first byte leaves."""
    after = step(claim(awaits=ClaimId("twin")), events.Admitted(millis=120_000), NOW)

    assert after.claim.reserved == RESERVED
    assert after.claim.awaits is None
    assert (after.claim.state, kinds(after.effects)) == (State.UPLOADING, [effects.Upload])


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


def test_a_new_day_brings_what_the_budget_held_back_to_the_door() -> None:
    """No person is needed."""
    after = step(held(HeldFor.BUDGET), events.Reconsidered(), NOW)

    assert (after.claim.state, after.claim.held, kinds(after.effects)) == (State.CLAIMED, None, [effects.Admit])


def test_a_repeat_of_what_is_edited_in_the_studio_is_answered_at_once() -> None:
    """There is nothing to fetch and nothing to wait for."""
    editable = dubbing(SPANISH, seen="ReadyToEdit", version_id=VersionId("v1"))
    edited = order(auto_generate=AutoGenerate.OFF, languages=order().languages[:1])
    event = events.Recognised(earlier=earlier(SPANISH), dubbings=(editable,), millis=0)
    after = step(claim(digest=DIGEST, order=edited), event, NOW).claim

    assert after.outcome is not None
    assert (after.state, after.outcome.to) == (State.FILING, Destination.DONE)
    assert "this time it cost nothing" in after.outcome.why


def test_what_is_declined_is_answered_and_not_sent() -> None:
    """Whoever it waited for does not matter any more."""
    outcome = Outcome(to=Destination.FAILED, why="It was dubbed before with other settings.")
    after = step(claim(awaits=ClaimId("twin")), events.Declined(outcome=outcome), NOW)

    assert (after.claim.state, after.claim.outcome, after.claim.awaits) == (State.FILING, outcome, None)
    assert kinds(after.effects) == [effects.PutAway]


def test_a_folder_in_trouble_is_asked_again_later() -> None:
    """The parts lie where they lay."""
    after = step(claim(), events.Stuck(why="the share is gone"), NOW)

    assert (after.claim.state, after.claim.troubles, kinds(after.effects)) == (State.CLAIMED, 1, [effects.TakeIn])


def test_a_digest_is_noted_and_admission_asked_for_again() -> None:
    """Of the video, and of what is spoken over."""
    after = step(claim(), events.Hashed(digest=DIGEST, background=DIGEST), NOW)

    assert (after.claim.digest, after.claim.background_digest) == (DIGEST, DIGEST)
    assert kinds(after.effects) == [effects.Admit]


def test_whom_it_waits_for_is_noted() -> None:
    """Nothing else happens: who is awaited has it asked for again."""
    after = step(claim(), events.Awaited(of=ClaimId("twin"), why="talk is under way"), NOW)

    assert (after.claim.state, after.claim.awaits, after.effects) == (State.CLAIMED, "twin", ())


def test_only_what_adds_to_another_claim_is_filed_beside_it() -> None:
    """A twin has a folder of its own, whatever it builds on."""
    assert claim(adds_to=ClaimId("earlier"), builds_on=earlier()).beside == "done/talk"
    assert claim(builds_on=earlier()).beside is None
    assert claim(adds_to=ClaimId("earlier")).beside is None


def test_a_revision_that_is_refused_ends_with_the_words_of_the_service() -> None:
    """Nothing was dropped that could have been changed or taken away."""
    revision = claim(dubbings=(dubbing(revised=True),))
    after = step(revision, events.Unsettled(why="Panjaya did not revise it: not now"), NOW)

    assert after.claim.state is State.CLOSED
    assert after.claim.outcome is not None
    assert after.claim.outcome.to is Destination.BACK
    assert after.claim.outcome.why == "Panjaya did not revise it: not now"
    assert after.effects == ()
