"""
``service``: makes a service of this program, tells systemd which folders it may write, and takes it away again.

For a program in a virtual environment of its own. Of the Debian package only ``folders`` is left to do, and
``uninstall`` of what shadows it. None touches the configuration, the key or the ledger, and each may be typed again at
any time.
"""

import contextlib
import os
import subprocess
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NoReturn

import typer

from panjaya_watchd.cli.exits import Exit
from panjaya_watchd.core.names import display
from panjaya_watchd.errors import WatchdError
from panjaya_watchd.places import durable, mounts
from panjaya_watchd.service import units
from panjaya_watchd.service.notify import can_speak
from panjaya_watchd.settings import Settings, load

_ETC: Final = Path("/etc")
_UNIT: Final = _ETC / "systemd/system" / units.SERVICE
_SOCKET_UNIT: Final = _UNIT.with_name(units.SOCKET)
_USER: Final = _ETC / f"sysusers.d/{units.NAME}.conf"
_PLACES: Final = _ETC / f"tmpfiles.d/{units.NAME}.conf"
_FOLDERS: Final = _UNIT.with_name(f"{units.SERVICE}.d") / "folders.conf"

_FSTAB: Final = _ETC / "fstab"

_MADE: Final = (Path("/var/lib", units.NAME), Path("/run", units.NAME))
"""What systemd makes for the service and lets it write."""


def install(config: Path) -> int:
    """
    Write and load the unit, its socket, its user and the drop-in; give the exit code.

    Raises:
        WatchdError: we may not, there is no systemd, or the service could not run. Nothing was changed.
        SettingsFaults: the configuration that is there has faults. Nothing was changed.

    """
    _ask_for_rights()
    if units.packaged():
        _leave_to_package()
    if not can_speak():
        raise WatchdError(
            "The Python package systemd-python is missing, without which systemd would not hear that the service runs.",
            hint="Install it first, which needs gcc, pkg-config and libsystemd-dev: "
            "pip install --require-hashes -r requirements/service.txt",
        )
    program = Path(sysconfig.get_path("scripts")) / units.NAME
    if not program.is_file():
        raise WatchdError(
            f"There is no program at {display(str(program))} that a service could run.",
            hint="Install the package into a virtual environment first: pip install --no-deps .",
        )
    texts = files(program)
    configured = config.exists()
    if configured:
        paths = written(load(config, environ=os.environ))
        texts[_FOLDERS] = units.drop_in(paths, shares(paths))
    for file, text in texts.items():
        _write(file, text)
    _call("systemd-sysusers", str(_USER))
    _call("systemd-tmpfiles", "--create", str(_PLACES))
    _call("systemctl", "daemon-reload")
    typer.echo("\nNext, where it is not done yet:")
    if not configured:
        typer.echo(f"  {program} init FOLDER --locale en-US --language es-ES && {program} service folders")
    typer.echo("  install -m 600 /dev/stdin /etc/panjaya-watchd/api-key    # paste the key, Return, Ctrl-D")
    typer.echo(f"  usermod -aG GROUP {units.NAME}    # the group that may write in the watch folders")
    typer.echo(f"  systemctl enable {units.NAME} && systemctl restart {units.NAME}")
    return Exit.FINE


def files(program: Path) -> dict[Path, str]:
    """Give what `install` writes for a program, the folders aside; raises WatchdError where that cannot be served."""
    texts = {
        _UNIT: units.unit(program),
        _SOCKET_UNIT: units.shipped(units.SOCKET),
        _USER: units.shipped("sysusers.conf"),
        _PLACES: units.shipped("tmpfiles.conf"),
    }
    return {file: f"{units.MARK}\n{text}" for file, text in texts.items()}


def folders(config: Path) -> int:
    """
    Let the service write in the watch folders of the configuration, also while it runs; give the exit code.

    Raises:
        WatchdError: we may not, there is no systemd, or a path cannot be told to it. Nothing was changed.
        SettingsFaults: the configuration has faults. Nothing was changed.

    """
    _ask_for_rights()
    paths = written(load(config, environ=os.environ))
    _write(_FOLDERS, units.drop_in(paths, shares(paths)))
    _call("systemctl", "daemon-reload")
    process = _call("systemctl", "show", "--property=MainPID", "--value", units.SERVICE).strip()
    seen = [_shown(path, None if process == "0" else process) for path in paths]
    verb = "start" if process == "0" else "reload" if all(seen) else "restart"
    typer.echo(f"Next: systemctl {verb} {units.NAME}")
    return Exit.FINE


def uninstall() -> int:
    """
    Stop the service and take away what `install` and `folders` wrote, nothing else; give the exit code.

    Where the Debian package is there as well, its unit is the service from then on, and keeps its folders.

    Raises:
        WatchdError: we may not, there is no systemd, or there is nothing of ours beside the package.

    """
    _ask_for_rights()
    places = (_UNIT, _SOCKET_UNIT, _USER, _PLACES)
    ours = [file for file in places if _is_ours(file)]
    packaged = units.packaged()
    if packaged and not ours:
        _leave_to_package()
    for file in ours:
        if file in {_UNIT, _SOCKET_UNIT}:
            _call("systemctl", "disable", "--now", file.name)
    for file in ours:
        _remove(file)
    for file in places:
        if file.exists():
            typer.echo(f"{file}: stays, as `service install` has not written it.")
    if not packaged and not _UNIT.exists():
        _remove(_FOLDERS)
        with contextlib.suppress(OSError):  # somebody's own drop-in is in it
            durable.clear(_FOLDERS.parent)
    _call("systemctl", "daemon-reload")
    if packaged:
        typer.echo(f"The service is that of the Debian package now. Next: systemctl enable --now {units.NAME}")
        return Exit.FINE
    typer.echo(
        f"What stays: /etc/{units.NAME}, the user {units.NAME}, and /var/lib/{units.NAME} with the ledger, without "
        "which nobody knows what was already paid for."
    )
    return Exit.FINE


def written(settings: Settings) -> list[Path]:
    """Give the paths that the daemon writes below: watch folders and results, and its own files where not as usual."""
    paths = {path for folder in settings.folders for path in (folder.path, folder.done_at, folder.failed_at)}
    paths |= {settings.state.ledger.parent, settings.state.control.parent} - set(_MADE)
    outer = sorted(path for path in paths if not any(path.is_relative_to(other) for other in paths - {path}))
    # What a link leads to is what has to be mounted and written.
    return sorted({*outer, *map(_real, outer)})


def shares(paths: Iterable[Path], fstab: Path = _FSTAB) -> dict[Path, Path]:
    """Give where the share begins on which a path lies or to which it leads, for those of which that is so."""
    mounted = mounts.parse(mounts.TABLE.read_bytes())
    planned = mounts.parse_fstab(fstab.read_bytes()) if fstab.exists() else ()
    found = {
        path: mounts.share_of(str(path), mounted, planned) or mounts.share_of(str(_real(path)), mounted, planned)
        for path in paths
    }
    return {path: Path(share) for path, share in found.items() if share is not None}


def _shown(path: Path, process: str | None) -> bool:
    """Have the service write at a path, now if it runs as a process; say what is in the way. False for a restart."""
    shown = display(str(path))
    try:
        closed = not _is_read_only(path) and process is not None and _is_closed(path, process)
    except OSError as error:
        typer.echo(f"{shown}: {error.strerror}. See to that before the service starts, else it cannot write there.")
        return False
    if not closed:
        return True
    if _open_now(path):
        typer.echo(
            f"{shown} is open to the running service; should its share be mounted anew, the service sees that only "
            "after a restart."
        )
        return True
    typer.echo(f"The running service does not see {shown} before it is started again.")
    return False


def _is_closed(path: Path, process: str) -> bool:
    """Say whether the running service cannot write at a path that the machine can."""
    try:
        return _is_read_only(Path(f"/proc/{process}/root{_real(path)}"))
    except OSError:  # hidden from it
        return True


def _is_read_only(path: Path) -> bool:
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _real(path: Path) -> Path:
    """Give what a path leads to; unlike `Path.resolve`, also of links in a circle."""
    return Path(os.path.realpath(path))


def _open_now(path: Path) -> bool:
    """Open a path to the running service; the drop-in does it from the next start on."""
    try:
        _call("systemctl", "bind", units.SERVICE, str(_real(path)))
    except WatchdError:
        return False
    return True


def _ask_for_rights() -> None:
    if os.geteuid() != 0:
        raise WatchdError("Only root can tell systemd of a service.", hint="Type the same with sudo before it.")
    if not Path("/run/systemd/system").is_dir():
        raise WatchdError(
            "This machine is not run by systemd.",
            hint=f"Have what runs it here start: {units.NAME} run",
        )


def _leave_to_package() -> NoReturn:
    raise WatchdError(
        "The service belongs to the Debian package here.",
        hint=f"Leave it to apt; for the watch folders there is: {units.NAME} service folders",
    )


def _is_ours(file: Path) -> bool:
    """Say whether `install` wrote a file; an operator's own, or a copy of the package's, has another first line."""
    try:
        with file.open("rb") as stream:
            return stream.readline().rstrip() == units.MARK.encode()
    except OSError:
        return False


def _remove(file: Path) -> None:
    """Remove one of our files, and say so; one that is not there is fine. Raises WatchdError where it cannot be."""
    try:
        durable.remove(file)
    except FileNotFoundError:
        return
    except OSError as error:
        raise WatchdError(
            f"{file} cannot be removed: {error.strerror}.", hint="See to that, then ask again."
        ) from error
    typer.echo(f"{file}: removed.")


def _write(file: Path, text: str) -> None:
    """Write one of our files, whole or not at all, and say so. Raises WatchdError where it cannot be."""
    fresh = file.with_name(f".{file.name}.new")
    try:
        if file.exists() and file.read_bytes() == text.encode():
            typer.echo(f"{file}: as it was.")
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="utf-8") as stream:
            os.fchmod(stream.fileno(), 0o644)
            stream.write(text)
            stream.flush()
            durable.sync(stream.fileno())
        durable.replace(fresh, file)
    except OSError as error:
        raise WatchdError(
            f"{file} cannot be written: {error.strerror}.", hint="See to that, then ask again."
        ) from error
    typer.echo(f"{file}: written.")


def _call(*command: str) -> str:
    """Run a command of systemd's and give what it prints. Raises WatchdError with its own words."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError as error:
        raise WatchdError(f"{command[0]}: {error.strerror}.", hint="Install Debian's package systemd.") from error
    if ran.returncode:
        said = display(ran.stderr.strip()) or f"status {ran.returncode}"
        raise WatchdError(f"{' '.join(command)}: {said}", hint="See to that, then ask again; what was written stays.")
    return ran.stdout
