"""
Strangers' assets are never adopted, whatever they look like and whenever they are made.

The normal run plays a share of the seeds; `python -m bench.strangers --runs 10000` plays them all and prints how often
a claim had to be held.
"""

import pytest
from crowd import SETTINGS, endings, play

from panjaya_watchd.core.claim import Rules

SHARES = 8
RUNS = 960


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_a_strangers_asset_is_never_adopted_and_nothing_is_billed_twice(share: int) -> None:
    """Whatever strangers do: a claim has an asset of its own video or none, at most one bill, and an answer."""
    held = 0
    for seed in range(share, RUNS, SHARES):
        world = play(seed)
        world.check()
        for ending in endings(world):
            held += ending.held
            assert not ending.foreign, world.describe()

    assert held > 0


def test_each_setting_is_played_several_times() -> None:
    """A share of the runs that missed a setting would prove nothing about it."""
    assert RUNS // len(SETTINGS) > 20


@pytest.mark.slow
def test_with_the_operators_false_word_strangers_assets_are_adopted() -> None:
    """The proof that likeness is no proof, and that these runs would notice: nobody else is there, says the owner."""
    worlds = [play(seed, Rules(exclusive=True)) for seed in range(RUNS // SHARES)]

    assert sum(ending.foreign for world in worlds for ending in endings(world)) > 0
