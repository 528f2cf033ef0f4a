"""
What the API says, as values.

The field names are the API's. Everything that the documentation leaves open is optional, because an answer may lack
it; statuses are plain strings, because the list may grow. Nothing here is believed for longer than one step: what we
keep of it is copied into a `Claim`.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from panjaya_watchd.core.names import AssetId, DubbingId, Locale, VersionId

READY_TO_EDIT: Final = "ReadyToEdit"
COMPLETED: Final = "Completed"
FAILED: Final = "Failed"
"""Statuses that change what we do. Any other string, also an unknown one, means "still running"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """
    One rendering of a dubbing.

    ``result_url`` is signed and short-lived: it is used at once and never stored. ``progress`` is 0 to 1 and for
    display only.
    """

    version_id: VersionId
    status: str | None = None
    studio_url: str | None = None
    result_url: str | None = field(default=None, repr=False)
    progress: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetDubbing:
    """
    One target locale of an asset, with the versions that the answer lists (the list endpoint lists none).

    ``status`` is the dubbing's own, where the answer shows one; nothing is documented of it, and nothing decided by it.
    """

    locale: Locale
    dubbing_id: DubbingId | None = None
    status: str | None = None
    versions: tuple[Version, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """
    The API's record of one source video.

    ``duration`` is in seconds; ``created_at`` is aware (UTC when the answer names no zone). ``file_name`` is whatever
    the answer shows that could be derived from the uploaded file's name. ``raw`` is the whole answer as JSON text.
    """

    asset_id: AssetId
    status: str | None = None
    created_at: datetime | None = None
    duration: float | None = None
    file_name: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    dubbings: tuple[AssetDubbing, ...] = ()
    raw: str = field(default="{}", repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """
    What went wrong with the API, reduced to the facts that decide.

    ``money_may_have_moved``: the API may hold our whole video, so sending again could bill twice.
    ``repeat_helps``: the same request may succeed later.
    ``not_before``: how long the API asked us to wait, from when the answer came.
    ``account``: the key, the account or the address was refused (401, 402, 403, 407, redirects); no drop is to blame.
    ``strikes``: a repeat may help, but not for ever: the drop itself may be the reason.
    ``words``: one line for a person, the API's own words where it spoke; never a secret, never a query string.
    """

    money_may_have_moved: bool
    repeat_helps: bool
    words: str
    not_before: timedelta | None = None
    account: bool = False
    strikes: bool = False
    status: int | None = None
