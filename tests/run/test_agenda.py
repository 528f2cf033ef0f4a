"""The agenda: one upload of a claim at a time, and none while the account is refused, until somebody says try."""

from dataclasses import replace
from datetime import timedelta

from run.stage import CLAIM, Stage
from samples import BARRED, BUSY, NOW, claim

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.claim import Attempt, State
from panjaya_watchd.core.names import ClaimId, FolderName
from panjaya_watchd.core.pace import ACCOUNT_PAUSE
from panjaya_watchd.run.messages import Due, Reload


def test_a_reload_tries_at_once_what_waits_for_the_account() -> None:
    """The operator has mended the key's rights; an hour would be long."""
    stage = Stage().start(claim(State.UPLOADING))
    stage.happen(claim(), events.Faulted(fault=BARRED))
    stage.later(60)
    assert stage.notes.handed == []

    stage.tell(Reload())
    assert stage.notes.effects() == [effects.Upload()]
    stage.tell(Reload())
    stage.later(2 * ACCOUNT_PAUSE.total_seconds())
    assert stage.notes.effects() == [effects.Upload()], "the one that was planned before is not begun beside it"


def test_a_reload_does_not_hurry_what_waits_for_a_reason_of_its_own() -> None:
    """The API has asked one of them to wait; only the refusal of the account is judged anew."""
    busy = claim(State.UPLOADING, id=ClaimId("busy"))
    stage = Stage().start(claim(State.UPLOADING), busy)
    stage.happen(busy, events.Faulted(fault=replace(BUSY, not_before=timedelta(minutes=10))))
    stage.happen(claim(), events.Faulted(fault=BARRED))
    stage.tell(Reload())
    assert [each.id for each, _ in stage.notes.handed] == [CLAIM]

    stage.later(600)
    assert [each.id for each, _ in stage.notes.handed] == [CLAIM, busy.id]


def test_a_reload_leaves_alone_whose_folder_is_gone() -> None:
    """There is no lane for it."""
    orphan = claim(State.UPLOADING, id=ClaimId("orphan"), folder=FolderName("gone"))
    stage = Stage().start(claim(State.UPLOADING), orphan)
    stage.happen(claim(), events.Faulted(fault=BARRED))
    stage.tell(Reload())

    assert [each.id for each, _ in stage.notes.handed] == [CLAIM]


def test_one_claim_has_one_upload() -> None:
    """Whatever asks for it; when it has ended, the next may begin."""
    stage = Stage().start(claim(State.UPLOADING, attempt=Attempt(number=1)))
    due = Due(claim_id=CLAIM, state=State.UPLOADING, effect=effects.Upload())
    stage.tell(due, due)
    assert stage.notes.handed == []

    stage.happen(claim(), events.Faulted(fault=BUSY))
    stage.later(60)
    assert stage.notes.effects() == [effects.Upload()]
    assert claim().taken_at == NOW
