"""
What an idle daemon costs beside a big watch folder: `python bench/idle.py [FILES] [SECONDS]`.

The real daemon, as its own process, watches a folder of FILES (100,000) that will never be taken: first other people's
files, then empty videos, which are looked at and wait, then files in ``done/``, then those with a tenth as many that
wait. Prints how long the start took until every folder had been looked at, CPU over SECONDS (60) of idleness, memory
and how much that grew meanwhile; and `find` in the same run.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIG = """\
[api]
base_url = "http://127.0.0.1:9"
[state]
url = "sqlite:///{home}/state/ledger.db"
[http]
listen = ""
[[folder]]
name = "big"
path = "{home}/big"
locale = "en-US"
languages = ["es-ES"]
"""


def measure(kind: str, patterns: dict[str, int], seconds: float) -> None:
    """Fill a folder with so many of each name, run the daemon, print."""
    with tempfile.TemporaryDirectory(prefix="idle-") as made:
        home = Path(made)
        (home / "state").mkdir()
        (home / "big" / "done").mkdir(parents=True)
        for pattern, count in patterns.items():
            for number in range(count):
                (home / "big" / pattern.format(number)).touch()
        (home / "watchd.toml").write_text(CONFIG.format(home=home), encoding="utf-8")
        find = _find(home / "big")
        with (home / "log").open("wb") as log:
            began = time.perf_counter()
            daemon = subprocess.Popen(
                [sys.executable, "-m", "panjaya_watchd", "run", "--config", str(home / "watchd.toml")],
                stderr=log,
                env={**os.environ, "PANJAYA_API_KEY": "idle"},
            )
            while b"daemon.ready" not in (home / "log").read_bytes():
                time.sleep(0.02)
            start, start_cpu = time.perf_counter() - began, _cpu(daemon.pid)
            time.sleep(25)  # by then every drop has been seen often enough to be judged
            before, held = _cpu(daemon.pid), _memory(daemon.pid)
            time.sleep(seconds)
            idle = (_cpu(daemon.pid) - before) / seconds
            memory = _memory(daemon.pid)
            daemon.terminate()
            daemon.wait()
        print(
            f"{sum(patterns.values())} {kind}: ready after {start:.2f} s ({start_cpu:.2f} s CPU), "
            f"idle {idle:.2%} of one CPU, {memory:.0f} MiB, grown by {memory - held:.1f} MiB; find {find:.2f} s CPU"
        )


def _find(folder: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["find", str(folder), "-printf", "%s %T@ %f\\n"], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    patience = float(sys.argv[2]) if len(sys.argv) > 2 else 60
    print(json.dumps({"files": files, "seconds": patience}))
    done, waiting = "done/video {:06}.mp4", "video {:06}.mp4"
    measure("files at all", {}, patience)
    measure("files of other people", {"photo {:06}.jpg": files}, patience)
    measure("empty videos", {waiting: files}, patience)
    measure("videos in done/", {done: files}, patience)
    measure("videos, most in done/ and the others empty", {done: files, waiting: files // 10}, patience)
