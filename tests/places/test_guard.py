"""The guard of a root: what was let in before its id was known is no proof later."""

from pathlib import Path

import pytest

from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.guard import RootGuard

BARE, SHARE = (1, 2), (3, 4)


def test_a_root_that_was_let_in_before_any_id_was_known_is_not_familiar() -> None:
    """After a start claims may go on before the first look, on an empty mount point; it never bore the id."""
    guard = RootGuard(Path("/srv/dub"))
    guard.admit(BARE, lambda: None)

    guard.expect("cafe")
    guard.admit(BARE, lambda: None)

    assert not guard.familiar(BARE)


def test_a_root_that_has_borne_the_id_is_familiar_without_it() -> None:
    """Somebody may delete our file; another root without it is not let in."""
    guard = RootGuard(Path("/srv/dub"))
    guard.expect("cafe")
    guard.admit(SHARE, lambda: "cafe")

    guard.admit(SHARE, lambda: None)

    assert guard.familiar(SHARE)
    with pytest.raises(PlaceError, match="without our mark"):
        guard.admit(BARE, lambda: None)
