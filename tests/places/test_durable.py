"""The only hands that rename and sync: they never replace, and they finish what was cut."""

import errno
import os
from pathlib import Path

import pytest

from panjaya_watchd.places import durable


def unknown(*_: object) -> None:
    """Answer as NFS does to a rename that must not replace."""
    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


WAYS = pytest.mark.parametrize("natively", [durable.renameat2, unknown], ids=["renameat2", "link and unlink"])


@WAYS
def test_a_rename_moves_a_file_with_its_inode(tmp_path: Path, natively: durable.Rename) -> None:
    """The same file has the new name, and only that."""
    (tmp_path / "a").write_bytes(b"a")
    before = (tmp_path / "a").stat().st_ino

    durable.rename(tmp_path / "a", tmp_path / "b", natively=natively)

    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert (tmp_path / "b").stat().st_ino == before
    assert (tmp_path / "b").stat().st_nlink == 1


@WAYS
@pytest.mark.parametrize("taken", ["file", "link", "folder"])
@pytest.mark.parametrize("moved", ["file", "folder"])
def test_a_rename_never_replaces(tmp_path: Path, natively: durable.Rename, taken: str, moved: str) -> None:
    """Whatever has the name keeps it, also a dangling link and an empty folder."""
    (tmp_path / "a").write_bytes(b"a") if moved == "file" else (tmp_path / "a").mkdir()
    target = tmp_path / "b"
    if taken == "file":
        target.write_bytes(b"b")
    elif taken == "link":
        target.symlink_to("nowhere")
    else:
        target.mkdir()
    before = target.lstat()

    with pytest.raises(FileExistsError):
        durable.rename(tmp_path / "a", target, natively=natively)

    assert (tmp_path / "a").exists()
    assert target.lstat() == before


@WAYS
def test_a_folder_moves_with_all_that_is_in_it(tmp_path: Path, natively: durable.Rename) -> None:
    """Folders take the plain way where the file system knows no other."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x").write_bytes(b"x")

    durable.rename(tmp_path / "a", tmp_path / "b", natively=natively)

    assert (tmp_path / "b/x").read_bytes() == b"x"


def test_a_rename_that_was_cut_between_its_two_steps_is_finished(tmp_path: Path) -> None:
    """Two names of one file become one."""
    (tmp_path / "a").write_bytes(b"a")
    os.link(tmp_path / "a", tmp_path / "b")

    durable.rename(tmp_path / "a", tmp_path / "b", natively=unknown)

    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_other_errors_are_not_taken_for_a_missing_call(tmp_path: Path) -> None:
    """What is not there cannot be renamed by any way."""
    with pytest.raises(FileNotFoundError):
        durable.rename(tmp_path / "a", tmp_path / "b")


def test_folders_as_descriptors_keep_a_rename_in_them(tmp_path: Path) -> None:
    """Names are relative to the descriptors given."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one/a").write_bytes(b"a")
    one, two = (os.open(tmp_path / name, os.O_RDONLY) for name in ("one", "two"))

    durable.rename("a", "b", source_folder=one, target_folder=two)
    durable.sync(one)
    durable.sync(two)
    os.close(one)
    os.close(two)

    assert (tmp_path / "two/b").read_bytes() == b"a"


def test_a_small_file_is_replaced_whole(tmp_path: Path) -> None:
    """The new content stands, with its mode, and nothing is left beside it, also after an earlier try was cut."""
    target = tmp_path / "a.txt"
    target.write_bytes(b"old")
    (tmp_path / ".a.txt.part").write_bytes(b"half")

    durable.write(target, b"new", mode=0o600)

    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_writing_replaces_a_link_and_not_what_it_points_at(tmp_path: Path) -> None:
    """Nothing is written through a link."""
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "a").symlink_to("precious")

    durable.write(tmp_path / "a", b"new")

    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not (tmp_path / "a").is_symlink()


def test_creating_never_replaces(tmp_path: Path) -> None:
    """A file that is there is an error and keeps its content."""
    (tmp_path / "a").write_bytes(b"old")

    with pytest.raises(FileExistsError):
        durable.create(tmp_path / "a", [b"new"], rights=durable.Rights(0o644))

    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_failed_sync_of_a_file_is_told() -> None:
    """What cannot be synced is not durable, so a pipe's refusal is an error; only folders are best effort."""
    reading, writing = os.pipe()

    with pytest.raises(OSError, match="Invalid argument"):
        durable.sync(writing)

    os.close(reading)
    os.close(writing)


def test_a_folder_that_cannot_be_flushed_is_told(tmp_path: Path) -> None:
    """There is no other way to ask for it, so it is no error; a real disk can."""
    found = []
    for place in (Path("/proc/self"), tmp_path):
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        found.append(durable.sync(descriptor))
        os.close(descriptor)

    assert found == [False, True]
