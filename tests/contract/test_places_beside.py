"""What every place promises for results that join what was filed before: nothing there changes, nothing is lost."""

import contextlib
import errno
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

import pytest
from worlds import CLAIM, DiskWorld, MemoryWorld, PowerCut, World, drop, half_of

from panjaya_watchd.core.claim import Destination
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.errors import PlaceError

FIRST: Final = ClaimId("first1")
FILED: Final = {
    "talk.mp4": b"moving pictures",
    "talk.es-ES.mp4": b"dubbed",
    "talk.receipt.toml": f'claim = "{FIRST}"\n'.encode(),
}
PARTS: Final = {"talk.de-DE.srt": b"1\n", "talk.toml": b'languages = ["de-DE"]\n'}
RESULTS: Final = {"talk.de-DE.mp4": b"dubbed in German", "talk.it-IT.mp4": b"dubbed in Italian"}
PAPERS: Final = {"talk.receipt.toml": f'claim = "{CLAIM}"\nadds_to = "{FIRST}"\n'}
RECEIPT: Final = PAPERS["talk.receipt.toml"].encode()
JOINED: Final = {**FILED, **PARTS, **RESULTS, "talk.receipt (2).toml": RECEIPT}
BARE: Final = Drop(key="talk", parts=(), title="talk")
OURS: Final = [*PARTS.values(), *RESULTS.values()]


def filed(world: World) -> None:
    """File a claim that others may join."""
    world.write("talk.mp4", FILED["talk.mp4"])
    settled = drop(world)
    world.place.take_in(FIRST, settled)
    keep(world, FIRST, {"talk.es-ES.mp4": FILED["talk.es-ES.mp4"]})
    papers = {"talk.receipt.toml": FILED["talk.receipt.toml"].decode()}
    world.place.put_away(FIRST, settled, Destination.DONE, papers)


def keep(world: World, claim_id: ClaimId, results: dict[str, bytes]) -> None:
    """Download results."""
    for name, content in results.items():
        world.download(half_of(world.root, claim_id, name), content)
        world.place.keep(claim_id, name)


def arranged(world: World, parts: dict[str, bytes] = PARTS) -> Drop:
    """File a claim, and take in and dub what adds to it."""
    filed(world)
    for name, content in parts.items():
        world.write(name, content)
    settled = drop(world) if parts else BARE
    world.place.take_in(CLAIM, settled)
    keep(world, CLAIM, RESULTS)
    return settled


def put_away(world: World, settled: Drop, beside: str = "done/talk") -> str:
    """File it beside the first claim."""
    return world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS, beside)


def below(folder: str, files: dict[str, bytes]) -> dict[str, bytes]:
    """Give files as they stand in a folder."""
    return {f"{folder}/{name}": content for name, content in files.items()}


def need_each_once(world: World) -> None:
    """Make sure that whatever step was the last, everything lies somewhere once, and what was filed as it was."""
    there = world.files()
    assert [sum(content == each for each in there.values()) for content in OURS] == [1] * len(OURS), sorted(there)
    assert below("done/talk", FILED).items() <= there.items(), sorted(there)


def test_everything_joins_what_was_filed(world: World) -> None:
    """Parts, results and the receipt, which takes the next number; nothing is left with us."""
    settled = arranged(world)

    assert put_away(world, settled) == "done/talk"
    assert world.files() == below("done/talk", JOINED)
    assert put_away(world, settled) == "done/talk"
    assert world.files() == below("done/talk", JOINED)


def test_what_was_ordered_by_a_word_joins_as_well(world: World) -> None:
    """It has no parts."""
    settled = arranged(world, {})

    assert put_away(world, settled) == "done/talk"
    assert world.files() == below("done/talk", {name: JOINED[name] for name in JOINED if name not in PARTS})


def test_names_that_are_taken_get_a_number(world: World) -> None:
    """Whatever people have put there, also a folder."""
    settled = arranged(world)
    theirs = {
        "talk.de-DE.mp4": b"theirs",
        "talk.de-DE (2).mp4": b"theirs as well",
        "talk.it-IT.mp4/inside": b"x",
        "talk.receipt (2).toml": b"no receipt",
    }
    for name, content in theirs.items():
        world.write(f"done/talk/{name}", content)

    put_away(world, settled)

    ours = {
        **PARTS,
        "talk.de-DE (3).mp4": RESULTS["talk.de-DE.mp4"],
        "talk.it-IT (2).mp4": RESULTS["talk.it-IT.mp4"],
        "talk.receipt (3).toml": RECEIPT,
    }
    assert world.files() == below("done/talk", {**FILED, **theirs, **ours})


def test_a_free_name_is_known_before(world: World) -> None:
    """So that the receipt names the very file."""
    filed(world)
    world.write("done/talk/talk.es-ES (2).mp4", b"theirs")

    assert world.place.vacant("done/talk", "talk.es-ES.mp4") == "talk.es-ES (3).mp4"
    assert world.place.vacant("done/talk", "talk.de-DE.mp4") == "talk.de-DE.mp4"
    assert world.place.vacant("done/tour", "talk.es-ES.mp4") == "talk.es-ES.mp4"
    assert world.place.vacant("done/talk/talk.mp4", "talk.es-ES.mp4") == "talk.es-ES.mp4"
    assert world.place.vacant("/elsewhere/done/talk", "talk.es-ES.mp4") == "talk.es-ES.mp4"


@pytest.mark.parametrize("what", ["removed", "renamed", "a file"])
def test_without_that_folder_it_gets_one_of_its_own(world: World, what: str) -> None:
    """People may do with it what they like; where it is now, nobody tells."""
    settled = arranged(world)
    if what == "removed":
        for name in FILED:
            world.delete(f"done/talk/{name}")
        remove_folder(world, "done/talk")
    elif what == "renamed":
        world.move("done/talk", "done/archive")
    else:
        world.move("done/talk", "done/archive")
        world.write("done/talk", b"not a folder")

    own = "done/talk (2)" if what == "a file" else "done/talk"
    there = {} if what == "removed" else below("done/archive", FILED)
    mine = below(own, {**PARTS, **RESULTS, "talk.receipt.toml": RECEIPT})
    for _ in range(2):
        assert put_away(world, settled) == own
        assert world.files() == there | mine | ({"done/talk": b"not a folder"} if what == "a file" else {})


def remove_folder(world: World, name: str) -> None:
    """Take an empty folder away."""
    if isinstance(world, DiskWorld):
        (world.root / name).rmdir()
    else:
        assert isinstance(world, MemoryWorld)
        world.disk.delete(f"{world.root}/{name}")


def test_what_failed_joins_nothing(new_world: Callable[[], World]) -> None:
    """It is answered in a folder of its own."""
    world = new_world()
    settled = arranged(world)
    papers = {"WHY.txt": f"Claim {CLAIM}\n", **PAPERS}

    assert world.place.put_away(CLAIM, settled, Destination.FAILED, papers) == "failed/talk"
    assert set(world.files()) == {*below("done/talk", FILED), *below("failed/talk", {**PARTS, **RESULTS, **papers})}  # type: ignore[dict-item]


def test_what_vanished_from_our_folder_is_not_said_to_be_done(world: World) -> None:
    """Somebody has taken it away before it was filed; that is told until it is put right."""
    settled = arranged(world)
    for name in [name for name in world.files() if name.startswith("processing/")]:
        world.delete(name)
    remove_folder(world, f"processing/{CLAIM}")

    with pytest.raises(PlaceError, match=f"processing/{CLAIM} is not there"):
        put_away(world, settled)
    world.write(f"processing/{CLAIM}/talk.de-DE.srt", PARTS["talk.de-DE.srt"])
    assert put_away(world, settled) == "done/talk"


def test_a_share_that_is_away_is_waited_for(new_world: Callable[[], World]) -> None:
    """Without even our own folder it is likelier a bare mount point."""
    world = new_world()
    settled = arranged(world)
    world.mount("another")
    (world.root / "done/talk").mkdir(parents=True) if isinstance(world, DiskWorld) else world.write("done/talk/x", b"x")

    with pytest.raises(PlaceError):
        put_away(world, settled)
    world.mount("first")
    assert put_away(world, settled) == "done/talk"


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC], ids=errno.errorcode.get)
def test_a_fault_of_the_storage_at_any_step_is_told_and_loses_nothing(
    new_world: Callable[[], World], code: int
) -> None:
    """Read-only or full: it is asked for again, and goes on where it was."""

    def fail(step: str) -> None:
        if next(steps) == at:
            raise OSError(code, os.strerror(code), step)

    for at in itertools.count():
        world, steps = new_world(), itertools.count()
        settled = arranged(world)
        world.fuse.before = fail
        try:
            put_away(world, settled)
        except PlaceError:
            pass
        else:
            if next(steps) <= at:
                break
        world.fuse.before = lambda _: None
        need_each_once(world)
        assert put_away(world, settled) == "done/talk"
        assert world.files() == below("done/talk", JOINED)
    assert at > 10, "joining has many steps"


def test_a_cut_after_any_step_loses_nothing(new_world: Callable[[], World]) -> None:
    """Asked again, what is left is carried over, and nothing twice."""
    for at in itertools.count():
        for seed in range(1 if isinstance(new_world(), DiskWorld) else 3):  # a real disk forgets nothing here
            world = new_world()
            settled = arranged(world)
            world.fuse.arm(at)
            ended = False
            with contextlib.suppress(PowerCut):
                put_away(world, settled)
                ended = True
            world.fuse.arm(None)
            world.cut(Random(seed))
            need_each_once(world)
            assert put_away(world, settled) == "done/talk"
            assert world.files() == below("done/talk", JOINED), f"cut at {at} with {seed}"
        if ended:
            break
    assert at > 10, "joining has many steps"


def test_a_second_cut_loses_nothing_either() -> None:
    """On a disk that forgets what was not synced."""
    for first, second in itertools.product(range(0, 24, 2), range(1, 24, 2)):
        rng = Random(first * 100 + second)
        world = MemoryWorld()
        settled = arranged(world)
        for at in (first, second):
            world.fuse.arm(at)
            with contextlib.suppress(PowerCut):
                put_away(world, settled)
            world.fuse.arm(None)
            world.cut(rng)
            need_each_once(world)
        assert put_away(world, settled) == "done/talk"
        assert world.files() == below("done/talk", JOINED), f"cut at {first}, then at {second}"


@pytest.mark.parametrize("to", ["done/archive", "done/talk (2)"])
def test_a_folder_that_is_renamed_after_a_cut_takes_nothing_with_it_unseen(to: str) -> None:
    """What it has by then goes with it; the rest is filed, and nothing stays with us."""
    for at, seed in itertools.product(range(24), range(8)):
        world = MemoryWorld()
        settled = arranged(world)
        world.fuse.arm(at)
        with contextlib.suppress(PowerCut):
            put_away(world, settled)
        world.fuse.arm(None)
        world.cut(Random(at * 100 + seed))
        world.move("done/talk", to)
        with contextlib.suppress(PlaceError):  # all of it was joined, and nobody knows where it is now
            put_away(world, settled)
        there = world.files()
        assert [sum(content == each for each in there.values()) for content in OURS] == [1] * len(OURS), at
        assert not [name for name in there if name.startswith("processing/")], at
        assert below(to, FILED).items() <= there.items()


def test_another_device_is_copied_to_and_compared() -> None:
    """Cut at any step, twice, on a disk that forgets: each file is whole in one place at least, and filed once."""
    for first, second in itertools.product(range(0, 60, 3), (2, 11, 23, 37)):
        rng = Random(first * 100 + second)
        world = MemoryWorld()
        world.disk = type(world.disk)(hook=world.fuse, devices=("/archive",))
        world.disk.folder("/watch")
        world.disk.folder("/archive")
        world.reopen(done=Path("/archive/done"))
        settled = arranged(world)
        for at in (first, second):
            world.fuse.arm(at)
            with contextlib.suppress(PowerCut):
                put_away(world, settled, "/archive/done/talk")
            world.fuse.arm(None)
            world.disk.cut(rng)
            assert set(OURS) <= set(world.disk.files().values())
        assert put_away(world, settled, "/archive/done/talk") == "/archive/done/talk"
        assert world.disk.files() == below("/archive/done/talk", JOINED), f"cut at {first}, then at {second}"
