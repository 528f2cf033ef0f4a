"""Signals: SIGTERM and SIGINT mean "end in order"; SIGHUP means "read the configuration again"."""

import signal
from collections.abc import Callable


def listen(stop: Callable[[], None], reload: Callable[[], None]) -> None:
    """Call ``stop`` on SIGTERM and SIGINT, ``reload`` on SIGHUP; a second SIGINT ends the process at once."""

    def ended(number: int, _frame: object) -> None:
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        stop()

    signal.signal(signal.SIGHUP, lambda _number, _frame: reload())
    signal.signal(signal.SIGTERM, ended)
    signal.signal(signal.SIGINT, ended)
