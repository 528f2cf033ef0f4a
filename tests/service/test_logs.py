"""The log: JSON lines for machines, one readable line each for a terminal."""

import io
import json
import os
import pty
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TextIO

import pytest

from panjaya_watchd.service import logs


@pytest.fixture
def stream() -> io.StringIO:
    """Give a stream that is no terminal."""
    return io.StringIO()


@pytest.fixture
def terminal() -> Iterator[tuple[TextIO, int]]:
    """Give a real terminal's writing end, and the descriptor on which it is seen."""
    seen, written = pty.openpty()
    with os.fdopen(written, "w", encoding="utf-8") as end:
        yield end, seen
    os.close(seen)


def test_every_line_is_one_json_object(stream: io.StringIO) -> None:
    """With its level, its time in UTC and every field, in any script and on one line."""
    log = logs.set_up(stream)
    log.info("drop.claimed", file="Über\nuns", minutes=1.5, languages=["es-ES"])
    log.error("account.refused", why="no")
    first, second = map(json.loads, stream.getvalue().splitlines())

    when = datetime.fromisoformat(first.pop("timestamp"))
    assert when.utcoffset() == timedelta(0)
    assert first == {
        "event": "drop.claimed",
        "level": "info",
        "file": "Über\nuns",
        "minutes": 1.5,
        "languages": ["es-ES"],
    }
    assert second["level"] == "error"


def test_letters_are_not_escaped(stream: io.StringIO) -> None:
    """Whoever greps the journal for a file's name finds it."""
    logs.set_up(stream).info("drop.claimed", file="Über uns")

    assert '"Über uns"' in stream.getvalue()


def test_what_is_no_json_is_still_logged(stream: io.StringIO) -> None:
    """A log line must never be the reason that the daemon dies."""
    logs.set_up(stream).info("drop.claimed", path=object(), when=datetime(2026, 1, 1))  # noqa: DTZ001  (any value)

    assert json.loads(stream.getvalue())["event"] == "drop.claimed"


def test_an_exception_is_logged_with_where_it_happened(stream: io.StringIO) -> None:
    """As one field on the same line."""
    try:
        raise ZeroDivisionError("a bug")  # noqa: TRY301  (there must be one to be logged)
    except ZeroDivisionError:
        logs.set_up(stream).error("daemon.crashed", exc_info=True)
    (line,) = stream.getvalue().splitlines()

    assert "ZeroDivisionError: a bug" in json.loads(line)["exception"]


def test_details_are_logged_only_where_they_are_wanted(stream: io.StringIO) -> None:
    """``--verbose`` is for looking for a fault."""
    logs.set_up(stream).debug("scan.seen")
    assert stream.getvalue() == ""

    logs.set_up(stream, verbose=True).debug("scan.seen")
    assert json.loads(stream.getvalue())["level"] == "debug"


def test_a_terminal_gets_readable_lines(terminal: tuple[TextIO, int]) -> None:
    """Time, level, event and fields, and no JSON."""
    end, seen = terminal
    logs.set_up(end).warning("hints.missed", folder="marketing")
    shown = os.read(seen, 65536).decode()

    assert "hints.missed" in shown
    assert "marketing" in shown
    assert "{" not in shown


def test_a_terminal_gets_an_exception_without_complaint(terminal: tuple[TextIO, int]) -> None:
    """Also there a bug is shown, with nothing said about how it is shown."""
    end, seen = terminal
    try:
        raise ZeroDivisionError("a bug")  # noqa: TRY301  (there must be one to be logged)
    except ZeroDivisionError:
        logs.set_up(end).error("daemon.crashed", exc_info=True)

    assert "a bug" in os.read(seen, 65536).decode()


def test_the_log_goes_to_the_standard_error_of_the_moment(capsys: pytest.CaptureFixture[str]) -> None:
    """Not to what it was when the program was loaded."""
    logs.set_up().info("daemon.starting")
    caught = capsys.readouterr()

    assert caught.out == ""
    assert "daemon.starting" in caught.err
