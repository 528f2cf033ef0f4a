"""
An open file on a real disk: read by order or by position, and asked what only an open descriptor can tell.

It never writes, and holds nothing but its descriptor.
"""

import contextlib
import errno
import os
import stat

from panjaya_watchd.core.drop import Fingerprint
from panjaya_watchd.places import probes
from panjaya_watchd.places.tree import Kind, Look, NotRegular


class DiskFile:
    """An open regular file, read ahead by the kernel."""

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        try:
            self.size = _size_of(descriptor, name)
        except BaseException:
            os.close(descriptor)
            raise
        with contextlib.suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)

    def fingerprint(self) -> Fingerprint:
        """Ask the descriptor."""
        return fingerprint_of(os.fstat(self._descriptor))

    def read(self, limit: int) -> bytes:
        """Read on from where the last read ended."""
        return os.read(self._descriptor, limit)

    def read_at(self, offset: int, limit: int) -> bytes:
        """Read at a place."""
        found = os.pread(self._descriptor, limit, offset)
        while len(found) < limit and (more := os.pread(self._descriptor, limit - len(found), offset + len(found))):
            found += more
        return found

    def hole(self, offset: int) -> int:
        """Seek the next hole."""
        return self._seek(offset, os.SEEK_HOLE)

    def data(self, offset: int) -> int:
        """Seek the next data."""
        return self._seek(offset, os.SEEK_DATA)

    def names(self) -> int:
        """Count the links."""
        return os.fstat(self._descriptor).st_nlink

    def is_written(self) -> bool | None:
        """Take a read lease and give it back in the same breath."""
        return probes.is_written(self._descriptor)

    def finder_info(self) -> bytes:
        """Read the extended attributes in which Samba, Netatalk and a cifs mount keep it."""
        return probes.finder_info(self._descriptor)

    def lend(self) -> int:
        """Give the descriptor."""
        return self._descriptor

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)

    def _seek(self, offset: int, whence: int) -> int:
        """Seek, and go back to where the next `read` goes on."""
        here = os.lseek(self._descriptor, 0, os.SEEK_CUR)
        try:
            return os.lseek(self._descriptor, offset, whence)
        except OSError as error:
            if error.errno not in {errno.ENXIO, errno.EINVAL, errno.EOPNOTSUPP}:
                raise
            return self.size
        finally:
            os.lseek(self._descriptor, here, os.SEEK_SET)


def _size_of(descriptor: int, name: str) -> int:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise NotRegular(errno.EINVAL, "not a regular file", name)
    # A cifs client asks its server for the size when it is sought for, and not when it is looked at.
    size = os.lseek(descriptor, 0, os.SEEK_END)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return size


def look_of(status: os.stat_result) -> Look:
    """Tell what an ``lstat`` says."""
    kind = Kind.FOLDER if stat.S_ISDIR(status.st_mode) else Kind.OTHER
    return Look(kind=Kind.FILE if stat.S_ISREG(status.st_mode) else kind, fingerprint=fingerprint_of(status))


def fingerprint_of(status: os.stat_result) -> Fingerprint:
    """Tell what of a status shows that a file changed."""
    return Fingerprint(size=status.st_size, mtime_ns=status.st_mtime_ns, ctime_ns=status.st_ctime_ns, ino=status.st_ino)
