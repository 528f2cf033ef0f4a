"""
Settling: when a drop has been still for long enough to be taken.

Quiet is necessary, never sufficient: evidence can only ever say "not yet". Time is our own monotonic clock; no file's
time stamp is compared with it (R26). A drop found at start-up settles like any other (R15).
"""

from dataclasses import dataclass
from typing import Final

from panjaya_watchd.core.drop import Drop, Role
from panjaya_watchd.core.names import display

EQUAL_SIGHTINGS: Final = 3
"""Fewer could be two looks at one cached attribute (``acregmax`` on NFS, 1 s on cifs)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A fact that says "not yet": which part, and in words why."""

    name: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How long a drop must be still, in seconds, and what it must have; from the watch folder's settings."""

    quiet: float
    sidecar: str = "optional"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """One drop as last seen: unchanged since ``since`` (monotonic seconds), in ``sightings`` looks."""

    drop: Drop
    since: float
    sightings: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Not yet. ``why`` is for the dropper; ``until`` is when to look again (monotonic), None if only a change helps."""

    why: str
    until: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Still for long enough; the caller asks for evidence before it claims."""


def settle(before: Settling | None, drop: Drop, now: float, rule: Rule) -> tuple[Settling, Wait | Ready]:
    """
    Judge one more sighting of a drop.

    Any change of any member, and of the set of members, starts the quiet period again.
    """
    if before is None or before.drop != drop:
        why = "has just arrived, or is still being copied"
        return Settling(drop=drop, since=now), Wait(why=why, until=now + rule.quiet)
    after = Settling(drop=drop, since=before.since, sightings=before.sightings + 1)
    for part in drop.parts:
        if part.fingerprint.size == 0:
            return after, Wait(why=f"{display(part.name)} is empty so far", until=None)
    if drop.video is None:
        return after, Wait(why="waits for the video of the same name", until=None)
    if rule.sidecar != "optional" and not drop.of(Role.TOML):
        return after, Wait(why=f"waits for {display(drop.stem)}.toml", until=None)
    if now - after.since < rule.quiet:
        return after, Wait(why="is still being copied, or has only just become quiet", until=after.since + rule.quiet)
    if after.sightings < EQUAL_SIGHTINGS:
        return after, Wait(why="is looked at once more", until=now)
    return after, Ready()


def unsettle(settling: Settling, now: float) -> Settling:
    """Start the quiet period again, because evidence said "not yet"."""
    return Settling(drop=settling.drop, since=now)
