"""
Hundreds of assets in flight, in counted time: a bounded rate, results that are noticed, money that waits for nobody.

`python -m bench.crowd_following` is the same with ten thousand.
"""

import pytest
from multitude import Multitude

pytestmark = pytest.mark.slow

MANY, RATE = 160, 0.14
"""As ten thousand at nine requests a second: the bound is felt."""


@pytest.fixture(scope="module")
def plain() -> Multitude:
    """Follow them for two hours where neither the list nor callbacks help."""
    return Multitude(many=MANY, hours=2, rate=RATE, doubts=(3600,)).run()


def median(delays: list[float]) -> float:
    """Give the middle one."""
    assert len(delays) > 20
    return delays[len(delays) // 2]


def test_the_rate_is_never_exceeded_and_nobody_is_left_out(plain: Multitude) -> None:
    """Each is asked for in its turn: what takes hours is noticed within the time of one round."""
    round_trip = MANY / RATE * 1.5

    assert plain.most_within(1.0) == 1
    assert plain.most_within(3600.0) <= 3600 * RATE + 1
    assert max(plain.delays()) < round_trip
    assert max(plain.unnoticed(), default=0) < round_trip


def test_a_look_up_goes_before_all_polls(plain: Multitude) -> None:
    """It reads the whole list, page by page, as if it were alone but for a few."""
    pages = MANY / 50 + 1
    (took,) = plain.looked_up

    assert took < 2.5 * pages / RATE
    assert plain.queued <= 1


def test_a_list_that_shows_what_moves_saves_requests_and_time(plain: Multitude) -> None:
    """And only one that does is read again and again."""
    listed = Multitude(many=MANY, hours=2, rate=RATE, list_status=True).run()

    assert [line.args[0] for line in listed.log.calls if line.args[0].startswith("list.")] == ["list.trusted"]
    assert [line.args[0] for line in plain.log.calls if line.args[0].startswith("list.")] == ["list.refuted"]
    assert listed.most_within(1.0) == 1
    assert len(listed.api.sent) < len(plain.api.sent)
    assert median(listed.delays(3600)) < 0.75 * median(plain.delays(3600))


def test_while_callbacks_arrive_results_are_noticed_at_once(plain: Multitude) -> None:
    """With less than half the polls of a rate that is used to the full."""
    told = Multitude(many=MANY, hours=2, rate=RATE, callbacks=True).run()

    assert told.most_within(1.0) == 1
    assert median(told.delays(3600)) < 30
    assert told.kinds(3600)["asset"] < plain.kinds(3600)["asset"] / 2
