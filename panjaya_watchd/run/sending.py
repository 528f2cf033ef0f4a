"""
Sending: the one verb that can cost money, in its two forms, and the reading that may come before it.

Both forms do everything that can fail for free, say `AtGate`, and wait until the driver has made the intent to spend
durable. Only then does the last chunk of a video leave, or the request for further languages of an asset.
"""

import hashlib
from collections.abc import Callable, Collection
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import PurePosixPath

from panjaya_watchd.api.base import Submission, Withdrawn
from panjaya_watchd.api.reader import Reader, SourceChanged
from panjaya_watchd.core import events
from panjaya_watchd.core.answers import Fault
from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.drop import Part
from panjaya_watchd.core.events import Event
from panjaya_watchd.core.lookup import bears
from panjaya_watchd.core.names import AssetId, Digest, Locale, display, fit
from panjaya_watchd.core.words import languages
from panjaya_watchd.errors import PlaceError, SidecarError
from panjaya_watchd.places.base import Place, Unsettled
from panjaya_watchd.run.gate import Gate
from panjaya_watchd.run.tools import Tools
from panjaya_watchd.sidecar import srt

_CHUNK = 1 << 20

Say = Callable[[Event], None]


def send(tools: Tools, claim: Claim, gate: Gate, say: Say) -> Event | None:
    """
    Send what a claim orders; at the gate say `AtGate` and wait there.

    Returns:
        How it ended, or None if it was taken back: the daemon ends, or the gate was shut.

    """
    place, video = tools.places[claim.folder], claim.drop.video
    try:
        if claim.builds_on is not None or claim.adds_to is not None:
            return _add_languages(tools, claim, gate, say)
        if video is None:
            return _create(tools, claim, gate, say)
        return _upload(tools, claim, video, gate, say)
    except Unsettled as unsettled:
        return events.Unsettled(why=unsettled.why, gone=unsettled.gone)
    except SourceChanged as changed:
        return events.Unsettled(why=changed.why, gone=video is not None and _is_gone(place, claim, video))
    except PlaceError as error:
        return events.Stuck(why=str(error))
    except _Ended as ended:
        return ended.event
    except Withdrawn:
        return None
    finally:
        tools.board.wipe(claim.id, "upload")


class _Ended(Withdrawn):
    """It is over before the gate, and not by our own doing."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event


def _upload(tools: Tools, claim: Claim, video: Part, gate: Gate, say: Say) -> Event:
    """Stream the video as the body of one request."""
    order, place = claim.order, tools.places[claim.folder]
    assert order is not None, "only an order is sent"
    background: Digest | None = None

    def note(digest: Digest, _size: int) -> None:
        nonlocal background
        background = digest

    def at_gate(digest: Digest, size: int) -> None:
        _need_complete(place, claim)
        say(events.AtGate(digest=digest, size=size, mark=_mark(tools, claim), background=background))
        if not gate.wait():
            raise Withdrawn

    with ExitStack() as opened:
        _need_complete(place, claim)
        texts = _texts(place, claim, order.locales)
        track = _background(claim)
        background_body = None
        if track is not None:
            sound = opened.enter_context(closing(place.open_part(claim.id, track)))
            sound_toll = tools.meters.upload(claim.folder, sound.size)
            background_body = Reader(
                sound,
                PurePosixPath(track.name).name,
                stop=tools.stop,
                progress=sound_toll.sent,
                at_gate=note,
                chunk=sound_toll.chunk,
            )
            sound_toll.sent(0)
        source = opened.enter_context(closing(place.open_part(claim.id, video)))
        toll = tools.meters.upload(claim.folder, source.size)
        toll.sent(0)
        began = tools.clock.monotonic()

        def progress(sent: int) -> None:
            tools.show(claim, "upload", sent, source.size, began)
            toll.sent(sent)

        body = Reader(
            source,
            file_name=fit(claim.drop.stem, f"-{claim.id}{PurePosixPath(video.name).suffix}"),
            at_gate=at_gate,
            stop=tools.stop,
            progress=progress,
            chunk=toll.chunk,
        )
        answer = tools.api.submit(Submission(order=order, srt=texts, video=body, background=background_body))
    return events.Faulted(fault=answer) if isinstance(answer, Fault) else events.Accepted(asset=answer)


def _mark(tools: Tools, claim: Claim) -> frozenset[AssetId]:
    """List what the API knows before anything of this attempt can be there; raises `_Ended` where ours is."""
    with tools.urgently():
        known = tools.api.list_assets()
    if isinstance(known, Fault):
        raise _Ended(events.Faulted(fault=replace(known, money_may_have_moved=False, repeat_helps=True)))
    ours = [asset for asset in known if bears(asset, {claim.id})]
    if ours:  # an earlier attempt, of which we never heard, has arrived after all
        raise _Ended(events.Found(asset=ours[0]))
    return frozenset(asset.asset_id for asset in known)


def _create(tools: Tools, claim: Claim, gate: Gate, say: Say) -> Event:
    """Have the API fetch a video from the web. The request is small, and waits at the gate as a whole."""
    order, place = claim.order, tools.places[claim.folder]
    assert order is not None, "only an order is sent"
    assert claim.digest is not None, "an address was digested when it was claimed"
    texts = _texts(place, claim, order.locales)
    _need_complete(place, claim)
    say(events.AtGate(digest=claim.digest, size=0, mark=_mark(tools, claim)))
    if not gate.wait():
        raise Withdrawn
    answer = tools.api.create(order, texts)
    return events.Faulted(fault=answer) if isinstance(answer, Fault) else events.Accepted(asset=answer)


def _add_languages(tools: Tools, claim: Claim, gate: Gate, say: Say) -> Event:
    """Have the asset of an earlier claim dubbed into the locales that it lacks."""
    if claim.builds_on is None:  # it never came through the door, and without a video it must not make an asset
        words = f"It is not known which asset of claim {claim.adds_to} the languages are for."
        return events.Faulted(fault=Fault(money_may_have_moved=False, repeat_helps=False, words=words))
    assert claim.digest is not None, "an earlier claim was recognised by all bytes"
    place = tools.places[claim.folder]
    texts = _texts(place, claim, claim.to_buy)
    asset = tools.api.get_asset(claim.builds_on.asset_id)
    if isinstance(asset, Fault):
        return _free(asset)
    there = {dubbing.locale for dubbing in asset.dubbings}
    missing = [locale for locale in claim.to_buy if locale not in there]
    _need_own_subtitles(claim, there)
    if not missing:  # an earlier attempt, of which we never heard, or a person in the Studio
        return events.Found(asset=asset)
    _need_complete(place, claim)
    mark, video = frozenset({asset.asset_id}), claim.drop.video
    size = (claim.size or 0) if video is None else video.fingerprint.size
    say(events.AtGate(digest=claim.digest, size=size, mark=mark, missing=tuple(missing)))
    if not gate.wait():
        raise Withdrawn
    answer = tools.api.add_languages(asset.asset_id, missing, texts)
    return events.Faulted(fault=answer) if isinstance(answer, Fault) else events.Accepted(asset=answer)


def _need_own_subtitles(claim: Claim, there: Collection[Locale]) -> None:
    """Refuse subtitles for a language that the asset has by now, unless an attempt of ours may have brought it."""
    order = claim.order
    if order is None or claim.maybe_billed:
        return
    lost = [
        each.locale for each in order.languages if each.srt and each.locale in there and each.locale in claim.to_buy
    ]
    if lost:
        words = f"It has {languages(lost)} already, and other subtitles do not change that."
        raise _Ended(events.Faulted(fault=Fault(money_may_have_moved=False, repeat_helps=False, words=words)))


def _need_complete(place: Place, claim: Claim) -> None:
    """Raise `Unsettled` where a sidecar came meanwhile: before the gate it is not too late to use it (R46)."""
    joined = place.joined(claim.drop)
    if joined:
        raise Unsettled(f"{display(joined[0])} came after the other files were taken, and belongs to them")


def _free(fault: Fault) -> Event:
    """Tell that an asset could not be read before the gate: no money, and asking again helps unless it is gone."""
    gone = fault.status == 404 and not fault.repeat_helps
    return events.Faulted(fault=replace(fault, money_may_have_moved=False, repeat_helps=not gone))


def read_through(tools: Tools, claim: Claim) -> Event | None:
    """Hash what was taken in, video and background, to tell whether it is a twin; None if the daemon ends."""
    place, video = tools.places[claim.folder], claim.drop.video
    assert video is not None, "only a drop with a video is sent"
    track = _background(claim)
    try:
        digest = _hash(tools, claim, place, video)
        return events.Hashed(digest=digest, background=_hash(tools, claim, place, track) if track else None)
    except Unsettled as unsettled:
        return events.Unsettled(why=unsettled.why, gone=unsettled.gone, inside=True)
    except PlaceError as error:
        return events.Stuck(why=str(error))
    except Withdrawn:
        return None
    finally:
        tools.board.wipe(claim.id, "compare")


def _hash(tools: Tools, claim: Claim, place: Place, part: Part) -> Digest:
    began, digest, done = tools.clock.monotonic(), hashlib.sha256(), 0
    with closing(place.open_part(claim.id, part)) as source:
        while chunk := source.read(_CHUNK):
            tools.heed_stop()
            digest.update(chunk)
            done += len(chunk)
            tools.show(claim, "compare", done, source.size, began)
        changed = source.changed()
    if changed is not None:
        raise Unsettled(changed)
    return Digest(digest.hexdigest())


def _background(claim: Claim) -> Part | None:
    name = claim.order.background if claim.order else None
    return None if name is None else next(part for part in claim.drop.parts if part.name == name)


def _texts(place: Place, claim: Claim, locales: tuple[Locale, ...]) -> dict[Locale, str]:
    """Read the SRTs that were taken in once more; their text must be what the order was made of."""
    assert claim.order is not None, "only an order is sent"
    texts: dict[Locale, str] = {}
    for language in claim.order.languages:
        if language.srt is None or language.locale not in locales:
            continue
        part = next(part for part in claim.drop.parts if part.name == language.srt)
        with closing(place.open_part(claim.id, part)) as source:
            content = b"".join(iter(lambda: source.read(source.size), b""))
        try:
            text = srt.read(part.name, content)
        except SidecarError as error:
            raise Unsettled(error.message) from error
        if digest_of(text) != language.srt_digest:
            raise Unsettled(f"{display(part.name)} is not what it was when it was read first")
        texts[language.locale] = text
    return texts


def digest_of(text: str) -> Digest:
    """Give the SHA-256 of an SRT's text, as it is sent."""
    return Digest(hashlib.sha256(text.encode()).hexdigest())


def _is_gone(place: Place, claim: Claim, video: Part) -> bool:
    """Say whether a video that changed while it was read is not there at all any more."""
    try:
        place.open_part(claim.id, video).close()
    except Unsettled as unsettled:
        return unsettled.gone
    except PlaceError:
        return False
    return False
