"""
Switches of the studio, a few of many: every drop ends as the service said, or is held with a reason.

`python -m bench.switches` plays every one on its own and 500 combinations.
"""

from random import Random
from typing import Any

import pytest
from switched import choices, draw, ends, open_world, single

DAYS = 3 * 86_400.0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_drop_ends_well_under_any_combination(seed: int) -> None:
    """Two videos and one on the web; what cannot end is held and says why."""
    with open_world(seed, draw(Random(seed))) as world:
        world.run(until=DAYS)
        assert len(ends(world)) == 3


def test_every_switch_is_played() -> None:
    """A new one needs values to be drawn from."""
    alone: list[dict[str, Any]] = single()

    assert len(alone) > 100
    assert not [name for name, values in choices().items() if not values]
    assert all(len(switches) == 1 for switches in alone)
