"""
The hands that change a disk for good: rename, sync, write, remove. No other file of the package calls these.

It promises that a rename never replaces anything unless it is called `replace`, and that what was synced survives
power loss as far as the file system keeps its word. It never decides where something goes. Every function raises
`OSError` as the kernel gave it; folders are given as descriptors (None: the path stands for itself).
"""

import contextlib
import ctypes
import errno
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

Rename = Callable[[bytes, int | None, bytes, int | None], None]
"""(source, its folder, target, its folder): a rename that refuses to replace."""

_AT_FDCWD: Final = -100
_RENAME_NOREPLACE: Final = 1
_NO_SUCH_CALL: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_NO_FOLDER_SYNC: Final = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EACCES})


class Rights(NamedTuple):
    """The mode of a file or folder, and the number of its group (None: as it comes)."""

    mode: int
    group: int | None = None


def renameat2(source: bytes, source_folder: int | None, target: bytes, target_folder: int | None) -> None:
    """Call ``renameat2(2)`` with ``RENAME_NOREPLACE``; ENOSYS where the C library does not know it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    here = _AT_FDCWD if source_folder is None else source_folder
    there = _AT_FDCWD if target_folder is None else target_folder
    if libc.renameat2(here, source, there, target, ctypes.c_uint(_RENAME_NOREPLACE)):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), os.fsdecode(source), None, os.fsdecode(target))


def rename(
    source: str | Path,
    target: str | Path,
    *,
    source_folder: int | None = None,
    target_folder: int | None = None,
    natively: Rename = renameat2,
) -> None:
    """
    Rename a file or a folder; never replaces anything. Durable when both folders are synced.

    NFS and old kernels answer EINVAL to ``RENAME_NOREPLACE``. Files are then linked and unlinked, which refuses a
    taken name too; a crash between the two leaves both names on one file, and asking again finishes it. Folders, and
    file systems without hard links (exfat), get a look and then a plain rename, which cannot replace a folder that
    holds something.

    Raises:
        FileExistsError: the target's name is taken.

    """
    try:
        natively(os.fsencode(source), source_folder, os.fsencode(target), target_folder)
    except OSError as error:
        if error.errno not in _NO_SUCH_CALL:
            raise
    else:
        return
    status = os.stat(source, dir_fd=source_folder, follow_symlinks=False)
    if stat.S_ISREG(status.st_mode) and link(source, target, source_folder, target_folder, status):
        os.unlink(source, dir_fd=source_folder)
        return
    if _taken(target, target_folder):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(target))
    os.rename(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder)


def link(
    source: str | Path, target: str | Path, source_folder: int | None, target_folder: int | None, status: os.stat_result
) -> bool:
    """Give a file its second name; False where the file system has no hard links."""
    try:
        os.link(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder, follow_symlinks=False)
    except FileExistsError:
        # NFS may repeat a request that had already succeeded: the name is then taken by the very file.
        if not os.path.samestat(os.stat(target, dir_fd=target_folder, follow_symlinks=False), status):
            raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return False
    return True


def _taken(name: str | Path, folder: int | None) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def replace(source: str | Path, target: str | Path, *, folder: int | None = None) -> None:
    """Rename one of our own files over another of our own. Durable when the folder is synced."""
    os.replace(source, target, src_dir_fd=folder, dst_dir_fd=folder)


def remove(name: str | Path, *, folder: int | None = None) -> None:
    """Unlink one of our own temporary files, or an original whose copy was verified."""
    os.unlink(name, dir_fd=folder)


def clear(name: str | Path, *, folder: int | None = None) -> None:
    """Remove an empty folder; ENOTEMPTY where it is not."""
    os.rmdir(name, dir_fd=folder)


def sync(descriptor: int) -> bool:
    """
    Flush a file or a folder to its device.

    Folders best effort: FUSE and cifs answer EINVAL, and there is no other way to ask them; False where that was so.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC or not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise
        return False
    return True


def sync_folder(path: Path) -> None:
    """Flush a folder's names to its device, best effort as in `sync`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def share(descriptor: int, rights: Rights) -> None:
    """
    Give a file or folder of ours the rights that a watch folder stands for (R50), best effort.

    Not every file system has modes (exfat, vfat), and not every service is in the folder's group. Somebody else's file
    is left as it is: nobody may have root open it to others by swapping it for one of ours.
    """
    status = os.fstat(descriptor)
    if os.geteuid() == 0 and status.st_uid != 0:
        return
    if rights.group not in {None, status.st_gid}:
        with contextlib.suppress(OSError):
            os.fchown(descriptor, -1, rights.group)
    # Afterwards, because a change of the group takes setgid away. Not where it is right already: a service may not be
    # permitted to set setgid (RestrictSUIDSGID), and a folder made below one that has it has it by nature.
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != rights.mode:
        with contextlib.suppress(OSError):
            os.fchmod(descriptor, rights.mode)


def create(
    name: str | Path,
    chunks: Iterable[bytes],
    *,
    rights: Rights,
    folder: int | None = None,
    mtime_ns: int | None = None,
) -> None:
    """Write a file that must not exist yet, through no link. Not durable until it and its folder are synced."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        for chunk in chunks:
            left = memoryview(chunk)
            while left:
                left = left[file.write(left) :]
        share(descriptor, rights)
        if mtime_ns is not None:
            os.utime(descriptor, ns=(mtime_ns, mtime_ns))


def write(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """
    Replace a small file of our own as a whole: readers see the old content or the new, never a half.

    Written beside it, synced, renamed over it. Durable when it returns. A link of that name is replaced, not followed.
    """
    beside = path.with_name(f".{path.name}.part")
    beside.unlink(missing_ok=True)
    create(beside, [content], rights=Rights(mode))
    descriptor = os.open(beside, os.O_RDONLY | os.O_CLOEXEC)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)
    replace(beside, path)
    sync_folder(path.parent)
