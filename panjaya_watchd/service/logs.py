"""
The log: structlog, into the journal where standard error leads there.

Otherwise to standard error itself: readable on a terminal, one JSON object a line for everything else.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger

from panjaya_watchd.service import journal

NOWHERE: Final[Mapping[str, str]] = {}


def set_up(
    stream: TextIO | None = None, *, verbose: bool = False, environ: Mapping[str, str] = NOWHERE
) -> FilteringBoundLogger:
    """
    Give the daemon's logger. Secrets never reach it: no event has a key or a query string in it.

    ``environ`` tells whether the stream, standard error by default, leads into the journal.
    """
    stream = sys.stderr if stream is None else stream
    level = logging.DEBUG if verbose else logging.INFO
    if journal.is_stream(stream, environ):
        return _native(stream, level)
    terminal = stream.isatty()
    renderer = structlog.dev.ConsoleRenderer() if terminal else _json()
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(stream),  # a line in one write: one that is cut off by a death is no line at all
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if terminal else "iso", utc=not terminal),
            structlog.processors.format_exc_info,
            renderer,
        ],
    )
    return logger


def _native(stream: TextIO, level: int) -> FilteringBoundLogger:
    """Give a logger that writes entries; what the journal does not take goes to the stream, as one JSON object."""
    line, render = structlog.WriteLogger(stream), _json()

    def otherwise(event: Mapping[str, Any]) -> None:
        line.msg(str(render(None, "", dict(event))))

    logger: FilteringBoundLogger = structlog.wrap_logger(
        journal.Journal(otherwise),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[structlog.processors.add_log_level, structlog.processors.format_exc_info, _whole],
    )
    return logger


def _whole(_logger: object, _method: str, event: EventDict) -> tuple[tuple[EventDict], dict[str, Any]]:
    """Hand the event on as it is."""
    return (event,), {}


def _json() -> structlog.processors.JSONRenderer:
    return structlog.processors.JSONRenderer(ensure_ascii=False)
