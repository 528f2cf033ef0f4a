"""What each kind of mount answers to the calls that the daemon makes of it, as lines for a person to read."""

import contextlib
import errno
import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bench.vm.host import FOLDERS, HOME, run, server
from panjaya_watchd.places.disk_file import DiskFile
from panjaya_watchd.places.durable import rename, renameat2
from panjaya_watchd.places.mounts import mounting
from panjaya_watchd.places.probes import is_written

SIZE: Final = 4 << 20


def told() -> Iterator[str]:
    """Give a line for each mount and question."""
    for folder in FOLDERS:
        here, there = HOME / folder, server(folder)
        yield f"{folder}: {_line(here)}"
        for what, ask in QUESTIONS.items():
            yield f"{folder}: {what}: {_answer(ask, here, there)}"
        for left in (*there.glob("fact-*"), *there.glob("facts-*/*")):
            if left.is_file():
                left.unlink()
        for folder_left in there.glob("facts-*"):
            folder_left.rmdir()
        time.sleep(1)


def _answer(ask: Callable[[Path, Path], str], here: Path, there: Path) -> str:
    try:
        return ask(here, there)
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))


def _line(here: Path) -> str:
    lines = [line for line in run("cat /proc/self/mounts").splitlines() if line.split()[1] == str(here)]
    options = lines[-1].split()[2:4] if lines else ["the root's disk"]
    return " ".join(options)


def _noreplace(here: Path, _: Path) -> str:
    (here / "fact-1").write_bytes(b"1")
    (here / "facts-1").mkdir()
    said = []
    for source, target in (("fact-1", "facts-1/fact-1"), ("facts-1", "facts-2")):
        with contextlib.suppress(FileNotFoundError):
            try:
                renameat2(os.fsencode(here / source), None, os.fsencode(here / target), None)
                said.append("yes")
            except OSError as error:
                said.append(errno.errorcode[error.errno or 0])
    return f"a file {said[0]}, a folder {said[1]}"


def _by_link(here: Path, _: Path) -> str:
    (here / "fact-2").write_bytes(b"2")
    (here / "fact-3").write_bytes(b"3")
    before = (here / "fact-2").stat()

    def refused(*_ignored: object) -> None:
        raise OSError(errno.EINVAL, "as on NFS")

    try:
        rename(here / "fact-2", here / "fact-3", natively=refused)
        taken = "REPLACED A TAKEN NAME"
    except FileExistsError:
        taken = "refuses a taken name"
    rename(here / "fact-2", here / "fact-4", natively=refused)
    after = (here / "fact-4").stat()
    kept = "same inode" if before.st_ino == after.st_ino else "ANOTHER INODE"
    return f"{taken}, {kept}, mtime {'kept' if before.st_mtime_ns == after.st_mtime_ns else 'CHANGED'}"


def _folder_sync(here: Path, _: Path) -> str:
    descriptor = os.open(here, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return "yes"


def _hole(here: Path, there: Path) -> str:
    with (there / "fact-5").open("wb") as sparse:
        sparse.write(b"x" * (1 << 20))
        sparse.truncate(SIZE)
    os.sync()
    file = DiskFile(os.open(here / "fact-5", os.O_RDONLY), "fact-5")
    with contextlib.closing(file):
        found = file.hole(0)
        return f"the first at {found} of {file.size}, written to {1 << 20}; data after it at {file.data(found)}"


def _attribute(here: Path, _: Path) -> str:
    (here / "fact-6").write_bytes(b"6")
    os.setxattr(here / "fact-6", "user.panjaya-watchd.result", b"yes")
    return os.getxattr(here / "fact-6", "user.panjaya-watchd.result").decode()


def _lease(here: Path, there: Path) -> str:
    answers = {True: "refused", False: "granted", None: "no answer"}
    with (there / "fact-7").open("wb") as file:
        file.write(b"7")
        file.flush()
        descriptor = os.open(here / "fact-7", os.O_RDONLY)
        during = is_written(descriptor)
        os.close(descriptor)
    descriptor = os.open(here / "fact-7", os.O_RDONLY)
    after = is_written(descriptor)
    os.close(descriptor)
    return f"{answers[during]} while the server writes, {answers[after]} afterwards"


def _notice(here: Path, there: Path) -> str:
    heard: list[int] = []
    descriptor = os.open(here, os.O_RDONLY | os.O_DIRECTORY)
    before = signal.signal(signal.SIGIO, lambda number, _: heard.append(number))
    try:
        fcntl.fcntl(descriptor, fcntl.F_NOTIFY, fcntl.DN_CREATE | fcntl.DN_MULTISHOT)
        (there / "fact-8").write_bytes(b"8")
        time.sleep(1)
    finally:
        os.close(descriptor)
        signal.signal(signal.SIGIO, before)
    return "heard" if heard else "silent"


def _stale(here: Path, there: Path) -> str:
    (there / "fact-9").write_bytes(b"9")
    (here / "fact-9").stat()
    list(here.iterdir())
    time.sleep(0.1)
    (there / "fact-9").write_bytes(b"99")
    (there / "fact-10").write_bytes(b"")
    changed = time.monotonic()
    found: dict[str, float] = {}
    while len(found) < 3 and time.monotonic() < changed + 45:
        now = time.monotonic() - changed
        if "look" not in found and (here / "fact-9").stat().st_size == 2:
            found["look"] = now
        if "listed" not in found and (here / "fact-10") in here.iterdir():
            found["listed"] = now
        if "open" not in found:
            descriptor = os.open(here / "fact-9", os.O_RDONLY) if now > 20 or "look" in found else None
            if descriptor is not None:
                found["open"] = now if os.fstat(descriptor).st_size == 2 else -1
                os.close(descriptor)
        time.sleep(0.2)
    shown = (f"{what} after {seconds:.1f} s" for what, seconds in sorted(found.items()))
    return ", ".join(shown)


def _mounting(here: Path, _: Path) -> str:
    descriptor = os.open(here, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return f"device {os.fstat(descriptor).st_dev}, number {mounting(descriptor)}"
    finally:
        os.close(descriptor)


QUESTIONS: Final[dict[str, Callable[[Path, Path], str]]] = {
    "identity": _mounting,
    "RENAME_NOREPLACE": _noreplace,
    "renaming by link and unlink": _by_link,
    "fsync of a folder": _folder_sync,
    "SEEK_HOLE": _hole,
    "extended attribute": _attribute,
    "read lease": _lease,
    "notice of the server's change": _notice,
    "a change on the server is seen": _stale,
}
