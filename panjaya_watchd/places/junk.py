"""
Names that are never part of a drop: what programs leave behind, copies that are still running, and our own files.

Pure: it judges names and opens nothing. It promises that a name it calls junk never reaches an order, and it never
judges content. Sources of the list: what paperless-ngx, Sonarr, Syncthing and rclone ignore, and what the copying
programs were seen to do on shares.
"""

import re
from typing import Final

from panjaya_watchd.core.drop import has_role

STATUS: Final = "STATUS.txt"
WHY: Final = "WHY.txt"
RECEIPT_SUFFIX: Final = ".receipt.toml"
"""Files that we write for people; they may travel back into a watch folder with the parts of a failed drop."""

_TEMPORARY_PREFIXES: Final = (".syncthing.", "~syncthing~", ".in.", ".")
_TEMPORARY_SUFFIXES: Final = tuple(
    ".unmanic.part .filepart .partial .part .crdownload .opdownload .download .temporary .temp .tmp .incomplete "
    ".!ut .!qb .aria2 .inprogress .uploading".split()
)
_PREFIXES: Final = (".", "~$", "~syncthing~")
"""The dot covers ``._``, ``.syncthing.``, ``.nfs``, ``.smb``, ``.fuse_hidden``, ``.goutputstream-`` and our own."""

_SUFFIXES: Final = (*_TEMPORARY_SUFFIXES, ".lock", ".bak", "~", RECEIPT_SUFFIX)
_NAMES: Final = frozenset({STATUS.lower(), WHY.lower(), "thumbs.db", "ehthumbs.db", "desktop.ini"})
_FOLDERS: Final = frozenset(
    {"@eadir", "#recycle", "#snapshot", "__macosx", "$recycle.bin", "system volume information", "lost+found"}
)
_FOLDER_PREFIXES: Final = (".", "_unpack_", "_failed_")

_RANDOM_TAIL: Final = re.compile(r"\.[A-Za-z0-9]{6}")
"""What rsync puts after ``.name`` while it writes."""

_HEX_TAIL: Final = re.compile(r"\.[0-9a-f]{8}")
"""What rclone puts between ``name`` and ``.partial``."""


def is_junk(name: str) -> bool:
    """Say whether a file of that base name is left out of every sighting."""
    low = name.lower()
    return low.startswith(_PREFIXES) or low.endswith(_SUFFIXES) or low in _NAMES


def is_junk_folder(name: str) -> bool:
    """Say whether a folder of that base name is never descended into."""
    low = name.lower()
    return low in _FOLDERS or low.startswith(_FOLDER_PREFIXES)


def is_member(name: str) -> bool:
    """Say whether a name looks like a part of a drop."""
    return has_role(name) and not is_junk(name)


def becomes(name: str) -> str | None:
    """
    Give the name that a running copy will have in the end: ``a.mp4`` for ``a.mp4.part`` and ``.a.mp4.x7Gh2K``.

    Returns:
        None where the name does not say that a drop's part is being written. ``._a.mp4`` says nothing: it is where
        macOS keeps a file's second half for good.

    """
    if name.startswith(("._", "~$")) or not is_junk(name):
        return None
    prefix = next((prefix for prefix in _TEMPORARY_PREFIXES if name.startswith(prefix)), "")
    bare = name[len(prefix) :]
    suffix = next((suffix for suffix in _TEMPORARY_SUFFIXES if bare.lower().endswith(suffix)), "")
    bare = bare[: len(bare) - len(suffix)]
    candidates = []
    if suffix or len(prefix) > 1:
        candidates += [bare, bare.rstrip(".")]
    if prefix == "." and _RANDOM_TAIL.fullmatch(bare[-7:]):
        candidates.append(bare[:-7])
    if suffix == ".partial" and _HEX_TAIL.fullmatch(bare[-9:]):
        candidates.append(bare[:-9])
    return next((candidate for candidate in candidates if is_member(candidate)), None)
