"""What the kernel and a Finder say of an open file, on a real disk."""

import errno
import fcntl
import mmap
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from panjaya_watchd.places.probes import finder_info, finder_info_of, is_busy, is_written

BUSY = b"brokMACS" + bytes(24)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """Give a file, open for reading as we have it."""
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"x" * 8192)
    descriptor = os.open(path, os.O_RDONLY)
    yield path, descriptor
    os.close(descriptor)


def double(*entries: tuple[int, bytes]) -> bytes:
    """Make an AppleDouble file of entries, kind and content."""
    at = 26 + 12 * len(entries)
    heads, bodies = b"", b""
    for kind, body in entries:
        heads += struct.pack(">III", kind, at + len(bodies), len(body))
        bodies += body
    return b"\x00\x05\x16\x07\x00\x02\x00\x00" + bytes(16) + struct.pack(">H", len(entries)) + heads + bodies


def test_a_writer_is_seen_for_as_long_as_it_has_the_file_open(opened: tuple[Path, int]) -> None:
    """Also one that does nothing: that is the whole point."""
    path, descriptor = opened
    assert is_written(descriptor) is False
    with path.open("ab"):
        assert is_written(descriptor) is True
        assert is_written(descriptor) is True
    assert is_written(descriptor) is False


def test_a_memory_map_is_a_writer_also_when_its_descriptor_is_closed(opened: tuple[Path, int]) -> None:
    """Nothing else tells of it: no size moves, and no time until it is flushed."""
    path, descriptor = opened
    with path.open("r+b") as file:
        pages = mmap.mmap(file.fileno(), 0)
    assert is_written(descriptor) is True
    pages.close()
    assert is_written(descriptor) is False


def test_readers_are_no_writers(opened: tuple[Path, int]) -> None:
    """A virus scanner or a player may have it open for as long as it likes."""
    path, descriptor = opened
    with path.open("rb"):
        assert is_written(descriptor) is False


def test_a_lease_is_given_back_at_once(opened: tuple[Path, int]) -> None:
    """Nobody who opens the file afterwards waits for us, not even one who refuses to wait."""
    path, descriptor = opened
    is_written(descriptor)

    assert fcntl.fcntl(descriptor, fcntl.F_GETLEASE) == fcntl.F_UNLCK
    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))


def test_a_writer_that_comes_while_the_lease_is_held_does_not_end_the_process(tmp_path: Path) -> None:
    """The kernel's word for it, SIGIO, ends a process that expects none; the one asked for is ignored by nature."""
    held = """
import fcntl, os, sys
from panjaya_watchd.places import probes
descriptor = os.open(sys.argv[1], os.O_RDONLY)
real, fcntl.F_UNLCK = fcntl.fcntl, fcntl.F_RDLCK  # the lease is not given back
assert probes.is_written(descriptor) is False
try:
    os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
except BlockingIOError:
    print("the lease was broken, and we live")
"""
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"x")
    said = subprocess.run([sys.executable, "-c", held, str(path)], capture_output=True, text=True, check=False)

    assert (said.returncode, said.stdout) == (0, "the lease was broken, and we live\n"), said.stderr
    assert signal.getsignal(signal.SIGURG) is signal.SIG_DFL


@pytest.mark.parametrize("name", ["EACCES", "EPERM", "EINVAL", "ENOTSUP", "ENOLCK"])
def test_where_the_kernel_does_not_answer_nothing_is_known(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Without CAP_LEASE on another's file, or on a file system without leases."""

    def refuse(*_: object) -> int:
        raise OSError(getattr(errno, name), name)

    monkeypatch.setattr(fcntl, "fcntl", refuse)

    assert is_written(0) is None


def test_another_trouble_of_the_kernel_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A share that fails says so."""

    def refuse(*_: object) -> int:
        raise OSError(errno.EIO, "EIO")

    monkeypatch.setattr(fcntl, "fcntl", refuse)

    with pytest.raises(OSError, match="EIO"):
        is_written(0)


@pytest.mark.parametrize(
    ("file", "notes"),
    [
        (double((9, BUSY)), BUSY),
        (double((2, b"resource"), (9, BUSY + b"more")), BUSY),
        (double((9, b"????????")), b"????????"),
        (double((2, b"resource")), b""),
        (double((9, BUSY))[:30], b""),
        (b"\x00\x05\x16\x07", b""),
        (b"\x00\x05\x16\x07" + bytes(20) + b"\xff\xff", b""),
        (b"", b""),
        (b"a video's own bytes, which are no AppleDouble", b""),
    ],
)
def test_the_finders_notes_are_read_out_of_its_second_file(file: bytes, notes: bytes) -> None:
    """Whatever stands there: half a file, a hostile count, something else."""
    assert finder_info_of(file) == notes


def test_only_a_running_copy_is_busy() -> None:
    """Every other type and creator is a file's own."""
    assert is_busy(BUSY)
    assert not is_busy(b"mpg4TVOD")
    assert not is_busy(b"")


@pytest.mark.parametrize(
    ("attribute", "value", "busy"),
    [
        ("user.com.apple.FinderInfo", BUSY, True),
        ("user.DosStream.AFP_AfpInfo:$DATA", b"AFP\0" + bytes(12) + BUSY + bytes(12), True),
        ("user.org.netatalk.Metadata", double((9, BUSY)), True),
        ("user.cifs.creationtime", struct.pack("<Q", 108_909_236_960_000_000), True),
        ("user.cifs.creationtime", struct.pack("<Q", 132_331_248_000_000_000), False),
        ("user.cifs.creationtime", b"short", False),
        ("user.com.apple.FinderInfo", bytes(32), False),
    ],
)
def test_the_finders_notes_are_found_in_the_attributes_of_servers(
    opened: tuple[Path, int],
    attribute: str,
    value: bytes,
    busy: bool,  # noqa: FBT001
) -> None:
    """Samba, Netatalk and a cifs mount each keep them in a place of their own."""
    path, descriptor = opened
    try:
        os.setxattr(path, attribute, value)
    except OSError:
        reason = "this file system keeps no attributes"
        pytest.skip(reason)

    assert is_busy(finder_info(descriptor)) is busy
