"""
The API key: where the service has it from, and whether it can read it there.

From outside the unit its credentials are not visible; then the source is looked at that systemd copies them from.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from panjaya_watchd.core.names import display
from panjaya_watchd.doctor.findings import Finding, ok, trouble, warning
from panjaya_watchd.doctor.identity import Identity
from panjaya_watchd.doctor.unit import Unit
from panjaya_watchd.settings import Settings, SettingsFaults, read_key
from panjaya_watchd.settings.key import CREDENTIAL, key_at

CHECK: Final = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """The finding, and the key itself where we can read it."""

    finding: Finding
    key: str | None = None

    def __repr__(self) -> str:
        return f"Key({self.finding})"


def find(settings: Settings, environ: Mapping[str, str], unit: Unit | None) -> Key:
    """Read the key from where the service has it."""
    credential = unit.key if unit is not None and not environ.get("CREDENTIALS_DIRECTORY") else None
    if credential is None:
        file = key_at(settings, environ)
        where = "PANJAYA_API_KEY of this environment" if file is None else display(str(file))
        return _read(settings, environ, where)
    if not credential.startswith("/"):
        found = f"The key is the credential {CREDENTIAL} from a store of systemd, which only the service sees."
        return Key(finding=warning(CHECK, found, "Nothing; whether the service takes it is seen in its log."))
    api = settings.api.model_copy(update={"key_file": Path(credential)})
    where = f"{display(credential)}, which systemd hands to the service as the credential {CREDENTIAL}"
    if os.geteuid() != 0 and not os.access(credential, os.R_OK):
        return Key(finding=warning(CHECK, f"The key is in {where}; it cannot be read from here.", "Ask as root."))
    return _read(settings.model_copy(update={"api": api}), {}, where)


def _read(settings: Settings, environ: Mapping[str, str], where: str) -> Key:
    try:
        key = read_key(settings, environ)
    except SettingsFaults as faults:
        return Key(finding=trouble(CHECK, " ".join(str(fault) for fault in faults.faults), faults.hint))
    return Key(finding=ok(CHECK, f"There is a key in {where}."), key=key)


def readable(file: Path, reached: Mapping[str, Any], who: Identity) -> Finding | None:
    """Say that the service's user cannot read the key's own file, where that is so; ``reached`` is what it can do."""
    if reached.get("trouble") is None and reached.get("read", True):
        return None
    shown = display(str(file))
    todo = f"chown {who.user} {shown}, or hand it over as the systemd credential {CREDENTIAL}."
    return trouble(CHECK, f"{who.called} may not read the key in {shown}.", todo)
