"""Exit codes, and how an error leaves the program."""

import os
import sys
from enum import IntEnum

from panjaya_watchd.errors import LedgerError, LedgerUnavailable, SettingsError, WatchdError
from panjaya_watchd.run.tell import NotRunning
from panjaya_watchd.service import journal


class Exit(IntEnum):
    """What a command's exit status means; 75 and 78 are those of sysexits.h."""

    FINE = 0
    FAILED = 1
    USAGE = 2
    STILL_RUNNING = 4
    TRY_AGAIN_LATER = 75
    BAD_CONFIGURATION = 78


def leave(error: WatchdError) -> int:
    """Print an error and give its exit code, by which systemd knows whether starting again can help."""
    # In the journal a line is an error only if it says so (sd-daemon(3)); `journalctl -p err` is to show it.
    level = "<3>" if journal.is_stream(sys.stderr, os.environ) else ""
    for line in f"{error.message}\n{error.hint}".splitlines():
        print(level + line, file=sys.stderr)  # noqa: T201  (what a command is for)
    if isinstance(error, NotRunning | LedgerUnavailable):
        return Exit.TRY_AGAIN_LATER
    return Exit.BAD_CONFIGURATION if isinstance(error, SettingsError | LedgerError) else Exit.FAILED
