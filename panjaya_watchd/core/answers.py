"""
What the API says, as values.

The field names are the API's. Everything that the documentation leaves open is optional, because an answer may lack
it; statuses are plain strings, because the list may grow. Nothing here is believed for longer than one step: what we
keep of it is copied into a `Claim`. Pages of the documentation are named as in `panjaya_watchd.api`.
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
    display only. Page: stl: /resources/versions, where a field says nothing else.
    """

    version_id: VersionId
    """Named on docs: /apis/versions/versions-revise_version; that this answer repeats it is inferred."""
    status: str | None = None
    """``NotReady``, ``ReadyToEdit``, ``Generating``, ``Completed`` or ``Failed``; any other one is still running."""
    studio_url: str | None = None
    """Not signed: it needs a login."""
    result_url: str | None = field(default=None, repr=False)
    """Of the final video, once there is one. For how long it is good, and from which host, is unknown."""
    progress: float | None = None
    """Documented as an idea only; its name and its scale are inferred."""
    error: str | None = None
    """Why it failed; inferred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetDubbing:
    """
    One target locale of an asset, with the versions that the answer lists (the list endpoint lists none).

    That an asset has one for each language, with an id of its own: docs: /apis/assets. That each has versions: docs:
    /apis/versions. All names of fields are inferred.

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
    Page: stl: /resources/assets, which names three of its eight fields, and two more in words.
    """

    asset_id: AssetId
    status: str | None = None
    """``Failed`` is the only documented value; any other one says: look at the versions."""
    created_at: datetime | None = None
    """Its format is unknown; ISO 8601 and seconds since 1970 are read."""
    duration: float | None = None
    """That it is in seconds is inferred; whether of the video or of what is cut out of it is unknown."""
    file_name: str | None = None
    """Unknown whether there is one."""
    error_code: str | None = None
    """Of a failed asset, such as ``empty_transcript``; the list of codes is open."""
    error_message: str | None = None
    """In words. That ``error`` holds it as ``message`` beside ``code`` is inferred."""
    dubbings: tuple[AssetDubbing, ...] = ()
    """That they are there is documented, their name is inferred."""
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
