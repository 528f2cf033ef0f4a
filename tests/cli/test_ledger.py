"""``ledger backup`` and ``ledger verify``: with a daemon and without one, in words and as JSON."""

import shutil
import sqlite3
from dataclasses import replace

import pytest
from cli.site import HELD, Site, call

from panjaya_watchd.core.claim import State

KEYS = [
    *("ledger", "daemon_running", "format", "documents", "release", "backup_of", "claims", "under_way"),
    *("watch_folders", "findings"),
]


def damage(here: Site) -> None:
    """Change one letter of a claim."""
    connection = sqlite3.connect(here.ledger)
    with connection:
        connection.execute("UPDATE claims SET folder = 'marketinG'")
    connection.close()


def test_a_backup_is_made_and_told(here: Site) -> None:
    """Status 0, its size and what is in it; a second one of that name is refused with status 1."""
    here.hold()
    target = here.home / "copy.db"
    said = here.call("ledger", "backup", str(target))

    assert (said.code, said.err) == (0, "")
    assert said.out == f"{target}: 1 claims, 1 of them under way, {target.stat().st_size} bytes, format 2; checked.\n"
    again = here.call("ledger", "backup", str(target))
    assert (again.code, again.out) == (1, "")
    assert again.err == f"{target} is there already.\nChoose another name: a backup never replaces anything.\n"


def test_a_damaged_ledger_has_no_backup(here: Site) -> None:
    """Status 78, as for `run`."""
    here.hold()
    damage(here)
    said = here.call("ledger", "backup", str(here.home / "copy.db"))

    assert (said.code, said.out) == (78, "")
    assert "seal does not fit" in said.err
    assert not (here.home / "copy.db").exists()


def test_a_whole_ledger_is_told(here: Site) -> None:
    """Status 0; without a configuration where a file is named."""
    here.hold()
    said, facts = here.call("ledger", "verify"), here.call("ledger", "verify", "--json")
    named = call("ledger", "verify", str(here.ledger), "--config", "/nonexistent")

    assert (said.code, facts.code, named.code) == (0, 0, 0)
    assert "1 claims, 1 of them under way, 0 watch folders, format 2, last written by panjaya-watchd" in said.out
    assert said.out.endswith("Nothing is wrong with it.\n")
    assert said.out == named.out
    assert list(facts.json) == KEYS
    assert (facts.json["findings"], facts.json["claims"], facts.json["daemon_running"]) == ([], 1, False)


def test_a_damaged_ledger_is_told_with_what_to_do(here: Site) -> None:
    """Status 1, in words and as JSON."""
    here.hold()
    damage(here)
    said, facts = here.call("ledger", "verify"), here.call("ledger", "verify", "--json")

    assert (said.code, facts.code) == (1, 1)
    assert f"Claim {HELD} in the ledger {here.ledger} is damaged: its seal does not fit.\n" in said.out
    assert "  What to do: Restore the ledger from a backup" in said.out
    assert said.out.endswith("Wrong: 1.\n")
    assert [set(finding) for finding in facts.json["findings"]] == [{"what", "todo"}]


def test_without_a_ledger_there_is_nothing_to_verify(here: Site) -> None:
    """Status 1, a sentence, and none is made."""
    said = here.call("ledger", "verify")

    assert said.code == 1
    assert f"There is no ledger {here.ledger}." in said.out
    assert list(here.ledger.parent.iterdir()) == []


def test_parts_that_are_not_where_they_ought_to_be_are_told(here: Site) -> None:
    """Status 1; what is being filed may have left already, and a folder that is not mounted says nothing."""
    claim = here.hold()
    lying = here.folder / "processing" / claim.id / "talk.mp4"
    assert here.call("ledger", "verify").code == 0
    lying.unlink()
    said = here.call("ledger", "verify")
    here.put(replace(claim, state=State.FILING, held_for=None, outcome=claim.outcome))
    filing = here.call("ledger", "verify", "--json").json["findings"]
    here.put(claim)
    shutil.rmtree(here.folder / "processing")

    assert said.code == 1
    assert f"Claim {HELD} has taken in {lying}, which is not there." in said.out
    assert [finding for finding in filing if "taken in" in finding["what"]] == []
    assert here.call("ledger", "verify").code == 0


def test_faults_of_the_configuration_leave_the_ledger_to_be_looked_at(here: Site) -> None:
    """Only where the folders are is not known then, which is said beside what is found."""
    claim = here.hold()
    (here.folder / "processing" / claim.id / "talk.mp4").unlink()
    here.write(here.config.read_text() + "nonsense = 1\n")
    said, facts = here.call("ledger", "verify"), here.call("ledger", "verify", "--json")

    assert (said.code, facts.code, facts.json["findings"]) == (0, 0, [])
    assert said.out.endswith("Nothing is wrong with it.\n")
    assert said.err.startswith("The watch folders were not looked at, as the configuration has faults. Correct this")
    assert said.err == facts.err
    assert here.call("ledger", "backup", str(here.home / "copy.db")).code == 0


@pytest.mark.slow
def test_a_daemon_on_an_older_ledger_sends_nothing_twice(here: Site) -> None:
    """Back up, die, restore, start: what was being sent at that time is held; what nobody knows is an orphan."""
    sending = here.hold("talk.mp4", held_for=None, held=None)
    here.put(replace(sending, state=State.UPLOADING, maybe_billed=False))
    target = here.home / "copy.db"
    assert here.call("ledger", "backup", str(target)).code == 0
    assert "It is a backup of 20" in here.call("ledger", "verify", str(target)).out
    later = here.folder / "processing" / "later"
    later.mkdir()
    (later / "tour.mp4").write_bytes(b"video " * 60)
    shutil.copy(target, here.ledger)
    with here.daemon():
        verified = here.call("ledger", "verify", "--json").json
        while "orphan" not in (words := orphan_told(here)):
            pass

    assert (verified["daemon_running"], verified["findings"]) == (True, [])
    assert "processing/later" in words
    held = here.call("why", "talk.mp4")
    assert "the ledger was restored from a backup of 20" in held.out
    assert f"send it again (may pay twice): panjaya-watchd retry {HELD}" in held.out
    assert here.studio.studio.bills == []


def orphan_told(here: Site) -> str:
    """Give what the folder's own status says, once it speaks of an orphan."""
    status = here.folder / "STATUS.txt"
    text = status.read_text(encoding="utf-8") if status.exists() else ""
    return f"orphan {text}" if "belongs to no video that is under way" in text else ""
