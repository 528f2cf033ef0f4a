"""Drops without a video on their way to the service: one on the web, and languages for what is done."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from run.stage import CLAIM, FOLDER, ROOT, Api, Room, Stage, watched
from run.test_admission import EARLIER, GERMAN, TARGET
from run.test_sending import LOST, OTHER_SRT, SRT, languages, send
from samples import BARRED, BROKEN, BUSY, FRENCH, REFUSED, SPANISH, asset, drop

from panjaya_watchd.core import events, more
from panjaya_watchd.core.budget import Budget
from panjaya_watchd.core.claim import Attempt, Claim, Destination, HeldFor, State
from panjaya_watchd.core.drop import Drop
from panjaya_watchd.core.names import AssetId, ClaimId, Digest
from panjaya_watchd.core.order import Asked, AutoGenerate
from panjaya_watchd.run.claiming import Terms, new_claim
from panjaya_watchd.run.messages import Reading

URL = "https://cdn.example/talk.mp4"
WEB = {"talk.toml": f'media_url = "{URL}"\n'.encode(), "talk.es-ES.srt": SRT.encode()}
ADDRESS = Digest(sha256(f"media_url {URL}".encode()).hexdigest())


def from_web(files: dict[str, bytes] | None = None, **api: Any) -> tuple[Room, Claim]:
    """Take in a TOML that names a video on the web, with subtitles."""
    room = Room(files=files or WEB, api=Api(**api))
    return room, room.taken(state=State.UPLOADING, attempt=Attempt(number=1))


# one on the web


def test_the_service_is_asked_for_it_at_the_gate() -> None:
    """The list is marked before; the order goes as a whole, with the texts, and no byte of a video."""
    other = asset(asset_id=AssetId("other"))
    room, taken = from_web(assets=(other,))
    ended, said = send(room, taken)

    assert ended == events.Accepted(asset=asset())
    assert said == [events.AtGate(digest=ADDRESS, size=0, mark=frozenset({AssetId("other")}))]
    assert room.api.created == [(taken.order, {SPANISH: SRT})]
    assert room.api.took == []


def test_a_shut_gate_keeps_it_from_being_asked_for() -> None:
    """Nothing comes after it, and there is nothing to tell."""
    room, taken = from_web()
    ended, said = send(room, taken, opened=False)

    assert (ended, len(said), room.api.created) == (None, 1, [])


@pytest.mark.parametrize("fault", [BROKEN, BUSY, REFUSED, BARRED, LOST])
def test_a_list_that_fails_before_the_gate_is_free(fault: Any) -> None:
    """It is asked again, whatever it was."""
    room, taken = from_web(assets=fault)
    ended, said = send(room, taken)

    assert ended == events.Faulted(fault=replace(fault, money_may_have_moved=False, repeat_helps=True))
    assert (said, room.api.created) == ([], [])


@pytest.mark.parametrize("fault", [BROKEN, BUSY, REFUSED, BARRED])
def test_a_fault_after_the_gate_is_told_as_it_is(fault: Any) -> None:
    """Whether money may have moved is the fault's own word."""
    room, taken = from_web(answer=fault)

    assert send(room, taken)[0] == events.Faulted(fault=fault)
    assert len(room.api.created) == 1


def test_an_earlier_attempt_of_which_we_never_heard_is_found_and_not_repeated() -> None:
    """It bears the claim's id in its callback address."""
    ours = asset(raw=f'{{"callback_url": "https://us/callback/{CLAIM}"}}')
    room, taken = from_web(assets=(asset(asset_id=AssetId("a9")), ours))
    ended, said = send(room, taken)

    assert ended == events.Found(asset=ours)
    assert (said, room.api.created) == ([], [])


def changed(room: Room) -> None:
    """Write another text."""
    room.disk.write(f"{ROOT}/processing/{CLAIM}/talk.es-ES.srt", OTHER_SRT.encode())


def joined(room: Room) -> None:
    """Drop more subtitles."""
    room.disk.write(f"{ROOT}/talk.fr-FR.srt", OTHER_SRT.encode())


def gone(room: Room) -> None:
    """Take the subtitles away."""
    room.disk.delete(f"{ROOT}/processing/{CLAIM}/talk.es-ES.srt")


@pytest.mark.parametrize("happens", [changed, joined, gone])
def test_what_changes_before_the_gate_goes_back(happens: Callable[[Room], None]) -> None:
    """Nothing is asked for by a text that nobody has read, or without one that has come."""
    room, taken = from_web()
    happens(room)
    ended, said = send(room, taken)

    assert isinstance(ended, events.Unsettled)
    assert (said, room.api.created) == ([], [])


def test_a_folder_that_is_away_is_waited_for() -> None:
    """The texts cannot be read just now."""
    room, taken = from_web()
    room.disk.move(f"{ROOT}/processing", f"{ROOT}/away")

    assert isinstance(send(room, taken)[0], events.Stuck)
    assert room.api.created == []


def test_a_link_in_the_subtitles_place_is_never_read() -> None:
    """Nor is a folder; what lies behind it is not ours to send."""
    room, taken = from_web()
    gone(room)
    room.disk.write(f"{ROOT}/processing/{CLAIM}/talk.es-ES.srt/inside", SRT.encode())

    assert isinstance(send(room, taken)[0], events.Unsettled)
    assert room.api.created == []


# languages


def by_a_file(files: dict[str, bytes], **api: Any) -> tuple[Room, Claim]:
    """Take in subtitles for further languages of what is done."""
    room = Room(files=files, api=Api(**api))
    found = room.drop()
    reading = room.hands.examine(FOLDER, found)
    assert isinstance(reading, Reading)
    terms = Terms(claim_id=CLAIM, now=room.clock.now(), callback_url=None, held=False, earlier=TARGET)
    claim = new_claim(FOLDER, watched(), found, reading, terms)
    room.place.take_in(CLAIM, found)
    return room, replace(claim, state=State.UPLOADING, builds_on=EARLIER, attempt=Attempt(number=1), inside=True)


def test_only_the_new_languages_are_asked_for_with_their_texts() -> None:
    """The size at the gate is the video's, of which nothing is read."""
    room, taken = by_a_file({"talk.de-DE.srt": SRT.encode()}, asset=languages(SPANISH, FRENCH))
    ended, (at_gate,) = send(room, taken)

    assert isinstance(ended, events.Accepted)
    assert room.api.added == [("a0", (GERMAN,), {GERMAN: SRT})]
    assert (at_gate.digest, at_gate.size, at_gate.missing) == (TARGET.digest, 1000, (GERMAN,))
    assert (room.api.took, room.api.created, room.api.listed) == ([], [], 0)


def test_what_came_meanwhile_goes_with_them() -> None:
    """Both go back, and settle together."""
    room, taken = by_a_file({"talk.de-DE.srt": SRT.encode()}, asset=languages(SPANISH, FRENCH))
    room.disk.write(f"{ROOT}/talk.it-IT.srt", OTHER_SRT.encode())

    assert isinstance(send(room, taken)[0], events.Unsettled)
    assert room.api.added == []


def test_a_word_takes_no_file_along_and_never_goes_back() -> None:
    """What lies there by then is a drop of its own."""
    room, taken = by_a_file({"talk.de-DE.srt": SRT.encode()}, asset=languages(SPANISH, FRENCH))
    assert taken.order is not None
    plain = replace(taken.order, languages=tuple(replace(each, srt=None) for each in taken.order.languages))
    word = replace(taken, drop=Drop(key="talk", parts=(), title="talk"), order=plain)
    room.disk.write(f"{ROOT}/talk.it-IT.srt", OTHER_SRT.encode())

    assert isinstance(send(room, word)[0], events.Accepted)
    assert room.api.added == [("a0", (GERMAN,), {})]


# what is claimed


def claimed(stage: Stage, reading: Reading, *names: str, claim_id: str = "new") -> Claim:
    """Let a drop without a video be claimed and taken in; gives how it stands then."""
    stage.driver.new_id = lambda: ClaimId(claim_id)
    found = drop(*(names or ("talk.toml",)))
    fresh = stage.driver._claim(FOLDER, found, reading)
    stage.happen(fresh, events.TakenIn())
    return stage.driver.living[fresh.id]


def stage(budget: Budget | None = None) -> Stage:
    """Give a driver with a budget."""
    return Stage(more={"watched": {FOLDER: replace(watched(), budget=budget)}}).start()


def web(**wishes: Any) -> Reading:
    """Give what a TOML with an address says."""
    facts = {"media_url": URL, **wishes}
    return Reading(asked=Asked(**facts, named=tuple(facts)))


def test_an_address_is_what_a_video_on_the_web_is_known_by() -> None:
    """Of its bytes none is ever seen, and its length is not known."""
    here = claimed(stage(), web())

    assert (here.state, here.digest, here.likeness, here.size) == (State.UPLOADING, ADDRESS, f"address {ADDRESS}", 0)
    assert (here.duration, here.estimated_millis, here.background_digest) == (None, None, None)


@pytest.mark.parametrize(
    ("budget", "wishes", "millis"),
    [
        (None, {}, None),
        (Budget(drops_per_day=1), {}, None),
        (Budget(minutes_per_day=100), {"end_time": 90.0}, 180_000),
        (Budget(minutes_per_day=100), {"start_time": 30.0, "end_time": 90.0}, 120_000),
        (Budget(max_minutes_per_video=3), {"end_time": 90.0}, 180_000),
        (Budget(minutes_per_month=3), {"end_time": 90.0}, 180_000),
    ],
)
def test_an_end_bounds_what_a_video_of_unknown_length_costs(
    budget: Budget | None, wishes: dict[str, Any], millis: int | None
) -> None:
    """So much is reserved for its two languages before it is asked for."""
    here = claimed(stage(budget), web(**wishes))

    assert here.state is State.UPLOADING
    assert here.reserved is not None
    assert here.reserved.millis == millis


@pytest.mark.parametrize(
    ("budget", "wishes", "says"),
    [
        (Budget(minutes_per_day=100), {}, "its length cannot be told, so it cannot be counted against the budget"),
        (Budget(minutes_per_month=100), {"start_time": 5.0}, "its length cannot be told"),
        (Budget(max_minutes_per_video=100), {}, "its length cannot be told"),
        (Budget(minutes_per_day=2.9), {"end_time": 90.0}, "it takes 3 minutes; folder marketing: only 2.9 in a whole"),
        (Budget(drops_per_day=0), {"end_time": 1.0}, "folder marketing: all 0 drops of the day are used"),
    ],
)
def test_what_cannot_be_counted_or_does_not_fit_is_held(budget: Budget, wishes: dict[str, Any], says: str) -> None:
    """A person may let it go; nothing is reserved, and nothing was sent."""
    here = claimed(stage(budget), web(**wishes))

    assert (here.state, here.held_for, here.reserved) == (State.HELD, HeldFor.BUDGET, None)
    assert says in str(here.held)


def test_what_a_person_lets_go_is_charged_once_its_length_is_known() -> None:
    """The service tells it with the asset."""
    room = stage(Budget(minutes_per_day=100))
    here = claimed(room, web())
    assert room.driver.operator.tell(here.id, events.Told(word=events.Word.RELEASE)) is None
    room.happen(here, events.TakenIn())
    assert room.driver.living[here.id].state is State.UPLOADING
    room.happen(here, events.AtGate(digest=ADDRESS, size=0, mark=frozenset()))
    room.happen(here, events.Accepted(asset=asset(duration=30.0)))

    reserved = room.driver.living[here.id].reserved
    assert reserved is not None
    assert reserved.millis == 60_000
    (purse,) = room.driver.admission.purses().values()
    assert purse.today.millis == 60_000


def done(stage: Stage, claim: Claim) -> None:
    """Let it have been dubbed and filed."""
    outcome = TARGET.outcome
    assert claim.order is not None
    dubbings = tuple(replace(TARGET.dubbings[0], locale=locale) for locale in claim.order.locales)
    facts: dict[str, Any] = {"asset_id": AssetId(f"a-{claim.id}"), "filed_as": "done/talk", "closed_at": claim.taken_at}
    del stage.driver.living[claim.id]
    stage.ledger.put(replace(claim, state=State.CLOSED, outcome=outcome, dubbings=dubbings, reserved=None, **facts))


def test_the_same_address_again_costs_nothing() -> None:
    """Under whatever name, also where no budget has room any more."""
    room = stage(Budget(drops_per_day=1))
    done(room, claimed(room, web(), claim_id="old"))
    again = claimed(room, web(), "other.toml")

    assert (again.state, again.reserved) == (State.DUBBING, None)
    assert again.builds_on is not None
    assert again.builds_on.claim_id == "old"


def test_the_same_address_beside_itself_waits() -> None:
    """Two TOMLs that name one video are one order."""
    room = stage()
    claimed(room, web(), claim_id="first")
    second = claimed(room, web(), "other.toml")

    assert (second.state, second.awaits) == (State.CLAIMED, "first")


@pytest.mark.parametrize(
    ("wishes", "setting"),
    [
        ({"speakers_count": 2}, "speakers_count"),
        ({"end_time": 5.0}, "end_time"),
        ({"auto_generate": AutoGenerate.OFF}, "auto_generate"),
        ({"background_url": "https://cdn.example/music.wav"}, "background_url"),
    ],
)
def test_the_same_address_with_other_settings_is_refused(wishes: dict[str, Any], setting: str) -> None:
    """Paying again must be meant; then it is said by force."""
    room = stage()
    done(room, claimed(room, web(), claim_id="old"))
    refused = claimed(room, web(**wishes), claim_id="refused")
    meant = claimed(room, web(**wishes, force=True), claim_id="meant")

    assert refused.state is State.FILING
    assert refused.outcome is not None
    assert refused.outcome.to is Destination.FAILED
    assert ("Other settings", setting) in refused.outcome.details
    assert meant.state is State.UPLOADING


def test_another_address_is_another_video() -> None:
    """Also if it leads to the same one in the end."""
    room = stage()
    done(room, claimed(room, web(), claim_id="old"))

    assert claimed(room, web(media_url=f"{URL}?again")).state is State.UPLOADING


def test_a_language_that_was_added_is_had_when_the_video_comes_again() -> None:
    """It is the asset's, whoever has ordered it."""
    room = stage()
    room.ledger.put(TARGET)
    asked = Reading(asked=more.asked_for([GERMAN]))
    added = claimed(room, asked, claim_id="added")
    assert added.reserved is not None
    assert added.reserved.millis == 60_000
    dubbings = (replace(TARGET.dubbings[0], locale=GERMAN),)
    facts: dict[str, Any] = {
        "outcome": TARGET.outcome,
        "dubbings": dubbings,
        "filed_as": "done/talk",
        "closed_at": TARGET.closed_at,
    }
    del room.driver.living[added.id]
    room.ledger.put(replace(added, state=State.CLOSED, asset_id=TARGET.asset_id, **facts))

    wanted = Asked(languages=((SPANISH, None), (GERMAN, None)))
    copy = Reading(asked=wanted, duration=60.0, likeness=TARGET.likeness)
    again = claimed(room, copy, "copy.mp4", claim_id="copy")
    room.happen(again, events.Hashed(digest=TARGET.digest or Digest("")))

    here = room.driver.living[again.id]
    assert (here.state, here.reserved, here.to_buy) == (State.DUBBING, None, ())


def test_a_claim_names_no_claim_that_it_was_not_told_of() -> None:
    """Sidecars of a name that is not done stay what they are: without a video, and refused."""
    room = stage()
    claimed_so = room.driver._claim(FOLDER, drop("talk.toml"), Reading(asked=Asked()))

    assert claimed_so.order is None
    assert claimed_so.outcome is not None
    assert claimed_so.outcome.why == "There is no video for talk."
