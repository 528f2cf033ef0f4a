"""
The power is cut, again and again, at random moments of boot, start and work; then what was paid for, and what is left.

The moments are drawn from a fixed seed, but the machine's own timing makes each run another one. All that was written
is there at the next boot: what a disk may lose that was not synced is the matter of another proof.
"""

import time
from collections import Counter
from pathlib import Path
from random import Random

from machine import UPLOAD, digest, talk

from bench.hosts.host import Host, until
from bench.hosts.service import UNIT, Service

CUTS = 25
"""As many as there are drops."""
LIFE = {"asset_after": 0.5, "ready_after": 0.5, "editing_for": 0.2, "generate_after": 0.5}


def test_many_cuts_pay_nothing_twice_and_lose_nothing(host: Host, release: str) -> None:
    """Each video is billed once, lies there once, and reaches its end."""
    chance = Random(release)
    videos = {f"talk{number}": talk(number) for number in range(CUTS)}
    died_in: Counter[str] = Counter()
    with Service(host, switches=LIFE) as service:
        service.slow(0.6, on=UPLOAD, times=10_000)  # from its first byte on: two thirds of it are past the gate
        host.run("systemctl", "enable", UNIT)
        for stem, video in videos.items():
            service.put(f"{stem}.mp4", video)
            host.cut_power()
            died_in.update(claim.state.value for claim in service.claims())
            host.switch_on()
            time.sleep(chance.uniform(0.1, 4.0))  # the moment of the cut; nothing is waited for
        host.cut_power()
        host.boot()
        until(lambda: _answered(service) | _in_doubt(service).keys() == set(videos), "all to be over or held", 120)
        for stem, claim in _in_doubt(service).items():  # an operator finds that it was not made
            assert not service.bills(videos[stem])
            service.say("retry", claim)
        until(lambda: _answered(service) == set(videos), "every video to be answered", 120)
        print(f"\n{release}: {CUTS} cuts, {len(service.bills())} bills; claims died in {dict(died_in)}")

        assert Counter(bill.sha256 for bill in service.bills()) == {digest(video): 1 for video in videos.values()}
        for stem, video in videos.items():
            service.answered(stem, video)
        lying = Counter(digest(path.read_bytes()) for path in service.place().rglob("*.mp4"))
        assert {lying[digest(video)] for video in videos.values()} == {1}
        assert {"releasing", "dubbing"} <= set(died_in)


def _answered(service: Service) -> set[str]:
    done = service.place() / "done"
    return {path.name for path in done.iterdir()} if done.is_dir() else set()


def _in_doubt(service: Service) -> dict[str, str]:
    """Give the claims of which it stays unknown whether they were made."""
    held = [claim for claim in service.status()["claims"] if claim["held_for"] == "doubt"]
    return {Path(claim["file"]).stem: claim["claim"] for claim in held}
