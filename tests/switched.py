"""
The simulated machine against the real studio over real HTTP, under any of its switches.

Driver, hands, client and studio are the real ones, the network is loopback; only time and the disk are played.
Callbacks are heard by the real listener.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, get_args, get_origin, get_type_hints

from machine import LIFE
from world import DROPS, World

from panjaya_watchd.api.base import Download
from panjaya_watchd.api.panjaya import Panjaya
from panjaya_watchd.core.answers import Fault
from panjaya_watchd.core.claim import Claim, Destination, DubbingState, State
from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.rehearsal.server import StudioServer
from panjaya_watchd.rehearsal.switches import Chaos, Switches
from panjaya_watchd.run.messages import Called
from panjaya_watchd.web.callback import Callbacks, Told
from panjaya_watchd.web.server import WebServer
from panjaya_watchd.web.signature import PublicKey

WEB = {"web.toml": b'media_url = "https://cdn.example/web.mp4"\nlanguages = ["es-ES", "de-DE"]\n'}
NUMBERS: dict[str, tuple[Any, ...]] = {
    "asset_after": (0.0, 30.0),
    "ready_after": (0.0, 600.0),
    "editing_for": (0.0, 300.0),
    "generate_after": (0.0, 600.0),
    "spread": (0.5,),
    "asset_statuses": (("pending", "done"), ("", "READY")),
    "page_size": (1, 3),
    "list_lag": (5.0, 3600.0),
    "result_expires": (0.5,),
    "studio_link_lasts": (1.0,),
    "assumed_duration": (1.0, 7200.0),
    "max_bytes": (160,),
    "max_minutes": (0.5,),
    "chaos": tuple(Chaos(probability=share, seed=seed) for share in (0.05, 0.3) for seed in (1, 2)),
}
"""What is no choice between names is drawn from these: short and long, few and many, and enough to fail."""


@dataclass(slots=True)
class HttpWorld(World):
    """A `World` whose API is HTTP; see `open_world`."""

    server: StudioServer = field(init=False)
    files: Path = field(init=False)
    url: Callable[[ClaimId], str | None] = lambda _: None
    clients: list[Panjaya] = field(default_factory=list)

    def _boot(self) -> None:
        World._boot(self)
        self.driver.callback_url = self.url


class HttpApi(Panjaya):
    """The client, which fetches into a real folder what lies on the played disk afterwards."""

    def __init__(self, world: World) -> None:
        assert isinstance(world, HttpWorld)
        super().__init__(world.server.base_url, world.server.key)
        self._world = world
        world.clients.append(self)

    def download(self, result_url: str, into: Path, progress: Callable[[int], None]) -> Download | Fault:
        """Fetch as ever; what a fault leaves behind is gone on with."""
        real = self._world.files / str(into).replace("/", "_")
        done = super().download(result_url, real, progress)
        if not isinstance(done, Fault):
            self._world.disk.write(str(into), real.read_bytes())
            real.unlink()
        return done


@contextmanager
def open_world(seed: int, switches: dict[str, Any]) -> Iterator[HttpWorld]:
    """Give a world with two videos and one on the web in its folder, and a studio of these switches."""
    given = {**LIFE, "envelope": "items", "pagination": "page", "callbacks": True, **switches}
    if given.get("envelope") == "bare" and given.get("pagination") in {"cursor", "link"}:
        given["pagination"] = "none"
    drops = {**DROPS, **WEB}
    world = HttpWorld(seed=seed, drops=drops, switches=given, languages=("es-ES",), api_type=HttpApi, pace=600.0)  # type: ignore[arg-type]
    with TemporaryDirectory(prefix="switched-") as folder, StudioServer(world.studio) as server:
        world.server, world.files = server, Path(folder)
        key = PublicKey.of(world.studio.public_key.encode())
        web = WebServer(Callbacks(key=key, say=lambda told: _hear(world, told)).app, "127.0.0.1:0")
        web.start()
        world.url = lambda claim_id: f"http://127.0.0.1:{web.port}/callback/{claim_id}"
        try:
            yield world
        finally:
            web.stop()
            for client in world.clients:
                client.close()


def _hear(world: HttpWorld, told: Told) -> None:
    world.driver.inbox.put(
        Called(
            claim_id=told.claim_id,
            asset_id=told.asset_id,
            event=told.event,
            version_id=told.version_id,
            locale=told.locale,
        )
    )


def ends(world: HttpWorld) -> list[str]:
    """
    Hold every claim against what is promised; give how each ended.

    At most one bill for each asset that was made, and as many assets as claims; a result is what the studio made of
    that version; what is held says why; what failed says so in the studio's words.
    """
    made = [bill.asset_id for bill in world.studio.bills]
    assert len(made) == len(set(made)), world.describe()
    claims = [*world.ledger.living(), *world.ledger.closed()]
    assert len(made) <= len(claims), world.describe()
    assert sorted(claim.drop.stem for claim in claims) == ["talk", "tour", "web"], world.describe()
    for name, content in world.drops.items():
        assert list(world.disk.files().values()).count(content) == 1, f"{name}: {world.describe()}"
    return [_end(world, claim) for claim in claims]


def _end(world: HttpWorld, claim: Claim) -> str:
    if claim.state is State.HELD:
        assert claim.held, world.describe()
        return f"held: {claim.held_for}"
    assert claim.state is State.CLOSED, world.describe()
    assert claim.outcome is not None
    filed = world.filed(claim)
    if claim.outcome.to is Destination.FAILED:
        assert claim.outcome.why in world.disk.read(f"{filed}/WHY.txt").decode(), world.describe()
        assert claim.asset_id is not None, world.describe()
        asset, now = world.studio.record(claim.asset_id), world.clock.now()
        assert asset.failed(now) or any(each.status(now) == "Failed" for each in asset.versions), world.describe()
        return "failed"
    for dubbing in claim.dubbings:
        if dubbing.state is DubbingState.FETCHED:
            assert dubbing.result is not None
            assert dubbing.version_id is not None
            version = world.studio.version_record(dubbing.version_id)
            assert (version.asset_id, version.locale) == (claim.asset_id, dubbing.locale), world.describe()
            assert len(world.disk.read(f"{filed}/{dubbing.result.name}")) == dubbing.result.size, world.describe()
    return "done"


def single() -> list[dict[str, Any]]:
    """Give every value of every switch, each alone."""
    return [{name: value} for name, values in choices().items() for value in values]


def draw(random: Random) -> dict[str, Any]:
    """Draw a value for about half of the switches."""
    return {name: random.choice(values) for name, values in choices().items() if random.random() < 0.5}


def choices() -> dict[str, tuple[Any, ...]]:
    """
    Give the values of every switch that is played.

    ``inspect`` is not, because the played videos are none; nor is ``callback_early``, which holds an answer back until
    time has passed, and here time stands still meanwhile: the real daemon meets it in ``e2e/test_capabilities.py``.
    """
    hints = get_type_hints(Switches)
    found: dict[str, tuple[Any, ...]] = {}
    for switch in fields(Switches):
        hint = hints[switch.name]
        named = (False, True) if hint is bool else get_args(hint) if get_origin(hint) is not None else ()
        found[switch.name] = NUMBERS.get(switch.name, named)
    del found["inspect"], found["callback_early"]
    return found
