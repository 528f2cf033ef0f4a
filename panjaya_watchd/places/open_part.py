"""
An open part: read from one descriptor, and held against what it was, so that no change passes unseen.

A swap of the name cannot smuggle in another file, and whoever still has the file open gives himself away.
"""

from panjaya_watchd.core.drop import Fingerprint
from panjaya_watchd.core.names import display
from panjaya_watchd.places.base import Unsettled
from panjaya_watchd.places.naming import base
from panjaya_watchd.places.steps import fresh
from panjaya_watchd.places.tree import Opened, Tree
from panjaya_watchd.places.trouble import border


class OpenPart:
    """
    An open part; any change since it was opened is seen.

    ``exact``: the kernel that we ask is the one that writes. Then also seen is a change that puts ``mtime`` back, for
    ``ctime`` moves, and a program that has the file open for writing and has not written yet. Elsewhere ``ctime`` says
    little: a FUSE mount shows the one from before our own rename for a second (measured with bindfs).
    """

    def __init__(self, tree: Tree, name: str, file: Opened, *, exact: bool = True) -> None:
        self._tree = tree
        self._name = name
        self._file = file
        self._exact = exact
        self._opened = file.fingerprint()
        self.size = self._opened.size

    def read(self, limit: int) -> bytes:
        """Read on."""
        with border(self._tree.root, "reading a part"):
            return self._file.read(limit)

    def changed(self) -> str | None:
        """Compare the descriptor with its beginning, and the name, opened afresh, with the descriptor."""
        own = display(base(self._name))
        with border(self._tree.root, "looking at a part again"):
            if self._differs(self._file.fingerprint()):
                return f"{own} was changed while it was being read"
            try:
                now = fresh(self._tree, self._name)
            except Unsettled as unsettled:
                return unsettled.why
            if now is None or now.ino != self._opened.ino:
                return f"{own} was moved away or replaced while it was being read"
            if self._differs(now):
                return f"{own} was changed while it was being read"
            if self._exact and self._file.is_written():
                return f"{own} was opened for writing while it was being read"
        return None

    def _differs(self, now: Fingerprint) -> bool:
        return now != self._opened if self._exact else not now.same_content(self._opened)

    def close(self) -> None:
        """Let go."""
        self._file.close()
