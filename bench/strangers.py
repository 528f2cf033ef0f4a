"""
How often a claim is held because other people use the account: `python -m bench.strangers [--runs 10000]`.

Plays that many simulated runs (see `tests/crowd.py`: three in ten requests and three in ten answers are lost, up to
two power cuts), holds the promises against each, and prints a Markdown table. Ends with an error where a stranger's
asset was adopted.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from crowd import SETTINGS, Ending, endings, play

ROW = "| {} | {} | {} | {} | {} | {} | {} | {} |"


def run(seed: int) -> tuple[int, list[Ending]]:
    """Play one run, hold the promises against it, and give its setting's number with how it ended."""
    world = play(seed)
    world.check()
    return seed % len(SETTINGS), endings(world)


def main() -> None:
    """Play all runs and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    runs, began = parser.parse_args().runs, time.perf_counter()
    counted: dict[int, Counter[str]] = {number: Counter() for number in range(len(SETTINGS))}
    with multiprocessing.Pool() as pool:
        for number, ended in pool.imap_unordered(run, range(runs), chunksize=50):
            for ending in ended:
                counted[number].update(_marks(ending))
    print(ROW.format("strangers", "names", "list lag", "claims", "in doubt", "held", "held, billed", "wrongly adopted"))
    print(ROW.format("---", "---", *["---:"] * 6))
    for number, count in counted.items():
        crowd, names, lag = SETTINGS[number]
        who = f"{'of our length' if crowd[0] else 'of other lengths'}, {crowd[1]}" if crowd else "none"
        print(ROW.format(who, "shown" if names else "not shown", f"{lag:g} s", *_figures(count)))
    total = sum(counted.values(), Counter[str]())
    print(ROW.format("all", "", "", *_figures(total)))
    print(f"\n{runs} runs, {time.perf_counter() - began:.0f} s")
    sys.exit(total["foreign"] > 0)


def _marks(ending: Ending) -> list[str]:
    """Name what is true of a claim."""
    marks = {
        "claims": True,
        "doubted": ending.doubted,
        "held": ending.held,
        "billed": ending.held and ending.billed,
        "foreign": ending.foreign,
    }
    return [mark for mark, true in marks.items() if true]


def _figures(count: Counter[str]) -> list[str]:
    return [str(count[mark]) for mark in ("claims", "doubted", "held", "billed", "foreign")]


if __name__ == "__main__":
    main()
