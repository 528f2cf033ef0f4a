"""The studio's logic: bills, the life of assets and versions, failures, the list, result links."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from panjaya_watchd.rehearsal.life import FAILURES
from panjaya_watchd.rehearsal.records import Video
from panjaya_watchd.rehearsal.request import Refused
from panjaya_watchd.rehearsal.studio import Studio

Ask = Callable[..., dict[str, Any]]
Open = Callable[..., Studio]
Wait = Callable[[float], None]


def first_version(studio: Studio, asset: dict[str, Any]) -> dict[str, Any]:
    """Read the first version of an asset."""
    return studio.get_version(studio.record(asset["asset_id"]).versions[0].version_id)


def statuses(studio: Studio, asset: dict[str, Any]) -> list[str]:
    """Read the status of every version of an asset."""
    return [studio.get_version(version.version_id)["status"] for version in studio.record(asset["asset_id"]).versions]


# Bills


def test_an_upload_is_one_bill_with_all_that_was_received(open_studio: Open, ask: Ask, clip: Video) -> None:
    """A bill holds digest, size, name, minutes over all locales, and the request to the letter."""
    studio = open_studio()
    text = '{ "locale":"en-US", "languages":[{"locale":"es-ES"},{"locale":"fr-FR"}], "end_time": 45, "x": 1 }'

    asset = studio.create_asset(text, clip, file_name="interview.mp4")

    [bill] = studio.bills
    assert (asset["asset_id"], "upload", 1.5) == (bill.asset_id, bill.by, bill.minutes)
    assert bill.locales == ("es-ES", "fr-FR")
    assert (clip.sha256, clip.size, "interview.mp4") == (bill.sha256, bill.size, bill.file_name)
    assert bill.request == text
    assert studio.record(bill.asset_id).ignored == ["x"]
    assert studio.record(bill.asset_id).request_text == text


def test_the_same_video_twice_is_two_bills(open_studio: Open, ask: Ask, clip: Video) -> None:
    """The service knows no repetition: each request makes an asset of its own."""
    studio = open_studio()

    ids = {studio.create_asset(ask(), clip)["asset_id"] for _ in range(2)}

    assert len(ids) == 2
    assert [bill.sha256 for bill in studio.bills] == [clip.sha256] * 2


@pytest.mark.parametrize("request_body", ["{", '"text"', "[]", "{}", json.dumps({"locale": "en-US", "languages": []})])
def test_a_refused_request_leaves_nothing_behind(open_studio: Open, clip: Video, request_body: str) -> None:
    """What is refused is neither an asset nor a bill."""
    studio = open_studio()

    with pytest.raises(Refused):
        studio.create_asset(request_body, clip)

    assert (studio.assets, studio.bills) == ((), [])


def test_background_is_given_once(open_studio: Open, ask: Ask, clip: Video) -> None:
    """A background file and ``background_url`` together are refused."""
    studio = open_studio()
    asked = ask(background_url="https://cdn.example/music.wav")

    with pytest.raises(Refused, match="background"):
        studio.create_asset(asked, clip, background=Video.of(b"music", duration=1.0))

    assert studio.bills == []


def test_a_video_by_url_is_billed_by_the_length_that_is_assumed(open_studio: Open, ask: Ask) -> None:
    """Without bytes the bill has no digest, and the switch says how long the video is."""
    studio = open_studio(assumed_duration=120.0)

    studio.create_asset(ask("es-ES", media_url="https://cdn.example/talk.mp4"))

    [bill] = studio.bills
    assert (bill.by, bill.minutes, bill.sha256, bill.size) == ("media_url", 2.0, None, None)


def test_added_languages_are_billed_alone(open_studio: Open, ask: Ask, clip: Video, wait: Wait) -> None:
    """More languages cost their own minutes, and get versions that live from now on."""
    studio = open_studio()
    asset = studio.create_asset(ask("es-ES"), clip)
    wait(100)

    answer = studio.add_languages(asset["asset_id"], {"languages": [{"locale": "de-DE"}], "speakers": 1})

    assert [dubbing["locale"] for dubbing in answer["dubbings"]] == ["es-ES", "de-DE"]
    assert (studio.bills[1].by, studio.bills[1].locales, studio.bills[1].minutes) == ("languages", ("de-DE",), 1.0)
    assert statuses(studio, asset) == ["Completed", "NotReady"]
    assert studio.record(asset["asset_id"]).ignored == ["speakers"]


@pytest.mark.parametrize("locale", ["es-ES", "en-US", "he-IL"])
def test_a_language_that_is_there_is_not_added(open_studio: Open, ask: Ask, clip: Video, locale: str) -> None:
    """A locale the asset has already, its own, and one that is no target are refused and not billed."""
    studio = open_studio()
    asset = studio.create_asset(ask("es-ES"), clip)

    with pytest.raises(Refused) as caught:
        studio.add_languages(asset["asset_id"], {"languages": [{"locale": locale}]})

    assert caught.value.status == 400
    assert len(studio.bills) == 1


# Life


def test_a_version_lives_through_the_documented_statuses(open_studio: Open, ask: Ask, clip: Video, wait: Wait) -> None:
    """NotReady, ReadyToEdit, Generating, Completed, each when the clock says so."""
    studio = open_studio(asset_after=1, ready_after=2, editing_for=0.5, generate_after=2)
    asset = studio.create_asset(ask("es-ES"), clip)
    seen = []
    for _ in range(12):
        seen.append(first_version(studio, asset)["status"])
        wait(0.5)

    assert seen == ["NotReady"] * 6 + ["ReadyToEdit"] + ["Generating"] * 4 + ["Completed"]
    assert [event.event for event in studio.events()] == ["version_ready", "version_generating", "version_generated"]


def test_without_generation_a_version_waits_for_a_person(open_studio: Open, ask: Ask, clip: Video, wait: Wait) -> None:
    """``auto_generate: off`` stops at ReadyToEdit until somebody presses the button in the Studio."""
    studio = open_studio()
    asset = studio.create_asset(ask("es-ES", auto_generate="off"), clip)
    version_id = first_version(studio, asset)["version_id"]

    with pytest.raises(Refused, match="NotReady"):
        studio.generate(version_id)
    wait(1_000_000)
    assert studio.get_version(version_id)["status"] == "ReadyToEdit"
    studio.generate(version_id)
    assert studio.get_version(version_id)["status"] == "Generating"
    wait(2)

    assert studio.get_version(version_id)["status"] == "Completed"


@pytest.mark.parametrize(("default", "status"), [("off", "ReadyToEdit"), ("no_lips", "Completed")])
def test_the_default_of_generation_is_a_switch(
    open_studio: Open, ask: Ask, wait: Wait, default: str, status: str
) -> None:
    """A request that does not say gets what the switch says."""
    studio = open_studio(default_auto_generate=default)
    asset = studio.create_asset(ask("es-ES", auto_generate=None), Video.of(b"", duration=1.0))
    wait(100)

    assert statuses(studio, asset) == [status]


def test_a_revised_version_loses_its_result(open_studio: Open, ask: Ask, clip: Video, wait: Wait) -> None:
    """Revise turns Completed into ReadyToEdit for good and takes the video away; it waits its turn otherwise."""
    studio = open_studio()
    asset = studio.create_asset(ask("es-ES"), clip)
    version_id = first_version(studio, asset)["version_id"]
    with pytest.raises(Refused, match="NotReady"):
        studio.revise(version_id)
    wait(100)
    query = dict(pair.split("=") for pair in studio.get_version(version_id)["result_url"].split("?")[1].split("&"))
    assert studio.open_result(version_id, **query).version_id == version_id

    answer = studio.revise(version_id)

    assert answer == {"studio_url": None}
    assert tuple(studio.get_version(version_id)[key] for key in ("status", "result_url")) == ("ReadyToEdit", None)
    with pytest.raises(Refused) as caught:
        studio.open_result(version_id, **query)
    assert caught.value.status == 404


@pytest.mark.parametrize("code", sorted(FAILURES))
def test_a_scripted_failure_shows_when_the_asset_was_examined(
    open_studio: Open, ask: Ask, clip: Video, wait: Wait, code: str
) -> None:
    """Each documented code can be had: first the asset looks well, then it is Failed, with code and message."""
    studio = open_studio(asset_after=5)
    studio.fail_next(code)
    asset = studio.create_asset(ask("es-ES"), clip)
    assert (asset["status"], asset["error"]) == ("Processing", None)
    wait(5)

    failed = studio.get_asset(asset["asset_id"])

    assert (failed["status"], failed["error"]) == ("Failed", {"code": code, "message": FAILURES[code]})
    assert statuses(studio, asset) == ["Failed"]
    assert [(event.event, event.version_id) for event in studio.events()] == [("asset_failed", None)]
    assert studio.create_asset(ask("es-ES"), clip)["asset_id"] != asset["asset_id"]
    wait(5)
    assert studio.get_asset(studio.assets[1].asset_id)["status"] == "Ready"


@pytest.mark.parametrize(
    ("video", "asked", "switches", "code"),
    [
        (Video(sha256="0", size=1, duration=None, has_video=False, has_audio=False), {}, {}, "unsupported_media"),
        (Video(sha256="0", size=1, duration=9.0, has_audio=False), {}, {}, "missing_audio_track"),
        (Video.of(b"", duration=9.0), {"end_time": 9.1}, {}, "time_out_of_range"),
        (Video.of(b"", duration=9.0), {"start_time": 10}, {}, "time_out_of_range"),
        (Video.of(b"12345", duration=9.0), {}, {"max_bytes": 4}, "video_size_limit_reached"),
        (Video.of(b"", duration=60.0), {}, {"max_minutes": 1.9}, "video_duration_limit_reached"),
        (Video.of(b"", duration=60.0), {"end_time": 60}, {"max_minutes": 2, "max_bytes": 0}, None),
    ],
)
def test_a_source_fails_for_what_it_is(  # noqa: PLR0917  (a table has its columns)
    open_studio: Open,
    ask: Ask,
    wait: Wait,
    video: Video,
    asked: dict[str, Any],
    switches: dict[str, Any],
    code: str | None,
) -> None:
    """No video, no sound, a trim beyond the end, too large, too long for the account: all by the documented codes."""
    studio = open_studio(**switches)
    asset = studio.create_asset(ask(**asked), video)
    wait(10)

    assert (studio.get_asset(asset["asset_id"])["error"] or {"code": None})["code"] == code


def test_the_account_limit_counts_all_bills(open_studio: Open, ask: Ask, clip: Video, wait: Wait) -> None:
    """The duration limit is the account's: the asset that goes beyond it fails, earlier ones do not."""
    studio = open_studio(max_minutes=3)
    assets = [studio.create_asset(ask("es-ES"), clip) for _ in range(4)]
    wait(10)

    assert [studio.get_asset(asset["asset_id"])["status"] for asset in assets] == ["Ready", "Ready", "Ready", "Failed"]


def test_one_locale_fails_alone(open_studio: Open, ask: Ask, clip: Video, wait: Wait) -> None:
    """A version doomed by its locale fails with its words; the other is completed."""
    studio = open_studio()
    studio.fail_next_version("fr-FR", error="No voice was found.")
    asset = studio.create_asset(ask("es-ES", "fr-FR"), clip)
    wait(100)

    assert statuses(studio, asset) == ["Completed", "Failed"]
    failed = studio.get_version(studio.record(asset["asset_id"]).versions[1].version_id)
    assert (failed["error"], failed["result_url"]) == ("No voice was found.", None)
    assert "version_failed" in {event.event for event in studio.events()}


@pytest.mark.parametrize("ending", ["Failed", "ReadyToEdit"])
def test_a_failed_generation_ends_as_the_switch_says(
    open_studio: Open, ask: Ask, clip: Video, wait: Wait, ending: str
) -> None:
    """It passes through Generating, ends Failed or ReadyToEdit, and succeeds when a person tries again."""
    studio = open_studio(generate_failure=ending)
    studio.fail_next_version(at="generating")
    asset = studio.create_asset(ask("es-ES"), clip)
    version_id = first_version(studio, asset)["version_id"]
    wait(3.5)
    assert studio.get_version(version_id)["status"] == "Generating"
    wait(100)
    assert studio.get_version(version_id)["status"] == ending
    assert studio.events()[-1].event == "version_generate_failed"

    studio.revise(version_id)
    studio.generate(version_id)
    wait(100)

    assert studio.get_version(version_id)["status"] == "Completed"


# Ids, strangers, links, threads


@pytest.mark.parametrize("call", ["get_asset", "get_version", "revise", "generate", "record", "version_record"])
def test_an_unknown_id_is_not_found(open_studio: Open, call: str) -> None:
    """Ids that were never given are 404."""
    with pytest.raises(Refused) as caught:
        getattr(open_studio(), call)("nobody")

    assert caught.value.status == 404


def test_the_same_seed_gives_the_same_account(open_studio: Open, ask: Ask, clip: Video) -> None:
    """Ids and spread follow the seed alone."""
    answers = [open_studio(seed=seed, spread=0.5).create_asset(ask(), clip) for seed in (1, 1, 2)]

    assert answers[0] == answers[1]
    assert answers[0]["asset_id"] != answers[2]["asset_id"]


def test_ids_can_be_given(open_studio: Open, ask: Ask, clip: Video) -> None:
    """A caller may make the ids, odd ones too."""
    numbers = iter(range(100))
    studio = open_studio(ids=lambda kind: f"{kind}/{next(numbers)} ü")

    asset = studio.create_asset(ask("es-ES"), clip)

    assert asset["asset_id"] == "asset/0 ü"
    assert studio.get_asset("asset/0 ü")["dubbings"][0]["versions"][0]["version_id"].startswith("version/")


def test_a_stranger_is_listed_and_not_billed(open_studio: Open, ask: Ask) -> None:
    """Somebody at the web page makes assets in the same list, which are no bills of ours."""
    studio = open_studio()

    stranger = studio.stranger(ask("es-ES"), duration=33.0, name="holiday.mp4")

    assert studio.bills == []
    assert [(stranger["asset_id"], "holiday.mp4")] == [
        (asset["asset_id"], asset["name"]) for asset in studio.list_assets()["items"]
    ]


def link_query(version: dict[str, Any]) -> dict[str, str]:
    """Take a result link apart."""
    return dict(pair.split("=") for pair in version["result_url"].split("?")[1].split("&"))


def test_a_result_link_expires_and_is_signed_afresh(open_studio: Open, ask: Ask, clip: Video, wait: Wait) -> None:
    """After its time a link is 403; get-version gives one that works again."""
    studio = open_studio(result_expires=60)
    asset = studio.create_asset(ask("es-ES"), clip)
    wait(100)
    version = first_version(studio, asset)
    wait(59)
    studio.open_result(version["version_id"], **link_query(version))
    wait(2)

    with pytest.raises(Refused) as caught:
        studio.open_result(version["version_id"], **link_query(version))

    assert (caught.value.status, caught.value.detail) == (403, "Request has expired")
    studio.open_result(version["version_id"], **link_query(first_version(studio, asset)))


def test_without_reminting_an_expired_link_stays_expired(open_studio: Open, ask: Ask, clip: Video, wait: Wait) -> None:
    """The switch lets get-version repeat the first link for ever."""
    studio = open_studio(result_expires=60, remint=False)
    asset = studio.create_asset(ask("es-ES"), clip)
    wait(100)
    first = first_version(studio, asset)
    wait(61)

    assert first_version(studio, asset)["result_url"] == first["result_url"]
    with pytest.raises(Refused, match="expired"):
        studio.open_result(first["version_id"], **link_query(first))


@pytest.mark.parametrize("change", [{"expires": "99999999999"}, {"signature": "0" * 64}, {"signature": "é"}])
def test_a_forged_link_is_refused(open_studio: Open, ask: Ask, clip: Video, wait: Wait, change: dict[str, str]) -> None:
    """Neither a later expiry nor another signature opens a result."""
    studio = open_studio()
    asset = studio.create_asset(ask("es-ES"), clip)
    wait(100)
    version = first_version(studio, asset)

    with pytest.raises(Refused) as caught:
        studio.open_result(version["version_id"], **{**link_query(version), **change})

    assert caught.value.status == 403


def test_many_threads_make_exactly_their_bills(open_studio: Open, ask: Ask, clip: Video) -> None:
    """The lock holds: no asset is lost or doubled when eight threads create and list at once."""
    studio = open_studio()
    asked = ask("es-ES")

    def work() -> None:
        for _ in range(25):
            studio.create_asset(asked, clip)
            studio.list_assets()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(studio.bills), len({bill.asset_id for bill in studio.bills})) == (200, 200)
