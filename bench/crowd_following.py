"""
How thousands of assets are followed within a bounded rate: `python -m bench.crowd_following [--many 10000]`.

So many assets, each with one language that takes one hour to five, begun over the two hours before the daemon starts;
see `tests/multitude.py` for what is real and what is played. Each way of following is run in a process of its own: the
list shows nothing that moves, the list shows it, callbacks arrive, one of ten is lost. In the first hour everything is
asked for once after the start; the figures of the last hour are those of a daemon that runs. At half time a claim in
doubt is looked up, which reads the whole list. Times are of a clock that is only counted; processor and memory are
real, with ``--sqlite DIR`` also the ledger.
"""

import argparse
import multiprocessing
import resource
import sys
import time
from pathlib import Path
from typing import Any, Final

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from multitude import Multitude

from panjaya_watchd.ledger.memory import MemoryLedger
from panjaya_watchd.ledger.sql import SqlLedger

WAYS: Final[dict[str, dict[str, Any]]] = {
    "list of no use": {},
    "list trusted": {"list_status": True},
    "callbacks": {"callbacks": True},
    "callbacks, 1 of 10 lost": {"callbacks": True, "lost": 0.1},
}
ROW: Final = "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |"
HEAD: Final = (
    *("way", "requests: all (asset, version, page)", "of these in the last hour", "most in 1 s, in 60 s"),
    *("results noticed in the last hour", "after: median, 95 %, most", "not yet noticed, longest"),
    *("look-up of the whole list", "processor", "memory: all, for this"),
)


def follow(way: str, many: int, hours: float, rate: float, sqlite: Path | None) -> tuple[str, ...]:
    """Follow them in one way, and give the figures in words."""
    ledger = SqlLedger(f"sqlite:///{sqlite / way.replace(' ', '-')}.db", owner="bench") if sqlite else MemoryLedger()
    crowd = Multitude(many=many, hours=hours, rate=rate, ledger=ledger, doubts=(hours * 1800,), **WAYS[way])
    before, began = _memory(), time.process_time()
    crowd.run()
    took, last = time.process_time() - began, (hours - 1) * 3600
    kinds, delays, lying = crowd.kinds(), crowd.delays(last), crowd.unnoticed()
    assert crowd.most_within(1.0) <= max(1.0, rate), "the bound is broken"
    return (
        way,
        f"{sum(kinds.values())} ({', '.join(str(kinds.get(kind, 0)) for kind in ('asset', 'version', 'page'))})",
        str(sum(crowd.kinds(last).values())),
        f"{crowd.most_within(1.0)}, {crowd.most_within(60.0)}",
        str(len(delays)),
        f"{_share(delays, 0.5)}, {_share(delays, 0.95)}, {_share(delays, 1.0)}",
        f"{len(lying)}, {max(lying, default=0):.0f} s",
        ", ".join(f"{seconds:.0f} s" for seconds in crowd.looked_up),
        f"{took:.0f} s",
        f"{_memory() >> 20} MiB, {(_memory() - before) >> 20} MiB",
    )


def _share(delays: list[float], share: float) -> str:
    return f"{delays[max(0, round(share * len(delays)) - 1)]:.0f} s" if delays else "-"


def _memory() -> int:
    """Give the bytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> None:
    """Follow them in every way, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--rate", type=float, default=5.0, help="requests a second")
    parser.add_argument("--sqlite", type=Path, help="a folder for real ledgers")
    parser.add_argument("--way", choices=WAYS, action="append")
    asked = parser.parse_args()
    print(ROW.format(*HEAD))
    print(ROW.format(*["---"] * len(HEAD)))
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for way in asked.way or WAYS:
            given = (way, asked.many, asked.hours, asked.rate, asked.sqlite)
            print(ROW.format(*pool.apply(follow, given)), flush=True)


if __name__ == "__main__":
    main()
