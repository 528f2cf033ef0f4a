"""As whom the doctor looks: who a process is, becoming it, who listens on a socket, and the notices of the kernel."""

import errno
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from panjaya_watchd.doctor import identity, inotify, patience
from panjaya_watchd.doctor.findings import Level
from panjaya_watchd.doctor.identity import CAP_LEASE, Identity, own

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else, and mount")
STRANGER = Identity(uid=54321, gid=54322, groups=(54322, 54323), capabilities=1 << CAP_LEASE, umask=0o027)

SLEEPER = "import os, sys; print(os.getpid(), flush=True); sys.stdin.read()"
CHILD = "import json, os; print(json.dumps([list(os.environ), os.getcwd(), json.__file__]))"
WHOAMI = """
import json, os, sys
from dataclasses import asdict
from panjaya_watchd.doctor.identity import Identity, become, own
become(Identity(**{**json.loads(sys.argv[1]), "groups": tuple(json.loads(sys.argv[1])["groups"])}))
print(json.dumps([asdict(own()), os.listdir(sys.argv[2]), os.getresuid()]))
"""


@pytest.fixture
def hidden(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """Run a process with mounts of its own: a folder that is empty for us holds something for it."""
    folder = tmp_path / "folder"
    folder.mkdir()
    mount = f'mount -t tmpfs none "{folder}" && touch "{folder}/theirs" && exec "{sys.executable}" -c \'{SLEEPER}\''
    with subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", mount], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline()), folder
        assert process.stdin is not None
        process.stdin.close()


def become(who: Identity, folder: Path) -> tuple[Identity, list[str], list[int]]:
    """Become somebody in a process of its own; give who that is then, and what it sees in a folder."""
    ran = subprocess.run(
        [sys.executable, "-c", WHOAMI, json.dumps(asdict(who)), str(folder)],
        env={"PYTHONPATH": str(Path(identity.__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    fields, names, uids = json.loads(ran.stdout)
    return Identity(**{**fields, "groups": tuple(fields["groups"])}), names, uids


@ROOT
@pytest.mark.slow
def test_somebody_else_altogether(tmp_path: Path) -> None:
    """User, groups, umask, and no privilege but the one; there is no way back."""
    tmp_path.chmod(0o755)
    who, _, uids = become(STRANGER, Path("/"))
    bare, _, _ = become(replace(STRANGER, capabilities=0), Path("/"))

    assert who == STRANGER
    assert uids == [54321] * 3
    assert who.may_lease
    assert not bare.may_lease


@ROOT
@pytest.mark.slow
def test_the_mounts_of_a_process(hidden: tuple[int, Path]) -> None:
    """Who becomes a running process sees what it sees."""
    pid, folder = hidden
    running = identity.of_process(pid)
    assert running is not None
    who, names, _ = become(replace(running, uid=0), folder)

    assert (running.uid, running.pid) == (0, pid)
    assert names == ["theirs"]
    assert list(folder.iterdir()) == []
    assert who.uid == 0


@ROOT
@pytest.mark.slow
def test_the_privileges_of_another_world_are_worth_nothing() -> None:
    """With users of its own (PrivateUsers=yes) a process has every capability, and none that the kernel asks for."""
    with subprocess.Popen(
        ["unshare", "--user", "--map-root-user", sys.executable, "-c", SLEEPER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        found = identity.of_process(int(process.stdout.readline()))
        process.stdin.close()

    assert found is not None
    assert found.capabilities == 0


def test_we_ourselves() -> None:
    """As the kernel has us; a process that is gone is nobody."""
    me = own()

    assert (me.uid, me.gid, me.pid) == (os.geteuid(), os.getegid(), None)
    assert set(me.groups) == set(os.getgroups())
    assert me.may_lease or os.geteuid() != 0
    assert identity.of_process(2**22 + 1) is None


def test_users_of_the_password_database() -> None:
    """With the groups that a unit adds; one that is not there is told from one that is."""
    root = identity.of_user("root", "", ("daemon",), lease=False, umask=0o022)
    by_number = identity.of_user("0", "1", (), lease=True, umask=0o022)

    assert root is not None
    assert by_number is not None
    assert (root.uid, root.gid, root.may_lease) == (0, 0, False)
    assert 1 in root.groups
    assert (by_number.uid, by_number.gid, by_number.may_lease) == (0, 1, True)
    assert identity.of_user("nobody-of-ours", "", (), lease=True, umask=0) is None
    assert identity.of_user("root", "", ("no-group-of-ours",), lease=True, umask=0) is None
    assert STRANGER.called == "user 54321"
    assert "54323; with CAP_LEASE" in STRANGER.rights


def test_who_listens_on_a_socket(tmp_path: Path) -> None:
    """The kernel says so; nobody is told of where nobody listens."""
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(path))
        listener.listen()
        found = identity.listener_of(path)

    assert found == os.getpid()
    assert identity.listener_of(path) is None
    assert identity.listener_of(tmp_path / "none") is None


def test_a_name_is_heard_when_it_is_made(tmp_path: Path) -> None:
    """And no other for it; where there is nothing to watch the kernel says why."""
    ear = inotify.Ear(tmp_path)
    (tmp_path / "other").touch()
    silent = ear.hears("one", 0.01)
    (tmp_path / "one").touch()
    heard = ear.hears("one", 5)
    ear.close()

    assert (silent, heard) == (False, True)
    with pytest.raises(FileNotFoundError):
        inotify.Ear(tmp_path / "none")


@pytest.mark.parametrize(("code", "key"), [(errno.EMFILE, "max_user_instances"), (errno.ENOSPC, "max_user_watches")])
def test_no_notices_to_be_had(code: int, key: str) -> None:
    """Each of the two has its own limit to raise."""
    found = inotify.no_notices(OSError(code, os.strerror(code)))

    assert found.level is Level.WARNING
    assert f"fs.inotify.{key}" in str(found.todo)


def test_what_is_left_of_the_notices(tmp_path: Path) -> None:
    """What this user's processes hold already is counted, and what the daemon will need on top."""
    before = inotify.used(os.geteuid())
    ear = inotify.Ear(tmp_path)
    during = inotify.used(os.geteuid())
    ear.close()
    (tmp_path / "max_user_watches").write_text(f"{before.watches + 10_000}\n")
    (tmp_path / "max_user_instances").write_text("1000000\n")

    def levels(watches: int) -> list[Level]:
        found = inotify.judge(os.geteuid(), watches=watches, instances=1, limits=tmp_path)
        return [finding.level for finding in found]

    # Other processes of this user come and go meanwhile.
    assert during.watches >= 1
    assert during.instances >= 1
    assert levels(1000) == [Level.OK, Level.OK]
    assert levels(20_000) == [Level.WARNING, Level.OK]


def test_instances_are_counted_exactly(tmp_path: Path) -> None:
    """By what the kernel shows of each descriptor; what is no instance is none."""
    fds, infos = tmp_path / "77" / "fd", tmp_path / "77" / "fdinfo"
    fds.mkdir(parents=True)
    infos.mkdir()
    (tmp_path / "self").mkdir()
    for number, (target, info) in enumerate(
        [("anon_inode:inotify", "pos:\t0\ninotify wd:1 ino:2\ninotify wd:2 ino:3\n"), ("/dev/null", "inotify wd:1\n")]
    ):
        (fds / str(number)).symlink_to(target)
        (infos / str(number)).write_text(info)

    assert inotify.used(os.getuid(), tmp_path) == inotify.Used(watches=2, instances=1)
    assert inotify.used(os.getuid() + 1, tmp_path) == inotify.Used(watches=0, instances=0)


@pytest.mark.slow
def test_a_child_knows_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of our environment reaches it, and no module that lies in the way; one that fails says nothing."""
    (tmp_path / "json.py").write_text("raise SystemExit(9)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PANJAYA_API_KEY", "panjaya-secret")
    monkeypatch.setattr(patience, "_CHILD", (*patience._CHILD[:-2], "-c", CHILD))
    told = patience.look("anything", own(), {})

    assert told.well
    ((variables, folder, place),) = told.said
    assert "PANJAYA_API_KEY" not in variables
    assert folder == "/"
    assert str(tmp_path) not in place
