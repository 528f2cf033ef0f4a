"""
The error tree.

Every error says what happened, where, what was expected and what was found; its ``hint`` says what to do next.
What the API did wrong is not an error here but a value: `panjaya_watchd.core.answers.Fault`.
"""


class WatchdError(Exception):
    """Something a person has to know about, with what to do about it."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}"


class SettingsError(WatchdError):
    """Your configuration has faults; nothing was started."""


class SidecarError(WatchdError):
    """A sidecar file beside your video cannot be used; the drop is answered in ``failed/`` and nothing is spent."""


class PlaceError(WatchdError):
    """A folder or a file could not be used just now; nothing was lost, and it is tried again."""


class LedgerError(WatchdError):
    """The state file cannot be trusted; without it nothing may be sent, and starting again does not help."""


class LedgerUnavailable(LedgerError):  # noqa: N818  (a state of the world, not a fault in it)
    """The state file cannot be used just now: held by another daemon, no space, no rights. A later start may."""
