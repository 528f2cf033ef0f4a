"""What Debian must bring for the bed, in one place: the Makefile asks this program, and the tests ask `lacking`."""

import os
import shutil
import sys
from pathlib import Path
from typing import Final

_SYSTEM: Final = ("/usr/sbin", "/sbin")
"""Where the servers are, which is not always on a person's path."""

_NEEDED: Final = {
    "aria2": "aria2c",
    "bindfs": "bindfs",
    "curl": "curl",
    "fuse3": "fusermount3",
    "lftp": "lftp",
    "openssh-client": "sftp",
    "openssh-server": "sshd",
    "proftpd-core": "proftpd",
    "rclone": "rclone",
    "rsync": "rsync",
    "samba": "smbd",
    "samba-vfs-modules": "/usr/lib/*/samba/vfs/fruit.so",
    "smbclient": "smbclient",
    "wget": "wget",
}
"""Package to a program of it, or to a file for one that brings no program."""


def program(name: str) -> str:
    """Give the full path of a program; its bare name if it is nowhere."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM))) or name


def missing() -> list[str]:
    """Name the packages that are not there."""
    return [package for package, brings in _NEEDED.items() if not _is_there(brings)]


def lacking() -> str | None:
    """Say in a sentence what the bed cannot do without and is not there; None if it can be made."""
    if packages := missing():
        return f"needs Debian's {' '.join(packages)}"
    if os.geteuid() != 0:
        return "needs root, for smbd and for mounts"
    if not Path("/dev/fuse").exists():
        return "needs /dev/fuse, for mounts"
    return None


def _is_there(brings: str) -> bool:
    if brings.startswith("/"):
        return any(Path("/").glob(brings[1:]))
    return program(brings) != brings


if __name__ == "__main__":
    found = missing()
    sys.stdout.write(" ".join(found))
    sys.exit(bool(found))
