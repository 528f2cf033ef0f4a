"""Machines for end-to-end tests; each is ended and checked when its test is over."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from machine import Machine


@pytest.fixture
def open_machine(tmp_path: Path) -> Iterator[Callable[..., Machine]]:
    """Make a machine in the test's own directory; its daemon is not started yet."""
    with ExitStack() as opened:
        yield lambda **given: opened.enter_context(Machine(tmp_path / "m", **given))


@pytest.fixture
def machine(open_machine: Callable[..., Machine]) -> Machine:
    """Give a machine with one watch folder, running."""
    return open_machine().start()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine with two watch folders that a module's tests share, as many people would; names are not reused."""
    folders: dict[str, dict[str, object]] = {"drop": {}, "other": {}}
    with Machine(tmp_path_factory.mktemp("shared") / "m", folders=folders) as machine:
        yield machine.start()


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Mark what is in this folder: every test starts a daemon, which alone takes more than a quarter of a second."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)
