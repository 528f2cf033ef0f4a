"""
Effects: what is to be done in the world for one claim.

An effect is handed out only after the claim that asks for it is durable. ``at`` is the earliest time, None means now.
At most one effect of a kind (and locale) waits for its time per claim: a later one replaces it.
"""

from dataclasses import dataclass
from datetime import datetime

from panjaya_watchd.core.names import Locale


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeIn:
    """Move the parts into ``processing/<claim>/``; comes back as TakenIn, Unsettled or Stuck."""

    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit:
    """
    Ask whether it may be sent; done by the driver itself, who alone knows all claims and budgets.

    Comes back as Admitted, Recognised, Awaited, OverBudget or Declined, or asks for `Hash` first.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Hash:
    """Read all bytes of the video and the background sound; comes back as Hashed, Unsettled or Stuck."""

    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """
    Send the video, all but its last chunk, and wait at the gate; or, for further languages of an asset, only wait.

    Comes back as AtGate and, after `OpenGate`, once more as Accepted or Faulted; before it as Found, Faulted,
    Unsettled, Stuck, or as Accepted by an early answer. After `ShutGate` it does not come back.
    """

    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGate:
    """Let the last chunk go. From here on a bill is possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutGate:
    """Take the upload at the gate back: it has turned out to be one too many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """List the assets and judge which is ours; comes back as Found, Several, Absent or Unanswered."""

    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """Read how the asset stands; comes back as Polled or Unanswered."""

    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """Get the dubbed video of one locale, also by a copy of an earlier one; comes back as Fetched or FetchFaulted."""

    locale: Locale
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutAway:
    """Write the papers and file everything by the claim's outcome; comes back as Filed or Stuck."""

    at: datetime | None = None


Effect = TakeIn | Admit | Hash | Upload | OpenGate | ShutGate | LookUp | Poll | Fetch | PutAway
