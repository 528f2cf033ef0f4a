"""
Where the service is, and what may be trusted about it: its URL, its key, the proxy on the way.

Pure but for reading the proxy variables of the environment. Nothing here ever prints a key.
"""

import ipaddress
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from panjaya_watchd.errors import SettingsError

KEY_PREFIX: Final = "panjaya-"
"""Part of the credential; whether a key is issued with it is not documented, so both forms are taken."""


def origin(base_url: str) -> str:
    """
    Check the service's URL and give it without a slash at its end.

    Raises:
        SettingsError: it is no ``https://`` URL; plain ``http://`` is for loopback only, or the key could be overheard.

    """
    url = base_url.strip().rstrip("/")
    if not may_be_asked(url, loopback=True) or "@" in url or "?" in url or "#" in url:
        raise SettingsError(
            f"api.base_url: expected an https:// URL without user, query or fragment, found {base_url!r}.",
            hint="Set it to https://api.panjaya.ai, or leave it out.",
        )
    return url


def credential(key: str) -> str:
    """
    Give the key as the service wants it, with its prefix once.

    Raises:
        SettingsError: it is empty, or holds what no HTTP header can carry.

    """
    bare = key.strip().removeprefix(KEY_PREFIX)
    if not bare or not bare.isascii() or not bare.isprintable() or " " in bare:
        raise SettingsError(
            f"The API key is not usable: expected one line of printable ASCII, found {len(key.strip())} characters.",
            hint="Put the key as Panjaya issued it into the key file, alone on one line.",
        )
    return KEY_PREFIX + bare


def is_loopback(url: str) -> bool:
    """Say whether a URL leads to this very host."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def may_be_asked(url: str, *, loopback: bool) -> bool:
    """Say whether a URL is https with a host, or plain http to this host where ``loopback`` allows that."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (raises ValueError for a port that is none)
    except ValueError:
        return False
    if not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and loopback and is_loopback(url))


def proxy_for(url: str) -> str | None:
    """Give the proxy that the environment names for a URL; never one for loopback, nor for ``NO_PROXY``."""
    parts, proxies = urlsplit(url), getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found or is_loopback(url) or proxy_bypass(parts.hostname or ""):
        return None
    return found if "://" in found else f"http://{found}"
