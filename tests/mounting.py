"""Real mounts below a test's own directory; every one is taken away at the end, also where a test failed."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

PATIENCE: Final = 20.0


class Mounts:
    """Mounts and unmounts; only root can."""

    def __init__(self) -> None:
        self._points: list[Path] = []

    def tmpfs(self, point: Path, options: str = "size=256m") -> Path:
        """Mount a new file system in memory."""
        return self._mount(point, "-t", "tmpfs", "-o", options, "none")

    def bind(self, source: Path, point: Path) -> Path:
        """Mount a folder a second time."""
        return self._mount(point, "--bind", str(source))

    def again(self, point: Path, options: str) -> None:
        """Mount what is there with other options."""
        _run("mount", "-o", f"remount,{options}", str(point))

    def unmount(self, point: Path) -> None:
        """Unmount under load: whoever has a file open there may keep it."""
        _run("umount", "--lazy", str(point))
        self._points.remove(point)

    def _mount(self, point: Path, *words: str) -> Path:
        if os.getuid() != 0:
            pytest.skip("only root can mount")
        point.mkdir(parents=True, exist_ok=True)
        _run("mount", *words, str(point))
        self._points.append(point)
        return point

    def end(self) -> None:
        """Unmount everything."""
        for point in reversed(self._points.copy()):
            self.unmount(point)


@contextmanager
def mounts() -> Iterator[Mounts]:
    """Give a way to mount for a while."""
    made = Mounts()
    try:
        yield made
    finally:
        made.end()


def _run(*words: str) -> None:
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert ran.returncode == 0, f"{' '.join(words)}: {ran.stderr}"
