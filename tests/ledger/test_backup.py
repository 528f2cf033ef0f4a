"""Tests for copies of a ledger: whole, checked, marked, and never in place of anything."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ledgers import contents, fill, look, make, surroundings, url_of
from mounting import mounts
from sqlalchemy import Connection

from panjaya_watchd.core.claim import HeldFor, State
from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.errors import LedgerError, WatchdError
from panjaya_watchd.ledger import notes, sqlite_file
from panjaya_watchd.ledger.auditing import audit
from panjaya_watchd.ledger.backup import back_up
from panjaya_watchd.ledger.examining import examine
from panjaya_watchd.ledger.sql import SqlLedger, read_only
from panjaya_watchd.places import durable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a ledger with nine claims, closed in order, in a directory of its own."""
    home = tmp_path / "state"
    home.mkdir()
    fill(home / "ledger.db", 9)
    return home / "ledger.db"


def test_a_backup_of_a_ledger_at_rest_has_everything(path: Path, tmp_path: Path) -> None:
    """The claims, in one file that only its owner may read; the ledger keeps every byte."""
    before = look(path.parent)
    target = tmp_path / "copy.db"
    made = back_up(url_of(path), target)

    assert (made.claims, made.living, made.size) == (9, 3, target.stat().st_size)
    assert target.stat().st_mode & 0o777 == 0o600
    assert before == look(path.parent)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["copy.db", "state"]
    assert audit(target).findings == []
    assert contents(target) == contents(path)


def test_a_backup_while_the_daemon_writes_has_what_was_put(path: Path, tmp_path: Path) -> None:
    """The writer is not stopped, and each copy holds all that was put before it began."""
    ledger, done, put = SqlLedger(url_of(path)), threading.Event(), [8]

    def write() -> None:
        while not done.is_set():
            ledger.put(make(put[0] + 1))
            put[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(4):
            before = put[0]
            made = back_up(url_of(path), tmp_path / f"copy {number}.db")
            assert before + 1 <= made.claims <= put[0] + 2
    finally:
        done.set()
        writer.join()
        ledger.close()
    assert len(contents(tmp_path / "copy 3.db")) == made.claims


def test_a_backup_of_what_a_dead_daemon_left_has_its_log(path: Path, tmp_path: Path) -> None:
    """What stands in the write-ahead log only is part of the ledger; neither file is touched."""
    program = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA wal_autocheckpoint=0');"
        "c.execute('CREATE TABLE more (note TEXT)'); c.execute(\"INSERT INTO more VALUES ('late')\"); c.commit();"
        "os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], env=surroundings(), check=False)
    before = look(path.parent)
    assert "ledger.db-wal" in before
    back_up(url_of(path), tmp_path / "copy.db")
    connection = sqlite3.connect(tmp_path / "copy.db")

    assert connection.execute("SELECT note FROM more").fetchall() == [("late",)]
    connection.close()
    assert before == look(path.parent)


def test_nothing_is_ever_replaced(path: Path, tmp_path: Path) -> None:
    """Neither a file, nor a folder, nor a link that leads nowhere; not even one that comes at the last moment."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    before = look(tmp_path / "state")
    for target in (tmp_path / "file", tmp_path / "link", tmp_path / "state", path):
        with pytest.raises(WatchdError, match="is there already"):
            back_up(url_of(path), target)

    assert (tmp_path / "file").read_text() == "mine"
    assert before == look(tmp_path / "state")


def test_a_name_that_is_taken_meanwhile_is_kept(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rename itself refuses."""
    target = tmp_path / "copy.db"

    def taking(*given: Any) -> Any:
        target.write_text("mine")
        return examine(*given)

    monkeypatch.setattr("panjaya_watchd.ledger.backup.examine", taking)
    with pytest.raises(WatchdError, match="is there already"):
        back_up(url_of(path), target)
    assert [target.read_text(), *tmp_path.glob(".*")] == ["mine"]


def test_what_cannot_be_written_is_told_and_leaves_nothing(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing folder, and a disk without room: that of the copy, or that of temporary files."""
    with pytest.raises(WatchdError, match="cannot be written: No such file") as refused:
        back_up(url_of(path), tmp_path / "nowhere" / "copy.db")
    assert not isinstance(refused.value, LedgerError)

    with mounts() as mounted:
        small = mounted.tmpfs(tmp_path / "small", "size=32k")
        for temporary in (tmp_path, small):
            monkeypatch.setattr(tempfile, "tempdir", str(temporary))
            with pytest.raises(WatchdError, match=r"cannot be written: .*(full|No space)") as refused:
                back_up(url_of(path), small / "copy.db")
            assert "TMPDIR" in (refused.value.hint or "")
            assert list(small.iterdir()) == []
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["small", "state"]


@pytest.mark.parametrize(("module", "step"), [(sqlite_file, "connected"), (durable, "sync"), (durable, "rename")])
def test_whoever_owns_the_folder_cannot_have_another_file_overwritten(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, step: str
) -> None:
    """The half copy may be swapped for a link at any moment: what that leads to keeps every byte."""
    home, victim, real = tmp_path / "home", tmp_path / "victim.db", getattr(module, step)
    home.mkdir()
    shutil.copyfile(path, victim)
    before, swapped = victim.read_bytes(), list[Path]()

    def swapping(*given: Any, **named: Any) -> Any:
        for half in home.glob(".*"):
            half.unlink()
            half.symlink_to(victim)
            swapped.append(half)
        return real(*given, **named)

    monkeypatch.setattr(module, step, swapping)
    with pytest.raises(WatchdError, match="somebody else changes") if module is durable else nullcontext():
        back_up(url_of(path), home / "copy.db")

    assert victim.read_bytes() == before
    assert bool(swapped) is (module is durable)  # SQLite never works in that folder


def test_what_the_disk_gives_back_otherwise_is_no_backup(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read once more before it gets its name."""
    sync = durable.sync

    def losing(descriptor: int) -> bool:
        os.pwrite(descriptor, bytes(4096), 4096)
        return sync(descriptor)

    monkeypatch.setattr(durable, "sync", losing)
    with pytest.raises(WatchdError, match="does not read as it was written"):
        back_up(url_of(path), tmp_path / "copy.db")
    assert [entry.name for entry in tmp_path.iterdir()] == ["state"]


def test_what_a_crash_left_of_a_copy_is_no_hindrance(path: Path, tmp_path: Path) -> None:
    """Nor what somebody has put there: a link is taken away, not followed."""
    for half in ("file", "link"):
        stale, other = tmp_path / f".{half}.db.new", tmp_path / "other"
        other.write_text("mine")
        stale.write_text("half") if half == "file" else stale.symlink_to(other)
        assert back_up(url_of(path), tmp_path / f"{half}.db").claims == 9
        assert other.read_text() == "mine"
        assert not os.path.lexists(stale)


def test_a_damaged_ledger_is_not_copied(path: Path, tmp_path: Path) -> None:
    """A copy that a start would refuse is no backup."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE claims SET folder = 'elsewhere' WHERE id = 'c1'")
    connection.close()

    with pytest.raises(LedgerError, match=r"Claim c1 .* seal"):
        back_up(url_of(path), tmp_path / "copy.db")
    assert [entry.name for entry in tmp_path.iterdir()] == ["state"]


def test_there_must_be_a_ledger(tmp_path: Path) -> None:
    """And none is made."""
    with pytest.raises(LedgerError, match="no ledger"):
        back_up(url_of(tmp_path / "ledger.db"), tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def test_a_daemon_that_starts_meanwhile_has_the_copy_made_again(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger at rest is read in a way that relies on nobody writing; so it is looked whether somebody did."""
    ledgers, mark = list[SqlLedger](), notes.mark_backup

    def starting(connection: Connection) -> None:
        mark(connection)
        if not ledgers:
            ledgers.append(SqlLedger(url_of(path)))
            ledgers[0].put(make(9))

    monkeypatch.setattr(notes, "mark_backup", starting)
    made = back_up(url_of(path), tmp_path / "copy.db")
    ledgers[0].close()

    assert made.claims == 10


def test_whoever_opens_a_backup_knows_that_it_is_one(path: Path, tmp_path: Path) -> None:
    """Once: what was to be sent is in doubt, which is durable; from then on it is a ledger like any other."""
    ledger = SqlLedger(url_of(path))
    assert ledger.restored is None
    sending = replace(make(30), state=State.CLAIMED, asset_id=None, inside=True, dubbings=())
    ledger.put(sending)
    ledger.close()
    target = tmp_path / "copy.db"
    back_up(url_of(path), target)
    reader = read_only(url_of(target))
    assert reader.get(ClaimId("c30")) == sending
    reader.close()
    first = SqlLedger(url_of(target))
    told, claim = first.restored, first.get(ClaimId("c30"))
    first.close()
    second = SqlLedger(url_of(target), owner="other")
    found = second.get(ClaimId("c30"))
    again = second.restored
    second.close()

    assert told is not None
    assert told.tzinfo is not None
    assert claim is not None
    assert (claim.held_for, claim.maybe_billed) == (HeldFor.DOUBT, True)
    assert (again, found) == (None, claim)
    assert audit(target).findings == []
