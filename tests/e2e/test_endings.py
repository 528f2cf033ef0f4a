"""How the daemon ends and begins again: on SIGTERM, at any stage of an upload, and beside another one."""

from machine import BIG, Machine, talk


def test_a_second_daemon_on_the_same_ledger_refuses(machine: Machine) -> None:
    """It ends with "not now" and a sentence, and touches nothing; the first goes on and can still be asked."""
    second = machine.say("run")
    machine.drop("talk.mp4", talk())

    assert second.returncode == 75
    assert "ledger" in second.stderr
    assert "Traceback" not in second.stderr
    assert machine.answer("talk").parent.name == "done"
    assert len(machine.bills()) == 1


def test_an_end_in_the_middle_of_an_upload_costs_nothing(machine: Machine) -> None:
    """SIGTERM ends within seconds although the studio does not read; nothing was billed; then it is sent once."""
    video = talk(size=BIG)
    machine.slow(30)
    machine.drop("talk.mp4", video)
    machine.until(lambda: machine.sending("talk"), "the upload to be on its way")
    took = machine.stop()

    assert took < 6
    assert machine.bills() == []
    assert [claim.state.value for claim in machine.claims()] == ["uploading"]
    machine.start()
    assert machine.answer("talk").parent.name == "done"
    assert len(machine.bills(video)) == 1
    assert len(machine.bills()) == 1


def test_an_end_past_the_gate_waits_for_the_answer(machine: Machine) -> None:
    """SIGTERM between the last chunk and the answer keeps the answer; the next start sends and looks up nothing."""
    machine.slow(2)
    machine.drop("talk.mp4", talk())
    machine.until(lambda: machine.story("claim.moved", to="releasing"), "the gate to be open")
    took = machine.stop()

    assert 0.5 < took < 10
    (claim,) = machine.claims()
    assert (claim.state.value, claim.asset_id) == ("dubbing", machine.bills()[0].asset_id)
    listed = sum(seen.path == "/v1/assets/" for seen in machine.server.requests)
    machine.start()
    assert machine.answer("talk").parent.name == "done"
    assert len(machine.bills()) == 1
    assert sum(seen.path == "/v1/assets/" for seen in machine.server.requests) == listed
    assert machine.uploads() == 1
