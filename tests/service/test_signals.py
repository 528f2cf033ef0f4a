"""Signals, sent to a real process: a first one asks for the end, a second SIGINT does not ask."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

PROGRAM = """
import os
import threading
from panjaya_watchd.service import signals

asked = threading.Event()

def say(word):
    os.write(1, word.encode())  # print may not be called while print is under way, and a handler is called then too

def stop():
    say("asked\\n")
    asked.set()

signals.listen(stop, lambda: say("reloaded\\n"))
say("ready\\n")
asked.wait(30)
say("ended\\n")
threading.Event().wait({linger})
"""


def started(linger: float = 0) -> Iterator[subprocess.Popen[str]]:
    """Run a program that listens; it takes ``linger`` seconds to end once it was asked to."""
    command = [sys.executable, "-c", PROGRAM.format(linger=linger)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        yield program
        program.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_for_the_end(number: signal.Signals) -> None:
    """The program ends by itself, in order, with status 0."""
    for program in started():
        program.send_signal(number)
        out, err = program.communicate(timeout=30)

        assert (out, err, program.returncode) == ("asked\nended\n", "", 0)


def test_a_second_interrupt_does_not_wait_for_the_end() -> None:
    """Who presses Ctrl-C twice wants out now."""
    for program in started(linger=30):
        assert program.stdout is not None
        program.send_signal(signal.SIGINT)
        assert [program.stdout.readline() for _ in range(2)] == ["asked\n", "ended\n"]
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=20)

        assert "KeyboardInterrupt" in err
        assert program.returncode != 0


@pytest.mark.slow
def test_a_second_terminate_changes_nothing() -> None:
    """The service manager may ask as often as it likes; what has passed the gate still gets its time."""
    for program in started(linger=0.2):
        assert program.stdout is not None
        program.send_signal(signal.SIGTERM)
        assert program.stdout.readline() == "asked\n"
        program.send_signal(signal.SIGTERM)
        said = program.stdout.read()

        assert program.wait(30) == 0
        assert "ended" in said
