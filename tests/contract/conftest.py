"""What the contracts are asked of: an empty ledger and a fresh watch folder, of each kind."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from contract.stores import KINDS, Store
from worlds import DiskWorld, MemoryWorld, World

from panjaya_watchd.ledger.base import Ledger


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Give an empty store of each kind."""
    return Store(request.param, tmp_path)


@pytest.fixture
def ledger(store: Store) -> Iterator[Ledger]:
    """Give an empty ledger."""
    ledger = store.open()
    yield ledger
    ledger.close()


@pytest.fixture(params=["disk", "memory"])
def new_world(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], World]:
    """Give a maker of fresh worlds."""
    count = iter(range(10_000))

    def make() -> World:
        return DiskWorld(tmp_path / str(next(count)) / "watch") if request.param == "disk" else MemoryWorld()

    return make


@pytest.fixture
def world(new_world: Callable[[], World]) -> World:
    """Give one fresh world."""
    return new_world()
