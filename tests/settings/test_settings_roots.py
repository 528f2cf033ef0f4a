"""Watch folders on the disk."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from settings_host import Host

import panjaya_watchd
from panjaya_watchd.settings import SettingsFaults, check_roots, load
from panjaya_watchd.settings.spot import Spot

CODE = Path(panjaya_watchd.__file__).parent


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Give a machine of its own to each test."""
    return Host(root=tmp_path)


def _two(host: Host, path: Path, extra: str = "") -> str:
    """Give folders ``a`` and ``b``, the second with another path on line 9 and more keys from line 12 on."""
    b = host.folder("b").replace(str(host.root / "b"), str(path))
    return host.folder("a") + "\n" + b + extra


def test_a_root_that_is_missing_is_a_fault_and_stays_missing(host: Host) -> None:
    """A share that is not mounted looks the same, and a folder made in its place would hide it."""
    (fault,) = host.faults(_two(host, host.root / "none"))

    assert fault.startswith(f'watchd.toml:9: folder[1].path: found "{host.root}/none", which says: No such file')
    assert not (host.root / "none").exists()


def test_a_root_that_is_no_directory_is_a_fault(host: Host) -> None:
    """A file, and what lies below a file, cannot be watched."""
    (host.root / "file").write_text("")

    assert "which is no directory" in host.faults(_two(host, host.root / "file"))[0]
    assert "Not a directory" in host.faults(_two(host, host.root / "file" / "x"))[0]


def test_a_root_that_does_not_answer_is_not_waited_for(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """A share whose server is gone hangs for ever: it is not judged, and the other one is."""
    settings = host.load(host.folder("a") + "\n" + host.folder("b"))
    (host.root / "a").rmdir()
    (host.root / "b").rmdir()
    never, look = threading.Event(), Path.stat

    def stat(path: Path, **how: bool) -> os.stat_result:
        if path.is_relative_to(host.root / "b"):
            never.wait()
        return look(path, **how)

    monkeypatch.setattr(Path, "stat", stat)
    (fault,) = check_roots(settings, host.config, patience=0.2)
    never.set()

    assert str(host.root / "a") in str(fault)


@pytest.mark.parametrize("path", ["a", "a/sub", "a/sub/deep", ".", "a/.", "link", "link/sub", "b/../a"])
def test_roots_may_not_overlap(host: Host, path: str) -> None:
    """Equal, within and around, plainly or through symbolic links: results would be dubbed for ever (R42)."""
    (host.root / "a/sub/deep").mkdir(parents=True)
    (host.root / "link").symlink_to("a")
    faults = host.faults(_two(host, host.root / path))

    assert any('which lies within or around that of "a"' in fault for fault in faults)


def test_neighbours_are_no_overlap(host: Host) -> None:
    """A name that begins like another is another folder."""
    (host.root / "ab").mkdir()

    assert len(host.load(_two(host, host.root / "ab")).folders) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "point"),
    [("a", "b"), ("a/sub", "b"), ("a", "b/sub"), ("a/sub", "b/sub"), (".", "b")],
)
def test_roots_may_not_overlap_through_a_bind_mount(host: Host, source: str, point: str) -> None:
    """A mount of one folder, or of something within it, at another path is the same place."""
    (host.root / "a/sub").mkdir(parents=True)
    (host.root / "b/sub").mkdir(parents=True)
    host.load(host.state() + _two(host, host.root / point))
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--user", "--map-root-user"]
    if subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody make a mount namespace, so no bind mount can be tried")
    script = (
        "import sys, pathlib; from panjaya_watchd.settings import load; load(pathlib.Path(sys.argv[1]), environ={})"
    )
    mount = [*unshare, "sh", "-c", 'mount --bind "$1" "$2" && shift 2 && exec "$@"', "sh"]
    ran = subprocess.run(
        [*mount, str(host.root / source), str(host.root / point), sys.executable, "-c", script, str(host.config)],
        check=False,
        capture_output=True,
        text=True,
        cwd=CODE.parent,
    )

    assert ran.returncode == 1
    assert 'folder[1].path: found "' + str(host.root / point) in ran.stderr
    assert 'which lies within or around that of "a"' in ran.stderr


def test_a_root_may_not_hold_what_is_ours(host: Host) -> None:
    """Whoever may drop a video could read or replace the configuration, the key, the ledger or the code."""
    state = host.root / "a/state/x.db"
    text = (
        f'state.url = "sqlite:///{state}"\nstate.socket = "{host.root}/a/control"\n'
        f'http.token_file = "{host.root}/a/token"\nnotify.urls_file = "{host.root}/a/urls"\n'
        f'http.callback_key_file = "{host.root}/a/pem"\napi.key_file = "{host.root}/a/key"\n'
    )
    faults = host.faults(text + host.folder("a"))

    assert [fault.split("around ")[1].split(",")[0] for fault in faults] == [
        "the ledger's directory",
        "the control socket",
        "the key",
        "the token file",
        "the callback key file",
        "the URLs file",
    ]


@pytest.mark.parametrize("path", [CODE, CODE / "settings", CODE.parent, Path("/")])
def test_a_root_may_not_be_around_or_within_the_code(host: Host, path: Path) -> None:
    """The code is no place to drop videos into."""
    assert any("around the daemon's code" in fault for fault in host.faults(_two(host, path)))


def test_a_root_may_not_be_around_the_configuration_or_within_its_folder(host: Host) -> None:
    """Neither the directory with the main file, nor a place among the watch folders' files."""
    within = host.config.parent / "folders.d" / "x"
    within.mkdir(parents=True)

    for path in (within, host.config.parent, host.root):
        assert any("around the configuration" in fault for fault in host.faults(_two(host, path)))


def test_a_root_may_not_be_within_the_ledgers_directory(host: Host) -> None:
    """What is in the state directory is ours alone, whether it is there yet or not."""
    (host.root / "var/drop").mkdir(parents=True)

    (fault,) = host.faults(host.state() + host.folder("a").replace(f"{host.root}/a", f"{host.root}/var/drop"))
    assert "around the ledger's directory" in fault


def test_a_root_may_not_hold_the_systemd_credential(host: Host) -> None:
    """Where systemd put the key is known from the environment only."""
    text = host.folder("a")
    (host.root / "a/panjaya-api-key").write_text("x")
    host.load(text)
    with pytest.raises(SettingsFaults, match="within or around the key"):
        load(host.config, environ={"CREDENTIALS_DIRECTORY": str(host.root / "a")})


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("done", "{root}/a/done", 'within or around the watch folder "a"'),
        ("failed", "{root}/a", 'within or around the watch folder "a"'),
        ("done", "{root}", "which is or holds its own watch folder"),
        ("failed", "{root}/b", "which is or holds its own watch folder"),
        ("done", "{root}/none", "which says: No such file or directory"),
        ("done", "{root}/file", "which is no directory"),
        ("done", "to-a", 'within or around the watch folder "a"'),
        ("done", "to-b", "which is or holds its own watch folder"),
        ("failed", "{root}/b/done", "which is done as well"),
        ("failed", "to-done", "which is done as well"),
    ],
)
def test_results_have_a_place_of_their_own(host: Host, key: str, value: str, says: str) -> None:
    """Results within a watch folder would be taken for drops; an absolute place must be there, like a root."""
    (host.root / "b/done").mkdir(parents=True)
    (host.root / "a/done").mkdir(parents=True)
    (host.root / "file").write_text("")
    for name, target in (("to-a", "../a/done"), ("to-b", "."), ("to-done", "done")):
        (host.root / "b" / name).symlink_to(target)
    written = value.format(root=host.root)
    faults = host.faults(_two(host, host.root / "b", f'{key} = "{written}"\n'))

    assert any(f'watchd.toml:12: folder[1].{key}: found "{written}"' in fault and says in fault for fault in faults)


def test_results_may_lie_elsewhere_together(host: Host) -> None:
    """An absolute place that is there and apart from every watch folder is fine, also for several folders."""
    (host.root / "out").mkdir()
    extra = f'locale = "en-US"\nlanguages = []\ndone = "{host.root}/out"\n'

    assert host.load(host.folder("a", extra) + host.folder("b", extra)).folders[1].done_at == host.root / "out"


def test_roots_can_be_looked_at_again(host: Host) -> None:
    """A daemon that is running can ask whether its folders are still where they were."""
    settings = host.load(host.folder("a"))

    assert check_roots(settings, host.config) == ()
    (host.root / "a").rmdir()
    (fault,) = check_roots(settings, host.config)
    assert (fault.file, fault.line, fault.key) == ("watchd.toml", 3, "folder[0].path")


def test_a_place_that_is_not_there_yet_is_known_by_what_is_above_it(tmp_path: Path) -> None:
    """A state directory that will be made within a watch folder already lies within it."""
    above, below = Spot.at(tmp_path), Spot.at(tmp_path / "not" / "yet")

    assert below.within(above)
    assert not above.within(below)
    assert below.overlaps(above)
    assert above.overlaps(below)


def test_one_directory_under_two_names_is_known_by_its_number(tmp_path: Path) -> None:
    """Where the kernel tells nothing of mounts (NFS), equal numbers of the file system unmask what paths hide."""
    (tmp_path / "deep").mkdir()
    there, below = Spot.at(tmp_path), Spot.at(tmp_path / "deep")
    elsewhere = Path("/another/mount")
    alias = Spot(real=elsewhere, number=there.number, above=there.above, inner=None)
    alias_below = Spot(real=elsewhere / "deep", number=below.number, above=below.above, inner=None)

    assert alias.within(there)
    assert there.within(alias)
    assert alias_below.within(there)
    assert not there.within(alias_below)
