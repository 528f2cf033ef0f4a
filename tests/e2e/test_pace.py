"""How often the real daemon asks the service."""

import time
from collections.abc import Callable

from machine import Machine, talk


def test_the_service_is_not_asked_more_often_than_the_operator_allows(open_machine: Callable[..., Machine]) -> None:
    """Whatever asks: the mark, twenty polls a second if they could, the link of the result."""
    allowed = 4
    machine = open_machine(
        switches={"ready_after": 1.0},
        api={"poll_first": "0.05s", "poll_max": "0.05s"},
        limits={"requests_per_second": allowed},
    ).start()
    began = time.monotonic()
    machine.drop("talk.mp4", talk())
    machine.answer("talk")
    reading = [seen for seen in machine.server.requests if seen.method == "GET" and seen.authorised]

    assert len(reading) >= 2 * allowed, "too few to prove anything"
    assert len(reading) <= allowed * (time.monotonic() - began) + allowed
