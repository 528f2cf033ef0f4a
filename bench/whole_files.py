"""
Whether anything but whole files is ever sent: `PYTHONPATH=tests python -m bench.whole_files [--runs 10000]`.

Plays that many simulated runs (see `tests/whole.py`), and then some hundred without each of the safeguards, which have
to do damage; prints Markdown tables. Ends with an error where a run went wrong, or a missing safeguard was not noticed.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from whole import WITHOUT, play

FIGURES = (
    *("messages", "whole", "broken", "uploads", "withdrawn", "back", "failed", "held", "changed when it was sent"),
    *("overwritten", "truncated", "renamed", "deleted", "died", "sidecars"),
    *("unmounted", "read-only", "restarted", "suspended"),
)


def run(asked: tuple[str | None, int]) -> tuple[str | None, int, list[str], Counter[str]]:
    """Play one run; gives what is wrong, and the figures."""
    without, seed = asked
    try:
        site = play(seed, **WITHOUT.get(without or "", {}))
    except Exception as error:  # noqa: BLE001  (it is told with its seed)
        return without, seed, [f"{type(error).__name__}: {error}"], Counter()
    return without, seed, site.damage, site.figures()


def main() -> None:
    """Play all runs and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--without", type=int, default=300, help="runs without each safeguard")
    options, began = parser.parse_args(), time.perf_counter()
    asked: list[tuple[str | None, int]] = [(None, seed) for seed in range(options.runs)]
    asked += [(without, seed) for without in WITHOUT for seed in range(options.without)]
    total, wrong = Counter[str](), Counter[str | None]()
    with multiprocessing.Pool() as pool:
        for without, seed, damage, figures in pool.imap(run, asked, chunksize=20):
            wrong[without] += bool(damage)
            if without is None:
                total += figures
                for each in damage:
                    print(f"seed {seed}: {each}", flush=True)
                if seed == options.runs - 1:
                    print(f"{options.runs} runs, {time.perf_counter() - began:.0f} s, {wrong[None]} went wrong\n")
    print("| what | times |\n| --- | ---: |")
    for name in FIGURES:
        print(f"| {name} | {total[name]} |")
    print(f"\n| without | runs that did damage, of {options.without} |\n| --- | ---: |")
    for without in WITHOUT:
        print(f"| {without} | {wrong[without]} |")
    sys.exit(wrong[None] > 0 or not all(wrong[without] for without in WITHOUT))


if __name__ == "__main__":
    main()
