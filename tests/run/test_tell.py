"""The control socket, with a real one: one line asks, one answers, and nonsense harms nobody."""

import json
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from panjaya_watchd.errors import WatchdError
from panjaya_watchd.run import tell
from panjaya_watchd.run.messages import Question
from panjaya_watchd.run.tell import LIMIT, Ear, NotRunning, ask

LONG = 30.0


def echo(question: Question) -> None:
    """Answer with the question's own words."""
    question.answer({"heard": dict(question.words)})


def ears(path: Path, put: Callable[[Question], None] = echo) -> Iterator[Ear]:
    """Listen until the test is over."""
    ear = Ear(path, put)
    yield ear
    ear.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a path for the socket."""
    return tmp_path / "control.sock"


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the path of one socket for all tests that only ask; to stop listening takes half a second."""
    path = tmp_path_factory.mktemp("ear") / "control.sock"
    for _ in ears(path):
        yield path


def say(path: Path, said: bytes) -> bytes:
    """Say something raw and give the answer, or nothing where the other side hangs up."""
    with socket.socket(socket.AF_UNIX) as speaker:
        speaker.settimeout(LONG)
        speaker.connect(str(path))
        try:
            speaker.sendall(said)
            speaker.shutdown(socket.SHUT_WR)
            with speaker.makefile("rb") as answer:
                return answer.read()
        except (ConnectionResetError, BrokenPipeError):
            return b""


def test_a_question_is_answered(heard: Path) -> None:
    """What was asked arrives whole, in any script."""
    assert ask(heard, {"ask": "status", "claim": "ü\udcff"}) == {"heard": {"ask": "status", "claim": "ü\udcff"}}


def test_only_who_may_write_may_ask(heard: Path) -> None:
    """Its user and its group; nobody else."""
    assert stat.S_IMODE(heard.stat().st_mode) == 0o660


@pytest.mark.parametrize(
    "said",
    [b"", b"\n", b"\xff\xfe\n", b"{", b'{"ask": "status"', b"x" * (2 * LIMIT) + b"\n", b"\0" * 100 + b"\n"],
    ids=["nothing", "empty line", "no UTF-8", "half", "no end of line", "oversize", "zeros"],
)
def test_nonsense_is_hung_up_on_and_the_next_question_is_answered(heard: Path, said: bytes) -> None:
    """Whoever speaks garbage gets no answer, or one to what can be understood; the daemon listens on."""
    answer = say(heard, said)

    assert answer == b"" or json.loads(answer)
    assert ask(heard, {"ask": "status"}) == {"heard": {"ask": "status"}}


def test_a_line_of_brackets_leaves_no_traceback(heard: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A depth that no parser follows is nonsense like any other."""
    say(heard, b"[" * (LIMIT - 1) + b"\n")
    ask(heard, {})

    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("said", [b"[1]\n", b"null\n", b'"status"\n', b"7\n"])
def test_what_is_no_object_is_a_question_without_words(heard: Path, said: bytes) -> None:
    """The driver is never handed anything but a mapping."""
    assert json.loads(say(heard, said)) == {"heard": {}}


@pytest.mark.slow
def test_a_stranger_who_says_nothing_holds_up_nobody(path: Path) -> None:
    """Each connection has a thread of its own."""
    for _ in ears(path):
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(str(path))
            assert ask(path, {}) == {"heard": {}}


@pytest.mark.slow
def test_two_may_ask_at_once(path: Path) -> None:
    """The first answer is given only when the second question is there, and each goes to who asked for it."""
    both = threading.Barrier(2, timeout=LONG)

    def put(question: Question) -> None:
        both.wait()
        echo(question)

    said: dict[int, Any] = {}

    def asking(number: int) -> None:
        said[number] = ask(path, {"number": number})

    for _ in ears(path, put):
        people = [threading.Thread(target=asking, args=(number,)) for number in range(2)]
        for person in people:
            person.start()
        for person in people:
            person.join(LONG)
    assert said == {number: {"heard": {"number": number}} for number in range(2)}


def test_without_a_daemon_the_command_says_so(path: Path) -> None:
    """A sentence, and how to start it."""
    with pytest.raises(NotRunning, match="The daemon is not running") as caught:
        ask(path, {})
    assert "systemctl start" in caught.value.hint


def test_a_socket_that_a_dead_daemon_left_counts_as_not_running(path: Path) -> None:
    """Its file is there and nobody listens."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    assert path.is_socket()
    with pytest.raises(NotRunning):
        ask(path, {})


@pytest.mark.slow
def test_a_socket_that_a_dead_daemon_left_is_replaced(path: Path) -> None:
    """A crash must not keep the next start from listening."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    for _ in ears(path):
        assert ask(path, {"ask": "status"}) == {"heard": {"ask": "status"}}


@pytest.mark.slow
def test_an_end_in_order_takes_the_socket_away(path: Path) -> None:
    """Nothing is left that looks like a running daemon."""
    for _ in ears(path):
        assert path.exists()

    assert not path.exists()


def test_a_socket_that_cannot_be_made_is_an_error_with_a_hint(tmp_path: Path) -> None:
    """What, where and why, and what to do."""
    path = tmp_path / "nowhere" / "control.sock"
    with pytest.raises(WatchdError, match="cannot be made: No such file or directory") as caught:
        Ear(path, echo)
    assert "right to write" in caught.value.hint


def test_a_socket_that_may_not_be_used_is_an_error_and_not_an_absent_daemon(tmp_path: Path) -> None:
    """Whatever stands there, the reason is told; a directory in the way is one that even root meets."""
    path = tmp_path / "file"
    path.write_text("in the way")
    with pytest.raises(WatchdError) as caught:
        ask(path / "control.sock", {})

    assert not isinstance(caught.value, NotRunning)
    assert "Not a directory" in caught.value.message


def listener(path: Path, answer: bytes) -> threading.Thread:
    """Be a daemon that answers one question with these bytes and hangs up."""
    ready = threading.Event()

    def serve() -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            server.listen()
            ready.set()
            caller, _ = server.accept()
            with caller:
                caller.recv(LIMIT)
                caller.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    ready.wait(LONG)
    return thread


def test_a_daemon_that_hangs_up_without_a_word_is_told_so(path: Path) -> None:
    """It may have crashed just then; the log knows."""
    daemon = listener(path, b"")
    with pytest.raises(WatchdError, match="did not answer") as caught:
        ask(path, {})
    daemon.join(LONG)

    assert "journalctl" in caught.value.hint


def test_a_daemon_that_dies_in_the_middle_of_its_answer_is_told_so(path: Path) -> None:
    """Half a line is no answer either."""
    daemon = listener(path, b'{"running": tr')
    try:
        with pytest.raises(WatchdError, match="did not answer"):
            ask(path, {})
    finally:
        daemon.join(LONG)


@pytest.mark.slow
def test_a_driver_that_does_not_answer_in_time_is_hung_up_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command ends with a sentence, and never waits for ever for a driver that is stuck."""
    monkeypatch.setattr(tell, "PATIENCE", 0.01)

    for _ in ears(path, lambda _: None):
        with pytest.raises(WatchdError):
            ask(path, {})
