"""
Parts and drops: which files in a watch folder belong together.

A drop is a stem: ``STEM.<video suffix>``, ``STEM.toml``, ``STEM.<locale>.srt``, ``STEM.srt`` and
``STEM.background.<audio suffix>``. Stems match whole, in the form of `names.fold`, never by prefix.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from panjaya_watchd.core.names import display, fold

VIDEO_SUFFIXES: Final = frozenset(
    ".mp4 .m4v .mov .mkv .webm .avi .mxf .ts .mts .m2ts .mpg .mpeg .wmv .flv .3gp".split()
)
AUDIO_SUFFIXES: Final = frozenset(".wav .mp3 .aac .m4a .flac .ogg .opus .aif .aiff".split())
_SUFFIXES: Final = VIDEO_SUFFIXES | AUDIO_SUFFIXES | {".toml", ".srt"}
_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,4})*")
"""What somebody may have meant as a locale in a file name; whether it is one is judged with the order."""

_COARSEST: Final = 2_000_000_000
"""Nanoseconds between two times that a file system can tell apart, where it is worst at it."""


class Role(StrEnum):
    """What a part is to its drop."""

    VIDEO = "video"
    TOML = "toml"
    SRT = "srt"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """
    What one ``fstat`` says of a file's content; two that differ mean that the file changed.

    ``mtime_ns`` and ``ctime_ns`` are only ever compared for equality, never with a clock (R26). ``ino`` is a change
    detector, not an identity (R36).
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    ino: int

    def same_content(self, other: "Fingerprint") -> bool:
        """Say whether the content can be the same; a rename moves ``ctime_ns`` and nothing else."""
        return (self.size, self.mtime_ns, self.ino) == (other.size, other.mtime_ns, other.ino)

    def may_copy(self, other: "Fingerprint") -> bool:
        """Say whether this can be a copy on another device, which may keep times no finer than to 2 s (FAT)."""
        return self.size == other.size and abs(self.mtime_ns - other.mtime_ns) < _COARSEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    One regular file seen in a watch folder.

    ``name`` is relative to the folder, with ``/`` between levels. ``tag`` is the locale part of an SRT's name as it was
    written, None for ``STEM.srt``.
    """

    name: str
    role: Role
    fingerprint: Fingerprint
    tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """
    The parts that share a stem, sorted by name; a drop without a video is a group of sidecars that wait for one.

    ``key`` is the folded stem with its sub-folder: what makes two sightings sightings of the same drop. ``title`` is
    the stem where there are no parts that could tell it: a person's word orders something for an earlier drop.
    """

    key: str
    parts: tuple[Part, ...]
    title: str | None = None

    @property
    def video(self) -> Part | None:
        """Give the video, or None."""
        return next((part for part in self.parts if part.role is Role.VIDEO), None)

    @property
    def stem(self) -> str:
        """Give the stem as its owner wrote it: the video's, else the first sidecar's."""
        if self.title is not None:
            return self.title
        return _stem_of(self.video or self.parts[0])

    @property
    def leader(self) -> str:
        """Give the name by which people know it: the video's, else the TOML's or another sidecar's, else the stem."""
        first = self.video or next(iter((*self.of(Role.TOML), *self.parts)), None)
        return self.stem if first is None else first.name

    @property
    def folder(self) -> str:
        """Give the sub-folder that the parts lie in, relative to the watch folder; "" for that itself."""
        return self.key.rpartition("/")[0]

    @property
    def size(self) -> int:
        """Give the sum of all parts, in bytes."""
        return sum(part.fingerprint.size for part in self.parts)

    def of(self, role: Role) -> tuple[Part, ...]:
        """Give the parts of one role, sorted by name."""
        return tuple(part for part in self.parts if part.role is role)

    def with_parts(self, others: Iterable[Part]) -> "Drop":
        """Give the drop with these parts in place of its own of the same names."""
        by_name = {part.name: part for part in others}
        return replace(self, parts=tuple(by_name.get(part.name, part) for part in self.parts))

    def clash(self) -> tuple[str, str] | None:
        """Name two parts that ask for the same role, as people may see them; None where every role has one part."""
        seen: dict[tuple[Role, str | None], str] = {}
        for part in self.parts:
            place = (part.role, None if part.tag is None else part.tag.casefold())
            if place in seen:
                return display(seen[place]), display(part.name)
            seen[place] = part.name
        return None


def group(files: Iterable[tuple[str, Fingerprint]]) -> tuple[Drop, ...]:
    """
    Sort files into drops by stem.

    Args:
        files: names relative to the watch folder, with their fingerprints; junk and our own files already left out.

    Returns:
        Every drop, sorted by key. A file whose suffix belongs to no role is in none.

    """
    seen = sorted(files, key=lambda file: file[0])  # never by fingerprints, which have no order
    named = [(name, fingerprint, _split(name)) for name, fingerprint in seen]
    videos = {_key(split.parent, split.stem) for _, _, split in named if split.suffix in VIDEO_SUFFIXES}
    drops: dict[str, list[Part]] = {}
    for name, fingerprint, split in named:
        placed = _place(split, videos)
        if placed is not None:
            key, role, tag = placed
            drops.setdefault(key, []).append(Part(name=name, role=role, fingerprint=fingerprint, tag=tag))
    return tuple(Drop(key=key, parts=tuple(parts)) for key, parts in sorted(drops.items()))


def has_role(name: str) -> bool:
    """Say whether a file's suffix can make it a part; all other files are not even looked at."""
    return _split(name).suffix in _SUFFIXES


class _Split(NamedTuple):
    """A name in its pieces. Plain text operations: `pathlib` takes five times as long, and folders may be large."""

    parent: str
    stem: str
    suffix: str


def _split(name: str) -> _Split:
    """Split as `PurePosixPath` does: a leading dot begins no suffix, and a trailing one is none."""
    parent, _, own = name.rpartition("/")
    stem, dot, suffix = own.rpartition(".")
    if not stem or not suffix:
        return _Split(parent, own, "")
    return _Split(parent, stem, (dot + suffix).lower())


def _place(name: _Split, videos: set[str]) -> tuple[str, Role, str | None] | None:
    """Give a file's key, role and tag. The longest stem that has a video wins, so that ``a.es-ES.mp4`` owns its SRT."""
    parent, stem, suffix = name
    if suffix in VIDEO_SUFFIXES:
        return _key(parent, stem), Role.VIDEO, None
    if suffix == ".toml":
        return _key(parent, stem), Role.TOML, None
    head, _, tail = stem.rpartition(".")
    if suffix == ".srt":
        whole = _key(parent, stem)
        if head and whole not in videos and _TAG.fullmatch(tail):
            return _key(parent, head), Role.SRT, tail
        return whole, Role.SRT, None
    if suffix in AUDIO_SUFFIXES and head and tail.casefold() == Role.BACKGROUND:
        return _key(parent, head), Role.BACKGROUND, None
    return None


def _key(parent: str, stem: str) -> str:
    """Fold the stem; the sub-folder stays as written, because it is a place and not a name to be matched."""
    return f"{parent}/{fold(stem)}" if parent else fold(stem)


def _stem_of(part: Part) -> str:
    stem = _split(part.name).stem
    if part.role is Role.BACKGROUND:
        return stem.rpartition(".")[0]
    return stem if part.tag is None else stem[: -len(part.tag) - 1]
