r"""
SRT subtitles: the translation to speak, checked before anything is spent.

The format has no standard; what is taken here is what every player takes: a number, a time line, the text, an empty
line. Lenient parsers turn half a file into wrong words, so this one is strict and names the line. It never changes a
word: only line ends, the decimal sign and what stands after the times are made uniform.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final, TypeAlias

from panjaya_watchd.core.names import display
from panjaya_watchd.errors import SidecarError
from panjaya_watchd.sidecar.text import decode

TEXT_LIMIT: Final = 900 * 1024
"""Bytes of UTF-8; the API's kind of server refuses a form field above 1 MiB (CVE-2024-47874), and JSON adds some."""

FILE_LIMIT: Final = 4 * TEXT_LIMIT
"""Bytes of a file that can still be that much text: UTF-32 has four for each character."""

CUE_LIMIT: Final = 20_000
"""Four times what a film of ten hours has."""

LINE_LIMIT: Final = 200_000
"""Ten for each subtitle. A file of nothing but line ends would take a hundred times its size in memory."""

_TIME: Final = re.compile(
    r"(\d\d):([0-5]\d):([0-5]\d)[,.](\d{3})\s*-->\s*(\d\d):([0-5]\d):([0-5]\d)[,.](\d{3})(?:\s+[XY][12]:\s*-?\d{1,9}){0,4}",
    re.ASCII,
)
_EXPORT: Final = "Correct it in a text editor or export the subtitles once more as SRT, and drop all files again."
_CUT: Final = "The file may be cut off: copy it again from where it was made, and drop all files again."
_SPLIT: Final = "Split the video and its subtitles into shorter ones, and drop them again."

_Line: TypeAlias = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cue:
    """One subtitle: its number, its times in milliseconds, its lines."""

    number: int
    start: int
    end: int
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((str(self.number), f"{_clock(self.start)} --> {_clock(self.end)}", *self.lines))


def read(name: str, content: bytes) -> str:
    r"""
    Give the subtitles as they will be sent.

    Args:
        name: the part's name, for messages and for the locale in it.
        content: the whole file, in any usual encoding.

    Returns:
        UTF-8 text without byte order mark, ``\n`` line ends, one empty line between cues, times with a comma.

    Raises:
        SidecarError: at the first line that is not what it should be. Linear in the file's length.

    """
    shown = display(name)
    if len(content) > FILE_LIMIT:
        raise _too_long(shown, len(content))
    whole = decode(name, content).rstrip()
    if whole.count("\n") >= LINE_LIMIT:
        raise SidecarError(f"{shown}: expected at most {LINE_LIMIT} lines, found more.", hint=_SPLIT)
    cues = list(_cues(shown, whole.split("\n")))
    if not cues:
        raise SidecarError(f"{shown}: expected at least one subtitle, found none.", hint=_EXPORT)
    text = "\n\n".join(map(str, cues)) + "\n"
    size = len(text.encode())
    if size > TEXT_LIMIT:
        raise _too_long(shown, size)
    return text


def _cues(shown: str, lines: list[str]) -> Iterator[_Cue]:
    """Read block by block; a block is what stands between empty lines, and the last line is not empty."""
    numbered = ((number, line.strip()) for number, line in enumerate(lines, start=1))
    before = _Cue(number=-1, start=0, end=0, lines=())
    for count, block in enumerate(_blocks(numbered), start=1):
        if count > CUE_LIMIT:
            raise SidecarError(
                f"{shown}, line {block[0][0]}: expected at most {CUE_LIMIT} subtitles, found more.", hint=_SPLIT
            )
        cue = _cue(shown, block, last=block[-1][0] == len(lines))
        _follows(shown, block, before, cue)
        yield cue
        before = cue


def _blocks(lines: Iterator[_Line]) -> Iterator[list[_Line]]:
    for filled, block in groupby(lines, key=lambda line: bool(line[1])):
        if filled:
            yield list(block)


def _cue(shown: str, block: list[_Line], *, last: bool) -> _Cue:
    """Read one block; in the last one of a file, what is missing was probably cut off."""
    (at, number), *rest = block
    if not re.fullmatch(r"[0-9]{1,9}", number):
        raise _fault(shown, at, "the number of a subtitle", _quote(number))
    missing = "the end of the file" if last else "an empty line"
    if not rest:
        raise _fault(shown, at + 1, "a time line such as 00:00:01,000 --> 00:00:04,000", missing, cut=last)
    (at, time), *text = rest
    times = _TIME.fullmatch(time)
    if times is None:
        cut = last and not text
        raise _fault(shown, at, "a time line such as 00:00:01,000 --> 00:00:04,000", _quote(time), cut=cut)
    if not text:
        raise _fault(shown, at + 1, "the text of the subtitle", missing, cut=last)
    for at, line in text:
        if "-->" in line:
            raise _fault(shown, at, "text, or an empty line before the next subtitle", _quote(line))
    parts = tuple(map(int, times.groups()))
    lines = tuple(line for _, line in text)
    return _Cue(number=int(number), start=_milliseconds(*parts[:4]), end=_milliseconds(*parts[4:]), lines=lines)


def _follows(shown: str, block: list[_Line], before: _Cue, cue: _Cue) -> None:
    """Check what can only be judged beside the cue before."""
    at = block[0][0]
    if cue.number <= before.number:
        raise _fault(shown, at, f"a number above {before.number}", str(cue.number))
    if cue.end <= cue.start:
        raise _fault(shown, at + 1, f"an end after the start {_clock(cue.start)}", _clock(cue.end))
    if cue.start < before.start:
        raise _fault(shown, at + 1, f"a start not before the last one's, {_clock(before.start)}", _clock(cue.start))


def _milliseconds(hours: int, minutes: int, seconds: int, thousandths: int) -> int:
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths


def _clock(milliseconds: int) -> str:
    seconds, thousandths = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02},{thousandths:03}"


def _quote(line: str) -> str:
    return f"“{display(line[:60])}{'…' if len(line) > 60 else ''}”"


def _fault(shown: str, at: int, expected: str, found: str, *, cut: bool = False) -> SidecarError:
    return SidecarError(f"{shown}, line {at}: expected {expected}, found {found}.", hint=_CUT if cut else _EXPORT)


def _too_long(shown: str, size: int) -> SidecarError:
    return SidecarError(
        f"{shown}: expected at most {TEXT_LIMIT // 1024} KiB of subtitles, found {size // 1024 + 1} KiB.", hint=_SPLIT
    )
