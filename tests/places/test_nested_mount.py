"""Another file system mounted below the watch folder: parts are copied in and back, and none is only half there."""

import contextlib
import ctypes
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from worlds import CLAIM, DiskWorld, MemoryWorld, PowerCut, World, drop

from panjaya_watchd.core.claim import Destination
from panjaya_watchd.core.drop import Drop, Fingerprint
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.base import Unsettled
from panjaya_watchd.places.memory_disk import MemoryDisk
from panjaya_watchd.places.naming import withdrawn

PARTS = {"talk.mp4": Random(1).randbytes(3 << 19), "talk.es-ES.srt": b"1\n"}
LYING = {f"processing/{CLAIM}/{name}": content for name, content in PARTS.items()}
THERE = {f"usb/{name}": content for name, content in PARTS.items()}


class Nested(MemoryWorld):
    """A watch folder in memory with another device mounted on ``usb``."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = MemoryDisk(hook=self.fuse, devices=("/watch/usb",))
        self.disk.folder("/watch/usb")
        self.reopen(recursive=True)

    def cut(self, rng: Random) -> None:
        """Lose what was not synced."""
        self.disk.cut(rng)
        self.reopen(recursive=True)


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[DiskWorld]:
    """Give a real watch folder with a file system of its own on ``usb``."""
    libc = ctypes.CDLL(None, use_errno=True)
    usb = tmp_path / "watch" / "usb"
    usb.mkdir(parents=True)
    if libc.mount(b"tmpfs", os.fsencode(usb), b"tmpfs", 0, b"size=64m"):
        pytest.skip("mounting needs rights that this run lacks")
    world = DiskWorld(tmp_path / "watch")
    world.reopen(recursive=True)
    yield world
    assert libc.umount(os.fsencode(usb)) == 0, "no descriptor of ours may keep the mount busy"


def arrive(world: World) -> Drop:
    """Drop a video with subtitles on the other device."""
    for name, content in THERE.items():
        world.write(name, content)
    return drop(world)


def assert_nothing_lost(world: World) -> None:
    """Every part is whole somewhere."""
    found = list(world.files().values())
    assert all(content in found for content in PARTS.values()), {name: len(at) for name, at in world.files().items()}


def test_parts_from_a_nested_mount_are_copied_in(mounted: DiskWorld) -> None:
    """They lie in the claim's folder with their times, are known by what they are there, and are gone elsewhere."""
    settled = arrive(mounted)
    taken = mounted.place.take_in(CLAIM, settled)

    assert mounted.files() == LYING
    assert taken != settled
    for before, after in zip(settled.parts, taken.parts, strict=True):
        assert replace(after, fingerprint=before.fingerprint) == before
        assert after.fingerprint.may_copy(before.fingerprint)
        assert after.fingerprint.mtime_ns == before.fingerprint.mtime_ns
        with contextlib.closing(mounted.place.open_part(CLAIM, after)) as source:
            assert source.size == before.fingerprint.size
    assert mounted.place.take_in(CLAIM, taken) == taken
    assert mounted.place.take_in(CLAIM, settled) == taken, "the ledger did not hear of it before a crash"


def test_they_are_filed_as_all_others(mounted: DiskWorld) -> None:
    """Under the sub-folder's name, on the watch folder's own device."""
    taken = mounted.place.take_in(CLAIM, arrive(mounted))

    assert mounted.place.put_away(CLAIM, taken, Destination.DONE, {}) == "done/usb/talk"
    assert mounted.files() == {f"done/usb/talk/{name}": content for name, content in PARTS.items()}
    assert mounted.place.put_away(CLAIM, taken, Destination.DONE, {}) == "done/usb/talk"


@pytest.mark.parametrize("known", ["as taken", "as settled"])
def test_they_go_back_where_they_lay(mounted: DiskWorld, known: str) -> None:
    """Also where the ledger never heard what they were here."""
    settled = arrive(mounted)
    taken = mounted.place.take_in(CLAIM, settled)
    seen = taken if known == "as taken" else settled

    assert mounted.place.put_away(CLAIM, seen, Destination.BACK, {}) == "usb/talk.mp4"
    assert mounted.files() == THERE
    assert mounted.place.put_away(CLAIM, seen, Destination.BACK, {}) == "usb/talk.mp4"


def test_they_never_take_a_name(mounted: DiskWorld) -> None:
    """Where one is taken, all come back under one number; also where the other file is as long and as old."""
    settled = arrive(mounted)
    taken = mounted.place.take_in(CLAIM, settled)
    mounted.write("usb/talk.mp4", PARTS["talk.mp4"][::-1])

    assert mounted.place.put_away(CLAIM, taken, Destination.BACK, {}) == "usb/talk (2).mp4"
    assert mounted.files() == {
        "usb/talk.mp4": PARTS["talk.mp4"][::-1],
        **{f"usb/talk (2){name.removeprefix('talk')}": content for name, content in PARTS.items()},
    }


@pytest.mark.parametrize("moment", ["create", "sync", "move"])
def test_a_part_that_changes_while_it_is_copied_stays(moment: str) -> None:
    """Nothing of the drop is taken, nothing is left here, and the changed part is as its owner left it."""
    world = Nested()
    settled = arrive(world)

    def change(step: str) -> None:
        if step.startswith(f"{moment} ") and ".copy-talk.mp4" in step:
            world.fuse.before = lambda _: None
            world.write("usb/talk.mp4", b"changed meanwhile")

    world.fuse.before = change
    if moment == "move":  # the copy is proved; what came after it is another file
        world.place.take_in(CLAIM, settled)
        assert world.files() == LYING | {"usb/talk.mp4": b"changed meanwhile"}
        return
    with pytest.raises(Unsettled, match="changed"):
        world.place.take_in(CLAIM, settled)

    assert world.files() == THERE | {"usb/talk.mp4": b"changed meanwhile"}


def test_what_takes_the_name_before_the_original_is_removed_is_not_removed() -> None:
    """Between the last look at the original and its removal somebody may rename another file over it."""
    world = Nested()
    settled = arrive(world)

    def swap(step: str) -> None:
        if step.startswith("move /watch/usb/talk.mp4") and "processing" not in step:
            world.fuse.before = lambda _: None
            world.delete("usb/talk.mp4")
            world.write("usb/talk.mp4", b"a newer film")

    world.fuse.before = swap
    world.place.take_in(CLAIM, settled)

    assert world.files() == LYING | {"usb/talk.mp4": b"a newer film"}


def test_a_copy_that_differs_is_not_trusted(mounted: DiskWorld) -> None:
    """A disk that gives back other bytes than it was given keeps the original from going (R33)."""
    settled = arrive(mounted)

    def corrupt(step: str) -> None:
        if step.startswith("sync processing") and "talk.mp4" in step:
            (mounted.root / step.removeprefix("sync ")).write_bytes(PARTS["talk.mp4"][::-1])

    mounted.fuse.before = corrupt
    with pytest.raises(PlaceError, match="the copy differs"):
        mounted.place.take_in(CLAIM, settled)
    assert mounted.files() == {
        name: (THERE | LYING)[name] for name in (f"processing/{CLAIM}/talk.es-ES.srt", "usb/talk.mp4")
    }

    mounted.fuse.before = lambda _: None
    mounted.place.take_in(CLAIM, settled)
    assert mounted.files() == LYING


def test_a_full_disk_keeps_the_original(tmp_path: Path) -> None:
    """Without room for the copy it is tried again, and nothing half lies about."""
    world = Nested()
    settled = arrive(world)

    def full(step: str) -> None:
        if step.startswith("create "):
            raise OSError(28, os.strerror(28), step)

    world.fuse.before = full
    with pytest.raises(PlaceError, match="No space left"):
        world.place.take_in(CLAIM, settled)
    assert world.files() == THERE


def test_an_inode_of_the_same_number_is_no_proof() -> None:
    """Two devices count their files apart: a copy may have its original's number, and still the original goes."""
    world = Nested()
    settled = arrive(world)
    taken = world.place.take_in(CLAIM, settled)
    for name, content in THERE.items():
        world.write(name, content)
    again = drop(world)
    collided = replace(
        again,
        parts=tuple(
            replace(part, fingerprint=_as_if(part.fingerprint, copied.fingerprint))
            for part, copied in zip(again.parts, taken.parts, strict=True)
        ),
    )

    assert collided.parts[0].fingerprint.same_content(taken.parts[0].fingerprint)
    world.place.take_in(CLAIM, collided)
    assert_nothing_lost(world)


def _as_if(seen: Fingerprint, other: Fingerprint) -> Fingerprint:
    return replace(seen, ino=other.ino, mtime_ns=other.mtime_ns)


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["take in", "back"])
def test_dying_at_any_step_loses_nothing(mounted: DiskWorld, verb: str) -> None:
    """On a real disk: whatever step is the last, all parts are whole, and asking again ends where it should."""
    for at in range(200):
        settled = arrive(mounted)
        if verb == "back":
            settled = mounted.place.take_in(CLAIM, settled)
        mounted.fuse.arm(at)
        with contextlib.suppress(PowerCut):
            ask(mounted, verb, settled)
            assert at > 15, "a copy has many steps"
            return
        mounted.fuse.arm(None)
        mounted.reopen(recursive=True)
        assert_nothing_lost(mounted)
        ask(mounted, verb, settled)
        assert mounted.files() == (LYING if verb == "take in" else THERE)
        for name in mounted.files():
            mounted.delete(name)
    pytest.fail("it never ended")


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["take in", "back"])
def test_a_power_cut_at_any_step_loses_nothing(verb: str) -> None:
    """Two cuts in a row, each of which keeps or loses what was not synced, and one of which may hit the first step."""
    for seed in range(80):
        world, rng = Nested(), Random(seed)
        settled = arrive(world)
        if verb == "back":
            settled = world.place.take_in(CLAIM, settled)
        for _ in range(2):
            world.fuse.arm(rng.randrange(40))
            with contextlib.suppress(PowerCut):
                ask(world, verb, settled)
            world.fuse.arm(None)
            world.cut(rng)
            assert_nothing_lost(world)
        ask(world, verb, settled)
        assert world.files() == (LYING if verb == "take in" else THERE), seed


@pytest.mark.slow
def test_a_part_that_changes_after_a_cut_takes_all_others_back() -> None:
    """Also the copies of which the original was hidden or removed; no part is there twice, nothing hidden is left."""
    for seed in range(80):
        world, rng = Nested(), Random(seed)
        settled = arrive(world)
        world.fuse.arm(rng.randrange(40))
        with contextlib.suppress(PowerCut):
            world.place.take_in(CLAIM, settled)
        world.fuse.arm(None)
        world.cut(rng)
        if "usb/talk.mp4" not in world.files():
            continue
        world.write("usb/talk.mp4", b"changed")
        with contextlib.suppress(Unsettled):
            world.place.take_in(CLAIM, settled)
        left = world.files()
        assert list(left.values()).count(PARTS["talk.es-ES.srt"]) == 1, (seed, sorted(left))
        assert list(left.values()).count(b"changed") == 1
        assert not [name for name in left if "/." in name], (seed, sorted(left))


def ask(world: World, verb: str, settled: Drop) -> None:
    """Ask for the verb."""
    if verb == "take in":
        world.place.take_in(CLAIM, settled)
    else:
        assert world.place.put_away(CLAIM, settled, Destination.BACK, {}) == "usb/talk.mp4"


def test_the_hidden_name_of_an_original_is_no_drop() -> None:
    """What a crash leaves under it is not seen as a part of anything."""
    world = Nested()
    world.write(f"usb/{withdrawn(CLAIM, 'talk.mp4')}", b"x")

    assert world.place.scan().files == ()
