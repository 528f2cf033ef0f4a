"""
What the studio keeps: videos, bills, assets, versions and the phases a version goes through.

A life is planned when it begins, as phases with a time each; what a version *is* follows from the clock alone, so
there is no thread and no timer. Only `studio` changes these records, under its lock.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from panjaya_watchd.rehearsal.request import Languages, Request

Doom = Literal["dubbing", "generating"]
"""Where a version is bound to fail."""

BilledBy = Literal["upload", "media_url", "languages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """
    The bytes that came in, reduced to facts; ``duration`` in seconds is None where no stream could be read.

    ``path`` is where the bytes are kept for making results; None: they were only hashed.
    """

    sha256: str
    size: int
    duration: float | None
    has_video: bool = True
    has_audio: bool = True
    path: Path | None = None

    @classmethod
    def of(cls, content: bytes, *, duration: float) -> "Video":
        """Make the facts of a pretended video, whatever its bytes are."""
        return cls(sha256=hashlib.sha256(content).hexdigest(), size=len(content), duration=duration)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """
    What one request cost: ``minutes`` are trimmed length times locales.

    ``request`` is the JSON text exactly as received. ``sha256`` and ``size`` are None where the API was to fetch the
    video itself. An asset that fails later was billed all the same: when the service bills is not documented, and the
    worst reading is the useful one.
    """

    asset_id: str
    by: BilledBy
    minutes: float
    locales: tuple[str, ...]
    at: datetime
    request: str
    sha256: str | None = None
    size: int | None = None
    file_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """From ``at`` on a version has this ``status``; ``event`` is the callback's name for the change, if it has one."""

    at: datetime
    status: str
    event: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A status update as the callbacks would tell it; the version is None for ``asset_failed``."""

    at: datetime
    event: str
    asset_id: str
    version_id: str | None = None
    locale: str | None = None


@dataclass(slots=True, kw_only=True)
class VersionRecord:
    """One version with its planned life. ``doomed`` says where it will fail; ``minted`` is the signed URL's expiry."""

    version_id: str
    dubbing_id: str
    asset_id: str
    locale: str
    created_at: datetime
    phases: list[Phase]
    doomed: Doom | None = None
    error: str | None = None
    expires: int | None = None

    def status(self, now: datetime) -> str:
        """Say what the version is at a moment."""
        return next((phase.status for phase in reversed(self.phases) if phase.at <= now), self.phases[0].status)

    def progress(self, now: datetime) -> float:
        """Give the share of the planned life that has passed, 0 to 1."""
        whole = (self.phases[-1].at - self.created_at).total_seconds()
        return 1.0 if whole <= 0 else min(1.0, max(0.0, (now - self.created_at).total_seconds() / whole))

    def replan(self, now: datetime, phases: Iterable[Phase]) -> None:
        """Forget what was planned after now and live on by these phases."""
        self.phases = [*(phase for phase in self.phases if phase.at <= now), *phases]


@dataclass(slots=True, kw_only=True)
class AssetRecord:
    """
    One asset. ``number`` counts creations; ``shuffled`` is its place in a list without order.

    ``failure`` is (error code, message), which shows from ``examined_at`` on. ``request_text`` is the JSON as received.
    """

    asset_id: str
    number: int
    shuffled: float
    request: Request
    request_text: str
    video: Video | None
    background: Video | None
    file_name: str | None
    duration: float | None
    created_at: datetime
    examined_at: datetime
    failure: tuple[str, str] | None = None
    versions: list[VersionRecord] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def bill(self, by: BilledBy, languages: Languages, text: str, *, at: datetime) -> Bill:
        """Make the bill for dubbing it into these languages, which a request's text has asked for."""
        video = self.video
        return Bill(
            asset_id=self.asset_id,
            by=by,
            minutes=self.request.seconds(self.duration or 0.0) * len(languages) / 60,
            locales=tuple(locale for locale, _ in languages),
            at=at,
            request=text,
            sha256=None if video is None else video.sha256,
            size=None if video is None else video.size,
            file_name=None if video is None else self.file_name,
        )

    def examined(self, now: datetime) -> bool:
        """Say whether the source has been looked at, so that length and failure are known."""
        return self.examined_at <= now

    def failed(self, now: datetime) -> bool:
        """Say whether the asset is ``Failed`` by now."""
        return self.failure is not None and self.examined(now)
