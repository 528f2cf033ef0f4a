"""``service``: what it says before it touches anything. What it does is proven where a systemd runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli.site import Site

from panjaya_watchd.cli import servicing
from panjaya_watchd.service import units
from panjaya_watchd.settings import load

SYSTEMCTL = """\
#!/bin/sh
echo "$*" >>/run/asked
case "$1" in
    show) echo "$RUNNING" ;;
    bind) exit "$BOUND" ;;
esac
"""
"""What stands for systemd's part, which needs one that runs (`bench/hosts`): it notes what it was asked."""

ETC = Path("/etc/systemd/system")


def told(*words: str, booted: bool, user: int = 0) -> tuple[int, str]:
    """Type a command as that user, on a machine that systemd runs or does not; only its marker is made, in memory."""
    become = f"setpriv --reuid={user} --clear-groups " if user else ""
    ran = hidden(("mkdir -p /run/systemd/system && " if booted else "") + f'exec {become}"$@"', *words)
    return ran.returncode, ran.stderr


def hidden(script: str, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a script with an empty /run, and the command as its words; nobody else sees what it mounts."""
    if os.getuid() != 0:
        pytest.skip("only root can hide this machine's /run, and be somebody else")
    return subprocess.run(
        (
            *("unshare", "--mount", "sh", "-ec", f"mount -t tmpfs none /run; {script}", "sh"),
            *(sys.executable, "-m", "panjaya_watchd", "service", *words),
        ),
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )


class Machine:
    """A machine that systemd runs, as far as files go: an /etc and packages' units that are ours alone, and a log."""

    def __init__(self, place: Path) -> None:
        """Lay it out below a directory."""
        self.etc, self.units = place / "etc", place / "units"
        self.asked = ""
        for directory in (self.etc / ETC.relative_to("/etc"), self.units):
            directory.mkdir(parents=True)

    def file(self, name: str) -> Path:
        """Give a file of its /etc."""
        return self.etc / name

    def type(self, *words: str, bound: bool = True, before: str = "") -> list[str]:
        """Type a command; give what it says. ``before`` is a script that runs first."""
        script = f"""
            mkdir -p /run/systemd/system /run/bin; cp -a /etc /run/etc
            mount --bind /run/etc /etc; mount --bind "{self.units}" /usr/lib/systemd/system
            for each in systemd sysusers.d tmpfiles.d; do
                mkdir -p "{self.etc}/$each" "/etc/$each"; mount --bind "{self.etc}/$each" "/etc/$each"
            done
            printf %s "$SYSTEMCTL" >/run/bin/systemctl; chmod +x /run/bin/systemctl; PATH=/run/bin:$PATH
            {before}
            "$@" || echo "status $?"
            echo ASKED; cat /run/asked 2>/dev/null || true
        """
        ran = hidden(script, *words, SYSTEMCTL=SYSTEMCTL, RUNNING="0", BOUND="0" if bound else "1")
        said, _, self.asked = ran.stdout.partition("ASKED\n")
        assert ran.returncode == 0, ran.stderr
        return [*said.splitlines(), *ran.stderr.splitlines()]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Give a machine without the package and without the service."""
    if not Path("/usr/lib/systemd/system").is_dir():
        pytest.skip("needs Debian's systemd, for the place of its units")
    return Machine(tmp_path)


def lay(machine: Machine, *, ours: bool, packaged: bool) -> dict[str, Path]:
    """Lay the unit in /etc, ours or somebody's, with its folders, and the package's below it; give those in /etc."""
    names = {
        "unit": "systemd/system/panjaya-watchd.service",
        "user": "sysusers.d/panjaya-watchd.conf",
        "folders": "systemd/system/panjaya-watchd.service.d/folders.conf",
    }
    files = {name: machine.file(path) for name, path in names.items()}
    for name, file in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        mark = f"{units.MARK}\n" if ours or name == "user" else ""
        file.write_text(f"{mark}# and so on\n")
    if packaged:
        (machine.units / units.SERVICE).write_text(units.shipped(units.SERVICE))
    return files


@pytest.mark.slow
@pytest.mark.parametrize("command", ["install", "folders", "uninstall"])
def test_only_root_may(command: str) -> None:
    """Anybody else is told what to type."""
    assert told(command, booted=True, user=65534) == (
        1,
        "Only root can tell systemd of a service.\nType the same with sudo before it.\n",
    )


@pytest.mark.slow
@pytest.mark.parametrize("command", ["install", "folders", "uninstall"])
def test_without_systemd_there_is_no_service(command: str) -> None:
    """What to do instead is told."""
    code, said = told(command, booted=False)

    assert (code, said.splitlines()[0]) == (1, "This machine is not run by systemd.")
    assert "panjaya-watchd run" in said


@pytest.mark.slow
def test_without_the_means_to_speak_to_systemd_nothing_is_installed() -> None:
    """The locks of development lack systemd-python; what to install is told before anything is written."""
    code, said = told("install", booted=True)

    assert code == 1
    assert "systemd-python is missing" in said
    assert "requirements/service.txt" in said


@pytest.mark.slow
def test_a_faulty_configuration_changes_no_folders(here: Site) -> None:
    """It is told as by ``check``, with its status."""
    here.config.write_text(here.config.read_text() + "\nnonsense = 1\n")

    code, said = told("folders", "--config", str(here.config), booted=True)

    assert code == 78
    assert "nonsense: found an unknown key" in said


def test_everything_that_the_daemon_writes_is_named_once(here: Site) -> None:
    """Watch folders, results elsewhere, the ledger elsewhere; what lies below another, not again."""
    elsewhere, linked, real = here.home / "results", here.home / "linked", here.home / "real"
    for path in (elsewhere, real):
        path.mkdir()
    linked.symlink_to(real)
    more = (
        f'\n[[folder]]\nname = "b"\npath = "{linked}"\nlocale = "en-US"\nlanguages = ["es-ES"]\ndone = "{elsewhere}"\n'
    )
    here.config.write_text(here.config.read_text() + more)
    settings = load(here.config, environ={})
    (first, _) = settings.folders

    named = servicing.written(settings)

    assert set(named) == {first.path, elsewhere, linked, real, settings.state.ledger.parent}
    assert len(named) == 5


def test_what_leads_to_a_share_is_known(tmp_path: Path) -> None:
    """A start would follow a link to one; what is to be mounted counts, and where there is no table, nothing is."""
    far, linked, local = (tmp_path / name for name in ("far", "linked", "local"))
    linked.symlink_to(far / "in")
    fstab = tmp_path / "fstab"
    fstab.write_text(f"//nas/x {far} cifs nofail 0 0\n")
    paths = [far / "in", linked, local]

    assert servicing.shares(paths, fstab) == {far / "in": far, linked: far}
    assert servicing.shares(paths, tmp_path / "none") == {}


def test_what_install_writes_is_known_by_its_first_line(tmp_path: Path) -> None:
    """All of it; neither what the package brings, nor a link to nothing, as ``systemctl mask`` makes it."""
    written, brought, masked = (tmp_path / name for name in ("written", "brought", "masked"))
    brought.write_text(units.shipped(units.SERVICE))
    masked.symlink_to("/dev/null")
    texts = servicing.files(Path("/opt/panjaya-watchd/bin/panjaya-watchd"))
    known = []
    for text in texts.values():
        written.write_text(text)
        known.append(servicing._is_ours(written))

    assert known == [True] * 4
    assert not any(servicing._is_ours(file) for file in (brought, masked, tmp_path / "none"))


@pytest.mark.slow
def test_uninstall_takes_away_what_install_wrote(machine: Machine) -> None:
    """And the folders, of which nobody is left to know."""
    files = lay(machine, ours=True, packaged=False)

    said = machine.type("uninstall")

    assert [name for name, file in files.items() if file.exists()] == []
    assert not files["folders"].parent.exists()
    assert machine.asked.splitlines() == ["disable --now panjaya-watchd.service", "daemon-reload"]
    assert said[-1].startswith("What stays: ")


@pytest.mark.slow
def test_uninstall_clears_the_way_for_the_package(machine: Machine) -> None:
    """What shadows its unit goes; the folders stay, for the package's unit needs them. Then there is nothing to do."""
    files = lay(machine, ours=True, packaged=True)

    said = machine.type("uninstall")
    asked = machine.asked.splitlines()
    again = machine.type("uninstall")

    assert [name for name, file in files.items() if file.exists()] == ["folders"]
    assert asked == ["disable --now panjaya-watchd.service", "daemon-reload"]
    assert said[-1].endswith("Next: systemctl enable --now panjaya-watchd")
    assert again[:2] == ["status 1", "The service belongs to the Debian package here."]
    assert machine.asked == ""
    assert (machine.units / units.SERVICE).exists()


@pytest.mark.slow
@pytest.mark.parametrize("packaged", [False, True], ids=["alone", "packaged"])
def test_uninstall_leaves_what_somebody_else_wrote(machine: Machine, *, packaged: bool) -> None:
    """A unit of the operator's own goes on, with its folders."""
    files = lay(machine, ours=False, packaged=packaged)

    said = machine.type("uninstall")

    assert [name for name, file in files.items() if file.exists()] == ["unit", "folders"]
    assert machine.asked.splitlines() == ["daemon-reload"]
    assert f"{ETC}/{units.SERVICE}: stays, as `service install` has not written it." in said


@pytest.mark.slow
def test_a_file_that_cannot_be_removed_is_told(machine: Machine) -> None:
    """In a sentence with its name."""
    lay(machine, ours=True, packaged=False)

    said = machine.type("uninstall", before="mount -o remount,bind,ro /etc/systemd")

    assert said[:2] == ["status 1", f"{ETC}/{units.SERVICE} cannot be removed: Read-only file system."]


@pytest.mark.slow
def test_folders_tells_of_a_place_that_is_not_there_yet(machine: Machine, here: Site) -> None:
    """The ledger's directory is looked at by nobody before; the drop-in names it all the same."""
    missing = here.home / "later"
    control = f'[state]\nsocket = "{missing}/control.sock"\n'
    here.config.write_text(here.config.read_text().replace("[state]\n", control))

    running = machine.type("folders", "--config", str(here.config), before="export RUNNING=$$")
    stopped = machine.type("folders", "--config", str(here.config))

    told = f"{missing}: No such file or directory. See to that before the service starts, else it cannot write there."
    assert running[-2:] == [told, "Next: systemctl restart panjaya-watchd"]
    assert stopped[-2:] == [told, "Next: systemctl start panjaya-watchd"]
    assert f'"-{missing}"' in machine.file(f"systemd/system/{units.SERVICE}.d/folders.conf").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("bound", [True, False])
def test_folders_opens_a_folder_to_the_service_that_runs(machine: Machine, here: Site, *, bound: bool) -> None:
    """And says for how long that holds, or that it could not; here the service is somebody who cannot write in it."""
    (folder,) = load(here.config, environ={}).folders
    mount = f'mount -t tmpfs -o ro none "{folder.path}"; echo >/run/up; exec sleep 60'
    service = f"unshare --mount sh -c '{mount}' >&- 2>&- &"
    wait = "export RUNNING=$!; trap 'kill $RUNNING' EXIT; while [ ! -e /run/up ]; do sleep 0.01; done"

    said = machine.type("folders", "--config", str(here.config), bound=bound, before=f"{service}\n{wait}")
    opened = (
        f"{folder.path} is open to the running service; should its share be mounted anew, the service sees that only"
    )
    closed = f"The running service does not see {folder.path} before it is started again."

    assert f"bind panjaya-watchd.service {folder.path}" in machine.asked.splitlines()
    assert said[-2] == (f"{opened} after a restart." if bound else closed)
    assert said[-1] == f"Next: systemctl {'reload' if bound else 'restart'} panjaya-watchd"
