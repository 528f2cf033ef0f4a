"""
The same video again, cut off at every point: one bill for each video and order, and every drop answered.

A story is what people drop, one after the other; the power is cut in its last part, at each boundary in turn. Clips are
short and dubbed into one language, so that this part has thirty to a hundred boundaries. At *pairs* of boundaries every
sixth pair of three stories is played: each first one, with every sixth later one.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import pytest
from played import Weather
from stride import every
from world import World

from panjaya_watchd.core.claim import Claim, Destination, State
from panjaya_watchd.core.twins import Alone
from panjaya_watchd.ledger.codec import Codec

CODEC = Codec()
YEAR = 365 * 24 * 3600.0
CLIP = b"clip " * 9
SRT = b"1\n00:00:01,000 --> 00:00:02,000\nHola.\n"
BAD_SRT = b"Hola.\n"
STRIDE = every(18)
SHARES = 5

Story = Callable[..., World]


def machine(drops: Mapping[str, bytes], **changes: Any) -> World:
    """Set up a machine with one target language."""
    return World(drops=dict(drops), languages=("es-ES",), codec=CODEC, **changes)


def crashing(drops: Mapping[str, bytes], cuts: tuple[int, ...], **changes: Any) -> World:
    """Run one with the power cut at these boundaries."""
    return machine(drops, seed=sum(cuts), cuts=frozenset(cuts), **changes).run()


def again(cuts: tuple[int, ...], drops: Mapping[str, bytes], world: World | None = None) -> World:
    """Drop a clip, see it dubbed, and a year later drop these files; the power is cut from then on."""
    world = world or machine({"clip.mp4": CLIP}, seed=sum(cuts)).run()
    world.clock.seconds += YEAR
    world.drop(drops)
    world.cut_later(*cuts)
    return world.run()


def answered(world: World) -> Counter[str]:
    """Count how the drops were answered; ``living`` are those that wait for a person."""
    closed = [claim for claim in world.ledger.closed() if claim.outcome and claim.outcome.to is not Destination.BACK]
    ends = Counter(claim.outcome.to.value for claim in closed if claim.outcome)
    living = world.ledger.living()
    assert all(claim.state is State.HELD or world.awaits_person(claim) for claim in living), world.describe()
    return ends + Counter(living=len(living))


def orders(world: World) -> Counter[tuple[str | None, str]]:
    """Count the bills for each video and order."""
    return Counter((bill.sha256, bill.request) for bill in world.studio.bills)


def bought(world: World) -> list[tuple[str, ...]]:
    """Give the languages that each bill is for, oldest first."""
    return [bill.locales for bill in world.studio.bills]


def latest(world: World) -> Claim:
    """Give the drop that was answered last."""
    return next(claim for claim in world.ledger.closed() if claim.outcome and claim.outcome.to is not Destination.BACK)


def note(world: World) -> str:
    """Read the WHY.txt of the claim that was closed last."""
    return world.disk.read(f"{world.filed(latest(world))}/WHY.txt").decode()


def result(world: World, claim: Claim) -> bytes:
    """Read the Spanish result that was filed for a claim."""
    dubbed = next(each.result for each in claim.dubbings if each.locale == "es-ES")
    assert dubbed is not None
    return world.disk.read(f"{world.filed(claim)}/{dubbed.name}")


# The stories


def two_copies(*cuts: int) -> World:
    """Drop two copies of one video, under different names, at once."""
    world = crashing({"one.mp4": CLIP, "two.mp4": CLIP}, cuts)
    world.check()
    assert max(orders(world).values(), default=0) <= 1, world.describe()
    assert answered(world) in ({"done": 2}, {"living": 2}), world.describe()
    return world


def three_copies(*cuts: int) -> World:
    """Drop three copies."""
    world = crashing({"one.mp4": CLIP, "two.mp4": CLIP, "three.mp4": CLIP}, cuts)
    world.check()
    assert answered(world) in ({"done": 3}, {"living": 3}), world.describe()
    return world


def the_same_a_year_later(*cuts: int) -> World:
    """Find the old result copied: a download would have another content, for links are signed."""
    world = again(cuts, {"clip.mp4": CLIP})
    world.check()
    assert answered(world) == {"done": 2}, world.describe()
    assert bought(world) == [("es-ES",)], world.describe()
    assert result(world, latest(world)) == result(world, world.ledger.closed()[-1]), world.describe()
    assert note(world).startswith("This very video was dubbed before, on 2026-03-01, so this time it cost nothing.")
    return world


def the_same_when_the_results_are_gone(*cuts: int) -> World:
    """Have the folder moved away from done/, so that the result is fetched once more, for free."""
    world = machine({"clip.mp4": CLIP}, seed=sum(cuts)).run()
    lying = [path for path in world.disk.files() if path.startswith("/srv/dub/done/clip/")]
    for path in lying:
        world.move(path, path.replace("/srv/dub/done", "/srv/archive"))
    moved = world.disk.read("/srv/archive/clip/clip.es-ES.mp4")
    again(cuts, {"clip.mp4": CLIP}, world)

    assert answered(world) == {"done": 2}, world.describe()
    assert bought(world) == [("es-ES",)], world.describe()
    assert result(world, latest(world)) != moved, world.describe()
    assert sorted(world.disk.files().values()).count(CLIP) == 2, world.describe()
    return world


def the_same_when_nobody_has_the_results(*cuts: int) -> World:
    """Have them neither in done/ nor at the API: that is said, and nothing is paid again unasked."""
    world = machine({"clip.mp4": CLIP}, seed=sum(cuts)).run()
    world.throw_away("/srv/dub/done/clip/clip.es-ES.mp4")
    world.studio._assets.clear()
    world.studio._versions.clear()
    again(cuts, {"clip.mp4": CLIP}, world)

    assert answered(world) == {"done": 1, "failed": 1}, world.describe()
    assert bought(world) == [("es-ES",)], world.describe()
    assert "An earlier result can no longer be had." in note(world), world.describe()
    assert "force = true" in note(world), world.describe()
    return world


def more_languages_a_year_later(*cuts: int) -> World:
    """Buy only French, for the asset that is there already; both results are in done/."""
    world = again(cuts, {"clip.mp4": CLIP, "clip.toml": b'languages = ["es-ES", "fr-FR"]\n'})
    world.check(most=2)
    assert max(orders(world).values()) == 1, world.describe()
    assert len(world.studio.assets) == 1, world.describe()
    if not world.ledger.living():
        assert bought(world) == [("es-ES",), ("fr-FR",)], world.describe()
        assert answered(world) == {"done": 2}, world.describe()
        assert [each.locale for each in latest(world).dubbings if each.result] == ["es-ES", "fr-FR"], world.describe()
    return world


def other_settings(*cuts: int) -> World:
    """Refuse it, for paying again must be meant."""
    world = again(cuts, {"clip.mp4": CLIP, "clip.toml": b"speakers_count = 3\n"})
    world.check(failed=1)
    assert answered(world) == {"done": 1, "failed": 1}, world.describe()
    assert bought(world) == [("es-ES",)], world.describe()
    assert "with other settings" in note(world), world.describe()
    assert "force = true" in note(world), world.describe()
    return world


def other_settings_by_force(*cuts: int) -> World:
    """Move the files back after the refusal, with the word that it is meant: billed once more, not twice."""
    world = other_settings()
    world.rng.seed(sum(cuts))
    world.throw_away("/srv/dub/failed/clip/clip.toml")
    world.move("/srv/dub/failed/clip/clip.mp4", "/srv/dub/clip.mp4")
    again(cuts, {"clip.toml": b"speakers_count = 3\nforce = true\n"}, world)

    world.check(most=2, failed=1)
    assert max(orders(world).values()) == 1, world.describe()
    assert world.ledger.living() or len(bought(world)) == 2, world.describe()
    return world


def one_of_two_has_a_bad_sidecar(*cuts: int) -> World:
    """Answer that one at once; the other goes on as if it were alone."""
    world = crashing({"bad.mp4": CLIP, "bad.es-ES.srt": BAD_SRT, "good.mp4": CLIP}, cuts)
    world.check(failed=1)
    assert answered(world) in ({"done": 1, "failed": 1}, {"living": 1, "failed": 1}), world.describe()
    return world


def one_of_two_is_refused(*cuts: int) -> World:
    """Have the API refuse the first; the second has waited for it, and is sent then."""
    world = crashing({"one.mp4": CLIP, "two.mp4": CLIP}, cuts, refused=("one",))
    world.check(failed=1)
    if not world.ledger.living():
        assert answered(world) == {"done": 1, "failed": 1}, world.describe()
        assert len(bought(world)) == 1, world.describe()
    return world


def one_of_two_cannot_be_dubbed(*cuts: int) -> World:
    """
    Have the first billed and then fail: the second has waited for it, and does not pay for the same failure.

    But where a cut has it settle afresh until that is over, it is a drop that came afterwards, and is bought.
    """
    world = machine({"one.mp4": CLIP, "two.mp4": CLIP}, seed=sum(cuts), cuts=frozenset(cuts))
    world.studio.fail_next("empty_transcript")
    world.run().check(most=2, failed=2)
    assert len(bought(world)) <= 1 + answered(world)["done"], world.describe()
    assert cuts or answered(world) == {"failed": 2}, world.describe()
    return world


def one_that_was_refused_is_moved_back(*cuts: int) -> World:
    """Move it back: nothing was billed for it, and it is sent as if it were new."""
    world = machine({"clip.mp4": CLIP}, seed=sum(cuts), refused=("clip",)).run()
    world.refused = ()
    world.move("/srv/dub/failed/clip/clip.mp4", "/srv/dub/clip.mp4")
    again(cuts, {}, world)

    world.check(failed=1)
    assert world.ledger.living() or answered(world) == {"done": 1, "failed": 1}, world.describe()
    return world


def one_that_could_not_be_dubbed_is_moved_back(*cuts: int) -> World:
    """Move it back: what failed is no answer, so it is bought afresh, once."""
    world = machine({"clip.mp4": CLIP}, seed=sum(cuts))
    world.studio.fail_next("empty_transcript")
    world.run()
    assert answered(world) == {"failed": 1}
    world.move("/srv/dub/failed/clip/clip.mp4", "/srv/dub/clip.mp4")
    again(cuts, {}, world)

    world.check(most=2, failed=1)
    assert world.ledger.living() or answered(world) == {"done": 1, "failed": 1}, world.describe()
    return world


STORIES: tuple[Story, ...] = (
    *(two_copies, three_copies),
    *(the_same_a_year_later, the_same_when_the_results_are_gone, the_same_when_nobody_has_the_results),
    *(more_languages_a_year_later, other_settings, other_settings_by_force),
    *(one_of_two_has_a_bad_sidecar, one_of_two_is_refused, one_of_two_cannot_be_dubbed),
    *(one_that_was_refused_is_moved_back, one_that_could_not_be_dubbed_is_moved_back),
)

NEVER_HELD = (
    *(the_same_a_year_later, the_same_when_the_results_are_gone, the_same_when_nobody_has_the_results),
    other_settings,
)
"""Stories in which nothing is sent when the power is cut."""


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES)
def test_a_cut_at_any_single_boundary_costs_nothing_and_loses_nothing(story: Story) -> None:
    """One bill, each file there once, every drop answered; a doubt only between the opened gate and the answer."""
    assert not story().ledger.living()

    held = set()
    for cut in count(1):
        world = story(cut)
        if not world.reboots:
            break
        if world.ledger.living():
            held |= {world.passed[at - 1] for at in world.cuts}

    assert held <= {"after put releasing", "body is out", "asset is made", "languages begin"}
    assert not held or story not in NEVER_HELD


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("story", [two_copies, three_copies, more_languages_a_year_later])
def test_a_cut_at_pairs_of_boundaries_costs_nothing_and_loses_nothing(story: Story, share: int) -> None:
    """After the restart at one boundary, a cut at every eighteenth later one; with which it begins goes round."""
    for first in count(1 + share, SHARES):
        for second in count(first + 1 + first % STRIDE, STRIDE):
            world = story(first, second)
            if world.reboots < 2:
                break
        if not world.reboots:
            return


def stormy(seed: int) -> dict[str, Any]:
    """Give a world where effects come in any order, requests and answers are lost, and the list lags."""
    return {
        "seed": seed,
        "orderly": False,
        "weather": Weather(lost_request=0.15, lost_reply=0.15, unanswered=0.1),
        "switches": {"list_lag": (0.0, 5.0, 90.0)[seed % 3], "names": seed % 2 == 0, "order": "random"},
    }


def some_cuts(seed: int) -> tuple[int, ...]:
    """Give up to two cuts."""
    return tuple((seed * 37 + number * 101) % 90 for number in range(seed % 3))


@pytest.mark.slow
def test_random_order_and_lost_answers_never_buy_a_copy_twice() -> None:
    """Three copies; those that wait for one that is held wait with it."""
    for seed in range(120):
        copies = {"one.mp4": CLIP, "two.mp4": CLIP, "three.mp4": CLIP}
        world = machine(copies, **stormy(seed), cuts=frozenset(some_cuts(seed))).run()
        world.check()
        answered(world)


@pytest.mark.slow
def test_random_order_and_lost_answers_never_buy_a_language_twice() -> None:
    """Two copies that want two more languages each, of which they share one, a year after the first."""
    for seed in range(80):
        world = machine({"clip.mp4": CLIP}, **stormy(seed)).run()
        more = {
            "one.mp4": CLIP,
            "one.toml": b'languages = ["es-ES", "fr-FR", "it-IT"]\n',
            "two.mp4": CLIP,
            "two.toml": b'languages = ["it-IT", "pt-BR"]\n',
        }
        again(some_cuts(seed), more, world)

        assert max(Counter(tag for tags in bought(world) for tag in tags).values(), default=0) <= 1, world.describe()
        answered(world)


def test_without_the_look_at_twins_each_copy_is_billed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof that these stories would notice."""
    monkeypatch.setattr("panjaya_watchd.core.twins.judge", lambda _claim, _alike: Alone())
    world = machine({"one.mp4": CLIP, "two.mp4": CLIP}).run()

    assert len(bought(world)) == 2
