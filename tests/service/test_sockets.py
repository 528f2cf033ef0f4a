"""What a process makes of the sockets that a service manager hands over: real descriptors, from 3 on."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from panjaya_watchd.service.sockets import inherited

ROOT: Final = Path(__file__).parents[2]
HEIR: Final = Path(__file__).with_name("heir.py")

Start = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Start a process with these things from descriptor 3 on; give what it tells."""
    pipe = subprocess.PIPE
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, str(HEIR)], stdin=pipe, stdout=pipe, env=environ, text=True) as heir:
        assert heir.stdin is not None
        assert heir.stdout is not None
        ask, tell = heir.stdin, heir.stdout

        def start(*kinds: str, **environ: str) -> dict[str, Any]:
            usual = {"LISTEN_PID": "SELF", "LISTEN_FDS": str(len(kinds)), "LISTEN_PIDFDID": "17", "HOME": "/"}
            ask.write(json.dumps({"kinds": kinds, "environ": {**usual, **environ}}) + "\n")
            ask.flush()
            found: dict[str, Any] = json.loads(tell.readline())
            return found

        yield start
        ask.close()


def test_every_socket_is_taken_over(start: Start) -> None:
    """In their order; no child inherits them, and the environment tells no child of them."""
    told = start("ipv4", "ipv6", "unix", LISTEN_FDNAMES="callbacks:callbacks:proxy")
    places = (r"127\.0\.0\.1:\d+", r"\[::1\]:\d+", r"\\x00panjaya-watchd-\d+")

    assert told["descriptors"] == [3, 4, 5]
    assert told["inheritable"] == [False] * 3
    assert all(re.fullmatch(place, found) for place, found in zip(places, told["addresses"], strict=True))
    assert told["environ"] == {"HOME": "/"}


@pytest.mark.parametrize(
    "environ",
    [
        {"LISTEN_PID": "1"},
        {"LISTEN_PID": ""},
        {"LISTEN_PID": "SELF0"},
        {"LISTEN_PID": "me"},
        {"LISTEN_FDS": "0"},
        {"LISTEN_FDS": ""},
    ],
)
def test_what_was_handed_to_another_is_left_alone(start: Start, environ: dict[str, str]) -> None:
    """A shell in between may pass on what is not meant for us; then we listen by ourselves, and tell no child."""
    told = start("ipv4", **environ)

    assert (told["addresses"], told["environ"]) == ([], {"HOME": "/"})


def test_who_is_handed_nothing_has_nothing() -> None:
    """The usual start."""
    environ = {"HOME": "/"}

    assert (inherited(environ), environ) == ((), {"HOME": "/"})


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("nothing", "expected a socket, found nothing"),
        ("file", "expected a socket, found a file of another kind"),
        ("fifo", "expected a socket, found a file of another kind"),
        ("datagrams", "expected a stream socket, found one for datagrams"),
        ("packets", "expected a stream socket, found one for datagrams or packets"),
        ("connection", "expected a socket that listens, found one that does not"),
        ("deaf", "expected a socket that listens, found one that does not"),
        ("netlink", "expected an IPv4, IPv6 or Unix socket, found another kind"),
    ],
)
def test_what_nobody_can_be_heard_on_is_refused(start: Start, kind: str, found: str) -> None:
    """With its number, its name, what it is, and what to write in the unit; beside a good one as well."""
    told = start("ipv4", kind, LISTEN_FDNAMES="callbacks:odd\n")

    assert told["error"].startswith(r"File descriptor 4 (odd\x0a), handed over by the service manager: ")
    assert found in told["error"]
    assert "ListenStream=" in told["hint"]
    assert "Accept=no" in told["hint"]
    assert told["environ"] == {"HOME": "/"}


@pytest.mark.parametrize("count", ["two", "-1", "1.0", " 1", "99999", "\u0661"])
def test_a_number_that_is_none_is_refused(start: Start, count: str) -> None:
    """No guess is made about descriptors that may be other things."""
    assert (
        f"expected the number of sockets that are handed over, found {count}"
        in start("ipv4", LISTEN_FDS=count)["error"]
    )


def test_fewer_than_announced_are_refused(start: Start) -> None:
    """Without names the number alone says which."""
    told = start("ipv4", LISTEN_FDS="2")

    assert told["error"].startswith(
        "File descriptor 4, handed over by the service manager: expected a socket, found nothing"
    )
