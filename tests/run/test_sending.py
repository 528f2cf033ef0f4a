"""Sending: the reading that comes before it, and its second form, further languages for an asset that is there."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from run.stage import CLAIM, ROOT, Api, Room, Talk
from samples import BARRED, BROKEN, BUSY, DIGEST, FRENCH, REFUSED, SPANISH, asset, earlier

from panjaya_watchd.api.base import Submission
from panjaya_watchd.core import events
from panjaya_watchd.core.answers import Asset, AssetDubbing, Fault
from panjaya_watchd.core.claim import Attempt, Claim, State
from panjaya_watchd.core.names import AssetId, ClaimId, Digest, Locale
from panjaya_watchd.core.rate import Schedule, Span
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.base import Source
from panjaya_watchd.places.memory import MemoryPlace
from panjaya_watchd.run.gate import Gate
from panjaya_watchd.run.meter import BURST, STILL, Meter, Meters

VIDEO = bytes(range(256)) * 5000
"""More than one chunk of reading."""

SOUND = b"music " * 9
SRT = "1\n00:00:01,000 --> 00:00:02,000\nHola.\n"
OTHER_SRT = "1\n00:00:01,000 --> 00:00:02,000\nBonjour.\n"
FILES = {"talk.mp4": VIDEO, "talk.es-ES.srt": SRT.encode(), "talk.fr-FR.srt": OTHER_SRT.encode()}
LOST = Fault(money_may_have_moved=False, repeat_helps=False, words="no such asset", status=404)


def sha256(content: bytes) -> Digest:
    """Give the digest of all bytes."""
    return Digest(hashlib.sha256(content).hexdigest())


def inside(name: str) -> str:
    """Give the path of a part that was taken in."""
    return f"{ROOT}/processing/{CLAIM}/{name}"


# reading through


def test_reading_through_gives_the_digest_of_the_whole_video() -> None:
    """The identity of what is bought; without a background there is none of it."""
    room = Room(files=FILES)

    assert room.hands.read_through(room.taken()) == events.Hashed(digest=sha256(VIDEO), background=None)


def test_reading_through_gives_the_digest_of_the_background_too() -> None:
    """Another sound under the same pictures is another dubbing."""
    room = Room(files={"talk.mp4": VIDEO, "talk.background.wav": SOUND})

    assert room.hands.read_through(room.taken()) == events.Hashed(digest=sha256(VIDEO), background=sha256(SOUND))


@dataclass(slots=True)
class Watched:
    """An open part; after its first chunk something happens."""

    source: Source
    happens: Callable[[], None]
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = self.source.size

    def read(self, limit: int) -> bytes:
        """Read a chunk, then let it happen."""
        chunk = self.source.read(limit)
        self.happens()
        return chunk

    def changed(self) -> str | None:
        """Ask the part."""
        return self.source.changed()

    def close(self) -> None:
        """Close the part."""
        self.source.close()


class Touched(MemoryPlace):
    """A folder in which something happens while a part is read."""

    happens: Callable[[], None] = staticmethod(lambda: None)

    def open_part(self, claim_id: Any, part: Any) -> Any:
        """Open a part that is watched."""
        return Watched(super().open_part(claim_id, part), self.happens)


def touched(happens: Callable[[Room], None]) -> tuple[Room, Claim]:
    """Give a room in which a claim is taken in, and in which something happens as soon as it is read."""
    room = Room(files={"talk.mp4": VIDEO, "talk.background.wav": SOUND}, place_type=Touched)
    taken = room.taken()
    assert isinstance(room.place, Touched)
    room.place.happens = lambda: happens(room)
    return room, taken


@pytest.mark.parametrize(
    "happens",
    [
        lambda room: room.disk.write(inside("talk.mp4"), VIDEO[:-1] + b"?"),
        lambda room: room.disk.move(inside("talk.mp4"), f"{ROOT}/mine.mp4", over=True),
        lambda room: room.disk.write(inside("talk.background.wav"), SOUND + b"more"),
    ],
    ids=["written to", "moved away", "its background written to"],
)
def test_a_part_that_changes_while_it_is_read_through_goes_back(happens: Callable[[Room], None]) -> None:
    """The parts are inside and have to be given back, so that the drop settles afresh."""
    room, taken = touched(lambda room: happens(room) if inside("talk.mp4") in room.disk.files() else None)
    event = room.hands.read_through(taken)

    assert isinstance(event, events.Unsettled)
    assert event.inside
    assert not event.gone
    assert room.board.read(CLAIM) == {}


@pytest.mark.parametrize("name", ["talk.mp4", "talk.background.wav"])
def test_a_part_that_is_gone_before_it_is_read_through_is_told_as_gone(name: str) -> None:
    """There is nothing to give back of it."""
    room = Room(files={"talk.mp4": VIDEO, "talk.background.wav": SOUND})
    taken = room.taken()
    room.disk.delete(inside(name))
    event = room.hands.read_through(taken)

    assert isinstance(event, events.Unsettled)
    assert (event.gone, event.inside) == (True, True)


def test_reading_through_ends_without_an_event_when_the_daemon_ends() -> None:
    """It may take minutes; the next start begins anew."""
    room, taken = touched(lambda room: room.stop.set())

    assert room.hands.read_through(taken) is None
    assert room.board.read(CLAIM) == {}


def test_reading_through_shows_how_far_it_is() -> None:
    """The operator sees why a large video is not sent yet, and nothing once it is over."""
    seen: list[int] = []
    room, taken = touched(lambda room: seen.extend(progress.sent for progress in room.board.read(CLAIM).values()))
    room.hands.read_through(taken)

    assert seen[0] == 1 << 20
    assert len(VIDEO) in seen
    assert room.board.read(CLAIM) == {}


def test_a_share_that_fails_while_it_is_read_through_is_waited_for() -> None:
    """Trouble of the storage says nothing about the video."""

    def fail(_: Room) -> None:
        raise PlaceError("The share does not answer.", hint="Check it.")

    room, taken = touched(fail)

    assert room.hands.read_through(taken) == events.Stuck(why="The share does not answer. Check it.")


# uploading


def send(room: Room, claim: Claim, *, opened: bool = True) -> tuple[events.Event | None, list[Any]]:
    """Send through a gate that is opened or shut; give how it ended and what was said on the way."""
    gate, talk = Gate(), Talk()
    if opened:
        gate.open()
    else:
        gate.shut()
    ended = room.hands.upload(claim, gate, talk)
    assert room.board.read(claim.id) == {}, "nothing moves any more"
    return ended, talk.said


def test_an_upload_notes_the_digests_of_video_and_background_at_the_gate() -> None:
    """A later drop of the same pictures with another sound is then told apart, without reading either again."""
    room = Room(files={"talk.mp4": VIDEO, "talk.background.wav": SOUND})
    _, said = send(room, room.taken())

    assert said == [events.AtGate(digest=sha256(VIDEO), size=len(VIDEO), mark=frozenset(), background=sha256(SOUND))]


def test_an_upload_without_a_background_notes_none() -> None:
    """Nothing is invented."""
    room = Room(files=FILES)
    _, (said,) = send(room, room.taken())

    assert said.background is None


def test_a_list_of_assets_that_is_not_found_is_no_refusal_of_the_video() -> None:
    """A base URL that is wrong would else send every drop to ``failed/``, one after the other."""
    room = Room(files=FILES, api=Api(assets=LOST))
    ended, said = send(room, room.taken())

    assert ended == events.Faulted(fault=replace(LOST, repeat_helps=True))
    assert (said, room.api.took) == ([], [])


# uploading at a rate


class Slowly:
    """A meter whose waiting is played: it counts the seconds, and something may happen at each."""

    def __init__(self, room: Room, limit: float, *, happens: Callable[[], bool] = lambda: False) -> None:
        self.waited = 0.0
        self._happens = happens
        self._clock = room.clock
        schedule = Schedule(spans=(Span(limit=limit),))
        room.hands = replace(room.hands, meters=Meters(uploads={None: Meter(schedule, room.clock, self.wait)}))

    def wait(self, seconds: float) -> bool:
        """Let the time pass."""
        self.waited += seconds
        self._clock.seconds += seconds
        return self._happens()


@pytest.mark.parametrize("files", [{"talk.mp4": VIDEO}, {"talk.mp4": VIDEO, "talk.background.wav": VIDEO}])
def test_an_upload_goes_at_its_rate_and_waits_for_nothing_at_its_gate(files: dict[str, bytes]) -> None:
    """The background counts as well; what is held back at the gate is paid for, and leaves when the driver says so."""
    room = Room(files=files)
    slowly, taken, gate = Slowly(room, 1e6), room.taken(), Gate()
    gate.open()
    at_gate: list[float] = []
    event = room.hands.upload(taken, gate, lambda _: at_gate.append(slowly.waited))

    assert isinstance(event, events.Accepted)
    assert slowly.waited == pytest.approx(len(VIDEO) * len(files) / 1e6 - BURST)
    assert at_gate == [slowly.waited]
    ((_, sent, background),) = room.api.took
    assert (sent, background) == (VIDEO, files.get("talk.background.wav"))


def test_an_upload_at_a_low_rate_goes_in_small_chunks() -> None:
    """A chunk of the usual size would keep the connection still for half a minute."""
    room = Room(files={"talk.mp4": VIDEO, "talk.background.wav": VIDEO})
    slowly, taken = Slowly(room, 20_000.0), room.taken()
    longest: list[float] = []

    class Taking(Api):
        def submit(self, submission: Submission) -> Asset | Fault:
            for body in (submission.background, submission.video):
                before = slowly.waited
                for _ in body or ():
                    longest.append(slowly.waited - before)
                    before = slowly.waited
            return self.answer

    room.hands = replace(room.hands, api=Taking(disk=room.disk))

    assert isinstance(send(room, taken)[0], events.Accepted)
    assert max(longest) <= STILL + BURST
    assert sum(longest) > len(VIDEO) / 20_000


@pytest.mark.parametrize("waits", [1, 3, 60])
def test_an_upload_that_waits_for_its_turn_ends_with_the_daemon(waits: int) -> None:
    """Before the connection is made, and at any chunk; nothing is said, nothing was sent whole."""
    room = Room(files={"talk.mp4": VIDEO})
    left = iter(range(waits))
    Slowly(room, 20_000.0, happens=lambda: next(left, None) is None)

    assert send(room, room.taken()) == (None, [])
    assert room.api.took == []


# further languages


def languages(*locales: Locale) -> Asset:
    """Give the asset of the earlier claim with these languages."""
    return asset(asset_id=AssetId("a0"), dubbings=tuple(AssetDubbing(locale=locale) for locale in locales))


def recognised(room: Room, *had: Locale) -> Claim:
    """Take a drop in that builds on an earlier claim, which has these locales."""
    return room.taken(
        state=State.UPLOADING,
        builds_on=earlier(*had),
        digest=DIGEST,
        attempt=Attempt(number=1),
    )


@pytest.mark.parametrize("name", ["talk.mp4", "talk.es-ES.srt"])
def test_languages_for_an_asset_that_is_not_known_make_none(name: str) -> None:
    """They never came through the door, which says whose they are; it ends before anything is asked or spent."""
    room = Room(files={name: FILES[name]})
    claim = room.taken(
        state=State.UPLOADING, adds_to=ClaimId("earlier"), digest=DIGEST, attempt=Attempt(number=1), maybe_billed=True
    )
    ended, said = send(room, claim)

    assert isinstance(ended, events.Faulted)
    assert (ended.fault.money_may_have_moved, ended.fault.repeat_helps) == (False, False)
    assert "claim earlier" in ended.fault.words
    assert (said, room.api.added, room.api.took, room.api.listed) == ([], [], [], 0)


def test_only_the_languages_that_the_asset_lacks_are_asked_for() -> None:
    """With the text of each; the video is not sent again, and the whole list of assets is of no interest."""
    room = Room(files=FILES, api=Api(asset=languages(SPANISH)))
    ended, said = send(room, recognised(room, SPANISH))

    assert ended == events.Accepted(asset=asset())
    assert room.api.added == [("a0", ("fr-FR",), {"fr-FR": OTHER_SRT})]
    assert (room.api.took, room.api.listed) == ([], 0)
    assert said == [events.AtGate(digest=DIGEST, size=len(VIDEO), mark=frozenset({AssetId("a0")}), missing=(FRENCH,))]


def test_a_language_without_a_text_is_asked_for_without_one() -> None:
    """As in an upload."""
    room = Room(files={"talk.mp4": VIDEO, "talk.es-ES.srt": SRT.encode()}, api=Api(asset=languages(SPANISH)))
    send(room, recognised(room, SPANISH))

    assert room.api.added == [("a0", ("fr-FR",), {})]


def test_a_language_that_somebody_has_added_meanwhile_is_not_asked_for() -> None:
    """A person in the Studio: what is there is not bought twice; what is still missing is."""
    room = Room(files={name: FILES[name] for name in ("talk.mp4", "talk.es-ES.srt")}, api=Api(asset=languages(FRENCH)))
    ended, _ = send(room, recognised(room))

    assert isinstance(ended, events.Accepted)
    assert [locales for _, locales, _ in room.api.added] == [("es-ES",)]


def test_subtitles_for_a_language_that_somebody_has_added_are_not_lost_silently() -> None:
    """They would not be spoken; so nothing is bought, and the drop is told."""
    room = Room(files=FILES, api=Api(asset=languages(FRENCH)))
    ended, _ = send(room, recognised(room))

    assert isinstance(ended, events.Faulted)
    assert not ended.fault.money_may_have_moved
    assert not ended.fault.repeat_helps
    assert ended.fault.words == "It has French already, and other subtitles do not change that."
    assert room.api.added == []


def test_nothing_is_asked_for_where_nothing_is_missing() -> None:
    """An earlier attempt of which we never heard: found before the gate, and not billed again."""
    room = Room(files=FILES, api=Api(asset=languages(SPANISH, FRENCH)))
    ended, said = send(room, replace(recognised(room, SPANISH), maybe_billed=True))

    assert ended == events.Found(asset=languages(SPANISH, FRENCH))
    assert (said, room.api.added) == ([], [])


def test_a_shut_gate_keeps_languages_from_being_asked_for() -> None:
    """Everything before it is free, and nothing comes after it; there is nothing to tell."""
    room = Room(files=FILES, api=Api(asset=languages(SPANISH)))
    ended, said = send(room, recognised(room, SPANISH), opened=False)

    assert ended is None
    assert len(said) == 1
    assert room.api.added == []


def test_languages_are_asked_for_only_when_the_gate_opens() -> None:
    """The intent to spend is durable first: until the driver has spoken nothing leaves."""
    room = Room(files=FILES, api=Api(asset=languages(SPANISH)))
    taken, gate, at_gate = recognised(room, SPANISH), Gate(), threading.Event()
    before: list[int] = []

    def say(event: events.Event) -> None:
        before.append(len(room.api.added))
        at_gate.set()

    sending = threading.Thread(target=room.hands.upload, args=(taken, gate, say))
    sending.start()
    reached = at_gate.wait(20)
    before.append(len(room.api.added))
    gate.open()
    sending.join()

    assert reached
    assert before == [0, 0]
    assert len(room.api.added) == 1


@pytest.mark.parametrize(
    ("fault", "repeat_helps"),
    [
        (LOST, False),
        (replace(LOST, repeat_helps=True), True),
        (BUSY, True),
        (REFUSED, True),
        (BARRED, True),
        (BROKEN, True),
        (replace(BROKEN, repeat_helps=False), True),
    ],
    ids=["no such asset", "not found on the way", "busy", "refused", "account", "cut", "cut for good"],
)
def test_a_question_that_fails_before_the_gate_is_free(fault: Fault, repeat_helps: bool) -> None:  # noqa: FBT001
    """Only an asset that the service itself does not know any more ends it; all else is asked again."""
    room = Room(files=FILES, api=Api(asset=fault))
    ended, said = send(room, recognised(room, SPANISH))

    assert ended == events.Faulted(fault=replace(fault, money_may_have_moved=False, repeat_helps=repeat_helps))
    assert (said, room.api.added) == ([], [])


@pytest.mark.parametrize("fault", [BROKEN, BUSY, REFUSED, BARRED], ids=["cut", "busy", "refused", "account"])
def test_a_fault_after_the_gate_is_told_as_it_is(fault: Fault) -> None:
    """Whether money may have moved is the fault's own word."""
    room = Room(files=FILES, api=Api(asset=languages(SPANISH), answer=fault))
    ended, said = send(room, recognised(room, SPANISH))

    assert ended == events.Faulted(fault=fault)
    assert len(said) == len(room.api.added) == 1


def test_a_text_that_changed_ends_it_before_anything_is_asked() -> None:
    """The drop goes back and settles afresh; the text of a language that is had already does not matter."""
    room = Room(files=FILES, api=Api(asset=languages(SPANISH)))
    taken = recognised(room, SPANISH)
    room.disk.write(inside("talk.es-ES.srt"), b"not read any more")
    assert isinstance(send(room, taken)[0], events.Accepted)
    room.disk.write(inside("talk.fr-FR.srt"), b"another text")
    ended, said = send(room, taken)

    assert isinstance(ended, events.Unsettled)
    assert said == []
    assert len(room.api.added) == 1


def test_a_folder_that_is_away_is_waited_for() -> None:
    """The texts cannot be read just now."""
    room = Room(files=FILES, api=Api(asset=languages(SPANISH)))
    taken = recognised(room, SPANISH)
    room.disk.move(f"{ROOT}/processing", f"{ROOT}/away")
    ended, said = send(room, taken)

    assert isinstance(ended, events.Stuck)
    assert (said, room.api.added) == ([], [])


# looking up


class Asked(Api):
    """An API that notes which assets were read one by one."""

    def __init__(self, **facts: Any) -> None:
        super().__init__(**facts)
        self.read: list[str] = []

    def get_asset(self, asset_id: AssetId) -> Asset | Fault:
        """Note it, then answer."""
        self.read.append(asset_id)
        return super().get_asset(asset_id)


def test_a_look_up_of_further_languages_reads_their_asset() -> None:
    """Which of them are there is all that has to be known; the list is not asked for."""
    room = Room(files=FILES, api=(api := Asked(asset=languages(SPANISH))))

    assert room.hands.look_up(recognised(room, SPANISH)) == (languages(SPANISH),)
    assert (api.read, api.listed) == (["a0"], 0)


def test_a_look_up_of_further_languages_that_fails_says_so() -> None:
    """Free, and asked again."""
    room = Room(files=FILES, api=Api(asset=BUSY))

    assert room.hands.look_up(recognised(room, SPANISH)) == events.Unanswered(fault=BUSY)


def witnessed(room: Room) -> Claim:
    """Take a drop in for which a callback has named an asset."""
    return room.taken(state=State.RELEASING, attempt=Attempt(number=1, mark=frozenset()), witnessed=AssetId("w1"))


def test_a_witness_that_the_list_does_not_show_yet_is_read() -> None:
    """The list lags; what a signed callback has named is there all the same."""
    other = asset(asset_id=AssetId("a1"))
    room = Room(files=FILES, api=Asked(assets=(other,), asset=asset(asset_id=AssetId("w1"))))

    assert room.hands.look_up(witnessed(room)) == (other, asset(asset_id=AssetId("w1")))


def test_a_witness_that_the_list_shows_is_not_read_again() -> None:
    """One answer is enough."""
    named = asset(asset_id=AssetId("w1"))
    room = Room(files=FILES, api=(api := Asked(assets=(named,))))

    assert room.hands.look_up(witnessed(room)) == (named,)
    assert api.read == []


def test_a_witness_that_cannot_be_read_leaves_the_list() -> None:
    """It is looked up again, and nothing is concluded from its silence."""
    other = asset(asset_id=AssetId("a1"))
    room = Room(files=FILES, api=Asked(assets=(other,), asset=LOST))

    assert room.hands.look_up(witnessed(room)) == (other,)


def test_a_list_that_fails_is_not_replaced_by_a_witness() -> None:
    """A look-up judges the whole list, or nothing."""
    room = Room(files=FILES, api=(api := Asked(assets=BUSY)))

    assert room.hands.look_up(witnessed(room)) == events.Unanswered(fault=BUSY)
    assert api.read == []


def test_the_list_is_read_urgently_while_an_upload_is_held() -> None:
    """It may have hundreds of pages, and a server cuts who sends nothing for a minute."""
    seen: list[bool] = []
    urgent = False

    @contextmanager
    def urgently() -> Iterator[None]:
        nonlocal urgent
        urgent = True
        yield
        urgent = False

    class Watching(Api):
        def list_assets(self) -> tuple[Asset, ...] | Fault:
            seen.append(urgent)
            return super().list_assets()

    room = Room(files=FILES, api=Watching())
    room.hands = replace(room.hands, urgently=urgently)
    send(room, room.taken(state=State.UPLOADING, attempt=Attempt(number=1)))

    assert seen == [True]
