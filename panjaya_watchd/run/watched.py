"""One watch folder as the driver knows it."""

from dataclasses import dataclass

from panjaya_watchd.core.budget import Budget
from panjaya_watchd.core.claim import Rules
from panjaya_watchd.core.order import Defaults
from panjaya_watchd.run.first_start import Root
from panjaya_watchd.run.intake import Intake


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """
    What is ordered there by default, what its claims go by, and what lies there on its way to a claim.

    A ``retired`` one was taken out of the configuration: nothing new is taken there, but its claims go on to their end.
    """

    defaults: Defaults
    rules: Rules
    intake: Intake
    budget: Budget | None = None
    root: Root | None = None
    retired: bool = False
