"""
The small machine of one target locale.

```
waiting --seen Completed--> fetching --fetched--> fetched
waiting --seen Failed, twice--> failed            (a status is read again before it is believed to be the end)
waiting --nothing more will come of it--> failed
fetching --the version is no longer Completed--> waiting
fetching --an earlier claim's result is gone--> failed
```

It is driven by the claim's machine (`states`): each `Polled`, `Fetched` and `FetchFaulted` becomes one input here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from panjaya_watchd.core import pace
from panjaya_watchd.core.answers import COMPLETED, FAILED, AssetDubbing, Version
from panjaya_watchd.core.claim import Dubbing, DubbingState
from panjaya_watchd.core.effects import Fetch
from panjaya_watchd.core.events import Fetched, FetchFaulted
from panjaya_watchd.core.step import IllegalEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a poll shows of this locale: its entry, or None; ``lost`` says why nothing more will come of it."""

    entry: AssetDubbing | None
    lost: str | None = None


Input = Seen | Fetched | FetchFaulted

EARLIER_REFUSALS: Final = 10
"""How often the result of an earlier claim may be refused, in about half an hour; nobody promises that it is kept."""

BUSY: Final = frozenset({408, 425, 429})
"""Refusals that say nothing about what was asked for."""

NOT_KEPT: Final = (
    "It was dubbed before, but the result is no longer where it was filed, and Panjaya no longer offers it."
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: the states it may lead to, in words what it does, and the function that does it."""

    to: tuple[DubbingState, ...]
    says: str
    does: Callable[[Dubbing, Any, datetime], tuple[Dubbing, Fetch | None]]


def advance(dubbing: Dubbing, given: Input, now: datetime) -> tuple[Dubbing, Fetch | None]:
    """
    Give the dubbing after an input, and the download it asks for.

    Raises:
        IllegalEvent: the pair is not a row.

    """
    row = DUBBING_ROWS.get((dubbing.state, type(given)))
    if row is None:
        raise IllegalEvent(f"{type(given).__name__} is not expected while {dubbing.locale} is {dubbing.state}")
    return row.does(dubbing, given, now)


def _look(dubbing: Dubbing, seen: Seen, now: datetime) -> tuple[Dubbing, Fetch | None]:
    version = _our_version(dubbing, seen.entry)
    noted = _note(dubbing, seen.entry, version)
    if noted.seen == COMPLETED:
        return replace(noted, state=DubbingState.FETCHING), Fetch(locale=dubbing.locale)
    if seen.lost is not None:
        return replace(noted, state=DubbingState.FAILED, error=seen.lost), None
    if noted.seen == FAILED and dubbing.seen == FAILED:
        why = noted.error or "Panjaya could not dub this language and gives no reason; the Studio may show one."
        return replace(noted, state=DubbingState.FAILED, error=why), None
    return noted, None


def _keep(dubbing: Dubbing, seen: Seen, now: datetime) -> tuple[Dubbing, Fetch | None]:
    return _note(dubbing, seen.entry, _our_version(dubbing, seen.entry)), None


def _fetched(dubbing: Dubbing, event: Fetched, now: datetime) -> tuple[Dubbing, Fetch | None]:
    return replace(dubbing, state=DubbingState.FETCHED, result=event.result, error=None), None


def _fetch_again(dubbing: Dubbing, event: FetchFaulted, now: datetime) -> tuple[Dubbing, Fetch | None]:
    status, account = event.fault.status or 0, event.fault.account
    refused = 400 <= status < 500 and status not in BUSY and not account
    tried = replace(dubbing, fetches=dubbing.fetches + 1, refusals=dubbing.refusals + refused, error=event.fault.words)
    useless = not (event.fault.repeat_helps or account)
    if dubbing.earlier is not None and (useless or tried.refusals >= EARLIER_REFUSALS):
        return replace(tried, state=DubbingState.FAILED, error=NOT_KEPT), None
    if (event.seen is not None and event.seen != COMPLETED) or not event.fault.repeat_helps:
        return replace(tried, state=DubbingState.WAITING, seen=event.seen), None
    pause = max(pace.backoff(tried.fetches, tried.locale), event.fault.not_before or timedelta(0))
    return tried, Fetch(locale=dubbing.locale, at=now + pause)


def _our_version(dubbing: Dubbing, entry: AssetDubbing | None) -> Version | None:
    """Give the version we follow: the one learned first; among several that we never saw, none is taken."""
    versions = entry.versions if entry else ()
    if dubbing.version_id is not None:
        return next((version for version in versions if version.version_id == dubbing.version_id), None)
    return versions[0] if len(versions) == 1 else None


def _note(dubbing: Dubbing, entry: AssetDubbing | None, version: Version | None) -> Dubbing:
    noted = replace(dubbing, dubbing_id=(entry.dubbing_id if entry else None) or dubbing.dubbing_id)
    if version is None:
        unclear = "Panjaya lists other versions of this language; which of them is ours is not known."
        return replace(noted, error=unclear) if entry and entry.versions else noted
    return replace(
        noted,
        version_id=version.version_id,
        seen=version.status or noted.seen,
        progress=version.progress,
        studio_url=version.studio_url or noted.studio_url,
        error=version.error or noted.error,
    )


DUBBING_ROWS: Final[Mapping[tuple[DubbingState, type[Input]], Row]] = {
    (DubbingState.WAITING, Seen): Row(
        to=(DubbingState.WAITING, DubbingState.FETCHING, DubbingState.FAILED),
        says="Completed: Fetch. Failed twice, its asset failed, or missing to the end: failed. Else wait on",
        does=_look,
    ),
    (DubbingState.FETCHING, Seen): Row(to=(DubbingState.FETCHING,), says="note it", does=_keep),
    (DubbingState.FETCHED, Seen): Row(to=(DubbingState.FETCHED,), says="note it", does=_keep),
    (DubbingState.FAILED, Seen): Row(to=(DubbingState.FAILED,), says="note it", does=_keep),
    (DubbingState.FETCHING, Fetched): Row(to=(DubbingState.FETCHED,), says="keep the result", does=_fetched),
    (DubbingState.FETCHING, FetchFaulted): Row(
        to=(DubbingState.FETCHING, DubbingState.WAITING, DubbingState.FAILED),
        says="Fetch again after a pause; no longer Completed, or refused: wait on. An earlier claim's, gone: failed",
        does=_fetch_again,
    ),
}
"""Every pair that is not here is a bug."""
