"""A studio whose time stands still until a test lets it pass, and its HTTP face."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from panjaya_watchd.rehearsal.records import Video
from panjaya_watchd.rehearsal.server import KEY, StudioServer
from panjaya_watchd.rehearsal.studio import Studio
from panjaya_watchd.rehearsal.switches import Switches


class _Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    """Give a clock that stands still."""
    return _Clock()


@pytest.fixture
def wait(clock: _Clock) -> Callable[[float], None]:
    """Let so many seconds pass."""

    def wait(seconds: float) -> None:
        clock.now += timedelta(seconds=seconds)

    return wait


@pytest.fixture
def open_studio(clock: _Clock) -> Callable[..., Studio]:
    """Make a studio with some switches changed."""
    return lambda seed=0, ids=None, **switches: Studio(Switches(**switches), clock=clock, seed=seed, ids=ids)


@pytest.fixture
def ask() -> Callable[..., dict[str, Any]]:
    """Make request parameters: English into Spanish and French, generated; None takes a key away."""

    def ask(*targets: str, **changes: Any) -> dict[str, Any]:
        languages = [{"locale": locale} for locale in targets or ("es-ES", "fr-FR")]
        asked = {"locale": "en-US", "languages": languages, "auto_generate": "with_lips", **changes}
        return {key: value for key, value in asked.items() if value is not None}

    return ask


@pytest.fixture
def clip() -> Video:
    """Pretend a video of a minute."""
    return Video.of(b"a minute of talk", duration=60.0)


@pytest.fixture
def serve(open_studio: Callable[..., Studio]) -> Iterator[Callable[..., StudioServer]]:
    """Start a server with some switches changed, by default without looking into videos."""
    with ExitStack() as servers:

        def serve(tls: Any = None, **switches: Any) -> StudioServer:
            return servers.enter_context(StudioServer(open_studio(**{"inspect": False, **switches}), tls=tls))

        yield serve


@pytest.fixture
def connect() -> Iterator[Callable[..., httpx.Client]]:
    """Make a client with the key in its pocket; ``key=None``: without."""
    with ExitStack() as clients:

        def connect(server: StudioServer, *, key: str | None = KEY, **options: Any) -> httpx.Client:
            options.setdefault("verify", False)  # reading the trusted certificates takes 30 ms, and most talk is plain
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            return clients.enter_context(
                httpx.Client(base_url=server.base_url, headers=headers, trust_env=False, timeout=10, **options)
            )

        yield connect
