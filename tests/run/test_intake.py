"""Intake: from what a scan shows to the drops that are still enough to be examined."""

from collections.abc import Collection
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run.stage import PACE, QUIET
from samples import fingerprint

from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.profiles import LOCAL_GROUND, Ground, Profile
from panjaya_watchd.core.settle import Evidence, Rule
from panjaya_watchd.places.base import Scan
from panjaya_watchd.run.intake import BLIND_SHARE, HINT_SHARE, RECHECK, SCAN_SHARE, UNSURE, Intake

TIMES = st.floats(min_value=0, max_value=1e6, allow_nan=False)
SPANS = st.floats(min_value=0.1, max_value=1e4, allow_nan=False)


NO_END = Evidence(name="a.mp4", says="has no end yet")


def see(intake: Intake, seen: Scan, now: float, seconds: float, claimed: Collection[str]) -> list[Drop]:
    """Take a scan in and settle what it shows."""
    intake.take(seen)
    return intake.sight(now, seconds, claimed)


def scan(*names: str, size: int = 1000, refused: tuple[tuple[str, str], ...] = ()) -> Scan:
    """Give a scan that saw files of these names."""
    return Scan(files=tuple((name, fingerprint(size)) for name in names), refused=refused)


def intake() -> Intake:
    """Give the intake of a folder that was not looked at yet."""
    return Intake(rule=Rule(quiet=QUIET), own_pace=PACE)


def sight(watched: Intake, seen: Scan, *times: float, seconds: float = 0.0) -> list[list[str]]:
    """Look at these times, seeing the same; give what was ready each time."""
    return [[drop.stem for drop in see(watched, seen, now, seconds, ())] for now in times]


def settled(watched: Intake) -> Drop:
    """Let ``a.mp4`` settle."""
    *_, last = [see(watched, scan("a.mp4"), now, 0.0, ()) for now in (0.0, 3.0, 6.0)]
    (drop,) = last
    return drop


def test_a_drop_is_ready_after_its_quiet_period_and_three_equal_sightings() -> None:
    """Quiet alone is not enough, and neither is being seen often."""
    assert sight(intake(), scan("a.mp4"), 0.0, 3.0, 5.9, 6.0) == [[], [], [], ["a"]]
    assert sight(intake(), scan("a.mp4"), 0.0, 60.0, 60.0) == [[], [], ["a"]]


def test_a_drop_that_changes_begins_anew() -> None:
    """One byte more, and the quiet period starts again, twice as long as the pause before it."""
    watched = intake()
    sight(watched, scan("a.mp4"), 0.0, 3.0)

    assert sight(watched, scan("a.mp4", size=1001), 6.0, 9.0, 17.9, 18.0) == [[], [], [], ["a"]]


def test_a_drop_is_examined_once_at_a_time() -> None:
    """As long as an examination is under way, further sightings ask for no second one."""
    watched = intake()
    drop = settled(watched)

    assert sight(watched, scan("a.mp4"), 7.0, 8.0) == [[], []]
    assert watched.settled(drop)
    assert sight(watched, scan("a.mp4"), 9.0) == [["a"]]


def test_an_examined_drop_that_changed_meanwhile_is_not_settled() -> None:
    """What was read is then not what lies there."""
    watched = intake()
    drop = settled(watched)
    sight(watched, scan("a.mp4", size=5), 7.0)

    assert not watched.settled(drop)


def test_an_examined_drop_that_is_gone_is_not_settled() -> None:
    """Nothing is claimed that is no longer there."""
    watched = intake()
    drop = settled(watched)
    sight(watched, scan(), 7.0)

    assert not watched.settled(drop)
    assert list(watched.waiting()) == []


def test_a_sidecar_that_comes_during_an_examination_counts() -> None:
    """The drop that was read lacks it, so it is read again once the sidecar is still, too."""
    watched = intake()
    drop = settled(watched)
    sight(watched, scan("a.mp4", "a.toml"), 7.0)

    assert not watched.settled(drop)
    assert sight(watched, scan("a.mp4", "a.toml"), 8.0, 13.0) == [[], ["a"]]


def test_evidence_starts_the_quiet_period_again() -> None:
    """A drop that is not whole is asked about again after another quiet period, with the reason shown meanwhile."""
    watched = intake()
    drop = settled(watched)
    watched.settled(drop)
    watched.not_yet(drop, NO_END, 6.0)

    assert list(watched.waiting()) == [("a.mp4", "has no end yet")]
    assert sight(watched, scan("a.mp4"), 9.0, 11.9, 12.0) == [[], [], ["a"]]


def test_evidence_against_a_drop_that_is_gone_is_forgotten() -> None:
    """Nothing waits that is not there."""
    watched = intake()
    drop = settled(watched)
    sight(watched, scan(), 7.0)
    watched.not_yet(drop, NO_END, 7.0)

    assert list(watched.waiting()) == []


def test_even_with_no_quiet_period_a_refused_drop_is_not_looked_at_all_the_time() -> None:
    """A quiet period of nothing must not make a busy loop of evidence."""
    watched = Intake(rule=Rule(quiet=0.0), own_pace=PACE)
    seen = scan("a.mp4")
    sight(watched, seen, 0.0, 0.0)
    (drop,) = see(watched, seen, 0.0, 0.0, ())
    watched.settled(drop)
    watched.not_yet(drop, NO_END, 0.0)

    assert watched.next_scan(0.0) >= RECHECK


def test_a_drop_that_was_taken_is_forgotten() -> None:
    """The claim speaks for it from now on; a later file of that name settles from the beginning."""
    watched = intake()
    drop = settled(watched)
    watched.settled(drop)
    watched.taken(drop)

    assert list(watched.waiting()) == []
    assert sight(watched, scan("a.mp4"), 7.0, 8.0, 9.0) == [[], [], []]


def test_a_drop_that_is_claimed_and_not_moved_yet_is_not_taken_twice() -> None:
    """Between the claim and the rename the parts still lie in the folder."""
    watched = intake()
    seen = scan("a.mp4", "b.mp4")
    for now in (0.0, 3.0):
        see(watched, seen, now, 0.0, {"a"})

    assert [drop.stem for drop in see(watched, seen, 6.0, 0.0, {"a"})] == ["b"]
    assert [name for name, _ in watched.waiting()] == ["b.mp4"]


def test_a_drop_that_comes_back_settles_afresh() -> None:
    """Vanished and here again is a new sighting, not a long quiet one."""
    watched = intake()
    sight(watched, scan("a.mp4"), 0.0, 3.0)
    sight(watched, scan(), 4.0)

    assert sight(watched, scan("a.mp4"), 60.0, 61.0, 62.0, 66.0) == [[], [], [], ["a"]]


def test_waiting_names_everything_that_was_seen_and_why_it_waits() -> None:
    """Nothing is silently ignored: an empty file, a lone sidecar and a link each have their reason."""
    watched = intake()
    link = ("c.mp4", "is a link, and links are not followed")
    files = (("a.mp4", replace(fingerprint(), size=0)), ("b.srt", fingerprint()))
    for now in (0.0, 3.0):
        see(watched, Scan(files=files, refused=(link,)), now, 0.0, ())

    assert list(watched.waiting()) == [
        ("a.mp4", "a.mp4 is empty so far"),
        ("b.srt", "waits for the video of the same name"),
        link,
    ]


def test_names_are_shown_so_that_anything_can_print_them() -> None:
    """Undecodable bytes and line breaks in a name cannot break the note."""
    watched = intake()
    see(watched, scan("a\udcff\n.mp4"), 0.0, 0.0, ())

    assert [name for name, _ in watched.waiting()] == ["a\\xff\\x0a.mp4"]


def test_a_drop_under_examination_says_so() -> None:
    """Probing a long video takes a while; the reason shown is then that, and not an older one."""
    watched = intake()
    settled(watched)

    assert list(watched.waiting()) == [("a.mp4", "is being examined")]


def test_a_scan_makes_an_earlier_trouble_good() -> None:
    """A folder that answers is a folder that works."""
    watched = intake()
    setattr(watched, "trouble", "gone")  # noqa: B010  (else mypy takes what follows for unreachable)
    sight(watched, scan(), 5.0)

    assert watched.trouble is None
    assert watched.last_scan == 5.0


def test_an_empty_folder_is_looked_at_by_its_pace() -> None:
    """With nothing there, nothing hurries."""
    watched = intake()
    sight(watched, scan(), 100.0)

    assert watched.next_scan(100.0) == 100.0 + PACE


def test_a_settling_drop_is_looked_at_when_its_quiet_period_is_over() -> None:
    """No sooner than it helps, and no later."""
    watched = intake()
    sight(watched, scan("a.mp4"), 100.0)

    assert watched.next_scan(100.0) == 100.0 + QUIET


def test_a_drop_that_waits_for_a_person_does_not_hurry_the_scan() -> None:
    """A lone sidecar may lie there for months."""
    watched = intake()
    sight(watched, scan("a.toml"), 0.0, 1.0)

    assert watched.next_scan(1.0) == 1.0 + PACE


@given(seconds=st.floats(min_value=1.0, max_value=600.0))
def test_a_slow_folder_is_looked_at_less_often(seconds: float) -> None:
    """With nothing settling, scanning takes a small and fixed share of the time at most (R11)."""
    watched = intake()
    sight(watched, scan(), 0.0, seconds=seconds)
    sight(watched, scan(), 0.0, seconds=seconds)

    assert watched.next_scan(0.0) == pytest.approx(max(PACE, SCAN_SHARE * seconds))


@pytest.mark.parametrize("folder", ["", "mounted"])
def test_a_share_is_looked_at_more_often_because_nothing_tells_of_its_changes(folder: str) -> None:
    """One that answers in a second would else show a new drop after minutes; also one below a local folder."""
    watched = intake()
    share = Ground(folder=folder, kind="cifs", profile=Profile.CIFS)
    sight(watched, Scan(files=(), grounds=(LOCAL_GROUND, share) if folder else (share,)), 0.0, seconds=1.0)

    assert watched.next_scan(0.0) == pytest.approx(max(PACE, BLIND_SHARE * 1.0))
    assert BLIND_SHARE < SCAN_SHARE


def test_a_scan_that_hung_is_not_the_measure() -> None:
    """A server that was gone for ten minutes is no slow server: what was dropped meanwhile is taken at once."""
    watched = intake()
    sight(watched, scan(), 0.0, seconds=0.1)
    sight(watched, scan("a.mp4"), 600.0, seconds=600.0)

    assert watched.earliest() == pytest.approx(600.0 + HINT_SHARE * 0.1)
    assert watched.next_scan(600.0) <= 600.0 + PACE

    sight(watched, scan("a.mp4"), 1200.0, seconds=600.0)

    assert watched.earliest() == pytest.approx(1200.0 + HINT_SHARE * 600.0)


@pytest.mark.parametrize("profile", [Profile.LOCAL, Profile.CIFS])
def test_a_first_scan_that_hung_is_not_the_measure(profile: Profile) -> None:
    """A share that was gone for an hour when the daemon started is looked at again within minutes, not within a day."""
    watched = intake()
    sight(watched, Scan(files=(), grounds=(Ground(folder="", kind="any", profile=profile),)), 3600.0, seconds=3600.0)

    assert watched.next_scan(3600.0) <= 3600.0 + 300.0
    assert watched.earliest() <= 3600.0 + HINT_SHARE


def test_a_slow_folder_is_looked_at_less_often_also_while_a_drop_settles() -> None:
    """In a folder where somebody always copies something, a scan of a minute must not run every six seconds (R11)."""
    watched = intake()
    sight(watched, scan("a.mp4"), 0.0, seconds=60.0)
    sight(watched, scan("a.mp4"), 0.0, seconds=60.0)

    assert watched.next_scan(0.0) >= HINT_SHARE * 60.0


@given(now=TIMES, took=SPANS, rule=st.builds(Rule, quiet=SPANS), pace=SPANS, looks=st.lists(SPANS, max_size=4))
def test_the_next_scan_is_always_within_its_bounds(
    now: float, took: float, rule: Rule, pace: float, looks: list[float]
) -> None:
    """Never a busy loop, and never later than the pace of a folder that slow; whatever waits there."""
    watched = Intake(rule=rule, own_pace=pace)
    see(watched, scan("a.mp4"), now, took, ())
    for look in looks:
        now += look
        see(watched, scan("a.mp4"), now, took, ())
    shortest, longest = (max(pace, seconds * SCAN_SHARE) for seconds in (min(took, UNSURE), took))
    due = watched.next_scan(now)

    assert now + min(shortest, rule.base / 3) <= due <= now + longest
    assert watched.earliest() <= due
