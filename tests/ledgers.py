"""What the tests of the SQLite ledger share: claims to put, a program that puts them, and how a directory looks."""

import hashlib
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from panjaya_watchd.core.claim import Claim, Destination, Dubbing, Outcome, State
from panjaya_watchd.core.drop import Drop, Fingerprint, Part, Role
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName, Locale
from panjaya_watchd.core.order import AutoGenerate, Language, Order
from panjaya_watchd.ledger.sql import SqlLedger

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TARGETS = (Locale("es-ES"), Locale("fr-FR"))


def url_of(path: Path) -> str:
    """Give the URL of a ledger's file."""
    return f"sqlite:///{path}"


def make(number: int) -> Claim:
    """Make the claim ``c<number>``; every third one is still living, all have an asset."""
    name = f"interview {number}.mp4"
    part = Part(name=name, role=Role.VIDEO, fingerprint=Fingerprint(size=1, mtime_ns=2, ctime_ns=3, ino=4))
    claim = Claim(
        id=ClaimId(f"c{number}"),
        folder=FolderName("marketing"),
        drop=Drop(key=f"interview {number}", parts=(part,)),
        order=Order(
            locale=Locale("en-US"),
            languages=tuple(Language(locale=locale) for locale in TARGETS),
            auto_generate=AutoGenerate.WITH_LIPS,
        ),
        taken_at=NOON + timedelta(minutes=number),
        state=State.DUBBING,
        asset_id=AssetId(f"asset-{number}"),
        dubbings=tuple(Dubbing(locale=locale) for locale in TARGETS),
    )
    over = Outcome(to=Destination.DONE, why="It is done.")
    closed = replace(claim, state=State.CLOSED, closed_at=NOON + timedelta(hours=number), outcome=over)
    return closed if number % 3 else claim


def surroundings() -> dict[str, str]:
    """Give the environment in which another program finds the package and the tests' own modules."""
    here = Path(__file__).parent
    return os.environ | {"PYTHONPATH": f"{here.parent}{os.pathsep}{here}"}


def fill(path: Path, count: int) -> dict[ClaimId, Claim]:
    """Put that many claims into the ledger at ``path``, close it, and give what was put."""
    ledger = SqlLedger(url_of(path))
    claims = {claim.id: claim for claim in map(make, range(count))}
    for claim in claims.values():
        ledger.put(claim)
    ledger.close()
    return claims


def contents(ledger_path: Path) -> dict[ClaimId, Claim]:
    """Open a ledger, give everything in it, and close it."""
    ledger = SqlLedger(url_of(ledger_path))
    try:
        claims = {claim.id: claim for claim in (*ledger.living(), *ledger.closed(limit=10**6))}
        assert {claim.asset_id for claim in claims.values() if claim.asset_id} == ledger.assets_taken()
    finally:
        ledger.close()
    return claims


def look(directory: Path) -> dict[str, str]:
    """Give the name, kind, mode and digest of everything in a directory."""
    return {
        entry.name: f"{entry.stat().st_mode:o} "
        + (hashlib.sha256(entry.read_bytes()).hexdigest() if entry.is_file() else "")
        for entry in directory.iterdir()
    }


if __name__ == "__main__":
    # The program that is killed: it says each claim's number only after `put` returned.
    writer = SqlLedger(url_of(Path(sys.argv[1])))
    sys.stdout.write("open\n")
    sys.stdout.flush()
    for next_number in range(int(sys.argv[2]), 10**9):
        writer.put(make(next_number))
        sys.stdout.write(f"{next_number}\n")
        sys.stdout.flush()
