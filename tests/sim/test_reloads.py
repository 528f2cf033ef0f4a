"""Reloads at any moment, with power cuts between them: nothing is billed twice, lost, or forgotten."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from run.stage import reread
from world import DROPS, FOLDER, ROOT, World

from panjaya_watchd.core.extent import Extent
from panjaya_watchd.core.names import FolderName
from panjaya_watchd.places.memory import MemoryPlace
from panjaya_watchd.run.change import Lookout
from panjaya_watchd.run.first_start import Root

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


def widening(seed: int) -> tuple[Callable[[World, str], None], list[frozenset[FolderName]]]:
    """Give a meddler that looks into sub-folders now and then, leaves folders, and drops where nobody looks."""
    rng, taken = Random(seed), list[frozenset[FolderName]]()

    def meddle(world: World, name: str) -> None:
        if name != "turn" or len(taken) >= MANY or rng.random() > 0.1:
            return
        looked_at = {folder for folder, each in world.driver.watched.items() if not each.retired}
        for folder in sorted(ROOTS.keys() - looked_at):
            world.drop({f"meanwhile{len(taken)}.mp4": f"{folder} {len(taken)} ".encode() * 50}, folder)
        last = len(taken) == MANY - 1
        taken.append(frozenset(ROOTS) if last else frozenset(rng.sample(sorted(ROOTS), rng.randint(0, 2))))
        watched, lookouts = {}, {}
        for folder in sorted(taken[-1]):
            path, extent = ROOTS[folder], Extent(recursive=rng.random() < 0.5)
            root = Root(path=path, hold=True, extent=extent)
            watched[folder] = replace(world._watched(folder), root=root)
            lookouts[folder] = Lookout(MemoryPlace(world.disk, Path(path), recursive=extent.recursive), Silent())
        world.driver.inbox.put(reread(watched, lookouts=lookouts))
        world.driver.reloading.tend()

    return meddle, taken


@pytest.mark.parametrize("seed", range(20))
def test_no_reload_buys_what_lay_there(seed: int) -> None:
    """Below a folder, or in one that was left for a while; and what is dropped in the end is bought as ever."""
    meddle, taken = widening(seed)
    cuts = frozenset(Random(f"cuts {seed}").sample(range(1, 40), 3)) if seed % 2 else frozenset()
    world = World(seed=seed, roots=ROOTS, meddle=meddle, cuts=cuts, hold=True)
    world.drop({"deep/old.mp4": b"old " * 50})
    world.run(until=0)
    while len(taken) < MANY:
        world._through_cuts(world.turn)
    world.run()
    assert world.studio.bills == []

    world.cuts = frozenset()
    world.drop({"new.mp4": b"new " * 50}, OTHER)
    world.run()
    assert [name for name, count in world.bills().items() if count] == ["new.mp4"]
    assert len(world.studio.bills) == 1
