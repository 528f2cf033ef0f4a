"""
What Windows and macOS do over SMB: ``explorer.py WAY PORT USER PASSWORD SHARE SOURCE TARGET COURSE``.

COURSE says what happens half way, as for ``writer.py``. Explorer says the whole length before the
first byte and sets the source's times before it closes. Finder marks the file as busy, in the Finder info that it keeps
beside the content, and takes the mark away when all is done.
"""

import struct
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from smbprotocol.connection import Connection
from smbprotocol.file_info import FileEndOfFileInformation
from smbprotocol.open import (
    CreateDisposition,
    CreateOptions,
    FileAttributes,
    FilePipePrinterAccessMask,
    ImpersonationLevel,
    Open,
    ShareAccess,
    SMB2SetInfoRequest,
)
from smbprotocol.session import Session
from smbprotocol.tree import TreeConnect

sys.path.insert(0, str(Path(__file__).parents[1]))

from bed.servers import BLOCK
from bed.writer import HalfWay, half_way

_SPRING: Final = 132_331_248_000_000_000
"""In May 2020, in tenths of a microsecond since 1601."""

_BASIC, _ALLOCATION, _END_OF_FILE = 4, 19, 20
_BUSY, _FREE = b"brokMACS", bytes(8)
"""Type and creator, at the beginning of the 32 bytes of Finder info."""


class Share:
    """A share that is connected to."""

    def __init__(self, port: int, user: str, password: str, name: str) -> None:
        self.connection = Connection(uuid.uuid4(), "127.0.0.1", port)
        self.connection.connect()
        self.session = Session(self.connection, user, password, require_encryption=False)
        self.session.connect()
        self.tree = TreeConnect(self.session, rf"\\127.0.0.1\{name}")
        self.tree.connect()

    @contextmanager
    def open(self, name: str) -> Iterator[Any]:
        """Open a file for writing, made anew if it is not there; others may read."""
        file = Open(self.tree, name)
        mask = FilePipePrinterAccessMask
        file.create(
            ImpersonationLevel.Impersonation,
            mask.GENERIC_READ | mask.GENERIC_WRITE | mask.DELETE,
            FileAttributes.FILE_ATTRIBUTE_NORMAL,
            ShareAccess.FILE_SHARE_READ,
            CreateDisposition.FILE_OPEN_IF,
            CreateOptions.FILE_NON_DIRECTORY_FILE,
        )
        yield file
        file.close()

    def tell(self, file: Any, kind: int, value: Any) -> None:
        """Set one kind of information of an open file."""
        request = SMB2SetInfoRequest()
        request["info_type"] = 1
        request["file_info_class"] = kind
        request["file_id"] = file.file_id
        request["buffer"] = value
        sent = self.connection.send(request, self.session.session_id, self.tree.tree_connect_id)
        self.connection.receive(sent)

    def copy(
        self, content: bytes, name: str, at_half: HalfWay, *, at_end: HalfWay | None = None, allocating: bool = False
    ) -> None:
        """Write a file as Explorer does: length, content, times; ``at_end`` comes between the last two."""
        with self.open(name) as file:
            if allocating:
                self.tell(file, _ALLOCATION, len(content).to_bytes(8, "little"))
            end = FileEndOfFileInformation()
            end["end_of_file"] = len(content)
            self.tell(file, _END_OF_FILE, end)
            blocks = range(0, len(content), BLOCK)
            for begin in blocks:
                if begin == blocks[len(blocks) // 2]:
                    at_half()
                file.write(content[begin : begin + BLOCK], begin)
            if at_end is not None:
                at_end()
            self.tell(file, _BASIC, struct.pack("<QQQQLL", *(4 * [_SPRING]), 0x20, 0))

    def mark(self, name: str, info: bytes) -> None:
        """Write what Finder keeps beside the content."""
        with self.open(name) as file:
            file.write(info, 0)


def beside(busy: bytes) -> tuple[str, bytes]:
    """Give the name and the content of the file beside a film: AppleDouble, of Finder info and an empty second fork."""
    info = busy + bytes(24)
    head = struct.pack(">II16sH", 0x0005_1607, 0x0002_0000, b"Mac OS X        ", 2)
    return "._{}", head + struct.pack(">IIIIII", 9, 50, 32, 2, 82, 0) + info


def stream(busy: bytes) -> tuple[str, bytes]:
    """Give the name and the content of the stream that holds the Finder info: AFP_AfpInfo, 60 bytes."""
    return "{}:AFP_AfpInfo", struct.pack(">4sIIi8s24s12s", b"AFP\0", 0x100, 0, -(1 << 31), busy, b"", b"")


if __name__ == "__main__":
    way, port, user, password, share_name, source, into, course = sys.argv[1:]
    share, content, name = Share(int(port), user, password, share_name), Path(source).read_bytes(), Path(into).name
    if way.startswith("finder"):
        place = stream if way == "finder-stream" else beside
        for said in (_BUSY, _FREE):
            where, info = place(said)
            share.mark(where.format(name), info)
            if said is _BUSY:
                share.copy(content, name, half_way(course))
                half_way(course)()  # the mark stands on a film that is whole by now
    else:
        at_half = half_way(course)
        share.copy(content, name, at_half, at_end=at_half, allocating=way == "allocating")
    share.connection.disconnect()
