"""
Ways in which a video gets into a folder; each gives the wall time at which its last byte was written.

A writer takes the content and the file that it becomes. Those that stop stop for `STALL`, which is longer than the
quiet period of the cases.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Final

import av

from bench.vm.host import PASSWORD, PERSON
from panjaya_watchd.rehearsal.results import TALK

STALL: Final = 24.0
SHARE_OF_A_CUT: Final = 0.6
BLOCK: Final = 1 << 17
ROUNDS: Final = 6

Writer = Callable[[bytes, Path], float]


def film(path: Path) -> bytes:
    """Make a whole video of about 1 MB, all of it pictures and sound: the sample again and again, its index first."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as made:
        with av.open(str(TALK)) as sample:
            streams = {
                stream.index: made.add_stream_from_template(stream)
                for stream in sample.streams
                if stream.type in {"video", "audio"}
            }
            seconds = Fraction(sample.duration or 0, av.time_base)
        for turn in range(ROUNDS):
            with av.open(str(TALK)) as sample:
                for packet in sample.demux():
                    if packet.dts is None or packet.pts is None or packet.stream.index not in streams:
                        continue
                    later = int(turn * (seconds + 1) / packet.time_base)
                    packet.dts, packet.pts = packet.dts + later, packet.pts + later
                    packet.stream = streams[packet.stream.index]
                    made.mux(packet)
    return path.read_bytes()


def unlike(content: bytes, number: int) -> bytes:
    """Make a video unlike all others by a box at its end that players skip."""
    rest = Random(number).randbytes(64)
    return content + (len(rest) + 8).to_bytes(4, "big") + b"free" + rest


def whole(content: bytes, target: Path) -> float:
    """Copy with ``cp``."""
    source = _beside(content, target)
    subprocess.run(["cp", source, target], check=True)
    ended = time.time()
    source.unlink()
    return ended


def stalling(content: bytes, target: Path) -> float:
    """Write in blocks, and stop before the last third; what is written so far is on its way to the server."""
    cut = int(len(content) * SHARE_OF_A_CUT)
    with target.open("wb", buffering=0) as file:
        _write(file.fileno(), content[:cut])
        time.sleep(STALL)
        _write(file.fileno(), content[cut:])
    return time.time()


def in_rounds(content: bytes, target: Path) -> float:
    """Write a part, close, and go on later: nobody has the file open meanwhile."""
    cut = int(len(content) * SHARE_OF_A_CUT)
    target.write_bytes(content[:cut])
    time.sleep(STALL)
    with target.open("ab") as file:
        file.write(content[cut:])
    return time.time()


def killed(content: bytes, target: Path) -> float:
    """Stop for ever before the last third."""
    target.write_bytes(content[: int(len(content) * SHARE_OF_A_CUT)])
    return time.time()


def allocated(content: bytes, target: Path) -> float:
    """Take the whole length first, then fill it, and stop before the last third."""
    cut = int(len(content) * SHARE_OF_A_CUT)
    with target.open("wb", buffering=0) as file:
        file.truncate(len(content))
        _write(file.fileno(), content[:cut])
        time.sleep(STALL)
        _write(file.fileno(), content[cut:])
    return time.time()


def allocated_killed(content: bytes, target: Path) -> float:
    """Take the whole length first, and stop for ever before the last third."""
    with target.open("wb", buffering=0) as file:
        file.truncate(len(content))
        _write(file.fileno(), content[: int(len(content) * SHARE_OF_A_CUT)])
    return time.time()


def renamed(content: bytes, target: Path) -> float:
    """Write under a hidden name, stop half way, and rename."""
    hidden = target.with_name(f".{target.name}.upload")
    stalling(content, hidden)
    hidden.rename(target)
    return time.time()


def replaced(content: bytes, target: Path) -> float:
    """Write another whole video first, and rename the right one over it before the first can be quiet."""
    target.write_bytes(unlike(content, 0))
    hidden = target.with_name(f".{target.name}.upload")
    hidden.write_bytes(content)
    time.sleep(1)
    hidden.rename(target)
    return time.time()


def put(share: str) -> Writer:
    """Copy with ``smbclient put`` through the Samba server."""

    def writer(content: bytes, target: Path) -> float:
        source = _beside(content, target)
        command = f'put "{source}" "{target.name}"'
        said = ["smbclient", f"-U{PERSON}%{PASSWORD}", f"//127.0.0.1/{share}", "-c", command]
        subprocess.run(said, check=True, capture_output=True)
        ended = time.time()
        source.unlink()
        return ended

    return writer


def explorer(share: str, way: str) -> Writer:
    """Copy as Windows does; see `bench.vm.explorer`."""

    def writer(content: bytes, target: Path) -> float:
        source = _beside(content, target)
        words = [PERSON, PASSWORD, share, str(source), target.name, str(STALL), way]
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("explorer.py")), *words],
            capture_output=True,
            text=True,
            check=False,
        )
        source.unlink()
        assert done.returncode == (9 if way == "dying" else 0), done.stderr
        return time.time() if way == "dying" else float(done.stdout)

    return writer


def _beside(content: bytes, target: Path) -> Path:
    source = Path("/srv") / f"source-{target.parent.name}-{target.name}"
    source.write_bytes(content)
    return source


def _write(descriptor: int, content: bytes) -> None:
    for begin in range(0, len(content), BLOCK):
        os.write(descriptor, content[begin : begin + BLOCK])
        time.sleep(0.2)
