"""The verdict on every delivery: what became of it, what is wrong with that, and all of it as a table."""

import os
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Final

from bed.delivery import AFTERWARDS, LONGEST, Course, Delivery
from machine import Machine, digest

GRACE: Final = LONGEST + AFTERWARDS + 5
"""Seconds after which what looks unfinished is answered: more than any break, or a break would look like an end."""

LINKS: Final = ("ln", "ln s")
"""Tools whose films are never sent, however whole they are: somebody else may hold them by another name."""


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
    elif end.came in {"done", "nothing"} or bills or began:
        found.append(f"{end.came}, sent {len(bills)} times in {len(began)} uploads")
    elif delivery.course is Course.KILLED and end.came == "failed" and not end.says.startswith("The file ends early."):
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


def deadline(rows: list[Delivery]) -> float:
    """Give when nothing more is waited for."""
    return max(row.ended for row in rows) + 3 * GRACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The table, and those of its lines that are wrong."""

    text: str
    wrong: list[str]


def report(rows: list[Delivery], machine: Machine, seconds: float) -> Told:
    """Judge every row, and write what came of it as a table."""
    began = uploads_began(machine)
    wrong: list[str] = []
    lines = [f"{'tool':<20} {'course':<8} {'folder':<11} {'profile':<11} {'end':<8} {'waited':>7}  verdict"]
    waits: dict[str, list[float]] = {}
    for row in sorted(rows, key=lambda row: (row.folder.profile, row.folder.name, row.tool, row.course)):
        uploads = began.get(row.source.stem, [])
        waited = uploads[-1] - row.ended if uploads else None
        end, bad = ending(row), faults(row, machine, uploads)
        if waited is not None and must_be_sent(row):
            waits.setdefault(row.folder.profile, []).append(waited)
        shown = "" if waited is None else f"{waited:.1f} s"
        verdict = "WRONG: " + "; ".join(bad) if bad else "right" + (f": {end.says}" if end.says else "")
        where = f"{row.folder.name:<11} {row.folder.profile:<11}"
        lines.append(f"{row.tool:<20} {row.course:<8} {where} {end.came:<8} {shown:>7}  {verdict}")
        wrong += lines[-1:] if bad else []
    for profile, all_waits in sorted(waits.items()):
        quiet = next(row.folder.quiet for row in rows if row.folder.profile == profile)
        lines.append(
            f"{profile}: from the last byte to the upload {median(all_waits):.1f} s in the middle, "
            f"{max(all_waits):.1f} s at most, of which {quiet:.0f} s are the quiet period."
        )
    broken = [row for row in rows if row.breaks]
    lines.append(f"{sum(row.proven for row in broken)} of {len(broken)} deliveries with a break outlasted its witness.")
    aborted = machine.uploads() - len(machine.bills())
    lines.append(
        f"{len(wrong)} of {len(rows)} rows are wrong; {aborted} uploads were taken back. {seconds:.0f} s in all."
    )
    return Told(text="\n".join(lines) + "\n", wrong=wrong)
