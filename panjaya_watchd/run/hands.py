"""
The hands: one verb for each effect, done with the edges, coming back as one event.

Nothing is decided and nothing is kept here. A verb may be asked for again after a crash, so each is idempotent or safe
before the gate. Expected trouble becomes an event; anything else passes through as the bug it is.
"""

import hashlib
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from panjaya_watchd.api.base import DubbingApi, Submission, Withdrawn
from panjaya_watchd.api.reader import Reader, SourceChanged
from panjaya_watchd.core import events
from panjaya_watchd.core.answers import COMPLETED, FAILED, READY_TO_EDIT, Asset, AssetDubbing, Fault, Version
from panjaya_watchd.core.claim import Claim, Dubbing, Result
from panjaya_watchd.core.drop import VIDEO_SUFFIXES, Drop, Part
from panjaya_watchd.core.events import Event
from panjaya_watchd.core.names import Digest, FolderName, Locale, display, fit
from panjaya_watchd.core.order import Refusal
from panjaya_watchd.errors import PlaceError, SidecarError
from panjaya_watchd.places.base import Place, Unsettled
from panjaya_watchd.run.board import Board, Progress
from panjaya_watchd.run.clock import Clock
from panjaya_watchd.run.gate import Gate
from panjaya_watchd.run.messages import Reading
from panjaya_watchd.run.papers import papers
from panjaya_watchd.sidecar import registry, srt

Probe = Callable[[FolderName, Part], float | None]
"""Gives the duration in seconds of a video in a watch folder, or None when it cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """The verbs of the lanes. Called from many threads; the edges they use allow that."""

    api: DubbingApi
    places: Mapping[FolderName, Place]
    probe: Probe
    clock: Clock
    board: Board
    stop: threading.Event
    """Set when the daemon ends: an upload that has not passed the gate is taken back at its next chunk."""

    def examine(self, folder: FolderName, drop: Drop) -> Reading | str:
        """Read a settled drop before it is claimed, or say why it is not whole yet."""
        place = self.places[folder]
        against = place.evidence(drop)
        if against:
            return against[0].says
        video = drop.video
        assert video is not None, "a drop settles only with its video"
        if place.made_here(video):
            why = "This video is one of our own dubbings; it is not dubbed again."
            return Reading(asked=Refusal(why=why, todo="Take it out of the folder. Drop the original video instead."))
        try:
            asked, texts = registry.read_drop(drop, place.read)
        except Unsettled as unsettled:
            return unsettled.why
        except SidecarError as error:
            return Reading(asked=Refusal(why=error.message, todo=error.hint))
        digests = {name: _digest(text) for name, text in texts.items()}
        return Reading(asked=asked, srt_digests=digests, duration=self.probe(folder, video))

    def take_in(self, claim: Claim) -> Event:
        """Move the parts into ``processing/<claim>/``."""
        try:
            self.places[claim.folder].take_in(claim.id, claim.drop)
        except Unsettled as unsettled:
            return events.Unsettled(why=unsettled.why, gone=unsettled.gone)
        except PlaceError as error:
            return events.Stuck(why=str(error))
        return events.TakenIn()

    def upload(self, claim: Claim, gate: Gate, say: Callable[[Event], None]) -> Event | None:
        """
        Send the video; at the gate say `AtGate` and wait there.

        Returns:
            How it ended, or None if it was taken back because the daemon ends.

        """
        place, order, video = self.places[claim.folder], claim.order, claim.drop.video
        assert order is not None, "only an order is sent"
        assert video is not None, "only a drop with a video is sent"
        ended: Event | None = None

        def at_gate(digest: Digest, size: int) -> None:
            nonlocal ended
            known = self.api.list_assets()
            if isinstance(known, Fault):
                ended = events.Faulted(fault=replace(known, money_may_have_moved=False, repeat_helps=True))
                raise Withdrawn
            ours = [asset for asset in known if asset.file_name is not None and claim.id in asset.file_name]
            if ours:  # an earlier attempt, of which we never heard, has arrived after all
                ended = events.Found(asset=ours[0])
                raise Withdrawn
            say(events.AtGate(digest=digest, size=size, mark=frozenset(asset.asset_id for asset in known)))
            if not gate.wait():
                raise Withdrawn

        try:
            with ExitStack() as opened:
                texts = self._texts(place, claim)
                background = self._background(place, claim, opened)
                source = opened.enter_context(closing(place.open_part(claim.id, video)))
                began = self.clock.monotonic()
                body = Reader(
                    source,
                    file_name=fit(claim.drop.stem, f"-{claim.id}{PurePosixPath(video.name).suffix}"),
                    at_gate=at_gate,
                    stop=self.stop,
                    progress=lambda sent: self._show(claim, "upload", sent, source.size, began),
                )
                answer = self.api.submit(Submission(order=order, srt=texts, video=body, background=background))
        except Unsettled as unsettled:
            return events.Unsettled(why=unsettled.why, gone=unsettled.gone)
        except SourceChanged as changed:
            return events.Unsettled(why=changed.why, gone=_is_gone(place, claim, video))
        except PlaceError as error:
            return events.Stuck(why=str(error))
        except Withdrawn:
            return ended
        finally:
            self.board.wipe(claim.id, "upload")
        return events.Faulted(fault=answer) if isinstance(answer, Fault) else events.Accepted(asset=answer)

    def look_up(self, claim: Claim) -> tuple[Asset, ...] | Event:
        """List all assets; those newer than the mark whose entry is too basic to judge are read one by one."""
        listed = self.api.list_assets()
        if isinstance(listed, Fault):
            return events.Unanswered(fault=listed)
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
        """Download one dubbed video, with a fresh link, next to the parts; None if the daemon ends meanwhile."""
        dubbing = next(dubbing for dubbing in claim.dubbings if dubbing.locale == locale)
        assert dubbing.version_id is not None, "a version is fetched only after it was seen"
        version = self.api.get_version(dubbing.version_id)
        if isinstance(version, Fault):
            return events.FetchFaulted(locale=locale, fault=version)
        if version.status not in {None, COMPLETED} or version.result_url is None:
            fault = Fault(
                money_may_have_moved=False, repeat_helps=True, words="Panjaya gives no link to the result yet."
            )
            return events.FetchFaulted(locale=locale, fault=fault, seen=version.status)
        place, began, what = self.places[claim.folder], self.clock.monotonic(), f"download {locale}"
        name = fit(claim.drop.stem, f".{locale}{_suffix(version.result_url)}")
        try:
            into = place.partial(claim.id, name)
            done = self.api.download(version.result_url, into, lambda held: self._held(claim, what, held, began))
            if isinstance(done, Fault):
                return events.FetchFaulted(locale=locale, fault=done)
            place.keep(claim.id, name)
        except Withdrawn:
            return None
        except PlaceError as error:
            fault = Fault(money_may_have_moved=False, repeat_helps=True, words=str(error))
            return events.FetchFaulted(locale=locale, fault=fault)
        finally:
            self.board.wipe(claim.id, what)
        result = Result(name=name, size=done.size, digest=done.digest, fetched_at=self.clock.now())
        return events.Fetched(locale=locale, result=result)

    def put_away(self, claim: Claim) -> Event:
        """Write the papers and file everything by the outcome."""
        assert claim.outcome is not None, "a claim is filed only with an outcome"
        written = papers(claim, self.clock.now())
        try:
            where = self.places[claim.folder].put_away(claim.id, claim.drop, claim.outcome.to, written)
        except PlaceError as error:
            return events.Stuck(why=str(error))
        return events.Filed(where=where)

    def _texts(self, place: Place, claim: Claim) -> dict[str, str]:
        """Read the SRTs that were taken in once more; their text must be what the order was made of."""
        assert claim.order is not None, "only an order is sent"
        texts: dict[str, str] = {}
        for language in claim.order.languages:
            if language.srt is None:
                continue
            part = next(part for part in claim.drop.parts if part.name == language.srt)
            with closing(place.open_part(claim.id, part)) as source:
                content = b"".join(iter(lambda: source.read(source.size), b""))
            try:
                text = srt.read(part.name, content)
            except SidecarError as error:
                raise Unsettled(error.message) from error
            if _digest(text) != language.srt_digest:
                raise Unsettled(f"{display(part.name)} is not what it was when it was read first")
            texts[language.locale] = text
        return texts

    def _background(self, place: Place, claim: Claim, opened: ExitStack) -> Reader | None:
        assert claim.order is not None, "only an order is sent"
        if claim.order.background is None:
            return None
        part = next(part for part in claim.drop.parts if part.name == claim.order.background)
        source = opened.enter_context(closing(place.open_part(claim.id, part)))
        return Reader(source, PurePosixPath(part.name).name, stop=self.stop, progress=lambda _: None)

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

    def _held(self, claim: Claim, what: str, held: int, began: float) -> None:
        """Show a download; one that is under way when the daemon ends is gone on with at the next start."""
        if self.stop.is_set():
            raise Withdrawn
        self._show(claim, what, held, None, began)

    def _show(self, claim: Claim, what: str, moved: int, total: int | None, began: float) -> None:
        self.board.show(claim.id, what, Progress(sent=moved, total=total, since=began))


def _is_gone(place: Place, claim: Claim, video: Part) -> bool:
    """Say whether a video that changed while it was read is not there at all any more."""
    try:
        place.open_part(claim.id, video).close()
    except Unsettled as unsettled:
        return unsettled.gone
    except PlaceError:
        return False
    return False


def _digest(text: str) -> Digest:
    return Digest(hashlib.sha256(text.encode()).hexdigest())


def _suffix(result_url: str) -> str:
    """Give the result's suffix: the link's if it is a video's, else ``.mp4``."""
    try:
        suffix = PurePosixPath(urlsplit(result_url).path).suffix.lower()
    except ValueError:  # no URL at all; the download says so
        suffix = ""
    return suffix if suffix in VIDEO_SUFFIXES else ".mp4"
