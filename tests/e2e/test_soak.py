"""The soak of ``bench/soak.py``, small: faults in one request of five, sudden deaths, copies; and what was paid."""

from pathlib import Path

import pytest

from bench.soak import Soak


def test_twenty_drops_are_paid_once_each_whatever_happens(tmp_path: Path) -> None:
    """Each video has one bill, the budget says the same to the second, and every byte is where it belongs."""
    soak = Soak(drops=20, lanes=8, seconds=6)
    with soak.machine(tmp_path / "m") as machine:
        soak.run(machine)
    print(f"\n{soak}")  # noqa: T201  (to be quoted)

    assert (soak.bills, soak.distinct) == (18, 18)
    assert soak.budget_seconds == pytest.approx(soak.billed_seconds) == pytest.approx(18 * 9)
