"""
The kernel's change notices: whether one comes for a name, and how many watches and instances are left.

Asked directly, because the daemon's own listener is deaf to hidden names, and a probe has no other.
"""

import contextlib
import ctypes
import errno
import os
import re
import select
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from panjaya_watchd.doctor.findings import Finding, ok, warning
from panjaya_watchd.doctor.identity import user_name

_IN_CREATE: Final = 0x100
_HEAD: Final = struct.Struct("iIII")
"""A ``struct inotify_event`` without its name (inotify(7))."""

_LIMITS: Final = Path("/proc/sys/fs/inotify")

_WATCH: Final = re.compile(rb"^inotify wd:", re.MULTILINE)


class Ear:
    """Hears which names are made in a folder, from its making to its end."""

    def __init__(self, folder: Path) -> None:
        """Begin to listen; OSError where the kernel gives no instance (EMFILE) or no watch (ENOSPC)."""
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = _checked(libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))
        try:
            _checked(libc.inotify_add_watch(self._descriptor, os.fsencode(folder), ctypes.c_uint32(_IN_CREATE)))
        except OSError:
            os.close(self._descriptor)
            raise

    def hears(self, name: str, seconds: float) -> bool:
        """Wait until a name is told; False where that time is over."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        while poll.poll(seconds * 1000):
            if os.fsencode(name) in _names(os.read(self._descriptor, 1 << 16)):
                return True
        return False

    def close(self) -> None:
        """Stop listening."""
        os.close(self._descriptor)


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _names(events: bytes) -> set[bytes]:
    names, at = set(), 0
    while at < len(events):
        length = _HEAD.unpack_from(events, at)[3]
        at += _HEAD.size
        names.add(events[at : at + length].rstrip(b"\0"))
        at += length
    return names


def no_notices(error: OSError) -> Finding:
    """Say what it means that the kernel gave us nothing to listen with."""
    key = "max_user_instances" if error.errno == errno.EMFILE else "max_user_watches"
    found = f"The kernel gives no change notices: {error.strerror}. Drops are found by the periodic look only."
    return warning("notices", found, _raise(key))


def _raise(key: str) -> str:
    return f"Raise fs.inotify.{key}, for instance to twice what sysctl says now, in /etc/sysctl.d/."


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """How many watches and instances the processes of one user hold."""

    watches: int
    instances: int


def used(uid: int, proc: Path = Path("/proc")) -> Used:
    """Count what one user's processes hold, as far as we may look at them; instances that nobody uses count too."""
    counts = [len(_WATCH.findall(told)) for process in _processes(uid, proc) for told in _instances(process)]
    return Used(watches=sum(counts), instances=len(counts))


def _processes(uid: int, proc: Path) -> Iterator[Path]:
    for process in proc.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid == uid:
                yield process


def _instances(process: Path) -> Iterator[bytes]:
    with contextlib.suppress(OSError):
        for link in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                if os.readlink(link) == "anon_inode:inotify":  # noqa: PTH115  (it is no path)
                    yield (process / "fdinfo" / link.name).read_bytes()


def judge(uid: int, *, watches: int, instances: int, limits: Path = _LIMITS) -> Iterator[Finding]:
    """
    Hold what the daemon will need beside what is left to its user.

    Args:
        uid: the service's user.
        watches: folders that are still to be watched; 0 where the daemon runs, for then they are among what is used.
        instances: the same of watch folders.
        limits: where the kernel keeps them.

    """
    now, who = used(uid), user_name(uid)
    wanted = {
        "max_user_watches": (now.watches, watches, "watches"),
        "max_user_instances": (now.instances, instances, "instances"),
    }
    for key, (held, more, what) in wanted.items():
        limit = int((limits / key).read_text())
        found = f"inotify: {who} holds {held} of {limit} {what}"
        found += f", and the daemon will ask for {more} more." if more else "."
        if held + more > limit:
            yield warning("inotify", f"{found} Some drops will be found by the periodic look only.", _raise(key))
        else:
            yield ok("inotify", found)
