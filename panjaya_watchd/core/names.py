"""
Names and ids, and how a file name is shown to people.

File names are ``str`` in the lossless form of `os.fsdecode`: bytes that are not UTF-8 are lone surrogates, so
`os.fsencode` gives back exactly what the file system said. Names are compared for matching in one form only,
`fold`, and shown in one form only, `display`.
"""

import unicodedata
from typing import NewType

ClaimId = NewType("ClaimId", str)
"""Ours; ASCII letters and digits, safe in file names and URLs."""

AssetId = NewType("AssetId", str)
DubbingId = NewType("DubbingId", str)
VersionId = NewType("VersionId", str)
"""The API's ids: opaque strings, no format assumed."""

FolderName = NewType("FolderName", str)
"""The ``name`` of a ``[[folder]]``."""

Locale = NewType("Locale", str)
"""An IETF tag as the API writes it, such as ``es-ES``."""

Digest = NewType("Digest", str)
"""SHA-256, 64 lower-case hexadecimal digits."""


def fold(name: str) -> str:
    """Give the form in which two names are compared: NFC, then case-folded, then NFC again (UAX 15, section 5)."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def fit(stem: str, suffix: str, limit: int = 200) -> str:
    """
    Join a stem and a suffix into a file name of at most ``limit`` bytes, shortening the stem.

    Linux takes 255 bytes; the rest is left for numbers and for the names of temporary files.
    """
    room = limit - len(suffix.encode("utf-8", "surrogateescape"))
    while stem and len(stem.encode("utf-8", "surrogateescape")) > room:
        stem = stem[:-1]
    return stem + suffix


def display(name: str) -> str:
    r"""
    Give a name as people may see it: always encodable as UTF-8, on one line.

    Undecodable bytes, line breaks, control characters and characters that reorder text (category ``Cf`` other than
    joiners, so that ``gpj.exe`` cannot pose as ``exe.jpg``) are shown as ``\x0a`` or ``\u202e``.
    """
    if name.isascii() and name.isprintable():  # nearly all names, and there may be thousands
        return name
    return "".join(_show(character) for character in unicodedata.normalize("NFC", name))


def _show(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":
        escaped_byte = 0xDC80 <= ord(character) <= 0xDCFF
        return f"\\x{ord(character) - 0xDC00:02x}" if escaped_byte else "\N{REPLACEMENT CHARACTER}"
    if category == "Cc" and ord(character) <= 0xFF:
        return f"\\x{ord(character):02x}"
    if category in {"Zl", "Zp"} or (category == "Cf" and character not in "\u200c\u200d"):
        return f"\\u{ord(character):04x}"
    return character
