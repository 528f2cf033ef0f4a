"""
What comes without a video, cut off at every point: one on the web, languages that are added later, a revision.

In the end nothing is billed twice, nothing that was filed has changed, everything that was dropped lies somewhere once,
every result lies beside its video, every drop and every word has its answer. The service never throws away a rendering
that is not on our disk, and never more often than it was told to.
"""

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from itertools import count
from typing import Any, Final
from zlib import crc32

import pytest
from played import SimApi, Weather
from sim.test_twins import CLIP, SRT
from stride import every
from world import World

from panjaya_watchd.core.answers import Fault
from panjaya_watchd.core.claim import Claim, Destination, DubbingState, Rules
from panjaya_watchd.core.names import ClaimId, Locale, VersionId
from panjaya_watchd.ledger.codec import Codec

CODEC: Final = Codec()
STEP: Final = every(6)
"""Every how many boundaries the power is cut."""

STORMS: Final = int(os.environ.get("STORMS", "4"))
"""With how many seeds each story is played in bad weather."""

WEB: Final = b'media_url = "https://cdn.example/talk.mp4"\n'
OTHER_SRT: Final = SRT.replace(b"Hola", b"Ciao")
GERMAN, SPANISH, ITALIAN = Locale("de-DE"), Locale("es-ES"), Locale("it-IT")
EDITING: Final = 60.0
"""Seconds that a person needs to edit a version."""

YEAR: Final = 365 * 24 * 3600.0


class RevisingApi(SimApi):
    """The studio, where another rendering is another file, and what is thrown away is noted."""

    def revise(self, version_id: VersionId) -> str | Fault:
        """Note whether the newest rendering is on our disk when the service throws it away."""
        town = self._world
        assert isinstance(town, Town)
        town.patches += 1
        record, newest = town.studio.version_record(version_id), town.rendering(version_id).encode()
        was_there = record.status(town.clock.now()) == "Completed"
        try:
            return super().revise(version_id)
        finally:
            if was_there and record.status(town.clock.now()) == "ReadyToEdit":
                town.lost += not any(content.startswith(newest) for content in town.disk.files().values())
                town.thrown_away[version_id] += 1
                town.edited[version_id] = town.clock.seconds

    def _rendering(self, result_url: str) -> bytes:
        town = self._world
        assert isinstance(town, Town)
        version_id = next(each for each in town.studio._versions if each in result_url)
        return f"{town.rendering(version_id)}{result_url}".encode()


@dataclass(slots=True)
class Town(World):
    """A world with people: one who edits what is revised, and one who says a word again if no answer came."""

    api_type: type[SimApi] = RevisingApi
    patches: int = 0
    """How often the service was asked to revise."""
    words: int = 0
    """How often people have asked for it."""
    thrown_away: Counter[str] = field(default_factory=Counter)
    """How often each version was revised."""
    lost: int = 0
    """Renderings that were thrown away and are not on our disk."""
    edited: dict[str, float] = field(default_factory=dict)
    """What people edit, and since when."""
    edits: bool = False
    """People edit whatever can be edited, not only what was revised."""
    kept: dict[str, bytes] = field(default_factory=dict)
    """What was in done/ when the story began to be cut."""

    def rendering(self, version_id: str) -> str:
        """Name the rendering that a version has now."""
        return f"rendering {self.thrown_away[version_id] + 1} of {version_id} "

    def turn(self) -> None:
        """Let the person generate what was edited for long enough, then let one thing happen."""
        for version_id, record in self.studio._versions.items() if self.edits else ():
            if record.status(self.clock.now()) == "ReadyToEdit":
                self.edited.setdefault(version_id, self.clock.seconds)
        for version_id, since in list(self.edited.items()):
            status = self.studio.version_record(version_id).status(self.clock.now())
            if status == "ReadyToEdit" and self.clock.seconds >= since + EDITING:
                self.studio.generate(version_id)
            elif status == "Completed":
                del self.edited[version_id]
        World.turn(self)

    def quiet(self) -> bool:
        """Say whether nothing more will happen; what a person edits will be generated, whoever waits for it."""
        return not self.edited and World.quiet(self)

    def later(self, cuts: tuple[int, ...], drops: Mapping[str, bytes] | None = None) -> "Town":
        """Let a year pass and drop these files; the power is cut from then on."""
        self.kept = {path: content for path, content in self.disk.files().items() if "/done/" in path}
        self.clock.seconds += YEAR
        self.drop(drops or {})
        self.cut_later(*cuts)
        return self

    def say(self, word: Callable[[Callable[..., None]], None]) -> tuple[Any, ...]:
        """Say a word, and once more if the power went before there was an answer; gives the answer."""
        answers: list[tuple[Any, ...]] = []
        for _ in range(4):
            self.run(lambda: word(lambda *said: answers.append(said)))
            if answers:
                return answers[0]
        raise AssertionError(f"no answer; {self.describe()}")

    def add(self, claim: ClaimId, *locales: Locale) -> Claim | str:
        """Order languages by a word."""
        said: Claim | str = self.say(lambda answer: answer(self.driver.adding.order(claim, locales)))[0]
        return said

    def revise(self, claim: ClaimId, locale: Locale = SPANISH) -> str | None:
        """Have a result revised; gives the refusal."""

        def word(answer: Callable[..., None]) -> None:
            self.words += 1
            self.driver.adding.revise(claim, locale, answer)

        said: str | None = self.say(word)[0]
        return said

    def ended(self, *to: Destination) -> list[Claim]:
        """Give the claims that have ended so, oldest first."""
        return [claim for claim in self.ledger.closed()[::-1] if claim.outcome and claim.outcome.to in to]

    def billed(self) -> list[tuple[str, ...]]:
        """Give the languages that each bill is for, oldest first."""
        return [bill.locales for bill in self.studio.bills]

    def check(self, *, most: int = 1, failed: int = 0) -> None:
        """Hold the promises against what is left; the API may have made ``most`` assets of each video."""
        for bill, times in Counter((bill.sha256, bill.by) for bill in self.studio.bills).items():
            assert times <= most or bill[1] == "languages", self.describe()
        tongues = Counter((bill.asset_id, locale) for bill in self.studio.bills for locale in bill.locales)
        assert max(tongues.values(), default=0) <= 1, self.describe()
        files = self.disk.files()
        left = Counter(files.values())
        assert all(left[content] == times for content, times in self.dropped.items()), self.describe()
        assert all(files.get(path) == content for path, content in self.kept.items()), self.describe()
        assert self.patches <= self.words, self.describe()
        assert not self.lost, self.describe()
        for claim in self.ledger.living():
            assert claim.held or self.awaits_person(claim), self.describe()
        refused = self.ended(Destination.FAILED)
        assert len(refused) <= failed, self.describe()
        assert all(f"{self.filed(claim)}/WHY.txt" in files for claim in refused), self.describe()
        for claim in self.ended(Destination.DONE):
            self._check_answer(claim, files)
        inside = [path for path in files if "/processing/" in path and not path.endswith("/.panjaya-watchd")]
        assert self.ledger.living() or not inside, self.describe()

    def _check_answer(self, claim: Claim, files: Mapping[str, bytes]) -> None:
        filed = self.filed(claim)
        target = self.ledger.get(claim.adds_to) if claim.adds_to else None
        assert target is None or claim.filed_as == target.filed_as, self.describe()
        for dubbing in claim.dubbings:
            assert dubbing.state is DubbingState.FETCHED, self.describe()
            assert dubbing.result is not None
            content = files[f"{filed}/{dubbing.result.name}"]
            assert sha256(content).hexdigest() == dubbing.result.digest, self.describe()
        receipts = [path for path in files if path.startswith(f"{filed}/") and ".receipt" in path]
        ours = [path for path in receipts if f'claim = "{claim.id}"'.encode() in files[path]]
        assert len(ours) == 1, self.describe()


def town(drops: Mapping[str, bytes], **changes: Any) -> Town:
    """Set up a town with one target language."""
    return Town(drops=dict(drops), languages=("es-ES",), codec=CODEC, **changes)


def dubbed(cuts: tuple[int, ...], drops: Mapping[str, bytes] | None = None, **changes: Any) -> tuple[Town, ClaimId]:
    """Set up one in which a clip is done; gives its claim. Bad weather comes later."""
    weather = changes.pop("weather", Weather())
    world = town(drops or {"clip.mp4": CLIP}, **{"seed": sum(cuts), **changes})
    world.run()
    world.weather = weather
    return world, world.ended(Destination.DONE)[0].id


# The stories; each gives the world in which it has ended.


def from_the_web(*cuts: int, **changes: Any) -> Town:
    """Drop a TOML that names a video on the web."""
    drops = {"web.toml": WEB + b'languages = ["es-ES", "de-DE"]\n', "web.de-DE.srt": SRT}
    world = town(drops, **{"seed": sum(cuts), **changes})
    world.cut_later(*cuts)
    world.run()
    world.check()
    if not world.ledger.living():
        assert world.billed() == [("es-ES", "de-DE")], world.describe()
        assert [claim.filed_as for claim in world.ended(Destination.DONE)] == ["done/web"], world.describe()
    return world


def the_same_address_again(*cuts: int, **changes: Any) -> Town:
    """Drop it under another name: that costs nothing."""
    world, _ = dubbed(cuts, {"web.toml": WEB}, **changes)
    world.later(cuts, {"again.toml": WEB + b"# once more\n"}).run()
    world.check()
    assert len(world.billed()) <= 1, world.describe()
    return world


def another_order_for_an_address(*cuts: int, **changes: Any) -> Town:
    """Have other settings refused, and a further language bought for the asset that is there."""
    world, _ = dubbed(cuts, {"web.toml": WEB}, **changes)
    drops = {"two.toml": WEB + b"speakers_count = 2\n", "more.toml": WEB + b'languages = ["es-ES", "de-DE"]\n'}
    world.later(cuts, drops).run()
    world.check(failed=1)
    assert len(world.studio.assets) <= 1, world.describe()
    if not world.ledger.living():
        assert world.billed() == [("es-ES",), ("de-DE",)], world.describe()
        assert len(world.ended(Destination.FAILED)) == 1, world.describe()
    return world


def a_language_by_a_file(*cuts: int, **changes: Any) -> Town:
    """Drop subtitles for a further language, which order it."""
    world, _ = dubbed(cuts, **changes)
    world.later(cuts, {"clip.de-DE.srt": SRT}).run()
    world.check()
    if not world.ledger.living():
        assert world.billed() == [("es-ES",), ("de-DE",)], world.describe()
        assert {claim.filed_as for claim in world.ended(Destination.DONE)} == {"done/clip"}, world.describe()
    return world


def a_language_that_is_there(*cuts: int, **changes: Any) -> Town:
    """Drop subtitles for a language that it has: they are answered, and nothing is sent."""
    world, _ = dubbed(cuts, **changes)
    world.later(cuts, {"clip.es-ES.srt": OTHER_SRT}).run()
    world.check(failed=1)
    assert len(world.billed()) <= 1, world.describe()
    assert world.ledger.living() or "/srv/dub/failed/clip/clip.es-ES.srt" in world.disk.files(), world.describe()
    return world


def two_languages_one_after_the_other(*cuts: int, **changes: Any) -> Town:
    """Drop a second file at any moment of the first."""
    world, _ = dubbed(cuts, **changes)
    world.later((), {"clip.de-DE.srt": SRT})
    moment = world.rng.randrange(60)
    for _ in range(moment):
        world.turn()
    world.drop({"clip.it-IT.srt": OTHER_SRT})
    world.cut_later(*cuts)
    world.run()
    world.check()
    if not world.ledger.living():
        assert sorted(tag for tags in world.billed() for tag in tags) == ["de-DE", "es-ES", "it-IT"], world.describe()
    return world


def a_language_by_a_word(*cuts: int, **changes: Any) -> Town:
    """Order a further language, and the same once more."""
    world, first = dubbed(cuts, **changes)
    world.later(cuts)
    world.add(first, GERMAN)
    world.add(first, GERMAN, ITALIAN)
    world.check()
    if not world.ledger.living():
        assert world.billed() == [("es-ES",), ("de-DE",), ("it-IT",)], world.describe()
    return world


def a_language_while_it_is_under_way(*cuts: int, **changes: Any) -> Town:
    """Order one at any moment of the first claim; it waits for that."""
    world = town({"clip.mp4": CLIP}, **{"seed": sum(cuts), **changes})
    moment = world.rng.randrange(40)
    world.run(until=0.0)
    while not world.ledger.living():
        world.turn()
    (claim,) = world.ledger.living()
    for _ in range(moment):
        world.turn()
    world.cut_later(*cuts)
    world.add(claim.id, GERMAN)
    world.check()
    if not world.ledger.living():
        assert world.billed() == [("es-ES",), ("de-DE",)], world.describe()
    return world


def a_word_and_a_file(*cuts: int, **changes: Any) -> Town:
    """Order a language, and while that is under way drop a file for another one."""
    world, first = dubbed(cuts, **changes)
    world.later(cuts)
    moment = world.rng.randrange(40)

    def both(answer: Callable[..., None]) -> None:
        answer(world.driver.adding.order(first, [GERMAN]))
        for _ in range(moment):
            world.turn()
        if "clip.it-IT.srt" not in world.drops:
            world.drop({"clip.it-IT.srt": OTHER_SRT})

    world.say(both)
    if "clip.it-IT.srt" not in world.drops:
        world.drop({"clip.it-IT.srt": OTHER_SRT})
    world.run()
    world.check()
    if not world.ledger.living():
        assert sorted(tag for tags in world.billed() for tag in tags) == ["de-DE", "es-ES", "it-IT"], world.describe()
    return world


def a_revision(*cuts: int, **changes: Any) -> Town:
    """Have a result revised, fetch what a person generates then, and all that once more."""
    world, first = dubbed(cuts, **changes)
    world.later(cuts)
    refused = world.revise(first), world.revise(first)
    world.check()
    assert len(world.billed()) <= 1, world.describe()
    if not cuts and not changes:
        assert refused == (None, None), refused
        assert world.patches == 2
        assert [path for path in sorted(world.disk.files()) if "es-ES" in path] == [
            f"/srv/dub/done/clip/clip.es-ES{number}.mp4" for number in (" (2)", " (3)", "")
        ]
    return world


def a_revision_without_a_copy(*cuts: int, **changes: Any) -> Town:
    """Have it revised twice, the second time without the newest rendering on our disk: that is refused."""
    world, first = dubbed(cuts, **changes)
    world.later(())
    assert world.revise(first) is None or changes
    newest = world.ended(Destination.DONE)[-1]
    result = newest.dubbings[0].result
    assert result is not None
    world.later(cuts)
    world.kept.pop(gone := f"{world.filed(newest)}/{result.name}")
    world.disk.delete(gone)
    patches, refused = world.patches, world.revise(first)
    assert refused == "Our copy cannot be read: the earlier result is not where it was filed. Nothing was changed."
    assert world.patches == patches, world.describe()
    assert world.lost == 0, world.describe()
    return world


def a_language_for_what_fails(*cuts: int, **changes: Any) -> Town:
    """Order one for a claim under way that comes to nothing: it is answered, and nothing more is sent."""
    world = town({"clip.mp4": CLIP}, **{"seed": sum(cuts), **changes})
    world.studio.fail_next("empty_transcript")
    world.run(until=0.0)
    while not world.ledger.living():
        world.turn()
    (claim,) = world.ledger.living()
    world.cut_later(*cuts)
    world.add(claim.id, GERMAN)
    world.check(failed=2)
    assert len(world.billed()) <= 1, world.describe()
    return world


def an_added_language_is_had(*cuts: int, **changes: Any) -> Town:
    """Drop the video again with a language that was added since, and the result that was revised: it costs nothing."""
    world, first = dubbed(cuts)
    world.later((), {"clip.de-DE.srt": SRT}).run()
    world.revise(first)
    bills = world.billed()
    world.weather = changes.get("weather", world.weather)
    again = {"copy.mp4": CLIP, "copy.toml": b'languages = ["es-ES", "de-DE"]\n', "copy.de-DE.srt": SRT}
    world.later(cuts, again).run()
    world.check()
    assert world.billed() == bills, world.describe()
    spanish = [content for path, content in world.disk.files().items() if path.endswith("copy/copy.es-ES.mp4")]
    assert [content[:11] for content in spanish] == [b"rendering 2"], world.describe()
    return world


def what_people_edit(*cuts: int, **changes: Any) -> Town:
    """Have nothing generated by itself: people edit it, the result is followed, and so is a language added later."""
    rules = Rules(poll_first=timedelta(seconds=4), follow=True)
    off = {"clip.mp4": CLIP, "clip.toml": b'auto_generate = "off"\n'}
    world, first = dubbed(cuts, off, rules=rules, edits=True, **changes)
    world.later(cuts)
    world.add(first, GERMAN)
    world.check()
    if not world.ledger.living():
        assert world.billed() == [("es-ES",), ("de-DE",)], world.describe()
        assert "/srv/dub/done/clip/clip.de-DE.mp4" in world.disk.files(), world.describe()
    return world


STORIES: Final = (
    *(from_the_web, the_same_address_again, another_order_for_an_address),
    *(a_language_by_a_file, a_language_that_is_there, two_languages_one_after_the_other),
    *(a_language_by_a_word, a_language_while_it_is_under_way, a_word_and_a_file),
    *(a_language_for_what_fails, an_added_language_is_had, what_people_edit, a_revision, a_revision_without_a_copy),
)


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES)
def test_a_cut_at_any_boundary_costs_nothing_and_loses_nothing(story: Callable[..., Town]) -> None:
    """A doubt remains only between the opened gate and the answer."""
    assert not story().ledger.living()

    held = set()
    for cut in count(1 + crc32(story.__name__.encode()) % STEP, STEP):
        world = story(cut)
        if not world.reboots:
            break
        if world.ledger.living():
            held |= {world.passed[at - 1] for at in world.cuts}

    assert held <= {"after put releasing", "creation begins", "asset is created", "languages begin"}


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES)
def test_bad_weather_costs_nothing_and_loses_nothing(story: Callable[..., Town]) -> None:
    """Effects in any order, requests and answers that are lost, a list that lags, and up to two cuts."""
    for seed in range(STORMS):
        weather = Weather(lost_request=0.15, lost_reply=0.15, unanswered=0.1)
        switches = {"list_lag": (0.0, 5.0, 90.0)[seed % 3], "names": seed % 2 == 0, "order": "random"}
        cuts = tuple((seed * 37 + number * 101) % 90 + 1 for number in range(seed % 3))
        story(*cuts, seed=seed, orderly=False, weather=weather, switches=switches)
