"""
Settling: when a drop has been still for long enough to be taken.

Quiet is necessary, never sufficient: evidence can only ever say "not yet". How long is enough is learned from the file
itself: twice the longest pause that was seen in its copying, within the bounds of its storage (R19). Time is our own
monotonic clock; no file's time stamp is compared with it (R26). A drop found at start-up settles like any other (R15).
"""

from dataclasses import dataclass, replace
from typing import Final

from panjaya_watchd.core.content import ContentCheck
from panjaya_watchd.core.drop import Drop, Fingerprint, Role
from panjaya_watchd.core.names import display
from panjaya_watchd.core.profiles import TRAITS, Profile, Traits

EQUAL_SIGHTINGS: Final = 3
"""Fewer could be two looks at one cached attribute (``acregmax`` on NFS, 1 s on cifs)."""

PATIENCE: Final = 600.0
"""Seconds after which what looked like a running copy is told as what it is, such as a file without permissions."""

ALONE: Final = "waits for the video of the same name"

LONE: Final = 6.0
"""How many quiet periods sidecars must be still without a video, which may be about to come, before they are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """
    A fact that says "not yet": which part, and in words why.

    ``says`` continues a sentence that begins with the part's name. ``lasting`` is what to say where it lasts for longer
    than `PATIENCE`, because then no copy is to blame.
    """

    name: str
    says: str
    lasting: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    What a drop must have and how long it must be still, from the watch folder's settings; times in seconds.

    ``quiet`` is the base of the quiet period, None: that of the storage. ``grace`` is how long a drop that looks
    unfinished may still grow before it is given up, ``stall`` how long one may wait before people are told. ``traits``
    are those of the storage under a drop.
    """

    quiet: float | None = None
    sidecar: str = "optional"
    content_check: ContentCheck = ContentCheck.ENFORCE
    grace: float = 900.0
    stall: float = 86_400.0
    traits: Traits = TRAITS[Profile.LOCAL]

    @property
    def base(self) -> float:
        """Give the shortest quiet period."""
        return self.traits.quiet if self.quiet is None else self.quiet

    def period(self, longest_gap: float) -> float:
        """Give the quiet period of a drop whose copying was seen to pause for ``longest_gap``."""
        return min(max(2 * longest_gap, self.base), max(self.traits.longest, self.base))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """
    One drop as last seen; times in monotonic seconds.

    First seen at ``first``, last changed at ``changed``, with pauses of up to ``longest_gap`` seconds between changes
    of one part. Nothing spoke against it since ``since``, in ``sightings`` looks.
    """

    drop: Drop
    first: float
    changed: float
    since: float
    sightings: int = 1
    longest_gap: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Not yet. ``why`` is for the dropper; ``until`` is when to look again (monotonic), None if only a change helps."""

    why: str
    until: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Still for long enough; the caller asks for evidence before it claims."""


def settle(
    before: Settling | None, drop: Drop, now: float, rule: Rule, *, alone: str | None = ALONE
) -> tuple[Settling, Wait | Ready]:
    """
    Judge one more sighting of a drop.

    Any change of any member, and of the set of members, starts the quiet period again.

    Args:
        before: what the last sighting left; None for the first.
        drop: what is seen now.
        now: monotonic seconds.
        rule: the watch folder's, with the traits of the storage under the drop.
        alone: why sidecars without a video wait; None where they do not, for they are read to see what they are for.

    """
    if before is None or before.drop != drop:
        after = _changed(before, drop, now)
        why = "has just arrived, or is still being copied"
        return after, Wait(why=why, until=now + rule.period(after.longest_gap))
    after = replace(before, sightings=before.sightings + 1)
    for part in drop.parts:
        if part.fingerprint.size == 0:
            return after, Wait(why=f"{display(part.name)} is empty so far", until=None)
    if drop.video is None and alone is not None:
        return after, Wait(why=alone, until=None)
    if drop.video is not None and rule.sidecar != "optional" and not drop.of(Role.TOML):
        return after, Wait(why=f"waits for {display(drop.stem)}.toml", until=None)
    quiet_at = after.since + rule.period(after.longest_gap) * (1.0 if drop.video else LONE)
    if now < quiet_at:
        return after, Wait(why="is still being copied, or has only just become quiet", until=quiet_at)
    if after.sightings < EQUAL_SIGHTINGS:
        return after, Wait(why="is looked at once more", until=now)
    return after, Ready()


def _changed(before: Settling | None, drop: Drop, now: float) -> Settling:
    """Begin the quiet period anew, and remember the pause before a part went on."""
    if before is None:
        return Settling(drop=drop, first=now, changed=now, since=now)
    known = {part.name: part.fingerprint for part in before.drop.parts}
    went_on = any(_goes_on(known.get(part.name), part.fingerprint) for part in drop.parts)
    gap = max(before.longest_gap, now - before.changed) if went_on else before.longest_gap
    return Settling(drop=drop, first=before.first, changed=now, since=now, longest_gap=gap)


def _goes_on(before: Fingerprint | None, now: Fingerprint) -> bool:
    """Say whether the same copy went on; another file of that name, or one cut shorter, is a copy of its own."""
    return before is not None and before != now and before.ino == now.ino and before.size <= now.size


def unsettle(settling: Settling, now: float) -> Settling:
    """Start the quiet period again, because evidence said "not yet"."""
    return replace(settling, since=now, sightings=1)


def restart(settling: Settling, now: float) -> Settling:
    """Start the quiet period again, because for some time nobody has looked: the machine slept, or we did."""
    return replace(settling, since=now, changed=now, sightings=1)
