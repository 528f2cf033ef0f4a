"""
What a failed step on a disk means to a person: the kernel's error becomes a `PlaceError` with what to do next.

The one border of this room: no `OSError` leaves a verb.
"""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from panjaya_watchd.core.names import display
from panjaya_watchd.errors import PlaceError

_HINTS: Final = {
    errno.ENOSPC: "Free some space on that disk; it is tried again by itself.",
    errno.EDQUOT: "Raise the quota or free some space; it is tried again by itself.",
    errno.EROFS: "Mount it writable; it is tried again by itself.",
    errno.EACCES: "Give the service's user the right to read, write and enter the folder.",
    errno.EPERM: "Give the service's user the right to rename files in the folder; a sticky bit forbids it.",
    errno.EMLINK: "Delete one of its two names, or copy the file; it is tried again by itself.",
    errno.EMFILE: "Raise LimitNOFILE of the service.",
    errno.ENOTDIR: "Rename what stands there: a real folder is needed, not a file and not a link.",
    errno.ELOOP: "Replace the link with what it points at: links are not followed inside a watch folder.",
    errno.EIO: "Check the disk or the share; it is tried again by itself.",
    errno.ESTALE: "Check that the share's server is up; it is tried again by itself.",
}


@contextlib.contextmanager
def border(root: Path, doing: str) -> Iterator[None]:
    """Turn an `OSError` into a `PlaceError` that says what was being done and where."""
    try:
        yield
    except OSError as error:
        what = f" ({display(str(error.filename))})" if error.filename is not None else ""
        reason = error.strerror or str(error)
        raise PlaceError(
            f"{display(str(root))}: {doing} failed{what}: {reason}.",
            hint=_HINTS.get(error.errno or 0, "Check that the folder can be used; it is tried again by itself."),
        ) from error
