"""Shares that go and come back under the running daemon: nothing is lost, nothing is paid twice, nobody restarts it."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from machine import Machine, files, talk
from mounting import Mounts, mounts

from panjaya_watchd.core.names import FolderName
from panjaya_watchd.ledger.sql import read_only

Opener = Callable[..., Machine]
LOAD: Final = 100
LONG: Final = 240.0


@pytest.fixture
def mounted() -> Iterator[Mounts]:
    """Give a way to mount for a while."""
    with mounts() as made:
        yield made


def know(machine: Machine) -> None:
    """Wait until the ledger holds the id of the watch folder: from then on no other one is taken for it."""

    def is_known() -> bool:
        with closing(read_only(machine.url)) as ledger:
            baseline = ledger.baseline(FolderName("drop"))
        return baseline is not None and baseline.root_id is not None

    machine.until(is_known, "the id of the folder to be known")


def lie_still(machine: Machine, folder: str = "drop") -> dict[str, Any]:
    """Wait until a folder was looked at this very moment; give what the daemon says of it."""

    def just_seen() -> dict[str, Any] | None:
        said = machine.folder(folder)
        return said if (said["scanned_seconds_ago"] or 0.0) < 0.4 and not said["trouble"] else None

    return machine.until(just_seen, "a look that is just over") or {}


def are_done(share: Path, count: int) -> bool:
    """Say whether so many drops are answered."""
    return len(list(share.glob("done/*"))) >= count


def test_a_share_that_comes_and_goes_under_load(open_machine: Opener, mounted: Mounts, tmp_path: Path) -> None:
    """Unmounted twice and replaced by a foreign one once, it is waited for; the other folder goes on all the time."""
    machine = open_machine(folders={"drop": {}, "other": {}}, limits={"uploads": 4})
    share, drop, other = mounted.tmpfs(tmp_path / "share"), machine.home / "drop", talk(10_000)
    mounted.bind(share, drop)
    machine.start()
    know(machine)
    videos = {f"v{number:03}": talk(number) for number in range(LOAD)}
    for stem, video in videos.items():
        machine.drop(f"{stem}.mp4", video)
    for away in range(3):
        machine.until(partial(are_done, share, LOAD // 5 * (away + 1)), "a fifth more to be done", LONG)
        mounted.unmount(drop)
        if away == 2:
            mounted.tmpfs(drop)
        machine.until(lambda: machine.folder()["trouble"], "the folder to be missed")
        machine.drop(f"o{away}.mp4", talk(10_000 + away), folder="other")
        assert machine.answer(f"o{away}", folder="other").parent.name == "done"
        assert list(drop.iterdir()) == [], "nothing of ours is made on a foreign share"
        if away == 2:
            mounted.unmount(drop)
        mounted.bind(share, drop)
        machine.until(lambda: not machine.folder()["trouble"], "the folder to be seen again")

    machine.until(lambda: len(list(share.glob("done/*/*.receipt.toml"))) == LOAD, "all to be done", LONG)
    machine.until(lambda: not machine.status()["claims"], "every claim to be closed")
    assert {path.name: (path / f"{path.name}.mp4").read_bytes() for path in share.glob("done/*")} == videos
    assert [len(machine.bills(video)) for video in [*videos.values(), other]] == [1] * (LOAD + 1)
    assert not list(share.glob("failed/*"))
    assert len(machine.story("folder.remounted", folder="drop")) == 3
    assert len(machine.story("daemon.ready")) == 1
    assert not machine.noted("Traceback")


def is_seen(machine: Machine, name: str) -> bool:
    """Say whether a drop waits to be taken."""
    return name in machine.waiting()


def test_hints_work_again_after_a_remount(open_machine: Opener, mounted: Mounts, tmp_path: Path) -> None:
    """The kernel's watch has died with the mount; it is set anew, so a drop is seen long before the next look."""
    machine = open_machine(folders={"drop": {"quiet": "60s"}})
    drop = mounted.tmpfs(machine.home / "drop")
    machine.start()
    know(machine)
    kept = mounted.bind(drop, tmp_path / "kept")
    mounted.unmount(drop)
    machine.until(lambda: machine.folder()["trouble"], "the folder to be missed")
    mounted.bind(kept, drop)
    machine.until(lambda: machine.story("folder.remounted"), "the folder to be seen again")
    time.sleep(1.5)  # the look after the watch was set
    took = []
    for number in range(3):  # on a busy machine one may be slow
        lie_still(machine)
        began = time.monotonic()
        machine.drop(f"{number}.mp4", talk(number))
        machine.until(partial(is_seen, machine, f"{number}.mp4"), "the drop to be seen")
        took.append(time.monotonic() - began)

    assert min(took) < 3.5, "the pace is 5 s"


def test_another_share_in_its_place_is_left_alone(open_machine: Opener, mounted: Mounts, tmp_path: Path) -> None:
    """One that bears another daemon's id is no place to take a drop from, until a person says that it is right."""
    machine = open_machine()
    drop = mounted.tmpfs(machine.home / "drop")
    machine.start()
    know(machine)
    mounted.unmount(drop)
    foreign = mounted.tmpfs(tmp_path / "foreign")
    (foreign / "processing").mkdir()
    (foreign / "processing" / ".panjaya-watchd").write_text("00c0ffee00\n")
    (foreign / "talk.mp4").write_bytes(talk())
    mounted.bind(foreign, drop)

    machine.until(lambda: "another folder is mounted here" in (machine.folder()["trouble"] or ""), "it to be told")
    machine.stop()
    machine.start()
    assert "another folder is mounted here" in machine.folder()["trouble"]
    assert machine.server.requests == []
    assert set(files(foreign)) == {"talk.mp4", "processing/.panjaya-watchd"}

    machine.say("release", "--all", "--folder", "drop")
    assert machine.answer("talk").parent.name == "done"
    assert (foreign / "processing" / ".panjaya-watchd").read_text() == "00c0ffee00\n"


def test_a_start_before_the_share_is_mounted(open_machine: Opener, mounted: Mounts, tmp_path: Path) -> None:
    """After a reboot the daemon may be there first; it waits, and goes on by itself."""
    machine = open_machine(folders={"drop": {"on_first_start": "hold"}})
    drop, share = machine.home / "drop", mounted.tmpfs(tmp_path / "share")
    mounted.bind(share, drop)
    machine.start()
    know(machine)
    machine.stop()
    mounted.unmount(drop)
    (share / "talk.mp4").write_bytes(talk())
    machine.start()
    assert "is empty" in machine.folder()["trouble"]
    assert list(drop.iterdir()) == []
    mounted.bind(share, drop)

    assert machine.answer("talk").parent.name == "done"
    assert len(machine.bills(talk())) == 1


def test_a_share_that_becomes_read_only_is_waited_for(open_machine: Opener, mounted: Mounts) -> None:
    """The reason is told, the other folder goes on, and once it can be written everything does."""
    machine = open_machine(folders={"drop": {}, "other": {}})
    drop = mounted.tmpfs(machine.home / "drop")
    machine.start()
    know(machine)
    (drop / "talk.mp4").write_bytes(talk())
    mounted.again(drop, "ro")
    machine.until(lambda: "is mounted read-only" in (machine.folder()["trouble"] or ""), "the reason")
    machine.drop("good.mp4", talk(1), folder="other")
    assert machine.answer("good", folder="other").parent.name == "done"
    assert (machine.bills(talk()), machine.folder()["scanned_seconds_ago"] is None) == ([], False)
    mounted.again(drop, "rw")

    assert machine.answer("talk").parent.name == "done"
    assert len(machine.bills(talk())) == 1
    assert len(machine.story("folder.refused", folder="drop")) == 1


def test_our_own_folder_is_made_again(machine: Machine) -> None:
    """Somebody tidies up; the folder is the same, so it bears the same id again."""
    trace = machine.home / "drop" / "processing" / ".panjaya-watchd"
    know(machine)
    before = trace.read_text()
    lie_still(machine)
    lie_still(machine)
    (machine.home / "drop" / "notes.docx").write_bytes(b"")
    trace.unlink()
    trace.parent.rmdir()
    machine.drop("talk.mp4", talk())

    assert machine.answer("talk").parent.name == "done"
    assert machine.until(lambda: trace.is_file() and trace.read_text(), "our trace again") == before


def test_what_lies_in_processing_without_a_claim_is_told(machine: Machine) -> None:
    """It is never moved or sent by itself, it is told where people look, and moving it back has it dubbed."""
    lost = machine.home / "drop" / "processing" / "deadbeef00" / "lost.mp4"
    machine.until(lost.parents[1].is_dir, "our own folder")
    lost.parent.mkdir()
    (lost.parents[1] / "empty").mkdir()
    lost.write_bytes(talk())
    machine.until(lambda: machine.waiting().get("processing/deadbeef00"), "it to be told")
    machine.until(lambda: machine.noted("processing/deadbeef00 belongs to no video"), "STATUS.txt to tell of it")
    (told,) = machine.story("folder.orphan")

    assert told["path"] == "processing/deadbeef00"
    assert "processing/empty" not in machine.waiting()
    assert machine.server.requests == []
    lost.rename(machine.home / "drop" / "lost.mp4")
    assert machine.answer("lost").parent.name == "done"
    machine.until(lambda: "processing/deadbeef00" not in machine.waiting(), "it to be forgotten")
    assert len(machine.story("folder.orphan")) == 1


def test_a_kernel_that_forgets_events_costs_nothing(machine: Machine) -> None:
    """Thousands of files in a moment overflow its queue; every video among them is found by the look that follows."""
    setting = Path("/proc/sys/fs/inotify/max_queued_events")
    if not os.access(setting, os.W_OK):
        pytest.skip("only root can make the kernel's queue short")
    before = setting.read_text()
    setting.write_text("64")
    try:
        machine.restart()  # a queue gets its length when it is made
        for number in range(5000):
            (machine.home / "drop" / f"junk{number}.tmp").touch()
            if number % 250 == 0:
                machine.drop(f"v{number // 250}.mp4", talk(number))
    finally:
        setting.write_text(before)

    for number in range(20):
        assert machine.answer(f"v{number}").parent.name == "done"
        assert len(machine.bills(talk(250 * number))) == 1


def test_a_tree_that_is_moved_in_by_one_rename(open_machine: Opener) -> None:
    """Its files make no event of their own, nor do those that come later; all are found, and the answers mirror it."""
    machine = open_machine(folders={"drop": {"recursive": True}}).start()
    tree, drop = machine.home / "tree", machine.home / "drop"
    names = ["a/one.mp4", "a/b/two.mp4", "a/b/c/three.mp4"]
    for number, name in enumerate(names):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(talk(number))
    lie_still(machine)
    tree.rename(drop / "tree")
    machine.until(lambda: "tree/a/b/c/three.mp4" in machine.waiting(), "the tree to be seen")
    later = {"a/b/c/four.mp4": talk(3), "a/b/c/d/five.mp4": talk(4)}
    for name, video in later.items():
        machine.drop(f"tree/{name}", video)

    for name in [*names, *later]:
        filed = drop / "done" / "tree" / Path(name).with_suffix("")
        machine.until(filed.is_dir, f"{name} to be done")
        assert {path.name for path in filed.iterdir()} >= {Path(name).name, f"{filed.name}.es-ES.mp4"}
    assert [len(machine.bills(talk(number))) for number in range(5)] == [1] * 5


@pytest.mark.parametrize("limit", ["max_inotify_watches", "max_inotify_instances"])
def test_without_any_watch_the_folder_is_looked_at_by_the_clock(open_machine: Opener, limit: str) -> None:
    """A kernel that gives no watch is one warning, and everything works."""
    if os.getuid() != 0:
        pytest.skip("only root can set a limit of its own")
    script = f'echo 0 > /proc/sys/user/{limit} && exec "$@"'
    machine = open_machine()
    machine.wrap = ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh"]
    machine.start()
    machine.until(lambda: machine.story("hints.missed"), "the warning")
    machine.drop("talk.mp4", talk())

    assert machine.answer("talk").parent.name == "done"
    assert [line["level"] for line in machine.story("hints.missed")] == ["warning"]


def test_what_a_claim_has_inside_and_is_missing_is_told(machine: Machine) -> None:
    """Its folder in ``processing/`` was moved away: the reason stands where people look; once back, it ends."""
    machine.slow(2)
    machine.drop("talk.mp4", talk())
    facts = machine.until(lambda: machine.under_way("releasing", "talk"), "the video to be sent") or {}
    inside, away = machine.home / "drop" / "processing" / facts["claim"], machine.home / "away"
    inside.rename(away)
    machine.until(lambda: machine.noted(f"is tried again: {machine.home / 'drop'}"), "STATUS.txt to tell of it")
    (told,) = machine.status()["claims"]
    assert facts["claim"] in told["trouble"]
    assert "is not there" in told["says"]
    away.rename(inside)

    assert machine.answer("talk").parent.name == "done"
    assert len(machine.bills(talk())) == 1


def test_the_profile_in_the_settings_counts(open_machine: Opener) -> None:
    """A person knows better; a folder of which the kernel tells nothing is looked at by the clock."""
    machine = open_machine(folders={"drop": {"profile": "nfs"}}).start()
    (ground,) = machine.folder()["grounds"]
    machine.drop("talk.mp4", talk())

    assert (ground["profile"], ground["hints"], ground["folder"]) == ("nfs", False, "")
    assert machine.answer("talk").parent.name == "done"
