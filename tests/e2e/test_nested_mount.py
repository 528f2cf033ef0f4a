"""A file system mounted below the watch folder: what is dropped there is dubbed like everything else."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from machine import Machine, files, talk


def test_a_video_on_a_nested_mount_is_dubbed_once(open_machine: Callable[..., Machine]) -> None:
    """It is copied into ``processing/``, sent, and filed; a restart in the middle finds the copy."""
    if os.getuid() != 0:
        pytest.skip("only root can mount")
    machine, video = open_machine(folders={"drop": {"recursive": True}}), talk()
    usb = machine.home / "drop" / "usb"
    usb.mkdir()
    script = f'mountpoint -q {usb} || mount -t tmpfs -o size=8m none {usb}; exec "$@"'
    machine.wrap = ["unshare", "--mount", "sh", "-c", script, "sh"]
    machine.slow(2)
    machine.start()
    assert machine.process is not None
    inside = Path(f"/proc/{machine.process.pid}/root{usb}")
    (inside / "talk.mp4").write_bytes(video)
    machine.until(lambda: machine.under_way("releasing", "talk"), "the video to be sent")
    assert list(inside.iterdir()) == []
    (claim,) = machine.claims()
    lying = machine.home / "drop" / "processing" / claim.id / "talk.mp4"
    assert claim.drop.video is not None
    assert claim.drop.video.fingerprint.ino == lying.stat().st_ino
    machine.kill()
    machine.start()

    done = machine.home / "drop" / "done" / "usb" / "talk"
    machine.until(done.is_dir, "the answer")
    assert set(files(done)) == {"talk.mp4", "talk.es-ES.mp4", "talk.receipt.toml"}
    assert (done / "talk.mp4").read_bytes() == video
    assert len(machine.bills(video)) == 1
