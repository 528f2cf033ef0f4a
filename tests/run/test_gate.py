"""The gate: opened or shut by the driver, waited at by the upload."""

import threading

from panjaya_watchd.run.gate import Gate


def test_a_gate_that_was_opened_lets_pass() -> None:
    """Whoever comes after the word does not wait."""
    gate = Gate()
    gate.open()

    assert gate.wait()


def test_a_gate_that_was_shut_turns_back() -> None:
    """A shut gate says no instead of waiting for ever."""
    gate = Gate()
    gate.shut()

    assert not gate.wait()


def test_a_gate_once_open_stays_open() -> None:
    """An end of the daemon that comes after the word takes nothing back."""
    gate = Gate()
    gate.open()
    gate.shut()

    assert gate.wait()


def test_whoever_waits_is_woken_by_the_word() -> None:
    """The upload's thread waits until the driver's has spoken."""
    gate = Gate()
    passed: list[bool] = []
    waiting = threading.Thread(target=lambda: passed.append(gate.wait()))
    waiting.start()

    assert passed == []
    gate.open()
    waiting.join(5)
    assert passed == [True]
