"""Links to the Studio: signed where they are asked for, good for a while, and for one version only."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from panjaya_watchd.rehearsal.records import Video
from panjaya_watchd.rehearsal.request import Refused
from panjaya_watchd.rehearsal.studio import Studio

Ask = Callable[..., dict[str, Any]]
Open = Callable[..., Studio]
Wait = Callable[[float], None]


def begin(studio: Studio, ask: Ask, clip: Video) -> tuple[str, str]:
    """Make an asset in two languages; the ids of its versions."""
    asset = studio.create_asset(ask("es-ES", "fr-FR"), clip)
    one, two = (dubbing["versions"][0]["version_id"] for dubbing in asset["dubbings"])
    return one, two


def query(link: str) -> dict[str, str]:
    """Give what a link is signed with."""
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


def test_a_signed_link_opens_one_page_for_a_while(open_studio: Open, ask: Ask, clip: Video, wait: Wait) -> None:
    """It leads to the version's own page; neither another version nor a result takes its signature, nor late ones."""
    studio = open_studio(studio_link_lasts=60)
    one, two = begin(studio, ask, clip)
    wait(30)
    link = studio.studio_url(one)["studio_url"]
    signed = query(link)

    assert link.startswith(f"{studio.get_version(one)['studio_url']}?")
    assert studio.open_page(one, **signed).version_id == one
    for open_with, version_id in ((studio.open_page, two), (studio.open_result, one)):
        with pytest.raises(Refused) as caught:
            open_with(version_id, **signed)
        assert caught.value.status == 403
    wait(60)
    with pytest.raises(Refused, match="expired"):
        studio.open_page(one, **signed)


def test_a_service_may_have_no_such_endpoint(open_studio: Open, ask: Ask, clip: Video) -> None:
    """Its path is inferred, so a switch takes it away; the refusal is that of a router."""
    studio = open_studio(studio_links=False)
    one, _ = begin(studio, ask, clip)

    with pytest.raises(Refused, match=r"^Not Found$") as caught:
        studio.studio_url(one)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    ("switch", "request_body", "given"),
    [
        ("asked", "{}", False),
        ("asked", "", False),
        ("asked", '{"studio_url_request": null}', False),
        ("asked", '{"studio_url_request": {}}', True),
        ("always", "{}", True),
    ],
)
def test_revising_gives_a_link_where_it_is_asked_for(  # noqa: PLR0917  (a table has its columns)
    open_studio: Open,
    ask: Ask,
    clip: Video,
    wait: Wait,
    switch: str,
    request_body: str,
    given: bool,  # noqa: FBT001
) -> None:
    """As documented; by switch always."""
    studio = open_studio(revise_link=switch)
    one, _ = begin(studio, ask, clip)
    wait(100)
    link = studio.revise(one, request_body)["studio_url"]

    assert (link is not None) == given
    assert link is None or studio.open_page(one, **query(link)).version_id == one


@pytest.mark.parametrize("request_body", ["[]", "null", "7", "{"])
def test_what_is_no_object_changes_nothing(
    open_studio: Open, ask: Ask, clip: Video, wait: Wait, request_body: str
) -> None:
    """The body is an object or empty; a refusal leaves the video where it is."""
    studio = open_studio()
    one, _ = begin(studio, ask, clip)
    wait(100)

    for ask_for in (studio.revise, studio.studio_url):
        with pytest.raises(Refused) as caught:
            ask_for(one, request_body)
        assert caught.value.status == 400
    assert studio.get_version(one)["status"] == "Completed"
