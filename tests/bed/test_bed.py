"""What real tools deliver through real servers: every whole film is sent, once, and never a part of one."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Final

import pytest
from bed import servers
from bed.delivery import OLD, Course, Delivery, Ports, Watched
from bed.films import film
from bed.needs import lacking
from bed.tools import TOOLS
from bed.verdict import GRACE, deadline, is_over, must_be_sent, report
from machine import Machine, digest

from panjaya_watchd.settings.folder import Folder

JUDGED: Final = {"content_check": "enforce", "unfinished_grace": f"{GRACE}s"}
"""What every watch folder is told of unfinished files."""

AT_ONCE: Final = 20
"""How many deliveries run at the same time; nearly all of each is waiting."""

ROWS: Final[dict[str, dict[str, str]]] = {
    "smb": {"smbclient put": "wsk", "explorer": "wsk", "explorer allocating": "wsk", "finder": "wsk"},
    "smb strict": {"smbclient put": "sk", "explorer": "wsk", "explorer allocating": "sk"},
    "smb fruit": {"smbclient put": "sk", "explorer": "sk", "finder stream": "wsk"},
    "ssh": {"sftp put": "wsk", "sftp put p": "wsk", "scp p": "wsk", "rclone sftp": "wsk"},
    "rsync": {
        "rsync t": "wsk",
        "rsync inplace": "wsk",
        "rsync preallocate": "wsk",
        "rsync delay updates": "wsk",
        "rsync partial": "wsk",
    },
    "ftp": {"ftp put": "wsk", "ftp hidden": "wsk", "lftp temp": "wsk"},
    "web": {"wget": "wsk", "curl r": "wsk", "aria2 falloc": "wsk", "browser": "wsk"},
    "local": {
        "cp": "wsk",
        "cp p": "wsk",
        "install p": "wsk",
        "mv": "w",
        "mv across": "wsk",
        "tar x": "wsk",
        "ln": "w",
        "ln s": "w",
        "rclone local": "wsk",
    },
    "written": {
        "append": "sk",
        "header last": "wsk",
        "second pass": "ws",
        "mmap writer": "wsk",
        "fallocate": "wsk",
        "truncate": "wsk",
    },
    "deep": {"mv folder": "w"},
    "fuse": {
        "cp": "wsk",
        "mv": "w",
        "sftp put": "wsk",
        "rsync inplace": "sk",
        "append": "sk",
        "header last": "sk",
        "mmap writer": "sk",
        "fallocate": "wsk",
        "truncate": "sk",
    },
}
"""What is delivered where, and how: whole, stalled, killed."""

_IN_TURN: Final = (Course.KILLED, Course.STALLED, Course.WHOLE)
COURSES: Final = {course.value[0]: course for course in Course}


def watch_folders(home: Path) -> dict[str, Watched]:
    """Give the watch folders by name; all but one are looked at where they are written."""
    found = {}
    for name in ROWS:
        profile = "smb-server" if name.startswith("smb") else "fuse" if name == "fuse" else "local"
        below = home / "below" / name
        below.mkdir(parents=True)
        found[name] = Watched(
            name=name,
            profile=profile,
            below=below,
            at=home / "mount" if profile == "fuse" else below,
            quiet=3.0 if profile == "fuse" else 2.0,
            share=name.replace(" ", "-"),
            recursive=name == "deep",
        )
    return found


@contextmanager
def all_servers(home: Path, folders: dict[str, Watched]) -> Iterator[Ports]:
    """Start every server for the watch folders that it serves."""
    special = {"smb": {}, "smb strict": {"strict allocate": "yes"}, "smb fruit": {"vfs objects": "fruit streams_xattr"}}
    shares = {folders[name].share: (folders[name].below, options) for name, options in special.items()}
    modules = {folders[name].share: folders[name].below for name in ("rsync", "fuse")}
    with ExitStack() as up:
        key_and_port = up.enter_context(servers.ssh(home / "ssh"))
        ftp = up.enter_context(servers.ftp(home / "ftp", folders["ftp"].below))
        up.enter_context(servers.mirror(folders["fuse"].below, folders["fuse"].at))
        yield Ports(
            smb=up.enter_context(servers.samba(home / "samba", shares)),
            ssh=key_and_port[0],
            key=key_and_port[1],
            rsync=up.enter_context(servers.rsync(home / "rsync", modules)),
            ftp=ftp[0],
            ftp_hidden=ftp[1],
            http=up.enter_context(servers.http()),
        )


def deliveries(home: Path, folders: dict[str, Watched], ports: Ports) -> list[Delivery]:
    """
    Make a film for every row, and lay it ready.

    First come those whose answer takes longest; what is brought whole comes among what is not, so that it is no crowd.
    """
    rows = [
        (tool, COURSES[letter], folders[name])
        for name, tools in ROWS.items()
        for tool, letters in tools.items()
        for letter in letters
    ]
    killed, stalled, whole = ([row for row in rows if row[1] is course] for course in _IN_TURN)
    others = [row for pair in zip_longest(stalled, whole) for row in pair if row is not None]
    made = []
    for number, (tool, course, folder) in enumerate([*killed, *others]):
        room = home / "sources" / f"{number:03}"  # as long as all others, so that no name is a part of another
        room.mkdir(parents=True)
        source = room / f"{room.name} {tool} {course}.mp4".replace(" ", "-")
        content = film(number, source, index_first=tool != "header last")
        os.utime(source, (OLD, OLD))
        made.append(Delivery(tool=tool, course=course, folder=folder, ports=ports, source=source, content=content))
    return made


def deliver(delivery: Delivery) -> None:
    """Let the tool do it; what goes wrong is noted and no reason to stop the others."""
    try:
        TOOLS[delivery.tool](delivery)
    except Exception as error:  # noqa: BLE001 -- all rows are told in the end
        delivery.fault = f"{type(error).__name__}: {error}"
    delivery.ended = time.time()


def test_every_tool_delivers_somewhere() -> None:
    """The rows leave no tool out, and name none that is not there."""
    assert {tool for tools in ROWS.values() for tool in tools} == TOOLS.keys()


@pytest.mark.slow
@pytest.mark.skipif(lacking() is not None, reason=str(lacking()))
def test_every_whole_film_is_sent_and_never_a_part_of_one(tmp_path: Path) -> None:
    """
    Deliver by every tool, whole, with a break and killed half way, to one daemon that watches all the folders.

    In the end every film that was delivered whole was sent once, with all its bytes, and lies in ``done/``; nothing
    else was sent, and whoever dropped it can read why.
    """
    home = tmp_path / "bed"
    home.mkdir()
    folders = watch_folders(home)
    judged = {key: value for key, value in JUDGED.items() if key in Folder.model_fields}
    tables = {
        folder.name: {
            "path": str(folder.at),
            "profile": folder.profile,
            "quiet": f"{folder.quiet}s",
            "recursive": folder.recursive,
            **judged,
        }
        for folder in folders.values()
    }
    began = time.monotonic()
    with all_servers(home, folders) as ports:
        rows = deliveries(home, folders, ports)
        with Machine(tmp_path / "m", folders=tables, limits={"uploads": 8, "downloads": 8}) as machine:
            machine.start()
            with ThreadPoolExecutor(AT_ONCE) as people:
                list(people.map(deliver, rows))
            machine.until(lambda: all(map(is_over, rows)) or time.time() > deadline(rows), "all rows", 150, every=0.3)
            told = report(rows, machine, time.monotonic() - began)
            (tmp_path / "bed.txt").write_text(told.text, encoding="utf-8")
            print(f"\n{told.text}")  # noqa: T201 -- for whoever runs it with -s
            known = {digest(row.content) for row in rows if must_be_sent(row)}
            strange = [bill.file_name for bill in machine.bills() if bill.sha256 not in known]
    assert told.wrong == [], "\n".join(told.wrong)
    assert strange == []
