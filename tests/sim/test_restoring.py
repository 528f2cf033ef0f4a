"""
A ledger that was restored from a backup which is older than reality.

The backup is taken at one point of a run, the machine dies at a later one, and the daemon starts again on the backup.
No video is billed twice and no file is lost; what was sent meanwhile waits for a person.
"""

from datetime import timedelta

import pytest
from stride import every
from world import FOLDER, ROOT, World

from panjaya_watchd.core.budget import Budget
from panjaya_watchd.core.claim import Claim, HeldFor, OnDoubt, Rules, State
from panjaya_watchd.core.events import Told, Word
from panjaya_watchd.core.names import Locale
from panjaya_watchd.core.restoring import restored
from panjaya_watchd.ledger.codec import Codec
from panjaya_watchd.ledger.memory import MemoryLedger

CODEC = Codec()
NAMELESS = {"names": False}
"""A service that does not say which file an asset was made of; one that does is asked before anything is sent."""

RETRY = Rules(poll_first=timedelta(seconds=4), on_doubt=OnDoubt.RETRY)
"""What is not listed for a whole window is sent again; but not what a backup believes to be in doubt."""

SOON = 1800.0
"""Seconds of the world; whatever still goes on by then would for ever."""


class Restored(World):
    """A world whose ledger is copied at one boundary and put back at another one, where the power is cut."""

    loses = False
    """Whether people delete everything in the Studio before the backup comes back."""

    def through(self, copied: int, back: int, *, believed: bool = False) -> "Restored":
        """Run until all is quiet; ``believed``: the backup is taken for the truth, as a plain copy would be."""
        self.cuts = frozenset({back})
        self.meddle = lambda *_: self._meddle(copied, back, believed=believed)
        self.run(until=4 * SOON if self.loses else SOON)  # for an hour what is not known may only be late
        return self

    def _meddle(self, copied: int, back: int, *, believed: bool) -> None:
        if not self.changed:
            return
        ledger = self.ledger
        if self.boundaries + 1 == copied:
            self.copy = (dict(ledger._entries), dict(ledger._owners), dict(ledger._baselines))
            self.copied_at = self.clock.now()
        if self.boundaries + 1 == back:
            ledger._entries, ledger._owners, ledger._baselines = self.copy
            for claim in () if believed else ledger.living():
                MemoryLedger.put(ledger, restored(claim, self.copied_at))
            if self.loses:
                self.studio._assets.clear()

    def hold_against_promises(self) -> None:
        """Count bills and files, and see that only that waits which has to."""
        for name, count in self.bills().items():
            assert count <= 1, f"{name} was billed {count} times; {self.describe()}"
        files = list(self.disk.files().values())
        for content in self.dropped:
            assert files.count(content) == 1, f"{content[:9]!r} is there {files.count(content)} times"
        for claim in self.ledger.living():
            asks = {HeldFor.DOUBT, HeldFor.LOST} if self.loses else {HeldFor.DOUBT}
            waits = claim.state is State.HELD and claim.held_for in asks
            assert waits or self.was_filed(claim), self.describe()

    def was_filed(self, claim: Claim) -> bool:
        """Say whether a claim that is followed again was filed already, so that its folder is gone."""
        stuck = claim.state is State.DUBBING and "make that folder" in (claim.trouble or "")
        return stuck and f"{ROOT}/done/{claim.drop.stem}/{claim.drop.stem}.receipt.toml" in self.disk.files()


def boundaries() -> int:
    """Count the boundaries of a run in which nothing happens."""
    return World(codec=CODEC).run().boundaries


def test_an_older_ledger_never_bills_twice_and_loses_nothing() -> None:
    """Any point for the backup, any later one for its return."""
    total, step = boundaries(), every(9)
    for copied in range(1, total + 1, step):
        for back in range(copied + 1, total + 1, step):
            world = Restored(codec=CODEC, seed=copied + back, switches=NAMELESS if back % 4 else {})
            world.through(copied, back).hold_against_promises()


def test_what_people_deleted_meanwhile_is_never_bought_again_by_itself() -> None:
    """The look-up finds nothing of what the backup believes to be in doubt, and the rules would have it sent again."""
    doubtful = set[int]()

    def note(world: World, _name: str) -> None:
        if any(claim.state is State.RELEASING for claim in world.ledger.living()):
            doubtful.add(world.boundaries + world.changed)

    total = World(codec=CODEC, meddle=note).run().boundaries
    for copied in sorted(doubtful):
        for back in range(copied + 1, total + 1, every(9)):
            world = Restored(codec=CODEC, seed=copied + back, rules=RETRY)
            world.loses = True
            world.through(copied, back).hold_against_promises()


def test_an_older_ledger_that_is_believed_bills_twice() -> None:
    """What the mark in a backup is there for: a plain copy of an older file buys again what was bought since."""
    total = boundaries()

    def bills(copied: int, *, believed: bool) -> int:
        """Count the most bills of one video, where the copy comes back a third of the run later."""
        world = Restored(codec=CODEC, switches=NAMELESS)
        return max(world.through(copied, copied + total // 3, believed=believed).bills().values())

    copied = next(copied for copied in range(1, total // 2) if bills(copied, believed=True) == 2)

    assert bills(copied, believed=False) == 1


def test_what_was_filed_after_the_backup_goes_on_where_its_folder_is_made() -> None:
    """It is followed again, asks for its folder, and ends as the claim of what is filed already, for no money."""
    total = boundaries()
    found = (Restored(codec=CODEC).through(copied, total) for copied in range(total // 3, total))
    world = next(world for world in found if world.ledger.living() and all(map(world.was_filed, world.ledger.living())))
    bills = world.bills()
    for claim in world.ledger.living():
        world.disk.folder(f"{ROOT}/processing/{claim.id}")
    world.run(until=2 * SOON)

    assert world.ledger.living() == ()
    assert world.bills() == bills
    assert sum(path.endswith("talk.mp4") for path in world.disk.files()) == 1


@pytest.mark.parametrize("word", [Word.RETRY, Word.RELEASE])
def test_a_person_ends_the_doubt(word: Word) -> None:
    """Retry sends it, which is theirs to decide; release gives it up, and its files go to ``failed/``."""
    total = boundaries()
    found = (Restored(codec=CODEC).through(copied, copied + 1) for copied in range(1, total))
    world = next(world for world in found if world.ledger.living())
    for claim in world.ledger.living():
        world.driver.operator.tell(claim.id, Told(word=word))
    world.run(until=2 * SOON)

    assert world.ledger.living() == ()
    assert max(world.bills().values()) == (1 if word is Word.RETRY else 0)
    assert any("/failed/" in path for path in world.disk.files()) is (word is Word.RELEASE)


def test_a_retry_of_what_waited_for_a_budget_heeds_twins_and_budgets() -> None:
    """Two drops of one video, both in doubt: neither is sent beside the other, nor do they wait for each other."""
    video = b"talk " * 30
    none, plenty = Budget(drops_per_day=0), Budget(drops_per_day=9)
    world = Restored(codec=CODEC, drops={"talk.mp4": video, "again.mp4": video}, budgets={FOLDER: none})
    world.run()
    assert {claim.held_for for claim in world.ledger.living()} == {HeldFor.BUDGET}
    for claim in world.ledger.living():
        MemoryLedger.put(world.ledger, restored(claim, world.clock.now()))
    for budget in (none, plenty):
        world.budgets = {FOLDER: budget}
        world.run(world._boot)
        for claim in world.ledger.living():
            world.driver.operator.tell(claim.id, Told(word=Word.RETRY))
        world.run(until=world.clock.seconds + SOON)
        assert len(world.studio.bills) == (budget is plenty)

    assert world.ledger.living() == ()


def test_a_retry_of_languages_that_waited_for_a_budget_finds_their_asset() -> None:
    """They have no video, and only the door says to which asset they belong."""
    world = Restored(codec=CODEC, drops={"tour.mp4": b"tour " * 40}, languages=("es-ES",))
    world.run()
    (done,) = world.ledger.closed()
    world.budgets = {FOLDER: Budget(drops_per_day=0)}
    world.run(world._boot)
    assert isinstance(world.driver.adding.order(done.id, [Locale("de-DE")]), Claim)
    world.run()
    (waiting,) = world.ledger.living()
    assert (waiting.held_for, waiting.adds_to, waiting.builds_on) == (HeldFor.BUDGET, done.id, None)
    MemoryLedger.put(world.ledger, restored(waiting, world.clock.now()))
    world.budgets = {}
    world.run(world._boot)
    world.driver.operator.tell(waiting.id, Told(word=Word.RETRY))
    world.run(until=world.clock.seconds + SOON)

    assert world.ledger.living() == ()
    assert len(world.studio.assets) == 1
    assert f"{ROOT}/done/tour/tour.de-DE.mp4" in world.disk.files()
