"""
The journal: the log's events as entries of systemd's own kind, each field for itself, so that it can be asked for one.

By the protocol itself (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/): systemd-python waits for a journal that stands
still, with all of Python, and libsystemd drops entries without a word where there is no socket. Here whoever logs waits
a moment at the most and never fails; what the journal does not take goes to standard error as ever.
"""

import contextlib
import json
import os
import socket
import struct
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

from panjaya_watchd.core.names import display

SOCKET: Final = Path("/run/systemd/journal/socket")
"""Where entries are sent (systemd-journald.service(8))."""

PATIENCE: Final = 0.2
"""Seconds to wait for a journal that is behind; none while it has not caught up since."""

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

SHOWN: Final = 500
"""Characters of one value in the line for people; the field has more."""

MOST: Final = 64
"""Values of one field; a list of warnings may be long."""


def is_stream(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Say whether a stream leads into the journal, as ``$JOURNAL_STREAM`` tells (systemd.exec(5))."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # a stream without a descriptor, or closed
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


class Journal:
    """
    A logger for structlog that takes whole events as mappings; any thread may use it.

    ``otherwise`` takes those that the journal refuses.
    """

    def __init__(self, otherwise: Callable[[Mapping[str, Any]], object]) -> None:
        self._otherwise = otherwise
        self._missed = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        microseconds = round(PATIENCE * 1e6)
        weakref.finalize(self, self._socket.close)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", 0, microseconds))

    def msg(self, event: Mapping[str, Any]) -> None:
        """Have an event written. One that comes while the journal stands still is only counted, and told of later."""
        if self._missed:
            missed = {"event": "log.missed", "level": "warning", "events": self._missed}
            if not self._write(missed, socket.MSG_DONTWAIT):
                self._missed += 1
                return
            self._missed = 0
        if not self._write(event):
            self._missed += 1

    debug = info = warning = error = critical = msg

    def _write(self, event: Mapping[str, Any], flags: int = 0) -> bool:
        """Write an event; say whether it is written, to wherever."""
        try:
            self._socket.sendto(datagram(event), flags, os.fspath(SOCKET))
        except BlockingIOError:
            return False
        except Exception:  # noqa: BLE001  (no log line may be the reason that the daemon dies)
            with contextlib.suppress(Exception):  # where standard error is gone too there is nobody left to tell
                self._otherwise(event)
        return True


def datagram(event: Mapping[str, Any]) -> bytes:
    """Give an event in the journal's protocol: a value of several lines is preceded by its length."""
    return b"".join(
        name + b"\n" + struct.pack("<Q", len(value)) + value + b"\n" if b"\n" in value else name + b"=" + value + b"\n"
        for name, value in entry(event)
    )


def entry(event: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """Give the fields of an event as names and values; a name may be there several times."""
    fields = [
        ("MESSAGE", message(event)),
        ("PRIORITY", str(PRIORITIES.get(str(event.get("level")), 6))),
        ("SYSLOG_IDENTIFIER", IDENTIFIER),
    ]
    for key, value in event.items():
        if key != "level":
            fields += [(field(key), text) for text in _texts(value)]
    return [(key.encode(), _bytes(text)) for key, text in fields]


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
    what, trace = _shown(facts.pop("event", "")), facts.pop("exception", None)
    about = facts.pop("file", None)
    facts.pop("level", None)
    where = [f"{key} {_shown(facts.pop(key))}" for key in ("folder", "claim") if key in facts]
    if "from" in facts and "to" in facts:
        what += f" {_shown(facts.pop('from'))} → {_shown(facts.pop('to'))}"
    line = f"{_shown(about)}: {what}" if about else what
    said = ", ".join(f"{_shown(key)} {_quoted(value)}" for key, value in facts.items())
    line += (f": {said}" if said else "") + (f" ({', '.join(where)})" if where else "")
    return f"{line}\n{trace}" if trace else line


def _quoted(value: object) -> str:
    shown = _shown(", ".join(_texts(value)))
    return f'"{shown}"' if " " in shown else shown


def _shown(value: object) -> str:
    text = str(value)
    return display(text) if len(text) <= SHOWN else display(text[:SHOWN]) + "…"


def _texts(value: object) -> Iterator[str]:
    """Give a value as text; a list gives one for each item, for a field may be there several times."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Iterable) and not isinstance(value, Mapping | bytes):
        yield from (each if isinstance(each, str) else _plain(each) for each in islice(value, MOST))
    elif value is not None:
        yield _plain(value)


def _plain(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _bytes(text: str) -> bytes:
    """Encode a value; bytes of a file name that are no UTF-8 are shown as such."""
    raw = text[: LONGEST + 1].encode(errors="backslashreplace")
    return raw if len(raw) <= LONGEST else raw[:LONGEST].decode(errors="ignore").encode() + " …".encode()
