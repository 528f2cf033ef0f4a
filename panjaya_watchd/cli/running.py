"""``run``: the daemon in the foreground."""

import faulthandler
import os
import signal
from pathlib import Path

from panjaya_watchd import __version__
from panjaya_watchd.build import build
from panjaya_watchd.service import logs, signals, sockets
from panjaya_watchd.settings import load, read_key


def run(config: Path, *, verbose: bool) -> None:
    """
    Run until SIGTERM or SIGINT.

    Raises:
        SettingsFaults: the configuration has faults; nothing was started.
        LedgerError: the ledger cannot be trusted; nothing was started.
        LedgerUnavailable: another daemon holds it, or it cannot be written any more; a later start goes on from it.
        WatchdError: what the service manager hands over is nothing to listen on; nothing was started.

    """
    faulthandler.enable()  # the watchdog's SIGABRT then tells where each thread stood
    handed = sockets.inherited(os.environ)
    settings = load(config, environ=os.environ, absent=True)
    key = read_key(settings, os.environ)
    log = logs.set_up(verbose=verbose, environ=os.environ)
    log.info("daemon.starting", version=__version__, config=str(config), base_url=settings.api.base_url)
    for warning in settings.warnings():
        log.warning("setting.ignored", why=warning)
    # A lease that somebody breaks would otherwise end the process (fcntl(2), F_SETLEASE).
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    daemon = build(settings, key, log, os.environ, handed=handed, config=config)
    signals.listen(daemon.stop, daemon.reload)
    daemon.run()
