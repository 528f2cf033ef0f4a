"""
Print what the ledger costs: `PYTHONPATH=.:tests python bench/ledger.py [CLAIMS]`.

A ledger of that many closed claims (100,000 if not given) is filled in one go, then used like any other.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from ledgers import NOON, make, url_of
from sqlalchemy import insert

from panjaya_watchd.core.claim import Reservation, State
from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.ledger.codec import Codec
from panjaya_watchd.ledger.schema import CLAIMS, row_of
from panjaya_watchd.ledger.sql import SqlLedger
from panjaya_watchd.ledger.sqlite_file import connected


def show(what: str, act: Callable[[], object], times: int = 200) -> None:
    """Print the median and the slowest of several runs, in milliseconds."""
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        spent.append((time.perf_counter() - began) * 1000)
    print(f"{what:32} median {statistics.median(spent):9.3f} ms   slowest {max(spent):9.3f} ms")


def fill(path: Path, count: int) -> None:
    """Write closed claims in one transaction."""
    codec = Codec()
    with connected(path, "mode=rw") as connection, connection.begin():
        for start in range(0, count, 1000):
            rows = [
                row_of(
                    replace(
                        make(number),
                        state=State.CLOSED,
                        closed_at=NOON + timedelta(minutes=number),
                        likeness=f"like {number}",
                        reserved=Reservation(at=NOON + timedelta(seconds=25 * number), millis=120_000),
                    ),
                    codec,
                    None,
                )
                for number in range(start, min(start + 1000, count))
            ]
            connection.execute(insert(CLAIMS), rows)


def main(count: int) -> None:
    """Fill a ledger and measure it."""
    codec, claim = Codec(), make(0)
    document = codec.encode(claim)
    show("encode", lambda: codec.encode(claim), 2000)
    show("decode", lambda: codec.decode(document, where=""), 2000)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "ledger.db")
        SqlLedger(url_of(path)).close()
        fill(path, count)
        print(f"{count} closed claims, {path.stat().st_size / 1e6:.0f} MB")
        show("open, with all checks", lambda: SqlLedger(url_of(path)).close(), 1)
        ledger = SqlLedger(url_of(path))
        living = replace(make(0), id=ClaimId("living"), asset_id=None)
        show("put", lambda: ledger.put(living))
        show("get", lambda: ledger.get(ClaimId("c7")))
        show("find by stem", lambda: ledger.find("INTERVIEW 77"))
        show("living (one)", ledger.living)
        show("closed (100)", ledger.closed)
        a_day = NOON + timedelta(seconds=25 * (count - 3456))
        show("alike (none)", lambda: ledger.alike("unheard of", 1))
        show("spent, a day of 3,456 drops", lambda: ledger.spent(a_day))
        show("spent, all of them", lambda: ledger.spent(NOON), 5)
        show("assets_taken", ledger.assets_taken, 5)
        ledger.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
