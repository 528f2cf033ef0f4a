"""
Content: what a look into a video says about whether all of it is there.

Quiet tells that nobody writes; only the content tells that nobody stopped half way. A walk along the container gives an
`Ending`; what becomes of the drop by it is judged here, from the folder's rule and how long the drop has been still.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from panjaya_watchd.core.order import Refusal


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
        """Give the first byte from ``offset`` on that was never written; ``size``: there is none, or no telling."""

    def data(self, offset: int) -> int:
        """Give the first byte from ``offset`` on that was written; ``size`` where none was."""


class ContentCheck(StrEnum):
    """What a watch folder wants of a video that does not look whole; ``warn`` sends it and says so in the receipt."""

    ENFORCE = "enforce"
    WARN = "warn"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How an unfinished video is met: the folder's ``check``, and whether it has had its ``grace`` by now."""

    check: ContentCheck = ContentCheck.ENFORCE
    over: bool = False


PATIENT: Final = Patience()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """
    What a video says of itself.

    ``duration`` is in seconds, None where it does not tell; ``languages`` are the ISO 639 codes of its sound tracks.
    """

    duration: float | None
    has_video: bool = True
    has_audio: bool = True
    languages: tuple[str, ...] = ()


AGAIN: Final = "Please copy it again."

_EARLY: Final = Refusal(
    why="The file ends early. " + AGAIN,
    todo="Drop the video once more and wait until the copy has ended. If it ends early where it comes from as well, "
    "export it again.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """It does not look whole, and may still become so; ``says`` continues a sentence that begins with its name."""

    says: str


def judge(ending: Ending, patience: Patience) -> Unfinished | Refusal | str | None:
    """
    Say what becomes of a video by its end.

    Returns:
        `Unfinished` to wait, `Refusal` to give up, a sentence to go on and warn, None to go on.

    """
    if ending.verdict is Wholeness.WHOLE or patience.check is ContentCheck.OFF:
        return None
    if ending.verdict is Wholeness.UNPROVEN or patience.check is ContentCheck.WARN:
        return f"Whether the video is whole could not be proved: it {ending.says}."
    if patience.over:
        return replace(_EARLY, seen=f"the file {ending.says}")
    return Unfinished(says=f"looks unfinished: it {ending.says}")


_NO_PICTURE: Final = Refusal(
    why="This file has no picture that can be read.",
    todo="Open it in a video player; if it plays, export it as MP4 (H.264 with AAC sound).",
)


def judge_streams(ending: Ending, measured: Measured | None, check: ContentCheck) -> Refusal | None:
    """
    Refuse what the service would refuse after it was paid for: no video at all, or one without picture or sound.

    What could not be measured goes on, unless its beginning is no video's either (R47).
    """
    if check is not ContentCheck.ENFORCE:
        return None
    if measured is None:
        return _NO_PICTURE if ending.container is None else None
    if not measured.has_video:
        return _NO_PICTURE
    if not measured.has_audio:
        return Refusal(why="This video has no sound.", todo="Export it again with its audio track.")
    return None
