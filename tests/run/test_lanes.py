"""The lanes with real threads: every effect comes back, nothing stuck holds up anything else, a bug is not lost."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from run.stage import CLAIM, FOLDER, ROOT, Api, Room, Stage
from samples import BARRED, BUSY, NOW, SPANISH, asset, claim, drop, dubbing
from world import SimClock

from panjaya_watchd.api.base import Download, Patient, Submission
from panjaya_watchd.core import effects, events
from panjaya_watchd.core.answers import Asset, AssetDubbing, Fault
from panjaya_watchd.core.claim import Attempt, Claim, Destination, Dubbing, DubbingState, Outcome, State
from panjaya_watchd.core.drop import Drop, group
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName, VersionId
from panjaya_watchd.core.settle import Evidence
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.media.ending import ending
from panjaya_watchd.places.base import NOTHING_KNOWN, Known, Place, Scan
from panjaya_watchd.places.memory import MemoryPlace
from panjaya_watchd.run.change import Lookout
from panjaya_watchd.run.hands import Hands
from panjaya_watchd.run.inbox import Inbox
from panjaya_watchd.run.lane import Lane
from panjaya_watchd.run.lanes import Lanes
from panjaya_watchd.run.messages import (
    Crashed,
    Examined,
    Happened,
    Listed,
    Message,
    Posted,
    Reading,
    Scanned,
    Swept,
    Unseen,
)

LONG = 30.0
"""Seconds after which a lane that has not answered counts as stuck; none is ever waited for in a test that passes."""

SALES = FolderName("sales")
TALK = {"talk.mp4": b"talk " * 50}


class Stuck(MemoryPlace):
    """A folder on a dead share: whoever looks into it does not come back until the test is over."""

    released = threading.Event()

    def scan(self, known: Known = NOTHING_KNOWN) -> Scan:
        """Wait in the kernel."""
        self.released.wait(LONG)
        return super().scan(known)


class Refusing(MemoryPlace):
    """A folder that cannot be used."""

    def scan(self, known: Known = NOTHING_KNOWN) -> Scan:
        """Refuse."""
        raise PlaceError("It is not mounted.", hint="Mount it.")

    def post(self, text: str | None) -> None:
        """Refuse."""
        raise PlaceError("It is read-only.", hint="Mount it otherwise.")

    def made_here(self, part: object) -> bool:
        """Refuse."""
        raise PlaceError("It cannot be read.", hint="Look at its rights.")


class Crew:
    """Lanes over a room, with their inbox."""

    def __init__(self, room: Room, *, inbox: Inbox | None = None, **others: Place) -> None:
        self.room = room
        self.inbox = inbox or Inbox(SimClock())
        places = {FOLDER: room.place, **{FolderName(name): place for name, place in others.items()}}
        hands = Hands(
            api=room.api,
            places=places,
            probe=room.probe,
            ending=ending,
            clock=room.clock,
            board=room.board,
            stop=room.stop,
        )
        self.lanes = Lanes(hands=hands, inbox=self.inbox, uploads=1, downloads=1, folders=tuple(places))

    def heard(self) -> Message:
        """Wait for the next message."""
        message = self.inbox.take(LONG)
        assert message is not None, "no lane has answered"
        return message

    def event(self) -> events.Event:
        """Wait for the next event."""
        message = self.heard()
        assert isinstance(message, Happened), message
        return message.event

    def close(self) -> None:
        """End every lane and wait for its threads."""
        self.lanes.stop()
        for lane in self.lanes._all():
            for thread in lane._threads:
                thread.join(LONG)


@pytest.fixture
def room() -> Room:
    """Give a folder with one video in it."""
    return Room(files=TALK)


@pytest.fixture
def crew(room: Room) -> Iterator[Crew]:
    """Give lanes over that folder."""
    crew = Crew(room)
    yield crew
    crew.close()


def test_a_scan_comes_back_with_what_it_saw(crew: Crew) -> None:
    """Also how long it took, because a slow folder is looked at less often."""
    crew.lanes.scan(FOLDER, NOTHING_KNOWN)
    seen = crew.heard()

    assert isinstance(seen, Scanned)
    assert [name for name, _ in seen.scan.files] == ["talk.mp4"]


class Unheeded:
    """Hints that never come."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


class Gone(MemoryPlace):
    """A place on a share that is gone: whoever looks there waits."""

    is_back = threading.Event()

    def scan(self, known: Known = NOTHING_KNOWN) -> Scan:
        """Wait for the share."""
        self.is_back.wait(LONG)
        return super().scan(known)


def test_a_folder_that_was_left_keeps_nobody_waiting_for_its_successor(room: Room) -> None:
    """Its lane may be stuck for ever."""
    stuck = Room(files={"old.mp4": b"old"}, place_type=Gone)
    crew = Crew(stuck)
    crew.lanes.scan(FOLDER, NOTHING_KNOWN)
    crew.lanes.leave(FOLDER)
    crew.lanes.watch(FOLDER, Lookout(place=room.place, hints=Unheeded()))
    crew.lanes.scan(FOLDER, NOTHING_KNOWN)
    seen = crew.heard()
    Gone.is_back.set()
    crew.close()

    assert isinstance(seen, Scanned)
    assert [name for name, _ in seen.scan.files] == ["talk.mp4"]


def test_an_examination_comes_back_with_its_drop(crew: Crew, room: Room) -> None:
    """The reading says what is asked for and how long the video is."""
    crew.lanes.examine(FOLDER, room.drop())
    examined = crew.heard()

    assert isinstance(examined, Examined)
    assert examined.drop == room.drop()
    assert isinstance(examined.found, Reading)
    assert examined.found.duration == 60.0


def test_the_list_comes_back_as_what_its_entries_are_like(crew: Crew, room: Room) -> None:
    """How an asset stands by its entry, and what the list has cost; a list that failed comes back as its fault."""
    running = AssetDubbing(locale=SPANISH, status="Generating")
    room.api.assets = (
        asset(asset_id=AssetId("runs"), dubbings=(running,)),
        asset(asset_id=AssetId("fails"), status="Failed", dubbings=(running,)),
        asset(asset_id=AssetId("other"), dubbings=(replace(running, status="Completed"),)),
        asset(asset_id=AssetId("silent"), dubbings=(replace(running, status=None),)),
    )
    crew.lanes.sweep()
    swept = crew.heard()
    crew.lanes.sweep()
    again = crew.heard()
    room.api.assets = BUSY
    crew.lanes.sweep()

    assert isinstance(swept, Swept)
    assert swept == again
    assert swept.entries is not None
    assert [name for name, entry in swept.entries.items() if entry.runs] == ["runs"]
    assert len({entry.print for entry in swept.entries.values()}) == 4
    assert crew.heard() == Swept(fault=BUSY)


def test_what_is_only_followed_asks_patiently(room: Room) -> None:
    """Polls and the list, so that their requests wait for those of a look-up."""
    crew, patient = Crew(room), Patient(requests=7)
    asking: list[str] = []

    @contextmanager
    def patiently() -> Iterator[Patient]:
        asking.append(threading.current_thread().name)
        yield patient

    crew.lanes.patiently = patiently
    crew.lanes.hand(claim(State.DUBBING), effects.Poll())
    assert isinstance(crew.event(), events.Polled)
    crew.lanes.hand(claim(State.RELEASING), effects.LookUp())
    assert isinstance(crew.heard(), Listed)
    crew.lanes.sweep()
    swept = crew.heard()
    crew.close()

    assert isinstance(swept, Swept)
    assert swept.requests == 7
    assert [name[:4] for name in asking] == ["talk", "talk"]


def test_a_drop_goes_through_every_lane_to_its_end(crew: Crew, room: Room) -> None:
    """Each effect comes back as its event, from real threads: taken in, sent, looked up, followed, fetched, filed."""
    taken, lanes = room.claim(), crew.lanes
    lanes.hand(taken, effects.TakeIn())
    assert crew.event() == events.TakenIn()

    lanes.hand(taken, effects.Upload())
    at_gate = crew.event()
    assert isinstance(at_gate, events.AtGate)
    assert room.api.took == []
    lanes.hand(taken, effects.OpenGate())
    assert isinstance(crew.event(), events.Accepted)
    assert room.api.took[0][1] == TALK["talk.mp4"]

    lanes.hand(taken, effects.LookUp())
    assert crew.heard() == Listed(claim_id=CLAIM, assets=())
    room.api.assets = BUSY
    lanes.hand(taken, effects.LookUp())
    assert crew.event() == events.Unanswered(fault=BUSY)

    followed = claim(State.DUBBING, drop=taken.drop, dubbings=(fetching(),))
    lanes.hand(followed, effects.Poll())
    assert isinstance(crew.event(), events.Polled)
    lanes.hand(followed, effects.Fetch(locale=SPANISH))
    assert isinstance(crew.event(), events.Fetched)

    lanes.hand(claim(State.FILING, drop=taken.drop), effects.PutAway())
    assert crew.event() == events.Filed(where="done/talk")
    assert sorted(room.disk.files()) == [
        f"{ROOT}/done/talk/{name}" for name in ("talk.es-ES.mp4", "talk.mp4", "talk.receipt.toml")
    ]


def fetching() -> Dubbing:
    """Give a dubbing whose result can be fetched."""
    return dubbing(SPANISH, DubbingState.FETCHING, version_id=VersionId("v1"))


def test_a_status_that_was_posted_comes_back_without_a_reason(crew: Crew, room: Room) -> None:
    """So that a later refusal is news again."""
    crew.lanes.post(FOLDER, "1 waiting.\n")

    assert crew.heard() == Posted(folder=FOLDER)
    assert room.disk.read(f"{ROOT}/STATUS.txt") == b"1 waiting.\n"


def test_a_folder_that_refuses_comes_back_as_unseen() -> None:
    """Not mounted and read-only are everyday life, not bugs."""
    crew = Crew(Room(files=TALK, place_type=Refusing))
    crew.lanes.scan(FOLDER, NOTHING_KNOWN)
    crew.lanes.post(FOLDER, "text")
    crew.lanes.examine(FOLDER, Room(files=TALK).drop())

    assert crew.heard() == Unseen(folder=FOLDER, why="It is not mounted. Mount it.")
    assert crew.heard() == Posted(folder=FOLDER, why="It is read-only. Mount it otherwise.")
    examined = crew.heard()
    assert isinstance(examined, Examined)
    assert isinstance(examined.found, Evidence)
    crew.close()


def test_a_stuck_folder_holds_up_no_other_folder(room: Room) -> None:
    """A dead share takes its own thread with it, and nothing else."""
    Stuck.released.clear()
    room.disk.folder("/srv/dead")
    crew = Crew(room, sales=Stuck(room.disk, Path("/srv/dead")))
    began = room.clock.monotonic()
    room.clock.seconds += 7
    crew.lanes.scan(SALES, NOTHING_KNOWN)
    crew.lanes.scan(FOLDER, NOTHING_KNOWN)
    crew.lanes.hand(claim(State.RELEASING), effects.LookUp())
    heard = {type(crew.heard()) for _ in range(2)}

    assert heard == {Scanned, Listed}
    assert [crew.lanes.came_back(folder) - began for folder in (FOLDER, SALES)] == [7, 0]
    crew.lanes.stop()
    for lane in (crew.lanes._upload, crew.lanes._download, crew.lanes._talk):
        for thread in lane._threads:
            thread.join(LONG)
    assert crew.lanes.stopped(), "a folder that is stuck must not keep the daemon from ending"
    Stuck.released.set()
    crew.close()


def test_a_waiting_upload_holds_up_no_question(crew: Crew, room: Room) -> None:
    """An upload of hours, waiting at its gate, is not what a poll waits for."""
    taken = room.taken()
    crew.lanes.hand(taken, effects.Upload())
    assert isinstance(crew.event(), events.AtGate)
    crew.lanes.hand(claim(State.DUBBING), effects.Poll())

    assert isinstance(crew.event(), events.Polled)


def test_a_crash_in_a_lane_comes_back_and_the_lane_works_on(crew: Crew) -> None:
    """A bug is neither swallowed nor does it take the thread with it."""
    bug = ZeroDivisionError("a bug")

    def broken() -> Message:
        raise bug

    crew.lanes._talk.hand(broken)
    crashed = crew.heard()
    assert isinstance(crashed, Crashed)
    assert crashed.error is bug
    crew.lanes.hand(claim(State.RELEASING), effects.LookUp())
    assert isinstance(crew.heard(), Listed)


def test_even_an_end_of_the_program_in_a_lane_reaches_the_driver(crew: Crew) -> None:
    """What is no ``Exception`` would otherwise end the thread in silence."""

    def leaving() -> Message:
        raise SystemExit(3)

    crew.lanes._talk.hand(leaving)
    crashed = crew.heard()

    assert isinstance(crashed, Crashed)
    assert isinstance(crashed.error, SystemExit)


def test_stopping_takes_back_an_upload_that_waits_at_its_gate(crew: Crew, room: Room) -> None:
    """The whole video never left us: nothing is billed, and no event says otherwise."""
    crew.lanes.hand(room.taken(), effects.Upload())
    assert isinstance(crew.event(), events.AtGate)
    crew.close()

    assert crew.lanes.stopped()
    assert room.api.took == []
    assert crew.inbox.take(0) is None


def test_stopping_takes_back_an_upload_that_has_not_begun(crew: Crew, room: Room) -> None:
    """What still waits in the lane's queue is not sent after the word to end."""
    taken = room.taken()
    holding = threading.Event()
    crew.lanes._upload.hand(lambda: cast("None", holding.wait(LONG) and None))
    crew.lanes.hand(taken, effects.Upload())
    crew.lanes.stop()
    holding.set()
    crew.close()

    assert room.api.took == []
    assert crew.inbox.take(0) is None


def test_stopping_leaves_an_upload_alone_that_has_passed_its_gate(room: Room) -> None:
    """From there on only the answer can tell what was billed, so it is waited for."""
    crew = Crew(room)
    answering = threading.Event()

    class Slow(Api):
        def submit(self, submission: Submission) -> Asset | Fault:
            given = Api.submit(self, submission)
            answering.wait(LONG)
            return given

    slow = Slow(disk=room.disk)
    crew.lanes.hands = Hands(
        api=slow,
        places={FOLDER: room.place},
        probe=room.probe,
        ending=ending,
        clock=room.clock,
        board=room.board,
        stop=room.stop,
    )
    taken = room.taken()
    crew.lanes.hand(taken, effects.Upload())
    assert isinstance(crew.event(), events.AtGate)
    crew.lanes.hand(taken, effects.OpenGate())
    crew.lanes.stop()
    assert not crew.lanes.stopped()
    answering.set()

    assert isinstance(crew.event(), events.Accepted)
    crew.close()


class SlowResult(Api):
    """An API whose downloads take until they are told to end."""

    ending = threading.Event()
    begun = threading.Event()

    def download(self, result_url: str, into: Path, progress: Callable[[int], None]) -> Download | Fault:
        """Report a first byte, wait, and report the next."""
        self.disk.write(str(into), b"du")
        progress(2)
        self.begun.set()
        assert self.ending.wait(LONG)
        progress(2)
        raise AssertionError("a download that goes on although the daemon ends")


def test_a_download_does_not_keep_the_daemon_from_ending() -> None:
    """It may be cut off at any moment: the next start goes on with it, and nothing is said of it."""
    room = Room(files=TALK, api=SlowResult())
    crew = Crew(room)
    taken = room.taken()
    crew.lanes.hand(claim(State.DUBBING, drop=taken.drop, dubbings=(fetching(),)), effects.Fetch(locale=SPANISH))
    assert SlowResult.begun.wait(LONG)
    crew.lanes.stop()
    assert crew.lanes.stopped(), "only an upload past its gate is waited for"
    SlowResult.ending.set()
    crew.close()

    assert crew.inbox.take(0) is None
    (kept,) = [content for path, content in room.disk.files().items() if not path.endswith("talk.mp4")]
    assert kept == b"du"


class Witness(Inbox):
    """An inbox that asks the lanes, just before an answer is put, whether they count as stopped."""

    def __init__(self) -> None:
        super().__init__(SimClock())
        self.lanes: Lanes | None = None
        self.stopped: list[bool] = []

    def put(self, message: Message) -> None:
        """Note it, then put."""
        if self.lanes is not None and isinstance(message, Happened) and isinstance(message.event, events.Accepted):
            self.stopped.append(self.lanes.stopped())
        super().put(message)


def test_an_upload_counts_as_over_only_when_its_answer_is_in_the_inbox() -> None:
    """A daemon that ends in between would not hear what was billed."""
    witness = Witness()
    crew = Crew(room := Room(files=TALK), inbox=witness)
    witness.lanes = crew.lanes
    taken = room.taken()
    crew.lanes.hand(taken, effects.Upload())
    assert isinstance(crew.event(), events.AtGate)
    crew.lanes.hand(taken, effects.OpenGate())
    assert isinstance(crew.event(), events.Accepted)
    crew.close()

    assert crew.lanes.stopped()
    assert witness.stopped == [False]


def test_a_lane_ends_after_what_is_queued() -> None:
    """A download that was handed over is done before its thread ends."""
    inbox = Inbox(SimClock())
    lane = Lane("test", 2, inbox, lambda: 0.0)
    said = [Unseen(folder=FOLDER, why=str(number)) for number in range(20)]
    for message in said:
        lane.hand(lambda message=message: message)  # type: ignore[misc]
    lane.end()
    for thread in lane._threads:
        thread.join(LONG)

    assert not any(thread.is_alive() for thread in lane._threads)
    assert sorted(str(inbox.take(0)) for _ in said) == sorted(map(str, said))


def test_a_lane_does_as_much_at_once_as_it_is_told_last() -> None:
    """What is under way goes on; what waits goes by the new number, also if that is less."""
    lane = Lane("test", 1, Inbox(SimClock()), lambda: 0.0)
    began: queue.SimpleQueue[int] = queue.SimpleQueue()
    may = [threading.Event() for _ in range(6)]
    for number in range(6):

        def work(number: int = number) -> None:
            began.put(number)
            may[number].wait(LONG)

        lane.hand(work)
    assert began.get(timeout=LONG) == 0
    with pytest.raises(queue.Empty):
        began.get(timeout=0.05)

    lane.resize(3)
    assert sorted([began.get(timeout=LONG), began.get(timeout=LONG)]) == [1, 2]
    lane.resize(1)
    may[0].set()
    may[1].set()
    with pytest.raises(queue.Empty):
        began.get(timeout=0.05)
    may[2].set()
    assert began.get(timeout=LONG) == 3
    for each in may:
        each.set()
    lane.end()
    for thread in lane._threads:
        thread.join(LONG)
    assert sorted([began.get_nowait(), began.get_nowait()]) == [4, 5]


def test_a_refused_account_keeps_back_what_is_queued_in_the_lane() -> None:
    """With one upload at a time and three drops, a refused key costs one transfer an hour and not three."""
    room = Room(files={f"{name}.mp4": name.encode() * 50 for name in "abc"}, api=Api(answer=BARRED, assets=BARRED))
    crew = Crew(room)
    stage = Stage(doing=crew.lanes, given_inbox=crew.inbox)
    for found in group(room.scan().files):
        taken = queued(found)
        room.place.take_in(taken.id, found)
        stage.ledger.put(taken)
    stage.driver.start()
    while stage.driver.turn(0.1):
        pass
    crew.close()

    assert room.api.listed == 1


def queued(found: Drop) -> Claim:
    """Give a claim that was being uploaded when the daemon ended."""
    return claim(State.UPLOADING, id=ClaimId(found.stem), drop=found)


def test_a_claim_that_goes_back_takes_its_gate_with_it(crew: Crew, room: Room) -> None:
    """An upload that was refused leaves nothing in the lanes that a later stop could trip over."""
    taken = room.taken()
    room.api.assets = BUSY
    crew.lanes.hand(taken, effects.Upload())
    assert isinstance(crew.event(), events.Faulted)
    outcome = Outcome(to=Destination.BACK, why="It changed.")
    crew.lanes.hand(claim(State.FILING, drop=taken.drop, outcome=outcome), effects.PutAway())

    assert isinstance(crew.event(), events.Filed)
    assert crew.lanes._gates == {}
    assert f"{ROOT}/talk.mp4" in room.disk.files()


def test_a_look_up_reads_whole_what_the_list_shows_in_short(crew: Crew, room: Room) -> None:
    """An entry without dubbings or length cannot be judged; one that the mark knows is not worth a question."""
    room.api.assets = (asset(asset_id=AssetId("old"), dubbings=()), asset(asset_id=AssetId("new"), dubbings=()))
    attempt = Attempt(number=1, mark=frozenset({AssetId("old")}), gate_at=NOW)
    crew.lanes.hand(claim(State.RELEASING, attempt=attempt, drop=drop()), effects.LookUp())
    listed = crew.heard()

    assert isinstance(listed, Listed)
    assert [bool(each.dubbings) for each in listed.assets] == [False, True]
