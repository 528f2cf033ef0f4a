"""
Budgets and the first start, cut off at every point: never more is billed than may be, and nothing that was not let go.

Twelve clips into one language each, 12.5 s long, against a budget that has room for four a day to the millisecond.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from itertools import count
from random import Random
from typing import Any

import pytest
from played import LENGTH, SimLedger, Weather
from stride import every
from world import FOLDER, TRACE, World

from panjaya_watchd.core.budget import MINUTE, Budget, Spent
from panjaya_watchd.core.claim import HeldFor
from panjaya_watchd.core.names import FolderName
from panjaya_watchd.ledger.codec import Codec

CODEC = Codec()
CLIPS = {f"clip{number:02}.mp4": b"clip %d " % number * 5 for number in range(12)}
SALES = FolderName("sales")
DAY = 24 * 3600.0
HOUR = 3600.0
SHARES = 4


def minutes(clips: int) -> float:
    """Give the minutes that so many clips take."""
    return clips * LENGTH * 1000 / MINUTE


FOUR_A_DAY = Budget(minutes_per_day=minutes(4))


def machine(*cuts: int, **changes: Any) -> World:
    """Set up a machine with twelve clips in its folder and room for four, with the power cut at these boundaries."""
    ready = {"drops": dict(CLIPS), "budgets": {FOLDER: FOUR_A_DAY}, "languages": ("es-ES",), "codec": CODEC}
    return World(seed=sum(cuts), cuts=frozenset(cuts), **{**ready, **changes})


def days(world: World) -> Counter[date]:
    """Count the bills of each day on the wall clock."""
    return Counter(bill.at.date() for bill in world.studio.bills)


def billed(world: World) -> int:
    """Count the clips that were billed; none of them twice."""
    bills = world.bills()
    assert max(bills.values()) <= 1, world.describe()
    return sum(bills.values())


def held(world: World, kind: HeldFor) -> int:
    """Count the claims that are held for this reason."""
    return sum(claim.held_for is kind for claim in world.ledger.living())


def sleep(world: World, day: float) -> World:
    """Let the night pass, and whatever goes on by itself on that day."""
    world.clock.seconds = max(world.clock.seconds, day * DAY)
    return world.run()


def admission() -> int:
    """Count the boundaries until all twelve are either sent or held."""
    passed = machine().run().passed
    return len(passed) - passed[::-1].index("after put held") + 1


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_a_cut_at_any_boundary_of_the_admission_lets_no_clip_through(share: int) -> None:
    """Four are billed and eight wait; the next days they go on by themselves, four a day."""
    doubtful = 0
    for cut in range(1 + share, admission(), SHARES * every(3)):
        world = machine(cut).run()
        world.check()
        doubtful += (doubt := held(world, HeldFor.DOUBT))
        assert billed(world) + doubt == 4, world.describe()
        assert held(world, HeldFor.BUDGET) == 8, world.describe()
        for day in (1, 2, 3):
            sleep(world, day)
            assert billed(world) + doubt == min(12, 4 + 4 * day), world.describe()
        assert max(days(world).values()) <= 4, world.describe()

    assert doubtful < 4


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_in_any_order_and_any_weather_a_day_never_bills_more_than_its_budget(share: int) -> None:
    """Requests and answers are lost, and the power is cut up to twice; what is in doubt keeps its share."""
    for seed in range(share, 80, SHARES):
        rng = Random(seed)
        cuts = frozenset(rng.randrange(1, 250) for _ in range(seed % 3))
        weather = Weather(lost_request=0.1, lost_reply=0.1, unanswered=0.1)
        world = machine(orderly=False, weather=weather)
        world.rng, world.cuts = rng, cuts
        world.run().check()
        assert billed(world) + held(world, HeldFor.DOUBT) >= 4, world.describe()
        for day in (1, 2):
            sleep(world, day)
        assert max(days(world).values()) <= 4, world.describe()
        reserved = world.ledger.spent(world.clock.calendar().day_began)[FOLDER]
        assert reserved.millis <= 4 * LENGTH * 1000, world.describe()


@pytest.mark.slow
@pytest.mark.parametrize("began", [0.5 * HOUR, 12 * HOUR], ids=["after midnight", "at noon"])
def test_a_clock_that_is_set_back_an_hour_makes_no_room(began: float) -> None:
    """At every fifth boundary of the admission; after midnight that is yesterday, and midnight comes again."""
    for moment in range(1, admission(), every(5)):

        def set_back(world: World, _point: str, moment: int = moment) -> None:
            world.clock.shift = -HOUR if world.boundaries >= moment else 0.0

        world = machine(meddle=set_back)
        world.clock.seconds = began
        world.run().check()
        assert billed(world) == 4, world.describe()
        world.clock.seconds = began + HOUR + 1.0
        world.run()
        world.clock.seconds += DAY
        world.run()
        assert billed(world) >= 8, world.describe()
        assert max(days(world).values()) <= 4, world.describe()


def test_what_an_outage_keeps_back_over_midnight_takes_its_room_out_of_the_new_day() -> None:
    """Four were let in on the first evening and four more after midnight; when the API is back, four are billed."""
    world = machine(weather=Weather(unanswered=1.0))
    world.clock.seconds = 23.5 * HOUR
    world.run(until=24.5 * HOUR)
    world.weather.unanswered = 0.0
    world.run()
    assert [billed(sleep(world, day)) for day in (1, 2, 3)] == [4, 8, 12]
    assert max(days(world).values()) <= 4


def test_without_reservations_more_is_billed_than_the_budget_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof that these runs would notice: what is on its way must count as spent."""
    spent = SimLedger.spent

    def settled(ledger: SimLedger, since: datetime) -> Mapping[FolderName, Spent]:
        on_their_way = [claim for claim in ledger.living() if claim.reserved and claim.accepted_at is None]
        drops = len(on_their_way)
        return {name: Spent(millis=all_.millis - 12_500 * drops) for name, all_ in spent(ledger, since).items()}

    monkeypatch.setattr(SimLedger, "spent", settled)

    assert billed(machine().run()) > 4


def test_drops_per_day_are_counted() -> None:
    """Whatever their length."""
    world = machine(budgets={FOLDER: Budget(drops_per_day=5)}).run()

    assert [billed(sleep(world, day)) for day in range(4)] == [5, 10, 12, 12]


def test_a_month_holds_what_its_days_would_let_go() -> None:
    """Four on the first day, two more on the second, and the rest in the next month."""
    world = machine(budgets={FOLDER: Budget(minutes_per_day=minutes(4), minutes_per_month=minutes(6))}).run()

    assert [billed(sleep(world, day)) for day in (0, 1, 2, 30, 31, 32, 33)] == [4, 6, 6, 6, 10, 12, 12]


def test_a_video_that_takes_more_than_a_whole_day_may_have_is_held_for_a_person() -> None:
    """No day brings it further, and it does not keep the others from going."""
    world = machine(budgets={FOLDER: Budget(minutes_per_day=minutes(1))}, drops={"clip00.mp4": CLIPS["clip00.mp4"]})
    world.drop({"large.mp4": b"large " * 9, "large.toml": b'languages = ["es-ES", "fr-FR"]\n'})
    world.run()
    sleep(world, 1)

    assert world.bills() == {"clip00.mp4": 1, "large.mp4": 0}
    assert world.driver.operator.release_all() == 1
    assert world.run().bills() == {"clip00.mp4": 1, "large.mp4": 1}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("own", "together", "day", "next_day"), [(2, 7, (2, 5), (4, 6)), (6, 4, (4, 0), (6, 2)), (12, 12, (6, 6), (6, 6))]
)
def test_a_folders_budget_and_that_of_all_hold_together(
    own: int, together: int, day: tuple[int, int], next_day: tuple[int, int]
) -> None:
    """Two folders with six clips each; the second has no budget of its own. First come, first served."""
    names = list(CLIPS)
    for cut in range(0, 200, 7):
        world = machine(
            cut,
            drops={name: CLIPS[name] for name in names[:6]},
            roots={FOLDER: "/srv/dub", SALES: "/srv/sales"},
            budgets={FOLDER: Budget(minutes_per_day=minutes(own))},
            together=Budget(minutes_per_day=minutes(together)),
        )
        world.drop({name: CLIPS[name] for name in names[6:]}, SALES)
        world.run().check()
        doubt = held(world, HeldFor.DOUBT)
        assert sum(days(world).values()) + doubt == sum(day), world.describe()
        assert cut or split(world) == day, world.describe()
        sleep(world, 1)
        assert cut or split(world) == next_day, world.describe()
        assert sum(days(world).values()) + doubt == sum(next_day), world.describe()


def split(world: World) -> tuple[int, int]:
    """Count the bills of the first six clips and of the others."""
    bills = world.bills()
    return sum(bills[name] for name in list(CLIPS)[:6]), sum(bills[name] for name in list(CLIPS)[6:])


@pytest.mark.slow
def test_what_the_api_refuses_gives_its_share_back() -> None:
    """Three of the first four are refused, so three others go the same day; with a cut at every third boundary."""
    for cut in count(0, 3):
        world = machine(cut, refused=("clip00", "clip01", "clip03")).run()
        if cut and not world.reboots:
            break
        world.check(failed=3)
        doubt = held(world, HeldFor.DOUBT)
        assert billed(world) + doubt == 4, world.describe()
        assert cut or not doubt


def test_what_disappears_before_the_gate_gives_its_share_back() -> None:
    """Somebody takes a video out of processing/ while it is being sent; the fifth clip takes its place."""

    def take_away(world: World, point: str) -> None:
        path = "/srv/dub/processing/claim2/clip01.mp4"
        if point == "request begins" and path in world.disk.files():
            world.throw_away(path)

    world = machine(meddle=take_away).run()
    world.check(failed=1)

    assert world.bills()["clip01.mp4"] == 0
    assert billed(world) == 4
    assert held(world, HeldFor.BUDGET) == 7


def test_what_is_released_goes_beyond_the_budget_and_counts() -> None:
    """A person's word; the next day has its own four."""
    world = machine().run()
    one = next(claim for claim in world.ledger.living())
    world.driver.operator.release_all()
    world.run()

    assert one.held_for is HeldFor.BUDGET
    assert billed(world) == 12
    assert held(world, HeldFor.BUDGET) == 0


# The first start on a full folder

OLD = {"old.mp4": b"old " * 9, "older.mp4": b"older " * 9, "older.toml": b'languages = ["fr-FR"]\n'}


def full_folder(*cuts: int) -> World:
    """Set up a folder with two drops that lay there before the daemon came."""
    return machine(*cuts, drops=dict(OLD), budgets={}, hold=True)


def let_go(world: World) -> None:
    """Release everything, and say it again where the power went before it was heard."""
    world.run(world.driver.operator.release_all)
    while held(world, HeldFor.FIRST_START):
        world.run(world.driver.operator.release_all)


@pytest.mark.slow
def test_what_lay_there_before_the_first_start_is_not_sent_through_any_cut() -> None:
    """Not even moved; and what is dropped later goes at once, also under a name that lay there, once that is gone."""
    for cut in count(0):
        world = full_folder(cut).run()
        if cut and not world.reboots:
            break
        assert world.bills() == {"old.mp4": 0, "older.mp4": 0}, world.describe()
        assert sorted(world.disk.files().keys() - {TRACE}) == [f"/srv/dub/{name}" for name in sorted(OLD)], (
            world.describe()
        )
        assert held(world, HeldFor.FIRST_START) == 2, world.describe()
        world.drop({"new.mp4": b"new " * 9})
        assert world.run().bills() == {"old.mp4": 0, "older.mp4": 0, "new.mp4": 1}, world.describe()
        let_go(world)
        world.check()
        assert world.bills() == {"old.mp4": 1, "older.mp4": 1, "new.mp4": 1}, world.describe()
        world.drop({"again.mp4": b"again " * 9})
        assert world.run().bills()["again.mp4"] == 1, world.describe()


@pytest.mark.slow
def test_letting_go_is_heard_through_any_cut() -> None:
    """Once it is durable it holds; until then the drop is held as before."""
    for cut in count(1):
        world = full_folder().run()
        world.cut_later(cut)
        let_go(world)
        if not world.reboots:
            break
        world.check()
        assert sum(world.bills().values()) + held(world, HeldFor.DOUBT) == 2, world.describe()


@pytest.mark.slow
def test_what_comes_after_a_first_look_that_was_cut_off_is_old_or_new_but_never_both() -> None:
    """A drop is new once the first look is durable and our trace lies in the folder; until then it is held."""
    went = []
    for cut in count(1):
        world = full_folder(cut)
        world.meddle = _drop_at_the_first_reboot
        world.run()
        if not world.reboots:
            break
        looked = "sync /srv/dub" in world.passed[: cut + 1]
        assert world.bills() == {"old.mp4": 0, "older.mp4": 0, "late.mp4": int(looked)}, world.describe()
        assert held(world, HeldFor.FIRST_START) == (2 if looked else 3), world.describe()
        went.append(looked)

    assert went == sorted(went)
    assert set(went) == {False, True}


def _drop_at_the_first_reboot(world: World, _point: str) -> None:
    if world.reboots == 1 and "late.mp4" not in world.drops:
        world.drop({"late.mp4": b"late " * 9})


def test_a_name_that_lay_there_and_is_gone_is_new_when_it_comes_again() -> None:
    """Dropped on purpose: it goes at once."""
    world = full_folder().run()
    world.throw_away("/srv/dub/old.mp4")
    world.clock.seconds += HOUR
    world.run()
    world.drop({"old.mp4": b"another " * 9})
    world.run()

    assert world.bills() == {"old.mp4": 1, "older.mp4": 0}
