"""The unit under the doctor: what ``systemctl`` printed on Debian 12, and each thing that can be wrong in it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from panjaya_watchd.doctor import unit
from panjaya_watchd.doctor.findings import Finding, Level
from panjaya_watchd.service import units

SHOWN = """\
WatchdogUSec=1min
Result=success
AmbientCapabilities=cap_lease
User=panjaya-watchd
Group=panjaya-watchd
SupplementaryGroups=videos
UMask=0002
ReadWritePaths=-/srv -/mnt -/media
ReadOnlyPaths=
InaccessiblePaths=
PrivateTmp=yes
PrivateUsers=no
ProtectHome=yes
ProtectSystem=strict
StateDirectory=panjaya-watchd
BindPaths=
FragmentPath=/etc/systemd/system/panjaya-watchd.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
NeedDaemonReload=no
"""
FILES = (Path(__file__).parents[2] / "systemd" / units.SERVICE).read_text(encoding="utf-8")
SRV = Path("/srv/dub/marketing")


FINE = [("ok", "The unit is active and enabled.")]


def judged(
    place: Path, changes: Mapping[str, str], *, files: str = FILES, packaged: Path | None = None
) -> list[Finding]:
    """Give what is found of a unit with other properties than the usual ones."""
    lines = [line for line in SHOWN.splitlines() if line.partition("=")[0] not in changes]
    found = unit.read("\n".join([*lines, *(f"{name}={value}" for name, value in changes.items())]), files)
    assert found is not None
    return list(unit.judge(found, [place], packaged))


def said(place: Path = SRV, **changes: str) -> list[tuple[str, str]]:
    """Give the same as pairs of level and sentence."""
    return [(finding.level.value, finding.found) for finding in judged(place, changes)]


def test_our_unit_is_fine_as_it_is() -> None:
    """And says whose the service is, and where its key is."""
    found = unit.read(SHOWN, FILES)

    assert said() == FINE
    assert found is not None
    assert (found.user, found.umask, found.leases) == ("panjaya-watchd", 0o002, True)
    assert found.words("SupplementaryGroups") == ("videos",)
    assert found.key == "/etc/panjaya-watchd/api-key"


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"ActiveState": "failed", "Result": "watchdog"}, "trouble", "failed (watchdog)"),
        ({"ActiveState": "inactive"}, "warning", "The service is inactive"),
        ({"UnitFileState": "disabled"}, "warning", "does not come back after a reboot"),
        ({"NeedDaemonReload": "yes"}, "warning", "was changed"),
        ({"WatchdogUSec": "infinity"}, "warning", "hangs"),
        ({"AmbientCapabilities": ""}, "warning", "the unit does not give it"),
        ({"PrivateUsers": "yes"}, "warning", "PrivateUsers=yes makes it void"),
        ({"User": "", "AmbientCapabilities": ""}, "warning", "works as root"),
        ({"ReadWritePaths": ""}, "trouble", "makes /srv/dub/marketing read-only"),
        ({"ReadOnlyPaths": "-/srv"}, "trouble", "makes /srv/dub/marketing read-only"),
        ({"InaccessiblePaths": "-+/srv/dub"}, "trouble", "InaccessiblePaths= hides /srv/dub/marketing"),
    ],
)
def test_what_is_wrong_is_told(changes: dict[str, str], level: str, words: str) -> None:
    """One finding for each, and nothing else."""
    ((found_level, found),) = said(SRV, **changes)

    assert found_level == level
    assert words in found


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("/run/user/1000/drop", "ProtectHome= hides"),
        ("/tmp/drop", "PrivateTmp= hides"),
        ("/data/drop", "read-only"),
        ("/srvdrop", "read-only"),
    ],
)
def test_places_that_the_unit_keeps_from_the_service(place: str, words: str) -> None:
    """Each by what keeps it."""
    ((level, found),) = said(Path(place))

    assert (level, words in found) == ("trouble", True)


def test_places_that_it_gives() -> None:
    """
    Below no protection everything is given, and so is what is excepted from it; a hidden home has no exceptions.

    Each of these was tried under systemd 252 and 257.
    """
    run, drop, tmp = Path("/run/user/1000/drop"), SRV / "drop", Path("/tmp/drop")
    bound = f"-{run}:{run}:rbind"

    assert said(Path("/var/lib/panjaya-watchd/drop")) == FINE
    assert said(Path("/data/drop"), ProtectSystem="full") == FINE
    assert said(run, ProtectHome="read-only", ReadWritePaths='"/run/user/1000"') == FINE
    assert said(run, ProtectHome="tmpfs", BindPaths=bound) == FINE
    assert said(drop, ReadWritePaths=str(drop), ReadOnlyPaths=str(SRV)) == FINE
    assert said(drop, ReadWritePaths="", BindPaths=f"/data:{SRV}:norbind") == FINE
    assert "read-only" in said(drop, ReadOnlyPaths=str(drop.parent), BindPaths="/data:/srv:rbind")[0][1]
    assert "read-only" in said(drop, ReadOnlyPaths=str(drop), ReadWritePaths=str(drop))[0][1]
    assert "hides" in said(run, ProtectHome="tmpfs", ReadWritePaths=str(run))[0][1]
    assert "hides" in said(run, ReadWritePaths=str(run), BindPaths=bound)[0][1]
    assert "hides" in said(tmp, ReadWritePaths=str(tmp), BindPaths=f"{tmp}:/srv:rbind")[0][1]
    assert "read-only" in said(run, ProtectHome="read-only", ProtectSystem="full")[0][1]


def test_what_service_folders_makes_is_fine() -> None:
    """As ``systemctl show`` prints that drop-in (systemd 252 and 257): bound places without any quotes."""
    home, tmp = "/home/Anna/vi deos:%", "/tmp/b\\s"
    shown = {
        "ProtectHome": "tmpfs",
        "ReadWritePaths": f'"-{home}" -/home/x "-/srv/say \\"hi\\"" "-/tmp/b\\\\s"',
        "BindPaths": f"-{home}:{home}:rbind -/home/x:/home/x:rbind -{tmp}:{tmp}:rbind",
    }

    for place in (home, f"{home}/done", "/home/x", '/srv/say "hi"', tmp):
        assert said(Path(place), **shown) == FINE
    for place in ("/home/Anna", "/home/Anna/vi", "/home/xy", "/tmp", "/tmp/b"):
        assert "hides" in said(Path(place), **shown)[0][1]


@pytest.mark.parametrize("place", ["/home/drop", "/tmp/drop", "/data/drop"])
def test_folders_are_opened_by_our_own_command(place: str) -> None:
    """Not by hand, and not for more than the folder."""
    (finding,) = judged(Path(place), {})

    assert finding.todo == "Let the service see its folders: panjaya-watchd service folders"


@pytest.mark.parametrize("name", ["ReadOnlyPaths", "InaccessiblePaths"])
def test_what_the_operator_has_closed_only_he_can_open(name: str) -> None:
    """Our command would change nothing."""
    (finding,) = judged(SRV, {name: str(SRV)})

    assert finding.found.startswith(f"{name}= ")
    assert str(finding.todo).startswith("Take it out by systemctl edit")


def test_a_unit_that_shadows_the_package_is_told(tmp_path: Path) -> None:
    """With how to get rid of it, which depends on who wrote it; the package's own is fine, by whichever name."""
    packaged, linked = tmp_path / units.SERVICE, tmp_path / "linked.service"
    linked.symlink_to(packaged)
    loose = f"/etc/systemd/system/{units.SERVICE}"
    (ours,) = judged(SRV, {}, files=f"# {loose}\n{units.MARK}\n{FILES}", packaged=packaged)
    (theirs,) = judged(SRV, {}, packaged=packaged)

    assert ours.level is theirs.level is Level.WARNING
    assert ours.found == theirs.found
    assert ours.found.startswith(f"{loose} shadows the Debian package's unit")
    assert str(ours.todo).startswith("panjaya-watchd service uninstall, then systemctl enable")
    assert f"rm {loose}" in str(theirs.todo)
    for fragment in (packaged, linked):
        assert judged(SRV, {"FragmentPath": str(fragment)}, packaged=packaged)[0].level is Level.OK
    assert judged(SRV, {}, packaged=None)[0].level is Level.OK


def test_a_link_is_followed(tmp_path: Path) -> None:
    """What counts is where a folder is."""
    (tmp_path / "drop").symlink_to(SRV)

    assert said(tmp_path / "drop") == FINE


@pytest.mark.parametrize(
    ("files", "source"),
    [
        ("[Service]\nUser=root\n", None),
        ("LoadCredential=other:/x\n", None),
        ("LoadCredential=panjaya-api-key:/a\n# drop-in\nLoadCredential=panjaya-api-key:/b\n", "/b"),
        ("LoadCredential=panjaya-api-key:/a\nLoadCredential=\n", None),
        ("LoadCredential=panjaya-api-key\n", ""),
        ("LoadCredentialEncrypted=panjaya-api-key:/etc/credstore.encrypted/key\n", ""),
        ("#LoadCredential=panjaya-api-key:/a\n", None),
    ],
)
def test_where_systemd_has_the_key_from(files: str, source: str | None) -> None:
    """The last word counts, and an empty one takes all back; what is encrypted nobody else can read."""
    found = unit.read(SHOWN, files)

    assert found is not None
    assert found.key == source


def test_without_systemd_there_is_nothing_to_say(tmp_path: Path) -> None:
    """No program, one that fails, a unit that is not there, one that never answers: all the same."""
    missing = tmp_path / "systemctl"
    failing = tmp_path / "failing"
    failing.write_text("#!/bin/sh\nexit 1\n")
    failing.chmod(0o700)

    assert unit.read("LoadState=not-found\n", "") is None
    assert unit.ask(command=str(missing)) is None
    assert unit.ask(command=str(failing)) is None


def test_what_systemctl_says_is_read(tmp_path: Path) -> None:
    """Asked for the service by its name: its properties, and its files for what those cannot show."""
    (tmp_path / "shown").write_text(SHOWN)
    command = tmp_path / "systemctl"
    command.write_text(
        '#!/bin/sh\ncase "$*" in'
        f" show*{units.SERVICE}) cat {tmp_path}/shown;;"
        f" cat*{units.SERVICE}) echo LoadCredential=panjaya-api-key:/k;;"
        " *) exit 1;; esac\n"
    )
    command.chmod(0o700)
    found = unit.ask(command=str(command))

    assert found is not None
    assert (found.user, found.key) == ("panjaya-watchd", "/k")
