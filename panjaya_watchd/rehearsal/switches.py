"""
The switches: one for everything the API's documentation leaves open.

The defaults are the likeliest reading of it. A client that works with every setting depends on nothing undocumented.
Values only; nothing here acts.
"""

from dataclasses import dataclass, field, fields
from random import Random
from typing import Any, Literal, get_args, get_origin, get_type_hints

Envelope = Literal["bare", "items", "assets", "data", "results"]
Pagination = Literal["none", "page", "offset", "cursor", "link"]
ListOrder = Literal["newest", "oldest", "random"]
ErrorBody = Literal["string", "list", "object", "html", "empty"]
CreatedAt = Literal["z", "offset", "naive", "epoch"]
Duration = Literal["at_once", "null_until_processed", "null_in_list", "absent"]
Versions = Literal["full", "id_objects", "ids"]
Progress = Literal["fraction", "percent", "absent"]
CallbackFate = Literal["once", "duplicated", "reordered", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chaos:
    """Random faults: each request is struck with ``probability``, drawn from ``seed``; see `script.CHAOS` for which."""

    probability: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """
    How the stand-in behaves where the documentation is silent. Times are seconds.

    Raises:
        ValueError: a bare list cannot carry the cursor or link of the next page.

    """

    # Life cycle
    asset_after: float = 1.0
    """From creation until the source is examined; asset failures show then."""
    ready_after: float = 2.0
    """From then until a version is ``ReadyToEdit``."""
    editing_for: float = 0.5
    """How long a version stays there before it generates by itself."""
    generate_after: float = 2.0
    """From ``Generating`` to ``Completed``."""
    spread: float = 0.0
    """Each of these times is stretched by up to this share, drawn from the studio's seed."""
    ready_seen: bool = True
    """False: with generation on, a version goes from ``NotReady`` to ``Generating`` at once."""
    unknown_status: bool = False
    """A version passes through a status outside the documented five while it generates, and tells it as an event."""
    generate_failure: Literal["Failed", "ReadyToEdit"] = "Failed"
    """Where a version ends whose generation failed."""
    versions_of_failed: Literal["Failed", "NotReady"] = "Failed"
    """What the versions of a failed asset say."""
    default_auto_generate: Literal["off", "with_lips", "no_lips"] = "off"
    asset_statuses: tuple[str, str] = ("Processing", "Ready")
    """Names of the asset's states other than ``Failed``: before and after it is examined."""

    # Answers
    created_code: Literal[200, 201, 202] = 200
    invalid_code: Literal[400, 422] = 400
    unauthorised_code: Literal[401, 403] = 401
    """For a missing or malformed Authorization header; a wrong key is always 401."""
    auth_before_body: bool = True
    """False: the key is looked at only when the whole body is in, as FastAPI does."""
    error_body: ErrorBody = "string"
    redirect_slashes: bool = True
    """307 from ``/v1/assets`` to ``/v1/assets/`` and the like; False: 404."""
    nulls: Literal["null", "absent"] = "null"
    extras: bool = False
    """Unknown fields everywhere."""
    created_at: CreatedAt = "z"
    duration: Duration = "null_until_processed"
    duration_of: Literal["video", "trim"] = "video"
    names: bool = True
    """Whether an asset shows a name derived from the uploaded file's."""
    versions: Versions = "full"
    """What get-asset lists of a version: everything, objects with only an id, or bare ids."""
    versions_at_once: bool = True
    """False: an asset shows no versions before it is examined."""
    progress: Progress = "fraction"
    version_error: bool = True
    """Whether a failed version says why."""

    # The list
    envelope: Envelope = "items"
    pagination: Pagination = "page"
    page_size: int = 50
    order: ListOrder = "newest"
    list_status: bool = False
    """Whether each listed dubbing shows the status of its version, although the list shows no versions."""
    list_lag: float = 0.0
    """How long a new asset is missing from the list."""

    # Results
    result_expires: float = 3600.0
    """How long a signed ``result_url`` is good; afterwards the host says 403."""
    remint: bool = True
    """Whether get-version signs a fresh one each time."""
    ranges: bool = True
    etag: bool = True

    # The Studio
    studio_links: bool = True
    """Whether there is an endpoint that signs links to the Studio, whose path is inferred; False: 404."""
    studio_link_lasts: float = 3600.0
    revise_link: Literal["asked", "always"] = "asked"
    """Whether revising gives a link only where ``studio_url_request`` asks for one."""

    # Limits and examination
    inspect: bool = True
    """False: any bytes pass as a video of ``assumed_duration`` seconds; nothing is kept but their digest."""
    assumed_duration: float = 10.0
    max_bytes: int | None = None
    """Larger videos fail with ``video_size_limit_reached``."""
    max_minutes: float | None = None
    """Of the account, over all bills; what goes beyond fails with ``video_duration_limit_reached``."""

    # Callbacks
    callbacks: bool = False
    """Whether status updates are posted to the ``callback_url`` of their asset, if that is on this machine."""
    callback_fate: CallbackFate = "once"
    """Each comes once or twice; or every other one of a version comes seconds late, behind its successor, or never."""
    callback_early: bool = False
    """A new asset is answered for only when its first callback has arrived, or none has for ten seconds."""
    callback_locale: Literal["locale", "version_locale"] = "locale"
    """The key that holds the version's locale."""
    signature_encoding: Literal["hex", "base64"] = "hex"
    signature_form: Literal["raw", "der"] = "raw"
    """Of the signature's two numbers: 32 bytes each, as in JOSE, or ASN.1."""

    chaos: Chaos = field(default_factory=Chaos)

    def __post_init__(self) -> None:
        if self.envelope == "bare" and self.pagination in {"cursor", "link"}:
            raise ValueError(f'envelope "bare" has no room for pagination "{self.pagination}"')

    @classmethod
    def draw(cls, random: Random, **fixed: Any) -> "Switches":
        """Draw every switch that is a choice between names or a yes and no; numbers keep their defaults."""
        hints = get_type_hints(cls)
        drawn: dict[str, Any] = {}
        for known in fields(cls):
            choices = _choices(hints[known.name])
            if choices and known.name not in {"inspect", *fixed}:
                drawn[known.name] = random.choice(choices)
        if drawn.get("envelope", fixed.get("envelope")) == "bare" and "pagination" in drawn:
            drawn["pagination"] = random.choice(("none", "page", "offset"))
        return cls(**{**drawn, **fixed})


def _choices(hint: Any) -> tuple[Any, ...]:
    if hint is bool:
        return (False, True)
    return get_args(hint) if get_origin(hint) is Literal else ()
