"""The pulse: who is accounted for, when a beat is given, and what is asked of the service manager's patience."""

from dataclasses import dataclass, field

import pytest
from run.stage import FOLDER, logged, watched
from structlog.testing import CapturingLogger
from world import SimClock

from panjaya_watchd.core.names import FolderName
from panjaya_watchd.places.base import Scan
from panjaya_watchd.run.intake import Intake
from panjaya_watchd.run.pulse import LOST, MISSED, REST, STRIDE, TURN, Pulse

OTHER = FolderName("archive")


class Manager:
    """A service manager that counts beats, and writes down for how long it is asked to wait."""

    watchdog: float | None = 60.0

    def __init__(self) -> None:
        self.beats = 0
        self.patience: list[float] = []

    def ready(self) -> None:
        """Not said by the pulse."""

    def status(self, words: str) -> None:
        """Not said by the pulse."""

    def alive(self) -> None:
        """Count."""
        self.beats += 1

    def extend(self, seconds: float) -> None:
        """Write it down."""
        self.patience.append(seconds)

    def stopping(self) -> None:
        """Not said by the pulse."""


@dataclass
class Body:
    """A pulse over folders whose scans the test begins and ends, by a clock that it turns."""

    clock: SimClock = field(default_factory=SimClock)
    manager: Manager = field(default_factory=Manager)
    log: CapturingLogger = field(default_factory=CapturingLogger)
    looks: list[FolderName] = field(default_factory=list)
    intakes: dict[FolderName, Intake] = field(default_factory=lambda: {FOLDER: watched().intake})

    def __post_init__(self) -> None:
        self.pulse = Pulse(manager=self.manager, clock=self.clock, log=self.log, look=self.looks.append)
        self.pulse.starting()
        self.pulse.started()

    def turn(self, seconds: float, step: float = REST) -> int:
        """Let the driver turn for so long; give the beats of that time."""
        before = self.manager.beats
        for _ in range(int(seconds / step)):
            self.clock.seconds += step
            self.pulse.turned(self.intakes)
        return self.manager.beats - before

    def scan(self, folder: FolderName = FOLDER) -> None:
        """Begin and finish a scan."""
        intake = self.intakes[folder]
        intake.begin(self.clock.monotonic())
        self.turn(REST)
        intake.take(Scan(files=()))
        intake.sight(self.clock.monotonic(), 0.0, ())
        intake.looking = False


@pytest.fixture
def body() -> Body:
    """Give a daemon that has just started."""
    return Body()


def test_each_turn_is_a_beat_while_every_folder_is_scanned(body: Body) -> None:
    """For an hour, and nothing is logged."""
    for _ in range(120):
        body.scan()
        assert body.turn(29) == 29

    assert body.log.calls == []


def test_a_folder_that_nobody_scans_any_more_stops_the_heart(body: Body) -> None:
    """The driver turns, the thread lives, and still no drop would ever be seen: that is no health (R4, R41)."""
    body.scan()
    assert body.turn(LOST + 2 * MISSED * 30) < LOST + MISSED * 30

    assert body.turn(600) == 0
    assert body.pulse.lost == (FOLDER,)


def test_the_loss_is_told_once_and_a_scan_is_asked_for(body: Body) -> None:
    """One loud line, with what happens next."""
    body.scan()
    body.turn(600)

    (said,) = logged(body.log, "scan.lost")
    assert said["folder"] == FOLDER
    assert "fault of this service" in said["why"]
    assert "watchdog" in said["hint"]
    assert body.looks == [FOLDER]


def test_where_asking_helps_the_heart_beats_on(body: Body) -> None:
    """A restart would throw uploads away, so the smaller cure comes first; the fault is told all the same."""
    body.scan()
    body.turn(600)
    body.scan()

    assert body.pulse.lost == ()
    assert body.turn(29) == 29
    body.turn(600)
    assert len(logged(body.log, "scan.lost")) == 2


def test_a_stuck_share_is_no_reason_to_restart(body: Body) -> None:
    """A scan that does not come back for a day: its folder is unusable, the others go on, no restart would cure it."""
    body.intakes[FOLDER].begin(body.clock.monotonic())

    assert body.turn(86_400, step=30) == 86_400 / 30
    assert body.pulse.lost == ()


def test_a_slow_folder_is_scanned_less_often_and_not_lost(body: Body) -> None:
    """Its own interval decides: a scan of ten seconds comes every fifty minutes."""
    intake = body.intakes[FOLDER]
    body.scan()
    intake.begin(body.clock.monotonic())
    for _ in range(2):  # the shorter of two counts
        intake.sight(body.clock.monotonic(), 10.0, ())
    body.turn(REST)
    intake.looking = False
    assert intake.interval == 3000

    body.turn(MISSED * 3000, step=2)
    assert body.looks == []
    body.turn(4)
    assert body.looks == [FOLDER]


def test_one_lost_folder_among_many_is_enough(body: Body) -> None:
    """Each folder has somebody who waits."""
    body.intakes[OTHER] = watched().intake
    for _ in range(30):
        body.scan()
        body.turn(29)

    assert body.pulse.lost == (OTHER,)
    assert body.turn(30) == 0
    del body.intakes[OTHER]
    assert body.turn(30) == 30


def test_a_driver_that_stood_still_has_not_lost_its_folders(body: Body) -> None:
    """After a stop signal, or a disk that hung, the scans are due at once; one turn counts for little."""
    body.scan()
    body.turn(1)
    body.clock.seconds += 86_400
    body.pulse.turned(body.intakes)

    assert body.pulse.lost == ()
    assert body.turn(LOST / 2) > LOST / 2 - STRIDE


def test_thousands_of_turns_a_second_are_one_beat(body: Body) -> None:
    """A message a turn; the service manager is not asked to hear each."""
    assert body.turn(10, step=1 / 128) == 10


@pytest.mark.parametrize(("watchdog", "rest"), [(60.0, 1.0), (None, 1.0), (2.0, 0.5)])
def test_the_driver_rests_as_the_watchdog_allows(watchdog: float | None, rest: float, body: Body) -> None:
    """Four beats within its patience, at the least."""
    body.manager.watchdog = watchdog

    assert body.pulse.rest == rest


def test_what_becomes_durable_is_a_sign_of_life_within_a_turn(body: Body) -> None:
    """A turn for fifty claims on a disk that takes a second for each is slow, and no reason to kill."""
    body.turn(1)
    for _ in range(300):
        body.clock.seconds += 1
        body.pulse.moved()

    assert body.manager.beats == 301


def test_a_turn_without_an_end_is_no_life(body: Body) -> None:
    """Writing for ever is no progress."""
    body.turn(1)
    for _ in range(2000):
        body.clock.seconds += 1
        body.pulse.moved()

    assert body.manager.beats == TURN


def test_a_lost_folder_is_not_covered_up_by_what_becomes_durable(body: Body) -> None:
    """The other folders' drops move on; that says nothing of this one."""
    body.scan()
    body.turn(600)
    beats = body.manager.beats
    body.clock.seconds += 10
    body.pulse.moved()

    assert body.manager.beats == beats


def test_a_start_asks_for_patience_until_it_is_over() -> None:
    """Thousands of claims are resumed on a slow disk: `TimeoutStartSec` must not break that off."""
    body = Body()
    body.pulse.starting()
    body.manager.patience.clear()
    for _ in range(5):
        body.clock.seconds += 1
        body.pulse.moved()
    body.pulse.started()
    body.turn(5)

    assert body.manager.patience == [90.0] * 5


def test_an_end_asks_for_patience_as_long_as_something_is_waited_for(body: Body) -> None:
    """A short `TimeoutStopSec` must not kill an upload whose answer is on its way."""
    body.pulse.ending()
    for _ in range(3):
        body.clock.seconds += 1
        body.pulse.moved()

    assert body.manager.patience[1:] == [15.0] * 4
