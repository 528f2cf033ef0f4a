"""What happens to the claims of the ledger when the daemon starts: each is resumed, but for those that may not be."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from panjaya_watchd.core.claim import Claim, State
from panjaya_watchd.core.events import Event, Poisoned, Resumed
from panjaya_watchd.core.names import ClaimId, FolderName
from panjaya_watchd.run.story import Log
from panjaya_watchd.run.watched import Watched

CRASHES: Final = 3
"""How often the daemon may die of one claim before that is held."""


def resume(
    claims: Iterable[Claim],
    watched: Mapping[FolderName, Watched],
    advance: Callable[[ClaimId, Event], None],
    log: Log,
) -> None:
    """
    Resume every living claim.

    One whose folder is not configured any more waits as it is, and one that the daemon has died of too often is held.
    """
    for claim in claims:
        if claim.folder not in watched:
            hint = "Configure the folder again under this name; until then the claim waits."
            log.error("claim.orphaned", claim=claim.id, folder=claim.folder, hint=hint)
        elif claim.crashes >= CRASHES and claim.state is not State.HELD:
            why = f"the service has died of it {claim.crashes} times; its log says how"
            advance(claim.id, Poisoned(why=why))
        else:
            advance(claim.id, Resumed(rules=watched[claim.folder].rules))
