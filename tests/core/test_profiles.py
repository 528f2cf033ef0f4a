"""Profiles: what each kind of storage is taken for, and what follows."""

import pytest

from panjaya_watchd.core.profiles import LOCAL_GROUND, TRAITS, Ground, Profile, ground_of, profile_of, traits_of


@pytest.mark.parametrize(
    ("kind", "exported", "profile"),
    [
        ("ext4", False, Profile.LOCAL),
        ("tmpfs", False, Profile.LOCAL),
        ("xfs", True, Profile.SMB_SERVER),
        ("cifs", False, Profile.CIFS),
        ("smb3", True, Profile.CIFS),
        ("nfs4", False, Profile.NFS),
        ("nfs", True, Profile.NFS),
        ("fuse.sshfs", False, Profile.FUSE),
        ("fuse.bindfs", True, Profile.FUSE),
        ("9p", False, Profile.FUSE),
        ("", False, Profile.FUSE),
    ],
)
def test_the_file_system_decides(kind: str, exported: bool, profile: Profile) -> None:  # noqa: FBT001
    """What is not known is trusted with nothing; what another machine serves is not ours to export."""
    assert profile_of(kind, exported=exported) is profile


def test_only_a_disk_of_our_own_tells_of_writers() -> None:
    """Leases and notices are worth nothing on a network mount."""
    trusted = {profile for profile in Profile if TRAITS[profile].lease and TRAITS[profile].hints}
    doubted = {profile for profile in Profile if not TRAITS[profile].lease and not TRAITS[profile].hints}

    assert trusted == {Profile.LOCAL, Profile.SMB_SERVER}
    assert doubted == set(Profile) - trusted


@pytest.mark.parametrize(
    ("options", "quiet"),
    [
        ("rw,vers=4.2", 90),
        ("rw,acregmax=120,hard", 150),
        ("acregmax=0", 30),
        ("rw,acdirmax=5", 90),
        ("rw,acregmax=3600", 3630),
    ],
)
def test_on_nfs_a_drop_is_still_for_longer_than_attributes_are_kept(options: str, quiet: float) -> None:
    """The mount says how long that is; without a word it is a minute."""
    traits = traits_of(Ground(folder="", kind="nfs4", profile=Profile.NFS, options=options))

    assert traits.quiet == quiet
    assert traits.longest >= quiet


def test_elsewhere_the_options_of_a_mount_say_nothing() -> None:
    """A cifs mount has an ``acregmax`` of its own, which is not what its quiet period is made of."""
    assert traits_of(Ground(folder="", kind="cifs", profile=Profile.CIFS, options="acregmax=1")).quiet == 30


def test_a_part_lies_on_the_ground_that_begins_nearest() -> None:
    """A share that is mounted below a local folder is a share (R3)."""
    share = Ground(folder="a/share", kind="cifs", profile=Profile.CIFS)
    below = Ground(folder="a/share/disk", kind="ext4", profile=Profile.LOCAL)
    grounds = (LOCAL_GROUND, share, below)

    assert ground_of(grounds, "a/talk.mp4") is LOCAL_GROUND
    assert ground_of(grounds, "a/shared.mp4") is LOCAL_GROUND
    assert ground_of(grounds, "a/share/talk.mp4") is share
    assert ground_of(grounds, "a/share/disk/b/talk.mp4") is below
