"""
Admission: may a claim be sent? The one place where all claims and all budgets are looked at together.

Only the driver's thread asks, one claim at a time, and what it decides is durable before it asks for the next: that is
what makes budgets exact and keeps two copies of one video from being sent side by side. Nothing is kept here; what is
spent is what the ledger says.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import assert_never

from panjaya_watchd.core import budget, events, more, twins, words
from panjaya_watchd.core.budget import Budget, Purse, Spent
from panjaya_watchd.core.claim import Claim, State
from panjaya_watchd.core.events import Admitted, Awaited, Declined, Hashed, OverBudget, Recognised
from panjaya_watchd.core.names import FolderName, display
from panjaya_watchd.ledger.base import Ledger
from panjaya_watchd.run.clock import Clock

Decision = Admitted | Recognised | Awaited | OverBudget | Declined | Hashed


@dataclass(slots=True, kw_only=True)
class Admission:
    """``folders`` are the watch folders, ``budgets`` those of them that have one, ``together`` is for all of them."""

    ledger: Ledger
    clock: Clock
    folders: Collection[FolderName] = ()
    budgets: dict[FolderName, Budget] = field(default_factory=dict)
    together: Budget | None = None

    def decide(self, claim: Claim) -> Decision | None:
        """Decide on a claim that was taken in; None: the digest of its video is needed first."""
        target = None if claim.adds_to is None else self.ledger.get(claim.adds_to)
        decided = None if target is None else self._decide_by(target, claim)
        if decided is not None:
            return decided
        alike = [twin for twin in self._alike(claim) if target is None or _is_beside(twin, target)]
        match twins.judge(claim, alike):
            case twins.Undigested():
                return None if claim.adds_to is None else events.Declined(outcome=more.no_more(target))
            case twins.Beside(twin=twin):
                return events.Awaited(of=twin.id, why=self._why(twin))
            case twins.Spoilt(twin=twin):
                return events.Declined(outcome=words.same_failed(twin))
            case twins.Differs(twin=twin, settings=settings):
                return events.Declined(outcome=words.other_settings(twin, settings))
            case twins.Had(earlier=earlier, dubbings=dubbings):
                if target is not None and twins.is_answer(target):  # beside that one, whoever else has the same video
                    earlier = twins.earlier_of(target, earlier.locales)
                known = replace(claim, builds_on=earlier)
                why = self._over(known) if known.to_buy else None
                millis = known.estimated_millis if known.to_buy else 0
                recognised = events.Recognised(earlier=earlier, dubbings=dubbings, millis=millis)
                return events.OverBudget(why=why) if why else recognised
            case twins.Alone() if claim.adds_to is not None:
                return events.Declined(outcome=more.no_more(target))
            case twins.Alone():
                why = self._over(claim)
                return events.OverBudget(why=why) if why else events.Admitted(millis=claim.estimated_millis)
            case verdict:
                assert_never(verdict)

    def _decide_by(self, target: Claim, claim: Claim) -> Decision | None:
        """
        Decide by how the claim stands that this one adds to; None where that leaves it open.

        What is known of the video when that one has ended counts as hashed, because there is none to read here.
        """
        if target.state is not State.CLOSED:
            return events.Awaited(of=target.id, why=self._why(target))
        if any(dubbing.revised for dubbing in claim.dubbings):  # it buys nothing
            had = [dubbing.locale for dubbing in claim.dubbings]
            return events.Recognised(earlier=twins.earlier_of(target, had), dubbings=claim.dubbings, millis=0)
        if claim.digest is None and target.digest is not None:
            return events.Hashed(digest=target.digest, background=target.background_digest)
        return None

    def _alike(self, claim: Claim) -> tuple[Claim, ...]:
        video = claim.drop.video
        size = claim.size if video is None else video.fingerprint.size
        if size is None or (claim.likeness is None and claim.adds_to is None):
            return ()
        return self.ledger.alike(claim.likeness or "", size)

    def purses(self) -> dict[FolderName | None, Purse]:
        """Give every budget with what was taken out of it so far; None stands for that of all folders together."""
        if not self.budgets and self.together is None:
            return {}
        calendar = self.clock.calendar()
        today, month = self.ledger.spent(calendar.day_began), self.ledger.spent(calendar.month_began)
        purses: dict[FolderName | None, Purse] = {
            name: Purse(
                name=f"folder {name}",
                budget=limits,
                today=today.get(name, Spent()),
                this_month=month.get(name, Spent()),
            )
            for name, limits in self.budgets.items()
        }
        if self.together is not None:
            purses[None] = Purse(
                name="all folders",
                budget=self.together,
                today=sum(today.values(), Spent()),
                this_month=sum(month.values(), Spent()),
            )
        return purses

    def over_today(self, claim: Claim) -> str | None:
        """Say why a claim at its gate has no room today, if it was reserved for a day that is over by now."""
        reserved, calendar = claim.reserved, self.clock.calendar()
        if reserved is None or reserved.at >= calendar.day_began:
            return None
        own = Spent(millis=reserved.millis or 0, drops=1) if reserved.at >= calendar.month_began else Spent()
        return self._over(claim, own)

    def _over(self, claim: Claim, own: Spent | None = None) -> str | None:
        """Say why a claim does not fit; ``own`` is what this month has of it already."""
        if claim.may_exceed:
            return None
        purses = self.purses()
        mine = [purses[name] for name in (claim.folder, None) if name in purses]
        if own is not None:
            mine = [replace(purse, this_month=purse.this_month - own) for purse in mine]
        return budget.over(claim.estimated_millis, mine)

    def _why(self, twin: Claim) -> str:
        """Say what a claim waits for that waits for its twin."""
        name = display(twin.drop.stem)
        if twin.folder not in self.folders:
            return f"{name} in {twin.folder}, a folder that is not watched any more"
        how = "waits for a person" if twin.state is State.HELD else "is under way"
        return f"{name} in {twin.folder} {how}"


def _is_beside(twin: Claim, target: Claim) -> bool:
    """Say whether a claim of the same video concerns the asset that is to get more languages, or may come to."""
    return twin.asset_id == target.asset_id or twin.state is not State.CLOSED
