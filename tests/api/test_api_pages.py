"""Every way a service may page its list leads to every id, once."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panjaya_watchd.api import pages
from panjaya_watchd.core.names import AssetId

BASE = "https://api.example/v1/assets/"

Studio = Callable[[str, list[dict[str, str]], int], Any]
"""(URL, all entries, page size) -> the JSON of that page."""


def asked(url: str, name: str, default: int) -> int:
    """Read a number from a query."""
    return int(parse_qs(urlsplit(url).query).get(name, [str(default)])[0])


def whole(url: str, entries: list[dict[str, str]], size: int) -> Any:
    """Answer everything at once, and whatever the query asks."""
    return entries


def bare_pages(url: str, entries: list[dict[str, str]], size: int) -> Any:
    """Count pages from 1 and say nothing about it."""
    page = asked(url, "page", 1)
    return entries[(page - 1) * size : page * size]


def bare_pages_from_0(url: str, entries: list[dict[str, str]], size: int) -> Any:
    """Count pages from 0 and say nothing about it."""
    page = asked(url, "page", 0)
    return entries[page * size : (page + 1) * size]


def bare_skips(url: str, entries: list[dict[str, str]], size: int) -> Any:
    """Take ``skip``, as in the FastAPI tutorial."""
    start = asked(url, "skip", 0)
    return entries[start : start + size]


def counted(url: str, entries: list[dict[str, str]], size: int) -> Any:
    """Count pages and say how many there are, as fastapi-pagination does."""
    page = asked(url, "page", 1)
    total = -(-len(entries) // size)
    return {"items": bare_pages(url, entries, size), "page": page, "size": size, "pages": total, "total": len(entries)}


def offsets(url: str, entries: list[dict[str, str]], size: int) -> Any:
    """Take an offset and give the total."""
    start = asked(url, "offset", 0)
    return {"data": entries[start : start + size], "offset": start, "limit": size, "total": len(entries)}


def cursors(url: str, entries: list[dict[str, str]], size: int) -> Any:
    """Hand out a cursor, null at the end."""
    start = asked(url, "cursor", 0)
    following = str(start + size) if start + size < len(entries) else None
    return {"results": entries[start : start + size], "next_cursor": following}


def nested_tokens(url: str, entries: list[dict[str, str]], size: int) -> Any:
    """Hide the cursor beside ``has_more`` in an object of its own."""
    start = asked(url, "page_token", 0)
    more = start + size < len(entries)
    meta = {"has_more": more, "next_page_token": str(start + size)}
    return {"assets": entries[start : start + size], "meta": meta}


def links(url: str, entries: list[dict[str, str]], size: int) -> Any:
    """Give the next link, relative."""
    start = asked(url, "from", 0)
    following = f"/v1/assets/?from={start + size}" if start + size < len(entries) else None
    return {"assets": entries[start : start + size], "next": following}


def http_links(url: str, entries: list[dict[str, str]], size: int) -> Any:
    """Give the next link with the wrong scheme, as behind a TLS proxy, inside ``links``."""
    start = asked(url, "from", 0)
    following = {"href": f"http://api.example/v1/assets/?from={start + size}"}
    last = start + size >= len(entries)
    return {
        "items": entries[start : start + size],
        "_links": {"self": {"href": url}, "next": None if last else following},
    }


@pytest.mark.parametrize("name", ["next_cursor", "next_page_token", "next"])
def test_a_cursor_that_holds_half_a_character_is_sent_as_a_question_mark(name: str) -> None:
    r"""JSON can spell ``"\ud800"``, which no URL can; the list is asked on, and nothing raises."""
    page = pages.assets(b'{"items": [{"id": "a"}], "%s": "x\\ud800y"}' % name.encode())
    assert page is not None
    turn = pages.turn(page[1], base=BASE, asked=1, known=1, fresh=1)

    assert turn is not None
    assert turn.url.startswith(BASE)
    assert list(parse_qs(urlsplit(turn.url).query).values()) == [["x?y"]]


STUDIOS: list[Studio] = [
    whole,
    bare_pages,
    bare_pages_from_0,
    bare_skips,
    counted,
    offsets,
    cursors,
    nested_tokens,
    links,
    http_links,
]


def walk(studio: Studio, count: int, size: int) -> tuple[list[AssetId], int]:
    """Read a whole list as the client does; give the ids and the number of requests."""
    entries = [{"asset_id": f"a{number}"} for number in range(count)]
    known: dict[AssetId, None] = {}
    url: str | None = BASE
    requests = 0
    while url is not None:
        assert url.startswith(BASE)
        requests += 1
        assert requests < 200, "it never ends"
        page = pages.assets(json.dumps(studio(url, entries, size)).encode())
        assert page is not None
        before = len(known)
        known |= dict.fromkeys(asset.asset_id for asset in page[0])
        turn = pages.turn(page[1], base=BASE, asked=requests, known=len(known), fresh=len(known) - before)
        url = None if turn is None else turn.url
    return list(known), requests


@pytest.mark.parametrize("studio", STUDIOS, ids=lambda studio: studio.__name__)
@settings(max_examples=40)
@given(count=st.integers(0, 30), size=st.integers(1, 12))
def test_every_scheme_gives_every_id_once(studio: Studio, count: int, size: int) -> None:
    """No scheme, no page size and no length of the list hides an asset from a look-up."""
    ids, requests = walk(studio, count, size)

    assert [f"a{number}" for number in range(count)] == ids
    assert requests <= -(-count // size) + 3


@pytest.mark.parametrize("studio", [counted, offsets, cursors, nested_tokens, links])
def test_a_list_that_says_where_it_ends_is_not_asked_further(studio: Studio) -> None:
    """The gate waits for this list, so no request is wasted on it."""
    assert walk(studio, 24, 12)[1] == 2
    assert walk(studio, 12, 12)[1] == 1


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1/assets/?page=2",
        "//evil.example/v1/assets/",
        "https://api.example.evil.example/",
        "https://api.example:8443/v1/assets/",
        "http://[broken/",
        "ftp://api.example/v1/assets/",
    ],
)
def test_a_link_to_another_host_is_not_followed(link: str) -> None:
    """Our key would go there. What is left is guessing on our own host."""
    page = pages.assets(json.dumps({"items": [{"id": "a"}], "next": link}).encode())
    assert page is not None
    turn = pages.turn(page[1], base=BASE, asked=1, known=1, fresh=1)

    assert turn is not None
    assert turn.guessed
    assert turn.url.startswith(f"{BASE}?page=")


def test_a_service_that_turns_in_circles_is_left() -> None:
    """A page that brings no new ids ends the list, whatever it says of a next one."""
    page = pages.assets(b'{"items": [{"id": "a"}], "next_cursor": "again"}')
    assert page is not None

    assert pages.turn(page[1], base=BASE, asked=2, known=1, fresh=0) is None


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b'"x"', b'{"items": 3}', b'{"detail": "no"}'])
def test_what_holds_no_list_is_none(body: bytes) -> None:
    """An answer that is not understood must not pass for an empty list: an empty list is a look-up's evidence."""
    assert pages.assets(body) is None
