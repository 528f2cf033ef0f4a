"""What the daemon must not forget: the state directory, the ledger, and whether a daemon holds it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from panjaya_watchd.core.names import FolderName, display
from panjaya_watchd.doctor import space
from panjaya_watchd.doctor.findings import Finding, of_error, ok, trouble, warning
from panjaya_watchd.doctor.identity import Identity
from panjaya_watchd.errors import LedgerError, WatchdError
from panjaya_watchd.ledger.lock import held
from panjaya_watchd.ledger.sql import read_only
from panjaya_watchd.run.tell import NotRunning, ask
from panjaya_watchd.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the ledger knows: for each watch folder the id that it bears; None where the daemon has not been there."""

    findings: tuple[Finding, ...]
    root_ids: Mapping[FolderName, str | None]


def directory(path: Path, reached: Mapping[str, Any] | None, who: Identity) -> Iterator[Finding]:
    """Judge the directory of the ledger; ``reached`` is what its user can do there, None where systemd will make it."""
    shown = display(str(path))
    if reached is None:
        yield ok("state", f"systemd makes the state directory {shown} for the service when it is started.")
    elif reached["trouble"]:
        todo = f"Make it, and have it belong to {who.called}; the unit does so by StateDirectory=."
        yield trouble("state", f"The state directory {shown}: {reached['trouble']}.", todo)
    elif not (reached["read"] and reached["write"] and reached["enter"]):
        todo = f"chown -R {who.user} {shown}"
        yield trouble("state", f"{who.called} may not write in the state directory {shown}.", todo)
    else:
        yield ok("state", f"{who.called} may write in the state directory {shown}.")
    try:
        yield from space.judge("The state directory", path, space.LEDGER, "the ledger")
    except OSError as error:
        yield warning("disk", f"{shown} does not say how much is free: {error.strerror}.", "Ask as root.")


def remembered(settings: Settings) -> Memory:
    """Read the ledger as `status` does; while a daemon runs it shares it."""
    names = [folder.name for folder in settings.folders]
    nothing: dict[FolderName, str | None] = dict.fromkeys(names)
    path = settings.state.ledger
    shown = display(str(path))
    try:
        if not path.exists():
            return Memory(findings=(ok("ledger", f"There is no ledger {shown} yet."),), root_ids=nothing)
        with closing(read_only(settings.state.url)) as ledger:
            living = ledger.living()
            known = {name: ledger.baseline(name) for name in names}
    except LedgerError as error:
        return Memory(findings=(of_error("ledger", error),), root_ids=nothing)
    except OSError as error:
        todo = "Ask as root or as the service's user."
        found = f"The ledger {shown} cannot be looked at: {error.strerror}."
        return Memory(findings=(warning("ledger", found, todo),), root_ids=nothing)
    for folder in settings.folders:
        baseline = known[folder.name]
        if baseline is not None and baseline.root != str(folder.path):
            known[folder.name] = None  # another path is another folder, whatever its name
    root_ids = {name: baseline.root_id if baseline else None for name, baseline in known.items()}
    can_be_read = ok("ledger", f"The ledger {shown} can be read; {len(living)} drops are under way.")
    return Memory(findings=(can_be_read,), root_ids=root_ids)


def daemon(settings: Settings, pid: int | None) -> Iterator[Finding]:
    """Say whether a daemon runs, and what it says of its folders; ``pid`` is who listens on the control socket."""
    try:
        holds = held(settings.state.ledger)
    except LedgerError as error:
        yield warning("daemon", error.message, error.hint)
        return
    if not holds:
        yield ok("daemon", "No daemon runs on this ledger.")
        return
    try:
        said = ask(settings.state.control, {"ask": "status"})
    except NotRunning:
        yield trouble(
            "daemon",
            "A daemon holds the ledger, but does not listen on its control socket.",
            "It may just be starting or ending; else: systemctl restart panjaya-watchd.",
        )
    except WatchdError as error:
        yield of_error("daemon", error)
    else:
        yield ok("daemon", f"A daemon runs{f' (pid {pid})' if pid else ''} and answers.")
        yield from _of_folders(said["folders"])


def _of_folders(folders: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    for folder in folders:
        if folder["trouble"]:
            found = f"The daemon says: {folder['trouble']}"
            todo = "See what else is found of this folder; it goes on by itself."
            yield replace(trouble("daemon", found, todo), folder=folder["name"])
