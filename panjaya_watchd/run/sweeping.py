"""
Sweeping: the whole list of assets read once in place of asking for many of them, where the list shows what moves.

Whether it does is not documented: the list has basic metadata, with dubbings but without their versions. So it is
learned. Each end that our own polls find must show as a change of the asset's entry in the next list. Three that do
make the list trusted; one that does not ends that for good. The driver's thread only.
"""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final

from panjaya_watchd.api.base import Patient
from panjaya_watchd.core.answers import FAILED, Asset, Fault
from panjaya_watchd.core.names import AssetId
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.hands import Hands
from panjaya_watchd.run.messages import Entry, Swept
from panjaya_watchd.run.story import Log

PROOFS: Final = 3
"""Ends that must have shown in the list before it is trusted."""

PAGE: Final = 50
"""Assets that a page is assumed to hold until the first list is read."""

LEAST: Final = 20
"""With fewer assets that are due the list is not read, however short it is."""

RUNNING: Final = frozenset({"NotReady", "Generating"})
"""Documented statuses from which nothing follows; an entry that has only moved on to one of them is not asked about."""

LEARNING: Final = 600.0
"""Seconds from one list to the next while it only may be worth something, and after one that failed."""


def entry_of(asset: Asset) -> Entry:
    """Reduce an entry of the list to what says how its asset stands; what changes by itself, as a link, has no part."""
    dubbings = frozenset(
        (each.locale, each.dubbing_id, each.status, tuple((one.version_id, one.status) for one in each.versions))
        for each in asset.dubbings
    )
    runs = asset.status != FAILED and bool(dubbings) and all(status in RUNNING for _, _, status, _ in dubbings)
    return Entry(print=hash((asset.status, asset.error_code, dubbings)), runs=runs)


def sweep(hands: Hands, patiently: Callable[[], AbstractContextManager[Patient]]) -> Swept:
    """Read the list, after whatever else wants to be asked; done by a lane."""
    with patiently() as patient:
        listed = hands.api.list_assets()
    if isinstance(listed, Fault):
        return Swept(fault=listed)
    return Swept(entries={asset.asset_id: entry_of(asset) for asset in listed}, requests=patient.requests)


@dataclass(slots=True, kw_only=True)
class Sweeping:
    """``begin`` has the list read; it comes back as `Swept`."""

    clock: Clock
    log: Log
    begin: Callable[[], None]
    under_way: bool = False
    trusted: bool = False
    swept_at: float = float("-inf")
    """When the last list that was read whole was begun, in monotonic seconds."""
    _refuted: bool = False
    _shown: int = 0
    _cost: int | None = None
    """Requests that the last list has taken."""
    _began: float = 0.0
    _not_before: float = float("-inf")
    _entries: dict[AssetId, Entry] = field(default_factory=dict)
    _ended: dict[AssetId, Entry] = field(default_factory=dict)
    """Assets of which polls have found an end since the last list was begun; their entries as they were before it."""
    _judged: dict[AssetId, Entry] = field(default_factory=dict)
    """The same of the time before the list that is being read."""

    def is_wanted(self, *, due: int, replaceable: int, followed: int) -> bool:
        """
        Say whether to read the list now: whether that is cheaper than what it may replace.

        Args:
            due: assets that are to be looked at.
            replaceable: how many of them the list can answer for.
            followed: how many are followed at all.

        """
        if self.under_way or self._refuted or self.clock.monotonic() < self._not_before:
            return False
        instead = replaceable if self.trusted else due
        return instead >= LEAST and instead > (self._cost or -(-followed // PAGE))

    def start(self) -> None:
        """Have the list read."""
        self.under_way = True
        self._began = self.clock.monotonic()
        self._judged, self._ended = self._ended, {}
        self.begin()

    def entry(self, asset_id: AssetId) -> Entry | None:
        """Give an asset's entry in the last list; None where it had none."""
        return self._entries.get(asset_id)

    def can_answer_for(self, asset_id: AssetId, entry: Entry | None) -> bool:
        """Say whether the list says by itself that nothing has moved, as long as this is still the asset's entry."""
        return self.trusted and entry is not None and entry == self._entries.get(asset_id)

    def found(self, asset_id: AssetId, entry: Entry | None) -> None:
        """Note that a poll has found an end; ``entry`` was the asset's when the poll before it was sent."""
        if entry is not None and not self._refuted:
            self._ended[asset_id] = entry

    def take(self, swept: Swept, followed: Collection[AssetId]) -> frozenset[AssetId]:
        """Take a list that was read, or was not. Gives the assets whose changes were found by polls before."""
        self.under_way = False
        judged, self._judged = self._judged, {}
        if swept.entries is None or not self.trusted:
            self._not_before = self._began + LEARNING
        if swept.entries is None:
            self._ended = {**judged, **self._ended}
            return frozenset()
        self._cost, self.swept_at = max(1, swept.requests), self._began
        self._entries = {asset_id: entry for asset_id in followed if (entry := swept.entries.get(asset_id)) is not None}
        for asset_id, entry in judged.items():
            if asset_id in swept.entries:
                self._judge(asset_id, shown=swept.entries[asset_id] != entry)
        return frozenset(judged)

    def _judge(self, asset_id: AssetId, *, shown: bool) -> None:
        self._shown += shown
        if not shown and not self._refuted:
            self.log.info("list.refuted", asset=asset_id, shown=self._shown)
            self._refuted, self.trusted = True, False
            self._entries.clear()
            self._ended.clear()
        elif self._shown >= PROOFS and not self.trusted and not self._refuted:
            self.log.info("list.trusted", shown=self._shown)
            self.trusted = True
