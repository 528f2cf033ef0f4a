"""Every switch changes what it says, and nothing it does not."""

from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any, get_args

import pytest

from panjaya_watchd.rehearsal.records import Video
from panjaya_watchd.rehearsal.request import Refused
from panjaya_watchd.rehearsal.shapes import error_shape
from panjaya_watchd.rehearsal.studio import Studio
from panjaya_watchd.rehearsal.switches import Envelope, Switches

Ask = Callable[..., dict[str, Any]]
Open = Callable[..., Studio]
Wait = Callable[[float], None]


def fill(studio: Studio, ask: Ask, wait: Wait, count: int) -> list[str]:
    """Make assets a second apart; their ids, oldest first."""
    ids = []
    for _ in range(count):
        ids.append(studio.create_asset(ask("es-ES"), Video.of(b"", duration=60.0), file_name="a.mp4")["asset_id"])
        wait(1)
    return ids


def listed(page: Any, envelope: str = "items") -> list[str]:
    """Take the ids from a page."""
    return [asset["asset_id"] for asset in (page if envelope == "bare" else page[envelope])]


# The list


@pytest.mark.parametrize("envelope", get_args(Envelope))
def test_the_list_comes_in_every_envelope(open_studio: Open, ask: Ask, wait: Wait, envelope: str) -> None:
    """A bare array, or an object with the array under one of four names."""
    studio = open_studio(envelope=envelope)
    ids = fill(studio, ask, wait, 2)

    assert listed(studio.list_assets(), envelope) == ids[::-1]


@pytest.mark.parametrize(("order", "place"), [("newest", -1), ("oldest", 0)])
def test_the_list_is_ordered_by_age(open_studio: Open, ask: Ask, wait: Wait, order: str, place: int) -> None:
    """Newest first or oldest first."""
    studio = open_studio(order=order)
    ids = fill(studio, ask, wait, 3)

    assert listed(studio.list_assets())[0] == ids[place]


def test_a_random_order_is_none_but_stays(open_studio: Open, ask: Ask, wait: Wait) -> None:
    """The list in no order is the same each time, so that its pages hold every asset once."""
    studio = open_studio(order="random", pagination="none")
    ids = fill(studio, ask, wait, 12)

    first, second = listed(studio.list_assets()), listed(studio.list_assets())

    assert first == second
    assert sorted(first) == sorted(ids)
    assert first not in (ids, ids[::-1])


def test_without_pagination_parameters_mean_nothing(open_studio: Open, ask: Ask, wait: Wait) -> None:
    """Unknown query parameters are ignored and everything comes at once."""
    studio = open_studio(pagination="none", page_size=2)
    ids = fill(studio, ask, wait, 5)

    assert listed(studio.list_assets({"page": "2", "limit": "1", "cursor": "x"})) == ids[::-1]


def follow(studio: Studio, pagination: str) -> list[list[str]]:
    """Turn the pages of a list, each pagination in its own way."""
    pages: list[list[str]] = []
    query: dict[str, str] = {}
    while True:
        page = studio.list_assets(query)
        pages.append(listed(page))
        if pagination == "page":
            query = {"page": str(len(pages) + 1)}
        elif pagination == "offset":
            query = {"offset": str(sum(map(len, pages)))}
        elif pagination == "cursor" and page["next_cursor"]:
            query = {"cursor": page["next_cursor"]}
        elif pagination == "link" and page["next"]:
            assert page["next"].startswith(f"{studio.base_url}/v1/assets/?")
            query = {"cursor": page["next"].split("cursor=")[1]}
        else:
            return pages
        if not pages[-1]:
            return pages[:-1]


@pytest.mark.parametrize("pagination", ["page", "offset", "cursor", "link"])
def test_pages_hold_every_asset_once(open_studio: Open, ask: Ask, wait: Wait, pagination: str) -> None:
    """Five assets are two pages of two and one of one, whatever the pagination."""
    studio = open_studio(pagination=pagination, page_size=2)
    ids = fill(studio, ask, wait, 5)

    pages = follow(studio, pagination)

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [asset_id for page in pages for asset_id in page] == ids[::-1]


def test_a_page_may_be_smaller_and_never_larger(open_studio: Open, ask: Ask, wait: Wait) -> None:
    """``size`` makes a page smaller; more than the service gives is not to be had."""
    studio = open_studio(page_size=3)
    fill(studio, ask, wait, 5)

    assert [len(listed(studio.list_assets({"size": size}))) for size in ("1", "500")] == [1, 3]


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "1.5", "²", "9" * 30])
def test_a_page_that_is_none_is_refused(open_studio: Open, page: str) -> None:
    """Only whole numbers from one are pages."""
    with pytest.raises(Refused, match="page:"):
        open_studio().list_assets({"page": page})


def test_a_new_asset_is_missing_from_a_list_that_lags(open_studio: Open, ask: Ask, wait: Wait) -> None:
    """The list shows an asset after its lag; by its id it is there at once."""
    studio = open_studio(list_lag=90)
    asset = studio.create_asset(ask("es-ES"), Video.of(b"", duration=1.0))
    wait(89)
    assert listed(studio.list_assets()) == []
    assert studio.get_asset(asset["asset_id"])["asset_id"] == asset["asset_id"]
    wait(1)

    assert listed(studio.list_assets()) == [asset["asset_id"]]


def test_the_list_has_dubbings_without_versions(open_studio: Open, ask: Ask, wait: Wait) -> None:
    """Basic metadata, as documented: the dubbings' ids and locales, and no versions."""
    studio = open_studio()
    fill(studio, ask, wait, 1)

    [asset] = studio.list_assets()["items"]

    assert [{"dubbing_id", "locale"}] == [set(dubbing) for dubbing in asset["dubbings"]]


def test_the_list_may_show_how_a_dubbing_stands(open_studio: Open, ask: Ask, wait: Wait) -> None:
    """By switch: then it moves as its version does, which is still not shown."""
    studio = open_studio(list_status=True)
    studio.create_asset(ask("es-ES"), Video.of(b"", duration=1.0))
    seen = []
    for _ in range(2):
        [asset] = studio.list_assets()["items"]
        [dubbing] = asset["dubbings"]
        assert set(dubbing) == {"dubbing_id", "locale", "status"}
        seen.append(dubbing["status"])
        wait(60)

    assert seen == ["NotReady", "Completed"]


# Fields


@pytest.mark.parametrize(
    ("style", "shown"),
    [
        ("z", "2026-03-01T12:00:00.000Z"),
        ("offset", "2026-03-01T12:00:00.000+00:00"),
        ("naive", "2026-03-01T12:00:00.000"),
        ("epoch", datetime.fromisoformat("2026-03-01T12:00:00Z").timestamp()),
    ],
)
def test_times_come_in_four_styles(open_studio: Open, ask: Ask, style: str, shown: Any) -> None:
    """The same moment with Z, with an offset, with no zone, as a number."""
    asset = open_studio(created_at=style).create_asset(ask("es-ES"), Video.of(b"", duration=1.0))

    assert asset["created_at"] == shown


@pytest.mark.parametrize(
    ("switch", "early", "late", "in_list"),
    [
        ("at_once", 60.0, 60.0, 60.0),
        ("null_until_processed", None, 60.0, 60.0),
        ("null_in_list", None, 60.0, None),
        ("absent", "absent", "absent", "absent"),
    ],
)
def test_duration_is_known_when_the_switch_says(  # noqa: PLR0917  (a table has its columns)
    open_studio: Open, ask: Ask, wait: Wait, switch: str, early: Any, late: Any, in_list: Any
) -> None:
    """At once, once the asset was examined, only by get-asset, or never."""
    studio = open_studio(duration=switch, asset_after=5)
    asset = studio.create_asset(ask("es-ES"), Video.of(b"", duration=60.0))
    wait(5)

    seen = (asset, studio.get_asset(asset["asset_id"]), studio.list_assets()["items"][0])

    assert [early, late, in_list] == [shape.get("duration", "absent") for shape in seen]


def test_duration_may_be_that_of_the_trim(open_studio: Open, ask: Ask) -> None:
    """Whole video or trimmed length, by switch."""
    durations = [
        open_studio(duration="at_once", duration_of=of).create_asset(
            ask("es-ES", start_time=10, end_time=25.5), Video.of(b"", duration=60.0)
        )["duration"]
        for of in ("video", "trim")
    ]

    assert durations == [60.0, 15.5]


@pytest.mark.parametrize(
    ("shown", "expected"), [("full", {"version_id", "status"}), ("id_objects", {"version_id"}), ("ids", None)]
)
def test_versions_of_an_asset_come_in_three_depths(
    open_studio: Open, ask: Ask, shown: str, expected: set[str] | None
) -> None:
    """Objects with a status, objects with an id, bare ids."""
    asset = open_studio(versions=shown).create_asset(ask("es-ES"), Video.of(b"", duration=1.0))

    [version] = asset["dubbings"][0]["versions"]

    assert isinstance(version, str) if expected is None else set(version) == expected


def test_versions_may_come_late(open_studio: Open, ask: Ask, wait: Wait) -> None:
    """With the switch off an asset lists no versions before it was examined."""
    studio = open_studio(versions_at_once=False)
    asset = studio.create_asset(ask("es-ES"), Video.of(b"", duration=1.0))
    wait(5)
    later = studio.get_asset(asset["asset_id"])

    assert [len(shape["dubbings"][0]["versions"]) for shape in (asset, later)] == [0, 1]


def test_names_of_states_are_a_switch(open_studio: Open, ask: Ask, wait: Wait) -> None:
    """What an asset is called while it is well is not documented."""
    studio = open_studio(asset_statuses=("uploading", "OK"))
    asset = studio.create_asset(ask("es-ES"), Video.of(b"", duration=1.0))
    wait(5)

    assert (asset["status"], studio.get_asset(asset["asset_id"])["status"]) == ("uploading", "OK")


@pytest.mark.parametrize(("names", "shown"), [(True, "talk.mp4"), (False, None)])
def test_names_of_files_are_shown_or_not(open_studio: Open, ask: Ask, names: bool, shown: str | None) -> None:  # noqa: FBT001
    """The upload's file name may come back, or nothing of it."""
    studio = open_studio(names=names)
    studio.create_asset(ask("es-ES"), Video.of(b"", duration=1.0), file_name="talk.mp4")

    assert studio.list_assets()["items"][0].get("name") == shown


def test_empty_fields_are_null_or_absent(open_studio: Open, ask: Ask) -> None:
    """No key has the value null when the switch says absent."""
    shapes = [
        open_studio(nulls=nulls).create_asset(ask("es-ES"), Video.of(b"", duration=1.0)) for nulls in ("null", "absent")
    ]

    assert {"error": None, "duration": None, "name": None}.items() <= shapes[0].items()
    assert not {"error", "duration", "name"} & set(shapes[1])


def test_unknown_fields_are_everywhere(open_studio: Open, ask: Ask, wait: Wait) -> None:
    """With ``extras`` assets, dubbings, versions and the list carry what nobody expects."""
    studio = open_studio(extras=True)
    [asset_id] = fill(studio, ask, wait, 1)
    asset = studio.get_asset(asset_id)
    dubbing = asset["dubbings"][0]
    version = dubbing["versions"][0]

    shapes = (asset, dubbing, version, studio.get_version(version["version_id"]), studio.list_assets())

    assert all("x_beta" in shape for shape in shapes)


@pytest.mark.parametrize(("switches", "seen"), [({}, 1), ({"ready_seen": False}, 0)])
def test_ready_to_edit_may_be_skipped(
    open_studio: Open, ask: Ask, wait: Wait, switches: dict[str, Any], seen: int
) -> None:
    """With generation on, ReadyToEdit is seen for a while or never."""
    studio = open_studio(**switches)
    version_id = (
        studio.record(studio.create_asset(ask("es-ES"), Video.of(b"", duration=1.0))["asset_id"]).versions[0].version_id
    )
    seen_statuses = []
    for _ in range(60):
        seen_statuses.append(studio.get_version(version_id)["status"])
        wait(0.1)

    assert min(1, seen_statuses.count("ReadyToEdit")) == seen
    assert seen_statuses[-1] == "Completed"


def test_a_status_beyond_the_five_may_appear(open_studio: Open, ask: Ask, wait: Wait) -> None:
    """The list of statuses may grow; the version completes all the same."""
    studio = open_studio(unknown_status=True)
    [asset_id] = fill(studio, ask, wait, 1)
    version_id = studio.record(asset_id).versions[0].version_id
    wait(4)
    middle = studio.get_version(version_id)["status"]
    wait(4)

    assert (middle, studio.get_version(version_id)["status"]) == ("Polishing", "Completed")
    assert [event.event for event in studio.events()][2:] == ["version_polishing", "version_generated"]


@pytest.mark.parametrize(("scale", "end"), [("fraction", 1.0), ("percent", 100.0), ("absent", None)])
def test_progress_has_a_scale_or_is_not_there(
    open_studio: Open, ask: Ask, wait: Wait, scale: str, end: float | None
) -> None:
    """Progress grows to 1, to 100, or is unknown."""
    studio = open_studio(progress=scale)
    [asset_id] = fill(studio, ask, wait, 1)
    version_id = studio.record(asset_id).versions[0].version_id
    early = studio.get_version(version_id).get("progress")
    wait(100)

    assert studio.get_version(version_id).get("progress") == end
    assert (early is None) == (end is None)
    assert not early or not end or 0 < early < end


def test_a_failed_version_may_not_say_why(open_studio: Open, ask: Ask, wait: Wait) -> None:
    """The switch takes the error away."""
    studio = open_studio(version_error=False)
    studio.fail_next_version()
    [asset_id] = fill(studio, ask, wait, 1)
    wait(10)
    version = studio.get_version(studio.record(asset_id).versions[0].version_id)

    assert (version["status"], "error" in version) == ("Failed", False)


def test_versions_of_a_failed_asset_may_wait_for_ever(open_studio: Open, ask: Ask, wait: Wait) -> None:
    """Failed with their asset, or NotReady and never more."""
    studio = open_studio(versions_of_failed="NotReady")
    studio.fail_next("empty_transcript")
    [asset_id] = fill(studio, ask, wait, 1)
    wait(1000)

    assert studio.get_version(studio.record(asset_id).versions[0].version_id)["status"] == "NotReady"


def test_spread_stretches_and_never_shortens(open_studio: Open, ask: Ask) -> None:
    """Each time lies between itself and itself plus the share, and they differ."""
    studio = open_studio(spread=0.5, asset_after=0, ready_after=10)
    for _ in range(20):
        studio.create_asset(ask("es-ES", auto_generate="off"), Video.of(b"", duration=1.0))

    times = [(asset.versions[0].phases[1].at - asset.created_at).total_seconds() for asset in studio.assets]

    assert all(10 <= seconds <= 15 for seconds in times)
    assert len(set(times)) > 10


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("string", {"detail": "no"}),
        ("list", {"detail": [{"loc": ["body"], "msg": "no", "type": "value_error"}]}),
        ("object", {"detail": {"message": "no"}}),
    ],
)
def test_errors_have_three_json_shapes(body: Any, shown: Any) -> None:
    """``detail`` is a string, as documented, or a list or object, as frameworks do."""
    assert error_shape("no", Switches(error_body=body)) == shown


# The switches themselves


@pytest.mark.parametrize("pagination", ["cursor", "link"])
def test_a_bare_list_has_no_room_for_a_cursor(pagination: Any) -> None:
    """What cannot be shown is refused when it is switched."""
    with pytest.raises(ValueError, match="bare"):
        Switches(envelope="bare", pagination=pagination)


def test_drawn_switches_differ_and_work(open_studio: Open, ask: Ask, wait: Wait) -> None:
    """Any draw is a studio in which an asset is made, listed and completed; fixed ones stay fixed."""
    drawn = [Switches.draw(Random(seed), names=False) for seed in range(40)]

    assert len(set(drawn)) == 40
    assert not any(switches.names for switches in drawn)
    for switches in drawn:
        studio = open_studio(**{name: getattr(switches, name) for name in Switches.__slots__})
        [asset_id] = fill(studio, ask, wait, 1)
        wait(100)
        assert listed(studio.list_assets(), switches.envelope) == [asset_id]
        assert studio.get_version(studio.record(asset_id).versions[0].version_id)["status"] == "Completed"
