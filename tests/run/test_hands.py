"""The hands at the edges that a whole run seldom sees: what changes between reading and sending, what is missing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from run.stage import CLAIM, FOLDER, ROOT, Api, Room, Talk
from samples import BARRED, BUSY, NOW, REFUSED, SPANISH, asset, claim, drop, dubbing

from panjaya_watchd.api.base import Submission
from panjaya_watchd.core import events
from panjaya_watchd.core.answers import Asset, AssetDubbing, Fault, Version
from panjaya_watchd.core.claim import Claim, Destination, DubbingState, Outcome, State
from panjaya_watchd.core.content import ContentCheck, Measured, Patience
from panjaya_watchd.core.drop import Drop, Fingerprint, Role
from panjaya_watchd.core.names import AssetId, DubbingId, Locale, VersionId
from panjaya_watchd.core.order import Refusal
from panjaya_watchd.core.settle import Evidence
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.memory import MemoryPlace
from panjaya_watchd.places.memory_disk import MemoryDisk
from panjaya_watchd.rehearsal.results import TALK
from panjaya_watchd.run.gate import Gate
from panjaya_watchd.run.messages import Reading

SRT = b"1\n00:00:01,000 --> 00:00:02,000\nHola.\n"
OTHER_SRT = b"1\n00:00:01,000 --> 00:00:02,000\nHole.\n"
VIDEO = b"talk " * 50


class Forgetful(MemoryDisk):
    """A disk whose time stamps do not tell that a file was written into, as on some network shares."""

    def scribble(self, path: str, content: bytes) -> None:
        """Write into a file so that its fingerprint stays what it was."""
        seen = self.fingerprint(self.find(path))
        assert seen.size == len(content)
        self.write(path, content)
        written = self.fingerprint(self.find(path))
        self._seen[written] = replace(seen, ctime_ns=written.ctime_ns)

    def __init__(self) -> None:
        self._seen: dict[Fingerprint, Fingerprint] = {}
        super().__init__()

    def fingerprint(self, ino: int) -> Fingerprint:
        """Say what the file seems to be."""
        seen = super().fingerprint(ino)
        return self._seen.get(seen, seen)


def upload(room: Room, taken: Claim, *, opened: bool = True) -> tuple[events.Event | None, list[object]]:
    """Send a video through a gate that is opened or shut; give how it ended and what was said on the way."""
    gate, talk = Gate(), Talk()
    if opened:
        gate.open()
    else:
        gate.shut()
    ended = room.hands.upload(taken, gate, talk)
    assert room.board.read(taken.id) == {}, "nothing moves any more"
    return ended, talk.said


def place(room: Room, name: str) -> str:
    """Give the path of a part that was taken in."""
    return f"{ROOT}/processing/{CLAIM}/{name}"


# examining


def test_a_drop_is_read_with_its_sidecars_and_its_length() -> None:
    """What is ordered, in digests of what will be sent."""
    room = Room(files={"talk.mp4": VIDEO, "talk.es-ES.srt": SRT, "talk.toml": b"speakers_count = 3\n"})
    reading = room.hands.examine(FOLDER, room.drop())

    assert isinstance(reading, Reading)
    assert not isinstance(reading.asked, Refusal)
    assert reading.asked.speakers_count == 3
    assert list(reading.srt_digests) == ["talk.es-ES.srt"]
    assert reading.duration == 60.0


@pytest.mark.parametrize(("name", "content"), [("talk.toml", b"speakers = [\n"), ("talk.es-ES.srt", b"no subtitles\n")])
def test_a_sidecar_that_cannot_be_used_refuses_the_drop(name: str, content: bytes) -> None:
    """In words for the dropper, before anything is spent; the video is not even probed."""

    def never(*_: object) -> Measured:
        raise AssertionError("a refused drop is not probed")

    room = Room(files={"talk.mp4": VIDEO, name: content}, probe=never)
    reading = room.hands.examine(FOLDER, room.drop())

    assert isinstance(reading, Reading)
    assert isinstance(reading.asked, Refusal)
    assert name in reading.asked.why


def test_our_own_result_is_refused_and_not_dubbed_again() -> None:
    """Somebody drags a dubbed video back in: no loop, no bill, an answer."""
    room = Room(files={"talk.es-ES.mp4": VIDEO})
    room.disk.mark(f"{ROOT}/talk.es-ES.mp4", "ours")
    reading = room.hands.examine(FOLDER, room.drop())

    assert isinstance(reading, Reading)
    assert isinstance(reading.asked, Refusal)
    assert "one of our own dubbings" in reading.asked.why


def test_a_sidecar_that_changes_while_it_is_read_is_not_whole_yet() -> None:
    """The reason is a sentence for the status, and the drop settles again."""
    room = Room(files={"talk.mp4": VIDEO, "talk.toml": b"speakers_count = 3\n"})
    seen = room.drop()
    room.disk.write(f"{ROOT}/talk.toml", b"speakers_count = 33\n")

    assert isinstance(room.hands.examine(FOLDER, seen), Evidence)


def test_a_video_of_unknown_length_is_taken_all_the_same() -> None:
    """What our probe cannot measure may still be what the API can dub."""
    room = Room(files={"talk.mp4": TALK.read_bytes()}, probe=lambda _descriptor: None)
    reading = room.hands.examine(FOLDER, room.drop())

    assert isinstance(reading, Reading)
    assert reading.duration is None


@pytest.mark.parametrize(
    ("measured", "word"),
    [(Measured(duration=9.0, has_audio=False), "no sound"), (Measured(duration=9.0, has_video=False), "no picture")],
)
def test_a_video_without_sound_or_picture_is_refused_unless_its_folder_only_warns(
    measured: Measured, word: str
) -> None:
    """The service would say so after it was paid for."""
    room = Room(files={"talk.mp4": TALK.read_bytes()}, probe=lambda _descriptor: measured)
    strict = room.hands.examine(FOLDER, room.drop())
    lenient = room.hands.examine(FOLDER, room.drop(), Patience(check=ContentCheck.WARN))

    assert isinstance(strict, Reading)
    assert isinstance(strict.asked, Refusal)
    assert word in strict.asked.why
    assert isinstance(lenient, Reading)
    assert not isinstance(lenient.asked, Refusal)


def test_half_a_video_waits_and_is_then_refused() -> None:
    """By its own container; a folder that only warns takes it, and says so in the receipt."""
    room = Room(files={"talk.mp4": TALK.read_bytes()[:-1000]})
    waiting = room.hands.examine(FOLDER, room.drop())
    given_up = room.hands.examine(FOLDER, room.drop(), Patience(over=True))
    warned = room.hands.examine(FOLDER, room.drop(), Patience(check=ContentCheck.WARN))

    assert isinstance(waiting, Evidence)
    assert waiting.says.startswith("looks unfinished")
    assert isinstance(given_up, Reading)
    assert isinstance(given_up.asked, Refusal)
    assert given_up.asked.why.startswith("The file ends early.")
    assert isinstance(warned, Reading)
    assert len(warned.warnings) == 1


def test_a_video_that_names_another_language_is_sent_with_a_warning() -> None:
    """What muxers write there is often wrong, so it is the receipt's and nobody's refusal."""
    said = Measured(duration=9.0, languages=("spa",))
    room = Room(files={"talk.mp4": TALK.read_bytes()}, probe=lambda _descriptor: said)

    assert room.claim().warnings == ("The video says that it speaks spa; it was sent as en-US.",)


# taking in


def test_a_drop_that_changed_before_it_was_taken_in_goes_back() -> None:
    """It is not the one that settled."""
    room = Room(files={"talk.mp4": VIDEO})
    ours = room.claim()
    room.disk.write(f"{ROOT}/talk.mp4", VIDEO + b"more")
    event = room.hands.take_in(ours)

    assert isinstance(event, events.Unsettled)
    assert not event.gone
    assert f"{ROOT}/talk.mp4" in room.disk.files()


def test_a_drop_that_is_gone_before_it_was_taken_in_is_told_as_gone() -> None:
    """Nobody waits for it any more."""
    room = Room(files={"talk.mp4": VIDEO})
    ours = room.claim()
    room.disk.folder(f"{ROOT}/processing")
    room.disk.delete(f"{ROOT}/talk.mp4")
    event = room.hands.take_in(ours)

    assert isinstance(event, events.Unsettled)
    assert event.gone


def test_what_a_bare_mount_point_does_not_show_is_waited_for() -> None:
    """The share is away, and what lies on it must not be answered as gone: not taken in, not sent, not filed."""
    room = Room(files={"talk.mp4": VIDEO, "talk.es-ES.srt": SRT})
    ours = room.taken(outcome=Outcome(to=Destination.FAILED, why="It has no sound."))
    room.disk.move(f"{ROOT}/processing", f"{ROOT}/away")
    taken_in, (sent, said), filed = room.hands.take_in(ours), upload(room, ours), room.hands.put_away(ours)

    for event in (taken_in, sent, filed):
        assert isinstance(event, events.Stuck)
        assert "is not there" in event.why
        assert "Mount the share" in event.why
    assert (said, room.api.took, room.api.listed) == ([], [], 0)
    room.disk.move(f"{ROOT}/away", f"{ROOT}/processing")
    assert room.hands.take_in(ours) == events.TakenIn()
    assert upload(room, ours)[0] == events.Accepted(asset=asset())
    assert room.hands.put_away(ours) == events.Filed(where="failed/talk")


class Full(MemoryPlace):
    """A folder on a full disk."""

    def take_in(self, claim_id: object, drop: object) -> Drop:
        """Refuse."""
        raise PlaceError("No space left on device.", hint="Make room.")

    def put_away(self, *_: object) -> str:
        """Refuse."""
        raise PlaceError("No space left on device.", hint="Make room.")

    def keep(self, claim_id: object, name: str) -> None:
        """Refuse."""
        raise PlaceError("No space left on device.", hint="Make room.")


def test_a_full_disk_is_a_reason_to_ask_again() -> None:
    """Taking in, filing and keeping a result: each comes back with the reason, and none of them crashes."""
    room = Room(files={"talk.mp4": VIDEO}, place_type=Full)
    ours = room.claim()
    followed = claim(State.DUBBING, dubbings=(dubbing(state=DubbingState.FETCHING, version_id=VersionId("v1")),))
    stuck = events.Stuck(why="No space left on device. Make room.")
    faulted = room.hands.fetch(followed, SPANISH)

    assert room.hands.take_in(ours) == stuck
    assert room.hands.put_away(claim(State.FILING)) == stuck
    assert isinstance(faulted, events.FetchFaulted)
    assert faulted.fault.repeat_helps
    assert not faulted.fault.money_may_have_moved


# uploading


def test_an_upload_sends_the_parts_and_says_what_passed_the_gate() -> None:
    """The texts by locale, the background before the video, the claim's id in the file name, the digest at the gate."""
    files = {"talk.mp4": VIDEO, "talk.es-ES.srt": SRT, "talk.background.wav": b"music " * 9}
    room = Room(files=files, api=Api(assets=(asset(asset_id=AssetId("old")),)))
    taken = room.taken()
    ended, said = upload(room, taken)
    (submission, video, background) = room.api.took[0]
    (at_gate,) = said

    assert ended == events.Accepted(asset=asset())
    assert (video, background) == (VIDEO, files["talk.background.wav"])
    assert submission.srt == {"es-ES": SRT.decode()}
    assert submission.video.file_name == f"talk-{CLAIM}.mp4"
    assert submission.background is not None
    assert submission.background.file_name == "talk.background.wav"
    assert isinstance(at_gate, events.AtGate)
    assert (at_gate.size, at_gate.mark) == (len(VIDEO), frozenset({"old"}))


class Opened(MemoryPlace):
    """A folder that remembers what was opened and what was closed again."""

    def __init__(self, disk: MemoryDisk, root: Path) -> None:
        super().__init__(disk, root)
        self.open: list[str] = []

    def open_part(self, claim_id: object, part: object) -> object:  # type: ignore[override]
        """Open a part, and note it until it is closed."""
        source = super().open_part(claim_id, part)  # type: ignore[arg-type]
        self.open.append(part.name)  # type: ignore[attr-defined]
        return Closing(source, lambda: self.open.remove(part.name))  # type: ignore[attr-defined]


class Closing:
    """An open part that tells when it is closed."""

    def __init__(self, source: object, closed: object) -> None:
        self._source, self._closed = source, closed
        self.size: int = source.size  # type: ignore[attr-defined]
        self.read = source.read  # type: ignore[attr-defined]
        self.changed = source.changed  # type: ignore[attr-defined]

    def close(self) -> None:
        """Close it."""
        self._source.close()  # type: ignore[attr-defined]
        self._closed()  # type: ignore[operator]


@pytest.mark.parametrize("assets", [(), BUSY], ids=["accepted", "no mark"])
def test_every_part_that_was_opened_is_closed(assets: tuple[()] | Fault) -> None:
    """However an upload ends; a daemon that runs for years must not lose a descriptor a day."""
    files = {"talk.mp4": VIDEO, "talk.es-ES.srt": SRT, "talk.background.wav": b"music"}
    room = Room(files=files, place_type=Opened, api=Api(assets=assets))
    upload(room, room.taken())

    assert isinstance(room.place, Opened)
    assert room.place.open == []


@pytest.mark.parametrize("fault", [BUSY, REFUSED, BARRED], ids=["busy", "refused", "account"])
def test_without_a_mark_nothing_passes_the_gate(fault: Fault) -> None:
    """The list cannot be read: the upload is withdrawn and tried again, and the account's refusal stays one."""
    room = Room(files={"talk.mp4": VIDEO}, api=Api(assets=fault))
    ended, said = upload(room, room.taken())

    assert said == []
    assert room.api.took == []
    assert isinstance(ended, events.Faulted)
    assert (ended.fault.money_may_have_moved, ended.fault.repeat_helps) == (False, True)
    assert ended.fault.account is fault.account
    assert ended.fault.words == fault.words


def test_a_list_that_breaks_after_the_whole_body_never_counts_as_money() -> None:
    """Also where the fault itself says that money may have moved: it was a question, not the upload."""
    fault = Fault(money_may_have_moved=True, repeat_helps=False, words="cut")
    ended, _ = upload(room := Room(files={"talk.mp4": VIDEO}, api=Api(assets=fault)), room.taken())

    assert isinstance(ended, events.Faulted)
    assert not ended.fault.money_may_have_moved


def test_a_shut_gate_ends_an_upload_without_an_event() -> None:
    """The daemon is going down; there is nothing to tell."""
    room = Room(files={"talk.mp4": VIDEO})
    ended, said = upload(room, room.taken(), opened=False)

    assert ended is None
    assert len(said) == 1
    assert room.api.took == []


def test_a_stop_before_the_first_byte_sends_nothing() -> None:
    """Not even a question is asked."""
    room = Room(files={"talk.mp4": VIDEO})
    taken = room.taken()
    room.stop.set()

    assert upload(room, taken) == (None, [])
    assert room.api.listed == 0


def test_a_video_that_changed_after_it_was_taken_in_is_not_sent() -> None:
    """Somebody still had it open and wrote on."""
    room = Room(files={"talk.mp4": VIDEO})
    taken = room.taken()
    room.disk.write(place(room, "talk.mp4"), VIDEO + b"more")
    ended, _ = upload(room, taken)

    assert isinstance(ended, events.Unsettled)
    assert not ended.gone
    assert room.api.took == []


def test_a_video_that_vanished_after_it_was_taken_in_is_told_as_gone() -> None:
    """There is nothing to give back."""
    room = Room(files={"talk.mp4": VIDEO})
    taken = room.taken()
    room.disk.delete(place(room, "talk.mp4"))
    ended, _ = upload(room, taken)

    assert isinstance(ended, events.Unsettled)
    assert ended.gone


class Watched(Api):
    """An API before whose first byte, and after it, something happens to the source."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self.meanwhile = meanwhile

    def submit(self, submission: Submission) -> Asset | Fault:
        """Let it happen, then take the body."""
        self.meanwhile()
        return super().submit(submission)


@pytest.mark.parametrize(
    ("meanwhile", "gone"),
    [
        (lambda room: room.disk.delete(place(room, "talk.mp4")), True),
        (lambda room: room.disk.write(place(room, "talk.mp4"), VIDEO + b"more"), False),
        (lambda room: room.disk.move(f"{ROOT}/processing", f"{ROOT}/away"), False),
    ],
    ids=["deleted", "changed", "not mounted"],
)
def test_a_video_that_is_touched_while_it_is_sent_passes_no_gate(
    meanwhile: Callable[[Room], None],
    gone: bool,  # noqa: FBT001
) -> None:
    """And it is told apart whether there is anything left to give back."""
    room = Room(files={"talk.mp4": VIDEO})
    taken = room.taken()
    api = Watched(lambda: meanwhile(room))
    room.hands = replace(room.hands, api=api)
    ended, said = upload(room, taken)

    assert isinstance(ended, events.Unsettled)
    assert ended.gone is gone
    assert (said, api.took) == ([], [])


def test_an_attempt_that_the_list_shows_already_is_not_sent_again() -> None:
    """The answer to the attempt before was lost, and the service was slow to list it: found at the gate, not billed."""
    ours = asset(file_name=f"talk-{CLAIM}.mp4", asset_id=AssetId("paid"))
    api = Api(assets=(asset(asset_id=AssetId("old"), file_name="talk-0ther.mp4"), asset(asset_id=AssetId("?")), ours))
    room = Room(files={"talk.mp4": VIDEO}, api=api)
    ended, said = upload(room, room.taken())

    assert ended == events.Found(asset=ours)
    assert said == []
    assert room.api.took == []


def test_a_video_of_another_claim_in_the_list_does_not_hold_up_ours() -> None:
    """Only our own claim's id in the file name is proof; the same stem is not."""
    api = Api(assets=(asset(file_name="talk.mp4"), asset(asset_id=AssetId("a2"), file_name="talk-0ther.mp4")))
    room = Room(files={"talk.mp4": VIDEO}, api=api)
    ended, said = upload(room, room.taken())

    assert isinstance(ended, events.Accepted)
    assert len(said) == len(room.api.took) == 1


def test_subtitles_that_changed_unseen_are_not_sent() -> None:
    """The order was made of another text: the drop goes back and settles afresh."""
    disk = Forgetful()
    room = Room(files={"talk.mp4": VIDEO, "talk.es-ES.srt": SRT}, api=Api(disk=disk))
    taken = room.taken()
    disk.scribble(place(room, "talk.es-ES.srt"), OTHER_SRT)
    ended, said = upload(room, taken)

    assert ended == events.Unsettled(why="talk.es-ES.srt is not what it was when it was read first")
    assert said == []
    assert room.api.took == []


def test_subtitles_that_became_unreadable_unseen_are_not_sent() -> None:
    """Overwritten with what is no SRT at all: also only a change, not a bug."""
    disk = Forgetful()
    room = Room(files={"talk.mp4": VIDEO, "talk.es-ES.srt": SRT}, api=Api(disk=disk))
    taken = room.taken()
    disk.scribble(place(room, "talk.es-ES.srt"), b"x" * len(SRT))
    ended, _ = upload(room, taken)

    assert isinstance(ended, events.Unsettled)
    assert room.api.took == []


@pytest.mark.parametrize(
    "stem",
    [
        "talk",
        "Interview mit Ö",
        "long" * 60,
    ],
)
def test_the_name_that_is_sent_proves_whose_the_asset_is(stem: str) -> None:
    """The claim's id in the file name is what a look-up after a lost answer knows our asset by."""
    room = Room(files={f"{stem}.mp4": VIDEO})
    upload(room, room.taken())
    name = room.api.took[0][0].video.file_name

    assert CLAIM in name
    assert name.endswith(".mp4")
    assert len(name.encode()) <= 200


# following and fetching


def followed(**changes: object) -> Claim:
    """Give a claim of which one language is followed."""
    ours = replace(dubbing(state=DubbingState.FETCHING, version_id=VersionId("v1")), **changes)  # type: ignore[arg-type]
    return claim(State.DUBBING, dubbings=(ours,))


def test_a_poll_reads_a_version_that_the_asset_is_silent_about() -> None:
    """An asset may list its versions without their status."""
    entry = AssetDubbing(locale=SPANISH, dubbing_id=DubbingId("d"), versions=(Version(version_id=VersionId("v1")),))
    room = Room(api=Api(asset=asset(dubbings=(entry,))))
    polled = room.hands.poll(followed())

    assert isinstance(polled, events.Polled)
    assert [version.status for version in polled.asset.dubbings[0].versions] == ["Completed"]


def test_a_poll_does_not_ask_about_languages_that_nobody_ordered() -> None:
    """Somebody added one in the Studio: it is shown as it is."""
    entry = AssetDubbing(locale=Locale("de-DE"), versions=(Version(version_id=VersionId("v9")),))
    room = Room(api=Api(asset=asset(dubbings=(entry,)), version=BUSY))
    polled = room.hands.poll(followed())

    assert isinstance(polled, events.Polled)
    assert polled.asset.dubbings == (entry,)


def test_a_poll_that_is_not_answered_says_so() -> None:
    """A free question may fail as often as it likes."""
    assert Room(api=Api(asset=BUSY)).hands.poll(followed()) == events.Unanswered(fault=BUSY)


@pytest.mark.parametrize(
    ("version", "seen"),
    [
        (Version(version_id=VersionId("v1"), status="Completed"), "Completed"),
        (Version(version_id=VersionId("v1"), status="Generating", result_url="https://cdn/r.mp4"), "Generating"),
        (Version(version_id=VersionId("v1")), None),
    ],
    ids=["no link", "no longer completed", "silent"],
)
def test_a_result_without_a_link_is_asked_for_again(version: Version, seen: str | None) -> None:
    """A status without a link is not a result."""
    faulted = Room(api=Api(version=version)).hands.fetch(followed(), SPANISH)

    assert isinstance(faulted, events.FetchFaulted)
    assert faulted.fault.repeat_helps
    assert faulted.seen == seen


def test_a_fault_on_the_way_to_a_result_is_the_fetchs_own() -> None:
    """Asking for the link and downloading fail alike."""
    for api in (Api(version=BUSY), Api(result=BUSY)):
        assert Room(api=api).hands.fetch(followed(), SPANISH) == events.FetchFaulted(locale=SPANISH, fault=BUSY)


@pytest.mark.parametrize(
    ("url", "suffix"),
    [
        ("https://cdn/a/r.MOV?X-Signature=a.zip", ".mov"),
        ("https://cdn/a/result?name=r.exe", ".mp4"),
        ("https://cdn/r.exe", ".mp4"),
        ("https://cdn/", ".mp4"),
        ("https://[cdn/r.mov", ".mp4"),
    ],
)
def test_a_result_has_the_suffix_of_a_video(url: str, suffix: str) -> None:
    """The link decides only among videos; what it says otherwise cannot name our file."""
    version = Version(version_id=VersionId("v1"), status="Completed", result_url=url)
    fetched = Room(api=Api(version=version)).hands.fetch(followed(), SPANISH)

    assert isinstance(fetched, events.Fetched)
    assert fetched.result.name == f"talk.es-ES{suffix}"


def test_a_download_ends_without_an_event_when_the_daemon_ends() -> None:
    """It is no fault of the result: what has come is kept, and the next start goes on with it."""
    room = Room(files={"talk.mp4": VIDEO})
    taken = room.taken(state=State.DUBBING)
    room.stop.set()

    assert room.hands.fetch(replace(taken, dubbings=followed().dubbings), SPANISH) is None
    (kept,) = [path for path in room.disk.files() if not path.endswith("talk.mp4")]
    assert room.disk.read(kept) == b"dubbed"
    assert not kept.endswith("/talk.es-ES.mp4")
    assert room.board.read(CLAIM) == {}


@pytest.mark.parametrize("stem", ["s" * 251, "ü" * 125, "a\udcff" * 60], ids=["ASCII", "UTF-8", "not UTF-8"])
def test_a_result_of_the_longest_name_can_be_kept_and_filed(stem: str) -> None:
    """Linux takes 255 bytes; the locale, the temporary name and a number have to fit as well."""
    room = Room(files={f"{stem}.mp4": VIDEO})
    taken = room.taken(state=State.DUBBING, asset_id=AssetId("a1"))
    ours = replace(taken, dubbings=followed().dubbings)
    fetched = room.hands.fetch(ours, SPANISH)
    assert isinstance(fetched, events.Fetched)
    filed = room.hands.put_away(replace(ours, outcome=Outcome(to=Destination.DONE, why="It is done.")))

    assert isinstance(filed, events.Filed)
    names = [path.rsplit("/", 1)[1] for path in room.disk.files()]
    assert fetched.result.name in names
    assert f"{stem}.mp4" in names
    assert all(len(name.encode("utf-8", "surrogateescape")) <= 255 for name in names)


def test_progress_is_on_the_board_while_it_moves() -> None:
    """The operator sees how far an upload of hours is, and nothing once it is over."""
    room = Room(files={"talk.mp4": VIDEO})
    seen: list[int] = []

    class Watching(Api):
        def submit(self, submission: Submission) -> Asset | Fault:
            for _ in submission.video:
                seen.extend(progress.sent for progress in room.board.read(CLAIM).values())
            seen.extend(progress.sent for progress in room.board.read(CLAIM).values())
            return self.answer

    taken = room.taken()
    room.hands = replace(room.hands, api=Watching(disk=room.disk))
    upload(room, taken)

    assert seen == [len(VIDEO)]


# filing


def test_parts_that_go_back_have_no_papers() -> None:
    """They settle afresh, as if nothing had been."""
    room = Room(files={"talk.mp4": VIDEO})
    taken = room.taken(outcome=Outcome(to=Destination.BACK, why="It changed."))
    room.hands.put_away(taken)

    assert list(room.disk.files()) == [f"{ROOT}/talk.mp4"]


def test_a_result_that_stays_when_parts_go_back_has_its_reason() -> None:
    """A dubbed video that nobody waits for any more is not left in ``failed/`` without a word."""
    room = Room(files={"talk.mp4": VIDEO})
    taken = room.taken(outcome=Outcome(to=Destination.BACK, why="It changed."))
    room.disk.write(place(room, "talk.es-ES.mp4"), b"dubbed")
    room.hands.put_away(taken)
    files = room.disk.files()

    assert sorted(files) == [f"{ROOT}/failed/talk/WHY.txt", f"{ROOT}/failed/talk/talk.es-ES.mp4", f"{ROOT}/talk.mp4"]
    assert files[f"{ROOT}/failed/talk/WHY.txt"].startswith(b"It changed.\n")


def test_a_video_that_is_refused_is_filed_with_its_reason() -> None:
    """The answer lies beside the parts."""
    room = Room(files={"talk.mp4": VIDEO})
    taken = room.taken(outcome=Outcome(to=Destination.FAILED, why="It has no sound.", todo="Export it again."))
    filed = room.hands.put_away(taken)

    assert filed == events.Filed(where="failed/talk")
    assert room.disk.read(f"{ROOT}/failed/talk/WHY.txt").startswith(b"It has no sound.\n\nExport it again.\n")


def test_roles_are_what_the_upload_goes_by() -> None:
    """A drop without a video is never sent: it is a bug to ask for it."""
    sidecar = drop("talk.toml")
    assert sidecar.of(Role.VIDEO) == ()

    with pytest.raises(AssertionError):
        Room().hands.upload(claim(State.UPLOADING, drop=sidecar, taken_at=NOW), Gate(), Talk())
