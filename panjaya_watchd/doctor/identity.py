"""
As whom the service works: its user, groups and privileges, and the mounts that it sees.

What root can do says little about what the service can. Where a daemon runs, the kernel tells who it is, by the control
socket; else the unit or the password database does. `become` makes this very process that user, for good.
"""

import ctypes
import grp
import os
import pwd
import re
import socket
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

CAP_LEASE: Final = 28
"""The bit of the capability (capability.h): to ask for leases on other users' files."""

_CAPABILITY_VERSION: Final = 0x20080522
"""``_LINUX_CAPABILITY_VERSION_3`` (capget(2)): two words of 32 bits for each set."""

_PR_SET_KEEPCAPS: Final = 8
_CLONE_NEWNS: Final = 0x00020000
_CREDENTIALS: Final = struct.calcsize("3i")
"""Bytes of a ``struct ucred``: pid, uid, gid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """
    Who looks.

    ``capabilities`` is the effective set as bits, ``umask`` what is masked in the mode of what is made. ``pid`` is the
    process whose mounts are seen, None for our own.
    """

    uid: int
    gid: int
    groups: tuple[int, ...]
    capabilities: int
    umask: int
    pid: int | None = None

    @property
    def may_lease(self) -> bool:
        """Say whether it may ask who writes into other people's files."""
        return bool(self.capabilities >> CAP_LEASE & 1)

    @property
    def user(self) -> str:
        """Give its name, or its number where it has none."""
        return user_name(self.uid)

    @property
    def called(self) -> str:
        """Give its name for a sentence."""
        return f"user {self.uid}" if self.user.isdecimal() else self.user

    @property
    def rights(self) -> str:
        """Give its name, its groups and whether it may ask who writes into other people's files."""
        groups = ", ".join(group_name(group) for group in sorted({self.gid, *self.groups}))
        return f"{self.called} (groups: {groups}; {'with' if self.may_lease else 'without'} CAP_LEASE)"


def user_name(uid: int) -> str:
    """Give a user's name, or the number of one that has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_name(gid: int) -> str:
    """Give a group's name, or the number of one that has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def own() -> Identity:
    """Say who we are."""
    identity = of_process(os.getpid())
    assert identity is not None, "there is no /proc"
    return replace(identity, pid=None)


def of_process(pid: int) -> Identity | None:
    """Say who a process is; None where the kernel does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = dict(re.findall(r"^(Uid|Gid|Groups|CapEff|Umask):[ \t]*(.*)$", status, re.MULTILINE))
    try:
        return Identity(
            uid=int(fields["Uid"].split()[1]),
            gid=int(fields["Gid"].split()[1]),
            groups=tuple(int(group) for group in fields["Groups"].split()),
            capabilities=int(fields["CapEff"], 16) if _same("user", pid) else 0,
            umask=int(fields["Umask"], 8),
            pid=pid,
        )
    except (KeyError, IndexError, ValueError, OSError):
        return None


def of_user(name: str, group: str, more: tuple[str, ...], *, lease: bool, umask: int) -> Identity | None:
    """Say who a user will be once the service is started; None where there is no such user, or no such group."""
    try:
        entry = pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
        gid = _group(group) if group else entry.pw_gid
        groups = {*os.getgrouplist(entry.pw_name, gid), *(_group(each) for each in more)}
    except KeyError:
        return None
    rights = int(lease) << CAP_LEASE
    return Identity(uid=entry.pw_uid, gid=gid, groups=tuple(sorted(groups)), capabilities=rights, umask=umask)


def _group(name: str) -> int:
    return grp.getgrgid(int(name)).gr_gid if name.isdecimal() else grp.getgrnam(name).gr_gid


def listener_of(control: Path) -> int | None:
    """Ask the kernel which process listens on a control socket; None where none does, or it cannot be told."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as speaker:
            speaker.settimeout(2.0)
            speaker.connect(os.fspath(control))
            told = speaker.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS)
    except OSError:
        return None
    pid: int = struct.unpack("3i", told)[0]
    return pid or None


def become(identity: Identity) -> None:
    """
    Make this process somebody, for good; only root can. It must have one thread, and do nothing else afterwards.

    Raises:
        OSError: the kernel refuses.

    """
    if identity == own():
        return
    os.umask(identity.umask)
    libc = ctypes.CDLL(None, use_errno=True)
    if identity.pid is not None:
        _see_as(identity.pid, libc)
    _call(libc.prctl, _PR_SET_KEEPCAPS, 1, 0, 0, 0)  # else a change of the user takes every capability away
    os.setgroups(identity.groups)
    os.setresgid(identity.gid, identity.gid, identity.gid)
    os.setresuid(identity.uid, identity.uid, identity.uid)
    kept = identity.capabilities & _permitted()
    low, high = kept & 0xFFFFFFFF, kept >> 32
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _call(libc.capset, header, (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0))


def _see_as(pid: int, libc: ctypes.CDLL) -> None:
    """See the mounts that a process sees: the unit hides much of the machine from the service."""
    if _same("mnt", pid):
        return
    descriptor = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _call(libc.setns, descriptor, _CLONE_NEWNS)
    finally:
        os.close(descriptor)


def _same(kind: str, pid: int) -> bool:
    """Say whether a process shares a namespace with us; in another one for users, its privileges mean nothing here."""
    return Path(f"/proc/{pid}/ns/{kind}").stat().st_ino == Path(f"/proc/self/ns/{kind}").stat().st_ino


def _permitted() -> int:
    status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
    found = re.search(r"^CapPrm:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return int(found[1], 16) if found else 0


def _call(function: "ctypes._NamedFuncPointer", *words: object) -> None:
    if function(*words):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
