"""The status on a terminal: whatever files are called, it is shown as it is and breaks nothing."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from samples import SPANISH, claim, dubbing

from panjaya_watchd.cli.tables import overview
from panjaya_watchd.core.claim import State
from panjaya_watchd.core.names import display
from panjaya_watchd.run.board import Progress
from panjaya_watchd.run.report import claim_facts

WORDS = st.text(max_size=30).map(display)
"""What a report can contain: names and reasons have gone through `display`."""


BUDGET = {
    "folder": None,
    "limits": {"minutes_per_day": 10.0},
    "minutes_today": 10.0,
    "minutes_this_month": 12.5,
    "drops_today": 3,
}

RATE = {"folder": None, "upload": 2_500_000.0, "download": None}

MOVING = {
    "upload": Progress(sent=500, total=1000, since=0.0),
    "download es-ES": Progress(sent=5, total=None, since=0.0),
}


def ground(folder: str, kind: str, profile: str) -> dict[str, Any]:
    """Give what a daemon says of one file system."""
    return {"folder": folder, "kind": kind, "profile": profile, "exported": None, "hints": profile == "local"}


def status(name: str = "talk.mp4", **more: Any) -> dict[str, Any]:
    """Give what a daemon says of one folder and one claim."""
    facts = claim_facts(
        claim(State.HELD, held=name, dubbings=(dubbing(SPANISH, seen=name),)),
        {
            "upload": Progress(sent=500, total=1000, since=0.0),
            "download es-ES": Progress(sent=5, total=None, since=0.0),
        },
        10.0,
    )
    folder = {"name": name, "scanned_seconds_ago": 1.5, "trouble": None, "waiting": [{"name": name, "why": name}]}
    folder |= {"held_first": {"drops": 2, "estimated_minutes": 3.5}}
    folder |= {"grounds": [ground("", "ext4", "local"), ground("nas", "nfs4", "nfs"), ground("box", "cifs", "cifs")]}
    return {
        "running": True,
        "folders": [folder | more],
        "claims": [facts | {"file": name}],
        "counts": {},
        "budgets": [BUDGET],
        "rates": [RATE],
    }


def shown(said: dict[str, Any], width: int = 200) -> str:
    """Show it on a page that is no terminal."""
    page = io.StringIO()
    Console(file=page, width=width).print(overview(said))
    return page.getvalue()


def test_everything_that_matters_is_shown() -> None:
    """Folder, last look, what waits, the claim, its state, how far it is, its minutes and its languages."""
    page = shown(status())

    for words in ("1.5 s ago", "talk.mp4", "c0ffee", "held", "2.0", "upload 500 bytes, 50 bytes/s", "es-ES: waiting"):
        assert words in page


def test_the_storage_is_named_by_its_profile() -> None:
    """And by the kernel's name where that says more; each file system has a line of its own."""
    page = shown(status())

    for words in ("local (ext4)", "nas: nfs (nfs4)", "box: cifs"):
        assert words in page
    assert "cifs (cifs)" not in page


def test_the_rates_of_this_hour_are_shown() -> None:
    """Only where there is one at all."""
    page = shown(status())

    assert "all folders together  2.5 MB/s  no limit" in page
    assert "rate now" not in shown(status() | {"rates": []})


def test_a_folder_in_trouble_shows_it_instead_of_its_last_look() -> None:
    """The reason counts, not how long ago it was fine."""
    page = shown(status(trouble="It is not mounted."))

    assert "It is not mounted." in page
    assert "s ago" not in page


def test_a_daemon_that_does_not_run_is_told_first() -> None:
    """Else old news would be read as new."""
    assert shown(status() | {"running": False}).startswith("The daemon is not running")


def test_a_name_with_brackets_is_shown_as_it_is() -> None:
    """What looks like a colour is a part of the name."""
    assert "[red]talk[/red].mp4" in shown(status("[red]talk[/red].mp4"))


@pytest.mark.slow
@given(name=WORDS, width=st.integers(10, 200))
def test_no_name_breaks_the_table(name: str, width: int) -> None:
    """A closing bracket that was never opened, a backslash at the end, a terminal ten columns wide."""
    assert shown(status(name), width)
