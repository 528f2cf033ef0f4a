"""
Profiles: what the storage under a watch folder can be trusted with.

No sign that a file is whole is good everywhere. A lease is exact on a local disk and worthless on a network mount; a
kernel sends no notice of what another machine writes; attributes may be a minute old. So the file system decides how
long a drop must be still, how often a folder is looked at, and which signs may say "not yet" (R2, R3, R23).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Profile(StrEnum):
    """
    What a folder lies on.

    ``smb-server``: a local disk that this host itself exports, through Samba or NFS. ``fuse``: every probe of the
    kernel may lie; also what is not known.
    """

    LOCAL = "local"
    SMB_SERVER = "smb-server"
    CIFS = "cifs"
    NFS = "nfs"
    FUSE = "fuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """
    What follows from a profile; times in seconds.

    ``quiet`` is the base of the quiet period and ``longest`` its end, ``pace`` the time between two scans without a
    hint. ``lease``: a read lease that is refused means that somebody writes. ``hints``: the kernel tells of changes.
    """

    quiet: float
    longest: float
    pace: float
    lease: bool
    hints: bool


TRAITS: Final[Mapping[Profile, Traits]] = MappingProxyType(
    {
        # The lease carries the load, so the quiet period may be short.
        Profile.LOCAL: Traits(quiet=10, longest=300, pace=5, lease=True, hints=True),
        # A client may stall for longer than it takes to believe that it has ended (8 s, measured).
        Profile.SMB_SERVER: Traits(quiet=20, longest=600, pace=5, lease=True, hints=True),
        # Attributes are 1 s old; a lease is granted while the server has a writer (measured).
        Profile.CIFS: Traits(quiet=30, longest=900, pace=10, lease=False, hints=False),
        # Attributes are up to acregmax old, 60 s unless the mount says otherwise.
        Profile.NFS: Traits(quiet=90, longest=900, pace=15, lease=False, hints=False),
        Profile.FUSE: Traits(quiet=60, longest=900, pace=15, lease=False, hints=False),
    }
)

_LOCAL_KINDS: Final = frozenset(
    "bcachefs btrfs erofs exfat ext2 ext3 ext4 f2fs hfs hfsplus jfs msdos ntfs ntfs3 overlay ramfs reiserfs rootfs "
    "tmpfs ubifs udf vfat xfs zfs".split()
)
_CIFS_KINDS: Final = frozenset({"cifs", "smb3", "smbfs"})
_NFS_KINDS: Final = frozenset({"nfs", "nfs4"})

_ACREGMAX: Final = re.compile(r"(?:^|,)acregmax=(\d{1,6})(?:,|$)")
_NFS_SPARE: Final = 30
"""Seconds that a drop must be still beyond what the client may show from its cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """
    One file system under a watch folder.

    ``folder`` is where it begins, relative to the watch folder (empty: the folder itself); ``kind`` is the kernel's
    name of its type, ``options`` are those of the mount, ``mount`` is its number, new for every mounting. ``exported``
    names the share through which this host gives it to others, None where it is not known to.
    """

    folder: str
    kind: str
    profile: Profile
    mount: int = 0
    options: str = ""
    exported: str | None = None


def profile_of(kind: str, *, exported: bool) -> Profile:
    """Choose the profile for a type of file system, by the kernel's name of it."""
    if kind in _CIFS_KINDS:
        return Profile.CIFS
    if kind in _NFS_KINDS:
        return Profile.NFS
    if kind not in _LOCAL_KINDS:
        return Profile.FUSE
    return Profile.SMB_SERVER if exported else Profile.LOCAL


def ground_of(grounds: tuple[Ground, ...], name: str) -> Ground:
    """Give the ground on which a part lies; ``grounds`` has that of the root among them."""
    return max(
        (ground for ground in grounds if not ground.folder or name.startswith(ground.folder + "/")),
        key=lambda ground: len(ground.folder),
    )


def traits_of(ground: Ground) -> Traits:
    """Give what follows from a ground; on NFS a quiet period outlasts the attributes that the mount may keep."""
    traits = TRAITS[ground.profile]
    kept = _ACREGMAX.search(ground.options)
    if ground.profile is Profile.NFS and kept is not None:
        quiet = float(kept[1]) + _NFS_SPARE
        return replace(traits, quiet=quiet, longest=max(traits.longest, quiet))
    return traits


LOCAL_GROUND: Final = Ground(folder="", kind="", profile=Profile.LOCAL)
"""What is taken for granted until a scan has said more."""
