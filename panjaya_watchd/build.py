"""Wiring: the only place that puts real parts together."""

import secrets
import socket
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from panjaya_watchd.api.panjaya import Panjaya
from panjaya_watchd.api.turns import Turns
from panjaya_watchd.core.content import Measured
from panjaya_watchd.core.names import ClaimId, FolderName
from panjaya_watchd.core.profiles import Profile
from panjaya_watchd.ledger.sql import SqlLedger
from panjaya_watchd.media.ending import ending
from panjaya_watchd.media.probe import probe
from panjaya_watchd.places.base import Place
from panjaya_watchd.places.disk import DiskPlace
from panjaya_watchd.run.board import Board
from panjaya_watchd.run.clock import Clock, SystemClock
from panjaya_watchd.run.daemon import Daemon, answer
from panjaya_watchd.run.driver import Driver
from panjaya_watchd.run.first_start import Root
from panjaya_watchd.run.folders import Watched
from panjaya_watchd.run.hands import Hands
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.intake import Intake
from panjaya_watchd.run.lanes import Lanes
from panjaya_watchd.run.listening import Listening
from panjaya_watchd.run.messages import Called, Look
from panjaya_watchd.run.meter import Meter, Meters
from panjaya_watchd.run.story import Log
from panjaya_watchd.run.tell import Ear
from panjaya_watchd.service.notify import Notifier
from panjaya_watchd.service.sockets import address
from panjaya_watchd.settings import Folder, Limits, Settings
from panjaya_watchd.watch.folder_hints import FolderHints

if TYPE_CHECKING:
    from panjaya_watchd.web.server import WebServer

PROBE_PATIENCE = 20.0
"""Seconds; a video that takes longer to measure has no known duration."""

OPENING = 300.0
"""Seconds that the service manager is asked for, to check a large ledger on a slow disk, and to lift an older one."""


def build(
    settings: Settings, key: str, log: Log, environ: Mapping[str, str], handed: Sequence[socket.socket] = ()
) -> Daemon:
    """
    Make a daemon of settings. ``handed`` are sockets from the service manager, to be served in place of `http.listen`.

    Raises:
        LedgerError: the ledger is damaged, newer, or held by another daemon.
        SettingsError: the key, or that for callbacks, cannot be used, or systemd waits for a word that we cannot say.
        WatchdError: the control socket cannot be made.

    """
    clock, board, stop = SystemClock(), Board(), threading.Event()
    inbox = Inbox(clock)
    manager = Notifier(environ, clock.monotonic)
    manager.extend(OPENING)
    turns = Turns(settings.limits.requests_per_second, now=clock.monotonic, pause=threading.Event().wait)
    api = Panjaya(settings.api.base_url, key, turns=turns)
    ledger = SqlLedger(settings.state.url, owner=socket.gethostname())
    names = {folder.name: folder for folder in settings.folders}
    meters = _meters(settings, clock, stop)
    hands = Hands(
        api=api,
        places={name: _place(folder) for name, folder in names.items()},
        probe=_measure,
        ending=ending,
        clock=clock,
        board=board,
        stop=stop,
        meters=meters,
        urgently=turns.urgently,
    )
    listening = Listening({name: _hints(folder, inbox) for name, folder in names.items()})
    lanes = Lanes(
        hands=hands,
        inbox=inbox,
        uploads=settings.limits.uploads,
        downloads=settings.limits.downloads,
        folders=tuple(names),
        listening=listening,
        patiently=turns.patiently,
    )
    driver = Driver(
        ledger=ledger,
        doing=lanes,
        inbox=inbox,
        clock=clock,
        log=log,
        watched={name: _watched(folder, settings) for name, folder in names.items()},
        new_id=lambda: ClaimId(secrets.token_hex(5)),
        callback_url=lambda claim_id: _callback_url(settings, claim_id),
        together=settings.limits.budget.limits() if settings.limits.budget else None,
        answer=lambda driver, question: answer(driver, question, board, meters),
    )
    web = _web(settings, inbox, log, handed)
    ear = Ear(settings.state.control, inbox.put)
    return Daemon(
        driver=driver,
        lanes=lanes,
        inbox=inbox,
        ledger=ledger,
        log=log,
        manager=manager,
        board=board,
        openers=() if web is None else (web.start,),
        closers=(listening.end, ear.close, *(() if web is None else (web.stop,)), api.close),
    )


def _meters(settings: Settings, clock: Clock, stop: threading.Event) -> Meters:
    """Make a meter for each direction of each folder, and of all together, that has a rate."""
    limits = settings.limits
    ruled: list[tuple[FolderName | None, Limits | Folder]] = [(None, limits)]
    ruled += [(folder.name, folder) for folder in settings.folders]
    return Meters(
        uploads={
            name: Meter(by.upload_rate, clock, stop.wait, sharers=limits.uploads)
            for name, by in ruled
            if by.upload_rate.spans
        },
        downloads={
            name: Meter(by.download_rate, clock, stop.wait, sharers=limits.downloads)
            for name, by in ruled
            if by.download_rate.spans
        },
    )


def _web(settings: Settings, inbox: Inbox, log: Log, handed: Sequence[socket.socket]) -> "WebServer | None":
    """Give the server that hears callbacks; None, and nothing loaded, where they are not wanted."""
    where = [address(listener) for listener in handed]
    if not settings.http.public_url:
        if handed:
            why = "[http] public_url is not set, so nobody answers on the sockets that the service manager hands over"
            log.warning("socket.ignored", sockets=where, why=why)
        for listener in handed:
            listener.close()
        return None
    if handed:
        log.info("socket.inherited", sockets=where, instead_of=settings.http.listen)
    from panjaya_watchd.web.callback import Callbacks, Told  # noqa: PLC0415  (a daemon without callbacks stays small)
    from panjaya_watchd.web.server import WebServer  # noqa: PLC0415
    from panjaya_watchd.web.signature import read_public_key  # noqa: PLC0415

    def say(told: Told) -> None:
        inbox.put(
            Called(
                claim_id=told.claim_id,
                asset_id=told.asset_id,
                event=told.event,
                version_id=told.version_id,
                locale=told.locale,
            )
        )

    app = Callbacks(key=read_public_key(settings.http.callback_key_file), say=say).app
    return WebServer(app, settings.http.listen, handed)


def _callback_url(settings: Settings, claim_id: ClaimId) -> str | None:
    base = settings.http.public_url
    return f"{base}/callback/{claim_id}" if base else None


def _place(folder: Folder) -> Place:
    return DiskPlace(
        folder.path,
        done=folder.done,
        failed=folder.failed,
        recursive=folder.recursive,
        profile=None if folder.profile == "auto" else Profile(folder.profile),
    )


def _watched(folder: Folder, settings: Settings) -> Watched:
    return Watched(
        defaults=folder.defaults(),
        rules=folder.rules(settings.api),
        intake=Intake(rule=folder.rule()),
        budget=folder.budget.limits() if folder.budget else None,
        root=Root(path=str(folder.path), hold=folder.on_first_start == "hold"),
    )


def _hints(folder: Folder, inbox: Inbox) -> FolderHints:
    name = folder.name
    ours = ("processing", str(folder.done), str(folder.failed), "STATUS.txt")
    return FolderHints(folder.path, recursive=folder.recursive, say=lambda: inbox.put(Look(folder=name)), ours=ours)


def _measure(descriptor: int | None) -> Measured | None:
    """Measure a video by the descriptor that the watch folder lends: a child process reads it, and opens no name."""
    found = None if descriptor is None else probe(descriptor, timeout=PROBE_PATIENCE)
    if found is None:
        return None
    return Measured(
        duration=found.duration,
        has_video=found.has_video,
        has_audio=found.has_audio,
        languages=found.audio_languages,
    )
