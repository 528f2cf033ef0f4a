"""
Watch folders on a real disk.

Every step opens the root afresh and walks down from its descriptor one level at a time, following no link, so that a
name cannot lead out of the folder; and the guard makes sure that it is the root that is meant, so that an empty mount
point is never taken for an emptied folder. No descriptor outlives its step, hence a share can be unmounted.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from panjaya_watchd.core.drop import Fingerprint
from panjaya_watchd.core.names import display
from panjaya_watchd.core.profiles import Ground, Profile
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places import durable
from panjaya_watchd.places.disk_file import DiskFile, look_of
from panjaya_watchd.places.exports import Exports
from panjaya_watchd.places.filing import Shelf
from panjaya_watchd.places.folder import FolderPlace
from panjaya_watchd.places.guard import LONGEST, Identity, RootGuard, id_in
from panjaya_watchd.places.mounts import TABLE, Mount, grounds, mounting, parse
from panjaya_watchd.places.naming import PROCESSING, TRACE, base, parent
from panjaya_watchd.places.tree import OUR_OWN, Entries, Kind, Look, NotRegular, Opened, Standing, Tree

MARK: Final = "user.panjaya-watchd.result"
"""The extended attribute on our results; NFSv3 and FAT keep none, which only costs the check that it serves."""

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY


class DiskPlace(FolderPlace):
    """
    The verbs of `Place` on ``root``; ``done`` and ``failed`` are relative to it, or absolute and anywhere.

    ``profile`` is that of all that lies there; None to find out what it lies on.
    """

    def __init__(
        self, root: Path, *, done: Path, failed: Path, recursive: bool, profile: Profile | None = None
    ) -> None:
        tree = DiskTree(root, profile)
        super().__init__(tree, done=shelf(tree, done), failed=shelf(tree, failed), recursive=recursive)


def shelf(tree: "DiskTree", folder: Path) -> Shelf:
    """Find the tree in which a folder lies; one elsewhere is made below its parent, which has to exist."""
    whole = tree.root / folder
    if whole.is_relative_to(tree.root):
        return Shelf(tree=tree, folder=str(whole.relative_to(tree.root)))
    return Shelf(tree=DiskTree(whole.parent, like=tree), folder=whole.name)


class DiskTree:
    """The primitive steps, done by the kernel. What is made is for whoever the root is for, or that of ``like``."""

    def __init__(self, root: Path, profile: Profile | None = None, like: "DiskTree | None" = None) -> None:
        self.root = root
        self._like = self if like is None else like
        self._guard = RootGuard(root)
        self._profile = profile
        self._exports = Exports()
        self._mounted: tuple[bytes, tuple[Mount, ...]] = (b"", ())
        self._rights = durable.Rights(0o755)

    def expect(self, known: str | None) -> None:
        """Note which root is meant."""
        self._guard.expect(known)

    def stand(self, known: str | None) -> Standing:
        """Make sure that the root can be used, and say how it stands."""
        self._guard.expect(known)
        descriptor = self._open_root()
        try:
            if os.fstatvfs(descriptor).f_flag & os.ST_RDONLY:
                raise PlaceError(
                    f"{display(str(self.root))} is mounted read-only, so no drop can be taken.",
                    hint="Mount it writable, or let the service write there: panjaya-watchd service folders. "
                    "It goes on by itself.",
                )
            found, identity = _read_id(descriptor), _identity(descriptor)
            self._guard.note(identity, found)
        finally:
            os.close(descriptor)
        return Standing(
            root_id=found, familiar=self._guard.familiar(identity), mounting=identity, grounds=self.lies_on()
        )

    def lies_on(self) -> tuple[Ground, ...]:
        """Read the table of mounts."""
        table, real = TABLE.read_bytes(), os.path.realpath(self.root)
        if table != self._mounted[0]:
            self._mounted = (table, parse(table))

        def share(path: str) -> str | None:
            named = path.replace(real, str(self.root), 1)
            return self._exports.share_of(path, named)

        return grounds(real, self._mounted[1], profile=self._profile, exported=share)

    def entries(self, folder: str, skip: Callable[[str], bool], only: Iterable[str] | None = None) -> Entries:
        """Walk through one folder; an entry that vanishes meanwhile is left out."""
        with self._folder(folder) as descriptor:
            names = self._names(descriptor, skip) if only is None else ((name, None) for name in only)
            for name, kind in names:
                found = kind or _seen(name, descriptor)
                if found is not None:
                    yield name, found

    def _names(self, descriptor: int, skip: Callable[[str], bool]) -> Iterator[tuple[str, Kind | None]]:
        """Read a folder; what its entries say is enough to tell folders, and to spare a look at the others."""
        with os.scandir(descriptor) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield entry.name, Kind.FOLDER
                elif not skip(entry.name):
                    yield entry.name, None

    def look(self, name: str) -> Look | None:
        """Look at a name; a level that is no folder any more has nothing in it."""
        try:
            with self._folder(parent(name)) as folder:
                return look_of(os.stat(base(name) or ".", dir_fd=folder, follow_symlinks=False))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def open(self, name: str) -> Opened:
        """Open a regular file; a FIFO without a writer does not make it wait."""
        return DiskFile(self._open(name, _FILE), name)

    def make(self, folder: str) -> bool:
        """Make one folder; a sticky bit is not passed on, setgid is."""
        with self._folder(parent(folder)) as above:
            mode, group = self._like._rights  # noqa: SLF001  (the same class)
            try:
                os.mkdir(base(folder), mode & 0o777, dir_fd=above)
            except FileExistsError:
                return False
            made = os.open(base(folder), _FOLDER | os.O_NOFOLLOW, dir_fd=above)
            try:
                durable.share(made, durable.Rights(mode & 0o2777, group))
            finally:
                os.close(made)
        return True

    def create(self, name: str, chunks: Iterable[bytes], *, mtime_ns: int | None = None) -> None:
        """Write a new file."""
        with self._folder(parent(name)) as folder:
            durable.create(base(name), chunks, rights=self._for_files(), folder=folder, mtime_ns=mtime_ns)

    def move(self, source: str, target: str, into: Tree | None = None) -> None:
        """Rename without replacing."""
        there = self if into is None else into
        assert isinstance(there, DiskTree)
        with self._folder(parent(source)) as before, there._folder(parent(target)) as after:  # noqa: SLF001  (the same class)
            durable.rename(base(source), base(target), source_folder=before, target_folder=after)

    def replace(self, source: str, target: str) -> None:
        """Rename over one of our own files in the same folder."""
        with self._folder(parent(source)) as folder:
            durable.replace(base(source), base(target), folder=folder)

    def remove(self, name: str) -> None:
        """Unlink a file."""
        with self._folder(parent(name)) as folder:
            durable.remove(base(name), folder=folder)

    def clear(self, folder: str) -> None:
        """Remove an empty folder."""
        with self._folder(parent(folder)) as above:
            durable.clear(base(folder), folder=above)

    @contextlib.contextmanager
    def reach(self, folder: str) -> Iterator[Path]:
        """Hold a folder open; its path is that of the descriptor, which no link can turn aside."""
        with self._folder(folder) as descriptor:
            yield Path(f"/proc/self/fd/{descriptor}")

    def sync(self, name: str) -> None:
        """Flush a file or a folder."""
        descriptor = self._open(name, _FILE)
        try:
            durable.sync(descriptor)
            # A copy is compared afterwards: let that read the device and not the cache.
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)

    def mark(self, name: str, value: str) -> None:
        """Set the extended attribute, and the rights that go with the root's. Raises `NotRegular`, also of a link."""
        descriptor = self._open(name, _FILE)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
                raise NotRegular(errno.EMLINK, "not a file of ours", name)
            with contextlib.suppress(OSError):
                os.setxattr(descriptor, MARK, value.encode())
            durable.share(descriptor, self._for_files())
        finally:
            os.close(descriptor)

    def marked(self, name: str) -> str | None:
        """Read the extended attribute."""
        descriptor = self._open(name, _FILE)
        try:
            return os.getxattr(descriptor, MARK).decode(errors="replace")
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def _for_files(self) -> durable.Rights:
        """Whoever may use the folder may use what we put there (R50)."""
        mode, group = self._like._rights  # noqa: SLF001  (the same class)
        may_read = (0o040 if mode & 0o050 else 0) | (0o004 if mode & 0o005 else 0)
        return durable.Rights(0o600 | may_read | mode & stat.S_IWGRP, group)

    def _open(self, name: str, flags: int) -> int:
        with self._folder(parent(name)) as folder:
            try:
                return os.open(base(name) or ".", flags, dir_fd=folder)
            except OSError as error:
                if error.errno in {errno.ELOOP, errno.ENXIO}:
                    raise NotRegular(error.errno, "a link or a socket, not a file", name) from error
                raise

    @contextlib.contextmanager
    def _folder(self, name: str) -> Iterator[int]:
        """Open a folder below the root, level by level, through no link."""
        descriptor = self._open_root()
        try:
            for level in name.split("/") if name else ():
                if level in {"", ".", ".."}:
                    raise OSError(errno.EINVAL, "not a name below the watch folder", name)
                below = os.open(level, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = below
            yield descriptor
        finally:
            os.close(descriptor)

    def _open_root(self) -> int:
        try:
            descriptor = os.open(self.root, _FOLDER)
        except OSError as error:
            raise PlaceError(
                f"{display(str(self.root))}: expected a folder that can be read, found: {error.strerror}.",
                hint="Mount it, or give the service's user access; it goes on by itself once it is back.",
            ) from error
        try:
            self._guard.admit(_identity(descriptor), lambda: _read_id(descriptor))
        except BaseException:
            os.close(descriptor)
            raise
        status = os.fstat(descriptor)
        self._rights = durable.Rights(stat.S_IMODE(status.st_mode), status.st_gid)
        return descriptor


def _seen(name: str, folder: int) -> Fingerprint | Kind | None:
    """Look at a name; None where there is nothing."""
    try:
        look = look_of(os.stat(name, dir_fd=folder, follow_symlinks=False))
    except FileNotFoundError:
        return None
    except OSError as error:
        # One file that the storage cannot show is no reason not to see the others.
        if error.errno in OUR_OWN:
            raise
        return Kind.UNKNOWN
    return look.fingerprint if look.kind is Kind.FILE else look.kind


def _identity(descriptor: int) -> Identity:
    status = os.fstat(descriptor)
    return (status.st_dev, status.st_ino, *mounting(descriptor))


def _read_id(root: int) -> str | None:
    """Read the id in our own folder, through no link; None where there is none."""
    try:
        folder = os.open(PROCESSING, _FOLDER | os.O_NOFOLLOW, dir_fd=root)
        try:
            file = os.open(base(TRACE), _FILE, dir_fd=folder)
        finally:
            os.close(folder)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO}:
            return None
        raise
    try:
        return id_in(os.read(file, LONGEST)) if stat.S_ISREG(os.fstat(file).st_mode) else None
    finally:
        os.close(file)
