"""The settings: ``watchd.toml`` and ``folders.d/*.toml`` become one `Settings`, or every fault in them at once."""

from panjaya_watchd.settings.budget import Budget
from panjaya_watchd.settings.faults import SettingsFault, SettingsFaults
from panjaya_watchd.settings.folder import Folder
from panjaya_watchd.settings.key import key_at, parse_key, read_key, read_key_file
from panjaya_watchd.settings.load import load, load_state
from panjaya_watchd.settings.model import NOT_YET, Api, Http, Limits, Notify, Settings, State
from panjaya_watchd.settings.roots import check_roots

__all__ = [
    "NOT_YET",
    "Api",
    "Budget",
    "Folder",
    "Http",
    "Limits",
    "Notify",
    "Settings",
    "SettingsFault",
    "SettingsFaults",
    "State",
    "check_roots",
    "key_at",
    "load",
    "load_state",
    "parse_key",
    "read_key",
    "read_key_file",
]
