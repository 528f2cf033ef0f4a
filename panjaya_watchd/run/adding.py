"""
Adding: further languages for a video that is done, by sidecars dropped later or by a person's word.

Either becomes a claim of its own, with a drop that has no video: it goes through the same door and gate, and its
results join those of the claim that it adds to. The driver's thread only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from panjaya_watchd.core import twins
from panjaya_watchd.core.claim import Claim, State
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.more import asked_for, merge_more
from panjaya_watchd.core.names import ClaimId, FolderName, Locale
from panjaya_watchd.core.order import Refusal
from panjaya_watchd.ledger.base import Ledger
from panjaya_watchd.run.folders import Watched
from panjaya_watchd.run.messages import Reading

UNCHANGED = "Nothing was changed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Adding:
    """``claim`` takes a drop for an earlier claim, durably."""

    ledger: Ledger
    watched: Mapping[FolderName, Watched]
    claim: Callable[[FolderName, Drop, Reading, Claim], Claim]

    def done(self, folder: FolderName, drop: Drop) -> Claim | None:
        """Give the newest claim of a drop's name that ended in done, with all languages that its asset was ordered."""
        found = [claim for claim in self.ledger.find(drop.stem, folder) if claim.drop.key == drop.key]
        newest = next((claim for claim in found if twins.is_answer(claim)), None)
        return None if newest is None else _whole(newest, found)

    def earlier(self, folder: FolderName, drop: Drop, reading: Reading) -> Claim | None:
        """Give the claim that a drop adds to; None for one that has its own video, here or on the web."""
        if drop.video is not None or (not isinstance(reading.asked, Refusal) and reading.asked.media_url is not None):
            return None
        return self.done(folder, drop)

    def order(self, claim_id: ClaimId, locales: Sequence[Locale]) -> Claim | str:
        """Order further languages for a claim; gives the new claim, or a sentence why there can be none."""
        target = self.ledger.get(claim_id)
        if target is None:
            return f"There is no claim {claim_id}. {UNCHANGED}"
        if target.folder not in self.watched:
            return f"The watch folder {target.folder} is not configured. {UNCHANGED}"
        if target.order is None or (target.state is State.CLOSED and not twins.is_answer(target)):
            return f"Claim {claim_id} has no dubbing to which languages could be added. {UNCHANGED}"
        if target.adds_to is not None and target.state is not State.CLOSED:
            return f"Claim {claim_id} adds languages itself; ask again when it is done. {UNCHANGED}"
        earlier = _whole(target, self.ledger.find(target.drop.stem, target.folder))
        drop, reading = Drop(key=target.drop.key, parts=(), title=target.drop.stem), Reading(asked=asked_for(locales))
        order = merge_more(self.watched[target.folder].defaults, asked_for(locales), drop, {}, earlier)
        if isinstance(order, Refusal):
            return f"{order.why} {UNCHANGED}"
        return self.claim(target.folder, drop, reading, earlier)


def _whole(claim: Claim, found: Sequence[Claim]) -> Claim:
    """Give the claim that made an asset, as if it had ordered all of its languages itself."""
    family = [other for other in found if other.asset_id == claim.asset_id and twins.is_answer(other)]
    first = next((other for other in family if other.adds_to is None), claim)
    languages = {
        language.locale: language for other in (first, *family) if other.order for language in other.order.languages
    }
    assert first.order is not None, "an answer has an order"
    return replace(first, order=replace(first.order, languages=tuple(languages.values())))
