"""Refusing: how a rule says no to a drop, and how parts and locales are called in the sentences for it."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from panjaya_watchd.core import locales
from panjaya_watchd.core.drop import Drop, Part, Role
from panjaya_watchd.core.names import display, fold
from panjaya_watchd.core.order import Refusal

AGAIN: Final = "and drop all files again."


class Refused(Exception):  # noqa: N818  (never leaves merging: it carries the answer out of the rule)
    """A rule says no; ``refusal`` is the answer."""

    def __init__(self, why: str, todo: str) -> None:
        super().__init__(why)
        self.refusal = Refusal(why=why, todo=todo)


def named(drop: Drop, role: Role, name: str, meaning: str) -> Part:
    """Find the part that the TOML names; a name there has no folder."""
    for part in drop.of(role):
        if fold(PurePosixPath(part.name).name) == fold(name):
            return part
    there = " or ".join(map(shown, drop.of(role))) or "no such file"
    raise Refused(
        f"{toml(drop)} names {display(name)} as {meaning}, and there is {there} beside the video.",
        f"Correct the name in it, or add the file, {AGAIN}",
    )


def shown(part: Part) -> str:
    """Give a part's name as its owner sees it."""
    return display(PurePosixPath(part.name).name)


def toml(drop: Drop) -> str:
    """Give the name of the TOML sidecar, or the name that it would have."""
    return next(map(shown, drop.of(Role.TOML)), f"{display(drop.stem)}.toml")


def choice(tag: str) -> str:
    """Give the locales that are likely meant, or an example."""
    return locales.nearest(tag) or "a locale such as es-ES"


def renamed(drop: Drop, *tags: str | None) -> str:
    """Offer names for an SRT; a tag may be several joined with "or", none at all leaves an example."""
    known: Iterable[str] = [one for tag in tags if tag for one in tag.split(" or ")]
    return (
        " or ".join(f"{display(drop.stem)}.{tag}.srt" for tag in known)
        or f"{display(drop.stem)}.es-ES.srt, for example,"
    )
