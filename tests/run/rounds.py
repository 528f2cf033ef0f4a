"""A stage for many claims that are followed: each is `followed`, answered by `answer`, called back by `called`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from run.stage import Stage
from samples import FRENCH, SPANISH, claim, order

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.answers import Asset, AssetDubbing, Fault, Version
from panjaya_watchd.core.claim import Claim, Dubbing, State
from panjaya_watchd.core.names import AssetId, ClaimId, Locale, VersionId
from panjaya_watchd.core.pace import RARELY
from panjaya_watchd.run.messages import Called, Entry, Swept

GONE = Fault(money_may_have_moved=False, repeat_helps=True, words="no answer")
NET = RARELY.total_seconds()


def address(claim_id: ClaimId) -> str:
    """Give where a claim of ours is called back."""
    return f"https://dub.example.com/callback/{claim_id}"


def followed(number: int = 1, **changes: Any) -> Claim:
    """Give a claim that is followed in Spanish and French, called back at our address."""
    name = ClaimId(f"c{number:02}")
    plain = {
        "id": name,
        "asset_id": AssetId(f"a{number}"),
        "order": order(callback_url=address(name)),
        "dubbings": (Dubbing(locale=SPANISH), Dubbing(locale=FRENCH)),
    }
    return claim(State.DUBBING, **{**plain, **changes})


def shown(number: int, **statuses: str) -> Asset:
    """Give the asset of a claim; a version is ``Generating`` unless it is said otherwise by its language."""
    dubbings = tuple(
        AssetDubbing(locale=locale, versions=(Version(version_id=version(number, locale), status=status),))
        for locale in (SPANISH, FRENCH)
        for status in [statuses.get(locale[:2], "Generating")]
    )
    return Asset(asset_id=AssetId(f"a{number}"), dubbings=dubbings)


def version(number: int, locale: Locale = SPANISH) -> VersionId:
    """Give the id of a version."""
    return VersionId(f"v{number}-{locale}")


def called(number: int = 1, event: str = "version_generated", locale: Locale = SPANISH) -> Called:
    """Give a callback."""
    return Called(
        claim_id=ClaimId(f"c{number:02}"),
        asset_id=AssetId(f"a{number}"),
        event=event,
        version_id=version(number, locale),
        locale=locale,
    )


@dataclass(slots=True)
class Rounds:
    """A stage whose polls are answered when the test says so."""

    stage: Stage = field(default_factory=lambda: Stage(more={"callback_url": address}))

    def start(self, *claims: Claim) -> "Rounds":
        """Start on a ledger with these claims."""
        for each in claims:
            self.stage.ledger.put(each)
        self.stage.clock.seconds += 3600 * 24  # all of them are a day old, so that their pace is ten minutes
        self.stage.driver.start()
        return self

    def polls(self) -> list[int]:
        """Give the numbers of the claims that were asked for since last time, in order."""
        asked = [int(each.id[1:]) for each, effect in self.stage.notes.handed if isinstance(effect, effects.Poll)]
        self.stage.notes.handed.clear()
        return asked

    def sweeps(self) -> int:
        """Give how often the list was asked for since last time."""
        asked, self.stage.notes.sweeps = self.stage.notes.sweeps, 0
        return asked

    def answer(self, number: int = 1, fault: Fault | None = None, **statuses: str) -> None:
        """Answer a poll."""
        claim_id = ClaimId(f"c{number:02}")
        event = events.Unanswered(fault=fault) if fault else events.Polled(asset=shown(number, **statuses))
        self.stage.happen(self.stage.ledger.get(claim_id) or claim(id=claim_id), event)

    def answer_all(self, spanish: str = "Generating") -> list[int]:
        """Answer every poll, and those that follow, until none is under way; gives whose they were."""
        answered: list[int] = []
        while asked := self.polls():
            for number in asked:
                self.answer(number, es=spanish)
            answered += asked
        return answered

    def later(self, **time: float) -> list[int]:
        """Let time pass by minutes; every poll is answered by "still generating". Gives whose they were."""
        answered, left = self.answer_all(), timedelta(**time).total_seconds()
        while left > 0:
            self.stage.later(min(60.0, left))
            left -= 60.0
            answered += self.answer_all()
        return answered

    def list(self, entries: Mapping[int, int | Entry] | None, requests: int = 1, fault: Fault | None = None) -> None:
        """Let a list come in: by the number of its asset what each entry is like."""
        found = None if entries is None else {AssetId(f"a{number}"): entry(kind) for number, kind in entries.items()}
        self.stage.tell(Swept(entries=found, requests=requests, fault=fault))


def entry(kind: int | Entry) -> Entry:
    """Give an entry that is like all others of that kind."""
    return Entry(print=kind) if isinstance(kind, int) else kind
