"""Ready-made values for tests: a drop, an order, a claim in any state, an asset."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from panjaya_watchd.core import events
from panjaya_watchd.core.answers import Asset, AssetDubbing, Fault, Version
from panjaya_watchd.core.claim import (
    Attempt,
    Claim,
    Destination,
    Dubbing,
    DubbingState,
    Earlier,
    HeldFor,
    Outcome,
    Reservation,
    Result,
    Rules,
    State,
)
from panjaya_watchd.core.drop import Drop, Fingerprint, Part, Role
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.events import Event
from panjaya_watchd.core.names import AssetId, ClaimId, Digest, DubbingId, FolderName, Locale, VersionId
from panjaya_watchd.core.order import AutoGenerate, Language, Order

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SPANISH, FRENCH = Locale("es-ES"), Locale("fr-FR")
DIGEST = Digest("ab" * 32)
RESERVED = Reservation(at=NOW, millis=120_000)
BROKEN = Fault(money_may_have_moved=True, repeat_helps=True, words="the connection was cut")
BUSY = Fault(money_may_have_moved=False, repeat_helps=True, words="too many requests", status=429)
REFUSED = Fault(money_may_have_moved=False, repeat_helps=False, words="locale is missing", status=400)
BARRED = Fault(money_may_have_moved=False, repeat_helps=True, words="key refused", status=401, account=True)


def fingerprint(size: int = 1000, mtime_ns: int = 1) -> Fingerprint:
    """Give the fingerprint of a file of that size."""
    return Fingerprint(size=size, mtime_ns=mtime_ns, ctime_ns=mtime_ns, ino=7)


def drop(*names: str) -> Drop:
    """Give a drop of these names; a video ``talk.mp4`` when none are named."""
    roles = {".toml": Role.TOML, ".srt": Role.SRT, ".wav": Role.BACKGROUND}
    parts = tuple(
        Part(name=name, role=roles.get(name[name.rfind(".") :], Role.VIDEO), fingerprint=fingerprint())
        for name in sorted(names or ("talk.mp4",))
    )
    return Drop(key="talk", parts=parts)


def order(**changes: Any) -> Order:
    """Give an order into Spanish and French."""
    languages = (Language(locale=SPANISH), Language(locale=FRENCH))
    plain = Order(locale=Locale("en-US"), languages=languages, auto_generate=AutoGenerate.WITH_LIPS)
    return replace(plain, **changes)


def claim(state: State = State.CLAIMED, **changes: Any) -> Claim:
    """Give a claim that is plausible in that state."""
    plain = Claim(
        id=ClaimId("c0ffee"),
        folder=FolderName("marketing"),
        drop=drop(),
        order=order(),
        taken_at=NOW,
        state=state,
        duration=60.0,
    )
    if state is not State.CLAIMED:
        plain = replace(plain, attempt=Attempt(number=1), inside=True)
    if state in {State.RELEASING, State.DUBBING, State.FILING, State.HELD}:
        attempt = Attempt(number=1, mark=frozenset({AssetId("old")}), gate_at=NOW, doubt_since=NOW)
        plain = replace(plain, attempt=attempt, maybe_billed=True)
    if state in {State.DUBBING, State.FILING}:
        waiting = (Dubbing(locale=SPANISH), Dubbing(locale=FRENCH))
        plain = replace(plain, asset_id=AssetId("a1"), accepted_at=NOW, dubbings=waiting)
    if state is State.FILING:
        plain = replace(plain, outcome=Outcome(to=Destination.DONE, why="It is done."))
    if state is State.HELD:
        plain = replace(plain, held="nobody knows", held_for=HeldFor.DOUBT)
    return replace(plain, **changes)


def asset(spanish: str | None = None, french: str | None = None, **changes: Any) -> Asset:
    """Give the API's view of the asset ``a1``, with one version in that status for each locale."""
    dubbings = tuple(
        AssetDubbing(
            locale=locale,
            dubbing_id=DubbingId(f"d-{locale}"),
            versions=(Version(version_id=VersionId(f"v-{locale}"), status=status),),
        )
        for locale, status in ((SPANISH, spanish), (FRENCH, french))
    )
    return replace(Asset(asset_id=AssetId("a1"), dubbings=dubbings, duration=60.0), **changes)


def result(locale: Locale = SPANISH) -> Result:
    """Give a result that was fetched."""
    return Result(name=f"talk.{locale}.mp4", size=10, digest=DIGEST, fetched_at=NOW)


def dubbing(locale: Locale = SPANISH, state: DubbingState = DubbingState.WAITING, **changes: Any) -> Dubbing:
    """Give a dubbing in that state."""
    kept = result(locale) if state is DubbingState.FETCHED else None
    return replace(Dubbing(locale=locale, state=state, result=kept), **changes)


def held(kind: HeldFor, **changes: Any) -> Claim:
    """Give a claim that is held before anything was sent."""
    inside = kind is not HeldFor.FIRST_START
    plain = {"attempt": None, "maybe_billed": False, "inside": inside, "held_for": kind}
    return claim(State.HELD, **{**plain, **changes})


def kinds(asked: tuple[Effect, ...]) -> list[type[Effect]]:
    """Give the kinds of effects."""
    return [type(effect) for effect in asked]


def earlier(*locales: Locale) -> Earlier:
    """Give an earlier claim of the same video, which has these locales of the asset ``a0``."""
    return Earlier(
        claim_id=ClaimId("earlier"),
        folder=FolderName("marketing"),
        asset_id=AssetId("a0"),
        filed_as="done/talk",
        closed_at=NOW,
        locales=locales,
    )


EVENTS: tuple[Event, ...] = (
    events.Resumed(rules=Rules()),
    events.TakenIn(),
    events.Unsettled(why="it grew"),
    events.Stuck(why="the disk is full"),
    events.AtGate(digest=DIGEST, size=1000, mark=frozenset({AssetId("old")})),
    events.Accepted(asset=asset()),
    events.Faulted(fault=BROKEN),
    events.Found(asset=asset()),
    events.Several(asset_ids=(AssetId("a1"), AssetId("a2"))),
    events.Absent(),
    events.Unanswered(fault=BUSY),
    events.Polled(asset=asset()),
    events.Fetched(locale=SPANISH, result=result()),
    events.FetchFaulted(locale=SPANISH, fault=BUSY),
    events.Filed(where="done/talk"),
    events.Told(word=events.Word.RELEASE),
    events.Hashed(digest=DIGEST),
    events.Awaited(of=ClaimId("earlier"), why="talk in marketing is under way"),
    events.Admitted(millis=120_000),
    events.Recognised(earlier=earlier(), dubbings=(), millis=0),
    events.OverBudget(why="it is spent"),
    events.Declined(outcome=Outcome(to=Destination.FAILED, why="No.")),
    events.Reconsidered(),
    events.Witnessed(asset_id=AssetId("a1")),
    events.Poisoned(why="it kills"),
)
"""One of each kind."""

FOLDER_KEYS = ["name", "scanned_seconds_ago", "trouble", "grounds", "waiting", "held_first"]
CLAIM_KEYS = [
    "claim",
    "folder",
    "file",
    "state",
    "says",
    "taken_at",
    "attempts",
    "sent_at",
    "accepted_at",
    "closed_at",
    "asset_id",
    "estimated_minutes",
    "reserved_minutes",
    "settled",
    "builds_on",
    "adds_to",
    "media_url",
    "awaits",
    "maybe_billed",
    "witnessed",
    "trouble",
    "warnings",
    "held",
    "held_for",
    "candidates",
    "outcome",
    "todo",
    "details",
    "filed_as",
    "dubbings",
    "moving",
]
"""What a report says of a claim, in this order; scripts rely on the names."""
