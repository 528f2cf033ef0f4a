"""
A storm of callbacks: out of order, twice, forged, through the real server into the real driver.

Time is counted (see `multitude`), HTTP is real: the callbacks that leave in the same moments are posted by several
visitors at once, whose order nobody decides. The first comes as soon as the daemon runs, so that it knows of callbacks,
as one does that has been running for a while.
"""

import http.client
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Final, Self

from multitude import Multitude, seconds

from panjaya_watchd.core.names import ClaimId
from panjaya_watchd.rehearsal.records import Event
from panjaya_watchd.rehearsal.shapes import callback_shape
from panjaya_watchd.run.messages import Called
from panjaya_watchd.web.callback import Callbacks, Told
from panjaya_watchd.web.server import WebServer
from panjaya_watchd.web.signature import read_public_key

LATEST: Final = 120.0
"""Seconds that a callback may be late."""

MOMENT: Final = 10.0
"""Seconds; what leaves within so many is posted at once."""

VISITORS: Final = 8
"""Connections at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One callback as it is posted."""

    at: float
    claim_id: ClaimId
    body: bytes
    signature: str


class Listener(AbstractContextManager["Listener"]):
    """The daemon's own server with its endpoint; what it hears goes to ``say``."""

    def __init__(self, public_key: str, say: Callable[[Called], None]) -> None:
        with TemporaryDirectory() as made:
            key = Path(made) / "key.pem"
            key.write_text(public_key)
            app = Callbacks(key=read_public_key(key), say=lambda told: say(_heard(told))).app
        self._server = WebServer(app, "127.0.0.1:0")
        self.statuses: Counter[int] = Counter()

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    def post(self, posts: list[Post]) -> None:
        """Post them all, by several visitors; when it comes back all are answered, and so heard or not."""
        with ThreadPoolExecutor(VISITORS) as visitors:
            shares = [posts[first::VISITORS] for first in range(min(VISITORS, len(posts)))]
            for statuses in visitors.map(self._visit, shares):
                self.statuses.update(statuses)

    def _visit(self, posts: list[Post]) -> list[int]:
        connection, statuses = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=30), []
        for post in posts:
            headers = {"X-Signature": post.signature, "Content-Type": "application/json"}
            connection.request("POST", f"/callback/{post.claim_id}", post.body, headers)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        connection.close()
        return statuses


@dataclass(slots=True, kw_only=True)
class Storm(Multitude):
    """``posts`` callbacks are posted in all, half of them forged, and of the others some twice or more often."""

    posts: int
    ages: float = 60.0
    callbacks: bool = True
    statuses: Counter[int] = field(default_factory=Counter)
    heard: list[Called] = field(default_factory=list)
    kept: int = 0
    """The most callbacks that were remembered at once."""
    _listener: Listener = field(init=False)

    def run(self) -> "Storm":
        """Run with the listener, if callbacks arrive at all."""
        if not self.callbacks:
            Multitude.run(self)
            return self
        with Listener(self.studio.public_key, self._hear) as self._listener:
            Multitude.run(self)
        self.statuses = self._listener.statuses
        return self

    def left(self) -> int:
        """Count what is kept in memory of videos."""
        rounds = self.driver._crew.rounds
        return len(rounds._looks) + len(rounds._pointed) + len(rounds.hearing._heard) + len(rounds.hearing._untold)

    def _coming(self, until: float) -> list[tuple[float, Callable[[], None]]]:
        if not self.callbacks:
            return []
        chance = Random(self.seed)
        genuine = [self._post(event, claim_id, chance) for event, claim_id in self.told(until)]
        genuine += chance.choices(genuine, k=max(0, self.posts // 2 - len(genuine)))
        forged = [self._forged(chance.choice(genuine), chance) for _ in range(self.posts - len(genuine))]
        posts = [*genuine, *forged]
        chance.shuffle(posts)
        posts.sort(key=lambda post: post.at // MOMENT)
        first = next(post for post in genuine if b'"version_generating"' in post.body)
        return [
            (self.began, partial(self._listener.post, [first])),
            *(
                (max(self.began, (moment + 1) * MOMENT), partial(self._deliver, list(together)))
                for moment, together in groupby(posts, key=lambda post: post.at // MOMENT)
            ),
        ]

    def _post(self, event: Event, claim_id: ClaimId, chance: Random) -> Post:
        body = json.dumps(callback_shape(event, self.studio.switches)).encode()
        at = seconds(event.at) + chance.uniform(0, LATEST)
        return Post(at=at, claim_id=claim_id, body=body, signature=self.studio.seal.sign(body))

    def _forged(self, post: Post, chance: Random) -> Post:
        """Make one that nobody has signed: for another body, with a digit changed, without a signature."""
        told = {**json.loads(post.body), "event": "version_generated"}
        body = json.dumps(told, indent=1).encode()
        wrong = chance.choice((post.signature, self.studio.seal.sign(b"{}"), "", "00" * 64, "not a signature"))
        at = chance.uniform(self.began, post.at)
        return Post(at=at, claim_id=post.claim_id, body=body, signature=wrong)

    def _deliver(self, posts: list[Post]) -> None:
        self._listener.post(posts)
        kept = self.driver._crew.rounds.hearing._heard
        self.kept = max(self.kept, sum(len(hints) for hints in kept.values()))

    def _hear(self, called: Called) -> None:
        self.heard.append(called)
        self.driver.inbox.put(called)


def _heard(told: Told) -> Called:
    return Called(
        claim_id=told.claim_id,
        asset_id=told.asset_id,
        event=told.event,
        version_id=told.version_id,
        locale=told.locale,
    )
