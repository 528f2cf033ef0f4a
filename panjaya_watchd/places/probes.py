"""
What the kernel says of an open file that no name and no time stamp tells: who writes into it, and what a Finder noted.

Each answer can only ever mean "not yet". Reads and asks; the one thing it takes, a lease, it gives back at once.
"""

import contextlib
import errno
import fcntl
import os
import signal
import struct
from typing import Final

_NO_ANSWER: Final = frozenset({errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.ENOLCK})
"""No CAP_LEASE and not our file; no leases on this file system."""

_FINDER_INFO: Final = ("user.com.apple.FinderInfo", "com.apple.FinderInfo")
_AFP_INFO: Final = ("user.DosStream.AFP_AfpInfo:$DATA", "user.DosStream.AFP_AfpInfo")
"""Samba's ``streams_xattr`` and ``fruit``: an AFP_AfpInfo of 60 bytes, the Finder's 32 from byte 16 on."""

_APPLE_DOUBLE: Final = ("user.org.netatalk.Metadata", "org.netatalk.Metadata")
_CREATED: Final = "user.cifs.creationtime"
"""On a cifs mount: when the server says that it was created, as a FILETIME (100 ns since 1601), little-endian."""

_BUSY_SINCE: Final = b"brokMACS"
_BUSY_CREATED: Final = range(108_908_300_000_000_000, 108_910_200_000_000_000)
"""FILETIMEs within a day of 1946-02-14 08:34:56, in any time zone: the date that the Finder gives to a running copy."""


def is_written(descriptor: int) -> bool | None:
    """
    Ask for a read lease, which the kernel refuses as long as somebody has the file open for writing.

    Seen to be exact for local writers, smbd, sshd, NFSv4 and memory maps; a stalled writer holds it as much as a busy
    one. Needs the file's owner or CAP_LEASE. Should somebody open the file in between, the kernel says so by a signal
    that ends a process; the one chosen here is ignored by nature.

    Returns:
        None where the kernel does not answer: not permitted, or no leases here.

    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        if error.errno == errno.EAGAIN:
            return True
        if error.errno in _NO_ANSWER:
            return None
        raise
    with contextlib.suppress(OSError):  # broken by a writer meanwhile: then it is gone already
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def finder_info(descriptor: int) -> bytes:
    """Give the Finder's notes on an open file, type and creator first; empty where there are none."""
    for name in _FINDER_INFO:
        if found := _attribute(descriptor, name):
            return found
    for name in _AFP_INFO:
        if found := _attribute(descriptor, name)[16:48]:
            return found
    for name in _APPLE_DOUBLE:
        if found := finder_info_of(_attribute(descriptor, name)):
            return found
    created = _attribute(descriptor, _CREATED)
    if len(created) == struct.calcsize("<Q") and struct.unpack("<Q", created)[0] in _BUSY_CREATED:
        return _BUSY_SINCE
    return b""


def finder_info_of(double: bytes) -> bytes:
    """Read the Finder's notes out of an AppleDouble file (``._name``), its entry 9 (RFC 1740); empty where none is."""
    if double[:4] != b"\x00\x05\x16\x07" or len(double) < 26:
        return b""
    (count,) = struct.unpack_from(">H", double, 24)
    for at in range(26, min(26 + count * 12, len(double) - 11), 12):
        kind, offset, length = struct.unpack_from(">III", double, at)
        if kind == 9:
            return double[offset : offset + min(length, 32)]
    return b""


def is_busy(info: bytes) -> bool:
    """Say whether the Finder's notes are those of a copy that is still running: type ``brok``, creator ``MACS``."""
    return info[:8] == _BUSY_SINCE


def _attribute(descriptor: int, name: str) -> bytes:
    try:
        return os.getxattr(descriptor, name)
    except OSError:
        return b""
