"""``retry``, ``adopt`` and ``release``, told to the real daemon over its socket."""

import time

import pytest
from cli.site import FOLDER, HELD, LONG, Site

from panjaya_watchd.core.claim import HeldFor, State
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


@pytest.mark.parametrize(
    "words",
    [[], [HELD, "--all"], ["--all", "--give-up"], [HELD, "--folder", "marketing"]],
    ids=["nothing", "one and all", "give all up", "a folder alone"],
)
def test_a_release_names_what_it_means(here: Site, words: list[str]) -> None:
    """One claim, or all that wait for permission; anything else is not guessed at."""
    said = here.call("release", *words)

    assert (said.code, said.out) == (2, "")
    assert "Name one claim, or say --all" in said.err


def test_a_folder_that_is_not_watched_has_nothing_to_release(here: Site) -> None:
    """A slip of the pen must not pass for "nothing was waiting"."""
    said = here.call("release", "--all", "--folder", "nowhere")

    assert (said.code, said.err) == (1, "There is no watch folder nowhere. Nothing was changed.\n")


@pytest.mark.slow
def test_everything_that_waits_for_permission_is_let_go(here: Site) -> None:
    """What a budget held is sent; what is in doubt stays held."""
    here.write(here.config.read_text() + "budget = { minutes_per_day = 0.001 }\n")
    here.hold(held_for=HeldFor.BUDGET, attempt=None)
    with here.daemon():
        said = here.call("release", "--all", "--folder", FOLDER)
        until_closed(here)

    assert (said.code, said.out) == (0, "Let go: 1.\n")
    assert len(here.studio.studio.bills) == 1


@pytest.mark.slow
def test_what_a_budget_held_can_be_given_up(here: Site) -> None:
    """Nobody wants to pay for it: it is answered in failed/, and nothing was sent."""
    here.write(here.config.read_text() + "budget = { minutes_per_day = 0.001 }\n")
    here.hold(held_for=HeldFor.BUDGET, attempt=None)
    with here.daemon():
        said = here.call("release", HELD, "--give-up")
        until_closed(here)

    assert (said.code, said.out) == (0, f"Claim {HELD}: give-up.\n")
    assert (here.folder / "failed" / "talk" / "WHY.txt").exists()
    assert here.studio.studio.bills == []
