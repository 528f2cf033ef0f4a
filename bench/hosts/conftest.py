"""Each proof on a host of its own, on every release."""

import os
import shutil
from collections.abc import Generator, Iterator

import pytest

from bench.hosts.host import Host
from bench.hosts.installing import installed
from bench.hosts.service import Service
from bench.hosts.tree import RELEASES

TOOLS = {"systemd-nspawn": "systemd-container", "debootstrap": "debootstrap", "nsenter": "util-linux"}


def pytest_configure() -> None:
    """Say what is missing, in one sentence; nothing is skipped."""
    if os.geteuid() != 0:
        raise pytest.UsageError("Booting hosts needs root. Type: sudo make hosts")
    missing = sorted(package for tool, package in TOOLS.items() if shutil.which(tool) is None)
    if missing:
        raise pytest.UsageError(f"Missing here. Type: apt-get install {' '.join(missing)}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the journal where a proof fails; a fixture's own end comes too late and knows of no failure."""
    report = yield
    if report.when == "call" and report.failed:
        for name, given in item.funcargs.items():
            if isinstance(given, Service):
                report.sections.append((f"Journal of {name}", given.tail()))
    return report


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    """Give the Debian to prove it on."""
    return str(request.param)


@pytest.fixture
def host(release: str) -> Iterator[Host]:
    """Give a host that is up, with the service on it, neither configured nor started."""
    with Host(*installed(release)) as host:
        yield host


@pytest.fixture
def service(host: Host) -> Iterator[Service]:
    """Give the service configured, not started."""
    with Service(host) as service:
        yield service
