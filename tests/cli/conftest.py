"""One installation for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.site import Site, site


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    """Give an installation without faults, whose daemon is not running."""
    with site(tmp_path) as made:
        yield made
