"""The unit and its drop-in: what systemd itself reads in them."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from panjaya_watchd.errors import WatchdError
from panjaya_watchd.service import units

SERVICE: Final = "panjaya-watchd.service"

STRANGE: Final = tuple(
    Path("/srv/dub", name)
    for name in (
        *(
            "plain",
            "two words",
            " outer ",
            "100%n",
            "%%h",
            'say "hi"',
            "it's",
            "back\\slash",
            "end\\",
            "\\x20",
            "$HOME",
        ),
        *("${HOME}", "# no comment", "; nor this", "co:lon", "-dash", "+plus", "!", "a=b", "[Service]", "日本語", "é"),
        *("e\u0301", "\u202eexe.jpg", "no\u00a0break", "x" * 200),
    )
)

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs Debian's systemd, for systemd-analyze"
)


def systemd(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a tool of systemd's, which needs none that runs."""
    return subprocess.run(command, capture_output=True, text=True, check=False)


def laid_out(place: Path, drop_in: str, program: Path = Path("/bin/true")) -> Path:
    """Lay a unit with its drop-in where systemd-analyze finds both; give the unit."""
    unit = place / SERVICE
    unit.write_text(units.unit(program), encoding="utf-8")
    (place / f"{SERVICE}.d").mkdir()
    (place / f"{SERVICE}.d" / "folders.conf").write_text(drop_in, encoding="utf-8")
    return unit


@needs_systemd
def test_systemd_reads_every_path_as_it_is(tmp_path: Path) -> None:
    """It looks for exactly the mounts on which the paths would lie, and understands each line."""
    unit = laid_out(tmp_path, units.drop_in(STRANGE))
    names = systemd("systemd-escape", "--path", "--suffix=mount", "--", *STRANGE[:-1]).stdout.split()
    for name in names:
        # A mount with a fault in it: whoever asks for it is told so.
        (tmp_path / name).write_text("[Unit]\nNobodyKnows=this\n")

    read = systemd("systemd-analyze", "verify", "--recursive-errors=yes", unit).stderr
    told = {Path(line.split(":2: Unknown key")[0]).name for line in read.splitlines() if "NobodyKnows" in line}

    assert len(names) == len(STRANGE) - 1
    assert told == set(names)
    assert [line for line in read.splitlines() if "folders.conf" in line] == []


def test_a_share_that_cannot_be_mounted_keeps_only_its_own_folder_waiting() -> None:
    """The other folders go on, so nothing is required; whoever is above in the tree may be a mount as well."""
    text = units.drop_in([Path("/srv/dub/in"), Path("/.mnt/in")])
    names = ["\\x2emnt.mount", "\\x2emnt-in.mount", "srv.mount", "srv-dub.mount", "srv-dub-in.mount"]

    assert [line[6:] for line in text.splitlines() if line.startswith("Wants=")] == names
    assert [line[6:] for line in text.splitlines() if line.startswith("After=")] == names
    assert "RequiresMountsFor=/" not in text
    assert units.mount_units([Path("/srv", "ü" * 60)]) == ["srv.mount"], "no unit has a name of that length"


@needs_systemd
def test_the_folders_expose_the_service_to_no_more(tmp_path: Path) -> None:
    """Not where they lie below /home and /tmp either, where each is shown alone; and nothing is misunderstood."""
    unit = laid_out(
        tmp_path, units.drop_in([*STRANGE, Path("/home/Anna/vi deos:%"), Path("/tmp/in"), Path("/root", "in")])
    )

    verified = systemd("systemd-analyze", "verify", "--recursive-errors=no", unit)
    judged = systemd("systemd-analyze", "security", "--offline=true", "--threshold=15", unit)

    assert (verified.returncode, verified.stderr) == (0, "")
    assert judged.returncode == 0, judged.stdout


def test_a_folder_that_is_hidden_otherwise_is_shown_alone() -> None:
    """A bind mount over an empty /home, and the prefix for what may be missing."""
    text = units.drop_in([Path("/home/Anna/in: %"), Path("/srv/in")])

    assert 'BindPaths="-/home/Anna/in: %%":"/home/Anna/in: %%":rbind\n' in text
    assert "ProtectHome=tmpfs\n" in text
    assert text.count("BindPaths=") == 1
    assert text.count('ReadWritePaths="-/') == 2
    assert "ProtectHome" not in units.drop_in([Path("/srv/in"), Path("/homes/in")])


def opened(text: str) -> list[str]:
    """Give what a drop-in opens for writing."""
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith("ReadWritePaths=")]


def test_of_a_share_it_is_what_is_above_that_is_opened() -> None:
    """A start looks at what is opened, and would wait for a share that hangs; the comment says what it costs."""
    paths = [Path(path) for path in ("/srv/in", "/srv/nas/a", "/srv/nas/b", "/data/link", "/home/Anna/nas/in")]
    shares = {
        paths[1]: Path("/srv/nas"),
        paths[2]: Path("/srv/nas"),
        paths[3]: Path("/mnt/far"),
        paths[4]: Path("/home/Anna/nas"),
    }
    text = units.drop_in(paths, shares)

    assert opened(text) == ['"-/home/Anna/nas/in"', '"-/mnt"', '"-/srv"', '"-/srv/in"']
    assert "Wants=srv-nas-a.mount\n" in text
    assert "What lies beside the share can be written as well" in text
    assert "the service\n# cannot start" not in text
    assert "hangs" not in units.drop_in(paths)


def test_a_share_in_the_root_is_opened_itself() -> None:
    """Above it is everything; the comment says what that costs."""
    text = units.drop_in([Path("/nas/in"), Path("/srv/in")], {Path("/nas/in"): Path("/nas")})

    assert opened(text) == ['"-/nas/in"', '"-/srv/in"']
    assert "While it hangs the service\n# cannot start" in text
    assert "beside the share" not in text


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/srv/two\nlines", r"/srv/two\x0alines: it has control characters"),
        ("/srv/re\rturn", "control characters"),
        ("/srv/\x01", "control characters"),
        ("/srv/\x7f", "control characters"),
        ("/srv/\x85", "control characters"),
        ("/srv/latin-\udce9", "is not UTF-8"),
        ("/dev/shm/in", "can never write in /dev/shm/in"),
        ("/proc/in", "can never write"),
    ],
)
def test_what_systemd_cannot_be_told_is_refused(path: str, why: str) -> None:
    """In a sentence that shows the path, before anything is written."""
    with pytest.raises(WatchdError) as refused:
        units.drop_in([Path("/srv/fine"), Path(path)])

    assert why in refused.value.message
    assert refused.value.hint


@needs_systemd
def test_the_unit_runs_the_program_that_it_is_given(tmp_path: Path) -> None:
    """Also where its path has what means something to systemd; it is what systemd looks for, each time."""
    program = Path("/nowhere/100%n-é/bin/panjaya-watchd")
    unit = laid_out(tmp_path, units.drop_in([Path("/srv/in")]), program)

    said = systemd("systemd-analyze", "verify", "--recursive-errors=no", unit)

    assert said.returncode == 1
    assert f"Command {program} is not executable" in said.stderr
    assert (
        re.findall(r"(?m)^Exec\w+=\+?(\S+)", unit.read_text(encoding="utf-8"))
        == ["/nowhere/100%%n-é/bin/panjaya-watchd"] * 2
    )


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("/home/Anna/venv/bin/panjaya-watchd", "would not see"),
        ("/tmp/venv/bin/panjaya-watchd", "would not see"),
        ("/opt/my venv/bin/panjaya-watchd", "cannot be written into a unit"),
        ("/opt/$x/bin/panjaya-watchd", "cannot be written into a unit"),
    ],
)
def test_a_program_that_the_service_could_not_run_is_refused(program: str, why: str) -> None:
    """Where the unit hides it, or cannot name it."""
    with pytest.raises(WatchdError, match=why):
        units.unit(Path(program))
