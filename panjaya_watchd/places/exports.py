"""
Whether this host gives a folder to others, through Samba or NFS: then its writers are clients that may stall.

Best effort: it reads the files in which that usually stands and knows neither Samba's registry nor what an
administrator has started by other means; whoever knows better says ``profile`` in the settings. It never raises, and
reads a file again only when it has changed.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from panjaya_watchd.places.mounts import unescape

_DEEP: Final = 8
"""How far files may include one another; Samba itself stops a file that includes itself."""

_SECTION: Final = re.compile(r"\[(.*)\]")
_OURS_ALONE: Final = frozenset({"homes", "global", "printers", "print$"})
_EXPORT: Final = re.compile(rb'^(?:"([^"]*)"|(\S+))')

State = tuple[tuple[int, int, int] | None, ...]


class Exports:
    """What this host exports, by the files that say so, which lie below ``/`` unless another root is given."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._samba = root / "etc/samba/smb.conf"
        self._usershares = root / "var/lib/samba/usershares"
        self._nfs = (root / "var/lib/nfs/etab", root / "etc/exports", root / "etc/exports.d")
        self._read: set[Path] = set()
        self._state: State | None = None
        self._shares: tuple[tuple[str, str], ...] = ()

    def share_of(self, *paths: str) -> str | None:
        """Name what is exported at, above or below one of these absolute paths; None where nothing is known to be."""
        if self._state is None or self._state != self._stand():
            self._read = set()
            self._shares = tuple((f"{path.rstrip('/')}/", name) for path, name in self._find())
            self._state = self._stand()
        wanted = [f"{path.rstrip('/')}/" for path in paths]
        both = ((path, own, name) for path, name in self._shares for own in wanted)
        return next((name for path, own, name in both if own.startswith(path) or path.startswith(own)), None)

    def _stand(self) -> State:
        return tuple(_state(path) for path in sorted(self._read))

    def _find(self) -> Iterator[tuple[str, str]]:
        for name, path in self._samba_shares(self._samba, _DEEP):
            yield path, f"Samba share {name}"
        for file in self._below(self._usershares):
            for key, value in _settings(self._text(file)):
                if key == "path":
                    yield _fixed(value), f"Samba share {file.name}"
        for listed in self._nfs:
            for file in (listed, *(one for one in self._below(listed) if one.suffix == ".exports")):
                for line in self._bytes(file).replace(b"\\\n", b" ").splitlines():
                    found = _EXPORT.match(line.strip())
                    path = unescape(found[1] or found[2] or b"") if found else ""
                    if path.startswith("/"):
                        yield os.path.normpath(path), f"NFS export {path}"

    def _samba_shares(self, file: Path, deep: int) -> Iterator[tuple[str, str]]:
        section = ""
        for key, value in _settings(self._text(file)):
            if key == "[":
                section = value
            elif key == "include" and deep and "%" not in value and value.startswith("/"):
                yield from self._samba_shares(Path(value), deep - 1)
            elif key in {"path", "directory"} and section.lower() not in _OURS_ALONE and value.startswith("/"):
                yield section, _fixed(value)

    def _below(self, folder: Path) -> list[Path]:
        self._read.add(folder)
        try:
            return sorted(folder.iterdir())
        except OSError:
            return []

    def _text(self, file: Path) -> str:
        return self._bytes(file).decode(errors="surrogateescape")

    def _bytes(self, file: Path) -> bytes:
        self._read.add(file)
        try:
            return file.read_bytes() if file.is_file() else b""
        except (OSError, ValueError):
            return b""


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _settings(text: str) -> Iterator[tuple[str, str]]:
    """Give what Samba reads of a file: names in small letters without blanks; a section's head is named ``[``."""
    for line in text.replace("\\\n", "").splitlines():
        bare = line.strip()
        head = _SECTION.fullmatch(bare)
        if head:
            yield "[", head[1].strip()
        elif bare and bare[0] not in "#;" and "=" in bare:
            key, _, value = bare.partition("=")
            yield "".join(key.lower().split()), value.strip().strip('"')


def _fixed(path: str) -> str:
    """Cut a path before the level on which Samba puts a user's or a machine's name into it."""
    return os.path.normpath(path.partition("%")[0].rpartition("/")[0] or "/" if "%" in path else path)
