"""``status`` and ``why``: with a daemon and without one, in words and as JSON."""

import signal
import subprocess
from dataclasses import replace

import pytest
from cli.site import HELD, Site, surroundings
from samples import CLAIM_KEYS, DIGEST, FOLDER_KEYS, NOW, claim, drop

from panjaya_watchd.core.claim import Claim, Destination, Outcome, State
from panjaya_watchd.core.names import AssetId, ClaimId

FAULTY = """\
[state]
url = "sqlite:///{ledger}"

[[folder]]
name = 7
"""
"""A configuration of which only ``[state]`` can be used."""


def closed(to: Destination, name: str = "old.mp4") -> Claim:
    """Give a claim that is over."""
    outcome = Outcome(to=to, why="So it ended.", todo="Nothing.", details=(("Asset", "a1"),))
    over = claim(State.CLOSED, id=ClaimId("0ld"), drop=drop(name), digest=DIGEST, closed_at=NOW, outcome=outcome)
    return replace(over, filed_as="x/old")


def test_without_a_daemon_the_status_tells_what_it_left(here: Site) -> None:
    """Status 75: it may run again in a moment; what is under way is read from the ledger."""
    here.hold()
    said = here.call("status")

    assert said.code == 75
    assert "The daemon is not running" in said.out
    assert HELD in said.out


def test_without_a_daemon_the_status_has_the_same_keys(here: Site) -> None:
    """A script that reads it need not know whether the daemon runs."""
    here.hold()
    said = here.call("status", "--json")

    assert said.code == 75
    assert list(said.json) == ["running", "folders", "claims", "counts", "budgets", "rates"]
    assert said.json["running"] is False
    assert said.json["counts"] == {"held": 1}
    assert [list(facts) for facts in said.json["claims"]] == [CLAIM_KEYS]
    assert list(said.json["folders"][0]) == FOLDER_KEYS


def test_before_the_first_start_the_status_is_empty(here: Site) -> None:
    """There is no ledger yet, and asking makes none."""
    said = here.call("status", "--json")

    assert (said.code, said.json["claims"]) == (75, [])
    assert not here.ledger.exists()


@pytest.mark.slow
def test_with_a_daemon_the_status_is_the_daemons(here: Site) -> None:
    """Status 0, and the same keys."""
    here.hold()
    with here.daemon():
        said, words = here.call("status", "--json"), here.call("status")

    assert (said.code, words.code) == (0, 0)
    assert said.json["running"] is True
    assert said.json["counts"] == {"held": 1}
    assert [list(facts) for facts in said.json["claims"]] == [CLAIM_KEYS]
    assert list(said.json["folders"][0]) == FOLDER_KEYS
    assert "marketing" in words.out
    assert HELD in words.out


@pytest.mark.slow
def test_watching_ends_with_control_c(here: Site) -> None:
    """Status 0: it was meant, and nothing is left on the terminal but the last picture."""
    with subprocess.Popen(
        here.command("status", "--watch"), env=surroundings(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as watching:
        with pytest.raises(subprocess.TimeoutExpired):
            watching.wait(8.0)  # long enough to be past its imports on a busy machine
        watching.send_signal(signal.SIGINT)
        out, err = watching.communicate(timeout=30)

    assert (watching.returncode, err) == (0, "")
    assert "not running" in out


def test_a_damaged_ledger_is_told_and_not_touched(here: Site) -> None:
    """Status 78, as for `run`: it does not heal by being asked again."""
    here.ledger.write_bytes(b"this is no ledger" * 300)
    before = here.ledger.read_bytes()

    for words in (["status"], ["why", "talk"]):
        said = here.call(*words)
        assert said.code == 78
        assert str(here.ledger) in said.err
        assert "Traceback" not in said.err
    assert here.ledger.read_bytes() == before


def test_nothing_is_known_of_an_unknown_name(here: Site) -> None:
    """Status 1, a sentence, and as JSON two empty lists."""
    said = here.call("why", "nobody.mp4")

    assert (said.code, said.out) == (1, "")
    assert said.err == "Nothing is known of nobody.mp4. Is it in a watch folder?\n"
    assert here.call("why", "nobody.mp4", "--json").json == {"claims": [], "waiting": []}


@pytest.mark.parametrize(("to", "code"), [(Destination.DONE, 0), (Destination.FAILED, 1)])
def test_what_is_over_is_told_with_how_it_ended(here: Site, to: Destination, code: int) -> None:
    """Status 0 for what is done and 1 for what failed, by file name, stem, or claim; in whatever case."""
    here.put(closed(to))

    for name in ("old.mp4", "OLD", "0ld"):
        said = here.call("why", name)
        assert said.code == code
        assert "So it ended." in said.out
        assert "Its files: x/old" in said.out
        assert "What to do: Nothing." in said.out
        assert "Last trouble" not in said.out
    facts = here.call("why", "old", "--json").json["claims"][0]
    assert list(facts) == CLAIM_KEYS
    assert facts["outcome"] == to.value


def test_what_is_held_is_told_with_what_to_type(here: Site) -> None:
    """Status 4, and each answer that a person may give as a command."""
    here.hold(candidates=(AssetId("a1"),))
    said = here.call("why", "talk.mp4")

    assert said.code == 4
    for command in (f"adopt {HELD} a1", f"retry {HELD}", f"release {HELD}"):
        assert f"panjaya-watchd {command}" in said.out


def test_what_went_wrong_last_is_told(here: Site) -> None:
    """It is what a person asks for first, so both commands show it, in words and as JSON."""
    here.hold(trouble="The line was cut.")

    assert "  Last trouble: The line was cut.\n" in here.call("why", "talk.mp4").out
    assert "The line was cut." in here.call("status").out
    assert here.call("why", "talk.mp4", "--json").json["claims"][0]["trouble"] == "The line was cut."
    assert here.call("status", "--json").json["claims"][0]["trouble"] == "The line was cut."


@pytest.mark.slow
def test_what_waits_is_told_with_its_reason(here: Site) -> None:
    """The daemon knows what no ledger says yet."""
    (here.folder / "lonely.toml").write_text("")
    with here.daemon():
        said = here.call("why", "lonely", "--json")
        while not said.json["waiting"]:
            said = here.call("why", "lonely", "--json")
        words = here.call("why", "LONELY.toml")

    assert (said.code, words.code) == (4, 4)
    assert said.json["waiting"][0]["folder"] == "marketing"
    assert "lonely.toml in marketing: " in words.out


def test_the_newest_of_a_name_decides(here: Site) -> None:
    """It failed once and was dropped again: what counts is how it stands now."""
    here.put(closed(Destination.FAILED, "talk.mp4"))
    here.hold(taken_at=NOW.replace(year=2027))
    said = here.call("why", "talk.mp4")

    assert said.code == 4
    assert "So it ended." in said.out


def test_bad_settings_are_told_by_every_command(here: Site) -> None:
    """Status 78; they need to know where the daemon listens."""
    here.write("[state]\nurl = 7\n")

    for words in (
        ["status"],
        ["why", "x"],
        ["retry", "x"],
        ["release", "x"],
        ["adopt", "x", "y"],
        ["release", "--all"],
        ["status", "--watch"],
        ["reload"],
        ["ledger", "verify"],
        ["ledger", "backup", str(here.home / "copy.db")],
    ):
        said = here.call(*words)
        assert said.code == 78, words
        assert "watchd.toml:2: state.url: found 7" in said.err


def test_which_folders_there_are_is_asked_of_the_settings_without_a_daemon(here: Site) -> None:
    """Status 78 where they have faults, with which no daemon would start."""
    here.write(FAULTY.format(ledger=here.ledger))

    for words in (["status"], ["why", "x"], ["release", "--all", "--folder", "x"]):
        said = here.call(*words)
        assert said.code == 78, words
        assert "folder[0].name" in said.err
    assert here.call("retry", "x").code == 75


@pytest.mark.slow
def test_faults_beside_the_state_do_not_keep_a_daemon_from_being_asked(here: Site) -> None:
    """It goes on with what it had before, after a reload that was refused; its own word on the folders holds."""
    here.hold()
    with here.daemon():
        here.write(FAULTY.format(ledger=here.ledger))
        reloaded, status, why = here.call("reload"), here.call("status", "--json"), here.call("why", "talk.mp4")
        unknown, known = (here.call("release", "--all", "--folder", name) for name in ("nowhere", "marketing"))
        released = here.call("release", HELD)

    assert (reloaded.code, reloaded.out) == (78, "")
    assert "watchd.toml:5: folder[0].name: found 7" in reloaded.err
    assert (status.code, [folder["name"] for folder in status.json["folders"]]) == (0, ["marketing"])
    assert f"claim {HELD}" in why.out
    assert (unknown.code, known.code, known.out) == (1, 0, "Let go: 0.\n")
    assert (released.code, released.err) == (0, "")
