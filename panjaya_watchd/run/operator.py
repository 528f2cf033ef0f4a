"""The operator: what a person says to held claims, whether it can be followed, and in words why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from panjaya_watchd.core import effects
from panjaya_watchd.core.claim import UNSENT, Claim, State
from panjaya_watchd.core.events import Event, Told, Word
from panjaya_watchd.core.names import ClaimId, FolderName
from panjaya_watchd.run.agenda import Agenda
from panjaya_watchd.run.first_start import FirstStart
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.messages import BATCH, Release
from panjaya_watchd.run.ownership import Ownership
from panjaya_watchd.run.watched import Watched

UNCHANGED = "Nothing was changed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """``advance`` tells a claim what was said, which is durable when it returns. The driver's thread only."""

    living: Mapping[ClaimId, Claim]
    watched: Mapping[FolderName, Watched]
    agenda: Agenda
    ownership: Ownership
    first_start: FirstStart
    inbox: Inbox
    advance: Callable[[ClaimId, Event], None]

    def tell(self, claim_id: ClaimId, told: Told) -> str | None:
        """Pass on an operator's word; gives a sentence when it cannot be followed."""
        claim = self.living.get(claim_id)
        edited = claim is not None and told.word is Word.GIVE_UP and claim.awaits_people
        if claim is None or not (claim.state is State.HELD or edited):
            return f"Claim {claim_id} is not held. {UNCHANGED}"
        refused = self._refusal(claim, told)
        if refused is None:
            if told.word is Word.RELEASE:
                self.first_start.let_go(claim.folder, [claim.drop])
            self.advance(claim_id, replace(told, rules=self.watched[claim.folder].rules))
        return refused

    def release_all(self, folder: FolderName | None = None) -> int:
        """
        Let everything go on that waits for permission only, oldest first; what is in doubt stays held.

        Returns:
            How many claims that is. They go a few at a time, as there may be thousands.

        """
        if folder is not None and folder in self.watched:
            self.first_start.adopt(folder)
        waiting = tuple(
            claim.id
            for claim in self.living.values()
            if claim.state is State.HELD
            and claim.held_for in UNSENT
            and claim.folder in self.watched
            and folder in {None, claim.folder}
        )
        self.inbox.put(Release(claim_ids=waiting))
        return len(waiting)

    def release(self, asked: Release) -> None:
        """Let the first few go, and then the others."""
        now = asked.claim_ids[:BATCH]
        for folder in self.watched:
            claims = (self.living.get(each) for each in now)
            self.first_start.let_go(folder, [claim.drop for claim in claims if claim and claim.folder == folder])
        for claim_id in now:
            self.tell(claim_id, Told(word=Word.RELEASE))
        if asked.claim_ids[BATCH:]:
            self.inbox.put(Release(claim_ids=asked.claim_ids[BATCH:]))

    def _refusal(self, claim: Claim, told: Told) -> str | None:
        """Say why a word to a held claim cannot be followed; None where it can."""
        if claim.folder not in self.watched:
            return f"The watch folder {claim.folder} is not configured. {UNCHANGED}"
        if self.agenda.is_under_way(claim.id, effects.Fetch):
            return f"A result of claim {claim.id} is being downloaded; ask again when it is here. {UNCHANGED}"
        if told.word is not Word.ADOPT or told.asset_id is None:
            return None
        if (claim.held_for in UNSENT or not claim.inside) and not claim.maybe_billed:
            return f"Claim {claim.id} was never sent, so it has no asset; use release or retry. {UNCHANGED}"
        if claim.asset_id is not None:
            return f"Claim {claim.id} has asset {claim.asset_id} already; use retry. {UNCHANGED}"
        if told.asset_id in self.ownership.taken(claim):
            return f"Asset {told.asset_id} belongs to another claim. {UNCHANGED}"
        earlier = claim.builds_on
        if earlier is not None and told.asset_id != earlier.asset_id:
            return f"Claim {claim.id} adds languages to asset {earlier.asset_id} and can have no other. {UNCHANGED}"
        return None
