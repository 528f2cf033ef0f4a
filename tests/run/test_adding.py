"""Adding: what may be ordered for an earlier claim, by a word, and how one of its results comes to be revised."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from run.stage import FOLDER, Room, Stage
from run.test_admission import ASSET, BARE, EARLIER, FAILED, GERMAN, ITALIAN, LIKE, closed
from samples import BARRED, BROKEN, DIGEST, FRENCH, NOW, REFUSED, SPANISH, claim, drop, fingerprint, result

from panjaya_watchd.core import effects, events
from panjaya_watchd.core.answers import Fault, Version
from panjaya_watchd.core.claim import Claim, Destination, Dubbing, DubbingState, HeldFor, Outcome, State
from panjaya_watchd.core.drop import Drop, Part, Role
from panjaya_watchd.core.names import ClaimId, Digest, FolderName, Locale, VersionId
from panjaya_watchd.run.messages import Revised, Stop, Verified
from panjaya_watchd.run.revising import missing, revise

VERSION = VersionId("v1")
FIRST = replace(result(), fetched_at=NOW)
DUBBED = Dubbing(locale=SPANISH, state=DubbingState.FETCHED, version_id=VERSION, result=FIRST)
DONE = closed("talk", SPANISH, FRENCH, dubbings=(DUBBED,), likeness=LIKE)


class Told:
    """What a person was answered, once."""

    def __init__(self) -> None:
        self.said: list[tuple[str | None, ClaimId | None]] = []

    def __call__(self, why: str | None, claim_id: ClaimId | None) -> None:
        """Hear it."""
        self.said.append((why, claim_id))


def stage(*claims: Claim) -> Stage:
    """Give a driver with these claims; new ones are called new0, new1 …."""
    ids = iter(ClaimId(f"new{number}") for number in range(100))
    return Stage(more={"new_id": lambda: next(ids)}).start(*claims)


def ordered(room: Stage, claim_id: ClaimId, *locales: Locale) -> Claim:
    """Order languages; gives the new claim."""
    said = room.driver.adding.order(claim_id, locales)
    assert isinstance(said, Claim), said
    return said


# by a word


@pytest.mark.parametrize(
    ("target", "locales", "says"),
    [
        (closed("other", SPANISH), (GERMAN,), "There is no claim talk."),
        (replace(DONE, folder=FolderName("old")), (GERMAN,), "The watch folder old is not configured."),
        (replace(DONE, outcome=FAILED), (GERMAN,), "Claim talk has no dubbing to which languages could be added."),
        (claim(State.FILING, id=DONE.id, order=None, outcome=FAILED), (GERMAN,), "Claim talk has no dubbing to which"),
        (claim(State.UPLOADING, id=DONE.id, adds_to=ClaimId("x")), (GERMAN,), "Claim talk adds languages itself; ask"),
        (DONE, (SPANISH, FRENCH), "talk is dubbed into Spanish (Spain) and French already, and nothing else is asked"),
        (DONE, (Locale("xx-XX"),), "The video should be dubbed into xx-XX, which Panjaya does not know."),
        (DONE, (Locale("he-IL"),), "Panjaya cannot dub into Hebrew (he-IL), only from it."),
        (DONE, (Locale("en-US"),), "The video is in English (en-US) already and cannot be dubbed into it."),
        (DONE, (GERMAN, GERMAN), "The video should be dubbed into German (de-DE) twice."),
        (DONE, (), "Nothing says into which language the video should be dubbed."),
        (DONE, (Locale("\udcff\n"),), "The video should be dubbed into"),
    ],
)
def test_what_cannot_be_ordered_is_refused_at_once(target: Claim, locales: tuple[Locale, ...], says: str) -> None:
    """In a sentence, and nothing is changed."""
    room = stage(target)
    before = dict(room.driver.living)
    said = room.driver.adding.order(ClaimId("talk"), locales)

    assert isinstance(said, str)
    assert said.startswith(says)
    assert said.endswith("Nothing was changed.")
    assert said.isprintable()
    assert room.driver.living == before


def test_what_is_ordered_for_a_claim_that_is_done_goes_at_once() -> None:
    """It is durable when it is answered, and it is a drop without any part."""
    room = stage(DONE)
    added = ordered(room, DONE.id, GERMAN, SPANISH)

    assert room.ledger.get(added.id) == added
    assert (added.drop, added.adds_to, added.state) == (BARE, DONE.id, State.CLAIMED)
    assert added.order is not None
    assert added.order.locales == (GERMAN,)
    assert room.notes.effects() == [effects.TakeIn()]
    room.happen(added, events.TakenIn())
    assert room.driver.living[added.id].state is State.UPLOADING
    assert room.driver.living[added.id].builds_on == EARLIER


@pytest.mark.parametrize(
    "target",
    [
        claim(State.CLAIMED, id=DONE.id, likeness=LIKE),
        claim(State.UPLOADING, id=DONE.id, likeness=LIKE, digest=DIGEST, size=1000),
        claim(State.HELD, id=DONE.id, likeness=LIKE, held_for=HeldFor.BUDGET, maybe_billed=False),
    ],
    ids=lambda target: target.state.value,
)
def test_what_is_ordered_for_a_claim_under_way_waits_for_it(target: Claim) -> None:
    """Whatever was known of its bytes then; once it is done, it goes."""
    room = stage(target)
    added = ordered(room, DONE.id, GERMAN)
    room.happen(added, events.TakenIn())
    assert room.driver.living[added.id].awaits == DONE.id

    done = replace(target, state=State.FILING, digest=DIGEST, size=1000, asset_id=ASSET, accepted_at=NOW)
    room.ledger.put(replace(done, outcome=DONE.outcome, dubbings=(DUBBED,)))
    room.driver.living[DONE.id] = replace(done, outcome=DONE.outcome, dubbings=(DUBBED,))
    room.happen(done, events.Filed(where="done/talk"))

    now = room.driver.living[added.id]
    assert (now.state, now.digest) == (State.UPLOADING, DIGEST)
    assert now.builds_on is not None
    assert now.builds_on.filed_as == "done/talk"
    assert effects.Hash not in {type(effect) for effect in room.notes.effects()}


def test_what_is_on_its_way_is_not_ordered_once_more() -> None:
    """A person who got no answer says it again."""
    room = stage(DONE)
    ordered(room, DONE.id, GERMAN)
    again = room.driver.adding.order(DONE.id, [GERMAN])
    more = ordered(room, DONE.id, GERMAN, ITALIAN)

    assert again == (
        "talk is dubbed into Spanish (Spain), French and German already, and nothing else is asked for. "
        "Nothing was changed."
    )
    assert more.order is not None
    assert more.order.locales == (ITALIAN,)


def test_what_is_added_to_a_claim_that_added_is_added_to_the_first() -> None:
    """Else each would know only of its own languages."""
    added = closed("added", GERMAN, adds_to=DONE.id, builds_on=EARLIER, drop=BARE, taken_at=NOW.replace(hour=13))
    room = stage(DONE, added)

    assert ordered(room, added.id, ITALIAN).adds_to == DONE.id
    assert isinstance(room.driver.adding.order(added.id, [SPANISH]), str)


def test_a_video_on_the_web_is_added_to_by_its_address() -> None:
    """Of it no byte was ever here, so its size is 0; its end is what bounds the price."""
    web = Drop(key="talk", parts=drop("talk.toml").parts)
    assert DONE.order is not None
    order = replace(DONE.order, media_url="https://cdn.example/a.mp4", end_time=60.0)
    room = stage(replace(DONE, drop=web, order=order, size=0, duration=None, likeness="address x"))
    added = ordered(room, DONE.id, GERMAN)
    room.happen(added, events.TakenIn())

    now = room.driver.living[added.id]
    assert (now.state, now.estimated_millis) == (State.UPLOADING, 60_000)
    assert now.reserved is not None
    assert now.reserved.millis == 60_000


# a revision


def revising(room: Stage, claim_id: ClaimId = DONE.id, locale: Locale = SPANISH) -> Told:
    """Ask for a revision."""
    told = Told()
    room.driver.adding.revise(claim_id, locale, told)
    return told


def verified(room: Stage, told: Told, why: str | None = None, target: Claim = DONE) -> None:
    """Let our copy have been read."""
    room.tell(Verified(claim=target, dubbing=target.dubbings[0], why=why, answer=told))


@pytest.mark.parametrize(
    ("target", "locale", "says"),
    [
        (closed("other", SPANISH), SPANISH, "Claim talk has no result in done that could be revised."),
        (replace(DONE, outcome=FAILED), SPANISH, "Claim talk has no result in done that could be revised."),
        (replace(DONE, folder=FolderName("old")), SPANISH, "Claim talk has no result in done that could be revised."),
        (DONE, GERMAN, "Claim talk has no result in de-DE."),
        (replace(DONE, dubbings=(replace(DUBBED, result=None),)), SPANISH, "Claim talk has no result in es-ES."),
        (replace(DONE, dubbings=(replace(DUBBED, version_id=None),)), SPANISH, "Claim talk has no result in es-ES."),
        (DONE, Locale("\n"), "Claim talk has no result in"),
    ],
)
def test_what_cannot_be_revised_is_refused_at_once(target: Claim, locale: Locale, says: str) -> None:
    """Nothing is asked of the service, nothing is read."""
    room = stage(target)
    told = revising(room, locale=locale)

    ((why, claim_id),) = told.said
    assert why is not None
    assert why.startswith(says)
    assert why.endswith("Nothing was changed.")
    assert why.isprintable()
    assert claim_id is None
    assert (room.notes.verified, room.notes.revised) == ([], [])


def test_the_copy_is_read_then_the_claim_is_durable_then_the_service_is_asked() -> None:
    """In this order, and the claim begins only when that is answered."""
    room = stage(DONE)
    durable: list[Claim | None] = []
    room.notes.revise = lambda claim, answer: durable.append(room.ledger.get(claim.id))  # type: ignore[method-assign]
    told = revising(room)
    assert room.notes.verified == [(DONE, DUBBED)]
    assert room.driver.living == {}

    verified(room, told)
    (promised,) = room.driver.living.values()
    assert durable == [promised]
    assert (room.notes.handed, told.said) == ([], [])

    room.tell(Revised(claim_id=promised.id, why=None, answer=told))
    assert told.said == [(None, promised.id)]
    assert room.notes.effects() == [effects.TakeIn()]
    room.happen(promised, events.TakenIn())
    followed = room.driver.living[promised.id]
    assert (followed.state, followed.reserved, followed.to_buy) == (State.DUBBING, None, ())
    assert room.notes.effects() == [effects.TakeIn(), effects.Poll()]


def test_without_a_good_copy_nothing_is_revised() -> None:
    """The service would throw the only one away."""
    room = stage(DONE)
    told = revising(room)
    verified(room, told, "Our copy is not what was downloaded any more.")

    assert told.said == [("Our copy is not what was downloaded any more. Nothing was changed.", None)]
    assert (room.driver.living, room.notes.revised) == ({}, [])


def test_while_one_waits_there_is_no_second_one() -> None:
    """Neither from the beginning, nor when both copies were read at the same time."""
    room = stage(DONE)
    one, two = revising(room), revising(room)
    verified(room, one)
    verified(room, two)
    three = revising(room)

    assert len(room.notes.revised) == 1
    assert two.said == [("Claim new0 waits for another rendering already. Nothing was changed.", None)]
    assert three.said == [("Claim new0 waits for another rendering of it already. Nothing was changed.", None)]


def test_a_promise_that_the_service_refuses_is_taken_back() -> None:
    """The next word is free again."""
    room = stage(DONE)
    told = revising(room)
    verified(room, told)
    room.tell(Revised(claim_id=ClaimId("new0"), why="Panjaya did not revise it: not now", answer=told))

    assert told.said == [("Panjaya did not revise it: not now", None)]
    assert (room.driver.living, room.notes.handed) == ({}, [])
    again = revising(room)
    assert again.said == []
    assert len(room.notes.verified) == 2


def test_in_doubt_it_is_followed() -> None:
    """If it was revised after all, what is generated then would never be fetched, and lost with the next revision."""
    room = stage(DONE)
    told = revising(room)
    verified(room, told)
    room.tell(Revised(claim_id=ClaimId("new0"), why="Nobody knows: cut.", unsure=True, answer=told))

    assert told.said == [("Nobody knows: cut. Claim new0 looks, and fetches what there is.", ClaimId("new0"))]
    assert room.notes.effects() == [effects.TakeIn()]


def test_a_daemon_that_ends_promises_nothing() -> None:
    """Nobody would ask the service any more, and the next start would follow what was never revised."""
    room = stage(DONE)
    told = revising(room)
    room.tell(Stop())
    verified(room, told)

    assert told.said == [("The service is stopping. Nothing was changed.", None)]
    assert (room.driver.living, room.notes.revised) == ({}, [])


def rendering(number: int, **changes: Any) -> Claim:
    """Give a claim that has fetched another rendering of the result."""
    file = replace(FIRST, name=f"talk.es-ES ({number}).mp4", digest=Digest(f"{number:02}" * 32))
    when = NOW.replace(hour=12 + number)
    revised = replace(DUBBED, result=file, revised=True)
    plain = {
        "dubbings": (revised,),
        "filed_as": "done/talk",
        "adds_to": DONE.id,
        "builds_on": EARLIER,
        "drop": BARE,
        "taken_at": when,
        "closed_at": when,
    }
    return closed(f"rendering{number}", SPANISH, **{**plain, **changes})


def test_the_newest_rendering_is_what_has_to_be_here() -> None:
    """Whichever claim the word names: that is the one that the service throws away."""
    copy = closed("copy", SPANISH, dubbings=(DUBBED,), builds_on=EARLIER, taken_at=NOW.replace(hour=20))
    foreign = rendering(7, dubbings=(replace(DUBBED, version_id=VersionId("v9"), revised=True),))
    room = stage(DONE, rendering(3), rendering(2), copy, foreign)
    for claim_id in (DONE.id, copy.id, ClaimId("rendering2")):
        room.notes.verified.clear()
        revising(room, claim_id)

        ((which, dubbing),) = room.notes.verified
        assert which.id == "rendering3"
        assert dubbing.result is not None
        assert dubbing.result.name == "talk.es-ES (3).mp4"


@pytest.mark.parametrize(
    ("last", "says"),
    [
        (
            rendering(3, outcome=FAILED, dubbings=(replace(DUBBED, result=None, revised=True),)),
            "Claim rendering3 was to fetch another rendering of it and has not",
        ),
        (
            rendering(3, folder=FolderName("old")),
            "Its newest rendering is that of claim rendering3, whose watch folder",
        ),
    ],
    ids=["failed", "elsewhere"],
)
def test_a_rendering_that_may_not_be_here_is_not_thrown_away(last: Claim, says: str) -> None:
    """A person may have generated it in the Studio since."""
    room = stage(DONE, rendering(2), last)
    told = revising(room)

    ((why, _),) = told.said
    assert why is not None
    assert why.startswith(says)
    assert room.notes.verified == []


def test_a_promise_that_was_taken_back_does_not_count() -> None:
    """Nothing was revised then."""
    back = Outcome(to=Destination.BACK, why="It was let go.")
    room = stage(DONE, rendering(3, outcome=back, dubbings=(replace(DUBBED, result=None, revised=True),)))
    revising(room)

    assert room.notes.verified == [(DONE, DUBBED)]


# the hands

UNKNOWN = "Whether Panjaya has revised it is not known: cut"


@pytest.mark.parametrize(
    ("link", "version", "why", "unsure"),
    [
        ("https://studio/v1", None, None, False),
        ("lost", Version(version_id=VERSION, status="ReadyToEdit"), None, False),
        (
            "lost",
            Version(version_id=VERSION, status="Completed"),
            "Whether Panjaya has revised it is not known: cut",
            True,
        ),
        ("lost", REFUSED, UNKNOWN, True),
        ("refused", Version(version_id=VERSION, status="Completed"), "Panjaya did not revise it: cut", False),
        ("lost", BARRED, UNKNOWN, True),
        ("lost", BROKEN, UNKNOWN, True),
        ("lost", Version(version_id=VERSION), UNKNOWN, True),
        ("never sent", BROKEN, "Panjaya did not revise it: cut", False),
    ],
)
def test_what_the_service_says_of_a_revision(link: str, version: Any, why: str | None, unsure: bool) -> None:  # noqa: FBT001
    """Where its answer is lost the version itself is asked, and the service is never asked twice."""
    room, told = Room(), Told()
    status = 400 if link == "refused" else None
    cut = Fault(money_may_have_moved=False, repeat_helps=link == "never sent", words="cut", status=status)
    room.api.link = link if link.startswith("https") else cut
    room.api.version = version or room.api.version
    said = revise(room.hands, rendering(2), told)

    assert said == Revised(claim_id=ClaimId("rendering2"), why=why, unsure=unsure, answer=told)
    assert room.api.revised == [VERSION]


COPY = b"dubbed into Spanish"


def shelved(content: bytes | None) -> tuple[Room, Claim, Dubbing]:
    """Give a room with a result in done/, and what is known of it."""
    room = Room()
    if content is not None:
        room.disk.write(f"/srv/dub/done/talk/{FIRST.name}", content)
    known = replace(FIRST, size=len(COPY), digest=Digest(sha256(COPY).hexdigest()))
    return room, replace(DONE, filed_as="done/talk"), replace(DUBBED, result=known)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (COPY, None),
        (COPY[:-1] + b"?", "Our copy is not what was downloaded any more."),
        (COPY[:-1], "Our copy is not what was downloaded any more."),
        (b"", "Our copy is not what was downloaded any more."),
        (None, "Our copy cannot be read: the earlier result is not where it was filed."),
    ],
)
def test_a_copy_is_read_as_a_whole(content: bytes | None, why: str | None) -> None:
    """One letter is enough; so is its absence."""
    room, done, known = shelved(content)
    room.api.version = Version(version_id=VERSION, status="ReadyToEdit")

    assert missing(room.hands, done, known) == why
    assert missing(room.hands, done, replace(known, result=None)) == "There is no copy of this result here."
    assert missing(room.hands, replace(done, filed_as=None), known) == "There is no copy of this result here."


@pytest.mark.parametrize(
    ("version", "there", "why"),
    [
        (Version(version_id=VERSION, status="Completed", result_url="https://x"), len(COPY), None),
        (
            Version(version_id=VERSION, status="Completed", result_url="https://x"),
            len(COPY) + 1,
            "Panjaya has another rendering than ours. Download it in the Studio first.",
        ),
        (
            Version(version_id=VERSION, status="Completed", result_url="https://x"),
            BROKEN,
            "Panjaya's rendering cannot be compared with ours: the connection was cut",
        ),
        (BROKEN, 0, "Panjaya does not say how it stands: the connection was cut"),
        (Version(version_id=VERSION, status="Failed"), 0, None),
    ],
)
def test_what_people_generated_anew_is_not_thrown_away(version: Any, there: Any, why: str | None) -> None:
    """Ours is the one that was fetched; as long as that has to be the one that goes."""
    room, done, known = shelved(COPY)
    room.api.version, room.api.weight = version, there

    assert missing(room.hands, done, known) == why


def test_a_daemon_that_ends_reads_no_further() -> None:
    """It may be a large file."""
    room, done, known = shelved(COPY)
    room.stop.set()

    assert missing(room.hands, done, known) == "The service is stopping."


def test_a_link_in_the_copys_place_is_no_copy() -> None:
    """Nor is a folder."""
    room, done, known = shelved(None)
    room.disk.write(f"/srv/dub/done/talk/{FIRST.name}/inside", COPY)

    assert missing(room.hands, done, known) is not None


def test_a_result_that_joins_others_is_named_by_what_is_free_there() -> None:
    """So the receipt, and the next revision, name the very file."""
    room, _, _ = shelved(COPY)
    part = Part(name="talk.toml", role=Role.TOML, fingerprint=fingerprint())
    taken = claim(State.DUBBING, id=ClaimId("c0ffee"), drop=Drop(key="talk", parts=(part,)), adds_to=DONE.id)
    dubbings = (Dubbing(locale=SPANISH, state=DubbingState.FETCHING, version_id=VERSION),)
    joining = replace(taken, builds_on=EARLIER, dubbings=dubbings, folder=FOLDER)
    fetched = room.hands.fetch(joining, SPANISH)
    alone = room.hands.fetch(replace(joining, builds_on=None, adds_to=None), SPANISH)

    assert isinstance(fetched, events.Fetched)
    assert fetched.result.name == "talk.es-ES (2).mp4"
    assert isinstance(alone, events.Fetched)
    assert alone.result.name == "talk.es-ES.mp4"
