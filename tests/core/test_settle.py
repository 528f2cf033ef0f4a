"""Settling as a table of sightings."""

from dataclasses import replace

import pytest
from samples import drop, fingerprint

from panjaya_watchd.core.drop import Drop, Part, Role
from panjaya_watchd.core.settle import Ready, Rule, Settling, Wait, restart, settle, unsettle

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


def test_the_quiet_period_is_twice_the_longest_pause_of_the_copy() -> None:
    """A client that stalls for half a minute may do so again; ten seconds of silence then prove nothing (R19)."""
    sightings = [(0, sized(1)), (5, sized(2)), (40, sized(3)), (45, sized(4))]
    still = [(at, sized(4)) for at in (60, 80, 114.9)]

    assert isinstance(watch(*sightings, *still)[1], Wait)
    assert watch(*sightings, *still, (115, sized(4)))[1] == Ready()


@pytest.mark.parametrize("change", [{"ino": 8}, {"size": 1}], ids=["another file", "cut shorter"])
def test_a_copy_that_begins_anew_is_another_copy(change: dict[str, int]) -> None:
    """Somebody has copied the file once more, an hour later: that was no pause."""
    again = replace(drop().parts[0], fingerprint=replace(fingerprint(), **change))
    settling, _ = watch((0, drop()), (3600, Drop(key="talk", parts=(again,))))

    assert settling.longest_gap == 0


def test_the_quiet_period_has_an_end() -> None:
    """A file that somebody appends to once a week is not waited for two weeks; a longer one that was set is."""
    week = 7 * 86_400.0
    rule = Rule()

    assert rule.period(week) == rule.traits.longest
    assert replace(rule, quiet=3600.0).period(week) == 3600.0
    assert rule.period(0.0) == rule.traits.quiet


def test_a_sidecar_that_comes_later_is_no_pause_of_a_copy() -> None:
    """The video waited an hour for its TOML; that says nothing about how slowly it was copied."""
    rule = Rule(quiet=10.0, sidecar="required")
    settling, verdict = watch(
        (0, drop()),
        (10, drop()),
        (3600, drop("talk.mp4", "talk.toml")),
        (3605, drop("talk.mp4", "talk.toml")),
        rule=rule,
    )

    assert settling.longest_gap == 0
    assert isinstance(verdict, Wait)
    assert verdict.until == 3610


def test_sidecars_whose_video_was_sent_do_not_wait_for_it() -> None:
    """They are read, to see what they are for; until they are still for six quiet periods they wait."""
    first, _ = settle(None, drop("talk.toml"), 0, RULE)
    second, verdict = settle(first, drop("talk.toml"), 5, RULE, alone=None)
    assert isinstance(verdict, Wait)
    assert verdict.until == 60

    third, _ = settle(second, drop("talk.toml"), 59, RULE, alone=None)
    assert settle(third, drop("talk.toml"), 60, RULE, alone=None)[1] == Ready()
    last = settle(third, drop("talk.toml"), 60, RULE, alone="belongs to it")[1]
    assert last == Wait(why="belongs to it", until=None)


def test_after_a_time_without_looking_everything_begins_anew() -> None:
    """What was still while nobody looked proves nothing; how slowly it is copied is remembered."""
    settling, _ = watch((0, sized(1)), (20, sized(2)), (30, sized(2)))
    again = restart(settling, 1000)

    assert (again.since, again.changed, again.sightings) == (1000, 1000, 1)
    assert (again.first, again.longest_gap) == (0, 20)
