"""Tests for older schemas: lifted in one transaction, or left exactly as they were."""

from collections.abc import Callable
from pathlib import Path

import pytest
from ledgers import contents, fill, look, make, url_of
from sqlalchemy import Connection, text

from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.codec import Codec
from panjaya_watchd.ledger.lifting import UPGRADES
from panjaya_watchd.ledger.schema import FORMAT
from panjaya_watchd.ledger.sql import SqlLedger


def add_column(connection: Connection) -> None:
    """Add a column that nobody needs, as a step of a later release may."""
    connection.execute(text("ALTER TABLE claims ADD COLUMN note TEXT"))


def add_index(connection: Connection) -> None:
    """Add an index on it, which only works after `add_column`."""
    connection.execute(text("CREATE INDEX ix_claims_note ON claims (note)"))


def break_halfway(connection: Connection) -> None:
    """Change a table, then fail."""
    connection.execute(text("DELETE FROM claims"))
    connection.execute(text("ALTER TABLE nowhere ADD COLUMN note TEXT"))


def forget_a_seal(connection: Connection) -> None:
    """Change a sealed column without sealing it again."""
    connection.execute(text("UPDATE claims SET folder = 'elsewhere' WHERE id = 'c1'"))


LATER: dict[int, Callable[[Connection], None]] = {FORMAT: add_column, FORMAT + 1: add_index}


def test_every_older_schema_has_its_step() -> None:
    """A raised format number without a step would refuse every ledger in the field."""
    assert set(range(1, FORMAT)) == set(UPGRADES)


def test_an_older_ledger_is_lifted_with_all_its_claims(tmp_path: Path) -> None:
    """Two releases later every claim is there, the formats are noted, and the older release refuses it."""
    path = tmp_path / "ledger.db"
    claims = fill(path, 5)
    later = Codec(current=3, upgrades={1: dict, 2: dict})
    for _ in ("lifted", "opened again"):
        ledger = SqlLedger(url_of(path), current=FORMAT + 2, upgrades=LATER, codec=later)
        assert {claim.id: claim for claim in (*ledger.living(), *ledger.closed())} == claims
        ledger.put(make(0))
        ledger.close()
    before = look(tmp_path)

    with pytest.raises(LedgerError, match=f"schema format {FORMAT + 2}; this release reads up to {FORMAT}"):
        contents(path)
    assert before == look(tmp_path)


@pytest.mark.parametrize("step", [break_halfway, forget_a_seal])
def test_a_step_that_fails_leaves_the_older_ledger_untouched(
    tmp_path: Path, step: Callable[[Connection], None]
) -> None:
    """Steps are tried on a copy first; the release before can go on with what is there."""
    path = tmp_path / "ledger.db"
    claims = fill(path, 5)
    before = look(tmp_path)

    with pytest.raises(LedgerError):
        SqlLedger(url_of(path), current=FORMAT + 2, upgrades={FORMAT: add_column, FORMAT + 1: step})
    assert before == look(tmp_path)
    assert claims == contents(path)
