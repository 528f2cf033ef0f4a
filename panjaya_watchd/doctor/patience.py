"""
Looking through a child process, which may be somebody else and may get stuck.

A share whose server is dead does not answer, and who asks it cannot be ended; so no path of a watch folder is touched
by the doctor itself. The child has a time limit, and says what it has found line by line.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from panjaya_watchd.doctor.identity import Identity

PATIENCE: Final = 15.0
"""Seconds for one watch folder."""

_LAST: Final = 2.0
"""Seconds in which a child that was told to end takes away what it has made."""

_CHILD: Final = (sys.executable, "-P", "-B", "-m", "panjaya_watchd.doctor.child")
_PACKAGE: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a child has said, and whether it came to its end in time, and to a good one."""

    said: tuple[Any, ...]
    in_time: bool
    well: bool


def look(what: str, who: Identity, job: Mapping[str, Any], *, seconds: float = PATIENCE) -> Told:
    """Have a child look, as somebody; see `child` for what there is to look at."""
    with os.fdopen(os.memfd_create("doctor"), "r+b", buffering=0) as answer:
        child = subprocess.Popen(  # noqa: S603  (a fixed command)
            _CHILD,
            stdin=subprocess.PIPE,
            stdout=answer.fileno(),
            cwd="/",  # nothing that lies about may pose as a module
            env={"PYTHONPATH": str(_PACKAGE)},  # and the API key may stand in ours
        )
        assert child.stdin is not None
        with suppress(BrokenPipeError), child.stdin:
            child.stdin.write(json.dumps({"look": what, "who": asdict(who), "job": dict(job)}).encode())
        try:
            well, in_time = child.wait(seconds) == 0, True
        except subprocess.TimeoutExpired:
            well, in_time = False, False
            _end(child)
        answer.seek(0)
        lines = answer.read().splitlines(keepends=True)
    return Told(said=tuple(json.loads(line) for line in lines if line.endswith(b"\n")), in_time=in_time, well=well)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a child; one that waits for a dead share ends when that answers, and nobody waits for it."""
    child.terminate()
    try:
        child.wait(_LAST)
    except subprocess.TimeoutExpired:
        child.kill()
        with suppress(subprocess.TimeoutExpired):
            child.wait(1.0)
