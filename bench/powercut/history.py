"""
What was promised, and when: counted in what had come to the devices by then, and kept where no power cut reaches it.

A promise that was given at a position holds for every cut there or later. What was only begun may be done or not.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.ledger.sql import SqlLedger


@dataclass(frozen=True, slots=True)
class Put:
    """A claim that was put into a ledger, and the positions between which that happened."""

    begun: int
    returned: int
    claim: Claim


@dataclass(slots=True)
class History:
    """What has happened on a machine; ``position`` counts what has come to its devices by now."""

    position: Callable[[], int]
    puts: dict[ClaimId, list[Put]] = field(default_factory=lambda: defaultdict(list))
    done: dict[str, int] = field(default_factory=dict)

    def note(self, what: str) -> None:
        """Note that something is done for good."""
        self.done[what] = self.position()

    def holds(self, what: str, cut: int) -> bool:
        """Say whether something was done for good before a cut."""
        return what in self.done and self.done[what] <= cut

    def check_puts(self, cut: int, found: Callable[[ClaimId], Claim | None]) -> int:
        """Demand each claim as it was when the last `put` returned, or later; give how many there have to be."""
        kept = 0
        for claim_id, puts in self.puts.items():
            returned = [number for number, put in enumerate(puts) if put.returned <= cut]
            last = returned[-1] if returned else 0
            allowed = [put.claim for put in puts[last:] if put.begun <= cut]
            there = found(claim_id)
            assert there in allowed or (there is None and not returned), (
                f"Claim {claim_id} was put {len(returned)} times, and the ledger holds {there}."
            )
            kept += bool(returned)
        return kept


class NotedLedger(SqlLedger):
    """A ledger whose puts are noted."""

    def __init__(self, url: str, history: History) -> None:
        super().__init__(url)
        self._history = history

    def put(self, claim: Claim) -> None:
        """Put a claim."""
        begun = self._history.position()
        super().put(claim)
        self._history.puts[claim.id].append(Put(begun, self._history.position(), claim))
