"""
Strangers: other people who make assets in the same account, around the moment at which we send a video.

A run is one video into one language (in a quarter of the runs two videos of equal length), with requests and answers
lost, up to two power cuts, and a list that shows names or not and lags or not. The strangers' assets are of the same
length and locales as ours, or not.
"""

from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Final

from played import LENGTH, Weather
from world import World

from panjaya_watchd.core.claim import Claim, Rules, State
from panjaya_watchd.ledger.codec import Codec
from panjaya_watchd.rehearsal.records import Video

CODEC: Final = Codec()

MOMENTS: Final = {
    "before the gate": ("request begins", "hand Upload", "before put uploading"),
    "at the gate": ("before put releasing", "after put releasing", "hand OpenGate", "body is out"),
    "after the gate": ("asset is made", "hand LookUp", "hand Poll"),
}
"""Where in our upload a stranger's is likely; anywhere else one in fifty points makes one, too."""

CROWDS: Final = (None, *product((False, True), MOMENTS))
"""Nobody else; or others, whose assets are like ours or not, at one of these moments."""

SETTINGS: Final = tuple(product(CROWDS, (True, False), (0.0, 5.0, 90.0)))
"""Who else is there, whether the API shows names, and by how many seconds its list lags."""

ENOUGH: Final = 4
"""Assets that strangers make in one run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How it ended for one claim of ours; ``foreign``: it has the asset of a stranger or of another claim."""

    doubted: bool
    held: bool
    billed: bool
    foreign: bool


class Strangers:
    """What they do, point by point."""

    def __init__(self, rng: Random, crowd: tuple[bool, str] | None) -> None:
        self._rng = rng
        self._alike, self._moment = crowd or (False, "")
        self._left = ENOUGH if crowd else 0

    def __call__(self, world: World, point: str) -> None:
        """Make an asset, or not."""
        chance = 0.5 if point in MOMENTS.get(self._moment, ()) else 0.02
        if not self._left or self._rng.random() >= chance:
            return
        self._left -= 1
        alike = self._alike and self._rng.random() < 0.8
        languages = ["es-ES"] if alike else self._rng.choice((["fr-FR"], ["es-ES", "fr-FR"], ["es-ES"]))
        duration = LENGTH if alike else self._rng.choice((3.0, LENGTH + 0.2, 60.0))
        name = self._rng.choice((None, "clip.mp4", "holiday.mp4"))
        request = {
            "locale": "en-US",
            "languages": [{"locale": locale} for locale in languages],
            "auto_generate": "with_lips",
        }
        world.studio.stranger(request, duration=duration, name=name)


def play(seed: int, rules: Rules | None = None) -> World:
    """Play one run; which setting it has follows from its seed."""
    crowd, names, lag = SETTINGS[seed % len(SETTINGS)]
    rng = Random(seed)
    clips = ("clip.mp4", "clap.mp4")[: 2 if rng.random() < 0.25 else 1]
    return World(
        seed=seed,
        cuts=frozenset(rng.randrange(1, 25 * len(clips) + 15) for _ in range(rng.randrange(3))),
        orderly=rng.random() < 0.5,
        weather=Weather(lost_request=0.3, lost_reply=0.3, unanswered=0.05),
        switches={
            "names": names,
            "list_lag": lag,
            "order": rng.choice(("newest", "oldest", "random")),
            "duration": rng.choice(("at_once", "null_until_processed", "null_in_list", "absent")),
        },
        rules=rules or Rules(),
        drops={name: name.encode() * 9 for name in clips},
        languages=("es-ES",),
        meddle=Strangers(rng, crowd),
        codec=CODEC,
    ).run()


def endings(world: World) -> list[Ending]:
    """Say how a run ended for each claim."""
    claims = (*world.ledger.living(), *world.ledger.closed())
    return [_ending(world, claim) for claim in claims if claim.attempt is not None]


def _ending(world: World, claim: Claim) -> Ending:
    assert claim.drop.video is not None
    assert claim.attempt is not None
    ours = Video.of(world.drops[claim.drop.video.name], duration=LENGTH).sha256
    asset = None if claim.asset_id is None else world.studio.record(claim.asset_id)
    return Ending(
        doubted=claim.attempt.doubt_since is not None,
        held=claim.state is State.HELD,
        billed=any(bill.sha256 == ours for bill in world.studio.bills),
        foreign=asset is not None and (asset.video is None or asset.video.sha256 != ours),
    )
