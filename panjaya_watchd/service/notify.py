"""What the service manager is told (sd_notify(3)); silent where there is none. Needs systemd-python where there is."""

import contextlib
import importlib
import os
from collections.abc import Callable, Mapping

from panjaya_watchd.core.names import display
from panjaya_watchd.errors import SettingsError


def can_speak() -> bool:
    """Say whether this Python could tell a service manager anything."""
    try:
        importlib.import_module("systemd.daemon")
    except ImportError:
        return False
    return True


class Notifier:
    """
    How it stands, sent only if ``$NOTIFY_SOCKET`` asks for it.

    ``watchdog`` is within how many seconds the service manager wants each beat; None where it wants none.
    """

    def __init__(self, environ: Mapping[str, str], now: Callable[[], float]) -> None:
        """
        Find out whether anybody listens. ``now`` gives seconds of ``CLOCK_MONOTONIC``.

        Raises:
            SettingsError: somebody does, but systemd-python is not installed. Without it the start would time out, and
                starting again does not help.

        """
        self.watchdog: float | None = None
        self._now = now
        self._send: Callable[[str], object] | None = None
        self._begun = False
        if not environ.get("NOTIFY_SOCKET"):
            return
        try:
            daemon = importlib.import_module("systemd.daemon")
        except ImportError as error:
            raise SettingsError(
                "systemd waits for a word from this service, but the Python package systemd-python is not installed.",
                hint="Install requirements/service.txt, or set Type=exec and WatchdogSec=0 in the unit.",
            ) from error
        self._send = daemon.notify
        self.watchdog = _watchdog(environ)

    def ready(self) -> None:
        """Say that every watch folder was looked at once."""
        self._begun = True
        self._say("READY=1")

    def status(self, words: str) -> None:
        """Say in one line how it stands; ``systemctl status`` shows it."""
        self._say(f"STATUS={display(words)}")

    def alive(self) -> None:
        """Beat the watchdog, if there is one."""
        if self.watchdog is not None:
            self._say("WATCHDOG=1")

    def extend(self, seconds: float) -> None:
        """Ask that a start or an end which takes longer than the unit foresees is not broken off so soon."""
        self._say(f"EXTEND_TIMEOUT_USEC={seconds * 1e6:.0f}")

    def reloading(self) -> None:
        """Say that settings are being read again; nothing before it is `ready`, which that would end."""
        if self._begun:
            self._say(f"RELOADING=1\nMONOTONIC_USEC={self._now() * 1e6:.0f}")

    def reloaded(self) -> None:
        """Say that the new settings are in force, or were refused."""
        if self._begun:
            self._say("READY=1")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._say("STOPPING=1")

    def _say(self, words: str) -> None:
        if self._send is not None:
            # sd_notify(3) advises to ignore what it returns: whether anybody heard it is not the daemon's to judge.
            with contextlib.suppress(OSError):
                self._send(words)


def _watchdog(environ: Mapping[str, str]) -> float | None:
    """Give the watchdog's patience in seconds (sd_watchdog_enabled(3)); None where it is off or another process's."""
    microseconds, process = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID")
    if not (microseconds.isascii() and microseconds.isdigit()) or process not in {None, "", str(os.getpid())}:
        return None
    return int(microseconds) / 1e6 or None
