"""
The pages of the asset list: what one page holds, and which request brings the next one.

Pure. How the service pages its list is not documented, so a page's own hints are followed: a link (only within the
service's own origin), a cursor, a page or offset that it counts itself. Without hints every usual parameter is tried at
once, until a page brings no new ids. No order is assumed, and an id counts once.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from panjaya_watchd.api.answers import asset_of, parse
from panjaya_watchd.core.answers import Asset, Fault
from panjaya_watchd.core.names import AssetId

_LISTS: Final = ("items", "assets", "data", "results")
_NESTS: Final = ("", "meta", "metadata", "pagination", "paging", "page_info", "pageInfo", "links", "_links", "data")
"""Where, beside the list itself, envelopes keep their hints."""

_LINKS: Final = ("next", "next_url", "next_page_url", "next_link", "next_page")
_CURSORS: Final = {
    "next_cursor": "cursor",
    "nextCursor": "cursor",
    "end_cursor": "cursor",
    "cursor": "cursor",
    "next_page_token": "page_token",
    "nextPageToken": "pageToken",
    "next_token": "next_token",
    "next": "cursor",
}
"""The hint's name, and the parameter that takes its value."""

LIMIT: Final = 1000
"""Pages."""

_PAST_THE_END: Final = frozenset({400, 404, 416, 422})
"""How services answer a page number that we only guessed."""

_MORE: Final = ("has_more", "has_next", "hasMore", "hasNextPage", "has_next_page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """
    How a page says to go on; all None where it says nothing.

    ``link`` is a URL as written there. ``cursor`` is (parameter, value). ``page`` is the number that the page gives
    itself, ``next_page`` the one it names as the next. ``last`` is True where it says that nothing follows, False where
    it says that something does.
    """

    link: str | None = None
    cursor: tuple[str, str] | None = None
    page: int | None = None
    next_page: int | None = None
    last: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The next request: its whole URL, and whether it is ``guessed``, without a hint of the service's behind it."""

    url: str
    guessed: bool


def walk(
    base: str, get: Callable[[str], bytes | Fault], unclear: Callable[[bytes], Fault]
) -> tuple[Asset, ...] | Fault:
    """
    Read every page of the list; each id once.

    Args:
        base: the URL of the first page.
        get: asks for a URL.
        unclear: judges an answer that holds no list.

    """
    known: dict[AssetId, Asset] = {}
    following = Turn(url=base, guessed=False)
    for asked in range(1, LIMIT + 1):
        answer = get(following.url)
        if isinstance(answer, Fault):
            past_the_end = following.guessed and answer.status in _PAST_THE_END
            return tuple(known.values()) if past_the_end else answer
        page = assets(answer)
        if page is None:
            return unclear(answer)
        found, hint = page
        before = len(known)
        for asset in found:
            known.setdefault(asset.asset_id, asset)
        next_turn = turn(hint, base=base, asked=asked, known=len(known), fresh=len(known) - before)
        if next_turn is None:
            return tuple(known.values())
        following = next_turn
    return Fault(
        money_may_have_moved=False, repeat_helps=True, words=f"The list of assets has more than {LIMIT} pages."
    )


def assets(body: bytes) -> tuple[tuple[Asset, ...], Hint] | None:
    """
    Read one page of the asset list, a bare array or in an envelope.

    Returns:
        Its assets, entries without an id left out, and its hint; None where the answer holds no list.

    """
    answer = parse(body)
    entries = _entries(answer)
    if entries is None:
        return None
    found = (asset_of(entry) for entry in entries)
    return tuple(each for each in found if each is not None), _hint(answer, len(entries))


def turn(hint: Hint, *, base: str, asked: int, known: int, fresh: int) -> Turn | None:
    """
    Decide on the next request; None where the list is at its end.

    Args:
        hint: of the page just read.
        base: the URL that the first page was asked for, without a query.
        asked: how many pages were read, counting this one.
        known: how many ids are known by now.
        fresh: how many of them this page brought.

    """
    if hint.last is True or known == 0:
        return None
    # A service that counts pages from 1 repeats its first page for ``page=1``; one that counts from 0 does not. So a
    # second page without new ids ends the list only where the service itself led us to it.
    named = _named(hint, base)
    if named is not None:
        return Turn(url=named, guessed=hint.last is None) if fresh else None
    if not fresh and asked != 2:
        return None
    tried = {"page": str(asked), "offset": str(known), "skip": str(known)}
    return Turn(url=f"{base}?{urlencode(tried)}", guessed=True)


def _named(hint: Hint, base: str) -> str | None:
    """Give the URL that the hint leads to; None where it leads nowhere, or to another host."""
    if hint.link is not None:
        return _within(base, hint.link)
    if hint.cursor is not None:
        return f"{base}?{urlencode([hint.cursor], errors='replace')}"
    if hint.next_page is not None:
        return f"{base}?page={hint.next_page}"
    return None if hint.page is None else f"{base}?page={hint.page + 1}"


def _entries(answer: Any) -> list[Any] | None:
    """Find the list: the answer itself, under a known name, or one level below (``{"data": {"assets": […]}}``)."""
    if isinstance(answer, list):
        return answer
    if not isinstance(answer, dict):
        return None
    for name in _LISTS:
        if isinstance(answer.get(name), list):
            return list(answer[name])
    for name in _LISTS:
        if isinstance(answer.get(name), dict):
            return _entries(answer[name])
    return None


def _hint(answer: Any, length: int) -> Hint:
    if not isinstance(answer, dict):
        return Hint()
    facts = dict(_facts(answer))
    link = next((facts[name] for name in _LINKS if _is_link(facts.get(name))), None)
    cursor = next(
        ((parameter, facts[name]) for name, parameter in _CURSORS.items() if _is_cursor(facts.get(name))), None
    )
    page, next_page = _count(facts, "page", "page_number", "current_page"), _count(facts, "next_page", "next")
    following = link is not None or cursor is not None or next_page is not None
    return Hint(
        link=link,
        cursor=None if link is not None else cursor,
        page=page,
        next_page=next_page,
        last=_is_last(facts, page, length, following=following),
    )


def _facts(answer: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give all hints of an envelope under their names; the outermost of two of the same name comes last and wins."""
    for nest in reversed(_NESTS):
        inner = answer if nest == "" else answer.get(nest)
        if isinstance(inner, dict):
            for name, value in inner.items():
                yield name, value.get("href") if isinstance(value, dict) and "href" in value else value


def _is_last(facts: Mapping[str, Any], page: int | None, length: int, *, following: bool) -> bool | None:
    for name in _MORE:
        if isinstance(facts.get(name), bool):
            return not facts[name]
    if following:
        return False
    if any(name in facts and facts[name] is None for name in (*_LINKS, *_CURSORS)):
        return True
    pages = _count(facts, "pages", "total_pages", "page_count")
    if page is not None and pages is not None:
        return page >= pages
    total, offset = _count(facts, "total", "total_count"), _count(facts, "offset", "skip")
    if total is not None and (offset is not None or page in {None, 0, 1}):
        return (offset or 0) + length >= total or None  # None: more is to come, but nothing says where
    return None


def _is_link(value: Any) -> bool:
    return isinstance(value, str) and (value.startswith(("/", "?")) or "://" in value)


def _is_cursor(value: Any) -> bool:
    return isinstance(value, str) and value != "" and not _is_link(value)


def _count(facts: Mapping[str, Any], *names: str) -> int | None:
    found = (facts.get(name) for name in names)
    return next((each for each in found if isinstance(each, int) and not isinstance(each, bool) and each >= 0), None)


def _within(base: str, link: str) -> str | None:
    """
    Give the whole URL of a link; None where it leads to another host, which must never see our key.

    The scheme is ours whatever the link says: behind a TLS proxy frameworks write ``http://`` into absolute links.
    """
    try:
        here, there = urlsplit(base), urlsplit(urljoin(base, link))
        same = (here.hostname, _port(here.port)) == (there.hostname, _port(there.port))
    except ValueError:  # not a URL at all
        return None
    if not same or there.scheme not in {"http", "https"}:
        return None
    return urlunsplit((here.scheme, here.netloc, there.path, there.query, ""))


def _port(port: int | None) -> int | None:
    return None if port in {80, 443} else port
