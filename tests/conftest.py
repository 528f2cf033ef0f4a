"""
What holds for every test: how Hypothesis picks its examples, and that nothing is skipped where changes are judged.

Under ``CI=true`` a skipped test is a failure. A skip says "not proven here"; a machine that judges changes must have
what the proof needs, or say that it has not.
"""

import os
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

IN_CI: Final = os.environ.get("CI") == "true"


def pytest_configure() -> None:
    """Choose the Hypothesis profile: in CI always the same examples, elsewhere new ones and a memory of failures."""
    set_hypothesis_home_dir(Path(__file__).parents[1] / ".hypothesis")
    # No deadline: how long one example takes says something about the machine's other work, not about the code.
    settings.register_profile("developer", deadline=None)
    settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
    settings.load_profile("ci" if IN_CI else "developer")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one; an expected failure stays what it is."""
    report = yield
    if not hasattr(report, "wasxfail"):
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a module that skips itself as a whole into a failure."""
    report = yield
    _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if IN_CI and report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, which CI=true does not allow. {reason}"
