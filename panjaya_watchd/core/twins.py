"""
Twins: the same video dropped again, under whatever name.

The SHA-256 and the order are the identity of what is bought. Only a claim that ended in ``done`` answers a twin;
one that failed is no answer, so a drop that is moved back from ``failed/`` starts afresh. A twin that is under way is
awaited, never overtaken. Which of two that have just come goes first does not matter and is not asked: no clock is.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from panjaya_watchd.core.claim import Claim, Destination, Dubbing, DubbingState, Earlier, State
from panjaya_watchd.core.names import Digest, Locale
from panjaya_watchd.core.order import Order

SETTINGS: Final = (
    *("locale", "auto_generate", "lips_model", "speakers_count", "start_time", "end_time", "background_url"),
)
"""The fields of an order that, besides its languages, make another dubbing of the same bytes."""


@dataclass(frozen=True, slots=True)
class Alone:
    """Nothing like it is known: it is bought as a whole."""


@dataclass(frozen=True, slots=True)
class Undigested:
    """A likely twin is known; only a digest of all bytes can tell."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A twin, or what is likely one, is under way."""

    twin: Claim


@dataclass(frozen=True, slots=True)
class Spoilt:
    """The twin that was awaited came to nothing and may have been billed; what waited for it is not sent by itself."""

    twin: Claim


@dataclass(frozen=True, slots=True)
class Had:
    """An earlier claim has all of it, or all but some locales: ``earlier`` says which, ``dubbings`` are theirs."""

    earlier: Earlier
    dubbings: tuple[Dubbing, ...]


@dataclass(frozen=True, slots=True)
class Differs:
    """The same bytes were dubbed before with other settings, named here."""

    twin: Claim
    settings: tuple[str, ...]


Verdict = Alone | Undigested | Beside | Spoilt | Had | Differs


def judge(claim: Claim, alike: Iterable[Claim]) -> Verdict:
    """
    Judge a claim that is about to be sent.

    Args:
        claim: has an order, and perhaps the digest of its video.
        alike: all claims with the same likeness, newest first; that it is among them does not matter.

    """
    assert claim.order is not None, "only an order is sent"
    if claim.order.force:
        return Alone()
    others = [other for other in alike if other.id != claim.id and other.order is not None]
    done = [other for other in others if is_answer(other)]
    under_way = [other for other in others if other.admitted]
    spoilt = [other for other in others if other.id == claim.awaits and _is_spoilt(other)]
    if claim.digest is None and any(other.digest is not None for other in (*done, *under_way, *spoilt)):
        return Undigested()
    beside = next((other for other in under_way if other.digest in {None, claim.digest}), None)
    if beside is not None:
        return Beside(beside)
    same = [other for other in done if other.digest is not None and other.digest == claim.digest]
    if same:
        return _compare(claim, claim.order, same)
    awaited = next((other for other in spoilt if other.digest in {None, claim.digest}), None)
    return Spoilt(awaited) if awaited else Alone()


def _is_spoilt(claim: Claim) -> bool:
    failed = claim.state is State.CLOSED and claim.outcome is not None and claim.outcome.to is Destination.FAILED
    return failed and (claim.asset_id is not None or claim.maybe_billed)


def is_answer(claim: Claim) -> bool:
    """Say whether a claim ended well and has what the same video asks for."""
    outcome = claim.outcome
    closed = claim.state is State.CLOSED and claim.asset_id is not None and claim.filed_as is not None
    return closed and outcome is not None and outcome.to is Destination.DONE


def _compare(claim: Claim, order: Order, same: Sequence[Claim]) -> Verdict:
    differing = {other.id: _differences(claim, other) for other in same}
    fitting = [other for other in same if not differing[other.id]]
    if not fitting:
        return Differs(same[0], differing[same[0].id])
    base = fitting[0]
    beside = [other for other in same if other.asset_id == base.asset_id]
    unfit = next((other for other in beside if differing[other.id]), None)
    if unfit is not None:  # the asset has a locale that is asked for, and has it otherwise
        return Differs(unfit, differing[unfit.id])
    had = _had(order.locales, beside)
    return Had(earlier_of(base, had), tuple(had.values()))


def earlier_of(base: Claim, locales: Iterable[Locale]) -> Earlier:
    """Give a claim that is done as what another builds on, with the locales that are had of it."""
    assert base.asset_id is not None, "an answer has an asset"
    return Earlier(
        claim_id=base.id,
        folder=base.folder,
        asset_id=base.asset_id,
        filed_as=base.filed_as or "",
        closed_at=base.closed_at or base.taken_at,
        locales=tuple(locales),
    )


def _had(wanted: Collection[Locale], others: Sequence[Claim]) -> Mapping[Locale, Dubbing]:
    """Give the wanted locales that one asset has already, each as a dubbing whose result is there to be had."""
    had: dict[Locale, Dubbing] = {}
    for dubbing in (dubbing for other in others for dubbing in other.dubbings):
        if dubbing.locale in wanted and dubbing.locale not in had:
            had[dubbing.locale] = _again(dubbing)
    return {locale: had[locale] for locale in wanted if locale in had}


def _again(dubbing: Dubbing) -> Dubbing:
    """Take a dubbing over: one with a result is fetched again, one that a person edits in the Studio stays as it is."""
    state = DubbingState.WAITING if dubbing.result is None else DubbingState.FETCHING
    return replace(dubbing, state=state, earlier=dubbing.result, result=None, fetches=0, error=None)


def _differences(claim: Claim, other: Claim) -> tuple[str, ...]:
    """Name the settings in which two orders for the same bytes differ, so that the one is no answer to the other."""
    one, two = claim.order, other.order
    assert one is not None, "only an order is sent"
    assert two is not None, "only a drop with an order is an answer"
    names = [name for name in SETTINGS if getattr(one, name) != getattr(two, name)]
    if _background(claim) != _background(other):
        names.append("background")
    theirs = _subtitles(two)
    if any(digest != theirs[locale] for locale, digest in _subtitles(one).items() if locale in theirs):
        names.append("srt")
    return tuple(names)


def _background(claim: Claim) -> tuple[bool, Digest | None]:
    return claim.order is not None and claim.order.background is not None, claim.background_digest


def _subtitles(order: Order) -> dict[Locale, Digest | None]:
    return {language.locale: language.srt_digest for language in order.languages}
