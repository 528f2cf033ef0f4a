"""The kernel's list of mounts: what can be reached, by which name, and what is covered."""

import os
from pathlib import Path

import pytest
from mounting import mounts

from panjaya_watchd.core.profiles import Ground, Profile
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.base import Known
from panjaya_watchd.places.disk import DiskPlace
from panjaya_watchd.places.memory import MemoryPlace
from panjaya_watchd.places.memory_disk import MemoryDisk
from panjaya_watchd.places.mounts import Mount, grounds, mounting, parse, parse_fstab, share_of

TABLE = rb"""
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
30 27 0:40 / /srv/dub rw,noatime - nfs4 nas:/dub rw,vers=4.2,acregmax=10
31 30 0:41 / /srv/dub/a\040b rw - tmpfs none rw
32 31 0:42 / /srv/dub/a\040b/deep rw - cifs //nas/x rw
33 27 0:43 / /srv/over rw - ext4 /dev/vdb rw
34 33 0:44 / /srv/over/hidden rw - tmpfs none rw
35 33 0:45 / /srv/over rw - xfs /dev/vdc rw
36 35 0:46 / /srv/over/seen rw - fuse.sshfs host: rw
37 27 0:47 / /srv/dubious rw master:3 propagate_from:2 - vfat /dev/vdd rw
38 30 0:48 / /srv/dub/a\040b rw - cifs //nas/older rw
39 27 0:49 / /srv/caf\351 rw - vfat /dev/vde rw
not a line
40 27 0:50 / /no/type rw
"""


def seen(root: str) -> list[tuple[str, str, Profile, int]]:
    """Give what there is at and below a folder."""
    return [(each.folder, each.kind, each.profile, each.mount) for each in grounds(root, parse(TABLE))]


def test_a_mount_below_is_a_ground_of_its_own() -> None:
    """Each with its kind; of two that were mounted on one place, the last."""
    assert seen("/srv/dub") == [("", "nfs4", Profile.NFS, 30), ("a b", "cifs", Profile.CIFS, 38)]
    assert seen("/srv/dub/a b") == [("", "cifs", Profile.CIFS, 38)]


def test_what_is_covered_cannot_be_reached() -> None:
    """A mount over the folder hides those below the one that it covers, and shows its own."""
    assert seen("/srv/over") == [("", "xfs", Profile.LOCAL, 35), ("seen", "fuse.sshfs", Profile.FUSE, 36)]


def test_a_folder_lies_on_the_nearest_mount_above_it() -> None:
    """A name that only begins alike is another place."""
    assert seen("/srv/dub2") == [("", "ext4", Profile.LOCAL, 27)]
    assert seen("/srv/dubious/x/y") == [("", "vfat", Profile.LOCAL, 37)]
    assert [ground.folder for ground in grounds("/", parse(TABLE))][:2] == ["", "srv/caf\udce9"]


@pytest.mark.parametrize(
    ("path", "share"),
    [
        ("/srv/dub", "/srv/dub"),
        ("/srv/dub/a b/deep/in", "/srv/dub"),
        ("/srv/dub2", None),
        ("/srv/over/in", None),
        ("/srv/over/hidden", None),
        ("/srv/over/seen/in", "/srv/over/seen"),
        ("/mnt/n as/in", "/mnt/n as"),
        ("/mnt/n as2", None),
        ("/data/in", None),
        ("/", None),
    ],
)
def test_a_share_begins_at_the_first_mount_that_may_hang(path: str, share: str | None) -> None:
    """Also one that is to be mounted; no local disk, whatever it covers."""
    fstab = rb"""
# //nas/x /data cifs
//nas/x /mnt/n\040as cifs credentials=/etc/x,nofail 0 0
/dev/vdb /mnt ext4
/srv/dub /data none bind
/dev/vdc none swap
nas:/root / nfs
short line
"""

    assert share_of(path, parse(TABLE), parse_fstab(fstab)) == share


def test_the_options_are_those_of_the_mount_and_of_its_file_system() -> None:
    """NFS says among the latter how old attributes may be."""
    (first, *_) = grounds("/srv/dub", parse(TABLE))

    assert first.options == "rw,noatime,rw,vers=4.2,acregmax=10"


def test_what_a_person_has_said_holds_for_all() -> None:
    """Also below, and also for what is exported."""
    found = grounds("/srv/dub", parse(TABLE), profile=Profile.LOCAL, exported=lambda path: f"share of {path}")

    assert {each.profile for each in found} == {Profile.LOCAL}
    assert [each.exported for each in found] == ["share of /srv/dub", "share of /srv/dub/a b"]


def test_a_local_disk_that_is_exported_is_another_matter() -> None:
    """Its writers are clients; a client's own mount stays what it is."""
    found = grounds("/srv/over", parse(TABLE), exported=lambda _: "a share")

    assert [each.profile for each in found] == [Profile.SMB_SERVER, Profile.FUSE]


def test_where_nothing_is_listed_nothing_is_trusted() -> None:
    """A kernel without the list, or one that cannot be understood."""
    (only,) = grounds("/srv/dub", ())

    assert (only.kind, only.profile, only.mount) == ("", Profile.FUSE, 0)


def test_a_root_whose_parent_is_not_listed_is_where_the_walk_begins() -> None:
    """In a container, or below a chroot; also the kernel's first mount, which stands on itself."""
    table = b"5 5 0:1 / / rw - rootfs none rw\n9 77 0:2 / /data rw - xfs /dev/x rw\n"

    assert parse(table)[0] == Mount(number=5, above=0, point="/", kind="rootfs", options="rw,rw")
    assert [each.kind for each in grounds("/data/in", parse(table[32:]))] == ["xfs"]


@pytest.mark.slow
def test_a_mounting_is_told_from_the_next(tmp_path: Path) -> None:
    """Device and inode of a file system in memory are often the same as those of the one before it."""

    def now() -> tuple[int, ...]:
        descriptor = os.open(tmp_path / "share", os.O_RDONLY | os.O_DIRECTORY)
        try:
            return mounting(descriptor)
        finally:
            os.close(descriptor)

    with mounts() as made:
        found = []
        for _ in range(3):
            point = made.tmpfs(tmp_path / "share")
            assert now() == now()
            found.append(now())
            made.unmount(point)
    assert len(set(found)) == 3


def place(root: Path) -> DiskPlace:
    """Give the place as the daemon makes it, with sub-folders."""
    return DiskPlace(root, done=Path("done"), failed=Path("failed"), recursive=True)


@pytest.mark.slow
def test_what_was_mounted_below_and_is_not_proves_nothing_gone(tmp_path: Path) -> None:
    """Its empty directory is told to people until it is mounted again; what is mounted in our own folders is not."""
    root = tmp_path / "watch"
    with mounts() as made:
        usb, done = root / "usb", root / "done"
        for point in (usb, done):
            made.tmpfs(point)
        (usb / "talk.mp4").write_bytes(b"video")
        watched = place(root)
        before = watched.scan()
        assert (before.whole, [name for name, _ in before.files]) == (True, ["usb/talk.mp4"])
        assert [each.folder for each in before.grounds] == ["", "done", "usb"]
        assert watched.ground_of("usb/talk.mp4").kind == "tmpfs"
        kept = made.bind(usb, tmp_path / "kept")
        for point in (usb, done):
            made.unmount(point)
        for _ in range(2):
            gone = watched.scan()
            assert (gone.whole, gone.files) == (False, ())
            assert [name for name, why in gone.refused if "is not mounted now" in why] == ["usb"]
            late = place(root).scan(Known(mounts=("usb",)))
            assert not late.whole, "after a reboot the ledger knows what is mounted late"
        assert place(root).scan().whole, "a new place has seen nothing there"
        made.bind(kept, usb)

        assert watched.scan().whole
        assert watched.scan().files == before.files


@pytest.mark.slow
def test_a_mount_that_cannot_be_written_is_a_reason_of_its_own(tmp_path: Path) -> None:
    """Nothing is looked at in it, because nothing could be taken; it goes on by itself."""
    with mounts() as made:
        root = made.tmpfs(tmp_path / "watch")
        (root / "talk.mp4").write_bytes(b"video")
        made.again(root, "ro")
        watched = place(root)
        with pytest.raises(PlaceError, match="is mounted read-only"):
            watched.scan()
        made.again(root, "rw")

        assert [name for name, _ in watched.scan().files] == ["talk.mp4"]


def test_a_disk_in_memory_may_be_read_only_too() -> None:
    """For the rehearsals; and its grounds are what it is told."""
    disk = MemoryDisk()
    disk.folder("/srv/dub")
    ground = Ground(folder="", kind="nfs4", profile=Profile.NFS)
    watched = MemoryPlace(disk, Path("/srv/dub"), grounds=(ground,))
    disk.read_only.add("/srv/dub")
    with pytest.raises(PlaceError, match="is mounted read-only"):
        watched.scan()
    disk.read_only.clear()

    assert watched.scan().grounds == (ground,)
    assert watched.ground_of("a.mp4") == ground
