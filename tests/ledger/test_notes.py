"""Tests for notes: which release a ledger needs, and that older releases pass over them."""

import sqlite3
from pathlib import Path

import pytest
from ledgers import contents, fill, look, url_of

from panjaya_watchd import __version__
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger import notes, schema
from panjaya_watchd.ledger.auditing import audit
from panjaya_watchd.ledger.sql import SqlLedger, read_only


def note(path: Path, name: str, value: str) -> None:
    """Write a note as a later release would."""
    row = {"name": name, "value": value}
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", (name, value, schema.seal(row)))
    connection.close()


def change(path: Path, statement: str) -> None:
    """Do to a closed ledger what a later release would do."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET format = 99",
        "UPDATE ledger SET documents = 99",
    ],
)
def test_a_newer_ledger_names_the_release_that_it_needs(tmp_path: Path, statement: str) -> None:
    """For the daemon, a command and a backup alike, and not one byte is changed."""
    path = tmp_path / "ledger.db"
    fill(path, 3)
    note(path, "release", "9.10.2")
    change(path, statement)
    before = look(tmp_path)

    for opener in (SqlLedger, read_only):
        with pytest.raises(LedgerError, match="format 99; this release reads up to") as refused:
            opener(url_of(path))
        assert refused.value.hint == "Install panjaya-watchd 9.10.2 or a newer release; nothing was changed."
    assert audit(path).findings[0].todo == refused.value.hint
    assert before == look(tmp_path)


def test_where_no_release_is_noted_the_sentence_is_the_plain_one(tmp_path: Path) -> None:
    """This very release is noted, as among states of the work on it; damaged notes, none, and a time without them."""
    path = tmp_path / "ledger.db"
    fill(path, 3)
    change(path, "UPDATE ledger SET format = 99")
    same = "UPDATE ledger SET application = 'panjaya-watchd'"
    for statement in (same, "UPDATE notes SET value = '7.0'", "DELETE FROM notes", "DROP TABLE notes"):
        change(path, statement)
        with pytest.raises(LedgerError, match="format 99") as refused:
            SqlLedger(url_of(path))
        assert refused.value.hint.startswith("Install the release of panjaya-watchd that wrote it")


@pytest.mark.parametrize("newer", ["9.10.2", "9.9+local.1"])
def test_the_newest_release_that_wrote_is_kept(tmp_path: Path, newer: str) -> None:
    """An older release of the same format may go on with it; what the newer one wrote is still in it."""
    path = tmp_path / "ledger.db"
    fill(path, 3)
    assert audit(path).release == __version__
    note(path, "release", newer)
    contents(path)
    assert audit(path).release == newer
    note(path, "release", "0.0.9")
    contents(path)

    assert audit(path).release == __version__


def test_releases_are_ordered_by_their_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """0.10 comes after 0.9."""
    path = tmp_path / "ledger.db"
    fill(path, 3)
    note(path, "release", "0.10.0")
    monkeypatch.setattr(notes, "__version__", "0.9.0")
    contents(path)

    assert audit(path).release == "0.10.0"


def test_a_damaged_note_is_refused(tmp_path: Path) -> None:
    """One wrong letter would make a ledger of a backup."""
    path = tmp_path / "ledger.db"
    fill(path, 3)
    note(path, "backup of", "2026-01-01T00:00:00+00:00")
    change(path, "UPDATE notes SET name = 'backup off' WHERE name = 'backup of'")

    before = look(tmp_path)

    for opener in (SqlLedger, read_only):
        with pytest.raises(LedgerError, match=r"note in the ledger .* damaged"):
            opener(url_of(path))
    assert before == look(tmp_path)
