"""
A watch folder and its ledger on disks that lose power: the whole daemon, with a studio that remembers its bills.

What people drop is synced elsewhere and renamed into the folder. In the end every drop is answered or held, no bill was
made twice, and every byte that was dropped or delivered is there.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from ledgers import url_of
from sim.test_twins import SRT
from world import FOLDER

from bench.powercut.history import History, NotedLedger
from bench.powercut.town import CODEC, DiskTown, Notes
from panjaya_watchd.core.claim import Claim, Destination
from panjaya_watchd.core.names import Locale
from panjaya_watchd.ledger.auditing import audit
from panjaya_watchd.ledger.sql import SqlLedger

ITALIAN: Final = Locale("it-IT")


def video(name: str) -> bytes:
    """Give a video of some blocks, unlike all others."""
    return f"{name} ".encode() * 7_000


FIRST: Final = {
    "talk.mp4": video("talk"),
    "talk.toml": b'languages = ["es-ES", "fr-FR"]\n',
    "talk.es-ES.srt": SRT,
    "tour.mp4": video("tour"),
    "bad.mp4": video("bad"),
}
LATER: Final = {"tour.mp4": video("tour"), "clip.mp4": video("clip")}


class Folders:
    """
    A watch folder to which everything happens that can happen to a drop.

    With two disks the ledger lies on the first and the folder on the second, and what is done is copied to the first.
    """

    def __init__(self, disks: Sequence[Path], history: History) -> None:
        self.figures: Counter[str] = Counter()
        self._history = history
        self._notes = Notes(history)
        self._root, self._incoming = disks[-1] / "marketing", disks[-1] / "incoming"
        self._done = self._root / "done" if len(disks) == 1 else disks[0] / "archive" / "done"
        self._ledger = disks[0] / "state" / "ledger.db"
        self._drops: list[tuple[int, int, str, bytes]] = []

    def prepare(self) -> None:
        """Make the folders, and drop what lies there when the daemon comes."""
        for folder in (self._root, self._incoming, self._done.parent, self._ledger.parent):
            folder.mkdir(exist_ok=True)
        self._drop(FIRST)

    def play(self) -> None:
        """Let the daemon come, and people drop more: further languages, the same video again, a new one."""
        with self._notes.contents():
            ledger = NotedLedger(url_of(self._ledger), self._history)
            self._history.note("ledger")
            town = self._town(ledger, self._notes)
            town.run()
            first = next(claim for claim in town.ended(Destination.DONE) if claim.drop.stem == "tour")
            self._drop({"tour.de-DE.srt": SRT + b"\n"})
            town.run()
            self._drop(LATER)
            assert isinstance(town.add(first.id, ITALIAN), Claim)
            town.run()
        self._count_drops(town, self._history.position())
        town.check(failed=1)
        assert not ledger.living(), town.describe()
        ledger.close()

    def recover(self, cut: int) -> None:
        """Start the daemon on what is left, let it come to an end, and hold that against what was promised."""
        self._check_whole()
        assert self._ledger.exists() or not self._history.holds("ledger", cut), "The ledger is gone."
        if self._ledger.exists():
            _must_be_sound(self._ledger)
        ledger = SqlLedger(url_of(self._ledger))
        try:
            self.figures["claims kept"] += self._history.check_puts(cut, ledger.get)
            town = self._town(ledger)
            self._notes.play_until(cut, town)
            self._count_drops(town, cut)
            self.figures["bills before"] += len(town.studio.bills)
            town.run()
            town.check(failed=1)
            self.figures["bills in the end"] += len(town.studio.bills)
            self.figures["answered"] += len(town.ended(Destination.DONE, Destination.FAILED))
            self.figures["held"] += len(ledger.living())
        finally:
            ledger.close()
        _must_be_sound(self._ledger)

    def _town(self, ledger: SqlLedger, notes: Notes | None = None) -> DiskTown:
        town = DiskTown(
            orderly=False,
            drops={},
            refused=("bad",),
            switches={"names": False},  # else most of what a ledger forgets could be found at the studio
            roots={FOLDER: str(self._root)},
            codec=CODEC,
            notes=notes,
            done=self._done,
        )
        town.ledger = ledger  # type: ignore[assignment]  # (played in every other world)
        return town

    def _drop(self, files: Mapping[str, bytes]) -> None:
        """Drop files as a careful program does: written elsewhere, synced, renamed, synced."""
        for name, content in files.items():
            begun, aside, target = self._history.position(), self._incoming / name, self._root / name
            aside.write_bytes(content)
            _sync(aside, self._incoming)
            aside.rename(target)
            _sync(self._incoming, self._root)
            self._drops.append((begun, self._history.position(), name, content))
            self._notes.content(content)

    def _count_drops(self, town: DiskTown, cut: int) -> None:
        """Tell a town what people had dropped by then; what they were just dropping may be there or not."""
        for begun, returned, name, content in self._drops:
            if returned <= cut or (begun <= cut and (self._root / name).exists()):
                town.drops[name] = content
                town.dropped[content] += 1

    def _check_whole(self) -> None:
        """Demand that every file is whole which people can see; what is in the making is hidden."""
        for folder in {self._root, self._done}:
            for path in folder.rglob("*"):
                hidden = any(level.startswith(".") for level in path.relative_to(folder).parts)
                if path.is_file() and not hidden:
                    content = path.read_bytes()
                    assert sha256(content).hexdigest() in self._notes.whole, f"{path} is torn: {content[:40]!r}"


def _must_be_sound(ledger: Path) -> None:
    """Demand what ``ledger verify`` demands."""
    findings = audit(ledger).findings
    assert not findings, findings[0].what


def _sync(*paths: Path) -> None:
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
