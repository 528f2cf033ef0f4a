"""
Probe files: hidden ones of ours in a watch folder, on which the steps are tried that the daemon will take.

Their name begins with a dot, so no look of a daemon takes one for a part, and none of its hints is about one. Every
name is noted before anything is made under it, and at the end nothing is left, whatever has failed in between; what an
earlier doctor left that was killed is swept away.
"""

import contextlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from panjaya_watchd.places.naming import within
from panjaya_watchd.places.tree import Kind, Tree

PREFIX: Final = ".panjaya-watchd-doctor-"

_OLD: Final = 3600 * 10**9
"""Nanoseconds by the storage's own clock after which a probe has no owner any more."""


class Probes:
    """Makes probes, and knows every name that there may be."""

    def __init__(self) -> None:
        self._names: list[tuple[Tree, str]] = []

    def name(self, tree: Tree, folder: str = "") -> str:
        """Give a new name in a folder; whatever stands there in the end is taken away."""
        name = within(folder, PREFIX + secrets.token_hex(6))
        self._names.append((tree, name))
        return name

    def file(self, tree: Tree, folder: str = "") -> str:
        """Make a file; raises as `Tree.create`."""
        name = self.name(tree, folder)
        tree.create(name, [b"a probe of panjaya-watchd doctor\n"])
        return name

    def folder(self, tree: Tree, folder: str = "") -> str:
        """Make a folder; raises as `Tree.make`."""
        name = self.name(tree, folder)
        tree.make(name)
        return name

    def clear(self) -> tuple[str, ...]:
        """Take everything away; gives what could not be."""
        left = []
        for tree, name in reversed(self._names):
            try:
                _remove(tree, name)
            except Exception:  # noqa: BLE001  (whatever it is: the others are to go all the same)
                left.append(str(tree.root / name))
        return tuple(left)


@contextmanager
def probing(left: list[str]) -> Iterator[Probes]:
    """Give probes for a while; what could not be taken away stands in ``left`` afterwards."""
    probes = Probes()
    try:
        yield probes
    finally:
        left += probes.clear()


def sweep(tree: Tree, folder: str, fresh: str) -> None:
    """Take away what a doctor left in a folder long before the probe ``fresh`` was made; only what is ours to take."""
    now = tree.look(fresh)
    if now is None or tree.look(folder) is None:
        return
    for old in _in(tree, folder):
        look = tree.look(old)
        if look is not None and look.fingerprint.mtime_ns < now.fingerprint.mtime_ns - _OLD:
            with contextlib.suppress(OSError):
                _remove(tree, old)


def _in(tree: Tree, folder: str) -> list[str]:
    """Give the probes that lie in a folder, by their names."""
    found = tree.entries(folder, lambda name: not name.startswith(PREFIX))
    return [within(folder, name) for name, _ in found if name.startswith(PREFIX)]


def _remove(tree: Tree, name: str) -> None:
    look = tree.look(name)
    if look is None:
        return
    if look.kind is not Kind.FOLDER:
        tree.remove(name)
        return
    for inner in _in(tree, name):
        _remove(tree, inner)
    tree.clear(name)
