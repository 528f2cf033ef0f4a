"""The headline: how everything stands, in one line for ``systemctl status``."""

from collections.abc import Collection, Mapping

from panjaya_watchd.core.claim import HeldFor, State
from panjaya_watchd.core.names import FolderName
from panjaya_watchd.run.intake import Intake


def headline(
    intakes: Mapping[FolderName, Intake],
    counts: Mapping[State | HeldFor, int],
    sent: int | None = None,
    lost: Collection[FolderName] = (),
) -> str:
    """
    Say what is under way, and which folders are not watched.

    Args:
        intakes: every watch folder.
        counts: living claims by state, and those that are held also by what for.
        sent: how much of what is being uploaded is sent, in percent.
        lost: folders that nobody scans any more.

    """
    folders = "1 folder" if len(intakes) == 1 else f"{len(intakes)} folders"
    words = ", ".join(f"{count} {what}" for count, what in _under_way(intakes, counts, sent) if count)
    said = [f"Watching {folders}: {words or 'nothing under way'}"]
    unusable = [name for name, intake in intakes.items() if intake.trouble]
    silent = [name for name, intake in intakes.items() if intake.last_scan is None and not intake.trouble]
    for names, what in ((unusable, "unusable"), (silent, "not seen yet"), (lost, "no longer scanned, by a fault")):
        said += [f"{what}: {', '.join(names)}"] if names else []
    return "; ".join(said)


def _under_way(
    intakes: Mapping[FolderName, Intake], counts: Mapping[State | HeldFor, int], sent: int | None
) -> list[tuple[int, str]]:
    waiting = sum(intake.unclaimed for intake in intakes.values()) + counts.get(State.CLAIMED, 0)
    uploading = counts.get(State.UPLOADING, 0) + counts.get(State.RELEASING, 0)
    old, money = counts.get(HeldFor.FIRST_START, 0), counts.get(HeldFor.BUDGET, 0)
    people = counts.get(State.HELD, 0) - old - money
    return [
        (waiting, "waiting"),
        (uploading, "uploading" if sent is None else f"uploading ({sent} %)"),
        (counts.get(State.DUBBING, 0), "dubbing"),
        (counts.get(State.FILING, 0), "being filed"),
        (people, "needs a person" if people == 1 else "need a person"),
        (money, "over a budget"),
        (old, "from before the first start"),
    ]
