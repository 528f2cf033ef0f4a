"""
The API key: where it lies, and reading it.

It is never a part of the settings, and no message shows any of it.
"""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

from panjaya_watchd.core.names import display
from panjaya_watchd.settings.faults import SettingsFault, SettingsFaults
from panjaya_watchd.settings.model import Settings

CREDENTIAL: Final = "panjaya-api-key"
_VARIABLE: Final = "PANJAYA_API_KEY"
_PREFIX: Final = "panjaya-"
"""Part of the credential on the wire: ``Authorization: Bearer panjaya-…`` (the API's documentation)."""
_LIMIT: Final = 4096


def key_at(settings: Settings, environ: Mapping[str, str]) -> Path | None:
    """Give the file that holds the key: systemd's credential, else ``key_file``, else None for the environment."""
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if directory:
        credential = Path(directory) / CREDENTIAL
        if os.path.lexists(credential):
            return credential
    return settings.api.key_file


def read_key(settings: Settings, environ: Mapping[str, str]) -> str:
    """
    Read the API key, with the prefix ``panjaya-`` exactly once.

    A source that is configured but cannot be used is a fault and never passed over, because the next one could hold
    somebody else's key, and bills. A file may be readable for a group (systemd 257 hands over credentials with mode
    0440 and an ACL), never for everybody.

    Raises:
        SettingsFaults: there is none, or it cannot be one.

    """
    file = key_at(settings, environ)
    return parse_key(os.fsencode(environ.get(_VARIABLE, "")), None) if file is None else read_key_file(file)


def read_key_file(file: Path) -> str:
    """Read the key from a file, by the same rules as `read_key`; raises `SettingsFaults`."""
    return parse_key(_read(file), file)


def parse_key(content: bytes, file: Path | None) -> str:
    """
    Give the key that stands in ``content``; ``file`` is where that came from, None for the environment.

    Raises:
        SettingsFaults: it cannot be one; none of it is shown.

    """
    text = content.decode("ascii", errors="replace").strip()
    key = text.removeprefix(_PREFIX)
    if not key:
        _refuse(file, "no key")
    if not re.fullmatch(r"[!-~]+", key):
        _refuse(file, "a key with spaces, line breaks or characters beyond ASCII")
    return _PREFIX + key


def _read(file: Path) -> bytes:
    try:
        # without O_NONBLOCK a FIFO in the key's place would stop the daemon for ever
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            mode = os.fstat(descriptor).st_mode
            content = stream.read(_LIMIT + 1) if stat.S_ISREG(mode) else b""
    except OSError as error:
        _refuse(file, f"a file that says: {error.strerror}")
    if not stat.S_ISREG(mode):
        _refuse(file, "something that is no regular file")
    if mode & stat.S_IROTH:
        _refuse(file, "a file that everybody on this machine can read", "one with mode 0640 or 0600")
    if len(content) > _LIMIT:
        _refuse(file, f"more than {_LIMIT} bytes")
    return content


def _refuse(file: Path | None, found: str, expected: str = "the API key on one line") -> NoReturn:
    place, key = ("environment", _VARIABLE) if file is None else (display(str(file)), "API key")
    raise SettingsFaults(
        [SettingsFault(file=place, line=None, key=key, found=found, expected=expected)],
        hint=f"Put the key into a file that only the daemon can read and name it in [api] key_file, or hand it over as "
        f"the systemd credential {CREDENTIAL}, or in the environment as {_VARIABLE}.",
    )
