"""Installing the service on a fresh Debian, as README tells an operator to."""

import hashlib
import os
from pathlib import Path
from typing import Final

from bench.hosts.host import Host
from bench.hosts.tree import HALF_AN_HOUR, ROOT, layer, tree

PROGRAM: Final = "/opt/panjaya-watchd/bin/panjaya-watchd"
SOURCE: Final = "/run/source"
BUNDLE: Final = Path("/etc/ssl/certs/ca-certificates.crt")

_PACKED: Final = ("panjaya_watchd", "config", "systemd", "requirements")


def installed(release: str) -> tuple[Path, ...]:
    """Give the layers of a host with the service on it, neither configured nor started."""
    below = tree(release)
    packed = sorted(path for name in _PACKED for path in (ROOT / name).rglob("*") if path.is_file())
    key = hashlib.sha256(b"".join(path.read_bytes() for path in packed if path.suffix != ".pyc")).hexdigest()
    options = [f"--bind-ro={ROOT}:{SOURCE}", "--resolv-conf=replace-host"]
    options += [f"--bind-ro={path}" for path in (BUNDLE, Path("/etc/pip.conf")) if path.exists()]
    return below, layer(f"{release}.service", key, _install, below, options=options)


def _install(host: Host) -> None:
    environ = [f"{name}={value}" for name, value in os.environ.items() if name.startswith("PIP_") or "_proxy" in name]
    if BUNDLE.exists():
        environ += [f"PIP_CERT={BUNDLE}", f"SSL_CERT_FILE={BUNDLE}"]
    pip = ("env", *environ, "/opt/panjaya-watchd/bin/pip", "install", "--quiet")
    host.run("python3", "-m", "venv", "/opt/panjaya-watchd")
    host.run(*pip, "--require-hashes", "--requirement", f"{SOURCE}/requirements/service.txt", seconds=HALF_AN_HOUR)
    host.run(*pip, "--no-deps", SOURCE, seconds=HALF_AN_HOUR)
    host.run("ln", "-s", PROGRAM, "/usr/bin/")
    host.run("cp", f"{SOURCE}/systemd/panjaya-watchd.service", "/etc/systemd/system/")
