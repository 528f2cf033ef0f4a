"""The witness: a signed callback names the asset of a claim, or tells of it. It never changes one that has its own."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.events import Event, Witnessed
from panjaya_watchd.core.names import ClaimId, FolderName
from panjaya_watchd.run.messages import Called
from panjaya_watchd.run.ownership import Ownership
from panjaya_watchd.run.rounds import Rounds
from panjaya_watchd.run.story import Log


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """``happened`` is told what was witnessed. The driver's thread only."""

    living: Mapping[ClaimId, Claim]
    folders: Collection[FolderName]
    rounds: Rounds
    ownership: Ownership
    log: Log
    happened: Callable[[ClaimId, Event], None]

    def hear(self, called: Called) -> None:
        """
        Hear a callback. One that names an asset of another claim has the wrong address.

        An asset keeps the address of the claim that made it, which may be closed while others add to it.
        """
        claim = self.living.get(called.claim_id)
        if claim is None:
            for other in [each for each in self.living.values() if each.builds_on and each.asset_id == called.asset_id]:
                if other.folder in self.folders:
                    self.rounds.hear(other, called)
            self.rounds.hear_late(called)
            return
        if claim.folder not in self.folders:
            return
        if claim.asset_id == called.asset_id:
            self.rounds.hear(claim, called)
            return
        if called.asset_id in self.ownership.taken(claim):
            self.log.warning("callback.foreign", claim=claim.id, folder=claim.folder, asset=called.asset_id)
            return
        if claim.asset_id is not None:
            hint = "Two assets of one drop may mean two bills: look into the Studio, and ask Panjaya."
            self.log.error(
                "callback.second_asset", claim=claim.id, folder=claim.folder, asset=called.asset_id, hint=hint
            )
            return
        self.rounds.hear(claim, called)
        if claim.builds_on is None and claim.witnessed != called.asset_id:
            self.happened(claim.id, Witnessed(asset_id=called.asset_id))
