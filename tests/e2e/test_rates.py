"""Rates, with the real daemon over real HTTP: one upload and one download, measured."""

from collections.abc import Callable
from datetime import datetime

from e2e.cell import Noting
from machine import Machine, talk

from panjaya_watchd.rehearsal.interference import Seen
from panjaya_watchd.run.meter import BURST

SIZE = 500_000
"""Bytes of the video; the dubbing has about 58,000."""

UP, DOWN = 1_000_000, 100_000
"""Bytes a second."""

ROUNDING = 0.01
"""Seconds by which times that are read off two clocks may differ."""

BUSY = 3.0
"""Seconds that a busy machine may add; without a limit both take less than a tenth of one."""


def test_an_upload_and_a_download_go_at_their_rates(open_machine: Callable[..., Machine]) -> None:
    """A folder's own rate, by the hour, and that of all folders; the status tells both; all bytes arrive."""
    machine = open_machine(
        limits={"download_rate": f"{DOWN // 1000} kB/s"},
        folders={"drop": {"upload_rate": ["00:00-12:00 = 1 MB/s", "12:00-24:00 = 8 Mbit/s"], "quiet": "0.2s"}},
    )
    asked: list[datetime] = []

    def note(seen: Seen) -> None:
        if seen.path.endswith(".mp4"):  # before the first byte of its answer
            asked.append(datetime.now().astimezone())

    machine.server.requests = machine.server._interference.log = Noting(note)
    machine.start()
    assert machine.status()["rates"] == [
        {"folder": "drop", "upload": UP, "download": None},
        {"folder": None, "upload": None, "download": DOWN},
    ]
    video = talk(size=SIZE)
    machine.drop("talk.mp4", video)
    done = machine.answer("talk")

    assert len(machine.bills(video)) == machine.uploads() == len(asked) == 1
    (began,), (gate,), (came,) = (
        [datetime.fromisoformat(line["timestamp"]) for line in lines]
        for lines in (
            machine.story("claim.moved", to="uploading"),
            machine.story("claim.moved", to="releasing"),
            machine.story("result.fetched"),
        )
    )
    result = (done / "talk.es-ES.mp4").stat().st_size
    for seconds, by_rate in (
        ((gate - began).total_seconds(), len(video) / UP),
        ((came - asked[0]).total_seconds(), result / DOWN),
    ):
        assert by_rate - BURST - ROUNDING < seconds < by_rate + BUSY
