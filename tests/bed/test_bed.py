"""What real tools deliver through real servers: every whole film is sent, once, and never a part of one."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import Final

import pytest
from bed import servers
from bed.delivery import AFTERWARDS, LONGEST, OLD, Course, Delivery, Ports, Watched
from bed.films import film
from bed.needs import lacking
from bed.tools import TOOLS
from machine import Machine, digest

from panjaya_watchd.settings.folder import Folder

GRACE: Final = LONGEST + AFTERWARDS + 5
"""Seconds after which what looks unfinished is answered: more than any break, or a break would look like an end."""

JUDGED: Final = {"content_check": "enforce", "unfinished_grace": f"{GRACE}s"}
"""What every watch folder is told of unfinished files."""

AT_ONCE: Final = 20
"""How many deliveries run at the same time; nearly all of each is waiting."""

LINKS: Final = ("ln", "ln s")
"""Tools whose films are never sent, however whole they are: somebody else may hold them by another name."""

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
        room = home / "sources" / f"{number}"
        room.mkdir(parents=True)
        source = room / f"{number} {tool} {course}.mp4".replace(" ", "-")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What became of a delivery: ``came`` is done, failed, waits, gone or nothing; ``says`` is the first sentence."""

    came: str
    says: str = ""


def ending(delivery: Delivery) -> Ending:
    """Look where the film is by now, as a person would."""
    folder, stem = delivery.folder, delivery.source.stem
    answer = Path(stem, stem) if folder.recursive else Path(stem)
    if (folder.at / "done" / answer).is_dir():
        return Ending(came="done")
    why = folder.at / "failed" / answer / "WHY.txt"
    if why.is_file():
        return Ending(came="failed", says=why.read_text(encoding="utf-8").splitlines()[0])
    for line in _status(folder.at).splitlines():
        if stem in line:
            return Ending(came="waits", says=line)
    lies = os.path.lexists(folder.at / delivery.name) or any((folder.at / "processing").rglob(delivery.name))
    return Ending(came="nothing" if lies else "gone")


def _status(at: Path) -> str:
    """Read ``STATUS.txt``; through FUSE it may not be there for the moment in which it is replaced."""
    try:
        return (at / "STATUS.txt").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def is_over(delivery: Delivery) -> bool:
    """Say whether nothing more is to come."""
    if ending(delivery).came in {"done", "failed"} or delivery.fault:
        return True
    if must_be_sent(delivery):
        return False
    return time.time() > delivery.ended + GRACE + 4 * delivery.folder.quiet + 2


def must_be_sent(delivery: Delivery) -> bool:
    """Say whether the film is to be sent: it is whole in the end, and has one name."""
    return delivery.course is not Course.KILLED and delivery.tool not in LINKS


def faults(delivery: Delivery, machine: Machine, began: list[float]) -> list[str]:
    """Say all that is wrong with one row; ``began`` is when its uploads began."""
    if delivery.fault:
        return [f"its tool: {delivery.fault}"]
    found, end = [], ending(delivery)
    bills = [bill for bill in machine.bills() if (bill.file_name or "").startswith(f"{delivery.source.stem}-")]
    whole = digest(delivery.content)
    if any(bill.sha256 != whole for bill in bills):
        found.append("AN INCOMPLETE FILE WAS SENT")
    if must_be_sent(delivery):
        if len(bills) != 1:
            found.append(f"sent {len(bills)} times")
        if end.came != "done":
            found.append(f"{end.came}: {end.says}")
        elif not _lies_in_done(delivery):
            found.append("what lies in done/ is not what was delivered")
        if began and began[0] < delivery.ended:
            found.append(f"an upload began {delivery.ended - began[0]:.1f} s before its tool was done")
    elif end.came in {"done", "nothing"} or bills:
        found.append(f"{end.came}, sent {len(bills)} times")
    elif delivery.course is Course.KILLED and end.came == "failed" and end.says != "The file ends early.":
        found.append(f"failed, but: {end.says}")
    return found


def _lies_in_done(delivery: Delivery) -> bool:
    return any(path.read_bytes() == delivery.content for path in (delivery.folder.at / "done").rglob(delivery.name))


def uploads_began(machine: Machine) -> dict[str, list[float]]:
    """Give when the uploads of each film began, those that were taken back too, in seconds since the epoch."""
    found: dict[str, list[float]] = {}
    for line in machine.story("claim.moved", to="uploading"):
        found.setdefault(line["file"], []).append(datetime.fromisoformat(line["timestamp"]).timestamp())
    return found


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
    assert not told.wrong, told.text
    assert strange == []


def deadline(rows: list[Delivery]) -> float:
    """Give when nothing more is waited for."""
    return max(row.ended for row in rows) + 3 * GRACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The table, and how many rows are wrong."""

    text: str
    wrong: int


def report(rows: list[Delivery], machine: Machine, seconds: float) -> Told:
    """Judge every row, and write what came of it as a table."""
    began, wrong = uploads_began(machine), 0
    lines = [f"{'tool':<20} {'course':<8} {'folder':<11} {'profile':<11} {'end':<8} {'waited':>7}  verdict"]
    waits: dict[str, list[float]] = {}
    for row in sorted(rows, key=lambda row: (row.folder.profile, row.folder.name, row.tool, row.course)):
        uploads = began.get(row.source.stem, [])
        waited = uploads[-1] - row.ended if uploads else None
        end, bad = ending(row), faults(row, machine, uploads)
        wrong += bool(bad)
        if waited is not None and must_be_sent(row):
            waits.setdefault(row.folder.profile, []).append(waited)
        shown = "" if waited is None else f"{waited:.1f} s"
        verdict = "WRONG: " + "; ".join(bad) if bad else "right" + (f": {end.says}" if end.says else "")
        where = f"{row.folder.name:<11} {row.folder.profile:<11}"
        lines.append(f"{row.tool:<20} {row.course:<8} {where} {end.came:<8} {shown:>7}  {verdict}")
    for profile, all_waits in sorted(waits.items()):
        quiet = next(row.folder.quiet for row in rows if row.folder.profile == profile)
        lines.append(
            f"{profile}: from the last byte to the upload {median(all_waits):.1f} s in the middle, "
            f"{max(all_waits):.1f} s at most, of which {quiet:.0f} s are the quiet period."
        )
    broken = [row for row in rows if row.breaks]
    lines.append(f"{sum(row.proven for row in broken)} of {len(broken)} deliveries with a break outlasted its witness.")
    aborted = machine.uploads() - len(machine.bills())
    lines.append(f"{wrong} of {len(rows)} rows are wrong; {aborted} uploads were taken back. {seconds:.0f} s in all.")
    return Told(text="\n".join(lines) + "\n", wrong=wrong)
