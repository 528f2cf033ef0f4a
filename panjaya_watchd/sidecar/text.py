r"""
The characters of a subtitle file, whatever program saved it.

Promises UTF-8 text with ``\n`` line ends, without byte order marks and control characters, or a `SidecarError`. It
never guesses between encodings that could both be meant: a wrong guess would be spoken, and paid for.
"""

import codecs
import re
from pathlib import PurePosixPath
from typing import Final

from panjaya_watchd.core.locales import recognise
from panjaya_watchd.core.names import display
from panjaya_watchd.errors import SidecarError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""UTF-32 stands before UTF-16, whose little-endian mark is the beginning of its own."""

_WIDE: Final = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")

_PAGES: Final = {
    language: page
    for page, languages in (
        ("cp1250", "cs hr hu pl ro sk"),
        ("cp1251", "bg ru uk"),
        ("cp1252", "da de en es fi fil fr id it ms nb nl pt sv"),
        ("cp1253", "el"),
        ("cp1254", "tr"),
        ("cp1255", "he"),
        ("cp1256", "ar"),
        ("cp1257", "lt"),
        ("cp1258", "vi"),
        ("cp932", "ja"),
        ("cp949", "ko"),
        ("gb18030", "zh"),
    )
    for language in languages.split()
}
"""What Windows calls "ANSI" in each language (its code page table); Hindi and Tamil have none."""

_PLAUSIBLE: Final = 0.05
"""Of charset-normalizer's chaos: right guesses measured 0 to 0.043, the first wrong one (French as Baltic) 0.059."""

_FOREIGN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd]")
"""What no subtitle has: control characters, and the sign that an earlier program lost a letter."""

_AGAIN: Final = "Save the subtitles once more as UTF-8 text, and drop all files again."


def decode(name: str, content: bytes) -> str:
    r"""
    Give the text of a subtitle file.

    The encoding is what a byte order mark says, else UTF-8 if every byte fits, else UTF-16 or UTF-32 if the time
    arrows are written so, else the Windows code page of the locale in the name, else what charset-normalizer finds
    without a rival.

    Args:
        name: the part's name; its locale decides between code pages that share their bytes.
        content: the whole file.

    Returns:
        The text with ``\n`` line ends.

    Raises:
        SidecarError: no text, damaged text, or text in an encoding that cannot be told.

    """
    text = _characters(name, content).replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "")
    foreign = _FOREIGN.search(text)
    if foreign:
        line = text.count("\n", 0, foreign.start()) + 1
        raise SidecarError(
            f"{display(name)}, line {line}: expected text, found the character U+{ord(foreign[0]):04X}, "
            "which subtitles never have.",
            hint=_AGAIN,
        )
    return text


def _characters(name: str, content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _strictly(name, content[len(mark) :], encoding)
    if b"\0" in content:
        return _strictly(name, content, _wide(name, content))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as reason:
        if _was_utf8(content, reason):
            raise _damaged(name, content, reason) from reason
    return _strictly(name, content, _page(name, content))


def _strictly(name: str, content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as reason:
        raise _damaged(name, content, reason) from reason


def _wide(name: str, content: bytes) -> str:
    """Tell UTF-16 and UTF-32 by their arrow, which stands in every SRT file and fits only one of them."""
    for encoding in _WIDE:
        arrow = "-->".encode(encoding)
        at = content.find(arrow)
        if at >= 0 and at % (len(arrow) // 3) == 0:
            return encoding
    raise SidecarError(
        f"{display(name)}: expected subtitles in SRT format, found a file that is not text.",
        hint="Export the subtitles as an SRT file, and drop all files again.",
    )


def _was_utf8(content: bytes, reason: UnicodeDecodeError) -> bool:
    """Say whether this is UTF-8 that was cut or damaged: its letters are whole but for a few."""
    if reason.reason == "unexpected end of data":
        return True
    text = content.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = len(text) - len(text.encode("ascii", "ignore")) - broken
    return whole > 4 * broken


def _damaged(name: str, content: bytes, reason: UnicodeDecodeError) -> SidecarError:
    if reason.end >= len(content):
        return SidecarError(
            f"{display(name)}: expected a whole file, found one that ends in the middle of a letter.",
            hint="The file may be cut off: copy it again from where it was made, and drop all files again.",
        )
    line = content.count(b"\n", 0, reason.start) + 1
    return SidecarError(
        f"{display(name)}, line {line}: expected {reason.encoding.upper()} text like the rest of the file, "
        f"found the byte 0x{content[reason.start]:02x}.",
        hint=_AGAIN,
    )


def _page(name: str, content: bytes) -> str:
    """Choose the code page that the name's locale implies if the text fits it, else the only one that fits."""
    # Late, because most daemons never meet such a file.
    from charset_normalizer import from_bytes  # noqa: PLC0415  (heavy, and rarely needed)

    locale = recognise(PurePosixPath(name).stem.rpartition(".")[2])
    page = _PAGES.get(locale.split("-")[0]) if locale else None
    pages = [page] if page else [] if locale else sorted(set(_PAGES.values()))
    guesses = list(from_bytes(content, cp_isolation=pages, enable_fallback=False)) if pages else []
    if not guesses or not (locale or _without_rival([guess.chaos for guess in guesses])):
        raise SidecarError(
            f"{display(name)}: expected UTF-8 text, found letters in an older encoding that cannot be told for sure.",
            hint=_AGAIN,
        )
    return guesses[0].encoding


def _without_rival(chaos: list[float]) -> bool:
    """Say whether the first guess is a plausible one and every other is less so."""
    best, *others = chaos
    return best <= _PLAUSIBLE and all(other > best for other in others)
