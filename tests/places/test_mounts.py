"""The kernel's list of mounts: what can be reached, by which name, and what is covered."""

import os
from pathlib import Path

import pytest
from mounting import mounts

from panjaya_watchd.core.profiles import Profile
from panjaya_watchd.places.mounts import Mount, grounds, mounting, parse

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
