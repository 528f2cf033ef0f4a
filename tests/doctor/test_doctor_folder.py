"""One watch folder under the doctor: real file systems, real users, and nothing left behind."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mounting import Mounts, mounts
from outsiders import let_in

from panjaya_watchd.core.profiles import Ground, Profile
from panjaya_watchd.doctor import folder, moves, patience
from panjaya_watchd.doctor.findings import Finding, Level
from panjaya_watchd.doctor.folder import Job
from panjaya_watchd.doctor.identity import CAP_LEASE, Identity, own
from panjaya_watchd.doctor.probes import PREFIX
from panjaya_watchd.places import durable
from panjaya_watchd.places.disk import DiskTree
from panjaya_watchd.places.junk import is_junk, is_junk_folder

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else, and mount")
STRANGER = Identity(uid=54321, gid=54321, groups=(54321,), capabilities=1 << CAP_LEASE, umask=0o002)


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """Give a watch folder that everybody can get at."""
    made = let_in(tmp_path) / "drop"
    made.mkdir()
    return made


@pytest.fixture
def mounted() -> Iterator[Mounts]:
    """Give a way to mount for a while."""
    with mounts() as made:
        yield made


def job(drop: Path, **changes: Any) -> Job:
    """Describe a folder with usual settings."""
    usual: dict[str, Any] = {"done": "done", "failed": "failed", "profile": None, "recursive": False, "languages": 1}
    return Job(path=str(drop), **usual | changes)


def look(drop: Path, **changes: Any) -> dict[str, Finding]:
    """Look at a folder in this very process; the findings by what was checked."""
    found = [said for said in folder.look(job(drop, **changes)) if isinstance(said, Finding)]
    return {finding.check: finding for finding in found}


def look_as(who: Identity, drop: Path, **changes: Any) -> dict[str, Finding]:
    """Look at a folder as somebody."""
    described = job(drop, **changes)
    asked = {name: getattr(described, name) for name in Job.__slots__}
    told = patience.look("folder", who, asked)
    assert told.well
    return {said["finding"]["check"]: Finding(**said["finding"]) for said in told.said if "finding" in said}


def below(drop: Path) -> list[str]:
    """Give everything below a folder."""
    return sorted(path.relative_to(drop).as_posix() for path in drop.rglob("*"))


def wrong(found: dict[str, Finding]) -> dict[str, str]:
    """Give what is not fine."""
    return {check: finding.level for check, finding in found.items() if finding.level != "ok"}


def test_a_sound_folder_is_fine_and_stays_as_it_was(drop: Path) -> None:
    """Every move is tried, into ours where they are there and beside them where not; nothing is left."""
    for name in ("talk.mp4", "processing/.panjaya-watchd", "done/old/old.mp4"):
        (drop / name).parent.mkdir(parents=True, exist_ok=True)
        (drop / name).write_text("0123abcd")
    before = below(drop)
    found = look(drop, root_id="0123abcd")

    assert wrong(found) == {}
    tried = [
        "root",
        "rights",
        "disk",
        "notices",
        "results",
        "sync",
        "writers",
        "rename",
        "processing",
        "done",
        "failed",
    ]
    assert list(found) == tried
    assert found["root"].found == "It is the folder that the service knows (0123abcd)."
    assert "at once" in found["notices"].found
    assert found["processing"].found == "Files can be moved into processing/."
    assert below(drop) == before


def test_an_empty_folder_is_not_marked_as_ours(drop: Path) -> None:
    """A ``processing/`` of the doctor's would make the daemon believe that it has been there."""
    found = look(drop, recursive=True)

    assert wrong(found) == {}
    assert "not made yet" in found["processing"].found
    assert "has not been here yet" in found["root"].found
    assert below(drop) == []


def test_no_daemon_takes_a_probe() -> None:
    """By their names they are nobody's parts, and no folder to look into."""
    assert is_junk(PREFIX + "0123456789ab")
    assert is_junk_folder(PREFIX + "0123456789ab")


def test_another_folder_is_not_the_known_one(drop: Path) -> None:
    """Nor is an empty one, nor one that has lost its id; nothing is tried there."""
    empty = look(drop, root_id="0123abcd")
    (drop / "talk.mp4").write_bytes(b"video")
    lost = look(drop, root_id="0123abcd")
    (drop / "processing").mkdir()
    (drop / "processing" / ".panjaya-watchd").write_text("ffff\n")
    foreign = look(drop, root_id="0123abcd")

    assert wrong(empty) == {"use": "trouble"}
    assert "even processing/ is gone" in empty["use"].found
    assert wrong(lost) == {"root": "warning"}
    assert wrong(foreign) == {"root": "trouble"}
    assert "bears the id ffff" in foreign["root"].found
    assert "rename" not in empty.keys() | foreign.keys()


@ROOT
@pytest.mark.slow
def test_a_full_and_a_read_only_disk(drop: Path, mounted: Mounts) -> None:
    """What the kernel refuses is told as the daemon would tell it; what is there of a probe goes."""
    mounted.tmpfs(drop, "size=64k")
    small = look(drop)
    (drop / "filling").write_bytes(bytes(64 << 10))
    full = look(drop)
    left = below(drop)
    mounted.again(drop, "ro")
    read_only = look(drop)

    assert (small["disk"].level, small["done"].level) == (Level.TROUBLE, Level.OK)
    assert "64 KiB free, and 1.0 GiB are needed for results" in small["disk"].found
    assert "No space left" in full["use"].found
    assert full["use"].todo is not None
    assert full["use"].todo.startswith("Free some space")
    assert left == ["filling"]
    assert "mounted read-only" in read_only["use"].found


@ROOT
@pytest.mark.slow
def test_a_disk_without_inodes(drop: Path, mounted: Mounts) -> None:
    """There is room, and hardly a file can be made."""
    mounted.tmpfs(drop, "size=2g,nr_inodes=300")
    found = look(drop)

    assert found["disk"].level is Level.WARNING
    assert "more files can be made" in found["disk"].found


@ROOT
@pytest.mark.slow
def test_what_waits_decides_how_much_room_is_needed(drop: Path, mounted: Mounts) -> None:
    """A result takes about what its video takes, in each language."""
    mounted.tmpfs(drop, "size=3g")
    enough = look(drop, languages=9)["disk"]
    with (drop / "talk.mp4").open("wb") as video:
        video.truncate(1 << 30)
    lacking = look(drop, languages=9)["disk"]

    assert enough.level is Level.OK
    assert lacking.level is Level.WARNING
    assert "9.0 GiB are needed for the results of the largest video" in lacking.found


@ROOT
@pytest.mark.slow
def test_done_on_another_device(drop: Path, mounted: Mounts, tmp_path: Path) -> None:
    """It is said that results are copied there, and tried whether they can be; each device has its room looked at."""
    elsewhere = mounted.tmpfs(tmp_path / "elsewhere", "size=1m")
    found = [said for said in folder.look(job(drop, done=str(elsewhere / "done"))) if isinstance(said, Finding)]
    said = {finding.check: finding for finding in found}
    elsewhere.joinpath("done").mkdir()
    mounted.again(elsewhere, "ro")
    read_only = look(drop, done=str(elsewhere / "done"))

    assert "is another device" in said["done"].found
    assert "in one step" in said["failed"].found
    assert [finding.level for finding in found if finding.check == "disk"] == [Level.OK, Level.TROUBLE]
    assert "Read-only file system" in read_only["use"].found
    assert (below(drop), below(elsewhere)) == ([], ["done"])


@ROOT
@pytest.mark.slow
def test_a_share_through_fuse(drop: Path, mounted: Mounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without RENAME_NOREPLACE a hard link serves; without both it is said who may lose a file."""
    if shutil.which("bindfs") is None:
        pytest.skip("Debian's package bindfs is missing")
    share = drop.with_name("share")
    share.mkdir()
    subprocess.run(["bindfs", drop, share], check=True)
    try:
        linked = look(share)
        monkeypatch.setattr(durable, "link", lambda *_: False)
        bare = look(share)
    finally:
        subprocess.run(["umount", "--lazy", share], check=True)

    assert wrong(linked) == {}
    assert "by a hard link" in linked["rename"].found
    assert "only our own writing" in linked["notices"].found
    assert "is not known here" in linked["writers"].found
    assert wrong(bare) == {"rename": "warning"}
    assert below(drop) == []


@ROOT
@pytest.mark.slow
def test_the_rights_of_the_services_user(drop: Path) -> None:
    """The sticky bit, files that cannot be read, a folder that cannot be written: nothing of it stops root."""
    drop.chmod(0o1777)
    (drop / "secret.mp4").touch(mode=0o600)
    (drop / "open.mp4").touch(mode=0o644)
    sticky = look_as(STRANGER, drop)
    drop.chmod(0o777)
    closed = look_as(STRANGER, drop)
    drop.chmod(0o755)
    unwritable = look_as(STRANGER, drop)
    (drop / "processing").mkdir(mode=0o700)
    shut = look_as(STRANGER, drop, root_id="0123abcd")
    (drop / "processing").rmdir()
    of_root = look(drop)

    assert sticky["rights"].level == "trouble"
    assert (
        "has the sticky bit and belongs to root: user 54321 may not move other people's files" in sticky["rights"].found
    )
    assert closed["rights"].level == "warning"
    assert "may not read 1 of 2 files, such as secret.mp4" in closed["rights"].found
    assert (unwritable["rights"].level, unwritable["use"].level) == ("trouble", "trouble")
    assert "user 54321 may not write" in unwritable["rights"].found
    assert of_root["rights"].level is Level.OK
    assert wrong(shut) == {"use": "trouble"}
    assert "(processing): Permission denied" in shut["use"].found
    assert closed["results"].found.endswith("everybody can read and delete them.")
    assert below(drop) == ["open.mp4", "secret.mp4"]


@ROOT
@pytest.mark.slow
def test_the_group_and_the_rights_of_results(drop: Path) -> None:
    """They are for whom the folder is for; a service outside of that group cannot see to it."""
    os.chown(drop, STRANGER.uid, 54777)
    drop.chmod(0o770)
    looks = [look_as(STRANGER, drop)]
    drop.chmod(0o2770)
    looks += [look_as(STRANGER, drop), look_as(replace(STRANGER, umask=0o022), drop)]
    drop.chmod(0o750)
    looks.append(look(drop))
    for found in looks:
        assert "results" in found, found
    outside, setgid, masked, reading = (found["results"] for found in looks)

    assert outside.level == "warning"
    assert "belong to the group 54321, files 0660, folders 0770: the group 54777" in outside.found
    assert outside.found.endswith("cannot read them.")
    assert outside.todo is not None
    assert outside.todo.startswith("Add the service's user to it (SupplementaryGroups=54777), or: chmod g+s ")
    assert setgid.level == "ok"
    assert (
        setgid.found
        == "Results belong to the group 54777, files 0660, folders 2770: the group can read and delete them."
    )
    assert masked.level == "warning"
    assert masked.todo is not None
    assert reading.found.endswith("folders 0750: the group can read them.")


@ROOT
@pytest.mark.slow
def test_the_privilege_to_ask_who_writes(drop: Path) -> None:
    """It is tried with it and without."""
    drop.chmod(0o777)
    bare = replace(STRANGER, capabilities=0)

    assert look_as(STRANGER, drop)["writers"].level == "ok"
    found = look_as(bare, drop)["writers"]
    assert found.level == "warning"
    assert found.todo is not None
    assert "CAP_LEASE" in found.todo


def test_capitals_that_make_no_other_name(drop: Path) -> None:
    """Told only where it is so; played by a second file, as no kernel in reach has such a file system."""
    tree = DiskTree(drop)
    (drop / "probe").touch()
    apart = list(moves.names(tree, "probe"))
    (drop / "PROBE").touch()

    assert apart == []
    assert [finding.check for finding in moves.names(tree, "probe")] == ["names"]


def test_a_file_system_that_cannot_flush_names(drop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told that a power cut may undo a rename."""
    flush = durable.sync
    monkeypatch.setattr(durable, "sync", lambda descriptor: flush(descriptor) and False)

    assert wrong(look(drop)) == {"sync": "warning"}


def test_mount_options_that_hide_changes() -> None:
    """They are told for each file system, with what to mount it with."""
    grounds = (
        Ground(folder="", kind="nfs4", profile=Profile.NFS, options="rw,relatime,rw,vers=4.2,soft,proto=tcp"),
        Ground(folder="in", kind="cifs", profile=Profile.CIFS, options="rw,rw,vers=3.1.1,cache=loose,serverino"),
        Ground(folder="out", kind="cifs", profile=Profile.CIFS, options="rw,rw,vers=3.1.1,cache=strict"),
        Ground(folder="good", kind="nfs4", profile=Profile.NFS, options="rw,rw,hard,softreval"),
        Ground(folder="disk", kind="ext4", profile=Profile.LOCAL, options="rw"),
    )
    told = list(folder._storage(grounds))

    assert [finding.level for finding in told] == [Level.WARNING] * 3
    assert told[0].found == "nfs4, mounted rw,relatime,rw,vers=4.2,soft,proto=tcp."
    assert [str(finding.todo).partition(":")[0] for finding in told] == ["soft", "cache=loose", "without serverino"]
    assert told[1].found.startswith("in/ below it: cifs")


def test_what_was_left_long_ago_is_swept(drop: Path) -> None:
    """A doctor that was killed leaves its probes; one that looks at this moment keeps them."""
    old, new = drop / f"{PREFIX}000000000001", drop / f"{PREFIX}000000000002"
    old.mkdir()
    (old / f"{PREFIX}000000000003").touch()
    new.touch()
    (drop / f"{PREFIX}000000000004").mkdir()
    (drop / f"{PREFIX}000000000004" / "theirs.mp4").touch()
    for path in (old, drop / f"{PREFIX}000000000004"):
        os.utime(path, (time.time() - 7200, time.time() - 7200))
    look(drop)

    assert below(drop) == [new.name, f"{PREFIX}000000000004", f"{PREFIX}000000000004/theirs.mp4"]


@pytest.mark.slow
def test_one_that_is_told_to_end_leaves_nothing(drop: Path) -> None:
    """Whatever it is at."""
    waits = (
        "import sys, time; from panjaya_watchd.doctor import child, moves\n"
        "def writers(*_):\n    print('{}', flush=True)\n    time.sleep(60)\n"
        "moves.writers = writers; child.main()"
    )
    described = job(drop)
    asked = {"look": "folder", "who": None, "job": {name: getattr(described, name) for name in Job.__slots__}}
    asked["who"] = {name: getattr(own(), name) for name in Identity.__slots__}
    with subprocess.Popen(
        [sys.executable, "-c", waits],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(folder.__file__).parents[2])},
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(asked).encode())
        child.stdin.close()
        while child.stdout.readline() != b"{}\n":
            pass
        during = below(drop)
        child.terminate()
        assert child.wait(10) == 1

    assert len(during) == 4
    assert below(drop) == []
