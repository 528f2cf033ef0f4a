"""
An open file on a real disk.

It promises that it is a regular one, and that what is read of it comes from one descriptor, whatever its name leads to.
"""

import contextlib
import errno
import os
import stat

from panjaya_watchd.core.drop import Fingerprint
from panjaya_watchd.places import probes
from panjaya_watchd.places.tree import NotRegular


class DiskFile:
    """An open regular file, read ahead by the kernel."""

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise NotRegular(errno.EINVAL, "not a regular file", name)
        # A cifs client asks its server for the size when it is sought for, and not when it is looked at.
        self.size = os.lseek(descriptor, 0, os.SEEK_END)
        os.lseek(descriptor, 0, os.SEEK_SET)
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


def fingerprint_of(status: os.stat_result) -> Fingerprint:
    """Give what a status says of a file's content."""
    return Fingerprint(size=status.st_size, mtime_ns=status.st_mtime_ns, ctime_ns=status.st_ctime_ns, ino=status.st_ino)
