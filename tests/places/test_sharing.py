"""Whoever shares a watch folder may use what we leave there: read it, move it, delete it (R50)."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from panjaya_watchd.places import durable

SERVICE, DROPPER, STRANGER, TOGETHER = 60_001, 60_002, 60_003, 60_010
"""Numbers of users, and of the group that the service and the dropper are both in; none need exist."""

SERVE = """
from panjaya_watchd.core.claim import Destination
from panjaya_watchd.core.drop import group
from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.places.disk import DiskPlace
become()
root, done, claim = Path(sys.argv[1]), Path(sys.argv[2]), ClaimId("c1")
place = DiskPlace(root, done=done, failed=Path("failed"), recursive=True)
(drop,) = group(place.scan().files)
place.post("waiting")
place.take_in(claim, drop)
half = root / "processing" / claim / ".result-talk.es-ES.mp4.part"
half.write_bytes(b"dubbed")
place.keep(claim, "talk.es-ES.mp4")
print(place.put_away(claim, drop, Destination.DONE, {"talk.receipt.toml": claim, "WHY.txt": claim}))
"""

USE = """
become()
root, filed = Path(sys.argv[1]), Path(sys.argv[2])
for path in filed.iterdir():
    if path.name != "talk.mp4":
        path.read_bytes()
        with path.open("ab") as file:
            file.write(b"!")
(filed / "talk.es-ES.mp4").rename(filed.parent / "mine.mp4")
(filed.parent / "mine.mp4").unlink()
for name in ("WHY.txt", "talk.receipt.toml", "talk.mp4"):
    (filed / name).unlink()
(filed / "own.txt").write_text("x")
(filed / "own.txt").unlink()
filed.rmdir()
filed.parent.rmdir()
(root / "STATUS.txt").unlink()
(root / "processing").rmdir()
"""


BECOME = """
import os, sys
from pathlib import Path
def become():  # only here: the interpreter itself may be out of another user's reach
    uid, *groups = map(int, sys.argv.pop(1).split())
    os.umask(0o027), os.setgroups(groups), os.setgid(uid), os.setuid(uid)
"""


def run(script: str, uid: int, *words: str | Path, groups: tuple[int, ...] = (TOGETHER,)) -> str:
    """Run a script as a user with an ordinary umask; gives what it printed."""
    ran = subprocess.run(
        [sys.executable, "-c", BECOME + script, " ".join(map(str, (uid, *groups))), *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@pytest.fixture
def above(tmp_path: Path) -> Path:
    """Give a folder that other users can enter."""
    if os.getuid() != 0:
        pytest.skip("only root can be two other users")
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            folder.chmod(0o711)
    return tmp_path


def folder_of_the_group(path: Path, mode: int) -> Path:
    """Make a folder that belongs to nobody here, for the group to use."""
    path.mkdir()
    os.chown(path, STRANGER, TOGETHER)
    path.chmod(mode)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("elsewhere", [False, True], ids=["done inside", "done elsewhere"])
@pytest.mark.parametrize("mode", [0o2770, 0o770, 0o2775], ids=oct)
def test_a_dropper_may_use_all_that_was_filed(above: Path, mode: int, *, elsewhere: bool) -> None:
    """Another user of the group reads, changes, moves and deletes results, papers and folders; setgid or not."""
    root = folder_of_the_group(above / "watch", mode)
    out = folder_of_the_group(above / "out", 0o2770) if elsewhere else root
    if elsewhere:  # what is made there is for those of the watch folder, not for those of the folder above it
        os.chown(out, SERVICE, SERVICE)
        out.chmod(0o755)
    (root / "talk.mp4").write_bytes(b"video")
    os.chown(root / "talk.mp4", DROPPER, DROPPER)
    (root / "talk.mp4").chmod(0o604)
    filed = root / run(SERVE, SERVICE, root, out / "done")

    seen = {path.name: path.stat() for path in (*filed.iterdir(), filed, filed.parent, root / "STATUS.txt")}
    original = seen.pop("talk.mp4")
    assert (original.st_uid, original.st_gid, stat.S_IMODE(original.st_mode)) == (DROPPER, DROPPER, 0o604)
    assert {status.st_gid for status in seen.values()} == {TOGETHER}
    assert {stat.S_IMODE(seen[name].st_mode) for name in ("talk", "done")} == {mode}
    readable = 0o664 if mode & 0o005 else 0o660
    assert {stat.S_IMODE(seen[name].st_mode) for name in ("talk.es-ES.mp4", "WHY.txt", "STATUS.txt")} == {readable}
    if elsewhere:
        os.chown(out, SERVICE, TOGETHER)
        out.chmod(0o770)
    run(USE, DROPPER, root, filed)

    assert list(root.iterdir()) == []


@pytest.mark.slow
def test_a_service_outside_of_the_group_does_its_work_all_the_same(above: Path) -> None:
    """It cannot give the group away; results are then its own, and nothing fails."""
    root = folder_of_the_group(above / "watch", 0o777)
    (root / "talk.mp4").write_bytes(b"video")
    (root / "talk.mp4").chmod(0o644)
    filed = root / run(SERVE, SERVICE, root, "done", groups=())

    assert (filed / "talk.es-ES.mp4").read_bytes() == b"dubbed"
    assert (filed / "talk.es-ES.mp4").stat().st_gid == SERVICE


def test_the_rights_of_somebody_elses_file_are_not_changed(above: Path) -> None:
    """Root could; whoever swaps another's file for one of ours would have root open it to everybody."""
    secret = above / "secret"
    secret.write_bytes(b"secret")
    os.chown(secret, STRANGER, STRANGER)
    secret.chmod(0o600)
    descriptor = os.open(secret, os.O_RDONLY)
    durable.share(descriptor, durable.Rights(0o664, TOGETHER))
    os.close(descriptor)

    status = secret.stat()
    assert (status.st_gid, stat.S_IMODE(status.st_mode)) == (STRANGER, 0o600)
