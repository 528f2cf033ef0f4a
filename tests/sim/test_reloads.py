"""Reloads at any moment, with power cuts between them: nothing is billed twice, lost, or forgotten."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from run.stage import reread
from world import DROPS, FOLDER, ROOT, World

from panjaya_watchd.core.names import FolderName
from panjaya_watchd.run.change import Lookout

pytestmark = pytest.mark.slow

OTHER = FolderName("sales")
ROOTS = {FOLDER: ROOT, OTHER: "/srv/sales"}
MANY = 25


class Silent:
    """Hints that never come."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


def restless(seed: int) -> tuple[Callable[[World, str], None], list[frozenset[FolderName]]]:
    """Give a meddler that reloads now and then, ever with other folders; the last one has them all."""
    rng, taken = Random(seed), list[frozenset[FolderName]]()

    def meddle(world: World, _name: str) -> None:
        if not hasattr(world, "driver") or len(taken) >= MANY or rng.random() > 0.1:
            return
        last = len(taken) == MANY - 1
        folders = frozenset(ROOTS) if last else frozenset(rng.sample(sorted(ROOTS), rng.randint(0, 2)))
        taken.append(folders)
        known = world.driver.watched
        lookouts = {
            folder: Lookout(world._place(Path(ROOTS[folder])), Silent())
            for folder in folders
            if folder not in known or rng.random() < 0.3
        }
        world.driver.inbox.put(reread({folder: world._watched(folder) for folder in folders}, lookouts=lookouts))
        world.driver.reloading.tend()

    return meddle, taken


@pytest.mark.parametrize("seed", range(40))
def test_reloads_at_random_moments(seed: int) -> None:
    """Each video is answered once, wherever it lay while its folder was taken out and came back."""
    meddle, taken = restless(seed)
    rng = Random(f"cuts {seed}")
    cuts = frozenset(rng.sample(range(1, 400), 3)) if seed % 2 else frozenset()
    world = World(seed=seed, roots=ROOTS, meddle=meddle, cuts=cuts, orderly=seed % 4 < 2)
    world.drop({"walk.mp4": b"walk " * 50}, OTHER)
    world.run()

    assert len(taken) > MANY / 2
    assert set(DROPS) < set(world.drops)
    world.check()
    if not cuts:
        assert [claim for claim in world.ledger.living() if claim.held] == [], "only a power cut leaves a doubt"
