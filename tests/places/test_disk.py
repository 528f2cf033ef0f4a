"""What only a real disk can do to us: links, FIFOs, rights, mounts, and the order in which things become durable."""

import contextlib
import ctypes
import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from worlds import CLAIM, DiskWorld, DyingTree, Fuse, drop, half_of

from panjaya_watchd.core.claim import Destination
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.base import Unsettled
from panjaya_watchd.places.disk import MARK, DiskPlace, DiskTree
from panjaya_watchd.places.evidence import Leases, collect
from panjaya_watchd.places.tree import Opened


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give an empty watch folder."""
    folder = tmp_path / "watch"
    folder.mkdir()
    return folder


@pytest.fixture
def place(root: Path) -> DiskPlace:
    """Give the place as the daemon makes it."""
    return DiskPlace(root, done=Path("done"), failed=Path("failed"), recursive=False)


@pytest.fixture(autouse=True)
def descriptors() -> Iterator[None]:
    """Make sure that no verb leaves a descriptor open: an open folder keeps a share from being unmounted."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def settled(root: Path, name: str = "talk.mp4") -> Drop:
    """Write one video and give its drop."""
    world = DiskWorld(root)
    world.write(name, b"video")
    return drop(world)


def test_what_is_no_regular_file_is_refused_by_name_and_never_read(
    root: Path, place: DiskPlace, tmp_path: Path
) -> None:
    """Links, FIFOs and folders that pose as parts, and what is no part by its name, are all reported and left alone."""
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"secret")
    (root / "link.mp4").symlink_to(secret)
    (root / "gone.srt").symlink_to("nowhere")
    os.mkfifo(root / "pipe.toml")
    os.mkfifo(root / "pipe")
    (root / "folder.mp4").mkdir()

    scan = place.scan()

    assert scan.files == ()
    assert sorted(name for name, _ in scan.refused) == ["folder.mp4", "gone.srt", "link.mp4", "pipe", "pipe.toml"]


@pytest.mark.parametrize("name", ["talk.toml", "Talk.es-ES.SRT", "talk.background.wav", "talk.mov"])
def test_a_sidecar_that_is_no_file_holds_its_video_back(root: Path, place: DiskPlace, name: str) -> None:
    """It is never read, and without it something else would be bought than was meant; others do not wait."""
    seen = settled(root)
    os.mkfifo(root / name)
    (root / "talking.toml").symlink_to("nowhere")
    (root / "talk.txt").symlink_to("nowhere")
    (root / "talk.srt").mkdir()

    (found,) = place.evidence(seen)
    assert found.says.startswith(f"waits, because {name} beside it is a link, or something else that cannot be read")


@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_a_part_that_turned_into_something_else_is_not_opened(root: Path, place: DiskPlace, kind: str) -> None:
    """A swap after settling is seen by every verb that would read, and a FIFO makes none of them wait."""
    seen = settled(root)
    video = root / "talk.mp4"
    video.rename(root / "kept.bin")
    if kind == "link":
        video.symlink_to(root / "kept.bin")
    elif kind == "fifo":
        os.mkfifo(video)
    else:
        video.mkdir()

    assert "never read" in place.evidence(seen)[0].says
    with pytest.raises(Unsettled, match="no file any more"):
        place.read(seen.parts[0], 100)
    with pytest.raises(Unsettled, match="no file any more"):
        place.take_in(CLAIM, seen)
    assert not place.made_here(seen.parts[0])
    assert not (root / "processing").exists()


def test_a_hard_link_is_a_file_like_any_other(root: Path, place: DiskPlace) -> None:
    """Taking one name in leaves the other name where it is."""
    seen = settled(root)
    os.link(root / "talk.mp4", root / "other.txt")
    seen = drop(DiskWorld(root), "talk")

    place.take_in(CLAIM, seen)

    assert (root / "other.txt").read_bytes() == b"video"
    assert (root / "processing" / CLAIM / "talk.mp4").samefile(root / "other.txt")


def test_a_rename_cut_between_link_and_unlink_is_finished(root: Path, place: DiskPlace) -> None:
    """Where a file system needs two steps for a rename, a crash between them leaves two names; one remains."""
    seen = settled(root)
    (root / "processing" / CLAIM).mkdir(parents=True)
    os.link(root / "talk.mp4", root / "processing" / CLAIM / "talk.mp4")

    place.take_in(CLAIM, seen)
    assert not (root / "talk.mp4").exists()

    os.link(root / "processing" / CLAIM / "talk.mp4", root / "talk.mp4")
    assert place.put_away(CLAIM, seen, Destination.BACK, {}) == "talk.mp4"
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["talk.mp4"]


def file_at_once(place: DiskPlace, seen: Drop) -> None:
    """Take in and put away."""
    place.take_in(CLAIM, seen)
    place.put_away(CLAIM, seen, Destination.DONE, {"WHY.txt": CLAIM})


@pytest.mark.parametrize("name", ["processing", "done"])
def test_a_link_in_place_of_our_folder_leads_nowhere(root: Path, place: DiskPlace, tmp_path: Path, name: str) -> None:
    """Nothing is moved through a link that stands where our own folder should be."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / name).symlink_to(elsewhere)
    seen = settled(root)

    with pytest.raises(PlaceError, match="a real folder is needed"):
        file_at_once(place, seen)

    assert list(elsewhere.iterdir()) == []
    assert len([path for path in root.rglob("talk.mp4") if path.is_file()]) == 1


def test_names_that_lead_out_of_the_folder_are_refused(root: Path) -> None:
    """No step walks up."""
    tree = DiskTree(root)

    with pytest.raises(OSError, match="not a name below"):
        tree.create("../x/y", [b""])


def test_the_status_is_never_written_through_a_link(root: Path, place: DiskPlace, tmp_path: Path) -> None:
    """Somebody's link named ``STATUS.txt`` is left alone, and so is what it points at."""
    target = tmp_path / "target"
    target.write_text("precious")
    (root / "STATUS.txt").symlink_to(target)

    with pytest.raises(PlaceError, match=r"STATUS\.txt"):
        place.post("hello")
    with pytest.raises(PlaceError, match=r"STATUS\.txt"):
        place.post(None)

    assert target.read_text() == "precious"
    assert (root / "STATUS.txt").is_symlink()


def test_a_missing_root_is_waited_for(root: Path, place: DiskPlace) -> None:
    """A folder that is away is an error with a hint, is never made anew, and works again once it is back."""
    settled(root)
    place.scan()
    away = root.rename(root.with_name("away"))

    with pytest.raises(PlaceError, match="once it is back"):
        place.scan()
    with pytest.raises(PlaceError):
        place.post("x")
    assert not root.exists()

    away.rename(root)
    assert len(place.scan().files) == 1


def test_another_folder_in_the_roots_place_is_not_trusted(root: Path, place: DiskPlace) -> None:
    """An empty mount point is not an emptied folder; the first root is trusted again when it is back."""
    settled(root)
    place.scan()
    away = root.rename(root.with_name("away"))
    root.mkdir()

    with pytest.raises(PlaceError, match="another one in its place"):
        place.scan()

    root.rmdir()
    away.rename(root)
    assert len(place.scan().files) == 1


def test_a_root_that_is_no_folder_is_a_place_error(root: Path) -> None:
    """A file where the folder should be is told, not crashed on."""
    (root / "file").write_bytes(b"")

    with pytest.raises(PlaceError, match="expected a folder"):
        DiskPlace(root / "file", done=Path("done"), failed=Path("failed"), recursive=False).scan()


def test_taking_in_syncs_both_folders_after_the_last_rename(root: Path) -> None:
    """What makes it durable comes last: the claim's folder, the one above, then where the parts were."""
    world = DiskWorld(root)
    world.write("talk.mp4", b"video")
    world.write("talk.toml", b"")
    seen = drop(world)

    world.place.take_in(CLAIM, seen)

    inside = f"processing/{CLAIM}"
    assert world.fuse.steps == [
        *("make processing", "sync ", f"make {inside}", "sync processing"),
        *(f"move talk.mp4 {inside}/talk.mp4", f"move talk.toml {inside}/talk.toml"),
        *(f"sync {inside}", "sync processing", "sync "),
    ]


def test_giving_back_leaves_no_empty_folder(root: Path, place: DiskPlace) -> None:
    """A drop that goes back with nothing but half a download is not filed anywhere."""
    seen = settled(root)
    place.take_in(CLAIM, seen)
    half_of(root, CLAIM, "talk.es-ES.mp4").write_bytes(b"half")

    place.put_away(CLAIM, seen, Destination.BACK, {})

    assert sorted(str(path.relative_to(root)) for path in root.rglob("*")) == ["processing", "talk.mp4"]


def rewrite(video: Path) -> None:
    """Change a file's content and put its time back, as ``rsync`` and ``cp -p`` do."""
    before = video.stat()
    video.write_bytes(b"VIDEO")
    os.utime(video, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_rewrite_that_restores_the_time_is_seen(root: Path, place: DiskPlace) -> None:
    """Same size, same ``mtime``: the change of ``ctime`` still says that the drop is not what settled."""
    seen = settled(root)
    rewrite(root / "talk.mp4")

    with pytest.raises(Unsettled, match="has changed"):
        place.take_in(CLAIM, seen)
    with pytest.raises(Unsettled, match="has changed"):
        place.read(seen.parts[0], 100)
    assert place.evidence(seen)[0].says == "is still changing"


def test_a_rewrite_between_two_renames_that_restores_the_time_is_seen(root: Path) -> None:
    """The check stands right before each rename."""
    world = DiskWorld(root)
    world.write("talk.es-ES.srt", b"1")
    world.write("talk.mp4", b"video")
    seen = drop(world)

    def change(step: str) -> None:
        if step.startswith("move talk.es-ES.srt"):
            rewrite(root / "talk.mp4")

    world.fuse.before = change
    with pytest.raises(Unsettled, match="has changed"):
        world.place.take_in(CLAIM, seen)

    assert world.files() == {"talk.es-ES.srt": b"1", "talk.mp4": b"VIDEO"}


def test_a_rewrite_during_the_upload_that_restores_the_time_is_seen(root: Path, place: DiskPlace) -> None:
    """The open part compares ``ctime`` too."""
    seen = settled(root)
    place.take_in(CLAIM, seen)
    with contextlib.closing(place.open_part(CLAIM, seen.parts[0])) as source:
        rewrite(root / "processing" / CLAIM / "talk.mp4")

        assert "was changed" in (source.changed() or "")


def test_a_result_is_synced_before_it_gets_its_name(root: Path) -> None:
    """A name that people see never stands for half a video, also after a power cut."""
    world = DiskWorld(root)
    partial = half_of(world.root, CLAIM, "talk.es-ES.mp4")
    world.download(partial, b"dubbed")

    world.place.keep(CLAIM, "talk.es-ES.mp4")

    inside = f"processing/{CLAIM}"
    hidden = f"{inside}/{partial.name}"
    assert world.fuse.steps == [
        *(f"mark {hidden}", f"sync {hidden}", f"move {hidden} {inside}/talk.es-ES.mp4", f"sync {inside}"),
    ]


def test_papers_are_durable_before_the_claims_folder_moves(root: Path) -> None:
    """Whoever sees the filed folder sees whole papers, also after a power cut."""
    world = DiskWorld(root)
    world.write("talk.mp4", b"video")
    seen = drop(world)
    world.place.take_in(CLAIM, seen)
    world.fuse.arm(None)

    world.place.put_away(CLAIM, seen, Destination.DONE, {"r.txt": CLAIM})

    inside = f"processing/{CLAIM}"
    beside = f"{inside}/.paper-r.txt.part"
    assert world.fuse.steps == [
        *(f"create {beside}", f"sync {beside}", f"replace {beside} {inside}/r.txt", f"sync {inside}"),
        *(f"sync {inside}", "make done", "sync ", f"move {inside} done/talk", "sync done", "sync processing"),
    ]


@pytest.mark.parametrize(("mode", "file_mode"), [(0o755, 0o644), (0o2775, 0o664)])
def test_what_we_make_is_open_to_whom_the_folder_is_open(root: Path, mode: int, file_mode: int) -> None:
    """People who may use the folder may use, and remove, papers and results (R50); setgid is passed on."""
    root.chmod(mode)
    place = DiskPlace(root, done=Path("done"), failed=Path("failed"), recursive=False)
    seen = settled(root)
    place.take_in(CLAIM, seen)
    partial = half_of(root, CLAIM, "talk.es-ES.mp4")
    partial.write_bytes(b"dubbed")
    partial.chmod(0o600)
    place.keep(CLAIM, "talk.es-ES.mp4")

    where = root / place.put_away(CLAIM, seen, Destination.DONE, {"r.txt": CLAIM})

    assert [stat.S_IMODE(path.stat().st_mode) for path in (where, where.parent)] == [mode, mode]
    assert stat.S_IMODE((where / "r.txt").stat().st_mode) == file_mode
    assert stat.S_IMODE((where / "talk.es-ES.mp4").stat().st_mode) == file_mode
    assert os.getxattr(where / "talk.es-ES.mp4", MARK) == CLAIM.encode()


def test_done_may_be_an_absolute_path_inside_the_folder(root: Path) -> None:
    """It is then pruned from scans, and answers are relative, as if it were written so."""
    place = DiskPlace(root, done=root / "out/done", failed=Path("failed"), recursive=True)
    seen = settled(root)
    place.take_in(CLAIM, seen)

    assert place.put_away(CLAIM, seen, Destination.DONE, {}) == "out/done/talk"
    assert place.scan().files == ()


def test_done_on_the_same_device_elsewhere_is_a_rename(root: Path, tmp_path: Path) -> None:
    """Nothing is copied where a rename does, and the answer is absolute."""
    place = DiskPlace(root, done=tmp_path / "done", failed=Path("failed"), recursive=False)
    seen = settled(root)
    before = (root / "talk.mp4").stat().st_ino
    place.take_in(CLAIM, seen)

    where = place.put_away(CLAIM, seen, Destination.DONE, {})

    assert where == str(tmp_path / "done/talk")
    assert (tmp_path / "done/talk/talk.mp4").stat().st_ino == before
    assert place.put_away(CLAIM, seen, Destination.DONE, {}) == where


class BusyTree(DyingTree):
    """A share on which opening files fails as it does on real ones."""

    def __init__(self, root: Path, code: int) -> None:
        super().__init__(root, Fuse())
        self._code = code

    def open(self, name: str) -> Opened:
        """Fail."""
        raise OSError(self._code, os.strerror(self._code), name)


NOWHERE = Leases(lambda _: False)


@pytest.mark.parametrize("name", "EBUSY ETXTBSY EAGAIN EACCES ESTALE EIO".split())
def test_an_error_on_opening_is_a_not_yet(root: Path, name: str) -> None:
    """What a share answers while a file is being written is evidence, not a failure (R17)."""
    seen = settled(root)

    found = collect(BusyTree(root, getattr(errno, name)), seen, NOWHERE)

    assert [evidence.name for evidence in found] == ["talk.mp4"]
    assert found[0].says.startswith(("is in use", "is still being copied, or may not", "cannot be read"))


def test_our_own_trouble_is_no_evidence(root: Path) -> None:
    """Too many open files say nothing about the drop."""
    seen = settled(root)

    with pytest.raises(OSError, match="Too many open files"):
        collect(BusyTree(root, errno.EMFILE), seen, NOWHERE)


UNPRIVILEGED = """
import os, sys
from pathlib import Path
root, act = Path(sys.argv[1]), sys.argv[2]
from panjaya_watchd.core.drop import group
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.disk import DiskPlace
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
place = DiskPlace(root, done=Path("done"), failed=Path("failed"), recursive=True)
try:
    scan = place.scan()
    print(sorted(name for name, _ in scan.files), sorted(scan.refused))
    (drop,) = group(scan.files)
    print([evidence.says for evidence in place.evidence(drop)])
    place.take_in("c1", drop)
except PlaceError as error:
    print(error)
"""


def unprivileged(root: Path) -> list[str]:
    """Scan, look and take in as a user without rights; gives what was printed, line by line."""
    root.parent.chmod(0o755)
    for above in root.parents:
        if not above.stat().st_mode & stat.S_IXOTH:
            above.chmod(0o711)
    ran = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED, str(root), ""], capture_output=True, text=True, check=True
    )
    return ran.stdout.splitlines()


@pytest.mark.slow
def test_a_folder_that_may_not_be_written_is_a_place_error(root: Path) -> None:
    """A read-only folder is seen and read; taking in fails with a hint about rights and moves nothing."""
    settled(root)
    root.chmod(0o555)

    lines = unprivileged(root)

    assert lines[:2] == ["['talk.mp4'] []", "[]"]
    assert "Permission denied" in lines[2]
    assert "Give the service's user the right" in lines[2]
    assert (root / "talk.mp4").read_bytes() == b"video"


@pytest.mark.slow
def test_what_may_not_be_read_is_said_and_harms_nothing_else(root: Path) -> None:
    """A locked sub-folder is refused by name, an unreadable file says "not yet"."""
    settled(root)
    root.chmod(0o777)
    (root / "talk.mp4").chmod(0o600)
    (root / "locked").mkdir(mode=0o700)

    lines = unprivileged(root)

    assert lines[0] == "['talk.mp4'] [('locked', 'is a folder that the service may not look into')]"
    assert "or may not be read by the service" in lines[1]


@pytest.mark.slow
def test_a_folder_that_may_not_be_looked_into_is_a_place_error(root: Path) -> None:
    """No right to list the root is the folder's trouble, with a hint."""
    root.chmod(0o300)

    assert "expected a folder that can be read, found: Permission denied" in unprivileged(root)[0]


@pytest.mark.slow
def test_a_mount_over_the_root_is_not_trusted(root: Path) -> None:
    """A file system that appears over the folder is another folder, until it is gone again."""
    libc = ctypes.CDLL(None, use_errno=True)
    place = DiskPlace(root, done=Path("done"), failed=Path("failed"), recursive=False)
    settled(root)
    place.scan()
    if libc.mount(b"tmpfs", os.fsencode(root), b"tmpfs", 0, None):
        reason = "mounting needs rights that this run lacks"
        pytest.skip(reason)
    try:
        with pytest.raises(PlaceError, match="another one in its place"):
            place.scan()
    finally:
        assert libc.umount(os.fsencode(root)) == 0, "no descriptor of ours may keep the mount busy"

    assert len(place.scan().files) == 1


@pytest.mark.slow
def test_a_full_disk_is_a_place_error_and_loses_nothing(root: Path) -> None:
    """Papers that find no space stop the filing; with space, asking again finishes it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", os.fsencode(root), b"tmpfs", 0, b"size=64k"):
        reason = "mounting needs rights that this run lacks"
        pytest.skip(reason)
    try:
        place = DiskPlace(root, done=Path("done"), failed=Path("failed"), recursive=False)
        seen = settled(root)
        place.take_in(CLAIM, seen)
        (root / "filler").write_bytes(Random(1).randbytes(56 * 1024))
        with pytest.raises(PlaceError, match="Free some space"):
            place.put_away(CLAIM, seen, Destination.DONE, {"r.txt": CLAIM * 3000})
        (root / "filler").unlink()

        where = place.put_away(CLAIM, seen, Destination.DONE, {"r.txt": CLAIM * 3000})

        assert sorted(path.name for path in (root / where).iterdir()) == ["r.txt", "talk.mp4"]
    finally:
        libc.umount(os.fsencode(root))
