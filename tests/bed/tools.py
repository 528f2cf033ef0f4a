"""The tools that people bring films with: each is one function that delivers one film, by its name in `TOOLS`."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bed.delivery import PACE, Delivery
from bed.servers import BLOCK, HERE, PASSWORD, USER

_WRITER: Final = Path(__file__).with_name("writer.py")
_EXPLORER: Final = Path(__file__).with_name("explorer.py")

Tool = Callable[[Delivery], None]


# Over SMB


def smbclient_put(to: Delivery) -> None:
    """Use Samba's own client: under the final name, growing."""
    with to.read_slowly() as slow:
        connect = ("smbclient", "--configfile=/dev/null", "-b", BLOCK, "-p", to.ports.smb, "-U", f"{USER}%{PASSWORD}")
        to.run(*connect, f"//{HERE}/{to.folder.share}", "-c", f'put "{slow / to.name}" "{to.name}"')


def explorer(to: Delivery) -> None:
    """Do as Windows does: the whole length first, the source's times before the end."""
    to.run_writer(_EXPLORER, "explorer", to.ports.smb, USER, PASSWORD, to.folder.share)


def explorer_allocating(to: Delivery) -> None:
    """Do as Windows does where it reserves the room as well."""
    to.run_writer(_EXPLORER, "allocating", to.ports.smb, USER, PASSWORD, to.folder.share)


def finder(to: Delivery) -> None:
    """Do as macOS does: ``._name`` says "busy" from before the first byte until after the last."""
    to.run_writer(_EXPLORER, "finder", to.ports.smb, USER, PASSWORD, to.folder.share)


def finder_stream(to: Delivery) -> None:
    """Do as macOS does on a share that knows its streams, which keep what else is in ``._name``."""
    to.run_writer(_EXPLORER, "finder-stream", to.ports.smb, USER, PASSWORD, to.folder.share)


# Over SSH


def _ssh(to: Delivery) -> tuple[str, ...]:
    options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", f"Port={to.ports.ssh}")
    return ("-F", "/dev/null", "-i", str(to.ports.key), *(word for option in options for word in ("-o", option)))


def _limit(to: Delivery) -> tuple[str, ...]:
    return () if to.hurried else ("-l", str(PACE * 8 // 1000))


def sftp_put(to: Delivery) -> None:
    """Send by OpenSSH: under the final name, growing."""
    to.run("sftp", *_ssh(to), *_limit(to), "-b", "-", f"{USER}@{HERE}", says=f'put "{to.source}" "{to.target}"\n')


def sftp_put_p(to: Delivery) -> None:
    """Send by OpenSSH, which sets the source's times before it closes."""
    to.run("sftp", *_ssh(to), *_limit(to), "-b", "-", f"{USER}@{HERE}", says=f'put -p "{to.source}" "{to.target}"\n')


def scp_p(to: Delivery) -> None:
    """Send the same way by scp."""
    to.run("scp", *_ssh(to), *_limit(to), "-p", to.source, f"{USER}@{HERE}:{to.target}")


def rclone_sftp(to: Delivery) -> None:
    """Copy over SFTP: some releases write under the final name, some beside it."""
    server = ("--sftp-host", HERE, "--sftp-port", str(to.ports.ssh), "--sftp-user", USER, "--sftp-shell-type", "none")
    _rclone(to, *server, "--sftp-key-file", str(to.ports.key), to.source, f":sftp:{to.target}")


def rclone_local(to: Delivery) -> None:
    """Copy on the machine itself: the room is reserved, and the source's times are set in the end."""
    _rclone(to, to.source, to.target)


def _rclone(to: Delivery, *words: str | Path) -> None:
    pace = () if to.hurried else ("--bwlimit", f"{PACE // 1024}k")
    to.run("rclone", "--config", "/dev/null", "--retries", 1, *pace, "copyto", *words)


# With rsync


def _rsync(to: Delivery, *options: str) -> None:
    pace = () if to.hurried else (f"--bwlimit={PACE // 1024}",)
    module = f"rsync://{HERE}:{to.ports.rsync}/{to.folder.share}/"
    to.run("rsync", "--whole-file", *pace, *options, to.source, module)


def rsync_t(to: Delivery) -> None:
    """Copy as most do: a hidden name, the source's times, then the final name; killed, it leaves nothing."""
    _rsync(to, "-t")


def rsync_inplace(to: Delivery) -> None:
    """Write under the final name, and set the source's times after the last close."""
    _rsync(to, "-t", "--inplace")


def rsync_preallocate(to: Delivery) -> None:
    """Reserve the whole length first, under the final name."""
    _rsync(to, "-t", "--inplace", "--preallocate")


def rsync_delay_updates(to: Delivery) -> None:
    """Collect in a folder ``.~tmp~`` first."""
    _rsync(to, "-t", "--delay-updates")


def rsync_partial(to: Delivery) -> None:
    """Give the final name, and a time of 1970, to what there is when it is killed."""
    _rsync(to, "-t", "--partial")


# Over FTP


def _curl_ftp(to: Delivery, port: int) -> None:
    pace = () if to.hurried else ("--limit-rate", str(PACE))
    to.run("curl", "-q", "-sS", *pace, "-T", to.source, f"ftp://{USER}:{PASSWORD}@{HERE}:{port}/{to.name}")


def ftp_put(to: Delivery) -> None:
    """Write under the final name; the server cannot tell a cut from an end."""
    _curl_ftp(to, to.ports.ftp)


def ftp_hidden(to: Delivery) -> None:
    """Send to a server that hides what is not finished, and gives the final name to what was cut as well."""
    _curl_ftp(to, to.ports.ftp_hidden)


def lftp_temp(to: Delivery) -> None:
    """Write ``.in.name`` and rename."""
    pace = "" if to.hurried else f"set net:limit-rate {PACE}; "
    temporary = "set xfer:use-temp-file yes; set xfer:temp-file-name .in.*; "
    server = f"open -u {USER},{PASSWORD} ftp://{HERE}:{to.ports.ftp}; "
    to.run("lftp", "--norc", "-c", f'{pace}{temporary}{server}put "{to.source}" -o "{to.name}"')


# From the web


def _url(to: Delivery) -> str:
    return f"http://{HERE}:{to.ports.http}/{0 if to.hurried else PACE}{to.source}"


def wget(to: Delivery) -> None:
    """Write under the final name, and set the server's time in the end."""
    to.run("wget", "--no-config", "-q", "--tries=1", "-P", to.folder.below, _url(to))


def curl_r(to: Delivery) -> None:
    """Do the same by curl."""
    to.run("curl", "-q", "-sSR", "-o", to.target, _url(to))


def aria2_falloc(to: Delivery) -> None:
    """Reserve the whole length first, with ``name.aria2`` beside it until the end."""
    options = ("--no-conf", "-q", "--file-allocation=falloc", "--split=1", "--max-tries=1", "--enable-dht=false")
    to.run("aria2c", *options, "-d", to.folder.below, "-o", to.name, _url(to))


def browser(to: Delivery) -> None:
    """Take the place of the final name, let the content come as ``name.crdownload``, and rename it over that."""
    to.run_writer(_WRITER, "browser")


# On the machine itself


def cp(to: Delivery) -> None:
    """Write under the final name."""
    with to.read_slowly() as slow:
        to.run("cp", slow / to.name, to.target)


def cp_p(to: Delivery) -> None:
    """Set the source's times, and be unreadable for others until the end."""
    with to.read_slowly() as slow:
        to.run("cp", "-p", slow / to.name, to.target)


def install_p(to: Delivery) -> None:
    """Write as a package's build does."""
    with to.read_slowly() as slow:
        to.run("install", "-p", slow / to.name, to.target)


def mv(to: Delivery) -> None:
    """Move within the file system: nothing but a rename."""
    to.run("mv", to.source, to.target)


def mv_across(to: Delivery) -> None:
    """Move from another file system: a copy, then the source is removed."""
    with to.read_slowly() as slow:
        to.run("mv", slow / to.name, to.target)


def mv_folder(to: Delivery) -> None:
    """Move a whole folder: what is in it makes no event of its own."""
    moved = to.room / "moved" / to.source.stem
    moved.mkdir(parents=True)
    to.source.rename(moved / to.name)
    to.run("mv", moved, to.folder.below)


def tar_x(to: Delivery) -> None:
    """Unpack an archive, with the source's times."""
    subprocess.run(["tar", "-C", to.room, "-cf", to.room / "film.tar", to.name], check=True)
    with to.read_slowly() as slow:
        to.run("tar", "-C", to.folder.below, "-xf", slow / "film.tar")


def ln(to: Delivery) -> None:
    """Give a second name, while whoever has the first may go on writing."""
    to.run("ln", to.source, to.target)


def ln_s(to: Delivery) -> None:
    """Link to what its maker may not be allowed to read."""
    to.run("ln", "-s", to.source, to.target)


def append(to: Delivery) -> None:
    """Write in two rounds, and close between them."""
    to.run_writer(_WRITER, "append")


def header_last(to: Delivery) -> None:
    """Write as an encoder does: the beginning once more, in place, when the end is known."""
    to.run_writer(_WRITER, "header-last")


def second_pass(to: Delivery) -> None:
    """Write once more into what is whole to all appearance; only that it is open tells."""
    to.run_writer(_WRITER, "second-pass")


def mmap_writer(to: Delivery) -> None:
    """Write through memory, with no descriptor open."""
    to.run_writer(_WRITER, "mmap")


def fallocate(to: Delivery) -> None:
    """Reserve the whole length first."""
    to.run_writer(_WRITER, "fallocate")


def truncate(to: Delivery) -> None:
    """Say the whole length first, as a hole."""
    to.run_writer(_WRITER, "truncate")


TOOLS: Final[dict[str, Tool]] = {
    tool.__name__.replace("_", " "): tool
    for tool in (
        *(smbclient_put, explorer, explorer_allocating, finder, finder_stream),
        *(sftp_put, sftp_put_p, scp_p, rclone_sftp, rclone_local),
        *(rsync_t, rsync_inplace, rsync_preallocate, rsync_delay_updates, rsync_partial),
        *(ftp_put, ftp_hidden, lftp_temp, wget, curl_r, aria2_falloc, browser),
        *(cp, cp_p, install_p, mv, mv_across, mv_folder, tar_x, ln, ln_s),
        *(append, header_last, second_pass, mmap_writer, fallocate, truncate),
    )
}
