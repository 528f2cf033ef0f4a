"""
The service's unit, as the service manager has it: whether it is on, and whether it lets the daemon do its work.

Asks ``systemctl`` and changes nothing. Where there is no systemd, or no such unit, there is nothing to say.
"""

import os
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from panjaya_watchd.core.names import display
from panjaya_watchd.doctor.findings import Finding, ok, trouble, warning
from panjaya_watchd.service.units import HIDDEN, MARK, NAME, PRIVATE, SERVICE
from panjaya_watchd.settings.key import CREDENTIAL

_PATIENCE: Final = 5.0
_ASKED: Final = (
    "LoadState UnitFileState ActiveState SubState Result NeedDaemonReload WatchdogUSec User Group "
    "SupplementaryGroups UMask AmbientCapabilities PrivateUsers ProtectSystem ProtectHome PrivateTmp "
    "ReadWritePaths ReadOnlyPaths InaccessiblePaths BindPaths StateDirectory FragmentPath"
).split()
_CREDENTIALS: Final = frozenset(
    {"LoadCredential", "LoadCredentialEncrypted", "SetCredential", "SetCredentialEncrypted"}
)
_EDIT: Final = "by systemctl edit panjaya-watchd, then systemctl restart panjaya-watchd"
_OPEN: Final = "Let the service see its folders: panjaya-watchd service folders"
_WAYS: Final = ("rbind", "norbind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """
    The unit's properties by their names, as ``systemctl show`` writes them.

    ``key`` is the file from which the API key is handed over as a credential; "" for one of systemd's own stores, None
    where it is not handed over. ``installed`` says whether `service install` wrote the unit.
    """

    properties: Mapping[str, str]
    key: str | None = None
    installed: bool = False

    def __getitem__(self, name: str) -> str:
        return self.properties.get(name, "")

    def words(self, name: str) -> tuple[str, ...]:
        """Give the values of a property that is a list."""
        try:
            return tuple(shlex.split(self[name]))
        except ValueError:
            return tuple(self[name].split())

    def says(self, name: str) -> bool:
        """Say whether a property is on."""
        return self[name] == "yes"

    @property
    def user(self) -> str:
        """Give the name of the user; a unit without one works as root."""
        return self["User"] or "root"

    @property
    def state_directories(self) -> list[Path]:
        """Give the directories that systemd makes at a start, for the service to write in and to keep."""
        return [Path("/var/lib", name) for name in self.words("StateDirectory")]

    def bound(self, place: Path) -> list[Path]:
        """
        Give the places that are mounted for the service alone, of a place and those above it.

        ``show`` writes ``SOURCE:PLACE:rbind`` for each, without quotes (systemd 252 and 257): where one ends cannot be
        told, but a place can be looked for.
        """
        mounts = self["BindPaths"]
        return [each for each in (place, *place.parents) if any(f":{each}:{way}" in mounts for way in _WAYS)]

    @property
    def umask(self) -> int:
        """Give what is masked in the mode of what the service makes."""
        return int(self["UMask"] or "0022", 8)

    @property
    def leases(self) -> bool:
        """Say whether the daemon has the privilege to ask for leases."""
        return not self.says("PrivateUsers") and (
            self.user == "root" or "cap_lease" in self["AmbientCapabilities"].split()
        )


def read(shown: str, files: str) -> Unit | None:
    """Read what ``systemctl show`` and ``systemctl cat`` print; None where there is no such unit."""
    pairs = (line.partition("=") for line in shown.splitlines())
    properties = {name: value for name, _, value in pairs}
    found = Unit(properties=properties, key=_credential(files), installed=MARK in files.splitlines())
    return found if found["LoadState"] == "loaded" else None


def _credential(files: str) -> str | None:
    """Find the source of the key; ``show`` cannot print it (systemd 252)."""
    source = None
    for line in files.splitlines():
        setting, _, value = line.partition("=")
        name, _, path = value.strip().partition(":")
        if setting.strip() in _CREDENTIALS and name in {CREDENTIAL, ""}:
            plain = setting.strip() == "LoadCredential"
            source = None if not name else path if plain else ""
    return source


def ask(name: str = SERVICE, command: str = "systemctl") -> Unit | None:
    """Ask the service manager of a unit; None where there is none, or no such unit."""
    shown = _run(command, "show", "--no-pager", f"--property={','.join(_ASKED)}", name)
    return None if shown is None else read(shown, _run(command, "cat", "--no-pager", name) or "")


def _run(*words: str) -> str | None:
    try:
        ran = subprocess.run(  # noqa: S603  (fixed words)
            words, capture_output=True, check=False, timeout=_PATIENCE, encoding="utf-8", errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout if ran.returncode == 0 else None


def judge(unit: Unit, places: Iterable[Path], packaged: Path | None) -> Iterator[Finding]:
    """
    Say what is wrong with the unit.

    Args:
        unit: what the service manager has.
        places: the folders that the daemon has to write to.
        packaged: the unit of the Debian package, None where that is not installed.

    """
    told = [*_shadowing(unit, packaged), *_state(unit), *_hidden(unit, places), *_rights(unit)]
    yield from told or [ok("unit", f"The unit is {unit['ActiveState']} and {unit['UnitFileState']}.")]


def _shadowing(unit: Unit, packaged: Path | None) -> Iterator[Finding]:
    """Find a unit that keeps the package's from being used, and so its program."""
    file = unit["FragmentPath"]
    if packaged is None or not file or os.path.realpath(file) == os.path.realpath(packaged):
        return
    if unit.installed:
        todo = f"{NAME} service uninstall, then systemctl enable --now {NAME}; nothing that it needs is lost."
    else:
        todo = (
            f"Move what is particular to this host into systemctl edit {NAME}; then rm {display(file)}, "
            f"systemctl daemon-reload, systemctl restart {NAME}."
        )
    found = f"{display(file)} shadows the Debian package's unit: the service does not follow the package's updates."
    yield warning("unit", found, todo)


def _state(unit: Unit) -> Iterator[Finding]:
    if unit["ActiveState"] == "failed":
        why = "Read why: journalctl -u panjaya-watchd -n 50, then systemctl restart panjaya-watchd."
        yield trouble("unit", f"The service has failed ({unit['Result']}).", why)
    elif unit["ActiveState"] != "active":
        yield warning("unit", f"The service is {unit['ActiveState']}.", "systemctl start panjaya-watchd")
    if unit["UnitFileState"] not in {"enabled", "enabled-runtime", "static", "generated", "alias"}:
        found = f"The service is {unit['UnitFileState'] or 'not enabled'}: it does not come back after a reboot."
        yield warning("unit", found, "systemctl enable panjaya-watchd")
    if unit.says("NeedDaemonReload"):
        found = "The unit's file was changed after systemd has read it."
        yield warning("unit", found, "systemctl daemon-reload, then systemctl restart panjaya-watchd")
    if unit["ActiveState"] == "active" and unit["WatchdogUSec"] in {"", "0", "infinity"}:
        yield warning("unit", "Nobody would notice a daemon that hangs.", f"Set WatchdogSec=180 {_EDIT}.")


def _hidden(unit: Unit, places: Iterable[Path]) -> Iterator[Finding]:
    """Find the places that the unit hides from the daemon, or makes read-only for it."""
    for place in places:
        real = Path(os.path.realpath(place))
        shown = display(str(place))
        if _is_hidden_home(unit, real):
            yield trouble("unit", f"ProtectHome= hides {shown} from the service.", _OPEN)
        elif unit.says("PrivateTmp") and _below(real, PRIVATE) and not unit.bound(real):
            yield trouble("unit", f"PrivateTmp= hides {shown} from the service.", _OPEN)
        elif _below(real, _paths(unit, "InaccessiblePaths")):
            yield trouble("unit", f"InaccessiblePaths= hides {shown} from the service.", f"Take it out {_EDIT}.")
        elif real in _paths(unit, "ReadOnlyPaths"):
            yield trouble("unit", f"ReadOnlyPaths= makes {shown} read-only.", f"Take it out {_EDIT}.")
        elif _is_read_only(unit, real):
            yield trouble("unit", f"The unit makes {shown} read-only for the service.", _OPEN)


def _is_hidden_home(unit: Unit, real: Path) -> bool:
    """Say whether a place is below a home that the service does not see; what is bound there shows in a tmpfs only."""
    shown = unit["ProtectHome"] == "tmpfs" and bool(unit.bound(real))
    return unit["ProtectHome"] in {"yes", "tmpfs"} and _below(real, HIDDEN) and not shown


def _is_read_only(unit: Unit, real: Path) -> bool:
    """Say whether the daemon cannot write at a place. The nearest word above it counts; of two for the same, "no"."""
    closed = _paths(unit, "ReadOnlyPaths")
    if unit["ProtectSystem"] == "strict":
        closed.append(Path("/"))
    if unit["ProtectHome"] == "read-only":
        closed += map(Path, HIDDEN)
    opened = [*_paths(unit, "ReadWritePaths"), *unit.state_directories, *unit.bound(real)]
    return 0 < _nearest(real, closed) >= _nearest(real, opened)


def _rights(unit: Unit) -> Iterator[Finding]:
    if not unit.leases:
        why = "PrivateUsers=yes makes it void" if unit.says("PrivateUsers") else "the unit does not give it"
        found = f"The service lacks the privilege to ask who writes into a file (CAP_LEASE: {why})."
        todo = f"Set AmbientCapabilities=CAP_LEASE and PrivateUsers=no {_EDIT}; until then quiet has to be enough."
        yield warning("unit", found, todo)
    if unit.user == "root":
        yield warning("unit", "The service works as root.", f"Set User={NAME}, as systemd/{SERVICE} does, {_EDIT}.")


def _paths(unit: Unit, name: str) -> list[Path]:
    return [Path(word.lstrip("-+")) for word in unit.words(name)]


def _below(place: Path, above: Iterable[Path | str]) -> bool:
    return any(place.is_relative_to(each) for each in above)


def _nearest(place: Path, above: Iterable[Path]) -> int:
    """Give the depth of the nearest of some paths that a place is, or lies below; 0 for none."""
    return max((len(each.parts) for each in above if place.is_relative_to(each)), default=0)
