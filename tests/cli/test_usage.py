"""The command line itself: help, version, and what is no command."""

import subprocess
import sys

import pytest
from cli.site import call, surroundings

from panjaya_watchd import __version__


def test_the_version_is_printed() -> None:
    """So that a report of a fault can name it."""
    said = call("--version")

    assert (said.code, said.out) == (0, f"panjaya-watchd {__version__}\n")


@pytest.mark.parametrize(
    "words",
    [["dance"], ["status", "--nonsense"], ["why"], ["adopt", "claim"], ["init", "."], ["check", "extra"]],
    ids=" ".join,
)
def test_a_wrong_command_line_is_a_usage_error(words: list[str]) -> None:
    """Status 2, with a hint where to find help, and no traceback."""
    said = call(*words)

    assert said.code == 2
    assert "Usage: " in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "command", ["run", "check", "doctor", "status", "why", "retry", "adopt", "release", "init", "rehearse", "service"]
)
def test_every_command_explains_itself(command: str) -> None:
    """Help is at hand where there is no web."""
    said = call(command, "--help")

    assert said.code == 0
    assert f"panjaya-watchd {command}" in said.out


def test_without_a_command_the_help_is_shown() -> None:
    """Whoever types only the name sees what there is."""
    assert "rehearse" in call().out + call().err


def test_a_rehearsal_of_a_video_that_is_not_there_is_refused() -> None:
    """Before anything is set up, with the name that was given."""
    said = call("rehearse", "/nowhere/talk.mp4")

    assert (said.code, said.out) == (1, "")
    assert "/nowhere/talk.mp4: expected a video file, found none." in said.err


@pytest.mark.slow
def test_the_help_loads_nothing_heavy() -> None:
    """A completion at the keyboard must not wait for a database and a web server."""
    program = (
        "import sys; sys.argv = ['panjaya-watchd', '--help']\n"
        "from panjaya_watchd.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'httpx', 'uvicorn', 'pydantic', 'av', 'watchdog'} & sys.modules.keys()\n"
        "print('heavy:', *sorted(heavy))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], env=surroundings(), capture_output=True, text=True, check=False
    )

    assert (ran.stderr, ran.stdout.splitlines()[-1]) == ("", "heavy:")
