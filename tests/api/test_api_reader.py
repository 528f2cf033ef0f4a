"""The upload's reader: the bytes, the hash, the gate, and every way in which a file is not what it was."""

import errno
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from open_file import OpenFile, reader

from panjaya_watchd.api.base import Withdrawn
from panjaya_watchd.api.reader import AHEAD, LOOK_EVERY, Reader, SourceChanged, Stopped
from panjaya_watchd.core.names import Digest
from panjaya_watchd.errors import PlaceError

CHUNK = 1024


@contextmanager
def opened(folder: Path, content: bytes) -> Iterator[tuple[Path, OpenFile]]:
    """Write a file and open it."""
    path = folder / "talk.mp4"
    path.write_bytes(content)
    os.utime(path, (1, 1))  # the kernel's clock ticks in milliseconds: a change must not fall into the same tick
    with OpenFile(path) as source:
        yield path, source


@pytest.mark.parametrize("size", [1, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK * (AHEAD + 3), CHUNK * LOOK_EVERY * 2 + 5])
def test_the_file_comes_out_whole_and_hashed(tmp_path: Path, size: int) -> None:
    """Exactly the announced bytes, in order; the digest shown at the gate is theirs."""
    content = os.urandom(size)
    shown: list[tuple[Digest, int]] = []
    told: list[int] = []
    with opened(tmp_path, content) as (_, source):
        body = Reader(
            source,
            "talk.mp4",
            stop=threading.Event(),
            progress=told.append,
            at_gate=lambda *facts: shown.append(facts),
            chunk=CHUNK,
        )
        chunks = list(body)

    assert body.size == size
    assert content == b"".join(chunks)
    assert [(hashlib.sha256(content).hexdigest(), size)] == shown
    assert told == sorted(told)
    assert told[-1] == size


@settings(max_examples=30)
@given(content=st.binary(min_size=1, max_size=200), chunk=st.integers(1, 64))
def test_the_last_chunk_is_given_only_after_the_gate(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, chunk: int
) -> None:
    """Whatever the sizes: at the gate all but the last chunk was given, and nothing was released."""
    given_away: list[bytes] = []
    seen: list[tuple[int, bool]] = []
    with opened(tmp_path_factory.mktemp("x"), content) as (_, source):

        def at_gate(_: Digest, size: int) -> None:
            seen.append((size - sum(map(len, given_away)), body.released))

        body = Reader(source, "t", stop=threading.Event(), progress=lambda _: None, at_gate=at_gate, chunk=chunk)
        for each in body:
            given_away.append(each)  # noqa: PERF402  (the gate looks at the list while it grows)

    assert [(len(given_away[-1]), False)] == seen
    assert body.released


def test_a_withdrawn_gate_keeps_the_last_chunk(tmp_path: Path) -> None:
    """The driver may say no at the gate; the body then ends short."""

    def refuse(_: Digest, __: int) -> None:
        raise Withdrawn("not now")

    taken: list[bytes] = []
    with opened(tmp_path, b"x" * CHUNK * 3) as (_, source):
        body = Reader(source, "t", stop=threading.Event(), progress=lambda _: None, at_gate=refuse, chunk=CHUNK)
        with pytest.raises(Withdrawn, match="not now"):
            taken.extend(body)

    assert len(b"".join(taken)) == CHUNK * 2
    assert not body.released


def scribble(path: Path) -> None:
    """Change one byte that was read already; size and place stay what they are."""
    with path.open("r+b") as file:
        file.write(b"y")


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "shrinks": (lambda path: os.truncate(path, CHUNK * 20), "shorter|written"),
    "grows": (lambda path: os.truncate(path, CHUNK * 41), "longer|written"),
    "is touched": (lambda path: os.utime(path, ns=(0, 0)), "written"),
    "is replaced": (lambda path: (path.rename(path.with_name("old")), path.write_bytes(b"y")), "another file"),
    "is rewritten in place": (scribble, "written"),
}


@pytest.mark.parametrize(("change", "why"), CHANGES.values(), ids=CHANGES)
def test_a_file_that_changes_while_it_is_read_is_never_released(
    tmp_path: Path, change: Callable[[Path], object], why: str
) -> None:
    """Shrunk, grown, touched, replaced or rewritten in place: the body ends before its last chunk, in words."""
    gate: list[Digest] = []
    with opened(tmp_path, b"x" * CHUNK * 40) as (path, source):
        body = Reader(
            source,
            "t",
            stop=threading.Event(),
            progress=lambda _: None,
            at_gate=lambda digest, _: gate.append(digest),
            chunk=CHUNK,
        )
        chunks = iter(body)
        taken = [next(chunks)]
        change(path)
        with pytest.raises(SourceChanged, match=why) as caught:
            taken.extend(chunks)

    assert caught.value.why
    assert len(b"".join(taken)) < CHUNK * 40
    assert not gate
    assert not body.released


class Blind(OpenFile):
    """A file on a share that shows old attributes."""

    def changed(self) -> str | None:
        """See nothing."""
        return None


@pytest.mark.parametrize(("size", "why"), [(CHUNK * 20, "shorter"), (CHUNK * 41, "longer"), (CHUNK * 40 + 1, "longer")])
def test_a_wrong_length_is_noticed_by_reading(tmp_path: Path, size: int, why: str) -> None:
    """Network shares cache a file's attributes; the bytes themselves tell that it shrank or grew."""
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"x" * CHUNK * 40)
    with Blind(path) as source:
        body = reader(source)
        chunks = iter(body)
        next(chunks)
        os.truncate(path, size)
        with pytest.raises(SourceChanged, match=why):
            list(chunks)

    assert not body.released


def test_a_long_file_is_looked_at_on_the_way(tmp_path: Path) -> None:
    """Traffic for a video that has already changed is wasted, so it is noticed within a few chunks."""
    with opened(tmp_path, b"x" * CHUNK * 1000) as (path, source):
        chunks = iter(reader(source))
        taken = [next(chunks)]
        os.utime(path, ns=(0, 0))
        with pytest.raises(SourceChanged):
            taken.extend(chunks)

    assert len(taken) <= LOOK_EVERY + AHEAD + 1


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """There is no last chunk to hold back."""
    with opened(tmp_path, b"") as (_, source), pytest.raises(SourceChanged, match="empty"):
        list(reader(source))


def test_a_body_is_read_once(tmp_path: Path) -> None:
    """A second reading would send a file without its beginning, or twice."""
    with opened(tmp_path, b"x") as (_, source):
        body = reader(source)
        list(body)
        with pytest.raises(SourceChanged, match="once"):
            list(body)


def test_stop_ends_the_body_before_the_gate(tmp_path: Path) -> None:
    """A daemon that goes down leaves a short body behind, which costs nothing."""
    stop = threading.Event()
    gate: list[Digest] = []
    with opened(tmp_path, b"x" * CHUNK * 50) as (_, source):
        body = Reader(
            source,
            "t",
            stop=stop,
            progress=lambda _: stop.set(),
            at_gate=lambda digest, _: gate.append(digest),
            chunk=CHUNK,
        )
        with pytest.raises(Stopped):
            list(body)

    assert not gate
    assert not body.released


def test_stop_does_not_hold_back_what_the_gate_let_through(tmp_path: Path) -> None:
    """Once the intent to spend is written down, sending the last chunk leaves less doubt than not sending it."""
    stop = threading.Event()
    with opened(tmp_path, b"x" * CHUNK * 2) as (_, source):
        body = Reader(source, "t", stop=stop, progress=lambda _: None, at_gate=lambda _, __: stop.set(), chunk=CHUNK)

        assert len(b"".join(body)) == CHUNK * 2


class FailingFile(OpenFile):
    """A file on storage that fails half way."""

    def read(self, limit: int) -> bytes:
        """Fail beyond the first ten chunks."""
        if os.lseek(self._descriptor, 0, os.SEEK_CUR) >= CHUNK * 10:
            raise PlaceError("talk.mp4: cannot be read.", hint=os.strerror(errno.EIO))
        return super().read(limit)


def test_failing_storage_is_told_as_such(tmp_path: Path) -> None:
    """The lane pauses for storage, where it would give a changed file back to the folder."""
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"x" * CHUNK * 20)
    with FailingFile(path) as source:
        body = reader(source)
        with pytest.raises(PlaceError):
            list(body)

    assert not body.released


def test_a_body_that_is_left_early_leaves_no_thread(tmp_path: Path) -> None:
    """After the generator is closed nobody reads from the descriptor any more."""
    with opened(tmp_path, b"x" * CHUNK * 50) as (_, source):
        chunks = iter(reader(source))
        next(chunks)
        chunks.close()  # type: ignore[attr-defined]  # the contract promises an iterator, ours is a generator
        position = os.lseek(source._descriptor, 0, os.SEEK_CUR)

        assert "upload-reader" not in {thread.name for thread in threading.enumerate()}
        assert position == os.lseek(source._descriptor, 0, os.SEEK_CUR) <= CHUNK * (AHEAD + 2)


def test_short_reads_are_fine(tmp_path: Path) -> None:
    """Network shares may give less than was asked for."""

    class Stingy(OpenFile):
        def read(self, limit: int) -> bytes:
            return super().read(min(limit, 7))

    content = os.urandom(100)
    path = tmp_path / "talk.mp4"
    path.write_bytes(content)
    with Stingy(path) as source:
        assert content == b"".join(reader(source))
