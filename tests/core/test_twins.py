"""Twins: what a drop of the same bytes is told, by what is known of the others."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from samples import DIGEST, FRENCH, NOW, SPANISH, claim, dubbing, order, result

from panjaya_watchd.core import words
from panjaya_watchd.core.claim import Claim, Destination, Dubbing, DubbingState, HeldFor, Outcome, State
from panjaya_watchd.core.names import AssetId, ClaimId, Digest, Locale, VersionId
from panjaya_watchd.core.order import AutoGenerate, Language, LipsModel
from panjaya_watchd.core.twins import Alone, Beside, Differs, Had, Spoilt, Undigested, judge

GERMAN = Locale("de-DE")
OTHER = Digest("cd" * 32)
NEW = claim(id=ClaimId("new"), digest=DIGEST)
DONE = Outcome(to=Destination.DONE, why="It is done.")


def closed(name: str = "old", **changes: Any) -> Claim:
    """Give a claim of the same bytes that ended in done/."""
    plain = claim(
        State.CLOSED,
        id=ClaimId(name),
        digest=DIGEST,
        asset_id=AssetId(f"asset-{name}"),
        accepted_at=NOW,
        closed_at=NOW + timedelta(hours=1),
        filed_as="done/talk",
        outcome=DONE,
        dubbings=(dubbing(SPANISH, DubbingState.FETCHED), dubbing(FRENCH, DubbingState.FETCHED)),
    )
    return replace(plain, **changes)


def test_a_video_like_no_other_is_alone() -> None:
    """Also beside itself, and beside what never had an order."""
    assert judge(NEW, []) == Alone()
    assert judge(NEW, [NEW, closed(order=None), closed(digest=OTHER)]) == Alone()


def test_paying_again_on_purpose_asks_nobody() -> None:
    """``force = true`` is the dropper's word."""
    forced = replace(NEW, order=order(force=True), digest=None)

    assert judge(forced, [closed(), claim(State.UPLOADING)]) == Alone()


def test_a_likely_twin_is_proven_by_all_bytes() -> None:
    """Equal ends are no proof; without a digest there is no answer."""
    assert judge(replace(NEW, digest=None), [closed()]) == Undigested()
    assert judge(replace(NEW, digest=None), [closed(digest=None)]) == Alone(), "two unknown digests are not the same"


@pytest.mark.parametrize(
    "other",
    [
        claim(State.UPLOADING),
        claim(State.UPLOADING, digest=DIGEST),
        claim(State.RELEASING, digest=DIGEST),
        claim(State.DUBBING, digest=DIGEST),
        claim(State.FILING, digest=DIGEST),
        claim(State.HELD, digest=DIGEST),
        claim(State.HELD, held_for=HeldFor.POISON),
        claim(State.HELD, held_for=HeldFor.BUDGET, maybe_billed=True),
        claim(State.CLAIMED, maybe_billed=True),
    ],
    ids=[
        "undigested",
        "uploading",
        "releasing",
        "dubbing",
        "filing",
        "in doubt",
        "poison",
        "billed perhaps",
        "to be sent again",
    ],
)
def test_a_twin_that_may_be_sent_is_awaited(other: Claim) -> None:
    """Never two of the same at once, and none beside a doubt."""
    assert judge(NEW, [other, closed()]) == Beside(other)


@pytest.mark.parametrize(
    "other",
    [
        claim(State.CLAIMED),
        claim(State.CLAIMED, maybe_billed=True, awaits=ClaimId("new")),
        claim(State.HELD, held_for=HeldFor.BUDGET, maybe_billed=False),
        claim(State.HELD, held_for=HeldFor.FIRST_START, maybe_billed=False),
        claim(State.UPLOADING, digest=OTHER),
        claim(State.FILING, order=None),
        closed(outcome=Outcome(to=Destination.FAILED, why="No.")),
        closed(outcome=Outcome(to=Destination.BACK, why="It changed.")),
        closed(outcome=None),
        closed(asset_id=None),
    ],
    ids=[
        "not asked yet",
        "waits itself",
        "budget",
        "first start",
        "other bytes",
        "refused",
        "failed",
        "given back",
        "none",
        "no asset",
    ],
)
def test_what_was_never_sent_or_came_to_nothing_is_no_twin(other: Claim) -> None:
    """Whoever is admitted first goes; a drop that failed may be tried again."""
    assert judge(NEW, [other]) == Alone()


def test_the_same_again_takes_over_what_is_there() -> None:
    """The asset, where its results lie, and each dubbing ready to be fetched once more."""
    verdict = judge(NEW, [closed()])

    assert isinstance(verdict, Had)
    assert (verdict.earlier.claim_id, verdict.earlier.asset_id) == ("old", "asset-old")
    assert verdict.earlier.locales == (SPANISH, FRENCH)
    assert [(each.state, each.earlier, each.result) for each in verdict.dubbings] == [
        (DubbingState.FETCHING, result(SPANISH), None),
        (DubbingState.FETCHING, result(FRENCH), None),
    ]


def test_only_what_is_wanted_is_taken_over_and_the_rest_is_missing() -> None:
    """German is not there yet; French is, and nobody asked for it."""
    wanted = replace(NEW, order=order(languages=(Language(locale=GERMAN), Language(locale=SPANISH))))
    verdict = judge(wanted, [closed()])

    assert isinstance(verdict, Had)
    assert verdict.earlier.locales == (SPANISH,)
    assert replace(wanted, builds_on=verdict.earlier).to_buy == (GERMAN,)


def test_what_a_person_edits_in_the_studio_stays_as_it_is() -> None:
    """Without a result there is nothing to fetch; the link is in the receipt."""
    editable = closed(dubbings=(dubbing(SPANISH, seen="ReadyToEdit"), dubbing(FRENCH, seen="ReadyToEdit")))
    verdict = judge(NEW, [editable])

    assert isinstance(verdict, Had)
    assert [each.state for each in verdict.dubbings] == [DubbingState.WAITING, DubbingState.WAITING]


def test_languages_that_were_added_later_are_found_on_the_same_asset() -> None:
    """Two claims, one asset: what both have counts."""
    added = closed("later", asset_id=AssetId("asset-old"), dubbings=(dubbing(GERMAN, DubbingState.FETCHED),))
    wanted = replace(NEW, order=order(languages=(Language(locale=SPANISH), Language(locale=GERMAN))))
    verdict = judge(wanted, [added, closed("forced"), closed()])

    assert isinstance(verdict, Had)
    assert verdict.earlier.claim_id == "later"
    assert verdict.earlier.locales == (SPANISH, GERMAN)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"locale": Locale("de-DE")}, "locale"),
        ({"auto_generate": AutoGenerate.NO_LIPS}, "auto_generate"),
        ({"lips_model": LipsModel.REAL_FACE_TURBO}, "lips_model"),
        ({"speakers_count": 2}, "speakers_count"),
        ({"start_time": 1.0}, "start_time"),
        ({"end_time": 9.0}, "end_time"),
        ({"background_url": "https://x/b.wav"}, "background_url"),
        ({"background": "talk.background.wav"}, "background"),
        ({"languages": (Language(locale=SPANISH, srt="talk.es-ES.srt", srt_digest=OTHER),)}, "srt"),
    ],
)
def test_other_settings_are_named(changes: dict[str, Any], named: str) -> None:
    """So that the dropper knows what would have to be the same."""
    verdict = judge(replace(NEW, order=order(**changes)), [closed()])

    assert verdict == Differs(closed(), (named,))


def test_the_background_is_compared_by_its_bytes() -> None:
    """Two files of one name may be different music."""
    sound = order(background="talk.background.wav")
    one = replace(NEW, order=sound, background_digest=DIGEST)
    before = closed(order=sound, background_digest=DIGEST)

    assert isinstance(judge(one, [before]), Had)
    assert judge(replace(one, background_digest=OTHER), [before]) == Differs(before, ("background",))


def test_a_callback_url_makes_no_difference() -> None:
    """It is each claim's own."""
    assert isinstance(judge(NEW, [closed(order=order(callback_url="https://x/callback/old"))]), Had)


def test_an_asset_that_has_a_language_otherwise_is_no_base_for_it() -> None:
    """A claim in between had other languages and hides nothing: corrected subtitles are another dubbing."""
    german = closed("later", asset_id=AssetId("asset-old"), order=order(languages=(Language(locale=GERMAN),)))
    corrected = Language(locale=SPANISH, srt="talk.es-ES.srt", srt_digest=OTHER)
    verdict = judge(replace(NEW, order=order(languages=(corrected,))), [german, closed()])

    assert verdict == Differs(closed(), ("srt",))


FAILED = Outcome(to=Destination.FAILED, why="This video has no sound.")


@pytest.mark.parametrize(
    "twin",
    [closed(outcome=FAILED), closed(outcome=FAILED, asset_id=None, maybe_billed=True)],
    ids=["billed", "given up in doubt"],
)
def test_what_waited_for_a_twin_that_was_spoilt_is_not_sent_by_itself(twin: Claim) -> None:
    """Three copies of an unusable video are one bill; dropped anew, it is a fresh start."""
    waiting = replace(NEW, awaits=twin.id)

    assert judge(waiting, [twin]) == Spoilt(twin)
    assert judge(replace(waiting, digest=None), [twin]) == Undigested()
    assert judge(replace(waiting, digest=OTHER), [twin]) == Alone()
    assert judge(NEW, [twin]) == Alone()
    assert words.same_failed(twin).why.endswith("it did not work: This video has no sound.")


def test_what_waited_for_a_twin_that_cost_nothing_goes_by_itself() -> None:
    """Its own sidecar may be the better one."""
    free = closed(outcome=FAILED, asset_id=None)

    assert judge(replace(NEW, awaits=free.id), [free]) == Alone()
    assert words.same_failed(replace(free, outcome=None)).to is Destination.FAILED


def test_a_revision_ends_with_the_claim_that_fetched_it() -> None:
    """A twin that takes its result over is as much under way as any other: another one waits for it."""
    revised = Dubbing(
        locale=SPANISH, state=DubbingState.FETCHED, version_id=VersionId("v1"), result=result(), revised=True
    )
    verdict = judge(NEW, [closed(dubbings=(revised,))])

    assert isinstance(verdict, Had)
    assert [dubbing.revised for dubbing in verdict.dubbings] == [False]
    assert replace(NEW, state=State.UPLOADING, dubbings=verdict.dubbings).admitted
