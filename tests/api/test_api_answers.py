"""Answers of every shape that the documentation leaves open, and of no shape at all."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panjaya_watchd.api import answers, pages
from panjaya_watchd.core.answers import Asset, AssetDubbing, Version
from panjaya_watchd.core.names import AssetId, DubbingId, Locale, VersionId

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

FULL = {
    "asset_id": "a1",
    "status": "Ready",
    "created_at": "2026-03-01T12:00:00Z",
    "duration": 61.5,
    "name": "talk-01jd.mp4",
    "error": None,
    "dubbings": [
        {
            "dubbing_id": "d1",
            "locale": "es-ES",
            "versions": [{"version_id": "v1", "status": "Generating", "progress": 0.25}],
        }
    ],
    "surprise": {"nested": [1, 2]},
}

READ = Asset(
    asset_id=AssetId("a1"),
    status="Ready",
    created_at=NOON,
    duration=61.5,
    file_name="talk-01jd.mp4",
    dubbings=(
        AssetDubbing(
            locale=Locale("es-ES"),
            dubbing_id=DubbingId("d1"),
            versions=(Version(version_id=VersionId("v1"), status="Generating", progress=0.25),),
        ),
    ),
)


def written(value: Any) -> bytes:
    """Write JSON as a server would."""
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    "answer",
    [FULL, {"asset": FULL}, {"data": FULL}, {"data": {"asset": FULL}}, {"ok": True, "asset": FULL}],
    ids=["bare", "asset", "data", "data.asset", "asset and more"],
)
def test_an_asset_is_found_in_every_envelope(answer: dict[str, Any]) -> None:
    """Bare or wrapped, it is the same asset, and the whole answer is kept as it came."""
    found = answers.asset(written(answer))

    assert found == READ
    assert found is not None
    assert json.loads(found.raw) == answer


def test_a_dubbing_may_have_a_status_of_its_own() -> None:
    """As an entry of the list might, which has no versions; where the entry is a version, it is the version's."""
    listed = {"asset_id": "a1", "dubbings": [{"dubbing_id": "d1", "locale": "es-ES", "status": "Generating"}]}
    found = answers.asset(written(listed))

    assert found is not None
    assert [(each.status, each.versions) for each in found.dubbings] == [("Generating", ())]


@pytest.mark.parametrize(
    "dubbings",
    [
        {"dubbings": [{"id": "d1", "target_locale": "es-ES", "versions": [{"id": "v1", "status": "Generating"}]}]},
        {"languages": [{"dubbing_id": "d1", "language": "es-ES", "versions": [{"id": "v1", "state": "Generating"}]}]},
        {"dubbings": {"es-ES": {"dubbing_id": "d1", "version": {"version_id": "v1", "status": "Generating"}}}},
        {"dubbings": [{"dubbing_id": "d1", "locale": "es-ES", "version_id": "v1", "status": "Generating"}]},
        {"versions": [{"version_id": "v1", "dubbing_id": "d1", "locale": "es-ES", "status": "Generating"}]},
        {
            "dubbings": [],
            "languages": [{"id": "d1", "locale": "es-ES", "versions": [{"id": "v1", "status": "Generating"}]}],
        },
    ],
)
def test_dubbings_are_found_under_every_likely_name(dubbings: dict[str, Any]) -> None:
    """A list, an object by locale, versions inside or beside: one dubbing with one version."""
    version = Version(version_id=VersionId("v1"), status="Generating")
    expected = (AssetDubbing(locale=Locale("es-ES"), dubbing_id=DubbingId("d1"), versions=(version,)),)
    found = answers.asset(written({"id": "a1", **dubbings}))

    assert found is not None
    assert expected == found.dubbings


def test_plain_locales_and_plain_ids_are_enough() -> None:
    """The list may show no more than locales, and get-asset no more than version ids."""
    listed = answers.asset(written({"asset_id": 7, "languages": ["es-ES", "fr-FR"]}))
    shown = answers.asset(written({"asset_id": "a", "dubbings": [{"locale": "es-ES", "versions": ["v1", "v1", "v2"]}]}))

    assert listed is not None
    assert shown is not None
    assert listed.asset_id == "7"
    assert [dubbing.locale for dubbing in listed.dubbings] == ["es-ES", "fr-FR"]
    assert [version.version_id for version in shown.dubbings[0].versions] == ["v1", "v2"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"error": {"code": "empty_transcript", "message": "No speech."}}, ("empty_transcript", "No speech.")),
        ({"error": {"code": "empty_transcript", "detail": "No speech."}}, ("empty_transcript", "No speech.")),
        ({"error": "No speech was found."}, (None, "No speech was found.")),
        ({"error": "empty_transcript"}, ("empty_transcript", None)),
        ({"error": None, "error_code": "x_y", "error_message": "Why."}, ("x_y", "Why.")),
        ({"error": 500}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_an_error_is_read_from_an_object_or_a_sentence(
    error: dict[str, Any], expected: tuple[str | None, str | None]
) -> None:
    """The words reach the dropper whatever their form."""
    found = answers.asset(written({"asset_id": "a", "status": "Failed", **error}))

    assert found is not None
    assert expected == (found.error_code, found.error_message)


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01T12:00:00", NOON),
        ("2026-03-01 14:00:00.000000+02:00", NOON),
        ("2026-03-01T12:00:00.000000000Z", NOON),
        (1772366400, NOON),
        (1772366400.0, NOON),
        ("1772366400", NOON),
        (1772366400000, NOON),
        ("yesterday", None),
        ("0001-01-01T00:00:00+14:00", None),
        (1e300, None),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_a_moment_is_aware_or_absent(created: Any, expected: datetime | None) -> None:
    """ISO 8601 with or without a zone, or seconds or milliseconds since 1970; anything else is no moment."""
    found = answers.asset(written({"asset_id": "a", "created_at": created}))

    assert found is not None
    assert expected == found.created_at


@pytest.mark.parametrize(
    ("duration", "expected"), [(61, 61.0), ("61.5", 61.5), (None, None), (-1, None), (True, None), ("1:01", None)]
)
def test_a_duration_is_seconds_or_absent(duration: Any, expected: float | None) -> None:
    """A number, a number in quotes, or nothing."""
    found = answers.asset(written({"asset_id": "a", "duration": duration}))

    assert found is not None
    assert expected == found.duration


@pytest.mark.parametrize(
    ("progress", "expected"),
    [(0.5, 0.5), (50, 0.5), ("50%", 0.5), ("0.5", 0.5), (1, 1.0), (100, 1.0), (101, None), (-1, None), ({}, None)],
)
def test_progress_is_a_share(progress: Any, expected: float | None) -> None:
    """0 to 1 and 0 to 100 are both read; it is for display only."""
    found = answers.version(written({"version_id": "v", "progress": progress}))

    assert found is not None
    assert expected == found.progress


def test_a_version_is_read_with_its_links_and_its_error() -> None:
    """Links are for browsers only, and the signed one stays out of the printed form."""
    body = {
        "version_id": "v1",
        "status": "Failed",
        "studio_url": "javascript:alert(1)",
        "result_url": "https://cdn.example/v?sig=1",
        "error": {"code": "x", "message": "Why."},
    }
    expected = Version(
        version_id=VersionId("v1"), status="Failed", result_url="https://cdn.example/v?sig=1", error="x: Why."
    )

    assert expected == answers.version(written(body)) == answers.version(written({"version": body}))
    assert "sig=1" not in repr(expected)


def test_a_signed_link_is_kept_nowhere() -> None:
    """The answer goes into the ledger whole, but for the link that lets anybody fetch the result, wherever it is."""
    link = "https://cdn.example/v?X-Signature=s3cr3t"
    version = {"version_id": "v1", "status": "Completed", "result_url": link, "studio_url": "https://studio/v1"}
    dubbing = {"locale": "es-ES", "result_url": link, "versions": [version, [{"result_url": [link]}]]}
    answer = {"data": {"asset_id": "a1", "result_url": {"es-ES": link}, "dubbings": [dubbing], "surprise": 1}}
    found = answers.asset(written(answer))
    page = pages.assets(written([answer["data"]]))

    assert found is not None
    assert page is not None
    for asset in (found, page[0][0]):
        assert "s3cr3t" not in asset.raw
        assert "result_url" not in asset.raw
        assert asset.dubbings[0].versions[0].result_url == link
    assert json.loads(found.raw)["data"]["surprise"] == 1
    assert json.loads(found.raw)["data"]["dubbings"][0]["versions"][0]["studio_url"] == "https://studio/v1"


@pytest.mark.parametrize("depth", [100, 300, 400, 480, 500, 600, 900, 980, 5000])
@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"data":', "}"), ('{"x":[', "]}")])
def test_an_answer_of_any_depth_is_read_or_is_none(depth: int, left: str, right: str) -> None:
    """Python follows about a thousand levels, fewer where more is done on each; no depth in between raises."""
    nest = left * depth + "1" + right * depth
    body = f'{{"asset_id": "a1", "version_id": "v1", "surprise": {nest}}}'.encode()
    asset = answers.asset(body)
    listed = pages.assets(b"[" + body + b"]")
    pages.assets(nest.encode())
    answers.version(body)

    for each in (asset, *(listed[0] if listed else ())):
        if each is not None:
            assert each.asset_id == "a1"
            assert isinstance(json.loads(each.raw), dict)
    levels = depth * len(right)
    assert levels > 800 or asset is not None
    assert levels > 200 or (asset is not None and json.loads(asset.raw) == json.loads(body))


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"<html>", b'{"detail":"x"}', b"\xff\xfe", b"[" * 100000])
def test_what_holds_no_asset_is_none(body: bytes) -> None:
    """An answer without an id is not an asset, whatever it looks like."""
    assert answers.asset(body) is None
    assert answers.version(body) is None


names = st.sampled_from(
    "asset_id id asset data version version_id dubbings languages versions locale status error code message created_at"
    " duration progress name items results next next_cursor page total pages has_more meta links href offset".split()
)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800") | st.just("2026-01-01")
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(value=values)
def test_no_json_raises(value: Any) -> None:
    """Whatever the service sends is read or ignored, and what is read can be written to a file."""
    body = json.dumps(value).encode()
    asset = answers.asset(body)
    version = answers.version(body)
    page = pages.assets(body)

    for each in (asset, version, page):
        str(each).encode()
    if asset is not None:
        json.loads(asset.raw)
    if page is not None:
        pages.turn(page[1], base="https://api.example/v1/assets/", asked=1, known=3, fresh=3)


@given(body=st.binary())
def test_no_bytes_raise(body: bytes) -> None:
    """The same for what is no JSON."""
    answers.asset(body)
    answers.version(body)
    pages.assets(body)


def test_an_integer_too_long_for_python_is_no_answer() -> None:
    """Python refuses to convert more than 4,300 digits with a ValueError."""
    assert answers.asset(b'{"asset_id": ' + b"9" * 5000 + b"}") is None
