"""Claiming: what was read of a whole drop becomes a claim, with its order or with the reason why there is none."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from panjaya_watchd.core import locales, words
from panjaya_watchd.core.answers import READY_TO_EDIT
from panjaya_watchd.core.claim import Claim, Dubbing, DubbingState, HeldFor, State
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.merge import merge, remarks
from panjaya_watchd.core.more import merge_more
from panjaya_watchd.core.names import ClaimId, Digest, FolderName
from panjaya_watchd.core.order import Asked, Order, Refusal
from panjaya_watchd.run.messages import Reading
from panjaya_watchd.run.watched import Watched

_OLD = "it lay in the folder before the service came to it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """
    What a new claim is made with besides the drop.

    ``callback_url`` is one of its own, or None. ``held``: it lay there before the first start, so it stays where it is.
    ``earlier`` is the claim of that name which is done, where the drop has no video of its own.
    """

    claim_id: ClaimId
    now: datetime
    callback_url: str | None
    held: bool
    earlier: Claim | None = None


def new_claim(folder: FolderName, watched: Watched, drop: Drop, reading: Reading, terms: Terms) -> Claim:
    """Make the claim of a drop; nothing is durable yet."""
    asked = reading.asked
    order = asked if isinstance(asked, Refusal) else _ordered(watched, drop, asked, reading, terms.earlier)
    claim = Claim(
        id=terms.claim_id,
        folder=folder,
        drop=drop,
        order=_addressed(order, terms.callback_url) if isinstance(order, Order) else None,
        taken_at=terms.now,
        state=State.HELD if terms.held else State.CLAIMED,
        held_for=HeldFor.FIRST_START if terms.held else None,
        held=_OLD if terms.held else None,
        rules=watched.rules,
        duration=reading.duration,
        likeness=reading.likeness,
        warnings=(*reading.warnings, *_about_language(order, reading.languages), *_remarks(order)),
        outcome=words.refused(order) if isinstance(order, Refusal) else None,
    )
    if isinstance(order, Refusal) or drop.video is not None:
        return claim
    return _of_address(claim, order.media_url or "") if terms.earlier is None else _adding(claim, terms.earlier)


def revised_claim(earlier: Claim, dubbing: Dubbing, drop: Drop, terms: Terms) -> Claim:
    """Make the claim that fetches what a person makes of a version that is edited again; it buys nothing."""
    assert earlier.order is not None, "an answer has an order"
    languages = tuple(each for each in earlier.order.languages if each.locale == dubbing.locale)
    again = replace(dubbing, state=DubbingState.WAITING, result=None, earlier=None, fetches=0, refusals=0, error=None)
    claim = Claim(
        id=terms.claim_id,
        folder=earlier.folder,
        drop=drop,
        order=replace(earlier.order, languages=languages),
        taken_at=terms.now,
        rules=earlier.rules,
        dubbings=(replace(again, seen=READY_TO_EDIT, progress=None, revised=True),),
    )
    return _adding(claim, earlier)


def _ordered(watched: Watched, drop: Drop, asked: Asked, reading: Reading, earlier: Claim | None) -> Order | Refusal:
    if earlier is not None:
        return merge_more(watched.defaults, asked, drop, reading.srt_digests, earlier)
    return merge(watched.defaults, asked, drop, reading.srt_digests, reading.duration)


def _of_address(claim: Claim, media_url: str) -> Claim:
    """Take the address of a video on the web for its identity, because its bytes are never seen here."""
    digest = hashlib.sha256(f"media_url {media_url}".encode()).hexdigest()
    return replace(claim, likeness=f"address {digest}", digest=Digest(digest), size=0)


def _adding(claim: Claim, earlier: Claim) -> Claim:
    """Let a claim be of the same video as an earlier one: it adds to that one's asset. That one may be under way."""
    video = earlier.drop.video
    return replace(
        claim,
        adds_to=earlier.id,
        likeness=earlier.likeness,
        digest=earlier.digest,
        background_digest=earlier.background_digest,
        size=video.fingerprint.size if earlier.size is None and video is not None else earlier.size,
        duration=earlier.duration,
    )


def _remarks(order: Order | Refusal) -> tuple[str, ...]:
    return () if isinstance(order, Refusal) else remarks(order)


def _about_language(order: Order | Refusal, spoken: tuple[str, ...]) -> tuple[str, ...]:
    """Warn where the video's own word on its language contradicts the order; that word is often wrong."""
    if isinstance(order, Refusal) or locales.speaks(order.locale, spoken):
        return ()
    return (f"The video says that it speaks {' and '.join(spoken)}; it was sent as {order.locale}.",)


def _addressed(order: Order, callback_url: str | None) -> Order:
    """Have the API call the claim's own URL, unless the sidecar may name another and does."""
    return order if order.callback_url else replace(order, callback_url=callback_url)
