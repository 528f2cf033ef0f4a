"""
Orders: what will be bought.

An order is the watch folder's settings, changed by what the sidecars ask for and checked by the rules of the API that
can be known before anything is spent. Field names are the API's. Pages of its documentation are named as in
`panjaya_watchd.api`; where a field names none, it is of "Creating A New Asset", stl: /resources/assets.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from panjaya_watchd.core.names import Digest, Locale


class AutoGenerate(StrEnum):
    """
    Whether the final video is generated without a person, and with lip correction or not.

    The three values: stl: /resources/assets. What they do is inferred from their names, the default is unknown.
    """

    OFF = "off"
    """A version stops at ``ReadyToEdit``; a person generates it in the Studio."""
    WITH_LIPS = "with_lips"
    NO_LIPS = "no_lips"


class LipsModel(StrEnum):
    """The model for lip correction; without that it has no effect."""

    REAL_FACE = "real_face"
    """The service's default."""
    REAL_FACE_TURBO = "real_face_turbo"
    """Up to four times as fast."""


MAY_SET: Final = (
    "locale",
    "languages",
    "srt",
    "speakers_count",
    "start_time",
    "end_time",
    "auto_generate",
    "lips_model",
    "background",
    "media_url",
)
"""The default of ``sidecar_may``: what a sidecar may decide."""

MAY_BE_ALLOWED: Final = (*MAY_SET, "callback_url")
"""What the owner of a folder can allow. Who is called back would hear what happens to the folder's videos."""

COVERED: Final = {"background_url": "background"}
"""Keys that are allowed with another one: the same wish in another form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """
    One target locale; ``srt`` is the name of the part that holds its translation, ``srt_digest`` of its text.

    The API's model ``Language`` has the fields ``locale`` and ``srt``, the latter being a valid SRT. That it is the
    text itself is inferred. It is not here but given beside the order, because an order is kept for years.
    """

    locale: Locale
    srt: str | None = None
    srt_digest: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    What is asked of the API for one drop.

    ``start_time`` and ``end_time`` are seconds from the video's beginning. With ``media_url`` the API fetches the video
    itself, and the drop has none.
    """

    locale: Locale
    """The language of the video; the table of all: docs: /apis."""
    languages: tuple[Language, ...]
    """The target locales. The name of the field is inferred, that of its model is documented."""
    auto_generate: AutoGenerate
    """Inferred: the model is documented, that it is a field of this name is not. It is always sent."""
    lips_model: LipsModel | None = None
    """None: not sent."""
    speakers_count: int | None = None
    """How many different people speak; recommended. None: not sent."""
    start_time: float | None = None
    """Whether fractions are taken is unknown; whole seconds are sent as integers."""
    end_time: float | None = None
    background: str | None = None
    """The name of the drop's part with music and effects, of an upload only; nothing of it is in the request."""
    background_url: str | None = None
    """Whether it may be sent together with a background file is unknown; an order has one of the two."""
    media_url: str | None = None
    """Publicly accessible."""
    callback_url: str | None = None
    """Where the service posts what becomes of the asset and its versions: docs: /apis/callbacks."""
    force: bool = False
    """A word to the daemon, not to the service: dub the same bytes again, and pay again."""

    @property
    def locales(self) -> tuple[Locale, ...]:
        """Give the target locales in the order they were asked for."""
        return tuple(language.locale for language in self.languages)

    def seconds(self, duration: float) -> float:
        """Give the length that will be dubbed of a video of that many seconds."""
        end = duration if self.end_time is None else min(self.end_time, duration)
        return max(0.0, end - (self.start_time or 0.0))

    def at_most(self) -> float | None:
        """Give the most seconds that can be dubbed of a video whose length is not known; None: any number."""
        return None if self.end_time is None else self.seconds(self.end_time)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a watch folder orders for every drop unless a sidecar says otherwise."""

    locale: Locale
    languages: tuple[Locale, ...]
    auto_generate: AutoGenerate
    lips_model: LipsModel | None = None
    speakers_count: int | None = None
    sidecar_may: tuple[str, ...] = MAY_SET


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    What a TOML sidecar asks for; None where it is silent.

    ``languages`` are (locale, SRT file name or None) as written there. ``named`` are the keys the sidecar has, for the
    rule ``sidecar_may``.
    """

    locale: Locale | None = None
    languages: tuple[tuple[Locale, str | None], ...] | None = None
    auto_generate: AutoGenerate | None = None
    lips_model: LipsModel | None = None
    speakers_count: int | None = None
    start_time: float | None = None
    end_time: float | None = None
    background: str | None = None
    background_url: str | None = None
    media_url: str | None = None
    callback_url: str | None = None
    force: bool = False
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a drop is not dubbed, for the dropper: one plain sentence, and what to do; ``seen`` is what was found."""

    why: str
    todo: str
    seen: str | None = None
