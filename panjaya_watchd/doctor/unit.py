"""
The service's unit, as the service manager has it: whether it is on, and whether it lets the daemon do its work.

Asks ``systemctl`` and changes nothing. Where there is no systemd, or no such unit, there is nothing to say.
"""

import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from panjaya_watchd.core.names import display
from panjaya_watchd.doctor.findings import Finding, ok, trouble, warning
from panjaya_watchd.doctor.identity import USER

NAME: Final = "panjaya-watchd.service"
SOCKET: Final = "panjaya-watchd.socket"
CREDENTIAL: Final = "panjaya-api-key"

_PATIENCE: Final = 5.0
_ASKED: Final = (
    "LoadState UnitFileState ActiveState SubState Result NeedDaemonReload WatchdogUSec User Group DynamicUser "
    "SupplementaryGroups UMask AmbientCapabilities PrivateUsers ProtectSystem ProtectHome PrivateTmp "
    "ReadWritePaths ReadOnlyPaths InaccessiblePaths BindPaths StateDirectory"
).split()
_CREDENTIALS: Final = frozenset(
    {"LoadCredential", "LoadCredentialEncrypted", "SetCredential", "SetCredentialEncrypted"}
)
_EDIT: Final = "by systemctl edit panjaya-watchd, then systemctl restart panjaya-watchd"
_HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))
_TEMPORARY: Final = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108  (what PrivateTmp= hides)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """
    The unit's properties by their names, as ``systemctl show`` writes them.

    ``key`` is the file from which the API key is handed over as a credential; "" for one of systemd's own stores, None
    where it is not handed over.
    """

    properties: Mapping[str, str]
    key: str | None = None

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
    found = Unit(properties={name: value for name, _, value in pairs}, key=_credential(files))
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


def ask(name: str = NAME, command: str = "systemctl") -> Unit | None:
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


def judge(unit: Unit, places: Iterable[Path]) -> Iterator[Finding]:
    """Say what is wrong with the unit; ``places`` are the folders that the daemon has to write to."""
    told = [*_state(unit), *_hidden(unit, places), *_rights(unit)]
    yield from told or [ok("unit", f"The unit is {unit['ActiveState']} and {unit['UnitFileState']}.")]


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
    writable = [*_paths(unit, "ReadWritePaths"), *(Path("/var/lib") / name for name in unit.words("StateDirectory"))]
    for place in places:
        real = place.resolve()
        shown = display(str(place))
        if _is_hidden_home(unit, real):
            yield trouble("unit", f"ProtectHome= hides {shown} from the service.", f"Set ProtectHome=no {_EDIT}.")
        elif unit.says("PrivateTmp") and _below(real, _TEMPORARY):
            found = f"PrivateTmp= hides {shown} from the service."
            yield trouble("unit", found, "Have the folder elsewhere: what lies below /tmp is also lost at a reboot.")
        elif _below(real, _paths(unit, "InaccessiblePaths")):
            yield trouble("unit", f"InaccessiblePaths= hides {shown} from the service.", f"Take it out {_EDIT}.")
        elif _below(real, _paths(unit, "ReadOnlyPaths")) or (
            (unit["ProtectSystem"] == "strict" or (unit["ProtectHome"] == "read-only" and _below(real, _HOMES)))
            and not _below(real, writable)
        ):
            found = f"The unit makes {shown} read-only for the service."
            yield trouble("unit", found, f"Set ReadWritePaths={shown} {_EDIT}.")


def _is_hidden_home(unit: Unit, real: Path) -> bool:
    """Say whether a place is below a home that the service does not see; what is bound there shows in a tmpfs only."""
    bound = [Path(word.split(":")[1]) for word in unit.words("BindPaths") if ":" in word]
    shown = unit["ProtectHome"] == "tmpfs" and _below(real, bound)
    return unit["ProtectHome"] in {"yes", "tmpfs"} and _below(real, _HOMES) and not shown


def _rights(unit: Unit) -> Iterator[Finding]:
    if not unit.leases:
        why = "PrivateUsers=yes makes it void" if unit.says("PrivateUsers") else "the unit does not give it"
        found = f"The service lacks the privilege to ask who writes into a file (CAP_LEASE: {why})."
        todo = f"Set AmbientCapabilities=CAP_LEASE and PrivateUsers=no {_EDIT}; until then quiet has to be enough."
        yield warning("unit", found, todo)
    if unit.user == "root":
        yield warning("unit", "The service works as root.", f"Set User={USER}, as systemd/{NAME} does, {_EDIT}.")


def _paths(unit: Unit, name: str) -> list[Path]:
    return [Path(word.lstrip("-+")) for word in unit.words(name)]


def _below(place: Path, above: Iterable[Path]) -> bool:
    return any(place.is_relative_to(each) for each in above)
