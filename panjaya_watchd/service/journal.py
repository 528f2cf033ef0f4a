"""
The journal: the log's events as entries of systemd's own kind, each field for itself, so that it can be asked for one.

Whoever logs never waits for the journal and never fails for it: a thread sends, and what cannot be sent goes to
standard error as ever.
"""

import atexit
import contextlib
import importlib
import json
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TextIO

from panjaya_watchd.core.names import display

Send = Callable[..., object]
"""``systemd.journal.sendv``: takes each field as ``NAME=value`` in bytes; raises `OSError`."""

SOCKET: Final = Path("/run/systemd/journal/socket")
"""Where libsystemd sends entries (systemd-journald.service(8))."""

IDENTIFIER: Final = "panjaya-watchd"

PRIORITIES: Final = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
"""The levels of syslog(3)."""

OWN: Final = frozenset(
    "message message_id priority errno invocation_id user_invocation_id documentation tid unit user_unit".split()
)
"""Fields that mean something to the journal itself (systemd.journal-fields(7)), besides whole families of them."""

FAMILIES: Final = ("code_", "syslog_", "coredump_", "object_")
PREFIX: Final = "WATCHD_"
LONGEST: Final = 32 * 1024
"""Bytes of one value; nobody reads more, and the API's words may be of any length."""

MOST: Final = 64
"""Values of one field; a list of warnings may be long."""

QUEUED: Final = 5000
"""Events that wait for a journal that does not take them; a few megabytes."""

LAST: Final = 5.0
"""Seconds that the end waits for what is still to be sent."""


def is_stream(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Say whether a stream leads into the journal, as ``$JOURNAL_STREAM`` tells (systemd.exec(5))."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # a stream without a descriptor, or closed
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def sender() -> Send | None:
    """Give what sends an entry; None where systemd-python is not installed."""
    try:
        sendv: Send = importlib.import_module("systemd.journal").sendv
    except ImportError:
        return None

    def send(*fields: bytes) -> None:
        SOCKET.stat()  # where there is none, as under RootDirectory=, libsystemd drops entries without a word
        sendv(*fields)

    return send


class Journal:
    """
    A logger for structlog that takes whole events as mappings.

    ``otherwise`` takes those that the journal does not, in another thread than whoever logs.
    """

    def __init__(self, send: Send, otherwise: Callable[[Mapping[str, Any]], object]) -> None:
        self._send = send
        self._otherwise = otherwise
        self._queue: queue.Queue[Mapping[str, Any] | None] = queue.Queue(QUEUED)
        self._missed = 0
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def msg(self, event: Mapping[str, Any]) -> None:
        """Have an event written; one that comes while too many wait is only counted."""
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            self._missed += 1

    debug = info = warning = error = critical = msg

    def close(self, patience: float = LAST) -> None:
        """Wait until all is written, at most ``patience`` seconds; may be called twice."""
        atexit.unregister(self.close)
        try:
            self._queue.put(None, timeout=patience)
        except queue.Full:
            return
        self._thread.join(patience)

    def _work(self) -> None:
        while (event := self._queue.get()) is not None:
            self._write(event)
            if self._queue.empty():
                self._tell_missed()
        self._tell_missed()

    def _tell_missed(self) -> None:
        missed, self._missed = self._missed, 0
        if missed:
            self._write({"event": "log.missed", "level": "warning", "events": missed})

    def _write(self, event: Mapping[str, Any]) -> None:
        ways: tuple[Callable[[], object], ...] = (lambda: self._send(*entry(event)), lambda: self._otherwise(event))
        for way in ways:
            with contextlib.suppress(Exception):  # where both fail there is nobody left to tell
                way()
                return


def entry(event: Mapping[str, Any]) -> list[bytes]:
    """Give the fields of an event, each as ``NAME=value``; whatever it holds, each stays within its own value."""
    fields = [
        ("MESSAGE", message(event)),
        ("PRIORITY", str(PRIORITIES.get(str(event.get("level")), 6))),
        ("SYSLOG_IDENTIFIER", IDENTIFIER),
    ]
    for key, value in event.items():
        if key != "level":
            fields += [(field(key), text) for text in _texts(value)]
    return [key.encode() + b"=" + _bytes(text) for key, text in fields]


def field(key: str) -> str:
    """Give the name of the field for a key: capital letters, digits and underscores, and none of the journal's own."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in key)
    own = plain.lower() in OWN or plain.lower().startswith(FAMILIES)
    known = plain[:1].isalpha() and not own
    return (plain if known else PREFIX + plain.lstrip("_"))[:64].upper()


def message(event: Mapping[str, Any]) -> str:
    """
    Give an event as a line for people: what it is about, what happened, the facts, where.

    An exception follows on lines of its own.
    """
    facts = {key: value for key, value in event.items() if value not in (None, "", [], ())}
    what, trace = display(str(facts.pop("event", ""))), facts.pop("exception", None)
    about = facts.pop("file", None)
    facts.pop("level", None)
    where = [f"{key} {display(str(facts.pop(key)))}" for key in ("folder", "claim") if key in facts]
    if "from" in facts and "to" in facts:
        what += f" {display(str(facts.pop('from')))} → {display(str(facts.pop('to')))}"
    line = f"{display(str(about))}: {what}" if about else what
    said = ", ".join(f"{display(key)} {_quoted(value)}" for key, value in facts.items())
    line += (f": {said}" if said else "") + (f" ({', '.join(where)})" if where else "")
    return f"{line}\n{trace}" if trace else line


def _quoted(value: object) -> str:
    shown = display(", ".join(_texts(value)))
    return f'"{shown}"' if " " in shown else shown


def _texts(value: object) -> Iterator[str]:
    """Give a value as text; a list gives one for each item, for a field may be there several times."""
    if value is None:
        return
    if isinstance(value, str):
        yield str(value)
    elif isinstance(value, Iterable) and not isinstance(value, Mapping | bytes):
        for _, each in zip(range(MOST), value, strict=False):
            yield from _texts(each) if isinstance(each, str) else [_plain(each)]
    else:
        yield _plain(value)


def _plain(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _bytes(text: str) -> bytes:
    """Encode a value; bytes of a file name that are no UTF-8 are shown as such."""
    raw = text.encode(errors="backslashreplace")
    return raw if len(raw) <= LONGEST else raw[:LONGEST].decode(errors="ignore").encode() + " …".encode()
