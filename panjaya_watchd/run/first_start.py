"""
The first start on a full folder: what lay there is counted, priced, and held until a person lets it go.

The first look that succeeds makes the folder's baseline, and it is durable before any drop of that look is judged, so
that a crash in the middle takes nothing for new that is old.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from panjaya_watchd.core.baseline import Baseline
from panjaya_watchd.core.claim import Claim, HeldFor, State
from panjaya_watchd.core.names import FolderName
from panjaya_watchd.ledger.base import Ledger
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.story import Log

TELL_AFTER: Final = timedelta(minutes=10)
"""How long the sum waits for drops that do not settle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Where a watch folder lies, and whether what lay there before the first start is held."""

    path: str
    hold: bool


@dataclass(slots=True, kw_only=True)
class FirstStart:
    """The baselines of all watch folders; of one without a root nothing is ever held."""

    ledger: Ledger
    clock: Clock
    log: Log
    roots: Mapping[FolderName, Root]
    _baselines: dict[FolderName, Baseline] = field(default_factory=dict)

    def look(self, folder: FolderName, present: Collection[str]) -> None:
        """Take in which drops a look at the whole folder shows, by their keys."""
        root = self.roots.get(folder)
        if root is None:
            return
        known = self._baselines.get(folder) or self.ledger.baseline(folder)
        if known is None or known.root not in {"", root.path}:
            keys = tuple(sorted(present)) if root.hold else ()
            now = Baseline(folder=folder, root=root.path, first_seen=self.clock.now(), keys=keys, told=not keys)
        else:
            now = replace(known, root=root.path).without_gone(present)
        self._keep(known, now)

    def holds(self, folder: FolderName, key: str) -> bool:
        """Say whether a drop is to be held."""
        root, baseline = self.roots.get(folder), self._baselines.get(folder)
        return root is not None and root.hold and baseline is not None and key in baseline.keys

    def tell(self, folder: FolderName, claims: Iterable[Claim], *, settled: bool) -> None:
        """Tell the operator once, with the sum, when everything that lay there is counted (``settled``), or soon."""
        baseline = self._baselines.get(folder)
        if baseline is None or baseline.told:
            return
        if not settled and self.clock.now() - baseline.first_seen < TELL_AFTER:
            return
        held = held_first(claims)
        if held:
            minutes = [claim.estimated_minutes for claim in held]
            self.log.warning(
                "folder.held",
                folder=folder,
                drops=len(held),
                estimated_minutes=round(sum(each for each in minutes if each is not None), 2),
                of_unknown_length=sum(each is None for each in minutes),
                why="These videos lay in the folder before the service came to it; nothing of them is sent.",
                hint=f"panjaya-watchd release --all --folder {folder}, or release CLAIM for single ones",
            )
        self._keep(baseline, replace(baseline, told=True))

    def _keep(self, before: Baseline | None, after: Baseline) -> None:
        self._baselines[after.folder] = after
        if after != before:
            self.ledger.put_baseline(after)


def held_first(claims: Iterable[Claim]) -> list[Claim]:
    """Give the claims whose parts still lie in the watch folder because they are held for the first start."""
    return [claim for claim in claims if claim.state is State.HELD and claim.held_for is HeldFor.FIRST_START]
