"""
Search: which claims a person means by a name, and which are suspected to be of the same video.

People name a claim by its id, by the stem of its drop, or by the file name of its video, in whatever case and
normal form their keyboard gives. The claims are in another room.
"""

from pathlib import PurePosixPath

from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.names import fold


def likeness_key(claim: Claim) -> str | None:
    """Give what a claim's video is suspected by: its likeness, else its size, also where it only adds to that video."""
    if claim.likeness is not None:
        return claim.likeness
    video = claim.drop.video
    size = claim.size if video is None else video.fingerprint.size
    return None if size is None else by_size(size)


def by_size(size: int) -> str:
    """Give the stand-in for a likeness that was never taken; no likeness looks like it."""
    return f"size {size}"


def stem_key(stem: str) -> str:
    r"""
    Give the form under which a stem is stored: folded, and encodable as UTF-8.

    Undecodable bytes become ``\udcff``. A file could be called just that, so the key narrows and `is_named` decides.
    """
    return fold(stem).encode("utf-8", "backslashreplace").decode()


def keys(name: str) -> tuple[str, str]:
    """Give the stored stems that a claim called ``name`` can have: ``name`` may be a stem or a video's name."""
    path = PurePosixPath(name)
    return stem_key(path.name), stem_key(path.name.removesuffix(path.suffix))


def is_named(claim: Claim, name: str) -> bool:
    """Say whether a claim's id is ``name``, or its stem or its video's name, with or without the sub-folder."""
    drop = claim.drop
    names = {drop.stem, str(PurePosixPath(drop.folder) / drop.stem)}
    if drop.video is not None:
        names |= {drop.video.name, PurePosixPath(drop.video.name).name}
    return claim.id == name or fold(name) in {fold(known) for known in names}
