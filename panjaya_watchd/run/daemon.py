"""
The daemon: the driver with its lanes, its ear and its service manager, from start to end.

Start: listen for callbacks, resume every claim, look at every folder, READY. From then on a pulse shows that it
works. End: uploads before the gate are taken back at once, one past it has a few seconds to hear its answer; what it
does not hear is looked up at the next start.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from panjaya_watchd.core.events import Told, Word
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName, Locale, display
from panjaya_watchd.ledger.base import Ledger
from panjaya_watchd.run import report
from panjaya_watchd.run.board import Board
from panjaya_watchd.run.driver import Driver
from panjaya_watchd.run.headline import headline
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.intake import Intake
from panjaya_watchd.run.lanes import Lanes
from panjaya_watchd.run.messages import Look, Question, Reload, Stop
from panjaya_watchd.run.meter import Meters
from panjaya_watchd.run.pulse import Manager, Pulse
from panjaya_watchd.run.story import Log
from panjaya_watchd.run.watched import Watched

FIRST_LOOK: Final = 20.0
"""Seconds that a watch folder has to answer the first look before the daemon counts as started without it."""

LAST_WORDS: Final = 20.0
"""Seconds that what is past the gate has to end."""

NEWS: Final = 1.0
"""Seconds between two lines for the service manager's status, at the least."""


@dataclass(slots=True, kw_only=True)
class Daemon:
    """Everything, wired; `run` returns when it was told to stop."""

    driver: Driver
    lanes: Lanes
    inbox: Inbox
    ledger: Ledger
    log: Log
    manager: Manager
    board: Board = field(default_factory=Board)
    openers: Sequence[Callable[[], None]] = ()
    """Begin what listens; called first, because it may fail."""
    closers: Sequence[Callable[[], None]] = ()
    pulse: Pulse = field(init=False)
    _told: str | None = None
    _tell_at: float = 0.0

    def __post_init__(self) -> None:
        self.pulse = Pulse(
            manager=self.manager,
            clock=self.driver.clock,
            log=self.log,
            look=lambda folder: self.inbox.put(Look(folder=folder)),
        )
        self.driver.moved = self.pulse.moved

    def stop(self) -> None:
        """Ask for the end; from any thread and from a signal handler."""
        self.inbox.put(Stop())

    def reload(self) -> None:
        """Ask for the configuration to be read again; from any thread and from a signal handler."""
        self.inbox.put(Reload())

    def run(self) -> None:
        """Run until `stop`. An exception out of here is a bug: nothing was lost, and the next start resumes."""
        try:
            self._begin()
            deadline: float | None = self.driver.clock.monotonic() + FIRST_LOOK
            while not self.driver.stopping:
                self.driver.turn(self.pulse.rest)
                self.driver.folders.tend()
                self.driver.reloading.tend()
                self.pulse.turned(self._intakes())
                self._tell_status()
                if deadline is not None and self._is_ready(deadline):
                    deadline = None
            self._end()
        finally:
            for close in self.closers:
                close()
            self.ledger.close()

    def _begin(self) -> None:
        self.pulse.starting()
        for begin in self.openers:
            begin()
        self.driver.start()

    def _is_ready(self, deadline: float) -> bool:
        """Say READY once every folder was looked at; one on a dead share, which answers nothing, is waited for once."""
        unseen = [name for name, watched in self.driver.watched.items() if not _was_seen(watched)]
        if unseen and self.driver.clock.monotonic() < deadline:
            return False
        for name in unseen:
            self.log.error("folder.silent", folder=name, why=f"It did not answer within {FIRST_LOOK:.0f} s.")
        self._tell_at = 0.0
        self._tell_status()
        self.pulse.started()
        self.manager.ready()
        self.log.info("daemon.ready", folders=len(self.driver.watched), claims=len(self.driver.living))
        return True

    def _end(self) -> None:
        self.manager.stopping()
        self.pulse.ending()
        self.log.info("daemon.stopping", claims=len(self.driver.living))
        self.lanes.stop()
        if not self.lanes.stopped():
            self.manager.status("Stopping: waits for the answer to an upload that the API has as a whole")
        deadline = self.driver.clock.monotonic() + LAST_WORDS
        while not self.lanes.stopped() and self.driver.clock.monotonic() < deadline:
            self.driver.turn(0.05)
            self.pulse.moved()
        while self.driver.turn(0):
            pass
        self.log.info("daemon.stopped", claims=len(self.driver.living))

    def _intakes(self) -> Mapping[FolderName, Intake]:
        """Give what is watched; a folder that was taken out of the configuration is not scanned any more."""
        return {name: watched.intake for name, watched in self.driver.watched.items() if not watched.retired}

    def _tell_status(self) -> None:
        """Say how it stands, if that has changed, and not too often: systemd tells everybody who listens."""
        now = self.driver.clock.monotonic()
        if now < self._tell_at:
            return
        self._tell_at = now + NEWS
        told = headline(self._intakes(), self.driver.counts, self.board.percent("upload"), self.pulse.lost)
        if told != self._told:
            self._told = told
            self.manager.status(told)


def answer(driver: Driver, question: Question, board: Board, meters: Meters) -> None:
    """
    Answer what a command asks.

    ``status``; ``tell`` with ``claim``, ``word`` and perhaps ``asset``; ``release-all``, perhaps with ``folder``;
    ``add-language`` with ``claim`` and ``locales``; ``revise`` with ``claim`` and ``locale``, and ``reload``, perhaps
    with ``key``, which are answered when they are done.
    """
    words = question.words
    match words.get("ask"):
        case "status":
            now, purses = driver.clock.monotonic(), driver.admission.purses()
            told = report.status(driver.living.values(), driver.watched, board, now, purses)
            said: Mapping[str, Any] = {**told, "rates": report.rates(meters)}
        case "tell":
            said = _told(driver, words)
        case "release-all":
            folder = words.get("folder")
            said = {"released": driver.operator.release_all(None if folder is None else FolderName(str(folder)))}
        case "add-language":
            said = _added(driver, words)
        case "revise":
            _revise(driver, question)
            return
        case "reload":
            key = words.get("key")
            driver.inbox.put(Reload(answer=question.answer, key=None if key is None else str(key)))
            return
        case _:
            said = {"refused": "This daemon does not know that question; the command is of another release."}
    question.answer(said)


def _told(driver: Driver, words: Mapping[str, Any]) -> Mapping[str, Any]:
    asset = words.get("asset")
    word = words.get("word")
    if not isinstance(word, str) or word not in set(Word) or (word == Word.ADOPT and not asset):
        return {"refused": "This daemon does not know that word; the command is of another release."}
    if asset and display(str(asset)) != asset:
        return {"refused": f"{display(str(asset))} cannot be the id of an asset; nothing was changed."}
    told = Told(word=Word(word), asset_id=AssetId(str(asset)) if asset else None)
    refused = driver.operator.tell(ClaimId(str(words.get("claim"))), told)
    return {"refused": refused} if refused else {"done": True}


def _added(driver: Driver, words: Mapping[str, Any]) -> Mapping[str, Any]:
    locales = words.get("locales")
    asked = [Locale(str(locale)) for locale in locales] if isinstance(locales, list) else []
    ordered = driver.adding.order(ClaimId(str(words.get("claim"))), asked)
    if isinstance(ordered, str):
        return {"refused": ordered}
    return {"claim": ordered.id, "locales": list(ordered.order.locales) if ordered.order else []}


def _revise(driver: Driver, question: Question) -> None:
    def answered(why: str | None, claim_id: ClaimId | None) -> None:
        question.answer({"refused": why} if why else {"claim": claim_id})

    words = question.words
    driver.adding.revise(ClaimId(str(words.get("claim"))), Locale(str(words.get("locale"))), answered)


def _was_seen(watched: Watched) -> bool:
    return watched.intake.last_scan is not None or watched.intake.trouble is not None
