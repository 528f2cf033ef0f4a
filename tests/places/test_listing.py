"""What is remembered of a folder, on a real disk: never more than its time stamp vouches for."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from samples import fingerprint

from panjaya_watchd.core.profiles import Profile
from panjaya_watchd.places.base import Known
from panjaya_watchd.places.disk import DiskPlace, DiskTree
from panjaya_watchd.places.listing import EXPIRES, SOUND_AFTER, Listing
from panjaya_watchd.places.tree import Entries

LATER = SOUND_AFTER + 1


class Counting(DiskTree):
    """A tree that counts how often a folder is read."""

    reads: list[str]

    def entries(self, folder: str, skip: Callable[[str], bool], only: Iterable[str] | None = None) -> Entries:
        """Read a folder, or only look at names."""
        if only is None:
            self.reads.append(folder)
        return super().entries(folder, skip, only)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a watch folder with a sub-folder, a link and a file of no known kind."""
    (tmp_path / "sub").mkdir()
    for name in ("a.mp4", "sub/b.mp4", "notes.doc"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "c.mp4").symlink_to("a.mp4")
    return tmp_path


def place(root: Path, profile: Profile = Profile.LOCAL) -> tuple[DiskPlace, list[str]]:
    """Give the verbs on it, and the list of folders that were read."""
    found = DiskPlace(root, done=Path("done"), failed=Path("failed"), recursive=True, profile=profile)
    tree = found._tree
    assert isinstance(tree, DiskTree)
    tree.__class__ = Counting
    assert isinstance(tree, Counting)
    tree.reads = []
    return found, tree.reads


def seen(place: DiskPlace, at: float | None) -> tuple[set[str], set[str]]:
    """Look; give the names of files, and of what is refused."""
    scan = place.scan(Known(at=at))
    return {name for name, _ in scan.files}, {name for name, _ in scan.refused}


EVERYTHING = ({"a.mp4", "sub/b.mp4"}, {"c.mp4", "notes.doc"})


def test_a_folder_without_changes_is_read_twice_and_then_only_looked_at(root: Path) -> None:
    """The second reading proves the stamp; what is seen stays the same."""
    watched, reads = place(root)
    for look in range(5):
        assert seen(watched, look * LATER) == EVERYTHING

    assert sorted(reads) == ["", "", "sub", "sub"]


def test_a_file_whose_content_changes_is_seen_without_reading_the_folder(root: Path) -> None:
    """Its own stamp tells, and that is looked at every time."""
    watched, reads = place(root)
    before = [watched.scan(Known(at=look * LATER)) for look in range(3)][-1]
    (root / "a.mp4").write_bytes(b"longer")
    after = watched.scan(Known(at=3 * LATER))

    assert dict(before.files)["a.mp4"] != dict(after.files)["a.mp4"]
    assert reads.count("") == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "d.mp4").write_bytes(b"x"),
        lambda root: (root / "a.mp4").unlink(),
        lambda root: (root / "a.mp4").rename(root / "e.mp4"),
        lambda root: (root / "a.mp4").rename(root / "sub" / "e.mp4"),
        lambda root: (root / "c.mp4").replace(root / "sub" / "c.mp4"),
        lambda root: (root / "new").mkdir(),
        lambda root: (root / "sub" / "b.toml").write_bytes(b""),
        lambda root: (root / "notes.doc").rename(root / "notes.mp4"),
    ],
    ids=["new", "gone", "renamed", "moved", "link moved", "new folder", "new below", "has a role now"],
)
def test_every_change_of_names_is_seen_at_once(root: Path, change: Callable[[Path], object]) -> None:
    """As by a place that remembers nothing."""
    watched, _ = place(root)
    for look in range(4):
        seen(watched, look * LATER)
    change(root)

    assert seen(watched, 4 * LATER) == seen(place(root)[0], None)


@pytest.mark.parametrize(
    ("since", "read_at", "now", "holds"),
    [
        (0.0, 0.0, 5.0, False),
        (0.0, SOUND_AFTER - 0.1, 5.0, False),
        (0.0, SOUND_AFTER, 5.0, True),
        (0.0, SOUND_AFTER, SOUND_AFTER + EXPIRES, False),
    ],
)
def test_a_stamp_that_was_young_proves_nothing(since: float, read_at: float, now: float, holds: bool) -> None:  # noqa: FBT001
    """A second file that came in the same tick of the clock as the first has left the same stamp."""
    listing = Listing(stamp=fingerprint(1), since=since, read_at=read_at, folders=(), names=(), strangers=())

    assert listing.holds(fingerprint(1), now) is holds
    assert not listing.holds(fingerprint(2), now)


@pytest.mark.parametrize(("profile", "at"), [(Profile.NFS, LATER), (Profile.FUSE, LATER), (Profile.LOCAL, None)])
def test_where_others_write_or_nothing_is_known_all_is_read(root: Path, profile: Profile, at: float | None) -> None:
    """On a network mount a folder's stamp may be as old as the client likes."""
    watched, reads = place(root, profile)
    for look in range(4):
        seen(watched, None if at is None else look * at)

    assert reads.count("") == 4


def test_what_is_remembered_expires(root: Path) -> None:
    """A clock that was set back may bring a stamp again."""
    watched, reads = place(root)
    for at in (0.0, LATER, 2 * LATER, EXPIRES + LATER):
        seen(watched, at)

    assert reads.count("") == 3
