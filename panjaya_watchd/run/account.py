"""The account: while it is refused (401, 403, a redirect) no upload begins, and no drop is to blame."""

from dataclasses import dataclass

from panjaya_watchd.core.pace import ACCOUNT_PAUSE
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.story import Log


@dataclass(slots=True, kw_only=True)
class Account:
    """Open, or barred until some time; touched by the driver's thread only."""

    clock: Clock
    log: Log
    renewed: float = float("-inf")
    """When the operator has last mended something, perhaps the key, in monotonic seconds."""
    _barred_until: float | None = None

    def bar(self, why: str) -> None:
        """Keep all uploads back for an hour; said loudly once."""
        if self.wait() <= 0:
            hint = (
                "Check the API key and the account. Uploads are tried again in an hour, on reload and after a restart."
            )
            self.log.error("account.refused", why=why, hint=hint)
        self._barred_until = self.clock.monotonic() + ACCOUNT_PAUSE.total_seconds()

    def open(self) -> None:
        """Let uploads begin again; the next refusal is told anew."""
        self._barred_until = None

    def renew(self) -> None:
        """Note that something was mended: what an upload is told that began before says nothing of it."""
        self.renewed = self.clock.monotonic()

    def wait(self) -> float:
        """Give the seconds until an upload may begin; not more than 0 while the account is not refused."""
        return 0.0 if self._barred_until is None else self._barred_until - self.clock.monotonic()
