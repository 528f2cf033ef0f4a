"""Sidecars that come when their video was taken already, with the real daemon."""

import json
from collections.abc import Callable

from machine import BIG, Machine, files, talk

SRT = b"1\n00:00:01,000 --> 00:00:02,000\nBonjour.\n"


def test_a_sidecar_that_comes_before_the_gate_is_used(shared: Machine) -> None:
    """The upload is taken back, settles anew with the sidecar, and only that is billed."""
    video = talk(41, size=BIG)
    shared.slow(2)
    shared.drop("early.mp4", video)
    shared.until(lambda: shared.sending("early"), "the upload to be on its way")
    shared.drop("early.fr-FR.srt", SRT)
    done = shared.answer("early")

    (bill,) = shared.bills(video)
    asked = json.loads(bill.request)
    assert {language["locale"]: "srt" in language for language in asked["languages"]} == {"es-ES": False, "fr-FR": True}
    assert done.parent.name == "done"
    assert files(done)["early.fr-FR.srt"] == SRT


def test_a_sidecar_that_comes_after_the_gate_is_answered(open_machine: Callable[..., Machine]) -> None:
    """In writing, with what to do; the video goes on without it."""
    machine, video = open_machine(switches={"editing_for": 4.0}).start(), talk(42)
    machine.drop("sent.mp4", video)
    machine.until(lambda: machine.bills(video), "the video to be billed")
    machine.drop("sent.fr-FR.srt", SRT)
    failed, done = machine.home / "drop" / "failed", machine.home / "drop" / "done" / "sent"
    (late,) = machine.until(lambda: list(failed.glob("sent/WHY.txt")), "an answer")
    machine.until(done.is_dir, "the video to be done")

    assert late.read_text().startswith("This came too late")
    assert files(late.parent)["sent.fr-FR.srt"] == SRT
    assert len(machine.bills(video)) == 1
