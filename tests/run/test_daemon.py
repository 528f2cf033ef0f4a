"""The daemon from start to end, with real lanes and threads over a folder in memory."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from run.stage import CLAIM, FOLDER, QUIET, Api, Room, Stage, logged, watched
from samples import claim
from structlog.testing import CapturingLogger

from panjaya_watchd.core import effects
from panjaya_watchd.core.claim import Claim, State
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.ledger.memory import MemoryLedger
from panjaya_watchd.places.base import NOTHING_KNOWN, Known, Scan
from panjaya_watchd.places.memory import MemoryPlace
from panjaya_watchd.run import daemon, pulse
from panjaya_watchd.run.board import Board
from panjaya_watchd.run.clock import SystemClock
from panjaya_watchd.run.daemon import Daemon, answer
from panjaya_watchd.run.driver import Driver
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.lanes import Lanes
from panjaya_watchd.run.listening import Listening
from panjaya_watchd.run.messages import Question
from panjaya_watchd.run.meter import Meters

LONG = 30.0
VIDEO = b"talk " * 50


class Manager:
    """A service manager that writes down what it is told, and lets a test wait for a word."""

    def __init__(self) -> None:
        self.watchdog: float | None = None
        self.told: list[str] = []
        self.patience: list[float] = []
        self.beats = 0
        self.has_pulse = threading.Event()
        self.is_asked_again = threading.Event()
        self.is_ready = threading.Event()

    def ready(self) -> None:
        """Note it, and forget how long the start has taken."""
        self.told.append("ready")
        self.patience.clear()
        self.is_ready.set()

    def status(self, words: str) -> None:
        """Note it."""
        self.told.append(words)

    def alive(self) -> None:
        """Count it."""
        self.beats += 1
        if self.beats == 3:
            self.has_pulse.set()

    def extend(self, seconds: float) -> None:
        """Note it."""
        self.patience.append(seconds)
        if self.patience[-2:] == [pulse.ENDING] * 2:
            self.is_asked_again.set()

    def stopping(self) -> None:
        """Note it."""
        self.told.append("stopping")


class Hints:
    """Hints that are counted, and perhaps refused."""

    def __init__(self, *, refuse: bool = False) -> None:
        self.refuse = refuse
        self.calls: list[str] = []
        self.asked = threading.Event()

    def start(self) -> None:
        """Begin."""
        self.calls.append("start")
        self.asked.set()
        if self.refuse:
            raise PlaceError("There are no watches left.", hint="Raise fs.inotify.max_user_watches.")

    def stop(self) -> None:
        """End."""
        self.calls.append("stop")


@dataclass
class House:
    """A daemon over a room, run in a thread of its own."""

    room: Room
    claims: tuple[Claim, ...] = ()
    hints: Hints = field(default_factory=Hints)
    manager: Manager = field(default_factory=Manager)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    log: CapturingLogger = field(default_factory=CapturingLogger)
    quiet: float = QUIET
    error: BaseException | None = None

    def __post_init__(self) -> None:
        for each in self.claims:
            self.ledger.put(each)
        clock = SystemClock()
        inbox = Inbox(clock)
        listening = Listening({FOLDER: self.hints})
        lanes = Lanes(
            hands=self.room.hands,
            inbox=inbox,
            uploads=1,
            downloads=1,
            folders=(FOLDER,),
            listening=listening,
        )
        driver = Driver(
            ledger=self.ledger,
            doing=lanes,
            inbox=inbox,
            clock=clock,
            log=self.log,
            watched={FOLDER: watched(self.quiet)},
            new_id=lambda: CLAIM,
        )
        self.daemon = Daemon(
            driver=driver,
            lanes=lanes,
            inbox=inbox,
            ledger=self.ledger,
            log=self.log,
            manager=self.manager,
            closers=(listening.end, lambda: self.hints.calls.append("closed")),
        )
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.daemon.run()
        except BaseException as error:  # noqa: BLE001  (the test looks at it)
            self.error = error
        finally:
            self.manager.is_ready.set()

    def start(self) -> "House":
        """Begin, and wait for READY."""
        self._thread.start()
        assert self.manager.is_ready.wait(LONG)
        return self

    def end(self) -> None:
        """Wait for its end, also that of its lanes' threads."""
        self._thread.join(LONG)
        assert not self._thread.is_alive()
        self.daemon.lanes.stop()
        for lane in self.daemon.lanes._all():
            for thread in lane._threads:
                thread.join(LONG)


def test_ready_is_said_when_every_folder_was_looked_at() -> None:
    """Not before: "started" means that drops are seen."""
    house = House(Room(files={"talk.mp4": VIDEO})).start()
    house.daemon.stop()
    house.end()

    assert house.error is None
    assert house.manager.told[-3:] == ["Watching 1 folder: 1 waiting", "ready", "stopping"]
    assert "ready" not in house.manager.told[:-3]
    assert [event for call in house.log.calls for event in call.args] == [
        "daemon.ready",
        "daemon.stopping",
        "daemon.stopped",
    ]


def test_a_daemon_that_turns_has_a_pulse() -> None:
    """Beats as often as the watchdog wants them, from its start on."""
    house = House(Room())
    house.manager.watchdog = 0.04
    house.start()
    assert house.manager.has_pulse.wait(LONG)
    house.daemon.stop()
    house.end()

    assert set(house.manager.patience) == {pulse.ENDING}, "once it has begun nothing is waited for"


def test_what_becomes_durable_while_it_starts_asks_for_patience() -> None:
    """A start on a ledger of thousands and a slow disk takes its time within one turn."""
    house = House(Room())
    house.daemon.pulse.starting()
    house.daemon.pulse._signed -= 10
    house.daemon.driver.moved()

    assert house.manager.patience == [pulse.STARTING] * 2


def test_the_status_is_told_when_it_changes_and_not_too_often() -> None:
    """Each is handed on to everybody who listens to systemd."""
    house = House(Room())
    intake = house.daemon.driver.watched[FOLDER].intake
    house.daemon._tell_status()
    intake.trouble = "It is full."
    house.daemon._tell_status()
    assert len(house.manager.told) == 1

    for _ in range(2):
        house.daemon._tell_at = 0.0
        house.daemon._tell_status()
    assert len(house.manager.told) == 2


def test_a_folder_that_nobody_scans_any_more_is_scanned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said loudly, asked for once more, and shown in the status as long as it lasts."""
    monkeypatch.setattr(pulse, "LOST", 0.02)
    monkeypatch.setattr(pulse, "MISSED", 0)
    monkeypatch.setattr(daemon, "NEWS", 0.0)
    house = House(Room(), quiet=0.1)
    house.manager.watchdog = 0.04
    house.start()
    for _ in range(1000):
        if len(logged(house.log, "scan.lost")) > 1:
            break
        threading.Event().wait(0.01)
    house.daemon.stop()
    house.end()

    assert len(logged(house.log, "scan.lost")) > 1
    assert "Watching 1 folder: nothing under way; no longer scanned, by a fault: marketing" in house.manager.told


class Unmounted(MemoryPlace):
    """A folder that is not there."""

    def scan(self, known: Known = NOTHING_KNOWN) -> Scan:
        """Refuse."""
        raise PlaceError("It is not mounted.", hint="Mount it.")


def test_a_folder_that_cannot_be_used_does_not_keep_the_daemon_from_starting() -> None:
    """It says so in its status, and the others are served."""
    house = House(Room(place_type=Unmounted)).start()
    house.daemon.stop()
    house.end()

    assert "Watching 1 folder: nothing under way; unusable: marketing" in house.manager.told
    assert "ready" in house.manager.told


def test_an_end_in_order_lets_go_of_everything() -> None:
    """Hints, sockets and the ledger, so that the next start finds them free."""
    house = House(Room()).start()
    assert house.hints.asked.wait(LONG)
    house.daemon.stop()
    house.end()

    assert house.hints.calls == ["start", "stop", "closed"]
    assert house.ledger._open is False


def test_without_hints_the_folder_is_watched_all_the_same() -> None:
    """The scan is the truth."""
    house = House(Room(), hints=Hints(refuse=True)).start()
    assert house.hints.asked.wait(LONG)
    house.daemon.stop()
    house.end()

    assert house.error is None
    assert house.hints.calls == ["start", "closed"]


class Broken(MemoryPlace):
    """A folder with a bug."""

    def scan(self, known: Known = NOTHING_KNOWN) -> Scan:
        """Fail as nobody foresaw."""
        raise ZeroDivisionError("a bug")


def test_a_bug_ends_the_daemon_and_lets_go_of_everything() -> None:
    """The service manager starts it again; the ledger and the hints are not left behind."""
    house = House(Room(place_type=Broken)).start()
    house.end()

    assert isinstance(house.error, ZeroDivisionError)
    assert house.hints.calls == ["closed"]
    assert house.ledger._open is False


class Asking(Api):
    """An API that tells when the mark is asked for, and gives it only when it may."""

    asked = threading.Event()
    may = threading.Event()

    def list_assets(self) -> Any:
        """Wait."""
        self.asked.set()
        self.may.wait(LONG)
        return super().list_assets()


def uploading(api: Api) -> House:
    """Give a daemon whose ledger has a claim that was being sent when it died."""
    room = Room(files={"talk.mp4": VIDEO}, api=api)
    taken = room.taken(state=State.UPLOADING)
    return House(room, claims=(taken,))


def test_an_end_before_the_gate_takes_the_upload_back() -> None:
    """Nothing was sent whole, the claim stays what it is, and the end does not wait for the network's patience."""
    Asking.asked.clear()
    Asking.may.clear()
    house = uploading(Asking()).start()
    assert Asking.asked.wait(LONG)
    house.daemon.stop()
    house.daemon.inbox.put(Question(words={}, answer=lambda _: Asking.may.set()))
    house.end()
    after = house.ledger.reopen().get(CLAIM)

    assert after is not None
    assert after.state is State.UPLOADING
    assert house.room.api.took == []
    assert house.manager.told[-1] == "stopping"


class Slow(Api):
    """An API that has the whole video and takes its time to say so."""

    has_it = threading.Event()
    may = threading.Event()

    def submit(self, submission: Any) -> Any:
        """Take it, wait, answer."""
        answer = super().submit(submission)
        self.has_it.set()
        self.may.wait(LONG)
        return answer


def test_an_end_after_the_gate_waits_for_the_answer() -> None:
    """What was paid for is noted before the daemon is gone."""
    Slow.has_it.clear()
    Slow.may.clear()
    house = uploading(Slow())
    house.manager.watchdog = 0.04
    house.start()
    assert Slow.has_it.wait(LONG)
    house.daemon.stop()
    assert house.manager.is_asked_again.wait(LONG)
    Slow.may.set()
    house.end()
    after = house.ledger.reopen().get(CLAIM)

    assert after is not None
    assert (after.state, after.asset_id) == (State.DUBBING, "a1")
    assert house.manager.told[-1] == "Stopping: waits for the answer to an upload that the API has as a whole"


# what a command may ask


def asked(stage: Stage, words: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask a driver."""
    said: list[Mapping[str, Any]] = []
    answer(stage.driver, Question(words=words, answer=said.append), Board(), Meters())
    (answered,) = said
    return answered


def test_the_status_can_be_asked_for() -> None:
    """It is what `report` says."""
    said = asked(Stage().start(claim(State.HELD)), {"ask": "status"})

    assert said["running"] is True
    assert said["rates"] == []
    assert [each["claim"] for each in said["claims"]] == ["c0ffee"]


@pytest.mark.parametrize(
    "words",
    [{}, {"ask": "dance"}, {"ask": None}, {"ask": ["status"]}, {"ask": "tell"}, {"ask": "tell", "word": "burn"}],
)
def test_an_unknown_question_is_refused_in_words(words: Mapping[str, Any]) -> None:
    """The command is newer or older than the daemon: both say so, and neither falls over."""
    assert "of another release" in asked(Stage().start(), words)["refused"]


@pytest.mark.parametrize("word", [[], {}, [["retry"]]])
def test_a_word_that_is_no_word_is_refused_in_words(word: object) -> None:
    """Nothing that comes through the socket may end the daemon."""
    said = asked(Stage().start(claim(State.HELD)), {"ask": "tell", "word": word, "claim": "c0ffee"})

    assert "refused" in said


@pytest.mark.parametrize(
    ("words", "state", "effect"),
    [
        ({"word": "retry"}, State.UPLOADING, effects.Upload()),
        ({"word": "release"}, State.FILING, effects.PutAway()),
    ],
)
def test_a_persons_word_moves_a_held_claim(words: Mapping[str, Any], state: State, effect: effects.Effect) -> None:
    """Durable before it is answered."""
    stage = Stage().start(claim(State.HELD))

    assert asked(stage, {"ask": "tell", "claim": "c0ffee", **words}) == {"done": True}
    after = stage.ledger.get(CLAIM)
    assert after is not None
    assert after.state is state
    assert stage.notes.effects() == [effect]


def test_an_asset_can_be_adopted() -> None:
    """The claim has it and is followed."""
    stage = Stage().start(claim(State.HELD))

    assert asked(stage, {"ask": "tell", "claim": "c0ffee", "word": "adopt", "asset": "a7"}) == {"done": True}
    assert stage.driver.living[CLAIM].asset_id == "a7"
    assert "refused" in asked(stage, {"ask": "tell", "claim": "c0ffee", "word": "adopt", "asset": "a8"})


@pytest.mark.parametrize("claimed", ["nobody", None, 7, ["c0ffee"]])
def test_a_word_for_a_claim_that_is_not_there_is_refused(claimed: object) -> None:
    """By its name, so that a slip of the pen is seen."""
    said = asked(Stage().start(), {"ask": "tell", "claim": claimed, "word": "retry"})

    assert said["refused"] == f"Claim {claimed} is not held. Nothing was changed."


def test_adopting_without_an_asset_is_refused() -> None:
    """Nothing is guessed."""
    stage = Stage().start(claim(State.HELD))

    assert "refused" in asked(stage, {"ask": "tell", "claim": "c0ffee", "word": "adopt"})
    assert stage.driver.living[CLAIM].state is State.HELD
