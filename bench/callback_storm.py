"""
Ten thousand callbacks for a thousand videos, half of them forged: `python -m bench.callback_storm [--posts 10000]`.

Out of order, many of them twice, through the real HTTP server into the real driver, and the same videos without
callbacks; see `tests/storm.py`. Demanded, and else exit status 1: each video is done and was fetched once; what is
forged is answered with 401 and has no effect; nothing is kept of videos that are done; and while callbacks arrive there
are at most a tenth of the polls.
"""

import argparse
import resource
import sys
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from storm import Storm


def main() -> None:
    """Let it storm, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--videos", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    usual: dict[str, Any] = {"many": asked.videos, "posts": asked.posts, "seed": asked.seed, "hours": 9, "rate": 50}
    before, began = _memory(), time.monotonic()
    storm = Storm(**usual).run()
    took, after = time.monotonic() - began, _memory()
    calm = Storm(**usual, callbacks=False).run()
    polls, usually = storm.kinds()["asset"], calm.kinds()["asset"]
    delays = storm.delays()
    print(f"posted {sum(storm.statuses.values())} in {took:.0f} s, answered {dict(sorted(storm.statuses.items()))}")
    print(f"heard by the driver: {len(storm.heard)}, of which different: {len(set(storm.heard))}")
    done = asked.videos - len(storm.driver.living)
    print(f"done: {done} of {asked.videos}, fetched {sum(storm.fetched.values())} times")
    print(f"polls: {polls}, without callbacks {usually}: {1 - polls / usually:.1%} fewer")
    print(f"noticed after: median {delays[len(delays) // 2]:.0f} s, most {delays[-1]:.0f} s; one may be 120 s late")
    print(f"remembered at most {storm.kept} callbacks at once, in the end {storm.left()}")
    print(f"memory: {before >> 20} MiB before, {after >> 20} MiB after")
    right = (
        done == len(storm.fetched) == sum(storm.fetched.values()) == asked.videos
        and storm.statuses[401] == asked.posts // 2
        and len(storm.heard) == storm.statuses[204]
        and not storm.left()
        and polls * 10 <= usually
    )
    sys.exit(not right)


def _memory() -> int:
    """Give the bytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main()
