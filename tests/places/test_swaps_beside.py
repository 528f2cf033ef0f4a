"""
Results that join a folder in done/ which may be swapped for a link between any two of our calls to the kernel.

Whatever the moment: nothing outside is read, written or moved, and nothing that was dropped or fetched is lost. And on
a real second device, whatever call is the last.
"""

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final
from zlib import crc32

import pytest
from contract.test_places_beside import FILED, JOINED, OURS, PAPERS, RESULTS, arranged, put_away
from places import test_across_devices, test_swaps
from places.test_swaps import Moment, Way
from worlds import CLAIM, DiskWorld, PowerCut

from panjaya_watchd.core.drop import Drop
from panjaya_watchd.errors import PlaceError

elsewhere, moment = test_across_devices.elsewhere, test_swaps.moment

STEP: Final = int(os.environ.get("SWAP_STEP", "4"))
"""Every how many calls there is a swap; with 1 at every one."""

OUTSIDE: Final = dict.fromkeys(("talk.mp4", "talk.de-DE.mp4", "talk.receipt.toml", "talk.toml"), b"outside")


class Joining(Way):
    """Results join what was filed, with everything outside that a link could lead to."""

    def prepare(self) -> None:
        """File one claim and dub what adds to it; lay out outside what every folder of ours would hold."""
        self.world = DiskWorld(self.root)
        self.drop: Drop = arranged(self.world)
        for below in ("", "talk", "done", "done/talk", CLAIM):
            (self.outside / below).mkdir(parents=True, exist_ok=True)
            for name, content in OUTSIDE.items():
                (self.outside / below / name).write_bytes(content)

    def go(self) -> str:
        """Choose names, and file."""
        for name in RESULTS:
            self.world.place.vacant("done/talk", name)
        return put_away(self.world, self.drop)

    def check(self, kind: str) -> None:
        """Look at what is outside, and for everything that is ours."""
        outside = [path for path in self.outside.rglob("*") if path.is_file()]
        assert len(outside) == 5 * len(OUTSIDE), "something was put outside, or taken from there"
        assert {path.read_bytes() for path in outside} == {b"outside"}, "something was written outside"
        kept = [path for home in (self.root, self.home / "away") for path in home.rglob("*")]
        contents = [path.read_bytes() for path in kept if path.is_file() and not path.is_symlink()]
        assert b"outside" not in contents, "something was copied"
        for content in [*OURS, *FILED.values()]:
            assert contents.count(content) == 1, f"{content!r} is there {contents.count(content)} times"


def swap(way: Joining, folder: str) -> None:
    """Put a link to a folder outside in a folder's place, which somebody has moved away."""
    path = way.root / folder
    (way.home / "away").mkdir(exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        path.rename(way.home / "away" / path.name)
        path.symlink_to(way.outside / folder.rpartition("/")[2])


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["done", "done/talk", f"processing/{CLAIM}"])
def test_a_folder_that_is_swapped_for_a_link_at_any_moment(tmp_path: Path, moment: Moment, folder: str) -> None:
    """Nothing is put there, and nothing of there is taken for ours."""
    for at in range(crc32(folder.encode()) % STEP, 2_000, STEP):
        way = Joining(tmp_path / str(at))
        way.prepare()
        moment.run(way, at, lambda way=way: swap(way, folder))  # type: ignore[misc]
        try:
            way.check("link")
        except AssertionError as error:
            raise AssertionError(f"before call {at}: {error}") from error
        ended = moment.count <= at
        shutil.rmtree(way.home)
        if ended:
            assert at > 40, "joining has many calls"
            return
    pytest.fail("joining never ended")


@pytest.mark.parametrize("dangling", [True, False])
def test_a_link_that_stands_there_from_the_beginning_is_not_followed(tmp_path: Path, *, dangling: bool) -> None:
    """The claim gets a folder of its own, and that is where it is said to be."""
    way = Joining(tmp_path)
    way.prepare()
    swap(way, "done/talk")
    if dangling:
        shutil.rmtree(way.outside / "talk")
        (way.outside / "talk.mp4").write_bytes(b"outside")

    for _ in range(2):
        assert put_away(way.world, way.drop) == "done/talk (2)"
    assert {path.name for path in (way.root / "done/talk (2)").iterdir()} == set(JOINED) - set(FILED) - {
        "talk.receipt (2).toml"
    } | set(PAPERS)


def test_a_link_under_a_name_that_is_wanted_is_neither_followed_nor_replaced(tmp_path: Path) -> None:
    """The next number is taken."""
    way = Joining(tmp_path)
    way.prepare()
    for name in ("talk.de-DE.mp4", "talk.toml"):
        (way.root / "done/talk" / name).symlink_to(way.outside / name)

    assert put_away(way.world, way.drop) == "done/talk"
    way.check("link")
    assert (way.root / "done/talk/talk.de-DE (2).mp4").read_bytes() == RESULTS["talk.de-DE.mp4"]
    assert (way.root / "done/talk/talk.de-DE.mp4").is_symlink()


def there(folder: Path) -> dict[str, bytes]:
    """Read what is filed."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_another_device_is_copied_to_whatever_step_is_the_last(tmp_path: Path, elsewhere: Path) -> None:
    """Each file is whole in one place at least, filed once, and nothing of it is left here."""
    done = elsewhere / "done"
    for at in range(0, 200, 3):
        world = DiskWorld(tmp_path / str(at) / "watch")
        shutil.rmtree(done, ignore_errors=True)
        world.reopen(done=done)
        settled = arranged(world)
        world.fuse.arm(at)
        ended = False
        with contextlib.suppress(PowerCut):
            put_away(world, settled, str(done / "talk"))
            ended = True
        world.fuse.arm(None)
        world.reopen(done=done)

        assert set(OURS) <= {*world.files().values(), *there(done / "talk").values()}
        assert put_away(world, settled, str(done / "talk")) == str(done / "talk")
        assert there(done / "talk") == JOINED
        assert world.files() == {}
        if ended:
            assert at > 30, "a copy has many steps"
            return
    pytest.fail("joining never ended")


@pytest.mark.parametrize("what", [Path.mkdir, lambda path: path.symlink_to("x" * 2)], ids=["folder", "link"])
def test_what_stands_under_a_name_on_another_device_is_no_copy(
    tmp_path: Path, elsewhere: Path, what: Callable[[Path], object]
) -> None:
    """A link may be as long as the file; it is never opened, and never in the way for ever."""
    done = elsewhere / "done"
    world = DiskWorld(tmp_path / "watch")
    world.reopen(done=done)
    settled = arranged(world)
    what(done / "talk" / "talk.de-DE.srt")

    assert put_away(world, settled, str(done / "talk")) == str(done / "talk")
    assert there(done / "talk")["talk.de-DE (2).srt"] == b"1\n"


def test_a_second_name_of_somebody_elses_file_is_not_copied_out(tmp_path: Path, elsewhere: Path) -> None:
    """Put into the claim's folder, it would be read and written again, open to the whole group."""
    done = elsewhere / "done"
    world = DiskWorld(tmp_path / "watch")
    world.reopen(done=done)
    settled = arranged(world)
    (tmp_path / "secret").write_bytes(b"secret")
    os.link(tmp_path / "secret", world.root / "processing" / CLAIM / "planted.txt")

    with pytest.raises(PlaceError, match="second name"):
        put_away(world, settled, str(done / "talk"))
    assert b"secret" not in there(done / "talk").values()
