"""Tests for claims as text."""

import json
import time
from dataclasses import MISSING, fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger.first_release import DIGEST, FORMAT_1, NOON, SAMPLE
from strategies import baselines, claims

from panjaya_watchd.core.baseline import Baseline
from panjaya_watchd.core.claim import (
    UNSENT,
    Attempt,
    Claim,
    Dubbing,
    DubbingState,
    Earlier,
    HeldFor,
    Reservation,
    Result,
    Rules,
    State,
)
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName, Locale
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.codec import FORMAT, UPGRADES, Codec

LATER_FIELDS = {
    "adds_to",
    *("trouble", "likeness", "background_digest", "builds_on", "awaits", "reserved", "witnessed"),
    *("held_for", "paused", "may_exceed", "strikes", "crashes", "overdue", "inside", "maybe_billed", "warnings"),
}
"""What claims have got since the first release; each has a default."""

LATEST = replace(
    SAMPLE,
    state=State.HELD,
    rules=Rules(exclusive=True),
    dubbings=(
        Dubbing(
            locale=Locale("es-ES"),
            state=DubbingState.FETCHING,
            earlier=Result(name="bad\udcff.es-ES.mp4", size=11, digest=DIGEST, fetched_at=NOON),
        ),
        Dubbing(locale=Locale("fr-FR")),
    ),
    trouble="the connection was cut",
    likeness="aa" * 20,
    background_digest=DIGEST,
    builds_on=Earlier(
        claim_id=ClaimId("c0"),
        folder=FolderName("Führung"),
        asset_id=AssetId("asset-1"),
        filed_as="done/bad\udcff",
        closed_at=NOON - timedelta(days=1),
        locales=(Locale("es-ES"),),
    ),
    awaits=ClaimId("c9"),
    reserved=Reservation(at=NOON + timedelta(microseconds=1), millis=2**40),
    witnessed=AssetId("asset-1"),
    held_for=HeldFor.POISON,
    paused=State.UPLOADING,
    may_exceed=True,
    strikes=3,
    crashes=2,
    inside=True,
    overdue=True,
    maybe_billed=True,
    warnings=("the end could not be proved",),
)
"""`SAMPLE` with everything that claims have got since."""

BASELINE = Baseline(folder=FolderName("Führung"), root="/srv/bad\udcff", first_seen=NOON, keys=("bad\udcff", "b"))


def decode(document: object, codec: Codec | None = None) -> Claim:
    """Decode a document that may be given as a value."""
    text = document if isinstance(document, str) else json.dumps(document)
    return (codec or Codec()).decode(text, where="Claim c1 in the test")


@pytest.mark.slow
@settings(max_examples=50)
@given(claim=claims())
def test_every_claim_comes_back_as_it_was(claim: Claim) -> None:
    """Nothing is lost, rounded or reordered on the way through text."""
    document = CODEC.encode(claim)

    assert document.isascii()
    assert "\n" not in document
    assert claim == decode(document, CODEC)
    # A text equals the enumeration's member that it spells, and 1 equals 1.0, but neither is what was put.
    assert repr(replace(claim, attempt=None)) == repr(replace(decode(document, CODEC), attempt=None))


CODEC = Codec()


def test_a_document_of_the_first_release_is_read_for_ever() -> None:
    """Whatever release comes later, a claim that is in a ledger today stays readable."""
    assert decode(FORMAT_1) == SAMPLE


def test_everything_that_is_new_comes_back_as_it_was() -> None:
    """Money, twins and what a person has said must not be lost at a restart; enumerations stay what they are."""
    document = CODEC.encode(LATEST)
    written = json.loads(document)["claim"]

    assert decode(document) == LATEST
    assert repr(replace(decode(document), attempt=None)) == repr(replace(LATEST, attempt=None))
    assert (written["held_for"], written["paused"]) == ("poison", "uploading")
    assert written["may_exceed"] is True
    assert written["reserved"] == {"at": "2026-11-22T12:00:00.000001+00:00", "millis": 2**40}
    assert written["builds_on"]["locales"] == ["es-ES"]


@pytest.mark.parametrize("reason", HeldFor)
def test_every_reason_to_hold_comes_back_as_itself(reason: HeldFor) -> None:
    """Whether anything may have been sent hangs on it."""
    held = decode(CODEC.encode(replace(LATEST, held_for=reason, maybe_billed=False)))

    assert held.held_for is reason
    assert held.admitted is (reason not in UNSENT)


def test_a_length_that_is_not_known_is_not_nothing() -> None:
    """A reservation of unknown length, and none at all, are told apart."""
    unknown = replace(LATEST, reserved=Reservation(at=NOON, millis=None))

    assert decode(CODEC.encode(unknown)).reserved == Reservation(at=NOON, millis=None)
    assert decode(CODEC.encode(replace(LATEST, reserved=None))).reserved is None


@pytest.mark.parametrize("field", sorted(LATER_FIELDS))
def test_every_fact_that_is_new_may_be_missing_by_itself(field: str) -> None:
    """Each came in a release of its own; a document between two of them has some and lacks others."""
    document = json.loads(CODEC.encode(LATEST))
    del document["claim"][field]
    default: Any = next(each.default for each in fields(Claim) if each.name == field)

    assert decode(document) == replace(LATEST, **{field: default})


def test_the_last_trouble_comes_back_as_it_was() -> None:
    """A restart must not make a claim forget what went wrong."""
    troubled = replace(SAMPLE, trouble="Größe ☃ \x00")

    assert decode(Codec().encode(troubled)) == troubled


def test_the_same_claim_gives_the_same_document() -> None:
    """Sets are sorted, so that two documents can be compared as text."""
    mark = frozenset(AssetId(f"asset-{number}") for number in range(100))
    claim = replace(SAMPLE, attempt=Attempt(number=1, mark=mark))
    document = json.loads(Codec().encode(claim))

    assert sorted(mark) == document["claim"]["attempt"]["mark"]


def test_a_field_that_is_missing_takes_its_default() -> None:
    """A field with a default may be added without a new format: older documents are read as if it had stood there."""
    document = json.loads(FORMAT_1)
    optional = {
        field.name for field in fields(Claim) if field.default is not MISSING or field.default_factory is not MISSING
    }
    assert {field.name for field in fields(Claim)} - set(document["claim"]) == LATER_FIELDS
    assert optional >= LATER_FIELDS
    for name in optional - LATER_FIELDS:
        del document["claim"][name]
    del document["claim"]["order"]["force"]
    expected = Claim(id=SAMPLE.id, folder=SAMPLE.folder, drop=SAMPLE.drop, order=SAMPLE.order, taken_at=SAMPLE.taken_at)

    assert expected == decode(document)


def test_a_newer_format_is_refused_with_what_to_do() -> None:
    """A newer release may mean something else by the same words."""
    with pytest.raises(LedgerError, match=f"format 99; this release reads up to {FORMAT}") as refused:
        decode({"format": 99, "claim": {"anything": 1}})
    assert "newer" in refused.value.hint


@pytest.mark.parametrize("path", [("claim",), ("claim", "order"), ("claim", "dubbings", 0), ("claim", "rules")])
def test_a_fact_this_release_does_not_know_is_refused(path: tuple[str | int, ...]) -> None:
    """After a downgrade the next put would forget what a newer release wrote."""
    document = json.loads(FORMAT_1)
    table: Any = document
    for key in path:
        table = table[key]
    table["refund"] = True

    with pytest.raises(LedgerError, match="does not know: refund") as refused:
        decode(document)
    assert "newer" in refused.value.hint


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        "{}",
        FORMAT_1[:-1],
        FORMAT_1.replace('"format": 1', '"format": "1"'),
        FORMAT_1.replace('"format": 1', '"format": true'),
        FORMAT_1.replace('"format": 1', '"format": 0'),
        FORMAT_1.replace('"format": 1', '"format": -1'),
        FORMAT_1.replace('"id": "c1"', '"id": null'),
        FORMAT_1.replace('"id": "c1"', '"id": 1'),
        FORMAT_1.replace('"id": "c1", ', ""),
        FORMAT_1.replace('"size": 1,', '"size": "1",'),
        FORMAT_1.replace('"size": 1,', '"size": 1.5,'),
        FORMAT_1.replace('"size": 1,', '"size": true,'),
        FORMAT_1.replace('"duration": 61.04', '"duration": "61.04"'),
        FORMAT_1.replace('"force": false', '"force": 0'),
        FORMAT_1.replace('"state": "dubbing"', '"state": "dubbed"'),
        FORMAT_1.replace("12:00:00+00:00", "12:00:00"),
        FORMAT_1.replace("12:00:00+00:00", "soon"),
        FORMAT_1.replace('"taken_at": "2026-11-22T12:00:00+00:00"', '"taken_at": 5'),
        FORMAT_1.replace('[["asset", "asset-1"]]', '[["asset"]]'),
        FORMAT_1.replace('"poll_max": 3600.0', '"poll_max": 1e300'),
        FORMAT_1.replace('"drop": {', '"drop": [], "was": {'),
    ],
)
def test_a_damaged_document_is_refused(document: str) -> None:
    """A fact that was guessed could be paid for."""
    with pytest.raises(LedgerError, match="Claim c1 in the test") as refused:
        decode(document)
    assert refused.value.hint


LATEST_TEXT = Codec().encode(LATEST)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"held_for": "poison"', '"held_for": "poisoned"'),
        ('"held_for": "poison"', '"held_for": true'),
        ('"may_exceed": true', '"may_exceed": 1'),
        ('"paused": "uploading"', '"paused": "sleeping"'),
        (f'"millis": {2**40}', f'"millis": {2**40}.5'),
        ('"at": "2026-11-22T12:00:00.000001+00:00"', '"at": "2026-11-22T12:00:00.000001"'),
        ('"locales": ["es-ES"]', '"locales": [7]'),
        ('"claim_id": "c0", ', ""),
        ('"strikes": 3', '"strikes": null'),
        ('"exclusive": true', '"exclusive": "yes"'),
        ('"witnessed": "asset-1"', '"witnessed": 1'),
    ],
)
def test_a_damaged_fact_that_is_new_is_refused(right: str, wrong: str) -> None:
    """What is spent, and what a person has permitted, is never guessed either."""
    assert LATEST_TEXT.count(right) == 1

    with pytest.raises(LedgerError, match="Claim c1 in the test is damaged"):
        decode(LATEST_TEXT.replace(right, wrong))


@pytest.mark.parametrize("table", ["reserved", "builds_on"])
def test_a_fact_inside_a_new_one_that_this_release_does_not_know_is_refused(table: str) -> None:
    """After a downgrade the next put would forget it."""
    document = json.loads(LATEST_TEXT)
    document["claim"][table]["refund"] = True

    with pytest.raises(LedgerError, match="does not know: refund"):
        decode(document)


# baselines


@settings(max_examples=25)
@given(baseline=baselines)
def test_every_baseline_comes_back_as_it_was(baseline: Baseline) -> None:
    """In one line of ASCII, whatever the drops are called that lay there."""
    document = CODEC.encode_baseline(baseline)

    assert document.isascii()
    assert "\n" not in document
    assert CODEC.decode_baseline(document, where="") == baseline


def test_a_baseline_of_an_older_release_is_read() -> None:
    """What it did not know yet takes its default."""
    document = json.loads(CODEC.encode_baseline(BASELINE))
    for name in ("extent", "shelves", "left"):
        del document["baseline"][name]

    assert CODEC.decode_baseline(json.dumps(document), where="") == BASELINE


def test_a_baseline_names_its_facts() -> None:
    """The document says what it is, so that it is never taken for a claim."""
    document = CODEC.encode_baseline(BASELINE)

    assert json.loads(document) == {
        "format": FORMAT,
        "baseline": {
            "folder": "Führung",
            "root": "/srv/bad\udcff",
            "first_seen": "2026-11-22T12:00:00+00:00",
            "keys": ["bad\udcff", "b"],
            "told": False,
            "traced": False,
            "whole": True,
            "root_id": None,
            "mounts": [],
            "extent": None,
            "shelves": [],
            "left": False,
        },
    }
    with pytest.raises(LedgerError, match="damaged"):
        decode(document)
    with pytest.raises(LedgerError, match="damaged"):
        CODEC.decode_baseline(FORMAT_1, where="Watch folder marketing")


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ('"told": false', '"told": 0', "is damaged"),
        ('"told": false', '"told": false, "refund": true', "has facts .* does not know: refund"),
        ('"keys": [', '"keys": [1, ', "is damaged"),
        ("12:00:00+00:00", "12:00:00", "is damaged"),
        (f'"format": {FORMAT}', '"format": 99', "has format 99"),
    ],
)
def test_a_baseline_that_cannot_be_understood_is_refused(right: str, wrong: str, says: str) -> None:
    """An archive that was taken for new would be dubbed as a whole."""
    document = CODEC.encode_baseline(BASELINE)
    assert document.count(right) == 1

    with pytest.raises(LedgerError, match=f"Watch folder Führung {says}") as refused:
        CODEC.decode_baseline(document.replace(right, wrong), where="Watch folder Führung")
    assert refused.value.hint


@pytest.mark.slow
@settings(max_examples=200)
@given(position=st.integers(0, len(LATEST_TEXT) - 1), letter=st.characters(max_codepoint=126))
def test_no_changed_letter_makes_anything_but_a_claim_or_a_refusal(position: int, letter: str) -> None:
    """No damage, however placed, escapes as a foreign error."""
    document = LATEST_TEXT[:position] + letter + LATEST_TEXT[position + 1 :]
    outcome: Claim | LedgerError
    try:
        outcome = decode(document, CODEC)
    except LedgerError as refused:
        outcome = refused

    assert isinstance(outcome, Claim) or outcome.hint


def test_older_documents_are_lifted_step_by_step() -> None:
    """Each step knows only the next format; a document of any age goes through all that follow it."""

    def name_folder(claim: dict[str, Any]) -> dict[str, Any]:
        return {"folder" if key == "share" else key: value for key, value in claim.items()}

    def count_from_one(claim: dict[str, Any]) -> dict[str, Any]:
        return claim | {"troubles": claim["troubles"] + 1}

    codec = Codec(current=3, upgrades={1: name_folder, 2: count_from_one})
    first = json.loads(FORMAT_1)
    first["claim"]["share"] = first["claim"].pop("folder")
    second = json.loads(FORMAT_1) | {"format": 2}

    assert replace(SAMPLE, troubles=1) == decode(first, codec)
    assert replace(SAMPLE, troubles=1) == decode(second, codec)
    assert json.loads(codec.encode(SAMPLE))["format"] == 3
    assert decode(codec.encode(SAMPLE), codec) == SAMPLE


def test_every_older_format_has_its_step() -> None:
    """A raised format number without a step would refuse every ledger in the field."""
    assert set(range(1, FORMAT)) == set(UPGRADES)


@pytest.mark.slow
def test_encoding_and_decoding_stay_cheap() -> None:
    """A status page of a thousand claims is ready at once; the bounds are wide, for a busy machine."""
    codec = Codec()
    document = codec.encode(SAMPLE)
    codec.decode(document, where="")
    began = time.process_time()
    for _ in range(500):
        codec.encode(SAMPLE)
    encoded = time.process_time()
    for _ in range(500):
        codec.decode(document, where="")
    decoded = time.process_time()

    assert (encoded - began) / 500 < 400e-6
    assert (decoded - encoded) / 500 < 600e-6
