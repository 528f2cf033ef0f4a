"""``done`` on another device: copied, compared, and only then removed, whatever step is the last (R33)."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from worlds import CLAIM, DiskWorld, MemoryWorld, PowerCut, World, drop, half_of

from panjaya_watchd.core.claim import Destination
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.errors import PlaceError

PAPERS = {"talk.receipt.toml": f'claim = "{CLAIM}"\n'}
PARTS = {"talk.mp4": b"moving pictures" * 100_000, "talk.es-ES.srt": b"1\n"}
RESULT = {"talk.es-ES.mp4": b"dubbed"}


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """Give a folder on another device than the test's own."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        reason = "/dev/shm is on the same device as the test's folder, so there is no other device to file to"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(dir=shared))
    yield folder
    shutil.rmtree(folder)


def arranged(world: World, done: Path) -> Drop:
    """Take a drop in and keep a result, with ``done`` elsewhere."""
    world.reopen(done=done)
    for name, content in PARTS.items():
        world.write(name, content)
    settled = drop(world)
    world.place.take_in(CLAIM, settled)
    for name, content in RESULT.items():
        world.download(half_of(world.root, CLAIM, name), content)
        world.place.keep(CLAIM, name)
    return settled


def filed(folder: Path) -> dict[str, bytes]:
    """Read what was filed."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_filing_to_another_device_copies_verifies_and_removes(tmp_path: Path, elsewhere: Path) -> None:
    """All of the claim is on the other device, times and marks with it, and nothing is left here."""
    world = DiskWorld(tmp_path / "watch")
    settled = arranged(world, elsewhere / "done")
    (elsewhere / "done/talk").mkdir(parents=True)

    where = world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS)

    papers = {name: text.encode() for name, text in PAPERS.items()}
    assert where == str(elsewhere / "done/talk (2)")
    assert filed(Path(where)) == PARTS | RESULT | papers
    assert world.files() == {}
    assert settled.video is not None
    assert (Path(where) / "talk.mp4").stat().st_mtime_ns == settled.video.fingerprint.mtime_ns
    assert list((elsewhere / "done").glob(".*")) == []
    assert world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS) == where


def test_a_copy_that_differs_is_not_trusted(tmp_path: Path, elsewhere: Path) -> None:
    """A device that gives back other bytes than it was given keeps no original from staying (R33)."""
    world = DiskWorld(tmp_path / "watch")
    settled = arranged(world, elsewhere / "done")
    before = world.files()

    def corrupt(step: str) -> None:
        if step == f"sync done/.{CLAIM}.part/talk.mp4":
            (elsewhere / f"done/.{CLAIM}.part/talk.mp4").write_bytes(PARTS["talk.mp4"].swapcase())

    world.fuse.before = corrupt
    with pytest.raises(PlaceError, match="the copy differs"):
        world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS)

    assert before.items() <= world.files().items()
    assert not (elsewhere / "done/talk").exists()
    world.fuse.before = lambda _: None
    assert world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS) == str(elsewhere / "done/talk")


def test_a_copy_is_durable_before_its_original_is_removed(tmp_path: Path, elsewhere: Path) -> None:
    """In the order of steps, every file and both folders there are synced before the first removal here."""
    world = DiskWorld(tmp_path / "watch")
    settled = arranged(world, elsewhere / "done")
    world.fuse.arm(None)

    world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS)

    copy = f"done/.{CLAIM}.part"
    steps = world.fuse.steps
    first_removal = steps.index(f"remove processing/{CLAIM}/talk.es-ES.mp4")
    needed = [f"sync {copy}/{name}" for name in (*PARTS, *RESULT, *PAPERS)]
    needed += [f"sync {copy}", f"move {copy} done/talk", "sync done"]
    assert all(steps.index(step) < first_removal for step in needed)


@pytest.mark.slow
def test_dying_at_any_step_of_a_copy_loses_nothing(tmp_path: Path, elsewhere: Path) -> None:
    """After each step every file is whole on one of the two devices, and asking again ends with one filing."""
    for at in range(200):
        world = DiskWorld(tmp_path / str(at) / "watch")
        done = elsewhere / str(at) / "done"
        done.mkdir(parents=True)
        settled = arranged(world, done)
        world.fuse.arm(at)
        with contextlib.suppress(PowerCut):
            world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS)
            assert at > 20, "a copy has many steps"
            return
        world.fuse.arm(None)
        world.reopen(done=done)

        there = [*world.files().values(), *filed(done).values()]
        assert all(content in there for content in (PARTS | RESULT).values())
        where = world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS)
        assert where == str(done / "talk")
        assert set(filed(done)) == {f"talk/{name}" for name in PARTS | RESULT | PAPERS}
        assert world.files() == {}
    pytest.fail("filing never ended")


@pytest.mark.parametrize("seed", range(60))
def test_a_power_cut_during_a_copy_loses_nothing(seed: int) -> None:
    """On a disk that forgets what was not synced, two cuts in a row still end with one whole filing."""
    rng = Random(seed)
    world = MemoryWorld()
    world.disk = type(world.disk)(hook=world.fuse, devices=("/archive",))
    world.disk.folder("/watch")
    world.disk.folder("/archive")
    settled = arranged(world, Path("/archive/done"))
    for _ in range(2):
        world.fuse.arm(rng.randrange(45))
        with contextlib.suppress(PowerCut):
            world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS)
        world.fuse.arm(None)
        world.disk.cut(rng)
        assert all(content in world.disk.files().values() for content in (PARTS | RESULT).values())

    where = world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS)

    assert where == "/archive/done/talk"
    assert set(world.disk.files()) == {f"{where}/{name}" for name in PARTS | RESULT | PAPERS}


def test_what_was_taken_from_the_other_device_meanwhile_is_not_removed_here(tmp_path: Path, elsewhere: Path) -> None:
    """An original goes only when its copy can be read back now; else it stays."""
    world = DiskWorld(tmp_path / "watch")
    settled = arranged(world, elsewhere / "done")

    def die(step: str) -> None:
        if step.startswith("remove processing"):
            raise PowerCut

    world.fuse.before = die
    with pytest.raises(PowerCut):
        world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS)
    world.fuse.before = lambda _: None
    (elsewhere / "done/talk/talk.mp4").unlink()

    world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS)

    assert world.files() == {f"processing/{CLAIM}/talk.mp4": PARTS["talk.mp4"]}


def test_a_second_name_of_somebody_elses_file_is_not_copied_out(tmp_path: Path, elsewhere: Path) -> None:
    """Put into the claim's folder, it would be read and written again, open to the whole group."""
    world = DiskWorld(tmp_path / "watch")
    settled = arranged(world, elsewhere / "done")
    (tmp_path / "secret").write_bytes(b"secret")
    planted = world.root / "processing" / CLAIM / "planted.txt"
    os.link(tmp_path / "secret", planted)

    with pytest.raises(PlaceError, match="second name") as refused:
        world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS)
    assert "Delete one of its two names" in refused.value.hint
    assert b"secret" not in filed(elsewhere).values()

    planted.unlink()
    assert world.place.put_away(CLAIM, settled, Destination.DONE, PAPERS) == str(elsewhere / "done/talk")
