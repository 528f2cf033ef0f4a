"""
Lanes: small pools of threads, one for each kind of effect, so that a slow one never holds up the others.

Each watch folder has a lane of its own for its files, because a thread that looks into a dead share may never come
back. A lane takes a value and puts one message into the inbox; it keeps nothing.
"""

import contextlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import assert_never

from panjaya_watchd.api.base import Patient
from panjaya_watchd.core import effects, events
from panjaya_watchd.core.answers import Fault
from panjaya_watchd.core.claim import Claim, Dubbing
from panjaya_watchd.core.content import PATIENT, Patience
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.effects import Effect
from panjaya_watchd.core.events import Event
from panjaya_watchd.core.names import ClaimId, FolderName
from panjaya_watchd.core.settle import Evidence
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.base import Foreign, Known
from panjaya_watchd.run.change import Lookout
from panjaya_watchd.run.gate import Gate
from panjaya_watchd.run.hands import Hands
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.lane import Lane
from panjaya_watchd.run.listening import Listening
from panjaya_watchd.run.messages import (
    Answer,
    Examined,
    Happened,
    Listed,
    Look,
    Message,
    Posted,
    Scanned,
    Unheard,
    Unseen,
    Verified,
)
from panjaya_watchd.run.meter import Meters
from panjaya_watchd.run.revising import missing, revise
from panjaya_watchd.run.sweeping import sweep


@dataclass(slots=True)
class Lanes:
    """All lanes of one daemon. Only the driver's thread calls it."""

    hands: Hands
    inbox: Inbox
    uploads: int
    downloads: int
    folders: Iterable[FolderName]
    talks: int = 5
    """Three for those who follow, one for a revision, one that a look-up finds free."""
    listening: Listening = field(default_factory=Listening)
    patiently: Callable[[], AbstractContextManager[Patient]] = lambda: contextlib.nullcontext(Patient())
    """Lets the requests of a thread that only follows what is being dubbed wait for those on behalf of money."""
    _gates: dict[ClaimId, Gate] = field(default_factory=dict)
    _barred: Fault | None = None
    _left: set[FolderName] = field(default_factory=set)
    _past: set[ClaimId] = field(default_factory=set)
    _files: dict[FolderName, Lane] = field(init=False)
    _upload: Lane = field(init=False)
    _download: Lane = field(init=False)
    _talk: Lane = field(init=False)

    def __post_init__(self) -> None:
        now = self.hands.clock.monotonic
        self._files = {folder: Lane(f"files-{folder}", 1, self.inbox, now) for folder in self.folders}
        self._upload = Lane("upload", self.uploads, self.inbox, now)
        self._download = Lane("download", self.downloads, self.inbox, now)
        self._talk = Lane("talk", self.talks, self.inbox, now)

    def hand(self, claim: Claim, effect: Effect) -> None:  # noqa: C901  (one arm for each effect)
        """Begin an effect of a claim that is durable."""
        hands, files, who = self.hands, self._files[claim.folder], claim.id
        match effect:
            case effects.TakeIn():
                files.hand(lambda: _happened(claim, hands.take_in(claim)), who)
            case effects.Admit():
                raise AssertionError("the driver admits by itself")
            case effects.Hash():
                self._upload.hand(lambda: _happened(claim, hands.read_through(claim)), who)
            case effects.Upload():
                gate = self._gates[who] = Gate()
                self._barred = None  # whoever hands out an upload has waited long enough
                self._upload.hand(lambda: self._sent(claim, gate), who, over=lambda: self._past.discard(who))
            case effects.OpenGate():
                self._past.add(who)
                self._gates.pop(who).open()
            case effects.ShutGate():
                self._shut(who)
            case effects.LookUp():
                self._talk.hand(lambda: _looked_up(claim, hands), who)
            case effects.Poll():
                self._talk.hand(lambda: self._polled(claim), who)
            case effects.Fetch(locale=locale):
                self._download.hand(lambda: _happened(claim, hands.fetch(claim, locale)), who)
            case effects.PutAway():
                self._shut(who)
                files.hand(lambda: _happened(claim, hands.put_away(claim)), who)
            case _:
                assert_never(effect)

    def change(self, *, uploads: int, downloads: int, meters: Meters) -> None:
        """Change how many transfers there may be at once, and how fast; what is under way goes on."""
        self._upload.resize(uploads)
        self._download.resize(downloads)
        self.hands.meters.change(meters)

    def watch(self, folder: FolderName, lookout: Lookout) -> None:
        """See a folder from there from now on; what is under way in the former place goes on there."""
        if folder in self._left:  # its lane may be stuck for ever in a share that is gone
            self._left.discard(folder)
            self._files.pop(folder).end()
        if folder not in self._files:
            self._files[folder] = Lane(f"files-{folder}", 1, self.inbox, self.hands.clock.monotonic)
        self.hands.places[folder] = lookout.place
        self._files[folder].hand(lambda: self.listening.change(folder, lookout.hints))

    def leave(self, folder: FolderName) -> None:
        """Have nothing more to do with a folder; its lane stays for what comes late."""
        self._left.add(folder)
        hints = self.listening.hints.pop(folder, None)
        if hints is not None:
            self._files[folder].hand(hints.stop)

    def sweep(self) -> None:
        """Read the list of all assets."""
        self._talk.hand(lambda: sweep(self.hands, self.patiently))

    def scan(self, folder: FolderName, known: Known) -> None:
        """Look at a whole watch folder."""
        self._files[folder].hand(lambda: _scan(folder, known, self.hands))

    def came_back(self, folder: FolderName) -> float:
        """Give when the thread that looks into a folder was last done with something."""
        return self._files[folder].came_back()

    def listen(self, folder: FolderName, *, wanted: bool) -> None:
        """Begin or end to listen for hints."""
        self._files[folder].hand(lambda: _listen(folder, self.listening, wanted=wanted))

    def examine(self, folder: FolderName, drop: Drop, patience: Patience = PATIENT) -> None:
        """Read a settled drop."""
        self._files[folder].hand(lambda: _examine(folder, drop, patience, self.hands))

    def expect(self, folder: FolderName, root_id: str) -> None:
        """Note which folder is meant; nothing is looked at, so nothing can be waited for."""
        self.hands.places[folder].expect(root_id)

    def leave_trace(self, folder: FolderName, root_id: str | None) -> None:
        """Make our own folder in a watch folder."""
        self._files[folder].hand(lambda: _leave_trace(folder, root_id, self.hands))

    def post(self, folder: FolderName, text: str | None) -> None:
        """Write ``STATUS.txt``."""
        self._files[folder].hand(lambda: _post(folder, text, self.hands))

    def verify(self, claim: Claim, dubbing: Dubbing, answer: Answer) -> None:
        """Read our copy of a result as a whole."""
        self._download.hand(lambda: _verified(claim, dubbing, answer, self.hands))

    def revise(self, claim: Claim, answer: Answer) -> None:
        """Have the version revised that a claim is to follow."""
        self._talk.hand(lambda: _revised(claim, answer, self.hands))

    def stop(self) -> None:
        """Take back every upload that has not passed the gate; let everything else come to its end."""
        self.hands.stop.set()
        for gate in self._gates.values():
            gate.shut()
        for lane in self._all():
            lane.end()

    def stopped(self) -> bool:
        """Say whether no upload is past its gate any more: everything else may be cut off at any moment."""
        return not self._past

    def _shut(self, claim_id: ClaimId) -> None:
        gate = self._gates.pop(claim_id, None)
        if gate is not None:
            gate.shut()

    def _all(self) -> list[Lane]:
        return [self._upload, self._download, self._talk, *self._files.values()]

    def _polled(self, claim: Claim) -> Message | None:
        with self.patiently():
            return _happened(claim, self.hands.poll(claim))

    def _sent(self, claim: Claim, gate: Gate) -> Message | None:
        return _happened(claim, self._send(claim, gate))

    def _send(self, claim: Claim, gate: Gate) -> Event | None:
        """Upload, unless the account was refused to another upload since this one was queued."""
        if self._barred is not None:
            return events.Faulted(fault=self._barred)
        event = self.hands.upload(claim, gate, self._say(claim))
        if isinstance(event, events.Faulted) and event.fault.account:
            self._barred = event.fault
        return event

    def _say(self, claim: Claim) -> Callable[[Event], None]:
        return lambda event: self.inbox.put(Happened(claim_id=claim.id, event=event))


def _happened(claim: Claim, event: Event | None) -> Message | None:
    return None if event is None else Happened(claim_id=claim.id, event=event)


def _looked_up(claim: Claim, hands: Hands) -> Message:
    found = hands.look_up(claim)
    if isinstance(found, tuple):
        return Listed(claim_id=claim.id, assets=found)
    return Happened(claim_id=claim.id, event=found)


def _verified(claim: Claim, dubbing: Dubbing, answer: Answer, hands: Hands) -> Message:
    return Verified(claim=claim, dubbing=dubbing, why=missing(hands, claim, dubbing), answer=answer)


def _revised(claim: Claim, answer: Answer, hands: Hands) -> Message:
    return revise(hands, claim, answer)


def _scan(folder: FolderName, known: Known, hands: Hands) -> Message:
    began = hands.clock.monotonic()
    try:
        scan = hands.places[folder].scan(replace(known, at=began))
    except PlaceError as error:
        foreign = isinstance(error, Foreign)
        return Unseen(folder=folder, why=str(error), foreign=foreign, number=known.number)
    return Scanned(folder=folder, scan=scan, seconds=hands.clock.monotonic() - began, number=known.number)


def _examine(folder: FolderName, drop: Drop, patience: Patience, hands: Hands) -> Message:
    name = drop.leader
    try:
        found = hands.examine(folder, drop, patience)
    except PlaceError as error:
        found = Evidence(name=name, says=str(error))
    except Exception as error:  # noqa: BLE001  (told by the driver: one file must not keep all others from being taken)
        why = "cannot be examined because of a fault in this service; the other files go on"
        return Examined(folder=folder, drop=drop, found=Evidence(name=name, says=why), bug=error)
    return Examined(folder=folder, drop=drop, found=found)


def _leave_trace(folder: FolderName, root_id: str | None, hands: Hands) -> None:
    with contextlib.suppress(PlaceError):  # the next look sees that it is not there, and asks again
        hands.places[folder].leave_trace(root_id)


def _listen(folder: FolderName, listening: Listening, *, wanted: bool) -> Message | None:
    try:
        return Look(folder=folder) if listening.begin(folder, wanted=wanted) else None
    except PlaceError as error:
        return Unheard(folder=folder, why=error.message, hint=error.hint)


def _post(folder: FolderName, text: str | None, hands: Hands) -> Message:
    try:
        hands.places[folder].post(text)
    except PlaceError as error:
        return Posted(folder=folder, why=str(error))
    return Posted(folder=folder)
