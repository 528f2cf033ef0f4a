"""The journal: the story of one video can be asked for, and what is urgent is marked so."""

from itertools import pairwise
from tomllib import loads

from machine import talk

from bench.hosts.host import until
from bench.hosts.service import Service
from panjaya_watchd.rehearsal.script import Scripted

INFO, WARNING, ERROR = "6", "4", "3"


def test_one_claim_tells_one_story_in_order(service: Service) -> None:
    """From the drop to its end, with the trouble on its way, each entry with its facts; nothing of another video."""
    service.start()
    service.server.script(Scripted(on="GET /results/*", do="status", status=503))
    service.drop("talk.mp4", talk(1))
    done = service.answered("talk", talk(1))
    service.drop("other.mp4", talk(2))
    service.answered("other", talk(2))
    claim = loads((done / "talk.receipt.toml").read_text(encoding="utf-8"))["claim"]
    told = until(lambda: _closed(service.story(f"CLAIM={claim}")), "the last word")

    moves = [(entry["FROM"], entry["TO"]) for entry in told if entry["EVENT"] == "claim.moved"]
    assert told[0]["EVENT"] == "drop.claimed"
    assert (moves[0][0], moves[-1][1]) == ("claimed", "closed")
    assert {"uploading", "releasing", "dubbing", "filing"} <= {after for _, after in moves}
    assert all(one[1] == other[0] for one, other in pairwise(moves))
    assert {(entry["FOLDER"], entry["FILE"], entry["CLAIM"]) for entry in told} == {("marketing", "talk", claim)}
    times = [int(entry["__MONOTONIC_TIMESTAMP"]) for entry in told]
    assert times == sorted(times)
    urgent = [entry for entry in told if entry["PRIORITY"] != INFO]
    assert [(entry["EVENT"], entry["PRIORITY"], entry["STATUS"]) for entry in urgent] == [("fault.met", WARNING, "503")]
    assert not any(entry["MESSAGE"].startswith("{") for entry in told)
    assert {entry["_SYSTEMD_UNIT"] for entry in told} == {"panjaya-watchd.service"}


def test_what_a_person_must_do_is_an_error(service: Service) -> None:
    """A key that is refused; ``journalctl -p err`` shows it, and nothing else of a start and a drop."""
    service.server.keys.clear()
    service.start()
    service.drop("talk.mp4", talk(1))
    told = until(lambda: service.story("--priority=err"), "an error to be told")

    assert [(entry["EVENT"], entry["PRIORITY"]) for entry in told] == [("account.refused", ERROR)]
    assert service.bills() == []


def _closed(told: list[dict[str, str]]) -> list[dict[str, str]]:
    return told if told and told[-1].get("TO") == "closed" else []
