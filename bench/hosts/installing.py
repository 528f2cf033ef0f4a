"""Building the Debian package and installing it on a fresh Debian, as README tells an operator to."""

import hashlib
import os
import subprocess
from functools import partial
from pathlib import Path
from typing import Final

from bench.hosts.host import Host
from bench.hosts.tree import HALF_AN_HOUR, ROOT, kept, layer, tree

FORMER: Final = "d20166c"
"""The last commit before there were packages; its program is packaged as the package is made now."""

_BUILT: Final = ("panjaya_watchd", "config", "requirements", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE")
"""What of a commit gets into its package."""

DEBS: Final = "/run/debs"


def package(release: str, commit: str = "HEAD") -> Path:
    """Give the package of a commit, as it is packaged here; what is committed is built."""
    packed = [path for name in ("packaging", "systemd") for path in (ROOT / name).rglob("*") if path.is_file()]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(packed))).hexdigest()
    git = ("git", "-c", "safe.directory=*", "rev-parse", *(f"{commit}:{name}" for name in _BUILT))
    key = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout + digest
    name = f"{release}.{'deb' if commit == 'HEAD' else commit}"
    (deb,) = kept(name, key, partial(_build, release, commit)).glob("*.deb")
    return deb


def installed(release: str, commit: str = "HEAD") -> tuple[Path, ...]:
    """Give the layers of a host with the package of a commit on it, neither configured nor started."""
    below, deb = tree(release), package(release, commit)
    key = hashlib.sha256(deb.read_bytes()).hexdigest()
    options = [f"--bind-ro={deb.parent}:{DEBS}", "--resolv-conf=replace-host"]
    return below, layer(f"{deb.parent.name}.installed", key, partial(install, deb=deb), below, options=options)


def with_bindfs(release: str) -> tuple[Path, ...]:
    """Give the layers of such a host that can also mount FUSE's plainest file system, a directory seen once more."""
    below = installed(release)
    key = below[-1].with_name(f"{below[-1].name}.key").read_text()
    fetch = partial(_fetch, package="bindfs")
    return *below, layer(f"{release}.bindfs", key, fetch, *below, options=["--resolv-conf=replace-host"])


def install(host: Host, deb: Path, *, offline: bool = False) -> None:
    """Install a package that the host has in ``DEBS``, with what it needs of Debian; keep what was configured."""
    _fetch(host, f"{DEBS}/{deb.name}", offline=offline)


def _fetch(host: Host, package: str, *, offline: bool = False) -> None:
    get = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--yes", "--no-install-recommends")
    if not offline:
        host.run(*get, "update", seconds=HALF_AN_HOUR)
    host.run(*get, "--option=Dpkg::Options::=--force-confold", "install", package, seconds=HALF_AN_HOUR)


def _build(release: str, commit: str, place: Path) -> None:
    environ = {**os.environ, "TREE": str(tree(release)), "OUT": str(place)}
    words = ["packaging/deb.sh", release, commit]
    built = subprocess.run(words, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert built.returncode == 0, f"{' '.join(words)}:\n{built.stdout[-2000:]}{built.stderr[-2000:]}"
