"""The disk in memory is no kinder than a real one."""

from random import Random

import pytest

from panjaya_watchd.places.memory_disk import MemoryDisk


@pytest.fixture
def disk() -> MemoryDisk:
    """Give a disk with two folders and a file."""
    disk = MemoryDisk()
    disk.folder("/a")
    disk.folder("/b")
    disk.write("/a/x", b"x")
    return disk


@pytest.mark.parametrize(
    ("synced", "found"),
    [((), {"/a/x", "/b/x"}), (("/b",), {"/a/x", "/b/x"}), (("/b", "/a"), {"/b/x"})],
    ids=["nothing", "one folder", "both folders"],
)
def test_a_rename_is_durable_when_both_folders_are_synced(synced: tuple[str, ...], found: set[str]) -> None:
    """Before that it may be lost, but the file never is."""
    seen = set()
    for seed in range(20):
        disk = MemoryDisk()
        for folder in ("/a", "/b"):
            disk.folder(folder)
        disk.write("/a/x", b"x")
        disk.move("/a/x", "/b/x")
        for folder in synced:
            disk.sync(folder)
        disk.cut(Random(seed))
        assert len(disk.files()) == 1
        seen |= set(disk.files())

    assert seen == found


def test_a_file_never_falls_out_of_the_tree() -> None:
    """A rename that is durable takes the new folder it leads to along."""
    for seed in range(20):
        disk = MemoryDisk()
        disk.folder("/a")
        disk.write("/b/x", b"x")
        disk.make("/a/new")
        disk.move("/b/x", "/a/new/x")
        disk.sync("/b")
        disk.sync("/a/new")
        disk.cut(Random(seed))

        assert disk.files() == {"/a/new/x": b"x"}


def test_content_that_was_not_synced_may_be_lost() -> None:
    """A new file whose name is durable may be empty after a cut, as on a real disk."""
    seen = set()
    for seed in range(20):
        disk = MemoryDisk()
        disk.folder("/a")
        disk.create("/a/x", b"whole", mtime_ns=None)
        disk.sync("/a")
        disk.cut(Random(seed))
        seen |= set(disk.files().values())

    assert seen == {b"", b"whole"}


def test_the_same_seed_gives_the_same_disk(disk: MemoryDisk) -> None:
    """Chance comes from the caller alone."""
    twins = []
    for _ in range(2):
        twin = MemoryDisk()
        twin.folder("/a")
        for number in range(20):
            twin.create(f"/a/{number}", b"%d" % number, mtime_ns=None)
        twin.cut(Random(7))
        twins.append(twin.files())

    assert twins[0] == twins[1]
    assert 0 < len(twins[0]) < 20


def test_a_hook_may_play_a_fault_of_the_storage(disk: MemoryDisk) -> None:
    """An error raised by the hook stops the step before it is done."""

    def full(step: str) -> None:
        raise OSError(28, "No space left on device", step)

    disk.hook = full
    with pytest.raises(OSError, match="No space"):
        disk.move("/a/x", "/b/x")

    assert disk.files() == {"/a/x": b"x"}


def test_a_taken_name_is_never_replaced(disk: MemoryDisk) -> None:
    """As on a real disk with ``RENAME_NOREPLACE``."""
    disk.write("/b/x", b"other")

    with pytest.raises(FileExistsError):
        disk.move("/a/x", "/b/x")
    with pytest.raises(FileExistsError):
        disk.create("/b/x", b"third", mtime_ns=None)

    assert disk.files() == {"/a/x": b"x", "/b/x": b"other"}
