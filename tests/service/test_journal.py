"""
The journal's entries: fields that can be asked for, lines that can be read, and a log that never holds anybody up.

systemd-python is not needed here: a list stands in for its one function. That the real one writes what is asked for is
proven on hosts with a real journal.
"""

import io
import json
import os
import socket
import string
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panjaya_watchd.service import journal, logs

LONG = 30.0


class Written:
    """A journal that keeps what it is sent, as long as it may."""

    def __init__(self) -> None:
        self.entries: list[tuple[bytes, ...]] = []
        self.refuses: Exception | None = None
        self.may = threading.Event()
        self.may.set()

    def sendv(self, *fields: bytes) -> None:
        """Take an entry, like ``systemd.journal.sendv``."""
        self.may.wait(LONG)
        if self.refuses is not None:
            raise self.refuses
        self.entries.append(fields)

    def read(self, number: int = -1) -> dict[str, list[str]]:
        """Give the fields of an entry."""
        found: dict[str, list[str]] = {}
        for field in self.entries[number]:
            name, _, value = field.partition(b"=")
            found.setdefault(name.decode(), []).append(value.decode())
        return found


@pytest.fixture
def written() -> Written:
    """Give a journal."""
    return Written()


@pytest.fixture
def others() -> list[Mapping[str, Any]]:
    """Give what goes to standard error instead."""
    return []


@pytest.fixture
def log(written: Written, others: list[Mapping[str, Any]]) -> Iterator[journal.Journal]:
    """Give a logger that writes there."""
    logger = journal.Journal(written.sendv, others.append)
    yield logger
    written.may.set()
    logger.close()


def of(**event: Any) -> dict[str, list[str]]:
    """Give the fields of an event."""
    book = Written()
    book.sendv(*journal.entry(event))
    return book.read()


def test_an_event_can_be_asked_for_by_each_of_its_fields() -> None:
    """``journalctl -u panjaya-watchd CLAIM=c0ffee`` tells one video's story, ``EVENT=`` or ``FOLDER=`` another."""
    languages = ["es-ES", "fr-FR"]
    event = of(
        event="drop.claimed", level="warning", claim="c0ffee", folder="nas", file="talk", bytes=7, languages=languages
    )

    message = 'talk: drop.claimed: bytes 7, languages "es-ES, fr-FR" (folder nas, claim c0ffee)'
    assert event == {
        "MESSAGE": [message],
        "PRIORITY": ["4"],
        "SYSLOG_IDENTIFIER": ["panjaya-watchd"],
        "EVENT": ["drop.claimed"],
        "CLAIM": ["c0ffee"],
        "FOLDER": ["nas"],
        "FILE": ["talk"],
        "BYTES": ["7"],
        "LANGUAGES": ["es-ES", "fr-FR"],
    }


@pytest.mark.parametrize(
    ("level", "priority"),
    [("critical", "2"), ("error", "3"), ("warning", "4"), ("info", "6"), ("debug", "7"), (None, "6")],
)
def test_a_level_is_the_priority_of_syslog(level: str | None, priority: str) -> None:
    """``journalctl -p err`` shows what a person must do."""
    assert of(event="folder.refused", level=level)["PRIORITY"] == [priority]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ({"event": "daemon.ready", "folders": 2, "claims": 0}, "daemon.ready: folders 2, claims 0"),
        ({"event": "a.b", "folder": "nas", "why": "It is full."}, 'a.b: why "It is full." (folder nas)'),
        (
            {"event": "claim.moved", "file": "talk", "from": "filing", "to": "closed", "held": None, "claim": "c1"},
            "talk: claim.moved filing → closed (claim c1)",
        ),
        ({"event": "a.b", "found": {"x": 1}, "list": [], "ok": True}, 'a.b: found "{"x": 1}", ok true'),
        ({}, ""),
    ],
)
def test_a_line_is_made_for_people(event: Mapping[str, Any], line: str) -> None:
    """What it is about, what happened, the facts, where; nothing that is empty, and no JSON around it."""
    assert journal.message(event) == line


def test_an_exception_follows_on_its_own_lines() -> None:
    """In full for whoever reads the log, and as a field."""
    event = of(event="daemon.crashed", exception="Traceback\n  File\nZeroDivisionError: a bug")

    assert event["MESSAGE"] == ["daemon.crashed\nTraceback\n  File\nZeroDivisionError: a bug"]
    assert event["EXCEPTION"] == ["Traceback\n  File\nZeroDivisionError: a bug"]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("claim", "CLAIM"),
        ("estimated_minutes", "ESTIMATED_MINUTES"),
        ("message", "WATCHD_MESSAGE"),
        ("Priority", "WATCHD_PRIORITY"),
        ("code_file", "WATCHD_CODE_FILE"),
        ("syslog_identifier", "WATCHD_SYSLOG_IDENTIFIER"),
        ("_pid", "WATCHD_PID"),
        ("7up", "WATCHD_7UP"),
        ("a b=c\n", "A_B_C_"),
        ("größe", "GR__E"),
        ("", "WATCHD_"),
        ("x" * 100, "X" * 64),
    ],
)
def test_a_field_cannot_pose_as_one_of_the_journals_own(key: str, name: str) -> None:
    """Its rules for names (systemd.journal-fields(7)): capitals, digits, underscores, 64 at most, none trusted."""
    assert journal.field(key) == name


@given(st.dictionaries(st.text(max_size=20), st.text() | st.binary() | st.floats() | st.none() | st.lists(st.text())))
def test_whatever_an_event_holds_stays_within_its_own_fields(event: dict[str, Any]) -> None:
    """No name, no line break and no lone surrogate makes a field that the event does not have, or raises."""
    fields = [field.partition(b"=")[0].decode() for field in journal.entry(event)]
    letters = set(string.ascii_uppercase + string.digits + "_")

    assert all(set(name) <= letters and name[0] in string.ascii_uppercase and len(name) <= 64 for name in fields)
    assert fields.count("MESSAGE") == fields.count("PRIORITY") == fields.count("SYSLOG_IDENTIFIER") == 1
    line = journal.entry(event)[0].decode()
    assert "exception" in event or "\n" not in line


def test_a_hostile_value_is_shown_and_cut() -> None:
    """A megabyte from the API or a name of broken bytes costs a line, not the log."""
    event = of(event="fault.met", file="a\nPRIORITY=0\udcff", words="é" * 1_000_000, warnings=["w"] * 1000)

    assert event["MESSAGE"][0].startswith(r"a\x0aPRIORITY=0\xff: fault.met: words éé")
    assert event["FILE"] == ["a\nPRIORITY=0\\udcff"]
    assert event["WORDS"] == ["é" * (journal.LONGEST // 2) + " …"]
    assert len(event["WARNINGS"]) == journal.MOST
    assert len(event["MESSAGE"][0].encode()) < journal.LONGEST + 10


def test_what_the_journal_refuses_goes_to_standard_error(
    log: journal.Journal, written: Written, others: list[Mapping[str, Any]]
) -> None:
    """Its socket is gone, say; when it comes back the log does."""
    written.refuses = ConnectionRefusedError()
    log.error({"event": "one"})
    log.close()
    assert others == [{"event": "one"}]


def test_a_log_that_nobody_takes_harms_nobody(log: journal.Journal, written: Written) -> None:
    """Neither the journal nor standard error is there, or an event cannot be shown: whoever logs goes on."""
    written.refuses = RuntimeError("a bug")
    log._otherwise = lambda _: written.sendv()
    log.info({"event": "one"})
    log.info({"event": "two"})
    log.close()

    assert written.entries == []


def test_a_journal_that_stands_still_holds_nobody_up(log: journal.Journal, written: Written) -> None:
    """The driver's thread logs, and its watchdog waits for it; how much was missed is told when it goes on."""
    written.may.clear()
    for number in range(journal.QUEUED + 8):
        log.info({"event": str(number)})
    log.close(0.01)  # nor its end
    written.may.set()
    log.close()

    events = [written.read(number)["EVENT"][0] for number in range(len(written.entries))]
    assert events[: journal.QUEUED] == [str(number) for number in range(journal.QUEUED)]
    assert events[-1] == "log.missed"
    assert len(events) - 1 + int(written.read()["EVENTS"][0]) == journal.QUEUED + 8


# where standard error leads


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[TextIO]:
    """Give a standard error that is a file."""
    with (tmp_path / "stderr").open("w+", encoding="utf-8") as file:
        yield file


def leads(stream: TextIO) -> dict[str, str]:
    """Say in the environment that a stream leads into the journal."""
    found = os.fstat(stream.fileno())
    return {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}


@pytest.fixture
def _journald(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: Written) -> Iterator[None]:
    """Have systemd-python, and a journal's socket."""
    package, module = ModuleType("systemd"), ModuleType("systemd.journal")
    module.sendv = written.sendv  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "systemd", package)
    monkeypatch.setitem(sys.modules, "systemd.journal", module)
    monkeypatch.setattr(journal, "SOCKET", tmp_path / "socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "socket"))
        yield


def told(stream: TextIO, environ: Mapping[str, str]) -> str:
    """Log an error with a bug, and give what stands on standard error then."""
    log = logs.set_up(stream, environ=environ)
    log.debug("not.wanted")
    try:
        raise ZeroDivisionError("a bug")  # noqa: TRY301  (there must be one to be logged)
    except ZeroDivisionError:
        log.exception("daemon.crashed", claim="c0ffee")
    writes = log.bind()._logger  # type: ignore[attr-defined]
    if isinstance(writes, journal.Journal):
        writes.close()
    stream.flush()
    stream.seek(0)
    return stream.read()


@pytest.mark.usefixtures("_journald")
def test_standard_error_that_leads_into_the_journal_is_written_natively(stream: TextIO, written: Written) -> None:
    """Each event once, as an entry with its fields, and nothing on the stream."""
    assert told(stream, leads(stream)) == ""

    (entry,) = (written.read(number) for number in range(len(written.entries)))
    assert (entry["EVENT"], entry["CLAIM"], entry["PRIORITY"]) == (["daemon.crashed"], ["c0ffee"], ["3"])
    assert "ZeroDivisionError: a bug" in entry["EXCEPTION"][0]


@pytest.mark.usefixtures("_journald")
@pytest.mark.parametrize("environ", [{}, {"JOURNAL_STREAM": "1:1"}, {"JOURNAL_STREAM": "soon"}])
def test_standard_error_that_leads_elsewhere_is_written_as_ever(
    environ: dict[str, str], stream: TextIO, written: Written
) -> None:
    """A shell below the service, whose output somebody sends into a file, has the variable as well."""
    assert json.loads(told(stream, environ))["event"] == "daemon.crashed"
    assert written.entries == []


@pytest.mark.usefixtures("_journald")
def test_a_stream_without_a_descriptor_is_no_journal() -> None:
    """A test, or a program around this one."""
    assert journal.is_stream(io.StringIO(), {"JOURNAL_STREAM": "1:1"}) is False


@pytest.mark.usefixtures("_journald")
def test_without_a_socket_the_log_goes_to_standard_error(stream: TextIO) -> None:
    """Else libsystemd would drop it without a word; so would a whole service under ``RootDirectory=``."""
    journal.SOCKET.unlink()

    assert json.loads(told(stream, leads(stream)))["claim"] == "c0ffee"


def test_without_systemd_python_the_log_goes_to_standard_error(stream: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """One JSON object a line, as into a file."""
    for name in ("systemd", "systemd.journal"):
        monkeypatch.setitem(sys.modules, name, None)

    assert json.loads(told(stream, leads(stream)))["event"] == "daemon.crashed"
