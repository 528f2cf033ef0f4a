"""The gate: where an upload waits before its last chunk until the driver has made the intent to spend durable."""

import threading


class Gate:
    """Opened or shut once; the upload's thread waits, the driver's thread speaks."""

    def __init__(self) -> None:
        self._spoken = threading.Event()
        self._open = False

    def open(self) -> None:
        """Let the last chunk go."""
        self._open = True
        self._spoken.set()

    def shut(self) -> None:
        """End the upload before its last chunk."""
        self._spoken.set()

    def wait(self) -> bool:
        """Wait until the driver has spoken; say whether the gate is open."""
        self._spoken.wait()
        return self._open
