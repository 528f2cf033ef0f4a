"""
Companions: sidecars that lie in a watch folder without their video, and what they wait for.

They may have come before it, may name one on the web (``media_url``), may be too late for one that was sent without
them, or may be for one that is done, whose other languages they order. Touched by the driver's thread only.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from panjaya_watchd.core import late, words
from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.drop import Drop, Role
from panjaya_watchd.core.names import ClaimId, FolderName, display
from panjaya_watchd.core.order import Refusal
from panjaya_watchd.core.settle import ALONE, Evidence
from panjaya_watchd.run.messages import BATCH, Reading

LATER: Final = "is about to be examined"

HALFWAY: Final = "belongs to a video that could not be taken, and waits with it for the person who looks after this"

_Key = tuple[FolderName, str]


@dataclass(slots=True, kw_only=True)
class Companions:
    """``done`` gives the newest claim of a drop's name that ended well, from the ledger."""

    done: Callable[[FolderName, Drop], Claim | None]
    _open: dict[FolderName, frozenset[str]] = field(default_factory=dict)
    """The keys of videos that are taken and not answered yet."""
    _vain: dict[_Key, tuple[Drop, str]] = field(default_factory=dict)
    """What was read and names no video, with what to say of it."""
    _known: dict[_Key, ClaimId | None] = field(default_factory=dict)
    """The claims that are done, as far as they were asked for: there may be thousands of sidecars."""

    def reasons(
        self, folder: FolderName, claims: Iterable[Claim], present: Mapping[str, Drop], *, toml: bool = False
    ) -> dict[str, str | None]:
        """
        Give why sidecars without a video wait, by their key; None for those that do not.

        ``toml``: nothing is taken in this folder without its TOML.
        """
        claims = tuple(claims)
        inside = [claim for claim in claims if claim.inside]
        taken = {claim.drop.key: claim for claim in inside if claim.adds_to is None}
        adding = {claim.drop.key: claim for claim in inside if claim.adds_to is not None and claim.drop.parts}
        halfway = {claim.drop.key for claim in claims if not claim.inside and claim.drop.parts}
        self._open[folder] = frozenset(taken)
        self._forget(folder, {**adding, **taken}, present)
        asked = 0
        reasons: dict[str, str | None] = {}
        for key, drop in present.items():
            if drop.video is not None:
                continue
            where = (folder, key)
            with_others = late.waits_with(adding[key], drop) if key in adding and key not in taken else None
            if key in taken:
                reasons[key] = late.waits_with(taken[key], drop)
            elif with_others is not None or key in halfway:
                reasons[key] = with_others or HALFWAY
            elif drop.of(Role.TOML):
                read, why = self._vain.get(where, (None, ""))
                reasons[key] = why if read == drop else None
            elif where in self._known or asked < BATCH:
                asked += where not in self._known
                of_done = self._of_done(folder, drop) is not None
                reasons[key] = ALONE if not of_done else f"waits for {display(drop.stem)}.toml" if toml else None
            else:
                reasons[key] = LATER
        return reasons

    def judge(self, folder: FolderName, drop: Drop, reading: Reading) -> Reading | Evidence:
        """Say what comes of sidecars that were read without a video: what to claim, or why they go on waiting."""
        asked, where = reading.asked, (folder, drop.key)
        if not isinstance(asked, Refusal) and asked.media_url is not None:
            return reading
        if drop.key in self._open.get(folder, ()):
            return replace(reading, asked=words.too_late(drop))
        if self._of_done(folder, drop) is not None:
            return reading
        why = f"{ALONE}; {asked.why}" if isinstance(asked, Refusal) else ALONE
        self._vain[where] = (drop, why)
        return Evidence(name=drop.parts[0].name, says=why)

    def _of_done(self, folder: FolderName, drop: Drop) -> ClaimId | None:
        where = (folder, drop.key)
        if where not in self._known:
            done = self.done(folder, drop)
            self._known[where] = None if done is None else done.id
        return self._known[where]

    def _forget(self, folder: FolderName, taken: Mapping[str, Claim], present: Mapping[str, Drop]) -> None:
        """Forget what is not there any more, and what a claim that is open may change."""
        for known in (self._vain, self._known):
            for where in [where for where in known if where[0] == folder]:
                drop = present.get(where[1])
                if drop is None or drop.video is not None or where[1] in taken:
                    del known[where]
