"""The headline, by which ``systemctl status`` says how everything stands."""

from collections import Counter

import pytest
from run.stage import FOLDER, watched

from panjaya_watchd.core.claim import HeldFor, State
from panjaya_watchd.core.names import FolderName
from panjaya_watchd.places.base import Scan
from panjaya_watchd.run.headline import headline
from panjaya_watchd.run.intake import Intake

ARCHIVE = FolderName("archive")


def seen(*refused: str) -> Intake:
    """Give a folder that was scanned, with names in it that cannot be taken."""
    intake = watched().intake
    intake.take(Scan(files=(), refused=tuple((name, "a link") for name in refused)))
    intake.sight(1.0, 0.1, ())
    return intake


def test_nothing_is_said_as_such() -> None:
    """An operator sees at once that all is quiet, and over how much."""
    assert headline({FOLDER: seen()}, {}) == "Watching 1 folder: nothing under way"
    assert headline({FOLDER: seen(), ARCHIVE: seen()}, {}) == "Watching 2 folders: nothing under way"


def test_everything_under_way_is_counted() -> None:
    """In the order of a video's way; what needs a person stands for itself, apart from what time will solve."""
    counts: Counter[State | HeldFor] = Counter(
        {State.CLAIMED: 1, State.UPLOADING: 1, State.RELEASING: 1, State.DUBBING: 4, State.FILING: 1, State.HELD: 9}
    )
    counts.update({HeldFor.DOUBT: 1, HeldFor.POISON: 1, HeldFor.BUDGET: 3, HeldFor.FIRST_START: 4})

    assert headline({FOLDER: seen("a", "b")}, counts, 43) == (
        "Watching 1 folder: 3 waiting, 2 uploading (43 %), 4 dubbing, 1 being filed, 2 need a person, "
        "3 over a budget, 4 from before the first start"
    )


@pytest.mark.parametrize(("held", "words"), [(1, "1 needs a person"), (2, "2 need a person")])
def test_a_claim_that_is_held_for_no_noted_reason_needs_a_person(held: int, words: str) -> None:
    """One that an earlier release has held."""
    assert headline({FOLDER: seen()}, {State.HELD: held}) == f"Watching 1 folder: {words}"


def test_folders_that_are_not_watched_are_named() -> None:
    """Unusable, never seen since the start, or lost by a fault of our own: each is another call for help."""
    lost, unusable, silent = seen(), seen(), watched().intake
    unusable.trouble = "It is not mounted."
    intakes = {FOLDER: lost, ARCHIVE: unusable, FolderName("nas"): silent}

    assert headline(intakes, {}, None, (FOLDER,)) == (
        "Watching 3 folders: nothing under way; unusable: archive; not seen yet: nas; "
        "no longer scanned, by a fault: marketing"
    )
