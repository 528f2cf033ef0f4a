"""``service``: what it says before it touches anything. What it does is proven where a systemd runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli.site import Site

from panjaya_watchd.cli import servicing
from panjaya_watchd.settings import load


def told(*words: str, booted: bool, user: int = 0) -> tuple[int, str]:
    """Type a command as that user, on a machine that systemd runs or does not; only its marker is made, in memory."""
    if os.getuid() != 0:
        pytest.skip("only root can hide this machine's /run, and be somebody else")
    lay = "mount -t tmpfs none /run && " + ("mkdir -p /run/systemd/system && " if booted else "")
    become = f"setpriv --reuid={user} --clear-groups " if user else ""
    ran = subprocess.run(
        (
            *("unshare", "--mount", "sh", "-ec", f'{lay} exec {become}"$@"', "sh"),
            *(sys.executable, "-m", "panjaya_watchd", "service", *words),
        ),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    return ran.returncode, ran.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", ["install", "folders", "uninstall"])
def test_only_root_may(command: str) -> None:
    """Anybody else is told what to type."""
    assert told(command, booted=True, user=65534) == (
        1,
        "Only root can tell systemd of a service.\nType the same with sudo before it.\n",
    )


@pytest.mark.slow
@pytest.mark.parametrize("command", ["install", "folders", "uninstall"])
def test_without_systemd_there_is_no_service(command: str) -> None:
    """What to do instead is told."""
    code, said = told(command, booted=False)

    assert (code, said.splitlines()[0]) == (1, "This machine is not run by systemd.")
    assert "panjaya-watchd run" in said


@pytest.mark.slow
def test_without_the_means_to_speak_to_systemd_nothing_is_installed() -> None:
    """The locks of development lack systemd-python; what to install is told before anything is written."""
    code, said = told("install", booted=True)

    assert code == 1
    assert "systemd-python is missing" in said
    assert "requirements/service.txt" in said


@pytest.mark.slow
def test_a_faulty_configuration_changes_no_folders(here: Site) -> None:
    """It is told as by ``check``, with its status."""
    here.config.write_text(here.config.read_text() + "\nnonsense = 1\n")

    code, said = told("folders", "--config", str(here.config), booted=True)

    assert code == 78
    assert "nonsense: found an unknown key" in said


def test_everything_that_the_daemon_writes_is_named_once(here: Site) -> None:
    """Watch folders, results elsewhere, the ledger elsewhere; what lies below another, not again."""
    elsewhere, linked, real = here.home / "results", here.home / "linked", here.home / "real"
    for path in (elsewhere, real):
        path.mkdir()
    linked.symlink_to(real)
    more = (
        f'\n[[folder]]\nname = "b"\npath = "{linked}"\nlocale = "en-US"\nlanguages = ["es-ES"]\ndone = "{elsewhere}"\n'
    )
    here.config.write_text(here.config.read_text() + more)
    settings = load(here.config, environ={})
    (first, _) = settings.folders

    named = servicing.written(settings)

    assert set(named) == {first.path, elsewhere, linked, real, settings.state.ledger.parent}
    assert len(named) == 5
