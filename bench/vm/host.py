"""
The host of the cases: a Samba server, an NFS server, and mounts of both on loopback, each folder below `SHARED`.

To be called in a machine made for it only, because it writes below ``/etc`` and ``/srv``. What is written beside a
mount, in the directory that is exported, is to the daemon what another machine has written.
"""

import subprocess
import time
from pathlib import Path
from typing import Final

HOME: Final = Path("/srv/home")
"""What the daemon lives in; its watch folders are mounted here."""
SHARED: Final = Path("/srv/shared")
SECOND: Final = Path("/srv/second")
"""Mounts of the same shares, by which others write."""

FOLDERS: Final = ("cifs", "nfs4", "nfs3", "disk")
"""``disk`` is not mounted: it is exported by this host, and the daemon watches it where it lies."""

DAEMON: Final = "watchd"
PERSON: Final = "dropper"
GROUP: Final = "videos"
PASSWORD: Final = "a-password-for-the-loopback"

SMB_CONF: Final = f"""
[global]
    interfaces = 127.0.0.1/8
    bind interfaces only = yes
    disable netbios = yes
    map to guest = never
    load printers = no
[cifs]
    path = {SHARED}/cifs
[disk]
    path = {HOME}/disk
"""
SHARE: Final = f"    read only = no\n    force group = {GROUP}\n    create mask = 0664\n    directory mask = 2775\n"
NFS_CONF: Final = "[nfsd]\ngrace-time=10\nlease-time=10\n"
"""Else a server that was started again keeps everybody waiting for a minute and a half."""

MOUNT_CIFS: Final = (
    "-t cifs //127.0.0.1/cifs {point} "
    f"-o vers=3.1.1,username={PERSON},password={PASSWORD},uid={DAEMON},gid={GROUP},nosharesock"
)
MOUNT_NFS4: Final = "-t nfs 127.0.0.1:/srv/{share} {point} -o vers=4.2,nosharecache"
MOUNT_NFS3: Final = "-t nfs 127.0.0.1:/srv/{share} {point} -o vers=3,nolock,nosharecache,soft,timeo=30,retrans=1"
"""NFSv4 is mounted hard, as by default: a dead server is silent for ever. NFSv3 soft: it is an error."""


def run(command: str, *, say: str | None = None, check: bool = True) -> str:
    """Run a command that must succeed; give what it says."""
    done = subprocess.run(command.split(), input=say, capture_output=True, text=True, check=False, timeout=300)
    if check and done.returncode:
        raise RuntimeError(f"{command}: {done.returncode}: {done.stderr}{done.stdout}")
    return done.stdout


def prepare() -> None:
    """Make users and directories, start both servers, mount everything."""
    run(f"groupadd {GROUP}")
    for user in (DAEMON, PERSON):
        run(f"useradd --gid {GROUP} --no-create-home --shell /usr/sbin/nologin {user}")
    run("ip link set lo up")
    for folder in FOLDERS:
        (HOME / folder).mkdir(parents=True)
    for share in ("cifs", "nfs4", "nfs3"):
        (SHARED / share).mkdir(parents=True)
    for path in map(server, FOLDERS):
        run(f"chown root:{GROUP} {path}")
        run(f"chmod 2775 {path}")
    conf = SMB_CONF.replace("\n[disk]", f"\n{SHARE}[disk]") + SHARE
    Path("/etc/samba/smb.conf").write_text(conf, encoding="utf-8")
    Path("/etc/nfs.conf.d").mkdir(exist_ok=True)
    Path("/etc/nfs.conf.d/cases.conf").write_text(NFS_CONF, encoding="utf-8")
    rights = "127.0.0.1(rw,sync,no_root_squash,no_subtree_check)"
    exported = "".join(f"{path} {rights}\n" for path in (SHARED / "nfs4", SHARED / "nfs3", HOME / "disk"))
    Path("/etc/exports").write_text(exported, encoding="utf-8")
    run(f"smbpasswd -s -a {PERSON}", say=f"{PASSWORD}\n{PASSWORD}\n")
    run("systemctl start rpcbind.socket smbd nfs-server")
    until_answered()
    for folder in ("cifs", "nfs4", "nfs3"):
        mount(folder)
        point = SECOND / folder
        point.mkdir(parents=True)
        mount(folder, point)
    (SECOND / "disk").mkdir()
    run("mount " + MOUNT_NFS4.format(share="home/disk", point=SECOND / "disk"))


def mount(folder: str, point: Path | None = None) -> None:
    """Mount a share, on its watch folder unless said otherwise."""
    way = {"cifs": MOUNT_CIFS, "nfs4": MOUNT_NFS4, "nfs3": MOUNT_NFS3}[folder]
    run("mount " + way.format(point=point or HOME / folder, share=f"shared/{folder}"))


def unmount(folder: str) -> None:
    """Unmount a watch folder; whoever looks into it at that moment is waited for."""
    for _ in range(100):
        if subprocess.run(["umount", HOME / folder], check=False, capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError(f"{folder} is in use all the time")


def until_answered() -> None:
    """Wait until Samba lets people in; nfsd does once it is started."""
    for _ in range(120):
        said = subprocess.run(
            ["smbclient", f"-U{PERSON}%{PASSWORD}", "//127.0.0.1/cifs", "-c", "ls"], check=False, capture_output=True
        )
        if said.returncode == 0:
            return
        time.sleep(0.5)
    raise RuntimeError(f"Samba does not answer: {said.stdout!r}{said.stderr!r}")


def server(folder: str) -> Path:
    """Give the directory of a watch folder on its server's own disk."""
    return HOME / "disk" if folder == "disk" else SHARED / folder
