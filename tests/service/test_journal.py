"""
The journal's entries: fields that can be asked for, lines that can be read, and a log that never holds anybody up.

A real datagram socket stands where the journal's is, and what comes is read by the protocol's rules. That a real
journal understands it is proven on hosts that have one.
"""

import io
import json
import os
import socket
import string
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panjaya_watchd.service import journal, logs

Fields = dict[str, list[str]]


def read(datagram: bytes) -> Fields:
    """Read an entry as the journal does (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/)."""
    found: Fields = {}
    while datagram:
        line, _, rest = datagram.partition(b"\n")
        name, separator, value = line.partition(b"=")
        if not separator:
            (length,) = struct.unpack("<Q", rest[:8])
            value, end, rest = rest[8 : 8 + length], rest[8 + length : 9 + length], rest[9 + length :]
            assert end == b"\n"
        found.setdefault(name.decode(), []).append(value.decode())
        datagram = rest
    return found


class Journald:
    """A journal that takes what it is sent when the test asks for it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    def entries(self) -> list[Fields]:
        """Give what has come since it was asked last."""
        found = []
        while True:
            try:
                found.append(read(self._socket.recv(1 << 20)))
            except BlockingIOError:
                return found

    def close(self) -> None:
        """End, and leave its socket behind."""
        self._socket.close()


@pytest.fixture
def journald(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journald]:
    """Have a journal listen."""
    monkeypatch.setattr(journal, "SOCKET", tmp_path / "socket")
    listening = Journald(journal.SOCKET)
    yield listening
    listening.close()


@pytest.fixture
def others() -> list[Mapping[str, Any]]:
    """Give what goes to standard error instead."""
    return []


@pytest.fixture
def log(others: list[Mapping[str, Any]]) -> journal.Journal:
    """Give a logger that writes there."""
    return journal.Journal(others.append)


def of(**event: Any) -> Fields:
    """Give the fields of an event, as the journal reads them."""
    return read(journal.datagram(event))


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
    fields = read(journal.datagram(event))
    letters = set(string.ascii_uppercase + string.digits + "_")

    assert all(set(name) <= letters and name[0] in string.ascii_uppercase and len(name) <= 64 for name in fields)
    assert len(fields["MESSAGE"]) == len(fields["PRIORITY"]) == len(fields["SYSLOG_IDENTIFIER"]) == 1
    assert "exception" in event or "\n" not in fields["MESSAGE"][0]


def test_a_hostile_value_is_shown_and_cut() -> None:
    """A megabyte from the API or a name of broken bytes costs a line, not the log."""
    event = of(event="fault.met", file="a\nPRIORITY=0\udcff", words="é" * 1_000_000, warnings=["w"] * 1000)

    assert event["MESSAGE"][0].startswith(r"a\x0aPRIORITY=0\xff: fault.met: words éé")
    assert event["FILE"] == ["a\nPRIORITY=0\\udcff"]
    assert event["WORDS"] == ["é" * (journal.LONGEST // 2) + " …"]
    assert len(event["WARNINGS"]) == journal.MOST
    assert len(event["MESSAGE"][0]) < 3 * journal.SHOWN


def test_an_event_is_one_entry(log: journal.Journal, journald: Journald, others: list[Mapping[str, Any]]) -> None:
    """In the order in which they happened."""
    log.info({"event": "one"})
    log.error({"event": "two"})

    assert [entry["EVENT"] for entry in journald.entries()] == [["one"], ["two"]]
    assert others == []


@pytest.mark.usefixtures("journald")
def test_what_the_journal_does_not_take_goes_to_standard_error(
    log: journal.Journal, journald: Journald, others: list[Mapping[str, Any]]
) -> None:
    """It takes no datagram larger than its buffer, and none at all while it is away; afterwards it does again."""
    large = {"event": "large", "words": ["x" * journal.LONGEST] * journal.MOST}
    log.error(large)
    journald.close()
    log.error({"event": "refused"})
    journald.path.unlink()
    log.error({"event": "gone"})
    again = Journald(journald.path)
    log.error({"event": "back"})
    (back,) = again.entries()
    again.close()

    assert others == [large, {"event": "refused"}, {"event": "gone"}]
    assert back["EVENT"] == ["back"]


def test_a_log_that_nobody_takes_harms_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the journal nor standard error is there, or an event cannot even be shown: whoever logs goes on."""

    class Unspeakable:
        def __str__(self) -> str:
            raise ZeroDivisionError("a bug")

    def refuse(_event: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(journal, "SOCKET", tmp_path / "nowhere")
    log = journal.Journal(refuse)
    log.info({"event": "one"})
    log.info({"event": "two", "of": Unspeakable()})


@pytest.mark.slow
def test_a_journal_that_stands_still_holds_nobody_up(log: journal.Journal, journald: Journald) -> None:
    """
    The driver's thread logs, and its watchdog waits for it.

    Who logs waits once, shortly; how much was missed is told when the journal goes on, before whatever comes then.
    """
    sent = 5000
    for number in range(sent):
        log.info({"event": str(number)})
    taken = journald.entries()
    log.info({"event": "next"})
    told, following = journald.entries()

    assert [entry["EVENT"] for entry in taken] == [[str(number)] for number in range(len(taken))]
    assert (told["EVENT"], told["PRIORITY"]) == (["log.missed"], ["4"])
    assert int(told["EVENTS"][0]) == sent - len(taken) > 0
    assert following["EVENT"] == ["next"]


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


def told(stream: TextIO, environ: Mapping[str, str]) -> str:
    """Log an error with a bug, and give what stands on standard error then."""
    log = logs.set_up(stream, environ=environ)
    log.debug("not.wanted")
    try:
        raise ZeroDivisionError("a bug")  # noqa: TRY301  (there must be one to be logged)
    except ZeroDivisionError:
        log.exception("daemon.crashed", claim="c0ffee")
    stream.flush()
    stream.seek(0)
    return stream.read()


def test_standard_error_that_leads_into_the_journal_is_written_natively(stream: TextIO, journald: Journald) -> None:
    """Each event once, as an entry with its fields, and nothing on the stream."""
    assert told(stream, leads(stream)) == ""

    (entry,) = journald.entries()
    assert (entry["EVENT"], entry["CLAIM"], entry["PRIORITY"]) == (["daemon.crashed"], ["c0ffee"], ["3"])
    assert "ZeroDivisionError: a bug" in entry["EXCEPTION"][0]


@pytest.mark.parametrize("environ", [{}, {"JOURNAL_STREAM": "1:1"}, {"JOURNAL_STREAM": "soon"}])
def test_standard_error_that_leads_elsewhere_is_written_as_ever(
    environ: dict[str, str], stream: TextIO, journald: Journald
) -> None:
    """A shell below the service, whose output somebody sends into a file, has the variable as well."""
    assert json.loads(told(stream, environ))["event"] == "daemon.crashed"
    assert journald.entries() == []


def test_a_stream_without_a_descriptor_is_no_journal() -> None:
    """A test, or a program around this one."""
    assert journal.is_stream(io.StringIO(), {"JOURNAL_STREAM": "1:1"}) is False


def test_without_a_journal_the_log_goes_to_standard_error(stream: TextIO, journald: Journald) -> None:
    """One JSON object a line, as into a file; under ``RootDirectory=`` the socket may never be there."""
    journald.path.unlink()

    assert json.loads(told(stream, leads(stream)))["claim"] == "c0ffee"
