"""
A copy as Windows Explorer makes it: ``explorer.py USER PASSWORD SHARE SOURCE NAME SECONDS WAY``.

The whole length first, then the content, then the source's times; half way it stops for SECONDS. Nobody else may open
the file meanwhile where WAY is ``alone``; the program dies half way where it is ``dying``. Prints the wall time of the
last byte.
"""

import os
import struct
import sys
import time
import uuid
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

BLOCK: Final = 1 << 18
_SPRING: Final = 132_331_248_000_000_000
"""In May 2020, in tenths of a microsecond since 1601."""
_BASIC, _END_OF_FILE = 4, 20


def copy(tree: TreeConnect, content: bytes, name: str, seconds: float, way: str) -> float:
    """Copy; give the wall time at which the last byte was written."""
    connection = tree.session.connection
    file = Open(tree, name)
    mask = FilePipePrinterAccessMask
    file.create(
        ImpersonationLevel.Impersonation,
        mask.GENERIC_READ | mask.GENERIC_WRITE | mask.DELETE,
        FileAttributes.FILE_ATTRIBUTE_NORMAL,
        0 if way == "alone" else ShareAccess.FILE_SHARE_READ,
        CreateDisposition.FILE_OVERWRITE_IF,
        CreateOptions.FILE_NON_DIRECTORY_FILE,
    )

    def tell(kind: int, value: Any) -> None:
        request = SMB2SetInfoRequest()
        request["info_type"] = 1
        request["file_info_class"] = kind
        request["file_id"] = file.file_id
        request["buffer"] = value
        connection.receive(connection.send(request, tree.session.session_id, tree.tree_connect_id))

    length = FileEndOfFileInformation()
    length["end_of_file"] = len(content)
    tell(_END_OF_FILE, length)
    for begin in range(0, len(content), BLOCK):
        if begin <= len(content) // 2 < begin + BLOCK:
            time.sleep(seconds)
            if way == "dying":
                os._exit(9)
        file.write(content[begin : begin + BLOCK], begin)
    tell(_BASIC, struct.pack("<QQQQLL", *(4 * [_SPRING]), 0x20, 0))
    file.close()
    return time.time()


if __name__ == "__main__":
    user, password, share, source, name, seconds, way = sys.argv[1:]
    connection = Connection(uuid.uuid4(), "127.0.0.1", 445)
    connection.connect()
    session = Session(connection, user, password, require_encryption=False)
    session.connect()
    tree = TreeConnect(session, rf"\\127.0.0.1\{share}")
    tree.connect()
    print(copy(tree, Path(source).read_bytes(), name, float(seconds), way))
    connection.disconnect()
