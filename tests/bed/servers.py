"""
Real servers on loopback, each a context manager with all its state below one folder: Samba, SSH, rsync, FTP and HTTP.

They run as whoever runs the tests, so nothing of the machine is changed and no account is made. A server is a process
group of its own, and is ended with it.
"""

import getpass
import grp
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from email.utils import formatdate
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from bed.needs import program

HERE: Final = "127.0.0.1"
USER: Final = getpass.getuser()
PASSWORD: Final = "bed"
BLOCK: Final = 1 << 18
"""The most bytes of one write over SMB: a small film takes several, as a large one does."""

_HASHED: Final = "$6$panjayabed$P9Aot5ko9Y.2vG.4paicrFk98/yqT61rnbPNIM4xhWnuMkclDxlhhNqNsJCY18yrMCvA6Xo1xYQ8hgKun/K3U0"
"""The password as FTP's list of users wants it."""

_PATIENCE: Final = 20.0


def free_port() -> int:
    """Give a TCP port of loopback that nobody uses."""
    with socket.socket() as asked:
        asked.bind((HERE, 0))
        return int(asked.getsockname()[1])


@contextmanager
def running(command: Sequence[str | Path], log: Path, *ports: int) -> Iterator[None]:
    """Run a server until the end; it is there when all its ports answer."""
    with log.open("wb") as told:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        for port in ports:
            _await(server, partial(_answers, port), log)
        yield
    finally:
        _end(server)


@contextmanager
def samba(home: Path, shares: Mapping[str, tuple[Path, Mapping[str, str]]]) -> Iterator[int]:
    """Serve shares over SMB, by name: where each lies, and what is special about it. Gives the port."""
    port = free_port()
    state = {f"{kind} {'dir' if kind in {'private', 'ncalrpc'} else 'directory'}": kind for kind in _SAMBA_STATE}
    for folder in state.values():
        (home / folder).mkdir(parents=True, mode=0o755)
    wide = {
        "server role": "standalone",
        "smb ports": str(port),
        "interfaces": f"{HERE}/8",
        "bind interfaces only": "yes",
        "disable netbios": "yes",
        "smb2 max write": str(BLOCK),
        "passdb backend": f"tdbsam:{home / 'passdb.tdb'}",
        "log file": str(home / "smbd.log"),
        "load printers": "no",
        "disable spoolss": "yes",
        **{key: str(home / folder) for key, folder in state.items()},
    }
    lines = ["[global]", *(f"{key} = {value}" for key, value in wide.items())]
    for name, (path, special) in shares.items():
        share = {"path": str(path), "read only": "no", **special}
        lines += [f"[{name}]", *(f"{key} = {value}" for key, value in share.items())]
    config = home / "smb.conf"
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    subprocess.run(
        [program("smbpasswd"), "-c", config, "-s", "-a", USER],
        input=f"{PASSWORD}\n{PASSWORD}\n".encode(),
        capture_output=True,
        check=True,
    )
    command = [program("smbd"), "--foreground", "--no-process-group", f"--configfile={config}"]
    with running(command, home / "told.log", port):
        yield port


_SAMBA_STATE: Final = ("private", "ncalrpc", "lock", "state", "cache", "pid", "binddns")


@contextmanager
def ssh(home: Path) -> Iterator[tuple[int, Path]]:
    """Serve SFTP. Gives the port and the private key that is let in."""
    port, key = free_port(), home / "key"
    home.mkdir(parents=True)
    Path("/run/sshd").mkdir(exist_ok=True)  # its path is built into sshd
    for made in (key, home / "host"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", made], check=True)
    (home / "authorized").write_bytes(key.with_name("key.pub").read_bytes())
    config = home / "sshd_config"
    settings = {
        "ListenAddress": HERE,
        "Port": port,
        "HostKey": home / "host",
        "PidFile": home / "pid",
        "AuthorizedKeysFile": home / "authorized",
        "PermitRootLogin": "prohibit-password",
        "PasswordAuthentication": "no",
        "StrictModes": "no",
        "UsePAM": "no",
        "MaxStartups": "200",
        "Subsystem": "sftp internal-sftp",
    }
    config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()), encoding="utf-8")
    with running([program("sshd"), "-D", "-f", config, "-E", home / "sshd.log"], home / "told.log", port):
        yield port, key


@contextmanager
def rsync(home: Path, modules: Mapping[str, Path]) -> Iterator[int]:
    """Serve modules with rsync's own daemon. Gives the port."""
    port, config = free_port(), home / "rsyncd.conf"
    home.mkdir(parents=True)
    lines = [f"address = {HERE}", f"port = {port}", f"pid file = {home / 'pid'}", f"log file = {home / 'rsyncd.log'}"]
    lines += ["use chroot = no", f"uid = {os.getuid()}", f"gid = {os.getgid()}", f"lock file = {home / 'lock'}"]
    for name, path in modules.items():
        lines += [f"[{name}]", f"path = {path}", "read only = no"]
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with running([program("rsync"), "--daemon", "--no-detach", f"--config={config}"], home / "told.log", port):
        yield port


@contextmanager
def ftp(home: Path, folder: Path) -> Iterator[tuple[int, int]]:
    """Serve a folder over FTP. Gives two ports: what arrives through the second is hidden until it has arrived."""
    plain, hidden, users, config = free_port(), free_port(), home / "users", home / "proftpd.conf"
    home.mkdir(parents=True)
    users.write_text(f"{USER}:{_HASHED}:{os.getuid()}:{os.getgid()}::{folder}:/bin/sh\n", encoding="utf-8")
    users.chmod(0o600)
    config.write_text(
        f"""
        ServerType standalone
        DefaultAddress {HERE}
        Port {plain}
        UseIPv6 off
        UseReverseDNS off
        User {USER}
        Group {grp.getgrgid(os.getgid()).gr_name}
        MaxInstances 200
        PidFile {home / "pid"}
        ScoreboardFile {home / "scoreboard"}
        SystemLog {home / "proftpd.log"}
        TransferLog none
        WtmpLog off
        <IfModule mod_delay.c>
          DelayEngine off
        </IfModule>
        <Global>
          AuthOrder mod_auth_file.c
          AuthUserFile {users}
          RequireValidShell off
          RootLogin on
          UseFtpUsers off
          AllowOverwrite on
        </Global>
        <VirtualHost {HERE}>
          Port {hidden}
          HiddenStores on
        </VirtualHost>
        """,
        encoding="utf-8",
    )
    with running([program("proftpd"), "--nodaemon", "--config", config], home / "told.log", plain, hidden):
        yield plain, hidden


@contextmanager
def mirror(below: Path, at: Path, *options: str) -> Iterator[None]:
    """Show one folder at another place through FUSE: what is written below it makes no event there."""
    at.mkdir(parents=True, exist_ok=True)
    log = at.with_name(f"{at.name}.bindfs.log")
    with log.open("wb") as told:
        server = subprocess.Popen(
            ["bindfs", "-f", *options, below, at], stdin=subprocess.DEVNULL, stdout=told, stderr=told, process_group=0
        )
    try:
        _await(server, lambda: os.path.ismount(at), log)
        yield
    finally:
        subprocess.run(["umount", "--lazy", at], check=False)
        _end(server)


class _Downloads(BaseHTTPRequestHandler):
    """``/PACE/PATH`` is the file PATH at that many bytes a second; 0 is at once."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with a whole file and the time at which it was last modified."""
        pace, _, path = self.path[1:].partition("/")
        file = Path(f"/{path}")
        content = file.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Last-Modified", formatdate(file.stat().st_mtime, usegmt=True))
        self.end_headers()
        step = int(pace) // 20 or len(content)
        try:
            for begin in range(0, len(content), step):
                self.wfile.write(content[begin : begin + step])
                time.sleep(0.05 if int(pace) else 0)
        except OSError:
            self.close_connection = True  # it was killed, as it should be

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def http() -> Iterator[int]:
    """Offer this machine's files for download, at a pace that the URL says. Gives the port."""
    with ThreadingHTTPServer((HERE, 0), _Downloads) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _answers(port: int) -> bool:
    with socket.socket() as asked:
        asked.settimeout(1)
        return asked.connect_ex((HERE, port)) == 0


def _await(server: "subprocess.Popen[bytes]", holds: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not holds():
        told = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        assert server.poll() is None, f"{server.args!r} ended with {server.returncode}:\n{told}"
        assert time.monotonic() < deadline, f"{server.args!r} did not come up:\n{told}"
        time.sleep(0.02)


def _end(server: "subprocess.Popen[bytes]") -> None:
    """End a server with the processes of its group."""
    server.terminate()
    try:
        server.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    with suppress(ProcessLookupError):  # nobody is left
        os.killpg(server.pid, signal.SIGKILL)
