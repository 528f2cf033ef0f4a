"""The baseline: what lay there, and what has left it."""

from samples import NOW, drop

from panjaya_watchd.core.baseline import Baseline, entry
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
    """A video, or a TOML that may name one on the web, which is another drop once its video lies beside it."""
    assert entry(drop("talk.mp4", "talk.toml")) == "talk"
    assert entry(drop("talk.toml", "talk.es-ES.srt")) == "talk.toml"
    assert entry(drop("talk.es-ES.srt")) is None
