"""The money matrix: whatever goes wrong with an upload and whatever befalls the daemon then, one bill at most."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from e2e.cell import play
from e2e.matrix import Came, Circumstance, Row, matrix

ROWS = {row.name: row for row in matrix(late=3)}

Playing = Mapping[Circumstance, Future[Came]]


@pytest.fixture(scope="module", params=ROWS)
def playing(request: pytest.FixtureRequest) -> Iterator[Playing]:
    """Play all cells of a row side by side, because they mostly wait."""
    row: Row = ROWS[request.param]
    with ThreadPoolExecutor(len(Circumstance)) as pool:
        yield {circumstance: pool.submit(play, row, circumstance) for circumstance in Circumstance}


@pytest.mark.parametrize("circumstance", Circumstance)
def test_one_upload_is_never_paid_twice(playing: Playing, circumstance: Circumstance) -> None:
    """The drop ends as specified for this trouble, at exactly that price, and its original is there once."""
    playing[circumstance].result()
