"""
Tests for damage: whatever happens to a ledger's bytes, it opens with exactly what was put, or is refused.

The bytes are never changed by a refusal. Positions are drawn from a fixed seed; every byte of the header is tried.
"""

import random
import shutil
from pathlib import Path

import pytest
from ledgers import contents, fill, look, make, url_of

from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.sql import SqlLedger, read_only

pytestmark = pytest.mark.slow


def judge(path: Path, claims: dict[ClaimId, Claim], what: str) -> bool:
    """Open a damaged ledger: say whether it was refused, and fail where it opened with anything but ``claims``."""
    before = look(path.parent)
    try:
        found = contents(path)
    except LedgerError:
        assert before == look(path.parent), f"{what}: was refused, but changed"
        return True
    assert claims == found, f"{what}: opened with other claims"
    return False


def test_a_ledger_cut_short_is_refused(tmp_path: Path) -> None:
    """No end that is missing goes unnoticed, wherever the cut is."""
    path = tmp_path / "ledger.db"
    claims = fill(path, 12)
    whole = path.read_bytes()
    cuts = [*range(0, len(whole), 512), *range(1, 128, 7), *range(len(whole) - 40, len(whole), 13)]
    for cut in cuts:
        path.write_bytes(whole[:cut])
        assert judge(path, claims, f"cut at {cut}"), f"a ledger cut at {cut} of {len(whole)} was opened"


@pytest.mark.parametrize("seed", range(2))
def test_a_ledger_with_a_changed_byte_is_refused_or_whole(tmp_path: Path, seed: int) -> None:
    """One wrong byte in 60,000 never becomes a wrong claim."""
    path = tmp_path / "ledger.db"
    claims = fill(path, 12)
    whole = path.read_bytes()
    chance = random.Random(seed)
    positions = [*range(seed, 100, 2), *(chance.randrange(100, len(whole)) for _ in range(40))]
    refused = 0
    for position in positions:
        broken = bytearray(whole)
        broken[position] ^= chance.randrange(1, 256)
        path.write_bytes(broken)
        refused += judge(path, claims, f"byte {position}: {whole[position]} to {broken[position]}")

    assert refused > 10


def test_an_index_that_disagrees_with_its_table_is_refused(tmp_path: Path) -> None:
    """Searching goes through indexes: one wrong letter in one would hide an asset that was paid for."""
    path = tmp_path / "ledger.db"
    fill(path, 10)
    whole = path.read_bytes()
    places = [place for place in range(len(whole)) if whole.startswith(b"asset-9", place)]
    assert len(places) == 3  # the column, the document and the index
    for place in places:
        # The last of all assets stays the last, so the index is in order and only its content is wrong.
        path.write_bytes(whole[:place] + b"asset-z" + whole[place + 7 :])
        with pytest.raises(LedgerError, match="damaged"):
            contents(path)


def test_a_ledger_with_a_lost_page_is_refused_or_whole(tmp_path: Path) -> None:
    """A page of zeros, or one that was never written, is what a disk makes of a power cut that it lied about."""
    path = tmp_path / "ledger.db"
    claims = fill(path, 12)
    whole = path.read_bytes()
    for start in range(0, len(whole), 4096):
        path.write_bytes(whole[:start] + bytes(4096) + whole[start + 4096 :])
        judge(path, claims, f"page at {start} lost")


@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_a_damaged_log_of_a_dead_daemon_loses_nothing(dead: tuple[Path, dict[ClaimId, Claim]], damage: str) -> None:
    """Every put stands in the database itself, so what happens to the write-ahead log afterwards does not matter."""
    path, claims = dead
    log = path.with_name("ledger.db-wal")
    whole, raw = log.read_bytes(), path.read_bytes()
    chance = random.Random(7)
    for _ in range(12):
        position = chance.randrange(len(whole))
        if damage == "cut":
            log.write_bytes(whole[:position])
        elif damage == "flip":
            log.write_bytes(whole[:position] + bytes([whole[position] ^ 0x41]) + whole[position + 1 :])
        assert not judge(path, claims, f"log {damage} at {position}")
        path.write_bytes(raw)
        log.write_bytes(whole)


def test_a_lost_log_of_a_dead_daemon_loses_nothing(dead: tuple[Path, dict[ClaimId, Claim]]) -> None:
    """A backup that copied the database alone has every claim that was put by then."""
    path, claims = dead
    path.with_name("ledger.db-wal").unlink()

    assert claims == contents(path)


def test_a_damaged_database_of_a_dead_daemon_is_refused_or_whole(dead: tuple[Path, dict[ClaimId, Claim]]) -> None:
    """With a log beside it the database is examined together with the log, still without a trace."""
    path, claims = dead
    beside = {entry: entry.read_bytes() for entry in path.parent.iterdir()}
    raw = path.read_bytes()
    chance = random.Random(11)
    for _ in range(25):
        position = chance.randrange(len(raw))
        for entry, content in beside.items():
            entry.write_bytes(content)
        path.write_bytes(raw[:position] + bytes([raw[position] ^ 0x41]) + raw[position + 1 :])
        judge(path, claims, f"byte {position} beside a log")


def test_reading_a_dead_daemons_ledger_leaves_no_trace(dead: tuple[Path, dict[ClaimId, Claim]]) -> None:
    """What the log holds is read, and the files stay as they were found."""
    path, claims = dead
    before = look(path.parent)
    reader = read_only(url_of(path))
    found = {claim.id: claim for claim in (*reader.living(), *reader.closed(limit=1000))}
    reader.close()

    assert claims == found
    assert before == look(path.parent)


@pytest.fixture
def dead(tmp_path: Path) -> tuple[Path, dict[ClaimId, Claim]]:
    """Copy a ledger, its log included, in the middle of its life: what a power cut leaves, and what was put by then."""
    living = tmp_path / "living"
    living.mkdir()
    ledger = SqlLedger(url_of(living / "ledger.db"))
    claims = {claim.id: claim for claim in map(make, range(12))}
    for claim in claims.values():
        ledger.put(claim)
    grave = tmp_path / "grave"
    grave.mkdir()
    for name in ("ledger.db", "ledger.db-wal"):
        shutil.copyfile(living / name, grave / name)
    ledger.close()
    assert (grave / "ledger.db-wal").stat().st_size > 0
    return grave / "ledger.db", claims
