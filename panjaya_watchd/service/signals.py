"""Signals: SIGTERM and SIGINT mean "end in order"; SIGHUP means nothing, least of all the end."""

import signal
from collections.abc import Callable


def listen(stop: Callable[[], None]) -> None:
    """Call ``stop`` on SIGTERM and SIGINT, from the main thread; a second SIGINT ends the process at once."""

    def ended(number: int, _frame: object) -> None:
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        stop()

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, ended)
    signal.signal(signal.SIGINT, ended)
