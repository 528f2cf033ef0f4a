"""The story: one line for each thing that a person may want to know, and none with a secret."""

from dataclasses import replace

from run.stage import logged
from samples import BUSY, DIGEST, SPANISH, claim, result
from structlog.testing import CapturingLogger

from panjaya_watchd.core import events
from panjaya_watchd.core.claim import Destination, Outcome, State
from panjaya_watchd.run.story import tell_claimed, tell_step

WHO = {"claim": "c0ffee", "folder": "marketing", "file": "talk"}


def told(before: State, after: State, event: events.Event, **changes: object) -> CapturingLogger:
    """Tell one step."""
    log = CapturingLogger()
    tell_step(log, claim(before), claim(after, **changes), event)
    return log


def test_a_claim_is_told_with_what_it_will_cost() -> None:
    """Before anything is spent, so that the log shows the intent."""
    log = CapturingLogger()
    tell_claimed(log, claim())

    assert logged(log, "drop.claimed") == [
        {
            **WHO,
            "bytes": 1000,
            "languages": ["es-ES", "fr-FR"],
            "estimated_minutes": 2.0,
            "refused": None,
            "held": None,
            "warnings": [],
        }
    ]


def test_a_refused_claim_is_told_with_its_reason() -> None:
    """Nothing is ordered, so nothing is estimated."""
    log = CapturingLogger()
    refused = Outcome(to=Destination.FAILED, why="It is no video.")
    tell_claimed(log, claim(order=None, outcome=refused))
    (said,) = logged(log, "drop.claimed")

    assert (said["languages"], said["estimated_minutes"], said["refused"]) == ([], None, "It is no video.")


def test_a_move_is_told_with_where_from_and_where_to() -> None:
    """One line for each transition, with the asset as soon as there is one."""
    log = told(State.RELEASING, State.DUBBING, events.Absent())

    assert logged(log, "claim.moved") == [{**WHO, "from": "releasing", "to": "dubbing", "on": "Absent", "asset": "a1"}]


def test_a_step_that_moves_nothing_is_not_told() -> None:
    """A poll every half minute for a day is not a story."""
    assert told(State.DUBBING, State.DUBBING, events.Absent()).calls == []


def test_a_held_claim_is_a_warning_that_says_where_to_ask() -> None:
    """A person is needed, so the line names the command."""
    log = told(State.RELEASING, State.HELD, events.Absent())
    (call,) = log.calls

    assert call.method_name == "warning"
    assert (call.kwargs["held"], call.kwargs["hint"]) == ("nobody knows", "panjaya-watchd why c0ffee")


def test_an_end_is_told_with_its_sentence() -> None:
    """The log and the note in the folder say the same."""
    (said,) = logged(told(State.DUBBING, State.FILING, events.Absent()), "claim.moved")

    assert (said["outcome"], said["why"]) == ("done", "It is done.")


def test_trouble_is_told_although_nothing_moves() -> None:
    """A fault, a folder that is stuck, a file that changed."""
    fault = told(State.DUBBING, State.DUBBING, events.Unanswered(fault=BUSY))
    stuck = told(State.FILING, State.FILING, events.Stuck(why="full"))
    unsettled = told(State.CLAIMED, State.CLAIMED, events.Unsettled(why="it grew"))

    assert logged(fault, "fault.met") == [{**WHO, "on": "Unanswered", "status": 429, "words": "too many requests"}]
    assert logged(stuck, "place.stuck") == [{**WHO, "why": "full"}]
    assert logged(unsettled, "drop.unsettled") == [{**WHO, "why": "it grew"}]


def test_a_result_is_told_with_its_digest() -> None:
    """So that what was delivered can be proven."""
    log = told(State.DUBBING, State.DUBBING, events.Fetched(locale=SPANISH, result=result()))

    assert logged(log, "result.fetched") == [{**WHO, "locale": "es-ES", "bytes": 10, "sha256": DIGEST}]


def test_a_result_link_is_never_told() -> None:
    """It is signed: whoever has it has the video."""
    log = CapturingLogger()
    before = claim(State.DUBBING, asset_raw='{"result_url": "https://cdn/r?sig=secret"}')
    tell_step(log, before, replace(before, state=State.HELD, held="why"), events.Absent())

    assert "secret" not in repr(log.calls)
