"""
The Debians that hosts are booted from: one tree for each release, made once by debootstrap, and layers over it.

They are kept in ``.hosts/``; trees that are there already are taken from where ``HOSTS_TREES`` says. Trees and layers
are never changed: hosts write into overlays over them.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.hosts.host import Host

ROOT: Final = Path(__file__).parents[2]
KEPT: Final = ROOT / ".hosts"

RELEASES: Final = {"bookworm": 252, "trixie": 257}
"""Debian's releases, and the version of systemd that each of them has."""

PACKAGES: Final = "systemd,systemd-sysv,dbus,libpam-systemd,procps,python3,python3-venv"
"""What the host of an ordinary service has; no compiler."""

HALF_AN_HOUR: Final = 1800.0
"""Seconds; a mirror may be slow."""


def tree(release: str) -> Path:
    """Give the tree of a release; make it if it is not there."""
    place = Path(os.environ.get("HOSTS_TREES") or KEPT) / release
    with _alone(release):
        if not (place / "etc/debian_version").exists():
            making = place.with_suffix(".making")
            shutil.rmtree(making, ignore_errors=True)
            words = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", release, str(making)]
            made = subprocess.run(words, capture_output=True, text=True, check=False, timeout=HALF_AN_HOUR)
            assert made.returncode == 0, f"{' '.join(words)}:\n{made.stdout[-2000:]}{made.stderr}"
            making.rename(place)
    return place


def layer(name: str, key: str, make: Callable[[Host], None], *below: Path, options: Sequence[str] = ()) -> Path:
    """
    Give what was written over a tree once; make it if it is not there.

    Args:
        name: what it is, and over which release.
        key: what it was made from; where that changes, the layer is made again.
        make: writes it, on a host that is up.
        below: the tree, and layers between.
        options: more of ``systemd-nspawn`` for that host.

    """

    def write(place: Path) -> None:
        with Host(*below, options=options) as host:
            make(host)
            host.power_off()
            # A host that finds an identity and a journal would go on as the one that wrote them.
            (host.root / "etc/machine-id").write_text("")
            for journal in (host.root / "var/log/journal").iterdir():
                shutil.rmtree(journal)
            subprocess.run(["cp", "--archive", "--no-target-directory", host.upper, place], check=True)

    return kept(name, key, write)


def kept(name: str, key: str, make: Callable[[Path], None]) -> Path:
    """Give a directory of ours; ``make`` fills it if it is not there, or was made from something else."""
    place, noted = KEPT / name, KEPT / f"{name}.key"
    with _alone(name):
        if not noted.exists() or noted.read_text() != key:
            noted.unlink(missing_ok=True)
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            make(place)
            noted.write_text(key)
    return place


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Keep others waiting who want the same."""
    KEPT.mkdir(exist_ok=True)
    with (KEPT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
