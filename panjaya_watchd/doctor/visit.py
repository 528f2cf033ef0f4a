"""
The whole visit: what is looked at, in which order, and as whom.

Everything that could get stuck on a dead share is done by child processes with a time limit; what they find of one
folder stands apart from the others.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from panjaya_watchd.core.names import display
from panjaya_watchd.core.profiles import Ground, Profile, traits_of
from panjaya_watchd.doctor import clock, inotify, key, listener, patience, service, state, unit
from panjaya_watchd.doctor.findings import Finding, Level, ok, trouble, warning
from panjaya_watchd.doctor.identity import DYNAMIC, USER, Identity, listener_of, of_nobody, of_process, of_user, own
from panjaya_watchd.doctor.unit import Unit
from panjaya_watchd.errors import WatchdError
from panjaya_watchd.run.clock import SystemClock
from panjaya_watchd.settings import Folder, Settings, load
from panjaya_watchd.settings.key import key_at

_TOGETHER: Final = 8
"""Folders that are looked at at once."""

_SOON: Final = 3.0
"""Seconds in which the kernel says who listens on a socket."""

Reached = Mapping[Path, Mapping[str, Any] | None]
"""What the service's user can do with a path: ``trouble``, ``read``, ``write``, ``enter``; None where none answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One watch folder: the file systems that it lies on, and how many folders the kernel would have to watch."""

    folder: Folder
    findings: tuple[Finding, ...]
    grounds: tuple[Ground, ...]
    folders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Everything that was found, in the order of looking, and the watch folders that were looked at."""

    findings: tuple[Finding, ...]
    folders: tuple[Seen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Host:
    """What is known before anything is judged; ``pid`` is the running daemon's."""

    settings: Settings
    environ: Mapping[str, str]
    unit: Unit | None
    pid: int | None
    who: Identity
    reached: Reached


def visit(config: Path, environ: Mapping[str, str], only: str | None, *, patient: float = patience.PATIENCE) -> Visit:
    """
    Look at everything, or at one watch folder and nothing else; ``patient`` are the seconds that a folder has.

    Raises:
        SettingsError: the configuration has faults, as `check` finds them; nothing else was looked at.
        LookupError: no watch folder has that name; the arguments are the names that there are.

    """
    settings = load(config, environ=environ, roots=False)
    chosen = [folder for folder in settings.folders if only in {None, folder.name}]
    if not chosen:
        raise LookupError(*(folder.name for folder in settings.folders))
    service_unit, pid = unit.ask(), _listener(settings.state.control)
    who, as_whom = _who(settings, service_unit, pid)
    reached = _reach(settings, environ, who, patient)
    silent = [path for path, can in reached.items() if can is None]
    _expect_own_files(_own_files(settings, environ), reached)
    if not silent:
        load(config, environ=environ)
        _read_public_key(settings)
    host = _Host(settings=settings, environ=environ, unit=service_unit, pid=pid, who=who, reached=reached)
    memory = state.remembered(settings)
    with ThreadPoolExecutor(_TOGETHER) as threads:
        looks = [threads.submit(_look, folder, who, memory.root_ids[folder.name], patient) for folder in chosen]
        seen = tuple(each.result() for each in looks)
    of_daemon = list(state.daemon(settings, pid))
    if only is None:
        told = [*_configuration(config, settings, silent), as_whom, *_service(host), *_state(host), *memory.findings]
        told += [*(finding for finding in of_daemon if finding.folder is None), *_listening(host)]
        told += [*_watches(host, seen), *_unit(host)]
    else:
        told = [as_whom]
    for one in seen:
        told += [*one.findings, *(finding for finding in of_daemon if finding.folder == one.folder.name)]
    return Visit(findings=tuple(told), folders=seen)


def _listener(control: Path) -> int | None:
    """Ask who listens on the control socket, and wait no longer than for anybody else; see `_expect_own_files`."""
    found: list[int | None] = [None]

    def ask() -> None:
        found[0] = listener_of(control)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_SOON)
    return found[0]


def _expect_own_files(own_files: Iterable[Path], reached: Reached) -> None:
    """Without the daemon's own files there is nothing to look at; they are read by this very process."""
    for path in own_files:
        if reached[path] is None:
            raise WatchdError(
                f"{display(str(path))} does not answer, and the service needs it for itself.",
                hint="Check the disk, or the share and its server; better have it on a disk of this machine.",
            )


def _own_files(settings: Settings, environ: Mapping[str, str]) -> list[Path]:
    """Give the places that are the daemon's own: the directory of the ledger, and the key."""
    return [path for path in (settings.state.ledger.parent, key_at(settings, environ)) if path is not None]


def _places(folder: Folder) -> list[Path]:
    """Give the places that a watch folder's settings name: itself, and what lies elsewhere."""
    return [folder.path, *(folder.path / each for each in (folder.done, folder.failed) if each.is_absolute())]


def _read_public_key(settings: Settings) -> None:
    if settings.http.public_url:
        from panjaya_watchd.web.signature import read_public_key  # noqa: PLC0415  (heavy, and seldom wanted)

        read_public_key(settings.http.callback_key_file)


def _who(settings: Settings, service_unit: Unit | None, pid: int | None) -> tuple[Identity, Finding]:
    """Find out who the service is, and whether we can be that."""
    me, running = own(), None if pid is None else of_process(pid)
    user = running.user if running else service_unit.user if service_unit else USER
    if me.uid != 0:
        found = f"Looked as {me.rights}"
        if user == me.user:
            return me, ok("identity", f"{found}: who the service works as.")
        return me, warning(
            "identity", f"{found}; the service works as {user}, who may do less or more.", "Ask as root."
        )
    if running is not None:
        found = f"Looked as the running daemon is: {running.rights}, with the mounts that it sees."
        return running, ok("identity", found)
    if user == "root":
        return me, ok("identity", "Looked as root, who the service works as.")
    group = "" if service_unit is None else service_unit["Group"]
    more = () if service_unit is None else service_unit.words("SupplementaryGroups")
    lease = service_unit is None or service_unit.leases
    umask = me.umask if service_unit is None else service_unit.umask
    them = of_user(user, "" if group == user else group, more, lease=lease, umask=umask)
    if them is not None:
        return them, ok("identity", f"Looked as the service's user is: {them.rights}.")
    if service_unit is not None and service_unit.says("DynamicUser"):
        them = of_nobody(_last_uid(settings), more, lease=lease, umask=umask)
    if them is not None:
        found = f"Looked as one who stands in for {user}, whom systemd makes when the service starts: {them.rights}."
        return them, ok("identity", found)
    found = f"Looked as root, who may do more than the service: its user {user}, or a group of it, is not there."
    return me, warning("identity", found, "Make what is missing, or start the service; then ask again.")


def _last_uid(settings: Settings) -> int:
    """Give the number that the service's user had when it was last there: systemd gives it again if it can."""
    try:
        uid = settings.state.ledger.parent.stat().st_uid
    except OSError:
        return DYNAMIC
    return uid or DYNAMIC


def _reach(settings: Settings, environ: Mapping[str, str], who: Identity, patient: float) -> Reached:
    """Find out which places answer at all, and what the service's user can do there."""
    paths = set(_own_files(settings, environ)).union(*(_places(folder) for folder in settings.folders))
    told = patience.look("reach", who, {"paths": sorted(str(path) for path in paths)}, seconds=patient)
    answers = {Path(said["path"]): said for said in told.said}
    return {path: answers.get(path) for path in paths}


def _look(folder: Folder, who: Identity, root_id: str | None, patient: float) -> Seen:
    """Have a child look at one watch folder."""
    profile = folder.fixed_profile
    job = {
        "path": str(folder.path),
        "done": str(folder.done),
        "failed": str(folder.failed),
        "profile": profile.value if profile else None,
        "recursive": folder.recursive,
        "languages": len(folder.languages),
        "root_id": root_id,
    }
    told = patience.look("folder", who, job, seconds=patient)
    facts: dict[str, Any] = {}
    findings = []
    for said in told.said:
        facts |= said.get("facts", {})
        if "finding" in said:
            findings.append(Finding(**{**said["finding"], "level": Level(said["finding"]["level"])}))
    if not told.in_time:
        todo = "Check the disk, or the share and its server; the other folders go on without it."
        findings.append(trouble("use", f"{display(str(folder.path))} does not answer within {patient:g} s.", todo))
    elif not told.well:
        found = f"The look at {display(str(folder.path))} has failed."
        findings.append(trouble("use", found, "What went wrong stands above: report it."))
    return Seen(
        folder=folder,
        findings=tuple(replace(finding, folder=folder.name) for finding in findings),
        grounds=tuple(Ground(**{**each, "profile": Profile(each["profile"])}) for each in facts.get("grounds", ())),
        folders=facts.get("folders", 1),
    )


def _configuration(config: Path, settings: Settings, silent: list[Path]) -> Iterator[Finding]:
    shown = display(str(config))
    if silent:
        names = ", ".join(display(str(path)) for path in silent)
        found = (
            f"{shown} can be read; whether its folders lie apart was not looked at, as these do not answer: {names}."
        )
        yield warning("configuration", found, "Ask again when they do.")
    else:
        yield ok("configuration", f"{shown} is fine: {len(settings.folders)} watch folders.")
    for sentence in settings.warnings():
        yield warning("configuration", sentence, f"Take it out of {shown}, or wait for a later release.")
    for sentence in settings.notes():
        yield warning("configuration", sentence, f"Decide, and edit {shown}.")


def _service(host: _Host) -> Iterator[Finding]:
    """Look for the key, try it, and hold the clock against the service's."""
    settings, machine = host.settings, SystemClock()
    found = key.find(settings, host.environ, host.unit)
    yield found.finding
    own_file = key_at(settings, host.environ)
    if own_file is not None and (host.unit is None or host.unit.key is None):
        unreadable = key.readable(own_file, host.reached.get(own_file) or {}, host.who)
        yield from [] if unreadable is None else [unreadable]
    ahead = None
    if found.key is not None:
        greeting = service.greet(settings.api.base_url, found.key, machine)
        ahead = greeting.ahead
        yield greeting.finding
    yield clock.judge(kept=clock.synchronised(), ahead=ahead)


def _state(host: _Host) -> Iterator[Finding]:
    place = host.settings.state.ledger.parent
    dynamic = host.unit is not None and host.unit.says("DynamicUser") and host.pid is None
    yield from state.directory(place, None if dynamic else host.reached[place], host.who)


def _listening(host: _Host) -> Iterator[Finding]:
    http, running = host.settings.http, host.pid is not None
    if not http.public_url:
        yield ok("listener", "No callbacks are wanted ([http] public_url): the daemon asks how each dubbing is going.")
        return
    by_systemd = unit.ask(unit.SOCKET)
    if by_systemd is not None and by_systemd["ActiveState"] == "active":
        yield ok("listener", f"systemd listens in the daemon's place ({unit.SOCKET}); [http] listen is not used.")
    else:
        yield listener.judge_local(http.listen, running=running)
    yield listener.judge_public(http.public_url, running=running)


def _watches(host: _Host, seen: tuple[Seen, ...]) -> Iterator[Finding]:
    """Count what the daemon will ask the kernel for; one that runs has asked already."""
    wanted = [] if host.pid is not None else [one for one in seen if one.grounds and traits_of(one.grounds[0]).hints]
    yield from inotify.judge(host.who.uid, watches=sum(one.folders for one in wanted), instances=len(wanted))


def _unit(host: _Host) -> Iterator[Finding]:
    if host.unit is not None:
        places = {place for folder in host.settings.folders for place in _places(folder)}
        yield from unit.judge(host.unit, sorted(place for place in places if host.reached[place] is not None))
