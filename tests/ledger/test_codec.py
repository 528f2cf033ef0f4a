"""Tests for claims as text."""

import json
import time
from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import claims

from panjaya_watchd.core.claim import Attempt, Claim, Destination, Dubbing, DubbingState, Outcome, Result, Rules, State
from panjaya_watchd.core.drop import Drop, Fingerprint, Part, Role
from panjaya_watchd.core.names import AssetId, ClaimId, Digest, DubbingId, FolderName, Locale, VersionId
from panjaya_watchd.core.order import AutoGenerate, Language, LipsModel, Order
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.codec import FORMAT, UPGRADES, Codec

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PRINT = Fingerprint(size=1, mtime_ns=2, ctime_ns=3, ino=2**64 - 1)
DIGEST = Digest("0123456789abcdef" * 4)

SAMPLE = Claim(
    id=ClaimId("c1"),
    folder=FolderName("marketing"),
    drop=Drop(
        key="bad\udcff",
        parts=(
            Part(name="bad\udcff.es-ES.srt", role=Role.SRT, fingerprint=PRINT, tag="es-ES"),
            Part(name="bad\udcff.mp4", role=Role.VIDEO, fingerprint=PRINT),
        ),
    ),
    order=Order(
        locale=Locale("en-US"),
        languages=(
            Language(locale=Locale("es-ES"), srt="bad\udcff.es-ES.srt", srt_digest=DIGEST),
            Language(locale=Locale("fr-FR")),
        ),
        auto_generate=AutoGenerate.WITH_LIPS,
        lips_model=LipsModel.REAL_FACE,
        speakers_count=2,
        start_time=1.5,
    ),
    taken_at=NOON,
    state=State.DUBBING,
    rules=Rules(poll_first=timedelta(microseconds=1), poll_max=timedelta(hours=1)),
    duration=61.04,
    attempt=Attempt(number=1, mark=frozenset({AssetId("b"), AssetId("a")}), gate_at=NOON),
    size=10,
    digest=DIGEST,
    asset_id=AssetId("asset-1"),
    accepted_at=NOON,
    asset_raw='{"asset_id": "asset-1"}',
    dubbings=(
        Dubbing(
            locale=Locale("es-ES"),
            state=DubbingState.FETCHED,
            dubbing_id=DubbingId("d1"),
            version_id=VersionId("v1"),
            seen="Completed",
            progress=1.0,
            result=Result(name="bad\udcff.es-ES.mp4", size=11, digest=DIGEST, fetched_at=NOON),
        ),
        Dubbing(locale=Locale("fr-FR"), error="Größe ☃"),
    ),
    outcome=Outcome(to=Destination.DONE, why="It is done.", details=(("asset", "asset-1"),)),
    candidates=(AssetId("x"),),
)

FORMAT_1 = (
    '{"format": 1, "claim": {"id": "c1", "folder": "marketing", "drop": {"key": "bad\\udcff", "parts": [{"name":'
    ' "bad\\udcff.es-ES.srt", "role": "srt", "fingerprint": {"size": 1, "mtime_ns": 2, "ctime_ns": 3, "ino":'
    ' 18446744073709551615}, "tag": "es-ES"}, {"name": "bad\\udcff.mp4", "role": "video", "fingerprint": {"size": 1,'
    ' "mtime_ns": 2, "ctime_ns": 3, "ino": 18446744073709551615}, "tag": null}]}, "order": {"locale": "en-US",'
    ' "languages": [{"locale": "es-ES", "srt": "bad\\udcff.es-ES.srt", "srt_digest":'
    ' "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}, {"locale": "fr-FR", "srt": null,'
    ' "srt_digest": null}], "auto_generate": "with_lips", "lips_model": "real_face", "speakers_count": 2, "start_time":'
    ' 1.5, "end_time": null, "background": null, "background_url": null, "callback_url": null, "force": false},'
    ' "taken_at": "2026-11-22T12:00:00+00:00", "state": "dubbing", "rules": {"poll_first": 1e-06, "poll_max": 3600.0,'
    ' "doubt_window": 300.0, "on_doubt": "hold"}, "duration": 61.04, "attempt": {"number": 1, "mark": ["a", "b"],'
    ' "gate_at": "2026-11-22T12:00:00+00:00", "doubt_since": null, "absences": 0}, "size": 10, "digest":'
    ' "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "asset_id": "asset-1", "accepted_at":'
    ' "2026-11-22T12:00:00+00:00", "asset_raw": "{\\"asset_id\\": \\"asset-1\\"}", "dubbings": [{"locale": "es-ES",'
    ' "state": "fetched", "dubbing_id": "d1", "version_id": "v1", "seen": "Completed", "progress": 1.0, "studio_url":'
    ' null, "error": null, "fetches": 0, "result": {"name": "bad\\udcff.es-ES.mp4", "size": 11, "digest":'
    ' "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "fetched_at": "2026-11-22T12:00:00+00:00"}},'
    ' {"locale": "fr-FR", "state": "waiting", "dubbing_id": null, "version_id": null, "seen": null, "progress": null,'
    ' "studio_url": null, "error": "Gr\\u00f6\\u00dfe \\u2603", "fetches": 0, "result": null}], "outcome": {"to":'
    ' "done", "why": "It is done.", "todo": "", "details": [["asset", "asset-1"]]}, "held": null, "candidates": ["x"],'
    ' "troubles": 0, "filed_as": null, "closed_at": null}}'
)
"""A document of the first release. Never change it: ledgers in the field have such documents."""


LATER_FIELDS = {
    *("trouble", "likeness", "background_digest", "builds_on", "awaits", "reserved", "witnessed"),
    *("held_for", "paused", "released", "strikes", "crashes", "overdue", "inside", "maybe_billed"),
}
"""What claims have got since the first release; each has a default."""


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


@pytest.mark.slow
@settings(max_examples=200)
@given(position=st.integers(0, len(FORMAT_1) - 1), letter=st.characters(max_codepoint=126))
def test_no_changed_letter_makes_anything_but_a_claim_or_a_refusal(position: int, letter: str) -> None:
    """No damage, however placed, escapes as a foreign error."""
    document = FORMAT_1[:position] + letter + FORMAT_1[position + 1 :]
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
