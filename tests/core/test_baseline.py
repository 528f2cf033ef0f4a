"""The baseline: what lay there, and what has left it."""

from dataclasses import replace
from datetime import timedelta

from samples import NOW, drop

from panjaya_watchd.core.baseline import Baseline, entry
from panjaya_watchd.core.extent import TOP, Extent
from panjaya_watchd.core.names import FolderName


def test_what_is_seen_to_be_gone_leaves_the_baseline_for_good() -> None:
    """Dropped again under the same name, it was dropped on purpose."""
    baseline = Baseline(folder=FolderName("marketing"), root="/srv/dub", first_seen=NOW, keys=("a", "b"))

    assert baseline.without_gone({"a", "b", "new"}) is baseline
    assert baseline.without_gone({"b", "new"}).keys == ("b",)


def test_where_something_was_mounted_is_known_as_long_as_it_holds_an_old_drop() -> None:
    """After a reboot a share may be mounted late; until then its drops are not gone."""
    baseline = Baseline(folder=FolderName("marketing"), root="/srv", first_seen=NOW, keys=("a", "share/b", "shared/c"))
    known = baseline.mounted(["", "share", "empty"])

    assert known.mounts == ("share",)
    assert known.mounted([""]) is known
    assert known.without_gone(["a", "shared/c"]).mounted([""]).mounts == ()


def test_what_can_cost_something_is_kept() -> None:
    """A video, or sidecars that may name one or be for one that is done; with a video beside them they are another."""
    assert entry(drop("talk.mp4", "talk.toml")) == "talk"
    assert entry(drop("talk.toml", "talk.es-ES.srt")) == "talk.toml"
    assert entry(drop("talk.es-ES.srt")) == "talk.srt"
    assert entry(drop("talk.background.wav")) is None


DEEP = Extent(recursive=True, shelves=("done",))
LATER = NOW + timedelta(days=1)
KNOWN = Baseline(folder=FolderName("marketing"), root="/srv", first_seen=NOW, keys=("a",), told=True, extent=TOP)


def test_what_a_wider_look_brings_to_light_lay_there_before() -> None:
    """But not what lies where every look has been: that was dropped since, and may still be settling."""
    wider = KNOWN.looked(DEEP, {"a", "new", "x/old"}, LATER, whole=True)

    assert wider.keys == ("a", "x/old")
    assert (wider.extent, wider.told, wider.first_seen) == (DEEP, False, LATER)
    assert wider.looked(DEEP, {"a", "new", "x/old", "x/new"}, LATER, whole=True) == wider


def test_a_wider_look_goes_on_until_it_has_seen_everything() -> None:
    """The time from which the sum is waited for is that of its first part."""
    partly = KNOWN.looked(DEEP, {"x/old"}, NOW, whole=False)
    assert (partly.keys, partly.extent) == (("a", "x/old"), Extent(shelves=("done",)))

    wider = partly.looked(DEEP, {"x/old", "y/older"}, LATER, whole=True)
    assert (wider.keys, wider.extent, wider.first_seen) == (("a", "x/old", "y/older"), DEEP, NOW)


def test_a_narrower_look_takes_back_what_was_seen() -> None:
    """What comes there while nobody looks lies there before the next look, whether or not this one saw everything."""
    for whole in (True, False):
        narrower = replace(KNOWN, extent=DEEP).looked(TOP, {"a"}, LATER, whole=whole)
        assert narrower.extent is not None
        assert not narrower.extent.recursive
        assert narrower.told
        assert narrower.looked(DEEP, {"a", "x/b"}, LATER, whole=True).keys == ("a", "x/b")


def test_of_a_look_by_an_older_release_its_extent_is_not_known() -> None:
    """Then it is taken to be that of the settings: an upgrade alone holds nothing."""
    older = replace(KNOWN, extent=None)

    assert older.looked(DEEP, {"a", "x/b"}, LATER, whole=True) == replace(older, extent=DEEP)


def test_a_folder_that_was_left_is_begun_anew() -> None:
    """And told anew; one that was not goes on."""
    assert KNOWN.returned(LATER) is KNOWN
    back = replace(KNOWN, left=True).returned(LATER)

    assert (back.left, back.whole, back.told, back.first_seen, back.keys) == (False, False, False, LATER, ("a",))
    assert back.looked(TOP, {"a", "b"}, LATER, whole=True).keys == ("a", "b")


def test_where_answers_were_filed_is_never_forgotten() -> None:
    """They would be taken for drops."""
    assert KNOWN.filing(["failed", "done"]).filing(["fertig", "failed"]).shelves == ("done", "failed", "fertig")
