"""
Block devices of which every write and flush is written down, in the one order in which they came.

Each is a single file in user space, served in the kernel's own FUSE protocol (``linux/fuse.h``), with a loop device on
top, which passes writes on at once and turns a flush into the fsync of its file. A process of its own serves them, for
whoever works on a device waits in the kernel until it is served. Needs root.
"""

import ctypes
import enum
import errno
import mmap
import multiprocessing
import os
import selectors
import signal
import stat
import struct
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final, Self


class Op(enum.IntEnum):
    """What the kernel asks for; anything else is answered with ENOSYS, which it takes for good."""

    FORGET = 2
    GETATTR = 3
    OPEN = 14
    READ = 15
    WRITE = 16
    RELEASE = 18
    FSYNC = 20
    FLUSH = 25
    INIT = 26
    INTERRUPT = 36


_ASKED: Final = struct.Struct("<IIQ24x")
_RANGE: Final = struct.Struct("<8xQI20x")
_ANSWER: Final = struct.Struct("<IiQ")
_WELCOME: Final = struct.Struct("<4IHHIIHHI28x")
_ATTRIBUTES: Final = struct.Struct("<Q8x3Q24x12x7I")
_ENTRY: Final = struct.Struct("<B?QI")

_BIG_WRITES: Final = 1 << 5
_MINOR: Final = 31
_MOST: Final = 128 << 10
"""Bytes of one write."""

_PDEATHSIG: Final = 1
_DETACH: Final = 2
LIBC: Final = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Entry:
    """What came to a device: a write, or a flush, which has no content."""

    device: int
    offset: int
    content: bytes | None


class Recorder:
    """
    Loop devices, one over each image; a context manager.

    Args:
        images: what the devices hold; they are changed.
        home: a directory in memory, for the log.

    """

    def __init__(self, images: Sequence[Path], home: Path) -> None:
        self.devices: list[str] = []
        self._images = images
        self._log = home / "log"
        self._files = [home / f"device-{number}" for number in range(len(images))]
        self._counted = mmap.mmap(-1, mmap.PAGESIZE)
        self._stack = ExitStack()

    @property
    def position(self) -> int:
        """Count the entries by now: all that was done before has come to the devices before, or not at all."""
        return int(struct.unpack_from("<Q", self._counted)[0])

    def entries(self) -> list[Entry]:
        """Read what was written down."""
        content, found, at = self._log.read_bytes(), list[Entry](), 0
        while at < len(content):
            device, is_write, offset, size = _ENTRY.unpack_from(content, at)
            at += _ENTRY.size
            found.append(Entry(device, offset, content[at : at + size] if is_write else None))
            at += size
        return found

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            channels = [os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC) for _ in self._images]
            for channel, file in zip(channels, self._files, strict=True):
                _mount(file, channel)
                stack.callback(_unmount, file)
            # Not before: a channel that is waited for before it is mounted never wakes anybody.
            server = multiprocessing.get_context("fork").Process(target=self._serve, args=(channels,), daemon=True)
            server.start()
            stack.callback(self._end, server)
            for channel in channels:
                os.close(channel)
            for file in self._files:
                device = run("losetup", "--find", "--show", str(file))
                # Detached while it is in use it goes with its last user, whatever ends that.
                stack.callback(os.close, os.open(device, os.O_RDWR | os.O_CLOEXEC))
                run("losetup", "--detach", device)
                self.devices.append(device)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _end(self, server: BaseProcess) -> None:
        for file in self._files:
            _unmount(file)
        server.join()

    # What happens in the process that serves

    def _serve(self, channels: Sequence[int]) -> None:
        LIBC.prctl(_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with self._log.open("wb", buffering=0) as log, selectors.DefaultSelector() as waiting:
            for device, channel in enumerate(channels):
                image = os.open(self._images[device], os.O_RDWR | os.O_CLOEXEC)
                waiting.register(channel, selectors.EVENT_READ, (device, image))
            while waiting.get_map():
                for key, _ in waiting.select():
                    try:
                        request = os.read(key.fd, _MOST + mmap.PAGESIZE)
                    except OSError as error:
                        if error.errno == errno.ENODEV:
                            waiting.unregister(key.fd)
                        continue
                    device, image = key.data
                    answer = self._answer(log.fileno(), device, image, request)
                    if answer is not None:
                        with suppress(FileNotFoundError):  # whoever asked does not wait any more: it was unmounted
                            os.write(key.fd, answer)

    def _answer(self, log: int, device: int, image: int, request: bytes) -> bytes | None:
        _, asked, unique = _ASKED.unpack_from(request)
        body, error, answer = memoryview(request)[_ASKED.size :], 0, b""
        match asked:
            case Op.INIT:
                major, _, ahead = struct.unpack_from("<3I", body)
                answer = _WELCOME.pack(major, _MINOR, ahead, _BIG_WRITES, 16, 12, _MOST, 1, 0, 0, 0)
            case Op.GETATTR:
                answer = _attributes(os.fstat(image).st_size)
            case Op.OPEN:
                answer = bytes(16)
            case Op.READ:
                offset, size = _RANGE.unpack_from(body)
                answer = os.pread(image, size, offset)
            case Op.WRITE:
                offset, size = _RANGE.unpack_from(body)
                content = body[_RANGE.size : _RANGE.size + size]
                os.pwrite(image, content, offset)
                self._note(log, _ENTRY.pack(device, True, offset, size), content)
                answer = struct.pack("<I4x", size)
            case Op.FSYNC:
                self._note(log, _ENTRY.pack(device, False, 0, 0), b"")
            case Op.FLUSH | Op.RELEASE:
                pass
            case Op.FORGET | Op.INTERRUPT:
                return None
            case _:
                error = errno.ENOSYS
        return _ANSWER.pack(_ANSWER.size + len(answer), -error, unique) + answer

    def _note(self, log: int, head: bytes, content: bytes | memoryview) -> None:
        os.writev(log, [head, content])
        struct.pack_into("<Q", self._counted, 0, self.position + 1)


def _mount(file: Path, channel: int) -> None:
    """Have the root of a FUSE file system be a regular file, on top of an empty one."""
    file.touch()
    options = f"fd={channel},rootmode={stat.S_IFREG | 0o600:o},user_id=0,group_id=0"
    if LIBC.mount(b"powercut", os.fsencode(file), b"fuse", 0, options.encode()):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(file))


def _unmount(file: Path) -> None:
    """Let it go with its last user; once more does no harm."""
    LIBC.umount2(os.fsencode(file), _DETACH)


def _attributes(size: int) -> bytes:
    return _ATTRIBUTES.pack(1 << 30, 1, size, size >> 9, stat.S_IFREG | 0o600, 1, 0, 0, 0, 4096, 0)


def run(*words: str) -> str:
    """Run a program of the system; give what it prints."""
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise OSError(f"{' '.join(words)}: {ran.stderr.strip()}")
    return ran.stdout.strip()
