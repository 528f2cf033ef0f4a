"""``retry``, ``adopt`` and ``release``, told to the real daemon over its socket."""

import time

import pytest
from cli.site import HELD, LONG, Site

from panjaya_watchd.core.claim import State
from panjaya_watchd.ledger.sql import read_only


def state(here: Site) -> State:
    """Read from the ledger how the claim stands."""
    ledger = read_only(here.settings.state.url)
    found = ledger.get(HELD)
    ledger.close()
    assert found is not None
    return found.state


def until_closed(here: Site) -> None:
    """Wait until the claim is over."""
    deadline = time.monotonic() + LONG
    while state(here) is not State.CLOSED:
        assert time.monotonic() < deadline, state(here)


@pytest.mark.parametrize("words", [["retry"], ["release"], ["adopt"]], ids=" ".join)
def test_without_a_daemon_nothing_can_be_told(here: Site, words: list[str]) -> None:
    """Status 75, and the ledger is not touched."""
    here.hold()
    more = ["a1"] if words == ["adopt"] else []
    said = here.call(*words, HELD, *more)

    assert said.code == 75
    assert "The daemon is not running." in said.err
    assert state(here) is State.HELD


@pytest.mark.slow
def test_a_released_drop_is_answered(here: Site) -> None:
    """Its files go to ``failed/`` with the reason."""
    here.hold()
    with here.daemon():
        said = here.call("release", HELD)
        until_closed(here)

    assert (said.code, said.out, said.err) == (0, f"Claim {HELD}: release.\n", "")
    assert (here.folder / "failed" / "talk" / "talk.mp4").exists()
    assert "ended the wait" in (here.folder / "failed" / "talk" / "WHY.txt").read_text()
    assert here.studio.studio.bills == []


@pytest.mark.slow
def test_a_retried_drop_is_sent_once_more(here: Site) -> None:
    """And only once, whatever is said after it."""
    here.hold()
    with here.daemon():
        said, again = here.call("retry", HELD), here.call("retry", HELD)
        until_closed(here)

    assert said.code == 0
    assert (again.code, again.out) == (1, "")
    assert again.err == f"Claim {HELD} is not held. Nothing was changed.\n"
    assert len(here.studio.studio.bills) == 1
    assert (here.folder / "done" / "talk" / "talk.es-ES.mp4").exists()


@pytest.mark.slow
def test_an_adopted_asset_is_followed_and_not_sent(here: Site) -> None:
    """A person has found it in the Studio: its results are fetched, and nothing is paid again."""
    here.hold()
    with here.daemon():
        here.call("retry", HELD)
        until_closed(here)
    (bill,) = here.studio.studio.bills
    (facts,) = here.call("why", HELD, "--json").json["claims"]
    (here.folder / "done").rename(here.home / "elsewhere")
    here.ledger.unlink()
    here.hold("second.mp4")
    with here.daemon():
        said = here.call("adopt", HELD, facts["asset_id"])
        until_closed(here)

    assert said.code == 0
    assert here.studio.studio.bills == [bill]
    assert (here.folder / "done" / "second" / "second.fr-FR.mp4").exists()


@pytest.mark.slow
def test_a_claim_that_nobody_knows_cannot_be_told_anything(here: Site) -> None:
    """Status 1 and a sentence with the name that was given."""
    with here.daemon():
        said = here.call("retry", "nobody")

    assert (said.code, said.err) == (1, "Claim nobody is not held. Nothing was changed.\n")
