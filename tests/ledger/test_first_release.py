"""Tests for a ledger of the first release: lifted with all its claims, or left exactly as it was."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ledger.first_release import DOCUMENTS, NOON, SAMPLE, write_ledger
from ledgers import fill, look, make, surroundings, url_of
from sqlalchemy import Connection

from panjaya_watchd.core.baseline import Baseline
from panjaya_watchd.core.budget import Spent
from panjaya_watchd.core.claim import HeldFor, Reservation
from panjaya_watchd.core.names import ClaimId, FolderName
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.codec import Codec
from panjaya_watchd.ledger.lifting import UPGRADES
from panjaya_watchd.ledger.reader import LedgerReader
from panjaya_watchd.ledger.sql import SqlLedger, read_only

LIKE = "aa" * 20
LENGTH = 119_080
"""Two languages of 59.54 s, in milliseconds."""
RESERVED = Reservation(at=NOON, millis=LENGTH)
COMPLETED: Mapping[str, Mapping[str, Any]] = {
    "c1": {"inside": True, "reserved": RESERVED},
    "c2": {},
    "c3": {"inside": True, "maybe_billed": True, "held_for": HeldFor.DOUBT, "reserved": RESERVED},
    "c4": {},
    "c5": {"inside": True, "held_for": HeldFor.LOST, "reserved": RESERVED},
    "c6": {},
}
"""What was not written down by that release, and is known all the same."""

CLAIMS = {name: replace(Codec().decode(text, where=name), **COMPLETED[name]) for name, text in DOCUMENTS.items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a ledger of the first release, closed in order."""
    path = tmp_path / "ledger.db"
    write_ledger(path)
    return path


def change(path: Path, statement: str) -> None:
    """Do to a closed ledger what no release of ours does."""
    connection = sqlite3.connect(path)
    with connection:
        assert connection.execute(statement).rowcount == 1
    connection.close()


def dump(path: Path) -> list[str]:
    """Give all that a closed ledger holds, as SQL."""
    connection = sqlite3.connect(path)
    lines = list(connection.iterdump())
    connection.close()
    return lines


def shape(path: Path) -> set[tuple[object, ...]]:
    """Give the columns and the indexes of a closed ledger, in no order."""
    connection = sqlite3.connect(path)
    tables = ("claims", "baselines", "ledger")
    found = {(table, *row[1:]) for table in tables for row in connection.execute(f"PRAGMA table_info({table})")}
    found |= set(connection.execute("SELECT tbl_name, name FROM sqlite_master"))
    connection.close()
    return found


def lift(path: Path) -> None:
    """Let this release open it once."""
    SqlLedger(url_of(path)).close()


def assert_all_there(ledger: LedgerReader) -> None:
    """Compare every claim with its document, and the lists with what they promise."""
    assert {name: ledger.get(ClaimId(name)) for name in CLAIMS} == CLAIMS
    assert ledger.get(ClaimId("c1")) == replace(SAMPLE, inside=True, reserved=RESERVED)
    assert [claim.id for claim in ledger.living()] == ["c3", "c1", "c5", "c6"]
    assert [claim.id for claim in ledger.closed()] == ["c2", "c4"]
    assert [claim.id for claim in ledger.find("bad\udcff", FolderName("training"))] == ["c2"]
    assert ledger.assets_taken() == {"asset-1", "asset-2", "asset-5"}
    assert [claim.id for claim in ledger.alike(LIKE, 1)] == ["c6", "c5", "c1", "c3", "c2", "c4"]
    assert ledger.alike(LIKE, 2) == ()
    assert ledger.spent(NOON) == {FolderName("marketing"): Spent(millis=3 * LENGTH, drops=3)}


def test_every_claim_of_the_first_release_is_there(path: Path) -> None:
    """After the lift, after a restart, and for a command that only reads."""
    for opener in (SqlLedger, SqlLedger, read_only):
        ledger = opener(url_of(path))
        assert_all_there(ledger)
        ledger.close()


def test_a_command_reads_the_old_ledger_without_lifting_it(path: Path) -> None:
    """Only the daemon changes a ledger, so that the release before can go on until it starts."""
    before = look(path.parent)
    reader = read_only(url_of(path))
    assert_all_there(reader)
    assert reader.baseline(FolderName("training")) is not None
    reader.close()

    assert before == look(path.parent)


def test_opening_a_lifted_ledger_again_changes_nothing(path: Path) -> None:
    """The lift is done once."""
    lift(path)
    before = dump(path)
    lift(path)

    assert before == dump(path)


def test_a_lifted_ledger_looks_like_a_new_one(path: Path, tmp_path: Path) -> None:
    """The same columns, types and indexes, so that a later step may rely on them."""
    lift(path)
    fill(tmp_path / "new.db", 0)

    assert shape(tmp_path / "new.db") == shape(path)


def test_the_first_release_refuses_a_lifted_ledger(path: Path) -> None:
    """It would forget what is spent."""
    lift(path)

    with pytest.raises(LedgerError, match="schema format 2; this release reads up to 1"):
        SqlLedger(url_of(path), current=1, upgrades={})


def test_folders_that_have_claims_were_looked_at_before(path: Path) -> None:
    """Nothing that lies in them is held as if the service came to them only now; a new folder is new."""
    lift(path)
    reader = read_only(url_of(path))

    for name, first in (("marketing", "c3"), ("training", "c2"), ("Führung", "c4")):
        expected = Baseline(folder=FolderName(name), root="", first_seen=CLAIMS[first].taken_at, told=True)
        assert reader.baseline(FolderName(name)) == expected
    assert reader.baseline(FolderName("elsewhere")) is None
    reader.close()


def test_a_lifted_ledger_takes_what_is_new(path: Path) -> None:
    """Old claims and new ones are put, summed up and recognised alike, and all seals fit."""
    lift(path)
    reserved = Reservation(at=NOON, millis=60_000)
    old = replace(CLAIMS["c2"], likeness=LIKE)
    new = replace(make(0), likeness=LIKE, reserved=reserved)
    ledger = SqlLedger(url_of(path))
    for claim in (old, new, replace(SAMPLE, reserved=replace(reserved, millis=None))):
        ledger.put(claim)
    ledger.put_baseline(Baseline(folder=FolderName("training"), root="/srv", first_seen=NOON, keys=("a",)))
    ledger.close()
    ledger = SqlLedger(url_of(path))

    assert ledger.alike(LIKE, 2) == (new, old)
    assert ledger.spent(NOON) == {FolderName("marketing"): Spent(millis=60_000 + 2 * LENGTH, drops=4)}
    baseline = ledger.baseline(FolderName("training"))
    assert baseline is not None
    assert baseline.keys == ("a",)
    ledger.close()


def test_an_old_ledger_without_claims_is_lifted(tmp_path: Path) -> None:
    """An installation that never saw a video: no folder counts as known."""
    path = tmp_path / "ledger.db"
    write_ledger(path)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DELETE FROM claims")
    connection.close()
    lift(path)
    reader = read_only(url_of(path))

    assert (reader.living(), reader.closed()) == ((), ())
    assert reader.baseline(FolderName("marketing")) is None
    reader.close()


@pytest.mark.parametrize("opener", [SqlLedger, read_only])
@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE claims SET document = replace(document, 'fr-FR', 'de-DE') WHERE id = 'c2'", "Claim c2 .* seal"),
        ("UPDATE claims SET asset_id = 'another' WHERE id = 'c1'", "Claim c1 .* seal"),
        ("UPDATE claims SET owner = 'somebody' WHERE id = 'c4'", "Claim c4 .* seal"),
        ("UPDATE claims SET taken_at = '2026-11-21T13:00:00.000000+00:00' WHERE id = 'c3'", "Claim c3 .* seal"),
        ("UPDATE claims SET seal = 'a' || substr(seal, 2) || 'b' WHERE id = 'c3'", "Claim c3 .* seal"),
        ("UPDATE ledger SET documents = 99", "documents format 99"),
        ("DELETE FROM ledger", "is not a ledger"),
    ],
)
def test_a_damaged_ledger_of_the_first_release_is_refused_untouched(
    path: Path, opener: Callable[[str], object], statement: str, says: str
) -> None:
    """The lift must not put a seal that fits on what was damaged before."""
    change(path, statement)
    before = look(path.parent)

    with pytest.raises(LedgerError, match=says) as refused:
        opener(url_of(path))
    assert refused.value.hint
    assert before == look(path.parent)


class Cut(BaseException):
    """The end, in the middle of a step."""


@pytest.mark.parametrize("trial", [1, 2], ids=["on the copy", "on the ledger itself"])
def test_a_lift_that_breaks_off_leaves_the_old_schema(path: Path, trial: int) -> None:
    """Half a lift is none: every table and row is as it was, and the next start lifts it whole."""
    before, begun = dump(path), 0

    def break_off(connection: Connection) -> None:
        nonlocal begun
        begun += 1
        UPGRADES[1](connection)
        if begun == trial:
            raise Cut

    with pytest.raises(Cut):
        SqlLedger(url_of(path), upgrades={1: break_off})
    assert before == dump(path)
    ledger = SqlLedger(url_of(path))
    assert_all_there(ledger)
    ledger.close()


KILLED = """
import os, sys
from panjaya_watchd.ledger.lifting import UPGRADES
from panjaya_watchd.ledger.sql import SqlLedger
begun = []
def die(connection):
    begun.append(1)
    UPGRADES[1](connection)
    if len(begun) == 2:
        os._exit(9)
SqlLedger(sys.argv[1], upgrades={1: die})
"""


@pytest.mark.slow
def test_a_daemon_that_is_killed_while_it_lifts_leaves_the_old_schema(
    path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing has a chance to roll back; what SQLite left beside the file is understood."""
    before, temporary = dump(path), {"TMPDIR": str(tmp_path_factory.mktemp("temporary"))}
    died = subprocess.run([sys.executable, "-c", KILLED, url_of(path)], env=surroundings() | temporary, check=False)

    assert died.returncode == 9
    reader = read_only(url_of(path))
    assert_all_there(reader)
    reader.close()
    assert before == dump(path)
    ledger = SqlLedger(url_of(path))
    assert_all_there(ledger)
    ledger.close()
    assert sorted(path.parent.iterdir()) == [path, path.with_name("ledger.db.format-1.bak")]
