"""Forged callbacks of every kind: none is believed, none makes anything raise. See also `bench/signatures.py`."""

import pytest
from sealing import KINDS

from bench import signatures

SEED = 7515


@pytest.mark.slow
@pytest.mark.parametrize("show", [signatures.verified, signatures.served])
def test_no_forgery_is_believed(show: signatures.Show) -> None:
    """A thousand each for the key alone and for the whole endpoint; the true ones between them are believed."""
    tally = show(1000, SEED)

    assert tally.wrong == []
    assert {kind for kind, _ in tally.count} == {*KINDS, "true"}
    assert tally.count.total() == 1010
