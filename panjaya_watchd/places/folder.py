"""
The verbs of `Place`, made of the steps of a `Tree`; what takes many steps is in `filing`.

It promises what `base` promises and turns every `OSError` into a `PlaceError`. It never judges a drop: it sees, reads
and moves what it is told to.
"""

import contextlib
import errno
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from panjaya_watchd.core.claim import Destination
from panjaya_watchd.core.drop import Drop, Fingerprint, Part, group
from panjaya_watchd.core.late import joins
from panjaya_watchd.core.names import ClaimId, Digest, display, fold
from panjaya_watchd.core.profiles import Ground, ground_of, traits_of
from panjaya_watchd.core.settle import Evidence
from panjaya_watchd.core.standing import SIGNATURE
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places import again, copying, evidence, filing, joining, taking, tracing
from panjaya_watchd.places.base import NOTHING_KNOWN, Known, Scan, Source, Unsettled
from panjaya_watchd.places.filing import Shelf
from panjaya_watchd.places.junk import STATUS, is_member
from panjaya_watchd.places.naming import (
    PROCESSING,
    base,
    fit,
    lying,
    numbered_file,
    result_in_the_making,
    within,
)
from panjaya_watchd.places.open_part import OpenPart
from panjaya_watchd.places.scanning import Scanner
from panjaya_watchd.places.steps import carry, leave, mentions, write
from panjaya_watchd.places.tree import Kind, NotRegular, Opened, Tree
from panjaya_watchd.places.trouble import border

LEASELESS: Final = (
    "The kernel does not tell who has a file open for writing, because the service lacks CAP_LEASE; a copy that pauses "
    "for longer than the quiet period is then told by its content only."
)


class FolderPlace:
    """One watch folder: its tree, where finished drops go, and whether sub-folders are looked into."""

    def __init__(self, tree: Tree, *, done: Shelf, failed: Shelf, recursive: bool) -> None:
        self._tree = tree
        self._done = done
        self._failed = failed
        self._grounds: tuple[Ground, ...] | None = None
        ours = frozenset({PROCESSING, *(shelf.folder for shelf in (done, failed) if shelf.tree is tree)})
        self._leases = evidence.Leases(lambda name: traits_of(self.ground_of(name)).lease)
        self._scanner = Scanner(tree, ours, recursive=recursive)

    def scan(self, known: Known = NOTHING_KNOWN) -> Scan:
        """Look at the whole folder once."""
        with border(self._tree.root, "looking at the folder"):
            seen = self._scanner.scan(known)
        self._grounds = seen.grounds
        return replace(seen, notes=(LEASELESS,)) if self._leases.missed else seen

    def ground_of(self, name: str) -> Ground:
        """Give the ground on which a part lies; claims may go on before the first scan, so it is asked for then."""
        if self._grounds is None:
            self._grounds = self._tree.lies_on()
        return ground_of(self._grounds, name)

    def expect(self, root_id: str) -> None:
        """Note which folder is meant."""
        self._tree.expect(root_id)

    def leave_trace(self, root_id: str | None = None) -> None:
        """Leave our trace."""
        with border(self._tree.root, "making our own folder"):
            tracing.leave(self._tree, root_id)

    def evidence(self, drop: Drop) -> tuple[Evidence, ...]:
        """Collect what says "not yet"."""
        with border(self._tree.root, "looking for signs of an unfinished copy"):
            return evidence.collect(self._tree, drop, self._leases)

    def read(self, part: Part, limit: int) -> bytes:
        """Read a small part whole, or nothing of it."""
        with (
            border(self._tree.root, "reading a sidecar"),
            contextlib.closing(_open(self._tree, part.name, part)) as file,
        ):
            _need_same(file, part)
            content = b""
            while len(content) <= limit and (chunk := file.read(limit + 1 - len(content))):
                content += chunk
            _need_same(file, part)
        if len(content) > limit:
            raise PlaceError(
                f"{display(part.name)}: expected at most {limit} bytes, found {part.fingerprint.size}.",
                hint="Make the file smaller; this size is no sidecar's.",
            )
        return content

    @contextlib.contextmanager
    def peek(self, part: Part) -> Iterator[Opened]:
        """Lend a part, and make sure that it was the one that settled all the time."""
        with (
            border(self._tree.root, "looking at a video"),
            contextlib.closing(_open(self._tree, part.name, part)) as file,
        ):
            _need_same(file, part)
            yield file
            _need_same(file, part)

    def likeness(self, part: Part) -> str:
        """Take a sample of a part."""
        with self.peek(part) as file:
            return again.likeness(file, part.fingerprint.size)

    @contextlib.contextmanager
    def lend(self, part: Part) -> Iterator[int | None]:
        """Lend a part's descriptor."""
        with self.peek(part) as file:
            yield file.lend()

    def joined(self, drop: Drop) -> tuple[str, ...]:
        """Look for sidecars of a drop that came after it was taken in."""
        folder = drop.folder
        with border(self._tree.root, "looking for late sidecars"):
            if self._tree.look(folder) is None:
                return ()
            stem = fold(drop.stem)
            entries = self._tree.entries(folder, lambda name: not (fold(name).startswith(stem) and is_member(name)))
            found = group((within(folder, name), seen) for name, seen in entries if isinstance(seen, Fingerprint))
        return tuple(part.name for newcomer in found if joins(drop, newcomer) for part in newcomer.parts)

    def made_here(self, part: Part) -> bool:
        """Say whether our mark is on a part that lies in the watch folder."""
        try:
            with border(self._tree.root, "reading a mark"):
                return self._tree.marked(part.name) is not None
        except PlaceError as error:
            if isinstance(error.__cause__, NotRegular | FileNotFoundError):
                return False
            raise

    def take_in(self, claim_id: ClaimId, drop: Drop) -> Drop:
        """Rename all parts into ``processing/<claim>/``."""
        with border(self._tree.root, "taking a drop in"):
            moved = taking.take_in(self._tree, claim_id, drop)
            for part in moved.parts:
                lying_as = within(lying(claim_id), base(part.name))
                against = evidence.remains(self._tree, part, lying_as, self._leases)
                if against is not None:
                    taking.give_back(self._tree, claim_id, moved)
                    leave(self._tree, lying(claim_id))
                    raise Unsettled(f"{display(part.name)} {against.says}")
            return moved

    def open_part(self, claim_id: ClaimId, part: Part) -> OpenPart:
        """Open a part that was taken in."""
        name = within(lying(claim_id), base(part.name))
        with border(self._tree.root, "opening a part"):
            taking.expect(self._tree, lying(claim_id))
            file = _open(self._tree, name, part)
            if not file.fingerprint().same_content(part.fingerprint):
                file.close()
                raise Unsettled(f"{display(part.name)} has changed")
            return OpenPart(self._tree, name, file, exact=self._leases.count(name))

    @contextlib.contextmanager
    def partial(self, claim_id: ClaimId, name: str) -> Iterator[Path]:
        """Give the path for a download."""
        with contextlib.ExitStack() as held:
            with border(self._tree.root, "opening the claim's folder for a download"):
                taking.expect(self._tree, lying(claim_id))
                folder = held.enter_context(self._tree.reach(lying(claim_id)))
            yield folder / result_in_the_making(name)

    def keep(self, claim_id: ClaimId, name: str) -> None:
        """
        Turn a download into a result.

        A result of that name and content is the same one, kept before a crash. Another one is moved aside under a
        number, for it may have been paid for.
        """
        tree, folder = self._tree, lying(claim_id)
        source, target = within(folder, result_in_the_making(name)), within(folder, fit(name))
        with border(tree.root, "keeping a result"):
            fresh, kept = tree.look(source), tree.look(target)
            if fresh is None and kept is None:
                raise FileNotFoundError(errno.ENOENT, "the download is gone", source)
            if fresh is not None:
                tree.mark(source, claim_id)
                tree.sync(source)
                if kept is not None and copying.equal(tree, source, tree, target):
                    tree.remove(source)
                elif kept is not None:
                    _aside(tree, folder, fit(name))
                    carry(tree, source, target)
                else:
                    carry(tree, source, target)
            tree.sync(folder)

    def open_filed(self, where: str, name: str) -> OpenPart:
        """Open a result that was filed."""
        with border(self._tree.root, "opening an earlier result"):
            return OpenPart(*again.open_filed(self._tree, (self._done, self._failed), where, name))

    def vacant(self, where: str, name: str) -> str:
        """Find a free name beside what was filed."""
        with border(self._tree.root, "looking into an earlier result's folder"):
            return again.vacant(self._tree, (self._done,), where, name)

    def copy(self, claim_id: ClaimId, name: str, source: Source) -> Digest:
        """Write a copy in place of a download."""
        with border(self._tree.root, "copying an earlier result"):
            return again.copy(self._tree, claim_id, name, source)

    def put_away(
        self, claim_id: ClaimId, drop: Drop, to: Destination, papers: Mapping[str, str], beside: str | None = None
    ) -> str:
        """File a claim."""
        with border(self._tree.root, "filing a drop"):
            earlier = None if beside is None else again.find(self._tree, (self._done,), beside)
            if earlier and beside and joining.join(self._tree, claim_id, earlier.tree, earlier.folder, papers):
                return beside
            if to is Destination.BACK:
                return filing.give_back(self._tree, self._failed, claim_id, drop, papers)
            shelf = self._done if to is Destination.DONE else self._failed
            return filing.put_away(self._tree, shelf, claim_id, drop, papers)

    def post(self, text: str | None) -> None:
        """Keep ``STATUS.txt`` at this text."""
        with border(self._tree.root, f"writing {STATUS}"):
            look = self._tree.look(STATUS)
            if look is not None and look.kind is not Kind.FILE:
                raise NotRegular(errno.ELOOP, "a link or a folder stands there", STATUS)
            if text is None:
                if look is not None:
                    self._tree.remove(STATUS)
            elif look is None:
                write(self._tree, STATUS, text)
            elif not _holds(self._tree, STATUS, text):
                if not mentions(self._tree, STATUS, SIGNATURE):
                    raise PlaceError(f"{STATUS} is somebody else's.", hint="Rename it; this name is for our notes.")
                write(self._tree, STATUS, text)


def _open(tree: Tree, name: str, part: Part) -> Opened:
    """Open a part's file, or say that it is not what it was."""
    try:
        return tree.open(name)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Unsettled(f"{display(part.name)} is gone", gone=True) from error
    except NotRegular as error:
        raise Unsettled(f"{display(part.name)} is no file any more") from error


def _need_same(file: Opened, part: Part) -> None:
    if file.fingerprint() != part.fingerprint:
        raise Unsettled(f"{display(part.name)} has changed")


def _holds(tree: Tree, name: str, text: str) -> bool:
    content = text.encode(errors="replace")
    with contextlib.closing(tree.open(name)) as file:
        return file.fingerprint().size == len(content) and file.read(len(content) + 1) == content


def _aside(tree: Tree, folder: str, name: str) -> None:
    """Move an earlier result out of the way, under the first free number."""
    for number in itertools.count(2):
        aside = numbered_file(name, number)
        try:
            tree.move(within(folder, name), within(folder, aside))
        except FileExistsError:
            continue
        return
