"""``reload`` with the real daemon: what changes without a restart, what does not, and whose word on the key holds."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.site import LONG, Site

from panjaya_watchd.rehearsal.server import KEY

pytestmark = pytest.mark.slow

MORE = """

[[folder]]
name = "sales"
path = "{path}"
locale = "en-US"
languages = ["de-DE"]
quiet = 0.2
content_check = "off"
on_first_start = "take"
"""
NEW_KEY = "panjaya-second-key"


@pytest.fixture
def here(here: Site) -> Site:
    """Let any bytes pass for a video, and soon."""
    here.write(text(here).replace('quiet = "1s"', "quiet = 0.2") + 'content_check = "off"\n')
    return here


@pytest.fixture
def running(here: Site) -> Iterator[Site]:
    """Give an installation whose daemon runs."""
    with here.daemon():
        yield here


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def text(here: Site) -> str:
    """Read the configuration as it is written."""
    return here.config.read_text()


def folders(here: Site) -> list[Any]:
    """Ask the daemon for its watch folders."""
    return [folder["name"] for folder in here.call("status", "--json").json["folders"]]


def test_a_folder_is_added_and_taken_away(running: Site) -> None:
    """A video dropped into the new one comes back; after the second reload it is left."""
    sales = running.home / "sales"
    sales.mkdir()
    plain = text(running)
    running.write(plain + MORE.format(path=sales))
    said = running.call("reload")
    assert (said.code, said.out, said.err) == (0, "Taken: 2 watch folders.\n", "")

    (sales / "tour.mp4").write_bytes(b"video " * 50)
    until((sales / "done" / "tour" / "tour.de-DE.mp4").exists)
    running.write(plain)
    assert running.call("reload").out == "Taken: 1 watch folder.\n"
    until(lambda: folders(running) == ["marketing"])
    until(lambda: "not watched any more" in (sales / "STATUS.txt").read_text())
    assert len(running.studio.studio.bills) == 1


def held(here: Site, number: int) -> int:
    """Ask the daemon how many videos of a watch folder lay there before."""
    count: int = here.call("status", "--json").json["folders"][number]["held_first"]["drops"]
    return count


def test_what_lay_there_before_is_not_bought_by_a_reload(here: Site) -> None:
    """By looking into sub-folders, filing elsewhere, or taking a folder out for a while: it is held, or left alone."""
    sales, plain = here.home / "sales", text(here).replace('on_first_start = "take"', 'on_first_start = "hold"')
    (here.folder / "season").mkdir()
    (here.folder / "season" / "old.mp4").write_bytes(b"old " * 50)
    sales.mkdir()
    more = MORE.format(path=sales).replace("take", "hold")
    here.write(plain + more)
    with here.daemon():
        until(lambda: len(here.call("status", "--json").json["folders"]) == 2 and (sales / "processing").exists())
        (here.folder / "tour.mp4").write_bytes(b"video " * 50)
        until((here.folder / "done" / "tour" / "tour.es-ES.mp4").exists)
        here.write(plain + 'recursive = true\ndone = "fertig"\n')
        assert here.call("reload").code == 0
        until(lambda: "not watched any more" in (sales / "STATUS.txt").read_text())
        (sales / "meanwhile.mp4").write_bytes(b"meanwhile " * 50)
        until(lambda: held(here, 0) == 1)
        filed = sorted(path.name for path in (here.folder / "done").rglob("*"))
        here.write(plain + 'recursive = true\ndone = "fertig"\n' + more)
        assert here.call("reload").code == 0
        until(lambda: held(here, 1) == 1)
        (here.folder / "season" / "new.mp4").write_bytes(b"new " * 50)
        until(lambda: here.call("why", "new").code == 0)
        # An observer of watchdog that is ended while it adds a folder that is new raises in its own thread.
        time.sleep(0.5)

    assert (here.folder / "fertig" / "season" / "new" / "new.es-ES.mp4").exists()
    assert sorted(path.name for path in (here.folder / "done").rglob("*")) == filed
    assert len(here.studio.studio.bills) == 2


def test_a_configuration_with_faults_is_refused_with_every_line(running: Site) -> None:
    """Status 78, and the daemon goes on as before."""
    running.write(text(running) + "\n[limits]\nuploads = 0\n")
    said = running.call("reload")

    assert said.code == 78
    assert "watchd.toml:" in said.err
    assert "limits.uploads" in said.err


def test_the_daemon_refuses_what_only_it_sees(here: Site) -> None:
    """The command may be able to read more than the daemon can."""
    here.write(text(here).replace("[state]", 'key_file = "KEY"\n\n[state]'.replace("KEY", str(here.home / "key"))))
    (here.home / "key").write_text(KEY)
    (here.home / "key").chmod(0o600)
    with here.daemon():
        (here.home / "key").unlink()
        said, told = here.call("reload"), here.call("reload", "--json").json

    assert said.code == 78
    assert "key" in said.err
    assert KEY not in said.err
    assert told["refused"].startswith(str(here.home / "key"))


def test_what_waits_for_a_restart_is_told(running: Site) -> None:
    """The folder goes on where it is; nothing is silently ignored."""
    moved = running.home / "elsewhere"
    moved.mkdir()
    before = text(running)
    running.write(before.replace('listen = ""', 'listen = "127.0.0.1:18765"').replace(str(running.folder), str(moved)))
    said = running.call("reload")
    (running.folder / "tour.mp4").write_bytes(b"video " * 50)
    until((running.folder / "done" / "tour" / "tour.es-ES.mp4").exists)

    assert said.code == 0
    assert "Note: [http] takes effect with a restart." in said.out
    assert 'Note: folder "marketing" has another path, so all of it takes effect with a restart.' in said.out


def test_nobody_else_takes_the_path_of_a_folder_that_is_to_move(running: Site) -> None:
    """Until a restart two folders would watch one place, each with orders of its own."""
    moved = running.home / "elsewhere"
    moved.mkdir()
    other = MORE.format(path=running.folder)
    running.write(text(running).replace(str(running.folder), str(moved)) + other)
    said = running.call("reload")

    assert said.code == 78
    assert "which lies within or around" in said.err
    assert "The path of a folder (marketing) changes with a restart only" in said.err


def test_a_new_key_is_not_shown_to_the_former_address(running: Site, tmp_path: Path) -> None:
    """It belongs to the new one, which is asked after a restart."""
    new = tmp_path / "new-key"
    new.write_text(NEW_KEY)
    new.chmod(0o600)
    running.write(text(running).replace(running.studio.base_url, "https://127.0.0.1:9"))
    said = running.call("reload", "--key", str(new))
    (running.folder / "tour.mp4").write_bytes(b"video " * 50)
    until((running.folder / "done" / "tour" / "tour.es-ES.mp4").exists)

    assert said.code == 0
    assert "[api] base_url takes effect with a restart, and the API key with it." in said.out


def test_a_folder_that_is_away_keeps_nothing_from_being_taken(running: Site) -> None:
    """It is the trouble of that folder alone, at a reload as at a start."""
    running.write(text(running) + MORE.format(path=running.home / "not mounted"))
    said = running.call("reload")

    assert (said.code, said.out) == (0, "Taken: 2 watch folders.\n")
    until(lambda: any(folder["trouble"] for folder in running.call("status", "--json").json["folders"]))
    (running.folder / "tour.mp4").write_bytes(b"video " * 50)
    until((running.folder / "done" / "tour" / "tour.es-ES.mp4").exists)


def test_a_start_without_one_of_its_folders(here: Site) -> None:
    """Nobody would start the service again when the share is back; the others go on, and so does that one then."""
    share = here.home / "share"
    here.write(text(here) + MORE.format(path=share))
    with here.daemon():
        (here.folder / "tour.mp4").write_bytes(b"video " * 50)
        until((here.folder / "done" / "tour" / "tour.es-ES.mp4").exists)
        share.mkdir()
        (share / "talk.mp4").write_bytes(b"talk " * 50)
        until((share / "done" / "talk" / "talk.de-DE.mp4").exists)


def test_another_shelf_is_used_by_what_is_filed_from_now_on(running: Site) -> None:
    """It is seen in another way, and is the same folder."""
    running.write(text(running) + 'done = "fertig"\n')
    assert running.call("reload").code == 0
    (running.folder / "tour.mp4").write_bytes(b"video " * 50)

    until((running.folder / "fertig" / "tour" / "tour.es-ES.mp4").exists)


def test_what_was_refused_once_is_taken_when_it_is_asked_for_again(here: Site) -> None:
    """A configuration may be refused after it was read, because claims are open; no part of it counts as in force."""
    sales = here.home / "sales"
    sales.mkdir()
    here.hold()
    plain, more = text(here), MORE.format(path=sales)
    here.write(plain + more)
    with here.daemon():
        here.write(plain.replace('name = "marketing"', 'name = "market"') + more + 'done = "fertig"\n')
        refused = here.call("reload")
        here.write(plain + more + 'done = "fertig"\n')
        taken = here.call("reload")
        (sales / "tour.mp4").write_bytes(b"tour " * 50)
        until((sales / "fertig" / "tour" / "tour.de-DE.mp4").exists)

    assert (refused.code, taken.code) == (78, 0)
    assert "where videos are under way (1)" in refused.err


def test_a_key_that_is_handed_over_holds(running: Site, tmp_path: Path) -> None:
    """Also over a reload without one, because what lies there is the former one still; never is it shown."""
    new = tmp_path / "new-key"
    new.write_text(f"{NEW_KEY}\n")
    new.chmod(0o600)
    running.studio.keys.add(NEW_KEY)
    said = running.call("reload", "--key", str(new))
    running.studio.keys.discard(KEY)
    assert (said.code, running.call("reload").code) == (0, 0)
    (running.folder / "tour.mp4").write_bytes(b"video " * 50)

    until((running.folder / "done" / "tour" / "tour.es-ES.mp4").exists)
    (running.folder / "done").rename(running.folder / "first")
    own = running.home / "key"
    own.write_text("panjaya-third-key")
    own.chmod(0o600)
    running.studio.keys.clear()
    running.studio.keys.add("panjaya-third-key")
    running.write(text(running).replace("[state]", f'key_file = "{own}"\n\n[state]'))
    assert running.call("reload").code == 0, "another one lies there now, so it is that"
    (running.folder / "talk.mp4").write_bytes(b"talk " * 50)
    until((running.folder / "done" / "talk" / "talk.es-ES.mp4").exists)
    assert NEW_KEY not in said.out + said.err + running.call("status", "--json").out


def test_a_key_that_everybody_can_read_is_not_handed_over(running: Site, tmp_path: Path) -> None:
    """The same rules hold as for a key file."""
    new = tmp_path / "new-key"
    new.write_text(NEW_KEY)
    new.chmod(0o644)
    said = running.call("reload", "--key", str(new))

    assert said.code == 78
    assert "everybody" in said.err


def test_without_a_daemon_there_is_nobody_to_tell(here: Site) -> None:
    """Status 75; it may listen where [state] has said before."""
    said = here.call("reload")

    assert said.code == 75
    assert "If [state] was changed" in said.err


def test_a_refused_key_is_mended_by_a_reload(here: Site) -> None:
    """What waited for the account goes at once, with the key that lies there now."""
    file = here.home / "key"
    here.write(text(here).replace("[state]", f'key_file = "{file}"\n\n[state]'))
    file.write_text("panjaya-wrong")
    file.chmod(0o600)
    with here.daemon(key="panjaya-wrong") as log:
        (here.folder / "tour.mp4").write_bytes(b"video " * 50)
        until(lambda: any(call.args == ("account.refused",) for call in log.calls))
        file.write_text(KEY)
        assert here.call("reload").code == 0
        until((here.folder / "done" / "tour" / "tour.es-ES.mp4").exists)

    assert len(here.studio.studio.bills) == 1
