"""The unit under the doctor: what ``systemctl`` printed on Debian 12, and each thing that can be wrong in it."""

from pathlib import Path

import pytest

from panjaya_watchd.doctor import unit

SHOWN = """\
WatchdogUSec=1min
Result=success
AmbientCapabilities=cap_lease
User=panjaya-watchd
Group=panjaya-watchd
DynamicUser=yes
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
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
NeedDaemonReload=no
"""
FILES = (Path(__file__).parents[2] / "systemd" / unit.NAME).read_text(encoding="utf-8")
SRV = Path("/srv/dub/marketing")


def said(place: Path = SRV, **changes: str) -> list[tuple[str, str]]:
    """Give what is found of a unit with other properties than the usual ones."""
    lines = [line for line in SHOWN.splitlines() if line.partition("=")[0] not in changes]
    found = unit.read("\n".join([*lines, *(f"{name}={value}" for name, value in changes.items())]), FILES)
    assert found is not None
    return [(finding.level.value, finding.found) for finding in unit.judge(found, [place])]


def test_our_unit_is_fine_as_it_is() -> None:
    """And says whose the service is, and where its key is."""
    found = unit.read(SHOWN, FILES)

    assert said() == [("ok", "The unit is active and enabled.")]
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
    """Below no protection everything is given, and so is what is excepted from it; a hidden home has no exceptions."""
    fine, run = [("ok", "The unit is active and enabled.")], Path("/run/user/1000/drop")

    assert said(Path("/var/lib/panjaya-watchd/drop")) == fine
    assert said(Path("/data/drop"), ProtectSystem="full") == fine
    assert said(run, ProtectHome="read-only", ReadWritePaths='"/run/user/1000"') == fine
    assert said(run, ProtectHome="tmpfs", BindPaths=f"{run}:{run}:rbind", ReadWritePaths=str(run)) == fine
    assert "hides" in said(run, ProtectHome="tmpfs", ReadWritePaths=str(run))[0][1]
    assert "hides" in said(run, ReadWritePaths=str(run), BindPaths=f"{run}:{run}:rbind")[0][1]
    assert "read-only" in said(run, ProtectHome="read-only", ProtectSystem="full")[0][1]


def test_a_link_is_followed(tmp_path: Path) -> None:
    """What counts is where a folder is."""
    (tmp_path / "drop").symlink_to(SRV)

    assert said(tmp_path / "drop") == [("ok", "The unit is active and enabled.")]


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
        f" show*{unit.NAME}) cat {tmp_path}/shown;;"
        f" cat*{unit.NAME}) echo LoadCredential=panjaya-api-key:/k;;"
        " *) exit 1;; esac\n"
    )
    command.chmod(0o700)
    found = unit.ask(command=str(command))

    assert found is not None
    assert (found.user, found.key) == ("panjaya-watchd", "/k")
