"""
A daemon in another world: this goes before its command line, and changes one thing in it before it begins.

``days=365``: its wall clock is so many days ahead, a fraction for less. ``stumble=STEM``: it has a bug, of which it
dies when it takes a drop of that stem in.
"""

import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from panjaya_watchd.cli import main
from panjaya_watchd.core.claim import Claim
from panjaya_watchd.core.events import Event
from panjaya_watchd.run.clock import SystemClock
from panjaya_watchd.run.hands import Hands


def later(days: str) -> None:
    """Put the clock forward; the calendar follows it."""
    true = SystemClock.now

    def now(self: SystemClock) -> datetime:
        return true(self) + timedelta(days=float(days))

    SystemClock.now = now  # type: ignore[method-assign]


def stumble(stem: str) -> None:
    """Plant the bug."""
    sound = Hands.take_in

    def take_in(self: Hands, claim: Claim) -> Event:
        if claim.drop.stem == stem:
            raise RuntimeError(f"a bug that {stem} meets")
        return sound(self, claim)

    Hands.take_in = take_in  # type: ignore[method-assign]


CHANGES: Final[Mapping[str, Callable[[str], None]]] = {"days": later, "stumble": stumble}

if __name__ == "__main__":
    change, _, value = sys.argv[1].partition("=")
    CHANGES[change](value)
    sys.argv = ["panjaya-watchd", *sys.argv[sys.argv.index("panjaya_watchd") + 1 :]]
    main()
