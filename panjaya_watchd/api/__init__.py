"""
The dubbing service: what is asked of it and what it says; a client that can be used by itself.

``from panjaya_watchd.api import Panjaya`` and the values it takes and gives; docs/library.md shows how. Every name is
imported when it is first used (PEP 562), because the daemon's commands import this package too, and most of them need
no HTTP. What the docstrings name as a page is of Panjaya's documentation: ``docs:`` is docs.panjaya.ai, ``stl:`` is
panjaya.panjaya-ai.stldocs.com. *Inferred* means that no page says so, *unknown* that nothing even hints at it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from panjaya_watchd.api.base import Body, Download, Submission, Withdrawn
    from panjaya_watchd.api.exchange import Timeouts
    from panjaya_watchd.api.file_body import FileBody
    from panjaya_watchd.api.panjaya import Panjaya
    from panjaya_watchd.core.answers import Asset, AssetDubbing, Fault, Version
    from panjaya_watchd.core.names import AssetId, Digest, DubbingId, Locale, VersionId
    from panjaya_watchd.core.order import AutoGenerate, Language, LipsModel, Order
    from panjaya_watchd.errors import PlaceError, SettingsError

__all__ = [
    "Asset",
    "AssetDubbing",
    "AssetId",
    "AutoGenerate",
    "Body",
    "Digest",
    "Download",
    "DubbingId",
    "Fault",
    "FileBody",
    "Language",
    "LipsModel",
    "Locale",
    "Order",
    "Panjaya",
    "PlaceError",
    "SettingsError",
    "Submission",
    "Timeouts",
    "Version",
    "VersionId",
    "Withdrawn",
]

_HOMES: Final = {
    "api.base": ("Body", "Download", "Submission", "Withdrawn"),
    "api.exchange": ("Timeouts",),
    "api.file_body": ("FileBody",),
    "api.panjaya": ("Panjaya",),
    "core.answers": ("Asset", "AssetDubbing", "Fault", "Version"),
    "core.names": ("AssetId", "Digest", "DubbingId", "Locale", "VersionId"),
    "core.order": ("AutoGenerate", "Language", "LipsModel", "Order"),
    "errors": ("PlaceError", "SettingsError"),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"panjaya_watchd.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
