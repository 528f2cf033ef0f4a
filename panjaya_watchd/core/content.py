"""
Content: what a look into a video says about whether all of it is there.

Quiet tells that nobody writes; only the content tells that nobody stopped half way. A walk along the container gives an
`Ending`; what becomes of the drop by it is judged here, from the folder's rule and how long the drop has been still.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Wholeness(StrEnum):
    """``unproven``: the container cannot tell, as a live recording or a kind that is not known here."""

    WHOLE = "whole"
    UNFINISHED = "unfinished"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """
    What the end of a video says. ``container`` is a short name such as ``mp4``, None where it is not known.

    ``says`` continues a sentence that begins with the file's name, such as ``ends 380733 bytes early``; empty if whole.
    """

    verdict: Wholeness
    container: str | None = None
    says: str = ""


class Reads(Protocol):
    """An open file that is read by position. Every method raises `OSError` where the storage fails."""

    size: int

    def read_at(self, offset: int, limit: int) -> bytes:
        """Read up to ``limit`` bytes; fewer only at the end of the file."""

    def hole(self, offset: int) -> int:
        """Give the first byte from ``offset`` on that was never written; ``size`` where there is none, or no telling."""

    def data(self, offset: int) -> int:
        """Give the first byte from ``offset`` on that was written; ``size`` where none was."""
