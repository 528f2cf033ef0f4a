"""What holds for the repository as a whole: sizes, words that may not stand in it, locks, the service unit, CI."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from panjaya_watchd.settings.model import Http

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = ROOT / "panjaya_watchd"
UNIT: Final = ROOT / "systemd" / "panjaya-watchd.service"
SOCKET: Final = UNIT.with_suffix(".socket")

INDEX_HOSTS: Final = [".".join(name) for name in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"))]
"""Put together here, because this file is read too."""

MACHINE_PATH: Final = re.compile(r"(?<![\w.])/(work|farm|root|home/[a-z]+)/")


def files_of_the_repository() -> list[Path]:
    """Give every file that is, or could be, committed; without git (an unpacked archive), every file of ours."""
    git = ("git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0:
        paths = [ROOT / os.fsdecode(name) for name in listed.stdout.split(b"\0") if name]
    else:
        paths = [
            path for path in ROOT.rglob("*") if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
        ]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def modules() -> list[Path]:
    """Give every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def packages_of(lock: str) -> dict[str, str]:
    """Give the packages of one lock, name to version with its marker."""
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)==([^\\\n]+)", text, re.MULTILINE))


def test_no_module_has_outgrown_its_noun() -> None:
    """A module of more than 320 lines has a second noun in it."""
    sizes = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}

    assert len(sizes) > 10
    assert {name: size for name, size in sizes.items() if size > 320} == {}


def test_every_module_says_what_it_is_for() -> None:
    """Each begins with a docstring."""
    silent = [path for path in modules() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]

    assert silent == []


def test_nothing_names_an_index_or_a_machine() -> None:
    """The repository serves behind any mirror and in any place: no host of a package index, no path of a machine."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in files_of_the_repository()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if any(host in line for host in INDEX_HOSTS) or MACHINE_PATH.search(line)
    ]

    assert found == []


def test_what_the_documents_name_exists() -> None:
    """A path of the repository in README.md or ARCHITECTURE.md leads somewhere."""
    named = [
        (document.name, word)
        for document in (ROOT / "README.md", ROOT / "ARCHITECTURE.md")
        for word in re.findall(
            r"(?<![\w/.-])(?:bench|config|packaging|requirements|systemd|tests|panjaya_watchd|\.ci)/[\w./-]*\w",
            document.read_text(encoding="utf-8"),
        )
    ]

    assert any(document == "README.md" for document, _ in named)
    assert [name for name in named if not (ROOT / name[1]).exists()] == []


@pytest.mark.parametrize(
    "script", [".ci/run", "requirements/lock.sh", "bench/fresh_debian.sh", "bench/vm/run.sh", "packaging/deb.sh"]
)
def test_a_script_can_be_run(script: str) -> None:
    """It is executable, and its shell understands it."""
    path = ROOT / script
    shell = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("#!")

    assert os.access(path, os.X_OK)
    assert subprocess.run([shell, "-n", path], check=False).returncode == 0


@pytest.mark.parametrize("lock", ["run.txt", "test.txt", "service.txt"])
def test_every_locked_package_has_digests(lock: str) -> None:
    """What is installed is what was locked: pinned, hashed, as wheels, from no particular index."""
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"\n(?=\S)", text.rstrip()) if not entry.startswith("--")]
    digests = r" \\(\n    --hash=sha256:[0-9a-f]{64}( \\)?)+"

    assert text.startswith("--only-binary :all:\n")
    assert len(entries) > 20
    assert [entry for entry in entries if not re.fullmatch(rf"[a-z0-9.-]+==[^\s;]+( ; [^\\]+)?{digests}", entry)] == []
    assert re.search(r"://|--(extra-)?index-url|--find-links", text) is None


def test_what_is_tested_is_what_runs() -> None:
    """The three locks agree on every version, and together they cover what pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    run, test, service = (packages_of(f"{name}.txt") for name in ("run", "test", "service"))
    wishes = (
        (run, project["project"]["dependencies"]),
        (test, project["dependency-groups"]["test"]),
        (service, project["project"]["optional-dependencies"]["service"]),
    )

    assert run.items() <= test.items()
    assert run.items() <= service.items()
    for locked, wished in wishes:
        assert {re.split(r"[^\w-]", wish)[0] for wish in wished} <= locked.keys()


def test_the_unit_states_what_the_daemon_relies_on() -> None:
    """Readiness, the exit codes that no restart helps, the folders, the key and the patience at stopping."""
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    service = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    assert service["Type"] == "notify"
    assert set(service["RestartPreventExitStatus"].split()) == {"2", "78"}
    assert service["Restart"] == "on-failure"
    assert service["User"] == service["StateDirectory"] == "panjaya-watchd"
    assert service["StateDirectoryMode"] == "0700"
    assert service["LimitCORE"] == "0"
    assert service["LoadCredential"] == "panjaya-api-key:/etc/panjaya-watchd/api-key"
    assert service["TimeoutStopSec"] == "30"
    assert service["ExecStart"].endswith("/panjaya-watchd run")
    program = service["ExecStart"].removesuffix(" run")
    assert service["ExecReload"] == f"+{program} reload --key /etc/panjaya-watchd/api-key"


def test_systemd_listens_where_the_daemon_would() -> None:
    """The sample of a socket unit has the default address, for the service of the same name."""
    assert f"ListenStream={Http().listen}\n" in SOCKET.read_text(encoding="utf-8")
    assert "Accept=" not in SOCKET.read_text(encoding="utf-8")


def test_the_unit_says_what_each_restriction_costs() -> None:
    """Beside each line that takes something away stands, in the comment above, what one has to do without."""
    *_, restrictions = UNIT.read_text(encoding="utf-8").partition("# From here on")
    paragraphs = re.findall(r"((?:^#.*\n)+)((?:^[A-Z].*\n)+)", restrictions.partition("[Install]")[0], re.MULTILINE)
    mute = [lines for comment, lines in paragraphs if "COSTS:" not in comment]

    assert len(paragraphs) > 20
    assert mute == ["SystemCallErrorNumber=EPERM\n"]


def every_line_of_the_example(drop_in: Path) -> None:
    """Write the example of a drop-in with nothing commented out, its programs aside."""
    text = (UNIT.parent / "example.conf").read_text(encoding="utf-8")
    drop_in.parent.mkdir()
    drop_in.write_text(re.sub(r"(?m)^#(?=[A-Z]\w+=)", "", text), encoding="utf-8")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs Debian's systemd, for systemd-analyze")
@pytest.mark.slow
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    """No key and no value is unknown to this systemd, and the service is exposed to little; its program aside."""
    unit, socket = tmp_path / UNIT.name, shutil.copy(SOCKET, tmp_path)
    text = UNIT.read_text(encoding="utf-8")
    unit.write_text(re.sub(r"(?m)^(Exec\w+=\+?)\S+", r"\1/bin/true", text), encoding="utf-8")
    every_line_of_the_example(tmp_path / f"{unit.name}.d" / "override.conf")
    # A plain verify answers 0 for unknown keys and bad values (systemd 252 and 257).
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", unit, socket],
        capture_output=True,
        text=True,
        check=False,
    )
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", unit], capture_output=True, check=False
    )

    assert (verified.returncode, verified.stderr) == (0, "")
    assert judged.returncode == 0


SKIPS: Final = """
import pytest

def test_that_skips():
    pytest.skip("no wish to")

@pytest.mark.skipif(True, reason="no wish to")
def test_that_is_skipped(): ...

@pytest.mark.xfail
def test_that_is_known_to_fail():
    assert False
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "ci", "status", "words"),
    [
        (SKIPS, "true", 1, "1 failed, 1 xfailed, 1 error"),
        (SKIPS, "", 0, "2 skipped, 1 xfailed"),
        ("import pytest\npytest.skip('no wish to', allow_module_level=True)", "true", 2, "1 error"),
        ("", "true", 5, "no tests ran"),
    ],
)
def test_in_ci_a_skipped_test_is_a_failure(tmp_path: Path, source: str, ci: str, status: int, words: str) -> None:
    """Where changes are judged, "not proven here" and "nothing to prove" count as failed, and it is said why."""
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests")
    (tmp_path / "tests" / "test_it.py").write_text(source)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, words in ran.stdout) == (status, True), ran.stdout
    assert ("was skipped, which CI=true does not allow. Skipped: no wish to" in ran.stdout) == (status in {1, 2})


def test_every_capability_in_the_readme_has_its_proof() -> None:
    """The table names tests; each of them is there, and none is left out."""
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.count("|") == 6 and "`test_" in line]
    named = {name for row in rows for name in re.findall(r"`(test_\w+)`", row)}
    there = set(re.findall(r"^def (test_\w+)", (ROOT / "tests/e2e/test_capabilities.py").read_text(), re.MULTILINE))

    assert named == there - {"test_a_version_is_not_revised_where_our_copy_is_not_what_it_was"}
    assert len(rows) >= 14
