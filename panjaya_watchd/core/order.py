"""
Orders: what will be bought.

An order is the watch folder's settings, changed by what the sidecars ask for and checked by the rules of the API that
can be known before anything is spent. Field names are the API's.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from panjaya_watchd.core.names import Digest, Locale


class AutoGenerate(StrEnum):
    """Whether the final video is generated without a person, and with lip correction or not."""

    OFF = "off"
    WITH_LIPS = "with_lips"
    NO_LIPS = "no_lips"


class LipsModel(StrEnum):
    """The model for lip correction."""

    REAL_FACE = "real_face"
    REAL_FACE_TURBO = "real_face_turbo"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One target locale; ``srt`` is the name of the part that holds its translation, ``srt_digest`` of its text."""

    locale: Locale
    srt: str | None = None
    srt_digest: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    What is asked of the API for one drop.

    ``start_time`` and ``end_time`` are seconds from the video's beginning. ``media_url``: the API fetches the video
    itself from there; None: it is uploaded.
    """

    locale: Locale
    languages: tuple[Language, ...]
    auto_generate: AutoGenerate
    lips_model: LipsModel | None = None
    speakers_count: int | None = None
    start_time: float | None = None
    end_time: float | None = None
    background: str | None = None
    background_url: str | None = None
    callback_url: str | None = None
    force: bool = False
    media_url: str | None = None

    @property
    def locales(self) -> tuple[Locale, ...]:
        """Give the target locales in the order they were asked for."""
        return tuple(language.locale for language in self.languages)

    def seconds(self, duration: float) -> float:
        """Give the length that will be dubbed of a video of that many seconds."""
        end = duration if self.end_time is None else min(self.end_time, duration)
        return max(0.0, end - (self.start_time or 0.0))


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
