"""``doctor``: the whole visit, as an operator and as programs see it."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

import pytest
from cli.site import FOLDER, Said, Site
from e2e.test_witness import free_port
from outsiders import let_in

from panjaya_watchd.doctor import patience, visit
from panjaya_watchd.doctor.findings import Finding
from panjaya_watchd.errors import WatchdError
from panjaya_watchd.ledger.sql import read_only
from panjaya_watchd.rehearsal.server import KEY

WITH_KEY: Final = {"PANJAYA_API_KEY": KEY}
LISTENER: Final = """
import os, socket, sys
control = socket.socket(socket.AF_UNIX)
control.bind(sys.argv[1])
control.listen()
os.setgroups([])
os.setresgid(54321, 54321, 54321)
os.setresuid(54321, 54321, 54321)
print(flush=True)
sys.stdin.read()
"""


def findings(said: Said, check: str) -> list[dict[str, Any]]:
    """Give what was found by one check."""
    told: list[dict[str, Any]] = said.json["findings"]
    return [finding for finding in told if finding["check"] == check]


def below(place: Path) -> list[Path]:
    """Give everything below a place."""
    return sorted(place.rglob("*"))


def test_it_tells_the_profile_and_what_follows(here: Site) -> None:
    """The choice is shown, and why it was made (R2)."""
    before = below(here.home)
    said, words = here.call("doctor", "--json", environ=WITH_KEY), here.call("doctor", "marketing")

    assert (said.code, words.code) == (0, 0)
    (folder,) = said.json["folders"]
    (ground,) = folder["grounds"]
    kind = subprocess.run(
        ["stat", "--file-system", "--format=%T", folder["path"]], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert ground["file_system"].startswith(kind.split("/")[0][:3])
    assert (ground["profile"], ground["chosen"], ground["quiet"]) == ("local", "by its file system", 1.0)
    assert "profile local (by its file system)" in words.out
    assert below(here.home) == before


def test_what_programs_rely_on(here: Site) -> None:
    """The keys of docs/doctor.md; every check that is told is described there."""
    said = here.call("doctor", "--json", environ=WITH_KEY).json

    assert list(said) == ["findings", "folders"]
    assert {tuple(finding) for finding in said["findings"]} == {("check", "folder", "level", "found", "todo")}
    assert {finding["level"] for finding in said["findings"]} <= {"ok", "warning", "trouble"}
    assert all((finding["todo"] is None) == (finding["level"] == "ok") for finding in said["findings"])
    assert {finding["folder"] for finding in said["findings"]} == {None, "marketing"}
    (folder,) = said["folders"]
    assert list(folder) == ["name", "path", "trouble", "grounds"]
    of_ground = "folder file_system options exported profile chosen quiet longest_quiet scan_every lease hints"
    assert list(folder["grounds"][0]) == [*of_ground.split(), "content_check"]
    page = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")
    assert [finding["check"] for finding in said["findings"] if f"| `{finding['check']}`" not in page] == []


def test_a_profile_that_was_set_is_told_as_such(here: Site) -> None:
    """Then nothing is left to the file system."""
    here.write(here.config.read_text() + 'profile = "nfs"\ncontent_check = "warn"\n')
    (folder,) = here.call("doctor", "--json", "marketing").json["folders"]
    (ground,) = folder["grounds"]

    assert (ground["profile"], ground["chosen"]) == ("nfs", "by the configuration")
    assert (ground["lease"], ground["hints"], ground["content_check"]) == (False, False, "warn")
    assert "means nothing here" in here.call("doctor", "marketing").out


def test_a_name_that_is_no_watch_folder_is_refused(here: Site) -> None:
    """With those that are."""
    said = here.call("doctor", "sales")

    assert said.code == 1
    assert "There are: marketing." in said.err


def test_any_trouble_is_an_exit_status_of_1(here: Site) -> None:
    """Here it is the key; of one folder nothing else is looked at, so it is not asked for."""
    said, words = here.call("doctor", "--json", environ={}), here.call("doctor", environ={})
    alone = here.call("doctor", "--json", "marketing", environ={})

    assert (said.code, words.code, alone.code) == (1, 1, 0)
    assert [finding["level"] for finding in findings(said, "key")] == ["trouble"]
    assert findings(said, "service") == []
    assert "TROUBLE key: environment: PANJAYA_API_KEY: found no key" in words.out
    assert "troubles: 1." in words.out
    assert {finding["folder"] for finding in alone.json["findings"]} == {None, "marketing"}
    assert [finding["check"] for finding in alone.json["findings"] if finding["folder"] is None] == ["identity"]
    assert here.studio.requests == []


def test_a_bad_configuration_ends_the_visit(here: Site) -> None:
    """Status 78, and every fault as `check` tells it, also those of the disk."""
    here.write(here.config.read_text().replace(str(here.folder), "/nowhere"))
    said, told = here.call("doctor", environ=WITH_KEY), here.call("doctor", "--json", environ=WITH_KEY)
    checked = here.call("check", "--json", environ=WITH_KEY)

    assert (said.code, told.code) == (78, 78)
    assert "watchd.toml:14: folder[0].path" in said.err
    assert told.json == checked.json
    assert len(told.json["faults"]) == 1


def test_a_key_for_callbacks_that_is_none_ends_it_too(here: Site) -> None:
    """The daemon would not start with it."""
    http = f'[http]\npublic_url = "https://dub.example"\ncallback_key_file = "{here.config}"\n'
    here.write(here.config.read_text().replace('[http]\nlisten = ""\n', http))
    said = here.call("doctor", environ=WITH_KEY)

    assert said.code == 78
    assert "no PEM of a public key" in said.err


def test_warnings_of_the_configuration_are_findings(here: Site) -> None:
    """What this release does not act upon, and that nothing limits what may be spent."""
    here.write(here.config.read_text() + '[notify]\nurls_file = "/etc/urls"\n')
    said = here.call("doctor", "--json", environ=WITH_KEY)

    assert [finding["level"] for finding in findings(said, "configuration")] == ["ok", "warning", "warning"]


def is_known(here: Site) -> bool:
    """Say whether the daemon has seen its own trace in the watch folder."""
    if not here.ledger.exists():
        return False
    ledger = read_only(here.settings.state.url)
    baseline = ledger.baseline(FOLDER)
    ledger.close()
    return baseline is not None and baseline.root_id is not None


@pytest.mark.slow
def test_beside_a_running_daemon(here: Site) -> None:
    """Its listener, its ledger and its folder are found as they are, and it notices nothing of it all."""
    listen = f"127.0.0.1:{free_port()}"
    http_table = f'[http]\nlisten = "{listen}"\npublic_url = "http://{listen}"\n'
    here.write(here.config.read_text().replace('[http]\nlisten = ""\n', http_table))
    (here.folder / "notes.txt").write_text("not a video")
    alone = here.call("doctor", "--json", environ=WITH_KEY)
    with here.daemon():
        while not is_known(here) or not (here.folder / "STATUS.txt").exists():
            time.sleep(0.02)
        before, status = below(here.home), here.call("status", "--json").json
        said = here.call("doctor", "--json", environ=WITH_KEY)
        after, later = below(here.home), here.call("status", "--json").json

    assert (alone.code, said.code) == (0, 0)
    assert [findings(said, check)[0]["level"] for check in ("listener", "public_url")] == ["ok", "ok"]
    assert "is free" in findings(alone, "listener")[0]["found"]
    assert "A daemon runs" in findings(said, "daemon")[0]["found"]
    assert "Looked as the running daemon is" in findings(said, "identity")[0]["found"]
    assert "the folder that the service knows" in findings(said, "root")[0]["found"]
    assert "will ask for" in findings(alone, "inotify")[0]["found"]
    assert "will ask for" not in findings(said, "inotify")[0]["found"]
    assert after == before
    assert later["claims"] == status["claims"] == []
    assert [drop["name"] for drop in later["folders"][0]["waiting"]] == ["notes.txt"]
    assert not later["folders"][0].get("strays")


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_root_looks_as_the_daemon_does(here: Site) -> None:
    """Whoever listens on the control socket is the daemon; what root may do there counts for nothing."""
    let_in(here.home)
    control = here.ledger.with_name("control.sock")
    with subprocess.Popen(
        [sys.executable, "-c", LISTENER, control], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as daemon:
        assert daemon.stdin is not None
        assert daemon.stdout is not None
        daemon.stdout.readline()
        said = here.call("doctor", "--json", environ=WITH_KEY)
        daemon.stdin.close()

    assert said.code == 1
    assert "Looked as the running daemon is: user 54321" in findings(said, "identity")[0]["found"]
    assert [finding["level"] for finding in findings(said, "rights")] == ["trouble"]
    assert "user 54321 may not write in the state directory" in findings(said, "state")[0]["found"]
    assert "may not write in" in said.json["folders"][0]["trouble"]


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_share_that_does_not_answer_holds_nobody_up(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, the others are looked at, and so is everything else."""
    monkeypatch.setattr(patience, "_LAST", 0.1)
    monkeypatch.setattr(visit, "_SOON", 0.1)
    if shutil.which("bindfs") is None:
        pytest.skip("Debian's package bindfs is missing")
    dead = here.home / "dead"
    dead.mkdir()
    second = f'[[folder]]\nname = "dead"\npath = "{dead}"\nlocale = "en-US"\nlanguages = ["es-ES"]\n'
    here.write(here.config.read_text() + second)
    options = "attr_timeout=0,entry_timeout=0"
    with subprocess.Popen(["bindfs", "-f", "-o", options, here.folder, dead]) as server:
        while not dead.is_mount():
            time.sleep(0.01)
        server.send_signal(signal.SIGSTOP)
        rescue = threading.Timer(60.0, server.send_signal, (signal.SIGCONT,))  # else a failure would hang for ever
        rescue.start()
        try:
            found = visit.visit(here.config, WITH_KEY, None, patient=2.0)
            here.write(here.config.read_text().replace(str(here.ledger), str(dead / "ledger.db")))
            with pytest.raises(WatchdError, match="the service needs it for itself"):
                visit.visit(here.config, WITH_KEY, None, patient=0.2)
        finally:
            rescue.cancel()
            server.send_signal(signal.SIGCONT)
            subprocess.run(["umount", "--lazy", dead], check=True)

    def of(folder: str | None, check: str) -> list[Finding]:
        return [finding for finding in found.findings if (finding.folder, finding.check) == (folder, check)]

    assert [finding.level.value for finding in of("dead", "use")] == ["trouble"]
    assert "does not answer within 2 s" in of("dead", "use")[0].found
    assert of("marketing", "failed")[0].level.value == "ok"
    assert of(None, "configuration")[0].level.value == "warning"
    assert of(None, "service")[0].level.value == "ok"


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_folder_that_cannot_be_used_is_told(here: Site) -> None:
    """The others are told all the same, and the exit status says that something is wrong."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", here.folder], check=True)
    try:
        said = here.call("doctor", "marketing")
    finally:
        subprocess.run(["umount", here.folder], check=True)

    assert said.code == 1
    assert "mounted read-only" in said.out
