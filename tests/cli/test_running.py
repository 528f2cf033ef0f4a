"""``run`` as a process of its own: what keeps it from starting, and that it ends when it is told to."""

import json
import os
import resource
import signal
import socket
import subprocess
from pathlib import Path
from typing import Final

import pytest
from cli.site import HELD, ROOT, Site, surroundings

from panjaya_watchd.ledger.sql import SqlLedger

pytestmark = pytest.mark.slow

PATIENCE: Final = 60

SPEAKER: Final = """
import os
import socket

def notify(words):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
        speaker.connect(os.environ["NOTIFY_SOCKET"])
        speaker.sendall(words.encode())
"""


def run(here: Site, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a daemon that is expected to end by itself."""
    return subprocess.run(
        here.command("run"), env=surroundings(**environ), capture_output=True, text=True, check=False, timeout=PATIENCE
    )


def test_a_configuration_with_faults_keeps_it_from_starting(here: Site) -> None:
    """Status 78 and all faults at once; nothing was made."""
    here.write('[api]\nbase_url = "ftp://x"\n\n[[folder]]\nname = "m"\npath = "nowhere"\nlanguages = [7]\n')
    ran = run(here)

    assert ran.returncode == 78
    for key in ("api.base_url", "folder[0].path", "folder[0].languages", "folder[0].locale"):
        assert key in ran.stderr
    assert "Traceback" not in ran.stderr
    assert list(here.ledger.parent.iterdir()) == []


def test_a_missing_key_keeps_it_from_starting(here: Site) -> None:
    """Status 78; where the key belongs is told."""
    ran = run(here, PANJAYA_API_KEY="")

    assert ran.returncode == 78
    assert "key_file" in ran.stderr


def test_a_service_manager_without_the_library_keeps_it_from_starting(here: Site, tmp_path: Path) -> None:
    """At once and in words, with status 78, where nothing is said to systemd; not a time-out and a try every 5 s."""
    (tmp_path / "systemd.py").write_text('raise ImportError("there is no systemd-python")\n')
    ran = run(here, NOTIFY_SOCKET=str(tmp_path / "notify"), PYTHONPATH=f"{tmp_path}:{ROOT}")

    assert ran.returncode == 78
    assert "systemd-python is not installed" in ran.stderr
    assert "requirements/service.txt" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert list(here.ledger.parent.iterdir()) == []


def test_the_service_manager_hears_the_start_and_the_log_where_it_hung(here: Site, tmp_path: Path) -> None:
    """
    Patience for a large ledger, then READY, then beats. The watchdog's SIGABRT shows where each thread stood.

    A stand-in speaks for systemd-python. Standard error leads into the journal, or would if there were one.
    """
    (tmp_path / "systemd").mkdir()
    (tmp_path / "systemd" / "__init__.py").touch()
    (tmp_path / "systemd" / "daemon.py").write_text(SPEAKER)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
        (tmp_path / "stderr").open("w+", errors="replace") as stream,
    ):
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        found = os.fstat(stream.fileno())
        environ = surroundings(
            NOTIFY_SOCKET=str(tmp_path / "notify"),
            WATCHDOG_USEC="400000",
            PYTHONPATH=f"{tmp_path}:{ROOT}",
            JOURNAL_STREAM=f"{found.st_dev}:{found.st_ino}",
        )
        with subprocess.Popen(here.command("run"), env=environ, stderr=stream) as daemon:
            words = [manager.recv(4096).decode()]
            while words[-2:] != ["WATCHDOG=1"] * 2:
                words.append(manager.recv(4096).decode())
            daemon.send_signal(signal.SIGABRT)
        stream.seek(0)
        logged = stream.read()

    assert words[0] == "EXTEND_TIMEOUT_USEC=300000000"
    assert words.index("EXTEND_TIMEOUT_USEC=90000000") < words.index("READY=1")
    assert words.index("READY=1") < words.index("WATCHDOG=1", words.index("READY=1"))
    assert daemon.returncode == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in logged
    assert "run/daemon.py" in logged
    assert "timestamp" not in logged, "the journal has its own"


def test_what_keeps_it_from_starting_is_an_error_in_the_journal(here: Site, tmp_path: Path) -> None:
    """``journalctl -p err`` shows the reason, line by line, and not only that there was one."""
    with (tmp_path / "stderr").open("w+") as stream:
        found = os.fstat(stream.fileno())
        leads = surroundings(PANJAYA_API_KEY="", JOURNAL_STREAM=f"{found.st_dev}:{found.st_ino}")
        ran = subprocess.run(here.command("run"), env=leads, stderr=stream, check=False, timeout=PATIENCE)
        stream.seek(0)
        lines = stream.read().splitlines()

    assert ran.returncode == 78
    assert len(lines) > 1
    assert all(line.startswith("<3>") for line in lines)


def test_a_damaged_ledger_keeps_it_from_starting(here: Site) -> None:
    """Status 78, and not one byte of it is changed: without it nobody knows what was paid for."""
    here.ledger.write_bytes(b"this is no ledger" * 300)
    before = here.ledger.read_bytes()
    ran = run(here)

    assert ran.returncode == 78
    assert str(here.ledger) in ran.stderr
    assert "Traceback" not in ran.stderr
    assert here.ledger.read_bytes() == before


def test_a_second_daemon_does_not_start(here: Site) -> None:
    """
    Two on one ledger would pay for everything twice; the first one's number is told.

    Status 75: a daemon that was killed and hangs in a dead share holds the ledger until the share is back, and the
    service manager has to go on trying until then.
    """
    first = SqlLedger(here.settings.state.url, owner="first")
    ran = run(here)
    first.close()

    assert ran.returncode == 75
    assert "already running (pid " in ran.stderr
    assert "Traceback" not in ran.stderr


def test_it_says_what_it_does_and_ends_when_it_is_told_to(here: Site) -> None:
    """The log is JSON, line by line, from the first word to the last; SIGTERM ends it with status 0."""
    with subprocess.Popen(here.command("run"), env=surroundings(), stderr=subprocess.PIPE, text=True) as daemon:
        assert daemon.stderr is not None
        lines: list[dict[str, str]] = []
        while not lines or lines[-1]["event"] != "daemon.ready":
            lines.append(json.loads(daemon.stderr.readline()))
        daemon.send_signal(signal.SIGTERM)
        lines += map(json.loads, daemon.stderr)

    assert daemon.returncode == 0
    assert [line["event"] for line in lines] == ["daemon.starting", "daemon.ready", "daemon.stopping", "daemon.stopped"]
    assert not here.settings.state.control.exists()
    assert not any("panjaya-rehearsal" in json.dumps(line) for line in lines), "the key was logged"


def test_a_ledger_that_cannot_be_written_any_more_ends_it_for_now(here: Site) -> None:
    """
    Status 75, which lets the service manager start it again: a full disk may have room in a minute.

    The disk is "full" by a limit on the size of files; what was asked for is not done, as it could not be noted.
    """
    here.hold()
    with subprocess.Popen(here.command("run"), env=surroundings(), stderr=subprocess.PIPE, text=True) as daemon:
        assert daemon.stderr is not None
        assert any("daemon.ready" in line for line in iter(daemon.stderr.readline, ""))
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        here.call("release", HELD)
        words = daemon.stderr.read()

    assert daemon.returncode == 75
    assert str(here.ledger) in words
    assert "Traceback" not in words
    assert not (here.folder / "failed").exists()
