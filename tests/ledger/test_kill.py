"""Tests for sudden death: a claim that was acknowledged is there, whenever its daemon was killed."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ledgers import contents, make, surroundings

PROGRAM = Path(__file__).parents[1] / "ledgers.py"


@pytest.mark.slow
def test_every_acknowledged_claim_survives_kill_9(tmp_path: Path) -> None:
    """Killed five times at random moments, never a claim lost, at most the one that was being put is there besides."""
    path = tmp_path / "ledger.db"
    chance = random.Random(3)
    expected = 0
    for _ in range(5):
        said = killed_after(path, first=expected, puts=chance.randrange(1, 40), wait=chance.random() * 0.004)
        found = contents(path)
        acknowledged = {make(number).id: make(number) for number in range(said + 1)}
        extra = set(found) - set(acknowledged)

        assert acknowledged == {key: claim for key, claim in found.items() if key in acknowledged}
        assert extra <= {make(said + 1).id}
        expected = len(found)
    assert expected > 20


def killed_after(path: Path, *, first: int, puts: int, wait: float) -> int:
    """Let a program put claims, kill it that many seconds after some of them; give the last number it said."""
    program = [sys.executable, str(PROGRAM), str(path), str(first)]
    with subprocess.Popen(program, env=surroundings(), stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        lines = [writer.stdout.readline() for _ in range(puts)]
        try:
            writer.wait(timeout=wait)
        except subprocess.TimeoutExpired:
            writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
    assert writer.returncode == -signal.SIGKILL
    return int([line for line in lines if line.endswith("\n")][-1])
