"""
The daemon's moves, tried on probes: writing, syncing, asking who writes, renaming, the way to ``done`` and ``failed``.

Each trial says what it found, and what fails is told as the daemon itself would tell it.
"""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from panjaya_watchd.core.names import display
from panjaya_watchd.core.profiles import Traits
from panjaya_watchd.doctor import inotify
from panjaya_watchd.doctor.findings import Finding, ok, trouble, warning
from panjaya_watchd.doctor.identity import Identity, group_name
from panjaya_watchd.doctor.probes import Probes
from panjaya_watchd.places import durable
from panjaya_watchd.places.filing import Shelf
from panjaya_watchd.places.naming import PROCESSING, base, parent, within
from panjaya_watchd.places.tree import Kind, Tree
from panjaya_watchd.places.trouble import border

_PATIENCE: Final = 2.0
"""Seconds in which the kernel tells of a new file; it takes less than a millisecond where it does at all."""


def notices(probes: Probes, tree: Tree, traits: Traits) -> Iterator[Finding]:
    """Make a file and listen whether the kernel tells of it."""
    try:
        with tree.reach("") as folder:
            ear = inotify.Ear(folder)
    except OSError as error:
        yield inotify.no_notices(error)
        return
    try:
        heard = ear.hears(base(probes.file(tree)), _PATIENCE)
    finally:
        ear.close()
    pace = f"looked at every {traits.pace:g} s"
    if heard and traits.hints:
        yield ok("notices", f"The kernel tells of new files at once; besides, the folder is {pace}.")
    elif heard:
        yield ok("notices", f"What other machines write here makes no notice, only our own writing: {pace}.")
    elif traits.hints:
        found = f"The kernel does not tell of new files here; the folder is {pace}."
        yield warning("notices", found, 'Set profile = "fuse" for this folder if its writers are elsewhere.')
    else:
        yield ok("notices", f"The kernel tells nothing of this folder: {pace}.")


def sync(tree: Tree, file: str) -> Iterator[Finding]:
    """Flush a file and its folder."""
    with border(tree.root, "flushing a file to the disk"):
        tree.sync(file)
        with tree.reach("") as folder:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                synced = durable.sync(descriptor)
            finally:
                os.close(descriptor)
    if synced:
        yield ok("sync", "Files and the names of files are flushed to the disk.")
    else:
        yield warning(
            "sync",
            "This file system cannot flush the names of files; after a power cut a rename may be undone.",
            "Nothing, if its server has a battery; the daemon finds files again after such a cut.",
        )


def writers(tree: Tree, file: str, traits: Traits, who: Identity) -> Iterator[Finding]:
    """Ask the kernel who writes into a file, once with a writer and once without."""
    with tree.reach("") as folder:
        writer = os.open(folder / file, os.O_WRONLY | os.O_CLOEXEC)
    with border(tree.root, "asking who writes into a file"):
        try:
            busy = _is_written(tree, file)
        finally:
            os.close(writer)
        free = _is_written(tree, file)
    if not traits.lease:
        yield ok("writers", "Who has a file open elsewhere is not known here; how long it is still has to be enough.")
    elif (busy, free) != (True, False):
        answers = {True: "busy", False: "free", None: "no answer"}
        yield warning(
            "writers",
            f"The kernel cannot say who writes into a file: {answers[busy]} with a writer, {answers[free]} without.",
            'Set profile = "fuse" for this folder, which waits longer.',
        )
    elif not who.may_lease:
        yield warning(
            "writers",
            f"{who.called} may ask who writes into its own files only; other people's are judged by how long they are "
            "still.",
            "Give the service the capability CAP_LEASE, as systemd/panjaya-watchd.service does.",
        )
    else:
        yield ok("writers", "The kernel says who has a file open for writing.")


def _is_written(tree: Tree, file: str) -> bool | None:
    opened = tree.open(file)
    try:
        return opened.is_written()
    finally:
        opened.close()


def renaming(probes: Probes, tree: Tree, file: str) -> Iterator[Finding]:
    """Rename to a name that is free and to one that is taken; gives the file its name back."""
    taken, other = probes.file(tree), probes.name(tree)
    with border(tree.root, "renaming a file"):
        tree.move(file, other)
        tree.move(other, file)
        try:
            tree.move(file, taken)
        except FileExistsError:
            replaced = False
        else:
            replaced = True
    if replaced:
        yield trouble(
            "rename",
            "A rename replaces a file that stands there already, although it was told not to.",
            "Do not use this file system for a watch folder: a video could be lost.",
        )
        return
    if _natively(probes, tree, file):
        yield ok("rename", "A rename never replaces anything (RENAME_NOREPLACE).")
    elif _by_link(probes, tree, file):
        yield ok("rename", "A rename never replaces anything: by a hard link, for want of RENAME_NOREPLACE.")
    else:
        yield warning(
            "rename",
            "This file system has neither RENAME_NOREPLACE nor hard links: a name is looked at before a rename, and "
            "who takes it in that very moment loses a file.",
            "Let nobody but the service write to done and failed.",
        )


def _natively(probes: Probes, tree: Tree, file: str) -> bool:
    other = probes.name(tree)
    with tree.reach("") as folder:
        source, target = os.fsencode(folder / file), os.fsencode(folder / other)
        try:
            durable.renameat2(source, None, target, None)
        except OSError:
            return False
        durable.renameat2(target, None, source, None)
    return True


def _by_link(probes: Probes, tree: Tree, file: str) -> bool:
    second = probes.name(tree)
    with tree.reach("") as folder:
        try:
            return durable.link(folder / file, folder / second, None, None, (folder / file).lstat())
        except OSError:
            return False


def taking_in(probes: Probes, tree: Tree, file: str) -> Iterator[Finding]:
    """Move a file into ``processing/``, as a drop is taken; another folder stands for one that is not made yet."""
    there = tree.look(PROCESSING)
    with border(tree.root, f"moving a file into {PROCESSING}"):
        inside = probes.folder(tree) if there is None else PROCESSING
        moved = probes.name(tree, inside)
        tree.move(file, moved)
        tree.move(moved, file)
    yield ok("processing", f"Files can be moved into {PROCESSING}/" + ("." if there else ", which is not made yet."))


def filing(probes: Probes, tree: Tree, shelf: Shelf, called: str) -> Iterator[Finding]:
    """Move a folder to ``done`` or ``failed``, or where that will be made; across devices make one there."""
    whole = shelf.tree.root / shelf.folder
    there = _nearest(shelf)
    start = PROCESSING if tree.look(PROCESSING) is not None else ""
    with border(whole, f"moving a folder to {called}"):
        made, target = probes.folder(tree, start), probes.name(shelf.tree, there)
        try:
            tree.move(made, target, shelf.tree)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            across = True
            probes.file(shelf.tree, probes.folder(shelf.tree, there))
        else:
            across = False
    shown = display(str(whole))
    if across:
        found = f"{called} ({shown}) is another device: what is finished is copied there, compared, and then removed."
        yield ok(called, f"{found} Files can be made there.")
    else:
        yield ok(called, f"Folders can be moved to {called} ({shown}) in one step.")


def _nearest(shelf: Shelf) -> str:
    """Give the shelf's folder, or the nearest above it that is there."""
    folder = shelf.folder
    while folder:
        look = shelf.tree.look(folder)
        if look is not None and look.kind is Kind.FOLDER:
            return folder
        folder = parent(folder)
    return ""


def results(probes: Probes, tree: Tree) -> Iterator[Finding]:
    """Make a folder with a file as results are made, and say who will be able to do what with them."""
    with border(tree.root, "making a folder"):
        folder = probes.folder(tree)
        file = probes.file(tree, folder)
        with tree.reach("") as root:
            above, outer, inner = (Path(root, name).stat() for name in (".", folder, file))
    group, wanted = group_name(inner.st_gid), group_name(above.st_gid)
    says = (
        f"Results belong to the group {group}, files {stat.S_IMODE(inner.st_mode):04o}, folders "
        f"{stat.S_IMODE(outer.st_mode):04o}"
    )
    people = f"the group {wanted}, which the watch folder is for,"
    if above.st_mode & stat.S_IRGRP and inner.st_gid != above.st_gid and not inner.st_mode & stat.S_IROTH:
        todo = f"Add the service's user to it (SupplementaryGroups={wanted}), or: chmod g+s {display(str(tree.root))}"
        yield warning("results", f"{says}: {people} cannot read them.", todo)
    elif above.st_mode & stat.S_IRGRP and not inner.st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield warning("results", f"{says}: {people} cannot read them.", _mask(tree))
    elif above.st_mode & stat.S_IWGRP and not (
        outer.st_mode & stat.S_IWOTH or (outer.st_mode & stat.S_IWGRP and outer.st_gid == above.st_gid)
    ):
        yield warning("results", f"{says}: {people} cannot delete them.", _mask(tree))
    else:
        may = _may(above.st_mode)
        yield ok("results", f"{says}: {may}.")


def _mask(tree: Tree) -> str:
    shown = display(str(tree.root))
    return f"Set UMask=0002 in the unit, and on a mounted share dir_mode and file_mode; or: chmod g+s {shown}"


def _may(mode: int) -> str:
    if mode & stat.S_IWOTH:
        return "everybody can read and delete them"
    if mode & stat.S_IWGRP:
        return "the group can read and delete them"
    if mode & stat.S_IROTH:
        return "everybody can read them, only the service and root can delete them"
    return "the group can read them" if mode & stat.S_IRGRP else "only the service and root can use them"


def names(tree: Tree, file: str) -> Iterator[Finding]:
    """Say whether capitals make another name."""
    again = tree.look(within(parent(file), base(file).upper()))
    if again is not None:
        yield ok(
            "names", "Names that differ in capitals only are the same name here; the daemon treats them so anyway."
        )
