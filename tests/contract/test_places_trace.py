"""By what a watch folder is known again, and that no other one is touched; on a real folder and on one in memory."""

from collections.abc import Callable
from random import Random

import pytest
from worlds import CLAIM, PowerCut, World, drop

from panjaya_watchd.core.claim import Destination
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.base import Foreign, Known
from panjaya_watchd.places.naming import TRACE


def known(world: World) -> Known:
    """Leave our trace and have it seen; gives what is known of the folder then."""
    world.place.leave_trace()
    knows = Known(root_id=world.place.scan().root_id)
    assert knows.root_id is not None
    world.place.scan(knows)
    return knows


def test_the_trace_is_durable_and_stays_what_it_is(world: World) -> None:
    """Left again, with another id, it keeps the first: two daemons may share a folder."""
    assert (world.place.scan().traced, world.place.scan().root_id) == (False, None)
    world.place.leave_trace("ab12")
    for seed in range(5):
        world.cut(Random(seed))
        world.place.leave_trace("cd34")
        scan = world.place.scan(Known(root_id="ab12"))
        assert (scan.traced, scan.root_id, scan.familiar) == (True, "ab12", True)
    assert world.files() == {TRACE: b"ab12\n"}


def test_each_folder_gets_an_id_of_its_own(new_world: Callable[[], World]) -> None:
    """Else one could be taken for another."""
    found = set()
    for _ in range(3):
        world = new_world()
        found.add(known(world).root_id)
    assert len(found) == 3


@pytest.mark.parametrize("content", [b"", b"not an id\n", b"\xff\xfe"])
def test_what_is_no_id_is_written_anew(world: World, content: bytes) -> None:
    """A crash of another program, or a person, may have left it."""
    world.write(TRACE, content)
    assert world.place.scan().root_id is None

    assert known(world).root_id is not None


def test_dying_while_the_trace_is_left_leaves_it_whole_or_not(new_world: Callable[[], World]) -> None:
    """Whatever step was the last, it can be left again."""
    for at in range(100):
        world = new_world()
        world.fuse.arm(at)
        try:
            world.place.leave_trace("ab12")
        except PowerCut:
            world.fuse.arm(None)
            world.cut(Random(at))
            assert world.place.scan().root_id in {None, "ab12"}
            world.place.leave_trace("ab12")
            assert world.place.scan().root_id == "ab12"
            assert [name for name in world.files() if not name.endswith(".part")] == [TRACE]
        else:
            assert at > 5, "leaving a trace has steps"
            return
    pytest.fail("it never ended")


def test_an_old_trace_gets_an_id(world: World) -> None:
    """An earlier release has made ``processing/`` and no more."""
    world.write(f"processing/{CLAIM}/talk.mp4", b"x")
    assert (world.place.scan().traced, world.place.scan().root_id) == (True, None)

    assert known(world).root_id is not None
    assert world.files()[f"processing/{CLAIM}/talk.mp4"] == b"x"


def test_no_verb_touches_another_folder_in_its_place(world: World) -> None:
    """With files of the same names in it, and with our own folders; all goes on once the right one is back."""
    knows = known(world)
    world.write("talk.mp4", b"video")
    settled = drop(world)
    world.place.scan(knows)
    world.mount("other")
    others = {"talk.mp4": b"another", "processing/x/y.mp4": b"z"}
    for name, content in others.items():
        world.write(name, content)

    for verb in (
        lambda: world.place.scan(knows),
        lambda: world.place.take_in(CLAIM, settled),
        lambda: world.place.open_part(CLAIM, settled.parts[0]),
        lambda: world.place.evidence(settled),
        lambda: world.place.put_away(CLAIM, settled, Destination.BACK, {}),
        lambda: world.place.put_away(CLAIM, settled, Destination.DONE, {}),
        lambda: world.place.keep(CLAIM, "talk.es-ES.mp4"),
        lambda: world.place.post("hello"),
        lambda: world.place.leave_trace(knows.root_id),
    ):
        with pytest.raises(PlaceError, match="another one in its place"):
            verb()

    assert world.files() == others
    world.mount("first")
    world.place.scan(knows)
    world.place.take_in(CLAIM, settled)
    assert world.files()[f"processing/{CLAIM}/talk.mp4"] == b"video"


def test_a_folder_that_bears_our_id_is_ours_however_it_is_mounted(world: World) -> None:
    """Its device and inode are others after a remount of many file systems; every verb sees that by itself."""
    knows = known(world)
    world.mount("again")
    world.write(TRACE, f"{knows.root_id}\n".encode())
    world.write("talk.mp4", b"video")

    world.place.post("hello")
    before = world.place.scan(knows)
    assert before.familiar
    assert [name for name, _ in before.files] == ["talk.mp4"]
    world.place.take_in(CLAIM, drop(world))


def test_a_mounting_is_seen_by_its_scan(world: World) -> None:
    """Whoever listens there has to begin anew."""
    knows = known(world)
    first, second = world.place.scan(knows), world.place.scan(knows)
    world.mount("again")
    world.write(TRACE, f"{knows.root_id}\n".encode())

    assert first.mounting == second.mounting != world.place.scan(knows).mounting


def test_a_folder_of_another_id_is_foreign(world: World) -> None:
    """Also at the very first look after a start, and where only the file was changed."""
    knows = known(world)
    world.write(TRACE, b"c0ffee\n")
    for _ in range(2):
        with pytest.raises(Foreign, match="another folder is mounted here"):
            world.place.scan(knows)
        world.reopen()
    assert world.place.scan(Known(root_id="c0ffee")).root_id == "c0ffee"


def test_an_empty_folder_is_likelier_not_mounted(world: World) -> None:
    """At a start; whoever has really emptied it makes our folder, or drops something."""
    world.place.leave_trace("ab12")
    world.mount("bare")
    world.reopen()
    with pytest.raises(PlaceError, match="is empty"):
        world.place.scan(Known(root_id="ab12"))
    assert world.files() == {}
    world.write("talk.mp4", b"video")
    scan = world.place.scan(Known(root_id="ab12"))
    assert (scan.traced, scan.root_id, scan.familiar) == (False, None, False)


def test_a_trace_that_was_taken_away_is_told_from_another_folder(world: World) -> None:
    """The very root that has borne the id before is familiar, so the trace may be left again."""
    knows = known(world)
    world.write("talk.mp4", b"video")
    world.delete(TRACE)
    scan = world.place.scan(knows)

    assert (scan.root_id, scan.familiar) == (None, True)
    world.place.leave_trace(knows.root_id)
    assert world.place.scan(knows).root_id == knows.root_id


def test_what_is_nobodys_in_our_folder_is_named(world: World) -> None:
    """Not what belongs to a claim, not an empty folder, and not a file of ours."""
    for name in (f"processing/{CLAIM}/a.mp4", "processing/lost/b.mp4", "processing/x/y/z.mp4", "processing/note"):
        world.write(name, b"x")
    world.write("processing/empty/gone", b"")
    world.delete("processing/empty/gone")

    assert world.place.scan(Known(claims=frozenset({CLAIM}))).strays == ("lost", "x")


def test_parts_lie_on_the_ground_that_the_last_scan_saw(world: World) -> None:
    """Before the first one it is asked for: claims may go on earlier."""
    before = world.place.ground_of("talk.mp4")
    grounds = world.place.scan().grounds
    assert before == grounds[0]
    assert world.place.ground_of("talk.mp4") == grounds[0]
    assert grounds[0].folder == ""
