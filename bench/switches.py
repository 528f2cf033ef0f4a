"""
Every switch of the stand-in studio on its own, and random combinations: `python -m bench.switches [--runs 500]`.

Each run is three drops (two videos and one on the web) through driver, client and studio over real HTTP, with time and
disk played (`tests/switched.py`). A drop has to end as the service said, billed once, or be held with a reason. Prints
how many ended how, by switch; ends with an error where a promise was broken.
"""

import argparse
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from switched import draw, ends, open_world, single

DAYS = 3 * 86_400.0
"""Seconds of played time at most."""


def play(job: tuple[int, dict[str, Any]]) -> tuple[dict[str, Any], list[str], str]:
    """Play one run; give its switches, how its drops ended, and what was wrong."""
    seed, switches = job
    try:
        with open_world(seed, switches) as world:
            world.run(until=DAYS)
            return switches, ends(world), ""
    except BaseException:  # noqa: BLE001  (told at the end, with all others)
        return switches, [], traceback.format_exc(limit=-3)


def main() -> None:
    """Play all runs and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    asked, began = parser.parse_args(), time.perf_counter()
    alone = single()
    random = [draw(Random(asked.seed + number)) for number in range(asked.runs)]
    jobs = list(enumerate([*alone, *random]))
    counted: dict[str, Counter[str]] = {}
    wrong: list[tuple[dict[str, Any], str]] = []
    with multiprocessing.Pool() as pool:
        for switches, ended, fault in pool.imap_unordered(play, jobs):
            name = "combinations" if len(switches) != 1 else next(iter(switches))
            counted.setdefault(name, Counter()).update(ended or ["wrong"])
            wrong += [(switches, fault)] if fault else []
    kinds = sorted({kind for count in counted.values() for kind in count})
    print("| switch | " + " | ".join(kinds) + " |")
    print("|---|" + "---:|" * len(kinds))
    for name, count in sorted(counted.items()):
        print(f"| {name} | " + " | ".join(str(count[kind]) for kind in kinds) + " |")
    for switches, fault in wrong:
        print(f"\n{switches}\n{fault}")
    took = time.perf_counter() - began
    print(f"\n{len(alone)} switches alone, {asked.runs} combinations, {len(wrong)} wrong, {took:.0f} s")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
