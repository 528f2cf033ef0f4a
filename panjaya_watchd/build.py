"""Wiring: the only place that puts real parts together."""

import secrets
import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from panjaya_watchd.api.panjaya import Panjaya
from panjaya_watchd.api.turns import Turns
from panjaya_watchd.core.content import Measured
from panjaya_watchd.core.names import ClaimId, FolderName
from panjaya_watchd.ledger.sql import SqlLedger
from panjaya_watchd.media.ending import ending
from panjaya_watchd.media.probe import probe
from panjaya_watchd.parts import hints_of, meters_of, place_of, watched_of
from panjaya_watchd.renewal import Renewal
from panjaya_watchd.run.board import Board
from panjaya_watchd.run.clock import SystemClock
from panjaya_watchd.run.daemon import Daemon, answer
from panjaya_watchd.run.driver import Driver
from panjaya_watchd.run.hands import Hands
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.lane import Lane
from panjaya_watchd.run.lanes import Lanes
from panjaya_watchd.run.listening import Listening
from panjaya_watchd.run.messages import Called, Reload
from panjaya_watchd.run.story import Log
from panjaya_watchd.run.tell import Ear
from panjaya_watchd.run.watched import Watched
from panjaya_watchd.service.notify import Notifier
from panjaya_watchd.service.sockets import address
from panjaya_watchd.settings import Settings

if TYPE_CHECKING:
    from panjaya_watchd.web.server import WebServer

RESTORED = (
    "What was sent since then is not known here. Drops that may have been are held: panjaya-watchd status, and look "
    "them up in the Studio. Budgets do not count what was spent since then."
)
"""What to do where the ledger is a backup that was put in place."""

PROBE_PATIENCE = 20.0
"""Seconds; a video that takes longer to measure has no known duration."""

OPENING = 300.0
"""Seconds that the service manager is asked for, to check a large ledger on a slow disk, and to lift an older one."""


def build(  # noqa: PLR0913  (what the host gives, each on its own)
    settings: Settings,
    key: str,
    log: Log,
    environ: Mapping[str, str],
    *,
    config: Path,
    handed: Sequence[socket.socket] = (),
) -> Daemon:
    """
    Make a daemon of settings.

    Args:
        settings: without faults.
        key: the API key.
        log: where it tells what it does.
        environ: tells where the service manager listens, and where the API key lies.
        handed: sockets from the service manager, to be served in place of `http.listen`.
        config: where the settings were read, and are to be read again.

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
    if ledger.restored is not None:
        log.warning("ledger.restored", backup_of=ledger.restored.isoformat(), hint=RESTORED)
    names = {folder.name: folder for folder in settings.folders}
    meters = meters_of(settings, clock, stop)
    hands = Hands(
        api=api,
        places={name: place_of(folder) for name, folder in names.items()},
        probe=_measure,
        ending=ending,
        clock=clock,
        board=board,
        stop=stop,
        meters=meters,
        urgently=turns.urgently,
    )
    listening = Listening({name: hints_of(folder, inbox) for name, folder in names.items()})
    lanes = Lanes(
        hands=hands,
        inbox=inbox,
        uploads=settings.limits.uploads,
        downloads=settings.limits.downloads,
        folders=tuple(names),
        listening=listening,
        patiently=turns.patiently,
    )
    renewal = Renewal(
        settings=settings, key=key, environ=environ, log=log, inbox=inbox, clock=clock, stop=stop, api=api, turns=turns
    )
    reading = Lane("settings", 1, inbox, clock.monotonic)

    def reread(reload: Reload, watched: Mapping[FolderName, Watched]) -> None:
        manager.reloading()

        def over(said: Mapping[str, Any]) -> None:
            manager.reloaded()
            reload.answer(said)

        reading.hand(lambda: renewal.read(config, replace(reload, answer=over), watched))

    driver = Driver(
        ledger=ledger,
        doing=lanes,
        inbox=inbox,
        clock=clock,
        log=log,
        watched={name: watched_of(folder, settings) for name, folder in names.items()},
        new_id=lambda: ClaimId(secrets.token_hex(5)),
        callback_url=lambda claim_id: _callback_url(settings, claim_id),
        together=settings.limits.budget.limits() if settings.limits.budget else None,
        answer=lambda driver, question: answer(driver, question, board, meters),
        reread=reread,
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
        closers=(listening.end, reading.end, ear.close, *(() if web is None else (web.stop,)), api.close),
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
