"""
Admission: may a claim be sent? The one place where all claims and all budgets are looked at together.

Only the driver's thread asks, one claim at a time, and what it decides is durable before it asks for the next: that is
what makes budgets exact and keeps two copies of one video from being sent side by side. Nothing is kept here; what is
spent is what the ledger says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from panjaya_watchd.core import budget, events, twins, words
from panjaya_watchd.core.budget import Budget, Purse, Spent
from panjaya_watchd.core.claim import Claim, HeldFor
from panjaya_watchd.core.events import Admitted, Awaited, Declined, OverBudget, Recognised
from panjaya_watchd.core.names import FolderName
from panjaya_watchd.ledger.base import Ledger
from panjaya_watchd.run.clock import Clock

Decision = Admitted | Recognised | Awaited | OverBudget | Declined


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """``budgets`` are those of the watch folders that have one, ``together`` is for all of them."""

    ledger: Ledger
    clock: Clock
    budgets: Mapping[FolderName, Budget] = field(default_factory=dict)
    together: Budget | None = None

    def decide(self, claim: Claim) -> Decision | None:
        """Decide on a claim that was taken in; None: the digest of its video is needed first."""
        alike = self.ledger.alike(claim.likeness) if claim.likeness is not None else ()
        match twins.judge(claim, alike):
            case twins.Undigested():
                return None
            case twins.Beside(twin=twin):
                return events.Awaited(of=twin.id)
            case twins.Differs(twin=twin, settings=settings):
                return events.Declined(outcome=words.other_settings(twin, settings))
            case twins.Had(earlier=earlier, dubbings=dubbings):
                known = replace(claim, builds_on=earlier)
                why = self._over(known) if known.to_buy else None
                millis = known.estimated_millis if known.to_buy else 0
                recognised = events.Recognised(earlier=earlier, dubbings=dubbings, millis=millis)
                return events.OverBudget(why=why) if why else recognised
            case twins.Alone():
                why = self._over(claim)
                return events.OverBudget(why=why) if why else events.Admitted(millis=claim.estimated_millis)

    def purses(self) -> dict[FolderName | None, Purse]:
        """Give every budget with what was taken out of it so far; None stands for that of all folders together."""
        if not self.budgets and self.together is None:
            return {}
        calendar = self.clock.calendar()
        today, month = self.ledger.spent(calendar.day_began), self.ledger.spent(calendar.month_began)
        purses: dict[FolderName | None, Purse] = {
            name: Purse(
                name=f"the folder {name}",
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

    def _over(self, claim: Claim) -> str | None:
        if HeldFor.BUDGET in claim.released:
            return None
        purses = self.purses()
        mine = [purses[name] for name in (claim.folder, None) if name in purses]
        return budget.over(claim.estimated_millis, mine)
