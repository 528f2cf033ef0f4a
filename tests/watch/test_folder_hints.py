"""Hints arrive for what others do, stay away for what we do, and their absence is one sentence."""

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from panjaya_watchd.errors import PlaceError
from panjaya_watchd.watch.folder_hints import FolderHints

Said = queue.Queue[None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a watch folder with our own folders in it."""
    for name in ("processing/c1", "done", "failed"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


@pytest.fixture(params=[False, True], ids=["flat", "recursive"])
def said(request: pytest.FixtureRequest, root: Path) -> Iterator[Said]:
    """Listen to the folder; gives what was said."""
    said: Said = queue.Queue()
    hints = FolderHints(root, recursive=request.param, say=lambda: said.put(None))
    hints.start()
    yield said
    hints.stop()
    hints.stop()


def hear(said: Said) -> None:
    """Wait for a hint and forget those that came with it."""
    said.get(timeout=5)


def test_a_new_file_is_a_hint(root: Path, said: Said) -> None:
    """Somebody writes a file: look now."""
    (root / "talk.mp4").write_bytes(b"x")

    hear(said)


def test_a_file_that_is_moved_in_is_a_hint(root: Path, said: Said) -> None:
    """A rename is all that many copies end with, and all that a drag back from ``failed`` is."""
    (root / "failed/talk.mp4").write_bytes(b"x")

    (root / "failed/talk.mp4").rename(root / "talk.mp4")

    hear(said)


def test_a_file_that_goes_is_a_hint(root: Path, said: Said) -> None:
    """A copy that is taken back changes what is waiting."""
    (root / "talk.mp4").write_bytes(b"x")
    hear(said)
    while not said.empty():
        said.get()
    (root / "talk.mp4").unlink()

    hear(said)


class Marked(FolderHints):
    """Hints that know when an event of a certain name has gone through; events keep their order."""

    def __init__(self, path: Path, *, recursive: bool, say: Callable[[], None]) -> None:
        super().__init__(path, recursive=recursive, say=say)
        self.seen = threading.Event()

    def _hear(self, path: str) -> None:
        if path.endswith("marker.mp4"):
            self.seen.set()
        else:
            super()._hear(path)


@pytest.mark.parametrize("recursive", [False, True])
def test_our_own_writing_and_everybodys_reading_are_silent(root: Path, *, recursive: bool) -> None:
    """Status, filing and hidden files do not wake us, nor does looking, else each look would cause the next."""
    said: Said = queue.Queue()
    (root / "talk.mp4").write_bytes(b"x")
    hints = Marked(root, recursive=recursive, say=lambda: said.put(None))
    hints.start()

    for path in ("STATUS.txt", ".paper-STATUS.txt.part", "processing/c1/a.mp4", "done/a.mp4", "failed/WHY.txt"):
        (root / path).write_bytes(b"x")
    (root / "processing/c1/a.mp4").rename(root / "done/b.mp4")
    list(root.iterdir())
    (root / "talk.mp4").read_bytes()
    (root / "marker.mp4").write_bytes(b"")

    assert hints.seen.wait(5)
    hints.stop()
    assert said.empty()


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """The kernel gives no watch: an error with a hint, no thread left behind, and stopping is fine."""
    before = threading.active_count()
    hints = FolderHints(tmp_path / "nowhere", recursive=True, say=lambda: None)

    with pytest.raises(PlaceError, match="periodic scan"):
        hints.start()

    hints.stop()
    assert threading.active_count() == before


def test_stopping_ends_every_thread(root: Path) -> None:
    """Nothing of watchdog outlives `stop`, and the hints may be started again."""
    before = threading.active_count()
    hints = FolderHints(root, recursive=True, say=lambda: None)
    for _ in range(2):
        hints.start()
        hints.stop()

    assert threading.active_count() == before
