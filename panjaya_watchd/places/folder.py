"""
The verbs of `Place`, made of the steps of a `Tree`; what takes many steps is in `filing`.

It promises what `base` promises and turns every `OSError` into a `PlaceError`. It never judges a drop: it sees, reads
and moves what it is told to.
"""

import contextlib
import errno
import itertools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from panjaya_watchd.core.claim import Destination
from panjaya_watchd.core.drop import Drop, Fingerprint, Part
from panjaya_watchd.core.names import ClaimId, Digest, display
from panjaya_watchd.core.settle import Evidence
from panjaya_watchd.core.words import SIGNATURE
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places import again, filing, naming, taking
from panjaya_watchd.places.base import Scan, Source, Unsettled
from panjaya_watchd.places.evidence import collect
from panjaya_watchd.places.filing import Shelf
from panjaya_watchd.places.junk import STATUS, is_junk, is_junk_folder, is_member
from panjaya_watchd.places.naming import (
    PROCESSING,
    base,
    fit,
    lying,
    result_in_the_making,
    within,
)
from panjaya_watchd.places.steps import carry, make, mentions, write
from panjaya_watchd.places.tree import Kind, NotRegular, Opened, Tree
from panjaya_watchd.places.trouble import border

_NOT_READ: Final = "is a link or a special file, and those are never read; put the file itself here"
_UNREADABLE: Final = "cannot be looked at: the disk or the share gives an error for it"
_UNKNOWN: Final = "is no kind of video or sidecar that is known here, and is left alone"
_FOLDER: Final = "is a folder, and here only files are taken that lie directly in the watch folder"

_STRANGERS: Final = 50
"""How many files that can be no part are named, in each folder; there may be any number of them."""


class FolderPlace:
    """One watch folder: its tree, where finished drops go, and whether sub-folders are looked into."""

    def __init__(self, tree: Tree, *, done: Shelf, failed: Shelf, recursive: bool) -> None:
        self._tree = tree
        self._done = done
        self._failed = failed
        self._recursive = recursive
        self._ours = {PROCESSING, *(shelf.folder for shelf in (done, failed) if shelf.tree is tree)}

    def scan(self) -> Scan:
        """Look at the whole folder once."""
        files: list[tuple[str, Fingerprint]] = []
        refused: list[tuple[str, str]] = []
        folders, whole = [""], True
        with border(self._tree.root, "looking at the folder"):
            while folders:
                folder = folders.pop()
                try:
                    folders += self._look_through(folder, files, refused)
                except OSError as error:
                    # Only the root's own trouble is the whole folder's; a sub-folder may go or be locked at any time.
                    if not folder or error.errno not in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES}:
                        raise
                    whole = False
                    if error.errno == errno.EACCES:
                        refused.append((folder, "is a folder that the service may not look into"))
            traced = self._tree.look(PROCESSING) is not None
        whole = whole and all(why != _UNREADABLE for _, why in refused)
        return Scan(files=tuple(files), refused=tuple(refused), whole=whole, traced=traced)

    def leave_trace(self) -> None:
        """Leave our trace."""
        with border(self._tree.root, "making our own folder"):
            make(self._tree, PROCESSING)

    def _look_through(
        self, folder: str, files: list[tuple[str, Fingerprint]], refused: list[tuple[str, str]]
    ) -> list[str]:
        """Sort the entries of one folder; returns the folders below it that are to be looked through next."""
        below: list[str] = []
        strangers: list[str] = []

        def cannot_be_a_part(own: str) -> bool:
            if is_member(own):
                return False
            if len(strangers) < _STRANGERS and not is_junk(own):
                strangers.append(own)
            return True

        for own, found in self._tree.entries(folder, cannot_be_a_part):
            name = within(folder, own)
            if isinstance(found, Fingerprint):
                files.append((name, found))
            elif found is not Kind.FOLDER:
                refused.append((name, _UNREADABLE if found is Kind.UNKNOWN else _NOT_READ))
            elif self._is_ours(name) or is_junk_folder(own):
                continue
            elif self._recursive:
                below.append(name)
            else:
                refused.append((name, _FOLDER))
        refused += [(within(folder, own), _UNKNOWN) for own in sorted(strangers)]
        return below

    def _is_ours(self, name: str) -> bool:
        return any(own == name or own.startswith(name + "/") for own in self._ours)

    def evidence(self, drop: Drop) -> tuple[Evidence, ...]:
        """Collect what says "not yet"."""
        with border(self._tree.root, "looking for signs of an unfinished copy"):
            return collect(self._tree, drop)

    def read(self, part: Part, limit: int) -> bytes:
        """Read a small part whole, or nothing of it."""
        with (
            border(self._tree.root, "reading a sidecar"),
            contextlib.closing(_open(self._tree, part.name, part)) as file,
        ):
            if file.fingerprint() != part.fingerprint:
                raise Unsettled(f"{display(part.name)} has changed")
            content = b""
            while len(content) <= limit and (chunk := file.read(limit + 1 - len(content))):
                content += chunk
            if file.fingerprint() != part.fingerprint:
                raise Unsettled(f"{display(part.name)} has changed")
        if len(content) > limit:
            raise PlaceError(
                f"{display(part.name)}: expected at most {limit} bytes, found {part.fingerprint.size}.",
                hint="Make the file smaller; this size is no sidecar's.",
            )
        return content

    def likeness(self, part: Part) -> str:
        """Take a sample of a part."""
        with (
            border(self._tree.root, "looking at a video"),
            contextlib.closing(_open(self._tree, part.name, part)) as file,
        ):
            if file.fingerprint() != part.fingerprint:
                raise Unsettled(f"{display(part.name)} has changed")
            return again.likeness(file, part.fingerprint.size)

    @contextlib.contextmanager
    def lend(self, part: Part) -> Iterator[int | None]:
        """Lend a part's descriptor."""
        with border(self._tree.root, "looking at a video"):
            file = _open(self._tree, part.name, part)
        with contextlib.closing(file):
            with border(self._tree.root, "looking at a video"):
                if file.fingerprint() != part.fingerprint:
                    raise Unsettled(f"{display(part.name)} has changed")
            yield file.lend()

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
            return taking.take_in(self._tree, claim_id, drop)

    def open_part(self, claim_id: ClaimId, part: Part) -> "OpenPart":
        """Open a part that was taken in."""
        name = within(lying(claim_id), base(part.name))
        with border(self._tree.root, "opening a part"):
            taking.expect(self._tree, lying(claim_id))
            file = _open(self._tree, name, part)
            if not file.fingerprint().same_content(part.fingerprint):
                file.close()
                raise Unsettled(f"{display(part.name)} has changed")
            return OpenPart(self._tree, name, file)

    @contextlib.contextmanager
    def partial(self, claim_id: ClaimId, name: str) -> Iterator[Path]:
        """Give the path for a download."""
        with contextlib.ExitStack() as held:
            with border(self._tree.root, "opening the claim's folder for a download"):
                folder = held.enter_context(self._tree.reach(lying(claim_id)))
            yield folder / result_in_the_making(name)

    def keep(self, claim_id: ClaimId, name: str) -> None:
        """
        Turn a download into a result.

        A result of that name and size is the same one, kept before a crash. One of another size is moved aside under
        a number, for it may have been paid for.
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
                if kept is not None and kept.fingerprint.size == fresh.fingerprint.size:
                    tree.remove(source)
                elif kept is not None:
                    _aside(tree, folder, fit(name))
                    carry(tree, source, target)
                else:
                    carry(tree, source, target)
            tree.sync(folder)

    def open_filed(self, where: str, name: str) -> "OpenPart":
        """Open a result that was filed."""
        with border(self._tree.root, "opening an earlier result"):
            return OpenPart(*again.open_filed(self._tree, (self._done, self._failed), where, name))

    def copy(self, claim_id: ClaimId, name: str, source: Source) -> Digest:
        """Write a copy in place of a download."""
        with border(self._tree.root, "copying an earlier result"):
            return again.copy(self._tree, claim_id, name, source)

    def put_away(self, claim_id: ClaimId, drop: Drop, to: Destination, papers: Mapping[str, str]) -> str:
        """File a claim."""
        with border(self._tree.root, "filing a drop"):
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


class OpenPart:
    """An open part; any change since it was opened is seen, also one that puts ``mtime`` back (``ctime`` moves)."""

    def __init__(self, tree: Tree, name: str, file: Opened) -> None:
        self._tree = tree
        self._name = name
        self._file = file
        self._opened = file.fingerprint()
        self.size = self._opened.size

    def read(self, limit: int) -> bytes:
        """Read on."""
        with border(self._tree.root, "reading a part"):
            return self._file.read(limit)

    def changed(self) -> str | None:
        """Compare the descriptor with its beginning, and the name with the descriptor."""
        with border(self._tree.root, "looking at a part again"):
            if self._file.fingerprint() != self._opened:
                return f"{display(base(self._name))} was changed while it was being read"
            look = self._tree.look(self._name)
            if look is None or look.fingerprint.ino != self._opened.ino:
                return f"{display(base(self._name))} was moved away or replaced while it was being read"
        return None

    def close(self) -> None:
        """Let go."""
        self._file.close()


def _open(tree: Tree, name: str, part: Part) -> Opened:
    """Open a part's file, or say that it is not what it was."""
    try:
        return tree.open(name)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Unsettled(f"{display(part.name)} is gone", gone=True) from error
    except NotRegular as error:
        raise Unsettled(f"{display(part.name)} is no file any more") from error


def _holds(tree: Tree, name: str, text: str) -> bool:
    content = text.encode(errors="replace")
    with contextlib.closing(tree.open(name)) as file:
        return file.fingerprint().size == len(content) and file.read(len(content) + 1) == content


def _aside(tree: Tree, folder: str, name: str) -> None:
    """Move an earlier result out of the way, under the first free number."""
    suffix = PurePosixPath(name).suffix
    for number in itertools.count(2):
        aside = naming.numbered(name.removesuffix(suffix), number, len(os.fsencode(suffix))) + suffix
        try:
            tree.move(within(folder, name), within(folder, aside))
        except FileExistsError:
            continue
        return
