"""
One watch folder, as a contract.

Layout below the watch folder's root: parts lie in the root (or below it with ``recursive``) until they are taken in;
``processing/<claim>/`` holds a claim's parts and results; ``done/<stem>/`` and ``failed/<stem>/`` hold what is over.
Everything is idempotent, because after a crash each verb is simply asked for again: a part may be in either of the two
places that a verb moves it between. Nothing is ever overwritten or deleted, but for our own temporary files.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from panjaya_watchd.core.claim import Destination
from panjaya_watchd.core.content import Reads
from panjaya_watchd.core.drop import Drop, Fingerprint, Part
from panjaya_watchd.core.names import ClaimId, Digest
from panjaya_watchd.core.profiles import LOCAL_GROUND, Ground
from panjaya_watchd.core.settle import Evidence
from panjaya_watchd.errors import PlaceError


class Foreign(PlaceError):  # noqa: N818  (it is an error by type; the name says what was found)
    """Another folder is mounted in the place of the one that we know; nothing in it is touched."""


class Unsettled(Exception):  # noqa: N818  (not an error: a file that is still being written is everyday life)
    """A part is not what it was when the drop settled: changed, replaced or gone. ``gone`` says which of the two."""

    def __init__(self, why: str, *, gone: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.gone = gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """
    What the ledger knows of a watch folder that is looked at.

    ``root_id`` is the id in its ``processing/``, None where none was seen yet; ``claims`` are those that are open.
    ``at`` is when the look begins, in monotonic seconds; None: nothing of earlier looks is relied on. ``mounts`` are
    folders below on which something was mounted once, and ``shelves`` those in which answers were ever filed: no drop
    is looked for there. ``number`` tells one look from another.
    """

    root_id: str | None = None
    claims: frozenset[ClaimId] = frozenset()
    at: float | None = None
    mounts: tuple[str, ...] = ()
    shelves: tuple[str, ...] = ()
    number: int | None = None


NOTHING_KNOWN: Final = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """
    What one look at a watch folder saw.

    ``files`` are regular files by their names relative to the root, junk and our own files left out. ``refused`` are
    (name, what it is in words) of entries that are never read, so that nothing is silently ignored: symbolic links,
    FIFOs, folders that are not looked into, and up to 50 files of no known kind. ``whole`` is False where something
    could not be looked at, so that what is missing need not be gone. ``traced``: our own ``processing/`` is there.
    ``root_id`` is the id in it; ``familiar`` says that this very root, as it is mounted now, has borne the known id
    before. ``mounting`` is another one after each mounting of the root, and ``grounds`` are the file systems under the
    folder, that of its root first. ``strays`` are folders in ``processing/`` that hold something and belong to none of
    the known claims. ``notes`` are sentences for the operator, on what cannot be seen here.
    """

    files: tuple[tuple[str, Fingerprint], ...]
    refused: tuple[tuple[str, str], ...] = ()
    whole: bool = True
    traced: bool = True
    root_id: str | None = None
    familiar: bool = False
    mounting: tuple[int, ...] = ()
    strays: tuple[str, ...] = ()
    grounds: tuple[Ground, ...] = (LOCAL_GROUND,)
    notes: tuple[str, ...] = ()


class Source(Protocol):
    """An open part: everything is read from one descriptor, so a swap of the name cannot smuggle in another file."""

    size: int

    def read(self, limit: int) -> bytes:
        """Read up to ``limit`` bytes; ``b""`` at the end. Raises `PlaceError` when the storage fails."""

    def changed(self) -> str | None:
        """Say in words how the file differs from the part that settled, also when its name leads elsewhere by now."""

    def close(self) -> None:
        """Let go of the descriptor."""


class Place(Protocol):
    """
    The verbs on one watch folder.

    Called from that folder's own thread, except for `open_part`, `partial`, `keep`, `copy`, `open_filed` and `vacant`.
    Every verb raises `PlaceError` when the folder cannot be used just now.
    """

    def scan(self, known: Known = NOTHING_KNOWN) -> Scan:
        """
        Look at the whole folder once: one directory walk, one ``lstat`` for each file, none of people's files opened.

        Raises:
            Foreign: another folder than the known one is mounted here.
            PlaceError: it cannot be used just now: it is not there, mounted read-only, or empty of even our own folder.

        """

    def expect(self, root_id: str) -> None:
        """From now on the folder of this id is meant; touches nothing. Every verb raises `Foreign` in another one."""

    def leave_trace(self, root_id: str | None = None) -> None:
        """
        Make ``processing/`` with an id in it: the trace by which the folder is known again. Durable when it returns.

        An id that is there already stays; None for a new one.
        """

    def ground_of(self, name: str) -> Ground:
        """Give the ground on which a part lies, as the last scan saw it."""

    def evidence(self, drop: Drop) -> tuple[Evidence, ...]:
        """Collect what says that a settled drop is not whole yet, and fresh fingerprints that differ."""

    def read(self, part: Part, limit: int) -> bytes:
        """Read a small part that was not taken in yet. Raises `Unsettled`; more than ``limit`` bytes: `PlaceError`."""

    def peek(self, part: Part) -> AbstractContextManager[Reads]:
        """Lend a part that was not taken in yet. Raises `Unsettled`, also at the end where it changed meanwhile."""

    def likeness(self, part: Part) -> str:
        """Sample a part that was not taken in yet: equal bytes have an equal likeness. Raises `Unsettled`."""

    def lend(self, part: Part) -> AbstractContextManager[int | None]:
        """
        Lend an open descriptor of a part that was not taken in yet, to be read by position and not closed.

        None where there is no disk. Raises `Unsettled` on entering, and on leaving where it changed meanwhile.
        """

    def joined(self, drop: Drop) -> tuple[str, ...]:
        """Name the sidecars that lie in the watch folder by now and go with a drop that was taken in."""

    def made_here(self, part: Part) -> bool:
        """Say whether a part is one of our own results, by the mark that `keep` left on it."""

    def take_in(self, claim_id: ClaimId, drop: Drop) -> Drop:
        """
        Rename all parts into ``processing/<claim>/``. Durable when it returns (both directories synced).

        Returns:
            The drop; parts that lay on another device, and so were copied, as they are now.

        Raises:
            Unsettled: a part changed or is gone; those already moved were given back to the watch folder.

        """

    def open_part(self, claim_id: ClaimId, part: Part) -> Source:
        """Open a part that was taken in. Raises `Unsettled` when it is not the file that settled."""

    def partial(self, claim_id: ClaimId, name: str) -> AbstractContextManager[Path]:
        """
        Give the path of the hidden temporary file into which the result ``name`` is downloaded.

        It is good until the context is left, and leads into the claim's own folder whatever takes that one's name.
        """

    def keep(self, claim_id: ClaimId, name: str) -> None:
        """Turn the temporary file into the result ``name`` and mark it as ours. Durable when it returns."""

    def open_filed(self, where: str, name: str) -> Source:
        """Open a result of a claim that was filed there by `put_away`. Raises `Unsettled` when it is not there."""

    def vacant(self, where: str, name: str) -> str:
        """
        Give the name that a result can have where an earlier claim was filed: it itself, or `` (2)``, `` (3)`` ….

        Nothing is taken by it; who files there later, with another file of that name there by then, finds a free one.
        """

    def copy(self, claim_id: ClaimId, name: str, source: Source) -> Digest:
        """Write a source to where `partial` says, instead of a download; gives the SHA-256 of what was read."""

    def put_away(
        self, claim_id: ClaimId, drop: Drop, to: Destination, papers: Mapping[str, str], beside: str | None = None
    ) -> str:
        """
        File a claim's parts, results and papers (file name to text) in one move.

        To ``done/<stem>/`` or ``failed/<stem>/``, with `` (2)``, `` (3)`` where the name is taken; or, for ``BACK``,
        the parts return to the watch folder. ``beside`` is where an earlier claim was filed whose folder this one's
        files join, as far as it is still there. Asked again for a claim that is already filed, it answers with where
        that was. Durable when it returns.

        Returns:
            Where the parts are, relative to the root, or absolute where ``done`` and ``failed`` lie elsewhere.

        """

    def post(self, text: str | None) -> None:
        """Replace ``STATUS.txt`` in the root by a rename; None takes it away. Written only where it differs."""
