"""The kinds of values that settings are made of, each with the sentence that says what was expected."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from panjaya_watchd.core import locales
from panjaya_watchd.core.names import Locale


class Section(BaseModel):
    """A table of the configuration: unknown keys are faults, and nothing changes after it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def wrong(
    expected: str,
    *,
    nearest: str | None = None,
    found: str | None = None,
    at: tuple[str | int, ...] = (),
    against: str | None = None,
) -> PydanticCustomError:
    """
    Say what was expected of a value.

    Args:
        expected: the rest of the sentence "expected …".
        nearest: what was most likely meant.
        found: how to show what was found, where the value itself must not or cannot be shown.
        at: where below the validated key the fault stands.
        against: the other key of the same table that takes part in a contradiction.

    """
    told = {"expected": expected, "nearest": nearest, "found": found, "at": at, "against": against}
    return PydanticCustomError("wrong", "expected {expected}", told)


def _source(tag: str) -> Locale:
    if tag not in locales.SOURCES:
        raise wrong("a locale that Panjaya dubs from, such as en-US", nearest=locales.nearest(tag))
    return Locale(tag)


def _target(tag: str) -> Locale:
    if tag not in locales.SOURCES:
        raise wrong("a locale that Panjaya dubs into, such as es-ES", nearest=locales.nearest(tag))
    if tag not in locales.TARGETS:
        raise wrong(f"a locale that Panjaya dubs into; {locales.SOURCES[Locale(tag)]} can only be dubbed from")
    return Locale(tag)


def path_of(found: Any) -> Path:
    """Read a path, relative or absolute; a NUL byte or nothing at all is none."""
    if isinstance(found, Path):
        return found
    if not isinstance(found, str) or not found or "\0" in found:
        raise wrong("a path")
    return Path(found)


def _absolute(found: Any) -> Path:
    path = path_of(found)
    if not path.is_absolute():
        # somebody may have put the secret itself where its file belongs
        raise wrong('an absolute path, beginning with "/"', found="something else (not shown, it might be a secret)")
    return path


def _absolute_or_none(found: Any) -> Path | None:
    return None if found is None or found == "" else _absolute(found)


def is_loopback(host: str) -> bool:
    """Say whether a URL's host is this machine: 127.0.0.0/8, ::1 or ``localhost``; no name is looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_URL: Final = "https://HOST, or http:// for this machine itself, without user, query and fragment"
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*")


def url_of(found: str) -> str:
    """Read the URL of a server, without a slash at its end. ``http`` only where nobody can listen in."""
    if not re.fullmatch(r"[!-~]+", found):
        raise wrong(f"a URL: {_URL}")
    try:
        parts = urlsplit(found)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise wrong(f"a URL: {_URL}") from None
    if "@" in parts.netloc:
        raise wrong(f"a URL: {_URL}", found="a URL with a user name or password (not shown)")
    if not _HOST.fullmatch(host) or port == 0 or {"?", "#"} & set(found):
        raise wrong(f"a URL: {_URL}", found="a URL with a query" if "?" in found else None)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        secure = parts._replace(scheme="https").geturl()
        raise wrong(f"a URL: {_URL}", nearest=f'"{secure}"' if parts.scheme == "http" else None)
    return found.rstrip("/")


def _server(found: str) -> str:
    url = url_of(found)
    parts = urlsplit(url)
    if parts.path:
        # the client appends /v1/… itself
        root = parts._replace(path="").geturl()
        raise wrong("a URL without a path", nearest=f'"{root}"')
    return url


def _listen(found: str) -> str:
    host, colon, port = found.rpartition(":")
    whole = re.fullmatch(r"\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+", host) and re.fullmatch(r"[0-9]{1,5}", port)
    if found and not (colon and whole and 0 < int(port) <= 0xFFFF):
        raise wrong('"HOST:PORT", such as "127.0.0.1:8765", or "" for none')
    return found


Source = Annotated[Locale, AfterValidator(_source)]
Target = Annotated[Locale, AfterValidator(_target)]
AbsolutePath = Annotated[Path, BeforeValidator(_absolute)]
SecretFile = Annotated[Path | None, BeforeValidator(_absolute_or_none)]
"""The path of a file that may hold a secret; ``""`` means none."""
ServerUrl = Annotated[str, AfterValidator(_server)]
PublicUrl = Annotated[str, AfterValidator(lambda found: url_of(found) if found else found)]
Listen = Annotated[str, AfterValidator(_listen)]
Count = Annotated[int, Field(strict=True, ge=1)]
Amount = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
