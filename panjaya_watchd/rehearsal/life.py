"""
The life of an asset and its versions, planned when it begins.

Decides what the service would find wrong with a source, and when a version gets ready, generates and completes. Pure
but for the random spread, which comes from the studio's seeded source.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Final

from panjaya_watchd.rehearsal.records import AssetRecord, Bill, Doom, Event, Phase, VersionRecord
from panjaya_watchd.rehearsal.switches import CallbackFate, Switches

FAILURES: Final = {
    "invalid_input": "The input provided is invalid. Ensure all provided fields match the asset's properties.",
    "unsupported_media": "No valid video stream was found in the media file.",
    "empty_transcript": "No spoken content was identified in the uploaded video.",
    "missing_audio_track": "No audio tracks were found in the source video.",
    "video_duration_limit_reached": "The video duration limit for your account has been reached.",
    "video_size_limit_reached": "The file size of the requested video has exceeded the allowed size limit.",
    "time_out_of_range": "The provided start_time or end_time is out of video range.",
}
"""The documented codes of a failed asset, with a message each."""


def examine(asset: AssetRecord, bills: Iterable[Bill], switches: Switches) -> tuple[str, str] | None:
    """Say what the service finds wrong with a source after it was accepted and billed: (error code, message)."""
    video = asset.video
    code = None
    if video is not None and (not video.has_video or video.duration is None):
        code = "unsupported_media"
    elif video is not None and not video.has_audio:
        code = "missing_audio_track"
    elif video is not None and switches.max_bytes is not None and video.size > switches.max_bytes:
        code = "video_size_limit_reached"
    elif asset.duration is not None and not asset.request.in_range(asset.duration):
        code = "time_out_of_range"
    elif switches.max_minutes is not None and sum(bill.minutes for bill in bills) > switches.max_minutes:
        code = "video_duration_limit_reached"
    return None if code is None else (code, FAILURES[code])


class Dooms:
    """
    What is bound to fail because a test wants it so, in the order in which it was said.

    ``assets`` are (error code, message); ``versions`` are (locale or None for any, where, error).
    """

    def __init__(self) -> None:
        self.assets: list[tuple[str, str]] = []
        self.versions: list[tuple[str | None, Doom, str]] = []

    def of_asset(self) -> tuple[str, str] | None:
        """Take what the next asset fails with."""
        return self.assets.pop(0) if self.assets else None

    def of_version(self, locale: str) -> tuple[Doom | None, str | None]:
        """Take where the next version of a locale fails, and what is said of it."""
        for doom in self.versions:
            if doom[0] in {None, locale}:
                self.versions.remove(doom)
                return doom[1:]
        return None, None


class Planner:
    """Plans the phases of versions by the switches' times."""

    def __init__(self, switches: Switches, random: Random) -> None:
        self._switches = switches
        self._random = random

    def stretch(self, seconds: float) -> timedelta:
        """Give a time of the switches with its random share added."""
        return timedelta(seconds=seconds * (1 + self._switches.spread * self._random.random()))

    def dub(self, version: VersionRecord, asset: AssetRecord, start: datetime) -> list[Phase]:
        """Plan a version's life from the moment its source has been examined."""
        switches = self._switches
        if asset.failure is not None:
            version.error = asset.failure[1]
            return [Phase(at=start, status=switches.versions_of_failed)]
        ready_at = start + self.stretch(switches.ready_after)
        if version.doomed == "dubbing":
            return [Phase(at=ready_at, status="Failed", event="version_failed")]
        ready = Phase(at=ready_at, status="ReadyToEdit", event="version_ready")
        if (asset.request.auto_generate or switches.default_auto_generate) == "off":
            return [ready]
        if not switches.ready_seen:
            return self.generate(version, ready_at)
        return [ready, *self.generate(version, ready_at + self.stretch(switches.editing_for))]

    def generate(self, version: VersionRecord, start: datetime) -> list[Phase]:
        """Plan a generation; a doomed one fails, and only the first time."""
        whole = self.stretch(self._switches.generate_after)
        phases = [Phase(at=start, status="Generating", event="version_generating")]
        if self._switches.unknown_status:
            phases.append(Phase(at=start + whole / 2, status="Polishing", event="version_polishing"))
        if version.doomed == "generating":
            version.doomed = None
            ending = Phase(at=start + whole, status=self._switches.generate_failure, event="version_generate_failed")
        else:
            ending = Phase(at=start + whole, status="Completed", event="version_generated")
        return [*phases, ending]


LATE: Final = timedelta(seconds=3)
"""How long a callback is held back that is to come out of order; more than a version stays in most of its states."""


def told(assets: Iterable[AssetRecord], versions: Iterable[VersionRecord], now: datetime) -> tuple[Event, ...]:
    """Give every status update until now, oldest first: what callbacks would have told."""
    updates = [
        Event(
            at=phase.at,
            event=phase.event,
            asset_id=version.asset_id,
            version_id=version.version_id,
            locale=version.locale,
        )
        for version in versions
        for phase in version.phases
        if phase.event is not None and phase.at <= now
    ]
    updates += [
        Event(at=asset.examined_at, event="asset_failed", asset_id=asset.asset_id)
        for asset in assets
        if asset.failed(now)
    ]
    return tuple(sorted(updates, key=lambda update: update.at))


def called_back(events: Iterable[Event], fate: CallbackFate, now: datetime) -> tuple[Event, ...]:
    """Give the updates whose callbacks have left by now, in the order in which they left; a fate is a switch."""
    leaving: list[tuple[datetime, Event]] = []
    counts: Counter[str] = Counter()
    for event in events:
        life = event.version_id or event.asset_id
        counts[life] += 1
        first_of_two = counts[life] % 2 == 1
        if fate == "lost" and not first_of_two:
            continue
        leaving.append((event.at + LATE if fate == "reordered" and first_of_two else event.at, event))
    return tuple(event for at, event in sorted(leaving, key=lambda each: each[0]) if at <= now)
