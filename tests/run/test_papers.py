"""The papers: a receipt that a program can read, and a note that a person can."""

import tomllib
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from samples import DIGEST, FRENCH, NOW, SPANISH, claim, drop, dubbing, earlier, order, result

from panjaya_watchd.core import words
from panjaya_watchd.core.claim import Attempt, Claim, Destination, DubbingState, Outcome, Reservation, State
from panjaya_watchd.core.names import AssetId, DubbingId, Locale, VersionId
from panjaya_watchd.core.order import Language, LipsModel, Order
from panjaya_watchd.run.papers import WHY, papers, receipt

LATER = NOW + timedelta(hours=1)


def full() -> Claim:
    """Give a claim in which everything is known."""
    spoken = dubbing(
        SPANISH,
        DubbingState.FETCHED,
        dubbing_id=DubbingId("d1"),
        version_id=VersionId("v1"),
        seen="Completed",
        studio_url="https://studio/d1",
    )
    return claim(
        State.FILING,
        drop=drop("talk.mp4", "talk.es-ES.srt", "talk.background.wav"),
        order=order(
            languages=(Language(locale=SPANISH, srt="talk.es-ES.srt", srt_digest=DIGEST), Language(locale=FRENCH)),
            lips_model=LipsModel.REAL_FACE,
            speakers_count=2,
            start_time=1.5,
            end_time=31.5,
            background="talk.background.wav",
            background_url="https://web/music.wav",
            callback_url="https://us/callback",
            media_url="https://web/talk.mp4",
        ),
        size=1000,
        digest=DIGEST,
        attempt=Attempt(number=2, gate_at=NOW),
        dubbings=(spoken, dubbing(FRENCH, DubbingState.FAILED, error="It went wrong.")),
    )


def test_a_receipt_says_everything_that_is_known() -> None:
    """Read back as TOML it is exactly what was ordered and what came of it."""
    assert tomllib.loads(receipt(full(), LATER)) == {
        "claim": "c0ffee",
        "folder": "marketing",
        "parts": ["talk.background.wav", "talk.es-ES.srt", "talk.mp4"],
        "size": 1000,
        "sha256": DIGEST,
        "duration": 60.0,
        "estimated_minutes": 1.0,
        "asset_id": "a1",
        "taken_at": NOW,
        "sent_at": NOW,
        "attempts": 2,
        "accepted_at": NOW,
        "filed_at": LATER,
        "outcome": "It is done.",
        "order": {
            "locale": "en-US",
            "languages": [{"locale": "es-ES", "srt": "talk.es-ES.srt"}, {"locale": "fr-FR"}],
            "auto_generate": "with_lips",
            "lips_model": "real_face",
            "speakers_count": 2,
            "start_time": 1.5,
            "end_time": 31.5,
            "background": "talk.background.wav",
            "background_url": "https://web/music.wav",
            "callback_url": "https://us/callback",
            "media_url": "https://web/talk.mp4",
        },
        "dubbings": [
            {
                "locale": "es-ES",
                "state": "fetched",
                "status": "Completed",
                "dubbing_id": "d1",
                "version_id": "v1",
                "studio_url": "https://studio/d1",
                "file": "talk.es-ES.mp4",
                "size": 10,
                "sha256": DIGEST,
                "fetched_at": NOW,
            },
            {"locale": "fr-FR", "state": "failed", "error": "It went wrong."},
        ],
    }


def test_a_receipt_leaves_out_no_field_of_an_order() -> None:
    """A setting that is new in the order belongs into the receipt; ``force`` is a word to us, not to the API."""
    said = tomllib.loads(receipt(full(), LATER))["order"]

    assert set(said) == {field.name for field in fields(Order)} - {"force"}


def test_a_receipt_of_a_claim_that_knows_little_is_still_toml() -> None:
    """What is not known is left out; TOML has no null."""
    bare = claim(State.FILING, order=None, duration=None, attempt=None, dubbings=(), accepted_at=None, outcome=None)
    said = tomllib.loads(receipt(bare, LATER))

    assert said["filed_at"] == LATER
    assert {"duration", "estimated_minutes", "order", "dubbings", "sent_at", "outcome"}.isdisjoint(said)


@pytest.mark.parametrize(
    "name", ["a\udcff.mp4", 'quote".mp4', "back\\slash.mp4", "new\nline.mp4", "\u202egpj.mp4", "ü.mp4"]
)
def test_a_receipt_can_be_written_whatever_a_file_is_called(name: str) -> None:
    """Undecodable bytes, quotes and line breaks in a name neither break the TOML nor its UTF-8."""
    strange = replace(full(), drop=drop(name), dubbings=(dubbing(result=replace(result(), name=f"r-{name}")),))
    written = receipt(strange, LATER)

    assert tomllib.loads(written.encode().decode())["parts"] != []
    assert all(len(part.splitlines()) == 1 for part in tomllib.loads(written)["parts"])


def test_a_receipt_can_carry_whatever_the_api_says() -> None:
    """Its words may hold control characters, quotes and any script."""
    said = 'a "b" \\ \x00 \x1b[31m ü \u2028'
    failed = replace(full(), dubbings=(dubbing(error=said, studio_url=said),))

    assert tomllib.loads(receipt(failed, LATER))["dubbings"][0]["error"] == said


@pytest.mark.parametrize(
    ("to", "asset", "names"),
    [
        (Destination.DONE, "a1", {"talk.receipt.toml"}),
        (Destination.FAILED, "a1", {WHY, "talk.receipt.toml"}),
        (Destination.FAILED, None, {WHY}),
        (Destination.BACK, None, {WHY}),
        (Destination.BACK, "a1", {WHY, "talk.receipt.toml"}),
    ],
)
def test_who_gets_which_paper(to: Destination, asset: str | None, names: set[str]) -> None:
    """A receipt wherever something may have been paid, a reason wherever it went wrong, also for what goes back."""
    ended = claim(
        State.FILING,
        asset_id=AssetId(asset) if asset else None,
        outcome=Outcome(to=to, why="So it ended.", todo="Wait."),
    )

    assert set(papers(ended, LATER)) == names


def repeat(*had: Locale, **changes: Any) -> Claim:
    """Give a claim that is done and builds on an earlier one, which has these locales already."""
    both = (dubbing(SPANISH, DubbingState.FETCHED), dubbing(FRENCH, DubbingState.FETCHED))
    done = claim(State.FILING, asset_id=AssetId("a0"), builds_on=earlier(*had), dubbings=both, **changes)
    return replace(done, outcome=words.over(done))


@pytest.mark.parametrize(
    ("had", "first"),
    [
        ((SPANISH, FRENCH), "This very video was dubbed before, on 2026-03-01, so this time it cost nothing."),
        ((SPANISH,), "This very video was dubbed before, on 2026-03-01, so only French was paid for."),
    ],
    ids=["all of it", "but for one language"],
)
def test_what_was_dubbed_before_is_told_why_it_cost_nothing(had: tuple[Locale, ...], first: str) -> None:
    """It is done, and still has a note: somebody expects a bill. It says what was had, and where that lies."""
    written = papers(repeat(*had), LATER)
    note = written[WHY]

    assert set(written) == {WHY, "talk.receipt.toml"}
    assert note.startswith(first)
    assert "done/talk in marketing (claim earlier)" in note
    assert tomllib.loads(written["talk.receipt.toml"])["builds_on"] == "earlier"


def test_what_was_never_dubbed_before_has_no_earlier_claim_in_its_receipt() -> None:
    """And no note, where it is done."""
    written = papers(full(), LATER)

    assert set(written) == {"talk.receipt.toml"}
    assert "builds_on" not in tomllib.loads(written["talk.receipt.toml"])


@pytest.mark.parametrize(
    ("ended", "billed"),
    [
        (replace(full(), reserved=Reservation(at=NOW, millis=120_000)), 2.0),
        (replace(full(), reserved=Reservation(at=NOW, millis=100_000)), 1.667),
        (replace(full(), reserved=Reservation(at=NOW, millis=0)), 0.0),
        (replace(full(), reserved=Reservation(at=NOW, millis=None)), None),
        (full(), None),
        (repeat(SPANISH, FRENCH), 0.0),
        (repeat(SPANISH, reserved=Reservation(at=NOW, millis=60_000)), 1.0),
        (repeat(SPANISH, reserved=Reservation(at=NOW, millis=None)), None),
    ],
    ids=[
        *("settled", "reserved", "of no length", "of unknown length", "before there were budgets"),
        *("a repeat", "one language more", "one language more of unknown length"),
    ],
)
def test_a_receipt_says_what_the_budgets_were_charged(ended: Claim, billed: float | None) -> None:
    """0 is said, for it is known; what is not known is left out, so that nobody adds up a guess."""
    said = tomllib.loads(receipt(ended, LATER))

    assert said.get("charged_minutes") == billed
    assert type(said.get("charged_minutes")) is type(billed)


def test_a_receipt_of_a_repeat_estimates_what_is_bought_and_nothing_else() -> None:
    """One language of a minute, or none at all."""
    assert tomllib.loads(receipt(repeat(SPANISH), LATER))["estimated_minutes"] == 1.0
    assert tomllib.loads(receipt(repeat(SPANISH, FRENCH), LATER))["estimated_minutes"] == 0.0


def test_the_reason_begins_with_one_plain_sentence() -> None:
    """Then what to do, then the details: the ids, the API's words, the time."""
    outcome = Outcome(
        to=Destination.FAILED, why="It has no sound.", todo="Export it.", details=(("Panjaya says", "x"),)
    )
    lines = papers(claim(State.FILING, outcome=outcome), LATER)[WHY].splitlines()

    assert lines[:4] == ["It has no sound.", "", "Export it.", ""]
    assert lines[4:] == [
        "Details",
        "  Panjaya says: x",
        "  File: talk.mp4",
        "  Asset: a1",
        "  Claim: c0ffee",
        "  Dropped: 2026-03-01 12:00 UTC",
    ]


@pytest.mark.parametrize("stem", ["s" * 251, "ü" * 125])
def test_the_receipts_name_fits_however_long_the_stem_is(stem: str) -> None:
    """A file name has 255 bytes at most."""
    (name,) = papers(claim(State.FILING, drop=drop(f"{stem}.mp4")), LATER)

    assert name.endswith(".receipt.toml")
    assert len(name.encode()) <= 200
