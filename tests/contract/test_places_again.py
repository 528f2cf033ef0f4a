"""What every place promises for a video that comes again: to suspect it, and to copy what was filed for it."""

import contextlib
import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from worlds import CLAIM, DiskWorld, MemoryWorld, PowerCut, World, drop, half_of

from panjaya_watchd.core.claim import Destination
from panjaya_watchd.core.drop import Part
from panjaya_watchd.core.names import ClaimId, Digest
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.again import SAMPLE
from panjaya_watchd.places.base import Unsettled

AGAIN = ClaimId("d4e5f6")
RESULT = "talk.es-ES.mp4"
DUBBED = Random(3).randbytes(3 << 19)
"""More than one chunk."""

LONG = Random(7).randbytes(3 * SAMPLE)
"""More than is sampled at both ends."""


def video(world: World, name: str, content: bytes) -> Part:
    """Drop a video that settles."""
    world.write(name, content)
    part = drop(world, name.rpartition(".")[0]).video
    assert part is not None
    return part


def likeness(world: World, name: str, content: bytes) -> str:
    """Drop a video and sample it."""
    return world.place.likeness(video(world, name, content))


# likeness


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"moving pictures", LONG[:SAMPLE], LONG[: SAMPLE + 1], LONG[: 2 * SAMPLE], LONG],
    ids=len,
)
def test_equal_bytes_have_an_equal_likeness_whatever_they_are_called(world: World, content: bytes) -> None:
    """Also those that are shorter than the sample."""
    one, other = likeness(world, "talk.mp4", content), likeness(world, "copy of talk.mov", content)

    assert one == other
    assert len(one) == 40
    assert int(one, 16) >= 0


@pytest.mark.parametrize(
    "content",
    [
        b"?" + LONG[1:],
        LONG[:-1] + b"?",
        LONG[: SAMPLE - 1] + b"?" + LONG[SAMPLE:],
        LONG[:-SAMPLE] + b"?" + LONG[1 - SAMPLE :],
        LONG[:SAMPLE] + b"?" + LONG[SAMPLE:],
        LONG[:-1],
        LONG + LONG,
        LONG[: 2 * SAMPLE],
        b"",
    ],
    ids=[
        *("first byte", "last byte", "last of the head", "first of the tail"),
        *("longer in the middle", "shorter", "twice", "no middle", "empty"),
    ],
)
def test_another_head_tail_or_size_is_another_likeness(world: World, content: bytes) -> None:
    """Most videos that are not the same differ there, so that few have to be read whole."""
    assert likeness(world, "talk.mp4", LONG) != likeness(world, "other.mp4", content)


def test_a_likeness_proves_nothing(world: World) -> None:
    """What differs in the middle alone looks the same; only a digest of all bytes can tell."""
    middle = LONG[:SAMPLE] + bytes(SAMPLE) + LONG[2 * SAMPLE :]

    assert middle != LONG
    assert likeness(world, "talk.mp4", LONG) == likeness(world, "other.mp4", middle)


def test_a_video_that_changed_is_not_sampled(world: World) -> None:
    """It is not the one that settled."""
    part = video(world, "talk.mp4", b"moving pictures")
    world.write("talk.mp4", b"MOVING PICTURES")

    with pytest.raises(Unsettled, match="has changed") as caught:
        world.place.likeness(part)
    assert not caught.value.gone


def test_a_video_that_is_gone_is_not_sampled(world: World) -> None:
    """Nobody waits for it any more."""
    part = video(world, "talk.mp4", b"moving pictures")
    world.delete("talk.mp4")

    with pytest.raises(Unsettled, match="gone") as caught:
        world.place.likeness(part)
    assert caught.value.gone


def test_a_folder_in_a_videos_place_is_not_sampled(world: World) -> None:
    """Whatever took the name, it is no file."""
    part = video(world, "talk.mp4", b"moving pictures")
    world.delete("talk.mp4")
    world.write("talk.mp4/inside", b"x")

    with pytest.raises(Unsettled, match="no file any more"):
        world.place.likeness(part)


# what was filed


def elsewhere(world: World) -> Path:
    """Give a ``done`` outside the watch folder, on the same device."""
    if isinstance(world, DiskWorld):
        folder = world.root.parent / "archive"
        folder.mkdir(exist_ok=True)
        return folder / "done"
    assert isinstance(world, MemoryWorld)
    world.disk.folder("/archive")
    return Path("/archive/done")


def filed(world: World, *, to: Destination = Destination.DONE) -> str:
    """File a claim with its result, and say where."""
    world.write("talk.mp4", b"moving pictures")
    settled = drop(world)
    world.place.take_in(CLAIM, settled)
    world.download(half_of(world.root, CLAIM, RESULT), DUBBED)
    world.place.keep(CLAIM, RESULT)
    return world.place.put_away(CLAIM, settled, to, {"talk.receipt.toml": CLAIM})


def came_again(world: World) -> str:
    """File a claim with its result, take the same video in again, and say where the first was filed."""
    where = filed(world)
    world.write("talk.mp4", b"moving pictures")
    world.place.take_in(AGAIN, drop(world))
    return where


def read(world: World, where: str) -> bytes:
    """Read a filed result whole."""
    with contextlib.closing(world.place.open_filed(where, RESULT)) as source:
        content = b"".join(iter(lambda: source.read(1 << 20), b""))
        assert source.size == len(content)
        assert source.changed() is None
    return content


@pytest.mark.parametrize("to", [Destination.DONE, Destination.FAILED])
def test_a_filed_result_is_found_where_it_was_filed(world: World, to: Destination) -> None:
    """On either shelf, also after a restart."""
    where = filed(world, to=to)
    assert where == f"{to}/talk"
    assert read(world, where) == DUBBED
    world.reopen()

    assert read(world, where) == DUBBED


def test_a_result_that_was_filed_outside_the_watch_folder_is_found(world: World) -> None:
    """Its place is absolute then; with the settings of before, not with others."""
    done = elsewhere(world)
    world.reopen(done=done)
    where = filed(world)
    assert where == str(done / "talk")
    assert read(world, where) == DUBBED

    world.reopen()
    with pytest.raises(Unsettled, match="was filed elsewhere") as caught:
        world.place.open_filed(where, RESULT)
    assert caught.value.gone


def test_a_result_that_is_moved_while_it_is_read_tells_so(world: World) -> None:
    """It is a source like any other: a change of its content or of its name is seen."""
    where = filed(world)
    with contextlib.closing(world.place.open_filed(where, RESULT)) as source:
        world.move(f"{where}/{RESULT}", f"{where}/mine.mp4")

        assert source.changed()


def test_a_result_that_was_filed_before_done_was_moved_is_found(world: World) -> None:
    """The folder's own shelf stays known as long as one of the two is in it."""
    where = filed(world)
    world.reopen(done=elsewhere(world))

    assert read(world, where) == DUBBED


@pytest.mark.parametrize(
    "vanish",
    [
        lambda world, where: world.delete(f"{where}/{RESULT}"),
        lambda world, where: world.move(where, "done/renamed"),
        lambda world, where: world.move("done", "processing/away"),
    ],
    ids=["deleted", "its folder renamed", "the shelf moved"],
)
def test_a_result_that_was_moved_away_is_not_there(world: World, vanish: Callable[[World, str], None]) -> None:
    """What was answered belongs to people: they may do with it what they like."""
    where = filed(world)
    vanish(world, where)

    with pytest.raises(Unsettled, match="not where it was filed") as caught:
        world.place.open_filed(where, RESULT)
    assert caught.value.gone


@pytest.mark.parametrize("taken", [f"{RESULT}/inside", ""], ids=["by a folder", "its folder by a file"])
def test_a_result_whose_place_is_taken_is_not_there(world: World, taken: str) -> None:
    """Something else stands there, and it is not read."""
    where = filed(world)
    if taken:
        world.delete(f"{where}/{RESULT}")
        world.write(f"{where}/{taken}", DUBBED)
    else:
        world.move(where, "done/renamed")
        world.write(where, DUBBED)

    with pytest.raises(Unsettled, match="not where it was filed"):
        world.place.open_filed(where, RESULT)


@pytest.mark.parametrize("kind", ["link to a file", "link to its folder", "FIFO"])
def test_a_result_that_was_replaced_by_a_link_or_a_fifo_is_not_read(tmp_path: Path, kind: str) -> None:
    """Also where the link leads to the very result: nothing of ours follows one, and nobody waits for a FIFO."""
    world = DiskWorld(tmp_path / "watch")
    folder = world.root / filed(world)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / RESULT).write_bytes(DUBBED)
    if kind == "link to its folder":
        folder.rename(tmp_path / "away")
        folder.symlink_to(tmp_path / "secret")
    else:
        (folder / RESULT).unlink()
        if kind == "FIFO":
            os.mkfifo(folder / RESULT)
        else:
            (folder / RESULT).symlink_to(tmp_path / "secret" / RESULT)

    with pytest.raises(Unsettled, match="not where it was filed"):
        world.place.open_filed("done/talk", RESULT)


def test_a_result_in_a_folder_that_is_away_is_asked_for_again(tmp_path: Path) -> None:
    """A share that is not mounted is trouble, not an answer."""
    world = DiskWorld(tmp_path / "watch")
    where = filed(world)
    world.root.rename(tmp_path / "away")

    with pytest.raises(PlaceError, match="expected a folder that can be read"):
        world.place.open_filed(where, RESULT)


# copying


def copy(world: World, where: str) -> Digest:
    """Copy a filed result into the claim that came again, and keep it."""
    with contextlib.closing(world.place.open_filed(where, RESULT)) as source:
        digest = world.place.copy(AGAIN, RESULT, source)
    world.place.keep(AGAIN, RESULT)
    return digest


def test_a_copy_is_kept_like_a_download(world: World) -> None:
    """Under its name, durably, with the digest of what was read; the original stays where it is."""
    where = came_again(world)
    before = world.files()
    digest = copy(world, where)

    assert digest == hashlib.sha256(DUBBED).hexdigest()
    for seed in range(5):
        world.cut(Random(seed))
        assert world.files() == before | {f"processing/{AGAIN}/{RESULT}": DUBBED}


def test_a_copy_bears_our_mark(world: World) -> None:
    """Dragged back into the watch folder it is not dubbed again, like any other result."""
    copy(world, came_again(world))
    world.move(f"processing/{AGAIN}/{RESULT}", RESULT)
    part = drop(world).video

    assert part is not None
    assert world.place.made_here(part)


def test_a_copy_from_another_shelf_is_kept_in_the_watch_folder(world: World) -> None:
    """What was filed elsewhere is read there and written here."""
    world.reopen(done=elsewhere(world))
    copy(world, came_again(world))

    assert world.files()[f"processing/{AGAIN}/{RESULT}"] == DUBBED


def test_nothing_of_a_copy_has_its_name_before_it_is_kept(world: World) -> None:
    """Until then it is hidden, exactly where a download would be."""
    where = came_again(world)
    before = world.files()
    with contextlib.closing(world.place.open_filed(where, RESULT)) as source:
        world.place.copy(AGAIN, RESULT, source)
    (made,) = set(world.files()) - set(before)

    assert half_of(world.root, AGAIN, RESULT).name == made.rpartition("/")[2]
    assert made.rpartition("/")[2].startswith(".")


@pytest.mark.parametrize("torn", [b"", b"torn", DUBBED[:-1], DUBBED + b"more"], ids=len)
def test_a_copy_replaces_a_torn_one(world: World, torn: bytes) -> None:
    """Whatever an earlier try left, also of a download, and the note by which that would have gone on."""
    where = came_again(world)
    before = world.files()
    half = half_of(world.root, AGAIN, RESULT)
    world.download(half, torn)
    world.download(half.with_name(f"{half.name}.etag"), b"note")
    copy(world, where)

    assert world.files() == before | {f"processing/{AGAIN}/{RESULT}": DUBBED}


def test_a_copy_asked_for_again_replaces_nothing(world: World) -> None:
    """The daemon died after it was kept and before that was noted."""
    where = came_again(world)
    before = world.files()
    for _ in range(2):
        copy(world, where)

    assert world.files() == before | {f"processing/{AGAIN}/{RESULT}": DUBBED}


class Broken:
    """A source whose storage fails after the first chunk."""

    size = 8

    def __init__(self) -> None:
        self._chunks = [b"half"]

    def read(self, limit: int) -> bytes:
        """Read once, then fail."""
        if self._chunks:
            return self._chunks.pop()
        raise PlaceError("The other share does not answer.", hint="Check it.")

    def changed(self) -> str | None:
        """Nothing is known."""
        return None

    def close(self) -> None:
        """Let go of nothing."""


def test_a_source_that_fails_leaves_nothing_behind(world: World) -> None:
    """A download can begin at once, from its beginning."""
    came_again(world)
    before = world.files()

    with pytest.raises(PlaceError, match="The other share does not answer"):
        world.place.copy(AGAIN, RESULT, Broken())
    assert world.files() == before


def test_a_copy_needs_the_claims_folder(world: World) -> None:
    """A bare mount point has none: refused, nothing made."""
    where = filed(world)
    before = world.files()

    with pytest.raises(PlaceError, match="copying an earlier result failed"):
        copy(world, where)
    assert world.files() == before


@pytest.mark.slow
def test_dying_at_any_step_leaves_no_half_result_under_its_name(new_world: Callable[[], World]) -> None:
    """Whatever step is the last, the name bears the whole result or nothing, and asking again ends with it."""
    name = f"processing/{AGAIN}/{RESULT}"
    for at in range(50):
        world = new_world()
        where = came_again(world)
        half = half_of(world.root, AGAIN, RESULT)
        world.download(half, b"torn")
        world.download(half.with_name(f"{half.name}.etag"), b"note")
        before = set(world.files())
        world.fuse.arm(at)
        try:
            copy(world, where)
        except PowerCut:
            world.fuse.arm(None)
            world.cut(Random(at))
            files = world.files()
            assert files.get(name, DUBBED) == DUBBED
            assert files[f"{where}/{RESULT}"] == DUBBED
            assert copy(world, where) == hashlib.sha256(DUBBED).hexdigest()
            assert world.files()[name] == DUBBED
            assert set(world.files()) - before == {name}
        else:
            assert at > 5, "copying and keeping have steps"
            return
    pytest.fail("the copy never ended")


@pytest.mark.slow
def test_dying_twice_while_copying_leaves_no_half_result_either() -> None:
    """Also where the cache of the disk is lost at a second cut, in any of many ways."""
    name = f"processing/{AGAIN}/{RESULT}"
    for seed in range(200):
        world, rng = MemoryWorld(), Random(seed)
        where = came_again(world)
        for _ in range(2):
            world.fuse.arm(rng.randrange(12))
            with contextlib.suppress(PowerCut):
                copy(world, where)
            world.fuse.arm(None)
            world.cut(rng)
            assert world.files().get(name, DUBBED) == DUBBED
        copy(world, where)
        assert world.files()[name] == DUBBED


def test_a_part_is_compared_and_not_its_name_alone(world: World) -> None:
    """A part of other times under the right name has changed, though its bytes may be the same."""
    part = video(world, "talk.mp4", b"moving pictures")
    other = replace(part, fingerprint=replace(part.fingerprint, mtime_ns=part.fingerprint.mtime_ns + 1))

    with pytest.raises(Unsettled, match="has changed"):
        world.place.likeness(other)
