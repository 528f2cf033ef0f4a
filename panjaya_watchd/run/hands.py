"""
The hands: one verb for each effect, done with the edges, coming back as one event.

Nothing is decided and nothing is kept here. A verb may be asked for again after a crash, so each is idempotent or safe
before the gate. Expected trouble becomes an event; anything else passes through as the bug it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from panjaya_watchd.core import content, events
from panjaya_watchd.core.answers import COMPLETED, FAILED, READY_TO_EDIT, Asset, AssetDubbing, Fault, Version
from panjaya_watchd.core.claim import Claim, Destination, Dubbing
from panjaya_watchd.core.content import PATIENT, Patience
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.events import Event
from panjaya_watchd.core.names import FolderName, Locale
from panjaya_watchd.core.order import Refusal
from panjaya_watchd.core.settle import Evidence
from panjaya_watchd.errors import PlaceError, SidecarError
from panjaya_watchd.places.base import Place, Unsettled
from panjaya_watchd.run import fetching, sending
from panjaya_watchd.run.gate import Gate
from panjaya_watchd.run.messages import Reading
from panjaya_watchd.run.papers import papers
from panjaya_watchd.run.tools import Tools
from panjaya_watchd.sidecar import registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands(Tools):
    """The verbs of the lanes. Called from many threads; the edges they use allow that."""

    def examine(self, folder: FolderName, drop: Drop, patience: Patience = PATIENT) -> Reading | Evidence:
        """Read a settled drop before it is claimed, or say why it is not whole yet."""
        place = self.places[folder]
        against = place.evidence(drop)
        if against:
            return against[0]
        video = drop.video
        if video is None:
            return self._read(place, drop)
        if place.made_here(video):
            why = "This video is one of our own dubbings; it is not dubbed again."
            return Reading(asked=Refusal(why=why, todo="Take it out of the folder. Drop the original video instead."))
        try:
            with place.peek(video) as file:
                ending = self.ending(file)
            judged = content.judge(ending, patience)
            if isinstance(judged, content.Unfinished):
                return Evidence(name=video.name, says=judged.says)
            if isinstance(judged, Refusal):
                return Reading(asked=judged)
            likeness = place.likeness(video)
            read = self._read(place, drop)
            if isinstance(read, Evidence) or isinstance(read.asked, Refusal):
                return read
            with place.lend(video) as descriptor:
                measured = self.probe(descriptor)
        except Unsettled as unsettled:
            return Evidence(name=video.name, says=unsettled.why)
        refusal = content.judge_streams(ending, measured, patience.check)
        return replace(
            read,
            asked=read.asked if refusal is None else refusal,
            duration=measured.duration if measured else None,
            languages=measured.languages if measured else (),
            likeness=likeness,
            warnings=(judged,) if judged else (),
        )

    def take_in(self, claim: Claim) -> Event:
        """Move the parts into ``processing/<claim>/``."""
        try:
            taken = self.places[claim.folder].take_in(claim.id, claim.drop)
        except Unsettled as unsettled:
            return events.Unsettled(why=unsettled.why, gone=unsettled.gone)
        except PlaceError as error:
            return events.Stuck(why=str(error))
        return events.TakenIn(copied=tuple(part for part in taken.parts if part not in claim.drop.parts))

    def read_through(self, claim: Claim) -> Event | None:
        """Hash what was taken in, to tell whether it is the same as something earlier; None if the daemon ends."""
        return sending.read_through(self, claim)

    def upload(self, claim: Claim, gate: Gate, say: Callable[[Event], None]) -> Event | None:
        """Send what is ordered; at the gate say `AtGate` and wait there. None if it was taken back."""
        return sending.send(self, claim, gate, say)

    def look_up(self, claim: Claim) -> tuple[Asset, ...] | Event:
        """
        Read what may be ours.

        For further languages of an asset that is the asset. Else list all assets; those newer than the mark whose
        entry is too basic to judge are read one by one, and so is the one that a witness has named.
        """
        if claim.builds_on is not None:
            asset = self.api.get_asset(claim.builds_on.asset_id)
            return events.Unanswered(fault=asset) if isinstance(asset, Fault) else (asset,)
        listed = self.api.list_assets()
        if isinstance(listed, Fault):
            return events.Unanswered(fault=listed)
        if claim.witnessed is not None and all(asset.asset_id != claim.witnessed for asset in listed):
            witnessed = self.api.get_asset(claim.witnessed)  # the list lags
            listed = listed if isinstance(witnessed, Fault) else (*listed, witnessed)
        mark = claim.attempt.mark if claim.attempt and claim.attempt.mark else frozenset()
        return tuple(
            asset if asset.asset_id in mark or (asset.dubbings and asset.duration is not None) else self._whole(asset)
            for asset in listed
        )

    def poll(self, claim: Claim) -> Event:
        """Read how the asset and its versions stand; a version's own page is read where the asset's is silent."""
        assert claim.asset_id is not None, "only an asset is followed"
        asset = self.api.get_asset(claim.asset_id)
        if isinstance(asset, Fault):
            return events.Unanswered(fault=asset)
        followed = {dubbing.locale: dubbing for dubbing in claim.dubbings}
        entries = []
        for entry in asset.dubbings:
            ours = followed.get(entry.locale)
            entries.append(entry if ours is None else self._detailed(entry, ours))
        return events.Polled(asset=replace(asset, dubbings=tuple(entries)))

    def fetch(self, claim: Claim, locale: Locale) -> Event | None:
        """Get one dubbed video, next to the parts; None if the daemon ends meanwhile."""
        return fetching.fetch(self, claim, locale)

    def put_away(self, claim: Claim) -> Event:
        """Write the papers and file everything by the outcome."""
        assert claim.outcome is not None, "a claim is filed only with an outcome"
        written = papers(claim, self.clock.now())
        try:
            beside = claim.beside if claim.outcome.to is Destination.DONE else None
            where = self.places[claim.folder].put_away(claim.id, claim.drop, claim.outcome.to, written, beside)
        except PlaceError as error:
            return events.Stuck(why=str(error))
        return events.Filed(where=where)

    def _read(self, place: Place, drop: Drop) -> Reading | Evidence:
        """Read the sidecars of a drop."""
        try:
            asked, texts = registry.read_drop(drop, place.read)
        except Unsettled as unsettled:
            return Evidence(name=drop.parts[0].name, says=unsettled.why)
        except SidecarError as error:
            return Reading(asked=Refusal(why=error.message, todo=error.hint))
        return Reading(asked=asked, srt_digests={name: sending.digest_of(text) for name, text in texts.items()})

    def _whole(self, asset: Asset) -> Asset:
        answer = self.api.get_asset(asset.asset_id)
        return asset if isinstance(answer, Fault) else replace(answer, file_name=answer.file_name or asset.file_name)

    def _detailed(self, entry: AssetDubbing, ours: Dubbing) -> AssetDubbing:
        return replace(entry, versions=tuple(self._version(version, ours) for version in entry.versions))

    def _version(self, version: Version, ours: Dubbing) -> Version:
        ends = version.status in {COMPLETED, FAILED, READY_TO_EDIT} and version.studio_url is None
        if version.status is not None and not (ends and ours.studio_url is None):
            return version
        answer = self.api.get_version(version.version_id)
        return version if isinstance(answer, Fault) else replace(answer, status=answer.status or version.status)
