"""Tests for what is refused when a ledger is opened: with a hint, and without touching one byte."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ledgers import contents, fill, look, make, surroundings, url_of

from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.lock import Lock
from panjaya_watchd.ledger.sql import SqlLedger, read_only


def change(path: Path, statement: str, *values: object) -> None:
    """Do to a closed ledger what no release of ours does."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement, values)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()


def text(path: Path) -> None:
    """Write something else."""
    path.write_text("[state]\nurl = 'somewhere'\n" * 50)


def nothing(path: Path) -> None:
    """Leave an empty file, as after a disk ran full."""
    path.write_bytes(b"")


def header_only(path: Path) -> None:
    """Leave less than a header."""
    path.write_bytes(b"SQLite format 3\x00")


def directory(path: Path) -> None:
    """Put a directory there."""
    path.mkdir()


def loop(path: Path) -> None:
    """Put a link there that leads to itself."""
    path.symlink_to(path.name)


def fifo(path: Path) -> None:
    """Put a FIFO there; to open it would wait for ever."""
    os.mkfifo(path)


def foreign(path: Path) -> None:
    """Make somebody else's database."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE photos (id INTEGER PRIMARY KEY, path TEXT)")
    connection.close()


def foreign_ledger(path: Path) -> None:
    """Make somebody else's database that happens to have a table of our name."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE ledger (format INTEGER, documents INTEGER, application TEXT, created_at TEXT)")
    with connection:
        connection.execute("INSERT INTO ledger VALUES (1, 1, 'gnucash', '')")
    connection.close()


def no_tables(path: Path) -> None:
    """Make a database with nothing in it."""
    connection = sqlite3.connect(path)
    connection.execute("VACUUM")
    connection.execute("PRAGMA user_version = 7")
    connection.close()


def newer_schema(path: Path) -> None:
    """Let a newer release have changed the tables."""
    fill(path, 3)
    change(path, "UPDATE ledger SET format = 99")


def newer_documents(path: Path) -> None:
    """Let a newer release have written closed claims."""
    fill(path, 3)
    change(path, "UPDATE ledger SET documents = 99")


def no_format(path: Path) -> None:
    """Lose the row that says what this is."""
    fill(path, 3)
    change(path, "DELETE FROM ledger")


def changed_state(path: Path) -> None:
    """Change a fact that only the seal protects."""
    fill(path, 3)
    change(path, "UPDATE claims SET asset_id = 'another' WHERE id = 'c1'")


def changed_document(path: Path) -> None:
    """Change a closed claim's document, which nobody reads on a start."""
    fill(path, 3)
    change(path, "UPDATE claims SET document = replace(document, 'fr-FR', 'de-DE') WHERE id = 'c2'")


def lost_rest(path: Path) -> None:
    """Leave the write-ahead log alone, as when only the database was moved."""
    path.with_name(f"{path.name}-wal").write_bytes(b"\x37\x7f\x06\x82" * 100)


@pytest.mark.parametrize("opener", [SqlLedger, read_only])
@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        (text, "is not a SQLite database"),
        (nothing, "is empty"),
        (header_only, "is damaged"),
        (directory, "is not a regular file"),
        (loop, "cannot be read|is not a regular file"),
        (fifo, "is not a regular file"),
        (foreign, "is not a ledger of panjaya-watchd"),
        (foreign_ledger, "is not a ledger of panjaya-watchd"),
        (no_tables, "is not a ledger of panjaya-watchd"),
        (newer_schema, "schema format 99; this release reads up to"),
        (newer_documents, "documents format 99; this release reads up to"),
        (no_format, "is not a ledger of panjaya-watchd"),
        (changed_state, "Claim c1 .* seal does not fit"),
        (changed_document, "Claim c2 .* seal does not fit"),
        (lost_rest, "is missing, but ledger.db-wal"),
    ],
)
def test_what_is_no_sound_ledger_of_ours_is_refused_untouched(
    tmp_path: Path, opener: Callable[[str], object], prepare: Callable[[Path], None], says: str
) -> None:
    """The daemon does not start, says why and what to do, and the evidence stays as it was found."""
    path = tmp_path / "ledger.db"
    prepare(path)
    before = look(tmp_path) if prepare is not loop else {}

    with pytest.raises(LedgerError, match=says) as refused:
        opener(url_of(path))
    assert str(path) in refused.value.message
    assert refused.value.hint
    if prepare is not loop:
        assert before == look(tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ledger.db",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://me:secret@db/x",
        "sqlite:////x?mode=memory",
        "sqlite:////x?y",
        "://",
    ],
)
def test_a_url_that_names_no_sqlite_file_is_refused(url: str) -> None:
    """The hint shows a good one, and no password is shown."""
    with pytest.raises(LedgerError) as refused:
        SqlLedger(url)
    assert "sqlite:////var/lib" in refused.value.hint
    assert "secret" not in str(refused.value)


def test_a_missing_file_is_made_for_its_owner_only(tmp_path: Path) -> None:
    """The first start needs no preparation; what people dub is nobody else's business."""
    path = tmp_path / "ledger #1 é.db"
    SqlLedger(url_of(path)).close()

    assert [path.name] == [entry.name for entry in tmp_path.iterdir()]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_missing_directory_is_refused(tmp_path: Path) -> None:
    """A mount that is not there must not be mistaken for a first start."""
    with pytest.raises(LedgerError, match=r"directory .* does not exist") as refused:
        SqlLedger(url_of(tmp_path / "nowhere" / "ledger.db"))
    assert refused.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_crash_while_a_ledger_is_made_leaves_no_half_one(tmp_path: Path) -> None:
    """What an earlier attempt left is replaced; only a whole ledger gets the name."""
    path = tmp_path / "ledger.db"
    (tmp_path / ".ledger.db.new").write_bytes(b"half a ledger")

    assert contents(path) == {}
    assert [path.name] == [entry.name for entry in tmp_path.iterdir()]


def test_a_ledger_that_is_held_is_refused_to_a_second_daemon(tmp_path: Path) -> None:
    """Two daemons would each upload every video; the holder goes on undisturbed."""
    path = tmp_path / "ledger.db"
    first = SqlLedger(url_of(path))
    with pytest.raises(LedgerError, match=f"already running .pid {os.getpid()}"):
        SqlLedger(url_of(path))
    first.put(make(1))
    first.close()

    assert contents(path) == {"c1": make(1)}


def test_a_refused_ledger_is_not_held(tmp_path: Path) -> None:
    """After the operator restored a backup the daemon starts at once."""
    path = tmp_path / "ledger.db"
    nothing(path)
    with pytest.raises(LedgerError):
        SqlLedger(url_of(path))

    Lock(path).release()


UNPRIVILEGED = """
import os, sys
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.sql import SqlLedger
import sqlalchemy.dialects.sqlite.pysqlite
if os.geteuid() == 0:
    os.setgroups([]); os.setegid(65534); os.seteuid(65534)
try:
    SqlLedger(sys.argv[1])
except LedgerError as refused:
    print(refused.message, "|", refused.hint)
else:
    sys.exit("was opened")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file_mode", "directory_mode"), [(0o000, 0o755), (0o444, 0o755), (0o444, 0o555), (0o600, 0o000)]
)
def test_without_rights_a_ledger_is_refused_untouched(tmp_path: Path, file_mode: int, directory_mode: int) -> None:
    """Rights on the file, and on its directory, are needed; no half-opened ledger remains."""
    for parent in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        parent.chmod(0o755)
    home = tmp_path / "state"
    home.mkdir()
    path = home / "ledger.db"
    fill(path, 2)
    path.chmod(file_mode)
    home.chmod(directory_mode)
    before = look(home)
    done = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED, url_of(path)],
        env=surroundings(),
        capture_output=True,
        text=True,
        check=False,
    )
    home.chmod(0o755)
    after = look(home)

    assert done.returncode == 0, done.stderr
    assert str(path) in done.stdout
    assert "right" in done.stdout.partition("|")[2]
    assert before == after


FULL_DISK = """
import resource, sys
from pathlib import Path
from ledgers import make, url_of
from panjaya_watchd.errors import LedgerError
from panjaya_watchd.ledger.sql import SqlLedger
ledger = SqlLedger(url_of(Path(sys.argv[1])))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
put = 0
try:
    while put < 10_000:
        ledger.put(make(put))
        put += 1
except LedgerError as refused:
    print(put, ledger.get(make(put).id) is None, ledger.get(make(0).id) == make(0), refused.hint)
ledger.close()
"""


@pytest.mark.slow
def test_a_disk_that_is_full_refuses_the_put_and_keeps_the_rest(tmp_path: Path) -> None:
    """The put that failed changed nothing, every earlier one counts, and the hint speaks of the disk."""
    path = tmp_path / "ledger.db"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], env=surroundings(), capture_output=True, text=True, check=True
    )
    put, absent, kept, hint = done.stdout.split(maxsplit=3)

    assert int(put) > 10
    assert (absent, kept) == ("True", "True")
    assert "disk" in hint
    assert {claim.id: claim for claim in map(make, range(int(put)))} == contents(path)
