"""What the service manager is told (sd_notify(3)); silent where there is none. The only user of systemd-python."""

import contextlib
import importlib
from collections.abc import Callable, Mapping

from panjaya_watchd.errors import WatchdError


def can_speak() -> bool:
    """Say whether this Python could tell a service manager anything."""
    try:
        importlib.import_module("systemd.daemon")
    except ImportError:
        return False
    return True


class Notifier:
    """READY, STATUS, WATCHDOG and STOPPING, sent only if ``$NOTIFY_SOCKET`` asks for them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """
        Find out whether anybody listens.

        Raises:
            WatchdError: somebody does, but systemd-python is not installed; without it the start would time out.

        """
        self._send: Callable[[str], object] | None = None
        if not environ.get("NOTIFY_SOCKET"):
            return
        try:
            daemon = importlib.import_module("systemd.daemon")
        except ImportError as error:
            raise WatchdError(
                "systemd waits for a word from this service, but the Python package systemd-python is not installed.",
                hint="Install requirements/service.txt, or set Type=exec in the unit.",
            ) from error
        self._send = daemon.notify

    def ready(self) -> None:
        """Say that every watch folder was looked at once."""
        self._say("READY=1")

    def status(self, words: str) -> None:
        """Say in one line how it stands; ``systemctl status`` shows it."""
        self._say(f"STATUS={words}")

    def alive(self) -> None:
        """Beat the watchdog."""
        self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._say("STOPPING=1")

    def _say(self, words: str) -> None:
        if self._send is not None:
            # sd_notify(3) advises to ignore what it returns: whether anybody heard it is not the daemon's to judge.
            with contextlib.suppress(OSError):
                self._send(words)
