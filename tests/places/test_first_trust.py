"""Which root is trusted first: what was let in before its id was known, or seen together with another, is no proof."""

import itertools
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from samples import drop
from shared_disk import SHARE, SharedDisk
from world import ROOT, TRACE

from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.base import Foreign, Known
from panjaya_watchd.places.guard import RootGuard
from panjaya_watchd.places.memory import MemoryPlace

EMPTY, KNOWN = (1, 2), (3, 4)


def test_a_root_that_was_let_in_before_any_id_was_known_is_not_familiar() -> None:
    """After a start claims may go on before the first look, on an empty mount point; it never bore the id."""
    guard = RootGuard(Path("/srv/dub"))
    guard.admit(EMPTY, lambda: None)

    guard.expect("cafe")
    guard.admit(EMPTY, lambda: None)

    assert not guard.familiar(EMPTY)


def test_a_root_that_was_seen_to_bear_the_id_is_familiar_as_soon_as_that_is_known() -> None:
    """Our mark may be deleted between the look that has shown it and the next one."""
    guard = RootGuard(Path("/srv/dub"))
    guard.admit(KNOWN, lambda: None)
    guard.note(KNOWN, "cafe")

    guard.expect("cafe")
    guard.admit(KNOWN, lambda: None)
    assert guard.familiar(KNOWN)

    guard.expect("f00d")
    guard.admit(KNOWN, lambda: None)
    assert not guard.familiar(KNOWN)


def test_a_root_that_has_borne_the_id_is_familiar_without_it() -> None:
    """Somebody may delete our file; another root without it is not let in."""
    guard = RootGuard(Path("/srv/dub"))
    guard.expect("cafe")
    guard.admit(KNOWN, lambda: "cafe")

    guard.admit(KNOWN, lambda: None)

    assert guard.familiar(KNOWN)
    with pytest.raises(PlaceError, match="without our mark"):
        guard.admit(EMPTY, lambda: None)


def test_two_roots_are_never_one_sighting() -> None:
    """A share that is mounted during the first look after a start would lie in a folder without our mark."""
    refused = 0
    for moment in itertools.count(1):
        disk = SharedDisk()
        disk.write(f"{ROOT}/talk.mp4", b"talk")
        disk.folder(f"{ROOT}/processing")
        disk.write(TRACE, b"cafe\n")
        disk.furnish({"bare": b"film", "foreign": b"film"})
        disk.mount("bare")
        place, looks = MemoryPlace(disk, Path(ROOT)), itertools.count(1)

        def mount_at(disk: SharedDisk, looks: Iterator[int], moment: int) -> None:
            if next(looks) == moment:
                disk.mount(SHARE)

        disk.step = partial(mount_at, disk, looks, moment)
        try:
            seen = place.scan(Known(root_id="cafe"))
        except PlaceError:
            refused += 1
        else:
            names = {name for name, _ in seen.files}
            assert (seen.root_id, names) in [("cafe", {"talk.mp4"}), (None, {"stranger-bare.mp4"})], moment
        if next(looks) <= moment:
            break
        assert [name for name, _ in place.scan(Known(root_id="cafe")).files] == ["talk.mp4"]

    assert refused > 1


def test_a_claim_that_goes_on_before_the_first_look_touches_no_other_root() -> None:
    """Another share has a folder of that name as well, so the video would seem to be gone."""
    disk = SharedDisk()
    disk.write(f"{ROOT}/processing/c1/talk.mp4", b"talk")
    disk.write(TRACE, b"cafe\n")
    taken = drop("talk.mp4")
    disk.furnish({"bare": b"film", "foreign": b"film"})
    disk.mount("foreign")
    place = MemoryPlace(disk, Path(ROOT))
    place.expect("cafe")

    with pytest.raises(Foreign, match="another folder is mounted here"):
        place.take_in(ClaimId("c1"), taken)
