"""
Adding: further languages for a video that is done, by sidecars dropped later or by a person's word.

Either becomes a claim of its own, with a drop that has no video: it goes through the same door and gate, and its
results join those of the claim that it adds to. The driver's thread only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from panjaya_watchd.core import effects, twins
from panjaya_watchd.core.claim import Claim, Destination, Dubbing, State
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.events import Event, Unsettled
from panjaya_watchd.core.more import asked_for, merge_more
from panjaya_watchd.core.names import ClaimId, FolderName, Locale, display
from panjaya_watchd.core.order import Refusal
from panjaya_watchd.ledger.base import Ledger
from panjaya_watchd.run.agenda import Agenda
from panjaya_watchd.run.claiming import Terms, revised_claim
from panjaya_watchd.run.messages import Answer, Reading, Revised, Verified
from panjaya_watchd.run.watched import Watched

UNCHANGED = "Nothing was changed."


class Revising(Protocol):
    """What is asked of the lanes; each comes back as one message."""

    def verify(self, claim: Claim, dubbing: Dubbing, answer: Answer) -> None:
        """Read our copy of a result as a whole."""

    def revise(self, claim: Claim, answer: Answer) -> None:
        """Have the version revised that a claim is to follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adding:
    """
    ``claim`` takes a drop for an earlier claim; ``promise`` makes a claim durable and begins nothing.

    ``terms`` gives what a new claim is made with; ``advance`` tells a claim what happened.
    """

    ledger: Ledger
    watched: Mapping[FolderName, Watched]
    lanes: Revising
    claim: Callable[[FolderName, Drop, Reading, Claim], Claim]
    promise: Callable[[Claim], None]
    advance: Callable[[ClaimId, Event], None]
    agenda: Agenda
    living: Mapping[ClaimId, Claim]
    terms: Callable[[FolderName, Drop, Claim], Terms]

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
        drop, reading = _bare(target), Reading(asked=asked_for(locales))
        order = merge_more(self.watched[target.folder].defaults, asked_for(locales), drop, {}, earlier)
        if isinstance(order, Refusal):
            return f"{order.why} {UNCHANGED}"
        return self.claim(target.folder, drop, reading, earlier)

    def revise(self, claim_id: ClaimId, locale: Locale, answer: Answer) -> None:
        """Have the version of a result made editable again, once our copy is verified; ``answer`` is called later."""
        target = self.ledger.get(claim_id)
        if target is None or not twins.is_answer(target) or target.folder not in self.watched:
            answer(f"Claim {claim_id} has no result in done that could be revised. {UNCHANGED}", None)
            return
        dubbing = next((dubbing for dubbing in target.dubbings if dubbing.locale == locale), None)
        if dubbing is None or dubbing.result is None or dubbing.version_id is None:
            answer(f"Claim {claim_id} has no result in {display(locale)}. {UNCHANGED}", None)
        elif (other := self._follower(dubbing)) is not None:
            answer(f"Claim {other} waits for another rendering of it already. {UNCHANGED}", None)
        else:
            self._verify_newest(target, dubbing, answer)

    def _verify_newest(self, target: Claim, dubbing: Dubbing, answer: Answer) -> None:
        """
        Have our copy read of the newest rendering of a version, whichever claim has fetched that.

        Where one was to be fetched and was not, the service may have what is not here, and must not throw it away.
        """
        alike = self.ledger.alike(target.likeness or "", target.size or 0)
        revised = [(claim, each) for claim in alike for each in claim.dubbings if each.revised]
        last, newest = max(
            ((claim, each) for claim, each in revised if each.version_id == dubbing.version_id and _is_over(claim)),
            key=lambda found: found[0].closed_at or found[0].taken_at,
            default=(target, dubbing),
        )
        if newest.result is None:
            why = f"Claim {last.id} was to fetch another rendering of it and has not, so Panjaya may have one that"
            answer(f"{why} is not here. Revise it in the Panjaya Studio, if at all. {UNCHANGED}", None)
        elif last.folder not in self.watched:
            why = (
                f"Its newest rendering is that of claim {last.id}, whose watch folder {last.folder} is not configured."
            )
            answer(f"{why} {UNCHANGED}", None)
        else:
            self.lanes.verify(last, newest, answer)

    def verified(self, found: Verified, *, stopping: bool = False) -> None:
        """Promise to fetch what comes of it, and only then have it revised: no rendering may be made unseen."""
        other = self._follower(found.dubbing)
        why = found.why or (f"Claim {other} waits for another rendering already." if other is not None else None)
        why = "The service is stopping." if stopping else why
        if why is not None:
            found.answer(f"{why} {UNCHANGED}", None)
            return
        drop = _bare(found.claim)
        claim = revised_claim(found.claim, found.dubbing, drop, self.terms(found.claim.folder, drop, found.claim))
        self.promise(claim)
        self.lanes.revise(claim, found.answer)

    def revised(self, done: Revised) -> None:
        """Begin to wait for another rendering, or take the promise back where it is certain that none can come."""
        if done.why is None or done.unsure:
            self.agenda.keep(self.living[done.claim_id], effects.TakeIn())
            follows = f"{done.why} Claim {done.claim_id} looks, and fetches what there is."
            done.answer(follows if done.unsure else None, done.claim_id)
        else:
            self.advance(done.claim_id, Unsettled(why=done.why))
            done.answer(done.why, None)

    def _follower(self, dubbing: Dubbing) -> ClaimId | None:
        """Give the open claim that waits for another rendering of the same version."""
        same = (
            claim.id
            for claim in self.living.values()
            if any(each.revised and each.version_id == dubbing.version_id for each in claim.dubbings)
        )
        return next(same, None)


def _is_over(claim: Claim) -> bool:
    """Say whether a claim has ended otherwise than by being taken back."""
    back = claim.outcome is not None and claim.outcome.to is Destination.BACK
    return claim.state is State.CLOSED and not back


def _bare(claim: Claim) -> Drop:
    """Give a drop without any part, under the name of an earlier one."""
    return Drop(key=claim.drop.key, parts=(), title=claim.drop.stem)


def _whole(claim: Claim, found: Sequence[Claim]) -> Claim:
    """Give the claim that made an asset, as if it had ordered all of its languages itself, also those on their way."""
    family = [other for other in found if other.asset_id == claim.asset_id and twins.is_answer(other)]
    first = next((other for other in family if other.adds_to is None), claim)
    known = {claim.id, first.id, *(other.id for other in family)}
    coming = [other for other in found if other.adds_to in known and other.state is not State.CLOSED]
    languages = {
        language.locale: language
        for other in (first, *family, *coming)
        if other.order
        for language in other.order.languages
    }
    assert first.order is not None, "an answer has an order"
    return replace(first, order=replace(first.order, languages=tuple(languages.values())))
