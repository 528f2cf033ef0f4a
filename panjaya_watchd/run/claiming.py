"""Claiming: what was read of a whole drop becomes a claim, with its order or with the reason why there is none."""

from dataclasses import dataclass, replace
from datetime import datetime

from panjaya_watchd.core import locales, words
from panjaya_watchd.core.claim import Claim, HeldFor, State
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.merge import merge
from panjaya_watchd.core.names import ClaimId, FolderName
from panjaya_watchd.core.order import Order, Refusal
from panjaya_watchd.run.folders import Watched
from panjaya_watchd.run.messages import Reading

_OLD = "it lay in the folder before the service came to it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """
    What a new claim is made with besides the drop.

    ``callback_url`` is one of its own, or None. ``held``: it lay there before the first start, so it stays where it is.
    """

    claim_id: ClaimId
    now: datetime
    callback_url: str | None
    held: bool


def new_claim(folder: FolderName, watched: Watched, drop: Drop, reading: Reading, terms: Terms) -> Claim:
    """Make the claim of a drop; nothing is durable yet."""
    asked = reading.asked
    order = asked if isinstance(asked, Refusal) else merge(watched.defaults, asked, drop, reading.srt_digests)
    return Claim(
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
        warnings=(*reading.warnings, *_about_language(order, reading.languages)),
        outcome=words.refused(order) if isinstance(order, Refusal) else None,
    )


def _about_language(order: Order | Refusal, spoken: tuple[str, ...]) -> tuple[str, ...]:
    """Warn where the video's own word on its language contradicts the order; that word is often wrong."""
    if isinstance(order, Refusal) or locales.speaks(order.locale, spoken):
        return ()
    return (f"The video says that it speaks {' and '.join(spoken)}; it was sent as {order.locale}.",)


def _addressed(order: Order, callback_url: str | None) -> Order:
    """Have the API call the claim's own URL, unless the sidecar may name another and does."""
    return order if order.callback_url else replace(order, callback_url=callback_url)
