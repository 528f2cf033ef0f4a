"""
One watch folder, looked at as whoever this process is: what it lies on, who may do what, and the daemon's own moves.

Run in a child process, since a dead share never answers. Reads names and rights of what people have dropped, never
their content.
"""

import itertools
import os
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from panjaya_watchd.core.drop import Fingerprint
from panjaya_watchd.core.names import display
from panjaya_watchd.core.profiles import Ground, Profile, traits_of
from panjaya_watchd.doctor import moves, space
from panjaya_watchd.doctor.findings import Finding, of_error, ok, trouble, warning
from panjaya_watchd.doctor.identity import group_name, own, user_name
from panjaya_watchd.doctor.probes import Probes, probing, sweep
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places import tracing
from panjaya_watchd.places.base import Foreign
from panjaya_watchd.places.disk import DiskTree, shelf
from panjaya_watchd.places.filing import Shelf
from panjaya_watchd.places.junk import is_member
from panjaya_watchd.places.naming import PROCESSING
from panjaya_watchd.places.tree import Tree
from panjaya_watchd.places.trouble import border

_LOOKED_AT: Final = 1000
"""Files whose rights are asked for."""

_COUNTED: Final = 200_000
"""Folders that are counted below a recursive one."""

_PRONE: Final = {
    "soft": "a server that pauses makes reads and writes fail half way; mount it with hard.",
    "softerr": "a server that pauses makes reads and writes fail half way; mount it with hard.",
    "cache=loose": "what others write is seen late or never; mount it with cache=strict.",
}
"""Options of network mounts that stand in the way of knowing when a file is whole."""

_WITHOUT_INODES: Final = "files get new numbers now and then, and look changed; mount it with serverino."


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A watch folder, as its settings have it; ``root_id`` is the id that the ledger knows, ``languages`` how many."""

    path: str
    done: str
    failed: str
    profile: str | None
    recursive: bool
    languages: int
    root_id: str | None = None


def look(job: Job) -> Iterator[Finding | dict[str, Any]]:
    """Look at everything; the facts that are no finding (`grounds`, how many folders there are) come first."""
    tree = DiskTree(Path(job.path), Profile(job.profile) if job.profile else None)
    shelves = {"done": shelf(tree, Path(job.done)), "failed": shelf(tree, Path(job.failed))}
    grounds = tree.lies_on()
    yield {"grounds": [asdict(ground) for ground in grounds]}
    yield from _storage(grounds)
    left: list[str] = []
    try:
        with border(tree.root, "looking at the folder"):
            yield from _root(tree, job)
            waiting = _waiting(tree)
            yield from _rights(tree, waiting)
            yield from _space(tree, shelves, waiting, job)
            yield {"folders": _count(job)}
            with probing(left) as probes:
                yield from _try(probes, tree, shelves, grounds[0])
    except PlaceError as error:
        yield of_error("root" if isinstance(error, Foreign) else "use", error)
    if left:
        names = ", ".join(display(name) for name in left)
        yield warning("use", f"A probe could not be taken away: {names}.", "Remove it.")


def _root(tree: Tree, job: Job) -> Iterator[Finding]:
    """Hold the root beside the one that the ledger knows."""
    stands = tree.stand(job.root_id)
    if job.root_id is None:
        yield ok("root", "The folder is there; the daemon has not been here yet.")
    elif stands.root_id == job.root_id:
        yield ok("root", f"It is the folder that the service knows ({job.root_id}).")
    else:
        tracing.refuse_empty(tree)
        yield warning(
            "root",
            f"The folder has lost {PROCESSING}/ with its id; the service knows it as {job.root_id}.",
            "Mount the share; if it is mounted, what lies there is held until: panjaya-watchd release --all.",
        )


def _storage(grounds: tuple[Ground, ...]) -> Iterator[Finding]:
    """Find the mount options that stand in the way; what each file system is and means is no finding but a fact."""
    for ground in grounds:
        where = f"{display(ground.folder)}/ below it: " if ground.folder else ""
        options = ground.options.split(",")
        prone = [f"{option}: {why}" for option, why in _PRONE.items() if option in options]
        if ground.profile is Profile.CIFS and ground.kind in {"cifs", "smb3"} and "serverino" not in options:
            prone.append(f"without serverino: {_WITHOUT_INODES}")
        if prone:
            yield warning("storage", f"{where}{ground.kind}, mounted {ground.options}.", " ".join(prone))


def _waiting(tree: Tree) -> list[tuple[str, Fingerprint]]:
    """Give the files that may be parts of drops, directly in the folder."""
    with closing(tree.entries("", lambda name: not is_member(name))) as entries:
        return [(name, found) for name, found in entries if isinstance(found, Fingerprint)]


def _rights(tree: Tree, waiting: list[tuple[str, Fingerprint]]) -> Iterator[Finding]:
    who = own()
    with tree.reach("") as folder:
        status = folder.stat()
        looked = waiting[:_LOOKED_AT]
        closed = [name for name, _ in looked if not os.access(folder / name, os.R_OK)]
        may = {right: os.access(folder, number) for right, number in (("read", os.R_OK), ("write", os.W_OK | os.X_OK))}
    shown = display(str(tree.root))
    if not all(may.values()):
        lacking = " and ".join(right for right, given in may.items() if not given)
        yield trouble("rights", f"{who.called} may not {lacking} in {shown}.", _give(tree, status))
    elif status.st_mode & stat.S_ISVTX and who.uid not in {0, status.st_uid}:
        yield trouble(
            "rights",
            f"{shown} has the sticky bit and belongs to {user_name(status.st_uid)}: {who.called} may not move other "
            "people's files, so no drop can be taken.",
            f"chmod -t {shown}, or have the folder belong to {who.called}.",
        )
    elif closed:
        yield warning(
            "rights",
            f"{who.called} may not read {len(closed)} of {len(looked)} files, such as {display(closed[0])}; they wait.",
            "Let their group or everybody read them, as the programs that copy them are set up.",
        )
    else:
        yield ok("rights", f"{who.called} may read, write and move files here.")


def _give(tree: Tree, status: os.stat_result) -> str:
    return (
        f"Give the service's user the right: SupplementaryGroups={group_name(status.st_gid)} by systemctl edit "
        f"panjaya-watchd, and chmod g+rwxs {display(str(tree.root))}"
    )


def _space(
    tree: Tree, shelves: dict[str, Shelf], waiting: list[tuple[str, Fingerprint]], job: Job
) -> Iterator[Finding]:
    """Look at each device once; results take about what their video takes, for each language."""
    largest = max((found.size for _, found in waiting), default=0)
    needed, why = space.LEAST, "results"
    if largest * max(job.languages, 1) > needed:
        needed, why = largest * max(job.languages, 1), "the results of the largest video that waits"
    seen: set[int] = set()
    places = {"The watch folder": tree.root} | {
        called: place.tree.root / place.folder for called, place in shelves.items()
    }
    for called, path in places.items():
        there = next(each for each in (path, *path.parents) if each.exists())
        device = there.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield from space.judge(called, path, needed, why)


def _count(job: Job) -> int:
    """Count the folders that the kernel is asked to watch."""
    if not job.recursive:
        return 1
    return sum(1 for _ in itertools.islice(os.walk(job.path), _COUNTED))


def _try(probes: Probes, tree: Tree, shelves: dict[str, Shelf], ground: Ground) -> Iterator[Finding]:
    traits, who = traits_of(ground), own()
    with border(tree.root, "making a file"):
        file = probes.file(tree)
        for where in (Shelf(tree=tree, folder=""), Shelf(tree=tree, folder=PROCESSING), *shelves.values()):
            sweep(where.tree, where.folder, file)
        yield from moves.notices(probes, tree, traits)
    yield from moves.results(probes, tree)
    yield from moves.sync(tree, file)
    yield from moves.writers(tree, file, traits, who)
    yield from moves.renaming(probes, tree, file)
    yield from moves.names(tree, file)
    yield from moves.taking_in(probes, tree, file)
    for called, place in shelves.items():
        yield from moves.filing(probes, tree, place, called)
