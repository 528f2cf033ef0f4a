"""Settling as a table of sightings."""

import pytest
from samples import drop, fingerprint

from panjaya_watchd.core.drop import Drop, Part, Role
from panjaya_watchd.core.settle import Ready, Rule, Settling, Wait, settle, unsettle

RULE = Rule(quiet=10.0)


def watch(*sightings: tuple[float, Drop], rule: Rule = RULE) -> tuple[Settling, Wait | Ready]:
    """Judge a series of (time, drop)."""
    settling: Settling | None = None
    verdict: Wait | Ready = Ready()
    for at, seen in sightings:
        settling, verdict = settle(settling, seen, at, rule)
    assert settling is not None
    return settling, verdict


def sized(size: int, mtime_ns: int = 1) -> Drop:
    """Give a drop of one video of that size."""
    video = Part(name="talk.mp4", role=Role.VIDEO, fingerprint=fingerprint(size, mtime_ns))
    return Drop(key="talk", parts=(video,))


def test_a_drop_is_ready_after_three_equal_sightings_over_the_quiet_period() -> None:
    """Quiet for ten seconds, seen three times."""
    assert watch((0, drop()), (5, drop()), (10, drop()))[1] == Ready()


@pytest.mark.parametrize(
    "sightings",
    [
        [(0, drop())],
        [(0, drop()), (10, drop())],
        [(0, drop()), (3, drop()), (6, drop()), (9, drop())],
        [(0, sized(1)), (5, sized(1)), (10, sized(2))],
        [(0, sized(2)), (5, sized(2, mtime_ns=5)), (10, sized(2, mtime_ns=5))],
        [(0, drop()), (5, drop()), (10, drop("talk.mp4", "talk.toml"))],
        [(0, drop("talk.mp4", "talk.toml")), (5, drop()), (10, drop())],
        [(0, drop()), (5, sized(0)), (10, sized(0)), (40, sized(0))],
    ],
    ids=["once", "twice", "too early", "grew", "touched", "member came", "member left", "empty"],
)
def test_a_drop_that_moved_or_was_seen_too_little_waits(sightings: list[tuple[float, Drop]]) -> None:
    """Any change of any member, and of the set of members, starts the quiet period again."""
    verdict = watch(*sightings)[1]

    assert isinstance(verdict, Wait)
    assert verdict.why


def test_sidecars_wait_for_their_video() -> None:
    """What has no video is not a drop yet, however long it lies there."""
    verdict = watch(*[(at, drop("talk.toml")) for at in (0, 10, 1000)])[1]

    assert verdict == Wait(why="waits for the video of the same name", until=None)


@pytest.mark.parametrize("sidecar", ["required", "trigger"])
def test_a_folder_that_wants_a_sidecar_waits_for_it(sidecar: str) -> None:
    """With ``required`` and ``trigger`` nothing is taken without the TOML."""
    rule = Rule(quiet=10.0, sidecar=sidecar)
    alone = watch(*[(at, drop()) for at in (0, 10, 20)], rule=rule)[1]
    both = watch(*[(at, drop("talk.mp4", "talk.toml")) for at in (0, 10, 20)], rule=rule)[1]

    assert alone == Wait(why="waits for talk.toml", until=None)
    assert both == Ready()


def test_evidence_starts_the_quiet_period_again() -> None:
    """A drop that was ready and had evidence against it must be quiet once more."""
    settling, _ = watch((0, drop()), (5, drop()), (10, drop()))
    again = settle(unsettle(settling, 10), drop(), 15, RULE)[1]

    assert isinstance(again, Wait)
    assert again.until == 20
