"""
The names that we give: numbered ones where a name is taken, hidden ones for what is being written, and short ones.

Pure. It promises names of at most 255 bytes (``NAME_MAX`` of every file system a share is likely to stand on), and
that equal arguments give equal names, which is what lets a verb that was cut short find its own traces.
"""

import os
from pathlib import PurePosixPath
from typing import Final

from panjaya_watchd.core.drop import Drop, Part, Role
from panjaya_watchd.core.names import ClaimId

PROCESSING: Final = "processing"
NAME_MAX: Final = 255
_KEPT: Final = 32
"""How many characters at the end of a name that is too long are kept: they hold the locale and the suffix."""

TRACE: Final = f"{PROCESSING}/.panjaya-watchd"
"""The file that holds the id of a watch folder."""

_RESULT: Final = "result-"
_PAPER: Final = "paper-"
_COPY: Final = "copy-"
_PART: Final = ".part"


def lying(claim_id: ClaimId) -> str:
    """Give the folder of a claim's parts and results while it is followed."""
    return f"{PROCESSING}/{claim_id}"


def fit(name: str, spare: int = 0) -> str:
    """Give a name itself, or, where it leaves no ``spare`` bytes, its beginning, ``~`` and its end."""
    if len(os.fsencode(name)) <= NAME_MAX - spare:
        return name
    tail = "~" + name[-_KEPT:]
    return shorten(name[:-_KEPT], NAME_MAX - spare - len(os.fsencode(tail))) + tail


def shorten(stem: str, room: int) -> str:
    """Cut whole characters off the end until at most ``room`` bytes are left."""
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem


def numbered(stem: str, number: int, spare: int = 0) -> str:
    """Give ``stem``, or ``stem (2)``, ``stem (3)`` …, leaving ``spare`` bytes for what is put after it."""
    mark = f" ({number})" if number > 1 else ""
    return shorten(stem, NAME_MAX - len(mark) - spare) + mark


def numbered_file(name: str, number: int) -> str:
    """Give a file's name, with the number before its suffix: ``talk.toml``, ``talk (2).toml``."""
    suffix = PurePosixPath(name).suffix
    return numbered(name.removesuffix(suffix), number, len(os.fsencode(suffix))) + suffix


def is_numbered(name: str, stem: str) -> bool:
    """Say whether a name is one that `numbered` gives for that stem."""
    number = name.rpartition(" (")[2].removesuffix(")")
    return name == stem or (number.isascii() and number.isdigit() and name == numbered(stem, int(number)))


def base(name: str) -> str:
    """Give the last level of a name."""
    return name.rpartition("/")[2]


def parent(name: str) -> str:
    """Give all levels of a name but the last; the root is the empty string."""
    return name.rpartition("/")[0]


def within(folder: str, name: str) -> str:
    """Join a folder, which may be the root, and what lies in it."""
    return f"{folder}/{name}" if folder and name else folder or name


def returned(drop: Drop, part: Part, number: int) -> str:
    """Give the name under which a part goes back: one number for all parts, so that they still match one another."""
    spare = max(len(os.fsencode(_rest(each))) for each in drop.parts)
    own, rest = base(part.name), _rest(part)
    stem = own[: len(own) - len(rest)]
    return within(parent(part.name), (numbered(stem, number, spare) if number > 1 else stem) + rest)


def _rest(part: Part) -> str:
    """Give what follows the stem in a part's name."""
    own = PurePosixPath(base(part.name))
    if part.role is Role.BACKGROUND:
        return "." + own.stem.rpartition(".")[2] + own.suffix
    return f".{part.tag}{own.suffix}" if part.tag is not None else own.suffix


def result_in_the_making(name: str) -> str:
    """Give the hidden name of a result that is still being downloaded, with room for a note of its name beside it."""
    return fit(f".{_RESULT}{name}{_PART}", spare=16)


def paper_in_the_making(name: str) -> str:
    """Give the hidden name of a paper that is still being written."""
    return fit(f".{_PAPER}{name}{_PART}")


def copy_of_a_part(name: str) -> str:
    """Give the hidden name of a part while it is copied from or to another device."""
    return fit(f".{_COPY}{name}{_PART}")


def withdrawn(claim_id: ClaimId, name: str) -> str:
    """Give the hidden name that the original of a copied part has for the moment before it is removed."""
    return fit(f".{claim_id}-{name}{_PART}")


def copy_in_the_making(claim_id: ClaimId) -> str:
    """Give the hidden name of a claim's folder while it is copied to another device."""
    return f".{claim_id}{_PART}"


def is_in_the_making(name: str) -> bool:
    """Say whether a file in a claim's folder is a temporary one of ours, or a note beside one."""
    return name.startswith(".") and name.lstrip(".").startswith((_RESULT, _PAPER, _COPY))
