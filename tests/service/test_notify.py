"""
What the service manager hears, over a real datagram socket.

Where systemd-python is not installed, a stand-in speaks its one function over the socket, as sd_notify(3) describes.
"""

import importlib
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from panjaya_watchd.errors import SettingsError
from panjaya_watchd.service.notify import Notifier

MODULES = ("systemd", "systemd.daemon")


def now() -> float:
    """Give a time of CLOCK_MONOTONIC."""
    return 12.5


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Be a service manager: listen where ``$NOTIFY_SOCKET`` points."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listening


def speak(words: str) -> bool:
    """Send one datagram to the service manager, as ``systemd.daemon.notify`` does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
        speaker.connect(os.environ["NOTIFY_SOCKET"])
        speaker.sendall(words.encode())
    return True


@pytest.fixture
def _systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a ``systemd.daemon``: the real one, else one that speaks the same protocol."""
    try:
        importlib.import_module("systemd.daemon")
    except ImportError:
        package, daemon = (ModuleType(name) for name in MODULES)
        daemon.notify = speak  # type: ignore[attr-defined]
        for name, module in zip(MODULES, (package, daemon), strict=True):
            monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.usefixtures("_systemd")
def test_the_service_manager_hears_every_word(manager: socket.socket) -> None:
    """Start, how it stands, beat, reload, the time that is needed, the end: each as one datagram of the protocol."""
    notifier = Notifier({**os.environ, "WATCHDOG_USEC": "60000000"}, now)
    notifier.ready()
    notifier.status("2 folders, 1 dubbing")
    notifier.alive()
    notifier.reloading()
    notifier.reloaded()
    notifier.extend(20)
    notifier.stopping()

    assert [manager.recv(4096).decode() for _ in range(7)] == [
        "READY=1",
        "STATUS=2 folders, 1 dubbing",
        "WATCHDOG=1",
        "RELOADING=1\nMONOTONIC_USEC=12500000",
        "READY=1",
        "EXTEND_TIMEOUT_USEC=20000000",
        "STOPPING=1",
    ]


@pytest.mark.usefixtures("_systemd")
def test_a_reload_ends_no_start(manager: socket.socket) -> None:
    """Before the first look at every folder, READY would be a lie."""
    notifier = Notifier(os.environ, now)
    notifier.reloading()
    notifier.reloaded()
    notifier.ready()

    assert manager.recv(4096) == b"READY=1"
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.recv(4096)


@pytest.mark.usefixtures("_systemd")
@pytest.mark.parametrize(
    ("told", "patience"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "²"}, None),
        ({"WATCHDOG_USEC": "2500000"}, 2.5),
        ({"WATCHDOG_USEC": "2500000", "WATCHDOG_PID": str(os.getpid())}, 2.5),
        ({"WATCHDOG_USEC": "2500000", "WATCHDOG_PID": "1"}, None),
    ],
)
def test_a_beat_is_given_only_where_this_process_is_to_give_it(
    told: dict[str, str], patience: float | None, manager: socket.socket
) -> None:
    """A watchdog that is off, or that waits for another process, hears nothing."""
    notifier = Notifier({"NOTIFY_SOCKET": os.environ["NOTIFY_SOCKET"], **told}, now)
    notifier.alive()
    notifier.stopping()

    assert notifier.watchdog == patience
    assert manager.recv(4096).decode() == ("STOPPING=1" if patience is None else "WATCHDOG=1")


@pytest.mark.usefixtures("_systemd")
def test_nothing_in_a_status_can_be_taken_for_another_word(manager: socket.socket) -> None:
    """A line break would begin a second assignment, such as that of another main process."""
    Notifier(os.environ, now).status("unusable: a\nMAINPID=1\udcff\x00")

    assert manager.recv(4096).decode() == r"STATUS=unusable: a\x0aMAINPID=1\xff\x00"


@pytest.mark.usefixtures("_systemd")
def test_a_service_manager_that_hangs_up_does_not_end_the_daemon(manager: socket.socket) -> None:
    """A beat that nobody hears is no reason to stop dubbing (sd_notify(3) advises to ignore what it returns)."""
    notifier = Notifier(os.environ, now)
    manager.close()

    notifier.alive()


def test_without_a_service_manager_nothing_is_said() -> None:
    """In a terminal or a container nobody listens, and systemd-python need not be there."""
    for environ in ({}, {"NOTIFY_SOCKET": ""}):
        notifier = Notifier(environ, now)
        notifier.ready()
        notifier.alive()


def test_a_service_manager_without_systemd_python_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the start would end in a time-out after a minute and a half, without a reason."""
    for name in MODULES:
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(SettingsError, match="systemd-python is not installed") as caught:
        Notifier({"NOTIFY_SOCKET": "/run/systemd/notify"}, now)
    assert "requirements/service.txt" in caught.value.hint
    assert "Type=exec" in caught.value.hint
