"""
A storm of callbacks through the real server: each video is done once, whatever is late, twice, forged or missing.

`python -m bench.callback_storm` is the same with ten thousand callbacks for a thousand videos.
"""

import pytest
from storm import Storm

pytestmark = pytest.mark.slow

MANY, POSTS = 12, 120


@pytest.fixture(scope="module")
def storm() -> Storm:
    """Let it storm."""
    return Storm(many=MANY, posts=POSTS, hours=9, rate=50).run()


def test_each_video_is_done_and_was_fetched_once(storm: Storm) -> None:
    """And nothing is kept of any of them."""
    assert len(storm.ledger.closed()) == MANY
    assert sorted(storm.fetched.values()) == [1] * MANY
    assert storm.left() == 0


def test_what_is_forged_is_answered_with_401_and_never_heard(storm: Storm) -> None:
    """Half of them; the driver hears of the others, and of the one that came first."""
    assert dict(storm.statuses) == {401: POSTS // 2, 204: POSTS // 2 + 1}
    assert len(storm.heard) == POSTS // 2 + 1


def test_there_is_a_tenth_of_the_polls_and_results_are_noticed_at_once(storm: Storm) -> None:
    """A callback may be two minutes late here."""
    calm = Storm(many=MANY, posts=0, hours=9, rate=50, callbacks=False).run()

    assert len(calm.ledger.closed()) == MANY
    assert 10 * storm.kinds()["asset"] <= calm.kinds()["asset"]
    assert max(storm.delays()) < 150
