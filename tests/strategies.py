"""
Hypothesis strategies for claims and their parts, and for baselines.

What they draw could have come about: dubbings follow the order, closed claims have an end, file names are any bytes
that Linux allows but ``/`` and NUL, in the form of `os.fsdecode`.
"""

import os
import string
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from panjaya_watchd.core import locales
from panjaya_watchd.core.baseline import Baseline
from panjaya_watchd.core.claim import (
    UNSENT,
    Attempt,
    Claim,
    Destination,
    Dubbing,
    DubbingState,
    Earlier,
    HeldFor,
    OnDoubt,
    Outcome,
    Reservation,
    Result,
    Rules,
    State,
)
from panjaya_watchd.core.drop import AUDIO_SUFFIXES, VIDEO_SUFFIXES, Drop, Fingerprint, Part, Role
from panjaya_watchd.core.extent import Extent
from panjaya_watchd.core.names import AssetId, ClaimId, Digest, DubbingId, FolderName, Locale, VersionId, fold
from panjaya_watchd.core.order import AutoGenerate, Language, LipsModel, Order

_IDS = string.ascii_letters + string.digits

claim_ids = st.text(_IDS, min_size=6, max_size=12).map(ClaimId)
folder_names = st.sampled_from(["marketing", "training", "Führung"]).map(FolderName)
asset_ids = st.text(_IDS + "-", min_size=1, max_size=24).map(AssetId)
dubbing_ids = st.text(_IDS + "-", min_size=1, max_size=24).map(DubbingId)
version_ids = st.text(_IDS + "-", min_size=1, max_size=24).map(VersionId)
digests = st.binary(min_size=32, max_size=32).map(lambda raw: Digest(raw.hex()))
likenesses = st.sampled_from(["aa" * 20, "bb" * 20]) | st.binary(min_size=20, max_size=20).map(bytes.hex)
source_locales = st.sampled_from(sorted(locales.SOURCES)).map(Locale)
target_locales = st.sampled_from(sorted(locales.TARGETS)).map(Locale)
sentences = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
counts = st.integers(0, 1000)
sizes = st.integers(0, 2**63 - 1)
seconds = st.floats(0, 1e6, allow_nan=False)

times = st.datetimes(
    datetime(2024, 1, 1),  # noqa: DTZ001  (bounds of a strategy have no zone)
    datetime(2060, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda time: time.replace(fold=0))
"""Aware times in UTC, to the microsecond; no hour comes twice in UTC."""

spans = st.timedeltas(timedelta(0), timedelta(days=400))

stems = (
    st.binary(min_size=1, max_size=20)
    .filter(lambda raw: not set(raw) & {0, ord("/")} and raw[:1] not in {b".", b" "} and raw[-1:] not in {b".", b" "})
    .map(os.fsdecode)
    | st.text("aÄßﬁe\u0301Kk -_.λςΣ", min_size=1, max_size=12).filter(lambda stem: stem.strip(". ") == stem)
    | st.sampled_from(["interview", "Interview 2", "a.b.c", "Größe", "Gro\u0308ße"])
)
"""Names without suffix, in any bytes and in several normal forms."""

fingerprints = st.builds(Fingerprint, size=sizes, mtime_ns=sizes, ctime_ns=sizes, ino=st.integers(0, 2**64 - 1))


@st.composite
def drops(draw: st.DrawFn) -> Drop:
    """Draw a drop: nearly always a video, with any of its sidecars, now and then in a sub-folder."""
    stem = draw(stems)
    below = draw(st.sampled_from(["", "", "", "week 7/"]))
    names: list[tuple[str, Role, str | None]] = []
    if draw(st.integers(0, 9)):
        suffix = draw(st.sampled_from(sorted(VIDEO_SUFFIXES)))
        names.append((f"{stem}{draw(st.sampled_from([suffix, suffix.upper()]))}", Role.VIDEO, None))
    if not names or draw(st.booleans()):
        names.append((f"{stem}.toml", Role.TOML, None))
    tags = draw(st.lists(target_locales, max_size=2, unique=True))
    names += [(f"{stem}.{tag}.srt", Role.SRT, tag) for tag in tags]
    if draw(st.booleans()):
        names.append((f"{stem}.background{draw(st.sampled_from(sorted(AUDIO_SUFFIXES)))}", Role.BACKGROUND, None))
    parts = tuple(
        Part(name=below + name, role=role, fingerprint=draw(fingerprints), tag=tag) for name, role, tag in sorted(names)
    )
    return Drop(key=below + fold(stem), parts=parts)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Draw an order for one to three target locales."""
    languages = tuple(
        Language(locale=locale, srt=srt, srt_digest=None if srt is None else draw(digests))
        for locale in draw(st.lists(target_locales, min_size=1, max_size=3, unique=True))
        for srt in [draw(st.none() | stems.map(lambda stem: f"{stem}.srt"))]
    )
    start = draw(st.none() | st.floats(0, 100))
    auto_generate = draw(st.sampled_from(AutoGenerate))
    return Order(
        locale=draw(source_locales),
        languages=languages,
        auto_generate=auto_generate,
        lips_model=draw(st.none() | st.sampled_from(LipsModel)) if auto_generate is AutoGenerate.WITH_LIPS else None,
        speakers_count=draw(st.none() | st.integers(1, 20)),
        start_time=start,
        end_time=draw(st.none() | st.floats(101, 1000)),
        background=draw(st.none() | stems.map(lambda stem: f"{stem}.background.wav")),
        background_url=draw(st.none() | st.just("https://media.example/clean.wav")),
        callback_url=draw(st.none() | st.just("https://watchd.example/callback/x")),
        media_url=draw(st.none() | st.just("https://cdn.example/talk.mp4")),
        force=draw(st.booleans()),
    )


rules = st.builds(
    Rules,
    poll_first=spans,
    poll_max=spans,
    doubt_window=spans,
    on_doubt=st.sampled_from(OnDoubt),
    exclusive=st.booleans(),
) | st.just(Rules())

reservations = st.builds(Reservation, at=times, millis=st.none() | st.integers(0, 10**10))

attempts = st.builds(
    Attempt,
    number=st.integers(1, 9),
    mark=st.none() | st.frozensets(asset_ids, max_size=5),
    gate_at=st.none() | times,
    doubt_since=st.none() | times,
    absences=counts,
    after_doubt=st.booleans(),
    missing=st.lists(target_locales, max_size=2, unique=True).map(tuple),
)

results = st.builds(
    Result, name=stems.map(lambda stem: f"{stem}.es-ES.mp4"), size=sizes, digest=digests, fetched_at=times
)

outcomes = st.builds(
    Outcome,
    to=st.sampled_from(Destination),
    why=sentences,
    todo=sentences,
    details=st.lists(st.tuples(sentences, sentences), max_size=3).map(tuple),
)


baselines = st.builds(
    Baseline,
    folder=folder_names,
    root=stems.map(lambda stem: f"/srv/{stem}"),
    first_seen=times,
    keys=st.lists(stems.map(fold), max_size=4, unique=True).map(tuple),
    told=st.booleans(),
    traced=st.booleans(),
    whole=st.booleans(),
    root_id=st.none() | st.text("0123456789abcdef", min_size=1, max_size=16),
    extent=st.none() | st.builds(Extent, recursive=st.booleans(), shelves=st.lists(stems, max_size=2).map(tuple)),
    shelves=st.lists(stems, max_size=3).map(tuple),
    left=st.booleans(),
)


@st.composite
def earliers(draw: st.DrawFn, order: Order, asset_id: AssetId) -> Earlier:
    """Draw an earlier claim that has this asset, in none, some or all of the locales of an order."""
    had = draw(st.lists(st.sampled_from(order.locales), unique=True))
    return Earlier(
        claim_id=draw(claim_ids),
        folder=draw(folder_names),
        asset_id=asset_id,
        filed_as=draw(stems.map(lambda stem: f"done/{stem}")),
        closed_at=draw(times),
        locales=tuple(locale for locale in order.locales if locale in had),
    )


@st.composite
def dubbings(draw: st.DrawFn, locale: Locale | None = None, *, earlier: bool = False) -> Dubbing:
    """Draw a dubbing; a fetched one has its result, and perhaps an ``earlier`` claim has one as well."""
    state = draw(st.sampled_from(DubbingState))
    return Dubbing(
        locale=draw(target_locales) if locale is None else locale,
        state=state,
        dubbing_id=draw(st.none() | dubbing_ids),
        version_id=draw(st.none() | version_ids),
        seen=draw(st.none() | st.sampled_from(["Generating", "ReadyToEdit", "Completed", "Failed", "Brand New"])),
        progress=draw(st.none() | st.floats(0, 1)),
        studio_url=draw(st.none() | st.just("https://studio.example/edit/1")),
        error=draw(sentences) if state is DubbingState.FAILED else None,
        fetches=draw(counts),
        refusals=draw(counts),
        result=draw(results) if state is DubbingState.FETCHED else None,
        earlier=draw(st.none() | results) if earlier else None,
    )


@st.composite
def claims(
    draw: st.DrawFn,
    *,
    ids: st.SearchStrategy[ClaimId] = claim_ids,
    states: st.SearchStrategy[State] = st.sampled_from(State),  # noqa: B008  (strategies are values)
    assets: st.SearchStrategy[AssetId | None] = st.none() | asset_ids,  # noqa: B008  (strategies are values)
) -> Claim:
    """
    Draw a claim in any state; one that has not been sent has no asset, a closed one has an outcome and an end.

    One that builds on an earlier claim shares that one's asset.
    """
    state = draw(states)
    order = draw(orders() if state in _ORDERED else st.none() | orders())
    sent = state in _SENT and order is not None
    asset_id = draw(assets) if sent else None
    builds_on = draw(st.none() | earliers(order, asset_id)) if order is not None and asset_id is not None else None
    had = builds_on.locales if builds_on else ()
    ended = state in {State.FILING, State.CLOSED} or order is None
    attempt = draw(st.none() | attempts)
    held_for = draw(st.sampled_from(HeldFor)) if state is State.HELD else None
    taken_at = draw(times)
    return Claim(
        id=draw(ids),
        folder=draw(folder_names),
        drop=draw(drops()),
        order=order,
        taken_at=taken_at,
        state=state,
        rules=draw(rules),
        duration=draw(st.none() | seconds),
        attempt=attempt,
        size=draw(st.none() | sizes),
        digest=draw(st.none() | digests),
        asset_id=asset_id,
        accepted_at=None if asset_id is None else taken_at + draw(spans),
        asset_raw=None if asset_id is None else draw(st.none() | sentences),
        dubbings=()
        if asset_id is None or order is None
        else tuple(draw(dubbings(tag, earlier=tag in had)) for tag in order.locales),
        outcome=draw(outcomes) if ended else None,
        likeness=draw(st.none() | likenesses),
        background_digest=draw(st.none() | digests) if order is not None and order.background else None,
        builds_on=builds_on,
        inside=draw(st.booleans()),
        overdue=draw(st.booleans()) if state is State.DUBBING else False,
        maybe_billed=draw(st.booleans()),
        awaits=draw(st.none() | claim_ids) if state is State.CLAIMED else None,
        reserved=draw(st.none() | reservations) if order is not None else None,
        witnessed=None if attempt is None else draw(st.none() | asset_ids),
        held_for=held_for,
        paused=None if held_for is None or held_for in UNSENT else draw(st.none() | st.sampled_from(State)),
        may_exceed=draw(st.booleans()),
        strikes=draw(counts),
        crashes=draw(counts),
        held=draw(sentences) if state is State.HELD else None,
        candidates=draw(st.lists(asset_ids, max_size=3, unique=True).map(tuple)) if state is State.HELD else (),
        troubles=draw(counts),
        trouble=draw(st.none() | sentences),
        filed_as=draw(stems.map(lambda stem: f"done/{stem}")) if state is State.CLOSED else None,
        closed_at=taken_at + draw(spans) if state is State.CLOSED else None,
    )


_ORDERED = {State.UPLOADING, State.RELEASING, State.DUBBING}
_SENT = {State.RELEASING, State.DUBBING, State.FILING, State.HELD, State.CLOSED}
