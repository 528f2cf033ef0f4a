"""Tests for the audit: every kind of damage is found, all at once, and nothing is written."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ledger.first_release import write_ledger
from ledgers import NOON, fill, look, make, url_of
from samples import claim

from panjaya_watchd import __version__
from panjaya_watchd.core.baseline import Baseline
from panjaya_watchd.core.claim import Claim, Earlier, Reservation, State
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName
from panjaya_watchd.ledger import schema
from panjaya_watchd.ledger.auditing import audit
from panjaya_watchd.ledger.codec import Codec
from panjaya_watchd.ledger.sql import SqlLedger

NOBODY = ClaimId("nobody")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a ledger with nine claims and a watch folder, closed in order."""
    path = tmp_path / "ledger.db"
    fill(path, 9)
    ledger = SqlLedger(url_of(path))
    ledger.put_baseline(Baseline(folder=FolderName("marketing"), root="/srv", first_seen=NOON))
    ledger.close()
    return path


def change(path: Path, statement: str, *values: object) -> None:
    """Do to a closed ledger what no release of ours does."""
    connection = sqlite3.connect(path)
    with connection:
        assert connection.execute(statement, values).rowcount
    connection.close()


def findings(path: Path) -> list[str]:
    """Give what is found, and see that nothing was written and everything has its way out."""
    before = look(path.parent)
    found = audit(path)
    assert before == look(path.parent)
    assert all(finding.todo for finding in found.findings)
    return [finding.what for finding in found.findings]


def forge(path: Path, row: dict[str, Any]) -> None:
    """Put a row with a seal that fits in the place of claim c0."""
    values = {name: value for name, value in row.items() if name != "seal"}
    sealed = {**values, "seal": schema.seal(values)}
    marks = ", ".join(f"{name} = ?" for name in sealed)
    change(path, f"UPDATE claims SET {marks} WHERE id = 'c0'", *sealed.values())


def row_of(claim: Claim) -> dict[str, Any]:
    """Give the row that a claim has."""
    return schema.row_of(claim, Codec(), None)


def test_a_whole_ledger_is_told(path: Path) -> None:
    """What it is, and that nothing is wrong."""
    found = audit(path)

    assert (found.findings, found.claims, len(found.living), found.folders) == ([], 9, 3, 1)
    assert (found.format, found.documents, found.running) == (schema.FORMAT, 1, False)
    assert (found.release, found.backup_of) == (__version__, None)


def test_a_ledger_in_use_is_told(path: Path) -> None:
    """It is read beside its daemon."""
    ledger = SqlLedger(url_of(path))
    found = audit(path)
    ledger.put(make(9))
    ledger.close()

    assert (found.findings, found.running, found.claims) == ([], True, 9)


def test_an_older_ledger_is_told_by_its_own_format(tmp_path: Path) -> None:
    """It is lifted in a copy, to see that it can be."""
    write_ledger(tmp_path / "ledger.db")
    found = audit(tmp_path / "ledger.db")

    assert (found.format, found.release, found.claims) == (1, None, 6)


def test_all_that_is_wrong_is_told_at_once(path: Path) -> None:
    """Also in claims that are closed, which no start reads."""
    change(path, "UPDATE claims SET seal = 'none' WHERE id = 'c1'")
    change(path, "UPDATE baselines SET seal = 'none'")
    forge(path, {**row_of(make(0)), "document": '{"format": 1, "claim": {}}'})

    whats = findings(path)
    assert len(whats) == 3
    assert "Claim c0 in the ledger" in whats[0]
    assert "Claim c1" in whats[1]
    assert "Watch folder marketing" in whats[2]


@pytest.mark.parametrize(
    ("column", "value"),
    [("state", "closed"), ("asset_id", None), ("likeness", "size 7"), ("reserved_millis", 5), ("stem", "other")],
)
def test_a_column_that_says_something_else_is_found(path: Path, column: str, value: object) -> None:
    """Its seal fits; only the document tells. What is searched for by a wrong column is not found."""
    forge(path, {**row_of(make(0)), column: value})

    (what,) = findings(path)
    assert what.endswith(f"is searched for by what it is not: {column}.")


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (replace(make(1), id=ClaimId("c0"), asset_id=None, outcome=None), "does not say when or how"),
        (replace(make(1), id=ClaimId("c0"), asset_id=None, closed_at=None), "does not say when or how"),
        (replace(make(0), closed_at=NOON), "is dubbing, and was closed"),
        (claim(State.FILING, id=ClaimId("c0"), outcome=None), "does not say how it ended"),
        (claim(State.HELD, id=ClaimId("c0"), held_for=None), "does not say why"),
        (replace(make(0), asset_id=None), "does not say which asset or order"),
        (claim(State.UPLOADING, id=ClaimId("c0"), attempt=None), "does not say what was tried"),
        (claim(State.RELEASING, id=ClaimId("c0"), maybe_billed=False), "may have been paid for, and does not say so"),
        (claim(State.UPLOADING, id=ClaimId("c0"), reserved=None), "has reserved nothing"),
        (replace(make(0), reserved=Reservation(at=NOON, millis=-1)), "has reserved -1 ms"),
        (replace(make(0), awaits=NOBODY), "waits for claim nobody, which is not there"),
        (replace(make(0), adds_to=NOBODY), "adds to claim nobody, which is not there"),
        (
            replace(
                make(0),
                builds_on=Earlier(
                    claim_id=NOBODY,
                    folder=FolderName("marketing"),
                    asset_id=AssetId("a"),
                    filed_as="done/x",
                    closed_at=NOON,
                    locales=(),
                ),
            ),
            "builds on claim nobody, which is not there",
        ),
    ],
)
def test_a_claim_that_lacks_what_its_state_promises_is_found(path: Path, odd: Claim, words: str) -> None:
    """Each rule by itself."""
    forge(path, row_of(odd))

    assert any(words in what for what in findings(path))


def test_what_is_no_ledger_is_a_finding(tmp_path: Path) -> None:
    """A missing file, another one, a newer one: always a sentence, never a crash."""
    (tmp_path / "text").write_text("hello " * 100)
    fill(tmp_path / "newer", 1)
    change(tmp_path / "newer", "UPDATE ledger SET format = 99")

    for name, words in (("nothing", "There is no ledger"), ("text", "not a SQLite"), ("newer", "format 99")):
        (what,) = findings(tmp_path / name)
        assert words in what


def test_pages_that_are_damaged_are_found(path: Path) -> None:
    """What SQLite itself finds."""
    whole = path.read_bytes()
    middle = len(whole) // 8192 * 4096
    path.write_bytes(whole[:middle] + bytes(4096) + whole[middle + 4096 :])

    assert findings(path)
