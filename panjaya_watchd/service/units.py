"""
The texts that make a service of this program, and which folders it may write: systemd.unit(5), systemd.exec(5).

The files lie in ``systemd/`` of a checkout and come with the package. Which folders may be written follows from the
configuration, so that is generated, as a drop-in beside the unit.
"""

import os
import string
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from panjaya_watchd.core.names import display
from panjaya_watchd.errors import WatchdError

NAME: Final = "panjaya-watchd"
"""What the service is called, and its user."""

SERVICE: Final = f"{NAME}.service"
SOCKET: Final = f"{NAME}.socket"

MARK: Final = f"# Written by `{NAME} service install`."
"""The first line of each file that it writes, by which they are known; the package's have another."""

_PROGRAM: Final = "/opt/panjaya-watchd/bin/panjaya-watchd"
"""Where the unit says that the program is."""

HIDDEN: Final = ("/home", "/root", "/run/user")
"""What ``ProtectHome=`` of the unit hides."""

PRIVATE: Final = ("/tmp", "/var/tmp")  # noqa: S108  (where nothing is made)
"""Of what ``PrivateTmp=`` gives the service its own."""

_LONGEST: Final = 255
"""Bytes of a unit's name; what is longer is no unit, and so mounted by none."""

_UNREACHABLE: Final = ("/dev", "/proc", "/sys")

_PACKAGES: Final = (Path("/usr/lib/systemd/system"), Path("/lib/systemd/system"))
"""Where packages have their units."""


def packaged() -> Path | None:
    """Give the unit of the Debian package; None where that is not installed."""
    return next((place / SERVICE for place in _PACKAGES if (place / SERVICE).exists()), None)


def shipped(name: str) -> str:
    """Read a file of ``systemd/``: beside this one in an installed package, at the top of a checkout."""
    here = Path(__file__)
    installed = here.with_name("systemd")
    return ((installed if installed.exists() else here.parents[2] / "systemd") / name).read_text(encoding="utf-8")


def unit(program: Path) -> str:
    """
    Give the text of the unit for a program at this place.

    Raises:
        WatchdError: the service could not see it, or systemd could not be told.

    """
    if _below(program, (*HIDDEN, *PRIVATE)):
        raise WatchdError(
            f"The program lies at {display(str(program))}, which the service would not see.",
            hint="Make its virtual environment elsewhere, such as in /opt/panjaya-watchd.",
        )
    # The program of a command is no place for quotes in systemd 252, and what "$" becomes there differs.
    if any(character in " \t\"'\\$;" for character in str(program)):
        raise WatchdError(
            f"The program lies at {display(str(program))}, which cannot be written into a unit.",
            hint="Make its virtual environment where the path has no spaces, quotes, backslashes, $ and ;.",
        )
    return shipped(SERVICE).replace(_PROGRAM, quoted(program)[1:-1])


def drop_in(paths: Iterable[Path], shares: Mapping[Path, Path] = MappingProxyType({})) -> str:
    """
    Give the drop-in that lets the service write below these paths, and start after what they lie on was mounted.

    Args:
        paths: what the service writes below.
        shares: where the share begins, for each of these paths that lies on one or leads to one.

    Raises:
        WatchdError: systemd cannot be told of one of them, or can never show it to the service.

    """
    ordered = sorted(set(paths))
    shown = [path for path in ordered if _below(path, (*HIDDEN, *PRIVATE))]
    above = {path: shares[path].parent for path in ordered if path in shares and path not in shown}
    topmost = [path for path, place in above.items() if place == place.parent]
    opened = sorted({path if path in topmost else above.get(path, path) for path in ordered})
    lines = [
        "# Written by `panjaya-watchd service folders` from the configuration: change that, and type it again.",
        "",
        "[Unit]",
        "# The service starts after these were mounted, where they are mounts. One that cannot be mounted keeps only",
        "# its own folder waiting, which RequiresMountsFor= would not: it would keep the service from starting.",
        *(f"{word}={unit}" for unit in mount_units(ordered) for word in ("Wants", "After")),
        "",
        "[Service]",
        '# "-": a folder that is not there is told by the daemon, with its name, and not by a status of systemd.',
    ]
    if len(above) > len(topmost):
        lines += [
            "# A start looks at each of these, and fails after 90 s where a share hangs; so of a share it is the",
            "# directory above that is opened. What lies beside the share can be written as well, if its mode lets.",
        ]
    if topmost:
        lines += [
            "# Above a share in / is all that there is, so that is opened by its own name. While it hangs the service",
            "# cannot start, for any folder; mounted one directory further down it could.",
        ]
    lines += [f"ReadWritePaths={_optional(path)}" for path in opened]
    if shown:
        lines += ["# These lie where the service sees nothing else.", "ProtectHome=tmpfs"]
        lines += [f"BindPaths={_optional(path)}:{quoted(path)}:rbind" for path in shown]
    return "\n".join(lines) + "\n"


def mount_units(paths: Iterable[Path]) -> list[str]:
    """Name the units by which these paths, or what is above them, are mounted where they are (systemd.mount(5))."""
    places = {place for path in paths for place in (path, *path.parents) if place != place.parent}
    named = (_escaped(place) for place in sorted(places))
    return [name for name in named if len(name) <= _LONGEST]


def quoted(path: Path) -> str:
    """
    Write a path as one word of a unit file: quotes, backslashes and specifiers taken literally.

    Raises:
        WatchdError: it has characters that a unit file cannot hold.

    """
    text = str(path)
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise WatchdError(
            f"systemd cannot be told of {display(text)}: it has control characters, or is not UTF-8.",
            hint="Rename the folder, or watch it through a bind mount of another name.",
        )
    if _below(path, _UNREACHABLE):
        raise WatchdError(
            f"The service can never write in {display(text)}: there are no files but the kernel's.",
            hint="Watch a folder on a disk or a share.",
        )
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _escaped(place: Path) -> str:
    """Escape a path as ``systemd-escape --path --suffix=mount`` does (systemd.unit(5))."""
    plain = string.ascii_letters + string.digits + ":_."
    named = os.fsencode(place).strip(b"/").split(b"/")
    words = ["".join(chr(byte) if chr(byte) in plain else f"\\x{byte:02x}" for byte in word) for word in named]
    text = "-".join(words)
    return (text if not text.startswith(".") else f"\\x2e{text[1:]}") + ".mount"


def _optional(path: Path) -> str:
    return f'"-{quoted(path)[1:]}'


def _below(path: Path, places: Iterable[str]) -> bool:
    return any(path.is_relative_to(place) for place in places)
