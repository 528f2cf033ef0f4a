"""
Which sidecars are read, how large each may be, and by which parser.

Promises that every sidecar of a drop was read whole and understood, or a `SidecarError`. A new kind of sidecar is a
parser beside this file and a line here.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from panjaya_watchd.core.drop import Drop, Part, Role
from panjaya_watchd.core.names import display
from panjaya_watchd.core.order import Asked
from panjaya_watchd.errors import SidecarError
from panjaya_watchd.sidecar import srt

LIMITS: Final[Mapping[Role, int]] = MappingProxyType({Role.TOML: 64 * 1024, Role.SRT: srt.FILE_LIMIT})
"""Bytes of one part that is read; parts of other roles are not read here."""


def read_drop(drop: Drop, read: Callable[[Part, int], bytes]) -> tuple[Asked, dict[str, str]]:
    """
    Read all sidecars of a drop.

    Args:
        drop: the drop; of two parts with one role both are read, and merging names them.
        read: gives the bytes of a part, with the limit as its second argument; its own errors pass through.

    Returns:
        What the TOML sidecar asks for (nothing where there is none), and the text of each SRT by its part's name.

    Raises:
        SidecarError: a sidecar is too large or not what it should be, or all SRTs together are too large to send.

    """
    asked = Asked()
    for part in drop.of(Role.TOML):
        # Late, because pydantic takes 0.1 s to load and most drops have no TOML.
        from panjaya_watchd.sidecar import toml_order  # noqa: PLC0415  (loads pydantic)

        asked = toml_order.read(part.name, _content(part, read))
    texts = {part.name: srt.read(part.name, _content(part, read)) for part in drop.of(Role.SRT)}
    size = sum(len(text.encode()) for text in texts.values())
    if size > srt.TEXT_LIMIT:
        raise SidecarError(
            f"{display(drop.stem)}: expected at most {srt.TEXT_LIMIT // 1024} KiB of subtitles in all languages "
            f"together, found {size // 1024 + 1} KiB.",
            hint="Drop the video with fewer subtitle files; the other languages can be added afterwards.",
        )
    return asked, texts


def _content(part: Part, read: Callable[[Part, int], bytes]) -> bytes:
    limit = LIMITS[part.role]
    if part.fingerprint.size > limit:
        raise SidecarError(
            f"{display(part.name)}: expected at most {limit // 1024} KiB, "
            f"found {part.fingerprint.size // 1024 + 1} KiB.",
            hint="Look whether this is the right file, and drop all files again.",
        )
    return read(part, limit)
