"""Running endpoints; each is ended when its test is over."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from receiving import LONG, Open, Receiver


@pytest.fixture
def receive() -> Iterator[Open]:
    """Start an endpoint."""
    with ExitStack() as ends:

        def receive(listen: str = "127.0.0.1:0", *, patience: float = LONG) -> Receiver:
            receiver = Receiver(listen, patience=patience)
            receiver.server.start()
            ends.callback(receiver.server.stop)
            return receiver

        yield receive
