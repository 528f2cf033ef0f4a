"""Which listed asset is ours: adopted on proof only."""

from dataclasses import replace
from datetime import timedelta

import pytest
from samples import NOW, SPANISH, asset, claim, earlier, order

from panjaya_watchd.core.answers import Asset, AssetDubbing
from panjaya_watchd.core.claim import Attempt, Rules, State
from panjaya_watchd.core.events import Absent, Found, Several
from panjaya_watchd.core.lookup import judge, judge_languages
from panjaya_watchd.core.names import AssetId, ClaimId, Locale

DOUBT = claim(State.RELEASING)
ALONE = replace(DOUBT, rules=Rules(exclusive=True))
"""In doubt, and nobody else uses the account."""

OURS = asset(created_at=NOW + timedelta(seconds=2))
NAMED = replace(OURS, duration=None, dubbings=(), file_name="talk-c0ffee.mp4")


def test_one_asset_with_our_locales_and_length_is_ours() -> None:
    """Newer than the mark, nobody else's, right locales, right length to the frame: where we are alone."""
    assert judge(ALONE, [OURS], frozenset(), []) == Found(asset=OURS)


def test_likeness_is_no_proof_where_others_use_the_account() -> None:
    """A stranger's video made in the same minute may be just as long, and ours may never have arrived."""
    assert judge(DOUBT, [OURS], frozenset(), []) == Several(asset_ids=(AssetId("a1"),))


@pytest.mark.parametrize(
    "raw",
    ['{"callback_url":"https://x/callback/c0ffee"}', '{"title":"talk-c0ffee"}', '["c0ffee"]'],
    ids=["callback url", "title", "anywhere"],
)
def test_our_id_anywhere_in_the_answer_is_proof(raw: str) -> None:
    """Which field shows it is not documented."""
    assert judge(DOUBT, [replace(OURS, raw=raw)], frozenset(), []) == Found(asset=replace(OURS, raw=raw))


def test_an_id_inside_another_word_is_no_proof() -> None:
    """Longer ids may contain ours by chance."""
    assert isinstance(judge(DOUBT, [replace(OURS, raw='{"x":"1c0ffee9"}')], frozenset(), []), Several)


def test_a_witness_is_proof() -> None:
    """The API itself has called our own URL with this asset; even where the mark lists it."""
    witnessed = replace(DOUBT, witnessed=AssetId("old"))
    old = replace(OURS, asset_id=AssetId("old"))

    assert judge(witnessed, [OURS, old], frozenset(), []) == Found(asset=old)
    assert isinstance(judge(witnessed, [OURS], frozenset(), []), Several)
    assert isinstance(judge(witnessed, [OURS, old], frozenset({AssetId("old")}), []), Several)


def test_a_witness_that_cannot_be_right_is_not_believed() -> None:
    """A signature proves who speaks, not to whom: the same words could be sent to another claim's URL."""
    witnessed = replace(DOUBT, witnessed=AssetId("a1"))

    assert judge(witnessed, [replace(OURS, duration=61.0)], frozenset(), []) == Absent()


def test_further_languages_are_found_on_the_asset_they_were_added_to() -> None:
    """One of those that were missing is there: the request has arrived."""
    adding = replace(DOUBT, builds_on=earlier(SPANISH))

    assert judge_languages(adding, OURS) == Found(asset=OURS)
    assert judge_languages(adding, replace(OURS, dubbings=OURS.dubbings[:1])) == Absent()


def test_a_language_that_was_there_before_proves_nothing() -> None:
    """Only one that was missing at the gate does."""
    attempt = Attempt(number=1, missing=(Locale("de-DE"),), gate_at=NOW)
    adding = replace(DOUBT, builds_on=earlier(), attempt=attempt)
    german = replace(OURS, dubbings=(*OURS.dubbings, AssetDubbing(locale=Locale("de-DE"))))

    assert judge_languages(adding, OURS) == Absent()
    assert judge_languages(adding, german) == Found(asset=german)


def test_without_a_mark_likeness_proves_nothing() -> None:
    """Everything that the account ever made would count as new."""
    unmarked = replace(ALONE, attempt=Attempt(number=1, gate_at=NOW))

    assert isinstance(judge(unmarked, [OURS], frozenset(), []), Several)


def test_a_rival_that_adds_languages_is_no_rival() -> None:
    """It makes no asset."""
    rival = replace(DOUBT, id=ClaimId("other"), builds_on=earlier(SPANISH))

    assert isinstance(judge(ALONE, [OURS], frozenset(), [rival]), Found)


def test_our_file_name_is_proof_enough() -> None:
    """The upload's name has the claim's id in it."""
    assert judge(DOUBT, [NAMED, replace(OURS, asset_id=AssetId("a2"))], frozenset(), []) == Found(asset=NAMED)


def test_two_assets_with_our_file_name_are_shown_to_a_person() -> None:
    """Should that ever happen, both are ours, and one of them was billed too much."""
    twin = replace(NAMED, asset_id=AssetId("a2"))

    assert judge(DOUBT, [NAMED, twin], frozenset(), []) == Several(asset_ids=(AssetId("a1"), AssetId("a2")))


@pytest.mark.parametrize(
    "stranger",
    [
        replace(OURS, asset_id=AssetId("old")),
        replace(OURS, asset_id=AssetId("theirs")),
        replace(OURS, duration=61.0),
        replace(OURS, dubbings=(*OURS.dubbings, AssetDubbing(locale=Locale("de-DE")))),
    ],
    ids=["in the mark", "taken", "another length", "another language"],
)
def test_what_cannot_be_ours_is_absent(stranger: Asset) -> None:
    """A stranger's asset is not a candidate."""
    assert judge(DOUBT, [stranger], frozenset({AssetId("theirs")}), []) == Absent()


@pytest.mark.parametrize(
    "unproven",
    [
        replace(OURS, duration=None),
        replace(OURS, dubbings=()),
        replace(OURS, dubbings=OURS.dubbings[:1]),
        replace(OURS, file_name="Untitled"),
    ],
    ids=["no length", "no languages", "not all languages", "another name"],
)
def test_what_may_be_ours_is_not_adopted_without_proof(unproven: Asset) -> None:
    """Delivering a stranger's video would be worse than asking."""
    assert judge(ALONE, [unproven], frozenset(), []) == Several(asset_ids=(AssetId("a1"),))


def test_two_that_fit_are_several() -> None:
    """Equal lengths in the same minute prove nothing."""
    twin = replace(OURS, asset_id=AssetId("a2"))

    assert judge(ALONE, [OURS, twin], frozenset(), []) == Several(asset_ids=(AssetId("a1"), AssetId("a2")))


def test_the_trimmed_length_fits_too() -> None:
    """The API does not say whether it shows the whole or the trimmed length."""
    trimmed = replace(ALONE, order=order(start_time=10.0, end_time=40.0))

    assert judge(trimmed, [replace(OURS, duration=30.0)], frozenset(), []) == Found(asset=replace(OURS, duration=30.0))


def test_without_a_probe_nothing_is_proven_by_length() -> None:
    """A duration that we do not know cannot match."""
    unknown = replace(ALONE, duration=None)

    assert isinstance(judge(unknown, [OURS], frozenset(), []), Several)


def test_a_claim_that_lost_its_mark_still_judges() -> None:
    """Without attempt and order every asset may be ours and none is proven."""
    bare = replace(ALONE, attempt=None, order=None)

    assert isinstance(judge(bare, [OURS], frozenset(), []), Several)
    assert SPANISH in {dubbing.locale for dubbing in OURS.dubbings}


def test_an_asset_that_may_be_another_claims_is_not_adopted() -> None:
    """Two of our own videos of one length, both in doubt: one of them would get the other's dubbing."""
    rival = replace(ALONE, id=ClaimId("other"))
    longer = replace(rival, duration=90.0)

    assert isinstance(judge(ALONE, [OURS], frozenset(), [rival]), Several)
    assert isinstance(judge(ALONE, [OURS], frozenset(), [longer]), Found)
    assert rival.doubtful
