"""The child gives up what it does not need, and only then looks at the video."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from panjaya_watchd.media import child
from panjaya_watchd.media.child import MEMORY, WRITTEN, Video

pytestmark = pytest.mark.slow


def confined(code: str) -> Any:
    """Run code in a process that has confined itself to three seconds; give what it printed as JSON."""
    lines = (
        "import json, resource, runpy, signal, sys",
        f"runpy.run_path({child.__file__!r})['confine'](3)",
        code,
    )
    ended = subprocess.run([sys.executable, "-I", "-B", "-c", "\n".join(lines)], capture_output=True, check=True)
    return json.loads(ended.stdout)


def test_limits_are_hard() -> None:
    """Memory, time and output are limited in a way that the process itself cannot undo."""
    names = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_CORE")
    limits = confined(f"print(json.dumps([resource.getrlimit(getattr(resource, n)) for n in {names}]))")

    assert limits == [[MEMORY, MEMORY], [3, 3], [WRITTEN, WRITTEN], [0, 0]]


def test_memory_runs_out() -> None:
    """A demuxer that believes a hostile length field gets an error, and the machine keeps its memory."""
    said = confined(
        f"try:\n    bytearray({MEMORY})\nexcept MemoryError:\n    print(json.dumps('refused'))",
    )

    assert said == "refused"


def test_nothing_long_can_be_written(tmp_path: Path) -> None:
    """No file, our answer included, grows beyond the limit."""
    path = tmp_path / "written"
    said = confined(
        f"try:\n    open({str(path)!r}, 'wb', 0).write(bytes({WRITTEN * 2}))\n"
        f"    open({str(path)!r}, 'ab', 0).write(b'x')\n"
        "except OSError as error:\n    print(json.dumps(error.strerror))",
    )

    assert said == "File too large"
    assert path.stat().st_size == WRITTEN


def test_an_alarm_outlives_the_daemon() -> None:
    """If nobody is left to kill it, the child ends by itself."""
    assert confined("print(json.dumps(signal.alarm(0)))") in {2, 3}


def test_a_video_is_read_like_a_file(tmp_path: Path) -> None:
    """Reading by position gives what a file gives, past the end and before the beginning too."""
    path = tmp_path / "bytes"
    path.write_bytes(bytes(range(100)))
    with path.open("rb") as opened:
        video = Video(opened.fileno())
        moves = [(10, 0), (-5, 2), (500, 0), (-1000, 1), (3, 1)]
        seen = [(video.seek(*move), video.read(8), video.tell()) for move in moves]

        assert opened.tell() == 0
    assert seen == [
        (10, bytes(range(10, 18)), 18),
        (95, bytes(range(95, 100)), 100),
        (500, b"", 500),
        (0, bytes(range(8)), 8),
        (11, bytes(range(11, 19)), 19),
    ]
