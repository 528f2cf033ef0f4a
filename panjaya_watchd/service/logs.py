"""The log: structlog to standard error, readable on a terminal, one JSON object a line otherwise."""

import logging
import sys
from typing import TextIO

import structlog


def set_up(stream: TextIO | None = None, *, verbose: bool = False) -> structlog.typing.FilteringBoundLogger:
    """Give the daemon's logger. Secrets never reach it: no event has a key or a query string in it."""
    stream = sys.stderr if stream is None else stream
    terminal = stream.isatty()
    renderer = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(ensure_ascii=False)
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(stream),  # a line in one write: one that is cut off by a death is no line at all
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if terminal else "iso", utc=not terminal),
            structlog.processors.format_exc_info,
            renderer,
        ],
    )
    return logger
