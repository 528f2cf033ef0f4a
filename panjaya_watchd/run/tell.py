"""
The control socket: how the commands speak to the running daemon. They never write the ledger.

One JSON object on a line asks, one answers. Only who may write to the socket may ask: it is made with mode 0660 in the
state directory. What is asked reaches the driver as a `Question`, so that one thread decides everything.
"""

import contextlib
import json
import os
import queue
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from panjaya_watchd.errors import WatchdError
from panjaya_watchd.run.messages import Question

PATIENCE: Final = 10.0
"""Seconds that a command waits for the driver."""

PATIENT: Final = {"revise": 3600.0, "reload": 60.0}
"""For what a lane does first: a whole video is read, or a configuration and what it names."""

LIMIT: Final = 1 << 16
"""Bytes of a question."""


class NotRunning(WatchdError):  # noqa: N818  (a state of the world, said in one word)
    """No daemon listens on the control socket."""


class Ear:
    """Listens on the control socket, in threads of its own."""

    def __init__(self, path: Path, put: Callable[[Question], None]) -> None:
        """
        Begin to listen.

        A socket that is still there belongs to a daemon that died: the caller holds the ledger's lock.

        Raises:
            WatchdError: the socket cannot be made.

        """
        self._path = path

        class Handler(socketserver.StreamRequestHandler):
            timeout = PATIENCE

            def handle(self) -> None:
                with contextlib.suppress(OSError, ValueError, RecursionError):
                    self.wfile.write(_answer(self.rfile.readline(LIMIT), put))

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True

        try:
            path.unlink(missing_ok=True)
            self._server = Server(str(path), Handler)
            path.chmod(0o660)
        except OSError as error:
            raise WatchdError(
                f"The control socket {path} cannot be made: {error.strerror}.",
                hint="Give the service's user the right to write in that directory.",
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and take the socket away."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._path.unlink(missing_ok=True)


def ask(path: Path, question: Mapping[str, Any]) -> dict[str, Any]:
    """
    Ask the running daemon.

    Raises:
        NotRunning: nobody listens.
        WatchdError: it does not answer, or we may not ask.

    """
    hint = "Start the service: systemctl start panjaya-watchd."
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as speaker:
            speaker.settimeout(_patience(question) + 2)
            speaker.connect(os.fspath(path))
            speaker.sendall(json.dumps(question).encode() + b"\n")
            with speaker.makefile("rb") as answer:
                answered = answer.readline()
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NotRunning("The daemon is not running.", hint=hint) from error
    except OSError as error:
        why = error.strerror or "no answer"
        raise WatchdError(f"The daemon cannot be asked ({path}): {why}.", hint="Ask as root.") from error
    if not answered.endswith(b"\n"):
        raise WatchdError("The daemon did not answer.", hint="Look into its log: journalctl -u panjaya-watchd.")
    said: dict[str, Any] = json.loads(answered)
    return said


def _answer(asked: bytes, put: Callable[[Question], None]) -> bytes:
    words = json.loads(asked)
    question = words if isinstance(words, dict) else {}
    answers: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
    put(Question(words=question, answer=answers.put))
    try:
        return json.dumps(answers.get(timeout=_patience(question))).encode() + b"\n"
    except queue.Empty:
        return b""


def _patience(question: Mapping[str, Any]) -> float:
    return PATIENT.get(str(question.get("ask")), PATIENCE)
