"""Fetching what an earlier claim has: copied and proved where it lies, downloaded once more where it does not."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from run.stage import CLAIM, FOLDER, ROOT, Api, Room
from samples import BUSY, FRENCH, NOW, SPANISH, dubbing, earlier
from worlds import half_of

from panjaya_watchd.core import events
from panjaya_watchd.core.claim import Claim, Dubbing, DubbingState, Result, State
from panjaya_watchd.core.names import AssetId, Digest, FolderName, VersionId
from panjaya_watchd.core.rate import Schedule, Span
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.memory import MemoryPlace
from panjaya_watchd.run.meter import BURST, Meter, Meters

TALKING = b"talk " * 9
BEFORE = b"dubbed before"
FILED = f"{ROOT}/done/talk/talk.es-ES.mov"
HERE = f"{ROOT}/processing/{CLAIM}"
TRAINING = FolderName("training")
HAD = Result(name="talk.es-ES.mov", size=len(BEFORE), digest=Digest(hashlib.sha256(BEFORE).hexdigest()), fetched_at=NOW)
COPIED = replace(HAD, name="new.es-ES.mov")
DOWNLOADED = events.Fetched(
    locale=SPANISH,
    result=Result(name="new.es-ES.mp4", size=len(b"dubbed"), digest=Digest("ab" * 32), fetched_at=NOW),
)


def stage(place_type: type[MemoryPlace] = MemoryPlace, **api: Any) -> tuple[Room, Claim]:
    """Take a video in again under another name; the earlier claim's result lies where it was filed."""
    room = Room(files={"new.mp4": TALKING}, place_type=place_type, api=Api(**api))
    had = dubbing(state=DubbingState.FETCHING, version_id=VersionId("v1"), earlier=HAD)
    taken = room.taken(
        state=State.DUBBING, builds_on=earlier(SPANISH), asset_id=AssetId("a0"), dubbings=(had, dubbing(FRENCH))
    )
    room.disk.write(FILED, BEFORE)
    return room, taken


def fetch(room: Room, claim: Claim) -> events.Event | None:
    """Fetch the Spanish one; the clock stands still."""
    event = room.hands.fetch(claim, SPANISH)
    assert room.board.read(CLAIM) == {}, "nothing moves any more"
    if isinstance(event, events.Fetched):
        return replace(event, result=replace(event.result, fetched_at=NOW))
    return event


def here(room: Room) -> dict[str, bytes]:
    """Give what lies in the claim's folder."""
    files = room.disk.files().items()
    return {path.removeprefix(f"{HERE}/"): content for path, content in files if path.startswith(HERE)}


def test_an_earlier_result_is_copied_and_not_downloaded() -> None:
    """Under the new drop's own name; the service is not even asked, and the original stays."""
    room, taken = stage(version=BUSY)

    assert fetch(room, taken) == events.Fetched(locale=SPANISH, result=COPIED)
    assert here(room) == {"new.mp4": TALKING, "new.es-ES.mov": BEFORE}
    assert room.disk.read(FILED) == BEFORE


def test_a_copy_asked_for_again_gives_the_same_result() -> None:
    """After a crash the verb is simply asked for again."""
    room, taken = stage(version=BUSY)

    assert fetch(room, taken) == fetch(room, taken) == events.Fetched(locale=SPANISH, result=COPIED)
    assert here(room) == {"new.mp4": TALKING, "new.es-ES.mov": BEFORE}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda room: room.disk.delete(FILED),
        lambda room: room.disk.move(f"{ROOT}/done/talk", f"{ROOT}/done/mine"),
        lambda room: room.disk.write(FILED, BEFORE + b" and cut"),
        lambda room: room.disk.write(FILED, b"DUBBED BEFORE"),
        lambda room: room.disk.write(FILED, b""),
    ],
    ids=["deleted", "moved", "of another size", "of other bytes", "empty"],
)
def test_an_earlier_result_that_is_not_what_it_was_is_downloaded(spoil: Callable[[Room], None]) -> None:
    """What was filed belongs to people; whatever they did to it, nobody gets a wrong video."""
    room, taken = stage()
    spoil(room)

    assert fetch(room, taken) == DOWNLOADED
    assert here(room)["new.es-ES.mp4"] == b"dubbed"
    assert "new.es-ES.mov" not in here(room)


def test_a_wrong_copy_is_not_gone_on_with() -> None:
    """A download of the same name begins from its beginning: no note is left by which it would go on behind it."""
    room, taken = stage()
    mp4 = replace(HAD, name="talk.es-ES.mp4")
    room.disk.write(f"{ROOT}/done/talk/talk.es-ES.mp4", b"DUBBED BEFORE")
    half = half_of(Path(ROOT), CLAIM, "new.es-ES.mp4")
    room.disk.write(f"{half}.etag", b"note")
    again = replace(taken, dubbings=(replace(taken.dubbings[0], earlier=mp4),))

    assert fetch(room, again) == DOWNLOADED
    assert here(room) == {"new.mp4": TALKING, "new.es-ES.mp4": b"dubbed"}


def test_a_fault_of_the_download_that_replaces_a_copy_is_told() -> None:
    """How often it is asked for, and when it is given up, is not decided here."""
    room, taken = stage(version=BUSY)
    room.disk.delete(FILED)

    assert fetch(room, taken) == events.FetchFaulted(locale=SPANISH, fault=BUSY)


@pytest.mark.parametrize(
    "forget",
    [
        lambda claim: replace(claim, builds_on=None),
        lambda claim: replace(claim, dubbings=(replace(claim.dubbings[0], earlier=None),)),
        lambda claim: replace(claim, builds_on=replace(claim.builds_on, folder=FolderName("no longer configured"))),
    ],
    ids=["no earlier claim", "no earlier result", "its folder is not configured any more"],
)
def test_what_nobody_has_is_downloaded(forget: Callable[[Claim], Claim]) -> None:
    """The earlier claim's own file is not touched."""
    room, taken = stage()

    assert fetch(room, forget(taken)) == DOWNLOADED
    assert room.disk.read(FILED) == BEFORE


class Away(MemoryPlace):
    """A folder that cannot be read just now."""

    def open_filed(self, where: str, name: str) -> Any:
        """Refuse."""
        raise PlaceError("The share is away.", hint="Mount it.")


def other_folder(room: Room, taken: Claim, place_type: type[MemoryPlace]) -> Claim:
    """Let the earlier claim be one of another watch folder."""
    room.disk.folder("/srv/training")
    room.disk.write("/srv/training/done/talk/talk.es-ES.mov", BEFORE)
    room.disk.delete(FILED)
    training = place_type(room.disk, Path("/srv/training"))
    room.hands = replace(room.hands, places={FOLDER: room.place, TRAINING: training})
    assert taken.builds_on is not None
    return replace(taken, builds_on=replace(taken.builds_on, folder=TRAINING))


def test_an_earlier_result_in_another_folder_is_copied_from_there() -> None:
    """The same video was dropped in two departments."""
    room, taken = stage(version=BUSY)

    assert fetch(room, other_folder(room, taken, MemoryPlace)) == events.Fetched(locale=SPANISH, result=COPIED)
    assert here(room)["new.es-ES.mov"] == BEFORE


def test_another_folders_trouble_is_not_ours() -> None:
    """Its share is away: the result is downloaded, and nobody waits for that share."""
    room, taken = stage()

    assert fetch(room, other_folder(room, taken, Away)) == DOWNLOADED


def test_our_own_folders_trouble_is_waited_for() -> None:
    """The download could not be kept there either; what was paid for is not given up for a share that is away."""
    room, taken = stage(place_type=Away)
    event = fetch(room, taken)

    assert isinstance(event, events.FetchFaulted)
    assert event.fault.words == "The share is away. Mount it."
    assert (event.fault.repeat_helps, event.fault.money_may_have_moved, event.seen) == (True, False, None)
    assert here(room) == {"new.mp4": TALKING}


class Full(MemoryPlace):
    """A folder on a disk that is full."""

    def copy(self, claim_id: Any, name: str, source: Any) -> Digest:
        """Refuse."""
        raise PlaceError("No space left on device.", hint="Make room.")


class Sealed(MemoryPlace):
    """A folder in which nothing can be renamed."""

    def keep(self, claim_id: Any, name: str) -> None:
        """Refuse."""
        raise PlaceError("Operation not permitted.", hint="Change it.")


@pytest.mark.parametrize("place_type", [Full, Sealed])
@pytest.mark.parametrize("elsewhere", [False, True], ids=["from here", "from another folder"])
def test_a_copy_that_cannot_be_kept_is_tried_again(place_type: type[MemoryPlace], elsewhere: bool) -> None:  # noqa: FBT001
    """It is our own disk's trouble, wherever the original lies; no result is told of."""
    room, taken = stage(place_type=place_type, version=BUSY)
    event = fetch(room, other_folder(room, taken, MemoryPlace) if elsewhere else taken)

    assert isinstance(event, events.FetchFaulted)
    assert event.fault.repeat_helps
    assert "new.es-ES.mov" not in here(room)


def test_every_filed_result_that_was_opened_is_closed() -> None:
    """Whether it was right or wrong."""
    opened: list[str] = []

    class Noted(MemoryPlace):
        def open_filed(self, where: str, name: str) -> Any:
            source = super().open_filed(where, name)
            opened.append(name)
            close = source.close

            def closed() -> None:
                close()
                opened.remove(name)

            source.close = closed  # type: ignore[method-assign]
            return source

    room, taken = stage(place_type=Noted)
    fetch(room, taken)
    room.disk.write(FILED, b"DUBBED BEFORE")
    fetch(room, taken)

    assert opened == []


def test_each_language_is_looked_for_by_itself() -> None:
    """One that the earlier claim lacks is downloaded when it is ready."""
    room, taken = stage()
    french = Dubbing(locale=FRENCH, state=DubbingState.FETCHING, version_id=VersionId("v2"))
    event = room.hands.fetch(replace(taken, dubbings=(taken.dubbings[0], french)), FRENCH)

    assert isinstance(event, events.Fetched)
    assert event.result.name == "new.fr-FR.mp4"


# at a rate


def metered(room: Room, limit: float, *, stops: bool = False) -> list[float]:
    """Limit downloads; give the list of the waits that will be asked for."""
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        room.clock.seconds += seconds
        return stops

    meter = Meter(Schedule(spans=(Span(limit=limit),)), room.clock, wait)
    room.hands = replace(room.hands, meters=Meters(downloads={FOLDER: meter}))
    return waits


def test_a_download_goes_at_its_rate() -> None:
    """It waits for what has come."""
    room, taken = stage(result=b"d" * 5000)
    room.disk.delete(FILED)
    waits = metered(room, 1000.0)

    assert isinstance(fetch(room, taken), events.Fetched)
    assert sum(waits) == pytest.approx(5.0 - BURST)


def test_a_copy_of_an_earlier_result_is_not_limited() -> None:
    """It does not go over the line."""
    room, taken = stage()
    waits = metered(room, 0.001)

    assert fetch(room, taken) == events.Fetched(locale=SPANISH, result=COPIED)
    assert waits == []


def test_a_download_that_waits_ends_with_the_daemon() -> None:
    """The next start goes on with it."""
    room, taken = stage(result=b"d" * 5000)
    room.disk.delete(FILED)
    waits = metered(room, 1.0, stops=True)

    assert fetch(room, taken) is None
    assert len(waits) == 1
