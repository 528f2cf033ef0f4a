"""Sidecars that lie in a folder without their video: which of them wait, for what, and whose they are in the end."""

from time import process_time
from typing import Any

import pytest
from run.stage import FOLDER, PACE, QUIET, Stage
from run.test_admission import BARE, TARGET, closed
from run.test_folders import scanned
from samples import SPANISH, claim, drop, fingerprint

from panjaya_watchd.core import effects
from panjaya_watchd.core.claim import Claim, HeldFor, State
from panjaya_watchd.core.drop import Drop, group
from panjaya_watchd.core.names import AssetId, ClaimId, FolderName, Locale
from panjaya_watchd.core.order import Asked, Refusal
from panjaya_watchd.core.settle import ALONE, LONE, Evidence
from panjaya_watchd.places.base import Scan
from panjaya_watchd.run.companions import HALFWAY, LATER, Companions
from panjaya_watchd.run.messages import BATCH, Examined, Reading, Scanned

ASKED = Reading(asked=Asked(languages=((Locale("de-DE"), None),)))
NAMES_VIDEO = Reading(asked=Asked(media_url="https://cdn.example/a.mp4"))
UNREADABLE = Reading(asked=Refusal(why="talk.toml, line 1: expected a table.", todo="Correct it."))


def lying(*names: str) -> dict[str, Drop]:
    """Give drops as a look shows them."""
    return {found.key: found for found in group((name, fingerprint()) for name in names)}


def of(name: str) -> Drop:
    """Give the one drop of a file."""
    (found,) = lying(name).values()
    return found


class Shelf:
    """What is done, and how often that was asked."""

    def __init__(self, *done: Claim) -> None:
        self.done = {claim.drop.key: claim for claim in done}
        self.asked = 0
        self.companions = Companions(done=self.find)

    def find(self, folder: FolderName, newcomer: Drop) -> Claim | None:
        """Look it up."""
        self.asked += 1
        return self.done.get(newcomer.key)

    def reason(self, name: str, *claims: Claim) -> str | None:
        """Say why a file waits beside these claims that are open; None where it is to be read."""
        (why,) = self.companions.reasons(FOLDER, claims, lying(name)).values()
        return why


def own(state: State = State.UPLOADING, **changes: Any) -> Claim:
    """Give an open claim of another video of that name."""
    return claim(state, inside=True, drop=drop("talk.mp4"), id=ClaimId("own"), **changes)


def more(state: State = State.UPLOADING, **changes: Any) -> Claim:
    """Give an open claim that adds to the video that is done, by a file."""
    facts = {"inside": True, "drop": of("talk.it-IT.srt"), "id": ClaimId("more"), "adds_to": TARGET.id, **changes}
    return claim(state, **facts)


def test_subtitles_alone_wait_for_their_video_and_are_not_read() -> None:
    """Nothing of that name is done or under way."""
    assert Shelf().reason("talk.de-DE.srt") == ALONE


def test_subtitles_for_what_is_done_are_read() -> None:
    """They may order a language."""
    assert Shelf(TARGET).reason("talk.de-DE.srt") is None


def test_a_toml_is_read_once_and_waits_then_with_what_is_wrong_with_it() -> None:
    """It may name a video on the web; one that does not is read again only when it changes."""
    shelf = Shelf()
    for reading, why in ((ASKED, ALONE), (UNREADABLE, f"{ALONE}; talk.toml, line 1: expected a table.")):
        found = of("talk.toml")
        assert shelf.reason("talk.toml") is None
        assert shelf.companions.judge(FOLDER, found, reading) == Evidence(name="talk.toml", says=why)
        assert shelf.reason("talk.toml") == why
        assert shelf.companions.reasons(FOLDER, (), {}) == {}
    changed = {"talk": Drop(key="talk", parts=group([("talk.toml", fingerprint(2000))])[0].parts)}
    shelf.companions.judge(FOLDER, of("talk.toml"), ASKED)
    assert shelf.companions.reasons(FOLDER, (), changed) == {"talk": None}


def test_a_toml_that_names_a_video_is_claimed_whatever_else_is_under_way() -> None:
    """It is a drop of its own."""
    shelf = Shelf(TARGET)
    shelf.reason("talk.toml", own(State.DUBBING))

    assert shelf.companions.judge(FOLDER, of("talk.toml"), NAMES_VIDEO) is NAMES_VIDEO


def test_what_is_for_a_video_under_way_is_never_taken_for_an_older_one() -> None:
    """Before the gate it is used, after it answered; only when that one is over it is for what is done."""
    shelf = Shelf(TARGET)
    before = shelf.reason("talk.de-DE.srt", own())
    assert before is not None
    assert before.startswith("belongs to talk, which was taken already")

    assert shelf.reason("talk.de-DE.srt", own(State.DUBBING)) is None
    late = shelf.companions.judge(FOLDER, of("talk.de-DE.srt"), ASKED)
    assert isinstance(late, Reading)
    assert isinstance(late.asked, Refusal)
    assert late.asked.why.startswith("This came too late")

    assert shelf.reason("talk.de-DE.srt") is None
    assert shelf.companions.judge(FOLDER, of("talk.de-DE.srt"), ASKED) is ASKED


@pytest.mark.parametrize("last", [more(State.DUBBING), more(drop=BARE, state=State.DUBBING), more()], ids=repr)
def test_what_adds_to_the_older_one_does_not_hide_the_video_under_way(last: Claim) -> None:
    """Whichever of the two claims is the newer one."""
    shelf = Shelf(TARGET)

    for claims in ((own(), last), (last, own())):
        why = shelf.reason("talk.de-DE.srt", *claims)
        assert why is not None
        assert why.startswith("belongs to talk, which was taken already")
    for claims in ((own(State.DUBBING), last), (last, own(State.DUBBING))):
        assert shelf.reason("talk.de-DE.srt", *claims) is None
        late = shelf.companions.judge(FOLDER, of("talk.de-DE.srt"), ASKED)
        assert isinstance(late, Reading)
        assert isinstance(late.asked, Refusal)


def test_what_comes_while_languages_are_added_goes_with_them_or_orders_more() -> None:
    """Before the gate they go together; after it, and beside a person's word, nothing is too late."""
    shelf = Shelf(TARGET)
    together = shelf.reason("talk.de-DE.srt", more())
    assert together is not None
    assert together.startswith("belongs to talk, which was taken already")

    for claims in ((more(State.DUBBING),), (more(drop=BARE),), (more(State.DUBBING, drop=BARE),)):
        assert shelf.reason("talk.de-DE.srt", *claims) is None
        assert shelf.companions.judge(FOLDER, of("talk.de-DE.srt"), ASKED) is ASKED


def test_what_the_daemon_died_of_keeps_its_sidecars() -> None:
    """Its video is in our folder and its subtitles are not: they are for no older one."""
    halfway = claim(State.HELD, drop=drop("talk.mp4", "talk.de-DE.srt"), inside=False, held_for=HeldFor.POISON)

    assert Shelf(TARGET).reason("talk.de-DE.srt", halfway) == HALFWAY


def test_where_nothing_is_taken_without_a_toml_that_holds_for_what_is_done() -> None:
    """Who writes it last says by it that everything is there."""
    shelf = Shelf(TARGET)
    alone, whole = lying("talk.de-DE.srt"), lying("talk.de-DE.srt", "talk.toml")

    assert shelf.companions.reasons(FOLDER, [], alone, toml=True) == {"talk": "waits for talk.toml"}
    assert shelf.companions.reasons(FOLDER, [], whole, toml=True) == {"talk": None}


def test_two_thousand_of_them_cost_little_at_each_look() -> None:
    """The ledger is asked for a few of them at a time, and for each of them once."""
    names = [f"film{number:05}.de-DE.srt" for number in range(2_000)]
    shelf, present, claims = Shelf(TARGET), lying(*names), [own(), more()]
    first = shelf.companions.reasons(FOLDER, claims, present)
    assert shelf.asked == BATCH
    assert list(first.values()).count(LATER) == 2_000 - BATCH

    for _ in range(2_000 // BATCH):
        shelf.companions.reasons(FOLDER, claims, present)
    assert shelf.asked == 2_000
    began = process_time()
    assert set(shelf.companions.reasons(FOLDER, claims, present).values()) == {ALONE}
    assert process_time() - began < 0.1, "it takes 2 ms"


# in the driver


@pytest.fixture
def stage() -> Stage:
    """Give a driver in whose ledger a video is done."""
    ids = iter(ClaimId(f"new{number}") for number in range(100))
    stage = Stage(more={"new_id": lambda: next(ids)})
    stage.ledger.put(TARGET)
    return stage.start()


def settle(stage: Stage, *names: str, reading: Reading = ASKED) -> list[Claim]:
    """Let these files be seen until they have settled without a video, and be read; give the claims that are new."""
    before = set(stage.driver.living)
    stage.notes.examined.clear()
    for _ in range(3 + int(2 * LONE)):
        stage.tell(scanned(*names))
        stage.clock.seconds += QUIET / 2
    for found in list(stage.notes.examined):
        stage.tell(Examined(folder=FOLDER, drop=found, found=reading))
    return [claim for claim_id, claim in stage.driver.living.items() if claim_id not in before]


def test_a_file_for_what_is_done_becomes_a_claim_that_adds_to_it(stage: Stage) -> None:
    """It is only of the new language."""
    (added,) = settle(stage, "talk.toml")

    assert (added.adds_to, added.asset_id, added.state) == (TARGET.id, None, State.CLAIMED)
    assert added.order is not None
    assert added.order.locales == ("de-DE",)
    assert (added.digest, added.likeness, added.duration) == (TARGET.digest, TARGET.likeness, TARGET.duration)


def test_it_waits_longer_than_a_video_does(stage: Stage) -> None:
    """Its own video may be about to come."""
    for _ in range(5):
        stage.tell(scanned("talk.toml"))
        stage.clock.seconds += QUIET / 2

    assert stage.notes.examined == []


def test_of_a_video_of_that_name_that_comes_meanwhile_it_is_a_sidecar(stage: Stage) -> None:
    """It was read for the older one by then, and that is of no interest any more."""
    for _ in range(3 + int(2 * LONE)):
        stage.tell(scanned("talk.toml"))
        stage.clock.seconds += QUIET / 2
    (found,) = stage.notes.examined
    stage.tell(scanned("talk.mp4", "talk.toml"))
    stage.tell(Examined(folder=FOLDER, drop=found, found=ASKED))

    assert stage.driver.living == {}


def test_an_address_of_a_name_that_is_done_is_a_drop_of_its_own(stage: Stage) -> None:
    """It may be another video."""
    (claimed,) = settle(stage, "talk.toml", reading=NAMES_VIDEO)

    assert claimed.adds_to is None
    assert claimed.order is not None
    assert claimed.order.media_url == "https://cdn.example/a.mp4"
    assert stage.notes.effects() == [effects.TakeIn()]


def test_ten_thousand_of_them_are_asked_for_at_the_folders_pace(stage: Stage) -> None:
    """The driver stays free for everything else; what is done is found among them in the end."""
    names = [f"film{number:05}.de-DE.srt" for number in range(1_000)]
    seen = Scan(files=tuple((name, fingerprint()) for name in [*names, "talk.de-DE.srt"]))
    for _ in range(30):
        stage.tell(Scanned(folder=FOLDER, scan=seen, seconds=0.01))
        stage.clock.seconds += PACE

    assert [found.key for found in stage.notes.examined] == ["talk"]
    waiting = dict(stage.driver.watched[FOLDER].intake.waiting())
    assert waiting["film00000.de-DE.srt"] == ALONE


def test_a_name_in_another_folder_is_another_name(stage: Stage) -> None:
    """What is done there, or in a folder below, is not what these subtitles are for."""
    below = Drop(key="sub/tour", parts=drop("sub/tour.mp4").parts)
    elsewhere = {"folder": FolderName("sales"), "drop": Drop(key="tour", parts=drop("tour.mp4").parts)}
    stage.ledger.put(closed("below", SPANISH, drop=below, asset_id=AssetId("a2")))
    stage.ledger.put(closed("elsewhere", SPANISH, asset_id=AssetId("a3"), **elsewhere))

    assert settle(stage, "tour.de-DE.srt") == []
    assert dict(stage.driver.watched[FOLDER].intake.waiting())["tour.de-DE.srt"] == ALONE
