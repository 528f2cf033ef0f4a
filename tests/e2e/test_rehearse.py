"""``rehearse``: what somebody without an account tries first."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from machine import ROOT, environment

from panjaya_watchd.rehearsal.results import examine


@pytest.fixture
def short() -> Iterator[Path]:
    """Give a directory with a short path: a socket's has at most 107 bytes, and a test's own directory is deep."""
    with TemporaryDirectory(prefix="r-") as path:
        yield Path(path)


def rehearse(short: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a rehearsal to its end, with its files in that directory and no key in sight."""
    surroundings = {**environment(), "TMPDIR": str(short)}
    del surroundings["PANJAYA_API_KEY"]
    command = [sys.executable, "-m", "panjaya_watchd", "rehearse", *words]
    return subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=120, check=False)


def named(said: str) -> list[Path]:
    """Give the paths that are listed line by line."""
    return [Path(line.strip()) for line in said.splitlines() if line.startswith("  /")]


def test_a_rehearsal_ends_with_results_that_are_there(short: Path) -> None:
    """Exit code 0, one made-up bill, every path that is printed exists, and the results can be played."""
    ended = rehearse(short)

    paths = named(ended.stdout)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {path.name for path in paths} == {
        "talk.mp4",
        "talk.toml",
        "talk.es-ES.srt",
        "talk.es-ES.mp4",
        "talk.fr-FR.mp4",
        "talk.receipt.toml",
    }
    assert all(path.is_file() for path in paths)
    assert "billed 1 time(s): 0.30 minutes" in ended.stdout
    for path in paths:
        if path.name in {"talk.es-ES.mp4", "talk.fr-FR.mp4"}:
            assert examine(path).duration == pytest.approx(9.0, abs=0.1)


def test_a_rehearsal_of_what_is_no_video_fails_with_an_answer(short: Path) -> None:
    """The stand-in is as strict as the service: exit code 1, and the paths lead to WHY.txt."""
    lie = short / "holiday.mp4"
    lie.write_bytes(b"no video at all" * 100)
    ended = rehearse(short, str(lie))

    (why,) = [path for path in named(ended.stdout) if path.name == "WHY.txt"]
    assert ended.returncode == 1
    assert "no picture that can be read" in why.read_text().splitlines()[0]


def test_a_rehearsal_of_nothing_says_so(short: Path) -> None:
    """A name that is not there is one sentence and exit code 1, and no files are left."""
    ended = rehearse(short, str(short / "nowhere.mp4"))

    assert ended.returncode == 1
    assert "nowhere.mp4" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(short.iterdir()) == []
