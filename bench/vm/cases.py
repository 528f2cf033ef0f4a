"""
The core cases over mounts: whole files are sent, each once, and nothing else; to be run by ``bench/vm/run.sh``.

The real daemon, as a user of its own that may ask for leases, watches four folders by the profiles that it finds
itself: a cifs mount, an NFSv4 mount, an NFSv3 mount, and a folder that this host exports. Others write beside the
mounts, on the server's own disk, and through mounts and SMB sessions of their own. Then servers stop and come back,
and a share is unmounted and mounted again under the daemon. The studio is the rehearsal's, over HTTP on loopback.

Prints what the mounts answer, a table with the seconds from the last byte of a video to its upload, and last the line
``VM: N cases, M failures``.
"""

import stat
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from machine import Machine, digest

from bench.vm import facts, host, writers
from bench.vm.host import DAEMON, FOLDERS, GROUP, HOME, SECOND, run, server
from bench.vm.writers import Writer

RULES: Final = {"quiet": "8s", "unfinished_grace": "60s", "content_check": "enforce"}
"""Shorter than any profile's own, and than the writers' pause: there has to be something else than patience."""
PACE: Final = {"poll_first": "2s", "poll_max": "5s"}
"""An emulated processor is slow, and all share it."""
AS_DAEMON: Final = (
    f"setpriv --reuid={DAEMON} --regid={GROUP} --clear-groups --inh-caps=-all,+lease --ambient-caps=-all,+lease"
).split()
PROFILES: Final = {"cifs": "cifs", "nfs4": "nfs", "nfs3": "nfs", "disk": "smb-server"}
PATIENCE: Final = 600.0
SILENT: Final = 150.0
"""Seconds within which the daemon must have told that a server is gone."""


@dataclass(slots=True, kw_only=True)
class Case:
    """One video: who writes it where, whether it is to be sent, and what came of it."""

    what: str
    folder: str
    writer: Writer
    into: Path
    whole: bool = True
    stem: str = ""
    content: bytes = b""
    ended: float = 0.0
    """Wall time of the last byte."""
    fault: str | None = None
    seconds: float | None = None
    """From the last byte to the bill."""


@dataclass(slots=True)
class Cases:
    """All cases on one machine, and what they came to."""

    machine: Machine
    film: bytes
    all: list[Case] = field(default_factory=list)
    checks: list[tuple[str, str | None]] = field(default_factory=list)

    def begin(self, cases: Iterable[Case]) -> list[threading.Thread]:
        """Let somebody write each video."""
        threads = []
        for case in cases:
            self.all.append(case)
            case.stem = f"{len(self.all):02d} {case.what}"
            case.content = writers.unlike(self.film, len(self.all))
            threads.append(threading.Thread(target=self._write, args=(case,), daemon=True))
            threads[-1].start()
            time.sleep(0.3)
        return threads

    def _write(self, case: Case) -> None:
        try:
            case.ended = case.writer(case.content, case.into / f"{case.stem}.mp4")
        except Exception as error:  # noqa: BLE001  (told in the table)
            traceback.print_exc()
            case.fault = f"could not be written: {error}"

    def play(self, *cases: Case) -> None:
        """Write some videos and wait until each is answered."""
        for thread in self.begin(cases):
            thread.join()
        self.answered(*cases)

    def answered(self, *cases: Case) -> None:
        """Wait until each is answered, and judge the answers."""
        deadline, told = time.monotonic() + PATIENCE, time.monotonic()
        left = list(cases)
        while left:
            over = time.monotonic() > deadline
            for case in left.copy():
                fault = case.fault or self._fault(case)
                if fault is None or case.fault is not None or over:
                    left.remove(case)
                    case.fault = fault and f"{fault}; {self._stands(case)}"
                    print(f"    {case.folder:5} {case.stem}: {case.fault or 'ok'}")
            if left and time.monotonic() > told + 30:
                told = time.monotonic()
                print(f"    ... {len(left)} to come, {len(self.machine.bills())} bills, {self._stands(left[0])}")
            time.sleep(1)

    def _fault(self, case: Case) -> str | None:
        place = server(case.folder) / ("done" if case.whole else "failed") / case.stem
        bills = self.machine.bills(case.content)
        if not place.is_dir():
            return f"not in {place.parent.name}/, {len(bills)} bills"
        names = {path.name for path in place.iterdir()}
        if not case.whole:
            why = (place / "WHY.txt").read_text(encoding="utf-8") if "WHY.txt" in names else ""
            return None if "The file ends early" in why else f"in failed/ for another reason: {why!r}"
        if (place / f"{case.stem}.mp4").read_bytes() != case.content:
            return "what lies in done/ is not what was written"
        if not any("es-ES" in name and name.endswith(".mp4") for name in names):
            return f"no result in done/: {sorted(names)}"
        if len(bills) != 1:
            return f"{len(bills)} bills"
        case.seconds = bills[0].at.timestamp() - case.ended
        return None

    def _stands(self, case: Case) -> str:
        with suppress(Exception):
            said = self.machine.status()
            waits = [one["why"] for folder in said["folders"] for one in folder["waiting"] if case.stem in one["name"]]
            claims = [f"{claim['state']}: {claim['says']}" for claim in said["claims"] if case.stem in claim["file"]]
            looked = next(one for one in said["folders"] if one["name"] == case.folder)
            seen = f"not to be seen, looked {looked['scanned_seconds_ago']} s ago, trouble: {looked['trouble']}"
            return "; ".join([*waits, *claims]) or seen
        return "the daemon does not answer"

    def check(self, what: str, holds: Callable[[], object], seconds: float = 0.0) -> None:
        """Note whether something holds, within some seconds."""
        deadline = time.monotonic() + seconds
        found: object = None
        while True:
            try:
                found = holds()
            except Exception as error:  # noqa: BLE001  (told as the fault)
                found = f"{type(error).__name__}: {error}"
            if found is True or time.monotonic() >= deadline:
                break
            time.sleep(2)
        self.checks.append((what, None if found is True else str(found)))
        took = seconds - (deadline - time.monotonic())
        print(f"    {what}: {'ok' if found is True else found} ({took:.1f} s)")


def core_cases() -> list[Case]:
    """Give the videos that are written all at once."""
    ways: list[tuple[str, Writer, bool]] = [
        ("stalling", writers.stalling, True),
        ("killed", writers.killed, False),
        ("allocated", writers.allocated, True),
        ("allocated, killed", writers.allocated_killed, False),
        ("renamed", writers.renamed, True),
        ("replaced", writers.replaced, True),
    ]
    cases = [
        Case(what=what, folder=folder, writer=writer, into=server(folder), whole=whole)
        for what, writer, whole in ways
        for folder in FOLDERS
    ]
    cases += [
        Case(what=what, folder=folder, writer=writer, into=SECOND / folder, whole=whole)
        for what, writer, whole, folders in (
            ("whole, by a mount", writers.whole, True, FOLDERS),
            ("stalling, by a mount", writers.stalling, True, FOLDERS),
            ("killed, by a mount", writers.killed, False, ("nfs4", "nfs3")),
        )
        for folder in folders
    ]
    cases += [
        Case(what=what, folder=folder, writer=writer, into=HOME / folder)
        for what, writer in (("whole, by the same mount", writers.whole), ("stalling, by the same", writers.stalling))
        for folder in ("cifs", "nfs4", "nfs3")
    ]
    cases += [
        Case(what="in rounds", folder=folder, writer=writers.in_rounds, into=server(folder))
        for folder in ("cifs", "disk")
    ]
    for share in ("cifs", "disk"):
        sessions: list[tuple[str, Writer, bool]] = [("smbclient", writers.put(share), True)]
        windows: list[tuple[str, Writer, bool]] = [
            ("Explorer", writers.explorer(share, "sharing"), True),
            ("Explorer alone", writers.explorer(share, "alone"), True),
            ("Explorer dying", writers.explorer(share, "dying"), False),
        ]
        cases += [
            Case(what=what, folder=share, writer=writer, into=server(share), whole=whole)
            for what, writer, whole in (*sessions, *(windows if find_spec("smbprotocol") else ()))
        ]
    return cases


def plain(folder: str, what: str) -> Case:
    """Give a copy with ``cp`` on the server."""
    return Case(what=what, folder=folder, writer=writers.whole, into=server(folder))


def trouble(cases: Cases, *folders: str) -> Callable[[], object]:
    """Say whether the daemon tells that these folders cannot be used, and no other."""

    def holds() -> object:
        found = {one["name"] for one in cases.machine.status()["folders"] if one["trouble"] is not None}
        return found == set(folders) or f"trouble in {sorted(found)}"

    return holds


def remounted(cases: Cases) -> None:
    """Unmount a share under the daemon, and mount it again: it is not restarted."""
    print("-- the cifs share is unmounted, and mounted again")
    caught = plain("cifs", "caught by the unmounting")
    for thread in cases.begin([caught]):
        thread.join()
    host.unmount("cifs")
    cases.check("the unmounted folder is told", trouble(cases, "cifs"), SILENT)
    missed, other = plain("cifs", "while it was unmounted"), plain("nfs4", "beside an unmounted share")
    for thread in cases.begin([missed, other]):
        thread.join()
    cases.answered(other)
    cases.check("nothing is written to the bare mount point", lambda: not list((HOME / "cifs").iterdir()))
    host.mount("cifs")
    cases.check("the folder recovers by itself", trouble(cases), SILENT)
    cases.answered(caught, missed)


def stopped(cases: Cases, unit: str, *folders: str) -> None:
    """Stop a server for a while: what depends on it is frozen and told, all others go on, and nothing is lost."""
    print(f"-- {unit} is stopped, and started again")
    caught = [plain(folder, f"caught by the end of {unit}") for folder in folders]
    for thread in cases.begin(caught):
        thread.join()
    bills = cases.machine.bills
    cases.machine.until(lambda: all(bills(case.content) for case in caught), "the bills", PATIENCE, every=0.5)
    run(f"systemctl stop {unit}")
    missed = [plain(folder, f"without {unit}") for folder in folders]
    others = [plain(folder, f"beside {unit}") for folder in FOLDERS if folder not in folders]
    for thread in cases.begin([*missed, *others]):
        thread.join()
    cases.answered(*others)
    cases.check(f"without {unit} its folders are told, and no others", trouble(cases, *folders), SILENT)
    run(f"systemctl start {unit}")
    cases.check("the folders recover by themselves", trouble(cases), SILENT)
    cases.answered(*caught, *missed)


def as_found(cases: Cases) -> None:
    """Check that the daemon knows what it watches."""
    print("-- what the daemon says of its folders")

    def grounds() -> dict[str, tuple[str, str]]:
        return {
            one["name"]: (one["grounds"][0]["kind"], one["grounds"][0]["profile"])
            for one in cases.machine.status()["folders"]
        }

    print(f"    {grounds()}")
    found = {name: profile for name, (_, profile) in grounds().items()}
    cases.check("each folder's profile is found", lambda: found == PROFILES or found)


def left(cases: Cases) -> None:
    """Check what is left when all is over: bills, folders, notes."""
    print("-- what is left")
    wanted = {digest(case.content) for case in cases.all if case.whole}
    billed = Counter(bill.sha256 for bill in cases.machine.bills())
    others = set(billed) - wanted
    cases.check("nothing but whole files was sent", lambda: not others or f"{len(others)} others")
    cases.check("each was sent once", lambda: set(billed.values()) == {1} or str(billed))
    for folder in FOLDERS:
        lying = server(folder)
        ours = {"STATUS.txt", "done", "failed", "processing"}
        cases.check(f"{folder} holds nothing but our own", partial(_holds, lying, ours), 30)
        cases.check(f"{folder}/processing is empty", partial(_holds, lying / "processing", {".panjaya-watchd"}), 30)
        print(run(f"stat -c %A:%U:%G:%n {lying} {lying}/STATUS.txt {lying}/done", check=False), end="")
        for some in list((lying / "done").glob("*/*"))[:4]:
            print(f"      {stat.filemode(some.stat().st_mode)} {some.owner()}:{some.group()} {some.name}")


def _holds(folder: Path, names: set[str]) -> object:
    others = sorted({path.name for path in folder.iterdir()} - names)
    return others or True


def told(machine: Machine) -> Iterable[str]:
    """Give the warnings and errors of the daemon, each kind once."""
    loud = [line for line in machine.story() if line.get("level") in {"warning", "error", "critical"}]
    kinds: dict[tuple[str, Any], list[dict[str, Any]]] = {}
    for line in loud:
        kinds.setdefault((line["event"], line.get("folder")), []).append(line)
    for (event, folder), lines in kinds.items():
        yield f"    {len(lines)} x {event} {folder}: {lines[-1].get('why') or lines[-1]}"


def table(cases: Cases) -> Iterable[str]:
    """Give the results as lines."""
    yield f"{'folder':6} {'what':34} {'seconds':>8}  result"
    for case in cases.all:
        seconds = "-" if case.seconds is None else f"{case.seconds:.1f}"
        expected = "sent once" if case.whole else "not sent, in failed/"
        result = expected if case.fault is None else f"FAILED: {case.fault}"
        yield f"{case.folder:6} {case.what:34} {seconds:>8}  {result}"
    for what, fault in cases.checks:
        yield f"{'':6} {what:43}  {'ok' if fault is None else 'FAILED: ' + fault}"


PARTS: Final[dict[str, Callable[[Cases], None]]] = {
    "whole": lambda cases: cases.play(*(plain(folder, "whole") for folder in FOLDERS)),
    "core": lambda cases: cases.play(*core_cases()),
    "unmount": remounted,
    "smbd": lambda cases: stopped(cases, "smbd", "cifs"),
    "nfsd": lambda cases: stopped(cases, "nfs-server", "nfs4", "nfs3"),
}


def main(wanted: list[str]) -> int:
    """Play these parts, or all; give the exit status."""
    began = time.monotonic()
    host.prepare()
    print(f"-- what the mounts answer ({run('uname -r').strip()})")
    for line in facts.told() if "whole" in (wanted or PARTS) else ():
        print(f"    {line}")
    film = writers.film(Path("/srv/film.mp4"))
    machine = Machine(HOME, api=PACE, folders=dict.fromkeys(FOLDERS, RULES), wrap=AS_DAEMON)
    run(f"chown {DAEMON}:{GROUP} {HOME}/state")
    machine.log.touch()
    with machine:
        cases = Cases(machine, film)
        machine.process = machine.launch()
        machine.until(lambda: machine.story("daemon.ready"), "the daemon to be ready", PATIENCE)
        as_found(cases)
        for part in wanted or PARTS:
            print(f"-- part {part} ({time.monotonic() - began:.0f} s)")
            PARTS[part](cases)
        left(cases)
        print("-- what the daemon told as a warning or an error")
        for line in told(machine):
            print(line)
    print(f"-- all ({time.monotonic() - began:.0f} s)")
    for line in table(cases):
        print(line)
    faults = sum(case.fault is not None for case in cases.all) + sum(fault is not None for _, fault in cases.checks)
    print(f"VM: {len(cases.all) + len(cases.checks)} cases, {faults} failures")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1:]))
