"""The story: one line for each thing that a person may want to know, and none with a secret."""

from dataclasses import replace

from run.stage import logged
from samples import BUSY, DIGEST, FRENCH, NOW, SPANISH, claim, dubbing, result
from structlog.testing import CapturingLogger

from panjaya_watchd.core import events
from panjaya_watchd.core.claim import Attempt, Destination, DubbingState, HeldFor, Outcome, State
from panjaya_watchd.core.names import AssetId
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


def test_a_held_claim_is_an_error_that_says_where_to_ask() -> None:
    """A person is needed, so the line names the command; ``journalctl -p err`` shows it."""
    log = told(State.RELEASING, State.HELD, events.Absent())
    (call,) = log.calls

    assert call.method_name == "error"
    assert (call.kwargs["held"], call.kwargs["hint"]) == ("nobody knows", "panjaya-watchd why c0ffee")


def test_what_waits_for_permission_is_a_warning() -> None:
    """Of a budget or a first start: nothing went wrong."""
    log = CapturingLogger()
    after = claim(State.HELD, held_for=HeldFor.BUDGET, held="full", inside=True)
    tell_step(log, claim(State.CLAIMED), after, events.OverBudget(why="full"))

    assert [call.method_name for call in log.calls if call.args == ("claim.moved",)] == ["warning"]


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


def test_each_try_and_each_doubt_is_told() -> None:
    """How often it was sent, whose asset a witness names, and from when on nobody knew whether there is a bill."""
    again = Attempt(number=2, gate_at=NOW)
    begun = told(State.CLAIMED, State.UPLOADING, events.Absent(), attempt=Attempt(number=1))
    repeated = told(State.UPLOADING, State.UPLOADING, events.Stuck(why="full"), attempt=again)
    doubted = told(State.UPLOADING, State.RELEASING, events.Absent(), attempt=replace(again, doubt_since=NOW))
    named = told(State.RELEASING, State.RELEASING, events.Absent(), witnessed=AssetId("a9"))

    assert logged(begun, "attempt.counted") == [{**WHO, "attempt": 1}]
    assert logged(repeated, "attempt.counted") == [{**WHO, "attempt": 2}]
    (doubt,) = logged(doubted, "doubt.begun")
    assert "nothing is sent again" in doubt["hint"]
    assert named.calls[0].args == ("asset.witnessed",)
    assert logged(named, "asset.witnessed") == [{**WHO, "asset": "a9"}]
    assert logged(named, "doubt.begun") == logged(named, "attempt.counted") == []


def test_each_language_is_told_when_it_stands_otherwise() -> None:
    """What the API says of it and what we do; what failed is a warning with its reason, progress is no news."""
    moved = dubbing(SPANISH, DubbingState.FETCHING, seen="Completed")
    failed = dubbing(FRENCH, DubbingState.FAILED, seen="Failed", error="The speaker sings.")
    log = told(State.DUBBING, State.DUBBING, events.Absent(), dubbings=(moved, failed))

    assert [call.method_name for call in log.calls] == ["info", "warning"]
    assert logged(log, "dubbing.moved") == [
        {**WHO, "locale": "es-ES", "from": "waiting", "to": "fetching", "status": "Completed"},
        {
            **WHO,
            "locale": "fr-FR",
            "from": "waiting",
            "to": "failed",
            "status": "Failed",
            "error": "The speaker sings.",
        },
    ]
    heard = told(State.DUBBING, State.DUBBING, events.Absent(), dubbings=(dubbing(seen="Generating"),))
    assert logged(heard, "dubbing.moved") == [{**WHO, "locale": "es-ES", "status": "Generating"}]
    half = dubbing(SPANISH, progress=0.5)
    assert told(State.DUBBING, State.DUBBING, events.Absent(), dubbings=(half, dubbing(FRENCH))).calls == []


def test_where_it_lies_is_told_at_the_end() -> None:
    """Whoever reads the story finds the folder."""
    (said,) = logged(told(State.FILING, State.CLOSED, events.Absent(), filed_as="done/talk\n"), "claim.moved")

    assert said["filed_as"] == r"done/talk\x0a"


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
